# SPDX-License-Identifier: ISC
"""A first drill from sealed to sealed, as breakglass-drill(7) tells it: real logins, and "drill run" killed at each step."""

import http.server
import json
import os
import re
import signal
import threading
import time

import bglab
from bglab import bounded, dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
CONF = "/etc/breakglass/breakglass.conf"
TOKEN = "/etc/breakglass/secrets/phone"
PORT = 8088
HELD = (3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 24, 28, 29, 30, 32, 33)  # controls of which a drill leaves all the evidence
SPEED = 0.3  # seconds a key: 40 words a minute


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    os.makedirs(os.path.dirname(TOKEN), exist_ok=True)
    with open(TOKEN, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o400)
        file.write("secret\n")
    with open(CONF, encoding="utf-8") as file:
        conf = file.read().replace("[login]\n", "[login]\nconsoles = pts/[0-9]*\n", 1)
    with open(CONF, "w", encoding="utf-8") as file:
        file.write(f"{conf}\n[sink phone]\ntype = ntfy\nurl = http://127.0.0.1:{PORT}/\ntopic = drill\ntoken-file = {TOKEN}\nrate = 60\n")
    for n in (1, 2, 3):
        admin("envelope", "seal", ACCOUNT, f"e{n}", "--seal", f"A-{n}", "--holds", f"share 1-{n}", "--custodian", f"Custodian {n}", "--by",
              "Grace Hopper", "--seen-by", "Alan Turing", "--site", f"Safe {n}")


class Phone(http.server.ThreadingHTTPServer):
    """Where the alarm rings: what its screen shows."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.shown: list[dict] = []
        phone = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                phone.shown.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "10")
                self.end_headers()
                self.wfile.write(b'{"id":"x"}')

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", PORT), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


TYPED = {"characters": 0, "commands": 0}


def admin(*words: str, rc: int = 0, stdin: str = "") -> str:
    """A command of the administrator's, typed with what it asks for."""
    TYPED["characters"] += len(" ".join(words)) + len("breakglass \n") + len(stdin)
    TYPED["commands"] += 1
    result = bglab.run(["breakglass", *words], timeout=60, stdin=stdin)
    assert result.returncode == rc, (words, result.returncode, result.stdout, result.stderr)
    return result.stdout + result.stderr


def drill() -> dict:
    return json.loads(bglab.run(["breakglass", "drill", "show", "--json"], timeout=60).stdout)


def newest(kind: str) -> dict:
    return [e for e in bglab.journal() if e["type"] == f"org.breakglass.{kind}.v1"][-1]


class Led:
    """"drill run" on a terminal, which is killed at each step and begun anew."""

    def __init__(self) -> None:
        self.person, self.kills = None, 0

    def run(self, step: int) -> None:
        if self.person is not None:
            os.kill(self.person.pid, signal.SIGKILL)
            self.person.close()
            self.kills += 1
        self.person = bglab.Session(["breakglass", "drill", "run", ACCOUNT])
        self.person.expect(rf"Step {step} of 11: [^\r\n]*", timeout=30)
        self.person.expect("q = stop here")

    def twice(self, step: int) -> None:
        self.run(step)
        self.run(step)

    def done(self, pattern: str) -> None:
        self.person.expect(rf"Done: {pattern}", timeout=30)


def get_in(person: bglab.Session, reason: str) -> None:
    bglab.type_shares(person, SHARES[:2])
    bglab.say_why(person, "Ada Lovelace", reason)
    TYPED["characters"] += sum(len(dialogue.prefixes(s)) for s in SHARES[:2]) + len(reason) + 16


@bounded(300)
def test_from_sealed_to_sealed() -> str:
    phone, led, began = Phone(), Led(), time.monotonic()
    TYPED.update(characters=0, commands=0)
    admin("drill", "open", ACCOUNT, "--by", "Grace Hopper", "--until", "2h", "--purpose", "the first one")
    for _ in range(2):
        led.run(1)
    for n in (1, 2):
        admin("envelope", "open", ACCOUNT, f"e{n}", "--by", f"Custodian {n}")
    led.done("seal A-1 of envelope e1 by Custodian 1")

    led.twice(2)
    with bglab.login(ACCOUNT) as console:
        get_in(console, "quarterly drill at the console")
        assert "This is a drill: Grace Hopper announced it" in re.sub(r"\s+", " ", console.transcript), console.transcript
        console.expect_shell()
        led.done(r"Ada Lovelace by shares, \d+ s from")
        led.twice(3)
        with bglab.ssh(ACCOUNT) as remote:
            get_in(remote, "quarterly drill over the network")
            remote.expect(dialogue.GO_ON)
            remote.line()
            remote.expect_shell()
            led.done("Ada Lovelace by shares")
            remote.line("exit")
            remote.wait()
        led.twice(4)
        assert "BG1144" in admin("drill", "task", rc=1)  # outside of a session it is refused
        shown = console.shell("breakglass drill task")
        assert "Done: root's rights are there" in shown, shown
        led.done("made, gave away and removed a file")
        console.line("exit")
        console.wait()
    uses = [bglab.own(e)["use"] for e in bglab.journal() if e["type"] == "org.breakglass.use.granted.v1"]
    task = [bglab.own(e) for e in bglab.journal() if bglab.own(e).get("item") == "task"]
    bglab.equal([e["use"] for e in task if "use" in e], uses[:1])

    led.twice(6)
    bglab.until("the alarm of the first use", lambda: any("code " in m["message"] for m in phone.shown), 30)
    for m in phone.shown:
        if m["title"].startswith("DRILL"):
            assert m["message"].startswith("DRILL BREAK-GLASS") and m["priority"] == 5, m
    code = re.search(r"DRILL BREAK-GLASS bg1@\S+ by Ada Lovelace .*?code (\d{6})", "\n".join(m["message"] for m in phone.shown)).group(1)
    admin("alert", "confirm", code, "--by", "Barbara Liskov")
    led.done(r"phone: Barbara Liskov after \d+ s")

    led.twice(7)
    for use in uses:
        admin("review", "close", use, "--verdict", "drill", "--by", "Grace Hopper", "--cause", "the drill of this quarter",
              "--actions", "none beyond the new cards", "--yes")
    led.done("2 uses, the last one by Grace Hopper")

    led.twice(8)
    new = json.loads(admin("rotate", ACCOUNT, "--by", "Grace Hopper", "--yes", "--json"))["shares"]
    led.run(8)
    for share in new:
        admin("rotate", "verify", ACCOUNT, "--card-stdin", stdin=dialogue.prefixes(share) + "\n")
    led.run(8)
    admin("rotate", "finish", ACCOUNT, "--yes")
    led.done("new credentials open")

    led.twice(10)  # reading them back was part of replacing them
    for n in (1, 2, 3):
        if n == 3:  # it was not opened: its card is of the old set, and the step is not done before it has a new one
            left = next(s for s in drill()["steps"] if s["step"] == "reseal")
            assert left["state"] == "to do" and "e3 still holds" in left["what"] and "envelope open bg1 e3" in left["next"], left
            admin("envelope", "open", ACCOUNT, "e3", "--by", "Custodian 3")
        admin("envelope", "seal", ACCOUNT, f"e{n}", "--seal", f"B-{n}", "--holds", f"share 1-{n}", "--by", "Grace Hopper", "--seen-by", "Alan Turing")
    led.done(".*seal B-3 on envelope e3")

    led.twice(11)
    admin("drill", "report", "--output", "/root/drill.html")
    led.person.line()
    led.person.expect("Name of who has signed: ")
    led.person.line("Grace Hopper")
    led.person.expect("And of the other: ")
    led.person.line("Ada Lovelace")
    led.person.expect("The drill of bg1 is passed", timeout=30)
    bglab.equal(led.person.wait(), 0)

    end = newest("drill.closed")
    bglab.equal(end["data"]["status_id"], 1)
    d = drill()
    bglab.equal((d["state"], {s["state"] for s in d["steps"]}), ("passed", {"done"}))
    verdicts = {c["control"]: c["verdict"] for c in d["controls"]}
    assert "fail" not in verdicts.values(), d["controls"]
    bglab.equal({k: verdicts[k] for k in ("P-05", "P-06", "P-07", "P-08", "P-10", "P-11", "P-17", "P-24")},
                {k: "pass" for k in ("P-05", "P-06", "P-07", "P-08", "P-10", "P-11", "P-17", "P-24")})
    steps = [bglab.own(e)["item"] for e in bglab.journal() if e["type"] == "org.breakglass.drill.step.v1"]
    bglab.equal(sorted(set(steps)), sorted(s["step"] for s in d["steps"]))
    judged = {c["control"]: c["verdict"] for c in json.loads(bglab.run(["breakglass", "compliance", "--json"], timeout=60).stdout)["controls"]}
    bglab.equal([f"P-{n:02}" for n in HELD if judged[f"P-{n:02}"] != "PASS"], [])
    SHARES[:] = new
    with bglab.login(ACCOUNT) as after:  # sealed again: a use from here on is a real one
        bglab.open_door(after, SHARES[:2])
        assert "drill" not in after.transcript
        after.line("exit")
        after.wait()
    assert "drill" not in bglab.own(newest("session.closed"))
    typing = TYPED["characters"] * SPEED
    assert typing < 600, typing
    return f"{TYPED['commands']} commands, {TYPED['characters']} characters, {typing:.0f} s of typing; killed {led.kills} times; {time.monotonic() - began:.0f} s here"
