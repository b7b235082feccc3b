# SPDX-License-Identifier: ISC
"""Other people's logins are the same with and without our lines: every way in, right and wrong, names, password change."""

import glob
import os

import bglab
import portrait

# the session line alone; of polkit-1 the vendor's file is copied first
WATCHED = ["sudo", "sudo-i", "runuser", "cron", "atd", "other"] + ["polkit-1"] * os.path.exists("/usr/lib/pam.d/polkit-1")
EDITED = ["/etc/nsswitch.conf", "/etc/pam.d/*", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*"]


def edited() -> dict[str, str]:
    """The system's files as they are now."""
    return {path: bglab.read(path) for pattern in EDITED for path in sorted(glob.glob(pattern)) if os.path.isfile(path)}


def start() -> None:
    portrait.prepare()
    bglab.start_daemons()
    before = portrait.paint()
    portrait.sound(before)
    portrait.keep("before", before)
    portrait.keep("files", edited())
    portrait.enrol()


def test_our_lines_are_in_place() -> None:
    """Otherwise the next test would compare nothing with nothing. su-l gets them from su, which it includes."""
    was, now = portrait.kept("files"), edited()
    changed = {path for path in now if now[path] != was.get(path)}
    wanted = {"/etc/nsswitch.conf"} | {f"/etc/pam.d/{service}" for service in ("login", "sshd", "su", *WATCHED)}
    bglab.equal({path for path in changed if "sshd_config.d" not in path}, wanted)
    bglab.equal(len(changed - wanted), 1)
    for path in sorted(wanted):
        assert "breakglass" in now[path], path


def test_with_our_lines() -> None:
    since = bglab.auth_log_mark()
    portrait.same(portrait.paint(), portrait.kept("before"))
    log = bglab.auth_log_since(since)
    assert "luser5" in log, "nothing was logged at all"
    bglab.equal([line for line in log.splitlines() if "breakglass[" in line or "pam_breakglass" in line], [])


def test_the_emergency_account_is_asked() -> None:
    portrait.holds("dialogue", "dialogue", "dialogue", "refused")


def test_with_our_lines_in_sudo_and_passwd_too() -> None:
    """Where an administrator wants them. Both files lack some types of line, which PAM takes from "other"."""
    result = bglab.run(["breakglass", "init", "--services", "login,sshd,su,sudo,passwd", "--yes"])
    assert result.returncode == 0, result.stdout + result.stderr
    for service, kinds in (("sudo", ["auth", "account", "session"]), ("passwd", ["password"])):
        lines = [line.split()[0] for line in bglab.read(f"/etc/pam.d/{service}").splitlines() if "pam_breakglass" in line]
        bglab.equal(sorted(lines), sorted(kinds))
    portrait.expire()
    names = [name for name in portrait.PIECES if name.startswith(("sudo", "passwd")) or "expired" in name]
    portrait.same(portrait.paint(names), portrait.kept("before"))


def test_undone() -> None:
    result = bglab.run(["breakglass", "init", "--undo", "--yes"])
    assert result.returncode == 0, result.stdout + result.stderr
    bglab.equal(edited(), portrait.kept("files"))
    portrait.same(portrait.paint(portrait.SMALL), portrait.kept("before"))
