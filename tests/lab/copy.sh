# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034
# Throw-away copies of this machine. Sourced by setup and run-e2e (bash, util-linux, nothing else).
#
#   the machine ── world: mount and pid namespace in which a tmpfs holds every layer
#                   ├─ copy "base": overlay(/ , layer base)           apt, build: host's network
#                   ├─ copy "e2e-1": overlay(/ , base, layer e2e-1)   daemons: network of its own
#                   └─ ...                                            LAB_ROOT: another release's root in place of /
#
# A copy sees neither the machine's file systems nor its processes nor inherited descriptors. All copies hang
# on the machine's / directly (layers are stacked in one overlay), so the depth never exceeds that of / plus one.
# The world dies with the process that started it, and takes everything in it along: nothing is left.

# shellcheck source=tests/lab/systemd.sh
. "${BASH_SOURCE[0]%/*}/systemd.sh"

LAB_REFUSED=3       # exit status: this machine cannot make the copy; the message says what to do
LAB_SEPARATE="/usr /var /etc /home /opt /srv /root /boot"   # may be file systems of their own
LAB_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Capabilities that no copy needs and that would reach the machine: a guard against accidents, not a jail.
LAB_DROPPED=-sys_time,-sys_module,-sys_rawio,-sys_boot,-mknod,-mac_admin,-syslog

lab_refuse() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
    exit "$LAB_REFUSED"
}

# Descriptors above 2 would reach the machine's directories through /proc/self/fd.
lab_close_descriptors() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        case $fd in 0 | 1 | 2 | 255) ;; *) eval "exec $fd>&-" 2>/dev/null || true ;; esac
    done
    # A directory as standard stream would do the same.
    [ ! -d /proc/self/fd/0 ] || exec </dev/null
}

lab_check_rights() {
    [ "$(id -u)" -eq 0 ] || lab_refuse "making a copy of this machine needs root" "run: sudo $0 $*"
    unshare --mount --pid --uts --ipc --net --fork true 2>/dev/null ||
        lab_refuse "the kernel refused new namespaces (no CAP_SYS_ADMIN here?)" \
            "run it on the machine itself, or in a container started with --privileged"
    # shellcheck disable=SC2016
    unshare --mount --propagation private bash -c '
        mount -t tmpfs lab /mnt && mkdir /mnt/u /mnt/w /mnt/r &&
        mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w lab /mnt/r' 2>/dev/null ||
        lab_refuse "the kernel refused an overlay over /" \
            "needed: overlayfs (modprobe overlay), tmpfs, and a / that is not itself a stack of two overlays"
}

# lab_world SCRIPT ARGS...: run "SCRIPT ARGS" inside a new world and return its status.
lab_world() {
    local child rc pumps='' tty=''
    lab_close_descriptors
    export LAB_CGROUP=breakglass-lab-$$
    [ ! -t 0 ] || tty=$(stty -g)
    # A copy gets pipes or the terminal, never an open file of the machine.
    exec 8>&1 9>&2
    [ ! -f /proc/self/fd/0 ] || exec 0< <(exec cat 8>&- 9>&-)
    [ ! -f /proc/self/fd/8 ] || { exec 1> >(exec cat >&8 9>&-) && pumps="$pumps $!"; }
    [ ! -f /proc/self/fd/9 ] || { exec 2> >(exec cat >&9 8>&-) && pumps="$pumps $!"; }
    # If this shell dies, however it dies, unshare is killed, and with it pid 1 of the world.
    LAB_WORLD=1 setpriv --pdeathsig KILL -- unshare --mount --pid --uts --ipc --fork --kill-child=KILL \
        --propagation private -- bash "$@" <&0 8>&- 9>&- &
    child=$!
    # shellcheck disable=SC2064
    trap "kill -KILL $child 2>/dev/null || true; lab_forget_cgroups; exit 143" TERM HUP INT
    wait "$child" && rc=0 || rc=$?
    [ -z "$tty" ] || stty "$tty"
    trap - TERM HUP INT
    lab_forget_cgroups
    exec 1>&8 2>&9 8>&- 9>&-
    # shellcheck disable=SC2086
    [ -z "$pumps" ] || wait $pumps || true
    return "$rc"
}

# ---- inside the world --------------------------------------------------------------------------------

# lab_world_begin REPO: choose a directory for the layers, outside the source tree.
lab_world_begin() {
    local d
    LAB_REPO=$1
    mount -t proc proc /proc
    LAB_RESOLV=$(cat /etc/resolv.conf 2>/dev/null) || true
    for d in /mnt /media /opt; do
        case $LAB_REPO/ in "$d"/*) continue ;; esac
        [ ! -d "$d" ] || [ -L "$d" ] || break
    done
    W=$d
    mount -t tmpfs -o size=80%,mode=0755 lab "$W"
    mkdir "$W/log"
    export W LAB_REPO
}

# Mount points of LAB_SEPARATE that are real file systems of their own.
lab_separate_mounts() {
    local m dev root
    [ -z "${LAB_ROOT:-}" ] || return 0
    root=$(stat -c %d /)
    for m in $LAB_SEPARATE; do
        [ -d "$m" ] || continue
        [ ! -L "$m" ] || continue
        dev=$(stat -c %d "$m")
        [ "$dev" = "$root" ] || echo "$m"
    done
}

# lab_overlay MOUNTPOINT-ON-THE-MACHINE LAYERS(oldest first, the last one is written) TARGET
# LAB_ROOT: a directory that is taken for the machine's /, such as another release's root.
lab_overlay() {
    local at=$1 layers=$2 target=$3 part lower l top=
    part=$(printf %s "$at" | tr / _)
    lower=${LAB_ROOT:-}$at
    for l in $layers; do
        [ -z "$top" ] || lower=$W/$top/$part:$lower
        mkdir -p "$W/$l/$part"
        top=$l
    done
    # The layer's own root directory shows through as the copy's: same owner and mode as the original.
    chown --reference="${LAB_ROOT:-}$at" "$W/$top/$part"
    chmod --reference="${LAB_ROOT:-}$at" "$W/$top/$part"
    mkdir -p "$W/$top/work$part"
    mount -t overlay -o "lowerdir=$lower,upperdir=$W/$top/$part,workdir=$W/$top/work$part" lab "$target"
}

# lab_copy [--net] [--systemd] [--pass VAR]... LAYERS COMMAND...: run COMMAND in a copy made of LAYERS
# ("base inst e2e-1": oldest first; the last is new or continued and keeps what is written). Own network with --net.
lab_copy() {
    local net='' pass=() layers
    while :; do
        case $1 in
        --net) net=--net ;;
        --pass)
            pass+=("$2=${!2-}")
            shift
            ;;
        *) break ;;
        esac
        shift
    done
    layers=$1
    shift
    # shellcheck disable=SC2086
    LAB_ENTER=1 unshare --mount --pid --uts --ipc $net --fork --kill-child=KILL --propagation private -- \
        bash "$LAB_REPO/tests/lab/enter" "$layers" "$LAB_RESOLV" env -i "PATH=$LAB_PATH" HOME=/root LANG=C.UTF-8 \
        "TERM=${TERM:-dumb}" "${pass[@]}" "$@"
}
