# SPDX-License-Identifier: ISC
# The tables of commands, out of the C files that hold them after the preprocessor, main.c first. For each command a line
# "C<tab>share new<tab>ACCOUNT<tab>help", and below it one for each of its options, "O<tab>--shares<tab>T/N<tab>help".
# Nothing is run: it works where the program is built for another machine. A test compares it with the program's own help.

# The next word of C: the tail keeps what is after it. A string stays in its quotes; several in a row are one.
function token(    t) {
	sub(/^[ \t]+/, "", tail)
	if (match(tail, /^"([^"\\]|\\.)*"/) || match(tail, /^[A-Za-z_0-9]+/) || match(tail, /^./)) {
		t = substr(tail, 1, RLENGTH)
		tail = substr(tail, RLENGTH + 1)
		return t
	}
	return ""
}

function text(s) {
	s = substr(s, 2, length(s) - 2)
	gsub(/\\"/, "\"", s)
	return s
}

# { .name = "x", "y", NULL } or a list of such rows, into cell[row, field]; the number of rows
function rows(form,    t, last, depth, n, at, field, fields) {
	fields = split(form, field, " ")
	for (; (t = token()) != ";" && t != ""; last = t) {
		if (t == "{" && ++depth == (single ? 1 : 2)) {
			n++
			at = 1
		} else if (t == "}") {
			depth--
		} else if (depth != (single ? 1 : 2)) {
			continue
		} else if (t == ",") {
			at++
		} else if (t == "." && (last == "{" || last == ",")) {
			t = token()
			for (at = 1; at <= fields && field[at] != t; at++)
				;
			token() # =
		} else if (t == "(") {
			skip(1)
		} else {
			cell[n, field[at]] = cell[n, field[at]] (t ~ /^"/ ? text(t) : t)
		}
	}
	return n
}

function skip(depth,    t) {
	while (depth > 0 && (t = token()) != "")
		depth += (t == "(") - (t == ")")
}

# A declaration from its "{" on may stand on several lines.
function whole(    line) {
	tail = substr($0, index($0, "=") + 1)
	while (tail !~ /;[ \t]*$/ && (getline line) > 0)
		tail = tail " " line
}

function options(name,    n, i) {
	split("", cell)
	n = rows("name argument help flag text number min max parse expected")
	for (i = 1; i <= n; i++)
		if (cell[i, "name"] != "" && cell[i, "name"] != "0")
			option[name, ++count[name]] = cell[i, "name"] "\t" cell[i, "argument"] "\t" cell[i, "help"]
}

function commands(name,    n, i) {
	split("", cell)
	n = rows("name operands help about example needs options run unheard")
	for (i = 1; i <= n; i++) {
		if (cell[i, "name"] == "" || cell[i, "name"] == "0")
			continue
		command[name, ++count[name]] = cell[i, "name"] "\t" cell[i, "operands"] "\t" cell[i, "help"]
		needs[name, count[name]] = cell[i, "needs"]
		has[name, count[name]] = (file, cell[i, "options"]) in local ? file " " cell[i, "options"] : cell[i, "options"]
	}
}

function put(line) {
	print "O\t--" line
}

function say(name, k,    i, own, common) {
	print "C\t" command[name, k]
	own = has[name, k]
	for (i = 1; i <= count[own]; i++)
		put(option[own, i])
	if (needs[name, k] ~ /COMMAND_LINES/)
		put(option["json_lines", 1])
	for (i = 1; i <= count["common"]; i++) {
		common = option["common", i]
		if ((common !~ /^dry-run\t/ || needs[name, k] ~ /COMMAND_DRY/) && (common !~ /^yes\t/ || needs[name, k] ~ /COMMAND_(ASKS|YES)/) &&
		    (common !~ /^json\t/ || needs[name, k] !~ /COMMAND_LINES/))
			put(common)
	}
}

/^BG_FILE / { file = $2; next }

# which tables there are, in their order
/struct command \*const tables\[\] = / {
	whole()
	single = 1
	while ((word = token()) != "" && word != ";")
		if (word ~ /_commands$/)
			order[++tables] = word
	next
}

/struct command(_option)? [a-z_]+(\[\])? = / {
	whole()
	match($0, /command(_option)? [a-z_]+/)
	split(substr($0, RSTART, RLENGTH), word_of, " ")
	single = $0 !~ /\[\] = /
	name = word_of[2]
	if (/struct command_option/) {
		if (/^static/ && name != "common" && name != "json_lines") {
			local[file, name]
			name = file " " name
		}
		options(name)
	} else {
		commands(name)
	}
}

END {
	for (i = 1; i <= tables; i++)
		for (k = 1; k <= count[order[i]]; k++)
			say(order[i], k)
	if (tables == 0)
		exit 1
}
