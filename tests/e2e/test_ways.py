# SPDX-License-Identifier: ISC
"""Every way to become the account that is not its dialogue: what it does, what is on record, and that nobody else is touched.
The manual's table (pam_breakglass, "Ways into the account") says the same."""

import contextlib
import os
from collections.abc import Callable, Iterator

import bglab

ACCOUNT, OWN_UID = "bg1", "bg2"
HELPER = "/usr/libexec/breakglass/breakglass-login"
MODULE = bglab.run("ls /lib/*/security/pam_breakglass.so").stdout.strip()
SAY = "echo INSIDE as $(id -u)"
SHELL = ["sh", "-c", SAY]
JOB = "/tmp/job-was-here"


def start() -> None:
    bglab.start_daemons()
    bglab.start("atd")
    with open(f"{bglab.STATE}/before", "w", encoding="utf-8") as file:
        file.write(others())
    bglab.enrol(ACCOUNT, 2, 3)
    bglab.enrol(OWN_UID, 2, 3, "--uid", "790")


# -- other people ----------------------------------------------------------------------------------


def job_of(command: Callable[[], None]) -> str:
    """What a job leaves that runs later and elsewhere."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(JOB)
    command()
    return bglab.until("the job has run", lambda: bglab.read(JOB))


def cron_job(user: str) -> None:
    """cron runs these jobs as soon as it starts, in the same way as all others."""
    with open("/etc/cron.d/lab", "w", encoding="ascii") as file:
        file.write(f"@reboot {user} id >{JOB}.new; mv {JOB}.new {JOB}\n")
    os.chmod("/etc/cron.d/lab", 0o644)
    bglab.stop("cron")
    bglab.run("rm -f /run/crond.reboot")
    bglab.start("cron")


def at_job(user: str) -> None:
    bglab.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "sh", "-c", f"cd /; echo 'id >{JOB}.new; mv {JOB}.new {JOB}' | at now"])


def others() -> str:
    """By each of these ways somebody else gets in, and what they find."""
    said = []
    for argv in (["sudo", "-u", "alice", "id"], ["sudo", "-i", "-u", "alice", "id"], ["sudo", "id"], ["runuser", "-u", "alice", "--", "id"],
                 ["runuser", "-l", "alice", "-c", "id"], ["runuser", "alice", "-c", "id; ulimit -a"],
                 ["sudo", "-u", "luser5", "id"], ["runuser", "-u", "luser5", "--", "id"],
                 ["pamtester", "unheardof", "alice", "open_session", "close_session"], ["pamtester", "unheardof", "luser5", "open_session"]):
        result = bglab.run(argv)
        said.append(f"{' '.join(argv)}: {result.returncode}\n{result.stdout}{result.stderr}")
    for user in ("alice", "root"):
        said.append(f"cron {user}: " + job_of(lambda: cron_job(user)))
        said.append(f"at {user}: " + job_of(lambda: at_job(user)))
    text = "\n".join(said)
    assert text.count("uid=5001") == 7 and text.count("uid=20005") == 2 and text.count("uid=0") == 3 and "open file" in text, text
    return text


@contextlib.contextmanager
def away(path: str) -> Iterator[None]:
    os.rename(path, f"{path}.away")
    try:
        yield
    finally:
        os.rename(f"{path}.away", path)


def as_before() -> None:
    bglab.equal(others(), bglab.read(f"{bglab.STATE}/before"))


def test_others() -> None:
    before = len(bglab.journal())
    as_before()
    bglab.equal(bglab.journal()[before:], [])


def test_others_without_helper() -> None:
    with away(HELPER):
        as_before()


def test_others_without_module() -> None:
    with away(MODULE):
        as_before()


def test_others_without_accounts_file() -> None:
    with away("/etc/breakglass/accounts"):
        as_before()


# -- the account -----------------------------------------------------------------------------------

# What is typed; does it get in; the event. Nothing but root's rights is needed for any of them, and these suffice
# to do the same without PAM: the last rows say so.
WAYS: dict[str, tuple[list[str], bool, str]] = {
    "login_f": (["login", "-f", ACCOUNT], False, "gate.refused"),
    "sudo_u": (["sudo", "-u", ACCOUNT, *SHELL], False, "session.ungranted"),
    "sudo_i": (["sudo", "-i", "-u", ACCOUNT, *SHELL], False, "session.ungranted"),
    "sudo_s": (["sudo", "-s", "-u", ACCOUNT, *SHELL], False, "session.ungranted"),
    "sudo_by_the_audit_uid": (["sudo", "-u", "#59001", *SHELL], False, "session.ungranted"),
    "sudoedit": (["sudo", "-u", ACCOUNT, "-e", "/etc/hosts"], False, "session.ungranted"),
    "runuser_u": (["runuser", "-u", ACCOUNT, "--", *SHELL], False, "session.ungranted"),
    "runuser": (["runuser", ACCOUNT, "-c", SAY], False, "session.ungranted"),
    "runuser_pty": (["runuser", "-P", ACCOUNT, "-c", SAY], False, "session.ungranted"),
    "runuser_l": (["runuser", "-l", ACCOUNT, "-c", SAY], False, "session.ungranted"),
    "other": (["pamtester", "unheardof", ACCOUNT, "open_session"], False, "session.ungranted"),
    "pkexec": (["pkexec", "--user", ACCOUNT, *SHELL], False, "session.ungranted"),
    "setpriv": (["setpriv", f"--reuid={ACCOUNT}", "--init-groups", "--regid=0", *SHELL], True, ""),
    "chroot": (["chroot", f"--userspec={ACCOUNT}", "/", *SHELL], True, ""),
    "start_stop_daemon": (["start-stop-daemon", "--start", "--chuid", ACCOUNT, "--exec", "/bin/sh", "--", "-c", SAY], True, ""),
}


def new_events(before: int) -> list[str]:
    return bglab.event_types(bglab.journal()[before:])


def _test_of(argv: list[str], inside: bool, event: str) -> Callable[[], None]:
    def test() -> None:
        if bglab.run(["which", argv[0]]).returncode != 0 or (argv[0] == "pkexec" and not os.path.exists("/run/dbus/system_bus_socket")):
            raise bglab.Skip(f"{argv[0]} is not here, or cannot run")
        before = len(bglab.journal())
        with bglab.Session(argv, env={"EDITOR": "/bin/true"}) as person:
            shown = person.expect_end()
            status = person.wait()
        bglab.equal((("INSIDE as 0" in shown), status == 0, new_events(before)), (inside, inside, [event] if event else []))

    return test


for _name, _way in WAYS.items():
    _test = _test_of(*_way)
    _test.__name__ = f"test_{_name}"
    globals()[_test.__name__] = _test


def test_cron() -> None:
    before = len(bglab.journal())
    with contextlib.suppress(FileNotFoundError):
        os.unlink(JOB)
    cron_job(ACCOUNT)
    bglab.until("an event", lambda: new_events(before) == ["session.ungranted"])
    bglab.stop("cron")
    assert not os.path.exists(JOB)


def test_at() -> None:
    """A job belongs to a number, so only an account with one of its own has any."""
    before = len(bglab.journal())
    with contextlib.suppress(FileNotFoundError):
        os.unlink(JOB)
    at_job(OWN_UID)
    bglab.until("an event", lambda: new_events(before) == ["session.ungranted"])
    bglab.equal(bglab.journal()[-1]["subject"], OWN_UID)
    assert "uid=5001" in job_of(lambda: at_job("alice"))  # hers is later
    bglab.equal(new_events(before), ["session.ungranted"])


def test_sudo_by_one_who_may_be_only_the_account() -> None:
    """Without our line such a rule would be a way in that nobody hears of."""
    with open("/etc/sudoers.d/lab-bg1", "w", encoding="ascii") as file:
        file.write(f"fuser ALL=({ACCOUNT}) NOPASSWD: ALL\n")
    os.chmod("/etc/sudoers.d/lab-bg1", 0o440)
    before = len(bglab.journal())
    result = bglab.run(["sudo", "-n", "-u", ACCOUNT, *SHELL], uid=5000)
    assert "INSIDE" not in result.stdout and result.returncode != 0, result
    bglab.equal(new_events(before), ["session.ungranted"])


def test_without_helper() -> None:
    """The account is refused all the same, by the module alone."""
    with away(HELPER):
        for argv in (["sudo", "-u", ACCOUNT, *SHELL], ["runuser", "-u", ACCOUNT, "--", *SHELL]):
            result = bglab.run(argv)
            assert "INSIDE" not in result.stdout and result.returncode != 0, result
