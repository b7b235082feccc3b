# SPDX-License-Identifier: ISC
"""A getty under systemd: it kills all that its login has started, and what happened is on record all the same."""
# requires: systemd

import os
import pty
import time

import bglab
import usbkey
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
UNIT = "bggetty.service"

# As serial-getty@.service of systemd 252, but for what waits for a device.
SERVICE = """[Service]
ExecStart=/sbin/agetty -o '-p -- \\\\u' --noreset --noclear --keep-baud 115200 {name} dumb
Type=simple
Restart=always
RestartSec=0
StartLimitBurst=0
TTYPath=/dev/{name}
TTYReset=yes
TTYVHangup=no
IgnoreSIGPIPE=no
KillMode=control-group
SendSIGHUP=yes
StandardInput=tty
StandardOutput=tty
[Unit]
StartLimitIntervalSec=0
"""


class Line(bglab.Session):
    """The person's end of a line that systemd keeps a getty on."""

    def __init__(self) -> None:  # pylint: disable=super-init-not-called
        self.transcript = self.pending = ""
        self.last_key, self.status = time.monotonic(), 0
        bglab.run("rm -f /run/breakglass/state/budget*")  # what a test has used up is none of the next one's
        self.master, self.slave = pty.openpty()
        self.name = os.ttyname(self.slave).removeprefix("/dev/")
        with open(f"/run/systemd/system/{UNIT}", "w", encoding="ascii") as file:
            file.write(SERVICE.format(name=self.name))
        bglab.run(["systemctl", "daemon-reload"])
        result = bglab.run(["systemctl", "start", UNIT])
        bglab.equal((result.returncode, result.stderr), (0, ""))

    def close(self) -> None:
        bglab.run(["systemctl", "stop", UNIT])
        os.close(self.slave)
        self.hangup()


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def aborted(before: int) -> int:
    return bglab.event_types(bglab.journal()[before:]).count("attempt.aborted")


def named(person: Line) -> None:
    person.expect(dialogue.LOGIN_PROMPT)
    person.line(ACCOUNT)


def needs_ctrl_c() -> None:
    if not bglab.ctrl_c_ends_login():
        raise bglab.Skip("login ignores Ctrl-C here")


def test_ctrl_c_is_on_record_each_time() -> None:
    """At the first question and at a share, six times each."""
    needs_ctrl_c()
    before = len(bglab.journal())
    with Line() as person:
        for i in range(12):
            named(person)
            person.expect(dialogue.START)
            if i % 2:
                person.line()
                person.expect(dialogue.SHARE)
            person.ctrl("C")
            bglab.until(f"Ctrl-C {i + 1} is on record", lambda n=i + 1: aborted(before) == n, 20)


def test_the_helper_is_not_in_the_getty_s_service() -> None:
    with Line() as person:
        named(person)
        person.expect(dialogue.START)
        pid = bglab.run("pgrep -n -x breakglass-logi").stdout.strip()
        assert UNIT not in bglab.read(f"/proc/{pid}/cgroup"), bglab.read(f"/proc/{pid}/cgroup")
        ignored = int(bglab.run(f"grep SigIgn /proc/{pid}/status").stdout.split()[1], 16)
        assert ignored & 1 << 0 and ignored & 1 << 14, hex(ignored)  # SIGHUP, SIGTERM


def test_a_service_that_is_stopped() -> None:
    """SIGTERM and SIGHUP to everything at once, as at a shutdown."""
    before = len(bglab.journal())
    with Line() as person:
        named(person)
        person.expect(dialogue.START)
        person.line()
        person.expect(dialogue.SHARE)
    bglab.until("it is on record", lambda: aborted(before) == 1)


def test_ctrl_c_at_the_touch() -> None:
    """The key stops blinking each time, and the next login uses it."""
    needs_ctrl_c()
    conf = "[login]\ndelay-console = 1\nconsoles = pts/[0-9]*\n"
    with usbkey.key("--touch", "auto", conf=conf) as plugged, Line() as person:
        made = bglab.run(["breakglass", "key", "add", ACCOUNT, "--label", "blue", "--yes"])
        bglab.equal(made.returncode, 0)
        plugged.tell("touch never")
        before = len(bglab.journal())
        for i in range(7):
            named(person)
            person.expect(dialogue.KEY_START)
            person.line()
            person.expect(dialogue.TOUCH)
            person.ctrl("C")
            plugged.wait("blinking", "no")
            bglab.until(f"Ctrl-C {i + 1} is on record", lambda n=i + 1: aborted(before) == n, 20)
        named(person)
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.TOUCH)
        plugged.tell("press")
        person.expect(dialogue.NAME)
        assert "BG144" not in person.transcript, person.transcript
