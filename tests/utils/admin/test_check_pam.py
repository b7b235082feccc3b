#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check, rules PAM-..: one fault at a time, and exactly its rule. usage: test_check_pam.py BUILDDIR [TEST]...

What the modules make of their files is compared with the modules themselves in tests/lib/pamsim/modules.
"""
import os, re, shutil, struct, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

PAM = "/etc/pam.d/"
SSHD, LOGIN = PAM + "sshd", PAM + "login"
SEC = "/etc/security/"
ACCESS_SO = f"{LIB}/security/pam_access.so"


def found(service="sshd", account="bg1"):
    """{(id, severity)} of PAM's rules, of a service or of all with None."""
    args = ["check", account] + ([] if service is None else ["--service", service])
    p = subprocess.run(["/usr/sbin/breakglass", *args, "--json"], text=True, capture_output=True, timeout=60)
    out = json.loads(p.stdout)
    assert p.returncode == int(any(f["severity"] != "WARN" for f in out["findings"])), (p.returncode, p.stdout[-3000:])
    mine = [f for f in out["findings"] if f["id"].startswith(("PAM-", "ACC-04"))]
    return {(f["id"], f["severity"]) for f in mine}, mine


class Files:
    """Files that are as they were afterwards. None: the file is not there."""

    def __init__(self):
        self.before = {}

    def put(self, path, text, mode=0o644):
        if path not in self.before:
            self.before[path] = (open(path, "rb").read(), os.stat(path).st_mode & 0o7777) if os.path.exists(path) else None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text is None:
            os.unlink(path)
            return
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)

    def front(self, path, line):
        self.put(path, line + "\n" + read(path))

    def back(self):
        for path, was in self.before.items():
            if was is not None:
                with open(path, "wb") as f:
                    f.write(was[0])
                os.chmod(path, was[1])
            elif os.path.exists(path):
                os.unlink(path)
        self.before = {}


def one(expected, front=None, service="sshd", account="bg1", files=(), path=None, **modes):
    """With these files, and that line in front of ours, these rules are found and no other."""
    w = Files()
    try:
        for name, text in files:
            w.put(name, text, modes.get("mode", 0o644))
        if front is not None:
            w.front(path or PAM + service, front)
        got, findings = found(service, account)
        assert got == set(expected), (front, files, sorted(got), findings)
        return findings
    finally:
        w.back()


def tally(ages, status=3, source=b"192.0.2.7"):
    """faillock's record: 64 bytes a failure, in this machine's order."""
    now = int(time.time())
    return b"".join(struct.pack("@52sHHQ", source, 0, status, now - age) for age in ages)


BLOCK, RISK, WARN, UNKNOWN = "BLOCK", "RISK", "WARN", "UNKNOWN"


def start(*more):
    bg("init", "--yes", "--uid", "59990", *more)
    os.makedirs("/run/faillock", exist_ok=True)


def test_untouched():
    """On what Debian's packages and init make nothing is found, by any service."""
    start()
    got, findings = found(None)
    assert got == set(), findings


def test_the_tally():
    start()
    line, record, conf = "auth required pam_faillock.so preauth", "/run/faillock/bg1", SEC + "faillock.conf"
    risk, block = {("PAM-05", RISK)}, {("PAM-05", BLOCK)}
    one(risk, line)
    f = one(block, line, files=[(record, tally([1, 2, 3]))])
    has(f[0]["text"], "too many failed tries", record)
    one(risk, line, files=[(record, tally([1, 2]))])
    one(risk, line, files=[(record, tally([1, 2, 3], status=2))])  # not valid ones
    one(risk, line, files=[(record, tally([700, 701, 702]))])  # unlock_time has passed
    one(block, line, files=[(record, tally([700, 701, 702])), (conf, "unlock_time = never\n")])
    one(risk, line, files=[(record, tally([1, 2, 1000]))])  # one is beyond fail_interval
    one(set(), line, files=[(record, tally([1, 2, 3])), (conf, "deny = 0\n")])
    one(set(), line, files=[(record, tally([1, 2, 3])), (conf, "local_users_only\n")])  # it has no line in /etc/passwd
    one(block, line, files=[("/var/lib/fl/bg1", tally([1, 2, 3])), (conf, "dir = /var/lib/fl\n")])
    one(risk, line, files=[("/var/lib/fl/bg1", tally([1, 2, 3]))])
    one(block, line + " deny=1", files=[(record, tally([1]))])
    group = read("/etc/group")
    one(set(), line, files=[(record, tally([1, 2, 3])), (conf, "admin_group = rescue\n"), ("/etc/group", group + "rescue:x:4711:bg1\n")])
    one(block, line, files=[(record, tally([1, 2, 3])), (conf, "admin_group = rescue\neven_deny_root\n"),
                            ("/etc/group", group + "rescue:x:4711:bg1\n")])


def test_access_conf():
    start()
    line, conf = "auth required pam_access.so", SEC + "access.conf"
    group = read("/etc/group") + "rescue:x:4711:bg1\n"
    block, unknown = {("PAM-06", BLOCK)}, {("PAM-06", UNKNOWN)}
    for rules, expected in (
            ("-:ALL:ALL\n", block), ("-:ALL:ALL", set()), ("# -:ALL:ALL\n", set()), ("+:bg1:ALL\n-:ALL:ALL\n", set()),
            ("-:ALL EXCEPT bg1:ALL\n", set()), ("-:ALL EXCEPT (rescue):ALL\n", set()), ("-:(rescue):ALL\n", block),
            ("-:rescue:ALL\n", block), ("-:ALL EXCEPT @staff:ALL\n", unknown), ("-:bg1:LOCAL\n", set()),
            ("+:bg1:10.0.0.0/8 2001:db8:7::/48\n-:ALL:ALL\n", unknown), ("-:root:ALL\n", set()), ("nonsense\n", set()),
            ("-:bg1:0.0.0.0/1 128.0.0.0/1\n", unknown), ("+:bg1:ALL EXCEPT LOCAL\n-:bg1:ALL\n", set())):
        f = one(expected, line, files=[(conf, rules), ("/etc/group", group)])
        assert expected != block or f[0]["file"] == SSHD and f[0]["line"] == 1 and conf in f[0]["text"], f
    one(set(), line + " nodefgroup", files=[(conf, "-:rescue:ALL\n"), ("/etc/group", group)])
    one(block, line + " fieldsep=|", files=[(conf, "-|ALL|ALL\n")])
    one(block, line + " accessfile=/etc/other.conf", files=[("/etc/other.conf", "-:ALL:ALL\n")])
    one(set(), line + " accessfile=/etc/other.conf", files=[("/etc/other.conf", "+:ALL:ALL\n"), (conf, "-:ALL:ALL\n")])
    one(block, line + " accessfile=/etc/none.conf")
    f = one(block, line, files=[(SEC + "access.d/10-a.conf", "+:root:ALL\n"), (SEC + "access.d/20-b.conf", "#\n-:bg1:ALL\n")])
    has(f[0]["text"], "access.d/20-b.conf, line 2")
    one(set(), line, files=[(conf, "+:bg1:ALL\n"), (SEC + "access.d/20-b.conf", "-:bg1:ALL\n")])
    one(set(), line, service="login", files=[(conf, "+:bg1:LOCAL\n-:ALL:ALL\n")])
    one(block, line, service="login", files=[(conf, "-:bg1:LOCAL\n")])


def test_names_in_access_conf():
    """From 1.5.3 on a word that is no address is looked up; what the module is able to is told by its file."""
    start()
    line, rules = "account required pam_access.so", [(SEC + "access.conf", "-:root:bastion.example.com\n+:bg1:jump.example.com\n")]
    words = (b"cannot resolve hostname", b"gid=%s", b"nodns")
    module = open(ACCESS_SO, "rb").read()
    for word in words:
        module = module.replace(word, b"x" * len(word))
    one(set(), line, files=rules + [(ACCESS_SO, module)])
    newer = [(ACCESS_SO, module + b"\0" + b"\0".join(words) + b"\0")]
    one({("PAM-07", RISK)}, line, files=rules + newer)
    one(set(), line + " nodns", files=rules + newer)
    one({("PAM-06", UNKNOWN), ("PAM-07", RISK)}, line, files=newer + [(SEC + "access.conf", "+:bg1:jump.example.com\n-:ALL:ALL\n")])
    one({("PAM-06", BLOCK)}, line, files=newer + [(SEC + "access.conf", "-:59990:ALL\n")])  # a uid, from 1.7 on


def test_time_conf():
    start()
    line, conf = "account required pam_time.so", SEC + "time.conf"
    hour = int(time.strftime("%H"))
    now = f"Al{hour:02}00-{(hour + 2) % 24:02}00"
    one(set(), line, files=[(conf, "# *;*;bg1;!Al0000-2400\n")])
    f = one({("PAM-08", BLOCK)}, line, files=[(conf, "\n*;*;bg1;!Al0000-2400\n")])
    has(f[0]["text"], conf, "line 2")
    one({("PAM-08", RISK)}, line, files=[(conf, f"sshd;*;bg1;{now}\n")])
    one({("PAM-08", RISK)}, line, files=[(conf, f"sshd;\\\n*;bg*;{now}\n")])
    one(set(), line, files=[(conf, f"login;*;bg1;{now}\n")])
    one(set(), line, files=[(conf, f"*;*;!bg1;{now}\n")])
    one(set(), line, files=[(conf, "*;*;bg1;Wk0000-2400 | Wd0000-2400\n")])
    one({("PAM-08", BLOCK)}, line + " conffile=/etc/hours", files=[("/etc/hours", "*;*;bg1;!Al0000-2400\n")])
    one({("PAM-08", BLOCK)}, line, service="login", files=[(conf, "*;tty*;bg1;!Al0000-2400\n")])
    one(set(), line, service="login", files=[(conf, "*;pts/*;bg1;!Al0000-2400\n")])


def test_lists_and_conditions():
    start()
    deny, allow = "auth required pam_listfile.so item=user sense=deny file=/etc/list", "auth required pam_listfile.so item=user sense=allow file=/etc/list"
    block = {("PAM-12", BLOCK)}
    one(block, deny, files=[("/etc/list", "root\nbg1\n")])
    one(set(), deny, files=[("/etc/list", "root\nbg1 \n")])
    one(block, allow, files=[("/etc/list", "root\n")])
    one(set(), allow, files=[("/etc/list", "bg1")])
    one(block, allow)
    one(set(), allow + " onerr=succeed")
    one(block, allow, files=[("/etc/list", "bg1\n")], mode=0o666)
    one(block, "auth required pam_localuser.so")
    one(block, "auth required pam_succeed_if.so uid < 1000")
    one(set(), "auth required pam_succeed_if.so uid >= 1000")
    one(block, "auth required pam_succeed_if.so user ingroup wheel")
    one(set(), "auth required pam_succeed_if.so user ingroup rescue", files=[("/etc/group", read("/etc/group") + "rescue:x:4711:bg1\n")])
    one(block, "auth required pam_usertype.so issystem")
    one(block, "auth requisite pam_localuser.so")  # before our turn


def test_limits():
    start()
    conf, d = SEC + "limits.conf", SEC + "limits.d/"
    block, risk = {("PAM-13", BLOCK)}, {("PAM-13", RISK)}
    group = [("/etc/group", read("/etc/group") + "rescue:x:4711:bg1\n")]
    f = one(block, files=[(conf, "# x\nbg1 - maxlogins 0\n")])
    has(f[0]["text"], f"{conf}, line 2")
    one(block, files=group + [(conf, "@rescue hard maxlogins 0\n")])
    one(block, files=group + [(conf, "@:4711 hard maxlogins 0\n")])
    one(block, files=[(conf, "* hard maxlogins 0\n")])
    one(block, files=[(conf, "59990: hard maxlogins 0\n")])
    one(set(), files=[(conf, "60000: hard maxlogins 0\n")])
    one(set(), files=[(conf, "* hard maxlogins 0\nbg1 - maxlogins -1\n")])
    one(set(), files=[(conf, "bg1 - maxlogins -1\n"), (d + "90.conf", "* hard maxlogins 0\n")])
    one(block, files=[(conf, "bg1 - maxlogins 9\n"), (d + "90.conf", "bg1 hard maxlogins 0\n")])
    one(set(), files=[(conf, "bg1 -\n"), (d + "90.conf", "bg1 hard maxlogins 0\n")])
    one(set(), files=[(conf, "bg1 - maxlogins 3\n")])
    one(risk, files=[(conf, "* - maxsyslogins 3\n")])
    one(risk, files=group + [(conf, "%rescue - maxlogins 3\n")])
    one(block, files=[(conf, "bg1 hard nproc 0\n")])
    one(set(), files=[(conf, "bg1 hard nproc 500\n")])
    # what a login, sshd's own or sudo cannot do without
    for text in ("- nofile 12", "hard as 8192", "soft data 1280", "hard stack 96", "- nonewprivs 1"):
        f = one(block, service="login", files=[(conf, f"#\nbg1 {text}\n")])
        has(f[0]["text"], f"{conf}, line 2")
        has(f[0]["next"], f"bg1 - {text.split()[1]} ")
        one(block, files=[(conf, f"bg1 {text}\n")])
    # what is enough on one release, and not on another
    unsure = {("PAM-13", UNKNOWN)}
    for text in ("- nofile 13", "hard as 8193", "soft data 1791", "hard stack 319"):
        one(unsure, service="login", files=[(conf, f"bg1 {text}\n")])
    one(unsure, files=[(conf, "bg1 soft fsize 0\n")])
    one(unsure, files=[(conf, "bg1 - as 20479\n")])
    one(block, files=[(conf, "bg1 - as 16384\n")])
    for text in ("soft fsize 0", "- as 20479"):
        one(set(), service="login", files=[(conf, f"bg1 {text}\n")])
    one(block, files=[(conf, "* hard as 0\n")])
    one(block if b"chroot" in open(f"{LIB}/security/pam_limits.so", "rb").read() else set(), files=[(conf, "bg1 - chroot /srv\n")])
    for text in ("hard fsize 16", "- nofile 14", "hard as 20480", "soft data 1792", "soft stack 320", "hard cpu 0", "- core 0", "- memlock 0",
                 "- nonewprivs 0", "- as -1", "hard as 0\nbg1 - as unlimited"):
        one(set(), files=[(conf, f"bg1 {text}\n")])
    # and what our program needs where it comes after pam_limits and may not raise them
    early = "session required pam_limits.so"
    for text in ("hard fsize 1024", "hard cpu 1", "hard as 100000", "hard stack 1023", "hard data 60000"):
        one(set() if may_raise() else block, early, files=[(conf, f"bg1 {text}\n")])
    for text in ("hard fsize 70000", "hard cpu 2", "hard as 204800", "hard stack 1024", "soft stack 512"):
        one(set(), early, files=[(conf, f"bg1 {text}\n")])
    one(block, service="login", files=[(conf, "bg1 - maxlogins 0\n")])


def may_raise():
    """CAP_SYS_RESOURCE."""
    return int(re.search(r"CapBnd:\s*(\w+)", read("/proc/self/status"))[1], 16) >> 24 & 1


def test_limits_of_root():
    bg("init", "--yes")
    conf = SEC + "limits.conf"
    one({("PAM-13", BLOCK)}, files=[(conf, "bg1 hard as 0\n")])
    one({("PAM-13", UNKNOWN)}, files=[(conf, "* hard as 0\n")])  # not every pam_limits has that count for root
    for text in ("bg1 hard nproc 0", "bg1 - nonewprivs 1", "bg1 - stack 112"):
        one(set(), files=[(conf, text + "\n")])
    one(set(), service="login", files=[(conf, "bg1 soft nofile 8\n")])
    one({("PAM-13", BLOCK)}, files=[(conf, "bg1 soft nofile 8\n")])
    one({("PAM-13", UNKNOWN)}, files=[(conf, "bg1 soft nofile 13\n")])



def test_what_a_session_needs():
    start()
    one({("PAM-14", BLOCK)}, "session required pam_loginuid.so require_auditd")
    one({("PAM-15", UNKNOWN)}, "session required pam_exec.so /bin/true")
    one(set(), "session optional pam_exec.so /bin/true")
    one({("PAM-16", RISK)}, "session required pam_systemd.so")
    one({("PAM-17", UNKNOWN)}, "session required pam_namespace.so", files=[(SEC + "namespace.conf", "/tmp /tmp-inst/ level root\n")])
    one({("PAM-19", WARN)}, files=[(SSHD, re.sub(r"(?m)^.*pam_loginuid.*\n", "", read(SSHD)))])
    one({("PAM-11", RISK)}, "account required pam_lastlog.so inactive=35", files=[(f"{LIB}/security/pam_lastlog.so", b"")])  # not every libpam comes with it
    one({("PAM-09", BLOCK)}, "account required pam_nologin.so", files=[("/etc/nologin", "later\n")])
    one({("PAM-09", RISK)}, "account required pam_nologin.so")


def test_securetty():
    """Of uid 0 only."""
    bg("init", "--yes", "--account", "bg1", "--uid", "0")
    line = "auth required pam_securetty.so"
    one(set(), line, service="login")
    one({("PAM-10", BLOCK)}, line, files=[("/etc/securetty", "tty1\n")])
    one(set(), line, service="login", files=[("/etc/securetty", "tty1\n")])
    one(set(), line, service="su", files=[("/etc/securetty", "pts/0\n")])  # in front of a shell
    one({("PAM-10", BLOCK)}, line, service="su", files=[("/etc/securetty", "tty1\n")])
    for service, terminal in ("login", "tty1"), ("su", "pts/0"):
        one({("PAM-08", BLOCK)}, "account required pam_time.so", service=service, files=[("/etc/security/time.conf", f"{service};{terminal};bg1;!Al0000-2400\n")])
        one(set(), "account required pam_time.so", service=service, files=[("/etc/security/time.conf", f"{service};tty9;bg1;!Al0000-2400\n")])
    one({("PAM-10", BLOCK)}, line + " noconsole", service="login", files=[("/etc/securetty", "tty9\n")])


def test_ways_without_us():
    start()
    two = {("PAM-18", RISK)}
    f = one(two, service=None, files=[(PAM + "cockpit", "auth sufficient pam_permit.so\n@include common-auth\naccount required pam_permit.so\n")])
    assert [x["pam_service"] for x in f] == ["cockpit"] and "cockpit, line 1" in f[0]["text"], f
    f = one(two, service=None, files=[(PAM + "portal", "@include part\n"), (PAM + "part", "auth sufficient pam_permit.so\n")])
    assert [x["pam_service"] for x in f] == ["portal"], f  # what others include is no service
    one(set(), service=None, files=[(PAM + "gdm-autologin", "auth required pam_permit.so\naccount required pam_permit.so\n")])
    one(set(), service=None, files=[(PAM + "runuser", "auth sufficient pam_rootok.so\nauth required pam_deny.so\n")])
    f = one(two, service=None, files=[("/etc/shadow", read("/etc/shadow") + "bg1::20000:0:99999:7:::\n")])
    assert {"sshd", "login"} <= {x["pam_service"] for x in f}, f
    one(set(), service="sshd", files=[("/etc/shadow", read("/etc/shadow") + "bg1:!*:20000:0:99999:7:::\n")])
    f = one({("PAM-18", UNKNOWN)}, service=None, files=[(PAM + "portal", "auth sufficient pam_permit_us.so\nauth required pam_deny.so\n"),
                                                        (f"{LIB}/security/pam_permit_us.so", b"")])
    assert [x["pam_service"] for x in f] == ["portal"], f
    one({("PAM-18", WARN)}, files=[(SSHD, read(SSHD).replace(LINES["auth"], LINES["auth"] * 2))])


def test_the_helper():
    """Without it our module refuses every account of ours."""
    start()
    whole = open(HELPER, "rb").read()
    for mend in (lambda: os.unlink(HELPER), lambda: os.chmod(HELPER, 0o644), lambda: write(HELPER, "#!/nowhere\n", 0o755),
                 lambda: write(HELPER, "#!/bin/sh\nexit 127\n", 0o755)):
        mend()
        got, findings = found(None)
        assert got == {("PAM-02", BLOCK)} and HELPER in findings[0]["text"], findings
        with open(HELPER, "wb") as f:
            f.write(whole)
        os.chmod(HELPER, 0o755)
    assert found(None)[0] == set()


def test_a_service_without_a_file():
    """PAM takes "other" then, which has nothing of ours; a program that is not there asks for nothing."""
    start()
    f = one({("PAM-01", BLOCK)}, service=None, files=[(SSHD, None)])
    assert f[0]["pam_service"] == "sshd" and "has no file" in f[0]["text"], f
    one(set(), service=None, files=[(SSHD, None), (PAM + "other", read(SSHD))])
    one(set(), service=None, files=[(SSHD, None), ("/usr/sbin/sshd", None)])


def test_files_beside():
    start()
    one({("PAM-22", WARN)}, service=None, files=[(PAM + "sshd.dpkg-dist", "auth required pam_deny.so\n")])
    one(set(), service=None, files=[(PAM + "sshd~", "auth required pam_permit.so\n")])
    one({("PAM-21", WARN)}, service=None, files=[(PAM + "common-auth", read(PAM + "common-auth").replace("here are the per-package modules", ""))])
    one({("PAM-21", WARN)}, service=None, files=[(PAM + "common-account", re.sub(r"(?m)^account.*pam_unix.*\n", "account [success=1] pam_permit.so\n", read(PAM + "common-account")))])
    umask = (PAM + "common-session", read(PAM + "common-session").replace("# and here are more", "session optional pam_umask.so\n# and here are more"))
    one(set(), service=None, files=[umask, ("/usr/share/pam/common-session", "session optional pam_umask.so\n")])  # its template's, as Debian 13's is
    one({("PAM-21", WARN)}, service=None, files=[umask, ("/usr/share/pam/common-session", "# session optional pam_umask.so\n")])
    so = open(PAM_MODULE, "rb").read()
    one({("PAM-02", BLOCK)}, service=None, files=[(PAM_MODULE, so[:len(so) // 2])])
    one({("PAM-02", RISK)}, service=None, files=[(PAM_MODULE, so)], mode=0o666)
    for name, severity in ("login", BLOCK), ("alert", RISK), ("fido", RISK):
        path = f"/usr/libexec/breakglass/breakglass-{name}"
        for harm, got in ((lambda: os.rename(path, path + ".away"), severity), (lambda: os.chmod(path, 0o644), severity), (lambda: os.chmod(path, 0o775), RISK)):
            harm()
            one({("PAM-02", got)}, service=None, files=[])
            if os.path.exists(path + ".away"):
                os.rename(path + ".away", path)
            os.chmod(path, 0o755)
    vendor = Files()
    try:
        vendor.put("/usr/lib/pam.d/login", "auth required pam_deny.so\n")
        os.utime(LOGIN, (1, 1))
        got, findings = found(None)
        assert got <= {("PAM-22", WARN)}, findings  # a libpam that has no such directory says nothing
    finally:
        vendor.back()


def test_who_asks_first():
    start()
    one({("PAM-23", RISK)}, "auth [success=done default=ignore] pam_unix.so")
    google = f"{LIB}/security/pam_google_authenticator.so"  # any file: it is not loaded
    one({("PAM-23", RISK)}, "auth sufficient pam_google_authenticator.so", files=[(google, b"")])
    one(set(), "auth required pam_google_authenticator.so nullok", files=[(google, b"")])
    one({("PAM-03", BLOCK)}, "auth required pam_unix.so")
    one({("PAM-24", RISK)}, "auth optional pam_faildelay.so delay=30000000", service="login")
    one(set(), "auth optional pam_faildelay.so delay=3000000", service="login")


def test_a_file_is_read_once_in_a_run():
    """However many services include it, and however many accounts are played."""
    if not shutil.which("strace"):
        return
    bg("init", "--yes")
    bg("init", "--account", "bg2", "--yes")
    for i in range(20):
        write(f"{PAM}service{i}", "@include common-auth\n@include common-account\n")
    write(SEC + "limits.conf", "* - chroot /srv\nbg1 - chroot /srv\nbg2 - chroot /srv\n")  # only some pam_limits know that word
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat", "-o", "/mnt/calls", "/usr/sbin/breakglass", "check"], capture_output=True, timeout=120)
    opened = re.findall(r'/([^"/]*)"', read("/mnt/calls"))
    counts = {name: opened.count(name) for name in ("common-auth", "service3", "pam_deny.so", "limits.conf", "pam_limits.so", "libpam.so.0")}
    assert all(counts.values()) and max(counts.values()) <= 6, counts  # by rules about files, too


if __name__ == "__main__":
    main(globals())
