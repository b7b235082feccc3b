#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The sinks that ask somebody's interface, against a receiver that takes requests apart and answers in every way.

usage: test_providers.py BUILDDIR [TEST...]. tests/tools/sink hands them events; what breakglass-alert adds to that is
test_alert.py's. What a request has to look like was read in these pages, each named again at its check:
    PagerDuty developer documentation, "Send an Alert Event" (PagerDuty/developer-docs, docs/events-API-v2/02-Trigger-Events.md)
    Opsgenie "Alert API" (Create Alert, Close Alert), and JSDCLOUD-14179 for closing by alias in Jira Service Management
    Slack "Incoming webhooks" of the Python SDK's manual
    Microsoft "Create Incoming Webhooks", "TextRun" of the Adaptive Cards schema; Alertmanager's own notify/msteamsv2
    ntfy "Publishing: Publish as JSON"
    Twilio "Messages resource" as in its OpenAPI description, errors 21624 and 90007 for the validity
"""
import base64, http.server, json, os, re, shutil, socket, subprocess, sys, tempfile, threading, time, urllib.parse
from email.utils import formatdate

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
SINK = f"{BUILD}/tests/tools/sink"
TOKEN = "t0ken-of-the-sink-32-letters-long"
USE = "01JD7Z3W9Q6M3B1V5X0C8K3F2T"
SUCCESS = {
    "pagerduty": (202, {"status": "success", "message": "Event processed", "dedup_key": USE}),
    "alertmanager": (200, ""),
    "opsgenie": (202, {"result": "Request will be processed", "took": 0.1, "requestId": "43a29c5c-3dbf-4fa4-9c26-f4f71023e120"}),
    "slack": (200, "ok"),
    "teams": (202, ""),
    "ntfy": (200, {"id": "xE73Iyuabi", "time": 1673542291, "event": "message", "topic": "breakglass"}),
    "twilio": (201, {"sid": "SM" + "0" * 32, "status": "queued", "error_code": None}),
}
DATE = lambda seconds: formatdate(time.time() + seconds, usegmt=True)  # noqa: E731


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body="", **headers):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):  # noqa: N802
        r = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with r.lock:
            r.got.append((self.path, dict(self.headers), body))
        kind = self.path.split("/")[1]
        # the fault to play is named in the reason of the event
        m = re.search(rb"fault([0-9a-z]+)x", urllib.parse.unquote_to_bytes(body))
        fault = r.fault or (m[1].decode() if m else "")
        if callable(fault):
            fault = fault(self.path, body)
        try:
            self.answer(kind, fault)
        except OSError:
            pass

    def answer(self, kind, fault):
        status, body = SUCCESS[kind]
        if fault == "":
            self.reply(status, body)
        elif fault == "retrys":
            self.reply(429, "slow down", Retry_After="7")
        elif fault == "retrydate":
            self.reply(429, "slow down", Retry_After=DATE(60))
        elif fault.isdigit():
            headers = {"Location": "/elsewhere"} if fault[0] == "3" else {}
            self.reply(int(fault), "no", **headers)
        elif fault == "error":  # success by its status, not by what it says
            self.reply(200, {"slack": "no_active_hooks", "teams": "Webhook message delivery failed with error: Microsoft Teams endpoint "
                             "returned HTTP error 429 with ContextId tcid=0"}.get(kind, "<html>please log in</html>"))
        elif fault == "reset":
            self.send_response(status)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
        elif fault == "drip":
            self.send_response(status)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
            self.close_connection = True
        elif fault == "hang":
            self.server.receiver.release.wait(30)
            self.close_connection = True
        elif fault == "huge":
            start = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(1 << 28))
            self.end_headers()
            self.wfile.write(start)
            for _ in range(1 << 12):
                self.wfile.write(b" " * 65536)
            self.close_connection = True

    def do_CONNECT(self):  # noqa: N802
        self.server.receiver.got.append((self.path, dict(self.headers), b""))
        self.reply(503)

    def date_time_string(self, timestamp=None):
        return DATE(self.server.receiver.ahead)

    def log_message(self, *a):
        pass


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET

    def __init__(self, host="127.0.0.1"):
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, 0), Handler)
        self.receiver, self.got, self.lock, self.release = self, [], threading.Lock(), threading.Event()
        self.fault, self.ahead = None, 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        self.at = f"http://{'[::1]' if ':' in host else host}:{self.server_address[1]}"

    def server_bind(self):
        http.server.socketserver.TCPServer.server_bind(self)

    def handle_error(self, request, client_address):
        pass


def conf(kind, at, d, extra="timeout = 1\n"):
    """A configuration with a sink of that kind at that address; its path."""
    secret = os.path.join(d, kind + ".secret")
    url = os.path.join(d, kind + ".url")
    for path, text in ((secret, TOKEN), (url, f"{at}/{kind}/s3cret-path")):
        with open(path, "w", encoding="ascii") as f:
            f.write(text + "\n")
        os.chmod(path, 0o400)
    rows = {
        "pagerduty": f"api-url = {at}/pagerduty\ntoken-file = {secret}\n",
        "alertmanager": f"url = {at}/alertmanager/api/v2/alerts\ntoken-file = {secret}\n",
        "opsgenie": f"api-url = {at}/opsgenie/v2/alerts\ntoken-file = {secret}\n",
        "slack": f"url-file = {url}\n",
        "teams": f"url-file = {url}\n",
        "ntfy": f"url = {at}/ntfy/\ntoken-file = {secret}\ntopic = breakglass\n",
        "twilio": f"api-url = {at}/twilio\ntoken-file = {secret}\naccount = AC0123\nsender = +15005550006\nnumbers = +15005550009\n",
    }
    path = os.path.join(d, kind + ".conf")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"[sink it]\ntype = {kind}\n{rows[kind]}{extra}")
    os.chmod(path, 0o600)
    return path


def event(reason="LDAP is down", kind="use.granted", ident="01JD7Z3W9Q6M3B1V5X0C8K3F2V", use=USE, host="web01", who="Ada Lovelace", drill=False):
    """An event as the journal has it, in what matters here."""
    own = {"claimed_by": who, "reason": reason, "ticket": "INC-4711", "factor": "shares"}
    if drill:
        own.update(drill=True, drill_id="01JD7Z3W9Q6M3B1V5X0C8K3F2D")
    if use:
        own["use"] = use
    return json.dumps({"specversion": "1.0", "id": ident, "source": "urn:breakglass:host:web01", "type": f"org.breakglass.{kind}.v1",
                       "subject": "bg1", "time": "2026-11-22T12:03:24.123456Z", "sequence": "00000000000000000042",
                       "data": {"message": "The account bg1 was opened.", "device": {"hostname": host}, "service": {"name": "sshd"},
                                "src_endpoint": {"ip": "192.0.2.7"}, "unmapped": {"breakglass": own}}}, separators=(",", ":"))


def start(path, events):
    p = subprocess.Popen([SINK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    threading.Thread(target=lambda: (p.stdin.write("".join(e + "\n" for e in events)), p.stdin.close()), daemon=True).start()
    return p


def results(p):
    out, err = p.stdout.read(), p.stderr.read()
    assert p.wait() == 0 and not err, (p.returncode, out, err[-2000:])
    assert TOKEN not in out and "s3cret" not in out, out
    return [json.loads(x) for x in out.splitlines()]


def send(kind, events, r, extra="timeout = 20\n"):
    with tempfile.TemporaryDirectory() as d:
        return results(start(conf(kind, r.at, d, extra), events))


def one(sink, *words, **more):
    """What arrives for one event: path, headers, body."""
    r = Receiver()
    assert send(sink, [event(*words, **more)], r)[0]["verdict"] == "acked"
    assert len(r.got) == 1, r.got
    path, headers, body = r.got[0]
    assert headers["User-Agent"].startswith("breakglass/"), headers
    assert "Expect" not in headers
    if sink != "twilio":
        assert headers["Content-Type"] == "application/json", headers
        body = json.loads(body)
    return path, headers, body


SUMMARY = "BREAK-GLASS REAL bg1@web01 by Ada Lovelace from 192.0.2.7: LDAP is down (INC-4711)"


# --- what is sent: each by the page that is named --------------------------------------------------------

def test_pagerduty():
    """Events API v2, Send an alert event: routing_key, event_action, dedup_key, payload with summary, source, severity."""
    path, _, body = one("pagerduty")
    assert path == "/pagerduty"
    assert set(body) == {"routing_key", "event_action", "dedup_key", "payload", "client"}, body
    assert (body["routing_key"], body["event_action"], body["dedup_key"]) == (TOKEN, "trigger", USE)
    p = body["payload"]
    assert (p["summary"], p["source"], p["severity"], p["component"]) == (SUMMARY, "web01", "critical", "bg1")
    assert p["timestamp"] == "2026-11-22T12:03:24.123456Z" and p["class"] == "use.granted"
    assert p["custom_details"]["Who (claimed)"] == "Ada Lovelace" and p["custom_details"]["Event"] == "01JD7Z3W9Q6M3B1V5X0C8K3F2V"
    _, _, body = one("pagerduty", "x\u65e5" * 900)
    assert len(body["payload"]["summary"]) == 1024 and len(body["dedup_key"]) <= 255
    assert body["payload"]["summary"].endswith("x\u65e5x...") or body["payload"]["summary"].endswith("\u65e5x\u65e5...")
    _, _, body = one("pagerduty", kind="tamper.detected", use=None)
    assert body["dedup_key"] == "01JD7Z3W9Q6M3B1V5X0C8K3F2V"
    _, _, body = one("pagerduty", kind="review.closed")
    assert body == {"routing_key": TOKEN, "event_action": "resolve", "dedup_key": USE}


def test_opsgenie():
    """Alert API, Create Alert: message (130), alias (512), description (15000), priority, tags, details; Close Alert by alias."""
    path, headers, body = one("opsgenie")
    assert path == "/opsgenie/v2/alerts" and headers["Authorization"] == f"GenieKey {TOKEN}"
    assert (body["message"], body["alias"], body["priority"], body["source"]) == (SUMMARY, USE, "P1", "web01")
    assert "\nWhy: LDAP is down\n" in body["description"] and body["tags"] == ["breakglass", "use.granted"]
    assert body["details"]["From"] == "192.0.2.7" and all(isinstance(v, str) for v in body["details"].values())
    assert len(one("opsgenie", "x" * 500)[2]["message"]) == 130
    path, _, body = one("opsgenie", kind="review.closed")
    assert path == f"/opsgenie/v2/alerts/{USE}/close?identifierType=alias" and set(body) == {"source", "note"}
    path, _, _ = one("opsgenie", kind="review.closed", use="../a b?c")  # a line that somebody else wrote
    assert path == "/opsgenie/v2/alerts/..%2Fa%20b%3Fc/close?identifierType=alias"


def test_alertmanager():
    """Alertmanager v2, POST /alerts: an array of labels, annotations, startsAt, endsAt."""
    def parse(t):
        import datetime
        return datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp()
    path, headers, body = one("alertmanager")
    assert path == "/alertmanager/api/v2/alerts" and headers["Authorization"] == f"Bearer {TOKEN}"
    a, = body
    assert a["labels"] == {"alertname": "BreakGlassUse", "severity": "critical", "instance": "web01", "account": "bg1", "event": USE}
    assert a["annotations"]["summary"] == SUMMARY
    assert abs(parse(a["startsAt"]) - time.time()) < 60 and abs(parse(a["endsAt"]) - time.time() - 7 * 86400) < 60
    end, = one("alertmanager", kind="review.closed")[2]
    assert end["labels"] == a["labels"] and parse(end["startsAt"]) < parse(end["endsAt"]) <= time.time() + 1
    test, = one("alertmanager", kind="alert.test", use=None)[2]
    assert test["labels"]["alertname"] == "BreakGlassTest" and parse(test["endsAt"]) < time.time() + 960
    r = Receiver()
    r.ahead = 10 * 86400  # its clock is not ours: what it has would be over already
    first, second = send("alertmanager", [event(), event()], r)
    assert first["verdict"] == "refused" and first["again"], first
    assert second["verdict"] == "acked" and abs(parse(json.loads(r.got[1][2])[0]["startsAt"]) - time.time() - r.ahead) < 60


def test_slack():
    """Incoming webhooks: text as the fallback of blocks; the answer is the word ok."""
    path, _, body = one("slack")
    assert path == "/slack/s3cret-path" and body["text"] == SUMMARY
    header, section = body["blocks"]
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "BREAK-GLASS REAL bg1@web01"}}
    assert section["type"] == "section" and section["text"]["type"] == "plain_text" and "\nWhy: LDAP is down\n" in section["text"]["text"]
    _, _, body = one("slack", "<!channel> & <http://evil.example|look>", host="h" * 300)
    assert "&lt;!channel&gt; &amp; &lt;http" in body["text"] and "<" not in body["text"]
    assert len(body["blocks"][0]["text"]["text"]) <= 150
    _, _, body = one("slack", "&" * 5000)
    assert len(body["blocks"][1]["text"]["text"]) <= 3000


def test_teams():
    """Send Adaptive Cards: a message with one attachment; 28 KB."""
    path, _, body = one("teams")
    assert path == "/teams/s3cret-path" and body["type"] == "message"
    a, = body["attachments"]
    assert a["contentType"] == "application/vnd.microsoft.card.adaptive" and a["contentUrl"] is None
    c = a["content"]
    assert (c["type"], c["version"], c["$schema"]) == ("AdaptiveCard", "1.4", "http://adaptivecards.io/schemas/adaptive-card.json")
    assert all(b["type"] == "RichTextBlock" for b in c["body"]), "no Markdown: a reason is no link"
    text = "".join(i["text"] for b in c["body"] for i in b["inlines"])
    assert text.startswith("BREAK-GLASS REAL bg1@web01What: ") and "\nWhy: LDAP is down\n" in text
    _, _, body = one("teams", '"\\' * 4000, who='"' * 4000)
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 28 * 1024


def test_ntfy():
    """Publish as JSON: to the root, topic, title, message (4096 bytes), priority 5, tags; access tokens by Bearer."""
    path, headers, body = one("ntfy")
    assert path == "/ntfy/" and headers["Authorization"] == f"Bearer {TOKEN}"
    assert set(body) == {"topic", "title", "message", "priority", "tags"}, body
    assert (body["topic"], body["priority"], body["tags"]) == ("breakglass", 5, ["rotating_light"])
    assert body["title"] == "BREAK-GLASS REAL bg1@web01" and body["message"].startswith(SUMMARY + "\nWhat: ")
    assert len(one("ntfy", "\u65e5" * 4000)[2]["message"].encode()) <= 4096


def form(body):
    return {k: v for k, (v,) in urllib.parse.parse_qs(body.decode("ascii"), strict_parsing=True).items()}


def test_twilio():
    """Messages resource, Create: To, From or MessagingServiceSid, Body (1600), ValidityPeriod; basic authentication."""
    path, headers, body = one("twilio", "a&b=c% \u65e5")
    assert path == "/twilio/2010-04-01/Accounts/AC0123/Messages.json"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"AC0123:{TOKEN}".encode()).decode()
    f = form(body)
    assert set(f) == {"To", "From", "Body", "ValidityPeriod"} and (f["To"], f["From"]) == ("+15005550009", "+15005550006")
    assert f["Body"].startswith("BREAK-GLASS REAL bg1@web01 by Ada Lovelace from 192.0.2.7: a&b=c% \u65e5 (INC-4711)\n"), f
    assert f["Body"].endswith("01JD7Z3W9Q6M3B1V5X0C8K3F2V") and 1 <= int(f["ValidityPeriod"]) <= 14400
    assert len(form(one("twilio", "\u65e5" * 4000)[2])["Body"]) <= 1600


def words(sink, body):
    """Every text of a message that a person may see first."""
    if sink == "pagerduty":
        return [body["payload"]["summary"]]
    if sink == "opsgenie":
        return [body["message"], body["description"]]
    if sink == "alertmanager":
        return [body[0]["annotations"]["summary"], body[0]["annotations"]["description"]]
    if sink == "slack":
        return [body["text"]] + [b["text"]["text"] for b in body["blocks"]]
    if sink == "teams":
        return [b["inlines"][0]["text"] for b in body["attachments"][0]["content"]["body"]]
    if sink == "ntfy":
        return [body["title"], body["message"]]
    return [form(body)["Body"]]


def test_a_drill_says_so_first():
    for sink in ("pagerduty", "opsgenie", "alertmanager", "slack", "teams", "ntfy", "twilio"):
        for drill in (True, False):
            for kind in ("use.granted", "session.opened"):
                for text in words(sink, one(sink, kind=kind, drill=drill)[2]):
                    assert text.startswith("DRILL") == drill, (sink, text[:60])
    assert one("pagerduty", drill=True)[2]["payload"]["severity"] == "critical"  # it wakes people all the same
    assert one("ntfy", drill=True)[2]["priority"] == 5 and one("opsgenie", drill=True)[2]["priority"] == "P1"


def test_twilio_numbers():
    """Each number has its own request; one that fails costs the others no second message."""
    r, numbers = Receiver(), ["+15005550009", "+15005550010", "whatsapp:+15005550011"]
    r.fault = lambda path, body: "500" if b"0010" in body and r.fails else ""
    r.fails = True
    with tempfile.TemporaryDirectory() as d:
        path = conf("twilio", r.at, d, "timeout = 20\n")
        text = open(path, encoding="ascii").read().replace("numbers = +15005550009", "numbers = " + " ".join(numbers))
        text = text.replace("sender = +15005550006", "sender = MG0123").replace("account =", "user = SK77\naccount =")
        os.chmod(path, 0o600)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        p = subprocess.Popen([SINK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def ask(line):
            p.stdin.write(line + "\n")
            p.stdin.flush()
            return json.loads(p.stdout.readline())
        first = ask(event())
        assert first["verdict"] == "retry" and "...010: HTTP status 500" in first["why"], first
        assert sorted(form(b)["To"] for _, _, b in r.got) == sorted(numbers)
        assert all(form(b)["MessagingServiceSid"] == "MG0123" and "From" not in form(b) for _, _, b in r.got)
        assert r.got[0][1]["Authorization"] == "Basic " + base64.b64encode(f"SK77:{TOKEN}".encode()).decode()
        assert ask(event())["verdict"] == "retry" and [form(b)["To"] for _, _, b in r.got[3:]] == numbers[1:2]
        r.fails = False
        assert ask(event())["verdict"] == "acked" and [form(b)["To"] for _, _, b in r.got[4:]] == numbers[1:2]
        assert ask(event(ident="01JD7Z3W9Q6M3B1V5X0C8K3F2W"))["verdict"] == "acked" and len(r.got) == 8
        p.stdin.close()
        assert p.wait() == 0


def test_twilio_refused():
    """Who answered STOP (400, error 21610) keeps nothing from the others and is said once; of many events that a number
    cannot have now, none goes to those who have it a second time."""
    r, numbers, state = Receiver(), ["+15005550009", "+15005550010"], ["400"]
    r.fault = lambda path, body: state[0] if b"0010" in body else ""
    idents = [f"01JD7Z3W9Q6M3B1V5X0C8K3F{i:02d}" for i in range(20, 40)]
    with tempfile.TemporaryDirectory() as d:
        path = conf("twilio", r.at, d, "timeout = 20\n")
        text = open(path, encoding="ascii").read().replace("numbers = +15005550009", "numbers = " + " ".join(numbers))
        with open(path, "w", encoding="ascii") as f:
            f.write(text)

        def run(idents):
            p = subprocess.run([SINK, path], input="".join(event(ident=i) + "\n" for i in idents), capture_output=True, text=True)
            return [json.loads(x)["verdict"] for x in p.stdout.splitlines()], p.stderr
        verdicts, said = run(idents[:3])
        assert verdicts == ["acked"] * 3, verdicts
        assert said.count("BG897") == 1 and "number ...010: HTTP status 400" in said and numbers[1] not in said, said
        state[0] = "500"
        r.got.clear()
        verdicts, said = run(idents * 2)
        assert verdicts == ["retry"] * 40 and said == "", (verdicts, said)
        assert sorted(form(b)["Body"][-26:] for _, _, b in r.got if b"0009" in b) == idents
        state[0] = "429"
        assert run(idents[:1])[0] == ["retry"]
        state[0], r.fault = "400", lambda path, body: "400"
        assert run(idents[:1])[0] == ["refused"]


# --- what the answers mean ---------------------------------------------------------------------------------

FAULTS = {  # verdict, whether it is about the endpoint, the wait that was asked for
    "": ("acked", False, None), "400": ("refused", False, None), "401": ("refused", False, None), "410": ("refused", False, None),
    "retrys": ("retry", False, 7000), "retrydate": ("retry", False, 60000), "500": ("retry", False, None), "503": ("retry", True, None),
    "301": ("retry", False, None), "error": ("retry", None, None), "reset": ("retry", True, None), "drip": ("retry", True, None),
    "hang": ("retry", True, None), "huge": ("acked", False, None),
}


def test_answers():
    """Each sink, each fault; all sinks at once. What is shown has no secret in it (results() looks)."""
    r = Receiver()
    with tempfile.TemporaryDirectory() as d:
        running = {kind: start(conf(kind, r.at, d), [event(f"fault{f}x" if f else "no", ident=f"01JD7Z3W9Q6M3B1V5X0C8K3F{i:02}")
                                                   for i, f in enumerate(FAULTS)]) for kind in SUCCESS}
        got = {kind: results(p) for kind, p in running.items()}
    r.release.set()
    for kind, answers in got.items():
        assert len(answers) == len(FAULTS), (kind, answers)
        for (fault, (verdict, endpoint, wait)), a in zip(FAULTS.items(), answers):
            if kind == "alertmanager" and fault == "error":
                verdict = "acked"  # it says nothing, so nothing is read into it
            assert a["verdict"] == verdict, (kind, fault, a)
            assert endpoint is None or a["endpoint"] == endpoint, (kind, fault, a)
            # a date has whole seconds, and so has the Date: by which the receiver's clock is told
            slack = 1000 if fault == "retrydate" else 0
            assert (a["wait"] == -1) if wait is None else wait - 30000 <= a["wait"] <= wait + slack, (kind, fault, a)
            if fault.isdigit():
                assert fault in a["why"], (kind, fault, a)
    assert not [p for p, _, _ in r.got if p == "/elsewhere"], "a redirection is not followed"


def test_teams_error_inside():
    for status, verdict in ((413, "refused"), (429, "retry"), (503, "retry")):
        r = Receiver()
        old = SUCCESS["teams"]
        SUCCESS["teams"] = (200, f"failed with error: Microsoft Teams endpoint returned HTTP error {status} with ContextId x")
        try:
            assert send("teams", [event()], r)[0]["verdict"] == verdict
        finally:
            SUCCESS["teams"] = old


def test_ipv6():
    try:
        r = Receiver("::1")
    except OSError:
        return  # a machine without it
    assert send("ntfy", [event()], r)[0]["verdict"] == "acked" and len(r.got) == 1


class Elsewhere:
    at = "https://hook.test:443"


def test_a_proxy_is_taken_when_it_is_named():
    proxy = Receiver()
    os.environ["no_proxy"] = "*"  # counts for nothing
    a = send("ntfy", [event()], Elsewhere, f"timeout = 20\nproxy = {proxy.at}\n")[0]
    assert a["verdict"] == "retry" and [p for p, _, _ in proxy.got] == ["hook.test:443"], "it went to the proxy"


def test_what_is_not_enciphered_stays_here():
    """http:// is for a relay on this host: no proxy, and no other address for its name, is taken."""
    r, proxy = Receiver(), Receiver()
    port = r.server_address[1]
    r.at = f"http://localhost:{port}"
    for extra in (f"proxy = {proxy.at}\n", f"resolve = localhost:{port}:127.0.0.2\n"):
        a = send("slack", [event()], r, "timeout = 20\n" + extra)[0]
        assert a["verdict"] == "acked" and len(r.got) == 1 and not proxy.got, (a, extra)
        r.got.clear()
        with tempfile.TemporaryDirectory() as d:
            assert start(conf("ntfy", r.at, d, extra), []).wait() == 2, "said at once where the address is in the configuration"


def test_an_interface_that_is_not_there():
    r = Receiver()
    assert send("ntfy", [event()], r, "timeout = 20\ninterface = lo\n")[0]["verdict"] == "acked"
    assert send("ntfy", [event()], r, "timeout = 20\ninterface = 127.0.0.1\n")[0]["verdict"] == "acked"
    a = send("ntfy", [event()], r, "timeout = 20\ninterface = none0\n")[0]
    assert a["verdict"] == "retry" and a["endpoint"] and len(r.got) == 2, a


# --- a program we did not write -----------------------------------------------------------------------------

def test_alertmanager_itself():
    """Debian's prometheus-alertmanager has our alert, shows it by its interface, and it is over when the review is."""
    program = shutil.which("prometheus-alertmanager")
    if not program:
        print("     prometheus-alertmanager is not installed")
        return
    import urllib.request
    with tempfile.TemporaryDirectory() as d:
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        with open(f"{d}/am.yml", "w", encoding="ascii") as f:
            f.write("route: {receiver: none}\nreceivers: [{name: none}]\n")
        log = open(f"{d}/log", "w+", encoding="utf-8")
        p = subprocess.Popen([program, f"--config.file={d}/am.yml", f"--storage.path={d}/data", f"--web.listen-address=127.0.0.1:{port}",
                              "--cluster.listen-address="], stdout=log, stderr=log)

        def ask(what):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{what}", timeout=5) as a:
                    return a.read()
            except OSError:
                return None
        try:
            end = time.monotonic() + 60
            while ask("/-/ready") is None:
                assert time.monotonic() < end and p.poll() is None, open(f"{d}/log", encoding="utf-8").read()[-2000:]
                time.sleep(0.05)
            path = os.path.join(d, "am.conf")
            with open(path, "w", encoding="ascii") as f:
                f.write(f"[sink it]\ntype = alertmanager\nurl = http://127.0.0.1:{port}/api/v2/alerts\ntimeout = 20\n")
            os.chmod(path, 0o600)
            odd = 'LDAP is "down" \\ \u65e5\u672c {{ .Labels }} <b>'
            assert [a["verdict"] for a in results(start(path, [event(odd), event(odd)]))] == ["acked", "acked"]
            a, = json.loads(ask("/api/v2/alerts"))  # twice the same is one
            assert a["labels"]["alertname"] == "BreakGlassUse" and a["labels"]["event"] == USE, a
            assert odd in a["annotations"]["summary"] and a["status"]["state"] in ("active", "unprocessed"), a
            assert results(start(path, [event("done", kind="review.closed")]))[0]["verdict"] == "acked"
            end = time.monotonic() + 30
            while json.loads(ask("/api/v2/alerts")):
                assert time.monotonic() < end, ask("/api/v2/alerts")
                time.sleep(0.1)
        finally:
            p.kill()
            p.wait()
            log.close()


import lanes  # noqa: E402


def main():
    lanes.begin(3)
    passed = failed = 0
    for name in lanes.mine(list(globals())):
        began = time.monotonic()
        try:
            globals()[name]()
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
