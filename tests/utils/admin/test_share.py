#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass share: groups, custody, inspections, replaced sets, cards on paper. usage: test_share.py BUILDDIR

Pages are read by poppler and their codes by zbar, where these are installed.
"""
import os, re, shutil, subprocess, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"
KEEPERS = ("--custodian", "Jörg Müller:17:A 9", "--custodian", "Ann-Kathrin O'Neil::B2", "--custodian", ":19")


def init():
    bg("init", "--yes")
    conf = "/etc/breakglass/breakglass.conf"
    write(conf, read(conf).replace("[record]\n", "[record]\nsink-required = no\n", 1))


def sections():
    """{section: {key: value}} of the credentials file."""
    out, at = {}, None
    for line in read(CREDENTIALS).splitlines():
        if line.startswith("["):
            at = out.setdefault(line[1:-1], {})
        elif " = " in line:
            key, value = line.split(" = ", 1)
            at[key] = value
    return out


def combine(shares, rc=0):
    p = subprocess.run([SLIP39, "combine"], input="\n".join(shares) + "\n", text=True, capture_output=True)
    assert p.returncode == rc, (p.returncode, p.stderr)
    return p.stdout.strip()


def last():
    return journal()[-1]["data"]


def numbered(page):
    """The words of a page, as they are read out: by their numbers."""
    found = sorted((int(i), w.lower()) for i, w in re.findall(r"(?<!\S)(\d{1,2}) ([A-Z]{4}[a-z]*)", page))
    return " ".join(w for _, w in found)


def test_pdf():
    if not can_read_pages():
        return
    init()
    for bits, extra, size in (("128", (), "595.276 x 841.89"), ("256", ("--paper", "letter"), "612 x 792")):
        path = f"/run/cards-{bits}.pdf"
        out = bg_json("share", "new", "bg1", "--yes", "--replace", "--bits", bits, "--label", "Tresor Süd 3", "--output", path, *KEEPERS, *extra)
        assert "shares" not in out and mode(path) == "0o600"
        keep = os.environ.get("BG_KEEP_PAGES")
        if keep:
            shutil.copy(path, keep)
        text, scanned = pages(path, size), codes(path, 3)
        for i, page in enumerate(text):
            has(page, "BREAK-GLASS CARD", "Tresor Süd 3", f"Card {i + 1} of 3, any 2 open the account", "Account bg1",
                ("Kept by Jörg Müller", "Kept by Ann-Kathrin O'Neil", "Envelope 19")[i])
            assert numbered(page) == scanned[i] and len(scanned[i].split()) == (20 if bits == "128" else 33), (page, scanned[i])
            outside = page.split("Second fold")[0]
            assert numbered(outside) == "" and numbered(page.split("First fold")[0]) == scanned[i], outside
        assert len({combine(pair) for pair in (scanned[:2], scanned[1:], scanned[::2])}) == 1
        has(bg("share", "verify", "bg1", "--card-stdin", stdin=scanned[1] + "\n"), "card 2 of 3")


def test_groups_with_names():
    init()
    out = bg_json("share", "new", "bg1", "--yes", "--groups", "2", "--group", "ops 2/3", "--group", "board 1/2")
    s = out["shares"]  # 1 of 2 is one share in two copies: SLIP-0039 has no other
    assert len(s) == 4 and [g.get("name") for g in out["groups"]] == ["ops", "board"] and out["group_threshold"] == 2
    assert [c["place"] for c in out["cards"]] == ["1-1", "1-2", "1-3", "2-1-1", "2-1-2"]
    assert len({combine(x) for x in ((s[0], s[1], s[3]), (s[0], s[2], s[3]), (s[1], s[2], s[3]))}) == 1
    combine(s[:3], rc=1)
    file = sections()
    assert file["shares"]["groups"] == "2/3,1/1" and file["shares"]["group-names"] == "ops,board" and file["shares"]["group-threshold"] == "2"
    has(bg("share", "list"), "ops 2 of 3 + board 1 of 1 (2 groups), 128 bits")
    # each copy has a keeper of its own, and the words do not tell which it is
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=s[3] + "\n", rc=2), "card 1 of 1 of board", "BG766", "--card")
    has(bg("share", "verify", "bg1", "--card-stdin", "--card", "2-1-2", "--custodian", "Jane", stdin=s[3] + "\n"), "Every word is right")
    assert "inspected" in sections()["card 2-1-2"] and "inspected" not in sections()["card 2-1-1"]
    text = bg("share", "new", "bg1", "--yes", "--replace", "--groups", "2", "--group", "ops 2/3", "--group", "board 1/2", "--custodian", "Max")
    has(text, "Card 3 of 3 (any 2) of group ops, 1 of 2 (any 2 groups)", "Copy 2 of 2 of the card of group board, 2 of 2 (any 2 groups)", "Kept by Max")
    assert text.count("\f") == 4
    for args in (("--group", "ops 1/2", "--group", "board 2/3", "--groups", "1"), ("--group", "ops 2/3", "--group", "ops 2/3"), ("--group", "2/3"),
                 ("--group", "a,b 2/3"), ("--group", "ops 0/2"), ("--groups", "3", "--group", "ops 2/3"), ("--group", "o 1/17", "--group", "p 2/3"),
                 ("--label", "a,b"), ("--label", "x" * 33), ("--custodian", "a:b:c:d"), ("--custodian", "a,b"), ("--custodian", "x" * 64)):
        has(bg("share", "new", "bg1", "--yes", "--replace", *args, rc=2), "BG503")
    has(bg("share", "new", "bg1", "--yes", "--replace", *("--custodian", "a") * 4, rc=2), "BG765")
    has(bg("share", "new", "bg1", "--yes", "--replace", "--groups", ",".join(["16/16"] * 4 + ["1/1"]), rc=2), "BG765")
    assert len(bg_json("share", "new", "bg1", "--yes", "--replace", "--groups", ",".join(["16/16"] * 4))["cards"]) == 64


def test_custody():
    init()
    shares = bg_json("share", "new", "bg1", "--yes", "--label", "SAFE 7", *KEEPERS)["shares"]
    cards = [sections()[f"card 1-{i}"] for i in (1, 2, 3)]
    assert cards[0]["custodian"] == "Jörg Müller" and cards[0]["envelope"] == "17" and cards[0]["seal"] == "A 9"
    assert "envelope" not in cards[1] and cards[1]["seal"] == "B2" and "custodian" not in cards[2]
    assert "SAFE 7" in last()["message"] and len({c["check"] for c in cards}) == 3
    has(bg("share", "list"), "SAFE 7", "card 1: Jörg Müller, envelope 17, seal A 9", "card 3: envelope 19")
    # one custodian, one card: it goes on record, with the seal of the envelope that it goes back into
    out = json.loads(bg("share", "verify", "bg1", "--card-stdin", "--json", "--seal", "C 3", stdin=shares[0] + "\n"))
    assert (out["card"], out["place"], out["label"]) == (1, "1-1", "SAFE 7"), out
    assert kinds()[-1] == "credential.inspected" and last()["status_id"] == 1
    has(last()["message"], 'card 1-1 of share set "SAFE 7" was inspected: it is whole; Jörg Müller, envelope 17, seal C 3')
    card = sections()["card 1-1"]
    assert card["seal"] == "C 3" and card["inspected"][:10] == sections()["shares"]["created"][:10]
    has(bg("share", "list"), f"card 1: Jörg Müller, envelope 17, seal C 3, inspected {card['inspected'][:10]}")
    # what somebody made up of the first words and a checksum that fits is none of the set
    forged = forge(shares[0])
    before, n = read(CREDENTIALS), len(journal())
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=forged + "\n", rc=1), "BG260 Card 1 is not the one")
    assert read(CREDENTIALS) == before and kinds()[-1] == "credential.inspected" and last()["status_id"] == 2 and len(journal()) == n + 1
    has(last()["message"], "BG260")
    bg("share", "verify", "bg1", "--card-stdin", stdin=shares[0].rsplit(" ", 1)[0] + "\n", rc=1)
    assert len(journal()) == n + 1  # a card that was not typed to its end is no inspection
    # custody changes hands without the card
    bg("share", "assign", "bg1", "2", "--custodian", "Eve", "--envelope", "20")
    assert sections()["card 1-2"]["custodian"] == "Eve" and kinds()[-1] == "config.changed"
    has(last()["message"], 'card 1-2 of share set "SAFE 7": Eve, envelope 20, seal B2')
    bg("share", "assign", "bg1", "1-2", "--custodian", "", "--seal", "")
    assert "custodian" not in sections()["card 1-2"] and "seal" not in sections()["card 1-2"]
    for card in ("4", "2-1", "x", ""):
        has(bg("share", "assign", "bg1", card, "--custodian", "Eve", rc=2), "BG767")
    has(bg("share", "assign", "bg1", "1", "--custodian", "a,b", rc=2), "BG503")
    text = read(CREDENTIALS)
    write(CREDENTIALS, text + "[what\n", 0o600)
    has(bg("share", "assign", "bg1", "1", "--custodian", "Eve", rc=3), "BG601")
    write(CREDENTIALS, text, 0o600)
    said = " ".join(e["data"]["message"] for e in journal())
    assert not any(shows(said, s) for s in shares), said


def test_inspection_of_an_older_set():
    """One without custody: the card is counted, and nothing that is typed becomes what recognizes the genuine one."""
    init()
    share = bg_json("share", "new", "bg1", "--yes")["shares"][0]
    write(CREDENTIALS, read(CREDENTIALS).split("\n[card ")[0])
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=forge(share) + "\n"), "card 1 of 3", "BG768 Whether that card was made for the set of bg1")
    has(bg("share", "verify", "bg1", "--card-stdin", "--seal", "A1", stdin=share + "\n"), "card 1 of 3", "BG768")
    assert sections()["card 1-1"]["seal"] == "A1" and "check" not in sections()["card 1-1"]


def forge(share):
    """Another value under the same head, with a checksum that fits: RS1024 has no secret (SLIP-0039)."""
    import_words = open(os.path.dirname(os.path.abspath(__file__)) + "/../../../lib/share/wordlist.inc").read()
    words = re.findall('"([a-z]+)', import_words)
    assert len(words) == 1024
    gen = [0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009, 0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120]

    def polymod(values):
        chk = 1
        for v in values:
            b = chk >> 20
            chk = (chk & 0xFFFFF) << 10 ^ v
            for i in range(10):
                chk ^= gen[i] if b >> i & 1 else 0
        return chk

    value = [words.index(w) for w in share.split()][:-3]
    value[8] ^= 5
    extended = b"shamir_extendable" if value[1] >> 4 & 1 else b"shamir"
    check = polymod([*extended, *value, 0, 0, 0]) ^ 1
    return " ".join(words[v] for v in [*value, check >> 20 & 1023, check >> 10 & 1023, check & 1023])


def test_replaced_sets_stay_known():
    init()
    first = bg_json("share", "new", "bg1", "--yes", "--label", "RED 1")
    bg_json("share", "new", "bg1", "--yes", "--replace", "--label", "RED 2")
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=first["shares"][0] + "\n", rc=1), "BG261")
    has(bg("share", "list"), "RED 2", "before: set RED 1, made 20")
    old = bg_json("share", "list", "bg1")["sets"][0]["rotated"]
    assert [o["label"] for o in old] == ["RED 1"]
    for i in range(20):
        bg_json("share", "new", "bg1", "--yes", "--replace", "--label", f"BLUE {i}")
    labels = [o["label"] for o in bg_json("share", "list", "bg1")["sets"][0]["rotated"]]
    assert labels == [f"BLUE {i}" for i in range(3, 19)]


LP = """#!/bin/sh
cat >/run/printed; printf '%s|' "$@" >/run/printed.argv
[ ! -e /run/jammed ] || { echo "lp: The printer is jammed." >&2; exit 1; }
"""


def test_paper():
    init()
    # text for a line printer: to a new file of root's alone, whole or not at all
    path = "/run/cards.txt"
    out = bg("share", "new", "bg1", "--yes", "--cards", "text", "--output", path)
    words = [" ".join(w.lower() for w in re.findall("[A-Z]{4}[a-z]*", re.sub(r"(?s)^.*?Seal.*?\n-+|-{9,}.*", "", p))) for p in read(path).split("\f")]
    assert mode(path) == "0o600" and len(words) == 3 and all(len(w.split()) == 20 for w in words), words
    assert not any(shows(out, w) for w in words) and len({combine(words[:2]), combine(words[1:])}) == 1
    before, n = read(CREDENTIALS), len(journal())
    has(bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--output", path, rc=1), "BG762")
    os.symlink("/run/elsewhere", "/run/link")
    has(bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--output", "/run/link", rc=1), "BG762")
    has(bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--output", "/nonexistent/x", rc=3), "BG763")
    for args in (("--cards", "text"), ("--cards", "pdf"), ("--paper", "letter"), ("--cards", "text", "--output", "/run/x", "--printer", "-")):
        has(bg("share", "new", "bg1", "--yes", "--replace", *args, rc=2), "BG760")
    for args in (("--cards", "html"), ("--paper", "a5"), ("--output", "x"), ("--printer", ""), ("--printer", "-o")):
        has(bg("share", "new", "bg1", "--yes", "--replace", *args, rc=2), "BG503")
    # straight to lp, which is given them on its standard input
    if os.path.exists("/usr/bin/lp"):
        os.unlink("/usr/bin/lp")
    has(bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--printer", "-", rc=3), "BG763 The cards could not be written to /usr/bin/lp")
    write("/usr/bin/lp", LP, 0o755)
    write("/run/jammed", "")
    has(bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--printer", "-", rc=3), "BG763", "The printer is jammed.")
    assert read(CREDENTIALS) == before and len(journal()) == n, "nothing changes when the cards are not out"
    os.unlink("/run/jammed")
    bg("share", "new", "bg1", "--yes", "--replace", "--cards", "text", "--printer", "safe-room")
    assert read("/run/printed").count("BREAK-GLASS CARD") == 3 and read("/run/printed.argv") == "-s|-t|cards|-d|safe-room|"
    words = " ".join(w.lower() for w in re.findall(r"\d  ([A-Z]{4}[a-z]*)", read("/run/printed").split("\f")[1]))
    # one card again, from its own words
    bg("share", "assign", "bg1", "2", "--custodian", "Jane")
    bg("share", "cards", "bg1", "--card-stdin", "--cards", "text", "--printer", "-", stdin=words + "\n")
    has(read("/run/printed"), "Card 2 of 3", "Kept by Jane")
    assert read("/run/printed.argv") == "-s|-t|cards|" and read("/run/printed").count("BREAK-GLASS") == 1
    before = len(journal())
    has(bg("share", "cards", "bg1", "--card-stdin", stdin=words + "\n"), "Card 2 of 3", "Kept by Jane")
    seen = str(journal()[before:])
    has(seen, "credential.inspected", "is printed or shown again", "Jane")
    assert len(journal()) == before + 1 and not shows(seen, "x y " + words), seen
    os.unlink("/run/printed")
    has(bg("share", "cards", "bg1", "--card-stdin", "--cards", "text", "--printer", "-", stdin=forge(words) + "\n", rc=1), "BG260")
    assert not os.path.exists("/run/printed")
    has(bg("share", "cards", "bg1", "--card-stdin", "--json", stdin=words + "\n", rc=2), "BG760")
    out = json.loads(bg("share", "cards", "bg1", "--card-stdin", "--json", "--cards", "text", "--output", "/run/one", stdin=words + "\n"))
    assert out["card"] == 2 and not shows(json.dumps(out), words) and mode("/run/one") == "0o600"


def shows(out, card):
    words, said = card.lower().split()[2:], " ".join(out.lower().split())
    return any(f"{a} {b}" in said for a, b in zip(words, words[1:]))


def test_paper_on_a_terminal():
    init()
    path = "/run/cards.txt"
    asked = 'printed and readable? Type "save", "discard" or "test": '
    args = ["share", "new", "bg1", "--cards", "text", "--output", path]
    rc, out = on_pty(args, [(asked, b"discard\n")])
    assert rc == 1 and not os.path.exists(path) and "[shares]" not in read(CREDENTIALS), (rc, out)
    rc, out = on_pty(args, [(asked, b"save\n")])
    assert rc == 0 and os.path.exists(path) and "[shares]" in read(CREDENTIALS) and "BREAK-GLASS" not in out, (rc, out)


def test_names_that_a_page_cannot_show():
    if not os.path.exists(BUILD + "/utils/admin/paper/pdf.o"):
        has((init(), bg("share", "new", "bg1", "--yes", "--output", "/run/x.pdf", rc=3))[1], "BG761")
        return
    init()
    has(bg("share", "new", "bg1", "--yes", "--custodian", "Łukasz", "--output", "/run/x.pdf", rc=3), "BG764", "ukasz")
    assert not os.path.exists("/run/x.pdf") and "[shares]" not in read(CREDENTIALS)
    has(bg("share", "new", "bg1", "--yes", "--custodian", "Łukasz", "--cards", "text", "--output", "/run/x.txt"))
    has(read("/run/x.txt"), "Kept by Łukasz")


if __name__ == "__main__":
    main(globals())
