# SPDX-License-Identifier: ISC
# Turn utils/admin/check/rules.def into breakglass-checks(7), in mdoc, sorted by the rules' ids. Behind table.awk.
#
# An entry is CHECK_RULE(NAME, id, severity, title, what, means, next, why), or CHECK_OURS with the same. Several may have one id: each is a way to
# break the rule, and they stand together, in the order of the table.

function entry(    id, group)
{
	id = field[2]
	group = substr(id, 1, 3)
	if (fields != 8 || id !~ /^[A-Z][A-Z][A-Z]-[0-9][0-9]$/ || field[3] !~ /^(BLOCK|RISK|WARN)$/ || field[4] == "" || field[5] == "" ||
	    field[7] == "" || field[8] == "")
		fail("not CHECK_RULE(NAME, id, severity, title, what, means, next, why)")
	if (!(group in title))
		fail("man/checks.awk has no title for rules " group)
	if (!(id in page))
		insert(id)
	page[id] = page[id] item(id)
	entries++
}

# ids[1..n] in order
function insert(id,    i)
{
	for (i = n++; i > 0 && ids[i] > id; i--)
		ids[i + 1] = ids[i]
	ids[i + 1] = id
}

function item(id,    out)
{
	out = ".It Sy " roff(id) " , " field[3] " :\n" text(field[4]) ".Pp\n" text(field[5])
	if (field[6] != "")
		out = out ".Pp\n.Em Meaning :\n" text(field[6])
	return out ".Pp\n.Em Next :\n" text(field[7]) ".Pp\n.Em Why :\n" text(field[8])
}

function heading(group)
{
	if (group == shown)
		return
	if (shown != "")
		print ".El"
	shown = group
	printf ".Ss %s: %s\n", group, title[group]
	print ".Bl -tag -width ACC\\-00x"
}

BEGIN {
	macro = "CHECK_(RULE|OURS)"
	title["ACC"] = "the account"; title["PAM"] = "the stacks of PAM"; title["SSH"] = "sshd"; title["CON"] = "consoles"
	title["SUD"] = "sudo"; title["POL"] = "polkit"; title["NSS"] = "names"; title["MAC"] = "mandatory access control and integrity"
	title["RES"] = "resources, time and services"; title["MGR"] = "programs that write configuration"
	title["OWN"] = "our own files, credentials and alarms"
	print ".\\\" Made by man/checks.awk from utils/admin/check/rules.def: edit that."
	print ".Dd November 27, 2026"
	print ".Dt BREAKGLASS-CHECKS 7"
	print ".Os"
	print ".Sh NAME"
	print ".Nm breakglass-checks"
	print ".Nd every rule of breakglass check and what to do about it"
	print ".Sh DESCRIPTION"
	print ".Ql breakglass check"
	print "looks whether an emergency account would open now, and when something around it fails."
	print "Each rule has an id that never changes its meaning."
	print "Below it are, for each way to break it, how bad that is, what holds when all is well, the sentence that is shown,"
	print "what it means, what to do next, and the control or the standard behind it."
	print "In the sentences"
	print ".Li %1"
	print "to"
	print ".Li %4"
	print "stand for names, numbers and the like that are filled in."
	print ".Bl -tag -width UNKNOWNx"
	print ".It Sy BLOCK"
	print "The account cannot be used now, or not in that way."
	print ".It Sy RISK"
	print "It works, and will not in a case that is to be expected."
	print ".It Sy WARN"
	print "It works, and something around it is not as it should be."
	print ".It Sy UNKNOWN"
	print "It cannot be told: a file cannot be read, a program does not answer, a module is not known."
	print "Every rule may say so instead."
	print "It is never taken for good."
	print ".El"
	print ".Sh RULES"
}

END {
	finish()
	for (i = 1; i <= n; i++) {
		heading(substr(ids[i], 1, 3))
		printf "%s", page[ids[i]]
	}
	print ".El"
	print ".Sh SEE ALSO"
	print ".Xr breakglass 7 ,"
	print ".Xr breakglass-messages 7 ,"
	print ".Xr breakglass 8"
}
