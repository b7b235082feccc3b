#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: rules about names. usage: test_check_nss.py BUILDDIR [TEST]...

What is said of a line of nsswitch.conf is held against getent, which asks the real C library.
"""
import os, sys, shutil, socket
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rules_lib import *

CONF = "/etc/nsswitch.conf"
SOUND = "group: files breakglass [TRYAGAIN=return] ldap\nshadow: files breakglass\nhosts: files dns\n"


def getent(*args):
    return subprocess.run(["getent", *args], capture_output=True, text=True, timeout=20).returncode == 0


def severities(rule, got):
    return sorted(k[1] for k in got if k[0] == rule)


def test_the_line_for_users():
    """Each line: is the account known to the real library, and what does check say?"""
    bg("init", "--yes")
    for line, known, rules in (
            ("passwd: files breakglass ldap", True, []),
            ("passwd:\tfiles\tbreakglass\t", True, []),
            ("passwd: files breakglass # ldap [X", False, [("NSS-01", "BLOCK")]),
            ("  passwd : files breakglass", True, []),
            ("passwd files breakglass", True, []),
            ("passwd: compat breakglass", True, []),
            ("passwd: breakglass files", True, []),
            ("passwd: files [!NOTFOUND=return] breakglass", True, []),
            ("passwd: files [notfound = continue] breakglass [ SUCCESS=return ] ldap", True, []),
            ("passwd: files nosuchservice breakglass", True, []),
            ("passwd: ldap\npasswd: files breakglass", True, []),
            ("passwd: files breakglass [SUCCESS=merge]", False, [("NSS-01", "BLOCK")]),
            ("passwd: files # breakglass", True, [("NSS-01", "WARN")]),
            ("passwd: files #breakglass", False, [("NSS-01", "BLOCK"), ("NSS-01", "WARN")]),
            ("passwd: files # no ldap\tbreakglass", True, [("NSS-01", "WARN"), ("NSS-02", "RISK")]),
            ("#passwd: ldap\npasswd: files breakglass", True, []),
            ("PASSWD: files breakglass", False, [("NSS-01", "BLOCK")]),
            ("# no such line", False, [("NSS-01", "BLOCK")]),
            ("passwd: files Breakglass", False, [("NSS-01", "BLOCK")]),
            ("passwd: files breakglass\npasswd: files", False, [("NSS-01", "BLOCK")]),
            ("passwd: files [NOTFOUND=return] breakglass", False, [("NSS-01", "BLOCK")]),
            ("passwd: files [!SUCCESS=return] breakglass", False, [("NSS-01", "BLOCK")]),
            ("passwd: files[!UNAVAIL=return]breakglass", False, [("NSS-01", "BLOCK")]),
            ("passwd: nosuchservice [UNAVAIL=return] files breakglass", False, [("NSS-01", "BLOCK")]),
            ("passwd: files breakglass [SUCCESS=merge] nosuchservice", False, [("NSS-01", "BLOCK")]),
            ("passwd: files breakglass [SUCCESS=merge] systemd", None, [("NSS-01", "BLOCK")]),  # glibc 2.36 knows it, 2.41 does not
            ("passwd: breakglass [SUCCESS=merge] files", None, [("NSS-01", "BLOCK")]),  # ... as somebody else
            ("passwd: ldap files breakglass", True, [("NSS-02", "RISK")]),
            ("passwd: files sss [NOTFOUND=continue] breakglass", True, [("NSS-02", "RISK")]),
            ("passwd: files breakglass [SUCCESS=continue] ldap", False, [("NSS-01", "BLOCK")]),
            ("passwd: files breakglass [SUCCESS=continue] nosuchservice", True, []),
            ("passwd: files breakglass [SUCCESS=merge] ldap", None, [("NSS-01", "BLOCK")])):
        write(CONF, line + "\n" + SOUND)
        assert known is None or getent("passwd", "bg1") == known, line
        got = found()
        if known is None and "] files" not in line and getent("passwd", "bg1"):
            rules = [("NSS-01", "RISK")]
        assert sorted(got) == rules, (line, got)
        if rules and rules[0] == ("NSS-01", "BLOCK") and ":" in line and "[X" not in line:
            has(" ".join(got.values()), "passwd line")
    write(CONF, "passwd: files breakglass\npasswd: files\n" + SOUND)  # the last one counts, and both can be mended
    bg("check", "--fix", "--yes", rc=1)  # of what is nobody's to mend here
    assert getent("passwd", "bg1") and "breakglass" in read(CONF).splitlines()[1]
    only()
    write(CONF, SOUND + "passwd: files breakglass")  # without a newline at the end it does not count
    assert not getent("passwd", "bg1")
    only(("NSS-01", "BLOCK"), ("NSS-01", "WARN"))
    write(CONF, "passwd: files breakglass\n" + SOUND + "netgroup: nis")
    assert getent("passwd", "bg1")
    only(("NSS-01", "WARN"))
    os.remove(CONF)
    assert ("NSS-01", "BLOCK") in found() and not getent("passwd", "bg1")


def test_a_directory_that_does_not_know_the_name_ends_the_search():
    bg("init", "--yes")
    write(CONF, "passwd: files sss [NOTFOUND=return] breakglass\n" + SOUND)
    has(only(("NSS-01", "BLOCK")), '"sss"')
    write(CONF, "passwd: sss [!UNAVAIL=return] files breakglass\n" + SOUND)
    only(("NSS-01", "BLOCK"))


def test_a_line_that_cannot_be_parsed():
    """It takes the whole file with it, whatever database it is for; lines of others are not the library's."""
    bg("init", "--yes")
    good = "passwd: files breakglass\n" + SOUND
    for line in ("ethers: files [", "services: files [DONE=return]", "netgroup: nis [NOTFOUND]", "gshadow: files []",
                 "passwd: files breakglass [UNAVAIL=retry]", "hosts: files [ ! NOTFOUND=return] dns"):
        write(CONF, good + line + "\n")
        assert not getent("passwd", "bg1"), line
        got = found()
        assert severities("NSS-01", got) == ["BLOCK"], (line, got)
        has(got[("NSS-01", "BLOCK")], f"line {good.count(chr(10)) + 1}")
    for line in ("sudoers: files [X", "automount: [", "hosts: files ] dns"):
        write(CONF, good + line + "\n")
        assert getent("passwd", "bg1"), line
        only()


def test_in_both_files():
    """An account that is in /etc/passwd too is known without our module."""
    bg("init", "--yes")
    passwd(next(l for l in read("/etc/breakglass/accounts").splitlines() if l.startswith("bg1:")))
    write(CONF, "passwd: files\n" + SOUND)
    assert getent("passwd", "bg1")
    only()
    write(CONF, "passwd: files [SUCCESS=merge] breakglass\n" + SOUND)
    assert not getent("passwd", "bg1")
    only(("NSS-01", "BLOCK"))


def test_shadow_and_group():
    bg("init", "--yes")
    for line, rule in (("shadow: files", ("NSS-01", "WARN")), ("shadow: files ldap breakglass", ("NSS-02", "RISK")),
                       ("shadow: files [NOTFOUND=return] breakglass", ("NSS-01", "WARN")),
                       ("shadow: files breakglass [SUCCESS=merge]", ("NSS-01", "WARN"))):
        write(CONF, "passwd: files breakglass\ngroup: files breakglass [TRYAGAIN=return] ldap\n" + line + "\n")
        only(rule)
    write(CONF, "passwd: files breakglass\nshadow: files breakglass\ngroup: files\n")
    has(only(("NSS-01", "WARN")), "group line")


def test_groups_of_a_login():
    """With the real library: is the directory asked, when somebody asks for the groups of the account?"""
    bg("init", "--yes")
    lib = "/usr/lib/" + os.path.basename(LIB) + "/libnss_ldap.so.2"
    for member in (False, True):
        if member:
            write("/etc/group", re.sub(r"(?m)^(games:x:\d+:.*)$", r"\1bg1", read("/etc/group")))
        for line, is_asked in (("group: files breakglass [TRYAGAIN=return] ldap", False),
                               ("group: files breakglass ldap", True),
                               ("group: files breakglass [SUCCESS=return] ldap", True),
                               ("group: files breakglass [!NOTFOUND=return] ldap", False),
                               ("group: files ldap", True),
                               ("group: files [SUCCESS=return] ldap", True),
                               ("group: files [NOTFOUND=return] ldap", member),
                               ("group: ldap files breakglass [TRYAGAIN=return]", True),
                               ("group: files breakglass [TRYAGAIN=return] ldap\ninitgroups: files breakglass ldap", not member),
                               ("group: files breakglass [TRYAGAIN=return] ldap\ninitgroups: files breakglass [TRYAGAIN=return] ldap", False),
                               ("group: files ldap\ninitgroups: files breakglass", False)):
            write(CONF, "passwd: files breakglass\nshadow: files breakglass\n" + line + "\n")
            p = subprocess.run(["strace", "-f", "-e", "trace=openat", "id", "bg1"], capture_output=True, text=True, timeout=30)
            if p.returncode == 0:
                assert (os.path.basename(lib) in p.stderr) == is_asked, (line, member, p.stderr[-3000:])
            got = found()
            assert (("NSS-03", "RISK") in got) == is_asked, (line, member, got)


def test_the_module():
    bg("init", "--yes")
    with open(NSS_MODULE, "rb") as f:
        whole = f.read()
    os.chmod(NSS_MODULE, 0o600)
    has(only(("NSS-06", "RISK")), "cannot open shared object file")
    os.chmod(NSS_MODULE, 0o644)
    os.chmod("/etc/breakglass/accounts", 0o600)
    only(("NSS-06", "RISK"))
    os.chmod("/etc/breakglass/accounts", 0o644)
    only()
    os.chmod(CONF, 0o600)
    has(only(("NSS-06", "RISK")), CONF)
    os.chmod(CONF, 0o644)
    only()
    with open(NSS_MODULE, "wb") as f:
        f.write(whole[:5000])
    got = found()
    assert severities("NSS-01", got) == ["BLOCK"], got
    os.remove(NSS_MODULE)
    has(only(("NSS-01", "BLOCK")), "cannot open shared object file")


def test_nscd():
    bg("init", "--yes")
    conf = read("/etc/nscd.conf")
    assert "auto-propagate" in conf
    only()
    write("/etc/nscd.conf", re.sub(r".*auto-propagate.*\n", "", conf))
    only(("NSS-04", "RISK"))
    write("/etc/nscd.conf", conf + "\tauto-propagate passwd yes")
    only(("NSS-04", "RISK"))
    write("/etc/nscd.conf", conf + "negative-time-to-live passwd 20\n\tnegative-time-to-live\tpasswd\t3600 # an hour\n")
    has(only(("NSS-04", "WARN")), "3600")
    write("/etc/nscd.conf", conf + "negative-time-to-live passwd 3600\nnegative-time-to-live passwd 20\n")
    only()
    os.remove("/usr/sbin/nscd")
    os.remove("/etc/nscd.conf")
    only()


def test_nscd_that_remembers_that_nobody_has_the_name():
    """The real one: it was asked before there was an account."""
    os.makedirs("/run/nscd", exist_ok=True)
    write("/etc/nscd.conf", "enable-cache passwd yes\npositive-time-to-live passwd 600\nnegative-time-to-live passwd 600\n"
                            "auto-propagate passwd no\npersistent passwd no\nshared passwd no\n")
    bg("init", "--yes")
    row = read("/etc/breakglass/accounts")
    write("/etc/breakglass/accounts", "")
    child = subprocess.Popen(["/usr/sbin/nscd", "-F"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("nscd", lambda: os.path.exists("/run/nscd/socket"))
        assert not getent("passwd", "bg1")
        write("/etc/breakglass/accounts", row)
        if getent("passwd", "bg1"):
            print("this nscd notices", flush=True)
            return
        got = found()
        has(got[("NSS-04", "RISK")], "bg1 is nobody")  # it shuts nobody out any more
        assert getent("passwd", "bg1") and severities("NSS-04", found()) == ["WARN"], got  # 600 s
        os.kill(child.pid, signal.SIGSTOP)  # it takes connections and says nothing
        begin = time.monotonic()
        got = found()
        assert time.monotonic() - begin < 20 and ("NSS-04", "UNKNOWN") in got, got
    finally:
        os.kill(child.pid, signal.SIGCONT)
        child.kill()
        child.wait()


def test_names_of_hosts():
    bg("init", "--yes")
    base = read(CONF)
    for line, warned in (("hosts: files dns", False), ("hosts: dns files", True), ("hosts:dns[NOTFOUND=return]files", True), ("hosts: dns", True),
                         ("hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns", False), ("hosts: files", False)):
        write(CONF, re.sub(r"(?m)^hosts:.*$", line, base))
        assert ("NSS-05" in [k[0] for k in found()]) == warned, line
    write(CONF, base)
    for text, seconds in (("nameserver 192.0.2.1\n", 0), ("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:10\n", 40),
                          ("options attempts:9 rotate timeout:99\nnameserver 192.0.2.1", 150),
                          ("nameserver 127.0.0.53\noptions timeout:30 attempts:5\n", 0), ("nameserver ::1\noptions timeout:30\n", 0),
                          ("# nameserver 192.0.2.1\noptions timeout:30 attempts:5\n", 0)):
        os.remove("/etc/resolv.conf") if os.path.islink("/etc/resolv.conf") else None
        write("/etc/resolv.conf", text)
        got = found()
        assert (("NSS-05", "WARN") in got) == (seconds > 0), (text, got)
        if seconds:
            has(got[("NSS-05", "WARN")], f"{seconds} s")


def stand_in(service, answers):
    """A libnss of that name which knows these users, and the socket of its daemon."""
    rows = "".join(f'{{"{n}", {u}}}, ' for n, u in answers)
    write("/mnt/twin.c", f"""
#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
static const struct {{ const char *name; unsigned uid; }} rows[] = {{{rows}{{0, 0}}}};
static enum nss_status give(const char *name, unsigned uid, struct passwd *p) {{
    if (access("/mnt/hangs", F_OK) == 0) {{
        if (write(open("/mnt/hangs", O_WRONLY | O_APPEND), "asked\\n", 6) == 6) sleep(60);
    }}
    for (int i = 0; rows[i].name; i++)
        if (name ? strcmp(name, rows[i].name) == 0 : uid == rows[i].uid) {{
            *p = (struct passwd){{(char *)rows[i].name, "x", rows[i].uid, 100, "", "/", "/bin/sh"}};
            return NSS_STATUS_SUCCESS;
        }}
    return NSS_STATUS_NOTFOUND;
}}
enum nss_status _nss_{service}_getpwnam_r(const char *n, struct passwd *p, char *b, size_t c, int *e) {{ (void)b; (void)c; (void)e; return give(n, 0, p); }}
enum nss_status _nss_{service}_getpwuid_r(uid_t u, struct passwd *p, char *b, size_t c, int *e) {{ (void)b; (void)c; (void)e; return give(0, u, p); }}
""")
    sh("gcc", "-shared", "-fPIC", "-o", f"{LIB}/libnss_{service}.so.2", "/mnt/twin.c")


def test_a_directory_user_of_the_same_name_or_number():
    bg("init", "--yes", "--uid", "59990")
    write("/etc/sudoers.d/bg1", "bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    stand_in("sss", [("bg1", 70000), ("hopper", 59990)])
    write(CONF, "passwd: files breakglass sss\n" + SOUND)
    only()  # sssd does not run: nobody is asked
    os.makedirs("/var/lib/sss/pipes", exist_ok=True)
    write("/var/lib/sss/pipes/nss", "")
    has(only(("NSS-07", "WARN")), "hopper", "59990")
    stand_in("sss", [("bg1", 70000)])
    has(only(("NSS-07", "WARN")), "user bg1")
    write(CONF, "passwd: files sss breakglass\n" + SOUND)  # what it says is what a login gets
    got = found()
    has(got[("ACC-01", "BLOCK")], '"sss" knows a user bg1 too, and is asked first')
    assert "bg1:x:70000:" in sh("getent", "passwd", "bg1", capture_output=True, text=True).stdout
    write(CONF, "passwd: files breakglass sss\n" + SOUND)
    stand_in("sss", [("bg10", 70000), ("bg1x", 599)])
    only()
    write("/mnt/hangs", "")
    begin = time.monotonic()
    has(only(("NSS-07", "UNKNOWN")), "within half a second")
    assert time.monotonic() - begin < 15
    bg("init", "--account", "bg2", "--yes")  # who has kept one waiting is not asked for the next
    write("/etc/sudoers.d/bg2", "bg2 ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    write("/mnt/hangs", "")
    findings = bg_json("check", rc=1)["findings"]
    late = [f["account"] for f in findings if f["id"] == "NSS-07"]
    assert late == ["bg1", "bg2"] and read("/mnt/hangs") == "asked\n", (late, read("/mnt/hangs"), findings)
    write(CONF, "passwd: files breakglass\n" + SOUND)  # it is not asked for users
    only()


def test_authselect():
    bg("init", "--yes")
    os.makedirs("/etc/authselect")
    write("/etc/authselect/authselect.conf", "minimal\n")
    only()  # nobody of that name is installed
    write("/usr/bin/authselect", "#!/bin/sh\n[ \"$1\" = check ] && exit 0\nexit 9\n", 0o755)
    only()
    write("/usr/bin/authselect", "#!/bin/sh\necho '[error] [/etc/authselect/nsswitch.conf] has unexpected content!'\nexit 3\n", 0o755)
    only(("NSS-08", "WARN"))
    write("/usr/bin/authselect", "#!/bin/sh\nsleep 60\n", 0o755)
    begin = time.monotonic()
    only(("NSS-08", "UNKNOWN"))
    assert time.monotonic() - begin < 15


if __name__ == "__main__":
    main(globals())
