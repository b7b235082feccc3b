#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The seal of the journal as a person uses it: init, journal seal, journal verify --key. usage: test_seal.py BUILDDIR [TEST]...

What is right is told by tests/tools/seal.py, which knows the manual alone.
"""
import os, shutil, socket, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/seal.py")
JOURNAL = "/var/lib/breakglass/journal/000001.jsonl"
STATE = "/var/lib/breakglass/seal"


def key_in(text):
    """The key as it is shown in groups."""
    found = re.search(r"bgseal1(?:\s+[02-9ac-hj-np-z]{1,5}){17}", text)
    assert found, text
    return found.group()


def sealed_init(*args):
    return key_in(bg("init", "--yes", *args))


def verify(*keys, rc=0, json_too=True):
    text = "# keys of this host\n" + "\n".join(keys) + "\n"
    out = bg("journal", "verify", "--key", "-", stdin=text, rc=rc)
    found = json.loads(bg("journal", "verify", "--key", "-", "--json", stdin=text, rc=rc))["journal_seal"] if json_too else None
    return out, found


def python(key):
    p = subprocess.run([PYTHON, "check", os.path.dirname(JOURNAL)], input="".join(key.split()) + "\n", text=True, capture_output=True, check=True)
    return [line.split()[1] for line in p.stdout.splitlines()]


def lines():
    return open(JOURNAL, "rb").read().splitlines(True)


def put(new):
    with open(JOURNAL, "wb") as f:
        f.write(b"".join(new))


def relink(old):
    """The chain of old as root can make it hold again."""
    new, prev = [], "0" * 64
    for line in old:
        text = re.sub(rb'"prevhash":"[0-9a-f]{64}"', b'"prevhash":"' + prev.encode() + b'"', line.rstrip(b"\n"))
        head, tail = re.fullmatch(rb'(.*),"linehash":"[0-9a-f]{64}"(,"seal":.*)', text).groups()
        text = head + b',"linehash":"' + hashlib.sha256(head).hexdigest().encode() + b'"' + tail
        prev = hashlib.sha256(text).hexdigest()
        new.append(text + b"\n")
    return new


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def checkpoint_of(line, number=0):
    """What "journal checkpoint" prints when that line is the last, from the manual: BIP-350 by hand."""
    ev = json.loads(line)
    data = bytes.fromhex(ev["journalid"])[:8] + (number or int(ev["sequence"])).to_bytes(8, "big") + hashlib.sha256(line.rstrip(b"\n")).digest()
    bits = "".join(f"{b:08b}" for b in data)
    values = [int(bits[i:i + 5].ljust(5, "0"), 2) for i in range(0, len(bits), 5)]
    check = 1
    for v in [ord(c) >> 5 for c in "bgp"] + [0] + [ord(c) & 31 for c in "bgp"] + values + [0] * 6:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if top >> i & 1 else 0
    check ^= 0x2bc830a3
    return "bgp1" + "".join(BECH32[v] for v in values + [check >> 5 * (5 - i) & 31 for i in range(6)])


def test_init_seals_and_its_key_verifies():
    key = sealed_init()
    assert os.stat(STATE).st_mode & 0o7777 == 0o600
    for number in range(4):
        bg("share", "new", "bg1", "--yes", *(["--replace"] if number else []))
    said = python(key)
    assert said[0] == "before" and set(said[1:]) == {"good"} and len(said) == len(lines()), said
    out, found = verify(key)
    has(out, "The seal holds: lines 2 to %d" % len(said))
    assert found == {"state": "holds", "sealed_lines": len(said) - 1, "found": [], "wrong_keys": []}, found
    assert "".join(key.split()).upper() not in open("/proc/self/environ", errors="replace").read()
    for top in ("/var/lib/breakglass", "/etc/breakglass", "/run/breakglass"):  # it is kept nowhere
        for name, _, files in os.walk(top):
            for f in files:
                assert key.split()[1].encode() not in open(os.path.join(name, f), "rb").read(), f
    has(bg("journal", "verify"), "intact", "not checked")


def test_json_carries_the_key():
    seal = bg_json("init", "--yes")["journal_seal"]
    assert seal["first_line"] == 2 and re.fullmatch("bgseal1[a-z0-9]{83}", seal["verification_key"])
    verify(seal["verification_key"])
    assert "journal_seal" not in bg_json("init", "--yes")


def test_no_seal_when_nobody_sees_its_key():
    bg("init", "--yes", "--quiet")
    assert not os.path.exists(STATE)
    has(bg("journal", "verify"), "It is not sealed")


def test_seal_no():
    assert "bgseal1" not in bg("init", "--yes", "--seal", "no")
    assert not os.path.exists(STATE)
    has(bg("init", "--yes", "--seal", "maybe", rc=2), "BG503", "--seal")


def test_a_journal_where_one_was_removed_is_sealed():
    """/run still knows it: the numbers go on, the first line tells, and the seal begins behind."""
    old = sealed_init()
    shutil.rmtree("/var/lib/breakglass")
    new = sealed_init()
    assert [k for k in kinds() if k != "tamper.detected"][0] == "journal.sealed", kinds()
    assert kinds()[0] == "tamper.detected" and os.stat(STATE).st_mode & 0o7777 == 0o600, kinds()
    bg("journal", "accept", "--reason", "it was removed by hand", "--yes")
    out, found = verify(new)
    assert found["state"] == "holds" and found["sealed_lines"] == len(kinds()) - kinds().index("journal.sealed") - 1, found
    assert python(new)[-1] == "good" and old != new
    before = json.loads(lines()[-1])["sequence"]
    shutil.rmtree("/var/lib/breakglass")
    assert bg_json("init", "--yes")["journal_seal"]["first_line"] > int(before) + 1


def test_init_says_that_it_made_no_seal():
    """Nobody could read its key; there is a journal all the same."""
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "init", "--yes"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert "BG1100" in p.stderr and "breakglass journal seal" in p.stderr and not os.path.exists(STATE), p
    assert kinds()[0] == "journal.genesis"
    key = key_in(bg("journal", "seal", "--yes"))
    bg("share", "new", "bg1", "--yes")
    verify(key)


def test_json_that_nobody_reads():
    """Its key was not written, so no seal stays; the next line says so."""
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "init", "--yes", "--json"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert p.returncode == 3
    assert not os.path.exists(STATE)
    bg("share", "new", "bg1", "--yes")
    assert "journal.unsealed" in kinds()


def test_json_that_nobody_reads_of_an_init_that_failed():
    """The seal had begun when something else went wrong: its key was not written either."""
    os.makedirs("/var/lib/breakglass", mode=0o755)
    write("/var/lib/breakglass/undo", "x")
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "init", "--yes", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert p.returncode == 3, p
    assert "sealed" in read(JOURNAL) or "journal.genesis" in read(JOURNAL)
    assert not os.path.exists(STATE)


def test_a_key_that_cannot_be_shown_begins_no_seal():
    key = sealed_init()
    before = lines()
    with open("/dev/full", "w") as full:
        p = subprocess.run(["/usr/sbin/breakglass", "journal", "seal", "--yes"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert p.returncode == 3 and "BG871" in p.stderr, p
    assert lines() == before
    bg("share", "new", "bg1", "--yes")
    verify(key)


def test_a_disk_that_is_full_keeps_the_seal():
    """The state directory is on a full disk: whatever fails, the old seal is in force."""
    key = sealed_init()
    os.mkdir("/mnt/full")
    sh("mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "none", "/mnt/full")
    sh("cp", "-a", "/var/lib/breakglass/.", "/mnt/full")
    sh("mount", "--bind", "/mnt/full", "/var/lib/breakglass")
    with open("/var/lib/breakglass/fill", "wb", buffering=0) as f:
        try:
            while f.write(b"x" * 4096):
                pass
        except OSError:
            pass
    p = subprocess.run(["/usr/sbin/breakglass", "journal", "seal", "--yes"], capture_output=True, text=True, timeout=60)
    new = key_in(p.stdout)
    os.remove("/var/lib/breakglass/fill")
    bg("share", "new", "bg1", "--yes")
    verify(*([key, new] if p.returncode == 0 else [key]))


def test_a_second_seal():
    first = sealed_init()
    bg("share", "new", "bg1", "--yes")
    out = bg("journal", "seal", "--yes")
    second = key_in(out)
    has(out, "shown this once", "The journal is sealed from line 5 on.")
    bg("share", "new", "bg1", "--yes", "--replace")
    out, found = verify(first, second)
    assert found["state"] == "holds" and found["sealed_lines"] == len(lines()) - 1, found
    assert verify(second)[1]["state"] == "holds"
    out, found = verify(first, rc=1)
    has(out, "BG867")
    assert found["found"][0]["what"] == "no key" and found["state"] == "broken", found
    answer = bg("journal", "seal", "--json", "--yes").splitlines()
    told, done = map(json.loads, answer)
    assert done == {"sealed": True, "seal_name": told["seal_name"]}
    bg("share", "new", "bg1", "--yes", "--replace")
    verify(first, second, told["verification_key"])


def test_a_key_that_proves_a_cut():
    """An older state is put back whole, with everything that knew better: the key of the seal that had begun since does not fit."""
    first = sealed_init()
    bg("share", "new", "bg1", "--yes")
    sh("cp", "-a", "/var/lib/breakglass", "/mnt/state")
    sh("cp", "-a", "/run/breakglass", "/mnt/run")
    last = len(lines())
    bg("share", "new", "bg1", "--yes", "--replace")
    second = key_in(bg("journal", "seal", "--yes"))
    start = len(lines()) + 1
    verify(first, second)
    sh("sh", "-c", "rm -rf /var/lib/breakglass/* /run/breakglass/*; cp -a /mnt/state/. /var/lib/breakglass; cp -a /mnt/run/. /run/breakglass")
    assert len(lines()) == last
    verify(first)
    for keys in ((first, second), (second,)):
        out, found = verify(*keys, rc=1)
        has(out, "BG893", "begins at line %d, and the journal ends at line %d" % (start, last))
        assert "holds" not in out and found["state"] == "broken", (out, found)
        assert found["found"] == [{"what": "cut", "first_line": last + 1, "last_line": start - 1}], found


def test_what_root_does_is_named():
    key = sealed_init()
    for number in range(4):
        bg("share", "new", "bg1", "--yes", *(["--replace"] if number else []))
    true = lines()
    put(relink([x if i != 2 else x.replace(b"bg1", b"bg7") for i, x in enumerate(true)]))
    has(bg("journal", "verify", rc=1), "is not the line that was written")  # the second place knows the end
    os.remove("/var/lib/breakglass/head")
    out, found = verify(key, rc=1)
    has(out, "BG863", "line 3")
    assert found["found"][0] == {"what": "forged", "first_line": 3, "last_line": len(true)}, found
    put(relink([x if i < 2 else re.sub(rb'"seal":"[0-9a-f]{64}"', b'"seal":null', x) for i, x in enumerate(true)]))
    out, found = verify(key, rc=1)
    has(out, "BG864")
    assert found["found"][0]["what"] == "unsealed", found
    put(true[:3] + true[4:])
    out, found = verify(key, rc=1)
    has(out, "BG865", "line 4 is missing")
    put(true)


def status():
    """What status says of the seal: whether it is a finding, text, JSON."""
    p = subprocess.run(["/usr/sbin/breakglass", "status", "--all"], capture_output=True, text=True, timeout=60)
    out = subprocess.run(["/usr/sbin/breakglass", "status", "--json"], capture_output=True, text=True, timeout=60)
    told = json.loads(out.stdout)
    found = "BG861" in [f["id"] for f in told["findings"]]
    assert found == ("BG861" in p.stderr) and (not found or (p.returncode == 1 and out.returncode == 1)), p
    return found, " ".join((p.stdout + p.stderr).split()), told["journal"]["journal_seal"]


def test_status_tells_of_the_seal():
    bg("init", "--yes", "--seal", "no")
    found, text, told = status()
    assert not found and "The journal is not sealed." in text and told == {"state": "none"}, (text, told)
    bg("journal", "seal", "--yes")
    begun = len(lines()) + 1
    found, text, told = status()  # not one line carries it yet
    assert not found and told["state"] == "sealed" and told["first_line"] == begun, told
    os.rename(STATE, STATE + ".kept")
    assert status()[2] == {"state": "lost", "problem": "its file is missing"}
    os.rename(STATE + ".kept", STATE)
    bg("share", "new", "bg1", "--yes")
    before = lines(), os.stat(STATE).st_mtime_ns
    found, text, told = status()
    name = re.search(rb"seal ([0-9a-f]{32}) from", b"".join(lines())).group(1).decode()
    assert not found and told == {"state": "sealed", "first_line": begun, "seal_name": name}, told
    has(text, "The journal is sealed from line %d on, seal %s." % (begun, name))
    assert before == (lines(), os.stat(STATE).st_mtime_ns)  # it only looks


def test_status_misses_the_seal():
    sealed_init()
    bg("share", "new", "bg1", "--yes")
    good = open(STATE, "rb").read()

    def after(change, problem):
        change()
        found, text, told = status()
        assert found and told == {"state": "lost", "problem": problem}, (text, told)
        with open(STATE, "wb") as f:
            f.write(good)
        os.chmod(STATE, 0o600)
        assert status()[0] is False

    after(lambda: os.remove(STATE), "its file is missing")
    after(lambda: os.truncate(STATE, 0), "its file is damaged")
    after(lambda: os.chmod(STATE, 0o640), "its file is not root's alone")
    os.remove(STATE)
    bg("share", "new", "bg1", "--yes", "--replace")
    bg("journal", "accept", "--yes", "--reason", "a disk was changed")
    assert status()[0]  # what a person accepted is still so
    bg("journal", "seal", "--yes")
    found, _, told = status()
    assert not found and told["state"] == "sealed" and told["first_line"] == len(lines()) + 1, told
    true = lines()
    put(true[:-1])
    found, _, told = status()
    assert not found and told == {"state": "unknown"}, told  # that lines are gone is the finding
    for second in glob.glob("/var/lib/breakglass/head") + glob.glob("/run/breakglass/journal/durable"):
        os.remove(second)
    found, _, told = status()
    assert not found and told["state"] == "sealed", told  # as after a power cut: the key goes on behind the lines that it knows


COPY = "/mnt/seal-copy"


def copied():
    """A copy that neither root nor who reads it owns and that everybody may write to, as on another machine."""
    sh("rm", "-rf", COPY)
    sh("cp", "-r", os.path.dirname(JOURNAL), COPY)
    for name in ("", *os.listdir(COPY)):
        os.chown(f"{COPY}/{name}", 12345, 12345)
        os.chmod(f"{COPY}/{name}", 0o777 if name == "" else 0o666)


def copied_from(new):
    write(COPY + "/000001.jsonl", b"".join(new).decode())


def of_copy(*args, rc=0, stdin=""):
    """As somebody who may read the copy and nothing else."""
    return bg("journal", "verify", "--dir", COPY, *args, rc=rc, stdin=stdin, cwd="/", **NOBODY)


def test_a_copy_anywhere_by_anybody():
    key = sealed_init()
    for number in range(4):
        bg("share", "new", "bg1", "--yes", *(["--replace"] if number else []))
    true, point = lines(), bg_json("journal", "checkpoint")["checkpoint"]
    copied()
    sh("mount", "-t", "tmpfs", "-o", "mode=700", "none", "/var/lib/breakglass")  # the journal is elsewhere
    out = of_copy("--key", "-", "--checkpoint", point, stdin=key)
    has(out, "The copy is intact: %d lines" % len(true), "BG874", "The seal holds: lines 2 to %d" % len(true), "The checkpoint of line")
    found = json.loads(of_copy("--json", "--key", "-", stdin=key))
    assert found["holds"] and found["journal_seal"]["state"] == "holds", found
    assert found["not_checked"] == ["second_place", "in_run", "sinks"] and "missing" not in found and "in_run" not in found, found
    assert "BG874" in json.dumps(found["notes"]), found
    has(of_copy(), "not checked, which takes the verification key")
    write("/mnt/received", b"".join(true).decode())
    has(of_copy("--against", "/mnt/received"), "Nothing differs: %d lines" % len(true))

    flipped = list(true)
    at = flipped[3].index(b"share") + 1
    flipped[3] = flipped[3][:at] + bytes([flipped[3][at] ^ 1]) + flipped[3][at + 1:]
    copied_from(flipped)
    has(of_copy(rc=1), "BG304", "line 4")
    out = of_copy("--key", "-", rc=1, stdin=key)
    has(out, "BG863", "line 4 ")
    copied_from(relink(flipped))
    has(of_copy(), "The copy is intact")  # the chain is as good as root wants it
    assert json.loads(of_copy("--json", "--key", "-", rc=1, stdin=key))["journal_seal"]["found"][0]["first_line"] == 4
    copied_from(true[:-1])
    has(of_copy("--key", "-", stdin=key), "The seal holds", "BG874")  # what is gone from the end is not in it
    has(of_copy("--checkpoint", point, rc=1), "BG886")
    out = of_copy("--against", "/mnt/received", rc=1)
    has(out, "BG876")


def test_a_copy_and_a_key_of_another_journal():
    other = sealed_init()
    sh("rm", "-rf", "/var/lib/breakglass", "/run/breakglass")
    sealed_init()
    bg("share", "new", "bg1", "--yes", "--replace")
    copied()
    out = of_copy("--key", "-", rc=1, stdin=other)
    has(out, "BG868", "the wrong key")
    assert "holds:" not in out


def test_a_copy_that_means_harm():
    """No link is followed, nothing but a plain file opened, and nobody waits."""
    key = sealed_init()
    copied()
    true = open(COPY + "/000001.jsonl", "rb").read()
    for what, harm in (
            ("link", lambda p: os.symlink(JOURNAL, p)),
            ("fifo", lambda p: os.mkfifo(p, 0o666)),
            ("directory", lambda p: os.mkdir(p, 0o755)),
            ("socket", lambda p: socket.socket(socket.AF_UNIX).bind(p)),
            ("huge", lambda p: open(p, "wb").truncate(1 << 40))):
        copied()
        harm(COPY + "/000002.jsonl")
        out = of_copy("--key", "-", rc=3, stdin=key)
        has(out, "BG306", COPY)
    for what in (b"", b"\0" * 100000, b"[" * 100000, b"\x1b]0;x\a" * 9999 + b"\n", true.replace(b"\n", b"\r\n"), true[:-1],
                 true + b'{"specversion":"1.0","sequence":"99999999999999999999"}\n'):
        copied()
        with open(COPY + "/000001.jsonl", "wb") as f:
            f.write(what)
        out = of_copy("--key", "-", rc=1 if what else 3, stdin=key)
        assert "\x1b" not in out and ("BG304" in out or not what), (what[-100:], out)
    sh("rm", "-rf", COPY)
    has(of_copy(rc=3), "BG305", COPY)
    os.mkdir(COPY, 0o700)
    has(of_copy(rc=3), "BG306", "ermission denied")
    os.chmod(COPY, 0o755)
    has(of_copy(rc=3), "BG305")
    has(bg("journal", "verify", "--dir", "", rc=2), "BG503")


def test_keys_that_are_wrong():
    key = sealed_init()
    bg("share", "new", "bg1", "--yes")
    flat = "".join(key.split())
    has(verify(flat.upper())[0], "The seal holds")
    mistaken = flat[:40] + ("q" if flat[40] != "q" else "p") + flat[41:]
    has(bg("journal", "verify", "--key", "-", stdin=mistaken, rc=3), "BG869", "key 1 has a mistake")
    has(bg("journal", "verify", "--key", "-", stdin="\n", rc=3), "BG869", "none in it")
    has(bg("journal", "verify", "--key", "/nowhere", rc=3), "BG869", "/nowhere")
    sh("rm", "-rf", "/var/lib/breakglass", "/run/breakglass")
    other = sealed_init()
    bg("share", "new", "bg1", "--yes", "--replace")
    verify(other)
    out, found = verify(key, rc=1)
    has(out, "BG868", "the wrong key")
    assert len(found["wrong_keys"]) == 1 and found["state"] == "broken", found


def test_what_was_removed_since_it_is_old_is_no_cut():
    """Each line becomes a segment of its own; the first three go, as journal-keep has it, and then somebody takes one more."""
    key = sealed_init()
    for number in range(5):
        bg("share", "new", "bg1", "--yes", *(["--replace"] if number else []))
    old = lines()
    theirs, d = "/run/theirs", os.path.dirname(JOURNAL)
    with open(theirs, "wb") as f:
        f.write(b"".join(old))
    early, last, kept = (checkpoint_of(old[n]) for n in (0, 2, 3))
    gid = os.stat(JOURNAL).st_gid
    for n, line in enumerate(old, 1):
        with open(f"{d}/{n:06}.jsonl", "wb") as f:
            f.write(line)
        os.chmod(f.name, 0o640)
        os.chown(f.name, 0, gid)
    verify(key)
    for n in range(1, 4):
        assert subprocess.run([BUILD + "/tests/tools/record", "trim", d, "/run/breakglass/journal"], capture_output=True, text=True, check=True).stdout == f"{n} to {n}\n"
    assert not os.path.exists(JOURNAL) and kinds().count("journal.trimmed") == 3, kinds()
    out, found = verify(key)
    has(out, "lines up to 3 were removed before", "The seal holds: lines 4 to %d" % (len(old) + 3))
    assert found["state"] == "holds" and found["found"] == [], found
    assert bg_json("journal", "verify")["trimmed"] == 3
    has(bg("journal", "show"), "BG1103", "Lines 1 to 3")
    assert "BG1103" not in bg("journal", "show", "--last", "2")
    has(bg("journal", "verify", "--against", theirs), "Nothing differs", "3 of theirs were removed here")
    has(bg("journal", "verify", "--checkpoint", early), "BG1102")
    has(bg("journal", "verify", "--checkpoint", last), "The checkpoint of line 3 holds")
    has(bg("journal", "verify", "--checkpoint", kept), "The checkpoint of line 4 holds")
    with open(theirs, "wb") as f:  # another line of that number: nobody removed that one
        f.write(b"".join(old[:2] + relink([old[2].replace(b"console", b"nowhere").replace(b"bg1", b"bg7")]) + old[3:]))
    bg("journal", "verify", "--against", theirs, rc=1)
    has(bg("journal", "verify", "--checkpoint", checkpoint_of(old[0], number=3), rc=1), "BG885")
    os.unlink(f"{d}/000004.jsonl")
    has(bg("journal", "verify", rc=1), "the first segment is missing")
    out = bg("journal", "verify", "--key", "-", stdin=key, rc=1)
    has(out, "Gap")


def test_an_unsealed_journal_never_passes():
    key = sealed_init()
    sh("rm", "-rf", "/var/lib/breakglass", "/run/breakglass")
    bg("init", "--yes", "--seal", "no")
    bg("share", "new", "bg1", "--yes", "--replace")
    assert "holds:" not in verify(key, rc=1)[0]
    has(bg("journal", "verify"), "It is not sealed")
    later = key_in(bg("journal", "seal", "--yes"))
    has(verify(later, rc=1)[0], "BG870")
    bg("share", "new", "bg1", "--yes", "--replace")
    verify(later)


def test_a_code_on_a_terminal():
    rc, out = on_pty(["journal", "seal"], [])
    assert rc == 3 and "BG305" in out, out  # there is no journal
    bg("init", "--yes", "--seal", "no")
    rc, out = on_pty(["journal", "seal"], [("[y/N]", b"y\r")], env={"LC_ALL": "C.UTF-8"}, rows=60)
    assert rc == 0 and "\u2588" in out and "\x1b[30;107m" in out, out
    rc, out = on_pty(["journal", "seal"], [("[y/N]", b"n\r")])
    assert rc == 1 and "bgseal1" not in out


main(globals())
