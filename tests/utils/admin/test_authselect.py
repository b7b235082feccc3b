#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""init, undo and status where authselect(8) writes nsswitch.conf. usage: test_authselect.py BUILDDIR [TEST...]

The program is the stand-in tests/tools/authselect; with BG_REAL_AUTHSELECT=1 it is the one that this machine has.
"""
import os, re, shutil, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

REAL = bool(os.environ.get("BG_REAL_AUTHSELECT"))
STAND_IN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/authselect")
BASE = "/usr/share/authselect/default/bgtest"
OURS = "/etc/authselect/custom/breakglass"
NSSWITCH = ('passwd:     {if "with-tlog":sss }files {if "with-altfiles":altfiles }{if not "with-tlog":sss }systemd\n'
            'shadow:     files systemd\n'
            'group:      files {if "with-altfiles":altfiles }sss systemd {exclude if "with-merging"}\n'
            'group:      files [SUCCESS=merge] sss systemd {include if "with-merging"}\n'
            'hosts:      files dns\n')
# as releases before 1.3 had it: no shadow line, and "files" only in braces
OLD = ('passwd:     {if "with-files-domain":sss files|files sss} systemd   {exclude if "with-custom-passwd"}\n'
       'group:      {if "with-files-domain":sss files|files sss} systemd   {exclude if "with-custom-group"}\n'
       'hosts:      files dns\n')
AUTH = ("auth required pam_env.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n"
        "account required pam_unix.so\npassword required pam_unix.so\n"
        "session required pam_limits.so\n-session optional pam_systemd.so\n"
        "session optional pam_mkhomedir.so {include if \"with-mkhomedir\"}\nsession required pam_unix.so\n")
LOGIN = ("#%PAM-1.0\nauth substack system-auth\nauth include postlogin\naccount required pam_nologin.so\n"
         "account include system-auth\npassword include system-auth\nsession required pam_loginuid.so\n"
         "session include system-auth\nsession include postlogin\n")


def authselect(*args, rc=0):
    p = subprocess.run(["/usr/bin/authselect", *args], text=True, capture_output=True, timeout=60)
    assert p.returncode == rc, (args, p.returncode, p.stdout, p.stderr)
    return p.stdout


def host(nsswitch=NSSWITCH, features=("with-mkhomedir",)):
    """A host whose authselect has selected a profile of that template."""
    if not REAL:
        shutil.copy(STAND_IN, "/usr/bin/authselect")
    shutil.rmtree("/etc/authselect", ignore_errors=True)
    for d in (BASE, "/etc/authselect/custom", "/etc/dconf/db/distro.d/locks"):
        os.makedirs(d, exist_ok=True)
    for f in ("README", "REQUIREMENTS", "dconf-db", "dconf-locks", "switchable-auth", "fingerprint-auth", "smartcard-auth"):
        write(f"{BASE}/{f}", "# none\n")
    for f in ("system-auth", "password-auth"):
        write(f"{BASE}/{f}", AUTH)
    write(f"{BASE}/postlogin", "session optional pam_umask.so\n")
    write(f"{BASE}/nsswitch.conf", nsswitch)
    write("/etc/pam.d/login", LOGIN)
    authselect("select", "bgtest", *features, *(["--force", "--nobackup"] if REAL else []))


def current():
    return authselect("current", "--raw").split()


def lines(path="/etc/nsswitch.conf"):
    return {x.split(":")[0]: " ".join(x.split(":")[1].split()) for x in read(path).splitlines() if re.match(r"\w+:", x)}


def stands():
    """authselect's files and ours, without the date that old releases put into each."""
    return {p: re.sub(r"on \w{3} \w{3} .*", "", v) if isinstance(v, str) else v for p, v in texts().items()}


def texts():
    out = {}
    for top in ("/etc/authselect", "/etc/pam.d"):
        for d, _, names in os.walk(top):
            for n in names:
                p = f"{d}/{n}"
                out[p] = os.readlink(p) if os.path.islink(p) else read(p)
    return out


def init(*args, rc=0):
    return bg("init", "--yes", "--no-sshd", "--services", "login", "--sessions", "none", *args, rc=rc)


def test_a_profile_of_ours_is_selected_and_undone():
    host()
    before = stands()
    has(bg("init", "--dry-run", "--no-sshd"), "BG665", "custom/breakglass", "bgtest", "+shadow: files breakglass systemd")
    assert stands() == before
    init()
    assert current() == ["custom/breakglass", "with-mkhomedir", "with-breakglass"]
    assert {k: lines()[k] for k in ("passwd", "shadow", "group", "hosts")} == {
        "passwd": "files breakglass sss systemd", "shadow": "files breakglass systemd",
        "group": "files breakglass [TRYAGAIN=return] sss systemd", "hosts": "files dns"}
    authselect("check")
    assert os.readlink("/etc/nsswitch.conf") == "/etc/authselect/nsswitch.conf"
    assert os.readlink(f"{OURS}/system-auth") == f"{BASE}/system-auth"
    assert os.stat(OURS).st_mode & 0o777 == 0o755 and os.stat(f"{OURS}/nsswitch.conf").st_mode & 0o777 == 0o644
    assert stands()["/etc/authselect/system-auth"] == before["/etc/authselect/system-auth"]
    assert SANITIZED or subprocess.run(["getent", "passwd", "bg1"]).returncode == 0  # it cannot load a sanitized module
    # what authselect's files hold is known: all four types, and pam_systemd is passed over
    want = "".join(LINES[t] for t in ("auth", "account", "password")) + LOGIN.split("\n", 1)[1]
    assert read("/etc/pam.d/login") == "#%PAM-1.0\n" + want.replace(
        "session include system-auth\n", LINES["session"].replace("=ok  ", "=4") + "session include system-auth\n")
    has(init(), "Nothing to do")
    assert not [f for f in bg_json("status", rc=1)["findings"] if f["id"] in ("BG536", "BG662", "BG664", "BG614")]
    bg("init", "--undo", "--yes")
    assert stands() == before
    assert current() == ["bgtest", "with-mkhomedir"]


def test_features_of_the_meantime_are_kept():
    host()
    init()
    authselect("select", "custom/breakglass", "with-breakglass", "with-altfiles")
    assert lines()["passwd"] == "files breakglass altfiles sss systemd"
    bg("init", "--undo", "--yes")
    assert current() == ["bgtest", "with-altfiles"] and not os.path.exists(OURS)


def test_templates_of_old_releases():
    host(OLD, ())
    before = stands()
    init()
    got = lines()
    assert (got["passwd"], got["group"], got["shadow"]) == (
        "files breakglass sss systemd", "files breakglass [TRYAGAIN=return] sss systemd", "files breakglass"), got
    has(init(), "Nothing to do")
    bg("init", "--undo", "--yes")
    assert stands() == before


def test_an_updated_base_is_told_and_taken():
    host()
    init()
    write(f"{BASE}/nsswitch.conf", NSSWITCH.replace("files dns", "files resolve dns"))
    has(bg("status", rc=1), "BG664")
    init()
    assert lines()["hosts"] == "files resolve dns" and lines()["passwd"] == "files breakglass sss systemd"
    assert "BG664" not in bg("status", rc=1)


def test_another_selected_profile_is_told_and_taken():
    host()
    init()
    authselect("select", "bgtest")
    has(bg("status", rc=1), "BG536")
    init()
    assert current() == ["custom/breakglass", "with-breakglass"]


def test_built_on_a_profile_of_the_site():
    host()
    shutil.copytree(BASE, "/etc/authselect/custom/site")
    authselect("select", "custom/site")
    init()
    assert os.readlink(f"{OURS}/postlogin") == "/etc/authselect/custom/site/postlogin"
    bg("init", "--undo", "--yes")
    assert current() == ["custom/site"]


def test_what_a_person_put_into_our_profile_stays():
    host()
    init()
    os.unlink(f"{OURS}/postlogin")
    write(f"{OURS}/postlogin", "session optional pam_umask.so silent\n")
    authselect("select", "custom/breakglass", "with-breakglass")
    write(f"{BASE}/nsswitch.conf", NSSWITCH.replace("files dns", "files resolve dns"))
    has(init(rc=1), "BG663")
    has(bg("init", "--undo", "--yes"), "BG666")
    assert current() == ["custom/breakglass"] and lines()["shadow"] == "files systemd"
    assert "silent" in read(f"{OURS}/postlogin") and "pam_breakglass" not in read("/etc/pam.d/login")


def test_what_cannot_work_is_refused():
    def refused(*ids):
        before = stands()
        has(init(rc=1), *ids)
        assert stands() == before

    host(features=("with-tlog",))  # a service that may hang before "files"
    refused("BG531")
    host(features=("with-merging",))
    refused("BG533")
    host()
    os.unlink("/etc/pam.d/system-auth")  # authselect does not know its own files any more
    write("/etc/pam.d/system-auth", AUTH)
    write("/etc/authselect/system-auth", "# by hand\n")
    refused("BG662")
    host()
    os.unlink("/usr/bin/authselect")
    refused("BG662")


def test_all_is_taken_back_when_authselect_writes_something_else():
    if REAL:
        return
    host()
    write("/etc/authselect/lie", "")
    before = stands()
    has(init(rc=1), "BG662", "another nsswitch.conf")
    assert stands() == before and current() == ["bgtest", "with-mkhomedir"]


if __name__ == "__main__":
    main(globals())
