#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Keys: breakglass key and breakglass-login --tty on a terminal that counts as a console, with tests/tools/softkey/softkey.

usage: test_key.py BUILDDIR [TEST...]. Exit 77 (skipped) without root or without softkey.
"""
import atexit, contextlib, fcntl, glob, os, random, re, shutil, signal, socket, struct, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE + "/../../lab", HERE + "/../../tools/softkey"]
os.environ["BG_BUILD"] = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
try:
    from softkey_lab import Key, need
except ImportError:
    print("skipped: no software key")
    sys.exit(77)
import login_lab
from login_lab import *
from sessions import Session

BREAKGLASS = BUILD + "/breakglass"
WORKER = "/usr/libexec/breakglass/breakglass-fido"
PIN = "246813"
FIRST = r"Enter = security key, c = cards, \? = help, q = leave: "
AGAIN = r"Enter = try the key again, c = cards, \? = help, q = leave: "
KEY = None  # the key of the running test


@atexit.register
def pull_out():
    global KEY
    if KEY is not None:
        KEY.__exit__()
    KEY = None


def install_worker():
    os.makedirs("/mnt/libexec-up", exist_ok=True)
    os.makedirs("/mnt/libexec-work", exist_ok=True)
    subprocess.run(["mount", "-t", "overlay", "-o", "lowerdir=/usr/libexec,upperdir=/mnt/libexec-up,"
                    "workdir=/mnt/libexec-work", "ov", "/usr/libexec"], check=True)
    os.makedirs(os.path.dirname(WORKER), exist_ok=True)
    shutil.copy(BUILD + "/breakglass-fido", WORKER)


def conf(key, more=""):
    write("/etc/breakglass/breakglass.conf",
          "[login]\ndelay-console = 0\ndelay-network = 0\nconsoles = pts/[0-9]*\n"
          f"[record]\nsyslog = no\n[fido]\ndevice = {key.link}\n{more}")


def plug_in(*keys, more="touch-timeout = 10\n"):
    """These keys, in this order, are the devices of the host."""
    conf(KEY, more)
    path = "/etc/breakglass/breakglass.conf"
    text = open(path, encoding="ascii").read()
    write(path, text.replace(KEY.link, " ".join(k.link for k in keys)))


def add(key, label, *options, pin=""):
    bg("key", "add", "bg1", "--yes", "--label", label, "--device", key.link, *options,
       *(["--pin-stdin"] if pin else []), text=pin + "\n" if pin else "")


def bg(*words, text="", rc=0):
    p = subprocess.run([BREAKGLASS, *words], input=text, text=True, capture_output=True, timeout=60)
    assert p.returncode == rc, (words, p.returncode, p.stdout, p.stderr)
    return p.stdout + p.stderr


def enrol(key, *options, pin=""):
    bg("key", "add", "bg1", "--yes", "--label", "blue", *options, *(["--pin-stdin"] if pin else []),
       text=pin + "\n" if pin else "")


def ready(*options, uv="preferred", pin="", require=None):
    """A fresh host with shares and one key that is enrolled; the key runs with these options."""
    global KEY
    shares = fresh()
    pull_out()
    KEY = Key(*(options or ("--touch", "after:150")), *(["--pin", pin] if pin else []))
    conf(KEY)
    enrol(KEY, "--uv", uv, pin=pin)
    if require:
        path = "/etc/breakglass/credentials/bg1"
        text = open(path, encoding="utf-8").read()
        write(path, text.replace("enabled = yes\n", f"enabled = yes\nrequire = {require}\n"), 0o600)
    return shares


def login():
    return Session([LOGIN, "--tty", "bg1", "/bin/echo", "I AM", "IN"])


@contextlib.contextmanager
def by_key():
    """A login whose first question is answered with the key."""
    with login() as person:
        person.expect(FIRST)
        person.line()
        yield person


def say_why(person):
    person.expect("Your full name: ")
    person.line(NAME)
    person.expect("what will you do[?] ")
    person.line(REASON)
    person.expect("I AM IN")
    assert person.wait() == 0


def by_shares(person, shares):
    """From any question that offers them, to the end."""
    person.line("s")
    for share in shares[:2]:
        person.expect("ords 1-20, hidden: ")
        person.line(prefixes(share))
    say_why(person)


def by_shares_again(person, shares):
    """After a key that did not open."""
    person.expect(AGAIN)
    by_shares(person, shares)


def three_wrong_pins(person):
    for _ in range(3):
        person.expect("not shown: ")
        person.line("135797")
    person.expect("BG137")


def worker_pid():
    """The worker of this test: in its mount namespace."""
    here = os.readlink("/proc/self/ns/mnt")
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            ours_too = os.readlink(os.path.dirname(path) + "/ns/mnt") == here
            if ours_too and open(path, encoding="ascii").read() == "breakglass-fido\n":
                return int(path.split("/")[2])
        except OSError:
            pass
    return None


def details():
    return [ours(e).get("detail", "") for e in journal()]


# --- the tests ------------------------------------------------------------------------------------

def test_touch_opens():
    ready()
    before = json.loads(bg("key", "list", "--json"))["keys"][0]["counter"]
    with by_key() as person:
        person.expect('Touch the blinking key "blue" .30 seconds.[.]')
        say_why(person)
        print(person.transcript)
        assert max(len(x) for x in person.transcript.replace("\r", "").split("\n")) <= 80, person.transcript
    assert kinds()[-3:] == ["attempt.started", "auth.succeeded", "use.granted"], kinds()
    e = ours(journal()[-2])
    assert e["key"] == "blue" and e["key_counter"] > before > 0 and e["user_verified"] == "no", e
    factors = journal()[-2]["data"]["auth_factors"]
    assert factors == [{"factor_type_id": 10, "factor_type": "WebAuthn"}], factors  # OCSF auth_factor
    assert e["factor"] == "key", e


def test_touch_is_asked_for_at_once_and_taken_when_it_comes():
    ready("--touch", "auto")
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("Touch the blinking key")
        KEY.wait("blinking", "yes")
        KEY.tell("press")
        say_why(person)


def test_pin_required_and_shown():
    ready(uv="required", pin=PIN)
    with by_key() as person:
        person.expect('PIN of the key "blue", 8 tries left, not shown: ')
        person.line("135797")
        person.expect("Wrong PIN. Tries left on the key: 7")
        person.expect('PIN of the key "blue", 7 tries left, not shown: ')
        person.line(PIN)
        say_why(person)
        assert PIN not in person.transcript and "135797" not in person.transcript
    assert "BG136" in details(), details()
    assert [ours(e).get("user_verified") for e in journal() if "auth.succeeded" in e["type"]] == ["yes"]
    raw = b"".join(open(p, "rb").read() for p in glob.glob("/var/lib/breakglass/journal/*.jsonl"))
    assert PIN.encode() not in raw and b"135797" not in raw.replace(b".000000Z", b"")


def test_pasted_pin():
    """The marks of a paste are no part of a PIN: none of its tries is spent on them."""
    ready(uv="required", pin=PIN)
    bg("key", "test", "bg1", "--pin-stdin", text=f"\033[200~{PIN}\033[201~\n")
    bg("key", "test", "bg1", "--pin-stdin", text=PIN + "\r\n")  # as a login takes it; a wrong one would cost a try
    with by_key() as person:
        person.expect("not shown: ")
        person.line(f"\033[200~{PIN}\033[201~")
        person.expect("Your full name: ")
        person.line(f"\033[200~{NAME}\033[201~")
        person.expect("what will you do[?] ")
        person.line(f"\033[200~{REASON}\033[201~")
        person.expect("I AM IN")
        assert "BG136" not in person.transcript and "BG116" not in person.transcript
    e = ours(journal()[-1])
    assert (e["claimed_by"], e["reason"]) == (NAME, REASON), e


def test_no_pin_where_none_is_wanted():
    ready(uv="no", pin=PIN)
    with by_key() as person:
        assert person.expect("PIN of", "BG133").group() == "BG133"
        say_why(person)


def test_three_wrong_pins_stop_and_shares_go_on():
    shares = ready(uv="required", pin=PIN)
    with by_key() as person:
        three_wrong_pins(person)
        by_shares_again(person, shares)
    assert KEY.status()["pin-retries"] == "5", KEY.status()


def test_last_tries_only_on_a_clear_word():
    shares = ready(uv="required", pin=PIN)
    for wanted in (5, 2):
        with by_key() as person:
            three_wrong_pins(person)
            person.expect(AGAIN)
            person.line("q")
            person.expect_end()
        assert KEY.status()["pin-retries"] == str(wanted), KEY.status()
        KEY.replug()
    with by_key() as person:
        person.expect("PIN tries left on this key: 2")
        person.expect("Type yes to spend one of them: ")
        person.line("no")
        by_shares_again(person, shares)
    assert KEY.status()["pin-retries"] == "2", KEY.status()
    with by_key() as person:
        person.expect("Type yes")
        person.line("YES")
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)
    assert KEY.status()["pin-retries"] == "8", KEY.status()


def test_blocked_pin():
    shares = ready(uv="required", pin=PIN)
    for _ in range(3):
        with by_key() as person:
            for _ in range(3):
                hit = person.expect("not shown: ", "Type yes[^:]*: ", "BG137", "BG138")
                if hit.group().startswith("Type"):
                    person.line("YES")
                    hit = person.expect("not shown: ")
                if hit.group().startswith("not"):
                    person.line("135797")
            person.expect(AGAIN)
            person.line("q")
            person.expect_end()
        KEY.replug()
    assert KEY.status()["pin-retries"] == "0", KEY.status()
    with by_key() as person:
        person.expect("The PIN of this key is blocked for good")
        by_shares_again(person, shares)


def test_fingerprint():
    ready("--uv", "yes", uv="required")
    with by_key() as person:
        say_why(person)
    KEY.tell("uv no")
    with by_key() as person:
        person.expect("The fingerprint was not recognized")
        KEY.tell("uv yes")
        person.expect(AGAIN, "I AM IN", "Your full name")
        person.line("q")
    assert "BG150" in details(), details()


def test_no_touch():
    shares = ready("--touch", "auto")
    conf(KEY, "touch-timeout = 5\n")
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("Touch the blinking key .* .5 seconds.")
        person.expect("Nobody touched")
        person.expect(AGAIN)
        assert KEY.status()["blinking"] == "no", KEY.status()
        by_shares(person, shares)
    assert "BG140" in details(), details()


def test_no_key():
    shares = ready()
    KEY.tell("unplug")
    with by_key() as person:
        person.expect("No key is plugged in")
        person.expect(AGAIN)
        KEY.tell("plug")
        person.line()
        person.expect("BG133")
        say_why(person)
    assert "BG134" not in details(), details()


def test_other_key():
    shares = ready("--touch", "auto")
    with Key("--touch", "never") as other:
        conf(other)
        with by_key() as person:
            person.expect("This key is not enrolled for bg1")
            assert other.status()["blinks"] == "0", other.status()
            by_shares_again(person, shares)


def test_pulled_out():
    shares = ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        KEY.tell("unplug")
        person.expect("The key was pulled out")
        by_shares_again(person, shares)


def test_busy_on_this_host():
    shares = ready()
    os.makedirs("/run/breakglass", exist_ok=True)
    with open("/run/breakglass/fido.lock", "w", encoding="ascii") as lock:
        os.chmod(lock.name, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with by_key() as person:
            person.expect("Another login at this host is using a key")
            by_shares_again(person, shares)


def test_held_by_another_program():
    shares = ready()
    with open(KEY.path, "rb", buffering=0) as node:
        fcntl.flock(node, fcntl.LOCK_EX)
        with by_key() as person:
            person.expect("Another program holds the key")
            by_shares_again(person, shares)


def test_counter_back():
    shares = ready()
    KEY.tell("counter back")
    with by_key() as person:
        person.expect('The key "blue" counts')
        by_shares_again(person, shares)
    assert "key.counterback" in kinds() and "attempt.failed" in kinds(), kinds()


def suspend_by_a_copy():
    KEY.tell("counter back")
    with by_key() as person:
        person.expect('The key "blue" counts')
        person.expect(AGAIN)
        KEY.tell("counter 1000")  # from here on it counts as an honest key would, far beyond what was seen
        person.line()
        person.expect('The key "blue" is suspended')
        person.expect(AGAIN)
        person.line("q")
        person.expect_end()


def test_a_copy_that_was_seen_stays_out():
    """Whatever it counts afterwards, in this dialogue, the next one, key test, and after the file was put back."""
    shares = ready()
    text = open(CREDENTIALS, encoding="ascii").read()
    suspend_by_a_copy()
    with login() as person:  # the only key: it is not even offered
        person.expect('The key "blue" is suspended')
        person.expect("Press Enter to type cards, [?] for help, q to leave: ")
        by_shares(person, shares)
    blinks = KEY.status()["blinks"]
    assert "BG174" in bg("key", "test", "bg1", rc=1)
    assert KEY.status()["blinks"] == blinks  # not even asked
    said = bg("status", rc=1)
    assert "BG700 The key blue of bg1 is suspended" in said and "SUSPENDED" in said, said
    assert json.loads(bg("key", "list", "--json"))["keys"][0]["suspended"] is True
    with Key("--touch", "after:150") as red:  # what saves the file meanwhile saves that too
        bg("key", "add", "bg1", "--yes", "--label", "red", "--device", red.link)
    assert "suspended = yes" in open(CREDENTIALS, encoding="ascii").read()
    write(CREDENTIALS, text, 0o600)
    with login() as person:
        person.expect("BG174")
        person.expect("Press Enter to type cards, [?] for help, q to leave: ")
        person.line("q")
    assert "BG506" in bg("key", "resume", "bg1", "blue", rc=2)
    bg("key", "resume", "bg1", "blue", "--yes")
    assert kinds()[-1] == "config.changed" and "BG700" not in bg("status", rc=1)
    with by_key() as person:
        say_why(person)


def test_a_disk_that_takes_no_mark():
    """The state directory refuses: /run keeps the suspension."""
    shares = ready()
    state = "/var/lib/breakglass/fido"
    subprocess.run(["mount", "--bind", state, state], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", state], check=True)
    try:
        suspend_by_a_copy()
        with login() as person:
            person.expect("BG174")
            person.expect("Press Enter to type cards, [?] for help, q to leave: ")
            by_shares(person, shares)
    finally:
        subprocess.run(["umount", state], check=True)
    bg("key", "remove", "bg1", "blue", "--yes")
    assert glob.glob("/run/breakglass/fido/*") == []


def test_suspended_keys_alone():
    shares = ready(require="key")
    bg("key", "suspend", "bg1", "blue", "--yes")
    with login() as person:
        person.expect("Nothing enrolled can open bg1 now")
        assert person.wait() == 1
    bg("key", "resume", "bg1", "blue", "--yes")
    with login() as person:
        person.expect("Press Enter to use the security key")
        person.line()
        say_why(person)


def test_suspended_meanwhile():
    """Another login saw the copy while this one waited for its touch."""
    ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        (counter,) = [f for f in glob.glob("/var/lib/breakglass/fido/*") if "." not in os.path.basename(f)]
        write(counter + ".suspended", "1\n", 0o600)
        KEY.tell("press")
        person.expect("BG174")


def test_key_without_counter():
    global KEY
    fresh()
    pull_out()
    KEY = Key("--counter-step", "none")
    conf(KEY)
    enrol(KEY)
    for _ in range(2):
        with by_key() as person:
            say_why(person)


def test_a_key_that_tells_nothing_without_its_pin():
    """It opens wherever it stands in the list, and whatever stands before it says."""
    global KEY
    for mode in "mute", "no-probe", "blinks", "odd":
        shares = fresh()
        pull_out()
        KEY = Key("--touch", "after:150", "--pin", PIN)
        conf(KEY)
        with Key("--touch", "auto") as red, Key("--touch", "auto", "--pin", PIN) as green:
            add(red, "red")
            add(green, "green", pin=PIN)
            add(KEY, "blue", pin=PIN)
        KEY.tell("mode " + mode + ":get")
        blinks = int(KEY.status()["blinks"])
        with by_key() as person:
            person.expect("PIN of the key ")
            person.line(PIN)
            person.expect("Touch the blinking key")
            say_why(person)
        assert ours(journal()[-2])["key"] == "blue", (mode, journal()[-2])
        print("     ", mode, "blinked", int(KEY.status()["blinks"]) - blinks)


def test_a_false_yes_is_not_the_end():
    """A key that claims the credentials of another: the next entry, its own, opens. Asked for both at once it names its own."""
    global KEY
    shares = fresh()
    pull_out()
    KEY = Key("--touch", "after:150", "--list", "1")
    conf(KEY)
    with Key("--touch", "auto") as red:
        add(red, "red")
        add(KEY, "blue")
    KEY.tell("mode claims:get")
    with by_key() as person:
        person.expect('Touch the blinking key "red"')
        person.expect('Touch the blinking key( "blue")?')
        say_why(person)
        assert "BG147" not in person.transcript
    state = "/root/kept"
    shutil.copy(KEY.state, state)
    pull_out()
    KEY = Key("--touch", "after:150", "--mode", "claims:get", state=state)
    conf(KEY)
    with by_key() as person:
        person.expect('Touch the blinking key "blue"')
        say_why(person)
    bg("key", "remove", "bg1", "blue", "--yes")
    with by_key() as person:
        person.expect("The key's answer proves nothing")
        by_shares_again(person, shares)


def test_probe_is_found_out_at_enrolment():
    for mode, want in ("normal", True), ("no-probe", False), ("mute", False):
        ready(pin=PIN)
        bg("key", "remove", "bg1", "blue", "--yes")
        KEY.tell("mode " + mode + ":get")
        add(KEY, "blue", pin=PIN)
        (k,) = json.loads(bg("key", "list", "--json"))["keys"]
        assert k["probe"] is want, (mode, k)
        with by_key() as person:
            person.expect("not shown: ")
            person.line(PIN)
            say_why(person)


def test_long_ids_and_many_keys():
    """20 keys of one account, ids of 1024 bytes; the last one opens, and a key of the account is told at enrolment."""
    global KEY
    fresh()
    pull_out()
    KEY = Key("--touch", "after:150", "--id-bytes", "1024")
    conf(KEY)
    for i in range(20):
        with Key("--touch", "auto", "--id-bytes", "1024" if i % 2 else "75") as other:
            add(other, f"k{i}")
    add(KEY, "blue")
    assert len(json.loads(bg("key", "list", "--json"))["keys"]) == 21
    assert "BG570" in bg("key", "add", "bg1", "--yes", rc=1)
    with by_key() as person:
        person.expect('Touch the blinking key "blue"')
        say_why(person)


def many(n):
    """n keys of others stand before the one that is enrolled, in the same file."""
    path = "/etc/breakglass/credentials/bg1"
    text = open(path, encoding="utf-8").read()
    blue = re.search(r"\[key blue\]\n(.+\n)+", text)[0]
    others = "".join(re.sub(r"(?m)^id = .*$", "id = " + os.urandom(96).hex(), blue).replace("key blue", f"key k{i}") for i in range(n))
    write(path, text.replace(blue, others + blue), 0o600)


def test_three_hundred_keys():
    """A slow key that stands last of 300 is asked for as many at once as it takes; it is touched once."""
    for at_once, work, most in ("8", 20, 60), ("0", 1, 302):
        ready("--touch", "after:150", "--id-bytes", "96", "--list", at_once)
        many(299)
        KEY.tell(f"work {work}")
        before, began = int(KEY.tell("count get")), time.monotonic()
        with by_key() as person:
            person.expect('Touch the blinking key "blue"')
            seconds, asked = time.monotonic() - began, int(KEY.tell("count get")) - before
            say_why(person)
        print(f"      {at_once} at once, {work} ms each: {asked} requests, {seconds:.1f} s to the touch")
        assert asked <= most, asked
        assert int(KEY.status()["blinks"]) == 3  # two of the enrolment


def resident(session):
    """KiB of its process: now, and at its most."""
    status = open(f"/proc/{session.pid}/status", encoding="ascii").read()
    return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "VmHWM")]


def test_memory_at_the_prompt():
    """What an account has is what its login takes; 512 keys are no more than their file and their list."""
    ready()
    sizes = {}
    for keys in 1, 512:
        if keys > 1:
            many(keys - 1)
        with login() as person:
            person.expect(FIRST)
            sizes[keys] = resident(person)
            person.line("q")
            person.wait()
        print(f"      {keys} keys: {sizes[keys][0]} KiB resident at the prompt, {sizes[keys][1]} at its most")
    assert sizes[512][0] - sizes[1][0] < 2500, sizes


def test_five_hundred_keys_in_the_commands():
    """They are listed, counted and shown whole, one can be taken out, and no further one is added."""
    ready()
    many(511)
    keys = json.loads(bg("key", "list", "--json"))["keys"]
    assert [k["label"] for k in keys] == [f"k{i}" for i in range(511)] + ["blue"]
    listed = bg("key", "list", "bg1").splitlines()
    assert len(listed) == 513 and max(map(len, listed)) <= 80, listed[:3]
    (account,) = json.loads(bg("status", "--json", rc=1))["accounts"]
    assert len([f for f in account["factors"] if f["factor"] == "key"]) == 512
    assert "key or shares" in bg("account", "show", "bg1")
    assert "BG574" in bg("key", "add", "bg1", "--yes", rc=1)
    bg("key", "suspend", "bg1", "k510", "--yes")
    assert bg("status", rc=1).count("BG700") == 1
    bg("key", "remove", "bg1", "k0", "--yes")
    keys = json.loads(bg("key", "list", "--json"))["keys"]
    assert [k["label"] for k in keys if k["suspended"]] == ["k510"] and keys[0]["label"] == "k1" and len(keys) == 511


def test_credentials_of_another_host():
    """Of many the first are named, and the others counted."""
    ready()
    many(40)
    path = "/etc/breakglass/credentials/bg1"
    text = open(path, encoding="utf-8").read()
    write(path, re.sub(r"(?m)^host = .*$", "host = " + 32 * "a", text), 0o600)
    said = " ".join(bg("status", rc=1).split())
    assert "key k0, key k1," in said and re.search(r"key k1[01] and (29|30) more", said), said


def maker(name="maker"):
    """A certificate of a maker that signs, and one for its keys."""
    base = f"/root/{name}"
    subprocess.run(f"""cd /root && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -days 1 \
        -keyout {name}-ca.key -out {name}-ca.crt && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj '/C=XX/O=none/OU=Authenticator Attestation/CN=key' -keyout {name}.key -out {name}.csr && openssl x509 -req \
        -in {name}.csr -CA {name}-ca.crt -CAkey {name}-ca.key -CAcreateserial -days 1 -out {name}.crt""", shell=True,
                   check=True, capture_output=True)
    return base


def listed(label="blue"):
    return next(k for k in json.loads(bg("key", "list", "--json"))["keys"] if k["label"] == label)


def test_u2f_alone():
    """A key of before FIDO2 opens by a touch; what it cannot do is said with advice that works."""
    global KEY
    shares = fresh()
    pull_out()
    KEY = Key("--touch", "after:150", "--u2f", "--attest", maker())
    conf(KEY)
    assert "BG704" in bg("key", "add", "bg1", "--yes", "--uv", "required", rc=1)
    assert "BG704" in bg("key", "add", "bg1", "--yes", "--type", "eddsa", rc=1)
    assert "BG704" in bg("key", "add", "bg1", "--yes", "--discoverable", rc=1)
    enrol(KEY, "--uv", "no")
    assert (listed()["attestation"], listed()["uv"], listed()["aaguid"]) == ("basic", "no", "0" * 32), listed()
    with by_key() as person:
        person.expect('Touch the blinking key "blue"')
        say_why(person)


def test_what_is_kept_of_a_key():
    """Custodian, transports, and an attestation that must lead to a file; openssl names the key of the certificate."""
    global KEY
    fresh()
    pull_out()
    base = maker()
    KEY = Key("--touch", "auto", "--attest", base)
    conf(KEY)
    other = maker("other")
    said = bg("key", "add", "bg1", "--yes", "--attestation-ca", other + "-ca.crt", rc=1)
    assert "BG703" in said and "(attestation: basic)" in " ".join(said.split()), said
    assert json.loads(bg("key", "list", "--json"))["keys"] == []
    enrol(KEY, "--attestation-ca", base + "-ca.crt", "--custodian", "Ada Lovelace")
    k = listed()
    bits = subprocess.run(f"openssl x509 -in {base}.crt -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 65 | sha1sum",
                          shell=True, check=True, capture_output=True, text=True).stdout.split()[0]
    assert (k["custodian"], k["transports"], k["attestation"], k["attestation_key"]) == ("Ada Lovelace", "usb", "trusted", bits), k
    with Key("--touch", "auto") as red:
        add(red, "red")
        said = bg("key", "add", "bg1", "--yes", "--label", "x", "--device", red.link, "--attestation-ca", base + "-ca.crt", rc=1)
        assert "BG570" in said, said
    assert listed("red")["attestation"] == "self"
    aaguid = k["aaguid"]
    assert len(json.loads(bg("key", "list", "--aaguid", aaguid, "--json"))["keys"]) == 2
    dashed = "-".join((aaguid[:8], aaguid[8:12], aaguid[12:16], aaguid[16:20], aaguid[20:])).upper()
    assert "blue" in bg("key", "list", "--aaguid", dashed)
    assert "blue" not in bg("key", "list", "--aaguid", "0" * 32)
    bg("key", "list", "--aaguid", "0" * 31, rc=2)


def test_rs256_if_there_is_nothing_else():
    global KEY
    fresh()
    pull_out()
    subprocess.run("openssl genrsa -out /root/rsa.pem 2048", shell=True, check=True, capture_output=True)
    KEY = Key("--touch", "after:150", "--rsa", "/root/rsa.pem")
    conf(KEY)
    assert "BG570" in bg("key", "add", "bg1", "--yes", "--type", "es256", rc=1)
    enrol(KEY)
    assert listed()["type"] == "rs256"
    with by_key() as person:
        say_why(person)
    KEY.tell("mode bad-signature:get")
    with by_key() as person:
        person.expect("BG147")
        person.expect(AGAIN)
        person.line("q")


def test_protected_and_discoverable():
    """credProtect 3: the key tells nothing without its PIN, and opens with it."""
    ready(pin=PIN)
    bg("key", "remove", "bg1", "blue", "--yes")
    add(KEY, "blue", "--discoverable", "--cred-protect", "3", pin=PIN)
    assert KEY.status()["credentials"] == "1" and listed()["probe"] is False, listed()
    with by_key() as person:
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)


def test_several_keys():
    """Two keys of the account are plugged in: the one that is touched is used, and the other stops blinking."""
    shares = ready("--touch", "auto")
    with Key("--touch", "auto") as red, Key("--touch", "auto") as stranger:
        add(red, "red")
        for chosen, label in (red, "red"), (KEY, "blue"):
            for k in KEY, red, stranger:
                k.tell("touch never")
            blinks = stranger.status()["blinks"]
            plug_in(stranger, KEY, red)
            with by_key() as person:
                person.expect("Several keys will do")
                KEY.wait("blinking", "yes")
                red.wait("blinking", "yes")
                chosen.tell("press")
                person.expect(f'Touch the blinking key "{label}"')
                chosen.wait("blinking", "yes")
                chosen.tell("press")
                say_why(person)
            assert stranger.status()["blinks"] == blinks  # it holds none of them, and was not made to blink
            for k in KEY, red:
                k.wait("blinking", "no")
            assert ours(journal()[-2])["key"] == label
        KEY.tell("touch auto")
        red.tell("touch never")
        bg("key", "remove", "bg1", "blue", "--yes")
        bg("key", "remove", "bg1", "red", "--yes")
        bg("key", "add", "bg1", "--label", "first", "--yes")  # at enrolment too: only one is touched
        KEY.tell("touch never")


def test_a_key_that_is_plugged_in_late():
    """Nobody presses Enter again."""
    ready()
    KEY.tell("unplug")
    with by_key() as person:
        person.expect("No key is plugged in. Plug it in now")
        KEY.tell("plug")
        person.expect("Touch the blinking key")
        say_why(person)


def test_a_forced_change_of_the_pin():
    """It is named, and done there and then; the old PIN is not called wrong."""
    ready("--touch", "after:150", "--change-pin", "--min-pin", "6") if False else None
    ready(pin=PIN)
    KEY.tell("change-pin")
    with by_key() as person:
        person.expect("not shown: ")
        person.line(PIN)
        person.expect("The PIN is right, but the key wants a new one")
        person.expect("New PIN, not shown: ")
        person.line("97")
        person.expect("No key has such a PIN")
        person.expect("New PIN, not shown: ")
        person.line("975310")
        person.expect("The same again: ")
        person.line("975311")
        person.expect("The two PINs differ")
        person.expect("New PIN, not shown: ")
        person.line("975310")
        person.expect("The same again: ")
        person.line("975310")
        person.expect("Touch the blinking key")
        say_why(person)
        assert "BG136" not in person.transcript and "9753" not in person.transcript
    assert KEY.status()["pin-retries"] == "8"
    bg("key", "test", "bg1", "--pin-stdin", text="975310\n")
    KEY.tell("change-pin")
    assert "BG182" in bg("key", "test", "bg1", "--pin-stdin", text="975310\n864201\n")
    with by_key() as person:
        person.expect("not shown: ")
        person.line("864201")
        say_why(person)


def test_pins_that_no_key_has():
    """Too short or too long: said, and the key is not asked."""
    ready(pin=PIN)
    asked = KEY.tell("count get")
    with by_key() as person:
        for wrong in "1", "123", "1" * 64, "1" * 200:
            person.expect("not shown: ")
            person.line(wrong)
            person.expect("No key has such a PIN")
        person.expect("8 tries left, not shown: ")
        person.line(PIN)
        say_why(person)
    assert "BG181" in bg("key", "test", "bg1", "--pin-stdin", text="123\n", rc=1)
    assert "BG181" in bg("key", "test", "bg1", "--pin-stdin", text="1" * 64 + "\n", rc=1)
    assert KEY.status()["pin-retries"] == "8"


def test_after_a_blocked_pin():
    """No PIN is asked before the key was plugged in again: in this dialogue, the next, and by the command."""
    shares = ready(pin=PIN)
    with by_key() as person:
        three_wrong_pins(person)
        person.expect(AGAIN)
        person.line()
        assert person.expect("not shown: ", "BG137").group() == "BG137"
        person.expect(AGAIN)
        person.line("q")
        person.expect_end()
    with by_key() as person:
        assert person.expect("not shown: ", "BG137").group() == "BG137"
        by_shares_again(person, shares)
    assert "plug it in again" in " ".join(bg("key", "test", "bg1", "--pin-stdin", text=PIN + "\n", rc=1).split())
    assert KEY.status()["pin-retries"] == "5"
    KEY.replug()
    with by_key() as person:
        person.expect("5 tries left, not shown: ")
        person.line(PIN)
        say_why(person)


def test_finger_or_pin():
    """A key with both: the PIN is to be had at any try, and is asked for when the finger is blocked."""
    ready("--touch", "after:150", "--uv", "yes", pin=PIN)
    BOTH = "Enter = fingerprint, p = PIN, q = leave: "
    with by_key() as person:
        person.expect(BOTH)
        person.line("p")
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)
    KEY.tell("uv no")
    with by_key() as person:
        for _ in range(4):
            person.expect(BOTH)
            person.line()
            person.expect("BG150")
        person.expect(BOTH)
        person.line()
        person.expect("BG151")
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)


def test_the_command_falls_back_to_the_pin():
    ready("--touch", "auto", "--uv", "yes", pin=PIN)
    KEY.tell("uv no")
    with Session([BREAKGLASS, "key", "test", "bg1"]) as person:
        person.expect(r"type pin to use the PIN \[finger\]: ")
        person.line()
        person.expect("fingerprint was not recognized. Its PIN is used instead")
        person.expect("PIN of the key, 8 tries left: ")
        person.line(PIN)
        person.expect("Key blue of bg1 is right")
        assert person.wait() == 0 and PIN not in person.transcript


def test_a_fast_script():
    """It answers as soon as the first letters of the prompt are there: nothing is shown, nothing is lost."""
    ready(uv="required", pin=PIN)
    for _ in range(5):
        with Session([BREAKGLASS, "key", "test", "bg1"]) as person:
            person.expect("PI")
            person.line(PIN)
            person.expect("Key blue of bg1 is right")
            assert person.wait() == 0 and PIN not in person.transcript


def test_the_last_tries_in_the_command():
    ready(uv="required", pin=PIN)
    for _ in range(2):
        with by_key() as person:
            three_wrong_pins(person)
            person.expect(AGAIN)
            person.line("q")
        KEY.replug()
    assert KEY.status()["pin-retries"] == "2"
    assert "BG139" in bg("key", "test", "bg1", "--pin-stdin", text="1357\n", rc=1)
    with Session([BREAKGLASS, "key", "test", "bg1"]) as person:
        person.expect("Type yes to spend one of them, or no: ")
        person.line("no")
        assert person.wait() == 1
    assert KEY.status()["pin-retries"] == "2"
    with Session([BREAKGLASS, "key", "test", "bg1"]) as person:
        person.expect("Type yes to spend one of them, or no: ")
        person.line("yes")
        person.expect("2 tries left: ")
        person.line("135797")
        person.expect("the PIN is wrong")
        person.wait()
    with Session([BREAKGLASS, "key", "test", "bg1"]) as person:
        person.expect("Type yes")
        person.line("yes")
        person.expect("1 try left: ")
        person.line(PIN)
        assert person.wait() == 0


def test_a_pin_is_set_where_there_is_none():
    ready("--touch", "auto", "--min-pin", "6")
    bg("key", "remove", "bg1", "blue", "--yes")
    assert "BG184" in bg("key", "add", "bg1", "--yes", "--set-pin", "--pin-stdin", text="1234\n", rc=1)
    bg("key", "add", "bg1", "--yes", "--label", "blue", "--set-pin", "--pin-stdin", text=PIN + "\n")
    assert (KEY.status()["pin"], decided()) == ("set", "required")
    ready("--touch", "auto")
    bg("key", "remove", "bg1", "blue", "--yes")
    with Session([BREAKGLASS, "key", "add", "bg1", "--label", "blue"]) as person:
        person.expect("Make a credential")
        person.line("y")
        person.expect("This key has no PIN")
        person.line("yes")
        person.expect("New PIN of the key: ")
        person.line(PIN)
        person.expect("The same again: ")
        person.line(PIN)
        person.expect("Enrolled: key blue of bg1, PIN or fingerprint required")
        assert person.wait() == 0 and PIN not in person.transcript
    with by_key() as person:
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)


def test_two_keys_of_two_people():
    """Not the first one again, nor one of the same custodian; both are on record."""
    shares = ready("--touch", "auto")
    first = "Press Enter to use the security key[^:]*: "
    again = "Enter = try the key again[^:]*: |Press Enter to try the key again[^:]*: "
    with Key("--touch", "auto") as red, Key("--touch", "auto") as green:
        bg("key", "remove", "bg1", "blue", "--yes")
        for key, label, who in (KEY, "blue", "Ada"), (red, "red", "Ada"), (green, "green", "Grace"):
            add(key, label, "--custodian", who)
        text = open(CREDENTIALS, encoding="ascii").read()
        write(CREDENTIALS, text.replace("enabled = yes\n", "enabled = yes\nrequire = two-keys\n"), 0o600)
        plug_in(KEY)
        with login() as person:
            person.expect(first)
            person.line()
            person.expect("First key correct")
            person.expect(first)
            person.line()
            person.expect("That is the first key again")
            plug_in(red)
            person.expect(again)
            person.line()
            person.expect("BG135|BG179")
            person.expect(again)
            person.line("q")
            person.expect_end()
        assert "use.granted" not in kinds()
        plug_in(KEY, green)
        with login() as person:
            KEY.tell("touch never")
            green.tell("touch never")
            person.expect(first)
            person.line()
            person.expect("BG177")
            KEY.wait("blinking", "yes")
            KEY.tell("press")
            person.expect("Touch the blinking key")
            KEY.wait("blinking", "yes")
            KEY.tell("press")
            person.expect("BG178")
            person.expect(first)
            green.wait("blinking", "no")  # it was asked who is touched, and may be busy with that for a moment more
            person.line()
            person.expect('Touch the blinking key "green"')
            green.wait("blinking", "yes")
            green.tell("press")
            say_why(person)
        e = journal()[-1]
        assert [f["factor_type_id"] for f in e["data"]["auth_factors"]] == [10, 10] and ours(e)["factor"] == "key+key" and ours(e)["key"] == "blue+green", e
        bg("key", "remove", "bg1", "green", "--yes")
        with login() as person:  # two keys of one custodian are not two people
            person.expect("BG107|BG185")
            assert person.wait() == 1


def test_a_stall_is_told_as_one():
    """Whatever stalls is called silent or not touched in time, and never an enemy."""
    shares = ready()
    conf(KEY, "touch-timeout = 5\n")
    for mode in "silent", "keepalive", "upneeded", "short", "drip":
        KEY.tell(f"mode {mode}:get")
        with by_key() as person:
            hit = person.expect(r"[(]BG14[0-9]").group()[1:]
            print("     ", mode, "->", hit)
            assert hit.startswith(("BG145", "BG140", "BG143")), (mode, hit)
            person.expect(AGAIN)
            person.line("q")
            person.expect_end()
        KEY.replug()
        KEY.tell("mode normal")


def test_no_key_is_told_alike_everywhere():
    ready()
    KEY.tell("unplug")
    for words in ("test", "bg1"), ("add", "bg1", "--yes"), ("test", "bg1", "--device", "/dev/nowhere"):
        assert "BG134 No key is plugged in" in bg("key", *words, rc=1)


LIES = {"bad-signature": "the signature is not", "bad-rpid": "made for something else", "no-up": "without a touch",
        "replay": "the signature is not"}


def test_answers_that_lie():
    shares = ready()
    with by_key() as person:  # one honest answer, for "replay"
        say_why(person)
    for mode, why in LIES.items():
        KEY.tell(f"mode {mode}:get")
        with by_key() as person:
            hit = person.expect("Your full name", "(?:The|This)[^()]*[(]BG14[0-9]").group()
            assert " ".join(hit.split()).find(why) > 0 or hit.endswith(("BG144", "BG146")), (mode, hit)
            print("     ", mode, "->", " ".join(hit.split()))
            by_shares_again(person, shares)
        KEY.tell("mode normal")


def test_unverified_user_where_it_is_required():
    shares = ready("--uv", "yes", uv="required")
    KEY.tell("mode no-uv:get")
    with by_key() as person:
        person.expect("it was given without\\s+PIN or fingerprint")
        by_shares_again(person, shares)


CREDENTIALS = "/etc/breakglass/credentials/bg1"


def decided():
    """What the file says of the key, and what key list shows."""
    said = [x for x in open(CREDENTIALS, encoding="ascii").read().split("\n") if x.startswith("uv = ")]
    (listed,) = json.loads(bg("key", "list", "--json"))["keys"]
    assert said == [f"uv = {listed['uv']}"] and f" {listed['uv']} " in bg("key", "list"), (said, listed)
    return listed["uv"]


def test_the_relying_party_is_the_file():
    """Random, the same for all keys of an account, and nothing of the host is in it."""
    seen = set()
    for machine in (MACHINE, MACHINE, None):
        ready()
        if machine is None:
            bg("key", "remove", "bg1", "blue", "--yes")
            os.unlink("/etc/machine-id")
            enrol(KEY)
        with Key("--touch", "after:150") as red:
            bg("key", "add", "bg1", "--yes", "--label", "red", "--device", red.link)
        rps = {k["rp_id"] for k in json.loads(bg("key", "list", "--json"))["keys"]}
        assert len(rps) == 1 and not rps & seen, (rps, seen)
        assert "BG570" in bg("key", "add", "bg1", "--yes", rc=1)  # it knows that it is enrolled already
        seen |= rps
        with by_key() as person:
            say_why(person)


def undecide():
    """As an older version left the file."""
    text = open(CREDENTIALS, encoding="ascii").read()
    write(CREDENTIALS, text.replace("uv = required", "uv = preferred").replace("uv = no", "uv = preferred"), 0o600)


def test_what_was_signed_at_enrolment_decides():
    for options, pin, uv, want in (((), PIN, "preferred", "required"), ((), PIN, "required", "required"),
                                   ((), PIN, "no", "no"), ((), "", "preferred", "no"),
                                   (("--uv", "yes"), "", "preferred", "required")):
        ready(*options, uv=uv, pin=pin)
        assert decided() == want, (options, pin, uv, decided())
        assert journal()[-1]["data"]["message"].endswith("touch only" if want == "no" else "PIN or fingerprint required")


def test_a_stolen_key_that_denies_its_pin():
    """An adapter that says there is no PIN and lets the touch through: nothing opens by it."""
    shares = ready(pin=PIN)
    KEY.tell("mode no-pin")
    with by_key() as person:
        person.expect("A PIN or fingerprint is required")
        by_shares_again(person, shares)
    KEY.tell("mode no-uv:get")  # and one that does not pass on that the PIN is to be verified
    with by_key() as person:
        person.expect("not shown: ")
        person.line(PIN)
        person.expect("it was given without\\s+PIN or fingerprint")
        by_shares_again(person, shares)
    KEY.tell("mode no-pin")
    out = " ".join(bg("key", "test", "bg1", rc=1).split())
    assert "BG570" in out and "PIN" in out, out


def test_a_key_of_an_older_version():
    """Its file does not say whether it had a PIN: what was seen counts, and the next test of the key decides."""
    shares = ready(pin=PIN)
    undecide()
    assert "BG228" in bg("status", rc=1) and decided() == "preferred"
    KEY.tell("mode no-pin")  # it was seen with its PIN, when it was enrolled
    with by_key() as person:
        person.expect("BG149")
        by_shares_again(person, shares)
    KEY.tell("mode normal")
    for f in glob.glob("/var/lib/breakglass/fido/*.verified"):
        os.unlink(f)
    with by_key() as person:  # not seen yet: a device that has a PIN is asked for it
        person.expect("not shown: ")
        person.line(PIN)
        say_why(person)
    KEY.tell("mode no-pin")
    with by_key() as person:  # but now it was seen
        person.expect("BG149")
        by_shares_again(person, shares)
    KEY.tell("mode normal")
    assert "key blue of bg1, PIN or fingerprint required" in bg("key", "test", "bg1", "--pin-stdin", text=PIN + "\n")
    assert decided() == "required" and kinds()[-1] == "config.changed" and "BG228" not in bg("status", rc=1)
    # one without a PIN goes on opening by a touch
    ready()
    undecide()
    with by_key() as person:
        person.expect("BG133")
        say_why(person)
    said = bg("key", "test", "bg1")
    assert "touch only" in said and "BG229" in said and decided() == "no", said
    with by_key() as person:
        say_why(person)


def test_touch_only_is_told_in_red():
    red = "\033[31mBG229 The key blue opens bg1 by a touch alone"
    for env, colour in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        ready()
        bg("key", "remove", "bg1", "blue", "--yes")
        with Session([BREAKGLASS, "key", "add", "bg1", "--label", "blue", "--yes"], env={**os.environ, "NO_COLOR": "", **env}) as admin:
            admin.expect("BG229")
            assert admin.wait() == 0
        assert (red in admin.transcript) == colour and ("\033[" in admin.transcript) == colour, (env, admin.transcript)
    ready(pin=PIN)
    assert "BG229" not in bg("key", "test", "bg1", "--pin-stdin", text=PIN + "\n")


HOSTILE = ["garbage", "babble", "oversize", "announced", "keepalive", "upneeded", "flood", "noise", "silent", "short", "cut",
           "empty", "wrong-channel", "wrong-seq", "drip", "nested", "huge-map", "huge-string", "denied", "hid-error"]


def test_hostile_devices_cost_a_bounded_time_and_end_in_their_message():
    shares = ready()
    conf(KEY, "touch-timeout = 5\n")
    for mode in HOSTILE:
        for when in ("info", "get"):
            KEY.tell(f"mode {mode}:{when}")
            with login() as person:
                person.expect(FIRST)
                began = time.monotonic()
                person.line()
                hit = person.expect(r"[^\r\n]*\(BG1(3[4-9]|4[0-9]|5[0-5])\)").group()
                print(f"      {mode}:{when} {time.monotonic() - began:.1f} s {hit[:60]}")
                person.expect(AGAIN)
                assert worker_pid() is None
                by_shares(person, shares)
            KEY.replug()
            KEY.tell("mode normal")
    with by_key() as person:  # and the key is none the worse
        say_why(person)


def test_devices_that_turn_hostile_at_the_touch():
    shares = ready()
    conf(KEY, "touch-timeout = 5\n")
    for mode in HOSTILE:
        KEY.tell("touch never")
        with by_key() as person:
            person.expect("BG133")
            began = time.monotonic()
            KEY.tell(f"mode {mode}:get")
            KEY.tell("press")
            hit = person.expect(r"[^\r\n]*\(BG1(3[4-9]|4[0-9]|5[0-5])\)").group()
            print(f"      {mode} {time.monotonic() - began:.1f} s {hit[:60]}")
            person.expect(AGAIN)
            assert worker_pid() is None
            by_shares(person, shares)
        KEY.replug()
        KEY.tell("mode normal")


def test_hang_up_in_mid_touch():
    ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        person.hangup()
        person.wait()
    KEY.wait("blinking", "no")
    assert kinds()[-1] == "attempt.aborted" and worker_pid() is None, kinds()


def test_ctrl_c_in_mid_touch():
    ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        person.ctrl("C")
        assert person.wait() == 1
    KEY.wait("blinking", "no")
    assert kinds()[-1] == "attempt.aborted" and worker_pid() is None, kinds()


def killed_in_mid_touch():
    """A login and its worker that end without a word, as by the kernel's memory killer: the key goes on blinking."""
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        os.kill(person.pid, signal.SIGSTOP)  # so that it does not see its worker die
        os.kill(worker_pid(), signal.SIGKILL)
        os.kill(person.pid, signal.SIGKILL)
        person.wait()
    assert KEY.status()["blinking"] == "yes"


def test_an_old_question_is_cancelled():
    ready("--touch", "after:150", "--orphans")
    for _ in range(3):
        killed_in_mid_touch()
        with by_key() as person:
            person.expect("The key was still busy with an earlier question; that was cancelled.")
            person.expect("BG133")
            KEY.tell("press")
            say_why(person)
    assert "attempt.failed" not in kinds(), kinds()


def test_a_key_that_stays_busy_is_called_busy():
    """It does not tell for whom it works, so nobody can cancel that."""
    shares = ready()
    killed_in_mid_touch()
    with by_key() as person:
        person.expect("Another program holds the key")
        by_shares_again(person, shares)
    assert "attempt.failed" not in kinds(), kinds()


def test_nobody_holds_the_key_while_a_pin_is_typed():
    """Another login uses it meanwhile; then the first one types its PIN."""
    ready("--touch", "after:150", uv="required", pin=PIN)
    with by_key() as first:
        first.expect("not shown: ")
        assert worker_pid() is None
        with by_key() as second:
            second.expect("not shown: ")
            second.line(PIN)
            say_why(second)
        first.line(PIN)
        say_why(first)


def test_nor_while_an_administrator_types_one():
    ready("--touch", "after:150", uv="required", pin=PIN)
    for command in (["key", "test", "bg1"], ["key", "add", "bg1", "--label", "red", "--yes"]):
        with Session([BREAKGLASS, *command]) as administrator:
            administrator.expect("PIN of the key, 8 tries left: ")
            with by_key() as person:
                person.expect("not shown: ")
                person.line(PIN)
                say_why(person)
            administrator.line(PIN)
            out = administrator.expect_end()
            assert administrator.wait() == (0 if command[1] == "test" else 1), out
            assert ("BG570" in out) == (command[1] == "add"), out  # it is enrolled already


def test_the_caller_s_signals_do_not_reach_the_worker():
    """What systemd sends to a getty's service: the worker cancels the touch itself, and the key stops blinking."""
    ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        pid = worker_pid()
        for sig in (signal.SIGHUP, signal.SIGTERM):
            os.kill(pid, sig)
        KEY.tell("press")
        say_why(person)


def status_of(pid):
    return dict(x.rstrip("\n").split(":\t", 1) for x in open(f"/proc/{pid}/status", encoding="ascii") if ":\t" in x)


def test_the_worker_is_sandboxed():
    """Read from /proc while it waits for a touch."""
    ready()
    KEY.tell("touch never")
    with by_key() as person:
        person.expect("BG133")
        pid = worker_pid()
        s = status_of(pid)
        uid = s["Uid"].split()
        assert len(set(uid)) == 1 and int(uid[0]) > 0 and s["Gid"].split() == uid, s
        assert s["Groups"].strip() == "" and s["NoNewPrivs"] == "1" and s["Seccomp"] == "2", s
        assert all(int(s[c], 16) == 0 for c in ("CapEff", "CapPrm", "CapInh", "CapAmb")), s
        assert os.readlink(f"/proc/{pid}/root") == "/run/breakglass/empty" and os.listdir(f"/proc/{pid}/root") == []
        fds = {int(n): os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}
        assert set(fds) == {3, 4} and fds[3].startswith("socket:") and fds[4] == KEY.path, fds
        assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
        assert open(f"/proc/{pid}/environ", "rb").read() == b""
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0, "dumpable"
        limits = open(f"/proc/{pid}/limits", encoding="ascii").read()
        assert "Max processes             0 " in limits and "Max core file size        0 " in limits, limits
        print("      uid", uid[0], "fds", fds, "seccomp", s["Seccomp"])
        KEY.tell("press")
        say_why(person)
    assert worker_pid() is None


def blob(data):
    return struct.pack("<H", len(data)) + data


def packet(kind, body=b""):
    return b"BF" + bytes([2, kind]) + body


def requests(rng):
    """What may be asked, well-formed: GET_INFO, ASSERT with and without touch, MAKE, CANCEL."""
    wait, ident = struct.pack("<I", rng.choice([0, 50, 500])), blob(bytes(rng.randrange(256) for _ in range(rng.choice([1, 64, 1024]))))
    ask = blob(b"breakglass.fuzz") + bytes(32)
    many = rng.randrange(1, 9)
    pins = blob(b"") + blob(bytes(rng.randrange(0x30, 0x3a) for _ in range(rng.choice([1, 6, 63]))))
    return [packet(2), packet(5), packet(3, ask + bytes([rng.randrange(2), rng.randrange(2)]) + wait + blob(b"") + bytes([many]) +
                                         b"".join(ident for _ in range(many))),
            packet(6, pins), packet(7, wait),
            packet(4, ask + bytes([rng.choice([1, 2, 3]), rng.randrange(2), rng.randrange(4)]) + blob(b"bg1") + bytes(32) + b"\0" + wait + blob(b"") + b"\0")]


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 8])):
        at = rng.randrange(len(data))
        what = rng.randrange(4)
        if what == 0:
            data[at] = rng.randrange(256)
        elif what == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 2:
            del data[at:at + rng.randrange(1, 9)]
        else:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        data = data or bytearray(b"B")
    return bytes(data)


def worker_on(sock):
    """The worker itself, with sock as its descriptor 3, as its callers start it."""
    def before():
        os.dup2(sock.fileno(), 3)
        os.closerange(0, 3)
        os.closerange(4, 256)
    return subprocess.Popen([WORKER], env={}, close_fds=False, preexec_fn=before)


def test_packets_of_any_kind():
    """A fuzzer at the worker's own descriptor: it answers or ends by itself, never by a signal, in bounded time."""
    ready("--touch", "auto")
    seed = int(os.environ.get("BG_FUZZ_SEED", "3"))
    rng, ended, answered = random.Random(seed), 0, 0
    end = time.monotonic() + float(os.environ.get("BG_FUZZ_SECONDS", "8"))
    while time.monotonic() < end or min(ended, answered) <= 20:  # a busy machine takes longer for as many
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        p = worker_on(theirs)
        theirs.close()
        ours.settimeout(60)
        opening = packet(1, blob(KEY.path.encode()) + struct.pack("<I", 2000))
        ours.send(opening if rng.random() < 0.8 else mutated(rng, opening))
        try:
            reply = ours.recv(12000)
            while reply[:2] == b"BF" and reply[3] >= 16 and answered < 40 * (ended + 1):
                answered += 1
                if reply[3] != 18:  # TOUCH is followed by a result
                    request = mutated(rng, rng.choice(requests(rng)))
                    ours.send(request)
                    if request == packet(5):  # a CANCEL that comes too late is passed over in silence
                        ours.send(packet(2))
                reply = ours.recv(12000)
        except OSError as e:
            assert not isinstance(e, TimeoutError), ("no answer", seed)
        ours.close()
        assert p.wait(60) >= 0, (p.returncode, seed)
        ended += 1
    print(f"      {ended} workers, {answered} answers, seed {seed}")


def test_not_where_nobody_sees_it():
    """Not a console: shares only, the old words, and the key is not asked for anything."""
    shares = ready()
    write("/etc/breakglass/breakglass.conf", f"[login]\nconsoles = console\ndelay-network = 0\n[record]\nsyslog = no\n"
          f"[fido]\ndevice = {KEY.link}\n")
    before = KEY.status()["clients"], KEY.tell("count init"), KEY.tell("count info")
    with login() as person:
        person.expect("Press Enter to type cards, [?] for help, q to leave: ")
        assert "use the security key" not in person.transcript
        by_shares(person, shares)
    assert (KEY.status()["clients"], KEY.tell("count init"), KEY.tell("count info")) == before


def test_services():
    shares = ready()
    conf(KEY, "services = login\n")
    with login() as person:
        person.expect("Press Enter to type cards, [?] for help, q to leave: ")


def test_require_key():
    ready(require="key")
    with login() as person:
        person.expect("Press Enter to use the security key, [?] for help, q to leave: ")
        person.line("s")
        person.expect("BG132")
        person.expect("Press Enter to use the security key, [?] for help, q to leave: ")
        person.line()
        say_why(person)
    write("/etc/breakglass/breakglass.conf", "[login]\nconsoles = console\n[record]\nsyslog = no\n")
    with login() as person:
        person.expect("bg1 needs a key")
        assert person.wait() == 1


def test_require_shares():
    shares = ready(require="shares")
    with login() as person:
        person.expect("Press Enter to type cards, [?] for help, q to leave: ")
        by_shares(person, shares)


def test_require_both():
    shares = ready(require="key+shares")
    with login() as person:
        person.expect("Press Enter to use the security key, [?] for help, q to leave: ")
        person.line()
        person.expect("BG157")
        for share in shares[:2]:
            person.expect("ords 1-20, hidden: ")
            person.line(prefixes(share))
        say_why(person)
    e = journal()[-1]
    assert [f["factor_type_id"] for f in e["data"]["auth_factors"]] == [10, 99] and ours(e)["factor"] == "key+shares" and ours(e)["key"] == "blue", e
    write("/etc/breakglass/breakglass.conf", "[login]\nconsoles = console\n[record]\nsyslog = no\n")
    with login() as person:
        person.expect("BG131")
        assert person.wait() == 1


def test_two_keys_each_opens():
    shares = ready()
    with Key("--touch", "after:150") as red:
        bg("key", "add", "bg1", "--yes", "--label", "red", "--device", red.link, "--type", "eddsa")
        for key, label in ((KEY, "blue"), (red, "red")):
            conf(key)
            with by_key() as person:
                person.expect(f'Touch the blinking key "{label}"')
                say_why(person)
        bg("key", "remove", "bg1", "red", "--yes")
        with by_key() as person:
            person.expect("BG135")
    assert "credential.revoked" in kinds()


def test_the_command():
    ready()
    out = json.loads(bg("key", "list", "--json"))
    assert [k["label"] for k in out["keys"]] == ["blue"] and out["keys"][0]["counter"] > 0, out
    assert "Key blue of bg1 is right, its counter is " in bg("key", "test", "bg1")
    tested = json.JSONDecoder().raw_decode(bg("key", "test", "bg1", "--json"))[0]["key"]  # "Touch the key" follows
    assert {**tested, "counter": 0} == {**out["keys"][0], "counter": 0} and tested["counter"] > out["keys"][0]["counter"]
    assert "BG570" in bg("key", "add", "bg1", "--yes", rc=1)  # the same key again
    assert "BG571" in bg("key", "add", "bg1", "--yes", "--label", "blue", rc=1)
    assert "BG572" in bg("key", "remove", "bg1", "green", "--yes", rc=2)
    assert "BG506" in bg("key", "remove", "bg1", "blue", rc=2)
    assert "key: blue" in bg("status", rc=1)
    KEY.tell("mode bad-signature:get")
    assert "BG147" in bg("key", "test", "bg1", rc=1)
    KEY.tell("mode normal")
    bg("key", "remove", "bg1", "blue", "--yes")
    assert os.listdir("/var/lib/breakglass/fido") == []
    KEY.tell("mode bad-signature:get")
    assert "BG147" in bg("key", "add", "bg1", "--yes", rc=1)
    assert json.loads(bg("key", "list", "--json"))["keys"] == []


def test_no_worker():
    shares = ready()
    os.rename(WORKER, WORKER + ".away")
    try:
        with by_key() as person:
            person.expect("Keys cannot be used on this host now")
            by_shares_again(person, shares)
    finally:
        os.rename(WORKER + ".away", WORKER)


def mounted(path, how):
    """Over path: full, read-only or (None) as it is. What was there is there no more."""
    options = {"full": "size=4k,nr_inodes=1", "ro": "ro", None: ""}[how]
    if how is not None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path], check=True)


def test_full_and_read_only():
    """A key opens the door whatever /run and the state directory take; /run/breakglass is there, or cannot be made."""
    ready()
    for run in "full", "ro", "full below", "ro below", None:
        for var in "full", "ro", None:
            at = "/run/breakglass" if run and run.endswith("below") else "/run"
            os.makedirs("/run/breakglass", exist_ok=True)
            mounted("/var/lib/breakglass", var)
            mounted(at, run and run.split()[0])
            try:
                with by_key() as person:
                    person.expect("Touch the blinking key")
                    say_why(person)
            except BaseException:
                print(f"/run: {run}, /var/lib/breakglass: {var}")
                raise
            finally:
                for path in [at] * bool(run) + ["/var/lib/breakglass"] * bool(var):
                    subprocess.run(["umount", "-l", path], check=True)


def test_one_at_a_time_where_run_is_full():
    ready("--touch", "after:2500")
    mounted("/run", "full")
    try:
        with by_key() as one:
            one.expect("Touch the blinking key")
            with by_key() as other:
                other.expect("BG142")
            say_why(one)
    finally:
        subprocess.run(["umount", "-l", "/run"], check=True)


def test_no_empty_root():
    """A root that is not empty does not confine the worker: the device is not touched."""
    shares = ready()
    before = KEY.tell("count init")
    os.makedirs("/run/breakglass/empty", exist_ok=True)
    write("/run/breakglass/empty/file", "")
    with by_key() as person:
        person.expect("BG153")
        by_shares_again(person, shares)
    assert KEY.tell("count init") == before


def test_rotated_with_the_account():
    """A key that stays shows that it works; one that has opened the account, or is suspended, goes."""
    ready()
    bg("rotate", "bg1", "--by", "Grace Hopper", "--yes", "--json")
    items = lambda: {i["item"]: (i["need"], i["why"]) for i in json.loads(bg("rotate", "status", "bg1", "--json"))["rotations"][0]["items"]}
    assert items()["key blue"] == ("test", ""), items()
    bg("key", "test", "bg1")
    assert items()["key blue"] == ("done", "") and kinds()[-1] == "rotate.step", (items(), kinds())
    with by_key() as person:
        say_why(person)
    assert items()["key blue"] == ("replace", "it has opened the account"), items()
    with Key("--touch", "after:150") as red:
        plug_in(KEY, red)
        add(red, "red")
        assert items()["key red"] == ("done", ""), items()
        shares = json.loads(bg("rotate", "bg1", "--by", "Grace Hopper", "--anew", "--yes", "--json"))["shares"]
        assert items()["key red"][0] == "test", items()
        for share in shares:
            bg("rotate", "verify", "bg1", "--card-stdin", text=share + "\n")
        assert "key blue" in bg("rotate", "finish", "bg1", "--yes", rc=1)
        bg("key", "remove", "bg1", "blue", "--yes")
        bg("key", "test", "bg1", "--device", red.link)
        bg("key", "suspend", "bg1", "red", "--yes")
        assert items()["key red"] == ("replace", "it is suspended"), items()
        bg("key", "resume", "bg1", "red", "--yes")
        bg("rotate", "finish", "bg1", "--yes")
    assert kinds()[-1] == "rotate.done" and not os.path.exists("/etc/breakglass/credentials/bg1.next")


def test_rotation_of_keys_alone():
    ready()
    path = "/etc/breakglass/credentials/bg1"
    text = open(path, encoding="utf-8").read()
    write(path, re.sub(r"(?ms)^\[shares\].*?(?=^\[|\Z)", "", text), 0o600)
    bg("rotate", "bg1", "--yes", rc=0)
    assert "BG1216" in bg("rotate", "finish", "bg1", "--yes", rc=1)
    bg("key", "test", "bg1")
    assert "tested, or replaced" in bg("rotate", "finish", "bg1", "--yes")
    assert kinds()[-1] == "rotate.done"
    bg("rotate", "bg1", "--yes")
    said = bg("rotate", "finish", "bg1", "--yes", "--unverified", "key blue", "--reason", "it is abroad")
    assert "BG1223" in said and kinds()[-2:] == ["rotate.step", "rotate.done"], (said, kinds())


need()
login_lab.enter_namespace()
install_worker()
login_lab.main(globals())
