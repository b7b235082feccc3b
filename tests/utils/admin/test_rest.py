#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass share, journal, status, disable, enable. usage: test_rest.py BUILDDIR

Shares are joined by tests/tools/slip39 and the verifier is made again with Python's HMAC, so nothing here is held against
the command's own arithmetic alone.
"""
import contextlib, hashlib, hmac, itertools, os, re, shutil, struct, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"
SINK = "[sink relay]\ntype = syslog\npath = /run/relay\n"
# a key of nobody's: its public key is a point of the curve, no signature is ever made with it
KEY = ("[key blue]\ntype = eddsa\nid = 00112233445566778899aabbccddeeff\n"
       "public-key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\nrp-id = breakglass.test\n"
       "aaguid = 00000000000000000000000000000000\nfirmware = 328707\nuv = no\ncreated = 2026-11-22T12:03:24.123456Z\n")


CONF_WATCHED = ("sudo", "sudo-i", "doas", "systemd-run0", "runuser", "runuser-l", "cron", "crond", "atd", "polkit-1", "other")
CONF = "/etc/breakglass/breakglass.conf"


def init():
    """A host whose alarms leave by syslog."""
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))


def credential():
    out = {}
    for line in read(CREDENTIALS).splitlines():
        if " = " in line:
            key, value = line.split(" = ", 1)
            out.setdefault(key, value)
    return out


def combine(shares, rc=0):
    p = subprocess.run([SLIP39, "combine"], input="\n".join(shares) + "\n", text=True, capture_output=True)
    assert p.returncode == rc, (p.returncode, p.stderr)
    return p.stdout.strip()


def verifier(secret_hex, salt_hex):
    salt = bytes.fromhex(salt_hex)
    text = b"breakglass-v2" + len(salt).to_bytes(2, "big") + salt
    return hmac.new(bytes.fromhex(secret_hex), text, "sha256").hexdigest()


def test_every_pair_opens():
    init()
    out = bg_json("share", "new", "bg1", "--yes")
    assert out["account"] == "bg1" and out["threshold"] == 2 and len(out["shares"]) == 3
    assert all(len(s.split()) == 20 for s in out["shares"])
    assert all(" ".join(s.split()[:2]) == out["set"] for s in out["shares"])
    c = credential()
    assert c["set-label"] == out["set"] and c["groups"] == "2/3" and c["bytes"] == "16" and c["enabled"] == "yes"
    for pair in itertools.combinations(out["shares"], 2):
        secret = combine(pair)
        assert len(secret) == 32 and verifier(secret, c["salt"]) == c["verifier"]
        assert secret not in read(CREDENTIALS)
    combine(out["shares"][:1], rc=1)
    assert os.stat(CREDENTIALS).st_mode & 0o7777 == 0o600


def test_groups_and_lengths():
    init()
    out = bg_json("share", "new", "bg1", "--yes", "--bits", "256", "--groups", "2/3,3/5,1/1", "--group-threshold", "2",
                  "--exponent", "1")
    s = out["shares"]
    assert len(s) == 9 and all(len(x.split()) == 33 for x in s)
    c = credential()
    assert c["groups"] == "2/3,3/5,1/1" and c["group-threshold"] == "2" and c["exponent"] == "1"
    for some in (s[0:2] + s[5:8], s[1:3] + s[8:], s[3:6] + s[8:]):
        assert verifier(combine(some), c["salt"]) == c["verifier"]
    combine(s[0:2], rc=1)
    shown = bg("share", "list")
    has(shown, out["label"], "2 of 3 + 3 of 5 + 1 of 1 (2 groups), 256 bits")


def cards(text):
    """Words of each card, in the order of their numbers, as a custodian reads them."""
    out = []
    for card in text.split("\f"):
        words = {int(n): w.lower() for n, w in re.findall(r"\s{2,}(\d+)  ([A-Z]{4}[a-z]*)", card)}
        assert sorted(words) == list(range(1, len(words) + 1)), words
        out.append(" ".join(words[i] for i in sorted(words)))
    return out


def cards_seen(out):
    """Of those that were shown on a terminal."""
    return cards("\f".join(p for p in out.split("\033[H\033[2J") if "BREAK-GLASS CARD" in p))


def wrong(card, at):
    words = card.split()
    words[at] = "acid" if words[at][:4] != "acid" else "academic"
    return " ".join(words)


def test_cards():
    init()
    for bits, count in (("128", 20), ("256", 33)):
        text = bg("share", "new", "bg1", "--yes", "--replace", "--bits", bits)
        assert text.count("\f") == 2 and text.isascii()
        for card in text.split("\f"):
            lines = card.rstrip("\n").split("\n")
            assert len(lines) <= 22 and max(map(len, lines)) <= 80
        has(text, "account bg1", "Card 2 of 3, any 2 open", credential()["label"])
        words = cards(text)
        assert [len(w.split()) for w in words] == [count] * 3
        assert verifier(combine(words[1:]), credential()["salt"]) == credential()["verifier"]


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
    assert read(CREDENTIALS) == before and credential()["label"] in bg("share", "list")


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
        first, then = (e["data"] for e in journal()[-2:])  # told before, and that it came to nothing
        assert first["status_id"] == 1 and "enrolled" in first["message"], first
        assert then["status_id"] == 2 and "could not be enrolled" in then["message"], then
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
        # it was enrolled for a moment, and the record says that it no longer is
        assert kinds()[-2:] == ["credential.enrolled", "credential.revoked"]
        assert "cards could not be written" in journal()[-1]["data"]["message"]


def test_what_others_did_meanwhile_stands():
    """Nothing is saved over a change that came while a person typed; what was asked for is refused, not half done."""
    init()
    card = bg_json("share", "new", "bg1", "--yes")["shares"][0].encode() + b"\n"

    def disabling(typed):
        def type_it(_):
            bg("disable", "bg1", "--yes")
            return typed
        return type_it

    parts = (b"correct horse battery staple\n", b"another long part of the password\n")
    for args, steps in ((["share", "verify", "bg1"], [("Card", disabling(card))]),
                        (["share", "new", "bg1", "--replace"], [("first card", disabling(b"\n"))] +
                         [("Enter wipes this card", b"\n")] * 3 + [("or \"test\": ", b"save\n")]),
                        (["password", "set", "bg1"], [("art 1", parts[0]), ("art 2", disabling(parts[1]))] +
                         [("art 1", parts[0]), ("art 2", parts[1])])):
        bg("enable", "bg1", "--yes")
        before = read(CREDENTIALS).replace("enabled = yes", "enabled = no")
        rc, out = on_pty(args, steps)
        assert rc == 3, (args, rc, out[-1500:])
        has(out, "BG828")
        assert read(CREDENTIALS) == before, args


def test_a_damaged_file_is_not_replaced():
    """It may say who may come from where, or nobody at all: that is not dropped."""
    init()
    text = read(CREDENTIALS).replace("enabled = yes", "enabled = no\nopen = armed\nfrom = consol")
    write(CREDENTIALS, text, 0o600)
    has(bg("share", "new", "bg1", "--yes", "--replace", rc=3), "BG601", "line")
    assert read(CREDENTIALS) == text


def test_lost_cards_put_back_what_was_there():
    """Byte for byte; none where there was none."""
    init()
    for text in (None, read(CREDENTIALS) + "# mine\n"):
        os.unlink(CREDENTIALS)
        if text is not None:
            write(CREDENTIALS, text, 0o600)
        with open("/dev/full", "w") as full:
            p = subprocess.run(["/usr/sbin/breakglass", "share", "new", "bg1", "--yes", "--json", "--replace"], stdout=full,
                               stderr=subprocess.PIPE, text=True)
        assert p.returncode == 3 and "BG564" in p.stderr, p
        assert (read(CREDENTIALS) if os.path.exists(CREDENTIALS) else None) == text
        write(CREDENTIALS, text or "", 0o600)


def test_cards_on_a_terminal():
    init()
    go = [("first card", b"\n")] + [("Enter wipes this card", b"\n")] * 3
    asked = 'written down? Type "save", "discard" or "test": '
    rc, out = on_pty(["share", "new", "bg1"], go + [(asked, b"\n"), (asked, b"y\n"), (asked, b"discard\n")])
    assert rc == 1 and "shares" not in read(CREDENTIALS), (rc, out[-300:])
    for steps in ([("first card", b"\x03")], go[:2] + [("Enter wipes", b"\x03")], go[:3] + [("Enter wipes", b"\n\x03")],
                  [("first card", b"x\n\x03")]):
        rc, out = on_pty(["share", "new", "bg1"], steps)
        assert rc == 1 and "shares" not in read(CREDENTIALS), (rc, out[-300:])
        assert "BG563 The set could not be saved: cancelled." in out, out[-300:]
    rc, out = on_pty(["share", "new", "bg1"], go + [(asked, b"save it\n"), (asked, "\033[200~\u201csave\u201d.\033[201~\n".encode())])
    assert rc == 0, out
    words = cards_seen(out)
    assert len(words) == 3
    assert verifier(combine(words[:2]), credential()["salt"]) == credential()["verifier"]
    # every card is followed by a clear of screen and scroll-back, and all of it is on the alternate screen
    assert out.index("\033[?1049h") < out.index("BREAK-GLASS") and out.rindex("\033[?1049l") > out.rindex("BREAK-GLASS")
    assert out.count("\033[H\033[2J\033[3J") == 4


def shows(out, card):
    """Two neighbours of the card that are not its label; a single word may be one of a sentence."""
    words, said = card.lower().split()[2:], " ".join(out.lower().split())
    return any(f"{a} {b}" in said for a, b in zip(words, words[1:]))


def test_new_card_typed_back():
    init()
    go = [("first card", b"\n")] + [("Enter wipes this card", b"\n")] * 3
    asked, typing = 'Type "save", "discard" or "test": ', "Card, words 1-20, hidden: "
    second = lambda seen: cards_seen(seen)[1].encode() + b"\n"
    # given up, a word wrong and put right, and at once
    rc, out = on_pty(["share", "new", "bg1"], go + [
        (asked, b"test\n"), (typing, b"\x03"), ("BG567", b""),
        (asked, b"test\n"), (typing, lambda seen: wrong(cards_seen(seen)[0], 6).encode() + b"\n"), ("BG204 Only word 7", b""),
        ("Word 7 only: ", lambda seen: cards_seen(seen)[0].split()[6].encode() + b"\n"), ("card 1 of 3", b""),
        (asked, b"test\n"), (typing, second), ("card 2 of 3, set", b""), (asked, b"discard\n")])
    assert rc == 1 and "shares" not in read(CREDENTIALS) and kinds()[-1] == "config.changed", (rc, out[-500:])
    old = bg_json("share", "new", "bg1", "--yes")["shares"][0].encode() + b"\n"
    rc, out = on_pty(["share", "new", "bg1", "--replace"], go + [
        (asked, b"test\n"), (typing, second), ("card 2 of 3, set", b""), (asked, b"save\n")])
    assert rc == 0, (rc, out[-500:])
    rc, out = on_pty(["share", "new", "bg1", "--replace"], go + [
        (asked, b"test\n"), (typing, old), ("BG2", b""), (asked, b"discard\n")])
    assert rc == 1


def test_card_typed_back():
    init()
    refused("share", "verify", "bg1", "--card-stdin", says=("BG565",), rc=1)
    text = bg("share", "new", "bg1", "--yes")
    label, before, n = credential()["label"], read(CREDENTIALS), len(journal())

    def test(typed, *says, rc=0):
        out = bg("share", "verify", "bg1", "--card-stdin", stdin=typed, rc=rc)
        has(out, *says)
        assert not shows(out, typed), out

    for i, card in enumerate(text.split("\f")):
        has(card, f"Card {i + 1} of 3")
        words = cards(card)[0]
        for typed in (words, words.upper().replace(" ", "\n"), " ".join(w[:4] for w in words.split())):
            test(typed + "\n", f"Every word is right: card {i + 1} of 3, set {label} of bg1.")
        # the card itself, copied from a file, its lines as they come; and what a PDF or a chat makes of it
        block = "\n".join(x for x in card.split("\n") if re.match(r"\s+\d+  [A-Z]{4}", x))
        copied = [x for line in block.split("\n") for x in re.findall("[A-Z]{4}[a-z]*", line)]
        assert " ".join(copied).lower() == words, "the words are printed in the order in which they are read"
        for typed in (block, block.replace("  ", "\u00a0"), ", ".join(words.split()) + ".", "\u200b".join(words.split()),
                      " ".join(f"\u201c{w}\u201d" for w in words.split()), f"\033[200~{words}\033[201~"):
            test(typed + "\n", f"Every word is right: card {i + 1} of 3")
    test(words, "card 3 of 3")  # without a newline
    test(wrong(words, 4) + "\n", "BG204 Only word 5 is wrong", "BG567", rc=1)
    test(wrong(words, 4) + "\n" + words.split()[4] + "\n", "card 3 of 3")
    test(wrong(wrong(words, 4), 9) + "\n", "BG209", "BG567", rc=1)
    test(" ".join(words.split()[:19]) + "\n", "BG567", rc=1)
    test("x" * 600 + "\n", "BG213", "BG567", rc=1)
    test("", "BG567", rc=1)
    out = json.loads(bg("share", "verify", "bg1", "--card-stdin", "--json", stdin=words))
    assert (out["set"], out["group"], out["card"], out["exit"], out["findings"]) == (credential()["set-label"], 1, 3, 0, []), out
    assert out["label"] == label
    bg("init", "--account", "bg2", "--yes")
    other = bg_json("share", "new", "bg2", "--yes", "--bits", "256", "--groups", "2/3,3/5")["shares"]
    test(other[0], "BG214 Wrong card: it has 33 words, not 20", rc=1)
    has(bg("share", "verify", "bg2", "--card-stdin", stdin=other[4]), "card 2 of 5 of group 2")
    n = len(journal())
    bg_json("share", "new", "bg1", "--yes", "--replace")
    test(words, "BG261 Wrong card: this one is of an older set", rc=1)
    assert kinds()[-1] == "credential.inspected"
    refused("share", "verify", "bg1", says=("BG566", "--card-stdin"))  # nobody types here
    refused("share", "verify", "nobody", "--card-stdin", says=("BG507",))
    assert len(journal()) == n + 2 and before != read(CREDENTIALS)


def test_card_typed_back_on_a_terminal():
    init()
    words = bg_json("share", "new", "bg1", "--yes")["shares"][1]
    half = [(" ".join(words.split()[:9]) + "\n").encode(), (" ".join(words.split()[9:]) + "\n").encode()]
    typing = "Card, words 1-20, hidden: "
    rc, out = on_pty(["share", "verify", "bg1"], [(typing, half[0]), ("BG203 9 words so far", b""), ("Words 10-20, hidden: ", half[1])])
    assert rc == 0 and "card 2 of 3" in out and not shows(out, words), out
    for given_up in (b"\x03", b"\x04", b"\n"):
        rc, out = on_pty(["share", "verify", "bg1"], [(typing, given_up)])
        assert rc == 1 and "BG567" in out, (given_up, rc, out)
        assert ("cancelled" in out) == (given_up == b"\x03"), (given_up, out)
    rc, out = on_pty(["share", "verify", "bg1", "--json"], [])
    assert rc == 2 and "BG566" in out, out


def test_no_share_on_record():
    init()
    out = bg_json("share", "new", "bg1", "--yes")
    everything = subprocess.run("cat /var/lib/breakglass/journal/* /etc/breakglass/credentials/* /etc/breakglass/*conf "
                                "/var/lib/breakglass/undo/* 2>/dev/null", shell=True, capture_output=True, text=True).stdout
    for s in out["shares"]:
        assert " ".join(s.split()[2:4]) not in everything
    assert kinds()[-1] == "credential.enrolled" and credential()["label"] in journal()[-1]["data"]["message"]


def refused(*args, says, rc=2):
    """It is refused for the reason that is named, in text and in JSON, and the journal does not grow."""
    n = len(journal())
    has(bg(*args, rc=rc), *says)
    out = bg_json(*args, rc=rc)
    assert [f["id"] for f in out["findings"]] == [says[0].split()[0]], out
    assert len(journal()) == n


def test_share_usage():
    init()
    before = read(CREDENTIALS)
    for args, says in (
            (("new",), ("BG508", "needs ACCOUNT")), (("new", "bg1", "bg2"), ("BG517", "bg2")),
            (("new", "bg1", "--shares", "1/3"), ("BG503", "1/3", "--shares")),
            (("new", "bg1", "--shares", "4/3"), ("BG503",)), (("new", "bg1", "--shares", "2/17"), ("BG503",)),
            (("new", "bg1", "--shares", "2/3,2/3"), ("BG503",)), (("new", "bg1", "--bits", "129"), ("BG503", "129", "128 or 256")),
            (("new", "bg1", "--exponent", "7"), ("BG503", "7", "0 to 6")),
            (("new", "bg1", "--group-threshold", "2"), ("BG503", "--group-threshold", "at most the number of groups")),
            (("new", "bg1", "--bogus"), ("BG502", "--bogus")), (("new", "bg1", "--yes=x"), ("BG529", "--yes=x")),
            (("list", "a", "b"), ("BG517",)),
            (("list", "--x"), ("BG502",)), (("bogus",), ("BG501", "share bogus")), (("nwe", "bg1"), ("BG509", "share new")),
            (("new", "nobody", "--yes"), ("BG507", "nobody")), (("new", "../bg1", "--yes"), ("BG507",)),
            (("new", "bg1"), ("BG506", "Add --yes"))):
        refused("share", *args, says=says)
    has(bg("share", "new", "bg1", "--shares", rc=2), "BG516", "--shares")
    assert read(CREDENTIALS) == before
    has(bg("share", rc=2), "usage: breakglass share COMMAND", "share new")
    has(bg("share", "--help"), "usage: breakglass share COMMAND")


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
    today = time.strftime("%Y-%m-%d", time.gmtime(os.stat("/var/lib/breakglass/journal/000001.jsonl").st_mtime))
    rows = text.splitlines()
    assert rows[:2] == ["TIME     WHAT                 ACCOUNT    WHO             FROM            RESULT", today + " (UTC)"], text
    assert re.fullmatch(r"\d\d:\d\d:\d\d config.changed       bg1        uid 0           \S* +ok", rows[3]), text
    assert all(len(line) <= 80 for line in rows), text
    assert [r.split()[1:3] for r in rows[3:]] == [["config.changed", "bg1"], ["credential.enrolled", "bg1"], ["config.changed", "bg2"]]
    has(bg("journal", "show", "--details"), "journal.genesis", "config.changed bg1", "says: ")
    has(bg("journal", "show", "--details", "--last", "1"), "config.changed bg2")
    lines = bg("journal", "show", "--json").splitlines()
    raw = open("/var/lib/breakglass/journal/000001.jsonl", encoding="utf-8").read().splitlines()
    assert lines == raw and all(json.loads(x) for x in lines)
    assert bg("journal", "show", "--json", "--last", "2").splitlines() == raw[-2:]
    assert bg("journal", "show", "--json", "--account", "bg2").splitlines() == raw[-1:]
    assert bg("journal", "show", "--json", "--account", "bg1", "--last", "1").splitlines() == raw[2:3]
    for args, says in ((("show", "--last", "0"), ("BG503", "1 to 100000")), (("show", "--last", "x"), ("BG503",)),
                       (("show", "--bogus"), ("BG502",)), (("verify", "x"), ("BG517",)), (("x",), ("BG501",)),
                       (("show", "--since", "yesterday"), ("BG503",)), (("show", "--use", "1"), ("BG503",))):
        refused("journal", *args, says=says)


def test_journal_show_since_and_use():
    init()
    path = "/var/lib/breakglass/journal/000001.jsonl"
    line = read(path).splitlines()[0]  # number 1: nothing is missing before it
    use = "01HF3ZZZZZ0000000000000000"
    when = lambda t: re.sub(r'"time":"[^"]*"', '"time":"' + t + '"', line) + "\n"
    old = when("2001-02-03T04:05:06.789Z")
    with open(path, "w") as f:
        f.write(old + re.sub(r'"breakglass":{', '"breakglass":{"use":"' + use + '",', line) + "\n")
    show = lambda *args: len(bg("journal", "show", "--json", *args).splitlines())
    has(bg("journal", "show", "--use", use), "use: " + use, "says: ")
    assert show() == 2 and show("--use", use) == 1 and show("--use", use[:-1] + ("2" if use[-1] == "1" else "1")) == 0
    assert show("--since", "2001-02-03") == 2 and show("--since", "2001-02-04") == 1
    assert show("--since", "2001-02-03T04:05") == 2 and show("--since", "2001-02-03T04:05:07Z") == 1
    assert show("--since", "1h") == 1 and show("--since", "30000d") == 2
    assert show("--since", "2001-02-04", "--last", "2") == 1
    # ten minutes, hours and days ago, in each unit; no bound is nearer than 30 seconds
    for unit, seconds in ("s", 1), ("m", 60), ("h", 3600), ("d", 86400):
        at = time.gmtime(time.time() - 10 * max(seconds, 60))
        with open(path, "w") as f:
            f.write(old + when(time.strftime("%Y-%m-%dT%H:%M:%S.000Z", at)))
        n = 10 * max(seconds, 60) // seconds
        assert show("--since", f"{n - n // 20 - 1}{unit}") == 0 and show("--since", f"{n + n // 20 + 1}{unit}") == 1, unit


def test_journal_show_last_reads_no_more_than_it_shows():
    init()
    path = "/var/lib/breakglass/journal/000001.jsonl"
    newest = read(path).splitlines(True)[-1]
    with open(path.replace("1.jsonl", "2.jsonl"), "w") as f:
        f.write(newest * 3)
    os.chmod(path.replace("1.jsonl", "2.jsonl"), 0o640)
    os.chmod(path, 0o666)  # nobody may read it
    bg("journal", "show", rc=3)
    assert bg("journal", "show", "--json", "--last", "3") == newest * 3


def test_journal_follow():
    init()
    p = subprocess.Popen(["/usr/sbin/breakglass", "journal", "show", "--follow", "--json", "--last", "1"], stdout=subprocess.PIPE,
                         text=True)
    assert "config.changed" in p.stdout.readline()
    bg("disable", "bg1", "--yes")
    assert "account disabled" in p.stdout.readline()
    p.terminate()
    p.wait(10)


def test_journal_pages_on_a_terminal():
    init()
    rc, out = on_pty(["journal", "show"], [], env={"PAGER": "sed s/^/paged:/"})
    assert rc == 0 and "paged:" in out and out.count("paged:") == out.count("\n"), out
    with open("/var/lib/breakglass/journal/000001.jsonl", "r+") as f:
        f.write("".join(f.read().splitlines(True)[1:] * 2000))  # more than a pipe holds
    rc, out = on_pty(["journal", "show"], [], env={"PAGER": "true"})  # left early
    assert rc == 0
    rc, out = on_pty(["journal", "show", "--json"], [], env={"PAGER": "sed s/^/paged:/"})
    assert "paged:" not in out
    assert "paged:" not in bg("journal", "show", env={"PAGER": "sed s/^/paged:/"})


def test_journal_show_json_is_harmless_on_a_terminal():
    """The same JSON, with escapes for what a terminal would obey; a pipe gets the bytes."""
    init()
    line = open("/var/lib/breakglass/journal/000001.jsonl", encoding="utf-8").read().splitlines()[0]
    odd = line.replace('"message":"', '"message":"\x9b31m\u202ey\x7f\U000e0041Gr\u00fc\u00dfe \U0001f511 ').replace("{", "{\t\r", 1)
    assert odd != line
    with open("/var/lib/breakglass/journal/000001.jsonl", "w", encoding="utf-8", newline="") as f:
        f.write(odd + "\n")
    rc, out = on_pty(["journal", "show", "--json"], [])
    assert rc == 0 and json.loads(out) == json.loads(odd), out
    assert "\\u009B31m\\u202Ey\\u007F\\uDB40\\uDC41Gr\u00fc\u00dfe \U0001f511 " in out and out.count("\r") == 1, out
    p = subprocess.run(["/usr/sbin/breakglass", "journal", "show", "--json"], capture_output=True)
    assert p.stdout == (odd + "\n").encode(), p


def test_journal_show_is_harmless():
    """A line as a hostile or broken program might write it; the chain is not asked here, the escaping is."""
    init()
    hostile = {"type": "org.breakglass.use.granted.v1", "time": "2026-11-22T12:00:00Z\u001b[2J", "subject": "bg1\u0007",
               "sequence": "00000000000000000003", "journalid": "0" * 32, "prevhash": "0" * 64,
               "data": {"message": "x\u009b31m\u202ey", "unmapped": {"breakglass": {
                   "reason": "\u001b]0;t\u0007" + "long word " * 40, "claimed_by": "A\nB", "source": "network"}}}}
    with open("/var/lib/breakglass/journal/000001.jsonl", "a") as f:
        f.write(json.dumps(hostile) + "\n")
    for details in (), ("--details",):
        text = bg("journal", "show", *details)
        assert not re.search(r"[^\n\x20-\x7e]", text), text
        assert all(len(line) <= 80 for line in text.splitlines())
    has(text, "claimed: A\\u{000A}B", "use.granted", "\\u{202E}")
    assert "12:00:00 use.granted          bg1\\u{000~ A\\u{000A}B      network         FAILED\n" in bg("journal", "show")
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
    has(bg("journal", "verify", rc=1), "BG303", "its 3 lines are gone")
    has(bg("status", rc=1), "BG303")
    has(bg("journal", "show", rc=3), "BG305")
    os.remove("/var/lib/breakglass/head")
    os.remove("/run/breakglass/journal/durable")
    has(bg("journal", "verify", rc=3), "BG305")


def logged_in(path, user, kind=7, ago=0):
    """One more record of utmp(5) as glibc has it where long has 32 or 64 bits of x86 or arm."""
    with open(path, "ab") as f:
        f.write(struct.pack("hi32s4s32s256shhiii4i20x", kind, 4711, b"pts/3", b"3", user.encode(), b"host.test", 0, 0, 0,
                            int(time.time()) - ago, 0, 0, 0, 0, 0))


def host_logs():
    """Logs in which some lines are about bg1, and some hold what must not get out."""
    for name in ("auth.log", "wtmp", "btmp", "audit/audit.log"):
        os.makedirs(os.path.dirname("/var/log/" + name), exist_ok=True)
        subprocess.run(["rm", "-f", "/var/log/" + name], check=True)
    write("/var/log/auth.log", "Nov 22 12:00:00 h sshd[7]: Invalid user hunter2 from 192.0.2.7\n"
          "Nov 22 12:00:01 h su[8]: pam_unix(su:session): session opened for user bg1\x1b[2J\n"
          "Nov 22 12:00:02 h su[8]: session opened for user bg11\nNov 22 12:00:03 h breakglass[9]: @cee: {}\n")
    os.chmod("/var/log/auth.log", 0o666)  # it is somebody else's
    for user, ago in ("alice", 0), ("bg1", 10), ("longago", 86400 * 30):
        logged_in("/var/log/wtmp", user, ago=ago)
    for user in "hunter3", "bg1":
        logged_in("/var/log/btmp", user, kind=6)
    uid = [r for r in read("/etc/breakglass/accounts").splitlines() if r.startswith("bg1:")][1].split(":")[2]
    write("/var/log/audit/audit.log", f"type=SYSCALL msg=audit(1.0:1): auid={uid} uid=0 ses=5 exe=\"/usr/bin/id\"\n"
          "type=SYSCALL msg=audit(1.0:2): auid=1000 uid=0 ses=6 exe=\"/usr/bin/hunter4\"\n"
          "type=USER_LOGIN msg=audit(1.0:3): auid=1000 uid=0 msg='op=login acct=\"bg1\" res=failed'\n")


def test_journal_export():
    """tar(1) and sha256sum(1) read it; twice the same; no secret; nothing is replaced."""
    init()
    bg("share", "new", "bg1", "--yes")
    host_logs()
    os.makedirs("/etc/breakglass/secrets", exist_ok=True)
    write("/etc/breakglass/secrets/pager", "whsec_hunter5\n")
    out = bg_json("journal", "export", "/run/one.tar")
    raw = open("/run/one.tar", "rb").read()
    assert out["events"] == 3 and out["file"] == "/run/one.tar" and hashlib.sha256(raw).hexdigest() == out["hash"], out
    assert os.stat("/run/one.tar").st_mode & 0o7777 == 0o600 and len(raw) % 10240 == 0
    names = ["events.jsonl", "verification.json", "auth-log.txt", "wtmp.txt", "btmp.txt", "audit.txt", "configuration.sha256", "changed-in-etc.txt", "versions.txt",
             "SHA256SUMS"]
    listed = sh("tar", "-tvf", "/run/one.tar", capture_output=True, text=True)
    assert listed.stderr == "" and [r.split()[-1] for r in listed.stdout.splitlines()] == ["breakglass-evidence/" + n for n in names], listed
    assert all(r.startswith("-rw------- root/root ") for r in listed.stdout.splitlines()), listed.stdout
    sh("tar", "-xf", "/run/one.tar", "-C", "/run")
    checked = sh("sha256sum", "-c", "SHA256SUMS", cwd="/run/breakglass-evidence", capture_output=True, text=True)
    assert checked.stdout.count(": OK\n") == len(names) - 1, checked.stdout
    part = {n: read("/run/breakglass-evidence/" + n) for n in names}
    assert {f["name"]: f["size"] for f in out["files"]} == {n: len(t.encode()) for n, t in part.items()}
    assert part["events.jsonl"] == read("/var/lib/breakglass/journal/000001.jsonl")
    assert json.loads(part["verification.json"])["holds"] is True
    assert part["auth-log.txt"].splitlines() == [
        "# /var/log/auth.log begins at Nov 22 12:00:00", "Nov 22 12:00:01 h su[8]: pam_unix(su:session): session opened for user bg1\\u{001B}[2J", "Nov 22 12:00:03 h breakglass[9]: @cee: {}"]
    assert [re.sub("^[^ ]* ", "", r) for r in part["wtmp.txt"].splitlines()] == [
        "user pid=4711 line=pts/3 user=alice host=host.test", "user pid=4711 line=pts/3 user=bg1 host=host.test"], part["wtmp.txt"]
    assert "user=bg1 " in part["btmp.txt"] and part["btmp.txt"].count("\n") == 1
    assert [re.search(r":(\d)\)", r).group(1) for r in part["audit.txt"].splitlines()] == ["1", "1", "3"], part["audit.txt"]
    sh("sha256sum", "--quiet", "-c", "/run/breakglass-evidence/configuration.sha256")
    has(part["configuration.sha256"], "/etc/breakglass/breakglass.conf", CREDENTIALS, "/etc/pam.d/login", "pam_breakglass.so", HELPER)
    assert b"hunter" not in raw and not any("secrets" in t for n, t in part.items() if n != "changed-in-etc.txt")
    bg("journal", "export", "/run/two.tar")
    assert open("/run/two.tar", "rb").read() == raw
    has(bg("journal", "export", "/run/two.tar", rc=3), "BG891")
    assert open("/run/two.tar", "rb").read() == raw and sorted(glob.glob("/run/*.tar*")) == ["/run/one.tar", "/run/two.tar"]
    has(bg("journal", "export", "/run/no/such.tar", rc=3), "BG892", "No such file or directory")
    sh("mount", "-t", "tmpfs", "-o", "size=16k", "none", "/mnt")
    has(bg("journal", "export", "/mnt/full.tar", rc=3), "BG892", "No space left on device")
    assert os.listdir("/mnt") == []


def test_journal_export_of_a_use():
    """Only its lines; what is missing on the host is named; a broken journal is exported, and said to be broken."""
    init()
    use, path = "01HF3ZZZZZ0000000000000000", "/var/lib/breakglass/journal/000001.jsonl"
    line = read(path).splitlines(True)[1]
    with open(path, "a") as f:
        f.write(re.sub(r'"breakglass":{', '"breakglass":{"use":"' + use + '",', line))
    for name in ("wtmp", "btmp", "audit/audit.log", "auth.log", "secure"):
        subprocess.run(["rm", "-f", "/var/log/" + name], check=True)
    has(bg("journal", "export", "/run/use.tar", "--use", use, rc=1), "BG304", "1 event")
    sh("tar", "-xf", "/run/use.tar", "-C", "/run")
    pack = "/run/breakglass-evidence/"
    assert read(pack + "events.jsonl") == read(path).splitlines(True)[-1]
    assert json.loads(read(pack + "verification.json"))["broken"]["line"] == 3
    for name, log in ("wtmp.txt", "wtmp"), ("audit.txt", "audit/audit.log"), ("auth-log.txt", "auth.log"):
        has(read(pack + name), f"# /var/log/{log}: No such file or directory")
    assert bg_json("journal", "export", "/run/late.tar", "--since", "2999-01-01", rc=1)["events"] == 0
    refused("journal", "export", says=("BG508",))
    refused("journal", "export", "/run/x.tar", "--since", "yesterday", says=("BG503",))


def test_journal_export_of_odd_logs():
    """Blocks of NUL bytes end no log; an old or empty one keeps nobody from asking systemd's journal; rotated ones are named."""
    init()
    bg("share", "new", "bg1", "--yes")
    host_logs()
    write("/tmp/journalctl", "#!/bin/sh\necho 2026-11-22T12:00:09+0000 h login[4]: of bg1 in the journal\n")
    os.chmod("/tmp/journalctl", 0o755)
    write("/usr/bin/journalctl", "") if not os.path.exists("/usr/bin/journalctl") else None
    sh("mount", "--bind", "/tmp/journalctl", "/usr/bin/journalctl")

    def auth(n):
        bg("journal", "export", f"/run/{n}.tar")
        return sh("tar", "-xOf", f"/run/{n}.tar", "breakglass-evidence/auth-log.txt", capture_output=True, text=True).stdout.splitlines()

    whole = read("/var/log/auth.log")
    assert auth("a")[0] == "# /var/log/auth.log begins at Nov 22 12:00:00" and not any("in the journal" in x for x in auth("b"))
    write("/var/log/auth.log", "\0" * 5000 + "2026-11-22T11:59:58+00:00 hunter2\n" + "Nov 22 12:00:00 h\0" + "\0" * 20000 + "su: bg1 x\n\0\n" + whole)
    write("/var/log/auth.log.1", "")
    out = auth("c")
    assert out[:2] == ["# /var/log/auth.log begins at 2026-11-22T11:59:58+00:00", "# not looked at: /var/log/auth.log.1"], out
    assert "Nov 22 12:00:00 h\\u{0000}su: bg1 x" in out and len([x for x in out if "bg1" in x]) == 2 and out[-1].endswith("@cee: {}"), out
    for text, old in ("", False), (whole, True), ("Nov 22 12:00:00 h cron[1]: of nobody\n", False):
        write("/var/log/auth.log", text)
        if old:
            os.utime("/var/log/auth.log", (1, 1))
        out = auth(f"d{len(text)}")
        assert out[-1] == "2026-11-22T12:00:09+0000 h login[4]: of bg1 in the journal", out
        assert out[0] == "# /var/log/auth.log begins at " + ("Nov 22 12:00:00" if text else "nothing: it is empty"), out
        assert ("opened for user bg1\\u" in "".join(out)) == old, out


def test_journal_accept():
    """What was done to the journal stays a finding until a person has explained it."""
    init()
    path = "/var/lib/breakglass/journal/000001.jsonl"
    refused("journal", "accept", says=("BG503",))
    has(bg("journal", "accept", "--reason", "none", "--yes"), "nothing to accept")
    open(path, "w").close()
    has(bg("journal", "verify", rc=1), "BG303", "cut in place")
    bg("share", "new", "bg1", "--yes")  # the next event
    assert kinds()[:1] == ["tamper.detected"], kinds()
    out = bg_json("journal", "verify", rc=1)
    assert out["holds"] is True and out["alarms"] == 1 and out["missing"] == ""
    has(bg("journal", "verify", rc=1), "BG317", "BG303")
    has(bg("status", rc=1), "BG317")
    assert bg_json("journal", "accept", "--reason", "a rule of logrotate", "--yes", rc=0)["accepted"] == 1
    assert "a rule of logrotate" in journal()[-1]["data"]["message"]
    bg("journal", "verify")
    bg("status", rc=0)


def test_status():
    out = bg("status", rc=1)
    has(out, "BG592 breakglass is not set up")
    assert out.count("\n") == 1, out
    assert [f["id"] for f in bg_json("status", rc=1)["findings"]] == ["BG592"]
    init()
    has(bg("status", rc=1), "OWN-02 BLOCK: bg1 has neither share set nor key")
    bg("share", "new", "bg1", "--yes")
    has(bg("status"), "bg1 uid 0, enabled, sealed", "shares: set " + credential()["label"], "No findings.")
    assert "intact" not in bg("status") and "No findings" not in bg("status", "--quiet")
    has(bg("status", "--all"), "The journal is intact: 3 lines")
    out = bg_json("status")
    assert out["findings"] == [] and out["accounts"][0]["state"] == "sealed"
    assert out["pam"] == {"login": True, "sshd": True, "su": True, "su-l": True}
    has(bg("status", "bg1"), "bg1")
    bg("status", "nobody", rc=2)
    bg("status", "a", "b", rc=2)
    bg("status", "--bogus", rc=2)


def test_status_of_a_host_that_changed():
    init()
    write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    bg("share", "new", "bg1", "--yes")
    good = read(CREDENTIALS)
    assert bg_json("status")["accounts"][0]["factors"][0]["host_identity"] == "same"
    for text, said in (("ffffffffffffffffffffffffffffffff\n", "another machine-id"), ("", "/etc/machine-id is empty"),
                       ("uninitialized\n", "/etc/machine-id holds no id"), (None, "/etc/machine-id is missing")):
        os.unlink("/etc/machine-id")
        if text is not None:
            write("/etc/machine-id", text)
        has(bg("status", rc=1), "BG226 Credentials of bg1 are from another host", said, "share set")
        assert bg_json("status", rc=1)["accounts"][0]["factors"][0]["host_identity"] == "changed"
    write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    os.chmod("/etc/machine-id", 0o664)
    has(bg("status"), "No findings.")
    # the old kind is told as long as it works, too
    write(CREDENTIALS, re.sub("host = .*\n", "", good), 0o600)
    has(bg("status", rc=1), "BG227 The share set of bg1 opens only as long as this host keeps its machine-id")
    out = bg_json("share", "new", "bg1", "--yes", "--replace")
    has(bg("status"), "No findings.")
    card = out["shares"][0]
    assert "BG227" not in bg("share", "verify", "bg1", "--card-stdin", stdin=card)
    write(CREDENTIALS, re.sub("host = .*\n", "", read(CREDENTIALS)), 0o600)
    os.unlink("/etc/machine-id")
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=card), "card 1 of 3", "BG227", "/etc/machine-id is missing")


def counted(rc=0):
    """How many findings check has, once two runs agree: on a busy machine a probe may run into its bound."""
    seen = []
    until("two runs agree", lambda: seen.append(bg_json("status", rc=rc)["check"]) or seen[-2:-1] == seen[-1:])
    return seen[-1]


def test_status_tells_what_check_finds():
    """What shuts the account out as a finding, what does not as a number."""
    init()
    bg("share", "new", "bg1", "--yes")
    for path in ("/etc/hosts.allow", "/etc/hosts.deny"):
        write(path, "")
    before = counted()
    write("/etc/hosts.deny", "sshd: ALL\n")
    until("one more BLOCK", lambda: counted(1) == {**before, "block": before["block"] + 1})
    has(bg("status", rc=1), "SSH-13 BLOCK:", "/etc/hosts.deny", f"check: {before['block'] + 1} BLOCK")
    out = bg_json("status", rc=1)
    assert [f["id"] for f in out["findings"]] == ["SSH-13"], out["findings"]
    assert [f["id"] for f in bg_json("check", rc=1)["findings"] if f["severity"] == "BLOCK"].count("SSH-13") == 1
    write("/etc/hosts.deny", "")
    until("none more", lambda: counted() == before)


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
          "ACC-01 BLOCK:", "BG601 /etc/breakglass/accounts, line 3")
    finds("/etc/breakglass/breakglass.conf", "[login]\nattempts = 3\nattempst = 4\n",
          "BG601 /etc/breakglass/breakglass.conf, line 3")
    finds("/etc/breakglass/breakglass.conf", "[login]\nattempts = 0\n[sink a]\ntype = telegraph\n",
          "BG601 /etc/breakglass/breakglass.conf, line 2", "breakglass.conf, line 4: [sink a]")
    finds(CREDENTIALS, good[CREDENTIALS].replace("bytes = 16", "bytes = 17"), "OWN-01 BLOCK:", CREDENTIALS + ", line ")
    finds(DROPIN, good[DROPIN].replace("PermitRootLogin yes", "PermitRootLogin no"), "SSH-03 BLOCK:", f"PermitRootLogin no ({DROPIN}, line ")
    finds(DROPIN, good[DROPIN].replace("MaxAuthTries 20", "MaxAuthTries 2"), "SSH-09 RISK:", f"MaxAuthTries 2 ({DROPIN}, line ")
    finds(DROPIN, re.sub("TrustedUserCAKeys .*\n", "", good[DROPIN]) + "TrustedUserCAKeys /etc/ssh/ca\n", "SSH-16 RISK:", "TrustedUserCAKeys /etc/ssh/ca instead of none")
    finds("/etc/breakglass/breakglass.conf", SINK, "BG344")
    path = "/var/lib/breakglass/journal/000001.jsonl"
    good[path] = read(path)
    finds(path, good[path].replace("init: account bg1", "init: account bg7"), "BG304 The journal is broken", "line 2")
    with open(NSS_MODULE, "r+b") as f:
        f.truncate(5000)
    has(bg("status", rc=1), "NSS-01 BLOCK: libnss_breakglass.so.2 cannot be loaded")
    out = bg_json("status", rc=1)
    assert not out["modules"] and not out["accounts"][0]["known"], out


def test_status_says_a_thing_once():
    """One line of our own is gone from a file of PAM or of names: what check says of that file is all that is said of it."""
    init()
    bg("share", "new", "bg1", "--yes")
    assert bg_json("status")["sshd"] and bg_json("status")["nsswitch"]
    names = read("/etc/nsswitch.conf")
    write("/etc/nsswitch.conf", names.replace("breakglass ", ""))
    out = bg_json("status", rc=1)
    assert [f["id"] for f in out["findings"]] == ["NSS-01"] and not out["nsswitch"] and not out["accounts"][0]["known"], out
    write("/etc/nsswitch.conf", names)
    su = read("/etc/pam.d/su")
    write("/etc/pam.d/su", "auth required pam_deny.so\n" + su)
    out = bg_json("status", rc=1)
    assert {f["id"] for f in out["findings"]} == {"PAM-03"} and not out["pam"]["su"], out
    write("/etc/pam.d/su", su)
    write(CREDENTIALS, "nonsense\n", 0o600)
    out = bg_json("status", rc=1)["findings"]
    assert len([f for f in out if CREDENTIALS in f["text"]]) == 1, out
    os.unlink(CREDENTIALS)
    write("/etc/ssh/sshd_config.d/05-lab.conf", "Match all\n  AllowUsers alice\n")  # beside ours, which adds the account
    out = subprocess.run(["/usr/sbin/sshd", "-T", "-C", "user=bg1,host=x,addr=192.0.2.1"], capture_output=True, text=True, check=True).stdout
    assert "allowusers alice\nallowusers bg1\n" in out, out
    out = bg_json("status", rc=1)
    assert [f["id"] for f in out["findings"]] == ["OWN-02"] and out["sshd"], out
    write("/etc/ssh/sshd_config.d/05-lab.conf", "Match all\n  DenyUsers bg1\n")
    out = bg_json("status", rc=1)
    assert [f["id"] for f in out["findings"]] == ["OWN-02", "SSH-02"] and not out["sshd"], out


def test_status_files():
    """What locks the account out, or lets others in: every file and directory of ours, and those on the way there."""
    sh("cp", "/bin/sh", "/usr/local/bin/oddshell")
    bg("init", "--yes", "--shell", "/usr/local/bin/oddshell")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))
    bg("share", "new", "bg1", "--yes")
    write("/etc/breakglass/secrets/hook", "token\n", 0o600)
    bg("status")
    etc, var, home = "/etc/breakglass", "/var/lib/breakglass", "/var/lib/breakglass/home/bg1"
    shell, helper = "/usr/local/bin/oddshell", "/usr/libexec/breakglass"
    for path in (f"{etc}/accounts", f"{etc}/breakglass.conf", f"{etc}/groups", CREDENTIALS, f"{etc}/ssh/bg1", f"{etc}/secrets/hook",
                 f"{var}/journal/000001.jsonl", etc, f"{etc}/credentials", f"{etc}/ssh", f"{etc}/secrets", var, f"{var}/home",
                 f"{var}/journal", f"{var}/undo", home, "/etc", "/var/lib", shell, "/usr/local/bin", PAM_MODULE, NSS_MODULE,
                 os.path.dirname(PAM_MODULE), f"{helper}/breakglass-login", f"{helper}/breakglass-alert", f"{helper}/breakglass-fido",
                 helper, "/usr/libexec"):
        st = os.stat(path)
        for mode, uid in ((st.st_mode & 0o7777 | 0o020, 0), (st.st_mode & 0o7777 | 0o002, 0), (st.st_mode & 0o7777, 65534)):
            os.chown(path, uid, st.st_gid)
            os.chmod(path, mode)
            p = subprocess.run(["/usr/sbin/breakglass", "status"], text=True, capture_output=True, timeout=60)
            assert p.returncode == 1 and path in re.sub(r"\s+", " ", p.stderr), (path, oct(mode), uid, p)
            os.chown(path, st.st_uid, st.st_gid)
            os.chmod(path, st.st_mode & 0o7777)
    bg("status")
    for path, mode in ((CREDENTIALS, 0o644), (f"{etc}/credentials", 0o755), (f"{etc}/secrets/hook", 0o644), (f"{etc}/secrets", 0o755),
                       (f"{var}/journal", 0o755), (f"{var}/journal/000001.jsonl", 0o644), (f"{var}/undo", 0o711),
                       (f"{etc}/accounts", 0o640), (etc, 0o750), (f"{etc}/ssh/bg1", 0o600), (f"{etc}/ssh", 0o700)):
        was = os.stat(path).st_mode & 0o7777
        os.chmod(path, mode)
        has(bg("status", rc=1), f"BG590 {path} is not as it should be: its mode is {mode:04o}")
        os.chmod(path, was)
    for path in (CREDENTIALS, f"{var}/journal", f"{etc}/secrets/hook"):
        os.chown(path, 0, 65534)
        os.chmod(path, os.stat(path).st_mode | 0o040)
        assert path in bg("status", rc=1)
        os.chown(path, 0, 0)
        os.chmod(path, 0o750 if os.path.isdir(path) else 0o600)
    bg("status")
    for path, ident in ((shell, "ACC-07 BLOCK"), (PAM_MODULE, "PAM-02 BLOCK"), (NSS_MODULE, "NSS-01 BLOCK"), (f"{helper}/breakglass-login", "PAM-02 BLOCK"),
                        (f"{helper}/breakglass-alert", "PAM-02 RISK"), (f"{helper}/breakglass-fido", "PAM-02 RISK"), (CREDENTIALS, "OWN-02"),
                        (f"{etc}/ssh/bg1", "BG590"), (f"{etc}/ssh", "BG590"), (f"{etc}/accounts", "BG580"), (etc, "BG580"),
                        (f"{var}/home", "BG590"), (f"{var}/journal", "BG303")):
        os.rename(path, path + ".away")
        has(bg("status", rc=1), ident)
        os.symlink(path + ".away", path)  # where others than us decide what is there
        if os.path.isfile(path) and path.startswith((etc, var)):
            assert path in bg("status", rc=1)
        os.unlink(path)
        os.rename(path + ".away", path)
    os.chmod(shell, 0o644)
    has(bg("status", rc=1), "ACC-07 BLOCK: bg1 has the shell /usr/local/bin/oddshell, which cannot be started")
    os.chmod(shell, 0o755)
    warnings = bg_json("status")["check"]["warn"]
    os.rename(home, home + ".away")
    assert bg_json("status")["check"]["warn"] == warnings + 1  # a login starts in / then
    os.rename(home + ".away", home)
    with open(f"{helper}/breakglass-login", "rb+") as f:
        os.fchmod(f.fileno(), 0o644)
    has(bg("status", rc=1), f"PAM-02 BLOCK: {helper}/breakglass-login cannot be started: it is not an executable file")


def test_status_journal():
    """A journal that cannot be read or written: found, and nobody is called sealed."""
    init()
    bg("share", "new", "bg1", "--yes")
    path = "/var/lib/breakglass/journal"
    for words in (["mount", "--bind", "-o", "ro", path, path], ["mount", "-t", "tmpfs", "-o", "size=4k,mode=750", "none", path]):
        sh(*words)
        if words[1] == "-t":
            shutil.copy("/mnt/000001.jsonl", path)
            os.chmod(f"{path}/000001.jsonl", 0o640)
        else:
            shutil.copy(f"{path}/000001.jsonl", "/mnt")
            sh("mount", "-o", "remount,ro,bind", path)
        has(bg("status", rc=1), f"BG591 The journal in {path} cannot be written")
        sh("umount", path)
    bg("status")
    for harm, mend in ((lambda: os.rename(path, path + ".away"), lambda: os.rename(path + ".away", path)),
                       (lambda: os.chmod(f"{path}/000001.jsonl", 0o666), lambda: os.chmod(f"{path}/000001.jsonl", 0o640)),
                       (lambda: os.chmod(path, 0o777), lambda: os.chmod(path, 0o750))):
        harm()
        out = bg("status", rc=1)
        assert "sealed" not in out and "enabled, unknown" in out, out
        assert bg_json("status", rc=1)["accounts"][0]["state"] == "unknown"
        mend()
    has(bg("status"), "sealed")


def test_sink_is_missed():
    bg("init", "--yes")
    bg("share", "new", "bg1", "--yes")
    has(bg("status", rc=1), "BG340")
    has(bg("alert", "status", rc=1), "BG340")
    write(CONF, "[record]\nsink-required = no\n")
    has(bg("status"), "BG340", "No findings.")


def test_a_sink_that_was_renamed():
    """What it has not taken is sent to nobody: the new name is a new sink."""
    init()
    write(CONF, SINK + "class = page\n")
    bg("alert", "test", "--wait", "1", rc=1)
    assert "BG1322" not in bg("alert", "status", rc=1)
    write(CONF, SINK.replace("sink relay", "sink other") + "class = page\n")
    out = bg("alert", "status", rc=1)
    has(out, "BG1322 Sink relay is in breakglass.conf no more", "/var/lib/breakglass/cursors/relay")
    os.remove("/var/lib/breakglass/cursors/relay")
    assert "BG1322" not in bg("alert", "status", rc=1)


def test_disable_enable():
    init()
    bg("share", "new", "bg1", "--yes")
    before = credential()
    has(bg("disable", "bg1", "--yes"), "now disabled")
    assert credential() == {**before, "enabled": "no"}
    has(bg("status", rc=1), "OWN-03")
    n = len(journal())
    has(bg("disable", "bg1", "--yes"), "bg1 is already disabled")
    assert len(journal()) == n  # nothing changed, nothing on record
    bg("enable", "bg1", rc=2)  # nobody to ask
    assert credential()["enabled"] == "no"
    assert bg_json("enable", "bg1", "--yes")["changed"] is True
    assert credential() == before
    assert kinds()[-2:] == ["config.changed", "config.changed"]
    assert journal()[-1]["data"]["message"] == "account enabled" and journal()[-1]["subject"] == "bg1"
    rc, out = on_pty(["disable", "bg1"], [("last usable account", b""), ("[y/N]", b"n\n")])
    assert rc == 1 and credential() == before
    bg("init", "--account", "bg2", "--yes")
    bg("share", "new", "bg2", "--yes")
    rc, out = on_pty(["disable", "bg1"], [("[y/N]", b"y\n")])
    assert rc == 0 and credential()["enabled"] == "no" and "last usable" not in out
    assert journal()[-1]["data"]["session"]["terminal"].startswith("/dev/pts/")
    rc, out = on_pty(["disable", "bg2"], [("bg2 is the last usable account.", b""), ("[y/N]", b"n\n")])
    refused("disable", says=("BG508",))
    refused("disable", "bg1", "bg2", says=("BG517",))
    refused("disable", "bg2", says=("BG506",))
    refused("disable", "nobody", "--yes", says=("BG507",))


def test_change_that_cannot_be_saved():
    init()
    write(CREDENTIALS, read(CREDENTIALS) + KEY)
    before, n = read(CREDENTIALS), len(journal())
    sh("mount", "--bind", "/etc/breakglass/credentials", "/etc/breakglass/credentials")
    sh("mount", "-o", "remount,ro,bind", "/etc/breakglass/credentials")
    has(bg("disable", "bg1", "--yes", rc=3), "BG555 /etc/breakglass/credentials")
    has(bg("key", "remove", "bg1", "blue", "--yes", rc=3), "BG555")
    assert read(CREDENTIALS) == before
    # recorded before it was tried, and then that it failed
    seen = [(e["data"]["message"], e["data"]["status_id"]) for e in journal()[n:]]
    assert seen == [("account disabled", 1), ("account could not be disabled", 2), ('key "blue" revoked', 1),
                    ('key "blue" could not be revoked', 2)], seen


def require(what):
    write(CREDENTIALS, read(CREDENTIALS).replace("enabled = yes\n", f"enabled = yes\nrequire = {what}\n", 1))


def test_what_require_rules_out():
    """An account that login refuses is not called usable anywhere."""
    with_usb()
    init()
    bg("share", "new", "bg1", "--yes")
    require("key")
    has(bg("status", rc=1), "OWN-02 BLOCK: bg1 cannot be opened", "require = key")
    bg("init", "--account", "bg2", "--yes")
    bg("share", "new", "bg2", "--yes")
    has(bg("disable", "bg2", "--yes"), "BG585 bg2 is the last usable account")
    bg("enable", "bg2", "--yes")
    assert "BG585" not in bg("disable", "bg1", "--yes")  # it never was one
    bg("enable", "bg1", "--yes")
    write(CREDENTIALS, read(CREDENTIALS) + "\n" + KEY)
    assert "OWN-02" not in bg("status") and "BG585" not in bg("disable", "bg2", "--yes")
    has(bg("key", "remove", "bg1", "blue", "--yes"), "BG586 Without key blue", "BG585 bg1 is the last usable account")
    has(bg("status", rc=1), "OWN-02")


def test_both_are_required():
    with_usb()
    init()
    bg("share", "new", "bg1", "--yes")
    require("key+shares")
    write(CREDENTIALS, read(CREDENTIALS) + "\n" + KEY)
    bg("status")
    has(bg("key", "remove", "bg1", "blue", "--yes"), "BG586")
    has(bg("status", rc=1), "OWN-02", "require = key+shares")


def test_guards_are_never_hidden():
    init()
    write(CREDENTIALS, read(CREDENTIALS) + KEY)
    for options in ("--yes", "--quiet"), ("--yes",):
        has(bg("disable", "bg1", *options), "BG585 bg1 is the last usable account")
        bg("enable", "bg1", "--yes")
    assert [n["id"] for n in bg_json("disable", "bg1", "--yes", "--quiet")["notes"]] == ["BG585"]
    bg("enable", "bg1", "--yes")
    before = read(CREDENTIALS)
    has(bg("key", "remove", "bg1", "blue", "--yes", "--quiet"), "BG586", "BG585")
    write(CREDENTIALS, before)
    assert [n["id"] for n in bg_json("key", "remove", "bg1", "blue", "--yes")["notes"]] == ["BG586", "BG585"]


def test_nothing_is_asked_unseen():
    """--quiet hides what a question is about, so it needs --yes."""
    init()
    for args in (("init", "--account", "bg2"), ("init", "--undo"), ("disable", "bg1"), ("enable", "bg1"), ("share", "new", "bg1"),
                 ("key", "add", "bg1"), ("key", "remove", "bg1", "blue")):
        rc, out = on_pty([*args, "--quiet"], [])
        assert rc == 2 and "BG518" in out and "[y/N]" not in out, (args, out)
    assert bg("init", "--account", "bg2", "--quiet", "--dry-run") == ""


def test_accounts_file_that_cannot_be_read():
    init()
    accounts = "/etc/breakglass/accounts"
    write(accounts, read(accounts) + "bg3:x:oops\n")
    commands = ("status", "bg3"), ("disable", "bg3", "--yes"), ("share", "list", "bg3"), ("key", "test", "bg3"), ("key", "list")
    for args in commands:
        has(bg(*args, rc=1), f"BG601 {accounts}, line 3")
    os.chmod(accounts, 0o666)
    for args in commands:
        has(bg(*args, rc=3), f"BG602 {accounts} is not safe")
    for args, rc in (("status",), 1), (("check",), 3), (("check", "--fix", "--dry-run"), 3):  # once
        out = re.sub(r"\s+", " ", bg(*args, rc=rc))
        assert out.count("is not safe to use") == 1 and "its mode is" not in out and f"ACC-01 BLOCK: The accounts file is not used as it stands: BG602 {accounts}" in out, (args, out)
    os.unlink(accounts)
    has(bg("status", "bg3", rc=2), "BG507")


def test_names_that_are_not_there():
    init()
    write(CREDENTIALS, read(CREDENTIALS) + KEY)
    refused("key", "remove", "bg1", "green", "--yes", says=("BG572", "green"))
    refused("alert", "test", "nobody", says=("BG341",))  # there is no sink at all
    refused("journal", "show", "--account", 'a"b', says=("BG503", "--account"))
    refused("init", "--account", "bg2", "--shell", "/nowhere", "--yes", says=("BG514",))
    refused("init", "--account", "bg2", "--services", "common-auth", "--yes", says=("BG524",))
    has(bg("alert", "test", rc=1), "BG340")


def test_config_check_of_no_file():
    init()
    os.unlink("/etc/breakglass/breakglass.conf")
    text = bg("config", "check")
    has(text, "BG587 There is no /etc/breakglass/breakglass.conf", "defaults")
    assert "no faults" not in text
    assert [n["id"] for n in bg_json("config", "check")["notes"]] == ["BG587"]


def test_quiet_is_quiet():
    """Nothing but findings, of a host without one; cards are what share new is for."""
    init()
    bg("share", "new", "bg1", "--yes")
    for args in (("journal", "show"), ("journal", "show", "--last", "1"), ("journal", "verify"), ("status",), ("status", "--all"),
                 ("share", "list"), ("key", "list"), ("config", "check"), ("alert", "status"), ("init", "--yes"),
                 ("disable", "bg1", "--yes"), ("enable", "bg1", "--yes")):
        said = bg(*args, "--quiet")
        assert said == "" or (args[0] == "disable" and said.startswith("BG585")), (args, said)
        assert bg(*args, "-q") == said or args[0] == "disable"


def test_how_options_may_stand():
    init()
    for args in ("-V", "--json"), ("--json", "-V"), ("--json", "--version"):
        assert re.fullmatch(r"\d+\.\d+\.\d+", json.loads(bg(*args))["version"]), args
    has(bg("-V", "more", rc=2), "BG517", "more")
    has(bg("--json", rc=2), '"BG528"')
    assert json.loads(bg("--json", "config", "check"))["command"] == "config check"
    assert bg("-q", "config", "check") == "" == bg("--quiet", "config", "check")
    has(bg("help", "status", "extra", rc=2), "BG517", "extra")
    has(bg("help", "key", "list", "extra", rc=2), "BG517", "extra")
    has(bg("help", "status", "--bogus", rc=2), "BG502", "--bogus")
    has(bg("help", "key", "extra", rc=2), "BG501", "key extra")
    for args in (("status", "--all=3"), ("disable", "bg1", "--yes=x"), ("status", "--json=1"), ("status", "--al=3")):
        has(bg(*args, rc=2), "BG529", args[-1], "takes no value")
    has(bg("status", "--alll", rc=2), "BG502", "--alll")
    has(bg("init", "--", "--yes", rc=2), "BG517", "--yes")
    has(bg("journal", "show", "--help"), "lines of JSON instead of text")
    assert "one JSON object" not in bg("journal", "show", "--help")


def test_key_test_without_a_key():
    init()
    has(bg("key", "test", "bg1", rc=1), "BG576 bg1 has no key.")


def test_numbers_and_dates_that_are_none():
    init()
    for since in ("2026-99-99", "2026-02-29", "2026-00-10", "2026-01-00", "2026-04-31", "2026-01-01T24:00", "2026-01-01T23:60",
                  "2026-01-01T23:59:61", "2026-01-01T23:59:5", "0s0", "s", "", "-1h", "1000001d"):
        refused_show = bg("journal", "show", "--since", since, rc=2)
        has(refused_show, "BG503", "--since")
    for since in ("2024-02-29", "2000-02-29T00:00", "2026-12-31T23:59:60Z", "1000000d"):
        has(bg("journal", "show", "--since", since), "journal.genesis") if since < "2025" or since[-1] == "d" else \
            bg("journal", "show", "--since", since)
    for args in (("--use", ""), ("--use", "Z" * 25), ("--last", "0"), ("--last", "-1"), ("--last", "1e3"), ("--last", "")):
        has(bg("journal", "show", *args, rc=2), "BG503", args[0])
    assert bg_json("init", "--account", "bg4", "--dry-run", "--uid", "4294967290")["uid"] == 4294967290
    bg("init", "--account", "bg4", "--dry-run", "--audit-uid", "4294967295", rc=2)


def test_json_that_is_no_event():
    init()
    path = "/var/lib/breakglass/journal/000001.jsonl"
    sound = read(path)
    for line in ('{"subject":"bg1"}', "[]", "3", '{"journalid":"' + "0" * 32 + '","sequence":"00000000000000000003"}'):
        write(path, sound + line + "\n")
        for args in (), ("--json",), ("--since", "1d"), ("--last", "2"):
            text = bg("journal", "show", *args, rc=1)
            has(text, "BG304", "000001.jsonl, line 3")
            assert f"\n{line}\n" not in text and "\nZ " not in text, text


def test_follow_begins_again():
    init()
    path = "/var/lib/breakglass/journal/000001.jsonl"
    p = subprocess.Popen(["/usr/sbin/breakglass", "journal", "show", "--follow", "--json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    assert "genesis" in p.stdout.readline() and "config.changed" in p.stdout.readline()
    lines = read(path).splitlines(True)
    os.truncate(path, len(lines[0]))
    assert "BG310" in p.stderr.readline()
    assert p.stdout.readline() == lines[0]
    p.terminate()
    p.wait(10)


def test_key_remove():
    init()
    write(CREDENTIALS, read(CREDENTIALS) + KEY)
    has(bg("key", "list"), "ACCOUNT KEY TYPE UV COUNTER MADE", "bg1 blue eddsa no 0 2026-11-22")
    refused("key", "remove", "bg1", says=("BG508", "ACCOUNT LABEL"))
    refused("key", "remove", "bg1", "green", "--yes", says=("BG572",))
    refused("key", "remove", "bg1", "blue", says=("BG506",))
    rc, out = on_pty(["key", "remove", "bg1", "blue"], [("Without key blue, bg1 cannot be opened.", b""), ("[y/N]", b"n\n")])
    assert rc == 1 and "[key blue]" in read(CREDENTIALS)
    bg("share", "new", "bg1", "--yes")
    rc, out = on_pty(["key", "remove", "bg1", "blue"], [('Remove key "blue" from bg1? [y/N]', b"y\n")])
    assert rc == 0 and "BG586" not in out and "[key blue]" not in read(CREDENTIALS)
    assert kinds()[-1] == "credential.revoked" and "blue" in journal()[-1]["data"]["message"]


def test_what_is_known_of_a_key_of_two_accounts():
    """Counter and suspension belong to the key: they go with the last account that has it."""
    init()
    bg("init", "--account", "bg2", "--yes")
    name = "/var/lib/breakglass/fido/" + hashlib.sha256(bytes.fromhex("00112233445566778899aabbccddeeff")).hexdigest()[:32]
    other = CREDENTIALS[:-1] + "2"
    for path in CREDENTIALS, other:
        write(path, read(path) + KEY, 0o600)
    os.makedirs(os.path.dirname(name), 0o700, exist_ok=True)
    write(name, "7\n", 0o600)
    write(name + ".suspended", "5\n", 0o600)
    bg("key", "remove", "bg1", "blue", "--yes")
    assert read(name) == "7\n" and read(name + ".suspended") == "5\n"
    has(bg("key", "list", "bg2"), "SUSPENDED")
    text = read(other)
    write(CREDENTIALS, read(CREDENTIALS) + KEY, 0o600)
    write(other, text + "?\n", 0o600)  # nobody can tell whether a damaged file has it
    bg("key", "remove", "bg1", "blue", "--yes")
    assert read(name) == "7\n"
    write(other, text, 0o600)
    bg("key", "remove", "bg2", "blue", "--yes")
    assert not os.path.exists(name) and not os.path.exists(name + ".suspended")


def test_config_check():
    init()
    has(bg("config", "check"), "/etc/breakglass/breakglass.conf has no faults")
    write("/run/test.conf", "[login]\nattempts = 3\nattempst = 4\n")
    has(bg("config", "check", "/run/test.conf", rc=1), "BG601 /run/test.conf, line 3")
    assert bg_json("config", "check", "/run/test.conf", rc=1)["file"] == "/run/test.conf"
    has(bg("config", "check", "/run/nowhere", rc=3), "BG519")


def test_account_is_refused_before_its_uid_is_asked():
    n = read("/etc/passwd")
    rc, out = on_pty(["init", "--account", "root"], [])
    assert rc == 1 and "BG511" in out and "uid" not in out, out
    has(bg("init", "--purge", "--yes", rc=2), "BG518", "--undo")
    assert read("/etc/passwd") == n and not os.path.exists("/etc/breakglass")


def test_degraded_record_is_told():
    init()
    sh("mount", "--bind", "/var/lib/breakglass/journal", "/var/lib/breakglass/journal")
    sh("mount", "-o", "remount,ro,bind", "/var/lib/breakglass/journal")
    has(bg("disable", "bg1", "--yes"), "BG556", "it went to: run", "now disabled")


def commands():
    rows = re.findall(r"(?m)^  ([a-z]+(?:,? [a-z]+)?)  ", bg("--help"))
    first = [name for row in rows for name in row.split(", ")]  # opposites have one row
    return [c for f in first for c in re.findall(rf"(?m)^  ({f} [a-z]+)  ", bg("help", *f.split())) or [f]]


def test_without_root():
    init()
    bg("share", "new", "bg1", "--yes")
    before = tree("/etc", "/var/lib")
    operands = {"share new": ["bg1", "--yes", "--replace"], "share verify": ["bg1", "--card-stdin"],
                "share cards": ["bg1", "--card-stdin"], "share assign": ["bg1", "1"],
                "key add": ["bg1", "--yes"], "key test": ["bg1"],
                "key remove": ["bg1", "blue", "--yes"], "key suspend": ["bg1", "blue", "--yes"], "key resume": ["bg1", "blue", "--yes"],
                "password set": ["bg1"], "password new": ["bg1", "--yes"], "password verify": ["bg1", "--parts-stdin"],
                "password remove": ["bg1", "--yes"],
                "session replay": ["01M8BD7GD7DRKEX8N9D47VVSS5"], "session commands": ["01M8BD7GD7DRKEX8N9D47VVSS5"],
                "arm": ["bg1"], "disarm": ["bg1"], "account show": ["bg1"], "account set": ["bg1", "--open", "armed", "--yes"], "fleet install": ["bg1", "/nonexistent"], "disable": ["bg1", "--yes"], "enable": ["bg1", "--yes"],
                "journal accept": ["--reason", "none"], "journal export": ["/run/evidence.tar"],
                "drill open": ["bg1", "--by", "Grace", "--until", "2h"], "drill run": ["bg1"], "drill close": ["bg1", "--yes"],
                "drill abort": ["bg1", "--reason", "none", "--yes"],
                "envelope seal": ["bg1", "e1"], "envelope open": ["bg1", "e1"], "envelope inspect": ["bg1", "e1"], "envelope move": ["bg1", "e1"],
                "envelope destroy": ["bg1", "e1"], "envelope repair": ["bg1"], "people add": ["ann"], "people change": ["ann"],
                "people leave": ["ann", "--yes"], "people review": ["--yes"], "safe add": ["north"], "safe change": ["north"], "safe remove": ["north"],
                "alert confirm": ["123456"], "alert requeue": ["pager"],
                "alert drop": ["pager", "01M8BD7GD7DRKEX8N9D47VVSS5", "--reason", "none", "--yes"],
                "review show": ["last"], "review close": ["last", "--verdict", "genuine", "--by", "Grace", "--cause", "none", "--actions", "none"], "rotate start": ["bg1"], "rotate verify": ["bg1", "--card-stdin"], "rotate finish": ["bg1", "--yes"], "rotate abort": ["bg1", "--yes"],
                "init": ["--yes", "--account", "bg2"]}
    for c in commands():
        if c in ("fleet new", "fleet enroll", "fleet derive", "respond"):  # for a machine that is no host
            continue
        args = c.split() + operands.get(c, [])
        p = subprocess.run(["/usr/sbin/breakglass", *args], text=True, capture_output=True, **NOBODY)
        if c == "config check":
            assert p.returncode == 0, p
        else:
            want = "BG306" if c in ("journal show", "journal verify", "journal checkpoint") else "BG504"
            assert p.returncode == 3 and want in p.stderr and p.stdout == "", (args, p)
    assert tree("/etc", "/var/lib") == before


def test_general_usage():
    has(bg(rc=2), "usage: breakglass COMMAND", "share new, verify, list", "config check list every fault")
    has(bg("bogus", rc=2), "BG501", "bogus")
    has(bg("statsu", rc=2), "BG509", 'Did you mean "status"?')
    has(bg("key", "lits", "--json", rc=2), '"BG509"', "key list")
    for args in ("--version",), ("-V",):
        assert re.fullmatch(r"breakglass \d+\.\d+\.\d+\n", bg(*args))
    for args in ("--help",), ("-h",), ("help",):
        assert bg(*args) == bg("--help")
    assert len(commands()) >= 15


def test_help_of_every_command():
    """What it is for, how it is called, an example, in 80 columns and in one screen."""
    for c in commands():
        text = bg("help", *c.split())
        assert text == bg(*c.split(), "--help") == bg(*c.split(), "-h")
        lines = text.splitlines()
        assert max(map(len, lines)) <= 79 and len(lines) <= 24, (c, text)
        assert lines[0].startswith(f"usage: breakglass {c}") and lines[-2] == "Example:", text
        assert lines[-1].startswith(f"  # breakglass {c}"), text
    for text in bg("--help"), bg("help", "share"), bg("share", "--help"):
        assert max(map(len, text.splitlines())) <= 79 and len(text.splitlines()) <= 24, text
    bg("help", "bogus", rc=2)


def kind(value):
    """The type of a member; None for what tells none: null and an empty list."""
    if isinstance(value, list):
        return f"list of {kind(value[0])}" if value else None
    return None if value is None else type(value).__name__


def members(value, out):
    """The types that each name has anywhere in the object, into out."""
    if isinstance(value, dict):
        for name, v in value.items():
            out.setdefault(name, set()).update({kind(v)} - {None})
        value = list(value.values())
    for v in value if isinstance(value, list) else ():
        members(v, out)
    return out


SSH_KEY = ("sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBtBIjC5GMta6D41W0dWkSlsDpnSg6M5P+eysbWqJ2E"
           "AAAABHNzaDo= ada@laptop\n")


def custody_members(seen):
    """Every member that envelopes, people and safes can have."""
    time = "2026-11-22T12:03:24.123456Z"
    os.makedirs("/etc/breakglass/envelopes", 0o700, exist_ok=True)
    write("/etc/breakglass/envelopes/bg1", f"[envelope e1]\nstatus = open\nseal = A9\nholds = share 1-1\nset = 1\ncustodian = Ann\nsafe = north\n"
          f"sealed = {time}\nsealed-by = Ann\nseen-by = Bob\ninspected = {time}\ninspected-by = Bob\nphoto = {'0' * 64}\nopened = {time}\nopened-by = Bob\n"
          f"tampered = {time}\nopened-use = 01M8BD7GD7DRKEX8N9D47VVSS5\nold-seals = A8\n"
          f"[envelope e2]\nstatus = sealed\nseal = B9\nholds = key x\nsealed = {time}\nsealed-by = Ann\nseen-by = Bob\n", 0o600)
    write("/etc/breakglass/people", f"[list]\nreviewed = {time}\nreviewed-by = Ann\n[person ann]\nroles = use custodian\nphone = 1\nmail = a@example.org\n"
          f"since = 2026-11-22\ntrained = 2026-11-22\n[person bob]\nroles = use\n[person eve]\nroles = use\nleft = {time}\nowes = safe north\n", 0o600)
    write("/etc/breakglass/safes", f"[safe north]\nsite = Berlin\nholders = Bob\nchanged = {time}\n", 0o600)
    for args, rc in ((("envelope", "list"), 0), (("people", "list"), 0), (("safe", "list"), 0), (("safe", "change", "north", "--by", "ann"), 0),
                     (("people", "change", "ann", "--by", "ann"), 0), (("people", "leave", "bob", "--by", "ann", "--yes"), 0),
                     (("envelope", "repair", "bg1", "--by", "ann"), 0), (("envelope", "move", "bg1", "e1", "--safe", "", "--by", "ann"), 0),
                     (("envelope", "inspect", "bg1", "e2", "--seal", "A8", "--by", "ann"), 1), (("status",), 1)):
        members(bg_json(*args, rc=rc), seen)
    for path in ("envelopes/bg1", "people", "safes"):
        os.unlink("/etc/breakglass/" + path)


def session_members(use, seen):
    """What is said of a use that was recorded, and whose commands the audit log has."""
    os.makedirs("/var/lib/breakglass/sessions", 0o700)
    write(f"/var/lib/breakglass/sessions/{use}-01.out", "root@host:~# ls\r\n", 0o600)
    write("/usr/sbin/ausearch", f"#!/bin/sh\necho 'type=EXECVE msg=audit({int(time.time())}.123:45): argc=1 a0=\"ls\"'\n", 0o755)
    for words in ("list",), ("replay", use), ("commands", use):
        members(bg_json("session", *words), seen)


def checked(*args):
    """What check says, whatever it finds on this machine at this moment."""
    return subprocess.run(["/usr/sbin/breakglass", "check", *args], text=True, capture_output=True, timeout=60).stdout


def test_json_members_are_in_the_manual():
    made = bg_json("init", "--rescue", "--sshd-instance", "2222", "--yes")
    seen = members(made, {})
    write(CREDENTIALS, read(CREDENTIALS) + KEY)
    write("/run/id.pub", SSH_KEY)
    members(bg_json("key", "add", "bg1", "--ssh", "/run/id.pub", "--yes"), seen)
    members(bg_json("share", "new", "bg1", "--yes"), seen)
    card = bg_json("share", "new", "bg1", "--yes", "--replace", "--group", "ops 2/3", "--group", "board 1/1", "--custodian", "Jane:17:A9")
    members(card, seen)
    members(json.loads(bg("share", "verify", "bg1", "--card-stdin", "--json", stdin=card["shares"][0])), seen)
    for args, rc in ((("init", "--dry-run"), 0), (("share", "list"), 0),
                     (("key", "list"), 0), (("journal", "verify"), 0),
                     (("journal", "accept", "--reason", "none", "--yes"), 0), (("config", "check"), 0), (("disable", "bg1", "--yes"), 0),
                     (("journal", "export", "/run/evidence.tar"), 0), (("journal", "checkpoint"), 0), (("session", "list"), 0),
                     (("bogus",), 2), (("init", "--undo", "--dry-run"), 0), (("enable", "bg1", "--yes"), 0), (("--version",), 0)):
        members(bg_json(*args, rc=rc), seen)
    lines = read("/var/lib/breakglass/journal/000001.jsonl").splitlines(True)
    write("/run/received", "".join(lines[:2]) + lines[3].replace('"subject":"bg1"', '"subject":"bg7"'))
    members(bg_json("journal", "verify", "--against", "/run/received", rc=1), seen)
    members(bg_json("journal", "checkpoint"), seen)
    members(bg_json("journal", "verify", "--dir", "/var/lib/breakglass/journal"), seen)
    write("/run/receiver", read("/var/lib/breakglass/journal/000001.jsonl").split("\n")[0] + "\n")
    members(bg_json("journal", "verify", "--against", "/run/receiver"), seen)
    bg("journal", "seal", "--yes")
    bg("disable", "bg1", "--yes")
    bg("enable", "bg1", "--yes")
    members(json.loads(bg("journal", "verify", "--key", "-", "--json", stdin=made["journal_seal"]["verification_key"], rc=1)), seen)
    password = bg_json("password", "new", "bg1", "--yes")
    members(password, seen)
    members(json.loads(bg("password", "verify", "bg1", "--parts-stdin", "--json", stdin="\n".join(password["drawn"]) + "\n")), seen)
    members(bg_json("password", "list"), seen)
    fleet = bg_json("fleet", "new", "/run/west", "--yes", "--on-a-host")
    write("/run/hosts", "web01\n")
    typed = "\n".join(fleet["shares"][:2]) + "\n"
    members(fleet, seen)
    for args in (("enroll", "/run/west", "/run/hosts"), ("derive", "/run/west", "web01")):
        members(bg_json("fleet", *args, "--card-stdin", "--on-a-host", stdin=typed), seen)
    members(bg_json("fleet", "install", "bg1", "/run/west/credentials/web01"), seen)
    turned = bg_json("rotate", "start", "bg1", "--by", "Grace Hopper", "--yes")
    members(turned, seen)
    members(bg_json("rotate", "status"), seen)
    for share in turned["shares"]:
        members(json.loads(bg("rotate", "verify", "bg1", "--card-stdin", "--json", stdin=share + "\n")), seen)
    members(bg_json("rotate", "finish", "bg1", "--yes", rc=1), seen)
    write(CREDENTIALS, read(CREDENTIALS).replace("enabled = yes\n", "enabled = yes\nopen = armed\n", 1))
    members(bg_json("arm", "bg1", "--for", "1h"), seen)
    members(bg_json("account", "show", "bg1"), seen)
    members(bg_json("drill", "open", "bg1", "--by", "Grace", "--until", "2h"), seen)
    subprocess.run([HELPER, "--tty", "bg1"], input="\n".join(["p", *password["drawn"], "Ada Lovelace", "a drill of this host", ""]),
                   text=True, capture_output=True, timeout=60)
    session_members([e for e in journal() if ".use.granted." in e["type"]][-1]["data"]["unmapped"]["breakglass"]["use"], seen)
    members(bg_json("drill", "run", "bg1", rc=1), seen)
    members(bg_json("drill", "run", "bg1", "--step", "task", "--skip", "none"), seen)
    members(bg_json("drill", "close", "bg1", "--yes", rc=1), seen)
    members(bg_json("drill", "list"), seen)
    members(bg_json("drill", "show"), seen)
    members(bg_json("drill", "report", "--output", "/run/drill.html"), seen)
    members(bg_json("account", "set", "bg1", "--from", "console local", "--yes"), seen)
    custody_members(seen)
    write("/etc/breakglass/breakglass.conf", SINK)
    members(bg_json("config", "check"), seen)
    members(bg_json("alert", "test", "--wait", "1", rc=1), seen)
    members(bg_json("alert", "requeue", "relay"), seen)
    members(bg_json("alert", "confirm", "123456", rc=1), seen)
    members(bg_json("alert", "drop", "nobody", "01M8BD7GD7DRKEX8N9D47VVSS5", "--reason", "none", "--yes", rc=2), seen)
    use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T"
    for kind in ("use.granted", "session.closed"):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", kind, "-a", "600", "-s", "use=" + use, stdout=subprocess.DEVNULL)
    members(bg_json("review", "list"), seen)
    story = bg_json("review", "show", use)
    members({**story, "before": [], "story": []}, seen)  # those are lines of the journal
    members(bg_json("review", "close", use, "--verdict", "genuine", "--by", "Grace Hopper", "--cause", "LDAP was down after the upgrade",
                    "--actions", "one server at a time from now on"), seen)
    with open("/var/lib/breakglass/journal/000001.jsonl", "a") as f:
        f.write("{}\n")
    members(bg_json("status", rc=1), seen)
    members(bg_json("due"), seen)
    write("/run/before", checked("--json"))
    members(json.loads(read("/run/before")), seen)
    members(json.loads(checked("--json", "--baseline", "/run/before")), seen)
    os.chmod("/etc/breakglass/groups", 0o600)
    members(json.loads(checked("--json", "--fix", "--yes")), seen)
    members(json.loads(checked("--json", "--record")), seen)
    members(json.loads(checked("--json", "--prove")), seen)
    members(bg_json("due", "--record"), seen)
    members(bg_json("compliance", rc=1), seen)
    members(bg_json("report", "--output", "/run/report.html", rc=1), seen)
    assert not (mixed := {name: kinds for name, kinds in seen.items() if len(kinds) > 1}), mixed
    seen = set(seen)
    page = read(os.path.dirname(os.path.abspath(__file__)) + "/../../../man/breakglass.8.in").split(".Sh JSON")[1].split(".Sh ")[0]
    said = {w for line in re.findall(r"(?m)^\.(?:It )?Ql (.*)", page) for w in re.findall(r"[a-z_]+", line)}
    # the names of PAM services are data; no key is plugged in here, auditd is not here, and nothing is refused that could be dropped
    seen -= {"login", "sshd", "su", "su-l", *CONF_WATCHED} - said
    assert seen <= said, seen - said
    assert said - seen <= {"audit", "sshd_unit", "sshd_keep", "key", "dropped", "destroy", "null", "breakglass", "journal", "verify", "json", "show", "seal"}, said - seen


def test_times_are_rfc_3339():
    init()
    write("/etc/breakglass/breakglass.conf", SINK)
    assert bg_json("alert", "status", rc=1)["sinks"][0]["acked"] is None
    bg("alert", "test", "--wait", "1", rc=1)
    sink = bg_json("alert", "status", rc=1)["sinks"][0]
    assert sink["acked"] is None and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sink["error_at"]), sink
    refused("alert", "test", "nobody", says=("BG341",))


def test_sinks_are_a_table():
    init()
    write("/etc/breakglass/breakglass.conf", SINK)
    bg("alert", "test", "--wait", "1", rc=1)
    for args in ("alert", "status"), ("status", "--all"):
        text = bg(*args, rc=1)
        has(text, "SINK TYPE CLASS QUEUED SENT ACKED REFUSED LAST ACK relay syslog record 3 0 0 0 never", "deferred until")
        head, row = (next(line for line in text.splitlines() if line.startswith(x)) for x in ("SINK ", "relay "))
        assert len(row) <= 79 and head.index("LAST ACK") == row.index("never"), text


def test_a_person_confirms_a_test():
    """The code is that of one sink that wakes people, and of the newest test; computed here by Python."""
    init()
    write("/etc/breakglass/breakglass.conf", SINK + "class = page\n" + SINK.replace("sink relay", "sink second") + "class = page\n" +
          SINK.replace("sink relay", "sink third"))
    codes = []
    for _ in range(2):
        bg("alert", "test", "second", "relay", "--wait", "1", rc=1)
        name, secret = read("/run/breakglass/alert-test").split()
        assert name == [e for e in journal() if "alert.test" in e["type"]][-1]["data"]["unmapped"]["breakglass"]["detail"]
        codes.append({s: "%06d" % (int.from_bytes(hmac.new(bytes.fromhex(secret), s.encode(), "sha256").digest()[:8], "big") % 10 ** 6)
                      for s in ("relay", "second", "third")})
    assert secret not in str(journal()) and codes[1]["relay"] not in str(journal())
    for wrong in codes[0]["relay"], codes[1]["third"], "", "12345", codes[1]["relay"] + "1":
        has(bg("alert", "confirm", wrong, rc=1), "BG940")
    code = codes[1]["second"]
    assert bg_json("alert", "confirm", f"{code[:3]} {code[3:]}")["confirmed"] == "second"
    assert (journal()[-1]["type"], journal()[-1]["data"]["unmapped"]["breakglass"]["detail"]) == ("org.breakglass.alert.confirmed.v1", "second")


def test_a_class_that_has_nothing():
    """A gap is told of the class, and only after a minute; here the journal is made older."""
    init()
    delivery_is_over()
    write("/etc/breakglass/breakglass.conf", SINK + "class = page\n")
    status = bg_json("alert", "status", rc=1)
    assert [(c["class"], c["members"]) for c in status["classes"]] == [("page", 1)] and status["classes"][0]["unacknowledged"] >= 1, status
    assert "BG936" not in str(status)
    path = "/var/lib/breakglass/journal/000001.jsonl"
    write(path, re.sub(r'"mono_ns":\d+', '"mono_ns":1', read(path)))  # since this machine was started
    has(bg("alert", "status", rc=1), "BG936 No sink of class page")


def test_environment_is_not_believed():
    init()
    bg("disable", "bg1", "--yes", env={"SUDO_USER": "mallory", "SUDO_UID": "4242", "LOGNAME": "mallory", "USER": "mallory",
                                       "PATH": "/nonexistent"})
    assert "mallory" not in json.dumps(journal()[-1]) and "4242" not in json.dumps(journal()[-1]["data"]["unmapped"])


main(globals())
