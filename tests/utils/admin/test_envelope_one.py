#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass init --small, typed from the first question to the sealed envelope. usage: test_envelope_one.py BUILDDIR [TEST]...

The mail server is tests/utils/alert/mailserver.py. How long a person needs is reckoned from what they type and read: 3.3 letters a
second by keyboard (40 words a minute), 1.5 by pen, 23.8 by eye (238 words a minute), and a minute for the changes of system files.
"""
import os, sys
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)) + x for x in ("", "/../alert")]
from admin_lib import *
from mailserver import MailServer

CONF = "/etc/breakglass/breakglass.conf"
TYPED, WRITTEN, READ, SKIMMED, PATIENCE = 3.3, 1.5, 23.8, 60, 300
PHONE = "+49 30 1234-56"


def mail_server():
    sh("ip", "link", "set", "lo", "up")
    return MailServer(None, tls="none")


def card_of(text):
    """The words of the card that was shown, in order."""
    found = dict((int(n), w.lower()) for n, w in re.findall(r"(?<![\w.])(\d{1,2})  ([A-Z]{3,4}[a-z]*)", text))
    assert sorted(found) == list(range(1, 21)), found
    return " ".join(found[n] for n in range(1, 21))


def answers(kind, port):
    """What is waited for and typed, up to the first of our commands."""
    return [("[y/N]", b"y\r"), ("emergency: ", PHONE.encode() + b"\r"), ("(card, password)? ", kind.encode() + b"\r"),
            ("goes to: ", b"ada@example.net\r"), ("[127.0.0.1:25]: ", f"127.0.0.1:{port}\r".encode())]


def seal():
    return [("Number of the new seal", b"A-1001\r"), ("Who does it? ", b"Ada Lovelace\r"), ("sees it? ", b"Grace Hopper\r")]


def test_one_card():
    mails = mail_server()
    typed = answers("card", mails.port) + [("shows the first card", b"\r"), ("wipes this card", b"\r"), ("\"test\"", b"save\r"), ("words", lambda seen: card_of(seen).encode() + b"\r")] + seal()
    rc, seen = on_pty(["init", "--small"], typed, env={"PAGER": "cat"})
    assert rc == 0, seen[-3000:]
    conf = read(CONF)
    for line in (f"phone = {PHONE}", "threshold-apart = no", "reviewer-apart = no", "type = mail", "to = ada@example.net"):
        assert f"\n{line}\n" in conf, line
    has(seen, f"In an emergency call {PHONE}", "one person alone may open the account", "mail took it after")
    assert len(mails.got) >= 1
    letters = sum(len(t(seen) if callable(t) else t) for _, t in typed)
    text = len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|--+|  +|\r", "", seen.split("Telephone number")[1]))
    written = len(re.sub("[^A-Z]", "", seen.split("BREAK-GLASS CARD")[1].split("To use it")[0]))
    seconds = SKIMMED + letters / TYPED + written / WRITTEN + text / READ
    print(f"a person needs {seconds:.0f} s: {letters} letters typed, {written} written, {text} read")
    assert seconds < PATIENCE, seconds
    assert [e["data"]["unmapped"]["breakglass"]["seal"] for k, e in zip(kinds(), journal()) if k == "envelope.sealed"] == ["A-1001"]


def test_nobody_is_there():
    out = bg_json("init", "--small", "--yes", rc=2)
    assert [f["id"] for f in out["findings"]] == ["BG1248"] and os.path.exists("/etc/breakglass/accounts")


def test_answers_that_do_not_hold():
    typed = [("[y/N]", b"y\r"), ("emergency: ", b"nobody\r"), ("(card, password)? ", b"card\r"), ("goes to: ", b"ada\r"), ("[127.0.0.1:25]: ", b"\r"),
             ("BG1249", b""), ("emergency: ", b"\x04")]
    rc, seen = on_pty(["init", "--small"], typed, env={"PAGER": "cat"})
    assert rc == 2 and "\nphone" not in read(CONF), seen[-2000:]


main(globals())
