#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: consoles, rescue mode, USB, sudo and polkit. usage: test_check_con.py BUILDDIR [TEST]..."""
import os, sys, shutil
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rules_lib import *

WANTS = "/etc/systemd/system/getty.target.wants"


def systemd_host():
    """As if systemd ran, without a virtual terminal: then logind starts none."""
    os.makedirs("/run/systemd/system")
    os.makedirs("/etc/systemd/logind.conf.d", exist_ok=True)
    write("/etc/systemd/logind.conf.d/none.conf", "[Login]\nNAutoVTs=0\n")
    shutil.rmtree(WANTS, ignore_errors=True)
    os.makedirs(WANTS)


def wants(*units, where=WANTS):
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    for u in units:
        os.symlink("/lib/systemd/system/" + u.split("@")[0] + "@.service", f"{where}/{u}")


def test_gettys_of_systemd():
    bg("init", "--yes")
    only()  # nothing starts gettys here: no init that we know
    systemd_host()
    has(only(("CON-01", "RISK")), "tty[0-9]*")
    for unit, good in (("getty@tty1.service", True), ("serial-getty@ttyS0.service", True), ("getty@tty12.service", True),
                       ("console-getty.service", True), ("serial-getty@ttyUSB0.service", False), ("sshd@tty1.service", False)):
        wants(unit)
        only(*[] if good else [("CON-01", "RISK")])
    wants("getty@tty1.service")
    for mask in ("getty@tty1.service", "getty@.service", "getty.target"):
        os.symlink("/dev/null", f"/etc/systemd/system/{mask}")
        only(("CON-01", "RISK"))
        os.remove(f"/etc/systemd/system/{mask}")
    wants()
    wants("serial-getty@hvc0.service", where="/run/systemd/generator/getty.target.wants")  # made from console=
    only()
    write("/etc/breakglass/breakglass.conf", "[login]\nconsoles = tty[1-6]\n")
    only(("CON-01", "RISK"))
    write("/etc/systemd/logind.conf.d/none.conf", "[Login]\n#NAutoVTs=0\n")
    if os.path.exists("/dev/tty0"):
        only()


def test_gettys_of_inittab():
    bg("init", "--yes")
    for text, good in (("1:2345:respawn:/sbin/getty 38400 tty1\n", True), ("tty1::respawn:/sbin/getty 38400 tty1\n", True),
                       ("T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100", True), ("#1:2345:respawn:/sbin/getty 38400 tty1\n", False),
                       ("1:2345:off:/sbin/getty 38400 tty1\n", False), ("ca:12345:ctrlaltdel:/sbin/shutdown -r now\n", False)):
        write("/etc/inittab", text)
        only(*[] if good else [("CON-01", "RISK")])


def test_time_to_type_a_name():
    bg("init", "--yes")
    plain = re.sub(r"(?m)^LOGIN_TIMEOUT.*\n", "", read("/etc/login.defs"))
    for text, found_it in (("", False), ("LOGIN_TIMEOUT 60\n", False), ("LOGIN_TIMEOUT\t0\n", False), ("LOGIN_TIMEOUT 5\n", True),
                           ("#LOGIN_TIMEOUT 5\n", False)):
        write("/etc/login.defs", plain + text)
        got = found()
        assert (("CON-02", "RISK") in got) == found_it, (text, got)


def test_rescue_mode():
    bg("init", "--yes")
    if not os.path.exists("/lib/systemd/system/rescue.service"):
        return
    for field in ("!", "*", "!*", "!$6$salt$hash"):
        root_password(field)
        only(("CON-03", "WARN"))
    for field in ("$6$salt$hash", ""):
        root_password(field)
        only()
    root_password("*")
    os.makedirs("/etc/systemd/system/emergency.service.d", exist_ok=True)
    write("/etc/systemd/system/emergency.service.d/x.conf", "[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n")
    only()
    os.remove("/etc/systemd/system/emergency.service.d/x.conf")
    bg("init", "--yes", "--rescue")
    assert ("CON-03", "WARN") not in found()


def sudoers(text, name="bg1"):
    write(f"/etc/sudoers.d/{name}", text, 0o440)


def test_sudo():
    bg("init", "--yes", "--uid", "59990")
    has(only(("SUD-01", "BLOCK")), "no rule", "bg1")
    for text, rules in (
            ("bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", []),
            ("bg1 ALL=(root) NOPASSWD: ALL\n", []),
            ("Defaults:bg1 !authenticate\nbg1 ALL=(ALL:ALL) ALL\n", []),
            ("bg1 elsewhere=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-01", "BLOCK")]),
            ("bg10 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-01", "BLOCK")]),
            ("bg1 ALL=(nobody) NOPASSWD: ALL\n", [("SUD-01", "BLOCK")]),
            ("bg1 ALL=(ALL:ALL) ALL\n", [("SUD-02", "BLOCK")]),
            ("bg1 ALL=(ALL:ALL) NOTAFTER=20200101000000Z NOPASSWD: ALL\n", [("SUD-03", "BLOCK")]),
            ("bg1 ALL=(ALL:ALL) NOTBEFORE=20990101000000Z NOPASSWD: ALL\n", [("SUD-03", "BLOCK")]),
            ("bg1 ALL=(ALL:ALL) NOTAFTER=20990101000000Z NOPASSWD: ALL\n", [("SUD-03", "RISK")]),
            ("bg1 ALL=(ALL:ALL) NOTAFTER=20200101000000Z NOPASSWD: ALL\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", []),
            ("Defaults requiretty\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-03", "WARN")]),
            ("Defaults requiretty\nDefaults:bg1 !requiretty\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", []),
            ("Defaults log_output\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-04", "RISK")]),
            ("Defaults log_output, ignore_iolog_errors\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", []),
            ("bg1 ALL=(ALL:ALL) NOPASSWD: LOG_OUTPUT: ALL\n", [("SUD-04", "RISK")]),
            ("Defaults log_servers=logs.example.org\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-04", "RISK")]),
            ("Defaults:bg1 noexec\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-06", "WARN")]),
            ("Defaults:bg1 secure_path=/opt/bin:/usr/bin\nbg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", [("SUD-06", "WARN")]),
            ("bg1 ALL=(ALL:ALL) NOPASSWD: ALL\nthis is none\n", [("SUD-01", "RISK")])):
        sudoers(text)
        got = found()
        assert sorted(got) == sorted(rules), (text, got)
    sudoers("bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n")
    for line, rules in (("sudoers: files sss", []), ("sudoers: sss files", [("SUD-05", "RISK")]), ("sudoers:\tldap\t# x", [("SUD-05", "RISK")]),
                        ("# sudoers: sss", []), ("sudoers: files", [])):
        write("/etc/nsswitch.conf", re.sub(r"(?m)^#? ?sudoers:.*\n", "", read("/etc/nsswitch.conf")) + line + "\n")
        assert sorted(k for k in found() if k[0] == "SUD-05") == rules, line


def test_sudo_refuses_as_was_said():
    """The real sudo, as the account: what blocks it, and what does not."""
    bg("init", "--yes", "--uid", "59990")
    for text, works in (("bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n", True), ("bg1 ALL=(ALL:ALL) ALL\n", False), ("# none\n", False),
                        ("bg1 ALL=(ALL:ALL) NOTAFTER=20200101000000Z NOPASSWD: ALL\n", False)):
        sudoers(text)
        p = subprocess.run(["sudo", "-n", "id", "-u"], user=59990, group=0, extra_groups=[], capture_output=True, text=True, timeout=30,
                           env={"PATH": "/usr/bin:/bin"})
        if works and "unable to open audit" in p.stderr:
            return
        blocked = any(k[0].startswith("SUD-") and k[1] == "BLOCK" for k in found())
        assert (p.stdout != "0\n") == blocked == (not works), (text, p.stdout, p.stderr)


def test_no_sudo():
    """uid 0 needs none, and where it is not installed nothing is said of it."""
    bg("init", "--yes")
    sudoers("Defaults requiretty, log_output\nthis is none\n")
    only()
    bg("init", "--yes", "--account", "bg2", "--uid", "59990")
    assert found("bg2")
    os.remove("/usr/bin/sudo")
    only()


def test_polkit():
    bg("init", "--yes", "--uid", "59990")
    sudoers("bg1 ALL=(ALL:ALL) NOPASSWD: ALL\n")
    rule = 'polkit.addRule(function(action, subject) {\n  if (subject.user == "bg1") return polkit.Result.NO;\n});\n'
    os.makedirs("/etc/polkit-1/rules.d", exist_ok=True)
    write("/etc/polkit-1/rules.d/10-x.rules", rule)
    if not os.path.exists("/usr/lib/polkit-1/polkitd"):
        only()
        os.makedirs("/usr/lib/polkit-1", exist_ok=True)
        write("/usr/lib/polkit-1/polkitd", "#!/bin/sh\n", 0o755)
    has(only(("POL-01", "WARN")), "line 2", "bg1")
    write("/etc/polkit-1/rules.d/10-x.rules", rule.replace("bg1", "bg10"))
    only(("POL-01", "UNKNOWN"))
    write("/etc/polkit-1/rules.d/10-x.rules", rule.replace("Result.NO;", "Result.YES;"))
    only()
    write("/etc/polkit-1/rules.d/10-x.rules", "// " + rule.replace("\n", "\n// ") + "\n")
    only()


if __name__ == "__main__":
    main(globals())
