# SPDX-License-Identifier: ISC
# Turn the message tables (messages.def of each room) into breakglass-messages(7), in mdoc, sorted by number.
#
# An entry is BG_MESSAGE(number, NAME, what, means, next); the last three are C string literals, which may come in
# several pieces. Whatever else stands in a table but comments, and a number that was used before, is an error: a
# page with a hole in it is worse than none.

function fail(why)
{
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	failed = 1
	exit 1
}

# The characters of a C string literal, without its quotes.
function unquote(literal,    s, out, i, c)
{
	s = substr(literal, 2, length(literal) - 2)
	out = ""
	while ((i = index(s, "\\")) > 0) {
		c = substr(s, i + 1, 1)
		out = out substr(s, 1, i - 1)
		if (c == "n")
			out = out " "
		else if (c == "\"" || c == "\\")
			out = out c
		else
			fail("unknown escape \\" c)
		s = substr(s, i + 2)
	}
	return out s
}

# Spell what roff would take for its own. People copy commands, so every "-" is a minus.
function roff(s,    out, i, c)
{
	out = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		out = out (c in special ? special[c] : c)
	}
	return out
}

# One sentence a line.
function text(s,    out, at)
{
	out = ""
	while (match(s, /[.?!]"? +["A-Z%]/)) {
		at = RSTART + RLENGTH - 1
		out = out line(substr(s, 1, at - 1))
		s = substr(s, at)
	}
	return out line(s)
}

# A line that begins with a control character of roff is made harmless.
function line(s)
{
	sub(/^ +/, "", s)
	sub(/ +$/, "", s)
	if (s == "")
		return ""
	s = roff(s)
	return (s ~ /^[.']/ ? "\\&" s : s) "\n"
}

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
	if (fields != 5 || number !~ /^[1-9][0-9][0-9]$/ || field[3] == "")
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

# The word of an argument that is no string: the number, the name.
function word(w)
{
	if (!inside && w != "BG_MESSAGE")
		fail("unexpected " w)
	if (inside)
		field[fields] = field[fields] w
}

function mark(c)
{
	if (c == "(" && !inside) {
		inside = 1
		fields = 1
		split("", field)
	} else if (c == "," && inside) {
		fields++
	} else if (c == ")" && inside) {
		inside = 0
		entry()
	} else {
		fail("unexpected " c)
	}
}

BEGIN {
	title[1] = "the dialogue of a login"; title[2] = "typing shares"
	title[3] = "the record and the alarm"; title[4] = "the gate: PAM module and phases"
	title[5] = "the command breakglass"; title[6] = "files"
	special["\\"] = "\\e"; special["-"] = "\\-"; special["'"] = "\\(aq"
	special["`"] = "\\(ga"; special["^"] = "\\(ha"; special["~"] = "\\(ti"
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

{
	rest = $0
	while (rest != "") {
		if (in_comment) {
			if ((at = index(rest, "*/")) == 0)
				next
			rest = substr(rest, at + 2)
			in_comment = 0
		} else if (match(rest, /^[ \t]+/)) {
			rest = substr(rest, RLENGTH + 1)
		} else if (substr(rest, 1, 2) == "/*") {
			rest = substr(rest, 3)
			in_comment = 1
		} else if (match(rest, /^"([^"\\]|\\.)*"/)) {
			if (!inside)
				fail("a string outside of BG_MESSAGE")
			field[fields] = field[fields] unquote(substr(rest, 1, RLENGTH))
			rest = substr(rest, RLENGTH + 1)
		} else if (match(rest, /^[A-Za-z0-9_]+/)) {
			word(substr(rest, 1, RLENGTH))
			rest = substr(rest, RLENGTH + 1)
		} else {
			mark(substr(rest, 1, 1))
			rest = substr(rest, 2)
		}
	}
}

END {
	if (failed)
		exit 1
	if (inside || entries == 0)
		fail("the tables end in the middle of an entry, or are empty")
	for (number = 100; number < 1000; number++)
		if (number in page) {
			heading(number)
			printf "%s", page[number]
		}
	print ".El"
	print ".Sh SEE ALSO"
	print ".Xr breakglass 7 ,"
	print ".Xr breakglass 8"
}
