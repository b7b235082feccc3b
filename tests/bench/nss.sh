#!/bin/sh
# What a lookup costs with the module and with glibc's own "files", each service alone on its line, and what
# everybody else pays for having us on the line. In an overlay of its own; needs root.
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
    exec chroot "$1/root" sh "/bgbench/$(basename "$0")" in "$confdir"
fi

cp /bgbench/libnss_breakglass.so.2 "$(dirname "$(ldconfig -p | sed -n 's/.* => \(.*libc\.so\.6\)$/\1/p' | head -1)")/"
ldconfig
mkdir -p "$2"
# the file systems of both must be alike: files of the overlay's upper layer
for f in passwd group shadow; do cp /etc/$f /etc/$f.b && mv /etc/$f.b /etc/$f; done
printf 'bg1:x:0:0:Break-glass account:/home/bg1:/bin/bash\nbg1:x:59001:0:audit id:/home/bg1:/bin/bash\n' >"$2/accounts"
printf 'bgadm:x:59010:bg1\n' >"$2/groups"
run() { # run SERVICES NAME
    printf 'passwd: %s\ngroup: %s\n' "$1" "$1" >/etc/nsswitch.conf
    /bgbench/nss_lookup "$2" | cut -d' ' -f2
}
line() { # line WHAT OURS FILES
    echo "$1 $2 $3" | awk '{printf "%-28s %6d ns   files %6d ns   ratio %.2f\n", $1, $2, $3, $2 / $3}'
}
line getpwnam-hit "$(run breakglass bg1)" "$(run files daemon)"
line getpwnam-miss "$(run breakglass nosuch)" "$(run files nosuch)"
line getgrouplist-hit "$(run breakglass =bg1)" "$(run files =daemon)"
line getgrouplist-miss "$(run breakglass =nosuch)" "$(run files =nosuch)"
line files-then-us-miss "$(run 'files breakglass' nosuch)" "$(run files nosuch)"
line files-then-us-files-hit "$(run 'files breakglass' daemon)" "$(run files daemon)"
