# SPDX-License-Identifier: ISC
"""What the tests of the rules of `breakglass check` share."""
import os, signal, socket, subprocess
from admin_lib import *

CONF = "/etc/breakglass/breakglass.conf"
STATE = "/var/lib/breakglass"
JOURNAL = STATE + "/journal"


def found(*prefixes, env=None):
    """The findings whose ids begin so: (id, severity, text)."""
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--json"], text=True, capture_output=True, timeout=60, env=env)
    out = json.loads(p.stdout)
    return sorted((f["id"], f["severity"], f["text"]) for f in out["findings"] if f["id"].startswith(prefixes))


def one(rule, severity, *parts, **kw):
    """Exactly one finding of that rule, with these parts in its sentence."""
    got = found(rule, **kw)
    assert len(got) == 1 and got[0][1] == severity and all(p in got[0][2] for p in parts), (rule, severity, parts, got)


def has_one(rule, severity, *parts, **kw):
    """At least one such finding."""
    got = found(rule, **kw)
    assert any(g[1] == severity and all(p in g[2] for p in parts) for g in got), (rule, severity, parts, got)


def none(*prefixes, **kw):
    got = found(*prefixes, **kw)
    assert got == [], got


def tmpfs(path, options="mode=755"):
    sh("mount", "-t", "tmpfs", "-o", options, "none", path)


def own_dev():
    """A /dev of our own: the machine's is another's to change. Its null, zero, urandom, tty, pts and shm stay."""
    os.makedirs("/mnt/dev", exist_ok=True)
    sh("mount", "--rbind", "/dev", "/mnt/dev")
    tmpfs("/dev")
    for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm"):
        if os.path.isdir(f"/mnt/dev/{name}"):
            os.mkdir(f"/dev/{name}")
        else:
            write(f"/dev/{name}", "")
        sh("mount", "--rbind", f"/mnt/dev/{name}", f"/dev/{name}")


def in_child(f):
    """Run f() beside the test; its pid."""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the test
        f()
        os._exit(0)
    return pid


def logger():
    """A logger that reads /dev/log."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/dev/log")
    os.chmod("/dev/log", 0o666)

    def reads():
        while True:
            s.recv(65536)
    pid = in_child(reads)
    s.close()
    return pid


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def host(more=""):
    """A host that is as it should be: an account, a /dev/log that is read, no sink and none wanted."""
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1) + more)
    for f in glob.glob("/var/cache/apt/archives/*.deb"):  # what this machine's packages wait for
        os.unlink(f)
    own_dev()
    return logger()
