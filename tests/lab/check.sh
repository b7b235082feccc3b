# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034,SC2154
# ./setup check: every test there is, each job in a copy of its own: two at a time, and a third where it mostly waits.
# After copy.sh and steps.sh.

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

# check_count NAME SECONDS PASSED FAILED [SECONDS-OF-CPU]
check_count() {
    CHECK_PASSED=$((CHECK_PASSED + $3)) CHECK_FAILED=$((CHECK_FAILED + $4))
    local word=ok
    [ "$4" -eq 0 ] || word=FAIL
    printf '[%4d s] %-4s %s (%d s%s): %d passed, %d failed\n' "$SECONDS" "$word" "$1" "$2" "${5:+, $5 s of CPU}" "$3" "$4"
}

# check_cpu FILE: seconds of CPU between the two answers of "times" in it, of what the shell has waited for.
check_cpu() { awk -F '[ms ]+' 'NR % 2 == 0 { t = $1 * 60 + $2 + $3 * 60 + $4 - t } END { printf "%d", t }' "$1"; }

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
    check_one "demo --script" setpriv --pdeathsig TERM -- "$repo/setup" demo --script </dev/null
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

# Beside the jobs, which touch nothing of this machine either; they wait for its totals.
check_demo() {
    CHECK_PASSED=0 CHECK_FAILED=0
    check_one "/etc and /var of this machine are untouched by the demo" demo_leaves_no_trace >"$CHECK_DEMO/log" 2>&1 || true
    echo "$CHECK_PASSED $CHECK_FAILED" >"$CHECK_DEMO/totals"
}
check_await_demo() {
    local end=$((SECONDS + CHECK_JOB_SECONDS))
    until [ -s "$CHECK_DEMO/totals" ] || [ "$SECONDS" -ge "$end" ]; do sleep 0.2; done
    cat "$CHECK_DEMO/log"
    if [ -s "$CHECK_DEMO/totals" ]; then cat "$CHECK_DEMO/totals" >>"$W/log/results"; else check_count "demo" "$CHECK_JOB_SECONDS" 0 1; fi
}

check_outside() {
    local demo rc=0
    check_one "setup refuses without root" refused --reuid=65534 --regid=65534 --clear-groups
    check_one "setup refuses without CAP_SYS_ADMIN" refused --bounding-set=-sys_admin --inh-caps=-sys_admin
    check_one "setup that is killed leaves nothing" killed_leaves_nothing
    CHECK_DEMO=$(mktemp -d)
    export CHECK_DEMO
    check_demo &
    demo=$!
    # shellcheck disable=SC2064
    trap "kill $demo 2>/dev/null || true; rm -rf '$CHECK_DEMO'" EXIT
    lab_world "$repo/setup" check "$CHECK_PASSED" "$CHECK_FAILED" || rc=$?
    return "$rc"
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
# BRIEF: what build-aux/run-test leaves to the build by gcc.
job_make_check() { # LAYERS [BUILD-DIRECTORY [BRIEF]]
    in_copy "base $1" "cd '${2:-_build}' && rc=0; BG_BRIEF=${3-} VERBOSE=1 make -s -j3 check || rc=\$?; $LAB_SRC/tests/lab/skips; exit \$rc"
}
# The layer that the real logins use; they need not wait for the unit tests.
job_gcc() {
    job_build gcc CC=gcc && in_copy "base gcc" "make -s -C _build install && ldconfig && make -s -j2 -C _build check TESTS= >/dev/null"
}
job_gcc_check() { job_make_check "gcc gcc-check"; }
# Warnings that only a machine of 32 bits has.
job_narrow() { in_copy "base narrow" "tests/builds/narrow"; }
# Here also: the build directory's path is longer than a socket's may be.
job_clang() {
    local dir
    dir="_build/$(printf 'long%.0s' {1..60})"
    in_copy "base clang" "mkdir -p '$dir' && cd '$dir' && ../../configure -q --enable-werror CC=clang && make -s -j2" &&
        job_make_check clang "$dir" units
}
# Unoptimized: it compiles in a third of the time, and nothing is optimized away that a sanitizer could see.
job_sanitizers() { job_build asan "CC=clang 'CFLAGS=-g1 -O0' --enable-sanitizers" && job_make_check asan _build "${1-memory}"; }
job_valgrind() { in_copy "base gcc valgrind" "tests/tools/valgrind-check _build"; }
job_distcheck() {
    in_copy "base dist" "mkdir -p _build && cd _build && ../configure -q && BG_BRIEF=data VERBOSE=1 make -s -j3 distcheck 'DISTCHECK_CONFIGURE_FLAGS=--enable-werror CFLAGS=-O2' && ../tests/tools/complete breakglass-*.tar.gz"
}
job_format() { in_copy "base fmt" "tests/tools/licences && find lib pam nss utils tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror"; }
job_manuals() {
    in_copy "base gcc man" "mandoc -T lint -W warning _build/man/*.[1-9]"
}
SHELL_SCRIPTS="setup .ci/run tests/lab/*.sh tests/lab/enter tests/lab/skips tests/lab/platform tests/lab/provision
    tests/lab/run-e2e tests/bench/login-ratio tests/tools/valgrind-check tests/tools/licences
    tests/tools/complete tests/tools/check-recipes tests/tools/check-status man/check-* tests/fuzz/run-fuzzers build-aux/install-module
    build-aux/make-directory build-aux/run-test packaging/systemd/breakglass-rescue.in
    packaging/gear/breakglass-restore.in tests/readme/bare tests/readme/run tests/builds/small tests/builds/respond tests/builds/cross tests/builds/narrow tests/builds/multilib tests/vm/image
    tests/vm/run packaging/release tests/packaging/release tests/packaging/rpm/run
    tests/packaging/policies/run tests/packaging/sysvinit/run packaging/sysvinit/breakglass-alert.in
    packaging/sysvinit/breakglass-alert.openrc.in packaging/make-debs tests/packaging/deb/check"
job_shell() {
    in_copy "base sh" "shellcheck -x ${SHELL_SCRIPTS//$'\n'/ } && shellcheck packaging/debian/*.p* packaging/debian/*.config"
}
job_fuzz_build() {
    in_copy "base fuzz" "mkdir -p _build && cd _build && ../configure -q CC=clang --enable-fuzzers --enable-sanitizers && make -s -j2 fuzzers"
}
job_fuzz() { # NAME: from its seeds
    in_copy "base fuzz fuzz-$1" "tests/fuzz/run-fuzzers 10 _build $1"
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

# By hand only: that versions come from a database of rpm.
job_rpm_versions() { lab_packages "base gcc rpm-with" rpm && lab_e2e "base gcc rpm-with rpm-versions" tests/packaging/rpm/versions.py; }

# SELinux and AppArmor: compiled and parsed.
job_policies() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "base policies" timeout -k 10 "$CHECK_JOB_SECONDS" \
        "$LAB_SRC/tests/packaging/policies/run" "$LAB_SRC"
}

# What packages and releases say of an installation, without building them.
job_facts() { in_copy "base gcc facts" "tests/packaging/facts _build"; }

# By hand only: the alert service without systemd.
job_sysvinit() { in_copy "base gcc sysvinit" "tests/packaging/sysvinit/run _build"; }

# By hand only: the syslog sink by liblogging-stdlog, which Debian has not got any more: its sources are on GitHub
# (rsyslog/liblogging), and this uses what pkg-config finds.
job_stdlog() {
    pkg-config --exists liblogging-stdlog || {
        echo "skip stdlog: liblogging-stdlog is not installed"
        echo "0 passed, 0 failed, 1 skipped"
        return
    }
    job_build stdlog --with-stdlog=yes &&
        in_copy "base stdlog" "make -s -C _build check TESTS=tests/utils/alert/syslog-test && tests/utils/alert/test_alert.py _build test_syslog_sink test_syslog_sink_full"
}

# By hand only: every mutation of tests/tools/mutations, an hour or more.
job_mutate() { CHECK_JOB_SECONDS=14400 in_copy "base mutate" "tests/tools/mutate --jobs 2"; }

# By hand only: check on a host that is made ill in each way of a table, and real logins that must say the same.
job_ill_hosts() { lab_e2e "base gcc ill-hosts" tests/e2e/ill/all.py; }
job_ill_packages() { lab_packages "base gcc ill-with" "$PACKAGES_ILL" && lab_e2e "base gcc ill-with ill-packages" tests/e2e/ill/packages.py; }

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

# The job that this one depends on, if it is not done.
needs() {
    local need=''
    case $1 in
    gcc-check | e2e-* | own-alice | manuals | facts | valgrind | vm | small | sysvinit | ill-hosts | ill-packages) need=gcc ;;
    package-again) need=package ;;
    debian13-* | vm13 | ill-hosts13) need=debian13 ;;
    cross-*) need=cross ;;
    fuzz-build) ;;
    fuzz-*) need=fuzz-build ;;
    esac
    [ -z "$need" ] || [ -e "$W/log/$need.done" ] || echo "$need"
}
await_needs() {
    until [ -z "$(needs "$1")" ]; do sleep 0.2; done
}

# The end of a failing log, with the names of what failed in front if they are further up.
show_names() { { grep -E '^(FAIL|ERROR|XPASS):? |: error: |^\[  FAILED  \] ' "$1" || true; } | sort -u | head -n "$2" | sed 's/^/    ! /'; }
show_failure() {
    show_names "$1" 30
    tail -n 60 "$1" | sed 's/^/    /'
}
# Once more at the end, where whoever reads only that finds them.
show_failed() {
    local name
    while read -r name; do
        echo "FAIL $name"
        show_names "$W/log/$name" 10
    done <"$W/log/failed"
}

# run_job NAME COMMAND...: writes "SECONDS PASSED FAILED NAME" to the results and shows the end of a failing log.
run_job() {
    local name=$1 began passed failed rc=0
    shift
    await_needs "$name"
    began=$SECONDS
    times >"$W/log/$name.cpu"
    "$@" 2>&1 </dev/null | cat >"$W/log/$name" || rc=$?
    times >>"$W/log/$name.cpu"
    : >"$W/log/$name.done"
    read -r passed failed <<<"$(job_totals "$W/log/$name")" || true
    if [ -z "$passed" ]; then
        passed=$((rc == 0)) failed=$((rc != 0))
    elif [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
    fi
    {
        flock 9
        check_count "$name" $((SECONDS - began)) "$passed" "$failed" "$(check_cpu "$W/log/$name.cpu")"
        grep -E '^skip ' "$W/log/$name" | sed 's/^/    /' || true
        echo "$passed $failed" >>"$W/log/results"
        [ "$failed" -eq 0 ] || { show_failure "$W/log/$name" && echo "$name" >>"$W/log/failed"; }
    } 9>>"$W/log/lock"
}

# A worker takes the next job of the list until there is none.
worker() { # [light]: only jobs that leave a core to others
    local job
    while job=$(next_job "${1-}") && [ -n "$job" ]; do
        # shellcheck disable=SC2086
        run_job "${job%% *}" ${job#* }
    done
}
is_light() {
    case $1 in
    e2e-* | debian13-e2e-* | own-alice | facts | format | manuals | shell-scripts | platform | respond | policies) ;;
    *) return 1 ;;
    esac
}
# The first one that need not wait for another, or else the first.
pick_job() { # [light]
    local line name first=''
    while read -r line; do
        name=${line%% *}
        [ -z "$1" ] || is_light "$name" || continue
        [ -z "$(needs "$name")" ] && echo "$line" && return
        first=${first:-$line}
    done <"$W/log/jobs"
    [ -z "$first" ] || echo "$first"
}
next_job() { # [light]
    local job
    {
        flock 9
        job=$(pick_job "$1")
        grep -vxF -e "$job" "$W/log/jobs" >"$W/log/jobs.new" || true
        mv "$W/log/jobs.new" "$W/log/jobs"
    } 9>>"$W/log/queue"
    echo "$job"
}

# Every job there is, "NAME COMMAND...": the one that others wait for first, then those that take long, those first that
# leave the cores to others last.
all_jobs() {
    local file
    printf '%s\n' "gcc job_gcc" "sanitizers job_sanitizers" "debian13 job_debian13" "readme job_readme" "package job_package" \
        "gcc-check job_gcc_check" "distcheck job_distcheck" "clang job_clang" "small job_small" "valgrind job_valgrind" "fuzz-build job_fuzz_build"
    for file in "$LAB_REPO"/tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        [ ! -e "$LAB_REPO/tests/fuzz/fuzz_$file" ] || echo "fuzz-${file%.c} job_fuzz ${file%.c}"
    done
    printf '%s\n' "narrow job_narrow" "respond job_respond" "policies job_policies" "shell-scripts job_shell" "format job_format" "platform job_platform" \
        "manuals job_manuals" "facts job_facts" "own-alice job_own_alice"
    for file in "$LAB_REPO"/tests/e2e/test_*.py; do
        file=${file##*/}
        echo "e2e-${file%.py} job_e2e $file"
    done
    # shellcheck disable=SC2086
    debian13_rows $DEBIAN13_E2E
}

# The named jobs and the jobs that they wait for; without names, all.
check_jobs() {
    local line name
    [ $# -gt 0 ] || { all_jobs && return; }
    # shellcheck disable=SC2046
    set -- $(cross_names $(debian13_names "$@"))
    case " $* " in *' gcc '*) set -- "$@" gcc-check ;; esac
    case " $* " in *' gcc-check '* | *' own-alice'* | *' e2e-'* | *' manuals'* | *' facts '* | *' valgrind'* | *' vm '* | *' small'* | *' sysvinit'* | *' ill-hosts '* | *' ill-packages '*) set -- gcc "$@" ;; esac
    case " $*" in *' package-again'*) set -- package "$@" ;; esac
    case " $*" in *' fuzz-'*) set -- fuzz-build "$@" ;; esac
    { all_jobs && debian13_more && cross_rows && printf "%s\n" "package-again job_package_again" "mutate job_mutate" "sanitizers-all job_sanitizers ''" "stdlog job_stdlog" "ill-hosts job_ill_hosts" "ill-hosts13 job_ill_hosts13" "ill-packages job_ill_packages" "vm job_vm" "vm13 job_vm13" "rpm job_rpm" "rpm-versions job_rpm_versions" "sysvinit job_sysvinit" "release job_release"; } | while read -r line; do
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
    worker light &
    wait
    ended=$(wc -l <"$W/log/results")
    [ -z "${CHECK_DEMO-}" ] || check_await_demo
    while read -r passed failed; do
        CHECK_PASSED=$((CHECK_PASSED + passed)) CHECK_FAILED=$((CHECK_FAILED + failed))
    done <"$W/log/results"
    # a worker may have died: a job without a result has not passed
    [ "$ended" -eq "$jobs" ] || check_count "jobs without a result" 0 0 $((jobs - ended))
    lab_say "done"
    [ ! -e "$W/log/failed" ] || show_failed
    echo "$CHECK_PASSED passed, $CHECK_FAILED failed"
    [ "$CHECK_FAILED" -eq 0 ]
}
