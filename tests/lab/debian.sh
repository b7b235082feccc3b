# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034,SC2154
# ./setup check on another release of Debian: a root from the archive takes the machine's place under the lab's copies,
# with layers of its own, so that the jobs of check.sh run there as they are. After check.sh.

# What it has besides what building and the lab need; no systemd-dev, as a machine of users has none.
PACKAGES_DEBIAN13="libcmocka-dev strace systemd libpam-systemd dbus at nscd fido2-tools pamtester libnss-sss auditd faketime freeradius libpam-radius-auth zsh fish"
# Real logins there in every run: the lab's own, every way in, keys, units under systemd.
DEBIAN13_E2E="test_lab.py test_ways.py test_key.py test_systemd.py"
DEBIAN_SKIP=77

# on_debian RELEASE COMMAND...: with that root as the machine.
on_debian() {
    local top=$W/$1 cgroup=$LAB_CGROUP/$1
    shift
    LAB_ROOT=$top/machine LAB_CGROUP=$cgroup W=$top "$@"
}

# debian_root RELEASE[-FOR] PACKAGES...: makes it. If the archive does not answer that is said, and status is 0 without a root.
debian_root() {
    local top=$W/$1 tar=/srv/root.tar rc=0
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy --pass BARE_ARCHITECTURES "base $1-make" \
        timeout -k 10 "$CHECK_JOB_SECONDS" bash -c ". $LAB_SRC/tests/lab/packages.sh && packages_install mmdebstrap || exit $DEBIAN_SKIP
            exec $LAB_SRC/tests/readme/bare tar $tar ${1%%-*} ${*:2}" || rc=$?
    [ "$rc" -ne "$DEBIAN_SKIP" ] || { lab_skip "$1" "the archive does not answer" && return 0; }
    [ "$rc" -eq 0 ] && mkdir -p "$top/log" "$top/machine.new" &&
        lab_copy "base $1-make" cat "$tar" | tar -C "$top/machine.new" --numeric-owner --exclude='./dev/*' -xpf - &&
        rm -rf "${W:?}/$1-make" && mv "$top/machine.new" "$top/machine"
}
debian_ready() { # RELEASE WHAT
    [ -d "$W/$1/machine" ] || { lab_skip "$2" "no root of $1" && return 1; }
}

# Built, tested and installed; systemd finds no fault in the units, which are where it looks for them.
job_debian13() {
    local rc=0
    # shellcheck disable=SC2086
    debian_root trixie $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_LAB $PACKAGES_DEBIAN13 || return
    [ -d "$W/trixie/machine" ] || return 0
    on_debian trixie prepare_base demo && on_debian trixie in_copy base "autoreconf -fi" && on_debian trixie job_gcc && on_debian trixie job_make_check gcc '' system || rc=1
    on_debian trixie in_copy "base gcc" "tests/lab/platform README.md '$(debian13_ran)'" || rc=1
    on_debian trixie in_copy "base gcc" 'systemd-analyze --man=no verify /usr/lib/systemd/system/breakglass-*.*' || rc=1
    return "$rc"
}
job_debian13_clang() {
    debian_ready trixie clang || return 0
    on_debian trixie lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base clang" \
        bash -c ". $LAB_SRC/tests/lab/packages.sh && packages_install clang" && on_debian trixie job_build clang CC=clang
}
job_debian13_e2e() { # FILE
    debian_ready trixie "$1" || return 0
    on_debian trixie job_e2e "$1"
}

# By hand: the tries in a virtual machine, of that release.
job_vm13() {
    debian_ready trixie vm || return 0
    on_debian trixie job_vm
}

# By hand: the hosts that are ill, of that release; faketime sets their clocks.
job_ill_hosts13() {
    debian_ready trixie ill-hosts13 || return 0
    on_debian trixie lab_packages "base gcc ill-with" "faketime nftables" && on_debian trixie lab_e2e "base gcc ill-with ill-hosts" tests/e2e/ill/all.py
}

# By hand: configure says at once all that is too old on Debian 11, and leaves out what an option does without.
job_debian11() {
    # shellcheck disable=SC2086
    debian_root bullseye $PACKAGES_BUILD || return
    [ -d "$W/bullseye/machine" ] || return 0
    # shellcheck disable=SC2016
    lab_source | on_debian bullseye lab_copy base tar -C / -xf - && on_debian bullseye in_copy base 'autoreconf -fi
        glibc="^  glibc 2.31 is too old: 2.34 or newer" fido="^  libfido2 1.6.0 is too old: 1.10 or newer"
        ! ./configure -q >said 2>&1 && cat said && grep -q "$glibc" said && grep -q "$fido" said &&
            ! ./configure -q --without-fido >said 2>&1 && cat said && grep -q "$glibc" said && ! grep -q libfido2 said'
}

# ---- other machines: cross compilers and the machines' libraries, in a root that has the packages of one suite only, since the
# security archive has no s390x and a library's versions must be the same for all

CROSS_MACHINES="armhf arm64 s390x"
PACKAGES_CROSS="gcc make autoconf automake pkg-config libc6-dev libpam0g-dev gcc-arm-linux-gnueabihf gcc-aarch64-linux-gnu
    gcc-s390x-linux-gnu qemu-user procps iproute2"
PACKAGES_CROSS_LIBRARIES="libc6-dev libpam0g-dev libssl-dev libjansson-dev libcurl4-openssl-dev libfido2-dev libseccomp-dev
    libcrypt-dev libcmocka-dev"

job_cross() {
    local machine name packages=$PACKAGES_CROSS
    for machine in $CROSS_MACHINES; do
        for name in $PACKAGES_CROSS_LIBRARIES; do packages="$packages $name:$machine"; done
    done
    # shellcheck disable=SC2086
    BARE_ARCHITECTURES="$CROSS_MACHINES" debian_root bookworm-cross $packages || return
    [ -d "$W/bookworm-cross/machine" ] || return 0
    lab_source | on_debian bookworm-cross lab_copy base tar -C / -xf - && on_debian bookworm-cross in_copy base "autoreconf -fi"
}
job_cross_machine() { # NAME
    debian_ready bookworm-cross "cross-$1" || return 0
    on_debian bookworm-cross in_copy "base $1" "tests/builds/cross $1"
}

# The modules for 32-bit programs beside the others, in a root of its own for the same reason.
PACKAGES_MULTILIB="gcc-i686-linux-gnu libcmocka-dev pamtester"
PACKAGES_MULTILIB_LIBRARIES="libc6-dev libcrypt-dev libpam0g-dev libpam-modules libssl-dev libjansson-dev libpam-ldapd libnss-ldapd"

job_multilib() {
    local name packages="$PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_LAB $PACKAGES_MULTILIB"
    for name in $PACKAGES_MULTILIB_LIBRARIES; do packages="$packages $name:i386"; done
    # shellcheck disable=SC2086
    BARE_ARCHITECTURES=i386 debian_root bookworm-i386 $packages || return
    [ -d "$W/bookworm-i386/machine" ] || return 0
    on_debian bookworm-i386 multilib_world
}
multilib_world() {
    prepare_base demo && in_copy base "autoreconf -fi" && job_build gcc CC=gcc &&
        in_copy "base gcc" "make -s -C _build install && ldconfig" &&
        lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base gcc multilib" \
            timeout -k 10 "$CHECK_JOB_SECONDS" "$LAB_SRC/tests/builds/multilib" "$LAB_SRC" &&
        lab_e2e "base gcc multilib multilib-login" tests/builds/test_multilib.py
}

cross_rows() {
    local machine
    printf '%s\n' "multilib job_multilib" "cross job_cross"
    for machine in $CROSS_MACHINES; do echo "cross-$machine job_cross_machine $machine"; done
}

# cross_names NAME...: the jobs that are meant: cross is all of them.
cross_names() {
    local name
    for name in "$@"; do
        case $name in
        cross) cross_rows | cut -d' ' -f1 | grep '^cross' ;;
        cross-*) printf '%s\n' cross "$name" ;;
        *) echo "$name" ;;
        esac
    done
}

# What README says that ran there.
debian13_ran() {
    local file what='unit tests; real logins'
    for file in $DEBIAN13_E2E; do what="$what \`$file\`"; done
    echo "$what"
}

debian13_rows() { # FILE...
    local file
    for file in "$@"; do echo "debian13-e2e-${file%.py} job_debian13_e2e $file"; done
}

# By hand: every file of real logins, the other compiler, and the release before.
debian13_more() {
    local file
    printf '%s\n' "debian11 job_debian11" "debian13-clang job_debian13_clang"
    for file in "$LAB_REPO"/tests/e2e/test_*.py; do
        file=${file##*/}
        case " $DEBIAN13_E2E " in *" $file "*) ;; *) debian13_rows "$file" ;; esac
    done
}

# debian13_names NAME...: the jobs that are meant: debian13 is what is in every run, debian13-all everything.
debian13_names() {
    local name
    for name in "$@"; do
        case $name in
        debian13 | debian13-all)
            # shellcheck disable=SC2086
            { echo debian13 && debian13_rows $DEBIAN13_E2E && { [ "$name" = debian13 ] || debian13_more; }; } |
                cut -d' ' -f1 | grep -v '^debian11$'
            ;;
        debian13-* | vm13 | ill-hosts13) printf '%s\n' debian13 "$name" ;;
        *) echo "$name" ;;
        esac
    done
}
