# SPDX-License-Identifier: ISC
"""breakglass password, arm and disarm: what is asked, kept and recorded. usage: test_password.py BUILDDIR

What opens is checked with libcrypt by way of openssl: sha512crypt computed by another program.
"""
import os, re, subprocess

from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"
ONE, TWO = "correct horse", "battery staple"
PARTS = f"{ONE}\n{TWO}\n"
LETTERS = "bcdefghjknprstux"


def init():
    bg("init", "--yes")
    conf = "/etc/breakglass/breakglass.conf"
    write(conf, read(conf).replace("[record]\n", "[record]\nsink-required = no\n", 1))


def sha512(secret, rounds=500000):
    salt = "abcdefghijklmnop"
    return subprocess.run(["openssl", "passwd", "-6", "-salt", f"rounds={rounds}${salt}", secret], check=True, capture_output=True,
                          text=True).stdout.strip()


def value(key, section="password"):
    found = re.search(rf"\[{section}\]\n(?:(?!\[).*\n)*?{key} = (.*)\n", read(CREDENTIALS))
    return found and found[1]


def edit(old, new):
    text = read(CREDENTIALS)
    assert old in text, text
    write(CREDENTIALS, text.replace(old, new, 1), 0o600)


def test_set_and_verify():
    init()
    before = len(journal())
    has(bg("password", "set", "bg1", "--parts-stdin", stdin=PARTS), "Saved: a password in 2 parts opens bg1.")
    assert value("parts") == "2" and value("hash").startswith("$y$j9T$") and value("typing") is None, read(CREDENTIALS)
    assert ONE not in read(CREDENTIALS) and os.stat(CREDENTIALS).st_mode & 0o777 == 0o600
    assert kinds()[before:] == ["credential.enrolled"], kinds()
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin=PARTS), "The parts fit")
    for wrong in f"{TWO}\n{ONE}\n", f"{ONE}\n{ONE}\n", f"{ONE}\n{TWO}r\n":
        has(bg("password", "verify", "bg1", "--parts-stdin", stdin=wrong, rc=1), "BG720 The parts do not make the password of bg1.")
    assert kinds()[-4:] == ["credential.inspected"] * 4
    assert [e["data"]["status_id"] for e in journal()[-4:]] == [1, 2, 2, 2], journal()[-4:]
    assert ONE not in json.dumps(journal()) and TWO not in json.dumps(journal())
    out = bg_json("password", "list")
    assert [p["parts"] for p in out["passwords"]] == [2] and out["passwords"][0]["kind"] == "yescrypt", out
    has(bg("password", "set", "bg1", "--parts-stdin", stdin=PARTS, rc=1), "BG718")
    bg("password", "set", "bg1", "--parts", "3", "--parts-stdin", "--replace", stdin=PARTS + "a third of them\n")
    assert value("parts") == "3"
    has(bg("password", "remove", "bg1", "--yes"), "BG731", "no longer opens")
    assert "[password]" not in read(CREDENTIALS) and kinds()[-1] == "credential.revoked"
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin=PARTS, rc=1), "BG719")


def test_what_is_refused():
    init()
    for stdin, what in (("short\n" + TWO + "\n", "BG723 Part 1"), (ONE + "\n123456789012345\n", "BG723 Part 2"), (ONE + "\n", "BG733"),
                        ("", "BG733"), ("x" * 300 + "\n" + "y" * 212 + "\n", "BG724"), ("x" * 512 + "\n", "BG724")):
        has(bg("password", "set", "bg1", "--parts-stdin", stdin=stdin, rc=1), what)
    has(bg("password", "set", "bg1", stdin=PARTS, rc=2), "BG722")
    has(bg("password", "set", "bg1", "--parts", "1", rc=2), "--parts")
    has(bg("password", "set", "bg1", "--parts", "9", rc=2), "--parts")
    assert not os.path.exists(CREDENTIALS) or "[password]" not in read(CREDENTIALS)
    assert "credential.enrolled" not in kinds()
    bg("password", "set", "bg1", "--parts-stdin", stdin="x" * 300 + "\n" + "y" * 211 + "\n")


def test_what_no_login_could_type():
    """The hash is of what a login takes from the same bytes: no CR or control, a tab is a blank, ^H takes one away."""
    init()
    write("/etc/hash", sha512(ONE + TWO) + "\n", 0o600)
    for stdin in (PARTS.replace("\n", "\r\n"), PARTS.replace(" ", "\t"), f"\x1b[200~{ONE}\x1b[201~\n\x01{TWO}\n", f"{ONE}x\b\n{TWO}\n"):
        bg("password", "set", "bg1", "--replace", "--hash", "/etc/hash", "--parts-stdin", stdin=stdin)
    bg("password", "set", "bg1", "--replace", "--parts-stdin", stdin=PARTS.replace("\n", "\r\n"))
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin=PARTS), "The parts fit")
    has(bg("password", "set", "bg1", "--replace", "--parts-stdin", stdin="1234567\r\n" + TWO + "\r\n", rc=1), "BG723 Part 1")


def test_a_hash_that_is_there():
    init()
    write("/etc/hash", sha512(ONE + TWO) + "\n", 0o600)
    has(bg("password", "set", "bg1", "--hash", "/etc/hash", "--parts-stdin", stdin=f"{TWO}\n{ONE}\n", rc=1), "BG720")
    bg("password", "set", "bg1", "--hash", "/etc/hash", "--parts-stdin", stdin=PARTS)
    assert value("hash") == sha512(ONE + TWO)
    bg("password", "set", "bg1", "--replace", "--hash", "-", "--parts-stdin", stdin=sha512(ONE + TWO, 600000) + "\n" + PARTS)
    assert "rounds=600000" in value("hash")
    for text, what in ((sha512(ONE + TWO, 499999), "sha512crypt: it has fewer than 500000 rounds"),
                       ("$6$abcdefgh$hash", "it has 5000 rounds"), ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "bcrypt"),
                       ("rl.3StKT.4T8M", "DES"), ("$1$abcdefgh$hash", "MD5"), ("$5$rounds=900000$abc$d", "sha256crypt")):
        has(bg("password", "set", "bg1", "--replace", "--hash", "-", "--parts-stdin", stdin=text + "\n" + PARTS, rc=1), "BG725", what)
    for text in "", "*", "!", "bg1:$6$rounds=500000$a$b:0:", "$" + 300 * "x":
        has(bg("password", "set", "bg1", "--replace", "--hash", "-", "--parts-stdin", stdin=text + "\n" + PARTS, rc=1), "BG726")
    bg("password", "set", "bg1", "--replace", "--hash", "/nowhere", "--parts-stdin", stdin=PARTS, rc=3)


def test_typed_on_a_terminal():
    init()
    first, second = "Part 1 of 2: ", "Part 2 of 2: "
    one, two = ONE.encode() + b"\n", TWO.encode() + b"\n"
    rc, out = on_pty(["password", "set", "bg1"], [(first, b"short\n"), ("BG723", b""), (first, one), (second, two), (first, one), (second, two)])
    assert rc == 0 and ONE not in out and TWO not in out, out
    rc, out = on_pty(["password", "verify", "bg1"], [(first, one), (second, two)])
    assert rc == 0 and "The parts fit" in out and ONE not in out, out
    before = read(CREDENTIALS)
    rc, out = on_pty(["password", "set", "bg1", "--replace"], [(first, one), (second, two), (first, one), (second, one)])
    assert rc == 1 and "BG727" in out and read(CREDENTIALS) == before, out
    rc, out = on_pty(["password", "set", "bg1", "--replace"], [(first, one), (second, b"\x03")])
    assert rc == 1 and "BG733" in out and read(CREDENTIALS) == before, out


def cards(out):
    """The letters of each part that were shown."""
    return ["".join(m.split()) for m in re.findall(rf"\n\s+((?:[{LETTERS}]{{5}}\s+){{4}})", out)]


def test_new():
    init()
    asked = 'Type "save", "discard" or "test": '
    go = [("first card", b"\n"), ("Enter wipes this card", b"\n"), ("Enter wipes this card", b"\n")]
    rc, out = on_pty(["password", "new", "bg1"], go + [(asked, b"\n"), (asked, b"discard\n")])
    assert rc == 1 and "BG728" in out and "[password]" not in (read(CREDENTIALS) if os.path.exists(CREDENTIALS) else ""), out
    rc, out = on_pty(["password", "new", "bg1"], [go[0], ("Enter wipes this card", b"\x03")])
    assert rc == 1 and "BG728" in out, out
    rc, out = on_pty(["password", "new", "bg1"], go + [
        (asked, b"test\n"), ("Part 1 of 2: ", lambda seen: cards(seen)[0].upper().encode() + b"\n"),
        ("Part 2 of 2: ", lambda seen: cards(seen)[1].encode() + b"\n"), ("Every letter is right", b""), (asked, b"save\n")])
    assert rc == 0, out
    parts = cards(out)
    assert len(parts) == 2 and all(len(p) == 20 and set(p) <= set(LETTERS) for p in parts), parts
    assert value("typing") == "letters"
    # each card is on a screen of its own that is wiped with its scroll-back
    assert out.count("\033[H\033[2J\033[3J") == 3 and out.count("BREAK-GLASS PASSWORD, PART") == 2
    assert all(len(line) <= 79 for line in re.sub("\033\\[[0-9;?]*[a-zA-Z]", "", out).splitlines())
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin="\n".join(" ".join(p.upper()) for p in parts) + "\n"), "fit")
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin="\n".join(reversed(parts)) + "\n", rc=1), "BG720")
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin=parts[0] + "z\n" + parts[1] + "\n", rc=1), "BG729")
    out = bg_json("password", "new", "bg1", "--parts", "4", "--replace", "--yes")
    assert len(out["drawn"]) == 4 and out["parts"] == 4 and out["kind"] == "yescrypt", out
    bg("password", "verify", "bg1", "--parts-stdin", stdin="\n".join(out["drawn"]) + "\n")
    assert not any(c in json.dumps(journal()) for c in out["drawn"])


def test_paper():
    """The same pages as of shares: what everybody may read outside, one part inside, and its code."""
    init()
    conf = "/etc/breakglass/breakglass.conf"
    write(conf, read(conf).replace("[login]\n", "[login]\nphone = +49 30 5550100\n", 1))
    text = "/run/parts.txt"
    out = bg_json("password", "new", "bg1", "--parts", "3", "--yes", "--cards", "text", "--output", text)
    parts = cards(read(text))
    assert "drawn" not in out and mode(text) == "0o600" and len(parts) == 3 and read(text).count("\f") == 2, (out, parts)
    has(read(text), "PASSWORD, PART 3 OF 3", "In an emergency call +49 30 5550100")
    bg("password", "verify", "bg1", "--parts-stdin", stdin="\n".join(parts) + "\n")
    before, n = read(CREDENTIALS), len(journal())
    has(bg("password", "new", "bg1", "--replace", "--yes", "--cards", "text", "--output", text, rc=1), "BG762")
    has(bg("password", "new", "bg1", "--replace", "--yes", "--cards", "text", "--output", "/nonexistent/x", rc=3), "BG763")
    has(bg("password", "new", "bg1", "--replace", "--yes", "--paper", "letter", rc=2), "BG760")
    asked = '3 cards printed and readable? Type "save", "discard" or "test": '
    rc, out = on_pty(["password", "new", "bg1", "--replace", "--parts", "3", "--cards", "text", "--output", "/run/other"], [(asked, b"discard\n")])
    assert rc == 1 and not os.path.exists("/run/other") and "BREAK-GLASS" not in out, out
    assert read(CREDENTIALS) == before and len(journal()) == n, "nothing changes when the cards are not out"


def test_pages():
    if not can_read_pages():
        return
    init()
    conf = "/etc/breakglass/breakglass.conf"
    write(conf, read(conf).replace("[login]\n", "[login]\nphone = +49 30 5550100\n", 1))
    for parts, extra, size in ("2", (), "595.276 x 841.89"), ("8", ("--paper", "letter"), "612 x 792"):
        path = f"/run/parts-{parts}.pdf"
        out = bg_json("password", "new", "bg1", "--parts", parts, "--replace", "--yes", "--output", path, *extra)
        assert "drawn" not in out and mode(path) == "0o600"
        if os.environ.get("BG_KEEP_PAGES"):
            shutil.copy(path, os.environ["BG_KEEP_PAGES"])
        text, scanned = pages(path, size), codes(path, int(parts))
        for i, page in enumerate(text):
            outside, inside = page.split("Second fold")
            has(outside, "BREAK-GLASS PASSWORD", f"Part {i + 1} of {parts}, all together", "Account bg1", "Call +49 30 5550100", "Kept by", "Seal")
            written = re.findall(rf"(?<!\S)[{LETTERS}]{{5}}(?!\S)", inside.split("First fold")[0])
            assert "".join(written) == scanned[i] and len(scanned[i]) == 20 and scanned[i][:5] not in outside, (written, scanned[i])
        bg("password", "verify", "bg1", "--parts-stdin", stdin="\n".join(scanned) + "\n")


def test_lost_parts_put_back_what_was_there():
    """Byte for byte; none where there was none."""
    init()
    for text in (None, read(CREDENTIALS) + "# mine\n"):
        os.unlink(CREDENTIALS)
        if text is not None:
            write(CREDENTIALS, text, 0o600)
        with open("/dev/full", "w") as full:
            p = subprocess.run(["/usr/sbin/breakglass", "password", "new", "bg1", "--yes", "--json"], stdout=full,
                               stderr=subprocess.PIPE, text=True)
        assert p.returncode == 3 and "BG728" in p.stderr, p
        assert (read(CREDENTIALS) if os.path.exists(CREDENTIALS) else None) == text
        write(CREDENTIALS, text or "", 0o600)


def test_little_memory_is_said_as_such():
    """yescrypt needs 16 MiB; a shell with less gets another sentence than a wrong password does."""
    if SANITIZED:
        return
    init()
    bg("password", "set", "bg1", "--parts-stdin", stdin=PARTS)
    p = subprocess.run(["prlimit", "--as=24000000", "/usr/sbin/breakglass", "password", "verify", "bg1", "--parts-stdin"], input=PARTS, text=True,
                       capture_output=True, timeout=60)
    assert p.returncode == 3 and "BG721" in p.stderr and "BG720" not in p.stderr, p
    assert kinds()[-1] == "credential.enrolled", kinds()[-2:]


def test_a_weak_hash_is_a_finding():
    init()
    bg("share", "new", "bg1", "--yes")
    bg("password", "set", "bg1", "--parts-stdin", stdin=PARTS)
    assert "BG730" not in bg("status", rc=0)
    edit(value("hash"), "$6$abcdefgh$hash")
    has(bg("status", rc=1), "BG730 The password of bg1 is not used: sha512crypt: it has 5000 rounds", "shares: set", "password: 2 parts")
    has(bg("password", "list", rc=1), "NOT USED")
    has(bg("password", "verify", "bg1", "--parts-stdin", stdin=PARTS, rc=1), "BG730")


def test_places_that_nothing_opens():
    init()
    bg("share", "new", "bg1", "--yes")
    edit("enabled = yes\n", "enabled = yes\nfrom = console network\nrequire-network = password\n")
    has(bg("status", rc=1), "BG717 Nothing opens bg1 over the network")
    edit("require-network = password\n", "require = password\n")
    text = bg("status", rc=1)
    has(text, "OWN-02")
    assert "BG717" not in text, text


def test_arm():
    init()
    bg("share", "new", "bg1", "--yes")
    has(bg("arm", "bg1", "--for", "4h", rc=1), "BG710")
    edit("enabled = yes\n", "enabled = yes\nopen = armed\n")
    has(bg("arm", "bg1", rc=2), "BG713")
    for bad in "4", "59s", "8d", "-1h", "0h", "":
        bg("arm", "bg1", "--for", bad, rc=2)
    has(bg("status"), "not armed")
    before = len(journal())
    has(bg("arm", "bg1", "--for", "4h", "--by", "Second Person"), "bg1 can be opened until about 2", "not after a reboot")
    has(bg("status"), "armed by Second Person, for 239 more minutes")
    assert bg_json("status")["accounts"][0]["armed"]["by"] == "Second Person"
    assert kinds()[before:] == ["account.armed"] and journal()[-1]["data"]["unmapped"]["breakglass"]["claimed_by"] == "Second Person", journal()[-1]
    assert bg_json("disarm", "bg1")["changed"] is True and bg_json("disarm", "bg1")["changed"] is False
    assert kinds()[before:] == ["account.armed", "account.disarmed"]
    out = bg_json("status")["accounts"][0]
    assert out["armed"] == {"now": False}, out


def test_account_show_and_set():
    init()
    bg("share", "new", "bg1", "--yes")
    want = {"enabled": True, "open": "always", "from": "everywhere", "require": "any", "require_console": "same", "require_local": "same",
            "require_network": "same", "ways": {"console": "shares", "local": "shares", "network": "shares"}}
    shown = bg_json("account", "show", "bg1")
    assert {k: shown[k] for k in want} == want, shown
    has(bg("account", "show", "bg1"), "from everywhere", "opens at console shares")
    before, text = len(journal()), read(CREDENTIALS)
    bg("account", "set", "bg1", rc=2)
    for option, bad in (("--open", "never"), ("--from", "moon"), ("--require", "same"), ("--require-local", "none"), ("--from", "x" * 300)):
        has(bg("account", "set", "bg1", option, bad, "--yes", rc=2), option)
    has(bg("account", "set", "bg1", "--require", "two-keys", "--yes", rc=1), "BG952", "nothing was changed")
    has(bg("account", "set", "bg1", "--require", "key+shares", "--dry-run", rc=1), "BG952")
    has(bg("account", "set", "bg1", "--from", "console", "--dry-run"), "from console, was everywhere", "BG953 From network nothing")
    has(bg("account", "set", "bg1", "--open", "always", "--yes"), "Nothing to change")
    assert len(journal()) == before and read(CREDENTIALS) == text
    has(bg("account", "set", "bg1", "--open", "armed", "--from", "console 10.2.0.0/16", "--require-network", "shares", "--yes"), "BG954", "BG953 From local")
    assert kinds()[before:] == ["config.changed"], kinds()[before:]
    said = str(journal()[-1])
    has(said, "open = armed, was always", "from = console 10.2.0.0/16, was everywhere", "require-network = shares, was same")
    shown = bg_json("account", "show", "bg1")
    assert (shown["open"], shown["from"], shown["require_network"], shown["ways"]["local"]) == ("armed", "console 10.2.0.0/16", "shares", ""), shown
    assert bg_json("account", "set", "bg1", "--from", "everywhere", "--open", "always", "--require-network", "same", "--yes")["changed"] is True
    assert read(CREDENTIALS) == text
    edit("[shares]", "[shares]\nfrom = console")  # what is enrolled may be used there alone
    has(bg("account", "set", "bg1", "--from", "network", "--yes", rc=1), "BG952")
    bg("account", "set", "nobody", "--open", "armed", rc=2)


def test_armed_where_run_is_full():
    """The state room takes it on the disk instead."""
    init()
    bg("share", "new", "bg1", "--yes")
    edit("enabled = yes\n", "enabled = yes\nopen = armed\n")
    sh("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "none", "/run")
    bg("arm", "bg1", "--for", "1h")
    has(bg("status"), "for 59 more minutes")


main(globals())
