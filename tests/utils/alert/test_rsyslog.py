#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""packaging/rsyslog, with Debian's rsyslogd on both sides: hosts that forward by RELP over TLS, and their collector.

usage: test_rsyslog.py BUILDDIR [TEST...]. As test_alert.py.
"""
import glob, json, os, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_alert as alarms  # not by its own name: lanes.py takes that for a test
from collector import PLUGINS, RSYSLOGD, Rsyslogd, await_port, free_port
from test_alert import CERTS, RECORD, until

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../packaging/rsyslog")
FILES = "/run/collected"


def shipped(name, port):
    """The file as it is, with the names that its reader puts in."""
    text = open(f"{SHIPPED}/{name}", encoding="utf-8").read()
    for old, new in (("2514", str(port)), ("/etc/breakglass/rsyslog/ca.pem", f"{CERTS}/ca.pem"), ("/var/log/breakglass", FILES),
                     *((f"/etc/breakglass/rsyslog/{who}.{kind}", f"{CERTS}/good.{kind}")
                       for who in ("host", "collector") for kind in ("pem", "key")),
                     ('target="logs.example.net"', 'target="127.0.0.1"'), ("logs.example.net", "hook.test"),
                     ("*.example.net", "*.test")):
        text = text.replace(old, new)
    return text


class Host:
    """One that writes events to a socket of its own, where its rsyslogd listens."""
    def __init__(self, name, port):
        self.name, self.dir = name, f"/run/host-{name}"
        self.socket, self.journal = f"{self.dir}/log", f"{self.dir}/journal"
        self.rsyslogd = Rsyslogd(self.dir, f'global(localHostname="{name}.example.net")\n'
                                 'module(load="imuxsock" SysSock.Annotate="on" SysSock.ParseTrusted="on" '
                                 f'SysSock.Name="{self.socket}")\n' + shipped("60-breakglass.conf", port))

    def __enter__(self):
        self.rsyslogd.__enter__()
        until("it listens", lambda: os.path.exists(self.socket))
        return self

    def __exit__(self, *_):
        self.rsyslogd.__exit__()

    def record(self, n, reason):
        subprocess.run([RECORD, self.journal, f"{self.dir}/run", self.socket, "-n", str(n), "-m", reason], check=True,
                       stdout=subprocess.DEVNULL)

    def written(self):
        """But for the line that begins a journal, which no program sends by syslog."""
        return [x for p in sorted(glob.glob(f"{self.journal}/*.jsonl")) for x in open(p, "rb").read().split(b"\n")
                if x and b"journal.genesis" not in x]

    def collected(self):
        path = f"{FILES}/{self.name}.example.net.log"
        if not os.path.exists(path):
            return []
        return [x.split(b"@cee: ", 1)[1] for x in open(path, "rb").read().split(b"\n") if b"@cee: " in x]


def test_many_hosts_at_once():
    port = free_port()
    with Rsyslogd("/run/central", shipped("breakglass-collector.conf", port)):
        await_port(port)
        hosts = [Host(f"web{i}", port) for i in range(4)]
        for h in hosts:
            h.__enter__()
        try:
            work = [threading.Thread(target=h.record, args=(25, 'DNS "down" \u00e4 \u202e ' + "x" * (40 * i))) for i, h in enumerate(hosts)]
            for w in work:
                w.start()
            for w in work:
                w.join()
            for h in hosts:
                until(h.name, lambda h=h: sorted(h.collected()) == sorted(h.written()) and len(h.written()) == 25)
            assert sorted(os.listdir(FILES)) == [f"web{i}.example.net.log" for i in range(4)]
        finally:
            for h in hosts:
                h.__exit__()


def test_nothing_is_lost():
    """The collector is away, and the host's rsyslogd is killed meanwhile: the queue on the disk has it all."""
    port = free_port()
    with Host("db1", port) as h:
        h.record(20, "the collector is away")
        until("the queue is on the disk", lambda: glob.glob(f"{h.dir}/breakglass.0*"))
        time.sleep(0.3)  # what is in the socket's queue is the kernel's, and nobody can see it
        h.rsyslogd.p.send_signal(signal.SIGKILL)
        h.rsyslogd.p.wait()
        os.unlink(h.socket)
        os.unlink(h.rsyslogd.pid)
        h.rsyslogd.__enter__()
        until("it listens", lambda: os.path.exists(h.socket))
        h.record(3, "still away")
        with Rsyslogd("/run/central", shipped("breakglass-collector.conf", port)):
            until("all arrive", lambda: set(h.collected()) >= set(h.written()) and len(h.written()) == 23)


def test_what_others_write_stays():
    """Any user can send a line that looks like ours; the kernel says whose it is."""
    port = free_port()
    with Rsyslogd("/run/central", shipped("breakglass-collector.conf", port)), Host("app1", port) as h:
        os.chmod(h.dir, 0o755)
        os.chmod(h.socket, 0o666)
        forged = '<81>breakglass[1]: @cee: {"forged":true}'
        code = f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect({h.socket!r}); s.send({forged!r}.encode())"
        subprocess.run(["/usr/bin/python3", "-c", code], check=True, user=65534, group=65534)
        h.record(2, "afterwards")
        until("ours arrive", lambda: sorted(h.collected()) == sorted(h.written()))
        assert all(not json.loads(x).get("forged") for x in h.collected())


def test_verify_takes_the_collectors_file():
    """What the collector keeps is what "journal verify --against" compares the journal with."""
    port = free_port()
    with Rsyslogd("/run/central", shipped("breakglass-collector.conf", port)), Host("app2", port) as h:
        h.journal = alarms.JOURNAL
        h.record(5, 'DNS "down"')
        until("all arrive", lambda: sorted(h.collected()) == sorted(h.written()))
        path = f"{FILES}/app2.example.net.log"
        verify = [alarms.COMMAND, "journal", "verify", "--against", path]
        p = subprocess.run(verify, capture_output=True, text=True)
        assert p.returncode == 0, (p.stdout, p.stderr)
        with open(path, "a", encoding="ascii") as f:
            f.write(open(path, encoding="utf-8").read().splitlines()[-1].replace("Ada Lovelace", "Eve Lovelace") + "\n")
        p = subprocess.run(verify, capture_output=True, text=True)
        assert p.returncode == 1, (p.stdout, p.stderr)


if __name__ == "__main__":
    if not os.path.exists(RSYSLOGD) or not os.path.exists(f"{PLUGINS}/omrelp.so"):
        print("needs rsyslogd and rsyslog-relp")
        sys.exit(77)
    alarms.main(dict(globals()))
