#!/bin/sh
# SPDX-License-Identifier: ISC
# A real rsyslogd on its own socket: its mmjsonparse reads our line, and stopping it (SIGSTOP) delays us by at most the
# budget of one process.
set -u
tool=$(pwd)/tests/tools/record
PATH=$PATH:/usr/sbin:/sbin
if ! command -v rsyslogd >/dev/null; then
    echo "SKIP: rsyslogd is not installed"
    exit 77
fi
fail=0
is() {
    if [ "$2" = "$3" ]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; fail=1; fi
}
dir=$(mktemp -d)
pid=
trap 'test -n "$pid" && kill -CONT "$pid" 2>/dev/null; test -n "$pid" && kill -KILL "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
cat > "$dir/conf" <<CONF
module(load="imuxsock" SysSock.Use="off")
module(load="mmjsonparse")
input(type="imuxsock" Socket="$dir/log")
template(name="fields" type="list") {
    property(name="pri") constant(value=" ") property(name="programname") constant(value=" ")
    property(name="\$!type") constant(value=" ") property(name="\$!subject") constant(value=" ")
    property(name="\$!data!unmapped!breakglass!reason") constant(value=" parsed=")
    property(name="parsesuccess") constant(value="\n") }
action(type="mmjsonparse")
action(type="omfile" file="$dir/out" template="fields")
CONF
rsyslogd -n -f "$dir/conf" -i "$dir/pid" 2>"$dir/err" &
pid=$!
wait_for() { for i in $(seq 1200); do eval "$1" && return; sleep 0.05; done; }
wait_for '[ -S "$dir/log" ]'
journal=$dir/state/journal run=$dir/run/journal
want='81 breakglass org.breakglass.use.granted.v1 bg1 LDAP is "down" parsed=OK'
"$tool" -m 'LDAP is "down"' "$journal" "$run" "$dir/log" >/dev/null || fail=1
wait_for '[ -s "$dir/out" ]'
is "mmjsonparse reads the line" "$(cat "$dir/out")" "$want"

"$tool" -m "$(printf 'a\033[2J\nb')" "$journal" "$run" "$dir/log" >/dev/null || fail=1
wait_for '[ "$(wc -l < "$dir/out")" = 2 ]'
is "hostile text stays one line" "$(wc -l < "$dir/out")" 2
is "and holds no control character" "$(LC_ALL=C tr -d '\n[:print:]' < "$dir/out" | wc -c)" 0

kill -STOP "$pid"
"$tool" -n 400 "$journal" "$run" "$dir/log" > "$dir/times" || fail=1
is "a stopped rsyslogd refuses nobody" "$(grep -c '^journal' "$dir/times")" 400
# medians with and without a full queue: one event waits at most for the budget, and the process waits only once
"$tool" -n 50 "$journal" "$run" "" > "$dir/quiet"
sum() { awk '{s += $2} END {printf "%.1f", s}' "$1"; }
"$tool" -n 50 "$journal" "$run" "$dir/log" > "$dir/stopped"
echo "50 events: $(sum "$dir/quiet") ms without syslog, $(sum "$dir/stopped") ms with rsyslogd stopped"
# spent by every event it would be 50 times 200 ms
is "the budget is spent once a process" \
    "$(awk -v q="$(sum "$dir/quiet")" -v s="$(sum "$dir/stopped")" 'BEGIN {print (s <= 3 * q + 5000) ? "yes" : "no"}')" yes
kill -CONT "$pid"
is "the journal is sound" "$("$tool" verify "$journal")" "holds 503"
exit $fail
