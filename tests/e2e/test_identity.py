# SPDX-License-Identifier: ISC
"""What identifies the host may change: cards and keys go on opening the door, and the change is told."""

import hmac
import json
import os
import re

import bglab
import usbkey
from bglab import dialogue

SHARES: list[str] = []
MACHINE_ID = "/etc/machine-id"
CREDENTIALS = "/etc/breakglass/credentials/bg1"
SLIP39 = "/usr/src/breakglass/_build/tests/tools/slip39"


def put(text: str | None, mode: int = 0o644, link: bool = False) -> None:
    """machine-id with this text; None: no file."""
    for path in (MACHINE_ID, "/etc/machine-id.real"):
        if os.path.lexists(path):
            os.unlink(path)
    if text is None:
        return
    path = "/etc/machine-id.real" if link else MACHINE_ID
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    if link:
        os.symlink(path, MACHINE_ID)


def start() -> None:
    bglab.start_daemons()
    put("0123456789abcdef0123456789abcdef\n")
    SHARES.extend(bglab.enrol("bg1"))
    try:
        with usbkey.key():
            made = bglab.run(["breakglass", "key", "add", "bg1", "--label", "blue", "--yes"])
            bglab.equal(made.returncode, 0)
    except bglab.Skip:
        pass  # each test says so itself


def opens(same: str) -> None:
    """By shares over ssh, and by key at a console; what is said of the host meanwhile."""
    said = "BG225" if same == "changed" else "BG112"
    before = len(bglab.journal())
    with bglab.ssh("bg1") as person:
        bglab.type_shares(person, SHARES[:2])
        person.expect(said)
        bglab.say_why(person)
        person.expect_shell()
    with usbkey.key("--touch", "after:200"), bglab.login("bg1", device="ttyS0") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.TOUCH)
        bglab.say_why(person)
        person.expect_shell()
        bglab.equal("BG225" in person.transcript, same == "changed")
    granted = [e for e in bglab.journal()[before:] if "use.granted" in e["type"]]
    bglab.equal([e["data"]["unmapped"]["breakglass"]["host_identity"] for e in granted], [same, same])
    factors = json.loads(bglab.run(["breakglass", "status", "--json"]).stdout)["accounts"][0]["factors"]
    bglab.equal([f["host_identity"] for f in factors], [same, same])
    bglab.equal("BG226" in bglab.run(["breakglass", "status"]).stderr, same == "changed")


def test_as_it_was() -> None:
    opens("same")


def test_group_writable() -> None:
    put("0123456789abcdef0123456789abcdef\n", mode=0o664)
    opens("same")


def test_a_link() -> None:
    put("0123456789abcdef0123456789abcdef\n", link=True)
    opens("same")


def test_another_name_of_the_host() -> None:
    bglab.run(["hostname", "renamed.example"])
    opens("same")


def test_cloned_and_given_another_id() -> None:
    put("fedcba9876543210fedcba9876543210\n")
    opens("changed")


def test_empty() -> None:
    put("")
    opens("changed")


def test_uninitialized() -> None:
    put("uninitialized\n")
    opens("changed")


def test_missing() -> None:
    put(None)
    opens("changed")


def test_missing_and_another_name() -> None:
    bglab.run(["hostname", "renamed.again.example"])
    opens("changed")


def test_replaced_on_the_new_host() -> None:
    """The finding goes when the credentials were replaced; without a machine-id the host's name is kept in its place."""
    made = bglab.run(["breakglass", "share", "new", "bg1", "--replace", "--yes", "--json"])
    SHARES[:] = json.loads(made.stdout)["shares"]
    bglab.run(["breakglass", "key", "remove", "bg1", "blue", "--yes"])
    with usbkey.key():
        bglab.run(["breakglass", "key", "add", "bg1", "--label", "blue", "--yes"])
    put("fedcba9876543210fedcba9876543210\n")
    with bglab.ssh("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal("BG225" in person.transcript, False)
    bglab.equal("BG226" in bglab.run(["breakglass", "status"]).stderr, False)


def of_an_older_version(host: str) -> None:
    """A new set, kept as a version before this one did: its verifier takes in the account and the host (shareset.h)."""
    if not os.access(SLIP39, os.X_OK):
        raise bglab.Skip("tests/tools/slip39 is not built")
    made = bglab.run(["breakglass", "share", "new", "bg1", "--replace", "--yes", "--json"])
    SHARES[:] = json.loads(made.stdout)["shares"]

    def field(b: bytes) -> bytes:
        return len(b).to_bytes(2, "big") + b

    secret = bytes.fromhex(bglab.run([SLIP39, "combine"], stdin="".join(f"{s}\n" for s in SHARES[:2])).stdout)
    text = bglab.read(CREDENTIALS)
    salt = re.search(r"(?m)^salt = ([0-9a-f]+)$", text)
    assert salt is not None, text
    told = b"breakglass-v1" + field(b"bg1") + field(host.encode()) + field(bytes.fromhex(salt[1]))
    text = re.sub(r"(?m)^verifier = .*$", f"verifier = {hmac.new(secret, told, 'sha256').hexdigest()}", text)
    with open(CREDENTIALS, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)^host = .*\n", "", text))


def the_door(said: str) -> None:
    with bglab.ssh("bg1") as person:
        bglab.type_shares(person, SHARES[:2])
        person.expect(said)
        if said == "BG112":
            bglab.say_why(person)
            person.expect_shell()


def test_a_set_of_an_older_version() -> None:
    """It opens while the host is what it was, status says what it hangs on, and the prompt names the cause when it does not."""
    of_an_older_version("fedcba9876543210fedcba9876543210")
    the_door("BG112")
    assert "BG227" in bglab.run(["breakglass", "status"]).stderr
    put("0123456789abcdef0123456789abcdef\n")
    the_door("BG224")
    put("fedcba9876543210fedcba9876543210\n")
    the_door("BG112")


def test_a_set_of_an_older_version_without_machine_id() -> None:
    of_an_older_version(bglab.run("hostname").stdout.strip())
    put(None)
    the_door("BG112")
