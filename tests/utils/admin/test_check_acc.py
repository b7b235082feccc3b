#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: rules about the account itself. usage: test_check_acc.py BUILDDIR [TEST]..."""
import os, sys, shutil
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rules_lib import *


def test_what_init_makes_is_good():
    bg("init", "--yes")
    only()
    bg("init", "--yes", "--account", "bg2")
    only()


def test_other_data_in_passwd():
    bg("init", "--yes")
    row = next(l for l in read("/etc/breakglass/accounts").splitlines() if l.startswith("bg1:"))
    plain = read("/etc/passwd")
    passwd(row)
    only()  # the same data in another file does no harm
    passwd("bg1:x:0:0:again:/root:/bin/bash")
    has(only(("ACC-01", "WARN")), "more than once", str(plain.count("\n") + 1), str(plain.count("\n") + 2))
    for line, rule, said in (("bg1:x:1005:0::/root:/bin/bash", "BLOCK", "uid 1005, not 0"),
                             ("bg1:x:0:100::/root:/bin/bash", "BLOCK", "group 100, not 0"),
                             ("bg1:x:0:0::/root:/bin/bash", "WARN", 'home "/root"'),
                             ("bg1:x:0:0::/var/lib/breakglass/home/bg1:/bin/sh", "WARN", 'shell "/bin/sh"')):
        write("/etc/passwd", plain + line + "\n")
        has(only(("ACC-01", rule)), said)
    for line in ("bg1:x:zero:0::/root:/bin/bash", "bg1", "bg1:x:0", "bg1:x:0x:0::/:/bin/sh", "bg10:x:1005:0::/root:/bin/sh", "#bg1:x:7:7::/:/bin/sh",
                 "toor:x:0:0::/root:/bin/sh"):  # lines that are nobody's, or another's
        write("/etc/passwd", plain + line + "\n")
        only()
    for line in ("bg1:x:0:0", " bg1:x:0:0:short:"):  # the library takes the rest for empty
        write("/etc/passwd", plain + line + "\n")
        only(("ACC-01", "WARN"), *([("ACC-10", "WARN")]))
    write("/etc/passwd", plain.rstrip("\n") + "\nbg1:x:1005:0::/root:/bin/bash")  # no newline at the end
    only(("ACC-01", "BLOCK"))


def test_another_has_the_number():
    bg("init", "--yes", "--uid", "59990")
    write("/etc/sudoers.d/bg1", "bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    only()
    plain = read("/etc/passwd")
    passwd("hopper:x:59990:100::/:/bin/sh")
    has(only(("ACC-01", "BLOCK")), "hopper", "59990")
    write("/etc/passwd", plain)
    append("/etc/breakglass/accounts", "bg2:x:59990:0:x:/:/bin/sh\n")
    has(found("bg2")[("ACC-01", "BLOCK")], "bg1")
    assert ("ACC-01", "BLOCK") not in found("bg1")


def test_the_audit_uid_is_somebodys():
    bg("init", "--yes")
    audit = [l.split(":")[2] for l in read("/etc/breakglass/accounts").splitlines() if l.startswith("bg1:")][1]
    passwd(f"hopper:x:{audit}:100::/:/bin/sh")
    has(only(("ACC-01", "WARN")), "hopper", audit)


def test_expiry():
    bg("init", "--yes")
    for days, blocked in ((0, True), (TODAY - 1, True), (TODAY, True), (TODAY + 1, False), (24856, False)):
        shadow(expires=days)
        only(("ACC-03", "WARN"))  # our line is first, and lets it in
        asks_unix()
        got = found()
        assert [k for k in got if k[0] == "ACC-03"] == [("ACC-03", "BLOCK" if blocked else "RISK")], (days, got)
        date = time.strftime("%Y-%m-%d", time.gmtime(days * 86400))
        has(" ".join(got.values()), date, "sshd")
        write("/etc/pam.d/sshd", read("/etc/pam.d/sshd").replace("account required pam_unix.so\n", "", 1))
    shadow(maximum=99999)
    only()
    shadow(expires="soon")
    only(("ACC-03", "UNKNOWN"))
    shadow(expires="-1")
    only()


def test_age():
    bg("init", "--yes")
    for kind, fields, minor, hard in (
            ("too old", {"lastchg": TODAY - 100, "maximum": 90}, "WARN", "BLOCK"),
            ("too old, and inactive at once", {"lastchg": TODAY - 100, "maximum": 90, "inactive": 0}, "WARN", "BLOCK"),
            ("in a month", {"lastchg": TODAY - 60, "maximum": 90}, "WARN", "RISK"),
            ("inactive alone", {"lastchg": TODAY - 60, "inactive": 0}, "WARN", "WARN")):
        shadow(**fields)
        only(("ACC-04", minor))
        asks_unix()
        got = found()
        assert ("ACC-04", hard) in got, (kind, got)
        write("/etc/pam.d/sshd", read("/etc/pam.d/sshd").replace("account required pam_unix.so\n", "", 1))
    shadow(lastchg=0)
    only(("ACC-05", "WARN"))
    asks_unix()
    assert ("ACC-05", "BLOCK") in found()
    write("/etc/pam.d/sshd", read("/etc/pam.d/sshd").replace("account required pam_unix.so\n", "", 1))
    shadow(lastchg=TODAY + 10)
    only(("ACC-05", "WARN"))
    shadow(name="bg10", lastchg=0)
    shadow(lastchg="")
    only()


def test_no_shadow_entry():
    bg("init", "--yes")
    write("/etc/nsswitch.conf", re.sub(r"(?m)^(shadow:.*) breakglass", r"\1", read("/etc/nsswitch.conf")))
    only(("NSS-01", "WARN"))  # our line of PAM asks nobody for one
    asks_unix()
    has(found()[("ACC-02", "BLOCK")], "sshd")
    shadow()
    assert ("ACC-02", "BLOCK") not in found()


def test_sshd_without_pam():
    bg("init", "--yes")
    conf = read("/etc/ssh/sshd_config")
    write("/etc/ssh/sshd_config", re.sub(r"(?mi)^usepam.*\n", "", conf) + "\nUsePAM no\n")
    assert ("ACC-06", "BLOCK") in found()
    shadow()
    assert ("ACC-06", "BLOCK") not in found()  # "*" is not locked
    write("/etc/shadow", read("/etc/shadow").replace("bg1:*:", "bg1:!:"))
    assert ("ACC-06", "BLOCK") in found()


def test_shell():
    bg("init", "--yes")
    write("/usr/local/bin/plain", "#!/bin/sh\n", 0o644)
    write("/usr/local/bin/nothing", "#!/usr/local/bin/gone\n", 0o755)
    shutil.copy("/bin/bash", "/usr/local/bin/cut")
    os.truncate("/usr/local/bin/cut", 30)
    with open("/bin/bash", "rb") as f:
        text = bytearray(f.read())
    text[18] ^= 0x20  # e_machine
    for name, body in (("other", bytes(text)),
                       ("loader", open("/bin/bash", "rb").read().replace(b"/lib64/ld-linux-x86-64.so.2", b"/lib64/ld-linux-x86-64.so.9"))):
        with open(f"/usr/local/bin/{name}", "wb") as f:
            f.write(body)
        os.chmod(f"/usr/local/bin/{name}", 0o755)
    os.symlink("/nowhere/bash", "/usr/local/bin/dangling")
    os.symlink("loop", "/usr/local/bin/loop")
    os.symlink("../../bin/bash", "/usr/local/bin/sound")
    os.symlink("/usr/sbin/nologin", "/usr/local/bin/myshell")
    os.mkfifo("/usr/local/bin/fifo")
    cases = [("/usr/local/bin/gone", "there is no such file"), ("/usr/local/bin/dangling", "no such file"),
             ("/usr/local/bin/loop", "no such file"), ("/usr/local", "not a regular file"), ("/usr/local/bin/fifo", "not a regular file"),
             ("/usr/local/bin/plain", "Permission denied"), ("/usr/local/bin/nothing", "/usr/local/bin/gone"),
             ("/usr/local/bin/other", "another kind of machine"), ("/usr/local/bin/cut", "cut off"),
             ("/bin/bash/x", "no such file")]
    if b"/lib64/ld-linux-x86-64.so.9" in open("/usr/local/bin/loader", "rb").read():
        cases.append(("/usr/local/bin/loader", "ld-linux-x86-64.so.9"))
    for shell, said in cases:
        account(shell=shell)
        got = found()
        assert ("ACC-07", "BLOCK") in got and not any(k[0] == "ACC-09" and k[1] == "BLOCK" for k in got), (shell, got)
        has(got[("ACC-07", "BLOCK")], said)
        if "another kind" not in said and "cut off" not in said:  # the kernel agrees: an exec of it fails
            try:
                subprocess.run([shell, "-c", ":"], timeout=5)
                raise AssertionError(shell)
            except OSError:
                pass
    for shell in ("/bin/bash", "/bin/sh", "/usr/local/bin/sound"):
        account(shell=shell)
        only()
    shutil.copy("/bin/bash", "/usr/local/bin/open")
    account(shell="/usr/local/bin/open")
    only()
    for path, mode, uid in (("/usr/local/bin/open", 0o775, 0), ("/usr/local/bin/open", 0o755, 65534), ("/usr/local/bin", 0o777, 0)):
        was = os.stat(path)
        os.chown(path, uid, 0)
        os.chmod(path, mode)
        has(only(("ACC-07", "RISK")), "/usr/local/bin/open")
        os.chown(path, was.st_uid, was.st_gid)
        os.chmod(path, was.st_mode & 0o7777)
    only()
    for shell in ("/usr/sbin/nologin", "/bin/false", "/usr/local/bin/myshell"):
        account(shell=shell)
        only(("ACC-09", "BLOCK"))
    write("/usr/local/bin/wrap", "#!/bin/sh\nexec /bin/bash\n", 0o755)
    account(shell="/usr/local/bin/wrap")
    has(only(("ACC-09", "WARN")), "script")


def test_shell_of_passwd():
    """What /etc/passwd has is what a login gets: also a relative one, and none at all, which is /bin/sh."""
    bg("init", "--yes")
    plain = read("/etc/passwd")
    home = "/var/lib/breakglass/home/bg1"
    passwd(f"bg1:x:0:0::{home}:bash")
    has(only(("ACC-01", "WARN"), ("ACC-07", "BLOCK")), "absolute")
    write("/etc/passwd", plain)
    passwd(f"bg1:x:0:0::{home}:")
    only(("ACC-01", "WARN"))


def test_shell_that_a_user_cannot_reach():
    bg("init", "--yes", "--uid", "59990")
    write("/etc/sudoers.d/bg1", "bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    os.mkdir("/usr/local/shut", 0o700)
    shutil.copy("/bin/bash", "/usr/local/shut/bash")
    account(shell="/usr/local/shut/bash")
    has(only(("ACC-07", "BLOCK")), "Permission denied")
    os.chmod("/usr/local/shut", 0o755)
    only()
    sh("mount", "--bind", "/usr/local/shut", "/usr/local/shut")
    sh("mount", "-o", "remount,bind,noexec", "/usr/local/shut")
    has(only(("ACC-07", "BLOCK")), "Permission denied")


def test_shells_file():
    bg("init", "--yes")
    shutil.copy("/bin/bash", "/usr/local/bin/mysh")
    account(shell="/usr/local/bin/mysh")
    only()  # nobody asks
    write("/etc/pam.d/login", "auth required pam_shells.so\n" + read("/etc/pam.d/login"))
    has(found()[("ACC-08", "BLOCK")], "login", "/usr/local/bin/mysh")
    append("/etc/shells", "/usr/local/bin/mysh # ours\n")
    assert not any(k[0] == "ACC-08" for k in found())


def test_home():
    bg("init", "--yes")
    home = "/var/lib/breakglass/home/bg1"
    os.chmod(home, 0o770)
    has(only(("ACC-10", "RISK")), "0770")
    os.chmod(home, 0o700)
    os.chown(home, 65534, 65534)
    has(only(("ACC-10", "RISK")), "65534")
    os.chown(home, 0, 0)
    only()
    os.chmod("/var", 0o777)
    has(found()[("ACC-10", "RISK")], "a directory above it")
    os.chmod("/var", 0o755)
    shutil.rmtree(home)
    has(only(("ACC-10", "WARN")), "not there")
    write(home, "a file\n")
    only(("ACC-10", "WARN"))
    append("/etc/login.defs", "DEFAULT_HOME no\n")
    defs = read("/etc/login.defs")
    has(only(("ACC-10", "BLOCK")), "login")
    write("/etc/login.defs", re.sub(r"(?m)^DEFAULT_HOME.*\n", "", defs))
    shadow = b"FORCE_SHADOW" in open("/bin/login", "rb").read()
    only(("ACC-10", "BLOCK" if shadow else "WARN"))  # shadow's login takes silence for a no, util-linux' for a yes
    os.remove(home)
    os.symlink("/var/lib/breakglass/other", home)
    os.mkdir("/var/lib/breakglass/other", 0o700)
    only()
    os.mkdir("/var/lib/breakglass/other/.ecryptfs")
    only(("ACC-10", "RISK"))


def test_home_that_is_not_the_accounts():
    bg("init", "--yes", "--account", "bg2", "--uid", "790")
    home = "/var/lib/breakglass/home/bg2"
    os.chown(home, 0, 0)
    os.chmod(home, 0o700)
    has(found("bg2")[("ACC-10", "WARN")], "may not enter")
    os.chmod(home, 0o711)
    assert ("ACC-10", "WARN") not in found("bg2")


def test_home_and_shell_on_the_network():
    """An fstab line and a link are enough; what is mounted is not touched."""
    bg("init", "--yes")
    os.makedirs("/srv/far", exist_ok=True)
    append("/etc/fstab", "server:/home\t/srv/far nfs4 rw,noauto 0 0\n# x /var nfs\n")
    account(home="/srv/far/bg1")
    has(only(("ACC-10", "RISK")), "nfs4", "/srv/far", "not mounted now")
    os.symlink("../../../../srv/./far/../far/bg1", "/var/lib/breakglass/home/link")
    account(home="/var/lib/breakglass/home/link")
    has(only(("ACC-10", "RISK")), "nfs4")
    account(home="/var/lib/breakglass/home/bg1", shell="/srv/far/bin/bash")
    has(only(("ACC-09", "RISK")), "nfs4")


def test_home_on_an_automount():
    """autofs for real: a lookup below it waits for a daemon that never answers, and so would a login."""
    bg("init", "--yes")
    read_end, write_end = os.pipe()
    os.makedirs("/srv/auto", exist_ok=True)
    if subprocess.run(["mount", "-t", "autofs", "-o", f"fd={write_end},pgrp={os.getpgrp()},minproto=5,maxproto=5,indirect",
                       "none", "/srv/auto"], pass_fds=(write_end,), capture_output=True).returncode != 0:
        print("no autofs here", flush=True)
        return
    os.setpgid(0, 0)  # not the daemon's group any more: lookups would hang
    os.symlink("/srv/auto/bg1", "/var/lib/breakglass/home/link")
    account(home="/var/lib/breakglass/home/link")
    begin = time.monotonic()
    has(only(("ACC-10", "BLOCK")), "automount", "/srv/auto", "does not answer")
    assert time.monotonic() - begin < 7


def test_home_of_a_program():
    """fuse for real: whoever looks waits for a program that never answers, and so would a login."""
    bg("init", "--yes")
    os.makedirs("/srv/fuse", exist_ok=True)
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        print("no fuse here", flush=True)
        return
    for kind in (b"fuse", b"fuse.sshfs"):
        assert ctypes.CDLL(None).mount(b"none", b"/srv/fuse", kind, 0, f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()) == 0
        for home in ("/srv/fuse", "/srv/fuse/bg1"):
            account(home=home)
            begin = time.monotonic()
            has(only(("ACC-10", "BLOCK")), "a program serves", "/srv/fuse", "does not answer")
            assert time.monotonic() - begin < 7
        os.close(fd)  # its program is gone: nobody waits any more, and nobody gets in
        has(only(("ACC-10", "RISK")), "a program serves")
        sh("umount", "/srv/fuse")
        fd = os.open("/dev/fuse", os.O_RDWR)


def test_number_that_pam_minds():
    bg("init", "--yes", "--account", "bg2", "--uid", "59990")
    bg("init", "--yes")
    write("/etc/pam.d/sshd", "account required pam_succeed_if.so uid >= 1000\n" + read("/etc/pam.d/sshd"))
    got = found()
    assert ("ACC-11", "WARN") in got and "sshd" in got[("ACC-11", "WARN")], got
    assert ("ACC-11", "WARN") not in found("bg2")


def test_cleanup_jobs():
    bg("init", "--yes")
    write("/etc/cron.daily/old-accounts", "#!/bin/sh\n# idle\nlastlog -b 35 | while read u x; do\nusermod -L $u\ndone\n", 0o755)
    only()  # it finds only who is in /etc/passwd
    shadow()
    has(only(("ACC-12", "RISK")), "/etc/cron.daily/old-accounts", "line 4")
    write("/etc/cron.daily/old-accounts", "#!/bin/sh\n# usermod -L\necho chage -l\n", 0o755)
    only()


def test_what_must_be_written():
    bg("init", "--yes")
    sh("mount", "--bind", "/etc/breakglass/credentials", "/etc/breakglass/credentials")
    only()
    sh("mount", "-o", "remount,bind,ro", "/etc/breakglass/credentials")
    has(only(("ACC-13", "RISK")), "/etc/breakglass/credentials", "read-only")


def test_denied_group():
    bg("init", "--yes")
    conf = read("/etc/ssh/sshd_config")
    write("/etc/ssh/sshd_config", "DenyGroups games root\n" + conf)
    has(found()[("ACC-14", "WARN")], "/etc/ssh/sshd_config", "line 1")
    write("/etc/ssh/sshd_config", "DenyGroups games rooters\n" + conf)
    assert not any(k[0] == "ACC-14" for k in found())


if __name__ == "__main__":
    main(globals())
