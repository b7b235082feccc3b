#!/bin/sh
# SPDX-License-Identifier: ISC
# A journal on a disk that fills up, is read-only or missing: every event is kept somewhere, what was written stays
# sound, and the fall-back moves into the journal when there is room again. Runs in its own mount namespace.
set -u
tool=$(pwd)/tests/tools/record
if [ "${1-}" != inside ]; then
    if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
        echo "SKIP: needs root and a mount namespace"
        exit 77
    fi
    exec unshare -m --propagation private "$0" inside
fi
fail=0
is() { # is NAME GOT WANT
    if [ "$2" = "$3" ]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; fail=1; fi
}
where() { sed 's/ .*//' | sort | uniq -c | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//'; }

dir=$(mktemp -d)
trap 'umount "$dir/disk" "$dir/run" 2>/dev/null; rm -rf "$dir"' EXIT
mkdir "$dir/disk" "$dir/run"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$dir/disk"
mount -t tmpfs -o size=2m,mode=755 tmpfs "$dir/run"
journal=$dir/disk/state/journal run=$dir/run/bg/journal

is "the journal takes the first ones" "$("$tool" -n 3 "$journal" "$run" "" | where)" "3 journal"
"$tool" -n 100 "$journal" "$run" "" > "$dir/out" || fail=1
is "a full disk refuses nobody" "$(grep -cv -e '^journal' -e '^run' "$dir/out")" 0
is "some went to /run" "$(grep -q '^run' "$dir/out" && echo yes)" yes
is "the full journal is sound" "$("$tool" verify "$journal" | sed 's/ .*//')" holds
is "so is the fall-back" "$("$tool" verify "$run" | sed 's/ .*//')" holds
is "and says why" "$(grep -c '"degraded":"journal: .*No space left on device' "$run/000001.jsonl" | sed 's/[1-9][0-9]*/some/')" some

mount -o remount,size=8m "$dir/disk"
is "with room again the journal takes it" "$("$tool" -n 3 "$journal" "$run" "" | where)" "3 journal"
is "all 106 and the genesis are there, once" "$("$tool" verify "$journal")" "holds 107"
is "the fall-back is empty" "$(find "$run" -name '*.jsonl' | wc -l)" 0

mount -o remount,ro "$dir/disk"
is "a read-only disk" "$("$tool" "$journal" "$run" "" | where)" "1 run"
is "says so" "$(grep -c 'Read-only file system' "$run"/*.jsonl)" 1
umount "$dir/disk"
chmod 755 "$dir/disk"
mount -o remount,ro "$dir/run" && mount -t tmpfs -o ro tmpfs "$dir/disk"
"$tool" "$journal" "$run" "" | where > "$dir/out2" 2>/dev/null || :
if [ ! -e /dev/kmsg ] && grep -q '^1 nowhere' "$dir/out2"; then
    echo "SKIP both read-only and no syslog: no audit log takes it, and there is no /dev/kmsg here"
else
    is "both read-only and no syslog: the kernel has it" "$(sed -e 's/1 audit/kernel/' -e 's/1 kmsg/kernel/' "$dir/out2")" kernel
fi
exit $fail
