# SPDX-License-Identifier: ISC
"""A key that was enrolled with its PIN opens with its PIN, whatever stands between it and this host."""

import re

import bglab
import usbkey
from bglab import dialogue

PIN = "246813"
CREDENTIALS = "/etc/breakglass/credentials/bg1"
ASKED = r"PIN of the key [^:]*: "


def key():  # type: ignore[no-untyped-def]
    return usbkey.key("--touch", "after:200", "--pin", PIN)


def start() -> None:
    bglab.start_daemons()
    bglab.enrol("bg1")
    try:
        with key():
            made = bglab.run(["breakglass", "key", "add", "bg1", "--label", "blue", "--yes", "--pin-stdin"], stdin=PIN + "\n")
            bglab.equal((made.returncode, "PIN or fingerprint required" in made.stdout, "BG229" in made.stderr), (0, True, False))
    except bglab.Skip:
        pass  # each test says so itself


def refused(plugged) -> None:  # type: ignore[no-untyped-def]
    """An adapter that says that there is no PIN, and passes the touch on."""
    plugged.tell("mode no-pin")
    with bglab.login("bg1", device="ttyS0") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect("A PIN or fingerprint is required")
        person.expect(dialogue.KEY_AGAIN)
    plugged.tell("mode normal")


def opens_with_its_pin() -> None:
    with bglab.login("bg1", device="ttyS0") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(ASKED)
        person.line(PIN)
        person.expect(dialogue.TOUCH)
        bglab.say_why(person)
        person.expect_shell()
    verified = [e for e in bglab.journal() if "auth.succeeded" in e["type"]][-1]
    bglab.equal(verified["data"]["unmapped"]["breakglass"]["user_verified"], "yes")


def test_stolen_and_behind_an_adapter() -> None:
    with key() as plugged:
        refused(plugged)
        opens_with_its_pin()


def test_of_an_older_version() -> None:
    """Its file left that open: what was seen of the key counts, status says so, and "key test" decides it."""
    text = bglab.read(CREDENTIALS)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write(re.sub("uv = required", "uv = preferred", text))
    with key() as plugged:
        bglab.equal("BG228" in bglab.run(["breakglass", "status"]).stderr, True)
        refused(plugged)
        opens_with_its_pin()
        bglab.run(["breakglass", "key", "test", "bg1", "--pin-stdin"], stdin=PIN + "\n")
        bglab.equal("BG228" in bglab.run(["breakglass", "status"]).stderr, False)
        bglab.equal("uv = required" in bglab.read(CREDENTIALS), True)
        refused(plugged)
