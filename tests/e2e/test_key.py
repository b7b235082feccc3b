# SPDX-License-Identifier: ISC
"""The key: at login(1) on a serial console while LDAP is down, and never over ssh, su or sudo."""


import bglab
import usbkey
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ALICE = bglab.LOCAL["alice"][0]


def key(*options: str):  # type: ignore[no-untyped-def]
    return usbkey.key(*options, fido="touch-timeout = 10\n")


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    try:
        with key():
            made = bglab.run(["breakglass", "key", "add", ACCOUNT, "--label", "blue", "--yes"])
            bglab.equal((made.returncode, made.stderr.count("Touch the key now")), (0, 0))
    except bglab.Skip:
        pass  # each test says so itself


def asked(plugged) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """How often the key got each command, and whether it has blinked."""
    names = "init ping info make get next pin reset select credman other".split()
    return {name: plugged.tell(f"count {name}") for name in names} | {"blinks": plugged.status()["blinks"]}


def enters(mode: str, console: str) -> None:
    bglab.ldap(mode)
    mark, before = bglab.nslcd_mark(), len(bglab.journal())
    with key("--touch", "after:400"), bglab.login(ACCOUNT, device=console) as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.TOUCH)
        bglab.say_why(person)
        seconds = person.expect_shell()
        bglab.equal([str(r) for r in bglab.nslcd_requests_since(mark)], [])
        bglab.equal(person.shell("id -u").strip(), "0")
        person.line("exit")
        bglab.until("the close is on record", lambda: "session.closed" in bglab.event_types(bglab.journal()[before:]))
        print(f"LDAP {mode}: {seconds:.2f} s from the last key stroke to the shell; the screen:")
        print(person.transcript.replace("\r", ""))
        wide = [line for line in person.transcript.replace("\r", "").split("\n") if len(line) > 80]
        bglab.equal(wide, [])
    events = bglab.journal()[before:]
    wanted = ["attempt.started", "auth.succeeded", "use.granted", "session.opened", "session.closed"]
    bglab.equal([k for k in bglab.event_types(events) if k in wanted], wanted)
    granted = next(e for e in events if "use.granted" in e["type"])
    bglab.equal(granted["data"]["unmapped"]["breakglass"]["key"], "blue")
    bglab.equal(granted["data"]["session"]["terminal"].removeprefix("/dev/"), console)


def test_login_by_key_while_ldap_hangs() -> None:
    enters("hang", "ttyS0")


def test_login_by_key_while_ldap_drops() -> None:
    enters("drop", "ttyS1")


def test_login_by_key_while_ldap_refuses() -> None:
    enters("refused", "ttyS2")


def test_from_the_key_to_shares() -> None:
    """A key that is pulled out while it waits for a touch, then shares, in one dialogue."""
    bglab.ldap("hang")
    with key("--touch", "never") as plugged, bglab.login(ACCOUNT, device="ttyS3") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.TOUCH)
        plugged.tell("unplug")
        person.expect("BG141")
        person.expect(dialogue.KEY_AGAIN)
        person.line("s")
        for share in SHARES[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(share))
        bglab.say_why(person)
        person.expect_shell()


def test_ctrl_c_at_the_touch() -> None:
    """login(1) dies of it; the key stops blinking, the attempt is recorded, and no worker is left."""
    if not bglab.ctrl_c_ends_login():
        raise bglab.Skip("login ignores Ctrl-C here")
    bglab.ldap("hang")
    before = len(bglab.journal())
    with key("--touch", "never") as plugged, bglab.login(ACCOUNT, device="ttyS4") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.TOUCH)
        person.ctrl("C")
        plugged.wait("blinking", "no")
        bglab.until("aborted", lambda: "attempt.aborted" in bglab.event_types(bglab.journal()[before:]))
    assert "breakglass-fido" not in bglab.run("ps -eo comm").stdout


FAR = {
    "ssh": lambda: bglab.ssh(ACCOUNT),
    "su": lambda: bglab.su(ACCOUNT, uid=ALICE),
    "su_by_root": lambda: bglab.su(ACCOUNT),
    "su_on_a_console": lambda: bglab.Session(
        ["/bin/sh", "-c", ': >/dev/ttyS9; mount --bind "$(tty)" /dev/ttyS9; exec setsid -c -w su - bg1 </dev/ttyS9 >/dev/ttyS9 2>&1']),
}


def _far(way: str):  # type: ignore[no-untyped-def]
    def test() -> None:
        bglab.ldap("hang")
        with key("--touch", "auto") as plugged:
            before = asked(plugged)
            with FAR[way]() as person:
                bglab.type_shares(person, SHARES[:2])
                bglab.say_why(person)
                person.expect_shell()
                assert "use the key" not in person.transcript, person.transcript
                person.line("exit")
                person.wait()
            bglab.equal(asked(plugged), before)

    test.__name__ = f"test_{way}_neither_offers_nor_touches_the_key"
    return test


for _way in FAR:
    _test = _far(_way)
    globals()[_test.__name__] = _test


def test_over_ssh_an_account_that_needs_its_key_is_refused() -> None:
    path = f"/etc/breakglass/credentials/{ACCOUNT}"
    text = bglab.read(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("enabled = yes\n", "enabled = yes\nrequire = key+shares\n", 1))
    try:
        with key("--touch", "auto") as plugged:
            before = asked(plugged)
            with bglab.ssh(ACCOUNT) as person:
                person.expect("BG131")
            bglab.equal(asked(plugged), before)
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
