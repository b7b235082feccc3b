#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""alerting.py BUILD RUNS: what alarms cost and whether they arrive, beside others, in its own namespaces.

From an event to the receiver's acknowledgement (p50, p99): a program that runs records it; the line is on the disk; the resident
breakglass-alert sees it, signs it and sends it by HTTPS. Beside it, in turn: curl, run for this message with the same bytes; logger
to an rsyslogd with a Disk queue that is synced, which sends by TLS; and logger alone, to the receiver by TCP without TLS or a disk.
Events lost when the sender is killed again and again, and a backlog drained. Files are on the disk below BENCH_DIR (the build).
"""

import os
import re
import resource
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "utils", "alert")]
import test_alert as lab  # noqa: E402  (reads BUILD from sys.argv, too)
from measure import row  # noqa: E402
from taker import Taker  # noqa: E402

RUNS = int(sys.argv[2])
BACKLOG = int(os.environ.get("BENCH_BACKLOG", "10000"))
KILLS, BETWEEN = 5, 20  # and events between two kills
RSYSLOG = """module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="/run/bench.log" RateLimit.Interval="0")
global(workDirectory="%(dir)s" DefaultNetstreamDriverCAFile="%(ca)s")
action(type="omfwd" target="127.0.0.1" port="%(port)d" protocol="tcp" StreamDriver="%(driver)s" StreamDriverMode="1"
       StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="hook.test"
       queue.type="Disk" queue.filename="bench" queue.syncqueuefiles="on" queue.checkpointinterval="1" action.resumeRetryCount="-1"
       action.resumeInterval="1")
"""
PLUGINS = "/usr/lib/*/rsyslog/lmnsd_%s.so"


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{lab.CERTS}/good.pem", f"{lab.CERTS}/good.key")
    return made


def soon(what, condition, seconds=60):
    """A look every millisecond: what is measured is noted by the receiver itself."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.001)
    return value


def quantile(samples, q):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * q))]


class Recorder:
    """A process that records, as a login is one: the event begins when it is told to it."""

    def __init__(self):
        self.p = subprocess.Popen([lab.RECORD, lab.JOURNAL, lab.RUN, "", "-l"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def __call__(self, text):
        self.p.stdin.write(text.encode() + b"\n")
        self.p.stdin.flush()

    def close(self):
        self.p.stdin.close()
        assert self.p.wait(60) == 0


class Ours:
    name = "ours"

    def __init__(self):
        self.taker = Taker(context())
        lab.configure(self.taker)
        lab.record(1)
        self.record, self.service = Recorder(), lab.Service()
        soon("the first", lambda: set(lab.ids()) <= set(self.taker.at))

    send = property(lambda self: self.record)

    def again(self):
        """The sender is killed, and started as systemd would."""
        self.service.p.kill()
        self.service.p.wait()
        self.service = lab.Service()

    def lost(self, _sent):
        self.record.close()
        want = set(lab.ids())
        try:
            soon("all", lambda: want <= set(self.taker.at), 30)
        except AssertionError:
            pass
        return len(want - set(self.taker.at))

    def end(self):
        self.service.p.kill()
        self.service.p.wait()


class Curl:
    """One for each message; nobody keeps what a killed one had."""
    name = "curl for each message"

    def __init__(self):
        self.taker, self.p, self.body = Taker(context()), None, lab.lines()[-1]

    def send(self, text):
        body = self.body + b" id=" + text.encode()
        self.p = subprocess.Popen(["curl", "-sS", "--fail", "--cacert", f"{lab.CERTS}/ca.pem", "--resolve", f"hook.test:{self.taker.port}:127.0.0.1",
                                   "-H", "Content-Type: application/cloudevents+json", "--data-binary", "@-", f"https://hook.test:{self.taker.port}/in"],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.p.stdin.write(body)
        self.p.stdin.close()

    def again(self):
        self.p.kill()

    def lost(self, sent):
        self.p.wait()
        return len(set(sent) - set(self.taker.at))

    def end(self):
        self.p.kill()


class Logger:
    """To the receiver by TCP: no TLS, no disk, no acknowledgement; as the shortest way there is."""
    name = "logger, TCP"

    def __init__(self):
        self.taker, self.p, self.body = Taker(lines=True), None, lab.lines()[-1].decode()
        self.words = ["--server", "127.0.0.1", "--port", str(self.taker.port), "--tcp", "--octet-count"]
        self.words = self.words[:-1]

    def send(self, text):
        self.p = subprocess.Popen(["logger", "--size", "8192", *self.words, f"{self.body} id={text}"])

    def again(self):
        self.p.kill()

    def lost(self, sent):
        self.p.wait()
        time.sleep(0.5)
        return len(set(sent) - set(self.taker.at))

    def end(self):
        self.p.kill()


class Rsyslog(Logger):
    """logger to its socket; a Disk queue that is synced, and TLS."""
    name = "logger, rsyslog with a synced queue, TLS"

    def __init__(self):
        super().__init__()
        self.taker = Taker(context(), lines=True)
        self.words = ["--socket", "/run/bench.log"]
        driver = next(x for x in ("ossl", "gtls") if lab.glob.glob(PLUGINS % x))
        self.spool = f"{lab.JOURNAL}/../bench"
        os.makedirs(self.spool)
        lab.write("/run/rsyslog.conf", RSYSLOG % {"dir": os.path.realpath(self.spool), "ca": f"{lab.CERTS}/ca.pem", "port": self.taker.port, "driver": driver})
        self.daemon = None
        self.start()
        self.send("first")
        soon("rsyslogd", lambda: "first" in self.taker.at, 20)

    def start(self):
        for path in ("/run/bench.log", "/run/bench.pid"):
            if os.path.lexists(path):
                os.unlink(path)
        self.daemon = subprocess.Popen(["rsyslogd", "-n", "-f", "/run/rsyslog.conf", "-i", "/run/bench.pid"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lab.until("rsyslogd", lambda: os.path.exists("/run/bench.log"))

    def again(self):
        self.daemon.kill()
        self.daemon.wait()
        self.start()

    def lost(self, sent):
        self.p.wait()
        try:
            soon("all", lambda: set(sent) <= set(self.taker.at), 10)
        except AssertionError:
            pass
        return len(set(sent) - set(self.taker.at))

    def end(self):
        self.daemon.kill()
        self.daemon.wait()


def latency(ways):
    """Milliseconds of each way, in turn, so that noise is for all."""
    samples = {way.name: [] for way in ways}
    for run in range(RUNS):
        for way in ways:
            before, began = len(way.taker.at), time.monotonic()
            way.send(f"{run}.{way.name[:4].strip()}")
            soon(way.name, lambda way=way, before=before: len(way.taker.at) > before)
            samples[way.name].append((list(way.taker.at.values())[before] - began) * 1000)
            time.sleep(0.01)
    return samples


def losses(way):
    """Of KILLS * BETWEEN events, while the sender is killed again and again."""
    sent = []
    for kill in range(KILLS):
        for i in range(BETWEEN):
            sent.append(f"k{kill}.{i}")
            way.send(sent[-1])
            if i == BETWEEN // 2 + kill:
                way.again()
            time.sleep(0.01)
    return way.lost(sent)


def drain():
    """A backlog with nobody there to take it, then the service and a receiver: events per second, and the CPU that each costs us."""
    taker = Taker(context())
    lab.configure(taker)
    parts = [subprocess.Popen([lab.RECORD, lab.JOURNAL, lab.RUN, "", "-n", str(BACKLOG // 4), "-t", "30000"], stdout=subprocess.DEVNULL) for _ in range(4)]
    assert all(p.wait() == 0 for p in parts)
    want, began = len(lab.lines()), time.monotonic()
    service = lab.Service()
    soon("all is out", lambda: len(taker.at) >= want, 300)
    seconds = max(taker.at.values()) - began
    used = sum(sum(map(int, re.sub(r".*\) ", "", open(f"/proc/{pid}/stat", encoding="ascii").read()).split()[11:13]))
               for pid in lab.workers(service)) / os.sysconf("SC_CLK_TCK")
    service.p.kill()
    service.p.wait()
    assert taker.twice == 0, taker.twice
    return want / seconds, used / want * 1e6


def main():
    lab.enter_namespace()
    disk = tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR", lab.BUILD))
    lab.fresh()
    lab.sh(["mount", "--bind", disk, "/var/lib/breakglass"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    try:
        measure()
    finally:
        lab.sh("umount /var/lib/breakglass; rm -rf " + disk)


def there():
    yield Ours()
    if shutil.which("curl"):
        yield Curl()
    if shutil.which("logger"):
        yield Logger()
        if shutil.which("rsyslogd") and (lab.glob.glob(PLUGINS % "ossl") or lab.glob.glob(PLUGINS % "gtls")):
            yield Rsyslog()


def measure():
    ways = list(there())
    samples = latency(ways)
    for way in ways[1:]:
        for q in (0.5, 0.99):
            row(f"event to acknowledgement, p{q * 100:.0f}", "ms", [quantile(samples["ours"], q)], way.name, [quantile(samples[way.name], q)], RUNS)
    lost = {way.name: losses(way) for way in ways}
    for way in ways[1:]:
        row(f"lost of {KILLS * BETWEEN}, {KILLS} SIGKILL", "", [lost["ours"]], way.name, [lost[way.name]], 1)
    for way in ways:
        way.end()
    for path in lab.glob.glob("/var/lib/breakglass/*"):
        lab.sh(["rm", "-rf", path])
    lab.sh("rm -rf /run/breakglass/*")
    rate, cost = drain()
    row(f"backlog of {BACKLOG}, HTTPS", "1/s", [rate], "-", None, 1)
    row("CPU of a delivery", "us", [cost], "-", None, 1)


main()
