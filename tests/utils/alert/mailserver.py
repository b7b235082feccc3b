# SPDX-License-Identifier: ISC
"""A mail server with faults to order, in a child's threads: RFC 5321, STARTTLS or TLS from the first byte, AUTH PLAIN and LOGIN.

    m = MailServer(dir)             on 127.0.0.1 at a port of its own, with certificates of receiver.py; STARTTLS
    MailServer(dir, tls="smtps")    TLS from the first byte; tls="none": none at all
    m.answers["RCPT"] = "450 ..."   what a command gets instead: EHLO, MAIL, RCPT, DATA, END (after the message), AUTH, QUIT; a
                                    function of the command's line may say it, "cut" closes the connection before an answer,
                                    "hang" never answers
    m.login = (name, password)      AUTH is offered and must come before MAIL
    m.got                           what was taken: (from, [to], bytes of the message), with CRLF and without the dots
    m.tries                         ends of messages that were seen, whatever was answered
"""
import base64

from listener import Listener


class MailServer(Listener):
    def __init__(self, certs, tls="starttls", name="good"):
        self.tls, self.login, self.answers, self.got, self.tries = tls, None, {}, [], 0
        super().__init__(certs, name)

    def session(self, c):
        try:
            if self.tls == "smtps":
                c = self.context.wrap_socket(c, server_side=True)
            Session(self, c, self.tls == "smtps").run()
        except (OSError, EOFError):
            pass
        finally:
            c.close()


class Session:
    def __init__(self, server, c, secure):
        self.server, self.c, self.secure, self.known = server, c, secure, server.login is None
        self.f = c.makefile("rb")
        self.sender, self.to = None, []

    def say(self, text):
        self.c.sendall(text.encode() + b"\r\n")

    def line(self):
        if not (x := self.f.readline()):
            raise EOFError
        return x

    def ordered(self, what, line=""):
        """The answer that was ordered, None: the usual one."""
        answer = self.server.answers.get(what)
        answer = answer(line) if callable(answer) else answer
        if answer == "cut":
            raise EOFError
        if answer == "hang":
            self.server.release.wait(60)
            raise EOFError
        return answer

    def run(self):
        self.say("220 mail.test ESMTP")
        while True:
            line = self.line().decode().rstrip("\r\n")
            word = line.split(" ")[0].upper()
            if word == "QUIT":
                self.ordered(word)
                self.say("221 bye")
                return
            handler = getattr(self, "on_" + word.lower(), None)
            answer = self.ordered(word, line) if word != "STARTTLS" else None
            if answer is not None:
                self.say(answer)
            elif handler is None:
                self.say("502 unknown")
            else:
                handler(line)

    def on_ehlo(self, _):
        lines = ["mail.test", "SIZE 1000000"]
        if self.server.tls == "starttls" and not self.secure:
            lines.append("STARTTLS")
        elif self.server.login:
            lines.append("AUTH PLAIN LOGIN")
        self.say("\r\n".join(f"250{'-' if x is not lines[-1] else ' '}{x}" for x in lines))

    def on_starttls(self, _):
        self.say("220 go on")
        self.c = self.server.context.wrap_socket(self.c, server_side=True)
        self.f, self.secure = self.c.makefile("rb"), True

    def on_auth(self, line):
        if line.upper().startswith("AUTH PLAIN"):
            rest = line[11:]
            if not rest:
                self.say("334 ")
                rest = self.line().decode().strip()
            self.known = tuple(base64.b64decode(rest).decode().split("\0")[1:]) == self.server.login
        else:
            said = []
            for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                self.say("334 " + prompt)
                said.append(base64.b64decode(self.line()).decode())
            self.known = tuple(said) == self.server.login
        self.say("235 welcome" if self.known else "535 5.7.8 wrong")

    def on_mail(self, line):
        self.sender = line[line.index("<") + 1:line.index(">")]
        self.to = []
        self.say("250 ok" if self.known else "530 5.7.0 who are you")

    def on_rcpt(self, line):
        self.to.append(line[line.index("<") + 1:line.index(">")])
        self.say("250 ok")

    def on_data(self, _):
        self.say("354 go on")
        body = b""
        while (x := self.line()) != b".\r\n":
            body += x[1:] if x.startswith(b".") else x
        self.server.tries += 1
        answer = self.ordered("END")
        if answer is None:
            self.server.got.append((self.sender, self.to, body))
        self.say(answer or "250 2.0.0 queued")

    def on_rset(self, _):
        self.say("250 ok")
