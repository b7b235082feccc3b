# SPDX-License-Identifier: ISC
"""nscd under systemd: init and its undo start it again with the file that they wrote."""
# requires: systemd

import bglab

AUDIT = 59001
BEFORE = bglab.read("/etc/nscd.conf")


def start() -> None:
    if not BEFORE:
        raise bglab.Skip("nscd is not installed")
    bglab.start_daemons("rsyslogd", "sshd")
    bglab.equal(bglab.run(["systemctl", "start", "nscd"]).returncode, 0)


def main_pid() -> str:
    return bglab.run(["systemctl", "show", "--property=MainPID", "--value", "nscd"]).stdout.strip()


def names() -> list[str]:
    """Who is who, asked in the order that misleads a cache which mixes up names and numbers."""
    asked = [str(AUDIT), "bg1", "0", "bg1", "0"]
    return [":".join(bglab.run(["getent", "passwd", what]).stdout.split(":")[:3]) for what in asked]


def test_init() -> None:
    first = main_pid()
    done = bglab.run(["breakglass", "init", "--account", "bg1", "--yes"])
    assert done.returncode == 0 and "nscd was started again" in done.stdout, done
    assert main_pid() not in ("0", first)
    bglab.equal(names(), [f"bg1:x:{AUDIT}", "bg1:x:0", "root:x:0", "bg1:x:0", "root:x:0"])
    bglab.equal(bglab.run("breakglass status 2>&1 | grep -c 'BG61[0-9]'").stdout.strip(), "0")


def test_undo() -> None:
    second = main_pid()
    done = bglab.run(["breakglass", "init", "--undo", "--yes"])
    assert done.returncode == 0 and "nscd was started again" in done.stdout, done
    assert main_pid() not in ("0", second)
    bglab.equal(bglab.read("/etc/nscd.conf"), BEFORE)
