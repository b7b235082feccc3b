# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2034
# What has to be installed, by purpose, and how. Sourced by setup and by the copy's scripts.

PACKAGES_BUILD="gcc libc6-dev make autoconf automake pkg-config libpam0g-dev libssl-dev libjansson-dev libcurl4-openssl-dev
    libfido2-dev libseccomp-dev libcrypt-dev libhpdf-dev libqrencode-dev"
# To make Debian packages; the second says where units are.
PACKAGES_DEB="build-essential debhelper apt-utils $(. /etc/os-release && [ "${ID-}${VERSION_ID-}" = debian12 ] && echo systemd || echo systemd-dev)"
# What a machine needs when it runs: whom alarms over TLS may trust.
PACKAGES_RUN="ca-certificates"
# The world that a login meets: a directory, its client, syslog, the ways in, a software key (built with libcbor).
PACKAGES_LAB="slapd ldap-utils nslcd libnss-ldapd libpam-ldapd libpam-runtime rsyslog rsyslog-relp rsyslog-gnutls openssh-server openssh-client
    sudo cron login passwd iproute2 procps openssl python3-minimal libpython3-stdlib tar
    libcbor-dev"
PACKAGES_CHECK="clang clang-format llvm libclang-rt-dev libcmocka-dev valgrind binutils mandoc shellcheck
    systemd libpam-systemd dbus pamtester libnss-sss git at strace auditd man-db
    poppler-utils zbar-tools python3-jsonschema
    fido2-tools nscd nftables iptables freeradius libpam-radius-auth zsh fish prometheus-alertmanager faketime rpm rsync
    $([ "$(uname -m)" != x86_64 ] || echo libc6-dev-i386)"

# Ways to log in that others have, for tests/e2e/ill/packages.py.
PACKAGES_ILL="libpam-sss libnss-sss sssd-common libpam-krb5 libpam-u2f libpam-google-authenticator"

# What a release needs beyond that: to be made, and for as many of its tests as possible to run.
PACKAGES_RELEASE="git python3-minimal libpython3-stdlib binutils libcmocka-dev libcbor-dev mandoc man-db openssl python3-jsonschema"

# packages_missing NAME...: those that are not installed.
packages_missing() {
    # shellcheck disable=SC2086
    { dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } |
        while read -r name status; do [ "$status" != installed ] || echo "$name"; done |
        sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}

# packages_install NAME...: quietly, without questions; only what is missing.
packages_install() {
    local missing
    mapfile -t missing < <(packages_missing "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update &&
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
            install "${missing[@]}"
}
