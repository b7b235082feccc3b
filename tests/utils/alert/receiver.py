# SPDX-License-Identifier: ISC
"""A receiver of web hooks with faults to order: HTTPS with certificates of its own, made here with openssl.

    make_certificates(dir)      ca.pem, and good, expired and other (a wrong host name): .pem and .key
    r = Receiver(dir)           listens on 127.0.0.1 at a port of its own
    r.mode = ...                what happens to the next requests, see MODES
    r.got                       every request that was read in full: (headers, body), whatever was answered
    r.poured                    bytes of each "huge" reply that the other side took
    r.ahead                     seconds by which its Date: is ahead
    r.latency                   seconds before each answer, many at a time
    r.newest                    headers of the request that r.mode is asked about
    r.arrived                   when, by webhook-id and webhook-timestamp
"""
import http.server, os, socket, socketserver, ssl, subprocess, threading, time
from email.utils import formatdate

HUGE = 1 << 28  # bytes of that reply
MODES = ("ok", "hang", "held", "slow", "huge", "reset", "lost")  # or a status, or (status, {header: value})


def openssl(*args, **kw):
    subprocess.run(["openssl", *args], check=True, capture_output=True, **kw)


def _leaf(d, name, host, days):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{d}/{name}.key",
            "-out", f"{d}/{name}.csr", "-subj", f"/CN={host}")
    with open(f"{d}/{name}.ext", "w", encoding="ascii") as f:
        f.write(f"subjectAltName={'IP:' + host if host[0].isdigit() else 'DNS:' + host}\n")
    openssl("x509", "-req", "-in", f"{d}/{name}.csr", "-CA", f"{d}/ca.pem", "-CAkey", f"{d}/ca.key", "-CAcreateserial",
            "-out", f"{d}/{name}.pem", "-days", str(days), "-extfile", f"{d}/{name}.ext")


def make_certificates(d, host="hook.test"):
    os.makedirs(d, exist_ok=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{d}/ca.key",
            "-out", f"{d}/ca.pem", "-subj", "/CN=test CA", "-days", "2")
    _leaf(d, "good", host, 2)
    _leaf(d, "expired", host, 0)  # newer openssl refuses to make one that has expired already
    _leaf(d, "other", "elsewhere.test", 2)
    time.sleep(1.1)  # times in a certificate are whole seconds


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802
        r = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with r.asking:
            r.newest = dict(self.headers)
            mode = r.mode(body) if callable(r.mode) else r.mode
        with r.lock:
            r.arrived[self.headers["webhook-id"], self.headers["webhook-timestamp"]] = time.time()
            r.got.append((dict(self.headers), body, mode))
        if r.latency:
            time.sleep(r.latency)
        if mode == "hang":
            r.release.wait(60)
            self.close_connection = True
            return
        if mode == "held":  # answered late
            r.release.wait(60)
            mode = "ok"
        if mode in ("reset", "lost"):  # lost: processed, but the answer never arrives
            if mode == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.server.forget(self.client_address)
            self.connection.close()
            self.close_connection = True
            return
        status, headers = (200, {}) if mode in ("ok", "slow", "huge") else mode if isinstance(mode, tuple) else (mode, {})
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        if mode == "huge":
            self.send_header("Content-Length", str(HUGE))
            self.end_headers()
            poured = 0
            try:
                while poured < HUGE:
                    self.wfile.write(b"x" * 65536)
                    poured += 65536
            except OSError:
                pass
            r.poured.append(poured)
            return
        if mode == "slow":
            self.send_header("Content-Length", "1000")
            self.end_headers()
            try:
                for _ in range(200):
                    self.wfile.write(b".")
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                pass
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + self.server.receiver.ahead, usegmt=True)

    def log_message(self, *a):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's would ask a name server who 127.0.0.1 is

    def forget(self, peer):
        """Close our copy of a connection, which would keep it open."""
        for s in list(self.receiver.open):
            try:
                mine = s.getpeername() == peer
            except OSError:  # it has ended
                continue
            if mine:
                self.receiver.open.remove(s)
                s.close()

    def handle_error(self, request, client_address):
        pass

    def finish_request(self, request, client_address):
        self.receiver.open.append(request.dup())
        try:
            request = self.receiver.context.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        super().finish_request(request, client_address)


class Receiver:
    def __init__(self, certs, name="good", port=0, host="127.0.0.1"):
        self.poured = []
        self.mode, self.got, self.lock, self.release = "ok", [], threading.Lock(), threading.Event()
        self.arrived, self.newest, self.ahead, self.latency, self.asking = {}, {}, 0, 0, threading.Lock()
        self.certs, self.host, self.port, self.server, self.open = certs, host, port, None, []
        self.start(name)

    def start(self, name="good"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{self.certs}/{name}.pem", f"{self.certs}/{name}.key")
        self.server = Server((self.host, self.port), Handler)
        self.server.receiver = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """From now on connections are refused, at the same port; those that are open end."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
            self.open = []

    def ids(self, mode=None):
        with self.lock:
            return [h["webhook-id"] for h, _, m in self.got if mode is None or m == mode]

    def accepted(self):
        """Ids that were answered with success."""
        return [i for m in ("ok", "huge") for i in self.ids(m)]


def http_date(seconds):
    return formatdate(time.time() + seconds, usegmt=True)
