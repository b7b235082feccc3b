# SPDX-License-Identifier: ISC
"""Rescue and emergency mode, root without a password."""

import dialogue
from scene import PATIENCE, Machine, Missing, boot, holds, kinds, off_disk, open_door, plug, say_why, shell, succeed, switch_off

MODE_SHELL = r'"exit" goes on to the default target'
LOCKED = r"root account is locked[^$]*Press Enter to continue"
RESCUE, EMERGENCY = "systemd.unit=rescue.target", "systemd.unit=emergency.target"
RAM = "/run/breakglass/journal/*.jsonl"


def test_rescue_mode_opens_with_cards() -> None:
    with boot(RESCUE) as m:
        open_door(m, MODE_SHELL)
        m.console.expect(r"# $")
        assert "0" in shell(m, "id -u").split()
        m.console.type("exit")
        m.console.expect(dialogue.LOGIN_PROMPT)  # the boot went on
        holds(m, "use.granted")


def test_emergency_mode_opens_with_cards_and_a_reboot_keeps_the_record() -> None:
    disk = off_disk()
    with boot(EMERGENCY, disk) as m:
        open_door(m, MODE_SHELL)
        m.console.expect(r"# $")
        assert " ro" in shell(m, "grep ' / ' /proc/mounts")
        assert "use.granted" in kinds(m, RAM)
        shell(m, "mount -o remount,rw /")
        m.console.type("reboot")
        m.goes_off()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "use.granted")


def opens_with_a_key(mode: str) -> None:
    """The modules of HID devices are loaded by our script, before it asks; no udev runs in emergency mode."""
    with boot(mode) as m:
        m.console.expect(dialogue.KEY_START)
        plug(m)
        m.console.type()
        m.console.expect(dialogue.TOUCH)
        say_why(m, MODE_SHELL)
        m.console.expect(r"# $")
        assert "0" in shell(m, "id -u").split()
        assert kinds(m, RAM).count("use.granted") == 1, kinds(m, RAM)


def test_emergency_mode_opens_with_a_key() -> None:
    opens_with_a_key(EMERGENCY)


def test_rescue_mode_opens_with_a_key() -> None:
    opens_with_a_key(RESCUE)


def goes_on(m: Machine) -> None:
    """sulogin throws away what was typed before it listens, and says nothing when it does."""
    for _ in range(16):
        m.console.type()
        try:
            m.console.expect(dialogue.LOGIN_PROMPT, timeout=PATIENCE / 16)
            return
        except Missing:
            pass
    raise Missing("Enter does not go on")


def test_who_leaves_gets_systemds_own_way() -> None:
    with boot(RESCUE) as m:
        m.console.expect(dialogue.KEY_START)
        m.console.type("q")
        m.console.expect("p asks for the password of root: ")
        m.console.type("p")
        m.console.expect(LOCKED)
        goes_on(m)


def test_without_our_programs_rescue_mode_is_systemds() -> None:
    disk = off_disk()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        succeed(m, "rm -r /usr/libexec/breakglass /usr/local/libexec/breakglass 2>/dev/null; :")
        switch_off(m)
    with boot(RESCUE, disk) as m:
        m.console.expect(LOCKED)
