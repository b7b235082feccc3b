# SPDX-License-Identifier: ISC
"""The lab itself: real logins of everybody else, and real LDAP outages."""

import glob
import re
import time
from collections.abc import Callable

import bglab
from bglab import PASSWORDS


def start() -> None:
    bglab.start_daemons()
    bglab.start("cron")


def test_people_have_their_groups() -> None:
    out = bglab.run("id -G luser5; id -G fuser; id -G root").stdout.split("\n")
    assert sorted(out[0].split()) == ["20000", "30000", "30099", "4"], out
    assert out[1:3] == ["5000", "0"], out


def test_login_of_ldap_user() -> None:
    since = bglab.auth_log_mark()
    with bglab.login("luser5") as person:
        bglab.password_login(person, PASSWORDS["luser5"])
        assert person.shell("id -un; id -u") == "luser5\n20005\n"
        assert person.shell("tty").startswith("/dev/pts/")
    bglab.wait_auth_log(r"login(\[\d+\])?: pam_unix\(login:session\): session opened for user luser5", since)


def test_login_of_local_user_and_wrong_password() -> None:
    with bglab.login("fuser") as person:
        person.expect(bglab.dialogue.PASSWORD_PROMPT)
        person.line("wrong")
        person.expect(bglab.dialogue.LOGIN_INCORRECT)
        person.expect(bglab.dialogue.LOGIN_PROMPT)
        person.line("fuser")
        bglab.password_login(person, PASSWORDS["fuser"])
        assert person.shell("id -u") == "5000\n"


def test_login_on_a_named_console() -> None:
    with bglab.login("fuser", device="ttyS0") as person:
        bglab.password_login(person, PASSWORDS["fuser"])
        assert person.shell("tty") == "/dev/ttyS0\n"


def test_a_terminal_that_is_closed_for_a_moment() -> None:
    """As the login of util-linux does it; and the end is still an end."""
    script = "t=$(tty); exec <&- >&- 2>&-; sleep 0.3; echo back >$t"
    with bglab.Session(["/bin/sh", "-c", script]) as person:
        person.expect("back", timeout=10)
        began = time.monotonic()
        bglab.equal((person.expect_end(timeout=10).strip(), person.wait()), ("", 0))
        assert time.monotonic() - began < 5


def test_ssh_of_ldap_user() -> None:
    with bglab.ssh("luser5", method="password") as person:
        bglab.password_login(person, PASSWORDS["luser5"])
        assert person.shell("id -u") == "20005\n"
        person.line("exit 7")
        assert person.wait() == 7


def test_su_from_and_to() -> None:
    with bglab.su("luser1", uid=5000) as person:
        bglab.password_login(person, PASSWORDS["luser1"])
        assert person.shell("id -u") == "20001\n"
    with bglab.su("fuser") as root:
        root.expect_shell()
        assert root.shell("id -u") == "5000\n"


def test_requests_are_counted() -> None:
    mark = bglab.nslcd_mark()
    bglab.run("true")
    assert bglab.nslcd_requests_since(mark) == []
    bglab.run("id root")
    seen = bglab.nslcd_requests_since(mark)
    assert [r.what for r in seen] == ['group/member="root"'], seen
    assert seen[0].searches == 2


def test_requests_of_the_dead_are_not_counted() -> None:
    """What asked before, and has ended, is no doing of whatever is looked at now."""
    bglab.freeze("nslcd")
    try:
        bglab.run("timeout 1 id root")
        mark = bglab.nslcd_mark()
    finally:
        bglab.thaw("nslcd")
    bglab.until("nslcd takes it up", lambda: b"connection from" in open(bglab.NSLCD_LOG, "rb").read()[mark[0]:])
    assert bglab.nslcd_requests_since(mark) == []


def test_requests_from_before_are_not_counted() -> None:
    """nslcd says something of them whenever the directory has."""
    said: Callable[[], bytes] = lambda: open(bglab.NSLCD_LOG, "rb").read()[mark[0]:]  # noqa: E731
    mark = bglab.nslcd_mark()
    bglab.freeze("slapd")
    try:
        bglab.run("timeout 1 id root")
        bglab.until("nslcd has asked", lambda: b"myldap_search(" in said())
        mark = bglab.nslcd_mark()
    finally:
        bglab.thaw("slapd")
    bglab.until("nslcd goes on", lambda: b'<group/member="root">' in said())
    bglab.equal(bglab.nslcd_requests_since(mark), [])


def _stuck(seconds: float) -> bool:
    began = time.monotonic()
    bglab.run(f"timeout {seconds} id root")
    return time.monotonic() - began >= seconds


def test_hang_is_a_hang() -> None:
    bglab.ldap("hang")
    try:
        assert _stuck(3)
        assert bglab.run("getent passwd fuser", timeout=20).returncode == 0
    finally:
        bglab.ldap("up")
    assert bglab.run("id luser5").returncode == 0


def test_drop_is_a_hang() -> None:
    bglab.run("id root")
    bglab.ldap("drop")
    try:
        assert _stuck(3)
    finally:
        bglab.ldap("up")
    assert bglab.run("id luser5").returncode == 0


def test_refused_costs_seconds() -> None:
    bglab.ldap("refused")
    try:
        assert _stuck(1)
        mark = bglab.nslcd_mark()
        bglab.run("timeout 2 id root")
        seen = bglab.nslcd_requests_since(mark)
        assert any("Connection refused" in line or "no available" in line or "Can't contact" in line
                   for r in seen for line in r.lines), seen
    finally:
        bglab.ldap("up")
    assert bglab.run("id luser5").returncode == 0


def test_syslog_reaches_auth_log() -> None:
    since = bglab.auth_log_mark()
    bglab.run(["logger", "-p", "authpriv.alert", "lab says hello"])
    bglab.wait_auth_log("lab says hello", since)


def _foreign_descriptors() -> list[str]:
    """Open files and directories on mounts that this copy does not have."""
    ours = {line.split()[0] for line in bglab.read("/proc/self/mountinfo").splitlines()}
    found = []
    for path in glob.glob("/proc/[0-9]*/fd/*"):
        target = bglab.run(["readlink", path]).stdout.strip()
        info = re.search(r"mnt_id:\s*(\d+)", bglab.read(path.replace("/fd/", "/fdinfo/")))
        if target.startswith("/") and info and info[1] not in ours:
            found.append(f"{path} -> {target}")
    return found


def test_the_machine_is_out_of_reach() -> None:
    assert bglab.run("ls /proc/1/root/usr/src/breakglass/setup").returncode == 0, "pid 1 is the copy's own"
    mounts = [line.split()[:3] for line in bglab.read("/proc/self/mounts").splitlines()]
    assert {kind for _, _, kind in mounts} <= {"overlay", "tmpfs", "devpts", "proc", "sysfs"}, mounts
    links = [line.split()[1].split("@")[0] for line in bglab.run("ip -o link show").stdout.splitlines()]
    assert "eth0:" not in links and "bgdrop0" in links, links
    bglab.equal(_foreign_descriptors(), [])


def test_without_ldap_no_request_is_made() -> None:
    """The last test, because it cannot be undone."""
    mark = bglab.nslcd_mark()
    bglab.without_ldap()
    with bglab.login("fuser") as person:
        bglab.password_login(person, PASSWORDS["fuser"])
    assert bglab.nslcd_requests_since(mark) == []
