#!/usr/bin/python3
"""breakglass share, journal, status, disable, enable. usage: test_rest.py BUILDDIR

Shares are joined by tests/tools/slip39 and the verifier is made again with Python's HMAC, so nothing here is held against
the command's own arithmetic alone.
"""
import contextlib, hmac, itertools, os, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"


def init():
    bg("init", "--yes")


def credential():
    out = {}
    for line in read(CREDENTIALS).splitlines():
        if " = " in line:
            key, value = line.split(" = ", 1)
            out[key] = value
    return out


def combine(shares, rc=0):
    p = subprocess.run([SLIP39, "combine"], input="\n".join(shares) + "\n", text=True, capture_output=True)
    assert p.returncode == rc, (p.returncode, p.stderr)
    return p.stdout.strip()


def verifier(secret_hex, account, salt_hex):
    def field(b):
        return len(b).to_bytes(2, "big") + b
    host = read("/etc/machine-id").strip().encode()
    text = b"breakglass-v1" + field(account.encode()) + field(host) + field(bytes.fromhex(salt_hex))
    return hmac.new(bytes.fromhex(secret_hex), text, "sha256").hexdigest()


def machine_id():
    write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")


def test_every_pair_opens():
    machine_id()
    init()
    out = bg_json("share", "new", "bg1", "--yes")
    assert out["account"] == "bg1" and out["threshold"] == 2 and len(out["shares"]) == 3
    assert all(len(s.split()) == 20 for s in out["shares"])
    assert all(" ".join(s.split()[:2]) == out["set"] for s in out["shares"])
    c = credential()
    assert c["set-label"] == out["set"] and c["groups"] == "2/3" and c["bytes"] == "16" and c["enabled"] == "yes"
    for pair in itertools.combinations(out["shares"], 2):
        secret = combine(pair)
        assert len(secret) == 32 and verifier(secret, "bg1", c["salt"]) == c["verifier"]
        assert secret not in read(CREDENTIALS)
    combine(out["shares"][:1], rc=1)
    assert os.stat(CREDENTIALS).st_mode & 0o7777 == 0o600


def test_groups_and_lengths():
    machine_id()
    init()
    out = bg_json("share", "new", "bg1", "--yes", "--bits", "256", "--groups", "2/3,3/5,1/1", "--group-threshold", "2",
                  "--exponent", "1")
    s = out["shares"]
    assert len(s) == 9 and all(len(x.split()) == 33 for x in s)
    c = credential()
    assert c["groups"] == "2/3,3/5,1/1" and c["group-threshold"] == "2" and c["exponent"] == "1"
    for some in (s[0:2] + s[5:8], s[1:3] + s[8:], s[3:6] + s[8:]):
        assert verifier(combine(some), "bg1", c["salt"]) == c["verifier"]
    combine(s[0:2], rc=1)
    shown = bg("share", "list")
    has(shown, out["set"], "2 of 3 + 3 of 5 + 1 of 1 (2 groups), 256 bits")


def cards(text):
    """Words of each card, in the order of their numbers, as a custodian reads them."""
    out = []
    for card in text.split("\f"):
        words = {int(n): w.lower() for n, w in re.findall(r"\s{2,}(\d+)  ([A-Z]{4}[a-z]*)", card)}
        assert sorted(words) == list(range(1, len(words) + 1)), words
        out.append(" ".join(words[i] for i in sorted(words)))
    return out


def test_cards():
    machine_id()
    init()
    for bits, count in (("128", 20), ("256", 33)):
        text = bg("share", "new", "bg1", "--yes", "--replace", "--bits", bits)
        assert text.count("\f") == 2 and text.isascii()
        for card in text.split("\f"):
            lines = card.rstrip("\n").split("\n")
            assert len(lines) <= 22 and max(map(len, lines)) <= 80
        has(text, "account bg1", "Card 2 of 3, any 2 open", credential()["set-label"])
        words = cards(text)
        assert [len(w.split()) for w in words] == [count] * 3
        assert verifier(combine(words[1:]), "bg1", credential()["salt"]) == credential()["verifier"]


def test_fresh_every_time():
    init()
    a = bg_json("share", "new", "bg1", "--yes")
    b = bg_json("share", "new", "bg1", "--yes", "--replace")
    assert not set(a["shares"]) & set(b["shares"])
    combine([a["shares"][0], b["shares"][1]], rc=1)


def test_old_set_is_kept():
    init()
    first = bg_json("share", "new", "bg1", "--yes")
    before = read(CREDENTIALS)
    has(bg("share", "new", "bg1", "--yes", rc=1), "BG560")
    bg("share", "new", "bg1", rc=1)
    bg("share", "new", "bg1", "--replace", rc=2)  # nobody to ask
    assert read(CREDENTIALS) == before
    os.chmod("/etc/breakglass/credentials", 0o500)
    sh("mount", "--bind", "/etc/breakglass/credentials", "/etc/breakglass/credentials")
    sh("mount", "-o", "remount,ro,bind", "/etc/breakglass/credentials")
    has(bg("share", "new", "bg1", "--yes", "--replace", rc=3), "BG563")
    assert read(CREDENTIALS) == before and first["set"] in bg("share", "list")


def test_what_the_disk_said():
    """Full or read-only: the words of the system, not "input/output error"."""
    init()
    before = read(CREDENTIALS)
    sh("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "none", "/etc/breakglass/credentials")
    write(CREDENTIALS, before)
    os.chmod(CREDENTIALS, 0o600)
    for step, words in (("fill", "No space left on device"), ("lock", "Read-only file system")):
        if step == "fill":
            with contextlib.suppress(OSError), open("/etc/breakglass/credentials/ballast", "wb", buffering=0) as f:
                while True:
                    f.write(bytes(4096))
        else:
            sh("mount", "-o", "remount,ro", "/etc/breakglass/credentials")
        has(bg("share", "new", "bg1", "--yes", rc=3), words)
        has(bg("disable", "bg1", "--yes", rc=3), words)


def test_cards_that_cannot_be_written():
    init()
    before = read(CREDENTIALS)
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "share", "new", "bg1", "--yes"], stdout=full,
                           stderr=subprocess.PIPE, text=True)
    assert p.returncode == 3 and "BG564" in p.stderr, p
    assert read(CREDENTIALS) == before
    for mode, rc in ((0o644, 1), (0o640, 1), (0o600, 0)):
        with open("/run/cards", "w") as f:
            os.fchmod(f.fileno(), mode)
            p = subprocess.run(["/usr/sbin/breakglass", "share", "new", "bg1", "--yes"], stdout=f,
                               stderr=subprocess.PIPE, text=True)
        assert p.returncode == rc and ("BG561" in p.stderr) == (rc == 1), (oct(mode), p)
        assert (os.path.getsize("/run/cards") == 0) == (rc == 1)


def test_json_cards_that_cannot_be_written():
    init()
    bg("share", "new", "bg1", "--yes")
    before = read(CREDENTIALS)
    reader, writer = os.pipe()
    os.close(reader)
    for out in os.open("/dev/full", os.O_WRONLY), writer:
        p = subprocess.run(["/usr/sbin/breakglass", "share", "new", "bg1", "--yes", "--json", "--replace"], stdout=out,
                           stderr=subprocess.PIPE, text=True)
        os.close(out)
        assert p.returncode == 3 and "BG564" in p.stderr, p
        assert read(CREDENTIALS) == before


def test_cards_on_a_terminal():
    machine_id()
    init()
    go = [("first card", b"\n")] + [("Enter wipes this card", b"\n")] * 3
    asked = "written down? Type \"save\" or \"discard\": "
    rc, out = on_pty(["share", "new", "bg1"], go + [(asked, b"\n"), (asked, b"y\n"), (asked, b"discard\n")])
    assert rc == 1 and "shares" not in read(CREDENTIALS), (rc, out[-300:])
    rc, out = on_pty(["share", "new", "bg1"], go[:2] + [("Enter wipes", b"\x03")])
    assert rc == 1 and "shares" not in read(CREDENTIALS), (rc, out[-300:])
    rc, out = on_pty(["share", "new", "bg1"], go + [(asked, b"\n"), (asked, b"save\n")])
    assert rc == 0, out
    pages = out.split("\033[H\033[2J")
    words = cards("\f".join(p for p in pages if "BREAK-GLASS SHARE" in p))
    assert len(words) == 3
    assert verifier(combine(words[:2]), "bg1", credential()["salt"]) == credential()["verifier"]
    # every card is followed by a clear of screen and scroll-back, and all of it is on the alternate screen
    assert out.index("\033[?1049h") < out.index("BREAK-GLASS") and out.rindex("\033[?1049l") > out.rindex("BREAK-GLASS")
    assert out.count("\033[H\033[2J\033[3J") == 4


def test_no_share_on_record():
    init()
    out = bg_json("share", "new", "bg1", "--yes")
    everything = subprocess.run("cat /var/lib/breakglass/journal/* /etc/breakglass/credentials/* /etc/breakglass/*conf "
                                "/var/lib/breakglass/undo/* 2>/dev/null", shell=True, capture_output=True, text=True).stdout
    for s in out["shares"]:
        assert " ".join(s.split()[2:4]) not in everything
    assert kinds()[-1] == "credential.enrolled" and out["set"] in journal()[-1]["data"]["message"]


def test_share_usage():
    init()
    for args in ((), ("new",), ("new", "bg1", "bg2"), ("new", "bg1", "--shares", "1/3"), ("new", "bg1", "--shares", "4/3"),
                 ("new", "bg1", "--shares", "2/17"), ("new", "bg1", "--shares", "2/3,2/3"), ("new", "bg1", "--bits", "129"),
                 ("new", "bg1", "--exponent", "7"), ("new", "bg1", "--group-threshold", "2"), ("new", "bg1", "--bogus"),
                 ("list", "a", "b"), ("list", "--x"), ("bogus",)):
        bg("share", *args, rc=2)
    has(bg("share", "new", "nobody", "--yes", rc=2), "BG507 nobody")
    has(bg("share", "new", "../bg1", "--yes", rc=2), "BG507")
    has(bg("share", "--help"), "usage:")
    has(bg("share", "new", "--help"), "usage:")


def test_list_without_secrets():
    init()
    has(bg("share", "list"), "ACCOUNT SET NEEDS MADE", "bg1 no share set")
    bg("share", "new", "bg1", "--yes")
    out = bg_json("share", "list", "bg1")
    assert out["sets"][0]["groups"] == [{"threshold": 2, "count": 3}]
    text = json.dumps(out)
    assert credential()["salt"] not in text and credential()["verifier"] not in text


def test_journal_show():
    init()
    bg("share", "new", "bg1", "--yes")
    bg("init", "--account", "bg2", "--yes")
    text = bg("journal", "show")
    has(text, "journal.genesis", "config.changed bg1", "credential.enrolled bg1", "config.changed bg2")
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert text.index("journal.genesis") < text.index("credential.enrolled") < text.index("config.changed       bg2")
    lines = bg("journal", "show", "--json").splitlines()
    raw = open("/var/lib/breakglass/journal/000001.jsonl", encoding="utf-8").read().splitlines()
    assert lines == raw and all(json.loads(x) for x in lines)
    assert bg("journal", "show", "--json", "--last", "2").splitlines() == raw[-2:]
    assert bg("journal", "show", "--json", "--account", "bg2").splitlines() == raw[-1:]
    assert bg("journal", "show", "--json", "--account", "bg1", "--last", "1").splitlines() == raw[2:3]
    for args in (("show", "--last", "0"), ("show", "--last", "x"), ("show", "--bogus"), ("verify", "x"), (), ("x",)):
        bg("journal", *args, rc=2)


def test_journal_show_is_harmless():
    """A line as a hostile or broken program might write it; the chain is not asked here, the escaping is."""
    init()
    hostile = {"type": "org.breakglass.use.granted.v1", "time": "2026-11-22T12:00:00Z\u001b[2J", "subject": "bg1\u0007",
               "sequence": "00000000000000000003", "journalid": "0" * 32, "prevhash": "0" * 64,
               "data": {"message": "x\u009b31m\u202ey", "unmapped": {"breakglass": {
                   "reason": "\u001b]0;t\u0007" + "long word " * 40, "claimed_by": "A\nB", "source": "network"}}}}
    with open("/var/lib/breakglass/journal/000001.jsonl", "a") as f:
        f.write(json.dumps(hostile) + "\n")
    text = bg("journal", "show")
    assert not re.search(r"[^\n\x20-\x7e]", text), text
    has(text, "claimed: A\\u{000A}B", "use.granted", "\\u{202E}")
    assert all(len(line) <= 80 for line in text.splitlines())
    with open("/var/lib/breakglass/journal/000001.jsonl", "a") as f:
        f.write("no json\n")
    has(bg("journal", "show", rc=1), "use.granted", "BG304", "000001.jsonl, line 4")


def test_journal_verify():
    init()
    bg("share", "new", "bg1", "--yes")
    has(bg("journal", "verify"), "intact: 3 lines")
    out = bg_json("journal", "verify")
    assert out["holds"] is True and out["lines"] == 3 and len(out["head"]) == 64
    path = "/var/lib/breakglass/journal/000001.jsonl"
    raw = open(path, "rb").read()
    lines = raw.splitlines(True)
    assert hashlib.sha256(lines[-1][:-1]).hexdigest() == out["head"]
    with open(path, "wb") as f:
        f.write(lines[0] + lines[1].replace(b"init: account bg1", b"init: account bg7") + lines[2])
    text = bg("journal", "verify", rc=1)
    has(text, "BG304", "000001.jsonl, line 2")
    broken = bg_json("journal", "verify", rc=1)
    assert broken["broken"]["line"] == 2 and broken["holds"] is False
    with open(path, "wb") as f:
        f.write(lines[0] + lines[2])
    bg("journal", "verify", rc=1)
    sh("rm", "-rf", "/var/lib/breakglass/journal")
    has(bg("journal", "verify", rc=3), "BG305")
    has(bg("journal", "show", rc=3), "BG305")


def test_status():
    has(bg("status", rc=1), "BG580", "BG525", "BG536")
    init()
    has(bg("status", rc=1), "BG582 bg1 has neither share set nor key")
    bg("share", "new", "bg1", "--yes")
    has(bg("status"), "bg1 uid 0, enabled, sealed", "shares: set " + credential()["set-label"], "No findings.")
    out = bg_json("status")
    assert out["findings"] == [] and out["accounts"][0]["state"] == "sealed"
    assert out["pam"] == {"login": True, "sshd": True, "su": True, "su-l": True}
    has(bg("status", "bg1"), "bg1")
    bg("status", "nobody", rc=2)
    bg("status", "a", "b", rc=2)
    bg("status", "--bogus", rc=2)


def test_status_findings():
    init()
    bg("share", "new", "bg1", "--yes")
    good = {p: read(p) for p in ("/etc/pam.d/su", "/etc/nsswitch.conf", "/etc/breakglass/accounts", CREDENTIALS,
                                 "/etc/breakglass/breakglass.conf", DROPIN)}

    def finds(path, text, *parts):
        write(path, text)
        has(bg("status", rc=1), *parts)
        ids = [f["id"] for f in bg_json("status", rc=1)["findings"]]
        assert parts[0].split()[0] in ids, ids
        write(path, good[path])
        bg("status")

    finds("/etc/pam.d/su", good["/etc/pam.d/su"].replace(LINES["account"], ""), "BG525", "su has no account line",
          "su-l has no account line")
    finds("/etc/nsswitch.conf", good["/etc/nsswitch.conf"].replace("files breakglass ldap", "files ldap"), "BG536")
    finds("/etc/nsswitch.conf", good["/etc/nsswitch.conf"] + "initgroups: files\n", "BG530 /etc/nsswitch.conf, line 6")
    finds("/etc/breakglass/accounts", good["/etc/breakglass/accounts"] + "bg7:x:oops\n",
          "BG601 /etc/breakglass/accounts, line 3")
    finds("/etc/breakglass/breakglass.conf", "[login]\nattempts = 3\nattempst = 4\n",
          "BG601 /etc/breakglass/breakglass.conf, line 3")
    finds("/etc/breakglass/breakglass.conf", "[login]\nattempts = 0\n[sink a]\ntype = mail\n",
          "BG601 /etc/breakglass/breakglass.conf, line 2", "breakglass.conf, line 4: [sink a]")
    finds(CREDENTIALS, good[CREDENTIALS].replace("bytes = 16", "bytes = 17"), "BG601 " + CREDENTIALS + ", line ")
    finds(DROPIN, good[DROPIN].replace("PermitRootLogin yes", "PermitRootLogin no"), "BG542", "PermitRootLogin")
    with open(NSS_MODULE, "r+b") as f:
        f.truncate(5000)
    has(bg("status", rc=1), "BG550 " + NSS_MODULE)


def test_disable_enable():
    init()
    bg("share", "new", "bg1", "--yes")
    before = credential()
    has(bg("disable", "bg1", "--yes"), "now disabled")
    assert credential() == {**before, "enabled": "no"}
    has(bg("status", rc=1), "BG583")
    n = len(journal())
    has(bg("disable", "bg1", "--yes"), "bg1 is already disabled")
    assert len(journal()) == n  # nothing changed, nothing on record
    bg("enable", "bg1", rc=2)  # nobody to ask
    assert credential()["enabled"] == "no"
    assert bg_json("enable", "bg1", "--yes")["changed"] is True
    assert credential() == before
    assert kinds()[-2:] == ["config.changed", "config.changed"]
    assert journal()[-1]["data"]["message"] == "account enabled" and journal()[-1]["subject"] == "bg1"
    rc, out = on_pty(["disable", "bg1"], [("[y/N]", b"y\n")])
    assert rc == 0 and credential()["enabled"] == "no"
    assert journal()[-1]["data"]["session"]["terminal"].startswith("/dev/pts/")
    for args in ((), ("bg1", "bg2"), ("bg1", "--bogus")):
        bg("disable", *args, rc=2)
    bg("disable", "nobody", "--yes", rc=2)


def test_degraded_record_is_told():
    init()
    sh("mount", "--bind", "/var/lib/breakglass/journal", "/var/lib/breakglass/journal")
    sh("mount", "-o", "remount,ro,bind", "/var/lib/breakglass/journal")
    has(bg("disable", "bg1", "--yes"), "BG556", "it went to: run", "now disabled")


def test_without_root():
    init()
    for args in (("status",), ("share", "new", "bg1", "--yes"), ("share", "list"), ("disable", "bg1", "--yes"),
                 ("enable", "bg1", "--yes"), ("journal", "show"), ("journal", "verify")):
        p = subprocess.run(["/usr/sbin/breakglass", *args], text=True, capture_output=True, **NOBODY)
        assert p.returncode == 3 and "BG" in p.stderr, (args, p)


def test_general_usage():
    bg(rc=2)
    bg("bogus", rc=2)
    has(bg("--help"), "usage: breakglass COMMAND", "init", "share", "journal", "status", "disable", "enable")
    has(bg("--version"), "breakglass 0")
    for c in ("init", "share", "journal", "status", "disable", "enable"):
        has(bg(c, "--help"), "usage: breakglass " + c)
    for c in ("show", "verify"):
        has(bg("journal", c, "--help"), "usage: breakglass journal " + c)


def test_environment_is_not_believed():
    init()
    bg("disable", "bg1", "--yes", env={"SUDO_USER": "mallory", "SUDO_UID": "4242", "LOGNAME": "mallory", "USER": "mallory",
                                       "PATH": "/nonexistent"})
    assert "mallory" not in json.dumps(journal()[-1]) and "4242" not in json.dumps(journal()[-1]["data"]["unmapped"])


main(globals())
