# SPDX-License-Identifier: ISC
# requires: systemd
"""What lies in /run comes home by itself: by the path unit, and by the units of the way down."""
import os

import bglab
from bglab import command

DIR = "/var/lib/breakglass/journal"
RUN = "/run/breakglass/journal"
UNITS = ("breakglass-journal.path", "breakglass-journal-stop.service", "breakglass-journal-shutdown.service")


def start() -> None:
    command("systemd-sysusers; true")
    command("breakglass init --account bg1 --yes")
    command("systemd-tmpfiles --create /usr/lib/tmpfiles.d/breakglass.conf")
    command("systemctl stop breakglass-journal.path breakglass-journal.service breakglass-alert.timer")  # which init starts


def fallen() -> list[str]:
    return [name for name in os.listdir(RUN) if name.endswith(".jsonl")]


def fall(number: int) -> None:
    """So many events that the journal refuses (its mode)."""
    os.chmod(DIR, 0o770)
    for i in range(number):
        command(f"breakglass {'disable' if i % 2 == 0 else 'enable'} bg1 --yes")
    assert fallen(), "nothing is in /run"


def assert_home(before: int, number: int) -> None:
    bglab.until("/run is empty", lambda: not fallen())
    events = bglab.journal()[before:]
    bglab.equal(bglab.event_types(events), ["config.changed"] * number)
    bglab.equal(bglab.run("breakglass journal verify").returncode, 0)


def test_units_are_sound() -> None:
    for unit in (*UNITS, "breakglass-journal.service"):
        seen = bglab.run(f"systemd-analyze verify --man=no {unit}", timeout=60)
        assert unit not in seen.stderr, seen.stderr
    command(f"systemctl disable {' '.join(UNITS)}; systemctl enable breakglass-journal.path")  # which takes the others along
    for target in ("reboot", "poweroff", "halt", "kexec"):
        assert os.path.islink(f"/etc/systemd/system/{target}.target.wants/breakglass-journal-shutdown.service")


def test_at_the_stop() -> None:
    """The normal way down: while the journal's file system is still mounted."""
    before = len(bglab.journal())
    command("systemctl start breakglass-journal-stop.service")
    fall(2)
    os.chmod(DIR, 0o750)
    command("systemctl stop breakglass-journal-stop.service")
    assert_home(before, 2)


def test_on_the_way_down_from_emergency() -> None:
    before = len(bglab.journal())
    fall(2)
    os.chmod(DIR, 0o750)
    command("systemctl start breakglass-journal-shutdown.service")
    assert_home(before, 2)


def test_a_journal_that_goes_on_refusing_stops_nobody() -> None:
    """The way down goes on, within its bound, and it is said."""
    fall(2)
    os.chmod(DIR, 0o770)
    command("systemctl start breakglass-journal-shutdown.service")
    assert fallen()
    assert "BG315" in command("journalctl -u breakglass-journal-shutdown.service --no-pager")
    os.chmod(DIR, 0o750)
    command("systemctl start breakglass-journal.service")
    bglab.until("/run is empty", lambda: not fallen())


def test_as_soon_as_it_takes_them() -> None:
    """The path unit sees that there are any, and its service tries until they are home."""
    before = len(bglab.journal())
    command("systemctl start breakglass-journal.path")
    fall(2)
    bglab.until(
        "the service tries", lambda: "activ" in command("systemctl show -P ActiveState breakglass-journal.service")
    )
    assert fallen()
    os.chmod(DIR, 0o750)
    assert_home(before, 2)


def test_with_the_next_delivery() -> None:
    """Without any of these: root's round of the timer."""
    command("systemctl stop breakglass-journal.path breakglass-journal.service")
    before = len(bglab.journal())
    fall(2)
    os.chmod(DIR, 0o750)
    command("systemctl start breakglass-alert-sweep.service")
    assert_home(before, 2)
