# SPDX-License-Identifier: ISC
"""What only a whole machine shows: rescue and emergency mode, a full disk, a power cut, a console's getty.

usage: tries.py IMAGE-DIRECTORY [NAME...]       (see image; root, in a copy: ./setup check vm)

Each try boots the same prepared machine anew. The processor is emulated: a boot takes 10 s, a minute where others compute.
Last line: "N passed, N failed".
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "lab"))

import dialogue  # noqa: E402
from emergency import NAME, REASON  # noqa: E402
from machine import Machine, Missing, layer  # noqa: E402

IMAGE = sys.argv[1]
SHARES: list[str] = []
RESCUE_SHELL = r'"exit" goes on to the default target'
PROMPT = r"root@vm:[^\r\n]*# $"


def boot(target: str = "", disk: str = "") -> Machine:
    """The prepared machine, or one that goes on with a disk."""
    return Machine(IMAGE, disk or layer(f"{WORK}/ready", fresh()), f"root=/dev/vda {'systemd.unit=' + target if target else ''}")


def fresh() -> str:
    return tempfile.mktemp(prefix="disk.", dir=WORK)  # the folder is ours alone


def prepare() -> None:
    """An account with three cards, and the way into rescue mode."""
    layer(f"{IMAGE}/disk", f"{WORK}/ready", "raw")
    with boot(disk=f"{WORK}/ready") as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        status, said = m.sh("breakglass init --rescue --yes --account bg1 >/dev/null && breakglass share new bg1 --yes --json")
        assert status == 0, said
        SHARES.extend(json.loads(said[said.index("{") : said.rindex("}") + 1])["shares"])
        switch_off(m)


def switch_off(m: Machine) -> None:
    m.control.type("systemctl poweroff")
    m.goes_off()


def open_door(m: Machine, until: str = PROMPT) -> None:
    """Two cards, who and why."""
    m.console.expect(dialogue.START)
    m.console.type()
    for share in SHARES[:2]:
        m.console.expect(dialogue.SHARE)
        m.console.type(dialogue.prefixes(share))
    say_why(m, until)


def say_why(m: Machine, until: str) -> None:
    m.console.expect(dialogue.NAME)
    m.console.type(NAME)
    m.console.expect(dialogue.REASON)
    m.console.type(REASON)
    m.console.expect(until)


def log_in(m: Machine) -> None:
    m.console.expect(dialogue.LOGIN_PROMPT)
    m.console.type("bg1")
    open_door(m)


def shell(m: Machine, command: str) -> str:
    """Run it in the shell that is open on the console."""
    mark = str(time.monotonic_ns())
    m.console.type(f"echo S''{mark}; {command}; echo E''{mark}")
    m.console.expect(rf"S{mark}\r?\n")
    m.console.expect(rf"E{mark}\r?\n")
    out = m.console.before.replace("\r\n", "\n")
    m.console.expect(r"# $")
    return out


def recorded(m: Machine) -> list[str]:
    """The kinds of all events, in the journal and in /run, and how verifying it ended."""
    _, said = m.sh("cat /var/lib/breakglass/journal/*.jsonl /run/breakglass/journal/*.jsonl 2>/dev/null")
    return [json.loads(line)["type"].removeprefix("org.breakglass.").removesuffix(".v1") for line in said.splitlines() if line.startswith("{")]


def holds(m: Machine, *kinds: str) -> None:
    """The journal on the disk verifies, and has these events of the one use."""
    status, said = m.sh("breakglass journal verify")
    assert status == 0, said
    _, said = m.sh("cat /var/lib/breakglass/journal/*.jsonl")
    seen = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    names = [e["type"].removeprefix("org.breakglass.").removesuffix(".v1") for e in seen]
    assert all(kind in names for kind in kinds), (kinds, names)
    if "use.granted" in kinds:
        granted = next(e for e in seen if ".use.granted." in e["type"])
        assert granted["data"]["unmapped"]["breakglass"]["reason"] == REASON, granted


# -- rescue and emergency mode, root without a password ---------------------------------------------


def test_rescue_mode_opens_with_cards() -> None:
    with boot("rescue.target") as m:
        open_door(m, RESCUE_SHELL)
        m.console.expect(r"# $")
        assert "0" in shell(m, "id -u").split()
        m.console.type("exit")
        m.console.expect(dialogue.LOGIN_PROMPT)  # the boot went on
        holds(m, "use.granted")


def test_emergency_mode_opens_with_cards_and_a_reboot_keeps_the_record() -> None:
    disk = layer(f"{WORK}/ready", fresh())
    with boot("emergency.target", disk) as m:
        open_door(m, RESCUE_SHELL)
        m.console.expect(r"# $")
        assert " ro" in shell(m, "grep ' / ' /proc/mounts")
        assert "use.granted" in recorded(m)
        shell(m, "mount -o remount,rw /")
        m.console.type("reboot")
        m.goes_off()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "use.granted")


def test_emergency_mode_opens_with_a_key() -> None:
    disk = layer(f"{WORK}/ready", fresh())
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        plug(m)
        status, said = m.sh("breakglass key add bg1 --label blue --yes")
        assert status == 0, said
        m.sh("cp /run/key/state.json /root/key.json; sync")
        switch_off(m)
    with boot("emergency.target", disk) as m:
        m.console.expect(dialogue.KEY_START)
        plug(m)
        m.console.type()  # the software key is touched at once
        say_why(m, RESCUE_SHELL)


def plug(m: Machine) -> None:
    """The software key, behind a HID device of the kernel. Its memory is on the disk, if that can be written."""
    m.sh("mkdir -p /run/key; cp -f /root/key.json /run/key/state.json 2>/dev/null; modprobe uhid")
    m.sh("(setsid softkey --state /run/key/state.json --link /run/key/pty --control /run/key/control </dev/null >/run/key/log 2>&1 &)")
    m.sh("for i in $(seq 100); do [ -e /run/key/pty ] && break; sleep 0.2; done")
    m.sh("(setsid uhidkey.py /run/key/pty </dev/null >/run/key/hid 2>&1 &)")
    status, said = m.sh("for i in $(seq 100); do [ -e /dev/hidraw0 ] && break; sleep 0.2; done; ls /dev/hidraw0; cat /run/key/log /run/key/hid")
    assert "/dev/hidraw0\n" in said and status == 0, said


def test_who_leaves_gets_systemds_own_way() -> None:
    with boot("rescue.target") as m:
        m.console.expect(dialogue.START)
        m.console.type("q")
        m.console.expect("p asks for the password of root: ")
        m.console.type("p")
        m.console.expect("root account is locked[^$]*Press Enter to continue")
        m.console.type()
        m.console.expect(dialogue.LOGIN_PROMPT)


def test_without_our_programs_rescue_mode_is_systemds() -> None:
    disk = layer(f"{WORK}/ready", fresh())
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        m.sh("rm /usr/libexec/breakglass/*")
        switch_off(m)
    with boot("rescue.target", disk) as m:
        m.console.expect("root account is locked[^$]*Press Enter to continue")


# -- a use stays on record --------------------------------------------------------------------------


def test_a_power_cut_right_after_the_grant() -> None:
    disk = layer(f"{WORK}/ready", fresh())
    with boot(disk=disk) as m:
        log_in(m)
        m.power_cut()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "auth.succeeded", "use.granted")


def test_a_full_disk_and_a_power_off() -> None:
    disk = layer(f"{WORK}/ready", fresh())
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        m.sh("dd if=/dev/zero of=/var/filler bs=1M 2>/dev/null; dd if=/dev/zero of=/var/filler2 bs=512 2>/dev/null; sync; df /")
        m.console.type()
        log_in(m)
        m.console.type("poweroff")
        m.goes_off()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "auth.succeeded", "use.granted")


def test_who_presses_ctrl_c_at_the_console_is_on_record() -> None:
    """systemd ends the getty's processes with it; the helper lives on long enough to write it down."""
    tries = 5
    with boot() as m:
        for _ in range(tries):
            m.console.expect(dialogue.LOGIN_PROMPT)
            m.console.type("bg1")
            m.console.expect(dialogue.START)
            m.console.press(b"\x03")
        m.console.expect(dialogue.LOGIN_PROMPT)
        end = time.monotonic() + 60
        while (seen := recorded(m).count("attempt.aborted")) < tries and time.monotonic() < end:
            time.sleep(1)
        assert seen == tries, f"{seen} of {tries} are on record: {recorded(m)}"


# -- running them -----------------------------------------------------------------------------------


def main() -> int:
    wanted = [f for n, f in globals().items() if n.startswith("test_") and (n in sys.argv[2:] or not sys.argv[2:])]
    passed = failed = 0
    for function in [prepare, *wanted]:
        began, why = time.monotonic(), ""
        try:
            function()
        except Exception:  # noqa: BLE001  (whatever it was, it failed)
            why = traceback.format_exc()
        print(f"{'FAIL' if why else 'ok  '} {function.__name__} ({time.monotonic() - began:.0f} s)\n{why}", end="", flush=True)
        passed, failed = passed + (not why), failed + bool(why)
        if why and function is prepare:
            break
    print(f"{passed} passed, {failed} failed")
    return failed > 0


with tempfile.TemporaryDirectory(prefix="tries.", dir=os.environ.get("TMPDIR", "/tmp")) as WORK:
    sys.exit(main())
