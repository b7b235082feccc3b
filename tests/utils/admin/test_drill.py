#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass drill: the window, its uses, its steps, its end. usage: test_drill.py BUILDDIR [TEST]...

Logins are real ones, by breakglass-login on pipes (the path "rescue"); of the other paths tests/e2e/test_drill.py has them.
"""
import hmac, html.parser, json, os, random, re, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CONF = "/etc/breakglass/breakglass.conf"
SHARES = []
NAME, REASON = "Ada Lovelace", "quarterly drill of this host"


def ours(e):
    return e["data"]["unmapped"]["breakglass"]


def init(conf=""):
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1) + conf)
    SHARES[:] = bg_json("share", "new", "bg1", "--yes")["shares"]


def drill_open(*more):
    return bg_json("drill", "open", "bg1", "--by", "Grace Hopper", "--until", "2h", *more)["drill"]


def use(name=NAME, reason=REASON, rc=0):
    p = subprocess.run([HELPER, "--tty", "bg1"], input="\n".join(["", SHARES[0], SHARES[1], name, reason]) + "\n", text=True,
                       capture_output=True, timeout=60)
    assert p.returncode == rc, (p.stdout, p.stderr)
    return p.stdout + p.stderr


def ulid():
    return "01" + "".join(random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))


def attempt(times):
    """Somebody who has nothing to type, so often."""
    for _ in range(times):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", "attempt.started", "-m", "x",
           "-s", "use=" + ulid(), "-s", "drill=" + ours(newest("drill.opened"))["drill_id"], stdout=subprocess.DEVNULL)


def steps(rc=None):
    p = subprocess.run(["/usr/sbin/breakglass", "drill", "show", "--json"], text=True, capture_output=True, timeout=60)
    return {s["step"]: s for s in json.loads(p.stdout)["steps"]}


def controls():
    return {c["control"]: c for c in bg_json("drill", "show")["controls"]}


def newest(kind):
    return [e for e in journal() if e["type"] == f"org.breakglass.{kind}.v1"][-1]


def test_a_window_marks_its_uses():
    init()
    out = use()
    assert "BG1130" not in out and "drill" not in ours(newest("use.granted"))
    drill = drill_open("--paths", "rescue,ssh", "--purpose", "first of the year")
    e = newest("drill.opened")
    assert (ours(e)["drill"], ours(e)["drill_id"], ours(e)["by"], ours(e)["item"]) == (True, drill, "Grace Hopper", "rescue ssh")
    assert ours(e)["reason"] == "first of the year" and ours(e)["until"] > e["time"]
    out = use()
    has(out, "This is a drill: Grace Hopper announced it, until", "BG1130")
    assert "BG1131" not in out
    for kind in ("attempt.started", "auth.succeeded", "use.granted"):
        assert ours(newest(kind))["drill_id"] == drill and newest(kind)["severitytext"] == "FATAL" or kind == "attempt.started", newest(kind)
    bg("drill", "abort", "bg1", "--reason", "that was all", "--yes", rc=1)
    assert ours(newest("drill.closed"))["detail"] == "given up: that was all" and newest("drill.closed")["data"]["status_id"] == 2
    use()
    assert "drill" not in ours(newest("use.granted"))


def test_many_announce_at_once():
    """One window, by one of them; the others are told whose it is."""
    init()
    many = [subprocess.Popen(["/usr/sbin/breakglass", "drill", "open", "bg1", "--by", f"Grace {i}", "--until", "2h"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True) for i in range(8)]
    said = [(p.communicate(timeout=60)[0], p.returncode) for p in many]
    assert sorted(rc for _, rc in said) == [0] + [1] * 7, said
    assert kinds().count("drill.opened") == 1 and all("BG1133" in text for text, rc in said if rc == 1), said


def test_what_cannot_be_opened():
    init()
    has(bg("drill", "open", "bg1", "--until", "2h", rc=2), "BG1132")
    has(bg("drill", "open", "bg1", "--by", "Grace", rc=2), "BG1132")
    for until in ("13h", "4m", "0h", "tomorrow"):
        bg("drill", "open", "bg1", "--by", "Grace", "--until", until, rc=2)
    for by in ("", "   ", "Gr\x1b[2Jace", "\u202eGrace", "x" * 200):
        bg("drill", "open", "bg1", "--by", by, "--until", "2h", rc=2)
    for paths in ("telnet", "ssh,ssh", "", "ssh;console"):
        bg("drill", "open", "bg1", "--by", "Grace", "--until", "2h", "--paths", paths, rc=2)
    bg("drill", "open", "nobody", "--by", "Grace", "--until", "2h", rc=2)
    assert "drill.opened" not in kinds()
    drill_open()
    has(bg("drill", "open", "bg1", "--by", "Alan", "--until", "2h", rc=1), "BG1133", "Grace Hopper")
    assert kinds().count("drill.opened") == 1
    has(bg("drill", "abort", "bg1", rc=2), "BG1143")
    bg("drill", "close", "bg1", rc=2)  # nobody there to ask
    assert "drill.closed" not in kinds()


def test_who_is_on_the_list():
    init()
    write("/etc/breakglass/people", "[person grace]\nname = Grace Hopper\nroles = review\n[person alan]\nname = Alan Turing\nroles = use\n"
          "left = 2026-01-01T00:00:00.000000Z\n", 0o600)
    has(bg("drill", "open", "bg1", "--by", "Mallory", "--until", "2h", rc=1), "BG1140")
    has(bg("drill", "open", "bg1", "--by", "alan turing", "--until", "2h", rc=1), "BG1141")
    bg("drill", "open", "bg1", "--by", "grace", "--until", "2h", "--paths", "rescue")
    # one person under any name of theirs, who announces, uses or signs
    assert ours(newest("drill.opened"))["by"] == "Grace Hopper"
    has(use("Grace Hopper"), "BG1131")
    assert controls()["P-08"]["verdict"] == "fail", controls()["P-08"]
    has(bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "grace", "--seen-by", "Grace Hopper", rc=1), "BG1151")
    bg("drill", "abort", "bg1", "--reason", "that was all", "--yes", rc=1)
    bg("drill", "open", "bg1", "--by", "Grace Hopper", "--until", "2h", "--paths", "rescue")
    use("grace")
    assert controls()["P-08"]["verdict"] == "fail", controls()["P-08"]


def test_what_strangers_try_hides_no_use():
    """Anybody can begin logins inside the window; they push no use out of the list, and answer no alarm."""
    init("[sink pager]\ntype = ntfy\nurl = http://127.0.0.1:9/\ntopic = x\ntoken-file = /etc/breakglass/secrets/x\n")
    write("/etc/breakglass/secrets/x", "secret\n", 0o400)
    drill_open("--paths", "rescue")
    attempt(40)
    bg("alert", "confirm", code_of("pager"))
    use()
    assert steps()["alarm"]["what"] == "pager: not yet", steps()["alarm"]  # that answer was there before the alarm
    attempt(40)
    s = steps()
    assert s["login-rescue"]["state"] == "done" and s["review"]["what"] == "a use is not reviewed yet", s


def test_the_announcer_does_not_count():
    init()
    drill_open("--paths", "rescue")
    out = use("grace  HOPPER")
    has(out, "BG1131")
    assert ours(newest("use.granted"))["detail"] == "BG1131"
    assert controls()["P-08"]["verdict"] == "fail", controls()
    has(bg("drill", "close", "bg1", "--yes", rc=1), "failed: P-08")


def test_the_announcer_by_another_name_does_not_count():
    """Who the kernel says it is: from an account of their own, and by su from the same one."""
    init()
    as_person = "import os, sys; os.setresuid(int(sys.argv[1]), 0, 0); os.execv(sys.argv[2], sys.argv[2:])"

    p = subprocess.run([sys.executable, "-c", as_person, "4711", "/usr/sbin/breakglass", "drill", "open", "bg1", "--by", "Grace Hopper",
                        "--until", "2h", "--paths", "rescue"], text=True, capture_output=True, timeout=60)
    assert p.returncode == 0 and ours(newest("drill.opened"))["caller_uid"] == 4711, (p, newest("drill.opened"))
    for uid, verdict in ((4712, "pass"), (4711, "fail")):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", "use.granted", "-m", "x",
           *[w for k, v in {"use": ulid(), "drill": ours(newest("drill.opened"))["drill_id"], "caller": uid, "claimed": NAME}.items()
             for w in ("-s", f"{k}={v}")], stdout=subprocess.DEVNULL)
        assert controls()["P-08"]["verdict"] == verdict, (uid, controls()["P-08"])


def test_not_announced_from_within():
    """The audit uid of the caller is the account's own."""
    init()
    audit = [r for r in read("/etc/breakglass/accounts").splitlines() if r.startswith("bg1:")][1].split(":")[2]
    as_person = "import os, sys; os.setresuid(int(sys.argv[1]), 0, 0); os.execv(sys.argv[2], sys.argv[2:])"
    for uid, rc in ((audit, 1), ("4711", 0)):
        p = subprocess.run([sys.executable, "-c", as_person, uid, "/usr/sbin/breakglass", "drill", "open", "bg1", "--by", "Grace Hopper",
                            "--until", "2h"], text=True, capture_output=True, timeout=60)
        assert p.returncode == rc and ("BG1321" in p.stderr) == (rc == 1), (uid, p)
        assert kinds().count("drill.opened") == 1 - rc


def test_two_drills_have_codes_of_their_own():
    init("[sink pager]\ntype = ntfy\nurl = http://127.0.0.1:9/\ntopic = x\ntoken-file = /etc/breakglass/secrets/x\n")
    write("/etc/breakglass/secrets/x", "secret\n", 0o400)
    bg("init", "--account", "bg2", "--yes")
    one = drill_open("--paths", "rescue")
    two = bg_json("drill", "open", "bg2", "--by", "Grace Hopper", "--until", "2h", "--paths", "rescue")["drill"]
    first, second = code_of("pager"), code_of("pager", "bg2")
    assert first != second
    bg("alert", "test", "--wait", "1", rc=1)  # has other codes, and takes none away
    for code, account, drill in ((first, "bg1", one), (second, "bg2", two)):
        bg("alert", "confirm", code)
        e = newest("alert.confirmed")
        assert (e["subject"], ours(e)["drill_id"]) == (account, drill), e
    bg("drill", "abort", "bg2", "--reason", "enough", "--yes", rc=1)
    has(bg("alert", "confirm", second, rc=1), "BG940")  # what is over is not answered


def test_a_host_that_wakes_nobody():
    """One sink for mail, as of a small organisation: its message has the code. A log is read by who looks: nobody can answer."""
    init("[sink log]\ntype = syslog\npath = /run/log\nformat = plain\n")
    drill = drill_open("--paths", "rescue")
    use()
    s = steps()["alarm"]
    assert s["state"] == "to do" and "cannot be passed" in s["what"] and "breakglass.conf" in s["next"], s
    has(bg("alert", "confirm", code_of("log"), rc=1), "BG940")
    write(CONF, read(CONF) + "[sink mail]\ntype = mail\nserver = 127.0.0.1:9\ntls = none\nfrom = a@example.org\nto = b@example.org\nclass = record\n")
    assert steps()["alarm"]["what"] == "mail: not yet", steps()["alarm"]
    bg("alert", "confirm", code_of("mail"), "--by", "Barbara")
    assert ours(newest("alert.confirmed"))["drill_id"] == drill and steps()["alarm"]["state"] == "done", steps()["alarm"]


def test_what_was_not_done_is_written_as_not_done():
    init()
    drill_open("--paths", "rescue")
    assert steps()["login-rescue"]["state"] == "to do" and "login-console" not in steps()
    has(bg("drill", "run", "bg1", "--step", "login-rescue", "--done", rc=1), "BG1149")
    use()
    s = steps()["login-rescue"]
    assert s["state"] == "done" and re.fullmatch(r"Ada Lovelace by shares, \d+ s from the first question to the shell", s["what"]), s
    bg("drill", "run", "bg1", "--step", "login-rescue", "--done")
    bg("drill", "run", "bg1", "--step", "task", "--skip", "no time", "--by", "Ada Lovelace")
    assert steps()["task"] == {"step": "task", "state": "left out", "what": "no time", "next": ""}, steps()
    e = newest("drill.step")
    assert (ours(e)["item"], ours(e)["detail"], ours(e)["by"], e["data"]["status_id"]) == ("task", "no time", "Ada Lovelace", 2)
    has(bg("drill", "task", rc=1), "BG1144")
    has(bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", rc=2), "BG1150")
    has(bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", "--seen-by", "ADA", rc=1), "BG1151")
    bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", "--seen-by", "Grace ", rc=2)
    has(bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", "--seen-by", "Grace", rc=1), "BG1250", "step seals")
    for step in ("seals", "alarm", "review", "rotate", "verify", "reseal"):
        bg("drill", "run", "bg1", "--step", step, "--skip", "left for another day")
    bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", "--seen-by", "Grace")
    assert steps()["sign"]["what"] == "Ada and Grace"
    use(reason="once more, after the report")
    assert steps()["sign"]["what"] == "what was signed is older than the newest use or rotation"
    bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "Ada", "--seen-by", "Grace")
    has(bg("drill", "run", "bg1", "--step", "nothing", "--done", rc=2), "BG1147")
    has(bg("drill", "run", "bg1", "--step", "task", rc=2), "BG1148")
    has(bg("drill", "close", "bg1", "--by", "Grace", "--yes", rc=1), "not done: seals, task, alarm, review, rotate, verify, reseal")
    assert newest("drill.closed")["data"]["status_id"] == 2
    has(bg("drill", "close", "bg1", "--yes", rc=1), "BG1138")
    has(bg("drill", "run", "bg1", rc=1), "BG1138")
    out = bg("drill", "list").splitlines()
    assert re.fullmatch(r"DRILL {23}ACCOUNT     OPENED      STATE        BY", out[0]), out
    assert re.fullmatch(r"\S{26}  bg1         20\d\d-\d\d-\d\d  failed       Grace Hopper", out[1]), out


def test_what_reads_the_new_ones_back():
    """"share verify" knows the old cards until a rotation is finished."""
    def verify():
        return steps()["verify"]["next"]

    init()
    drill_open("--paths", "rescue")
    use()
    assert verify() == "breakglass rotate bg1 --by NAME", steps()["verify"]
    bg_json("rotate", "bg1", "--by", "Ann Onym", "--yes")
    s = steps()["verify"]
    assert s["next"].startswith("breakglass rotate verify bg1,") and s["what"] == "the new ones do not open the account yet", s
    bg("rotate", "abort", "bg1", "--reason", "not today, thank you", "--yes")
    assert verify() == "breakglass rotate bg1 --by NAME", steps()["verify"]
    for kind in "rotate.started", "rotate.done":
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", kind, "-m", "x",
           stdout=subprocess.DEVNULL)
    assert verify() == "breakglass share verify bg1", steps()["verify"]


def test_a_session_that_is_none():
    init()
    has(bg("drill", "run", "bg1", rc=1), "BG1136")
    has(bg("drill", "show", rc=1), "BG1137")
    has(bg("drill", "show", "01JD7Z3W9Q6M3B1V5X0C8K3F2A", rc=1), "BG1135")
    has(bg("drill", "show", "../../etc", rc=1), "BG1135")


def test_a_journal_that_cannot_be_read():
    """Neither a finding of a drill nor none: the command could not run."""
    init()
    drill_open()
    os.rename("/var/lib/breakglass/journal", "/var/lib/breakglass/elsewhere")
    write("/var/lib/breakglass/journal", "")
    for words in (["show"], ["list"], ["report"], ["run", "bg1"], ["close", "bg1", "--yes"]):
        has(bg("drill", *words, rc=3), "BG1134")


def test_led_on_a_terminal():
    init()
    drill_open("--paths", "rescue")
    # left at the first question, and taken up again
    rc, out = on_pty(["drill", "run", "bg1"], [("q = stop here", b"q\n")])
    assert rc == 1
    has(out, "Step 1 of 10: open the seals", "Go on with: breakglass drill run bg1")
    rc, out = on_pty(["drill", "run", "bg1"], [("q = stop here", b"s\n"), ("left out? ", b"no envelopes here\n"), ("log in: rescue", b""),
                                               ("q = stop here", lambda _: use().encode()[:0]), ("Done: Ada", b""),
                                               ("Step 3 of 10", b""), ("q = stop here", b"q\n")])
    has(out, "Done: Ada Lovelace by shares")
    assert steps()["seals"]["state"] == "left out" and steps()["login-rescue"]["state"] == "done"
    assert [ours(e)["item"] for e in journal() if e["type"].startswith("org.breakglass.drill.step")] == ["credentials", "seals", "login-rescue"]


def test_a_command_that_is_run_from_there():
    init()
    bg("envelope", "seal", "bg1", "e1", "--seal", "A-1", "--holds", "share 1-1", "--by", "Grace Hopper", "--seen-by", "Alan Turing")
    drill = drill_open("--paths", "rescue")
    rc, out = on_pty(["drill", "run", "bg1"], [("q = stop here", b"r\n"), ("ENVELOPE: ", b"e1\n"), ("by NAME: ", b"Ann O'Neil; reboot\n"),
                                               ("Done: seal A-1 of envelope e1", b""), ("q = stop here", b"q\n")])
    e = ours(newest("envelope.opened"))
    assert (e["envelope"], e["by"], e["drill_id"]) == ("e1", "Ann O'Neil; reboot", drill), e
    assert steps()["seals"]["state"] == "done"
    # nothing is run where something was left empty
    rc, out = on_pty(["drill", "run", "bg1"], [("Step 2 of 10", b""), ("q = stop here", b"q\n")])
    use()
    bg("drill", "run", "bg1", "--step", "task", "--skip", "none")
    bg("drill", "run", "bg1", "--step", "alarm", "--skip", "none")
    rc, out = on_pty(["drill", "run", "bg1"], [("Step 6 of 10", b""), ("q = stop here", b"r\n"), ("by NAME: ", b"\n"), ("", b"q\n")])
    assert "review.closed" not in kinds()


def code_of(sink, account="bg1"):
    """By the secret in /run, made again: the last digits of an HMAC over the sink's name."""
    secret = bytes.fromhex(read(f"/run/breakglass/alert-test-{account}").split()[1])
    return f"{int.from_bytes(hmac.new(secret, sink.encode(), 'sha256').digest()[:8], 'big') % 1000000:06d}"


def test_an_alarm_that_is_answered():
    init("[sink pager]\ntype = ntfy\nurl = http://127.0.0.1:9/\ntopic = x\ntoken-file = /etc/breakglass/secrets/x\n"
         "[sink phone]\ntype = ntfy\nurl = http://127.0.0.1:9/\ntopic = y\ntoken-file = /etc/breakglass/secrets/x\n")
    write("/etc/breakglass/secrets/x", "secret\n", 0o400)
    drill = drill_open("--paths", "rescue")
    old = code_of("pager")
    use()
    assert steps()["alarm"]["what"] == "pager: not yet; phone: not yet", steps()["alarm"]
    bg("alert", "confirm", "x", rc=1)
    assert bg_json("alert", "confirm", old, "--by", "Barbara")["confirmed"] == "pager"
    e = ours(newest("alert.confirmed"))
    assert (e["drill_id"], e["by"], e["detail"]) == (drill, "Barbara", "pager"), e
    assert re.fullmatch(r"pager: Barbara after \d+ s; phone: not yet", steps()["alarm"]["what"]), steps()["alarm"]
    assert controls()["P-07"]["verdict"] == "fail"
    bg("alert", "confirm", code_of("phone"))
    s = steps()["alarm"]
    assert s["state"] == "done" and re.fullmatch(r"pager: Barbara after \d+ s; phone: somebody after \d+ s", s["what"]), s
    assert controls()["P-07"]["verdict"] == "not shown"  # that the sinks themselves took it is not known
    bg("drill", "abort", "bg1", "--reason", "enough", "--yes", rc=1)
    drill_open("--paths", "rescue")
    assert code_of("pager") != old  # what somebody read last time answers nothing
    bg("alert", "confirm", code_of("phone"))
    assert steps()["alarm"]["what"] == "pager: not yet; phone: not yet"  # before any use


def test_an_answer_that_came_too_late():
    init("[sink pager]\ntype = ntfy\nurl = http://127.0.0.1:9/\ntopic = x\ntoken-file = /etc/breakglass/secrets/x\n")
    write("/etc/breakglass/secrets/x", "secret\n", 0o400)
    drill_open("--paths", "rescue")
    use()
    # the use was 16 minutes ago: the same lines in a journal that nobody seals or verifies here
    d = "/var/lib/breakglass/journal"
    lines = open(f"{d}/000001.jsonl", encoding="utf-8").read().splitlines()
    out = []
    for line in lines:
        e = json.loads(line)
        if e["type"] == "org.breakglass.use.granted.v1":
            e["data"]["time"] -= 16 * 60000
        out.append(json.dumps(e, separators=(",", ":"), ensure_ascii=False))
    bg("alert", "confirm", code_of("pager"))
    confirm = open(f"{d}/000001.jsonl", encoding="utf-8").read().splitlines()[len(lines):]
    write(f"{d}/000001.jsonl", "\n".join(out + confirm) + "\n")
    s = steps()["alarm"]
    assert s["state"] == "to do" and "too late" in s["what"], s


class Page(html.parser.HTMLParser):
    """What a browser makes of it: its elements and its text."""
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_the_report():
    init()
    drill = drill_open("--paths", "rescue", "--purpose", "<script>alert(1)</script>&\"'")
    use("<img src=x onerror=alert(1)>\x1b[2J", "</td></table><h1>PASSED</h1> & all that")
    bg("drill", "run", "bg1", "--step", "task", "--skip", "<b>no</b> \u202etime", "--by", "O'Neil & <Sons>")
    for step in ("seals", "alarm", "review", "rotate", "verify", "reseal"):
        bg("drill", "run", "bg1", "--step", step, "--skip", "not today")
    bg("drill", "run", "bg1", "--step", "sign", "--done", "--by", "<i>A</i>", "--seen-by", "B & C")
    text = bg("drill", "report")
    assert max(map(len, text.splitlines())) <= 79, [x for x in text.splitlines() if len(x) > 79]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    has(text, "Result so far: NOT PASSED. not done: seals, task", "announced by Grace Hopper", "rescue", "P-05", "P-25", "NOT DONE",
        "left out: <b>no</b>", "Name, date, signature: <i>A</i> ____")
    has(bg("drill", "report", drill, "--output", "/run/report.html"), "/run/report.html")
    assert oct(os.stat("/run/report.html").st_mode & 0o777) == "0o600"
    raw = read("/run/report.html")
    page = Page(raw)
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td"}
    assert set(page.tags) == allowed, set(page.tags) ^ allowed
    assert {k for k, _ in page.attributes} == {"lang", "charset", "http-equiv", "content", "class"}, page.attributes
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert page.tags.count("h1") == 1 and page.tags.count("table") == 4
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", raw)
    for part in ("<script>alert(1)</script>&\"'", "<img src=x onerror=alert(1)>\\u{001B}[2J", "<b>no</b> \\u{202E}time", "NOT PASSED", "B & C"):
        assert part in page.text, (part, page.text)
    bg("drill", "report", "--output", "/nonexistent/x", rc=3)
    os.mkfifo("/run/pipe")
    os.symlink("/run/report.html", "/run/link")
    for name in ("pipe", "link"):
        before = os.lstat("/run/" + name)
        has(bg("drill", "report", "--output", "/run/" + name, rc=3), "unsafe")
        assert os.lstat("/run/" + name).st_ino == before.st_ino
    bg("drill", "report", "--output", "/run/report.txt")
    has(read("/run/report.txt"), "Verdict on each control")
    assert "<html" in bg("drill", "report", "--html") and "<html" not in bg("drill", "report", "--text")
    if os.environ.get("KEEP"):
        print(raw)


main(globals())
