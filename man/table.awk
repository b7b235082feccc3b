# SPDX-License-Identifier: ISC
# What the pages that are made of tables have in common: reads entries MACRO(word or string, ...) and spells text for mdoc.
# The page's own file, which comes behind this one, sets `macro`, a pattern, in BEGIN and has entry(), called with field[1..fields].
#
# A string is one or several C string literals. Whatever else stands in a table but comments is an error: a page with a
# hole in it is worse than none.

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

# The word of an argument that is no string: the number, the name.
function word(w)
{
	if (!inside && w !~ ("^" macro "$"))
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
	special["\\"] = "\\e"; special["-"] = "\\-"; special["'"] = "\\(aq"
	special["`"] = "\\(ga"; special["^"] = "\\(ha"; special["~"] = "\\(ti"
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
				fail("a string outside of " macro)
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

# For END: nothing was wrong, and there was something.
function finish()
{
	if (failed)
		exit 1
	if (inside || entries == 0)
		fail("the tables end in the middle of an entry, or are empty")
}
