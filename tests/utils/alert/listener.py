# SPDX-License-Identifier: ISC
"""What the receivers of one connection each have in common: a port of their own on 127.0.0.1, a certificate, a thread a connection.

    class R(Listener):
        def session(self, c): ...   that connection, without TLS so far; in a thread of its own

    self.context                    ssl.SSLContext with the certificate `name` of receiver.py's in `certs`; None: there is none
"""
import socket, ssl, threading


class Listener:
    def __init__(self, certs, name="good"):
        self.release = threading.Event()
        if certs is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{certs}/{name}.pem", f"{certs}/{name}.key")
        self.s = socket.socket()
        self.s.bind(("127.0.0.1", 0))
        self.s.listen(16)
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            c, _ = self.s.accept()
            threading.Thread(target=self.session, args=(c,), daemon=True).start()
