#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""alarms.py BUILD [all]: the fault matrix of delivery, against a receiver that does what a network can do to us.

Each fault is ordered while the resident service delivers, two events run into it, it ends, and a third event comes. Then
all three are out, every copy of an event had the same id and the same bytes, and the cursor says so; the time from the end
of the fault to the last acknowledgement is printed, and bounded. Then the program itself: errors and SIGKILL at its system
calls (strace), and a delivery that is frozen. Without "all": a choice by steps, for a minute at most.
"""

import asyncio
import collections
import contextlib
import glob
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
WHOLE = sys.argv[2:3] == ["all"]
ONLY = sys.argv[3:] if WHOLE else sys.argv[2:]
sys.path[:0] = [os.path.join(HERE, "..", "utils", "alert")]
import test_alert as lab  # noqa: E402  (reads BUILD from sys.argv, too)
from test_alert import lanes  # noqa: E402

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
# From the end of a fault to the last acknowledgement: what is asked for on a quiet machine, and what a busy one may add.
RECOVERY_S, BUSY_S = 1.0, 10.0
RECORD_S = 2.5 + BUSY_S / 2  # an append with all its fall-backs; it never waits for a receiver


def answer(status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Endpoint:
    """fault: None, or what happens to a request:
    ("read", n): reset after n bytes of it       ("reply", n, bytes): taken, then reset after n bytes of the answer
    ("hang",): never answered                    ("drip", s): the answer comes byte by byte, s seconds apart
    ("say", bytes): that is the answer           ("gather", n, bytes): the same, when n have come
    or a function of the number of requests since it was set, that returns one"""

    def __init__(self, tls):
        self.fault, self.hits, self.taken, self.copies, self.acked = None, 0, [], collections.defaultdict(set), {}
        self.tls, self.port, self.server, self.writers = tls, 0, None, set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.certificate("good")
        self.start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def certificate(self, name, certs=lab.CERTS):
        self.context.load_cert_chain(f"{certs}/{name}.pem", f"{certs}/{name}.key")

    def start(self):
        async def go():
            return await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.context, backlog=64)
        self.server = self.call(go())
        self.port = self.server.sockets[0].getsockname()[1]

    def stop(self):
        async def go():
            self.server.close()
            self.cut()
        self.call(go())

    def cut(self):
        """Every connection there is, with a reset."""
        for writer in list(self.writers):
            self.reset(writer)

    def reset(self, writer):
        self.writers.discard(writer)
        with contextlib.suppress(OSError, AttributeError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def order(self, fault):
        """From the next request on; connections that are idle stay."""
        async def go():
            self.fault, self.hits = fault, 0
        self.call(go())

    async def serve(self, reader, writer):
        self.writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            while await self.request(reader, writer):
                pass
        self.reset(writer)

    async def request(self, reader, writer):
        """False: this connection is at its end."""
        text = await reader.readexactly(1)
        fault = self.fault(self.hits) if callable(self.fault) else self.fault
        self.hits += fault is not None
        if fault and fault[0] == "read":
            if fault[1] > 1:
                await reader.readexactly(fault[1] - 1)
            return False
        text += await reader.readuntil(b"\r\n\r\n")
        headers = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in text.decode().split("\r\n")[1:] if x)}
        body = await reader.readexactly(int(headers["content-length"]))
        name = headers["webhook-id"]
        self.copies[name].add(body)
        if fault and fault[0] == "hang":
            while self.fault is not None:
                await asyncio.sleep(0.02)
            return False
        if fault and fault[0] == "gather":
            while self.hits < fault[1]:
                await asyncio.sleep(0.002)
        reply = GOOD if fault is None else fault[2] if fault[0] in ("reply", "gather") else fault[1] if fault[0] == "say" else GOOD
        if fault and fault[0] == "drip":
            for i in range(len(reply)):
                writer.write(reply[i:i + 1])
                await writer.drain()
                await asyncio.sleep(fault[1])
        elif fault and fault[0] == "reply":
            writer.write(reply[:fault[1]])
            await asyncio.sleep(0.002)  # the kernel has sent it
            return False
        else:
            writer.write(reply)
            await writer.drain()
        if reply.startswith(b"HTTP/1.1 2"):
            self.acked.setdefault(name, time.monotonic())
        return True


def configure(e, timeout=1, more="", host="hook.test"):
    if e.tls:
        lab.configure(e, timeout=timeout, extra=more, host=host)
    else:
        lab.write(lab.SECRET_FILE, "whsec_" + "A" * 32 + "\n", 0o400)
        lab.write(lab.CONF, f"[record]\nsyslog = no\n[sink hook]\ntype = webhook\nurl = http://127.0.0.1:{e.port}/\n"
                  f"secret-file = {lab.SECRET_FILE}\ntimeout = {timeout}\n{more}")


def record(n=1, *words):
    """Ids; the one who records is never held up by what happens to a delivery."""
    began = time.monotonic()
    before = len(lab.lines())
    lab.sh([lab.RECORD, lab.JOURNAL, lab.RUN, "", "-n", str(n), *words], stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    assert took < n * RECORD_S, f"recording took {took:.1f} s"
    return [lab.json.loads(x)["id"] for x in lab.lines()[before:]]


def all_out(e, since=None):
    """Everything of the journal is acknowledged; seconds from `since` to the last one of them."""
    want = lab.ids()
    lab.until("all is out", lambda: set(want) <= set(e.acked), 60)
    assert all(len(x) == 1 for x in e.copies.values()), "a copy of an event had other bytes"
    assert set(e.copies) <= set(lab.ids()), "somebody else's event"
    return max(e.acked[x] for x in want) - since if since else 0


TIMES = {}


def through(e, name, begin, end, seen):
    """One fault: see above."""
    all_out(e)
    begin()
    record(2)
    lab.until(f"{name} is met", seen, 30)
    end()
    back = time.monotonic()
    record(1)
    TIMES[name] = all_out(e, back)
    assert TIMES[name] < RECOVERY_S + BUSY_S, f"{name}: {TIMES[name]:.2f} s after its end"


def ordered(e, name, fault):
    through(e, name, lambda: e.order(fault), lambda: e.order(None), lambda: e.hits > 0)


@contextlib.contextmanager
def served(tls, **kw):
    lab.fresh()
    e = Endpoint(tls)
    configure(e, **kw)
    record(1)
    with lab.Service() as s:
        all_out(e)
        e.service = s
        yield e
        all_out(e)
        lab.until("the cursor says so", lambda: lab.floor() == len(lab.lines()))
        assert s.p.poll() is None


def steps(n, step):
    return range(1, n) if WHOLE else sorted({1, 2, n - 1, *range(3, n, step)})


# --- what a network and a receiver do ---------------------------------------------------------------

def test_answers():
    """Statuses that mean not now, or never: once, and some times in a row; and answers that are none."""
    said = {str(x): answer(x) for x in (301, 400, 401, 403, 404, 408, 410, 413, 425, 500, 502, 503, 504)}
    said |= {"rubbish": b"SSH-2.0-OpenSSH_9.2\r\n", "nothing": b"\r\n\r\n", "HTTP/0.9": b"ok", "307": answer(307, ["Location: http://127.0.0.1:1/"])}
    for tls in (True, False):
        with served(tls) as e:
            for name, text in said.items():
                if tls or WHOLE or name in ("500", "400", "rubbish"):
                    ordered(e, f"{name}{' http' * (not tls)}", ("say", text) if text.startswith(b"HTTP/1") else ("reply", len(text), text))
            for n in (1, 2, 3):
                e.order(lambda hit, n=n: ("say", said["500"]) if hit < n else None)
                record(2)
                lab.until("the last 500", lambda n=n: e.hits >= min(n, 2))
                e.order(None)
                record(1)
                all_out(e)


def test_an_error_in_a_200_is_a_200():
    """A web hook's answer is its status (Standard Webhooks): the body is not looked at, nothing is sent twice."""
    with served(True) as e:
        e.order(("say", answer(200, ["Content-Type: application/json"], b'{"status":"error"}')))
        record(3)
        all_out(e)
        assert e.hits == 3, e.hits


def test_retry_after():
    """429 with a number and 503 with a date, to three at once: not before, and then soon. They failed together, which is one
    failure of the receiver; as three in a row they would wait for two minutes."""
    for status, value in ((429, "3"), (503, lab.http_date)) if not WHOLE else ((s, v) for s in (429, 503) for v in ("3", lab.http_date)):
        with served(True) as e:
            e.order(lambda hit, status=status, value=value: (
                "gather", 3, answer(status, [f"Retry-After: {value if value == '3' else value(4)}"])) if hit < 3 else None)
            record(3)
            lab.until("they are told to wait", lambda e=e: e.hits >= 3)
            ends, early = time.monotonic() + 2, len(e.acked)
            while time.monotonic() < ends:
                assert len(e.acked) == early, "sent before the time that the receiver named"
                time.sleep(0.02)
            all_out(e)
            assert time.monotonic() - ends < 20, "a second pause would be half a minute"


def test_connections():
    """Refused, silent, dripping; and reset at each byte of the request and of the answer."""
    for tls in (True, False):
        with served(tls) as e:
            http = " http" * (not tls)
            through(e, f"refused{http}", e.stop, e.start, lambda: "BG330" in e.service.said())
            ordered(e, f"silent{http}", ("hang",))
            if tls or WHOLE:
                ordered(e, f"dripping{http}", ("drip", 0.2))
            size = 500 + len(lab.lines()[-1])
            for n in steps(size, 211 if tls else 499):
                ordered(e, f"reset in the request{http}", ("read", n))
            for n in steps(len(GOOD), 13 if tls else 37):
                ordered(e, f"reset in the answer{http}", ("reply", n, GOOD))


def test_tls():
    """A certificate that has expired, of another host, of an unknown authority: nothing is sent; a good one: all is."""
    lab.receiver.make_certificates("/run/unknown")
    with served(True) as e:
        for name, certs in (("expired", lab.CERTS), ("other", lab.CERTS), ("good", "/run/unknown")):
            before = sum(len(x) for x in e.copies.values()), len(e.copies)
            failures = len(lab.re.findall("BG330", e.service.said()))

            def begin(name=name, certs=certs):
                e.certificate(name, certs)
                e.call(asyncio.sleep(0))
                e.loop.call_soon_threadsafe(e.cut)

            def met(failures=failures):
                return len(lab.re.findall("BG330", e.service.said())) > failures
            all_out(e)
            begin()
            record(2)
            lab.until(f"{name} is met", met, 30)
            assert (sum(len(x) for x in e.copies.values()), len(e.copies)) == before, "something was sent"
            e.certificate("good")
            back = time.monotonic()
            record(1)
            TIMES[f"certificate: {name} of {os.path.basename(certs)}"] = all_out(e, back)


def test_name_server_that_drops():
    """The sink beside it is not held up; with the name in /etc/hosts all goes out."""
    lab.fresh()
    beside = Endpoint(True)
    lab.sh("ip link add bgd0 type veth peer name bgd1; ip link set bgd0 up; ip link set bgd1 up; ip address add 192.0.2.1/24 dev bgd0; "
           "ip neighbour replace 192.0.2.53 lladdr 02:00:00:00:00:99 nud permanent dev bgd0; umount /etc/resolv.conf 2>/dev/null; true")
    with contextlib.suppress(OSError):
        os.unlink("/etc/resolv.conf")
    lab.write("/etc/resolv.conf", "nameserver 192.0.2.53\n")
    lab.write("/etc/nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\n")
    e = Endpoint(True)
    lab.configure(e, timeout=1, resolve=False, extra=f"[sink other]\ntype = webhook\nurl = https://hook.test:{beside.port}/\n"
                  f"secret-file = {lab.SECRET_FILE}\nca-file = {lab.CERTS}/ca.pem\nresolve = hook.test:{beside.port}:127.0.0.1\n")
    record(2)
    with lab.Service() as s:
        all_out(beside)
        lab.until("it is said", lambda: "BG330" in s.said(), 30)
        with open("/etc/hosts", "a", encoding="ascii") as file:
            file.write("127.0.0.1 hook.test\n")
        back = time.monotonic()
        record(1)
        TIMES["name server"] = all_out(e, back)
        all_out(beside)


# --- what happens to the program itself -------------------------------------------------------------

CALLS = {"write": ("EIO", "ENOSPC"), "pwrite64": ("EIO", "ENOSPC"), "fsync": ("EIO",), "fdatasync": ("EIO",), "rename": ("EIO",), "ftruncate": ("EIO",),
         "sendto": ("ENOBUFS", "EIO"), "sendmsg": ("ENOBUFS",), "socket": ("ENOBUFS",), "connect": ("ENOBUFS",), "recvfrom": ("EIO",),
         "poll": ("ENOMEM",), "clone": ("EAGAIN",), "clone3": ("EAGAIN",), "inotify_init1": ("EMFILE",), "openat": ("EIO",), "flock": ("EIO",)}


def strace(*words):
    return subprocess.run(["strace", "-f", "-qq", *words, lab.ALERT, "--once", "--deadline", "1500"], capture_output=True, timeout=120)


def world(tls):
    lab.fresh()
    e = Endpoint(tls)
    configure(e, timeout=5)
    return e


def calls_made():
    e = world(False)
    record(3)
    strace("-o", "/run/calls", "-e", "trace=" + ",".join("?" + x for x in CALLS))
    all_out(e)
    with open("/run/calls", encoding="ascii", errors="replace") as log:
        made = collections.Counter(x.split(None, 1)[1].split("(")[0] for x in log if "(" in x)
    return {x: made[x] for x in CALLS if made[x]}


def floor():
    """By the newer one of the cursor's two copies: a disk may have refused the other."""
    copies = []
    for path in (lab.RUN_CURSOR, lab.STATE_CURSOR):
        with contextlib.suppress(OSError):
            text = open(path, encoding="ascii").read()
            copies.append((int(lab.re.search(r"^saved (\d+)$", text, lab.re.M)[1]), int(lab.re.search(r"^chain \w+ (\d+)", text, lab.re.M)[1])))
    return max(copies)[1]


def survives(e, reason, what):
    record(1)
    strace("-o", "/dev/null", "-e", what)
    p = lab.once()
    assert p.returncode == 0, (reason, p.returncode, p.stderr, open(lab.RUN_CURSOR).read())
    all_out(e)
    assert floor() == len(lab.lines()), (reason, lab.kinds())


def test_errors_of_system_calls():
    made, tried, e = calls_made(), 0, world(False)
    record(1)
    for call, n in made.items():
        for error in CALLS[call] if WHOLE else CALLS[call][:1]:
            for k in steps(n + 1, max(2, n // (2 if WHOLE else 1))):
                survives(e, f"{call} {error} {k}", f"inject={call}:error={error}:when={k}")
                tried += 1
    print(f"    {tried} places")


def test_killed_at_every_step():
    made, tried, e = calls_made(), 0, world(False)
    record(1)
    for call, n in made.items():
        for k in steps(n + 1, max(2, n // (6 if WHOLE else 1))):
            survives(e, f"{call} killed {k}", f"inject={call}:signal=SIGKILL:when={k}")
            tried += 1
    print(f"    {tried} places")


FREEZER = "/sys/fs/cgroup"


def send(pids, what):
    """A worker may have ended meanwhile, or with its supervisor."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


@contextlib.contextmanager
def frozen(pids):
    """By their control group where one can be made, else by a signal."""
    group = f"{FREEZER}/breakglass-test-{os.getpid()}"
    try:
        os.mkdir(group)
        for pid in pids:
            lab.write(f"{group}/cgroup.procs", str(pid))
        lab.write(f"{group}/cgroup.freeze", "1")
        lab.until("frozen", lambda: "frozen 1" in open(f"{group}/cgroup.events", encoding="ascii").read(), 10)
        by = "control group"
    except OSError:
        by = "signal"
        send(pids, signal.SIGSTOP)
    yield by
    if by == "signal":
        send(pids, signal.SIGCONT)
    else:
        lab.write(f"{group}/cgroup.freeze", "0")


def test_frozen_delivery():
    """The one that a login started is frozen with its session: the next one records as fast as ever, and once it is thawed
    or killed all is out."""
    for end in ("thawed", "killed"):
        e = world(False)
        e.order(("hang",))
        record(1, "-r", lab.ALERT)
        lab.until("it delivers", lambda e=e: e.hits > 0)
        pids = [int(os.path.basename(x)) for x in lab.ours()]
        assert pids
        with frozen(pids) as by:
            record(3, "-r", lab.ALERT)
            e.order(None)
            if end == "killed":
                send(pids, signal.SIGKILL)
                lab.until("they are gone", lambda: not list(lab.ours()))
                record(1, "-r", lab.ALERT)
                all_out(e)
        record(1, "-r", lab.ALERT)
        all_out(e)
        print(f"    {end}, by {by}")
        lab.until("the delivery has ended", lambda: not list(lab.ours()))
    for group in glob.glob(f"{FREEZER}/breakglass-test-{os.getpid()}"):
        with contextlib.suppress(OSError):
            os.rmdir(group)


def main():
    if not WHOLE:
        lanes.begin(3)
    lab.enter_namespace()
    failed = 0
    names = [n for n in globals() if n.startswith("test_")]
    for name in (n for n in names if not ONLY or n in ONLY) if WHOLE else lanes.mine(names):
        if name.startswith(("test_errors", "test_killed")) and not shutil.which("strace"):
            print(f"skip {name}: no strace")
            continue
        began = time.monotonic()
        TIMES.clear()
        try:
            globals()[name]()
            print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:  # noqa: BLE001
            failed += 1
            print(f"FAIL {name}: {type(error).__name__} {str(error)[:1500]}", flush=True)
        if TIMES:
            worst = max(TIMES, key=TIMES.get)
            print(f"    out again after {sorted(TIMES.values())[len(TIMES) // 2]:.3f} s, at most {TIMES[worst]:.3f} s ({worst})", flush=True)
    sys.exit(bool(failed))


main()
