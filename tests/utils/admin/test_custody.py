#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass envelope, people, safe: who keeps what, and rules that no slip breaks. usage: test_custody.py BUILDDIR"""
import hashlib, os, pty, re, stat, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CONF = "/etc/breakglass/breakglass.conf"
ENVELOPES = "/etc/breakglass/envelopes/bg1"
CREDENTIALS = "/etc/breakglass/credentials/bg1"
PEOPLE = "/etc/breakglass/people"
SAFES = "/etc/breakglass/safes"


def sections(path):
    """{section: {key: value}} of a file of ours."""
    out, at = {}, None
    for line in read(path).splitlines():
        if line.startswith("["):
            at = out.setdefault(line[1:-1], {})
        elif " = " in line:
            key, value = line.split(" = ", 1)
            at[key] = value
    return out


def last():
    e = journal()[-1]
    own = e["data"]["unmapped"]["breakglass"]
    return kinds()[-1], own, e


def init(*accounts):
    bg("init", "--yes")
    for name in accounts:
        bg("init", "--yes", "--account", name)
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))


def world():
    """An account with a set of 2 of 3 cards, three people and two safes."""
    init()
    for person, name in (("ann", "Ann Lee"), ("bob", "Bob Ray"), ("eve", "Eve Fox")):
        bg("people", "add", person, "--name", name, "--roles", "use review custodian", "--by", "ann")
    bg("safe", "add", "north", "--site", "Berlin", "--by", "ann")
    bg("safe", "add", "south", "--site", "Bonn", "--by", "ann")
    return bg_json("share", "new", "bg1", "--yes", "--label", "SAFE 7")["shares"]


def rules(*lines):
    """Make these the only options of [rules]."""
    write(CONF, read(CONF).split("\n[rules]\n")[0] + "\n[rules]\n" + "\n".join(lines) + "\n")


def seal(n, number, *more, rc=0, card=None, **kw):
    return bg_json("envelope", "seal", "bg1", f"e{n}", "--seal", number, "--holds", f"share 1-{card or n}", "--by", "ann", "--seen-by", "bob",
                   *more, rc=rc, **kw)


def found(out, *numbers):
    ids = [f["id"] for f in out["findings"]]
    for n in numbers:
        assert f"BG{n}" in ids, (n, out["findings"])


def use_of(account, shares):
    """Open the account with these cards, for real; the id of the use."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(HELPER, ["breakglass-login", "--tty", account, "/bin/true"])
    seen, todo = b"", [("leave: ", "\r"), *[("hidden:", s + "\r") for s in shares], ("full name", "Ada Lovelace\r"), ("is broken", "LDAP is down on all hosts\r")]
    while True:
        try:
            got = os.read(fd, 65536)
        except OSError:
            break
        if not got:
            break
        seen += got
        if todo and todo[0][0].encode() in seen:
            os.write(fd, todo.pop(0)[1].encode())
            seen = b"" if todo else seen
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0 and not todo, (code, todo, seen[-1500:])
    return [e for e in journal() if e["type"].endswith("use.granted.v1")][-1]["data"]["unmapped"]["breakglass"]["use"]


def test_sealed_and_read_back():
    world()
    out = seal(1, "A-9", "--custodian", "eve", "--safe", "north")
    assert out["envelopes"][0]["status"] == "sealed" and out["envelopes"][0]["site"] == "Berlin" and out["envelopes"][0]["custodian"] == "Eve Fox"
    kind, own, e = last()
    assert kind == "envelope.sealed" and own["by"] == "Ann Lee" and own["envelope"] == "e1" and own["seal"] == "A-9", own
    assert e["subject"] == "bg1" and "Bob Ray" in e["data"]["message"]
    # the file is root's own, and the credentials file says the same
    assert oct(stat.S_IMODE(os.stat(ENVELOPES).st_mode)) == "0o600" and oct(stat.S_IMODE(os.stat(os.path.dirname(ENVELOPES)).st_mode)) == "0o700"
    card = sections(CREDENTIALS)["card 1-1"]
    assert (card["custodian"], card["envelope"], card["seal"]) == ("Eve Fox", "e1", "A-9")
    has(bg("envelope", "list"), "bg1 e1 sealed A-9 Eve Fox, north", "holds share 1-1; at Berlin", "by Ann Lee, seen by Bob Ray")
    assert bg_json("envelope", "list", "bg1")["envelopes"][0]["contents"] == ["share 1-1"]
    # read back: case, blanks and hyphens are as people read them; the number on file is not shown
    out = bg("envelope", "inspect", "bg1", "e1", "--by", "bob", "--seal", "a 9")
    assert "A-9" not in out, out
    kind, own, _ = last()
    assert kind == "envelope.inspected" and own["by"] == "Bob Ray" and sections(ENVELOPES)["envelope e1"]["inspected-by"] == "Bob Ray"
    assert not [f for f in bg_json("status")["findings"] if f["id"] >= "BG970" and f["id"] <= "BG998"]


def test_inspected_at_a_terminal():
    world()
    seal(1, "A9")
    rc, seen = on_pty(["envelope", "inspect", "bg1", "e1", "--by", "bob"], [("Number on the seal: ", b"A9\r")])
    assert rc == 0 and "The number is right" in seen
    rc, seen = on_pty(["envelope", "inspect", "bg1", "e1", "--by", "bob"], [("Number on the seal: ", b"A8\r"), ("Read it once more: ", b"A9\r")])
    assert rc == 0 and "envelope.tampered" not in kinds()
    rc, seen = on_pty(["envelope", "inspect", "bg1", "e1"], [("Who looks at it? ", b"bob\r"), ("Number on the seal: ", b"A8\r"), ("Read it once more: ", b"A7\r")])
    assert rc == 1 and "BG986" in seen and last()[0] == "envelope.tampered" and "A9" not in seen, seen
    found(bg_json("envelope", "inspect", "bg1", "e1", "--by", "bob", rc=2), 975)  # nobody is there to be asked


def test_a_wrong_number_is_an_alarm():
    world()
    seal(1, "A9")
    before = sections(ENVELOPES)["envelope e1"]
    found(bg_json("envelope", "inspect", "bg1", "e1", "--by", "bob", "--seal", "A10", rc=1), 986)
    kind, own, e = last()
    assert kind == "envelope.tampered" and e["severitytext"] == "FATAL" and e["data"]["status_id"] == 2, e
    assert own["by"] == "Bob Ray" and own["envelope"] == "e1" and own["seal"] == "A9" and "A10" in e["data"]["message"]
    after = sections(ENVELOPES)["envelope e1"]
    assert after.pop("tampered") and after == before
    found(bg_json("status", rc=1), 994)
    # it was misread: the number is right, and the alarm stays on record
    bg("envelope", "inspect", "bg1", "e1", "--by", "eve", "--seal", "A9")
    assert "tampered" not in sections(ENVELOPES)["envelope e1"]
    bg("status")
    # a seal that is gone: what was in it must be replaced before it is sealed again
    found(bg_json("envelope", "inspect", "bg1", "e1", "--by", "bob", "--broken", rc=1), 986)
    assert sections(ENVELOPES)["envelope e1"]["status"] == "open"
    found(seal(1, "B1", rc=1), 983)
    bg_json("share", "new", "bg1", "--yes", "--replace")
    assert seal(1, "B1")["envelopes"][0]["old_seals"] == ["A9"]
    bg("status")


def test_opened_for_a_use_or_not():
    shares = world()
    seal(1, "A9")
    seal(2, "A10")
    found(bg_json("envelope", "open", "bg1", "e1", "--by", "bob", "--use", "01ARZ3NDEKTSV4RRFFQ69G5FAV", rc=2), 987)
    assert sections(ENVELOPES)["envelope e1"]["status"] == "sealed" and "envelope.tampered" not in kinds()
    found(bg_json("envelope", "open", "bg1", "e1", "--by", "bob", rc=1), 986)
    kind, own, e = last()
    assert kind == "envelope.tampered" and e["severitytext"] == "FATAL" and own["envelope"] == "e1"
    assert sections(ENVELOPES)["envelope e1"]["status"] == "open"
    found(bg_json("envelope", "open", "bg1", "e1", "--by", "bob", rc=1), 984)  # it is open
    use = use_of("bg1", shares[:2])
    out = bg_json("envelope", "open", "bg1", "e2", "--by", "bob")
    assert out["envelopes"][0]["opened_use"] == use
    kind, own, _ = last()
    assert kind == "envelope.opened" and own["use"] == use and own["seal"] == "A10" and own["by"] == "Bob Ray"
    # sealed anew after that use, it cannot have been opened for it once more
    seal(2, "A11")
    found(bg_json("envelope", "open", "bg1", "e2", "--by", "bob", rc=1), 986)
    # but a person may say which use it was
    seal(3, "A12")
    assert bg_json("envelope", "open", "bg1", "e3", "--by", "bob", "--use", use)["envelopes"][0]["opened_use"] == use


def test_opened_for_a_drill_or_a_rotation():
    shares = world()
    seal(1, "A9")
    seal(2, "A10")
    drill = bg_json("drill", "open", "bg1", "--by", "ann", "--until", "2h")
    bg("envelope", "open", "bg1", "e1", "--by", "bob")
    kind, own, _ = last()
    opened = [e for e in journal() if e["type"].endswith("drill.opened.v1")][-1]
    assert kind == "envelope.opened" and own["drill_id"] == sections(ENVELOPES)["envelope e1"]["opened-use"] and "use" not in own, own
    assert own["drill_id"] == opened["data"]["unmapped"]["breakglass"].get("drill_id", opened["id"]), (own, opened, drill)
    bg("drill", "abort", "bg1", "--reason", "none", "--yes", rc=1)
    found(bg_json("envelope", "open", "bg1", "e2", "--by", "bob", rc=1), 986)
    assert shares


def test_a_use_without_an_opening():
    shares = world()
    seal(1, "A9")
    seal(2, "A10")
    use = use_of("bg1", shares[::2])
    rules("opening-within = 1")
    bg("status")  # there is time left
    rules("opening-within = 0")
    bg("status")  # and nobody asks
    rules("opening-within = 1")
    later = ["faketime", "-f", "+2h"]
    if subprocess.run(["which", "faketime"], capture_output=True).returncode != 0 or SANITIZED:
        print("   no faketime here")
        return
    p = subprocess.run([*later, "/usr/sbin/breakglass", "status", "--json"], capture_output=True, text=True)
    out = json.loads(p.stdout)
    found(out, 995)
    said = [f for f in out["findings"] if f["id"] == "BG995"]
    assert len(said) == 1 and use in said[0]["text"] and "e1" in said[0]["text"], said
    bg("envelope", "open", "bg1", "e1", "--by", "bob")
    p = subprocess.run([*later, "/usr/sbin/breakglass", "status", "--json"], capture_output=True, text=True)
    assert "BG995" not in p.stdout


def test_seals_are_used_once():
    init("bg2")
    shares = bg_json("share", "new", "bg1", "--yes")["shares"]
    bg_json("share", "new", "bg2", "--yes", "--custodian", "Max::Z 1")
    seal(1, "A9")
    found(seal(2, "a-9", rc=1), 979)
    found(bg_json("envelope", "seal", "bg2", "f1", "--seal", "A 9", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob", rc=1), 979)
    found(seal(2, "Z1", rc=1), 979)  # a card of another account has it
    found(seal(1, "A10", rc=1), 984)  # sealed
    use_of("bg1", shares[1:])
    bg("envelope", "open", "bg1", "e1", "--by", "bob")
    found(seal(1, "A9", rc=1), 979)  # its own
    seal(1, "A10")
    found(seal(2, "A9", rc=1), 979)  # it was used long ago
    assert sections(ENVELOPES)["envelope e1"]["old-seals"] == "A9"


def test_what_is_said_is_looked_at():
    world()
    n = len(journal())
    for args, rc, number in (
            (("e1", "--seal", "A1", "--holds", "share 1-4", "--by", "ann", "--seen-by", "bob"), 1, 981),
            (("e1", "--seal", "A1", "--holds", "key blue", "--by", "ann", "--seen-by", "bob"), 1, 981),
            (("e1", "--seal", "A1", "--holds", "card 1-1", "--by", "ann", "--seen-by", "bob"), 2, 503),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "ANN  Lee"), 1, 977),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "Bob Rai"), 1, 973),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob", "--custodian", "max"), 1, 973),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob", "--safe", "west"), 1, 978),
            (("e1", "--seal", "A1", "--by", "ann", "--seen-by", "bob"), 2, 975),
            (("e1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 2, 975),
            (("E1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 3, 976),
            (("e" * 32, "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 1, 503),
            (("e1", "--seal", "A,1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 2, 503),
            (("e1", "--seal", "A\x1b1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 2, 503),
            (("e1", "--seal", "A" * 32, "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 2, 503),
            (("e1", "--seal", " - ", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob"), 2, 503),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob", "--site", "x" * 64), 2, 503),
            (("e1", "--seal", "A1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob", "--photo", "/nowhere"), 1, 0)):
        out = bg_json("envelope", "seal", "bg1", *args, rc=rc)
        if number:
            found(out, number)
    bg("people", "change", "eve", "--roles", "use", "--by", "ann")
    found(seal(1, "A1", "--custodian", "eve", rc=1), 974)
    assert not os.path.exists(ENVELOPES) and len(journal()) == n + 1
    seal(1, "A1", "--site", "a drawer")
    found(seal(2, "A2", card=1, rc=1), 982)  # nothing is in two envelopes
    found(bg_json("envelope", "open", "bg1", "e9", "--by", "bob", rc=1), 971)
    write("/run/photo", "a photograph")
    out = seal(2, "A2", "--photo", "/run/photo")
    assert out["envelopes"][0]["photo"] == hashlib.sha256(b"a photograph").hexdigest() == last()[1]["evidence"]


def test_moved():
    world()
    seal(1, "A1", "--safe", "north")
    out = bg_json("envelope", "move", "bg1", "e1", "--safe", "south", "--by", "eve")
    kind, own, e = last()
    assert out["envelopes"][0]["site"] == "Bonn" and kind == "envelope.moved" and e["severitytext"] == "WARN" and own["by"] == "Eve Fox" and own["seal"] == "A1"
    has(e["data"]["message"], "safe south (Bonn)", "it was: no custodian, safe north (Berlin)")
    bg("envelope", "move", "bg1", "e1", "--site", "bank", "--custodian", "eve", "--by", "eve")
    e1 = sections(ENVELOPES)["envelope e1"]
    assert "safe" not in e1 and e1["site"] == "bank" and sections(CREDENTIALS)["card 1-1"]["custodian"] == "Eve Fox"
    bg("envelope", "move", "bg1", "e1", "--custodian", "", "--by", "eve")
    assert "custodian" not in sections(CREDENTIALS)["card 1-1"]
    found(bg_json("envelope", "move", "bg1", "e1", "--by", "eve", rc=2), 975)
    bg("safe", "remove", "south", "--by", "eve")
    bg("envelope", "move", "bg1", "e1", "--safe", "north", "--by", "eve")
    found(bg_json("safe", "remove", "north", "--by", "eve", rc=1), 989)


def test_destroyed():
    world()
    seal(1, "A1")
    found(bg_json("envelope", "destroy", "bg1", "e1", "--by", "ann", "--seen-by", "bob", rc=1), 985)
    bg_json("share", "new", "bg1", "--yes", "--replace")
    found(bg_json("status", rc=1), 993)
    found(bg_json("envelope", "destroy", "bg1", "e1", "--by", "ann", "--seen-by", "ann", rc=1), 977)
    assert bg_json("envelope", "destroy", "bg1", "e1", "--by", "ann", "--seen-by", "bob")["envelopes"][0]["status"] == "destroyed"
    bg("status")
    found(seal(2, "A1", rc=1), 979)  # its seal stays known


def test_no_custodian_has_a_threshold():
    world()
    seal(1, "A1", "--custodian", "eve")
    out = seal(2, "A2", "--custodian", "Eve Fox", rc=1)
    found(out, 972)
    has(out["findings"][0]["text"] + out["findings"][0]["next"], "Eve Fox keeps, or can take from safes, 2 cards", "threshold-apart")
    seal(2, "A2", "--custodian", "bob")
    found(bg_json("envelope", "move", "bg1", "e2", "--custodian", "eve", "--by", "ann", rc=1), 972)
    # who can open both safes has both cards
    bg("envelope", "move", "bg1", "e1", "--safe", "north", "--custodian", "", "--by", "ann")
    bg("envelope", "move", "bg1", "e2", "--safe", "south", "--custodian", "", "--by", "ann")
    bg("safe", "change", "north", "--holders", "eve", "--by", "ann")
    found(bg_json("safe", "change", "south", "--holders", "bob, eve", "--by", "ann", rc=1), 972)
    # share commands
    found(bg_json("share", "assign", "bg1", "2", "--custodian", "Ann Lee", rc=1), 990)
    bg("share", "assign", "bg1", "3", "--custodian", "Ann Lee")
    found(bg_json("share", "new", "bg1", "--yes", "--replace", "--custodian", "Ann Lee", "--custodian", "ann", rc=1), 972)
    found(bg_json("share", "new", "bg1", "--yes", "--replace", "--custodian", "Anne Lee", rc=1), 973)
    bg("status")
    # switched off: it is done, and said
    rules("threshold-apart = no")
    bg("safe", "change", "south", "--holders", "bob, eve", "--by", "ann")
    out = bg_json("status")
    assert out["rules_off"] == ["threshold-apart"] and [n for n in out["notes"] if n["id"] == "BG997"]
    rules()
    found(bg_json("status", rc=1), 996)
    # what is broken already does not keep anybody from mending it
    bg("safe", "change", "south", "--holders", "bob", "--by", "ann")
    bg("status")


def test_two_shares_are_not_in_one_safe():
    world()
    seal(1, "A1", "--safe", "north")
    out = seal(2, "A2", "--safe", "north", rc=1)
    found(out, 972)
    seal(2, "A2", "--safe", "south")
    found(bg_json("envelope", "move", "bg1", "e2", "--safe", "north", "--by", "ann", rc=1), 972)
    rules("shares-apart = no")
    bg("envelope", "move", "bg1", "e2", "--safe", "north", "--by", "ann")


def test_two_accounts_are_apart():
    world()
    bg("init", "--yes", "--account", "bg2")
    bg_json("share", "new", "bg2", "--yes")
    seal(1, "A1", "--safe", "north", "--custodian", "eve")
    other = ("envelope", "seal", "bg2", "--seal", "B1", "--holds", "share 1-1", "--by", "ann", "--seen-by", "bob")
    found(bg_json(*other, "e1", rc=1), 972)
    found(bg_json(*other, "f1", "--safe", "north", rc=1), 972)
    found(bg_json(*other, "f1", "--custodian", "eve", rc=1), 972)  # the same people keep both
    bg(*other, "f1", "--custodian", "bob", "--safe", "south")
    for rule in ("envelopes-apart", "safes-apart", "custodians-apart"):
        rules(rule + " = no")
        args = {"envelopes-apart": ("e1",), "safes-apart": ("f2", "--safe", "north"), "custodians-apart": ("f2",)}[rule]
        more = ("envelope", "seal", "bg2", *args, "--seal", "B" + rule, "--holds", "share 1-2" if rule != "safes-apart" else "share 1-3", "--by", "ann", "--seen-by", "bob")
        if rule == "custodians-apart":
            bg("envelope", "move", "bg2", "f1", "--custodian", "eve", "--by", "ann")
        else:
            bg(*more)


def test_people():
    init()
    bg("people", "add", "ann", "--name", "Ann Lee", "--roles", "use review", "--phone", "+49 30 1", "--mail", "ann@example.org", "--by", "ann")
    kind, own, e = last()
    assert kind == "people.changed" and own["by"] == "ann" and "Ann Lee" in e["data"]["message"]
    assert oct(stat.S_IMODE(os.stat(PEOPLE).st_mode)) == "0o600" and "since" in sections(PEOPLE)["person ann"]
    found(bg_json("people", "add", "bob", "--roles", "review", "--by", "Anne", rc=1), 973)
    found(bg_json("people", "add", "ann", "--roles", "review", "--by", "ann", rc=1), 988)
    found(bg_json("people", "add", "bob", "--roles", "king", "--by", "ann", rc=3), 976)
    found(bg_json("people", "add", "bob", "--name", "ann lee", "--roles", "use", "--by", "ann", rc=3), 976)
    found(bg_json("people", "add", "Bob", "--roles", "use", "--by", "ann", rc=3), 976)
    bg("people", "add", "bob", "--roles", "review", "--by", "Ann Lee")
    bg("people", "change", "bob", "--trained", "2026-11-01", "--mail", "bob@example.org", "--by", "ann")
    assert sections(PEOPLE)["person bob"]["trained"] == "2026-11-01"
    found(bg_json("people", "change", "bob", "--mail", "nobody", "--by", "ann", rc=3), 976)
    found(bg_json("people", "change", "max", "--mail", "m@example.org", "--by", "ann", rc=1), 973)
    has(bg("people", "list"), "ann Ann Lee: use review", "+49 30 1, ann@example.org", "bob bob: review", "Nobody has reviewed this list yet.")
    assert bg_json("people", "list")["reviewed"] is None
    bg("people", "review", "--by", "bob", "--yes")
    assert last()[0] == "people.reviewed" and last()[1]["by"] == "bob" and sections(PEOPLE)["list"]["reviewed-by"] == "bob"
    assert bg_json("people", "list")["reviewed_by"] == "bob"
    bg("people", "review", "--by", "bob", rc=2)  # nobody is there to be asked


def test_somebody_leaves():
    world()
    bg("safe", "change", "north", "--holders", "Eve Fox, Bob Ray", "--by", "ann")
    seal(1, "A1", "--custodian", "eve")
    bg("envelope", "seal", "bg1", "e2", "--seal", "A2", "--holds", "share 1-2", "--safe", "south", "--by", "eve", "--seen-by", "bob")
    n = len(journal())
    out = bg_json("people", "leave", "eve", "--by", "ann", "--dry-run")
    owed = ["card 1-1", "envelope e1", "envelope e2", "safe north"]
    assert sorted(o["what"] for o in out["owed"]) == owed and len(journal()) == n and "left" not in sections(PEOPLE)["person eve"]
    bg("people", "leave", "eve", "--by", "ann", rc=2)
    out = bg_json("people", "leave", "eve", "--by", "ann", "--yes")
    kind, own, e = last()
    assert kind == "people.left" and e["severitytext"] == "WARN" and own["by"] == "Ann Lee"
    has(e["data"]["message"], "Eve Fox has left; to be replaced: bg1 card 1-1, bg1 envelope e1, bg1 envelope e2, safe north")
    out = bg_json("status", rc=1)
    found(out, 998)
    assert sorted(o["what"] for o in out["leavers"]) == owed and out["leavers"][0]["person"] == "eve"
    found(bg_json("people", "leave", "eve", "--by", "ann", "--yes", rc=1), 973)
    found(seal(3, "A3", "--custodian", "eve", rc=1), 973)
    found(bg_json("envelope", "inspect", "bg1", "e1", "--by", "eve", "--seal", "A1", rc=1), 973)
    # another keeper does not take back what was seen
    bg("envelope", "move", "bg1", "e1", "--custodian", "bob", "--by", "ann")
    assert sorted(o["what"] for o in bg_json("status", rc=1)["leavers"]) == owed
    bg("safe", "change", "north", "--changed", "--by", "ann")
    assert [o for o in bg_json("status", rc=1)["leavers"] if o["what"] == "safe north"] == []
    bg_json("share", "new", "bg1", "--yes", "--replace")
    assert sorted(o["what"] for o in bg_json("status", rc=1)["leavers"]) == ["envelope e1", "envelope e2"]
    for n in (1, 2):
        bg("envelope", "destroy", "bg1", f"e{n}", "--by", "ann", "--seen-by", "bob")
    assert bg_json("status")["leavers"] == []


def test_purged():
    world()
    seal(1, "A1")
    bg("init", "--undo", "--purge", "--yes")
    assert not os.path.exists("/etc/breakglass"), os.listdir("/etc/breakglass")


def test_two_truths_are_found():
    world()
    seal(1, "A1", "--custodian", "eve")
    text = read(CREDENTIALS)
    write(CREDENTIALS, text.replace("seal = A1\n", "seal = A7\n"))
    out = bg_json("status", rc=1)
    found(out, 991)
    has([f for f in out["findings"] if f["id"] == "BG991"][0]["text"], 'the seal of card 1-1 is "A1", and "A7" in the credentials file')
    assert bg_json("envelope", "repair", "bg1", "--by", "ann")["repaired"] == 1
    assert read(CREDENTIALS) == text and last()[0] == "config.changed"
    assert bg_json("envelope", "repair", "bg1", "--by", "ann")["repaired"] == 0
    bg("status")
    write(CREDENTIALS, text.replace("[card 1-2]\n", "[card 1-2]\nenvelope = e2\n"))
    found(bg_json("status", rc=1), 992)


def test_damaged_files():
    world()
    seal(1, "A1")
    for path, old, new, line in ((ENVELOPES, "status = sealed", "status = shut", 4), (PEOPLE, "roles = use review custodian", "roles = king", 5),
                                 (SAFES, "site = Berlin", "site =", 4)):
        text = read(path)
        write(path, text.replace(old, new, 1))
        out = bg_json("status", rc=1)
        assert any(path in f["text"] and f"line {line}" in f["text"] for f in out["findings"]), (path, out["findings"])
        seal(2, "A2", rc=3)  # nothing is changed over a file that cannot be read
        write(path, text)
    os.chmod(PEOPLE, 0o644)
    assert any(PEOPLE in f["text"] for f in bg_json("status", rc=1)["findings"])


def test_two_people_at_once():
    world()
    n = len(journal())
    argv = ["/usr/sbin/breakglass", "people", "change", "eve", "--by", "ann"]
    runs = [subprocess.Popen([*argv, "--phone", f"+49 {i}", "--json"], stdout=subprocess.PIPE) for i in range(4)]
    runs += [subprocess.Popen([*argv[:2], "add", f"p{i}", "--roles", "use", "--by", "ann", "--json"], stdout=subprocess.PIPE) for i in range(4)]
    runs += [subprocess.Popen(["/usr/sbin/breakglass", "envelope", "seal", "bg1", f"e{i}", "--seal", f"S{i}", "--holds", f"share 1-{i}",
                               "--by", "ann", "--seen-by", "bob", "--json"], stdout=subprocess.PIPE) for i in (1, 2, 3)]
    for p in runs:
        p.communicate()
        assert p.returncode == 0
    people = sections(PEOPLE)
    assert {f"person p{i}" for i in range(4)} <= set(people) and re.fullmatch(r"\+49 [0-3]", people["person eve"]["phone"])
    assert set(sections(ENVELOPES)) == {"envelope e1", "envelope e2", "envelope e3"} and len(journal()) == n + 11
    assert [sections(CREDENTIALS)[f"card 1-{i}"]["seal"] for i in (1, 2, 3)] == ["S1", "S2", "S3"]
    bg("status")


def test_a_full_disk():
    world()
    seal(1, "A1")
    sh("mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", "/media")
    for name in os.listdir("/etc/breakglass"):
        subprocess.run(["cp", "-a", f"/etc/breakglass/{name}", "/media/"], check=True)
    sh("mount", "--bind", "/media", "/etc/breakglass")
    before = tree("/etc/breakglass")
    fd = os.open("/etc/breakglass/filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(fd, b"x" * 4096):
            pass
    except OSError:
        os.close(fd)
    n = len(journal())
    seal(2, "A2", rc=3)
    bg("people", "change", "eve", "--phone", "1" * 60, "--by", "ann", rc=3)
    os.unlink("/etc/breakglass/filler")
    after = tree("/etc/breakglass")
    assert {k: v for k, v in after.items()} == before and len(journal()) == n, set(after) ^ set(before)
    seal(2, "A2")


def test_killed_between_event_and_change():
    world()
    seal(1, "A1", "--custodian", "eve")
    for at in range(1, 40):
        before = (read(ENVELOPES), read(CREDENTIALS))
        # the at-th rename or fsync kills it
        p = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2,fsync", "-e",
                            f"inject=rename,renameat,renameat2,fsync:signal=KILL:when={at}", "/usr/sbin/breakglass", "envelope", "move", "bg1", "e1",
                            "--custodian", "bob" if at % 2 else "ann", "--by", "ann"], capture_output=True,
                           env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which takes no other tracer beside it
        now = sections(ENVELOPES)["envelope e1"]["custodian"]
        assert now in ("Eve Fox", "Bob Ray", "Ann Lee")
        sections(CREDENTIALS)
        out = json.loads(subprocess.run(["/usr/sbin/breakglass", "status", "--json"], capture_output=True, text=True).stdout)
        assert all(f["id"] == "BG991" for f in out["findings"] if "BG970" <= f["id"] <= "BG998"), out["findings"]
        if read(ENVELOPES) != before[0]:  # a change is never there without its event
            assert any(k == "envelope.moved" for k in kinds()[-3:])
        bg("envelope", "repair", "bg1", "--by", "ann")
        assert sections(CREDENTIALS)["card 1-1"]["custodian"] == now
        if p.returncode == 0:
            return
    raise AssertionError("it never ended")


if __name__ == "__main__":
    main(globals())
