# SPDX-License-Identifier: ISC
"""A real login with the small build (configure --disable-alert --without-fido): shares open, also where there is a key."""

import re

import bglab

ACCOUNT = "bg1"
SHARES: list[str] = []
CREDENTIALS = f"/etc/breakglass/credentials/{ACCOUNT}"
CONF = "/etc/breakglass/breakglass.conf"
# of nobody: its public key is a point of the curve (RFC 8032), no signature is ever made with it
KEY = """
[key blue]
type = eddsa
id = 00112233445566778899aabbccddeeff
public-key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
rp-id = breakglass.test
aaguid = 00000000000000000000000000000000
firmware = 328707
uv = no
created = 2026-11-22T12:03:24.123456Z
"""
SINK = "\n[sink pager]\ntype = webhook\nurl = https://alerts.example.net/\nsecret-file = /etc/breakglass/secrets/none\n"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    bglab.equal(bglab.run("ls /usr/libexec/breakglass/breakglass-alert /usr/libexec/breakglass/breakglass-fido").stdout, "")


def add(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def newest() -> list[str]:
    return bglab.event_types(bglab.journal())


def opens(person: bglab.Session) -> str:
    with person:
        seen = []
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        seen.append(person.expect_shell() and "")
        person.line("id -u; exit")
        return person.expect_end(20)


def test_login() -> None:
    assert "0" in opens(bglab.login(ACCOUNT))
    assert "use.granted" in newest() and "alert.unreached" not in newest()
    assert "use.granted" in bglab.read(bglab.AUTH_LOG)


def test_a_key_and_a_sink_that_are_of_no_use() -> None:
    add(CREDENTIALS, KEY)
    add(CONF, SINK)
    status = bglab.run("breakglass status")
    bglab.equal(status.returncode, 1)
    assert "BG654" in status.stdout + status.stderr and "BG656" in status.stdout + status.stderr, status
    with bglab.login(ACCOUNT) as person:
        person.expect(r"This\s+build\s+of\s+breakglass\s+cannot\s+use\s+the\s+keys\s+of\s+bg1[^(]*\(BG651\)")
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect(r"This\s+build\s+of\s+breakglass\s+delivers\s+nothing[^(]*\(BG652\)")
        person.expect_shell()
        person.line("exit")
        person.wait()
    assert newest().count("alert.unreached") == 1


def test_a_key_that_is_required() -> None:
    with open(CREDENTIALS, encoding="utf-8") as file:
        text = file.read()
    with open(CREDENTIALS, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)^(enabled = yes\n)", r"\1require = key\n", text, count=1))
    with bglab.login(ACCOUNT) as person:
        person.expect(r"bg1\s+needs\s+a\s+key,\s+and\s+this\s+build[^(]*\([^(]*\(BG650\)")
