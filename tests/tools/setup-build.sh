#!/bin/bash
# SPDX-License-Identifier: ISC
# setup build never fails without a word: each tool that it runs is played by one that fails and says nothing.
set -u
src=$(cd "${srcdir:-.}" && pwd)
top=$(mktemp -d "${TMPDIR:-/tmp}/bg-setup.XXXXXX") || exit 99
trap 'rm -rf "$top"' EXIT
bad=0

mkdir -p "$top/bin" "$top/tree/tests"
cp -r "$src/setup" "$top/tree/" && cp -r "$src/tests/lab" "$top/tree/tests/" || exit 99
for tool in bash cat comm dirname env find id mkdir mktemp nproc printf readlink rm sed sort tr; do
    ln -s "$(command -v "$tool")" "$top/bin/$tool"
done

# play TOOL STATUS [OUTPUT]
play() {
    printf '#!/bin/sh\n%s\nexit %s\n' "${3-}" "$2" >"$top/bin/$1"
    chmod +x "$top/bin/$1"
}

# says STATUS PATTERN WHAT
says() {
    local out rc
    out=$(cd / && PATH=$top/bin "$top/tree/setup" build 2>&1 </dev/null)
    rc=$?
    if [ "$rc" -ne "$1" ] || ! grep -q "$2" <<<"$out"; then
        echo "$3: status $rc, output: $out"
        bad=1
    fi
}

# every package is there
# shellcheck disable=SC2016
installed='for p; do case $p in -*) ;; *) echo "$p installed" ;; esac; done'
play dpkg-query 0 "$installed"
play apt-get 5
play autoreconf 3
says 3 'autoreconf' "autoreconf fails"
play autoreconf 0 ": >$top/tree/configure; chmod +x $top/tree/configure"
play make 2
printf '#!/bin/sh\nexit 4\n' >"$top/tree/configure"
chmod +x "$top/tree/configure"
says 4 'configure' "configure fails"
printf '#!/bin/sh\n' >"$top/tree/configure"
says 2 'make' "make fails"
# none is there: named, and as root fetched
play dpkg-query 1
if [ "$(id -u)" -eq 0 ]; then
    says 5 'installing: .*gcc' "apt fails"
else
    says 3 'not installed: .*gcc' "packages are missing"
fi
rm "$top/bin/dpkg-query"
if [ "$(id -u)" -eq 0 ]; then
    says 5 'installing: .*gcc' "no dpkg-query"
else
    says 3 'not installed: .*gcc' "no dpkg-query"
fi
exit "$bad"
