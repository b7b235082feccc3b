#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: PAM's stacks under each scenario. usage: test_check.py BUILDDIR [TEST]...

The files are this machine's own; tests/lib/pamsim compares the rules with libpam.
"""
import ctypes, os, shutil, signal, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

SSHD = "/etc/pam.d/sshd"
WAYS = ("on_auth", "on_account", "on_session")


def before(line, path=SSHD):
    """A line in front of ours."""
    write(path, line + "\n" + read(path))


def check(*args, rc=0):
    out = bg_json("check", *args, rc=rc)
    return {(c["pam_service"], c["scenario"]): c for c in out["checks"]}, [f["id"] for f in out["findings"]], out["findings"]


def test_without_an_account():
    has(bg("check", rc=1), "BG580")


def test_what_init_makes_is_good():
    bg("init", "--yes")
    sshd_listens()
    rows, ids, _ = check(rc=1)  # there is no sink, and no credential
    ids = [i for i in ids if not i.startswith(("RES-", "MAC-", "MGR-"))]  # test_check_res.py, test_check_mac.py
    assert ids == ["OWN-02"] and {s for s, _ in rows} == {"login", "sshd", "su", "su-l"} and len(rows) == 32, (ids, sorted(rows))
    for row in rows.values():
        assert all(row[w]["succeeds"] == "yes" for w in WAYS) and row["on_auth"]["asked"] == "yes", row
        assert row["on_auth"]["seconds_before"] == 0 and row["on_auth"]["spoiled_by"] is None
    out = bg("check", "bg1", "--service", "sshd", "--scenario", "ldap-down", "--trace")
    has(out, "sshd", "ldap-down", "/etc/pam.d/sshd:", "pam_breakglass.so: success")
    assert "nologin" not in out.split("auth")[0] and all(len(line) < 100 for line in out.splitlines()), out


def test_nothing_opens_it():
    """However well all else is: without a credential that will do, nobody gets in."""
    bg("init", "--yes")
    sshd_listens()
    path = "/etc/breakglass/credentials/bg1"
    def blocks():
        return {f["id"]: f["text"] for f in bg_json("check", rc=1)["findings"] if f["severity"] == "BLOCK"}
    assert set(blocks()) == {"OWN-02"}
    bg("share", "new", "bg1", "--yes", "--quiet")
    assert blocks() == {}
    bg("disable", "bg1", "--yes")
    assert blocks() == {"OWN-03": "bg1 is disabled."}
    bg("enable", "bg1", "--yes")
    whole = read(path)
    write(path, whole.replace("enabled = yes\n", "enabled = yes\nrequire = key+shares\n", 1), 0o600)
    assert set(blocks()) == {"OWN-02"} and "require = key+shares" in blocks()["OWN-02"]
    write(path, whole + "nonsense\n", 0o600)
    assert set(blocks()) == {"OWN-01"} and f"{path}, line {whole.count(chr(10)) + 1}" in blocks()["OWN-01"], blocks()
    write(path, whole, 0o666)
    assert set(blocks()) == {"OWN-01"}
    os.unlink(path)
    assert set(blocks()) == {"OWN-02"}


def test_our_line_is_gone():
    bg("init", "--yes")
    write(SSHD, read(SSHD).replace(LINES["auth"], ""))
    rows, ids, findings = check("--service", "sshd", "--scenario", "normal", rc=1)
    assert ids == ["PAM-01"] and findings[0]["severity"] == "BLOCK" and "/etc/pam.d/common-auth, line" in findings[0]["text"], findings
    assert rows[("sshd", "normal")]["on_auth"]["asked"] == "no"


def test_a_line_in_front_of_ours():
    """Rule, and the scenario in which it bites."""
    bg("init", "--yes", "--uid", "59990")
    whole = read(SSHD)
    for line, rule, scenarios in (
            ("auth required pam_deny.so", "PAM-03", None),
            ("auth required pam_faillock.so preauth", "PAM-05", {"locked"}),
            ("auth [default=bad success=ok user_unknown=ignore] pam_ldap.so", "PAM-04", {"ldap-down", "dns-down"}),
            ("account required pam_nologin.so", "PAM-09", {"nologin"}),
            ("auth required pam_exec.so /bin/true", "PAM-15", None),
            ("auth required pam_nobody_knows.so", "PAM-03", None)):
        write(SSHD, line + "\n" + whole)
        rows, _, findings = check("bg1", "--service", "sshd", rc=1)
        assert findings and all(f["id"] in (rule, "PAM-07") for f in findings), (line, findings)
        assert any(rule == f["id"] for f in findings) and all(f"{SSHD}, line 1" in f["text"] and (f["file"], f["line"]) == (SSHD, 1) for f in findings), (line, findings)
        bad = {s for (_, s), row in rows.items() if any(row[w]["succeeds"] != "yes" for w in WAYS)}
        assert bad == scenarios or scenarios is None and len(bad) == 8, (line, bad)


def test_a_file_of_the_module_decides():
    """access.conf with rules lets the account in or not, and the line that says so is named."""
    bg("init", "--yes", "--uid", "59990")
    before("auth required pam_access.so")
    write("/etc/security/access.conf", "# nobody is refused\n\n")
    assert check("--service", "sshd", "--scenario", "normal")[1] == []
    write("/etc/security/access.conf", "# note\n-:ALL EXCEPT root:ALL\n")
    _, ids, findings = check("--service", "sshd", "--scenario", "normal", rc=1)
    assert ids == ["PAM-06"] and findings[0]["severity"] == "BLOCK" and findings[0]["line"] == 1, findings
    has(findings[0]["text"], f"{SSHD}, line 1", "/etc/security/access.conf, line 2")
    write("/etc/security/access.conf", "-:ALL EXCEPT @admins:ALL\n")
    _, ids, findings = check("--service", "sshd", "--scenario", "normal", rc=1)
    assert ids == ["PAM-06"] and findings[0]["severity"] == "UNKNOWN" and f"{SSHD}, line 1" in findings[0]["text"], findings


def test_a_wait_that_is_too_long():
    bg("init", "--yes", "--uid", "59990")
    before("auth optional pam_radius_auth.so timeout=100")
    shutil.copy(f"{LIB}/security/pam_permit.so", f"{LIB}/security/pam_radius_auth.so")  # it is there, and is not asked
    _, ids, findings = check("--service", "sshd", rc=1)
    assert ids == ["PAM-20"] and "100 s" in findings[0]["text"] and "120 s" in findings[0]["text"], findings
    write("/etc/ssh/sshd_config", "LoginGraceTime 10m\n" + read("/etc/ssh/sshd_config"))
    assert check("--service", "sshd", rc=1)[1] == ["PAM-23"]  # it is left time enough, and asks for a password all the same


def test_broken_files():
    bg("init", "--yes")
    write("/etc/pam.d/su", read("/etc/pam.d/su") + "@include no-such-file\n")
    _, ids, findings = check("--service", "su", rc=1)
    assert ids == ["PAM-03"] and "cannot be read" in findings[0]["text"], findings
    write("/etc/pam.d/loop", "auth substack loop\nauth substack loop\n")
    assert check("--service", "loop", rc=3)[1] == ["BG1065"]
    write("/etc/pam.d/odd", 'auth required "\x1b[31m.so\n')
    out = bg("check", "--service", "odd", "--trace", rc=1)
    assert "\x1b" not in out, out


def test_usage():
    bg("init", "--yes")
    assert check("--service", "none-such", rc=2)[1] == ["BG1067"]
    for args in (("--service", "../x"), ("--service", ""), ("--scenario", "flood"), ("bg9",)):
        bg_json("check", *args, rc=2)


if __name__ == "__main__":
    main(globals())
