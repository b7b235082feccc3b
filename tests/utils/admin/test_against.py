#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass journal verify --against. usage: test_against.py BUILDDIR

The journals are written by tests/tools/record, what receivers store of them and what was done to them by Python, with its own
hashes and its own mail.
"""
import base64, email.message, email.policy, mailbox, quopri
import os, shutil, socket, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

JOURNAL, STATE, RUN = "/var/lib/breakglass/journal", "/var/lib/breakglass", "/run/breakglass/journal"
COPY = "/var/tmp/copy"


def record(n, reason="LDAP is down", kind="use.granted"):
    for d in (STATE, "/run/breakglass"):
        os.makedirs(d, exist_ok=True)
    sh(BUILD + "/tests/tools/record", JOURNAL, RUN, "", "-n", str(n), "-m", reason, "-k", kind, stdout=subprocess.DEVNULL)


def lines():
    return "".join(read(f) for f in sorted(glob.glob(JOURNAL + "/*.jsonl"))).splitlines()


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def relink(line, prev=None, **changed):
    """The line with other text in it, and its hashes made right."""
    for old, new in changed.get("text", ()):
        assert old in line
        line = line.replace(old, new)
    if prev is not None:
        line = re.sub('"prevhash":"[0-9a-f]{64}"', f'"prevhash":"{prev}"', line)
    body = line[:line.index(',"linehash":"')]
    return f'{body},"linehash":"{sha(body)}","seal":null}}'


def chain(some, prev, text=()):
    """Those lines as a chain of their own behind prev."""
    out = []
    for line in some:
        out.append(relink(line, prev, text=text))
        prev = sha(out[-1])
    return out


def against(*copies, rc=0):
    names = []
    for i, copy in enumerate(copies):
        names += ["--against", f"{COPY}{i}"]
        if copy is not None:
            write(f"{COPY}{i}", copy if isinstance(copy, str) else "\n".join(copy) + "\n")
    return bg_json("journal", "verify", *names, rc=rc)["against"]


def only(out, kind, first, **more):
    assert [(d["kind"], d["first"]) for d in out["differences"]] == [(kind, first)], out
    for key, value in more.items():
        assert out["differences"][0][key] == value, out


def keep():
    sh("rm", "-rf", "/mnt/kept")
    sh("cp", "-a", STATE, "/mnt/kept")


def put_back():
    sh("sh", "-c", f"rm -rf {STATE}/* /run/breakglass && cp -a /mnt/kept/* {STATE}/")


def test_what_is_the_same():
    record(9)
    mine = lines()
    assert len(mine) == 10
    out = against(mine)
    assert out == {"agree": 10, "lost": 0, "trimmed": 0, "absent": 0, "cut_short": 0, "others": 0, "journals": 0, "differences": []}, out
    assert against(mine[4:6] + mine[7:])["absent"] == 1
    assert against([*mine, *mine])["agree"] == 20
    has(bg("journal", "verify", "--against", COPY + "0"), "intact: 10 lines", "Nothing differs: 20 lines")
    record(1)  # it grows while receivers are read
    assert against(mine)["agree"] == 10


def test_forms():
    """What stands around a line does not matter."""
    record(4, reason="Größe \"mit\" {Klammern} und ,\\")
    mine = lines()
    prefix = [f"Nov 22 12:03:24 web01 breakglass[17]: @cee: {x}" for x in mine]
    rfc5424 = [f"<81>1 2026-11-22T12:03:24.1Z web01 breakglass 17 - [a@32473 b=\"c\"] \ufeff{x}" for x in mine]
    for text in (prefix, rfc5424, "".join(mine), "\n\n".join(mine)):
        assert against(text)["agree"] == 5
    os.makedirs("/var/tmp/hooks/2026")
    for i, x in enumerate(mine):
        write(f"/var/tmp/hooks/2026/{i}.json" if i % 2 else f"/var/tmp/hooks/{i}", x)
    assert bg_json("journal", "verify", "--against", "/var/tmp/hooks")["against"]["agree"] == 5
    os.symlink("nowhere", "/var/tmp/hooks/2026/link")  # what holds nothing is passed over
    os.symlink("circle", "/var/tmp/hooks/circle")
    os.mkfifo("/var/tmp/hooks/fifo")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("/var/tmp/hooks/socket")
    assert bg_json("journal", "verify", "--against", "/var/tmp/hooks")["against"]["agree"] == 5
    os.symlink("/proc/self/mem", "/var/tmp/hooks/2026/mem")  # reading it fails
    has(bg("journal", "verify", "--against", "/var/tmp/hooks", rc=3), "BG884", "/var/tmp/hooks/2026/mem cannot be read: Input/output error")
    os.remove("/var/tmp/hooks/2026/mem")
    bg("journal", "verify", "--against", "/var/tmp/nowhere", rc=3)
    assert against([mine[0], mine[1][:300], mine[2]])["cut_short"] == 1
    bg("journal", "verify", "--against", "/var/tmp/none", rc=3)


def test_hostile_files():
    """Beginnings without an end, and files of one line, cost no more time or memory than others and hide nothing."""
    record(4)
    mine = lines()
    head = '{"specversion":"1.0",'
    write(COPY + "0", head * 400000 + mine[1] + head * 100 + "{" + mine[2] + "x" * 70000 + mine[3] + head)
    start = os.times()
    out = bg_json("journal", "verify", "--against", COPY + "0")["against"]
    took = os.times()
    assert out["agree"] == 3 and not out["differences"], out
    assert took.children_user - start.children_user < 8, took
    many = [mine[i % 5] + " " * (i % 977) for i in range(400)]  # whatever stands where the text is parted
    assert against("".join(many))["agree"] == 400
    for n in range(30):  # a line ends just before the end of what is read at once
        out = against("x" * (65536 - n - len(mine[1])) + mine[1] + "y" * 70000)
        assert (out["agree"], out["cut_short"]) == (1, 0), (n, out)
    for how, body in (("quoted-printable", quopri.encodestring("".join(many).encode())), ("base64", base64.encodebytes("".join(many).encode()))):
        assert against(f"Subject: x\nContent-Transfer-Encoding: {how}\n\n{body.decode()}")["agree"] == 400, how
    with open(COPY + "0", "w") as f:  # sparse, of one line
        f.truncate(600 << 20)
    limit = "" if SANITIZED else "ulimit -v 400000;"
    p = subprocess.run(["sh", "-c", f"{limit} exec {BUILD}/breakglass journal verify --against {COPY}0"], capture_output=True, text=True)
    assert p.returncode == 1 and "BG883" in p.stdout + p.stderr, p


def test_mail():
    record(4, reason="Größe = {Klammern} " + "x" * 100)
    for how in ("base64", "quoted-printable"):
        box = mailbox.mbox(f"/var/tmp/box-{how}")
        for x in lines():
            m = email.message.EmailMessage(policy=email.policy.SMTP)
            m["Subject"] = "BREAK-GLASS"
            m.set_content("Somebody broke the glass.\nFrom here on: see below.\n")
            m.add_attachment(x.encode(), maintype="application", subtype="json", filename="event.json", cte="base64")
            if how != "base64":
                part = list(m.iter_attachments())[0]
                del part["Content-Transfer-Encoding"]
                part["Content-Transfer-Encoding"] = how
                part._payload = quopri.encodestring(x.encode()).decode()
            box.add(m)
        box.close()
        out = bg_json("journal", "verify", "--against", f"/var/tmp/box-{how}")["against"]
        assert out["agree"] == 5 and not out["differences"], (how, out)


def test_many_hosts():
    record(3)
    mine = lines()
    other = [x.replace(json.loads(mine[0])["journalid"], "0" * 32).replace("urn:breakglass:host:", "urn:breakglass:host:other.") for x in mine]
    other = chain(other, "0" * 64)
    out = against(mine + other)
    assert out["agree"] == 4 and out["others"] == 4 and out["journals"] == 1 and not out["differences"], out
    only(against(other, rc=1), "nothing", 0)


def test_shortened():
    """What syslog had no room for still has its hashes."""
    record(3)
    mine = lines()
    def short(x):
        o = {k: v for k, v in json.loads(x).items() if k in ("specversion", "id", "source", "type", "subject", "time", "journalid", "sequence", "prevhash", "linehash", "severitytext")}
        return json.dumps({**o, "shortened": True}, separators=(",", ":"))
    assert against([short(x) for x in mine])["agree"] == 4
    bad = re.sub('"linehash":"[0-9a-f]{64}"', f'"linehash":"{"0" * 64}"', short(mine[2]))
    only(against([short(x) for x in mine] + [bad], rc=1), "forged", 3)


def test_cut():
    record(6)
    mine = lines()
    keep()
    with open(f"{JOURNAL}/000001.jsonl", "w") as f:
        f.write("\n".join(mine[:4]) + "\n")
    os.remove(STATE + "/head")
    sh("rm", "-rf", "/run/breakglass")
    only(against(mine, rc=1), "cut", 5, last=7)
    only(against(mine[5:], rc=1), "cut", 6)


def test_rolled_back():
    record(3)
    keep()
    record(3, "before the snapshot came back")
    theirs = lines()
    put_back()
    only(against(theirs, rc=1), "cut", 5)  # nothing has happened yet
    record(5, "after it")
    only(against(theirs, rc=1), "rolledback", 5, last=7)
    only(against(theirs + lines(), rc=1), "rolledback", 5, last=7)  # the receiver has both
    has(bg("journal", "verify", "--against", COPY + "0", rc=1), "BG879", "line 5 to 7")


def test_clone():
    record(3)
    keep()
    record(1, "here first")
    first = lines()
    put_back()
    record(3, "on the other machine")
    elsewhere = lines()
    sh("sh", "-c", f"rm -rf {STATE}/* /run/breakglass")
    write("/mnt/first", "")
    os.makedirs(JOURNAL, mode=0o750)
    os.chmod(STATE, 0o755)
    write(f"{JOURNAL}/000001.jsonl", "\n".join(first) + "\n", 0o640)
    record(3, "here again")
    out = against(lines() + elsewhere, rc=1)
    assert ("clone", 5) in [(d["kind"], d["first"]) for d in out["differences"]], out
    named = chain(elsewhere[4:], sha(elsewhere[3]), [("urn:breakglass:host:", "urn:breakglass:host:copy-of-")])
    out = against(lines()[:5] + named, rc=1)
    assert ("clone", 5) in [(d["kind"], d["first"]) for d in out["differences"]], out


def test_rewritten():
    record(6)
    mine = lines()
    changed = chain([mine[3].replace("LDAP is down", "LDAP is up  "), *mine[4:]], sha(mine[2]))
    write(f"{JOURNAL}/000001.jsonl", "\n".join(mine[:3] + changed) + "\n")
    os.remove(STATE + "/head")
    sh("rm", "-rf", "/run/breakglass")
    only(against(mine, rc=1), "rewritten", 4, last=7)
    only(against(mine[5:], rc=1), "rewritten", 6)


def test_removed():
    record(4)
    theirs = lines()
    sh("rm", "-rf", STATE, "/run/breakglass")
    only(against(theirs, rc=1), "removed", 1, last=5, count=5, journalid=json.loads(theirs[0])["journalid"])
    record(2)
    only(against(theirs + lines(), rc=1), "removed", 1, last=5)


def test_removed_and_degraded():
    """Lines that the main journal took over from /run, lines that nobody proves and many invented journals explain nothing away."""
    record(4)
    theirs = lines()
    sh("rm", "-rf", STATE, "/run/breakglass")
    record(2)
    id1 = json.loads(theirs[0])["journalid"]
    fake = '{"specversion":"1.0","journalid":"%s","sequence":"00000000000000000001","prevhash":"%s","degraded":"x"}' % (id1, "0" * 64)
    only(against([fake, *theirs, *lines(), fake], rc=1), "removed", 1, last=5, count=5)
    taken = chain([theirs[2].replace('"clock":', '"degraded":"journal: disk full","clock":'), *theirs[3:]], sha(theirs[1]))
    only(against([*theirs[:2], *taken, *lines()], rc=1), "removed", 1, last=5, count=5)
    run = chain([x.replace('"clock":', '"degraded":"journal: disk full","clock":') if i else x for i, x in enumerate(theirs)], "0" * 64)
    assert not against([*run, *lines()])["differences"]
    only(against([run[0], *lines()], rc=1), "removed", 1, last=1)
    invented = [relink(theirs[1].replace(id1, f"{n:032x}")) for n in range(4096)]
    elsewhere = [relink(x.replace("urn:breakglass:host:", "urn:breakglass:host:other.")) for x in invented]
    only(against([*elsewhere, *theirs, *lines()], rc=1), "removed", 1, count=5)
    out = against([*invented, *theirs, *lines()], rc=1)["differences"]
    assert len(out) == 4097 and out[-1]["count"] == 5 and out[-1]["journalid"] == "" and out[-2]["count"] == 1, out[-2:]


def test_forged():
    """Anybody may write to syslog: such a line does not make the journal look rewritten."""
    record(6)
    mine = lines()
    fake = mine[3].replace("LDAP is down", "nothing at all")
    only(against([*mine, fake], rc=1), "forged", 4, count=1)  # its hash is wrong
    only(against([*mine, relink(fake, "1" * 64)], rc=1), "forged", 4, count=1)  # right, but nobody's line stands before
    another = fake.replace(json.loads(fake)["id"], "01JD7Z3W9Q6M3B1V5X0C8K3F2T")
    only(against([*mine, relink(another, "1" * 64)], rc=1), "forged", 4, count=1)
    only(against([*mine, relink(fake)], rc=1), "forged", 4, count=1)  # and right, behind a line of ours: the receiver has ours too
    far = relink(mine[-1].replace('"sequence":"00000000000000000007"', '"sequence":"00000000000000000008"'), "2" * 64)
    only(against([*mine, far], rc=1), "forged", 8, count=1)
    only(against([*mine, relink(mine[2].replace('"sequence":"00000000000000000003"', '"sequence":"00000000000000000000"'))], rc=1), "forged", 0)


def test_lost_in_a_power_cut():
    record(3)
    mine = lines()
    record(2, "in the cache alone", "attempt.started")
    theirs = lines()
    lost = relink(mine[2].replace('"sequence":"00000000000000000003"', '"sequence":"00000000000000000007"')
                  .replace("use.granted", "journal.lost").replace('"clock":', f'"detail":"lost after 4 {sha(mine[3])}: power","clock":'), sha(theirs[5]))
    write(f"{JOURNAL}/000001.jsonl", "\n".join([*mine, lost]) + "\n")
    os.remove(STATE + "/head")
    sh("rm", "-rf", "/run/breakglass")
    out = bg_json("journal", "verify", rc=1)
    assert out["holds"] and "second place" in json.dumps(out), out
    out = against([*theirs, lost], rc=1)  # for the second place alone
    assert out["lost"] == 2 and out["agree"] == 5 and not out["differences"], out
    touched = relink(lost.replace("journal.lost", "tamper.detected"))
    write(f"{JOURNAL}/000001.jsonl", "\n".join([*mine, touched]) + "\n")
    only(against([*theirs, touched], rc=1), "gone", 5, count=2)


def test_no_power_cut_takes_what_was_on_the_disk():
    """Whoever cuts off his use and writes journal.lost behind it is told of; what the disk may have had in its cache alone is not."""
    record(3)
    mine = lines()
    record(1, "in the cache", "attempt.started")
    record(1, "the break-in", "use.granted")
    record(2, "in the cache again", "attempt.started")
    theirs = lines()
    lost = relink(mine[2].replace('"sequence":"00000000000000000003"', '"sequence":"00000000000000000009"')
                  .replace("use.granted", "journal.lost").replace('"clock":', f'"detail":"lost after 4 {sha(mine[3])}: power","clock":'), sha(theirs[7]))
    write(f"{JOURNAL}/000001.jsonl", "\n".join([*mine, lost]) + "\n")
    os.remove(STATE + "/head")
    sh("rm", "-rf", "/run/breakglass")
    out = against([*theirs, lost], rc=1)
    only(out, "gone", 5, last=6, count=2)
    assert out["lost"] == 2, out
    out = against([*theirs[:5], *theirs[6:], lost], rc=1)  # the receiver has not got it: nobody can tell
    assert out["lost"] == 3 and not out["differences"], out


CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32m(text):
    """BIP-350, as its reference implementation has it: the bytes, or None."""
    prefix, _, data = text.rpartition("1")
    values = [CHARSET.index(c) for c in data]
    check = 1
    for v in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + values:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if top >> i & 1 else 0
    bits = "".join(f"{v:05b}" for v in values[:-6])
    return prefix, bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8)) if check == 0x2bc830a3 else None


def read_code(screen):
    """What zbarimg reads in the code on a screen, as a picture of it; None without the program."""
    block = {" ": (1, 1), "\u2584": (1, 0), "\u2580": (0, 1), "\u2588": (0, 0)}  # 1: light
    rows = [re.sub("\x1b\\[[0-9;]*m", "", x).rstrip("\r\n") for x in screen.split("\n") if "\x1b[30;107m" in x]
    if not shutil.which("zbarimg") or not rows:
        return None
    pixels = []
    for row in rows:
        for half in (0, 1):
            line = b"".join(bytes([255 * block[c][half]]) * 4 for c in row)
            pixels += [line] * 4
    with open("/var/tmp/code.pgm", "wb") as f:
        f.write(b"P5 %d %d 255\n" % (len(pixels[0]), len(pixels)) + b"".join(pixels))
    return subprocess.run(["zbarimg", "-Sdisable", "-Sqrcode.enable", "-q", "--raw", "/var/tmp/code.pgm"], capture_output=True, text=True).stdout.strip()


def test_checkpoint():
    record(4)
    out = bg_json("journal", "checkpoint")
    mine = lines()
    prefix, data = bech32m(out["checkpoint"])
    assert (prefix, data[:8].hex(), int.from_bytes(data[8:16], "big"), data[16:].hex()) == \
        ("bgp", json.loads(mine[0])["journalid"][:16], 5, sha(mine[-1])), out
    text = bg("journal", "checkpoint")
    assert len(text.rstrip("\n")) <= 160 and out["checkpoint"] in text and " line 5\n" in text, text
    sheet = bg("journal", "checkpoint", "--sheet")
    has(sheet, "line 5", "seen by")
    assert max(map(len, sheet.splitlines())) <= 80, sheet
    has(bg("journal", "checkpoint", "--qr"), "BG888", out["checkpoint"])  # a pipe
    rc, shown = on_pty(["journal", "checkpoint", "--qr"], [], env={"LC_ALL": "C.UTF-8"})
    assert rc == 0 and ("\u2588" in shown or "BG888" in shown) and read_code(shown) in (None, out["checkpoint"].upper()), shown
    record(2)
    for given in (text, out["checkpoint"].upper(), sheet, "see: " + out["checkpoint"][:40] + "-\n  " + out["checkpoint"][40:] + ". Yours"):
        has(bg("journal", "verify", "--checkpoint", given), "checkpoint of line 5 holds")
        assert bg_json("journal", "verify", "--checkpoint", given)["checkpoint"] == {"sequence": 5, "holds": True}
    typo = out["checkpoint"][:30] + ("q" if out["checkpoint"][30] != "q" else "p") + out["checkpoint"][31:]
    has(bg("journal", "verify", "--checkpoint", typo, rc=2), "BG503")
    write(f"{JOURNAL}/000001.jsonl", "\n".join(mine[:3] + chain([mine[3].replace("LDAP", "LDUP"), *mine[4:]], sha(mine[2]))) + "\n")
    has(bg("journal", "verify", "--checkpoint", text, rc=1), "BG885", "Line 5")
    write(f"{JOURNAL}/000001.jsonl", "\n".join(mine[:3]) + "\n")
    has(bg("journal", "verify", "--checkpoint", text, rc=1), "BG886")
    sh("rm", "-rf", STATE, "/run/breakglass")
    record(8)
    has(bg("journal", "verify", "--checkpoint", text, rc=1), "BG887")


main(globals())
