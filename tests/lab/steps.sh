# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034
# What setup and run-e2e do inside a world: the source tree into a copy, one e2e file, a terminal. After copy.sh.

LAB_SRC=/usr/src/breakglass   # where the sources are in a copy

lab_say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# lab_step TITLE COMMAND...: run quietly; if it fails, show the output and exit.
lab_step() {
    local title=$1 began=$SECONDS
    shift
    lab_say "$title ..."
    if ! "$@" 2>&1 | cat >"$W/log/step"; then
        tail -n 60 "$W/log/step" >&2
        lab_say "FAILED: $title"
        exit 1
    fi
    LAB_STEP_SECONDS=$((SECONDS - began))
}

# The source tree as a tar on stdout: what git would commit, or all but build directories; never .git.
lab_source() {
    local list=$W/log/source-list
    if git -c safe.directory='*' -C "$LAB_REPO" ls-files -co --exclude-standard -z >"$list" 2>/dev/null; then
        tar -C "$LAB_REPO" --owner=0 --group=0 --ignore-failed-read --transform "s,^,${LAB_SRC#/}/,S" \
            --null -T "$list" -cf - 2>/dev/null || true
    else
        tar -C "$LAB_REPO" --owner=0 --group=0 --exclude=./.git --exclude='./_build*' \
            --transform "s,^\.,${LAB_SRC#/},S" -cf - .
    fi
}

# lab_packages LAYERS NAMES: install packages; this copy has the machine's network.
lab_packages() {
    lab_copy --pass http_proxy --pass https_proxy --pass no_proxy "$1" bash -c ". $LAB_SRC/tests/lab/packages.sh && packages_install $2"
}

# lab_e2e LAYERS FILE [NAMES]: one file of tests in a fresh copy. The runner prints the result.
lab_e2e() {
    local layers=$1 file=$2 names=${3-}
    if grep -q '^# requires: systemd' "$LAB_REPO/${file#"$LAB_REPO"/}"; then
        lab_e2e_systemd "$@"
        return
    fi
    file=$LAB_SRC/${file#"$LAB_REPO"/}
    # shellcheck disable=SC2086
    lab_copy --net "$layers" /usr/bin/python3 "$LAB_SRC/tests/lab/runner.py" "$file" $names </dev/null
}

# lab_terminal [--net] LAYERS COMMAND...: COMMAND in a copy, on a terminal of the copy's own, relayed to ours.
lab_terminal() {
    local net=''
    if [ "$1" = --net ]; then
        net=--net
        shift
    fi
    local layers=$1
    shift
    # shellcheck disable=SC2086
    lab_copy $net "$layers" script -q -e -c "$(printf '%q ' "$@")" /dev/null
}
