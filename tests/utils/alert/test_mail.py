#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Mail sinks against a server with faults to order; what arrives is read by Python's own parser.

usage: test_mail.py BUILDDIR [TEST...]. As test_alert.py.
"""
import email, email.policy, email.utils, json, os, ssl, subprocess, sys, time
from datetime import datetime, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_alert as alarms  # not by its own name: lanes.py takes that for a test
from mailserver import MailServer
from test_alert import CERTS, CONF, ids, lines, once, record, undelivered, until, write

FROM, TO = "breakglass@example.net", "ada@example.net"
LOGIN = "/etc/breakglass/secrets/mail"


def configure(m, extra="", to=TO, host="hook.test", timeout=5):
    tls = "" if m.tls == "starttls" else f"tls = {m.tls}\n"
    if m.tls != "none":
        tls += f"ca-file = {CERTS}/ca.pem\nresolve = {host}:{m.port}:127.0.0.1\n"
    else:
        host = "127.0.0.1"
    write(CONF, f"[record]\nsyslog = no\n[sink post]\ntype = mail\nserver = {host}:{m.port}\nfrom = {FROM}\nto = {to}\n"
          f"timeout = {timeout}\n{tls}{extra}")


def read(raw):
    """The mail as a reader has it, and the journal's line in it."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert not mail.defects and all(not p.defects for p in mail.walk()), [p.defects for p in mail.walk()]
    text, line = mail.iter_parts()
    assert text.get_content_type() == "text/plain" and text.get_content_charset() == "utf-8"
    assert line.get_content_type() == "application/cloudevents+json" and line.is_attachment()
    return mail, text.get_content(), line.get_payload(decode=True)


def arrived(m):
    return [json.loads(read(raw)[2])["id"] for _, _, raw in m.got]


def test_what_a_mail_is():
    m = MailServer(CERTS)
    configure(m, to="ada@example.net, grace@example.org  linus@example.com")
    record(1, "DNS is down \u00e4\u00f6 \u65e5\u672c " + "x" * 300)
    once(rc=0)
    assert len(m.got) == 2
    for sender, to, raw in m.got:
        assert (sender, to) == (FROM, ["ada@example.net", "grace@example.org", "linus@example.com"])
        mail, text, line = read(raw)
        assert line in lines(), "the journal's line, byte for byte"
        event = json.loads(line)
        assert mail["Message-ID"] == f"<{event['id']}@{event['data']['device']['hostname']}>"
        assert (mail["Importance"], mail["X-Priority"]) == ("high", "1 (Highest)")
        assert mail["Auto-Submitted"] == "auto-generated"  # RFC 3834
        assert [a.addr_spec for a in mail["To"].addresses] == to and mail["From"].addresses[0].addr_spec == FROM
        want = datetime.fromisoformat(event["time"].replace("Z", "+00:00")).replace(microsecond=0)
        assert mail["Date"].datetime == want and mail["Date"].datetime.tzinfo == timezone.utc, mail["Date"]
        assert str(email.utils.parsedate_to_datetime(str(mail["Date"]))).startswith(str(want)[:19])
        assert max(len(x) for x in raw.split(b"\r\n")) <= 76 and raw.endswith(b"--\r\n")  # RFC 2045, 6.8
        assert raw.count(b"\n") == raw.count(b"\r\n") and raw.isascii()
        if event["type"].startswith("org.breakglass.use"):
            assert "bg1" in mail["Subject"] and "Ada" in mail["Subject"][:100] and "\u00e4\u00f6 \u65e5\u672c" in mail["Subject"], mail["Subject"]
            assert "DNS is down" in text and "Ada Lovelace" in text
    once(rc=0)
    assert len(m.got) == 2, "nothing is sent twice"


def test_verify_takes_a_mailbox():
    """What a mailbox keeps is what "journal verify --against" compares the journal with."""
    m = MailServer(CERTS)
    configure(m)
    record(3)
    once(rc=0)
    box = b"".join(b"From MAILER-DAEMON Fri Nov 27 00:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n" for _, _, raw in m.got)
    open("/run/mbox", "wb").write(box)
    p = subprocess.run([alarms.COMMAND, "journal", "verify", "--against", "/run/mbox", "--json"], capture_output=True, text=True)
    assert p.returncode == 0, (p.stdout, p.stderr)


def test_nothing_of_an_event_is_a_header():
    m = MailServer(CERTS)
    configure(m)
    record(1, "x\r\nBcc: eve@example.net\r\n\r\n.\r\nMAIL FROM:<eve@example.net>\r\n--=_")
    once(rc=0)
    assert len(m.got) == 2 and m.tries == 2
    for _, to, raw in m.got:
        mail, _, line = read(raw)
        assert to == [TO] and line in lines()
        assert set(mail.keys()) <= {"From", "To", "Subject", "Date", "Message-ID", "References", "Importance", "X-Priority",
                                    "Auto-Submitted", "MIME-Version", "Content-Type"}, mail.keys()


def test_ways_and_login():
    for tls in ("starttls", "smtps", "none"):
        alarms.fresh()
        m = MailServer(CERTS, tls)
        m.login = ("post@example.net", "s3cret pass")
        write(LOGIN, "post@example.net\ns3cret pass\n", 0o400)
        configure(m, f"login-file = {LOGIN}\n")
        record(1)
        once(rc=0)
        assert len(m.got) == 2, tls
        shown = 0 if tls == "none" else alarms.certificate_ends()
        assert int(alarms.cursor("/run/breakglass/cursors/post")["certificate"]) == shown, tls
    write(LOGIN, "post@example.net\nwrong\n", 0o400)
    record(1)
    p = once(3500, rc=1)
    assert "535" in p.stderr and "wrong" in p.stderr and "s3cret" not in p.stderr and len(m.got) == 2, p.stderr
    write(LOGIN, "post@example.net\n", 0o400)
    p = once(3500, rc=1)
    assert "login-file" in p.stderr, p.stderr


def test_no_tls_no_mail():
    """A server that does not offer TLS, or whose certificate is not in order, gets neither mail nor login."""
    m = MailServer(CERTS, "none")
    m.tls = "starttls"
    configure(m)
    m.tls = "none"
    seen = []
    m.answers["MAIL"] = lambda line: seen.append(line) or "250 ok"
    record(1)
    undelivered(m, "(?i)STARTTLS|ssl|tls")
    m.tls = "starttls"
    for name, said in (("other", "(?i)subject name|alternative|match"), ("expired", "expired")):
        m.context.load_cert_chain(f"{CERTS}/{name}.pem", f"{CERTS}/{name}.key")
        undelivered(m, said)
    m.context.load_cert_chain(f"{CERTS}/good.pem", f"{CERTS}/good.key")
    m.context.maximum_version = ssl.TLSVersion.TLSv1_2
    write(CONF, open(CONF, encoding="utf-8").read().replace(f"ca-file = {CERTS}/ca.pem\n", ""))
    undelivered(m, "certificate")
    assert not seen
    write(CONF, "[sink post]\ntype = mail\nserver = mail.example.net\nfrom = a@b\nto = c@d\ntls = none\n")
    assert "without TLS" in once(3500).stderr


def test_what_the_server_says():
    m = MailServer(CERTS)
    configure(m, timeout=1)
    want = [*record(1), ids()[0]]
    for where, answer, said in (("RCPT", "450 4.2.0 greylisted", "SMTP: 450 4.2.0 greylisted"),
                                ("END", "451 4.3.0 no\x1b[31m", r"SMTP: 451 4\.3\.0 no\\+u\{001B\}"),
                                ("END", "cut", "SMTP: "), ("END", "hang", "SMTP: .*(timed out|timeout)"),
                                ("EHLO", "cut", "SMTP: "), ("MAIL", "421 4.7.0 later", "SMTP: 421")):
        m.answers = {where: answer}
        undelivered(m, said)
    m.answers = {"END": "554 5.7.1 no"}
    undelivered(m, "SMTP: 554 5.7.1 no")
    m.answers = {}
    with alarms.Service():
        until("all arrive", lambda: set(arrived(m)) >= set(want))
    assert len({raw for _, _, raw in m.got}) == len(want), "a mail that comes twice is the same mail"


def test_a_server_that_hangs_at_its_end():
    """The answer to QUIT is worth a second, not the time of a delivery."""
    m = MailServer(CERTS)
    m.answers["QUIT"] = "hang"
    configure(m, timeout=20)
    record(1)
    began = time.monotonic()
    once(30000, rc=0)
    assert len(m.got) == 2 and time.monotonic() - began < 15
    m.release.set()


def test_one_recipient_is_refused():
    m = MailServer(CERTS)
    configure(m, to="gone@example.net, ada@example.net")
    m.answers["RCPT"] = lambda line: "550 5.1.1 no such user" if "gone@" in line else None
    record(1)
    p = once(rc=0)
    assert p.stderr.count("BG897") == 1 and "Sink post: recipient 1: 550 5.1.1 no such user. " in p.stderr, p.stderr
    assert [to for _, to, _ in m.got] == [["ada@example.net"]] * 2


def test_one_recipient_is_put_off():
    """By greylisting: the other has it at once, that one gets the same mail later, and nobody has it twice. Another event waits for none of it."""
    m = MailServer(CERTS)
    configure(m, to="ada@example.net, later@example.net, gone@example.net")
    asked = {}

    def rcpt(line):
        if "gone@" in line:
            return "550 5.1.1 no such user"
        asked["later"] = asked.get("later", 0) + ("later@" in line)
        return "450 4.2.0 greylisted" if "later@" in line and asked["later"] <= 2 else None
    m.answers["RCPT"] = rcpt
    record(1)  # with the genesis event there are two
    with alarms.Service() as s:
        until("the first ones have both", lambda: sum(to == ["ada@example.net"] for _, to, _ in m.got) == 2)
        until("and later that one", lambda: sum(to == ["later@example.net"] for _, to, _ in m.got) == 2)
        until("nothing waits", lambda: asked["later"] == 4)
        assert s.said().count("recipient 2: 450 4.2.0 greylisted") == 1, s.said()
    assert len(m.got) == 4
    mails = {to: sorted(x for _, t, x in m.got if t == [to]) for to in ("ada@example.net", "later@example.net")}
    assert mails["ada@example.net"] == mails["later@example.net"], "the same mail, with its id"


if __name__ == "__main__":
    alarms.main(dict(globals()))
