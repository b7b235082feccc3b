#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass-alert against a real HTTPS receiver that fails in every way, in a namespace of its own.

usage: test_alert.py BUILDDIR [TEST...]. Exit 77 (skipped) without root. Signatures and cursors are computed here a
second time, by Python's own hashlib.
"""
import base64, glob, hashlib, hmac, json, os, re, signal, socket, subprocess, sys, tempfile, time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools")]
import lanes
import receiver
import roomkeys
from receiver import Receiver, http_date

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
ALERT, RECORD, COMMAND = (f"{BUILD}/{x}" for x in ("breakglass-alert", "tests/tools/record", "breakglass"))
with open(ALERT, "rb") as _program:
    SANITIZED = b"__asan_init" in _program.read()
JOURNAL, RUN = "/var/lib/breakglass/journal", "/run/breakglass/journal"
STATE_CURSOR, RUN_CURSOR = "/var/lib/breakglass/cursors/hook", "/run/breakglass/cursors/hook"
CONF, SECRET_FILE = "/etc/breakglass/breakglass.conf", "/etc/breakglass/secrets/hook"
KEY = bytes(range(40, 72))
CERTS = "/run/certs"
USER = 987


def sh(command, **kw):
    return subprocess.run(command, shell=isinstance(command, str), check=True, **kw)


def enter_namespace():
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    if "sysconfdir = /etc\n" not in open(BUILD + "/Makefile", encoding="utf-8").read():
        print("this build is not made for /etc")
        sys.exit(77)
    for program in (ALERT, RECORD):
        if not os.path.exists(program):
            sys.exit(f"{program} is not built")
    if "BG_TEST_INSIDE" not in os.environ:
        os.environ["BG_TEST_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-m", "-n", "--propagation", "private", sys.executable, *sys.argv])
    sh("mount -t tmpfs none /mnt; ip link set lo up")
    for d in ("etc", "var"):
        os.makedirs(f"/mnt/{d}-up"); os.makedirs(f"/mnt/{d}-work")
        sh(f"mount -t overlay -o lowerdir=/{d},upperdir=/mnt/{d}-up,workdir=/mnt/{d}-work ov /{d}")
    sh("mount -t tmpfs -o mode=755 none /run")
    roomkeys.forget()
    receiver.make_certificates(CERTS)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def user(there):
    """The service's user, in this copy's /etc/passwd only."""
    text = open("/etc/passwd", encoding="utf-8").read()
    text = re.sub(r"^breakglass-alert:.*\n", "", text, flags=re.M)
    write("/etc/passwd", text + (f"breakglass-alert:x:{USER}:{USER}::/:/bin/false\n" if there else ""))


def configure(r, name="hook", extra="", host="hook.test", resolve=True, timeout=10):
    write(SECRET_FILE, "whsec_" + base64.b64encode(KEY).decode() + "\n", 0o400)
    port = r if isinstance(r, int) else r.port
    write(CONF, f"[record]\nsyslog = no\n[sink {name}]\ntype = webhook\nurl = https://{host}:{port}/in?x=1\n"
          f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\ntimeout = {timeout}\n"
          + (f"resolve = {host}:{port}:127.0.0.1\n" if resolve else "") + extra)


def fresh():
    sh("rm -rf /etc/breakglass /var/lib/breakglass /run/breakglass")
    os.makedirs("/var/lib/breakglass", 0o755, exist_ok=True)  # a child of the last test may still write
    os.makedirs("/run/breakglass", 0o755, exist_ok=True)
    user(False)


def record(n=1, reason="LDAP is down", dirs=(JOURNAL, RUN), kind="use.granted"):
    """n events; their ids."""
    before = len(lines())
    sh([RECORD, *dirs, "", "-n", str(n), "-m", reason, "-k", kind], stdout=subprocess.DEVNULL)
    return [json.loads(x)["id"] for x in lines()[before:]]


def lines(d=JOURNAL):
    return [x for p in sorted(glob.glob(f"{d}/*.jsonl")) for x in open(p, "rb").read().split(b"\n") if x]


def ids(d=JOURNAL):
    return [json.loads(x)["id"] for x in lines(d)]


def once(deadline=30000, rc=None, **kw):
    p = subprocess.run([ALERT, "--once", "--deadline", str(deadline)], capture_output=True, text=True, timeout=120, **kw)
    assert rc is None or p.returncode == rc, (p.returncode, p.stderr)
    return p


def once_until(what, condition, deadline=1000):
    """Deliveries of that many ms, of which none gets all out, until one has come that far: a busy machine needs several."""
    until(what, lambda: condition(once(deadline, rc=1)))


def refused():
    """The numbers of the events that the sink refuses, as its cursor has them, in order."""
    return sorted(re.findall(r"(?m)^refused (\d+)$", open(RUN_CURSOR, encoding="ascii").read())) if os.path.exists(RUN_CURSOR) else []


def undelivered(receiver, said, deadline=3500):
    """It gets nothing, and what is said of it is that."""
    before = len(receiver.got)
    for _ in range(8):  # a busy machine may not come to an answer in that time
        p = once(deadline, rc=1)
        if p.stderr:
            break
    assert re.search(said, p.stderr), p.stderr
    assert len(receiver.got) == before
    return p


class Service:
    def __init__(self, **kw):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.p = subprocess.Popen([ALERT, "--service"], stderr=self.log, **kw)

    def __enter__(self):
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def workers(s):
    """Those of a service: one a sink."""
    return [int(x) for x in open(f"/proc/{s.p.pid}/task/{s.p.pid}/children").read().split()]


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return value


def unmount(path):
    """What a delivery has started may still be at work there."""
    until(f"nobody is in {path}", lambda: subprocess.run(["umount", path], stderr=subprocess.DEVNULL).returncode == 0)


def cursor(path=RUN_CURSOR):
    text = open(path, encoding="ascii").read()
    body, _, tail = text.rpartition("sum ")
    assert hashlib.sha256(body.encode()).hexdigest() + "\n" == tail, text
    return dict(x.split(" ", 1) for x in body.splitlines())


def floor():
    """Floor of the journal's own chain."""
    own = json.loads(lines()[0])["journalid"]
    if not os.path.exists(RUN_CURSOR):
        return 0
    for line in open(RUN_CURSOR, encoding="ascii"):
        if line.startswith(f"chain {own} "):
            return int(line.split()[2])
    return 0


# --- what is sent -------------------------------------------------------------------------------------

def test_body_and_headers():
    r = Receiver(CERTS)
    configure(r)
    record(3)
    once(rc=0)
    want = lines()
    assert len(want) == 4, want
    assert sorted(b for _, b, _ in r.got) == sorted(want), "the journal's lines, byte for byte"
    for h, body, _ in r.got:
        assert h["Content-Type"] == "application/cloudevents+json", h
        assert h["webhook-id"] == json.loads(body)["id"], h
        assert abs(int(h["webhook-timestamp"]) - time.time()) < 30
        text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + body
        assert h["webhook-signature"] == "v1," + base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
        assert "Expect" not in h
    assert floor() == 4
    assert cursor()["saved"] == cursor(STATE_CURSOR)["saved"]
    once(rc=0)
    assert len(r.got) == 4, "nothing is sent twice"
    more = record(1)
    once(rc=0)
    assert r.ids()[4:] == more


def test_two_secrets():
    r = Receiver(CERTS)
    configure(r)
    second = bytes(24)
    write(SECRET_FILE, "".join(f"whsec_{base64.b64encode(k).decode()}\n" for k in (KEY, second)), 0o400)
    record(1)
    once(rc=0)
    h, body, _ = r.got[0]
    text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + body
    want = ["v1," + base64.b64encode(hmac.new(k, text, hashlib.sha256).digest()).decode() for k in (KEY, second)]
    assert h["webhook-signature"].split(" ") == want


def pin_of(name):
    """sha256// of the public key in that certificate, by openssl."""
    key = subprocess.run(f"openssl x509 -in {CERTS}/{name}.pem -noout -pubkey | openssl pkey -pubin -outform DER", shell=True,
                         check=True, capture_output=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(key).digest()).decode()


def test_pin():
    """A certificate that is in order is not enough where a key is named; one of several is."""
    r = Receiver(CERTS)
    configure(r, extra=f"pin = {pin_of('other')}\n")
    record(1)
    undelivered(r, "BG330")
    assert not r.got
    configure(r, extra=f"pin = {pin_of('other')};{pin_of('good')}\n")
    once(rc=0)
    assert len(r.got) == 2


PEOPLE = """[sink pd]
type = pagerduty
api-url = https://hook.test:{port}/pd
token-file = /etc/breakglass/secrets/pd
ca-file = {certs}/ca.pem
resolve = hook.test:{port}:127.0.0.1
[sink chat]
type = teams
url-file = /etc/breakglass/secrets/chat
ca-file = {certs}/ca.pem
resolve = hook.test:{port}:127.0.0.1
"""


def test_sinks_for_people():
    """They get what people are woken for; their secrets are nowhere; a new one counts at once."""
    r, routing, place = Receiver(CERTS), "r0uting-key-of-32-letters-000001", "t0ken-in-the-address"
    write(CONF, "[record]\nsyslog = no\n" + PEOPLE.format(port=r.port, certs=CERTS))
    write("/etc/breakglass/secrets/pd", routing + "\n", 0o440)
    write("/etc/breakglass/secrets/chat", f"https://hook.test:{r.port}/{place}\n", 0o440)
    for name in ("pd", "chat"):
        os.chown(f"/etc/breakglass/secrets/{name}", 0, USER)
    user(True)
    r.mode = lambda body: 202
    record(1)
    sh([RECORD, JOURNAL, RUN, "", "-k", "attempt.failed"], stdout=subprocess.DEVNULL)
    sh([RECORD, JOURNAL, RUN, "", "-k", "credential.enrolled"], stdout=subprocess.DEVNULL)
    sh(f"chgrp -R {USER} {JOURNAL}")
    said = once(rc=0).stderr
    bodies = [json.loads(b) for _, b, _ in r.got]
    pd, chat = [b for b in bodies if "routing_key" in b], [b for b in bodies if "attachments" in b]
    assert len(pd) == len(chat) == 1, (bodies, said)
    assert pd[0]["routing_key"] == routing and pd[0]["payload"]["class"] == "use.granted"
    r.mode = 403
    record(1)
    said += once(2000, rc=1).stderr
    for words in (["alert", "status"], ["alert", "status", "--json"], ["status"], ["status", "--json"], ["alert", "test", "--timeout", "1"]):
        p = subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=60)
        said += p.stdout + p.stderr
    assert "HTTP status 403" in said and routing not in said and place not in said, said
    for path in glob.glob("/run/breakglass/cursors/*") + glob.glob("/var/lib/breakglass/cursors/*") + glob.glob(f"{JOURNAL}/*"):
        text = open(path, "rb").read() if os.path.isfile(path) else b""
        assert routing.encode() not in text and place.encode() not in text, path
    r.mode = lambda body: 202 if b"another-key" in body or b"attachments" in body else 403
    with Service() as s:
        write("/etc/breakglass/secrets/pd.new", "another-key\n", 0o440)
        os.chown("/etc/breakglass/secrets/pd.new", 0, USER)
        os.rename("/etc/breakglass/secrets/pd.new", "/etc/breakglass/secrets/pd")
        until("the new key is used", lambda: any(b"another-key" in b for _, b, _ in r.got))
        assert routing not in s.said()


def test_credentials_of_the_unit():
    """A secret that systemd hands to the service: that alone uses it, and everybody else says so."""
    r = Receiver(CERTS)
    configure(r)
    write("/run/credentials/u/hook.key", open(SECRET_FILE, encoding="ascii").read(), 0o440)
    os.unlink(SECRET_FILE)
    write(CONF, open(CONF, encoding="ascii").read().replace(f"secret-file = {SECRET_FILE}", "secret-file = credential:hook.key"))
    want = record(1)
    unit = {"CREDENTIALS_DIRECTORY": "/run/credentials/u"}
    assert "BG942" in once(env=unit, rc=1).stderr  # a login's delivery is not the unit
    for words in (["alert", "status"], ["config", "check"]):
        p = subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=60)
        assert "BG942" in p.stdout + p.stderr and "BG353" not in p.stdout + p.stderr, p
    for env in ({}, {"CREDENTIALS_DIRECTORY": "run/credentials/u"}):
        with Service(env=env) as s:
            until("it says what it lacks", lambda: "BG943" in s.said())
    with Service(env={"CREDENTIALS_DIRECTORY": "/run/credentials"}) as s:
        until("it has another name", lambda: "BG336" in s.said() and "/run/credentials/hook.key" in s.said())
    assert not r.got
    with Service(env=unit) as s:
        until("the event arrives", lambda: set(r.accepted()) >= set(want))
        assert "BG94" not in s.said(), s.said()


def test_a_sink_without_its_token_costs_itself():
    r = Receiver(CERTS)
    configure(r, extra=PEOPLE.format(port=r.port, certs=CERTS))
    write("/etc/breakglass/secrets/chat", "http://evil.example/\n", 0o440)  # not by TLS
    record(1)
    p = once()
    assert len(r.got) >= 2 and "pd is left out" in p.stderr and "chat is left out" in p.stderr, p.stderr
    assert "evil" not in p.stderr


def test_filter():
    r = Receiver(CERTS)
    configure(r, extra="events = alert.* use.*\n")
    want = record(1)
    once(rc=0)
    assert r.ids() == want[1:], "without the genesis"
    assert floor() == 2


def test_syslog_sink():
    path = "/run/relay"
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(60)
    write(CONF, f"[record]\nsyslog = no\n[sink relay]\ntype = syslog\npath = {path}\n")
    record(1)
    once(rc=0)
    got = sorted((s.recv(65536) for _ in range(2)), key=len)
    for msg in got:
        m = re.fullmatch(rb"<81>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d breakglass\[\d+\]: @cee: (\{.*\})", msg)
        assert m and m[1] in lines(), msg
    s.setblocking(False)
    record(1, "x" * 990 + "\"" * 1500)
    once(rc=0)
    long = s.recv(65536)
    assert len(long) < 3600, len(long)
    json.loads(long.split(b"@cee: ")[1])
    s.close()
    os.unlink(path)
    more = record(1)
    once(1500, rc=1)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(60)
    once(rc=0)
    assert more[0].encode() in s.recv(65536)
    os.unlink(path)


def test_syslog_sink_full():
    """A daemon that stopped reading: bounded, nothing lost."""
    path = "/run/relay"
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    write(CONF, f"[record]\nsyslog = no\n[sink relay]\ntype = syslog\npath = {path}\n")
    want = [*record(300), ids()[0]]
    once(4000, rc=1)
    got = []
    with Service():
        def drain():
            s.setblocking(False)
            try:
                while True:
                    got.append(json.loads(s.recv(65536).split(b"@cee: ")[1])["id"])
            except BlockingIOError:
                pass
            return set(got) >= set(want)
        until("all arrive", drain)
    os.unlink(path)


# --- faults: nothing lost, same id, bounded ----------------------------------------------------------

def recovers(r, before, during, after=lambda r: setattr(r, "mode", "ok"), deadline=3000, said=None, wait=60):
    """Break the receiver, deliver, repair it, and check that everything has arrived."""
    want = [*record(1), ids()[0]]
    once(rc=0)
    before(r)
    want += record(2)
    began = time.monotonic()
    p = once(deadline, rc=1)
    assert time.monotonic() - began < deadline / 1000 + 10, "a round ends at its deadline, whoever else is busy"
    for _ in range(8):  # a busy machine may not come to an answer in that time
        if said is None or p.stderr:
            break
        p = once(deadline, rc=1)
    assert said is None or re.search(said, p.stderr), p.stderr
    during(r)
    after(r)
    with Service():
        until("everything arrives", lambda: set(r.accepted()) >= set(want), wait)
        until("the cursor says so", lambda: floor() == 4)


def nothing(r):
    pass


def fault(mode, said, **kw):
    r = Receiver(CERTS)
    configure(r, timeout=2)
    recovers(r, lambda r: setattr(r, "mode", mode), nothing, said=said, **kw)
    return r


def test_refuses():
    r = Receiver(CERTS)
    configure(r)
    recovers(r, lambda r: r.stop(), nothing, lambda r: r.start(), said="Sink hook: .*(refused|connect)")


def test_never_answers():
    r = fault("hang", "timed out")
    r.release.set()


def test_500():
    r = fault(500, "HTTP status 500")
    assert len(r.ids(500)) == 2, "tried once each within the round, then they wait"


def test_reset_and_lost_answer():
    fault("reset", "Sink hook")
    fresh()
    r = fault("lost", "Sink hook")
    assert set(r.ids("lost")) <= set(r.accepted()), "processed twice, with the same id"


def test_slow_reply_is_bounded():
    fault("slow", "timed out")


def test_huge_reply_counts():
    r = Receiver(CERTS)
    configure(r)
    r.mode = "huge"
    record(1)
    once(rc=0)
    assert floor() == 2, "the status line was an answer"
    until("the replies end", lambda: len(r.poured) == 2)
    assert max(r.poured) < receiver.HUGE / 4, f"{max(r.poured)} bytes were taken, for a cap of 64 KiB and what sockets hold"
    once(rc=0)
    assert len(r.got) == 2, "each was sent once"


def test_301_is_not_followed():
    other = Receiver(CERTS)
    r = Receiver(CERTS)
    configure(r)
    place = f"https://hook.test:{other.port}/elsewhere"
    recovers(r, lambda r: setattr(r, "mode", (301, {"Location": place})), nothing, said="301.*not followed")
    assert other.got == []


def test_429_retry_after():
    for value in (lambda: "9", lambda: http_date(10)):
        fresh()
        r = Receiver(CERTS)
        configure(r)
        record(1)
        once(rc=0)
        r.mode = (429, {"Retry-After": value()})
        more = record(1, kind="session.closed")  # a use of the last minute has a try in each process
        began = time.time()
        once_until("it is asked to wait", lambda _: more[0] in r.ids(r.mode))
        r.mode = "ok"
        once(1000, rc=1)                      # another process keeps the promise
        assert set(r.ids("ok")) == set(ids()[:2])
        once(rc=0)
        assert more[0] in r.accepted()
        assert time.time() - began >= 7, "not before the receiver said"


def test_expired():
    r = Receiver(CERTS)
    configure(r)
    def bad(r): r.stop(); r.start("expired")
    def good(r): r.stop(); r.start()
    recovers(r, bad, nothing, good, said="certificate")
    assert len(r.ids()) >= 4


def test_wrong_host():
    r = Receiver(CERTS)
    configure(r)
    def bad(r): r.stop(); r.start("other")
    def good(r): r.stop(); r.start()
    recovers(r, bad, nothing, good, said="(?i)subject name|alternative|match")


def test_unknown_authority():
    r = Receiver(CERTS)
    configure(r)
    text = open(CONF, encoding="utf-8").read()
    write(CONF, text.replace(f"ca-file = {CERTS}/ca.pem\n", ""))
    record(1)
    undelivered(r, "certificate")


def test_old_tls():
    r = Receiver(CERTS)
    configure(r)
    def old(r):
        r.context.set_ciphers("ALL:@SECLEVEL=0")
        r.context.minimum_version = receiver.ssl.TLSVersion.TLSv1
        r.context.maximum_version = receiver.ssl.TLSVersion.TLSv1_1
    # with libraries that would take it: our own minimum is what counts
    write("/run/old.cnf", "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\n"
          "CipherString = ALL:@SECLEVEL=0\n")
    old(r)
    record(1)
    p = once(3000, rc=1, env={"OPENSSL_CONF": "/run/old.cnf"})
    assert re.search("(?i)ssl|tls|protocol", p.stderr) and not r.got, p.stderr
    fresh()
    r = Receiver(CERTS)
    configure(r)
    recovers(r, old, nothing, lambda r: (r.stop(), r.start()), said="(?i)ssl|tls|protocol")


def test_dns_that_drops():
    """A name server that swallows every question; the others and the end of a round do not wait for it."""
    sh("ip link add bgd0 type veth peer name bgd1; ip link set bgd0 up; ip link set bgd1 up; "
       "ip address add 192.0.2.1/24 dev bgd0; "
       "ip neighbour replace 192.0.2.53 lladdr 02:00:00:00:00:99 nud permanent dev bgd0")
    write("/run/resolv.conf", "nameserver 192.0.2.53\n")
    sh("umount /etc/resolv.conf 2>/dev/null; cp --remove-destination /run/resolv.conf /etc/resolv.conf")
    write("/etc/nsswitch.conf", "hosts: dns\npasswd: files\ngroup: files\n")
    good = Receiver(CERTS)
    r = Receiver(CERTS)
    configure(r, resolve=False, timeout=2)
    write(CONF, open(CONF, encoding="utf-8").read() + f"[sink other]\ntype = webhook\nurl = https://hook.test:{good.port}/\n"
          f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\nresolve = hook.test:{good.port}:127.0.0.1\n")
    want = [*record(2), ids()[0]]
    began = time.monotonic()
    p = once(3000, rc=1)
    assert time.monotonic() - began < 3 + 10
    assert "Sink hook" in p.stderr, p.stderr
    assert set(good.accepted()) >= set(want), "the other sink is not held up"
    configure(r)                               # the name no longer needs a server
    once(rc=0)
    assert set(r.accepted()) >= set(want)


def may_ping(groups):
    """Of this network alone, so it is set where /proc/sys cannot be written too."""
    sh(["mount", "-t", "proc", "proc", "/mnt"])
    with open("/mnt/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as f:
        f.write(groups)
    sh(["umount", "/mnt"])


def test_gateways_by_ipv6():
    """What is asked after a grant: the router that a host has by its link-local address, and one that is not there."""
    sh("ip link add bgs0 type veth peer name bgs1; ip link set bgs0 up; ip link set bgs1 up; "
       "ip -6 address add fe80::11/64 dev bgs0 nodad; ip -6 address add fe80::12/64 dev bgs1 nodad; ip -6 address add 2001:db8::1/64 dev bgs0 nodad; "
       "ip -6 route add default via fe80::12 dev bgs0 metric 10; ip -6 route add default via 2001:db8::99 dev bgs0 metric 20")
    may_ping("0 2147483647")
    r = Receiver(CERTS)
    configure(r)

    def said(name):
        sh([RECORD, JOURNAL, RUN, "", "-m", "x", "-k", "use.granted", "-s", f"use={name}"], stdout=subprocess.DEVNULL)
        with Service():
            return until("it is on record", lambda: [json.loads(x)["data"]["unmapped"]["breakglass"]["detail"] for x in lines()
                                                     if b"use.probed" in x and name.encode() in x])[0]

    try:
        text = said("01JD7Z3W9Q6M3B1V5X0C8K3F2A")
        assert re.search(r"gateway fe80::12%bgs0:? ok \d+ ms", text) and re.search(r"gateway 2001:db8::99:? (no answer|.*unreachable)", text), text
        may_ping("1 0")
        assert re.search("gateway fe80::12%bgs0:? not asked", said("01JD7Z3W9Q6M3B1V5X0C8K3F2B"))
    finally:
        sh("ip link del bgs0")


def certificate_ends():
    """In ms, as openssl and date say it of the one that receivers show."""
    out = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", f"{CERTS}/good.pem"], capture_output=True, text=True, check=True).stdout
    return 1000 * int(subprocess.run(["date", "-d", out.strip().removeprefix("notAfter="), "+%s"], capture_output=True, text=True, check=True).stdout)


def test_the_end_of_the_receivers_certificate():
    """It is kept with the cursor once it was shown and trusted: that of the receiver, and not of its authority."""
    r = Receiver(CERTS)
    configure(r)
    record(2)
    once(rc=0)
    assert int(cursor()["certificate"]) == certificate_ends() == int(cursor(STATE_CURSOR)["certificate"]), cursor()
    fresh()
    r = Receiver(CERTS, "other")
    configure(r)
    record(1)
    once(3000, rc=1)
    assert not os.path.exists(RUN_CURSOR) or cursor()["certificate"] == "0", cursor()


def kinds(d=JOURNAL):
    return [json.loads(x)["type"].removeprefix("org.breakglass.").removesuffix(".v1") for x in lines(d)]


def test_refused_is_kept():
    """An event that the receiver does not take: kept, tried again, on record once for each time, the rest goes on."""
    for status in (400, 401, 403, 404, 410, 413, 422):
        fresh()
        r = Receiver(CERTS)
        configure(r)
        record(1)
        once(rc=0)
        bad = record(1, "poison")[0]
        r.mode = lambda body: status if b"poison" in body or b"alert.undeliverable" in body else "ok"
        good = record(1)[0]
        once_until("it is refused", lambda p: "BG346" in p.stderr and bad in r.ids(status) and good in r.accepted(), 2000)
        once_until("each process tries it", lambda _: len(r.ids(status)) >= 4)
        assert kinds().count("alert.undeliverable") == 1, kinds()
        told = json.loads(lines()[-1])
        assert "hook" in told["data"]["message"] and str(status) in told["data"]["message"], told
        assert "\nrefused 3\n" in open(RUN_CURSOR, encoding="ascii").read()
        r.mode = "ok"
        once(rc=0)
        assert set(r.accepted()) == set(ids()), "nothing was dropped"
        assert int(cursor()["refusing"]) == 0
        bad = record(1, "poison")[0]
        r.mode = lambda body: status if b"poison" in body else "ok"
        once(1000, rc=1)
        assert kinds().count("alert.undeliverable") == 1, "not more than hourly"


def test_refused_is_told_elsewhere_and_taken_in_the_end():
    """A service whose one sink refuses everything: the other one says so; a success takes all of it along."""
    r, other = Receiver(CERTS), Receiver(CERTS)
    configure(r, extra=f"[sink other]\ntype = webhook\nurl = https://hook.test:{other.port}/\n"
              f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\nresolve = hook.test:{other.port}:127.0.0.1\n")
    r.mode = 403
    record(3)
    with Service() as s:
        until("it is told elsewhere", lambda: any(b"alert.undeliverable" in b for _, b, _ in other.got))
        assert "BG346" in s.said()
        assert r.accepted() == []
        r.mode = "ok"
        record(1)
        until("a success takes everything along", lambda: set(r.accepted()) == set(ids()))


def test_wrong_clock():
    """Ours is two hours off: every event arrives, signed with the receiver's time."""
    for ahead in (7200, -7200):
        fresh()
        r = Receiver(CERTS)
        r.ahead = ahead
        seen = []
        def judge(body, r=r, ahead=ahead, seen=seen):
            h = r.newest
            stamp = int(h["webhook-timestamp"])
            assert h["webhook-signature"] == sign(KEY, h, body)
            seen.append(stamp - time.time())
            return "ok" if abs(stamp - time.time() - ahead) <= 300 else 400
        r.mode = judge
        configure(r)
        record(8)
        once(rc=0)
        assert sorted(r.accepted()) == sorted(ids())
        assert 9 < len(r.got) <= 9 + 4, "only what was under way before the first answer was sent twice"
        assert "undeliverable" not in "".join(kinds())


def drop(*words):
    return subprocess.run([COMMAND, "alert", "drop", *words], capture_output=True, text=True, timeout=60)


def test_drop():
    """Only somebody with a reason gives an event up, for one sink, and that is on record."""
    install = "/usr/libexec/breakglass"
    sh(f"mkdir -p /mnt/libexec {install} && mount -t tmpfs none {install} && ln {ALERT} {install}/ 2>/dev/null || cp {ALERT} {install}/")
    r = Receiver(CERTS)
    configure(r)
    r.mode = lambda body: 400 if b"poison" in body else "ok"
    bad = [record(1, "poison")[-1], record(1, "poison")[-1]]
    once_until("both are refused", lambda _: refused() == ["2", "3"])
    for words, status in (([], 2), (["hook", bad[0]], 2), (["--reason", " ", "hook", bad[0]], 2), (["--reason", "x", "none", bad[0]], 2),
                          (["--reason", "x", "hook", "77"], 2), (["--reason", "x", "hook", ids()[0]], 2), (["--reason", "x", "hook", bad[0]], 2)):
        p = drop(*words)
        assert p.returncode == status, (words, p)
    assert "alert.dropped" not in kinds()
    status = subprocess.run([COMMAND, "alert", "status"], capture_output=True, text=True, timeout=60)
    assert status.returncode == 1 and "BG346" in status.stderr and bad[0] in status.stdout and bad[1] in status.stdout, status
    p = drop("--yes", "--reason", "not\x1b[31m in their schema", "hook", bad[0])
    assert p.returncode == 0, p
    event = next(json.loads(x) for x in lines() if b"alert.dropped" in x)
    own = event["data"]["unmapped"]["breakglass"]
    assert own["detail"] == f"hook {bad[0]} 2" and "schema" in own["reason"] and "\x1b" not in own["reason"], event
    until("it is done", lambda: not glob.glob("/run/breakglass/cursors/*drop*"))
    until("the event about it is out", lambda: event["id"] in r.accepted())
    with Service():
        p = drop("--yes", "--json", "--reason", "x", "hook", "3")
        assert p.returncode == 0 and json.loads(p.stdout)["dropped"] is True, p
        until("all is done", lambda: floor() == len(lines()))
    status = json.loads(subprocess.run([COMMAND, "alert", "status", "--json"], capture_output=True, text=True, timeout=60).stdout)
    assert (status["sinks"][0]["refused"], status["sinks"][0]["waiting"]) == (0, 0), status
    r.mode = "ok"
    once(rc=0)
    assert not set(bad) & set(r.accepted()), "it is given up for good"
    unmount(install)


def test_silent():
    """A sink that has taken nothing for a day: the other one is told, once. The day is put into the cursor.

    One that answers, but wrongly for ever, has taken nothing either."""
    r, other = Receiver(CERTS), Receiver(CERTS)
    configure(r, extra=f"[sink other]\ntype = webhook\nurl = https://hook.test:{other.port}/\nsecret-file = {SECRET_FILE}\n"
              f"ca-file = {CERTS}/ca.pem\nresolve = hook.test:{other.port}:127.0.0.1\n")
    r.stop()
    record(1)
    once_until("it fails", lambda _: os.path.exists(RUN_CURSOR) and cursor()["failing"] != "0")
    assert not any("alert.silent" in str(k) for k in kinds())
    assert abs(int(cursor()["failing"]) - time.time() * 1000) < 60000
    for path in RUN_CURSOR, STATE_CURSOR:
        body = open(path, encoding="ascii").read().rpartition("sum ")[0]
        body = re.sub(r"(?m)^failing (\d+)$", lambda m: f"failing {int(m[1]) - 86400000}", body)
        write(path, body + f"sum {hashlib.sha256(body.encode()).hexdigest()}\n")
    for _ in range(2):
        once_until("the other one is told", lambda _: "alert.silent" in kinds() and ids()[-1] in other.accepted(), 1500)
        told = [json.loads(x) for x in lines() if b"alert.silent" in x]
        assert len(told) == 1 and "hook" in told[0]["data"]["message"] and "24 h" in told[0]["data"]["message"], told
        assert other.accepted().count(told[0]["id"]) == 1
    r.start()
    for mode in (301, 500, 429):
        r.mode = mode
        once(1000, rc=1)
        assert cursor()["failing"] != "0", mode
    r.mode = "ok"
    once(rc=0)
    assert cursor()["failing"] == "0"
    for mode in (301, 500, 429):
        r.mode = mode
        record(1)
        once_until(f"it fails by {mode}", lambda _: cursor()["failing"] != "0")
        r.mode = "ok"
        once(30000, rc=0)
        assert cursor()["failing"] == "0"


def test_what_a_sink_does_not_want_it_has_not_taken():
    """Two of one class, of which one is dead, and the other does not want what waits: the class has a gap."""
    r, other = Receiver(CERTS), Receiver(CERTS)
    configure(r, extra=f"class = page\n[sink other]\ntype = webhook\nurl = https://hook.test:{other.port}/\n"
              f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\nresolve = hook.test:{other.port}:127.0.0.1\n"
              "class = page\nevents = gate.*\n")
    r.stop()
    record(1)
    def classes(_):
        status = json.loads(subprocess.run([COMMAND, "alert", "status", "--json"], capture_output=True, text=True).stdout)
        return [(x["class"], x["members"], x["unacknowledged"]) for x in status["classes"]]
    once_until("both have taken nothing", lambda p: classes(p) == [("page", 2, 2)])


def test_requeue():
    """What was taken goes out once more with the same id, and nothing else; without a name all that is refused. It is on record."""
    r = Receiver(CERTS)
    configure(r)
    r.mode = lambda body: 400 if b"poison" in body else "ok"
    good, bad = record(1)[-1], [record(1, "poison")[-1], record(1, "poison")[-1]]
    with Service():
        until("all are tried", lambda: set(bad) <= set(r.ids(400)) and good in r.accepted())
        def requeue(*words, rc=0):
            p = subprocess.run([COMMAND, "alert", "requeue", *words], capture_output=True, text=True, timeout=60)
            assert p.returncode == rc, p
            return p.stdout + p.stderr
        requeue("none", rc=2)
        assert "BG350" in requeue("hook", "99", rc=2)
        sent, before = len(r.got), r.accepted().count(good)  # twice already, where a busy machine was late with an answer
        requeue("--reason", "they lost it", "hook", good)
        until("it comes again", lambda: r.accepted().count(good) > before)
        told = [json.loads(x)["data"]["unmapped"]["breakglass"] for x in lines() if b"alert.requeued" in x]
        assert [(x["detail"], x["reason"]) for x in told] == [(f"hook {good} 2", "they lost it")], told
        until("and the event about it", lambda: ids()[-1] in r.accepted())
        assert {h["webhook-id"] for h, _, m in r.got[sent:] if m == "ok"} == {good, ids()[-1]}
        # no sooner: a retry of its own would leave nothing to ask for
        r.mode = lambda body: 400 if b"poison" in body and "".join(kinds()).count("alert.requeued") < 3 else "ok"
        requeue("hook")
        until("what was refused goes out", lambda: set(bad) <= set(r.accepted()))
        assert "refuses nothing" in requeue("hook")
    assert "".join(kinds()).count("alert.requeued") == 3


def test_drop_by_a_number_that_came_twice():
    """A journal begun anew counts from one again: the number is that of the event that the sink refuses."""
    r = Receiver(CERTS)
    configure(r)
    r.mode = lambda body: 400 if b"poison" in body else "ok"
    record(1)
    old = record(1, "poison")[-1]                            # its number is 3
    sh(f"mv {JOURNAL}/000001.jsonl /run/old && rm -rf {JOURNAL} {RUN}/* /var/lib/breakglass/head")
    new = record(1, "poison")[-1]                            # its number is 2
    record(1)
    sh(f"mv {JOURNAL}/000001.jsonl {JOURNAL}/000002.jsonl && mv /run/old {JOURNAL}/000001.jsonl")
    once_until("both are refused, and the third is taken", lambda _: refused() == ["2", "3"] and ids()[-1] in r.accepted())
    with Service():
        for number, which in (("2", new), ("3", old)):
            p = drop("--yes", "--reason", "x", "hook", number)
            told = [json.loads(x)["data"]["unmapped"]["breakglass"]["detail"] for x in lines() if b"alert.dropped" in x]
            assert p.returncode == 0 and told and told[-1] == f"hook {which} {number}", (p, told)


def test_one_bad_item_does_not_stop_the_rest():
    r = Receiver(CERTS)
    configure(r)
    r.mode = lambda body: 500 if b"stubborn" in body else "ok"
    want = [ids()[0]] if record(1, "stubborn") else []
    with Service():
        for _ in range(5):
            want += record(1)
            until("it arrives", lambda: set(r.accepted()) >= set(want), 20)  # a back-off would be half a minute
        r.mode = "ok"
        until("the stubborn one too", lambda: set(r.accepted()) == set(ids()), 90)


def test_new_alarm_does_not_queue_behind_a_back_off():
    r = Receiver(CERTS)
    configure(r)
    with Service():
        record(1)
        until("first", lambda: len(r.accepted()) == 2)
        r.stop()
        record(3)
        time.sleep(7)                          # failures in a row: the next retry is half a minute away, or more
        assert len(r.accepted()) == 2
        r.start()
        began = time.monotonic()
        new = record(1)
        until("the new one arrives", lambda: new[0] in r.accepted(), 20)
        until("and takes the rest along", lambda: set(r.accepted()) == set(ids()), 20)
        print(f"    {time.monotonic() - began:.2f} s after the receiver came back")


def test_a_success_takes_all_along_after_resets():
    """Connections are reset, again and again, so that each waits with a back-off: one that gets through takes all along at once."""
    r = Receiver(CERTS)
    configure(r)
    with Service() as s:
        record(1)
        until("first", lambda: len(r.accepted()) == 2)
        for _ in range(3):                     # an early success between the resets used up what takes them along
            r.mode = "reset"
            record(3)
            until("they fail", lambda: len(r.ids("reset")) >= 2)
            seen = len(r.ids("reset"))
            r.mode = lambda body, new=set(): "ok" if b"gets through" in body else "reset"
            record(1, "gets through")
            until("it takes them along, to be reset again", lambda: len(r.ids("reset")) > seen)
        assert "BG330" in s.said()
        r.mode = "ok"
        last = record(1)
        until("the alarm is out", lambda: last[0] in r.accepted())
        # the next back-off would be half a minute away, or minutes
        until("and all that waited", lambda: set(r.accepted()) == set(ids()), 15)


def test_files_that_appear_later():
    """The service starts before its configuration, and before the secret: it takes both when they are there."""
    r = Receiver(CERTS)
    record(1)
    with Service() as s:
        until("it runs", lambda: os.path.exists("/run/breakglass/cursors/.service"))
        configure(r)
        os.unlink(SECRET_FILE)
        until("it says so", lambda: "BG336" in s.said())
        write(SECRET_FILE, "whsec_" + base64.b64encode(KEY).decode() + "\n", 0o400)
        until("delivered", lambda: set(r.accepted()) == set(ids()))
        assert s.p.poll() is None


# --- crashes and disks --------------------------------------------------------------------------------

def test_killed_at_any_step():
    """SIGKILL of the whole service at the first, second ... system call that writes, syncs, renames or sends."""
    for call in ("write", "fsync", "rename", "sendto", "sendmsg", "connect", "openat", "flock"):
        for k in (1, 2, 3, 5, 8):
            fresh()
            r = Receiver(CERTS)
            configure(r)
            want = [*record(3), ids()[0]]
            subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=SIGKILL:when={k}",
                            ALERT, "--once", "--deadline", "4000"], capture_output=True, timeout=120)
            once(rc=0)
            assert set(r.accepted()) >= set(want), (call, k)
            assert floor() == 4, (call, k)
            r.stop()


def test_killed_by_the_receiver():
    """It dies between the receiver's answer and its own note of it."""
    r = Receiver(CERTS)
    configure(r)
    want = [*record(4), ids()[0]]
    for _ in range(6):
        seen = len(r.got)
        s = Service()
        def kill(body):
            s.p.kill()
            return "ok"
        r.mode = kill
        until("a request kills it", lambda: s.p.poll() == -signal.SIGKILL)
        until("the request is taken", lambda: len(r.got) > seen)
        want += record(1)                      # so that the next one has something to deliver too
    r.mode = "ok"
    once(rc=0)
    assert set(r.accepted()) >= set(want)
    assert set(r.ids()) == set(want), "duplicates have the same id"


def test_no_worker_outlives_its_service():
    r = Receiver(CERTS)
    configure(r)
    r.mode = "hang"
    record(1)
    s = Service()
    until("a request", lambda: r.got)
    pids = workers(s)
    assert len(pids) == 1
    s.p.kill()
    s.p.wait()
    until("workers are gone", lambda: not any(os.path.exists(f"/proc/{w}/exe") for w in pids))
    r.release.set()


def test_disk_full_for_cursors():
    r = Receiver(CERTS)
    configure(r)
    record(1)
    once(rc=0)
    d = "/var/lib/breakglass/cursors"
    sh(f"cp -a {d} /run/kept; mount -t tmpfs -o size=16k,mode=750 none {d}; cp -a /run/kept/. {d}; cat /dev/zero >{d}/fill 2>/dev/null || true")
    want = record(3)
    with Service() as s:
        until("delivered all the same", lambda: set(r.accepted()) >= set(want))
        until("it says so", lambda: "BG334" in s.said())
        until("the copy in /run is right", lambda: floor() == 5)
        unmount(d)
        until("saved again", lambda: record(1) and cursor(STATE_CURSOR).get("saved") == cursor()["saved"])
    sh("rm -rf /run/kept")


def test_cursor_torn_or_garbled():
    r = Receiver(CERTS)
    configure(r)
    record(2)
    once(rc=0)
    good = open(STATE_CURSOR, "rb").read()
    for bad in (b"", good[:-1], good[: len(good) // 2], good.replace(b"chain", b"chaim"), b"\0" * 4096,
                bytes(good[:60]) + bytes([good[60] ^ 1]) + bytes(good[61:])):
        for path in (STATE_CURSOR, RUN_CURSOR):
            with open(path, "wb") as f:
                f.write(bad)
        seen = len(r.got)
        p = once(rc=0)
        assert "BG335" in p.stderr, (bad, p.stderr)
        assert len(r.got) == seen + 3, "delivered again, nothing lost"
        assert floor() == 3
    os.unlink(RUN_CURSOR)                      # the machine was started again
    seen = len(r.got)
    once(rc=0)
    assert len(r.got) == seen, "the lasting copy is enough"


def test_fall_back_segment_and_takeover():
    """What the journal refused lies in /run: it is delivered from there, and again, same id, from the journal."""
    r = Receiver(CERTS)
    configure(r)
    record(1)
    sh(f"mount -t tmpfs -o ro none {JOURNAL}")
    sh([RECORD, JOURNAL, RUN, "", "-m", "degraded one"], stdout=subprocess.DEVNULL)
    lost = [i for i in ids(RUN)]
    assert len(lost) == 2, lost
    once()
    assert set(r.accepted()) >= set(lost)
    unmount(JOURNAL)
    record(1)
    once(rc=0)
    assert set(r.accepted()) >= set(ids())
    assert lost[1] in ids(), "it was taken over"
    bodies = [b for h, b, _ in r.got if h["webhook-id"] == lost[1]]
    assert len(bodies) == 2 and bodies[0] != bodies[1] and bodies[1] in lines()


def cut(path, length):
    """As if a writer had taken lines back; the second place knows nothing of it."""
    with open(path, "r+b") as f:
        f.truncate(length)
    for known in ("/var/lib/breakglass/head", f"{RUN}/durable"):
        if os.path.exists(known):
            os.unlink(known)


def test_line_taken_back():
    """A line that was seen before its fsync failed, and whose number then belongs to another event."""
    r = Receiver(CERTS)
    configure(r)
    with Service() as s:
        record(2)
        until("first", lambda: len(r.accepted()) == 3)
        path = sorted(glob.glob(f"{JOURNAL}/*.jsonl"))[-1]
        data = open(path, "rb").read()
        keep = data[: data[:-1].rindex(b"\n") + 1]
        cut(path, len(keep))
        new = record(1)
        until("the one with the same number arrives", lambda: set(r.accepted()) >= set(new))
        # while the first one is under way
        record(1)
        until("the cursor has it", lambda: floor() == 4)
        r.release.clear()
        r.mode = lambda body: "held" if b"held" in body else "ok"
        held = record(1, "held")
        until("it is under way", lambda: held[0] in r.ids())
        data = open(path, "rb").read()
        cut(path, data[:-1].rindex(b"\n") + 1)
        new = record(1, "neld")
        r.release.set()
        until("the one with the same number arrives", lambda: set(r.accepted()) >= set(new))
        # between two looks, and the file has the same length again
        once_more = record(1, "abcd")
        until("it arrives", lambda: set(r.accepted()) >= set(once_more))
        size = os.path.getsize(path)
        worker, = workers(s)
        os.kill(worker, signal.SIGSTOP)
        whole = open(path, "rb").read()
        cut(path, whole[:-1].rindex(b"\n") + 1)
        new = record(1, "efgh")
        if os.path.getsize(path) != size:
            print("    (the length differs)")
        os.kill(worker, signal.SIGCONT)
        until("the one in its place arrives", lambda: set(r.accepted()) >= set(new))
        keep = keep + data[len(keep):][: data[len(keep):].index(b"\n") + 1]
    # and with a new process
    for _ in range(2):                         # first fewer lines than the cursor knows, then as many
        cut(path, len(keep))
        newer = record(1)
        once(rc=0)
        assert set(r.accepted()) >= set(newer)


def test_journal_begun_anew():
    r = Receiver(CERTS)
    configure(r)
    record(3)
    once(rc=0)
    sh(f"rm -rf {JOURNAL}")
    record(1)
    once(rc=0)
    assert set(r.accepted()) >= set(ids())


# --- who it is, who else is there ---------------------------------------------------------------------

def test_service_user():
    """As root it becomes breakglass-alert before anything is read from outside; the secret stays root's."""
    user(True)
    r = Receiver(CERTS)
    configure(r)
    record(1)
    os.chown(JOURNAL, 0, USER)
    for p in glob.glob(f"{JOURNAL}/*.jsonl"):
        os.chown(p, 0, USER)
    r.mode = "hang"
    with Service() as s:
        until("a request", lambda: r.got)
        pids = [s.p.pid, *workers(s)]
        assert len(pids) == 2, pids
        for pid in pids:
            status = open(f"/proc/{pid}/status").read()
            if pid == s.p.pid:                 # it reads the secrets again, and nothing from outside
                assert "Uid:\t0\t0\t0\t0" in status, status
                continue
            assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in status, status
            assert f"Gid:\t{USER}\t{USER}\t{USER}\t{USER}" in status and re.search(r"Groups:\s*\n", status), status
            assert "CapEff:\t0000000000000000" in status
            assert KEY not in open(f"/proc/{pid}/cmdline", "rb").read() + open(f"/proc/{pid}/environ", "rb").read()
    r.release.set()
    r.mode = "ok"
    once(rc=0)
    st = os.stat(STATE_CURSOR)
    assert (st.st_uid, st.st_mode & 0o777) == (USER, 0o640), st


def still_here():
    """The processes of the program in this namespace."""
    def link(pid, name):
        try:
            return os.readlink(f"/proc/{pid}/{name}")
        except OSError:
            return ""
    return [x for x in os.listdir("/proc") if x.isdigit() and link(x, "exe") == ALERT and link(x, "ns/mnt") == link("self", "ns/mnt")]


def test_the_sweep_can_end_its_workers():
    """With no more than its unit leaves it: a worker of the service's user ends with its round."""
    unit = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../packaging/systemd/breakglass-alert-sweep.service.in")
    text = open(unit, encoding="ascii").read()
    left = ",".join("+" + x[4:].lower() for x in re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M)[1].split())
    user(True)
    r = Receiver(CERTS)
    configure(r, timeout=60)
    r.mode = "hang"
    record(1)
    sh(f"chgrp -R {USER} {JOURNAL}")
    p = subprocess.run(["setpriv", "--bounding-set", "-all," + left, "--inh-caps", "-all", ALERT, "--once", "--deadline", "1500"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    assert p.returncode == 1, p
    assert not still_here(), "a worker has outlived its round"


def test_a_silent_sink_starves_no_other():
    """Without a service: the healthy sink's worker has ended, the other one hangs, and who rings finds the round busy."""
    good, dead = Receiver(CERTS), Receiver(CERTS)
    dead.mode = "hang"
    configure(good, extra=f"[sink dead]\ntype = webhook\nurl = https://hook.test:{dead.port}/\nsecret-file = {SECRET_FILE}\n"
              f"ca-file = {CERTS}/ca.pem\nresolve = hook.test:{dead.port}:127.0.0.1\ntimeout = 30\n")
    record(1)
    p = subprocess.Popen([ALERT, "--once", "--deadline", "60000"], stderr=subprocess.DEVNULL)
    try:
        until("the round is under way", lambda: len(good.got) == 2 and dead.got)
        until("one worker has ended", lambda: len(open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()) == 1)
        new, began = record(1)[0], time.monotonic()
        with open("/run/breakglass/round.lock", "r+b") as f:
            f.write(os.urandom(8))
        until("the healthy one gets what is new", lambda: new in good.ids(), 20)
        print(f"after {time.monotonic() - began:.1f} s")
    finally:
        p.kill()
        p.wait()


def test_round_leaves_the_work_to_the_service():
    r = Receiver(CERTS)
    configure(r)
    r.mode = "hang"
    record(1)
    with Service():
        until("a request", lambda: r.got)
        began = time.monotonic()
        once(rc=0)
        assert time.monotonic() - began < 15, "it need not wait for anything"  # it would, for its 30 s
        p = subprocess.run([ALERT, "--service"], capture_output=True, text=True, timeout=60)
        assert p.returncode == 75 and "BG338" in p.stderr, p
    r.release.set()


def sign(secret, h, body):
    text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()


def test_new_secret_without_restart():
    """A new secret signs at once, the old one beside it; a useless one changes nothing; whoever it runs as."""
    for there in (True, False):
        fresh()
        user(there)
        r = Receiver(CERTS)
        configure(r)
        record(1)
        if there:
            sh(f"chgrp -R {USER} {JOURNAL}")
        with Service() as s:
            until("delivered", lambda: len(r.accepted()) == 2)
            known = [KEY]
            for new in (b"n" * 32, b"m" * 24, b"o" * 64, b"p" * 32):
                known = [new, *known][:4]
                worker = workers(s)
                write(SECRET_FILE, "whsec_" + base64.b64encode(new).decode() + "\n", 0o400)
                until("another worker", lambda: workers(s) not in ([], worker))
                last = record(1)
                until("delivered", lambda: last[0] in r.accepted())
                h, body, _ = r.got[-1]
                assert h["webhook-signature"].split(" ") == [sign(k, h, body) for k in known], h
            for bad in ("", "whsec_short", None):
                os.unlink(SECRET_FILE) if bad is None else write(SECRET_FILE, bad, 0o400)
                said = s.said().count("BG347")
                until("it says so", lambda: s.said().count("BG347") > said)
                last = record(1)
                until("delivered", lambda: last[0] in r.accepted())
                h, body, _ = r.got[-1]
                assert h["webhook-signature"].split(" ") == [sign(k, h, body) for k in known], h
            assert s.p.poll() is None


def test_new_authority_without_restart():
    """The receiver has a certificate of another authority: what waits is delivered as soon as the file has it."""
    receiver.make_certificates("/run/other")
    r = Receiver("/run/other")
    configure(r)
    want = [*record(1), ids()[0]]
    with Service() as s:
        until("it says so", lambda: "certificate" in s.said())
        sh(f"cp {CERTS}/ca.pem /run/kept.pem; cat /run/other/ca.pem >>{CERTS}/ca.pem")
        until("delivered", lambda: set(r.accepted()) >= set(want), 30)
    sh(f"mv /run/kept.pem {CERTS}/ca.pem")


def test_hangup_is_a_reload():
    r = Receiver(CERTS)
    configure(r)
    record(1)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/run/notify2")
    s.settimeout(60)
    with Service(env={"NOTIFY_SOCKET": "/run/notify2"}) as service:
        assert s.recv(100) == b"READY=1"
        worker = workers(service)
        service.p.send_signal(signal.SIGHUP)
        assert [s.recv(100), s.recv(100)] == [b"RELOADING=1", b"READY=1"]
        until("another worker", lambda: workers(service) not in ([], worker))
        last = record(1)
        until("delivered", lambda: last[0] in r.accepted())
        os.chmod(CONF, 0o666)                  # useless: it goes on with what it had
        until("it says so", lambda: "BG348" in service.said())
        last = record(1)
        until("delivered", lambda: last[0] in r.accepted())
        assert service.p.poll() is None
    p = subprocess.run([ALERT, "--service"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 78, (p.returncode, p.stderr)  # systemd: CONFIG


def test_rings_of_a_flood():
    """However many events, without a service: one delivery, and everything is out at its end."""
    r = Receiver(CERTS)
    configure(r)
    r.mode = lambda body: time.sleep(0.05) or "ok"
    most = 0
    ps = [subprocess.Popen([RECORD, JOURNAL, RUN, "", "-n", "40", "-r", ALERT], stdout=subprocess.DEVNULL) for _ in range(6)]
    while any(p.poll() is None for p in ps):
        most = max(most, deliveries())
        time.sleep(0.01)
    until("all is out", lambda: set(r.accepted()) == set(ids()))
    until("and the delivery has ended", lambda: deliveries() == 0)
    assert most == 2, most                     # the one that waits and its worker
    assert len(r.accepted()) == len(set(r.accepted())) == 241


def test_alarm_in_a_flood():
    """Six who flood, a receiver that takes its time: an alarm overtakes all that waits, with a service and without one."""
    for served in (False, True):
        fresh()
        r = Receiver(CERTS)
        configure(r)
        r.latency = 0.3
        service = Service() if served else None
        if served:
            until("it runs", lambda: workers(service))
        ring = [] if served else ["-r", ALERT]
        flood = [subprocess.Popen([RECORD, JOURNAL, RUN, "", "-n", "100", "-k", "attempt.failed", *ring], stdout=subprocess.DEVNULL)
                 for _ in range(6)]
        until("the flood runs", lambda: len(r.got) > 9 and kinds().count("attempt.failed") > 60)
        first = resident()
        most = deliveries()
        sh([RECORD, JOURNAL, RUN, "", "-m", "the alarm", *ring], stdout=subprocess.DEVNULL)
        alarm = next(json.loads(x) for x in lines() if b"the alarm" in x)
        number = lambda e: int(e["sequence"])
        until("it is out", lambda: alarm["id"] in r.accepted())
        with r.lock:
            got = [json.loads(b) for _, b, _ in r.got]
            seen = {i: t for (i, _), t in r.arrived.items()}
        at = [e["id"] for e in got].index(alarm["id"])
        recorded = alarm["data"]["time"] / 1000
        before = [e for e in got[:at] if seen[e["id"]] > recorded and e["type"].startswith("org.breakglass.attempt")]
        waiting = [e for e in map(json.loads, lines()) if number(e) < number(alarm) and e["id"] not in {g["id"] for g in got[:at]}]
        print(f"    {'with' if served else 'without'} a service: out after {seen[alarm['id']] - recorded:.2f} s, past {len(waiting)} "
              f"that waited; {most} processes, {first} KiB")
        assert waiting and not any(number(e) > number(alarm) for e in got[:at])
        assert len(before) < len(waiting), (len(before), len(waiting))
        while any(p.poll() is None for p in flood):
            most = max(most, deliveries())
            time.sleep(0.02)
        assert 2 <= most <= 3, most  # one that ends and the next one overlap; six who ring all the time start no more
        last = resident()
        r.latency = 0
        until("all is out", lambda: set(r.accepted()) == set(ids()), 120)
        print(f"    {last} KiB at the end of the flood, {len(ids())} events")
        assert SANITIZED or last < first + 4096, (first, last)  # a sanitizer keeps what was freed
        if served:
            service.__exit__()
        else:
            until("the delivery has ended", lambda: deliveries() == 0)


def ours():
    """Directories in /proc of the breakglass-alerts of this test, not of another one beside it."""
    for p in glob.glob("/proc/[0-9]*"):
        try:
            if (os.readlink(f"{p}/exe") == ALERT and os.readlink(f"{p}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
                    and open(f"{p}/comm", encoding="ascii").read() != "breakglass-look\n"):  # after a grant, what is dead
                yield p
        except OSError:
            pass


def resident():
    """KiB of all of them together."""
    kib = 0
    for p in ours():
        try:
            kib += int(re.search(r"RssAnon:\s*(\d+)", open(f"{p}/status", encoding="ascii").read())[1])
        except (OSError, TypeError):
            pass
    return kib


def deliveries():
    return len(list(ours()))


def test_two_rounds_at_once():
    r = Receiver(CERTS)
    configure(r)
    record(20)
    ps = [subprocess.Popen([ALERT, "--once", "--deadline", "30000"], stderr=subprocess.DEVNULL) for _ in range(4)]
    assert [p.wait(60) for p in ps] == [0, 0, 0, 0]
    assert sorted(r.accepted()) == sorted(ids()), "each once: one lock a sink"


def test_configuration():
    r = Receiver(CERTS)
    configure(r, extra="colour = red\n")
    p = once(rc=78)
    assert "colour" in p.stderr and "line 10:" in p.stderr, p.stderr
    configure(r)
    os.chmod(SECRET_FILE, 0o666)
    record(1)
    p = once(rc=78)
    assert "BG336" in p.stderr and not r.got, p.stderr
    for bad in ("", "whsec_", "secret", "whsec_AAAA", "whsec_" + "A" * 200, "whsec_" + base64.b64encode(bytes(32)).decode()[:-1]):
        write(SECRET_FILE, bad, 0o400)
        assert "BG336" in once(rc=78).stderr, bad
    configure(r)
    with Service() as s:
        until("delivered", lambda: set(r.accepted()) == set(ids()))
        n = len(r.got)
        worker = workers(s)
        configure(r, extra="events = none\n")
        until("another worker", lambda: workers(s) not in ([], worker))
        record(1)
        until("nobody wants it", lambda: floor() == len(lines()))
        assert len(r.got) == n and s.p.poll() is None
    for words in ([], ["--once", "--service"], ["--once", "x"], ["--once", "--deadline", "0"], ["--bogus"]):
        assert subprocess.run([ALERT, *words], capture_output=True).returncode == 2, words


def test_bad_sink_costs_itself():
    """A sink with a bad line gets nothing, the next one everything; the fault is an event, once, and a sink gets it."""
    bad, good = Receiver(CERTS), Receiver(CERTS)
    configure(bad, name="bad", extra=f"colour = red\n[sink good]\ntype = webhook\nurl = https://hook.test:{good.port}/\n"
              f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\nresolve = hook.test:{good.port}:127.0.0.1\n")
    record(1)
    for _ in range(2):
        p = once(rc=0)
        assert "BG601" in p.stderr and "line 10: [sink bad] unknown key colour" in p.stderr, p.stderr
    faults = [e for e in map(json.loads, lines()) if e["type"] == "org.breakglass.config.changed.v1"]
    assert len(faults) == 1 and faults[0]["data"]["status_id"] == 2 and "[sink bad]" in json.dumps(faults[0]), faults
    assert not bad.got and sorted(good.accepted()) == sorted(ids())


def sinks(*receivers):
    """breakglass.conf with a sound sink for each, one, two ...; and its text without the last one."""
    write(SECRET_FILE, "whsec_" + base64.b64encode(KEY).decode() + "\n", 0o400)
    text = "[record]\nsyslog = no\n"
    for name, r in zip(("one", "two", "three"), receivers):
        text += (f"[sink {name}]\ntype = webhook\nurl = https://hook.test:{r.port}/\nsecret-file = {SECRET_FILE}\n"
                 f"ca-file = {CERTS}/ca.pem\nresolve = hook.test:{r.port}:127.0.0.1\n")
    return text


def status():
    p = subprocess.run([COMMAND, "alert", "status"], capture_output=True, text=True, timeout=60)
    return p.returncode, p.stderr + p.stdout


def test_a_fault_costs_only_itself():
    """Every way in which a line or a file can be useless: the other sink gets everything, among it the event about the fault."""
    secret = "/etc/breakglass/secrets/other"
    base = "[record]\nsyslog = no\n"
    hook = "[sink bad]\ntype = webhook\nurl = https://hook.test:1/\nresolve = hook.test:1:127.0.0.1\n"
    lines_of_conf = (
        "[no section\n", "[sink]\n", "[sinks bad]\ntype = webhook\n", hook + f"secret-file = {SECRET_FILE}\n" + hook + f"secret-file = {SECRET_FILE}\n", "[sink Ä]\ntype = syslog\n",
        hook, hook + "secret-file = relative\n", hook + f"secret-file = {SECRET_FILE}\nca-file =\x01\n",
        hook + f"secret-file = {SECRET_FILE}\ntimeout = 10000\n", hook + f"secret-file = {SECRET_FILE}\nurl = https://two\n",
        "[sink bad]\ntype = pigeon\n", "[sink bad]\ntype = syslog\npath = /dev/log\nurl = https://x\n", "[login]\nattempts = many\n",
        "[login]\nattempts = 3\n[login]\nattempts = 4\n", *("[login]\n" + x for x in ("\x00\n", "x" * 2000 + "\n", "\x80\n", "  indented = 1\n", "\ufeff\n")))
    files = (
        lambda: None,                                                  # not there
        lambda: write(secret, "", 0o400), lambda: write(secret, "whsec_AAAA\n", 0o400),
        lambda: write(secret, "whsec_" + "A" * 32 + "\0", 0o400),
        lambda: write(secret, "whsec_" + "A" * 32 + "\n", 0o666), lambda: os.makedirs(secret), lambda: os.mkfifo(secret),
        lambda: os.symlink("/nonexistent", secret))
    r = Receiver(CERTS)
    cases = [(lambda: None, t, "BG601") for t in lines_of_conf]
    cases += [(f, hook + f"secret-file = {secret}\nca-file = {CERTS}/ca.pem\n", "BG353") for f in files]
    cases += [(f, hook + f"secret-file = {SECRET_FILE}\nca-file = {secret}\n", "BG353") for f in
              (*files[:2], lambda: write(secret, "no certificate\n"), files[5], files[6], files[7])]
    for make, text, number in cases:
        fresh()
        r.got.clear()
        good = sinks(r)
        make()
        write(CONF, good + text)
        record(1)
        p = once(3000)
        assert set(r.accepted()) == set(ids()), (text, p.stderr, kinds())
        told = [e for e in map(json.loads, lines()) if e["type"] == "org.breakglass.config.changed.v1"]
        assert len(told) >= 1 and all(e["data"]["status_id"] == 2 for e in told), (text, kinds())
        assert number in json.dumps(told) or number == "BG601" and CONF in json.dumps(told), told
        n = len(told)
        once(1000)
        assert kinds().count("config.changed") == n, "once for each"
        code, said = status()
        assert code == 1 and number in said, (text, said)


def test_a_file_that_is_useless_as_a_whole():
    """Nothing of it can be used: on record and a finding, status 78; and everything goes out once it is right."""
    r = Receiver(CERTS)
    for spoil in (lambda: os.chmod(CONF, 0o666), lambda: os.chown(CONF, 1, 1), lambda: (os.unlink(CONF), os.makedirs(CONF)),
                  lambda: (os.unlink(CONF), os.mkfifo(CONF)), lambda: (os.unlink(CONF), os.symlink("/dev/zero", CONF)),
                  lambda: open(CONF, "a", encoding="ascii").write("#" * 2200000)):
        fresh()
        r.got.clear()
        write(CONF, sinks(r))
        spoil()
        record(1)
        assert once(rc=78).stderr
        assert kinds().count("config.changed") == 1, kinds()
        once(rc=78)
        assert kinds().count("config.changed") == 1, kinds()
        code, said = status()
        assert code == 1 and CONF in said, said
        sh(["rm", "-rf", CONF])
        write(CONF, sinks(r))
        once(rc=0)
        assert set(r.accepted()) == set(ids())


def test_a_fault_while_the_journal_refuses():
    """It is told from /run, once: neither this delivery nor the next one goes on telling it."""
    r = Receiver(CERTS)
    for text in ("[login]\nattempts = many\n",
                 "[sink worse]\ntype = webhook\nurl = https://hook.test:1/\nsecret-file = /nonexistent\n"):
        fresh()
        r.got.clear()
        write(CONF, sinks(r) + text)
        record(1)
        sh(f"mount --bind {JOURNAL} {JOURNAL} && mount -o remount,bind,ro {JOURNAL}")
        try:
            once(3000)
            told = [e for e in map(json.loads, lines(RUN)) if e["type"] == "org.breakglass.config.changed.v1"]
            assert len(told) == 1 and told[0]["id"] in r.accepted(), (told, r.accepted())
            once(3000)
            assert sum(b"config.changed" in x for x in lines(RUN)) == 1, lines(RUN)
        finally:
            unmount(JOURNAL)
        once(3000)
        assert kinds().count("config.changed") == 1, kinds()


def test_a_refusal_while_the_journal_refuses():
    """alert.undeliverable, too: what lies in /run is known."""
    good, bad = Receiver(CERTS), Receiver(CERTS)
    configure(good, extra=f"[sink bad]\ntype = webhook\nurl = https://hook.test:{bad.port}/\nresolve = hook.test:{bad.port}:127.0.0.1\n"
              f"secret-file = {SECRET_FILE}\nca-file = {CERTS}/ca.pem\n")
    bad.mode = 400
    record(1)
    sh(f"mount --bind {JOURNAL} {JOURNAL} && mount -o remount,bind,ro {JOURNAL}")
    try:
        for _ in range(2):
            once(3000)
            assert sum(b"alert.undeliverable" in x for x in lines(RUN)) == 1, lines(RUN)
    finally:
        unmount(JOURNAL)


def test_secret_that_the_service_cannot_read():
    """Root can, the service's user cannot: a finding, before an alarm is missed."""
    user(True)
    r = Receiver(CERTS)
    configure(r)
    code, said = status()
    assert code == 1 and "BG353" in said and SECRET_FILE in said, said
    os.chown(SECRET_FILE, 0, USER)
    os.chmod(SECRET_FILE, 0o440)
    code, said = status()
    assert "BG353" not in said, said
    os.chown(SECRET_FILE, 0, 0)
    os.chmod(SECRET_FILE, 0o444)
    assert "BG353" not in status()[1]


def test_systemd_protocol():
    """READY=1, WATCHDOG=1 on time, STOPPING=1: sd_notify(3)."""
    r = Receiver(CERTS)
    configure(r)
    record(1)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/run/notify")
    s.settimeout(60)
    p = subprocess.Popen([ALERT, "--service"], env={"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "2000000"})
    try:
        assert s.recv(100) == b"READY=1"
        assert [s.recv(100), s.recv(100)] == [b"WATCHDOG=1"] * 2
        p.terminate()
        assert p.wait(60) == 0
        rest = []
        while b"STOPPING=1" not in rest:
            rest.append(s.recv(100))
    finally:
        p.kill()


def test_environment_counts_for_nothing():
    """A proxy or a CA file that somebody else's environment names must not be taken."""
    r = Receiver(CERTS)
    trap = Receiver(CERTS)
    configure(r)
    record(1)
    env = {k: f"http://127.0.0.1:{trap.port}" for k in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY")}
    once(rc=0, env=env)
    assert len(r.accepted()) == 2 and not trap.got
    write(CONF, f"[record]\nsyslog = no\n[sink logs]\ntype = collector\nserver = hook.test:{r.port}\n"
          f"resolve = hook.test:{r.port}:127.0.0.1\ntimeout = 5\n")
    record(1)
    p = once(4000, rc=1, env={"SSL_CERT_FILE": f"{CERTS}/ca.pem"})
    assert "certificate: " in p.stderr, p.stderr


def main(names=None):
    """The tests of this file, or of names."""
    names = names or dict(globals())
    lanes.begin(3)
    enter_namespace()
    passed = failed = 0
    for name in lanes.mine(names):
        fresh()
        began = time.monotonic()
        try:
            names[name]()
            passed += 1
            print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as e:  # noqa: BLE001
            failed += 1
            import traceback
            print("FAIL", name, type(e).__name__, str(e)[:1500], traceback.format_exc(limit=-2)[-600:], flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
