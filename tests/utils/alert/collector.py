# SPDX-License-Identifier: ISC
"""Receivers of syslog: one of TLS with faults to order, and Debian's rsyslogd.

    c = Collector(dir)          RFC 5425 on 127.0.0.1 at a port of its own, with certificates of receiver.py
    c.mode = ...                what it does with the next sessions: "ok"; "cut": reads everything and goes without
                                a close_notify; "early": goes after the handshake; "half": goes after some bytes;
                                "deaf": never reads; "silent": reads, and never closes; "eager": its close_notify
                                comes at once, and it reads nothing; "leaves": as "eager", but after a while, and it
                                closes the connection;
                                "stays": as "ok", but it leaves the connection open
    c.context                   its ssl.SSLContext
    c.got                       messages of the sessions that were closed as they should be
    c.seen                      of all

    with Rsyslogd(dir, text):   one with that configuration, until the end; dir/pid and what else it writes
"""
import os, socket, ssl, subprocess, time

from listener import Listener

RSYSLOGD = "/usr/sbin/rsyslogd"
PLUGINS = "/usr/lib/x86_64-linux-gnu/rsyslog"


def frames(data):
    """Octet counting, RFC 5425 section 4.3; what is left of the last is an error."""
    out = []
    while data:
        n, _, rest = data.partition(b" ")
        assert n.isdigit() and not n.startswith(b"0") and len(rest) >= int(n), data[:80]
        out.append(rest[:int(n)])
        data = rest[int(n):]
    return out


class Collector(Listener):
    def __init__(self, certs, name="good"):
        self.certs, self.mode, self.got, self.seen = certs, "ok", [], []
        super().__init__(certs, name)

    def say_goodbye(self, raw):
        """With the last of our handshake or later; what comes after the client's stays where it is."""
        read, written = ssl.MemoryBIO(), ssl.MemoryBIO()
        c = self.context.wrap_bio(read, written, server_side=True)
        while True:
            try:
                c.do_handshake()
                break
            except ssl.SSLWantReadError:
                if written.pending:
                    raw.sendall(written.read())
                head = raw.recv(5, socket.MSG_WAITALL)
                read.write(head + raw.recv(int.from_bytes(head[3:], "big"), socket.MSG_WAITALL))
        try:
            c.unwrap()
        except ssl.SSLError:
            pass
        if self.mode == "leaves":
            time.sleep(0.5)
        raw.sendall(written.read())

    def session(self, raw):
        data = b""
        try:
            if self.mode == "deaf":
                self.release.wait(60)
                return
            if self.mode in ("eager", "leaves"):
                self.say_goodbye(raw)
                if self.mode == "eager":
                    self.release.wait(60)
                return
            c = self.context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
            if self.mode in ("early", "half"):
                if self.mode == "half":
                    c.recv(20)
                    time.sleep(0.2)
                socket.socket(fileno=c.detach()).close()
                return
            while more := c.recv(65536):
                data += more
            self.seen += frames(data)
            if self.mode == "cut":
                self.got += frames(data)
                socket.socket(fileno=c.detach()).close()
                return
            if self.mode == "silent":
                self.release.wait(60)
                return
            self.got += frames(data)
            c = c.unwrap()
            if self.mode == "stays":
                self.release.wait(60)
        except (ssl.SSLError, OSError):
            pass
        finally:
            raw.close()


class Rsyslogd:
    def __init__(self, d, text):
        os.makedirs(d, exist_ok=True)
        self.dir, self.pid = d, f"{d}/pid"
        with open(f"{d}/conf", "w", encoding="utf-8") as f:
            f.write(f'global(workDirectory="{d}")\n' + text)

    def __enter__(self):
        subprocess.run([RSYSLOGD, "-N1", "-f", f"{self.dir}/conf"], check=True, capture_output=True)
        with open(f"{self.dir}/said", "w", encoding="utf-8") as said:
            self.p = subprocess.Popen([RSYSLOGD, "-n", "-f", f"{self.dir}/conf", "-i", self.pid], stdout=said, stderr=said)
        return self

    def __exit__(self, *_):
        self.p.terminate()
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()


def listens(port):
    """Without a connection, which a receiver of TLS would have to take for a failed one."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(x.split()[1].endswith(f":{port:04X}") and x.split()[3] == "0A" for x in list(f)[1:])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_port(port, seconds=60):
    end = time.monotonic() + seconds
    while not listens(port):
        assert time.monotonic() < end, f"nobody listens on {port}"
        time.sleep(0.02)
