#!/bin/sh
# SPDX-License-Identifier: ISC
# What a lookup costs with the module and with glibc's own "files", each service alone on its line, and what
# everybody else pays for having us on the line; beside libnss-extrausers (unpacked in $PEERS/root) and a module with
# one account compiled in. Rows for tests/bench/all. In an overlay of its own; needs root.
set -u

if test "${1-}" = ''; then
    test "$(id -u)" = 0 || { echo "needs root"; exit 77; }
    work=$(mktemp -d) || exit 99
    unshare -m --propagation private sh "$0" "$work"
    rc=$?
    rmdir "$work"
    exit $rc
fi
if test "$1" != in; then
    confdir=$(tests/nss/lookup dirs | cut -d' ' -f1)
    mount -t tmpfs -o mode=755 tmpfs "$1" && mkdir "$1/u" "$1/w" "$1/root" &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/root" || exit 77
    mount --rbind /proc "$1/root/proc"
    mount --rbind /dev "$1/root/dev"
    mkdir "$1/root/bgbench"
    cp nss/libnss_breakglass.so.2 tests/bench/nss_lookup "$0" "$1/root/bgbench/"
    cp tests/bench/compiled_in.so "$1/root/bgbench/libnss_compiledin.so.2"
    cp "${PEERS-}/root/usr/lib/libnss_extrausers.so.2" "$1/root/bgbench/" 2>/dev/null
    exec chroot "$1/root" sh "/bgbench/$(basename "$0")" in "$confdir"
fi

libdir=$(dirname "$(ldconfig -p | sed -n 's/.* => \(.*libc\.so\.6\)$/\1/p' | head -1)")
cp /bgbench/libnss_*.so.2 "$libdir/"
ldconfig
mkdir -p "$2" /var/lib/extrausers
# all on the same kind of file system: files of the overlay's upper layer
for f in passwd group shadow; do cp /etc/$f /etc/$f.b && mv /etc/$f.b /etc/$f; done
printf 'bg1:x:0:0:Break-glass account:/home/bg1:/bin/bash\nbg1:x:59001:0:audit id:/home/bg1:/bin/bash\n' >"$2/accounts"
printf 'bgadm:x:59010:bg1\n' >"$2/groups"
printf 'bg1:x:59001:0:Break-glass account:/home/bg1:/bin/bash\n' >/var/lib/extrausers/passwd
printf 'bgadm:x:59010:bg1\n' >/var/lib/extrausers/group
: >/var/lib/extrausers/shadow
run() { # run SERVICES NAME: "-" if one of them is missing
    for service in $1; do
        test "$service" = files || test -e "$libdir/libnss_$service.so.2" || { echo -; return; }
    done
    printf 'passwd: %s\ngroup: %s\n' "$1" "$1" >/etc/nsswitch.conf
    /bgbench/nss_lookup "$2" | cut -d' ' -f2
}
row() { printf '%s\tns\t%s\t%s\t%s\t31\n' "$@"; }
# against WHAT OURS NAME-OF-OURS NAME-IN-FILES: the same lookup by each of the others
against() {
    row "$1" "$2" files "$(run files "$4")"
    row "$1" "$2" libnss-extrausers "$(run extrausers "$3")"
    row "$1" "$2" "a compiled-in module" "$(run compiledin "$3")"
}
against "NSS getpwnam, hit" "$(run breakglass bg1)" bg1 daemon
against "NSS getpwnam, miss" "$(run breakglass nosuch)" nosuch nosuch
against "NSS getgrouplist, hit" "$(run breakglass =bg1)" =bg1 =daemon
against "NSS getgrouplist, miss" "$(run breakglass =nosuch)" =nosuch =nosuch
row "NSS files, then us: miss" "$(run 'files breakglass' nosuch)" "files alone" "$(run files nosuch)"
row "NSS files, then us: hit in files" "$(run 'files breakglass' daemon)" "files alone" "$(run files daemon)"
