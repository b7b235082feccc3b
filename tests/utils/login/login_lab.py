# SPDX-License-Identifier: ISC
"""breakglass-login on terminals, pipes and ptys, in a mount namespace of its own: what its tests share.

Exit 77 (skipped) without root. The credentials file is written here, with Python's own HMAC, so the verifier is checked
against a second implementation; shares come from tests/tools/slip39.
"""
import hashlib, hmac, json, os, subprocess, sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import lanes, roomkeys

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
LOGIN = BUILD + "/breakglass-login"
SLIP39 = BUILD + "/tests/tools/slip39"
SECRET = bytes(range(16))
NAME, REASON = "Ada Lovelace", "LDAP does not answer, INC-4711"
MACHINE = "0123456789abcdef0123456789abcdef"


def enter_namespace():
    """With three lanes of tests: most of one is waiting for a person or a key."""
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    if b"\0/etc/breakglass/accounts\0" not in open(LOGIN, "rb").read():
        print("built for another /etc")
        sys.exit(77)
    lanes.begin(3)
    if "BG_TEST_INSIDE" not in os.environ:
        os.environ["BG_TEST_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    for d in ("etc", "var", "root"):  # what a test keeps in /root is its lane's alone
        os.makedirs(f"/mnt/{d}-up"); os.makedirs(f"/mnt/{d}-work")
        subprocess.run(["mount", "-t", "overlay", "-o",
                        f"lowerdir=/{d},upperdir=/mnt/{d}-up,workdir=/mnt/{d}-work", "ov", f"/{d}"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    roomkeys.forget()


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def split():
    out = subprocess.run([SLIP39, "split", "2", "3"], input=SECRET.hex(), text=True, check=True, capture_output=True)
    return out.stdout.strip().split("\n")


WORDS = None


def word_index(word):
    global WORDS
    if WORDS is None:
        here = os.path.dirname(os.path.abspath(__file__))
        WORDS = open(here + "/../../data/slip39/wordlist.txt", encoding="ascii").read().split()
    return WORDS.index(word)


def host_print(machine):
    """What is kept beside credentials of the host that made them."""
    return hashlib.sha256(f"breakglass host id {machine}".encode()).hexdigest()[:32]


def credentials(shares, enabled="yes", old_host=None):
    """A sound file; with old_host, the machine-id or name of a host, as older versions made it there."""
    first, second = (word_index(w) for w in shares[0].split()[:2])
    ident, ext, exponent = first << 5 | second >> 5, second >> 4 & 1, second & 15
    salt = bytes(16)
    field = lambda b: len(b).to_bytes(2, "big") + b
    text = b"breakglass-v2" + field(salt)
    if old_host:
        text = b"breakglass-v1" + field(b"bg1") + field(old_host.encode()) + field(salt)
    verifier = hmac.new(SECRET, text, hashlib.sha256)
    host = "" if old_host else f"host = {host_print(MACHINE)}\n"
    write("/etc/breakglass/credentials/bg1", f"""[account]
enabled = {enabled}
[shares]
set-label = {' '.join(shares[0].split()[:2])}
id = {ident}
extendable = {'yes' if ext else 'no'}
exponent = {exponent}
groups = 2/3
group-threshold = 1
bytes = 16
salt = {salt.hex()}
verifier = {verifier.hexdigest()}
{host}created = 2026-11-22T12:03:24.123456Z
""", 0o600)


def fresh():
    # who waits to tell what was counted (breakglass-login --counts) may still write for the last test
    while subprocess.run("rm -rf /etc/breakglass /var/lib/breakglass /run/breakglass", shell=True).returncode != 0:
        pass
    os.makedirs("/var/lib/breakglass", 0o755, exist_ok=True)
    write("/etc/machine-id", MACHINE + "\n")
    write("/etc/breakglass/accounts", "bg1:x:0:0:Break-glass:/var/lib/breakglass/home/bg1:/bin/bash\n")
    write("/etc/breakglass/breakglass.conf", "[login]\ndelay-network = 0\ndelay-console = 0\n[record]\nsyslog = no\n")
    os.makedirs("/etc/breakglass/credentials", 0o700, exist_ok=True)
    shares = split()
    credentials(shares)
    return shares


def run(lines, *command, **kw):
    p = subprocess.run([LOGIN, "--tty", "bg1", *command], input="".join(x + "\n" for x in lines).encode(),
                       capture_output=True, timeout=60, **kw)
    return p.returncode, p.stdout.decode("utf-8", "replace") + p.stderr.decode("utf-8", "replace")


def journal():
    """Its events, without use.probed, which comes some seconds after a grant, wherever the others are by then."""
    path = "/var/lib/breakglass/journal"
    names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    events = [json.loads(x) for n in names if n.endswith(".jsonl") for x in open(f"{path}/{n}", encoding="utf-8")]
    return [e for e in events if e["type"] != "org.breakglass.use.probed.v1"]


def kinds():
    return [e["type"].removeprefix("org.breakglass.").removesuffix(".v1") for e in journal()]


def ours(e):
    return e["data"]["unmapped"]["breakglass"]


def prefixes(share):
    return " ".join(w[:4] for w in share.split())


def main(names):
    """Run every test_... of names, a module's globals(); or only those that are for this process (lanes.py)."""
    passed = failed = 0
    for name in lanes.mine(names):
        try:
            names[name]()
            passed += 1
            print("ok", name, flush=True)
        except Exception as e:
            failed += 1
            print("FAIL", name, type(e).__name__, e, flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
