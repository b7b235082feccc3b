# SPDX-License-Identifier: ISC
# Turn the message tables (messages.def of each room) into breakglass-messages(7), in mdoc, sorted by number. Behind
# table.awk.
#
# An entry is BG_MESSAGE(number, NAME, what, means, next). A number that was used before is an error.

function heading(number,    hundred)
{
	hundred = int(number / 100)
	if (hundred == shown)
		return
	if (shown > 0)
		print ".El"
	shown = hundred
	printf ".Ss %d to %d: %s\n", hundred * 100, hundred * 100 + 99, title[hundred]
	print ".Bl -tag -width BG000x"
}

function entry(    number)
{
	number = field[1]
	if (fields != 5 || number !~ /^[1-9][0-9][0-9][0-9]?$/ || field[3] == "")
		fail("not BG_MESSAGE(number, NAME, what, means, next)")
	if (number in used)
		fail("number " number " was used before")
	used[number] = 1
	page[number] = sprintf(".It Sy BG%d\n%s", number, text(field[3]))
	if (field[4] != "")
		page[number] = page[number] ".Pp\n.Em Meaning :\n" text(field[4])
	if (field[5] != "")
		page[number] = page[number] ".Pp\n.Em Next :\n" text(field[5])
	entries++
}

BEGIN {
	macro = "BG_MESSAGE"
	title[1] = "the dialogue of a login"; title[2] = "typing shares"
	title[3] = "the record and the alarm"; title[4] = "the gate: PAM module and phases"
	title[5] = "the command breakglass"; title[6] = "files"
	title[10] = "sessions and the life of an account"; title[11] = title[12] = title[13] = "the life of an account"
	print ".\\\" Made by man/messages.awk from messages.def of each room: edit those."
	print ".Dd November 26, 2026"
	print ".Dt BREAKGLASS-MESSAGES 7"
	print ".Os"
	print ".Sh NAME"
	print ".Nm breakglass-messages"
	print ".Nd every message of breakglass and what to do about it"
	print ".Sh DESCRIPTION"
	print "Every sentence that"
	print ".Xr breakglass 7"
	print "shows or records has a number that never changes its meaning."
	print "Each entry below gives the sentence, what it means, and what to do next."
	print "In the sentences"
	print ".Li %1"
	print "to"
	print ".Li %4"
	print "stand for names, numbers and the like that are filled in."
	print ".Sh MESSAGES"
}

END {
	finish()
	for (number = 100; number < 10000; number++)
		if (number in page) {
			heading(number)
			printf "%s", page[number]
		}
	print ".El"
	print ".Sh SEE ALSO"
	print ".Xr breakglass 7 ,"
	print ".Xr breakglass 8"
}
