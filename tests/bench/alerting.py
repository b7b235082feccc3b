#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""alerting.py BUILD RUNS: the time from an event to the receiver's acknowledgement, in its own namespaces.

Ours: the program that records starts; the line is on the journal; the resident breakglass-alert sees it, signs it and
sends it by HTTPS. For comparison: the same record, then curl run for this message; and rsyslogd with a Disk queue that is
synced, which takes the line from its socket and sends it by plain TCP (Debian's rsyslog speaks no HTTPS). The files of
all are in memory, where fsync costs nothing.
"""

import os
import shutil
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "utils", "alert")]
import test_alert as lab  # noqa: E402  (reads BUILD from sys.argv, too)
from measure import row  # noqa: E402

RUNS = int(sys.argv[2])
RSYSLOG = """module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="/run/bench.log" RateLimit.Interval="0")
global(workDirectory="/var/spool/bench")
action(type="omfwd" target="127.0.0.1" port="%d" protocol="tcp" queue.type="Disk" queue.filename="bench"
       queue.syncqueuefiles="on" queue.checkpointinterval="1" action.resumeRetryCount="-1")
"""


class Stamps:
    """A receiver that notes when it acknowledges."""

    def __init__(self):
        self.at = []
        self.receiver = lab.Receiver(lab.CERTS)
        self.receiver.mode = self.note

    def note(self, _body):
        self.at.append(time.monotonic())
        return "ok"

    def next(self, work):
        """Milliseconds from the start of work to the acknowledgement."""
        before, began = len(self.at), time.monotonic()
        work()
        lab.until("the acknowledgement", lambda: len(self.at) > before)
        return (self.at[before] - began) * 1000


def write_down():
    subprocess.run([lab.RECORD, lab.JOURNAL, lab.RUN, ""], check=True, stdout=subprocess.DEVNULL)


def curl(port):
    write_down()
    with open("/run/body", "wb") as file:
        file.write(lab.lines()[-1])
    subprocess.run(["curl", "-sS", "--fail", "--cacert", f"{lab.CERTS}/ca.pem", "--resolve", f"hook.test:{port}:127.0.0.1",
                    "-H", "Content-Type: application/cloudevents+json", "--data-binary", "@/run/body",
                    f"https://hook.test:{port}/in"], check=True, stdout=subprocess.DEVNULL)


def webhook():
    """Samples of the resident program and of curl, in turn, each with its own receiver."""
    ours, theirs = Stamps(), Stamps()
    samples = {"ours": [], "curl": []}
    lab.configure(ours.receiver)
    with lab.Service():
        ours.next(write_down)
        lab.until("quiet", lambda: time.monotonic() - ours.at[-1] > 0.5)
        for _ in range(RUNS):
            samples["ours"].append(ours.next(write_down))
            time.sleep(0.05)
            if shutil.which("curl"):
                samples["curl"].append(theirs.next(lambda: curl(theirs.receiver.port)))
            time.sleep(0.05)
    return samples


def rsyslog():
    """None: not there."""
    if not shutil.which("rsyslogd"):
        return None
    os.makedirs("/var/spool/bench")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    lab.write("/run/rsyslog.conf", RSYSLOG % listener.getsockname()[1])
    daemon = subprocess.Popen(["rsyslogd", "-n", "-f", "/run/rsyslog.conf", "-i", "/run/bench.pid"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        lab.until("rsyslogd", lambda: os.path.exists("/run/bench.log"))
        return list(through(listener))
    finally:
        daemon.terminate()
        daemon.wait()


def through(listener):
    line = b"<81>bench: " + lab.lines()[-1]
    peer = None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("/run/bench.log")
        for run in range(RUNS + 1):
            began = time.monotonic()
            out.send(line)
            peer = peer or listener.accept()[0]
            peer.settimeout(20)
            text = b""
            while not text.endswith(b"\n"):
                got = peer.recv(65536)
                assert got, "rsyslogd hung up"
                text += got
            if run > 0:  # the first one includes the connection
                yield (time.monotonic() - began) * 1000
            time.sleep(0.05)


def main():
    lab.enter_namespace()
    lab.fresh()
    samples = webhook()
    row("event to acknowledgement, HTTPS", "ms", samples["ours"], "recorded, then curl", samples["curl"], RUNS)
    row("event to acknowledgement, HTTPS", "ms", samples["ours"], "rsyslog, synced queue, TCP", rsyslog(), RUNS)


main()
