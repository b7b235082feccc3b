#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass review: list, show, close. usage: test_review.py BUILDDIR [TEST]...

The uses are events that tests/tools/record wrote, some of them long ago; real ones are reviewed in tests/e2e/test_review.py.
"""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

JOURNAL, RUN, STATE = "/var/lib/breakglass/journal", "/run/breakglass/journal", "/var/lib/breakglass"
EVIDENCE = STATE + "/evidence"
CONF = "/etc/breakglass/breakglass.conf"
USE = "01JD7Z3W9Q6M3B1V5X0C8K3F2T"
DAY = 86400
GRACE = ("--verdict", "genuine", "--by", "Grace Hopper", "--cause", "LDAP was down after the upgrade",
         "--actions", "one server at a time from now on")


def record(kind, ago=0, reason="LDAP is down, INC-4711", **members):
    sh(BUILD + "/tests/tools/record", JOURNAL, RUN, "", "-k", kind, "-m", reason, "-a", str(ago),
       *[w for k, v in members.items() for w in ("-s", f"{k}={v}")], stdout=subprocess.DEVNULL)


def use(name=USE, ago=600, claimed="Ada Lovelace", ended=True, **members):
    record("use.granted", ago, use=name, claimed=claimed, **members)
    record("session.opened", ago, use=name, **members)
    if ended:
        record("session.closed", ago - 1, use=name)


def setup():
    bg("init", "--yes")


def newest(kind):
    found = [e for e in journal() if e["type"] == f"org.breakglass.{kind}.v1"]
    return found[-1] if found else None


def own(event):
    return event["data"]["unmapped"]["breakglass"]


def closed():
    return [own(e) for e in journal() if e["type"] == "org.breakglass.review.closed.v1"]


def refused(*words, says, rc=1):
    """Nothing is on record, and no evidence of it stays."""
    before = kinds()
    out = bg("review", "close", *words, "--yes", rc=rc)
    has(out, *says)
    assert kinds() == before, kinds()[len(before):]
    assert not os.path.isdir(EVIDENCE) or os.listdir(EVIDENCE) == [], os.listdir(EVIDENCE)
    return out


def test_from_the_use_to_the_verdict():
    """Listed, shown, closed: the pack is there before the event, which names its hash."""
    setup()
    has(bg("review", "list"), "No use awaits its review")
    use()
    listed = bg_json("review", "list")["uses"]
    assert [(u["use"], u["state"], u["overdue"], u["verdict"]) for u in listed] == [(USE, "awaiting review", False, "")], listed
    has(bg("review", "list"), USE, "bg1", "Ada Lovelace", "due in 4 d")
    out = bg_json("review", "close", USE, *GRACE)
    pack = f"{EVIDENCE}/{USE}.tar"
    raw = open(pack, "rb").read()
    assert out["file"] == pack and out["evidence"] == hashlib.sha256(raw).hexdigest(), out
    assert os.stat(pack).st_mode & 0o7777 == 0o600 and os.stat(EVIDENCE).st_mode & 0o7777 == 0o700
    assert sorted(os.listdir(EVIDENCE)) == [USE + ".tar"]
    event = newest("review.closed")
    said = own(event)
    assert (said["use"], said["verdict"], said["by"], said["evidence"], said["reason"], said["detail"]) == (
        USE, "genuine", "Grace Hopper", out["evidence"], GRACE[5], GRACE[7]), said
    assert event["subject"] == "bg1" and "review.closed" == kinds()[-1]
    sh("tar", "-xf", pack, "-C", "/run")
    events = read("/run/breakglass-evidence/events.jsonl").splitlines()
    assert len([e for e in events if "use.probed" not in e]) == 3 and all(USE in e for e in events)
    has(read("/run/breakglass-evidence/changed-in-etc.txt"), "# below /etc, since 20", "/etc/breakglass/accounts")
    has(bg("review", "list"), "No use awaits its review")
    has(bg("review", "list", "--all"), USE, "genuine")
    assert bg_json("review", "list", "--all")["uses"][0]["evidence"] == out["evidence"]
    bg("journal", "verify")


def test_a_use_is_named_by_a_part_of_its_id():
    setup()
    other = "01JD7Z3W9Q6M3B1V5X0C8K3F9Z"
    use(ago=900)
    use(other, ago=300)
    has(bg("review", "show", "01JD", rc=2), "BG1171", USE, other)
    has(bg("review", "show", "9X", rc=2), "BG1170")
    has(bg("review", "show", "01J;", rc=2), "BG1170")
    has(bg("review", "show", "3f2t"), f"Use {USE} of bg1")
    assert bg_json("review", "show", "last")["about"]["use"] == other
    assert bg_json("review", "show", other)["about"]["use"] == other


def test_who_may_not_review():
    setup()
    mine = list(GRACE)
    use(claimed="O\\Neil")
    mine[3] = "o\\neil"
    refused(USE, *mine, says=("BG1173", "it was made in that name"))
    bg("review", "close", USE, *GRACE)
    subprocess.run(["rm", "-rf", EVIDENCE], check=True)
    use(USE[:-1] + "V", claimed="Ada  Lovelace")
    for name in ("Ada Lovelace", "ada lovelace", " ADA   LOVELACE "):
        mine[3] = name
        refused(USE[:-1] + "V", *mine, says=("BG1173", "it was made in that name"))
    write("/etc/breakglass/people", "[person ada]\nname = Ada Lovelace\nroles = use\n", 0o600)
    mine[3] = "ada"
    refused(USE[:-1] + "V", *mine, says=("BG1173",))
    write("/etc/breakglass/people", "[person ada]\nname Ada\n", 0o600)
    refused(USE[:-1] + "V", *GRACE, says=("BG1183", "/etc/breakglass/people"), rc=3)
    os.remove("/etc/breakglass/people")
    mine[3] = "Ada Lovelace"
    write(CONF, read(CONF).replace("#reviewer-apart = yes", "reviewer-apart = no", 1))
    bg("review", "close", USE[:-1] + "V", *mine)
    assert closed()[-1]["by"] == "Ada Lovelace"


def test_not_by_the_session_that_made_it():
    """The audit uid of the caller, or its real uid, stands in the events of the use, or is the account's own."""
    setup()
    audit = [r for r in read("/etc/breakglass/accounts").splitlines() if r.startswith("bg1:")][1].split(":")[2]
    use(caller=4711)
    script = ("import os,sys; open('/proc/self/loginuid','w').write(sys.argv[1]); "
              "os.execv('/usr/sbin/breakglass', ['breakglass', 'review', 'close', *sys.argv[2:]])")
    for uid, rc in ((audit, 1), ("4711", 1), ("4712", 0)):
        p = subprocess.run([sys.executable, "-c", script, uid, USE, *GRACE], capture_output=True, text=True, timeout=60)
        if "PermissionError" in p.stderr or "FileNotFoundError" in p.stderr or "Operation not permitted" in p.stderr:
            print("the audit uid of a process cannot be set here")
            return
        assert p.returncode == rc, (uid, p)
        if rc:
            has(p.stderr, "BG1173", "run by who made it")
    assert len(closed()) == 1


def test_what_must_be_said():
    setup()
    use()
    refused(USE, says=("BG1174",), rc=2)
    refused(USE, *GRACE[2:], says=("BG1174",), rc=2)
    refused(USE, "--verdict", "fine", *GRACE[2:], says=("BG503", "genuine, drill or misuse"), rc=2)
    for at, text in ((5, "LDAP"), (5, "    \u200b" * 30), (7, "none"), (7, "x" * 391), (5, "y" * 901), (3, "G"), (3, "z" * 64)):
        words = list(GRACE)
        words[at] = text
        refused(USE, *words, says=("BG1175",), rc=2)
    refused("01ZZ", *GRACE, says=("BG1170",), rc=2)


def test_not_while_it_goes_on():
    setup()
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        use(ended=False, pid=sleeper.pid)
        assert bg_json("review", "list")["uses"][0]["state"] == "in use"
        refused(USE, *GRACE, says=("BG1172", "End the session"))
    finally:
        sleeper.kill()
        sleeper.wait()
    bg("review", "close", USE, *GRACE)


def test_once():
    """Another verdict corrects it, with a reason, and has evidence of its own."""
    setup()
    use()
    words = list(GRACE)
    has(bg("review", "close", USE, *words, "--again", "I had the wrong use in mind", rc=1), "BG1182")
    bg("review", "close", USE, *words)
    before = kinds()
    has(bg("review", "close", USE, *words, rc=1), "BG1177", "genuine, by Grace Hopper")
    assert kinds() == before
    words[1] = "drill"
    has(bg("review", "close", USE, *words, "--again", "It was a drill that nobody announced", rc=1), "BG1176")
    first, second = closed()
    assert (first["verdict"], second["verdict"]) == ("genuine", "drill")
    assert 'it corrects "genuine": It was a drill' in newest("review.closed")["data"]["message"]
    for event, name in (first, USE + ".tar"), (second, USE + "-2.tar"):
        assert event["evidence"] == hashlib.sha256(open(f"{EVIDENCE}/{name}", "rb").read()).hexdigest()
    assert bg_json("review", "list", "--all")["uses"][0]["verdict"] == "drill"


def test_two_at_once():
    """One of them closes it, and its evidence stays; the others hear that it is closed."""
    setup()
    use()
    ps = [subprocess.Popen(["/usr/sbin/breakglass", "review", "close", USE, *GRACE], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
          for _ in range(4)]
    said = [p.communicate(timeout=60)[1] for p in ps]
    assert sorted(p.returncode for p in ps) == [0, 1, 1, 1] and sum("BG1177" in s for s in said) == 3, said
    assert len(closed()) == 1
    assert closed()[0]["evidence"] == hashlib.sha256(open(f"{EVIDENCE}/{USE}.tar", "rb").read()).hexdigest()


def test_evidence_outlives_its_event():
    """The journal lets go of a verdict one day; the pack that it named is not packed over by a correction."""
    setup()
    use()
    bg("review", "close", USE, *GRACE)
    pack = open(f"{EVIDENCE}/{USE}.tar", "rb").read()
    for f in os.listdir(JOURNAL):
        os.remove(f"{JOURNAL}/{f}")
    record("config.changed")
    bg("review", "close", USE, *GRACE, "--again", "I had the wrong use in mind", rc=1)  # that the journal is another one is a finding
    assert open(f"{EVIDENCE}/{USE}.tar", "rb").read() == pack
    assert sorted(os.listdir(EVIDENCE)) == [USE + "-2.tar", USE + ".tar"]


def test_an_account_that_is_gone():
    """What was used is reviewed, whatever becomes of the account's line: nobody hides a use behind it."""
    setup()
    use(ago=6 * DAY)
    whole = read("/etc/breakglass/accounts")
    without = "".join(line for line in whole.splitlines(True) if not line.startswith("bg1:"))
    for text in (without, without + "bg1:damaged\n"):
        write("/etc/breakglass/accounts", text)
        has(bg("review", "list", rc=1), USE, "OVERDUE", "BG1180")
        assert bg_json("review", "show", USE)["about"]["account"] == "bg1"
        assert [i["item"] for i in bg_json("due", rc=1)["dates"] if i["item"].startswith("review")] == [f"review bg1 {USE}"]
    write("/etc/breakglass/accounts", without)
    words = list(GRACE)
    words[1] = "misuse"
    bg("review", "close", USE, *words, "--yes")
    has(bg("review", "list"), "No use awaits")


def test_what_may_be_missing_is_told():
    """What is kept is lost while the journal cannot be read: nobody takes the list for whole, until it is."""
    setup()
    use(ago=3600)
    for f in glob.glob("/var/lib/breakglass/state/life-*") + glob.glob("/run/breakglass/state/life-*"):
        os.remove(f)
    os.rename(JOURNAL, STATE + "/elsewhere")
    write(JOURNAL, "")
    other = USE[:-1] + "V"
    use(other)
    out = bg("review", "list", rc=1)
    has(out, "BG1252", other)
    assert USE not in out, out
    has(bg("status", rc=1), "BG1252")
    os.remove(JOURNAL)
    os.rename(STATE + "/elsewhere", JOURNAL)
    has(bg("review", "list"), USE, other)
    assert "BG1252" not in bg("status", rc=1)


def test_a_drill():
    setup()
    use(drill="01JD7Z3W9Q6M3B1V5X0C8K3F2V")
    has(bg("review", "list"), "(drill)")
    words = list(GRACE)
    words[1] = "drill"
    bg("review", "close", USE, *words)
    assert own(newest("review.closed"))["drill"] is True


def test_misuse_shuts_the_account():
    setup()
    bg("share", "new", "bg1", "--yes")
    use()
    words = list(GRACE)
    words[1] = "misuse"
    has(bg("review", "close", USE, *words, rc=2), "BG506")  # nobody is there to be asked
    assert closed() == [] and "enabled = no" not in read("/etc/breakglass/credentials/bg1")
    code, seen = on_pty(["review", "close", USE, *words], [("Refuse every login of bg1?", b"no\r")])
    assert code == 1 and closed() == [], seen
    bg("review", "close", USE, *words, "--yes")
    assert "enabled = no" in read("/etc/breakglass/credentials/bg1") and closed()[-1]["verdict"] == "misuse"
    assert kinds()[-2:] == ["config.changed", "review.closed"], kinds()


def test_no_verdict_without_evidence():
    """A full disk, a journal that does not hold, a file that is there: the review stays open, with the reason."""
    setup()
    use()
    os.makedirs(EVIDENCE, mode=0o700)
    sh("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "none", EVIDENCE)
    refused(USE, *GRACE, says=("BG892", "No space left on device", "BG1178"), rc=3)
    sh("umount", EVIDENCE)
    write("/var/tmp/there.tar", "x")
    refused(USE, *GRACE, "--output", "/var/tmp/there.tar", says=("BG891", "BG1178"), rc=3)
    assert read("/var/tmp/there.tar") == "x"
    os.rmdir(EVIDENCE)
    write(EVIDENCE, "a file")
    has(bg("review", "close", USE, *GRACE, rc=3), "BG1186", "BG1178")
    os.remove(EVIDENCE)
    out = bg_json("review", "close", USE, *GRACE, "--output", "/var/tmp/one.tar")
    assert hashlib.sha256(open("/var/tmp/one.tar", "rb").read()).hexdigest() == out["evidence"] == closed()[0]["evidence"]
    assert not os.path.exists(EVIDENCE)


def test_a_broken_journal_is_evidence_too():
    setup()
    use()
    path = JOURNAL + "/000001.jsonl"
    write(path, read(path).replace("LDAP is down", "LDAP is fine", 1))
    has(bg("review", "close", USE, *GRACE, rc=1), "BG304", "is closed: genuine")
    sh("tar", "-xf", f"{EVIDENCE}/{USE}.tar", "-C", "/run")
    assert json.loads(read("/run/breakglass-evidence/verification.json"))["holds"] is False


def test_killed_at_any_moment():
    """It is open, and the same command closes it, or it is closed with the evidence that it names."""
    setup()
    n = 0
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16):
        name = f"01JD7Z3W9Q6M3B1V5X0C8K3F{n:02d}"
        n += 1
        use(name)
        p = subprocess.Popen(["/usr/sbin/breakglass", "review", "close", name, *GRACE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        p.kill()
        p.wait()
        done = [e for e in closed() if e["use"] == name]
        if not done:
            bg("review", "close", name, *GRACE)
        done = [e for e in closed() if e["use"] == name]
        assert len(done) == 1, done
        assert done[0]["evidence"] == hashlib.sha256(open(f"{EVIDENCE}/{name}.tar", "rb").read()).hexdigest()
        assert [f for f in os.listdir(EVIDENCE) if f.startswith(name)] == [name + ".tar"], os.listdir(EVIDENCE)


def test_what_a_killed_one_left():
    setup()
    use()
    os.makedirs(EVIDENCE, mode=0o700)
    for name in (USE + ".tar", USE + ".tar.aBcDeF", "somebody-elses.tar"):
        write(f"{EVIDENCE}/{name}", "half of it")
    bg("review", "close", USE, *GRACE)
    assert sorted(os.listdir(EVIDENCE)) == [USE + ".tar", "somebody-elses.tar"]


def test_overdue_and_routine():
    setup()
    use(ago=5 * DAY - 3600)
    has(bg("review", "list"), "due in 0 d")
    use(USE[:-1] + "1", ago=6 * DAY + 3600)
    out = bg("review", "list", rc=1)
    has(out, "OVERDUE 1 d", "BG1180", "was due on 20")
    write(CONF, read(CONF).replace("#review-days = 5", "review-days = 30", 1))
    bg("review", "list")
    use(USE[:-1] + "2", ago=89 * DAY, drill="01JD7Z3W9Q6M3B1V5X0C8K3F2V")
    use(USE[:-1] + "3", ago=91 * DAY)
    assert "BG1179" not in bg("review", "list", rc=1)
    use(USE[:-1] + "4", ago=80 * DAY)
    has(bg("review", "list", rc=1), "BG1179", "bg1 was used 3 times in 90 days")
    has(bg("status", rc=1), "BG1179")


def test_more_than_the_list_has_room_for():
    """What has no room is told of with its number and its date; it comes back for others that are reviewed."""
    setup()
    uses = [f"01JD7Z3W9Q6M3B1V5X0C8L{n:04d}" for n in range(66)]
    for n, name in enumerate(uses):
        record("use.granted", (66 - n) * 60 + 6 * DAY, use=name, claimed="Ada Lovelace")
    out = bg_json("review", "list", rc=1)
    found = [f["text"] for f in out["findings"] if f["id"] == "BG1320"]
    assert len(out["uses"]) == 64 and len(found) == 1 and found[0].startswith("2 uses of bg1 that nobody has reviewed"), found
    has(bg("status", rc=1), "BG1320")
    due = [d for d in bg_json("due", rc=1)["dates"] if d["item"] == "review bg1 older"]
    assert len(due) == 1 and due[0]["overdue"] and due[0]["what"].startswith("say what 2 older uses of bg1 were"), due
    record("review.closed", use=uses[65], by="Grace Hopper", verdict="genuine")
    out = bg_json("review", "list", rc=1)
    assert [u["use"] for u in out["uses"]][0] == uses[0] and "BG1320" in [f["id"] for f in out["findings"]]
    record("review.closed", use=uses[64], by="Grace Hopper", verdict="genuine")
    out = bg_json("review", "list", rc=1)
    assert [u["use"] for u in out["uses"]] == uses[:64] and "BG1320" not in [f["id"] for f in out["findings"]]


def test_overdue_is_an_alarm_once_for_each_use():
    """The sweep puts it on record, at the highest severity; what was reviewed, is not due yet or has no date is none."""
    def sweep():
        subprocess.run(["/usr/libexec/breakglass/breakglass-alert", "--once", "--deadline", "5000"], timeout=60, stderr=subprocess.DEVNULL)
        return [own(e)["use"] for e in journal() if e["type"] == "org.breakglass.review.overdue.v1"]
    setup()
    write(CONF, read(CONF).replace("#review-days = 5", "review-days = 0", 1))
    names = [USE[:-1] + c for c in "123"]
    for name, ago in zip(names, (6 * DAY, 7 * DAY, 4 * DAY)):
        use(name, ago=ago)
    bg("review", "close", names[1], *GRACE)
    assert sweep() == []
    write(CONF, read(CONF).replace("review-days = 0", "review-days = 5", 1))
    assert sweep() == [names[0]]
    late = newest("review.overdue")
    assert late["severitytext"] == "FATAL" and late["data"]["status_id"] == 2 and "was due on" in late["data"]["message"], late
    assert sweep() == [names[0]]
    for where in ("/run/breakglass/state", STATE + "/state"):  # what is known comes from the journal then
        subprocess.run(["rm", "-rf", where], check=True)
    assert sweep() == [names[0]]
    bg("review", "close", names[0], *GRACE)
    assert sweep() == [names[0]]


def test_show_tells_the_story():
    setup()
    record("attempt.failed", 1200, use="01JD7Z3W9Q6M3B1V5X0C8K3F2A", rhost="192.0.2.66", detail="BG204")
    record("attempt.failed", 2 * DAY, use="01JD7Z3W9Q6M3B1V5X0C8K3F2B", rhost="192.0.2.77")
    use(rhost="192.0.2.7")
    record("alert.acknowledged", 590, use=USE)
    record("session.extended", 580, use=USE, by="Grace Hopper", until="2026-11-22T14:03:24Z")
    record("use.probed", 570, use=USE, detail="directory sss: no answer in 2 s; dns 192.0.2.53: ok 12 ms")
    write("/etc/changed-since", "x")
    os.utime("/etc/changed-since", (0, 0))  # its rights are new all the same
    os.makedirs("/etc/other", exist_ok=True)
    sh("mount", "-t", "tmpfs", "none", "/etc/other")
    write("/etc/other/elsewhere", "x")
    out = bg("review", "show", USE, "--by", "Grace Hopper")
    has(out, "Ada Lovelace", "LDAP is down, INC-4711", "From 192.0.2.7", "attempt.failed", "[BG204]", "use.granted", "session.closed",
        "session.extended", "By Grace Hopper", "directory sss: no answer in 2 s; dns 192.0.2.53: ok 12 ms", "/etc/changed-since",
        "Commands of its session:", "recording there is none", "What \"breakglass status\" finds now:", "BG340")
    assert "192.0.2.77" not in out and "elsewhere" not in out
    assert all(len(line) < 80 for line in out.splitlines() if not re.search("evidence/|  /etc/", line)), [l for l in out.splitlines() if len(l) > 79]
    began = newest("review.opened")
    assert own(began)["by"] == "Grace Hopper" and own(began)["use"] == USE
    o = bg_json("review", "show", USE)
    assert [e["type"].split(".")[2:4] for e in o["before"]] == [["attempt", "failed"]]
    assert o["story"][0]["type"] == "org.breakglass.use.granted.v1" and len([e for e in o["story"] if "probed" not in e["type"]]) == 6, [e["type"] for e in o["story"]]
    assert "/etc/changed-since" in [f["path"] for f in o["etc"]["files"]] and o["etc"]["complete"] is True
    assert o["probed"].startswith("directory sss") and "BG340" in [f["id"] for f in o["status_finds"]] and o["findings"] == []
    assert kinds().count("review.opened") == 1


def test_show_tells_the_commands():
    """At most 40 of them, each on one line; JSON has no more either, and says how many are left out."""
    setup()
    use()
    write("/usr/bin/journalctl", "#!/bin/sh\nexit 1\n", 0o755)
    write("/usr/sbin/ausearch", "#!/bin/sh\nexit 1\n", 0o755)
    write("/var/log/auth.log", "".join(f"Nov 27 07:00:00 lab sudo:     bg1 : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo {n} \x1b[31m{'x' * 60 * n}\n"
                                       for n in range(43)))
    out = bg("review", "show", USE)
    told = [line for line in out.splitlines() if line.startswith("  sudo ")]
    assert len(told) == 40 and "/bin/echo 0 " in told[0] and "/bin/echo 39 " in told[39] and told[39].endswith("..."), told
    assert "\x1b" not in out and all(len(line) < 80 for line in told), told
    has(out, f'3 more: "breakglass session commands {USE}"', "audit it knows of no command", "recording there is none")
    ran = bg_json("review", "show", USE)["ran"]
    assert len(ran["commands"]) == 40 and ran["more"] == 3 and ran["commands"][0]["source"] == "sudo", ran
    assert [m["source"] for m in ran["not_there"]] == ["audit", "recording"], ran
    assert len(bg_json("session", "commands", USE)["commands"]) == 43
    write("/usr/sbin/ausearch", "#!/bin/sh\nsleep 300\n", 0o755)  # nothing of it holds up the story, and others have their share
    start = time.monotonic()
    ran = bg_json("review", "show", USE)["ran"]
    assert time.monotonic() - start < 40 and [m["source"] for m in ran["not_there"]] == ["audit", "recording"], ran
    assert len(ran["commands"]) == 40, ran


def test_hostile_words():
    """A name and a reason that somebody typed, and a file's name, reach no terminal as they are."""
    setup()
    bad = "\x1b[2JAda\u202eecalevoL\r\n"
    record("use.granted", 600, bad + " LDAP is down", use=USE, claimed=bad)
    record("session.closed", 500, use=USE)
    write("/etc/\x1b[31mred\u202e", "x")
    open(b"/etc/\xff\xfe", "w").close()
    for words in (("review", "list"), ("review", "show", USE)):
        out = bg(*words)
        assert "\x1b" not in out and "\u202e" not in out and "\r" not in out, repr(out)
        assert "u{001B}[" in out, out
    has(out, "\\u{001B}[31mred", "\\x{FF}")
    bg_json("review", "show", USE)
    words = list(GRACE)
    words[5] = bad + "LDAP was down after the upgrade"
    out = bg("review", "close", USE, *words)
    assert "\x1b" not in out
    assert "\x1b" not in read(JOURNAL + "/000001.jsonl")


if __name__ == "__main__":
    main(dict(globals()))
