#!/bin/sh
# SPDX-License-Identifier: ISC
# The module as it is shipped, loaded by the real glibc, in a throw-away copy of this machine's root (an overlay
# in a mount namespace of its own; the machine's files are not touched). Needs root; 77 without.
set -u

outside() {
    test "$(id -u)" = 0 || { echo "needs root"; exit 77; }
    nm -D nss/libnss_breakglass.so.2 | grep -qE '__(asan|ubsan)' && { echo "built with sanitizers"; exit 77; }
    work=$(mktemp -d) || exit 99
    trap 'rmdir "$work"' EXIT
    unshare -m --propagation private sh "$0" inside "$work"
    exit $?
}

inside() {
    dirs=$(tests/nss/lookup dirs)
    mount -t tmpfs -o mode=755 tmpfs "$1" || exit 77
    mkdir "$1/upper" "$1/work" "$1/root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 77
    mount --rbind /proc "$1/root/proc" && mount --rbind /dev "$1/root/dev" || exit 77
    mkdir -p "$1/root/bgtest/bin"
    cp nss/libnss_breakglass.so.2 tests/nss/libnss_bgprobe.so.2 tests/nss/lookup "$0" "$1/root/bgtest/bin/" || exit 99
    # shellcheck disable=SC2086
    exec chroot "$1/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh "/bgtest/bin/$(basename "$0")" tests $dirs
}

# ---- inside the copy ----------------------------------------------------------------------
bad=0 held=0
is() { # is WHAT EXPECTED GOT
    if test "$2" = "$3"; then
        held=$((held + 1))
    else
        printf 'NOT SO: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        bad=1
    fi
}
holds() { # holds WHAT COMMAND...
    what=$1
    shift
    if out=$("$@" 2>&1); then held=$((held + 1)) && printf '%s:\n%s\n' "$what" "$out"; else printf 'NOT SO: %s\n%s\n' "$what" "$out"; bad=1; fi
}
# Bounded: a lookup that waits fails with 124.
get() { timeout 60 getent "$@"; }
asked() { sort -u /bgtest/asked | tr '\n' ';'; }
forget() { : >/bgtest/asked; }

switch() { # switch "SERVICES AFTER files" "THE SAME FOR group"
    { printf 'passwd: files %s\nshadow: files %s\ngroup: files %s\nhosts: files\n' "$1" "$1" "$2"; } >/etc/nsswitch.conf
}
with_us() { switch "breakglass bgprobe" "breakglass [TRYAGAIN=return] bgprobe"; }
without_us() { switch "bgprobe" "bgprobe"; }

good_files() {
    rm -rf "$confdir/accounts" "$confdir/groups"
    cat >"$confdir/accounts" <<'F'
bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash
bg1:x:59001:0:Break-glass account (audit id):/var/lib/breakglass/home/bg1:/bin/bash
bg2:x:59002:59002::/var/lib/breakglass/home/bg2:/bin/sh
bg3:x:0:0:damaged
F
    cat >"$confdir/groups" <<'F'
bgadm:x:59010:bg1,bg2
bgtwo:x:59002:
bgzero:x:0:bg1
F
    chmod 644 "$confdir/accounts" "$confdir/groups"
}

# Everything that programs ask about somebody who is not ours.
about_others() {
    for u in root daemon bgprobelocal bgprobeuser nobody bgnosuch; do
        echo "$u: $(get passwd $u) $? $(get shadow $u) $? $(get initgroups $u) $? $(timeout 60 id $u 2>&1) $?"
    done
    echo "$(get passwd 0) $(get passwd 31000) $(get passwd 59999) $? $(get group 0) $(get group adm) $(get group 59999) $?"
    get passwd | cksum
    get group | cksum
    get shadow | cksum
}

accounts_and_groups() {
    is "passwd by name" "bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash" "$(get passwd bg1)"
    is "passwd by audit uid" "bg1:x:59001:0:Break-glass account (audit id):/var/lib/breakglass/home/bg1:/bin/bash" "$(get passwd 59001)"
    is "passwd by own uid" "bg2:x:59002:59002::/var/lib/breakglass/home/bg2:/bin/sh" "$(get passwd 59002)"
    is "uid 0 is root" "root" "$(get passwd 0 | cut -d: -f1)"
    is "a damaged account is unknown" "2" "$(get passwd bg3 >/dev/null; echo $?)"
    is "shadow" "bg1:!*:::::::" "$(get shadow bg1)"
    is "shadow for anybody" "bg1:!*:::::::" "$(setpriv --reuid=65534 --regid=65534 --clear-groups timeout 60 getent shadow bg1)"
    is "group" "bgadm:x:59010:bg1,bg2" "$(get group bgadm)"
    is "group by number" "bgtwo:x:59002:" "$(get group 59002)"
    is "gid 0 is root's" "root" "$(get group 0 | cut -d: -f1)"
    is "not enumerated" "" "$(get passwd | grep bg[123]; get group | grep bgadm; get shadow | grep bg[123])"
    is "id of the account" "uid=0(root) gid=0(root) groups=0(root),59010(bgadm)" "$(timeout 60 id bg1)"
    is "id of one with its own uid" "uid=59002(bg2) gid=59002(bgtwo) groups=59002(bgtwo),59010(bgadm)" "$(timeout 60 id bg2)"
    is "initgroups" "bg1                   59010" "$(get initgroups bg1)"
    echo 'bgroot:x:59011:root,daemon' >>"$confdir/groups"
    is "root may have a group of ours" "root                  59011" "$(get initgroups root)"
    is "others may not" "daemon               " "$(get initgroups daemon)"
    good_files
    is "logname by audit uid" "bg1" "$(timeout 60 id -un 59001)"
}

only_us() {
    switch breakglass breakglass
    sed -i 's/files breakglass/breakglass/' /etc/nsswitch.conf
    is "no answer for uid 0" "2" "$(get passwd 0 >/dev/null; echo $?)"
    is "no answer for gid 0" "2" "$(get group 0 >/dev/null; echo $?)"
    is "no answer for root" "2" "$(get passwd root >/dev/null; echo $?)"
    is "no password hash for root" "2" "$(get shadow root >/dev/null; echo $?)"
    with_us
}

who_is_asked_after_us() {
    forget
    id bg1 >/dev/null
    id bg2 >/dev/null
    id root >/dev/null
    get initgroups bg1 >/dev/null
    get initgroups root >/dev/null
    get shadow bg1 >/dev/null
    get passwd bg2 >/dev/null
    is "nobody is asked about our accounts and root" "" "$(asked)"
    get initgroups bgprobelocal >/dev/null
    get passwd bgnosuch >/dev/null
    is "the next service is asked about others" "initgroups bgprobelocal;passwd bgnosuch;" "$(asked)"
    is "groups of a local user come from files and the next service" "30000 30099 adm" "$(grouplist bgprobelocal)"
    forget
    switch "breakglass bgprobe" "breakglass bgprobe"
    id bg1 >/dev/null
    is "without [TRYAGAIN=return] the next service is asked" "initgroups bg1;" "$(asked)"
    with_us
}
grouplist() { id -Gn "$1" 2>/dev/null | tr ' ' '\n' | grep -v "^$1\$" | sort | tr '\n' ' ' | sed 's/ $//'; }

nobody_is_ours() { # nobody_is_ours WHY: with the accounts file as it is now nobody is ours, and nobody is harmed
    is "$1: bg1 is unknown" "2" "$(get passwd bg1 >/dev/null; echo $?)"
    is "$1: its audit uid too" "2" "$(get passwd 59001 >/dev/null; echo $?)"
    is "$1: its hash too" "2" "$(get shadow bg1 >/dev/null; echo $?)"
    is "$1: everybody else" "$baseline" "$(about_others)"
    forget
    id root >/dev/null
    is "$1: root's groups are asked for as usual" "initgroups root;" "$(asked)"
}

bad_files() {
    rm "$confdir/accounts"
    nobody_is_ours "no file"
    head -c 3000 /dev/urandom >"$confdir/accounts"
    nobody_is_ours "random bytes"
    good_files
    chmod 666 "$confdir/accounts"
    nobody_is_ours "writable by others"
    good_files
    chown 1000 "$confdir/accounts"
    nobody_is_ours "owned by somebody"
    good_files
    head -c 17000 /dev/zero | tr '\0' '\n' >>"$confdir/accounts"
    nobody_is_ours "too large"
    rm "$confdir/accounts"
    mkfifo "$confdir/accounts"
    nobody_is_ours "a FIFO"
    rm "$confdir/accounts"
    mkdir "$confdir/accounts"
    nobody_is_ours "a directory"
    rmdir "$confdir/accounts"
    ln -s /dev/zero "$confdir/accounts"
    nobody_is_ours "a link"
    rm "$confdir/accounts"
    good_files
    chmod 700 "$confdir"
    is "a closed directory: unknown to others" "2" "$(setpriv --reuid=65534 --regid=65534 --clear-groups timeout 60 getent passwd bg1 >/dev/null; echo $?)"
    chmod 755 "$confdir"
    rm "$confdir/groups"
    mkfifo "$confdir/groups"
    is "a FIFO for groups: the account stays" "uid=0(root) gid=0(root) groups=0(root)" "$(timeout 60 id bg1)"
    good_files
}

bad_modules() { # the shared object itself
    rm "$libdir/libnss_breakglass.so.2"
    is "missing module: everybody else" "$baseline" "$(about_others)"
    : >"$libdir/libnss_breakglass.so.2"
    is "empty module: everybody else" "$baseline" "$(about_others)"
    head -c 400 /bgtest/bin/libnss_breakglass.so.2 >"$libdir/libnss_breakglass.so.2"
    is "a module of 400 bytes: everybody else" "$baseline" "$(about_others)"
    rm "$libdir/libnss_breakglass.so.2"
    cp /bgtest/bin/libnss_breakglass.so.2 "$libdir/"
}

programs() {
    holds "buffers of all sizes" timeout 60 /bgtest/bin/lookup sizes bg1 bgadm
    holds "threads, small stacks, blocked signals, descriptors" timeout 60 /bgtest/bin/lookup threads bg1
    holds "files alone in the smallest stack" timeout 60 /bgtest/bin/lookup stack daemon 1 daemon 1
    holds "ours in the smallest stack" timeout 60 /bgtest/bin/lookup stack bg1 59001 bgadm 59010
    for _ in $(seq 200); do printf '# a comment to make the files large ................................\n'; done | tee -a "$confdir/groups" >>"$confdir/accounts"
    holds "and with large files" timeout 60 /bgtest/bin/lookup stack bg1 59001 bgadm 59010
    is "large files are read" "bgadm:x:59010:bg1,bg2" "$(get group bgadm)"
    good_files
    holds "closed descriptors" timeout 60 /bgtest/bin/lookup closed bg1
}

# pam_unix must never say that the password has expired or must be changed, and no password opens the account.
through_pam() {
    command -v pamtester >/dev/null || { echo "pamtester is missing: pam_unix not asked"; return; }
    printf 'auth required pam_unix.so nullok\naccount required pam_unix.so\n' >/etc/pam.d/bgtest
    is "pam_unix: account" "pamtester: account management done." "$(pamtester bgtest bg1 acct_mgmt 2>&1)"
    is "pam_unix: no warning, no expiry" "" "$(pamtester bgtest bg1 acct_mgmt 2>&1 | grep -iE 'expire|warning|change')"
    for password in '' 'x' '!*' '*'; do
        is "pam_unix: password '$password'" "1" "$(echo "$password" | pamtester bgtest bg1 authenticate >/dev/null 2>&1; echo $?)"
    done
}

tests() {
    confdir=$1
    libdir=$(dirname "$(ldconfig -p | sed -n 's/.* => \(.*libc\.so\.6\)$/\1/p' | head -1)")
    cp /bgtest/bin/libnss_b*.so.2 "$libdir/"
    ldconfig
    mkdir -p "$confdir"
    chmod 755 "$confdir"
    : >/bgtest/asked
    chmod 666 /bgtest/asked
    echo 'bgprobelocal:x:31001:31001::/:/bin/sh' >>/etc/passwd
    echo 'bgprobelocal:x:31001:' >>/etc/group
    sed -i 's/^adm:.*/adm:x:4:bgprobelocal/' /etc/group
    without_us
    baseline=$(about_others)
    is "the lab itself" "30000 30099 adm" "$(grouplist bgprobelocal)"
    with_us
    good_files
    is "everybody else with good files" "$baseline" "$(about_others)"
    accounts_and_groups
    only_us
    who_is_asked_after_us
    bad_files
    bad_modules
    programs
    through_pam
    is "at the end everything is as at the beginning" "$baseline" "$(about_others)"
    echo "$held held"
    exit $bad
}

case ${1-} in
'') outside ;;
inside) inside "$2" ;;
tests) tests "$2" ;;
esac
