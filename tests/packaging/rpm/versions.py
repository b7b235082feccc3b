# SPDX-License-Identifier: ISC
"""breakglass due on a host of rpm: real packages in a database of rpm's own, and no dpkg. With the package rpm."""

import os
import shutil

import bglab

SPEC = "Name: {}\nVersion: {}\nRelease: {}\n{}Summary: x\nLicense: ISC\nBuildArch: noarch\n%description\nx\n%files\n"
TOP = "/root/rpm"


def start() -> None:
    if shutil.which("rpmbuild") is None:
        return
    bglab.command("breakglass init --yes")
    os.makedirs("/etc/rpm", exist_ok=True)
    with open("/etc/rpm/macros", "w", encoding="ascii") as file:
        file.write("%_dbpath /var/lib/rpm\n")


def install(name: str, version: str, release: str, epoch: int = 0) -> None:
    os.makedirs(TOP, exist_ok=True)
    with open(f"{TOP}/{name}.spec", "w", encoding="ascii") as file:
        file.write(SPEC.format(name, version, release, f"Epoch: {epoch}\n" if epoch else ""))
    bglab.command(f"rpmbuild -bb --quiet --define '_topdir {TOP}' {TOP}/{name}.spec")
    bglab.command(f"rpm -U --force-debian --nosignature --nodeps {TOP}/RPMS/noarch/{name}-{version}-{release}.noarch.rpm")


def told() -> list[str]:
    bglab.run("breakglass due", timeout=60)
    return [e["data"]["unmapped"]["breakglass"]["detail"] for e in bglab.journal() if "host.changed" in e["type"]]


def test_versions_come_from_rpm() -> None:
    if shutil.which("rpmbuild") is None:
        raise bglab.Skip("no rpmbuild")
    bglab.equal(told(), [])
    assert not os.path.exists("/var/lib/rpm/rpmdb.sqlite")  # dpkg answers, so rpm is not asked
    os.rename("/usr/bin/dpkg-query", "/usr/bin/dpkg-query.away")
    install("pam", "1.5.1", "15.el9")
    install("openssl-libs", "3.0.7", "27.el9", 1)
    install("bash", "5.1.8", "6.el9")
    first = "pam 1.5.1-15.el9, openssl-libs 1:3.0.7-27.el9"
    bglab.equal(told(), [first])
    bglab.equal(told(), [first])
    install("bash", "5.1.8", "9.el9")  # no login depends on it
    bglab.equal(told(), [first])
    install("pam", "1.5.1", "19.el9")
    bglab.equal(told(), [first, "pam 1.5.1-19.el9"])
    bglab.equal(told(), [first, "pam 1.5.1-19.el9"])


def test_a_database_that_is_none() -> None:
    if shutil.which("rpmbuild") is None:
        raise bglab.Skip("no rpmbuild")
    before = told()
    shutil.move("/var/lib/rpm", "/var/lib/rpm.away")
    os.mkdir("/var/lib/rpm")
    with open("/var/lib/rpm/rpmdb.sqlite", "wb") as file:
        file.write(4096 * b"x")
    said = bglab.run("rpm -q pam")
    assert "not a database" in said.stdout + said.stderr, said
    bglab.equal(told(), before)
    shutil.rmtree("/var/lib/rpm")
    shutil.move("/var/lib/rpm.away", "/var/lib/rpm")
    bglab.equal(told(), before)
