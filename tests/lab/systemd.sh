# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034,SC2154
# A copy with systemd as pid 1, for tests that need user@.service and logind. After copy.sh and steps.sh.
# It boots to the lab's own target, so nothing that this machine has enabled is started.

lab_cgroup2() { findmnt -nt cgroup2 -o TARGET | head -n 1; }

# Take away the cgroups that the world of this shell has made: called outside the world, when it is dead.
lab_forget_cgroups() {
    local top
    top=$(lab_cgroup2)/breakglass-lab-$$
    [ -d "$top" ] || return 0
    for _ in $(seq 50); do
        find "$top" -depth -type d -exec rmdir {} + 2>/dev/null && return 0
        sleep 0.1
    done
    return 0
}

# lab_cgroup NAME: makes a cgroup for one copy and prints its path. If it cannot, prints why and fails.
lab_cgroup() {
    local top
    top=$(lab_cgroup2)
    [ -n "$top" ] || { echo "no cgroup2 here" && return 1; }
    top=$top/$LAB_CGROUP/$1
    mkdir -p "$top" 2>/dev/null || { echo "no cgroup can be made in $(lab_cgroup2)" && return 1; }
    echo "$top"
}

# systemd_boot LAYERS CGROUP: starts it in the background; sets SYSTEMD_UNSHARE and SYSTEMD_PID.
systemd_boot() {
    mkdir -p "$2/boot"
    # shellcheck disable=SC2016
    LAB_ENTER=1 LAB_SYSTEMD=1 bash -c 'echo $$ >"$0/cgroup.procs" && exec unshare --mount --pid --uts --ipc --net \
        --cgroup --fork --kill-child=KILL --propagation private -- bash "$@"' \
        "$2" "$LAB_REPO/tests/lab/enter" "$1" "$LAB_RESOLV" true </dev/null >"$W/log/systemd-${1##* }" 2>&1 &
    SYSTEMD_UNSHARE=$!
    for _ in $(seq 100); do
        SYSTEMD_PID=$(tr -d ' ' <"/proc/$SYSTEMD_UNSHARE/task/$SYSTEMD_UNSHARE/children")
        [ -z "$SYSTEMD_PID" ] || [ "$(cat "/proc/$SYSTEMD_PID/comm")" != systemd ] || break
        sleep 0.1
    done
    # A cgroup with controllers for its children must be empty itself.
    echo "$SYSTEMD_UNSHARE" >"$2/boot/cgroup.procs"
}

# systemd_run CGROUP COMMAND...: in the copy, from a cgroup of its own beside systemd's.
systemd_run() {
    local cgroup=$1
    shift
    mkdir -p "$cgroup/lab"
    # shellcheck disable=SC2016
    bash -c 'echo $$ >"$0/lab/cgroup.procs" && exec "$@"' "$cgroup" \
        nsenter -t "$SYSTEMD_PID" -m -p -u -i -n -C -r -w -- env -i "PATH=$LAB_PATH" HOME=/root LANG=C.UTF-8 TERM=dumb "$@"
}

# Booted, within 60 s.
systemd_ready() {
    local state=''
    for _ in $(seq 300); do
        state=$(systemd_run "$1" systemctl is-system-running 2>&1) || true
        case $state in running | degraded) return 0 ;; esac
        sleep 0.2
    done
    echo "systemd is not up within 60 s: $state"
    return 1
}

LAB_POWER_CUT=75 # the runner's exit status: kill the copy as it stands, boot it again and go on

# lab_e2e_systemd LAYERS FILE [NAMES]: as lab_e2e.
lab_e2e_systemd() {
    local file=$LAB_SRC/${2#"$LAB_REPO"/} names=${3-} cgroup rc=0
    cgroup=$(lab_cgroup "${1##* }") || { lab_skip "$2" "$cgroup" && return 0; }
    # shellcheck disable=SC2086
    systemd_once "$1" "$cgroup" "$file" $names || rc=$?
    [ "$rc" -ne "$LAB_POWER_CUT" ] || {
        rc=0
        # shellcheck disable=SC2086
        systemd_once "$1" "$cgroup/again" "$file" --again $names || rc=1
    }
    return "$rc"
}

# systemd_once LAYERS CGROUP RUNNER-ARGUMENTS...: boot, run, kill without a shutdown.
systemd_once() {
    local layers=$1 cgroup=$2 rc=0
    shift 2
    systemd_boot "$layers" "$cgroup"
    systemd_ready "$cgroup" || {
        cat "$W/log/systemd-${layers##* }"
        rc=1
    }
    [ "$rc" -ne 0 ] || systemd_run "$cgroup" /usr/bin/python3 "$LAB_SRC/tests/lab/runner.py" "$@" </dev/null || rc=$?
    kill -KILL "$SYSTEMD_UNSHARE"
    wait "$SYSTEMD_UNSHARE" 2>/dev/null || true
    return "$rc"
}

lab_skip() { printf '== %s\nskip the whole file: %s\n0 passed, 0 failed, 1 skipped\n' "${1##*/}" "$2"; }
