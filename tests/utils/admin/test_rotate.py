#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass rotate: the old cards open until the new ones were shown to be readable, whatever happens in between.

usage: test_rotate.py BUILDDIR [TEST...]. What opens is asked of breakglass-login on its terminal, by cards.
"""
import os, re, shutil, subprocess, sys, threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"
NEXT = CREDENTIALS + ".next"
CONF = "/etc/breakglass/breakglass.conf"
WHO, BY = "Ada Lovelace", "Jane Doe"
OPENED = "I AM IN"


def init(password=False):
    """An account with a set of 2 of 3, each card with a keeper and an envelope; its cards, and the parts of its password."""
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\nsyslog = no\n", 1)
          .replace("[login]\n", "[login]\ndelay-network = 0\ndelay-console = 0\n", 1))
    cards = bg_json("share", "new", "bg1", "--yes", "--label", "OLD 10", "--custodian", "Ann:E1:S1", "--custodian", "Bob:E2:S2",
                    "--custodian", "Cid:E3:S3")["shares"]
    parts = bg_json("password", "new", "bg1", "--yes")["drawn"] if password else []
    return cards, parts


def login(lines, name=WHO):
    """What breakglass-login says to who types that, a name and a reason."""
    p = subprocess.run([HELPER, "--tty", "bg1", "/bin/echo", OPENED], input="".join(x + "\n" for x in ("", *lines, name, "LDAP does not answer, INC-4711")),
                       text=True, capture_output=True, timeout=60)
    return p.stdout + p.stderr


def opens(cards, **kw):
    return OPENED in login(cards[:2], **kw)


def last():
    return journal()[-1]


def own(e):
    return e["data"]["unmapped"]["breakglass"]


def verify(*cards):
    for card in cards:
        bg("rotate", "verify", "bg1", "--card-stdin", stdin=card + "\n")



def start(*words, by=BY):
    return bg_json("rotate", "bg1", "--by", by, "--yes", *words)


def finish(*words, rc=0):
    return bg("rotate", "finish", "bg1", "--yes", *words, rc=rc)


def section(path, name):
    """{key: value} of one section of a file."""
    found = re.search(rf"(?m)^\[{re.escape(name)}\]\n((?:(?!\[).*\n?)*)", read(path))
    return dict(line.split(" = ", 1) for line in found[1].splitlines() if " = " in line) if found else None


def test_whole():
    old, _ = init()
    assert opens(old) and "to be" not in bg("rotate", "status")
    before = len(journal())
    has(bg("rotate", "bg1", "--yes", rc=2), "BG1213", "--by")
    assert len(journal()) == before and not os.path.exists(NEXT)
    out = start("--label", "NEW 20")
    new = out["shares"]
    # on record first; the new set stands beside the old one, with its keepers and envelopes, and no seal comes back
    e = last()
    assert kinds()[before:] == ["rotate.started"] and own(e)["by"] == BY and e["id"] == out["rotation"]["id"], e
    has(e["data"]["message"], 'share set "NEW 20"')
    assert os.stat(NEXT).st_mode & 0o777 == 0o600 and section(NEXT, "rotation")["id"] == e["id"]
    assert {k: v for k, v in section(NEXT, "card 1-2").items() if k != "check"} == {"custodian": "Bob", "envelope": "E2"}
    assert [i["need"] for i in out["rotation"]["items"]] == ["verify"] * 3 and out["rotation"]["missing_items"] == 3
    assert opens(old) and not opens(new) and not any(w in read(NEXT) for w in new)
    # each card by its custodian; a card of the old set, or somebody's, is none
    has(bg("rotate", "verify", "bg1", "--card-stdin", stdin=old[0] + "\n", rc=1), "BG215")
    assert kinds()[-1] == "rotate.step" and last()["data"]["status_id"] == 2, last()
    verify(new[0])
    bg("rotate", "verify", "bg1", "--card-stdin", "--seal", "S22", stdin=new[1] + "\n")
    e = last()
    assert (kinds()[-1], own(e)["item"], own(e)["envelope"], own(e)["seal"], own(e)["by"]) == ("rotate.step", "share 1-2", "E2", "S22", BY), e
    assert section(NEXT, "card 1-2")["seal"] == "S22" and "inspected" in section(NEXT, "card 1-2")
    was = read(CREDENTIALS)
    has(finish(rc=1), "BG1216", "1 things", "share 1-3 to be typed back, kept by Cid")
    assert read(CREDENTIALS) == was and opens(old) and not opens(new)
    verify(new[2])
    out = bg_json("rotate", "finish", "bg1", "--yes", rc=0)
    assert [(c["place"], c["custodian"], c["envelope"], c["seal"]) for c in out["destroy"]] == \
        [("1-1", "Ann", "E1", "S1"), ("1-2", "Bob", "E2", "S2"), ("1-3", "Cid", "E3", "S3")], out
    assert kinds()[-2:] == ["credential.enrolled", "rotate.done"] and last()["data"]["status_id"] == 1, kinds()
    assert not os.path.exists(NEXT) and opens(new) and section(CREDENTIALS, "shares")["label"] == "NEW 20"
    said = login(old)
    has(said, "BG261")
    assert OPENED not in said
    has(bg("rotate", "status"), "bg1: no rotation is under way.")
    has(finish(rc=1), "BG1210")


def test_all_on_one_paper():
    """Cards of the set first, then those of the password, in one file."""
    init(password=True)
    path = "/run/cards.txt"
    out = bg_json("rotate", "bg1", "--yes", "--parts", "3", "--cards", "text", "--output", path)
    assert "shares" not in out and "drawn" not in out, out
    cards = read(path).split("\f")
    assert len(cards) == 6 and mode(path) == "0o600", cards
    for i, card in enumerate(cards):
        has(card, f"Card {i + 1} of 3" if i < 3 else f"BREAK-GLASS PASSWORD, PART {i - 2} OF 3")
    drawn = "".join("".join(re.search(r"\n\s+((?:[b-x]{5}\s+){4})", c)[1].split()) + "\n" for c in cards[3:])
    bg("rotate", "verify", "bg1", "--parts-stdin", stdin=drawn)
    assert own(last())["item"] == "password"
    bg("rotate", "abort", "bg1", "--yes")
    has(bg("rotate", "bg1", "--yes", "--cards", "text", "--output", path, rc=1), "BG762")


def test_password():
    old, parts = init(password=True)
    bg("account", "set", "bg1", "--require", "password", "--yes")
    assert OPENED in login(parts)
    out = start("--parts", "3")
    drawn = out["drawn"]
    assert len(drawn) == 3 and [i["item"] for i in out["rotation"]["items"]] == ["share 1-1", "share 1-2", "share 1-3", "password"]
    verify(*out["shares"])
    has(bg("rotate", "verify", "bg1", "--parts-stdin", stdin="\n".join(reversed(drawn)) + "\n", rc=1), "BG720")
    assert kinds()[-1] == "rotate.step" and last()["data"]["status_id"] == 2
    finish(rc=1)
    assert OPENED in login(parts)
    bg("rotate", "verify", "bg1", "--parts-stdin", stdin="\n".join(drawn) + "\n")
    assert own(last())["item"] == "password" and section(NEXT, "rotation")["password-proven"]
    has(finish(), "the 2 parts of the password", 'breakglass envelope seal bg1 E3 --holds "share 1-3" --seal NUMBER',
        'breakglass envelope seal bg1 ENVELOPE --holds "password 3" --seal NUMBER')
    assert OPENED in login(drawn)
    day = section(CREDENTIALS, "password")["replaced"][:10]
    said = login([*parts, *parts, *parts])
    has(said, "BG1224", f"It was replaced on {day}.")
    assert OPENED not in said and not any(p in json.dumps(journal()) + read(CREDENTIALS) for p in drawn)


def test_who_rotates():
    """Whoever has used the account may not rotate it, however the name is written; the rule can be given up."""
    old, _ = init()
    start(by=WHO)  # nobody has used it yet
    bg("rotate", "abort", "bg1", "--yes")
    assert opens(old)
    for name in (WHO, "ada  lovelace"):
        has(bg("rotate", "bg1", "--by", name, "--yes", rc=1), "BG1214", "rotator-apart")
    new = start()["shares"]
    verify(*new)
    assert opens(old, name=BY)  # meanwhile
    has(finish(rc=1), "BG1214", BY)
    assert opens(old)
    finish("--by", "Max Mustermann")
    assert own(last())["by"] == "Max Mustermann" and opens(new)
    write(CONF, read(CONF).replace("[rules]\n", "[rules]\nrotator-apart = no\n", 1))
    start(by=WHO)


def test_who_rotates_when_led():
    """The rule holds on every way to the end: who began it has used the account meanwhile."""
    old, _ = init()
    new = start()["shares"]
    verify(*new)
    assert opens(old, name=BY)
    rc, seen = on_pty(["rotate", "bg1"], [("later\"", b"finish\r")])
    assert rc == 1 and "BG1214" in seen and opens(old), seen
    rc, seen = on_pty(["rotate", "bg1", "--by", "Max Mustermann"], [("later\"", b"finish\r"), ("instead?", b"yes\r")])
    assert rc == 0 and own(last())["by"] == "Max Mustermann" and opens(new), seen


def test_new_keepers_at_the_card():
    """Who keeps a card may be said when it is typed, within the rules of custody."""
    init()
    new = start()["shares"]
    bg("rotate", "verify", "bg1", "--card-stdin", "--custodian", "Jane Doe", stdin=new[0] + "\n")
    steps = kinds().count("rotate.step")
    has(bg("rotate", "verify", "bg1", "--card-stdin", "--custodian", "jane  doe", stdin=new[1] + "\n", rc=1), "Jane Doe", "threshold")
    assert kinds().count("rotate.step") == steps and "inspected" not in section(NEXT, "card 1-2"), read(NEXT)
    verify(new[1])
    assert section(NEXT, "card 1-2")["custodian"] == "Bob"


def test_older_than_what_opens():
    """Cards that were made before another command replaced the set do not come to open the account."""
    for words in ([], ["--replace"]):
        if not words:
            old, _ = init()
        new = start()["shares"]
        verify(*new)
        if not words:
            os.remove(CREDENTIALS)  # removed and made anew
        last_ones = bg_json("share", "new", "bg1", "--yes", *words)["shares"]
        has(finish(rc=1), "BG1251")
        rc, seen = on_pty(["rotate", "bg1"], [("later\"", b"finish\r")])
        assert rc == 1 and "BG1251" in seen, seen
        assert opens(last_ones) and not opens(new)
        bg("rotate", "abort", "bg1", "--yes")
    new = start(by="Max Mustermann")["shares"]
    verify(*new)
    finish()
    assert opens(new) and not opens(last_ones)


def test_a_clock_that_was_set_back():
    """In an outage nobody sets the clock: a key that opened the account is replaced all the same."""
    init()
    write(CREDENTIALS, read(CREDENTIALS) + "\n[key blue]\ntype = es256\nid = 0011\npublic-key = " + "00112233445566778899aabbccddeeff" * 4
          + f"\nrp-id = breakglass.invalid\naaguid = 00112233445566778899aabbccddeeff\nfirmware = 5\nuv = required\ncreated = {time.strftime('%Y-%m-%dT%H:%M:%S.000000Z', time.gmtime())}\n", 0o600)
    for kind, ago, more in (("credential.enrolled", 0, []), ("use.granted", 86400, ["-s", "use=01JD7Z3W9Q6M3B1V5X0C8K3F2T", "-s", "claimed=" + WHO, "-s", "key=blue"])):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", kind, "-m", "x", "-a", str(ago), *more,
           stdout=subprocess.DEVNULL)
    start()
    has(bg("rotate", "status"), "key blue to be replaced: it has opened the account")


def test_unverified():
    old, _ = init()
    new = start()["shares"]
    verify(new[0], new[2])
    has(finish("--unverified", "share 1-2", rc=2), "BG1218")
    has(finish("--unverified", "share 1-9", "--reason", "x", rc=2), "BG1217")
    assert opens(old)
    has(finish("--unverified", "share 1-2", "--reason", "Bob is in hospital"), "BG1223", "share 1-2")
    step = [e for e in journal() if e["type"].endswith("rotate.step.v1")][-1]
    assert (own(step)["item"], own(step)["reason"], step["data"]["status_id"]) == ("share 1-2", "Bob is in hospital", 2), step
    assert opens([new[1], new[2]])


def test_status_shows_it():
    """A line and a member while it is under way; a finding only when it takes longer than rotate-hours."""
    def known(rc=0):
        out = bg_json("status", rc=rc)
        return out["accounts"][0]["rotation"], [f["id"] for f in out["findings"]]

    init()
    assert known()[0] is None and "rotation begun" not in bg("status")
    new = start()["shares"]
    verify(new[0])
    o, found = known()
    assert o == bg_json("rotate", "status")["rotations"][0] and o["missing_items"] == 2 and "BG1292" not in found, (o, found)
    has(bg("status"), f"rotation begun {o['started'][:10]}, 2 not done yet: rotate status")
    day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 25 * 3600))
    write(NEXT, re.sub("(?m)^(started *= *).*$", lambda m: f"{m[1]}{day}.000000Z", read(NEXT)))
    assert known(1)[1] == ["BG1292"]
    has(bg("status", rc=1), "BG1292 The rotation of bg1 is under way since " + day)
    write(CONF, read(CONF).replace("#rotate-hours = 24", "rotate-hours = 26", 1))
    assert "BG1292" not in known()[1]
    write(CONF, read(CONF).replace("rotate-hours = 26", "rotate-hours = 0", 1))
    assert known()[0] is not None and "BG1292" not in known()[1]  # 0: no such date
    bg("rotate", "abort", "bg1", "--yes")
    assert known()[0] is None


def test_abort_and_anew():
    old, _ = init()
    has(bg("rotate", "abort", "bg1", "--yes", rc=1), "BG1210")
    one = start()["shares"]
    has(bg("rotate", "bg1", "--by", BY, "--yes", rc=1), "BG1211", "--anew")
    two = start("--anew")["shares"]
    has(bg("rotate", "verify", "bg1", "--card-stdin", stdin=one[0] + "\n", rc=1), "BG215")
    bg("rotate", "abort", "bg1", "--reason", "wrong paper", "--yes")
    e = last()
    assert (kinds()[-1], e["data"]["status_id"], own(e)["reason"]) == ("rotate.done", 2, "wrong paper"), e
    assert not os.path.exists(NEXT) and opens(old) and not opens(two)
    # nobody to ask, nobody who sees the cards
    bg("rotate", "bg1", "--by", BY, rc=2)
    with open("/run/seen", "w") as seen:
        os.chmod("/run/seen", 0o644)
        p = subprocess.run(["/usr/sbin/breakglass", "rotate", "bg1", "--by", BY, "--yes"], stdout=seen, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 1 and "BG561" in p.stderr and not os.path.exists(NEXT), p
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "rotate", "bg1", "--by", BY, "--yes", "--json"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 3 and not os.path.exists(NEXT) and opens(old), p
    assert kinds().count("rotate.done") >= 2


def test_anew_that_fails():
    """Its cards have no room on the disk: what is on record is what is there, and that is no rotation."""
    old, _ = init()
    start()
    has(bg("rotate", "bg1", "--by", BY, "--yes", "--anew", "--custodian", "nobody, \\ like that", rc=2), "BG")
    assert os.path.exists(NEXT) and kinds()[-1] != "rotate.done"  # nothing was begun
    sh("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=2", "none", "/mnt")
    write("/mnt/full", "x" * 4096)
    bg("rotate", "bg1", "--by", BY, "--yes", "--anew", "--cards", "text", "--output", "/mnt/cards", rc=3)
    told = [k for k in kinds() if k != "config.changed"]  # by a delivery that read the file while init() wrote it
    assert told[-3:] == ["rotate.done", "rotate.started", "rotate.done"], kinds()[-4:]
    assert not os.path.exists(NEXT) and opens(old)
    has(bg("rotate", "status"), "no rotation is under way")
    start()


def test_plan():
    """As the old set: groups, names, copies, keepers, length; or as it is asked for. Who has left keeps nothing."""
    init()
    bg_json("share", "new", "bg1", "--yes", "--replace", "--groups", "2", "--group", "ops 2/3", "--group", "board 1/2", "--bits", "256",
            "--exponent", "1", *(x for n in "abcde" for x in ("--custodian", n)))
    out = start()
    assert [c["place"] for c in out["cards"]] == ["1-1", "1-2", "1-3", "2-1-1", "2-1-2"] and len(out["shares"][0].split()) == 33
    assert [c["custodian"] for c in out["cards"]] == list("abcde") and [g.get("name") for g in out["groups"]] == ["ops", "board"]
    assert section(NEXT, "shares")["exponent"] == "1"
    has(bg("rotate", "verify", "bg1", "--card-stdin", stdin=out["shares"][3] + "\n", rc=2), "BG766")
    bg("rotate", "verify", "bg1", "--card-stdin", "--card", "2-1-2", stdin=out["shares"][3] + "\n")
    out = start("--anew", "--shares", "3/4")
    assert [c["place"] for c in out["cards"]] == ["1-1", "1-2", "1-3", "1-4"] and not any("custodian" in c for c in out["cards"])
    bg("rotate", "abort", "bg1", "--yes")
    bg("share", "new", "bg1", "--yes", "--replace", "--custodian", "ann")
    write("/etc/breakglass/people", "[person ann]\nname = Ann A\nroles = custodian\nleft = 2026-11-22T12:03:24.123456Z\n"
          "[person bea]\nroles = custodian\n", 0o600)
    has(bg("rotate", "bg1", "--yes", rc=1), "BG1222", "ann")
    start("--custodian", "Bea")
    with open("/run/cards.txt", "w"):
        pass
    bg("rotate", "bg1", "--anew", "--yes", "--custodian", "Bea", "--output", "/run/cards.txt", rc=1)
    bg("rotate", "bg1", "--anew", "--yes", "--custodian", "Bea", "--cards", "text", "--output", "/run/cards2.txt")
    assert os.stat("/run/cards2.txt").st_mode & 0o777 == 0o600
    has(read("/run/cards2.txt"), "BREAK-GLASS CARD", "Kept by Bea")


def test_nothing():
    bg("init", "--yes")
    has(bg("rotate", "bg1", "--yes", rc=1), "BG1212")
    assert "rotate.started" not in kinds()


def test_fleet():
    """The epoch of this host moves; the word of the former one is old."""
    init()
    hosts = "/run/hosts"
    write(hosts, "web01\nweb02\n")
    cards = bg_json("fleet", "new", "/run/west", "--yes", "--on-a-host")["shares"]
    typed = "\n".join(cards[:2]) + "\n"
    fleet = lambda *words: bg("fleet", *words, "--card-stdin", "--on-a-host", stdin=typed)
    derive = lambda *words: json.loads(subprocess.run(["/usr/sbin/breakglass", "fleet", "derive", "/run/west", "web01", "--card-stdin", "--on-a-host", "--json",
                                                       *words], input=typed, text=True, capture_output=True, check=True).stdout)["shares"]
    fleet("enroll", "/run/west", hosts)
    bg("fleet", "install", "bg1", "/run/west/credentials/web01")
    one = derive()
    assert opens(one)
    has(bg("rotate", "bg1", "--by", BY, "--yes", "--fleet", "/run/west/credentials/nobody", rc=3), "nobody")
    shutil.copy("/run/west/credentials/web01", "/run/epoch1")
    write(hosts, "web01\n")
    fleet("enroll", "/run/west", hosts, "--next")
    bg("rotate", "bg1", "--by", BY, "--yes", "--fleet", "/run/west/credentials/web01")
    assert opens(one)
    finish()
    two = derive()
    assert opens(two) and one != two
    said = login(one)
    has(said, "BG261")
    assert OPENED not in said
    bg("rotate", "bg1", "--by", BY, "--yes", "--fleet", "/run/epoch1", rc=1)  # what was replaced does not come back


def test_led():
    """A person at a terminal is led through all of it, stops, and goes on."""
    old, _ = init()
    words = []

    def card(n):
        return lambda seen: words[n].encode() + b"\r"

    def note(seen):
        page = seen.split("BREAK-GLASS CARD")[-1]
        found = sorted((int(i), w.lower()) for i, w in re.findall(r"(?<!\S)(\d{1,2})  ([A-Z]{4}[a-z]*)", page))
        words.append(" ".join(w for _, w in found))
        return b"\r"

    rc, seen = on_pty(["rotate", "bg1", "--by", BY], [("Enter shows the first card", b"\r"), ("Enter wipes this card", b"\x03")])
    assert rc == 1 and "BG1219" in seen and not os.path.exists(NEXT) and opens(old), seen
    assert kinds()[-1] == "use.granted" and [e["data"]["status_id"] for e in journal() if e["type"].endswith("rotate.done.v1")] == [2]
    rc, seen = on_pty(["rotate", "bg1", "--by", BY], [("Enter shows the first card", b"\r"), *[("Enter wipes this card", note)] * 3, ("\"discard\"", b"save\r"),
                                                      ("later\"", b"card\r"), ("words 1-20", card(0)), ("later\"", b"later\r")])
    assert rc == 0 and "inspected" in section(NEXT, "card 1-1"), seen
    assert opens(old)
    rc, seen = on_pty(["rotate", "bg1"], [("share 1-1", b""), ("later\"", b"finish\r"), ("BG1216", b""), ("later\"", b"card\r"), ("words 1-20", card(1)), ("later\"", b"card\r"),
                                          ("words 1-20", card(2)), ("later\"", b"finish\r"), ("card 1-3 of set OLD 10: Cid, envelope E3, seal S3", b""),
                                          ("instead?", b"yes\r"), ("Done", b"")])
    assert rc == 0 and opens(words), seen


def keep(*dirs):
    """A copy of these directories, put back by the function."""
    top = tempfile.mkdtemp(dir="/run")
    for i, d in enumerate(dirs):
        if os.path.exists(d):
            sh("cp", "-a", d, f"{top}/{i}")

    def back():
        for i, d in enumerate(dirs):
            put = ["cp", "-aT", f"{top}/{i}", d] if os.path.exists(f"{top}/{i}") else ["true"]
            # what a killed command left running may write into it for a moment
            until(d, lambda: all(subprocess.run(c, stderr=subprocess.DEVNULL).returncode == 0 for c in (["rm", "-rf", d], put)))
    return back


def which_opens(old, new):
    """Which of the two sets a login takes: "old" or "new"; it must be one of them, and only one."""
    is_of_set = lambda cards: subprocess.run(["/usr/sbin/breakglass", "share", "verify", "bg1", "--card-stdin"], input=cards[0] + "\n", text=True,
                                             capture_output=True).returncode == 0
    found = [name for name, cards in (("old", old), ("new", new)) if cards and is_of_set(cards)]
    assert len(found) == 1, (found, sorted(os.listdir("/etc/breakglass/credentials")), kinds()[-6:])
    assert opens(old if found == ["old"] else new), found
    assert not os.path.exists(NEXT) or "rotate.started" in kinds()
    return found[0]


def killed(words, stdin, call, when):
    """Run the command, killed, or a child of it, as it makes that call for the when-th time. False: it made fewer of them."""
    subprocess.run(["strace", "-f", "-o", "/run/strace", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}",
                    "/usr/sbin/breakglass", *words], input=stdin, text=True, capture_output=True, timeout=60)
    return "killed by SIGKILL" in read("/run/strace")


CALLS = ("rename,renameat,renameat2", "fsync", "unlink,unlinkat", "write,writev,pwrite64")


def again(name, new, got):
    """From whatever was left the rotation comes to its end."""
    if name == "start":
        bg("rotate", "bg1", "--by", BY, "--yes", "--json", *(["--anew"] if os.path.exists(NEXT) else []))
    elif name == "verify":
        bg("rotate", "verify", "bg1", "--card-stdin", stdin=new[0] + "\n")
    elif name == "finish" and os.path.exists(NEXT):
        finish()
        assert kinds()[-1] == "rotate.done" and last()["data"]["status_id"] == 1 and not os.path.exists(NEXT)
        assert section(CREDENTIALS, "shares")["id"] not in re.findall(r"\[rotated (\d+)\]", read(CREDENTIALS))
    elif name == "abort" and os.path.exists(NEXT):
        bg("rotate", "abort", "bg1", "--yes")
        assert not os.path.exists(NEXT)


def killed_anywhere(name, words, old, new, stdin="", expect=("old",)):
    """At each rename, sync, removal and write of one step: one of the sets opens, and the rotation goes on or begins again."""
    if SANITIZED or not shutil.which("strace"):
        print("   no strace here, or sanitizers, which it disturbs")
        return
    back, said = keep("/etc/breakglass", "/var/lib/breakglass", "/run/breakglass"), []
    for call in CALLS:
        when = 1
        while killed(words, stdin, call, when):
            said.append(which_opens(old, new))
            assert said[-1] in expect, (name, call, when, said)
            again(name, new, said[-1])
            back()
            when += 1
        back()
    print(f"   killed {len(said)} times")
    assert set(said) == set(expect) and len(said) > 5, said


def test_killed_in_start():
    old, _ = init()
    killed_anywhere("start", ("rotate", "bg1", "--by", BY, "--yes", "--json"), old, None)


def test_killed_in_verify():
    old, _ = init()
    new = start()["shares"]
    killed_anywhere("verify", ("rotate", "verify", "bg1", "--card-stdin"), old, new, stdin=new[0] + "\n")


def test_killed_in_abort():
    old, _ = init()
    killed_anywhere("abort", ("rotate", "abort", "bg1", "--yes"), old, start()["shares"])


def test_killed_in_finish():
    old, _ = init()
    new = start()["shares"]
    verify(*new)
    killed_anywhere("finish", ("rotate", "finish", "bg1", "--yes"), old, new, expect=("old", "new"))


def test_full_disk():
    """What cannot be written changes nothing: the old cards open."""
    old, _ = init()
    folder = "/etc/breakglass/credentials"
    text = read(CREDENTIALS)
    sh("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", folder)
    write(CREDENTIALS, text, 0o600)

    def fill():
        fd = os.open(folder + "/fill", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(fd, b"x" * 4096)
        except OSError:
            os.close(fd)

    fill()
    has(bg("rotate", "bg1", "--by", BY, "--yes", "--json", rc=3), "BG1219")
    assert kinds()[-1] == "rotate.done" and last()["data"]["status_id"] == 2 and not os.path.exists(NEXT) and opens(old)
    os.unlink(folder + "/fill")
    new = start()["shares"]
    verify(*new[:2])
    fill()
    bg("rotate", "verify", "bg1", "--card-stdin", stdin=new[2] + "\n", rc=3)
    assert "inspected" not in section(NEXT, "card 1-3")
    os.unlink(folder + "/fill")
    verify(new[2])
    fill()
    finish(rc=3)
    assert opens(old) and not opens(new)
    os.unlink(folder + "/fill")
    finish()
    assert opens(new) and not opens(old)


def test_two_at_once():
    """One of them does it, the other says so; each proof counts."""
    old, _ = init()
    outs = [subprocess.Popen(["/usr/sbin/breakglass", "rotate", "bg1", "--by", BY, "--yes", "--json"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(p.communicate(timeout=60)[0]) for p in outs]
    good = [s for s in said if s["exit"] == 0]
    assert len(good) == 1 and any(w in json.dumps(said) for w in ("BG1220", "BG1211")), said
    new = good[0]["shares"]
    ps = [subprocess.Popen(["/usr/sbin/breakglass", "rotate", "verify", "bg1", "--card-stdin"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) for _ in new]
    for p, card in zip(ps, new):
        p.stdin.write(card + "\n")
        p.stdin.close()
    assert [p.wait(60) for p in ps] == [0, 0, 0] and read(NEXT).count("inspected") == 3
    ps = [subprocess.Popen(["/usr/sbin/breakglass", "rotate", "finish", "bg1", "--yes"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert sorted(p.wait(60) for p in ps)[0] == 0
    assert opens(new) and not opens(old) and not os.path.exists(NEXT)
    assert section(CREDENTIALS, "shares")["id"] not in re.findall(r"\[rotated (\d+)\]", read(CREDENTIALS))


if __name__ == "__main__":
    main(globals())
