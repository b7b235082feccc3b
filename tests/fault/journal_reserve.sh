#!/bin/sh
# SPDX-License-Identifier: ISC
# A disk that is full to its last byte, of each file system that this machine can make: a whole use still goes into the
# journal, and survives an unmount. Runs in its own mount namespace.
set -u
tool=$(pwd)/tests/tools/record
PATH=$PATH:/usr/sbin:/sbin
if [ "${1-}" != inside ]; then
    if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
        echo "SKIP: needs root and a mount namespace"
        exit 77
    fi
    exec unshare -m --propagation private "$0" inside
fi
fail=0 tried=0
is() { # is NAME GOT WANT
    if [ "$2" = "$3" ]; then echo "ok   $1"; else echo "FAIL $1: got '$2', want '$3'"; fail=1; fi
}
where() { sed 's/ .*//' | sort | uniq -c | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//'; }

# until not one byte more is taken, by a write, a small file or a new name
fill() {
    for bs in 1M 64k 4k 512; do
        dd if=/dev/zero of="$1/fill.$bs" bs=$bs 2>/dev/null
        sync -f "$1"
    done
    i=0
    while [ $i -lt 20 ] && (head -c 100 /dev/zero >"$1/small.$i") 2>/dev/null; do i=$((i + 1)); done
}

dir=$(mktemp -d)
trap 'umount "$dir/disk" "$dir/run" 2>/dev/null; rm -rf "$dir"' EXIT
mkdir "$dir/disk" "$dir/run"
mount -t tmpfs -o size=2m,mode=755 tmpfs "$dir/run"
journal=$dir/disk/state/journal run=$dir/run/bg/journal

try() { # try TYPE SIZE MKFS...
    type=$1 image=$dir/$1.img
    truncate -s "$2" "$image"
    shift 2
    if ! command -v "$1" >/dev/null || ! "$@" "$image" >"$dir/log" 2>&1 || ! mount -o loop "$image" "$dir/disk" 2>>"$dir/log"; then
        echo "skip $type: $(tail -n 1 "$dir/log" 2>/dev/null)"
        rm -f "$image"
        return
    fi
    tried=$((tried + 1))
    chmod 755 "$dir/disk"
    rm -rf "$dir/run/bg"
    is "$type: the journal begins" "$("$tool" -n 2 "$journal" "$run" "" | where)" "2 journal"
    fill "$dir/disk"
    is "$type: it is full" "$( (head -c 8000 /dev/zero >"$dir/disk/more") 2>&1 | grep -c 'No space')" 1
    is "$type: two uses go into the journal" "$("$tool" -n 12 "$journal" "$run" "" | where)" "12 journal"
    "$tool" -n 60 -k attempt.failed "$journal" "$run" "" | where >"$dir/out"
    is "$type: what anybody can cause is sent to /run in time" "$(grep -c ' run$' "$dir/out")" 1
    is "$type: uses go on, past what waits there" "$("$tool" -n 7 "$journal" "$run" "" | where)" "7 journal"
    umount "$dir/disk"
    mount -o loop "$image" "$dir/disk"
    is "$type: they are there after an unmount" "$(grep -h -c '"type":"org.breakglass.use.granted.v1"' "$journal/000001.jsonl")" 21
    is "$type: the chain is sound" "$("$tool" verify "$journal" | sed 's/ .*//')" holds
    rm -f "$dir"/disk/fill.* "$dir"/disk/small.*
    sync -f "$dir/disk"
    "$tool" -n 4 "$journal" "$run" "" >/dev/null
    is "$type: with room again all come home" "$("$tool" verify "$journal")" "holds 86"
    umount "$dir/disk"
    rm -f "$image"
}

try ext4 24M mkfs.ext4 -q -F
try xfs 320M mkfs.xfs -q -f
try btrfs 128M mkfs.btrfs -q -f
[ "$tried" -gt 0 ] || { echo "SKIP: no file system can be made and mounted here"; exit 77; }
exit $fail
