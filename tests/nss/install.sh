#!/bin/sh
# SPDX-License-Identifier: ISC
# make install puts the module in place by rename, under DESTDIR; make uninstall takes it away again.
set -u
dest=$(mktemp -d) || exit 99
trap 'rm -rf "$dest"' EXIT
nssdir=$(tests/nss/lookup dirs | cut -d' ' -f2)
so=$dest$nssdir/libnss_breakglass.so.2
fail() {
    echo "$*"
    exit 1
}
run() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make "$@" DESTDIR="$dest" >"$dest/log" 2>&1 || { cat "$dest/log"; fail "make $*"; }
}

run install-nss-module
cmp nss/libnss_breakglass.so.2 "$so" || fail "not the module that was built"
test "$(stat -c %a "$so")" = 644 || fail "mode $(stat -c %a "$so")"
exec 3<"$so" # a process that has the old one mapped
old=$(stat -c %i "$so")
run install-nss-module
test "$(stat -c %i "$so")" != "$old" || fail "the module was written over, not replaced"
test "$(stat -L -c %i /proc/self/fd/3 2>/dev/null)" = "$old" || fail "processes that have the old file mapped have lost it"
test "$(ls -A "$dest$nssdir")" = libnss_breakglass.so.2 || fail "something is left beside it: $(ls -A "$dest$nssdir")"
grep -q ldconfig "$dest/log" && ! grep -q "if test -z '$dest'" "$dest/log" && fail "ldconfig with DESTDIR"
run uninstall-nss-module
test ! -e "$so" || fail "still there after uninstall"
exit 0
