# SPDX-License-Identifier: ISC
"""What the tests of the command share: a fresh copy of this machine's /etc, /var, /usr and /run for every test.

Each test runs in a child with mount, network and process namespaces of its own: overlays over this machine's directories,
with the build installed into them, an empty /run, and no process of anybody else. Nothing outside is touched. Exit 77
(skipped) without root.
"""
import contextlib, ctypes, glob, hashlib, json, os, pty, re, select, shutil, signal, socket, stat, subprocess, sys, tempfile, termios, time, traceback

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import roomkeys

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
SLIP39 = BUILD + "/tests/tools/slip39"
PAM_MODULE = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True).stdout.strip()
LIB = f"/usr/lib/{PAM_MODULE}" if PAM_MODULE else "/usr/lib"
PAM_MODULE, NSS_MODULE = f"{LIB}/security/pam_breakglass.so", f"{LIB}/libnss_breakglass.so.2"
HELPER = "/usr/libexec/breakglass/breakglass-login"
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}
SANITIZED = b"__asan_init" in open(BUILD + "/breakglass", "rb").read()
DROPIN = "/etc/ssh/sshd_config.d/10-breakglass.conf"
LINES = {
    "auth": "auth     [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n",
    "account": "account  [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n",
    "session": "session  [success=ok   ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n",
    "password": "password [ignore=ignore module_unknown=ignore default=die]              pam_breakglass.so\n",
}


def sh(*argv, **kw):
    return subprocess.run(argv, check=True, **kw)


def overlay(top, path, extra=""):
    for kind in ("up", "work"):
        os.makedirs(f"{top}/{path}-{kind}")
    lower = f"{extra}:/{path}" if extra else f"/{path}"
    sh("mount", "-t", "overlay", "-o",
       f"lowerdir={lower},upperdir={top}/{path}-up,workdir={top}/{path}-work", "ov", f"/{path}")


def own_namespaces():
    """In a child, whose next child is the first process of the new machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000 | 0x40000000 | 0x20000000) != 0:  # CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID
        raise OSError(ctypes.get_errno(), "unshare")


def first_process(run):
    """Start it and reap what is left behind, until it ends."""
    sh("mount", "--make-rprivate", "/")
    sh("mount", "-t", "proc", "proc", "/proc")
    pid = os.fork()
    if pid == 0:
        run()
    while True:
        ended, status = os.wait()
        if ended == pid:
            os._exit(abs(os.waitstatus_to_exitcode(status)))


def fresh(image):
    """In a child: a machine of its own."""
    with contextlib.suppress(OSError):  # nobody's audit uid, whoever runs the tests
        with open("/proc/self/loginuid", "w", encoding="ascii") as f:
            f.write("4294967295")
    sh("mount", "-t", "tmpfs", "none", "/mnt")
    overlay("/mnt", "usr", image + "/usr")
    overlay("/mnt", "etc")
    overlay("/mnt", "var")
    sh("mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run")
    roomkeys.forget()
    something_listens()
    for p in (DROPIN, "/etc/breakglass", "/var/lib/breakglass"):
        subprocess.run(["rm", "-rf", p], check=True)
    subprocess.run(["rm", "-rf", "/etc/audit"], check=True)  # auditd is where a test says so
    root_password("$6$salt$hash")
    write("/etc/nsswitch.conf", "# nsswitch\npasswd:         files systemd ldap\ngroup:          files systemd ldap\n"
          "shadow:         files ldap\nhosts:          files dns\n")
    for f in glob.glob("/etc/pam.d/common-session*") + glob.glob("/var/lib/pam/session*"):  # no module that asks a daemon, whatever this machine has
        write(f, re.sub(r"(?m)^.*\bpam_(systemd|sss|ldap|winbind|krb5|mount|gnome_keyring|kwallet5?)\.so\b.*\n", "", read(f)))
    for f in glob.glob("/etc/pam.d/*.pam-old"):  # pam-auth-update's, whoever ran it
        os.unlink(f)
    for f in ["/etc/ssh/sshd_config", *glob.glob("/etc/ssh/sshd_config.d/*.conf")]:  # a lab's is for itself alone
        if os.path.exists(f):
            write(f, re.sub(r"(?mi)^\s*ListenAddress\b.*\n", "", read(f)))
    write("/etc/nscd.conf", "# nscd\n\tenable-cache\t\tpasswd\t\tyes\n")


def with_usb():
    """A machine where a key can be plugged, whatever this one is."""
    sh("mount", "-t", "tmpfs", "none", "/sys/bus")
    for d in ("usb/devices/usb1", "usb/drivers/usbhid", "hid/drivers/hid-generic"):
        os.makedirs(f"/sys/bus/{d}")
    write("/sys/bus/usb/devices/usb1/authorized_default", "1\n")


def root_password(field):
    """What /etc/shadow has for root: where it opens nothing, init asks about rescue mode."""
    lines = open("/etc/shadow", encoding="ascii").read().splitlines(True)
    write("/etc/shadow", "".join(re.sub("^root:[^:]*:", lambda _: f"root:{field}:", line) for line in lines))


def bg(*args, rc=0, stdin="", env=None, **kw):
    """Run the command; its output. Both streams go through pipes, so nobody is there to be asked."""
    p = subprocess.run(["/usr/sbin/breakglass", *args], input=stdin, text=True, capture_output=True, timeout=60,
                       env=env, **kw)
    assert p.returncode == rc, (args, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
    return p.stdout + p.stderr


def bg_json(*args, rc=0, stdin=None):
    p = subprocess.run(["/usr/sbin/breakglass", *args, "--json"], input=stdin, text=True, capture_output=True, timeout=60)
    assert p.returncode == rc, (args, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
    assert p.stderr == "", p.stderr
    out = json.loads(p.stdout)
    assert out["exit"] == rc and "findings" in out and "notes" in out, out
    return out


def mode(path):
    return oct(stat.S_IMODE(os.stat(path).st_mode))


def can_read_pages():
    """Are poppler and zbar here, and does this build make pages?"""
    here = os.path.exists(BUILD + "/utils/admin/paper/pdf.o") and all(shutil.which(p) for p in ("pdftotext", "pdfinfo", "pdftoppm", "zbarimg"))
    if not here:
        print("   no pages, poppler or zbar here")
    return here


def pages(path, size):
    """The text of each page of a PDF, after its size was looked at."""
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"Page size: +{size}", info), info
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout.split("\f")[:-1]


def codes(path, n):
    """What a scanner reads of each page, in grey as a cheap printer shows it."""
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["pdftoppm", "-r", "150", "-gray", path, d + "/p"], check=True)
        out = []
        for name in sorted(os.listdir(d)):
            p = subprocess.run(["zbarimg", "-Sdisable", "-Sqrcode.enable", "--raw", "-q", f"{d}/{name}"], capture_output=True, text=True, check=True)
            out.append(p.stdout.strip().lower())
    assert len(out) == n
    return out


def on_pty(args, answers, env=None, rows=24):
    """Drive the command on a terminal: answers is a list of (text to wait for, bytes to type, or what makes them
    of all that was seen). It leaves the terminal with its echo."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm", "COLUMNS": "80"})
        os.environ.pop("NO_COLOR", None)
        os.environ.update(env or {})
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a child would too
        os.execv("/usr/sbin/breakglass", ["breakglass", *args])
    seen, mark, end = b"", 0, time.monotonic() + 60
    todo = list(answers)
    while time.monotonic() < end:
        at = seen.find(todo[0][0].encode(), mark) if todo else -1
        if at >= 0:
            mark = at + len(todo[0][0])
            typed = todo.pop(0)[1]
            os.write(fd, typed(seen.decode()) if callable(typed) else typed)
            continue
        if not select.select([fd], [], [], 0.5)[0]:
            continue
        try:
            got = os.read(fd, 65536)
        except OSError:
            break
        if not got:
            break
        seen += got
    if time.monotonic() >= end:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert termios.tcgetattr(fd)[3] & termios.ECHO, seen[-1500:]
    assert not todo, (todo, seen[-1500:])
    return os.waitstatus_to_exitcode(status), seen.decode()


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.01)


def delivery_is_over():
    """What an event started finds no sink that is written from here on."""
    def under_way():
        for comm in glob.glob("/proc/[0-9]*/comm"):
            try:
                if read(comm).strip() == "breakglass-aler":
                    return True
            except OSError:
                pass  # it has just ended
        return False
    until("no delivery is under way", lambda: not under_way())


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def write(path, text, mode=None):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    if mode is not None:
        os.chmod(path, mode)


def tree(*tops):
    """Every path below: type, mode, owner and content."""
    out = {}
    for top in tops:
        for base, dirs, files in os.walk(top):
            for n in dirs + files:
                p = os.path.join(base, n)
                st = os.lstat(p)
                body = os.readlink(p) if os.path.islink(p) else \
                    hashlib.sha256(open(p, "rb").read()).hexdigest() if os.path.isfile(p) else ""
                out[p] = (oct(st.st_mode), st.st_uid, st.st_gid, body)
    return out


SYSTEM = ("/etc/pam.d", "/etc/ssh", "/etc/nscd.conf", "/etc/nsswitch.conf")


def system():
    t = tree("/etc/pam.d", "/etc/ssh")
    st = os.stat("/etc/nsswitch.conf")
    t["nsswitch"] = (oct(st.st_mode), st.st_uid, st.st_gid, read("/etc/nsswitch.conf"))
    return t


def journal(probed=False):
    """Its events; probed: with use.probed, which comes some seconds after a grant, wherever the others are by then."""
    d = "/var/lib/breakglass/journal"
    events = [json.loads(line) for n in sorted(os.listdir(d)) if n.endswith(".jsonl") for line in open(f"{d}/{n}")]
    return [e for e in events if probed or e["type"] != "org.breakglass.use.probed.v1"]


def kinds():
    return [e["type"].removeprefix("org.breakglass.").removesuffix(".v1") for e in journal()]


def has(text, *parts):
    flat = re.sub(r"\s+", " ", text)
    for p in parts:
        assert p in flat, (p, text[-3000:])


def against_schema(document, variable):
    """Where the variable of the environment names a published JSON schema: what it says of the document."""
    path = os.environ.get(variable)
    if path is None:
        return
    import jsonschema
    schema = json.loads(read(path).replace("\\\\p{L}", "[A-Za-z]").replace("\\\\p{N}", "[0-9]"))  # patterns of ECMA 262; ours are ASCII
    checker = jsonschema.validators.validator_for(schema)
    faults = list(checker(schema, format_checker=jsonschema.FormatChecker()).iter_errors(document))
    assert not faults, [(list(e.absolute_path), e.message[:200]) for e in faults[:5]]


PORT_22 = []


def something_listens():
    """On sshd's port, where a test asks no more of an sshd; it ends with the test."""
    PORT_22.append(socket.create_server(("", 22)))


def nothing_listens():
    PORT_22.pop().close()


def sshd_listens():
    """A real sshd on its usual port, which ends with the test."""
    nothing_listens()
    sh("ip", "link", "set", "lo", "up")
    os.makedirs("/run/sshd", exist_ok=True)
    end = lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    subprocess.Popen(["/usr/sbin/sshd", "-D"], preexec_fn=end)
    until("sshd listens", lambda: os.path.exists("/run/sshd.pid"))


def run_here(f, image):
    code = 1
    try:
        fresh(image)
        f()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_one(name, f, image):
    pid = os.fork()
    if pid == 0:
        own_namespaces()
        init = os.fork()
        if init == 0:
            first_process(lambda: run_here(f, image))
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])))
    good = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    print("ok" if good else "FAIL", name, flush=True)
    return good


def main(names):
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    if "sysconfdir = /etc\n" not in read(BUILD + "/Makefile"):
        print("this build is not made for /etc")
        sys.exit(77)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where all of this runs in the background
    only = sys.argv[2:]
    tests = [(n, f) for n, f in names.items() if n.startswith("test_") and (not only or n in only)]
    with tempfile.TemporaryDirectory(prefix="bg-admin.") as image:
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        sh("make", "-s", "-C", BUILD, "install", f"DESTDIR={image}", env=env, stdout=subprocess.DEVNULL)
        os.chmod(image, 0o755)
        failed = [n for n, f in tests if not run_one(n, f, image)]
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
