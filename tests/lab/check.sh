# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034,SC2154
# ./setup check: every test there is, two jobs at a time, each in a copy of its own. After copy.sh and steps.sh.

CHECK_PASSED=0 CHECK_FAILED=0

# ---- outside: the demo, and that it leaves no trace --------------------------------------------------

# Names, kinds, owners, sizes, times and contents of what a login or a package could change. Logs change anyway.
fingerprint() {
    local prune=(-path /var/log -o -path /var/tmp -o -path /var/lib/systemd -o -path /var/lib/docker -o
        -path /var/lib/containerd -o -path /var/cache/man -o -path /var/spool/postfix)
    find /etc /var -xdev \( "${prune[@]}" \) -prune -o \( -type f -o -type d -o -type l \) \
        -printf '%p %y %m %U:%G %s %T@ %l\n' 2>/dev/null | sort
    find /etc /var -xdev \( "${prune[@]}" \) -prune -o -type f -print0 2>/dev/null | sort -z |
        xargs -0 sha256sum 2>/dev/null
}

# check_count NAME SECONDS PASSED FAILED
check_count() {
    CHECK_PASSED=$((CHECK_PASSED + $3)) CHECK_FAILED=$((CHECK_FAILED + $4))
    local word=ok
    [ "$4" -eq 0 ] || word=FAIL
    printf '[%4d s] %-4s %s (%d s): %d passed, %d failed\n' "$SECONDS" "$word" "$1" "$2" "$3" "$4"
}

# check_one NAME FUNCTION: counts as one.
check_one() {
    local name=$1 began=$SECONDS rc=0
    shift
    "$@" || rc=1
    check_count "$name" $((SECONDS - began)) $((rc == 0)) $((rc != 0))
}

demo_leaves_no_trace() {
    local before after
    before=$(fingerprint)
    check_one "demo --script" "$repo/setup" demo --script </dev/null
    after=$(fingerprint)
    [ -n "$after" ] && [ "$before" = "$after" ] && return 0
    diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | head -n 40
    return 1
}

# Without the rights: status 3, what is missing and what to do about it, and nothing else.
refused() {
    local said rc=0
    said=$(setpriv "$@" -- "$repo/setup" demo --script </dev/null 2>&1) || rc=$?
    [ "$rc" -eq "$LAB_REFUSED" ] && [ "$(wc -l <<<"$said")" -eq 2 ] && return 0
    echo "status $rc: $said"
    return 1
}

# The pid namespace that the world of a running setup has: that of the child of its unshare.
world_of() {
    tr ' ' '\n' <"/proc/$1/task/$1/children" | while read -r child; do
        [ "$(cat "/proc/$child/comm")" != unshare ] || readlink "/proc/$child/ns/pid_for_children"
    done
}
alive_in() { (readlink /proc/[0-9]*/ns/pid || true) | sort -u | grep -cxF "$1"; }

killed_leaves_nothing() {
    local victim space mounts
    mounts=$(cat /proc/self/mountinfo)
    "$repo/setup" demo --script </dev/null >/dev/null 2>&1 &
    victim=$!
    sleep 2
    space=$(world_of "$victim")
    if [ -z "$space" ] || [ "$(alive_in "$space")" -eq 0 ]; then
        echo "found no world to kill"
        return 1
    fi
    kill -KILL "$victim"
    wait "$victim" 2>/dev/null
    for _ in $(seq 50); do
        if [ "$(alive_in "$space")" -eq 0 ]; then
            [ "$mounts" = "$(cat /proc/self/mountinfo)" ]
            return
        fi
        sleep 0.1
    done
    echo "still there after 5 s: processes of $space"
    return 1
}

check_outside() {
    check_one "setup refuses without root" refused --reuid=65534 --regid=65534 --clear-groups
    check_one "setup refuses without CAP_SYS_ADMIN" refused --bounding-set=-sys_admin --inh-caps=-sys_admin
    check_one "setup that is killed leaves nothing" killed_leaves_nothing
    check_one "/etc and /var of this machine are untouched by the demo" demo_leaves_no_trace
    lab_world "$repo/setup" check "$CHECK_PASSED" "$CHECK_FAILED"
}

# ---- jobs: each prints to a log of its own and counts as its totals or as one ------------------------

CHECK_JOB_SECONDS=1500 # no job takes longer, whatever hangs in it
in_copy() { # LAYERS COMMAND-LINE, in the source tree
    lab_copy --net "$1" timeout -k 10 "$CHECK_JOB_SECONDS" bash -c "ip link set lo up; cd $LAB_SRC && $2"
}

job_build() { # LAYER CONFIGURE-ARGUMENTS
    in_copy "base $1" "mkdir -p _build && cd _build && ../configure -q --enable-werror $2 && make -s -j2"
}
# Most tests wait for a program, a clock or a disk: three at a time, whatever the cores.
job_make_check() { # LAYER [BUILD-DIRECTORY]
    in_copy "base $1" "cd '${2:-_build}' && rc=0; VERBOSE=1 make -s -j3 check || rc=\$?; $LAB_SRC/tests/lab/skips; exit \$rc"
}
# The layer that the real logins use: installed even if a unit test fails.
job_gcc() {
    job_build gcc CC=gcc && in_copy "base gcc" "make -s -C _build install && ldconfig" && job_make_check gcc
}
# Here also: the build directory's path is longer than a socket's may be.
job_clang() {
    local dir
    dir="_build/$(printf 'long%.0s' {1..60})"
    in_copy "base clang" "mkdir -p '$dir' && cd '$dir' && ../../configure -q --enable-werror CC=clang && make -s -j2" &&
        job_make_check clang "$dir"
}
job_sanitizers() { job_build asan "CC=clang --enable-sanitizers" && job_make_check asan; }
job_valgrind() { in_copy "base gcc valgrind" "tests/tools/valgrind-check _build"; }
job_distcheck() {
    in_copy "base dist" "mkdir -p _build && cd _build && ../configure -q && VERBOSE=1 make -s -j3 distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror && ../tests/tools/complete breakglass-*.tar.gz"
}
job_format() { in_copy "base fmt" "tests/tools/licences && find lib pam nss utils tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror"; }
job_manuals() {
    in_copy "base gcc man" "mandoc -T lint -W warning _build/man/*.[1-9]"
}
SHELL_SCRIPTS="setup .ci/run tests/lab/*.sh tests/lab/enter tests/lab/skips tests/lab/platform tests/lab/provision
    tests/lab/run-e2e tests/bench/login-ratio tests/tools/valgrind-check tests/tools/licences
    tests/tools/complete tests/tools/check-recipes man/check-* tests/fuzz/run-fuzzers build-aux/install-module
    build-aux/make-directory build-aux/run-test packaging/systemd/breakglass-rescue.in
    packaging/gear/breakglass-restore.in tests/readme/bare tests/readme/run tests/builds/small tests/builds/respond tests/builds/cross tests/builds/multilib tests/vm/image
    tests/vm/run packaging/release tests/packaging/release tests/packaging/rpm/run
    tests/packaging/policies/run tests/packaging/sysvinit/run packaging/sysvinit/breakglass-alert.in
    packaging/sysvinit/breakglass-alert.openrc.in packaging/make-debs tests/packaging/deb/check"
job_shell() {
    in_copy "base sh" "shellcheck -x ${SHELL_SCRIPTS//$'\n'/ } && shellcheck packaging/debian/*.p* packaging/debian/*.config"
}
job_fuzz_build() {
    in_copy "base fuzz" "mkdir -p _build && cd _build && ../configure -q CC=clang --enable-fuzzers --enable-sanitizers && make -s -j2 fuzzers"
}
job_fuzz() { # NAME: one minute, from its seeds
    in_copy "base fuzz fuzz-$1" "tests/fuzz/run-fuzzers 60 _build $1"
}
# What README says of the platform that this machine is.
job_platform() { in_copy "base" "tests/lab/platform README.md"; }
job_e2e() { # FILE
    lab_e2e "base gcc e2e-$1" "tests/e2e/$1"
}

# What README says, on a bare Debian: from the sources as they are, not as autoreconf left them here.
job_readme() {
    lab_source | lab_copy "base readme" sh -c "mkdir -p /srv/sources && tar -C /srv/sources -xf -"
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base readme" \
        timeout -k 10 "$CHECK_JOB_SECONDS" "$LAB_SRC/tests/readme/run" "/srv/sources$LAB_SRC"
}

# Debian packages: made, looked at, installed, upgraded and removed. By hand also whether the same bytes come out again.
job_package() {
    local file rc=0 log=$W/log/package-parts
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base package" \
        bash -c ". $LAB_SRC/tests/lab/packages.sh && packages_install lintian && cd $LAB_SRC && JOBS=2 timeout -k 10 $CHECK_JOB_SECONDS ./setup package" || return
    in_copy "base package package-files" tests/packaging/deb/check >"$log" 2>&1 || rc=1
    for file in "$LAB_REPO"/tests/packaging/deb/test_*.py; do
        lab_e2e "base package package-${file##*/}" "$file" >>"$log" 2>&1 || rc=1
    done
    cat "$log"
    awk '/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3 } END { print p + 0 " passed, " f + 0 " failed" }' "$log"
    return "$rc"
}
job_package_again() { in_copy "base package again" "tests/packaging/deb/check reproducible"; }

# By hand only: a release, made twice and compared; some ten minutes.
job_release() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base release" \
        bash -c ". $LAB_SRC/tests/lab/packages.sh && packages_install \$PACKAGES_DEB" && in_copy "base release" "tests/packaging/release"
}

# breakglass-respond alone, as on a laptop.
job_respond() {
    in_copy "base respond" "tests/builds/respond _build-respond"
}

# The build without keys and alarms: what it needs, its own tests, a real login, its size beside the full one's.
job_small() {
    in_copy "base small" "tests/builds/small _build-small" &&
        lab_e2e "base small small-login" tests/builds/test_small.py &&
        in_copy "base gcc small small-size" "tests/builds/sizes _build _build-small"
}

# By hand only: the RPM packages, by Debian's rpm.
job_rpm() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base rpm" timeout -k 10 "$CHECK_JOB_SECONDS" \
        bash -c "cd $LAB_SRC && mkdir -p _build && cd _build && ../configure -q && ../tests/packaging/rpm/run $LAB_SRC $LAB_SRC/_build"
}

# SELinux and AppArmor: compiled and parsed.
job_policies() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base policies" timeout -k 10 "$CHECK_JOB_SECONDS" \
        "$LAB_SRC/tests/packaging/policies/run" "$LAB_SRC"
}

# By hand only: the alert service without systemd.
job_sysvinit() { in_copy "base gcc sysvinit" "tests/packaging/sysvinit/run _build"; }

# By hand only: every mutation of tests/tools/mutations, an hour or more.
job_mutate() { CHECK_JOB_SECONDS=14400 in_copy "base mutate" "tests/tools/mutate --jobs 2"; }

# By hand only: a whole machine, emulated; an hour where others compute.
job_vm() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base gcc vm" \
        timeout -k 10 10800 "$LAB_SRC/tests/vm/run" "$LAB_SRC/_build"
}

# A machine that has an alice, and the lab's numbers, of its own: the lab's people take their place in the copy.
job_own_alice() {
    in_copy "base alice" "sed -i '/^alice:/d;/^fuser:/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow &&
        groupadd -g 5001 staff-of-its-own && useradd -m -u 1234 -g 5001 alice && useradd -u 5000 bob &&
        tests/lab/provision demo && grep -q '^alice:x:5001:5001:' /etc/passwd && ! grep -q '^bob:' /etc/passwd" &&
        lab_e2e "base gcc alice own-alice" tests/e2e/test_lab.py
}

# The totals in a log: automake's last ones, or the runner's last line. Nothing: no line.
job_totals() {
    awk '/^# (TOTAL|PASS|XFAIL|FAIL|ERROR|XPASS):/ { n[$2] = $3 }
        /^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3; runner = 1 }
        END {
            if ("TOTAL:" in n) print n["PASS:"] + n["XFAIL:"], n["FAIL:"] + n["ERROR:"] + n["XPASS:"]
            else if (runner) print p, f
        }' "$1"
}

# Wait for the job that this one depends on.
await_needs() {
    local need=''
    case $1 in
    e2e-* | own-alice | manuals | valgrind | vm | small | sysvinit) need=gcc ;;
    package-again) need=package ;;
    debian13-* | vm13) need=debian13 ;;
    cross-*) need=cross ;;
    fuzz-build) ;;
    fuzz-*) need=fuzz-build ;;
    esac
    [ -z "$need" ] || until [ -e "$W/log/$need.done" ]; do sleep 0.2; done
}

# The end of a failing log, with the names of what failed in front if they are further up.
show_failure() {
    { grep -E '^(FAIL|ERROR|XPASS):? |: error: |^\[  FAILED  \] ' "$1" || true; } | sort -u | head -n 30 | sed 's/^/    ! /'
    tail -n 60 "$1" | sed 's/^/    /'
}

# run_job NAME COMMAND...: writes "SECONDS PASSED FAILED NAME" to the results and shows the end of a failing log.
run_job() {
    local name=$1 began passed failed rc=0
    shift
    await_needs "$name"
    began=$SECONDS
    "$@" 2>&1 </dev/null | cat >"$W/log/$name" || rc=$?
    : >"$W/log/$name.done"
    read -r passed failed <<<"$(job_totals "$W/log/$name")" || true
    if [ -z "$passed" ]; then
        passed=$((rc == 0)) failed=$((rc != 0))
    elif [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    fi
    {
        flock 9
        check_count "$name" $((SECONDS - began)) "$passed" "$failed"
        grep -E '^skip ' "$W/log/$name" | sed 's/^/    /' || true
        echo "$passed $failed" >>"$W/log/results"
        [ "$failed" -eq 0 ] || show_failure "$W/log/$name"
    } 9>>"$W/log/lock"
}

# A worker takes the next job of the list until there is none.
worker() {
    local job
    while job=$(next_job) && [ -n "$job" ]; do
        # shellcheck disable=SC2086
        run_job "${job%% *}" ${job#* }
    done
}
next_job() {
    {
        flock 9
        head -n 1 "$W/log/jobs"
        sed -i 1d "$W/log/jobs"
    } 9>>"$W/log/queue"
}

# Every job there is, "NAME COMMAND...": those that others wait for come first.
all_jobs() {
    local file
    printf '%s\n' "gcc job_gcc" "clang job_clang" "sanitizers job_sanitizers" "format job_format" \
        "manuals job_manuals" "shell-scripts job_shell" "platform job_platform"
    printf '%s\n' "fuzz-build job_fuzz_build" "debian13 job_debian13"
    printf "%s\n" "readme job_readme" "policies job_policies" "own-alice job_own_alice" "small job_small" "respond job_respond" "package job_package" "distcheck job_distcheck" "valgrind job_valgrind"
    for file in "$LAB_REPO"/tests/e2e/test_*.py; do
        file=${file##*/}
        echo "e2e-${file%.py} job_e2e $file"
    done
    # shellcheck disable=SC2086
    debian13_rows $DEBIAN13_E2E
    for file in "$LAB_REPO"/tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        [ ! -e "$LAB_REPO/tests/fuzz/fuzz_$file" ] || echo "fuzz-${file%.c} job_fuzz ${file%.c}"
    done
}

# The named jobs and the jobs that they wait for; without names, all.
check_jobs() {
    local line name
    [ $# -gt 0 ] || { all_jobs && return; }
    # shellcheck disable=SC2046
    set -- $(cross_names $(debian13_names "$@"))
    case " $* " in *' own-alice'* | *' e2e-'* | *' manuals'* | *' valgrind'* | *' vm '* | *' small'* | *' sysvinit'*) set -- gcc "$@" ;; esac
    case " $*" in *' package-again'*) set -- package "$@" ;; esac
    case " $*" in *' fuzz-'*) set -- fuzz-build "$@" ;; esac
    { all_jobs && debian13_more && cross_rows && printf "%s\n" "package-again job_package_again" "mutate job_mutate" "vm job_vm" "vm13 job_vm13" "rpm job_rpm" "sysvinit job_sysvinit" "release job_release"; } | while read -r line; do
        for name in "$@"; do
            [ "$name" != "${line%% *}" ] || { echo "$line" && break; }
        done
    done
}

# check_world PASSED FAILED [JOB...]: runs the jobs and adds their results to the counts from outside.
check_world() {
    CHECK_PASSED=$1 CHECK_FAILED=$2
    local passed failed jobs ended
    shift 2
    lab_step "copy of this machine, packages, LDAP world" prepare_base check
    lab_step "autoreconf" in_copy base "autoreconf -fi"
    check_jobs "$@" >"$W/log/jobs"
    jobs=$(wc -l <"$W/log/jobs")
    worker &
    worker &
    wait
    while read -r passed failed; do
        CHECK_PASSED=$((CHECK_PASSED + passed)) CHECK_FAILED=$((CHECK_FAILED + failed))
    done <"$W/log/results"
    ended=$(wc -l <"$W/log/results")
    # a worker may have died: a job without a result has not passed
    [ "$ended" -eq "$jobs" ] || check_count "jobs without a result" 0 0 $((jobs - ended))
    lab_say "done"
    echo "$CHECK_PASSED passed, $CHECK_FAILED failed"
    [ "$CHECK_FAILED" -eq 0 ]
}
