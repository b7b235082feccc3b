#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Syslog sinks: the four formats, and a collector over TLS, read by Python and by Debian's rsyslogd.

usage: test_syslog.py BUILDDIR [TEST...]. As test_alert.py.
"""
import json, os, re, socket, ssl, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_alert as alarms  # not by its own name: lanes.py takes that for a test
from collector import Collector, PLUGINS, RSYSLOGD, Rsyslogd, await_port, free_port
from test_alert import CERTS, CONF, ids, lines, once, record, undelivered, until, write

RELAY = "/run/relay"
HOSTILE = 'LDAP "down" ] \\ \u202e \u00e4'
KINDS = r"[a-z.]+"
HEAD = rf"<81>1 \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z [!-~]+ breakglass \d+ ({KINDS}) "


def sink(text, extra=""):
    write(CONF, f"[record]\nsyslog = no\n[sink logs]\n{text}{extra}")


def collector(c, extra="", host="hook.test", timeout=5):
    port = c if isinstance(c, int) else c.port
    sink(f"type = collector\nserver = {host}:{port}\nca-file = {CERTS}/ca.pem\nresolve = {host}:{port}:127.0.0.1\n"
         f"timeout = {timeout}\n", extra)


def structured(text):
    """SD-ELEMENTs of RFC 5424, section 6.3, and the rest."""
    out, rest = {}, text
    while m := re.match(r'\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\]', rest):
        out[m[1]] = {k: re.sub(r'\\(["\\\]])', r"\1", v)
                     for k, v in re.findall(r' ([^ =\]"]+)="((?:[^"\\\]]|\\["\\\]])*)"', m[2])}
        rest = rest[m.end():]
    return out, rest


def datagrams(n, text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(RELAY)
    s.settimeout(60)
    try:
        sink(f"type = syslog\npath = {RELAY}\n", text)
        once(rc=0)
        return [s.recv(65536).decode() for _ in range(n)]
    finally:
        s.close()
        os.unlink(RELAY)


# --- formats ----------------------------------------------------------------------------------------

def test_formats_on_a_socket():
    record(1, HOSTILE)
    use = json.loads(lines()[1])
    old = r"<81>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d breakglass\[\d+\]: "
    got = [x for x in datagrams(2, "format = json\n") if "use.granted" in x][0]
    assert re.fullmatch(old + re.escape(lines()[1].decode()), got), got
    alarms.fresh()
    record(1, HOSTILE)
    got = [x for x in datagrams(2, "format = plain\n") if "bg1" in x][0]
    m = re.fullmatch(old + r"([ -~]+)", got)
    assert m and "bg1" in m[1] and "\\u{00E4}" in m[1] and "@cee" not in m[1], got
    alarms.fresh()
    record(2, HOSTILE)
    got = datagrams(3, "format = rfc5424\nenterprise = 4711\n")
    heads = [re.match(HEAD, x) for x in got]
    assert all(heads) and {m[1] for m in heads} == {"journal.genesis", "use.granted"}, got
    for x, m in zip(got, heads):
        sd, rest = structured(x[m.end():])
        assert list(sd) == ["timeQuality", "origin", "meta", "breakglass@4711"], sd
        assert sd["timeQuality"]["tzKnown"] == "1" and sd["timeQuality"]["isSynced"] in "01"
        assert sd["origin"]["enterpriseId"] == "4711" and sd["origin"]["software"] == "breakglass"
        assert int(sd["meta"]["sysUpTime"]) > 0
        own = sd["breakglass@4711"]
        line = [json.loads(y) for y in lines() if own["id"].encode() in y][0]
        assert (own["journalid"], own["sequence"], own["prevhash"], own["linehash"]) == (
            line["journalid"], line["sequence"], line["prevhash"], line["linehash"])
        if own["event"] == "use.granted":
            assert (own["account"], own["claimed_by"]) == ("bg1", "Ada Lovelace")
            assert own["reason"] == line["data"]["unmapped"]["breakglass"]["reason"].replace("\\", "\\\\"), own
        assert re.fullmatch(" [ -~]+", rest), rest
    assert sorted(int(structured(x[m.end():])[0]["meta"]["sequenceId"]) for x, m in zip(got, heads)) == [1, 2, 3]
    assert use["id"] not in str(got)


def test_rsyslog_reads_them():
    """mmjsonparse finds the event behind its cookie, mmpstrucdata the structured data."""
    record(1, HOSTILE)
    for text, parser, template in (
            ("", 'module(load="mmjsonparse") action(type="mmjsonparse")', "%$!id%|%$!data!unmapped!breakglass!claimed_by%"),
            ("format = rfc5424\n", 'module(load="mmpstrucdata") action(type="mmpstrucdata")',
             "%$!rfc5424-sd!breakglass@32473!id%|%$!rfc5424-sd!breakglass@32473!claimed_by%")):
        d = "/run/rs"
        conf = (f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="{RELAY}" CreatePath="on" '
                f'UseSpecialParser="off")\n{parser}\n'
                f'template(name="x" type="string" string="{template}\\n")\n'
                f'action(type="omfile" file="{d}/out" template="x")\n')
        with Rsyslogd(d, conf):
            until("the socket is there", lambda: os.path.exists(RELAY))
            sink(f"type = syslog\npath = {RELAY}\n", text)
            once(rc=0)
            want = f"{ids()[1]}|Ada Lovelace"
            until("it is in the file", lambda: os.path.exists(f"{d}/out") and want in open(f"{d}/out", encoding="utf-8").read().split("\n"))
        subprocess.run("rm -rf /run/rs /run/breakglass/cursors /var/lib/breakglass/cursors; rm -f " + RELAY, shell=True, check=True)


def test_a_code_is_promised_where_it_is_shown():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(RELAY)
    try:
        for text, shown in (("", False), ("format = plain\n", True)):
            sink(f"type = syslog\npath = {RELAY}\nclass = page\n", text)
            record(1)
            with alarms.Service():
                p = subprocess.run([alarms.COMMAND, "alert", "test", "--wait", "30"], capture_output=True, text=True)
            assert "took it" in p.stdout and ("alert confirm" in p.stdout) == shown, (text, p.stdout, p.stderr)
    finally:
        s.close()
        os.unlink(RELAY)


# --- collector --------------------------------------------------------------------------------------

def message_ids(c):
    return [json.loads(m.decode().split("@cee: ", 1)[1])["id"] for m in c]


def test_collector():
    c = Collector(CERTS)
    collector(c)
    record(6, HOSTILE)
    once(rc=0)
    assert sorted(message_ids(c.got)) == sorted(ids())
    for m in c.got:
        assert re.match((HEAD + "- @cee: ").encode(), m), m
        assert m.split(b"@cee: ", 1)[1] in lines(), "the journal's line, byte for byte"
    assert int(alarms.cursor("/run/breakglass/cursors/logs")["certificate"]) == alarms.certificate_ends()
    once(rc=0)
    assert len(c.got) == 7, "nothing is sent twice"


def test_what_was_only_written_does_not_count():
    """Taken by the kernel, read, but not closed by the receiver: each is sent again."""
    c = Collector(CERTS)
    collector(c, timeout=1)
    want = [*record(1), ids()[0]]
    for mode, said in (("early", "before it had read everything|reset|Broken"), ("half", "before it had read everything|reset|Broken"),
                       ("silent", "does not confirm.*in time"),
                       ("deaf", "TLS handshake: no answer in time")):
        c.mode = mode
        undelivered(c, said)
    c.mode = "cut"                             # without a word, but it has read all
    with alarms.Service():
        until("all arrive", lambda: set(message_ids(c.got)) >= set(want))


def test_a_goodbye_that_answers_nothing():
    """A close_notify that was sent before the events were read is none of them's; one that came after them is, whether or
    not the connection goes with it, and with close = notify nothing else is."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        alarms.fresh()
        c = Collector(CERTS)
        c.context.minimum_version = c.context.maximum_version = version
        collector(c, timeout=2)
        record(1)
        # of TLS 1.3 the last word of the handshake is ours, so that its goodbye may be later than our events are acknowledged
        for c.mode in ("eager", "leaves")[version == ssl.TLSVersion.TLSv1_3:]:
            undelivered(c, "before it had read everything|reset|Broken", 1500)
            assert alarms.floor() == 0
        c.mode = "cut"
        collector(c, "close = notify\n", timeout=2)
        p = once(1500, rc=1)
        assert "without a close_notify" in p.stderr, p.stderr
        c.mode = "stays"
        c.got.clear()
        once(rc=0)
        assert sorted(message_ids(c.got)) == sorted(ids())
        c.release.set()


def test_a_client_certificate_is_asked_for():
    """A TLS 1.3 server refuses only after our handshake is over: whatever was written by then is not taken."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        alarms.fresh()
        c = Collector(CERTS)
        c.context.minimum_version = c.context.maximum_version = version
        c.context.load_verify_locations(f"{CERTS}/ca.pem")
        c.context.verify_mode = ssl.CERT_REQUIRED
        collector(c)
        record(1)
        undelivered(c, "Sink logs: .*(alert|reset|Broken)")
        path = "/etc/breakglass/secrets/client.pem"
        write(path, open(f"{CERTS}/expired.pem").read() + open(f"{CERTS}/expired.key").read(), 0o400)
        collector(c, f"certificate-file = {path}\n")
        undelivered(c, "Sink logs: .*(alert|reset|Broken)")
        write(path, "nothing of use\n", 0o400)
        undelivered(c, "certificate-file")
        write(path, open(f"{CERTS}/good.pem").read() + open(f"{CERTS}/good.key").read(), 0o666)
        undelivered(c, "certificate-file: ")
        os.chmod(path, 0o400)
        once(rc=0)
        assert sorted(message_ids(c.got)) == sorted(ids())


def test_whom_it_talks_to():
    other = Collector(CERTS, "other")
    collector(other)
    record(1)
    undelivered(other, "(?i)hostname mismatch")
    old = Collector(CERTS, "expired")
    collector(old)
    undelivered(old, "certificate has expired")
    c = Collector(CERTS)
    collector(c)
    write(CONF, open(CONF, encoding="utf-8").read().replace(f"ca-file = {CERTS}/ca.pem\n", ""))
    undelivered(c, "certificate: .*issuer")
    collector(c, "pin = sha256//" + "A" * 43 + "=\n")
    undelivered(c, "another key than pin")
    c.context.set_ciphers("ALL:@SECLEVEL=0")
    c.context.minimum_version, c.context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    write("/run/old.cnf", "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\n"
          "CipherString = ALL:@SECLEVEL=0\n")
    collector(c)
    p = once(1500, rc=1, env={"OPENSSL_CONF": "/run/old.cnf"})
    assert re.search("(?i)protocol|version", p.stderr) and not c.seen, p.stderr
    c = Collector(CERTS)
    pin = subprocess.run(f"openssl x509 -in {CERTS}/good.pem -noout -pubkey | openssl pkey -pubin -outform der | "
                         "openssl dgst -sha256 -binary | base64", shell=True, check=True, capture_output=True, text=True)
    collector(c, f"pin = sha256//{'B' * 43}=;sha256//{pin.stdout.strip()}\ninterface = 127.0.0.1\n")
    once(rc=0)
    assert len(c.got) == 2


def test_nobody_there():
    c = free_port()
    collector(c)
    record(1)
    p = once(1500, rc=1)
    assert "connect: Connection refused" in p.stderr, p.stderr


def test_rsyslogd_as_collector():
    """With a certificate of ours that it checks: lines arrive whole and once. Not by its other driver, ossl, which closes
    descriptors twice (8.2302), so that what it writes ends up anywhere."""
    if not os.path.exists(f"{PLUGINS}/lmnsd_gtls.so"):
        print("skip rsyslogd as a collector: rsyslog-gnutls is not installed")
        return
    path, port, d = "/etc/breakglass/secrets/client.pem", free_port(), "/run/rs"
    write(path, open(f"{CERTS}/good.pem").read() + open(f"{CERTS}/good.key").read(), 0o400)
    conf = (f'global(maxMessageSize="64k" defaultNetstreamDriverCAFile="{CERTS}/ca.pem" '
            f'defaultNetstreamDriverCertFile="{CERTS}/good.pem" defaultNetstreamDriverKeyFile="{CERTS}/good.key")\n'
            'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")\n'
            'template(name="x" type="string" string="%rawmsg%\\n")\n'
            f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
            f'action(type="omfile" file="{d}/out" template="x")\n')
    with Rsyslogd(d, conf):
        await_port(port)
        collector(port, f"certificate-file = {path}\n", timeout=10)
        record(9, HOSTILE + "x" * 500)
        p = once(30000)
        assert p.returncode == 0, (p.stderr, open(f"{d}/said").read())
        want = sorted(lines())
        until("all lines", lambda: os.path.exists(f"{d}/out") and sorted(
            x.split(b"@cee: ", 1)[1] for x in open(f"{d}/out", "rb").read().split(b"\n") if b"@cee: " in x) == want)


if __name__ == "__main__":
    if not os.path.exists(RSYSLOGD):
        print("needs rsyslogd")
        sys.exit(77)
    alarms.main(dict(globals()))
