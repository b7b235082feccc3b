# SPDX-License-Identifier: ISC
"""With a real systemd: logind, user@990.service, sudo by the account, cron and at, and what a power cut leaves."""
# requires: systemd

import json
import os
import signal

import bglab
from bglab import after_power_cut

ACCOUNT, UID, UNIT = "bg1", "990", "user@990.service"
SERVICES = "login,sshd,su,su-l,sudo,systemd-user,cron"
SHARES: list[str] = []
HELD = "/var/lib/held-use"


def start() -> None:
    bglab.start_daemons()
    bglab.start("cron")
    at = os.path.exists("/etc/pam.d/atd")
    if at:
        bglab.start("atd")
    # Debian 12 keeps the service file among the vendor's files; init copies it from there.
    assert not os.path.exists("/etc/pam.d/systemd-user")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, "--uid", UID, "--services", SERVICES + (",atd" if at else "")))
    with open("/etc/sudoers.d/bg1", "w", encoding="ascii") as file:
        file.write(f"{ACCOUNT} ALL=(ALL:ALL) NOPASSWD: ALL\n")
    os.chmod("/etc/sudoers.d/bg1", 0o440)


def events(before: int, kind: str, service: str = "") -> list[dict]:
    """The events of that kind since then (by that PAM service)."""
    return [e for e in bglab.journal()[before:] if f".{kind}." in e["type"] and service in ("", e["data"]["service"]["name"])]


def wait_event(kind: str, before: int, service: str = "", seconds: float = 10.0) -> dict:
    return bglab.until(f"{kind} {service}", lambda: events(before, kind, service), seconds)[0]


def state() -> str:
    """The account's state in "breakglass status"."""
    seen = json.loads(bglab.run(["breakglass", "status", ACCOUNT, "--json"]).stdout)
    return seen["accounts"][0]["state"]


def active() -> str:
    return bglab.run(["systemctl", "is-active", UNIT]).stdout.strip()


def user_manager_gone() -> None:
    bglab.run(["systemctl", "stop", UNIT])
    bglab.until("no user manager", lambda: active() in ("inactive", "failed"))


def sudo_by_number(*words: str):  # type: ignore[no-untyped-def]
    """sudo by somebody who has taken the account's uid without a use."""
    return bglab.run(["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "sudo", "-n", *words])


def test_the_account_is_sealed() -> None:
    bglab.equal(state(), "sealed")


def test_login_while_ldap_hangs() -> None:
    """logind is not asked: no session of its own, no user manager, no runtime directory. It might hang."""
    bglab.ldap("hang")
    before, mark = len(bglab.journal()), bglab.nslcd_mark()
    with bglab.login(ACCOUNT) as person:
        seconds = bglab.open_door(person, SHARES[:2])
        bglab.equal([str(r) for r in bglab.nslcd_requests_since(mark)], [])
        bglab.equal(person.shell("id -u").strip(), UID)
        bglab.equal(person.shell("cat /proc/self/loginuid; echo").split(), [UID])
        bglab.equal(person.shell(f"systemctl is-active {UNIT}").strip(), "inactive")
        assert "user-990" not in person.shell("cat /proc/self/cgroup")
        listed = person.shell("loginctl --no-legend --no-pager list-sessions")
        assert ACCOUNT not in listed, listed
        bglab.equal(person.shell("echo x$XDG_RUNTIME_DIR").strip(), "x")
        bglab.equal(state(), "in use")
        person.line("exit")
        bglab.equal(person.wait(), 0)
    bglab.ldap("up")
    assert seconds < 10, seconds
    wait_event("session.closed", before)
    bglab.equal(state(), "awaiting review")
    bglab.equal(events(before, "gate.exception"), [])


def test_ssh_and_su() -> None:
    for way in (lambda: bglab.ssh(ACCOUNT), lambda: bglab.su(ACCOUNT, uid=bglab.LOCAL["alice"][0])):
        before = len(bglab.journal())
        with way() as person:
            bglab.open_door(person, SHARES[:2])
            bglab.equal(person.shell("id -u").strip(), UID)
            bglab.equal(state(), "in use")
            person.line("exit")
            person.wait()
        wait_event("session.closed", before)
        bglab.equal(state(), "awaiting review")


def test_user_manager_without_a_use() -> None:
    user_manager_gone()
    before = len(bglab.journal())
    bglab.equal(bglab.run(["systemctl", "start", UNIT]).returncode, 0)
    bglab.equal(active(), "active")
    bglab.equal(bglab.own(wait_event("gate.exception", before, "systemd-user"))["detail"], "BG431")
    bglab.equal(state(), "awaiting review")
    user_manager_gone()


def test_sudo_by_the_account_in_its_use() -> None:
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(person.shell("sudo -n id -u").strip(), "0")
        bglab.equal(person.shell("sudo -n cat /proc/self/loginuid; echo").split(), [UID])
        exception = wait_event("gate.exception", before, "sudo")
        person.line("exit")
        person.wait()
    bglab.equal(bglab.own(exception)["detail"], "BG431")
    wait_event("session.closed", before)


def test_sudo_with_the_uid_and_no_use() -> None:
    before = len(bglab.journal())
    done = sudo_by_number("id", "-u")
    assert done.returncode != 0 and done.stdout == "", done
    bglab.equal(bglab.own(wait_event("gate.refused", before, "sudo"))["detail"], "BG430")
    bglab.equal(events(before, "gate.exception"), [])


def test_cron() -> None:
    before = len(bglab.journal())
    with open("/etc/cron.d/bgtest", "w", encoding="ascii") as file:
        file.write(f"* * * * * {ACCOUNT} touch /tmp/cron-was-here\n")
    os.chmod("/etc/cron.d/bgtest", 0o644)
    bglab.equal(bglab.own(wait_event("gate.refused", before, "cron", 130.0))["detail"], "BG430")
    os.unlink("/etc/cron.d/bgtest")
    assert not os.path.exists("/tmp/cron-was-here")


def test_at() -> None:
    """The job is submitted during a use and becomes due after its end."""
    if not bglab.pid_of("atd"):
        raise bglab.Skip("atd is not installed here")
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        person.shell("echo 'touch /tmp/at-was-here' | at now + 1 minute 2>&1")
        assert person.shell("atq").strip() != ""
        person.line("exit")
        person.wait()
    bglab.equal(bglab.own(wait_event("gate.refused", before, "atd", 130.0))["detail"], "BG430")
    # the queue keeps a job that was refused: what ends is atd's child
    bglab.until("atd is done with the job", lambda: bglab.run(["pgrep", "-P", str(bglab.pid_of("atd"))]).returncode == 1)
    assert not os.path.exists("/tmp/at-was-here")


def _ends(end) -> int:  # type: ignore[no-untyped-def]
    """End a session the hard way: the account is not in use afterwards. Return how many closes are on record."""
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(state(), "in use")
        end(person)
        person.wait()
    bglab.until("not in use", lambda: state() == "awaiting review")
    assert sudo_by_number("true").returncode != 0
    return len(events(before, "session.closed"))


def test_login_is_killed() -> None:
    """Nobody is left to close the session; even so, a dead process is not in use. The next event closes it on record."""
    assert _ends(lambda person: os.kill(person.pid, signal.SIGKILL)) <= 1


def test_login_is_told_to_end() -> None:
    """Debian 12's login(1) usually dies of SIGTERM or a hang-up without closing its PAM session: the same."""
    assert _ends(lambda person: os.kill(person.pid, signal.SIGTERM)) <= 1
    assert _ends(lambda person: person.hangup()) <= 1


def test_ssh_client_vanishes() -> None:
    """sshd outlives its client and closes the session."""
    before = len(bglab.journal())
    with bglab.ssh(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        os.kill(person.pid, signal.SIGKILL)
        wait_event("session.closed", before)
    bglab.equal(state(), "awaiting review")


def test_two_uses_at_once() -> None:
    """The end of the newer one is not the end of the other."""
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as first:
        bglab.open_door(first, SHARES[:2])
        with bglab.su(ACCOUNT) as second:
            bglab.open_door(second, SHARES[1:])
            second.line("exit")
            second.wait()
        wait_event("session.closed", before)
        bglab.equal(state(), "in use")
        bglab.equal(first.shell("sudo -n id -u").strip(), "0")
        first.line("exit")
        first.wait()
    bglab.until("the second end", lambda: len(events(before, "session.closed")) == 2)
    bglab.equal(state(), "awaiting review")


def test_a_use_that_is_open_at_the_power_cut() -> None:
    """The last test of this boot: a child keeps the terminal open."""
    person = bglab.login(ACCOUNT)
    bglab.open_door(person, SHARES[:2])
    bglab.equal(state(), "in use")
    with open(HELD, "w", encoding="ascii") as file:
        json.dump({"use": bglab.own(bglab.journal()[-1])["use"], "boot": bglab.read("/proc/sys/kernel/random/boot_id")}, file)
        os.fsync(file.fileno())
    if os.fork() == 0:
        os.setsid()
        signal.pause()


@after_power_cut
def test_nobody_uses_it_after_the_power_cut() -> None:
    held = json.loads(bglab.read(HELD))
    assert held["boot"] != bglab.read("/proc/sys/kernel/random/boot_id")
    uses = [bglab.own(e).get("use") for e in bglab.journal() if ".session.closed." in e["type"]]
    assert held["use"] not in uses
    bglab.equal(state(), "awaiting review")


@after_power_cut
def test_the_lost_use_opens_nothing() -> None:
    bglab.start_daemons()
    before = len(bglab.journal())
    assert sudo_by_number("true").returncode != 0
    wait_event("gate.refused", before, "sudo")


@after_power_cut
def test_journal_verifies() -> None:
    bglab.equal(bglab.run(["breakglass", "journal", "verify"]).returncode, 0)
