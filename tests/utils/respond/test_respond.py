#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass-respond with a software key: what it answers is verified by openssl(1) over what breakglass-challenge(7) says.

usage: test_respond.py BUILDDIR [TEST...]. Exit 77 (skipped) without softkey or openssl.
"""
import hashlib, json, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE, HERE + "/../../lab", HERE + "/../../tools/softkey"]
os.environ["BG_BUILD"] = BUILD = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else ".")
try:
    from softkey_lab import Key, main, need
except ImportError:
    print("skipped: no software key")
    sys.exit(77)
import second
from sessions import Session

RESPOND = BUILD + "/breakglass-respond"
PIN = "246813"
HOST = "web01"
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04")
SPKI_ED = bytes.fromhex("302a300506032b6570032100")
ENV = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def run(key, *words, text="", rc=0):
    """Without a terminal, a home, or anything else in the environment."""
    p = subprocess.run([RESPOND, "--device", key.path, *words], input=text, text=True, capture_output=True, timeout=60, env=ENV)
    assert p.returncode == rc, (words, p.returncode, p.stdout, p.stderr)
    return p


def fresh(host=HOST, account="bg1", service="sshd"):
    return second.challenge(host, account, service, int(time.time()), int.from_bytes(os.urandom(9), "big"))


def enrolled(key, *options):
    """The words of the line."""
    return run(key, "--pin-stdin", *options, "enroll", text=PIN + "\n").stdout.split()


def der(n):
    n = n.lstrip(b"\0")
    n = (b"\0" if n[0] & 0x80 else b"") + n
    return b"\x02" + bytes([len(n)]) + n


def verified(kind, public, flags, counter, digest, signature):
    """By openssl: the signature over authenticator data and hash."""
    with tempfile.TemporaryDirectory() as top:
        def put(name, data):
            with open(f"{top}/{name}", "wb") as file:
                file.write(data)
        put("data", second.authdata(flags, counter) + digest)
        put("key", (SPKI if kind == "es256" else SPKI_ED) + public)
        sequence = der(signature[:32]) + der(signature[32:])
        put("sig", b"\x30" + bytes([len(sequence)]) + sequence if kind == "es256" else signature)
        openssl = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "data", "-sigfile", "sig"]
        if kind == "es256":
            openssl += ["-digest", "sha256"]
        return subprocess.run(openssl, cwd=top, capture_output=True).returncode == 0


def taken_apart(challenge, rows):
    """Flags, counter, signature of an answer, its checks tried."""
    c = second.Challenge(challenge)
    data = []
    for n, row in enumerate(rows, 1):
        symbols = second.read_row(row)
        assert symbols == second.sealed(c.hash, n, symbols[:22]), (n, row)
        data += symbols[:22]
    bits = second.number_of(data)
    return bits >> 544, bits >> 512 & 0xffffffff, (bits & (1 << 512) - 1).to_bytes(64, "big")


def rows_of(output):
    return re.findall(r"(?m)^\d: ([0-9A-Z-]{29})$", output)


def test_answers():
    for kind in ("es256", "eddsa"):
        with Key("--pin", PIN) as key:
            words = enrolled(key, "--name", "blue", "--type", kind)
            assert words[:3] == ["breakglass-text-key-1", kind, "blue"] and len(words) == 10, words
            public = bytes.fromhex(words[6])
            facts = hashlib.sha256(" ".join(words[:7]).encode()).digest()
            assert verified(kind, public, int(words[7]), int(words[8]), facts, bytes.fromhex(words[9]))
            for _ in range(8):
                challenge = fresh()
                out = run(key, "--pin-stdin", HOST, text=f"{challenge}\n{PIN}\n").stdout
                rows = rows_of(out)
                assert out.split("\n")[5] == "".join(rows).replace("-", ""), out
                flags, counter, signature = taken_apart(challenge, rows)
                assert flags & 5 == 5 and counter > int(words[8]), (flags, counter)
                digest = second.Challenge(challenge).hash
                assert verified(kind, public, flags, counter, digest, signature)
                assert not verified(kind, public, flags, counter, hashlib.sha256(digest).digest(), signature)


def test_in_other_forms():
    """As words of the command, in capitals, in several lines, after a slip; as JSON."""
    with Key("--pin", PIN) as key:
        enrolled(key)
        challenge = fresh()
        names, row = challenge.rsplit(" ", 1)
        said = json.loads(run(key, "--pin-stdin", "--json", "WEB01", *challenge.split(), text=PIN + "\n").stdout)
        assert (said["host"], said["account"], said["service"]) == tuple(names.split()), said
        taken_apart(challenge, said["answer"])
        for text in (challenge.upper() + "\n", names + "\n" + row + "\n", f"web01\nbg1\nsshd {row.lower()}\n"):
            taken_apart(challenge, rows_of(run(key, "--pin-stdin", HOST, text=text + PIN + "\n").stdout))
        taken_apart(challenge, rows_of(run(key, "--pin-stdin", HOST, text=f"{names}\r\n{row}\r\n{PIN}\r\n").stdout))
        slip = row[:2] + ("A" if row[2] != "A" else "B") + row[3:]
        p = run(key, "--pin-stdin", HOST, text=f"{names} {slip}\n\n{PIN}\n")
        assert re.search(rf"BG240 The challenge: character 3 of group 1 does not fit, {row[2]} would", p.stderr), p.stderr
        taken_apart(challenge, rows_of(p.stdout))
        p = run(key, "--pin-stdin", HOST, text=f"{names.replace('bg1', 'bg2')} {row}\n{challenge}\n{PIN}\n")
        assert "BG249" in p.stderr
        taken_apart(challenge, rows_of(p.stdout))


def test_refused():
    with Key("--pin", PIN) as key:
        enrolled(key)
        used = key.status()
        for host in ("web02", "web0", "web01.example.org"):
            p = run(key, host, *fresh().split(), rc=1)
            assert "BG740 This challenge is of the host web01, and you named " + host in re.sub(r"\s+", " ", p.stderr), p.stderr
            assert p.stdout == ""
        assert key.status() == used  # the key was not asked
        p = run(key, HOST, text="web01 bg1 sshd 00000-00000-00000-00000-00000\n", rc=1)
        assert "BG249" in p.stderr or "BG24" in p.stderr
        assert "BG743" in run(key, HOST, text="web01 b/g1 sshd x\n", rc=1).stderr
        run(key, HOST, text="", rc=1)
        for words in ((), ("we b",), ("--type", "rsa", "enroll"), ("--name", "A", "enroll"), ("enroll", "x"), ("--nonsense",)):
            run(key, *words, rc=2)


def test_what_is_said_of_time():
    with Key("--pin", PIN) as key:
        enrolled(key)
        for seconds, said in ((time.time(), None), (0, "1970-01-01T00:00:00Z"), (time.time() - 3 * 3600 - 9, "3 hours ago"),
                              (time.time() + 2 * 86400 + 99, "2 days from now")):
            c = second.challenge(HOST, "bg1", "sshd", int(seconds), 5)
            p = run(key, "--pin-stdin", HOST, *c.split(), text=PIN + "\n")
            assert ("BG742" in p.stderr) == (said is not None) and (said or "") in re.sub(r"\s+", " ", p.stderr), p.stderr


def test_pins():
    with Key() as key:  # no PIN at all: no answer would count
        assert "BG746" in run(key, "--pin-stdin", "enroll", text="\n", rc=3).stderr
    with Key("--pin", PIN) as key:
        enrolled(key)
        c = fresh().split()
        assert "BG748 Wrong PIN. Tries left on the key: 7" in run(key, "--pin-stdin", HOST, *c, text="1357\n", rc=1).stderr
        assert "BG752" in run(key, "--pin-stdin", HOST, *c, text="12\n", rc=1).stderr
        assert key.tell("retries").startswith("pin=7"), key.tell("retries")  # what cannot be a PIN costs nothing
        with Session([RESPOND, "--device", key.path, HOST, *c], env=ENV) as person:
            person.expect("PIN of the key, 7 tries left, not shown: ")
            person.line("9999")
            person.expect("BG748")
            person.expect("6 tries left, not shown: ")
            person.line(PIN)
            person.expect("BG753 Touch the key now")
            person.expect("5: [0-9A-Z-]{29}")
            assert PIN not in person.transcript


def test_the_last_tries():
    with Key("--pin", PIN) as key:
        enrolled(key)
        c = fresh().split()
        for left in (7, 6, 5, 4, 3, 2):
            if left == 4:  # after three wrong ones it wants to be plugged in again
                key.replug()
            run(key, "--pin-stdin", HOST, *c, text="1357\n", rc=3 if left in (5, 2) else 1)
            assert key.tell("retries").startswith(f"pin={left}"), key.tell("retries")
        key.replug()
        for words in ((HOST, *c), ("enroll",)):
            assert "BG751 Only 2 PIN tries" in run(key, "--pin-stdin", *words, text="1357\n", rc=1).stderr
        with Session([RESPOND, "--device", key.path, HOST, *c], env=ENV) as person:
            person.expect("Type yes to spend one of them: ")
            person.line("no")
            person.expect_end()
        assert key.tell("retries").startswith("pin=2"), key.tell("retries")
        assert "BG751" in run(key, "--pin-stdin", "--yes", HOST, *c, text="1357\n", rc=1).stderr
        assert key.tell("retries").startswith("pin=1"), key.tell("retries")
        run(key, "--pin-stdin", "--yes", HOST, *c, text=PIN + "\n")
        assert key.tell("retries").startswith("pin=8"), key.tell("retries")


def test_a_line_that_nobody_has():
    with Key("--pin", PIN) as key, open("/dev/full", "w") as full:
        for options in ((), ("--json",)):
            p = subprocess.run([RESPOND, "--device", key.path, "--pin-stdin", *options, "enroll"], input=PIN + "\n", text=True,
                               stdout=full, stderr=subprocess.PIPE, timeout=60, env=ENV)
            assert p.returncode == 3 and "BG834" in p.stderr and "BG755" not in p.stderr, p


def test_a_fingerprint():
    with Key("--uv", "yes") as key:
        assert len(run(key, "enroll").stdout.split()) == 10
        c = fresh()
        flags, _, _ = taken_apart(c, rows_of(run(key, HOST, *c.split()).stdout))
        assert flags & 4
    with Key("--pin", PIN, "--uv", "no") as key:  # one that is not recognized: the PIN is asked
        with Session([RESPOND, "--device", key.path, "enroll"], env=ENV) as person:
            person.expect("PIN of the key")
            person.line(PIN)
            person.expect("breakglass-text-key-1 es256 text")


def test_not_enrolled():
    with Key("--pin", PIN) as key:
        assert "BG747" in run(key, "--pin-stdin", HOST, *fresh().split(), text=PIN + "\n", rc=3).stderr


def test_several_credentials():
    with Key("--pin", PIN) as key:
        lines = {name: enrolled(key, "--name", name) for name in ("ops", "board")}
        assert lines["ops"][5] != lines["board"][5]  # a second does not replace the first
        for name, words in lines.items():
            c = fresh()
            flags, counter, signature = taken_apart(c, rows_of(run(key, "--pin-stdin", "--name", name, HOST, *c.split(), text=PIN + "\n").stdout))
            assert verified("es256", bytes.fromhex(words[6]), flags, counter, second.Challenge(c).hash, signature)
        p = run(key, "--pin-stdin", HOST, *fresh().split(), text=PIN + "\nops\n")
        assert "The key holds several credentials:" in p.stderr, p.stderr
        run(key, "--pin-stdin", "--name", "nobody", HOST, *fresh().split(), text=PIN + "\n", rc=3)


def pixels(shown):
    """A bit map of half blocks, 8 pixels a module."""
    rows = []
    for line in re.findall(r"\x1b\[30;107m(.*?)\x1b\[0m", shown):
        rows.append([c in "▀█" for c in line])
        rows.append([c in "▄█" for c in line])
    big = [[m for m in row for _ in range(8)] for row in rows for _ in range(8)]
    pad = 32
    width = len(big[0]) + 2 * pad
    blank = [[False] * width] * pad
    return blank + [[False] * pad + row + [False] * pad for row in big] + blank


def test_a_code():
    """Read by zbarimg, and no wider or higher than a terminal."""
    if shutil.which("zbarimg") is None or b"libqrencode" not in open(RESPOND, "rb").read():
        print("no zbarimg, or no libqrencode")
        return
    with Key("--pin", PIN, ) as key, tempfile.TemporaryDirectory() as top:
        enrolled(key)
        c = fresh()
        with Session([RESPOND, "--device", key.path, "--qr", HOST, *c.split()], env=ENV) as person:
            person.expect("PIN of the key")
            person.line(PIN)
            person.expect_end()
            shown = person.transcript
        image = pixels(shown)
        assert len(re.findall(r"\x1b\[30;107m", shown)) <= 24 and len(image[0]) // 8 <= 88, len(image[0])
        with open(f"{top}/code.pbm", "w", encoding="ascii") as file:
            file.write(f"P1\n{len(image[0])} {len(image)}\n" + "\n".join(" ".join("1" if p else "0" for p in row) for row in image))
        read = subprocess.run(["zbarimg", "-Sdisable", "-Sqrcode.enable", "-q", "--raw", f"{top}/code.pbm"], capture_output=True, text=True).stdout.strip()
        assert read == "".join(rows_of(shown.replace("\r", ""))).replace("-", ""), read


def test_leaves_nothing():
    """No file is opened for writing, no socket made; --help and --version need no key."""
    for word in ("--help", "--version"):
        assert subprocess.run([RESPOND, word], capture_output=True, env={}).returncode == 0
    if shutil.which("strace") is None:
        return
    with Key("--pin", PIN) as key, tempfile.TemporaryDirectory() as top:
        p = subprocess.run(["strace", "-f", "-o", f"{top}/log", "-e", "trace=openat,open,socket,connect,unlink,rename", RESPOND, "--device",
                            key.path, "--pin-stdin", "enroll"], input=PIN + "\n", text=True, capture_output=True, env=ENV)
        log = open(f"{top}/log", encoding="utf-8", errors="replace").read()
        if p.returncode != 0 and "ptrace" in p.stderr:
            return
        assert p.returncode == 0, p.stderr
        touched = [line for line in log.split("\n") if re.search(r"socket\(|connect\(|unlink|rename|O_WRONLY|O_CREAT|O_RDWR", line)]
        assert all(key.path in line or "/dev/tty" in line for line in touched), touched


need("openssl")
main(globals())
