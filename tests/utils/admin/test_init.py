#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass init and init --undo on this machine's real PAM, nsswitch and sshd files. usage: test_init.py BUILDDIR"""
import errno, fcntl, os, shutil, struct, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

ALL = "login,sshd,su,su-l,sudo,cron"
# services that get the session line alone; runuser-l includes runuser
WATCHED = [s for s in ("sudo", "sudo-i", "doas", "runuser", "cron", "crond", "atd", "polkit-1", "systemd-run0", "other")
           if os.path.exists(f"/etc/pam.d/{s}") or os.path.exists(f"/usr/lib/pam.d/{s}")]
EDITED = [f"/etc/pam.d/{s}" for s in ["login", "sshd", "su"] + WATCHED] + [DROPIN, "/etc/nscd.conf", "/etc/nsswitch.conf"]


def pam_text(service):
    """What PAM reads: the vendor's file where there is no other."""
    path = f"/etc/pam.d/{service}"
    return read(path if os.path.exists(path) else f"/usr/lib/pam.d/{service}")


def alert_gid():
    """The group of the alert service's user, which init makes."""
    return next(int(x.split(":")[3]) for x in read("/etc/passwd").splitlines() if x.startswith("breakglass-alert:"))


def ours(services):
    return [s for s in services if "pam_breakglass" in pam_text(s)]


def init(*args, rc=0):
    return bg("init", "--yes", *args, rc=rc)


def nothing_changed(before, f):
    f()
    assert system() == before, {k for k in set(before) ^ set(system())} or "changed"


def test_dry_run_changes_nothing():
    before = tree("/etc", "/var/lib")
    out = bg("init", "--dry-run")
    assert tree("/etc", "/var/lib") == before
    has(out, "--- /etc/pam.d/login", "--- /etc/pam.d/sshd", "--- /etc/pam.d/su", "+++ " + DROPIN,
        "--- /etc/nsswitch.conf", "+" + LINES["auth"].split()[0])
    assert "pam.d/su-l" not in out  # its include carries our lines


def test_init_writes_exactly_the_lines():
    before = {s: pam_text(s) for s in ["login", "sshd", "su", "su-l"] + WATCHED}
    init()
    for s in ("login", "sshd"):
        old = before[s]
        want = LINES["auth"] + LINES["account"] + LINES["password"] + re.sub(
            r"(?m)^(session\s+required\s+pam_loginuid.so\n)", lambda m: m.group(1) + LINES["session"], old)
        assert read(f"/etc/pam.d/{s}") == want
    # su has no password lines of its own, so PAM takes them from "other": ours alone would cut everybody off
    assert read("/etc/pam.d/su") == "".join(LINES[t] for t in ("auth", "account", "session")) + before["su"]
    assert read("/etc/pam.d/su-l") == before["su-l"]
    for s in WATCHED:
        head, rest = re.fullmatch(r"(?s)(#%PAM[^\n]*\n|)(.*)", before[s]).groups()
        assert read(f"/etc/pam.d/{s}") == head + LINES["session"] + rest, s
    assert read("/etc/nsswitch.conf") == (
        "# nsswitch\npasswd:         files breakglass systemd ldap\n"
        "group:          files breakglass [TRYAGAIN=return] systemd ldap\n"
        "shadow:         files breakglass ldap\nhosts:          files dns\n")
    assert read("/etc/breakglass/accounts").splitlines()[0] == \
        "bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash"
    assert kinds() == ["journal.genesis", "config.changed"]
    own = journal()[1]["data"]["unmapped"]["breakglass"]
    assert own["caller_uid"] == 0 and journal()[1]["subject"] == "bg1"


def test_a_service_of_the_vendors_is_copied_first():
    vendor = "# vendor\n@include common-account\nsession  required pam_loginuid.so\n@include common-session\n"
    write("/usr/lib/pam.d/bg-vendor", vendor)
    write("/usr/lib/pam.d/bg-others", "auth required pam_deny.so\n")
    write("/usr/lib/pam.d/bg-session", vendor)
    has(init("--services", "login,bg-vendor,bg-nowhere", "--sessions", "bg-others,bg-session"), "BG523", "bg-nowhere")
    assert read("/etc/pam.d/bg-session") == LINES["session"] + vendor
    assert not os.path.exists("/etc/pam.d/bg-others")
    # it has no auth and no password line, so it gets none of ours: PAM takes those types from "other"
    want = LINES["account"] + vendor.replace("pam_loginuid.so\n", "pam_loginuid.so\n" + LINES["session"])
    assert read("/etc/pam.d/bg-vendor") == want
    assert read("/usr/lib/pam.d/bg-vendor") == vendor
    init("--undo")
    assert not os.path.exists("/etc/pam.d/bg-vendor") and not os.path.exists("/etc/pam.d/bg-session")


def test_modes():
    """Of everything that is made, whatever the caller's umask."""
    bg("init", "--yes", umask=0)
    public = {"/etc/breakglass": 0o755, "/etc/breakglass/accounts": 0o644, "/etc/breakglass/groups": 0o644,
              "/etc/breakglass/breakglass.conf": 0o644, "/etc/breakglass/ssh": 0o755, "/etc/breakglass/ssh/bg1": 0o644,
              "/var/lib/breakglass": 0o755, "/var/lib/breakglass/home": 0o755, "/var/lib/breakglass/journal": 0o750,
              "/var/lib/breakglass/journal/000001.jsonl": 0o640, DROPIN: 0o644, "/etc/nsswitch.conf": 0o644}
    private = {"/etc/breakglass/credentials", "/etc/breakglass/credentials/bg1", "/etc/breakglass/secrets",
               "/var/lib/breakglass/home/bg1", "/var/lib/breakglass/undo", "/var/lib/breakglass/undo/manifest"}
    for path, mode in public.items():
        assert os.stat(path).st_mode & 0o7777 == mode, path
    made = tree("/etc/breakglass", "/var/lib/breakglass")
    assert private <= made.keys()
    for path, (mode, uid, gid, _) in made.items():
        alerts = path == "/etc/breakglass/secrets" or path.startswith("/var/lib/breakglass/journal")
        assert uid == 0 and gid in (0, alert_gid() if alerts else 0), path
        assert path in public or int(mode, 8) & 0o077 == 0 or (alerts and int(mode, 8) & 0o027 == 0), (path, mode)
    assert os.stat("/var/lib/breakglass/journal").st_gid == alert_gid() == os.stat("/etc/breakglass/secrets").st_gid


def test_system_knows_the_account():
    if SANITIZED:
        return  # such a module loads into no other program
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n")
    init()
    out = sh("getent", "passwd", "bg1", text=True, capture_output=True).stdout
    assert out == "bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash\n", out
    out = sh("getent", "passwd", "59001", text=True, capture_output=True).stdout
    assert out.startswith("bg1:x:59001:"), out


def test_undo_is_byte_for_byte():
    os.chmod("/etc/pam.d/su", 0o640)
    os.chown("/etc/pam.d/su", 0, 4)
    before = system()
    init("--services", ALL)
    changed = [s for s in ALL.split(",") if read(f"/etc/pam.d/{s}").count("pam_breakglass") > 2]
    assert changed == ["login", "sshd", "su", "sudo", "cron"], changed
    assert LINES["session"] in read("/etc/pam.d/other")
    assert os.stat("/etc/pam.d/su").st_mode & 0o7777 == 0o640 and os.stat("/etc/pam.d/su").st_gid == 4
    bg("init", "--undo", "--yes")
    assert system() == before
    assert os.path.exists("/etc/breakglass/accounts")
    assert not os.path.exists("/var/lib/breakglass/undo")
    assert kinds()[-1] == "config.changed"
    has(bg("init", "--undo", "--yes"), "Nothing was changed")


INSTANCE = ["/etc/breakglass/sshd_config", "/etc/systemd/system/breakglass-sshd.service", "/etc/systemd/system/ssh.service.d/breakglass.conf"]


def sshd_findings():
    return [f["id"] for f in bg_json("status", rc=1)["findings"] if "ssh" in str(f)]


def test_the_own_sshd_alone_is_removed():
    """Its three files and what undo knows of them; nothing else. Said on record, and once only."""
    init()
    before, units = system(), tree("/etc/systemd", "/etc/breakglass")
    init("--sshd-instance", "2222")
    made = [p for p in INSTANCE if os.path.exists(p)]
    assert made and made[0] == INSTANCE[0]
    assert sshd_findings()
    for other in (("--account", "bg2"), ("--undo",), ("--no-sshd",), ("--uid", "0"), ("--platform", "none")):
        has(bg("init", "--yes", "--sshd-instance", "none", *other, rc=2), "BG956")
    lines = len(kinds())
    shown = bg_json("init", "--sshd-instance", "none", "--dry-run")
    assert {d["path"] for d in shown["diffs"]} == set(made), shown
    assert all(os.path.exists(p) for p in made) and len(kinds()) == lines
    bg("init", "--sshd-instance", "none", "--yes")
    assert not [p for p in INSTANCE if os.path.exists(p)]
    assert system() == before and tree("/etc/systemd", "/etc/breakglass") == units
    assert not [x for x in read("/var/lib/breakglass/undo/manifest").splitlines() if x.split(" ", 2)[2] in INSTANCE]
    assert "--sshd-instance none" in journal()[-1]["data"]["message"], journal()[-1]
    assert not sshd_findings()
    lines = len(kinds())
    has(bg("init", "--sshd-instance", "none", "--yes"), "There is no sshd of the emergency accounts", "Nothing was changed")
    assert len(kinds()) == lines
    has(init(), "Nothing to do")  # a later init does not bring it back


def test_an_own_sshd_that_was_removed_by_hand():
    """status misses its file, until it is said that it is not to be there."""
    init("--sshd-instance", "2222")
    for path in INSTANCE:
        if os.path.exists(path):
            os.unlink(path)
    has(bg("status", rc=1), "BG594 /etc/breakglass/sshd_config is gone")
    has(bg("init", "--sshd-instance", "none", "--yes"), "Nothing was changed")
    assert not sshd_findings()


def test_purge():
    before = tree("/etc")
    init()
    bg("init", "--undo", "--purge", "--yes")
    # the alert service's user stays with the journal, and so do the copies that its making left
    users = re.compile(r"/etc/(passwd|shadow|group|gshadow)-?|/etc/\.pwd\.lock")
    after = tree("/etc")
    assert {p for p in before.keys() | after.keys() if before.get(p) != after.get(p) and not users.fullmatch(p)} == set()
    assert kinds()[-1] == "config.changed"  # the journal stays
    assert [f["id"] for f in bg_json("status", rc=1)["findings"]] == ["BG592"]


def test_the_alert_services_user():
    """By systemd-sysusers, else by useradd, else said; the account is made in any case."""
    def user():
        return "breakglass-alert" in [x.split(":")[0] for x in read("/etc/passwd").splitlines()]

    for tool in ("/usr/bin/systemd-sysusers", "/usr/sbin/useradd", ""):
        if user():
            sh("userdel", "--force", "breakglass-alert")  # a service on this machine may have the same number
        out = bg("init", "--dry-run")
        has(out, "To make user breakglass-alert")
        assert not user()
        out = init(rc=0 if tool else 1)
        assert ("BG596 The user breakglass-alert could not be made" in out) == (tool == "") and user() == (tool != ""), out
        has(out, "BG598 systemd does not run here")
        if tool and os.path.exists(tool):
            os.unlink(tool)
    assert read("/etc/breakglass/accounts").startswith("bg1:")


def systemd(script):
    """systemd is played: a systemctl that notes how it is called and does what the script says."""
    os.makedirs("/run/systemd/system")
    write("/usr/bin/systemctl", f"#!/bin/sh\necho \"$*\" >>/run/asked\n{script}\n", 0o755)


def test_the_units():
    systemd("case $* in *disable*) rm /run/on;; *enable*now*) : >>/run/on;; *is-*) test -e /run/on;; esac")
    has(bg("init", "--dry-run"), "To start breakglass-alert.service", "breakglass-alert.timer")
    assert "enable" not in read("/run/asked").replace("is-enabled", "")
    out = bg_json("init", "--yes")
    assert out["started"] == ["breakglass-alert.service", "breakglass-alert.timer", "breakglass-journal.path",
                              "breakglass-journal-stop.service", "breakglass-due.timer",
                              "breakglass-check.timer", "breakglass-check.path"] and out["findings"] == []
    asked = read("/run/asked").splitlines()
    for line in ("daemon-reload", "--quiet enable --now breakglass-alert.service", "--quiet enable --now breakglass-alert.timer"):
        assert line in asked, asked
    has(init(), "Nothing to do")
    os.unlink("/run/on")  # somebody has switched them off
    has(init(), "Started breakglass-alert.service", "breakglass-alert.timer")
    bg("init", "--undo", "--yes")
    assert not os.path.exists("/run/on")


def test_units_that_do_not_start():
    systemd("case $* in *enable*now*alert.service*) echo 'Unit is masked.'; exit 1;; *is-active*alert.service*) exit 1;; esac")
    out = bg_json("init", "--yes", rc=1)
    assert [f["id"] for f in out["findings"]] == ["BG597"] and "Unit is masked." in out["findings"][0]["text"]
    assert out["started"] == ["breakglass-alert.timer", "breakglass-journal.path", "breakglass-journal-stop.service", "breakglass-due.timer",
                              "breakglass-check.timer", "breakglass-check.path"] and os.path.exists("/etc/breakglass/accounts")


RULES = "/etc/audit/rules.d/60-breakglass.rules"


def auditd(script=""):
    """auditd is played: an augenrules that notes how it is called and does what the script says."""
    os.makedirs("/etc/audit/rules.d", 0o750)
    write("/run/auditd.pid", "1\n")
    write("/usr/sbin/augenrules", f'#!/bin/sh\necho "$*" >>/run/loaded; ls /etc/audit/rules.d | grep "[.]rules$" >>/run/loaded\n{script}\n', 0o755)


def status_now():
    return bg_json("status", rc=1)


def rule(auid, arch="b64"):
    return f"-a always,exit -F arch={arch} -S execve,execveat -F auid={auid} -k breakglass\n"


def test_audit_rules():
    """They are shown, written, loaded, and for every account; undo takes them back, and loads again."""
    auditd()
    has(bg("init", "--dry-run"), "+++ " + RULES, "+" + rule(59001).strip())
    assert not os.path.exists(RULES) and not os.path.exists("/run/loaded")
    out = bg_json("init", "--yes")
    assert RULES in [c["path"] for c in out["diffs"]] and not [n for n in out["notes"] if n["id"] == "BG1291"], out
    assert [x for x in read(RULES).splitlines(True) if x[0] != "#"][0] == rule(59001)
    assert os.stat(RULES).st_mode & 0o7777 == 0o640 and read("/run/loaded") == "--load\n60-breakglass.rules\n"
    assert status_now()["audit"] is True
    init("--account", "bg2", "--uid", "0")
    init("--account", "bg3", "--uid", "7003", "--audit-uid", "none")
    for auid in 59001, 59002, 7003:
        assert read(RULES).count(rule(auid)) == 1, read(RULES)
    write(RULES, read(RULES).replace(rule(59002), "#" + rule(59002)))  # a comment is no rule
    out = status_now()
    assert out["audit"] is False and [f["id"] for f in out["findings"] if "rules" in f["text"]] == ["BG1290"], out
    init()
    assert status_now()["audit"] is True
    write(RULES, "# mine\n" + read(RULES))  # who adds to them keeps that
    has(init(), "Nothing to do")
    write(RULES, read(RULES) + "# mine too\n-w /etc/shadow -p wa\n")
    os.unlink("/run/loaded")
    init("--undo")
    assert read(RULES) == "# mine\n#" + rule(59002) + "# mine too\n-w /etc/shadow -p wa\n"
    os.unlink(RULES)
    init()
    write(RULES, read(RULES).replace(rule(59002), ""))  # nobody's text is left without ours
    os.unlink("/run/loaded")
    init("--undo")
    assert not os.path.exists(RULES) and read("/run/loaded") == "--load\n"


def test_audit_rules_of_before():
    """The file that was copied by hand is as it was after undo."""
    auditd()
    write(RULES, "# by hand\n" + rule(59009), 0o600)
    init()
    assert read(RULES).startswith("# by hand\n" + rule(59009)) and rule(59001) in read(RULES)
    init("--undo")
    assert read(RULES) == "# by hand\n" + rule(59009)


def test_audit_rules_that_are_not_loaded():
    """init has done its work all the same, and a note says why."""
    def noted():
        out = bg_json("init", "--yes")
        bg("init", "--undo", "--yes")
        assert out["findings"] == [] or "BG1291" not in [f["id"] for f in out["findings"]]
        return [n["text"] for n in out["notes"] if n["id"] == "BG1291"]

    auditd("case $(cat /run/how) in locked) echo 'The audit system is in immutable mode';; fails) printf 'Error\\033[1m sending\\nmore\\n'; exit 1;; esac")
    write("/run/how", "locked")
    assert "locked until the next boot" in noted()[0]
    write("/run/how", "fails")
    said = noted()[0]
    assert "Error" in said and "sending" in said and "more" not in said and "\033" not in said, said
    write("/run/how", "works")
    write("/etc/audit/audit.rules", "-w /etc/shadow -p wa\n")
    os.unlink("/run/loaded")
    assert "kept by hand" in noted()[0] and not os.path.exists("/run/loaded")
    write("/etc/audit/audit.rules", "## This file is automatically generated from /etc/audit/rules.d\n-D\n")
    assert noted() == [] and os.path.exists("/run/loaded")
    os.unlink("/run/loaded")
    os.unlink("/run/auditd.pid")  # it does not run: it loads them when it starts
    assert noted() == [] and not os.path.exists("/run/loaded")


def test_audit_without_an_audit_uid_or_auditd():
    auditd()
    init("--audit-uid", "none")  # nothing tells its programs from root's
    assert not os.path.exists(RULES) and "audit" not in status_now()
    os.unlink("/usr/sbin/augenrules")
    init("--account", "bg2", "--uid", "0")
    assert not os.path.exists(RULES)


def test_audit_rules_where_a_link_lies():
    """They are left out with a warning; the account is made."""
    auditd()
    os.symlink("/etc/passwd", RULES)
    has(init(), "BG602")
    assert os.path.islink(RULES) and read("/etc/breakglass/accounts").startswith("bg1:")


def test_next():
    out = init()
    has(out, "Next breakglass share new bg1", "breakglass key add bg1", "[sink NAME]", "breakglass alert test", "drill",
        "breakglass status")
    assert max(map(len, out.split("Done.")[1].splitlines())) <= 79, out
    bg("share", "new", "bg1", "--yes")
    write("/etc/breakglass/breakglass.conf", "[sink relay]\ntype = syslog\npath = /run/relay\n")
    write("/etc/pam.d/su", read("/etc/pam.d/su").replace(LINES["session"], ""))
    out = init()
    assert "share new" not in out and "[sink" not in out and "Next      breakglass key add bg1" in out, out


def test_twice_changes_nothing():
    init()
    before = tree("/etc", "/var/lib")
    has(init(), "Nothing to do")
    after = tree("/etc", "/var/lib")
    assert after == before, [(path, before.get(path), after.get(path)) for path in before.keys() | after.keys() if before.get(path) != after.get(path)]


def test_foreign_edits_then_undo():
    before = {p: read(p) for p in ("/etc/pam.d/su", "/etc/pam.d/login", "/etc/pam.d/sshd")}
    init()
    # somebody wants wheel for su, takes motd out of login; a directory's package adds itself to nsswitch
    write("/etc/pam.d/su", read("/etc/pam.d/su").replace("# auth       required   pam_wheel.so\n",
                                                         "auth       required   pam_wheel.so\n"))
    write("/etc/pam.d/login", re.sub(r"(?m)^session.*pam_motd.so.*\n", "", read("/etc/pam.d/login")))
    write("/etc/nsswitch.conf", re.sub(r"(?m)^((passwd|group):.*)$", r"\1 sss", read("/etc/nsswitch.conf")))
    bg("init", "--undo", "--yes")
    assert read("/etc/pam.d/su") == before["/etc/pam.d/su"].replace("# auth       required   pam_wheel.so\n",
                                                                    "auth       required   pam_wheel.so\n")
    assert read("/etc/pam.d/login") == re.sub(r"(?m)^session.*pam_motd.so.*\n", "", before["/etc/pam.d/login"])
    assert read("/etc/pam.d/sshd") == before["/etc/pam.d/sshd"]
    assert read("/etc/nsswitch.conf") == (
        "# nsswitch\npasswd:         files systemd ldap sss\ngroup:          files systemd ldap sss\n"
        "shadow:         files ldap\nhosts:          files dns\n")


def test_sessions():
    """Which services get the session line alone is for the administrator to choose; a strange file stops nothing."""
    before = system()
    init("--sessions", "none")
    assert ours(WATCHED) == []
    has(bg("status", rc=1), "BG588 The PAM service sudo has no session line")
    init("--sessions", "sudo")
    assert ours(WATCHED) == ["sudo"]
    os.chmod("/etc/pam.d/other", 0o666)
    has(init(), "BG602 /etc/pam.d/other")
    assert "pam_breakglass" not in read("/etc/pam.d/other") and LINES["session"] in read("/etc/pam.d/runuser")
    os.chmod("/etc/pam.d/other", 0o644)
    for kind in ("required", "optional"):
        write("/etc/pam.d/other", f"session {kind} pam_breakglass.so\n" + read("/etc/pam.d/other"))
        has(init(), "BG521 /etc/pam.d/other, line 1")
    write("/etc/pam.d/other", re.sub("(?m)^session (required|optional) pam_breakglass.so\n", "", read("/etc/pam.d/other")))
    for name in ("common-session", "../x"):
        has(init("--sessions", name, rc=2), "BG524")
    bg("init", "--undo", "--yes")
    assert system() == before


def test_second_account_keeps_foreign_edits():
    init()
    write("/etc/pam.d/su", read("/etc/pam.d/su") + "# mine\n")
    edited = read("/etc/pam.d/su")
    init("--account", "bg2", "--services", "login,sshd,su,su-l,cron")
    assert read(DROPIN).count("Match User") == 2
    accounts = read("/etc/breakglass/accounts")
    assert accounts.count("\n") == 4 and "bg2:x:59002:0:" in accounts
    bg("init", "--undo", "--yes")
    assert read("/etc/pam.d/su") == "".join(x for x in edited.splitlines(True) if "pam_breakglass" not in x)
    assert "pam_breakglass" not in read("/etc/pam.d/cron") and not os.path.exists(DROPIN)


def test_second_init_repairs_a_file_that_others_edited():
    init()
    # somebody drops our session line and adds one of their own; init puts ours back
    edited = read("/etc/pam.d/login").replace(LINES["session"], "") + "session optional pam_echo.so\n"
    write("/etc/pam.d/login", edited)
    init()
    assert LINES["session"] in read("/etc/pam.d/login")
    bg("init", "--undo", "--yes")
    assert read("/etc/pam.d/login") == "".join(x for x in edited.splitlines(True) if "pam_breakglass" not in x)


def test_undo_without_manifest():
    before = system()
    init()
    shutil.rmtree("/var/lib/breakglass/undo")
    bg("init", "--undo", "--yes")
    assert system() == before


def test_required_line_before_ours():
    """Ours is put first again; what others include is not ours to move."""
    init()
    whole = {name: read(f"/etc/pam.d/{name}") for name in ("su", "login", "sshd")}
    write("/etc/pam.d/su", "#%PAM-1.0\nauth required pam_deny.so\naccount required pam_deny.so\n" + whole["su"])
    write("/etc/pam.d/login", whole["login"].replace(LINES["auth"], LINES["auth"].replace("default=die", "default=bad")))
    write("/etc/pam.d/sshd", whole["sshd"].replace(LINES["session"], LINES["session"].replace("default=die", "default=ignore")))
    out = re.sub(r"\s+", " ", bg("status", rc=1))
    has(out, "PAM-03 BLOCK: su refuses bg1", "/etc/pam.d/su, line 2,", "BG521 /etc/pam.d/login", "BG521 /etc/pam.d/sshd")
    init()
    assert read("/etc/pam.d/su").startswith("#%PAM-1.0\n" + LINES["auth"] + LINES["account"]), read("/etc/pam.d/su")
    assert [read("/etc/pam.d/su").count(LINES[t]) for t in LINES] == [whole["su"].count(LINES[t]) for t in LINES]
    assert read("/etc/pam.d/login") == whole["login"] and read("/etc/pam.d/sshd") == whole["sshd"]
    assert "BG52" not in bg("status", rc=1)
    write("/etc/pam.d/part", "auth required pam_deny.so\n" + LINES["auth"])
    write("/etc/pam.d/su", "@include part\n" + whole["su"])
    write("/etc/pam.d/sshd", whole["sshd"].replace(LINES["session"], ""))
    before = system()
    has(init(rc=1), "BG520 /etc/pam.d/part, line 1 ", "Nothing was changed")
    assert system() == before
    out = re.sub(r"\s+", " ", bg("status", rc=1))
    assert "PAM-03 BLOCK: su refuses bg1" in out and "/etc/pam.d/part, line 1," in out and "BG520" not in out, out
    assert "BG525" in out and "sshd has no session line" in out, out


def test_nsswitch_refusals():
    for text, ident in (("passwd: files\ngroup: files\nshadow: files\ninitgroups: files ldap\n", "BG530"),
                        ("passwd: ldap files\ngroup: files\nshadow: files\n", "BG531"),
                        ("passwd: files\ngroup: files [SUCCESS=merge] ldap\nshadow: files\n", "BG533")):
        write("/etc/nsswitch.conf", text)
        before = system()
        has(init(rc=1), ident, "/etc/nsswitch.conf, line ")
        assert system() == before and not os.path.exists("/etc/breakglass")


def module_refused(path, *parts):
    before = tree("/etc", "/var/lib")
    out = init(rc=1)
    has(out, *parts)
    assert path in out
    assert tree("/etc", "/var/lib") == before


def loaded_end(elf):
    """Where the last LOAD segment ends in the file."""
    phoff, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    heads = [struct.unpack_from("<IIQQQQ", elf, phoff + i * size) for i in range(count)]
    return max(h[2] + h[5] for h in heads if h[0] == 1)


def test_truncated_modules():
    killed = cut = 0
    for path in (PAM_MODULE, NSS_MODULE):
        whole = open(path, "rb").read()
        end = loaded_end(whole)
        for part in (0, 64, 700, 4096, end // 2, end * 3 // 4, end - 1, end, len(whole) - 1):
            with open(path, "wb") as f:
                f.write(whole[:part])
            out = init(rc=1)
            has(out, "BG550", path)
            cut += "cut short" in out
            killed += "with SIGBUS" in out or "with SIGSEGV" in out
            assert not os.path.exists("/etc/breakglass") and "breakglass" not in read("/etc/nsswitch.conf")
        with open(path, "wb") as f:
            f.write(whole)
    assert killed > 0 and cut > 0  # else this test has lost its point
    init()


def test_wrong_modules():
    libm = next(p for p in (f"{LIB}/libm.so.6", "/lib64/libm.so.6") if os.path.exists(p))
    shutil.move(PAM_MODULE, "/mnt/pam"); shutil.copy(libm, PAM_MODULE)
    module_refused(PAM_MODULE, "it lacks pam_sm_authenticate")
    os.unlink(PAM_MODULE)
    module_refused(PAM_MODULE, "BG551")
    shutil.copy("/mnt/pam", PAM_MODULE); os.chmod(PAM_MODULE, 0o666)
    module_refused(PAM_MODULE, "BG602")
    os.chmod(PAM_MODULE, 0o644)
    os.chmod(HELPER, 0o644)
    module_refused(HELPER, "not executable")
    os.unlink(HELPER)
    module_refused(HELPER, "BG551")


def test_module_that_hangs():
    src = "/mnt/hang.c"
    write(src, "#include <stdio.h>\n#include <unistd.h>\n__attribute__((constructor)) static void f(void)\n"
               '{FILE *f = fopen("/mnt/loader", "w"); fprintf(f, "%d", getpid()); fclose(f); for (;;) pause();}\n')
    os.unlink(PAM_MODULE)
    sh("gcc", "-shared", "-fPIC", "-o", PAM_MODULE, src)
    module_refused(PAM_MODULE, "longer than 20 s")
    assert not os.path.exists(f"/proc/{read('/mnt/loader')}")  # the child that loaded it was killed and reaped


def test_sshd_broken_before():
    write("/etc/ssh/sshd_config.d/50-x.conf", "NoSuchOption yes\n")
    before = system()
    has(init(rc=1), "BG540", "50-x.conf")
    assert system() == before and not os.path.exists("/etc/breakglass")
    init("--no-sshd")
    assert not os.path.exists(DROPIN)


def test_sshd_other_block_wins():
    write("/etc/ssh/sshd_config.d/05-x.conf", "Match all\n    AuthenticationMethods publickey\n")
    before = system()
    has(init(rc=1), "BG542 For bg1, sshd would use AuthenticationMethods publickey", "BG553")
    assert system() == before


def test_sshd_other_block_wins_from_somewhere():
    for patterns in ("Address 10.1.*", "Address !10.9.9.9,10.1.0.0/16", "Host a.example,*.example", "LocalAddress *"):
        write("/etc/ssh/sshd_config.d/05-x.conf", f"Match {patterns}\n    ForceCommand /bin/false\n")
        has(init(rc=1), "sshd would use ForceCommand /bin/false", "BG553")


def test_sshd_broken_after():
    fake_sshd("echo it is broken now; exit 255")
    before = system()
    has(init(rc=1), "BG541 sshd rejects its configuration after the change: it is broken now", "BG553")
    assert system() == before


def fake_sshd(script):
    """A sshd that runs a piece of shell when our drop-in is there: in the midst of the edits."""
    os.rename("/usr/sbin/sshd", "/usr/sbin/sshd.real")
    write("/usr/sbin/sshd", f"#!/bin/sh\ntest -e {DROPIN} && {{ {script}; }}\nexec /usr/sbin/sshd.real \"$@\"\n", 0o755)


def left_beside():
    return [os.path.join(d, n) for top in ("/etc/pam.d", "/etc/ssh", "/etc") for d, _, names in os.walk(top)
            for n in names if n.endswith(".breakglass-old") or re.search(r"(nsswitch|pam\.d/|10-breakglass).*\.\w{6}$", f"{d}/{n}")]


def test_roll_back_that_is_refused():
    before = system()
    # a file that became a mount point cannot be renamed over
    fake_sshd("mount --bind /etc/pam.d/su /etc/pam.d/su; echo no; exit 255")
    has(init(rc=3), "BG541", "BG554 /etc/pam.d/su could not be put back",
        "Its old text is beside it (.breakglass-old) and in /var/lib/breakglass/undo")
    sh("umount", "/etc/pam.d/su")
    assert LINES["auth"] in read("/etc/pam.d/su") and left_beside() == ["/etc/pam.d/su.breakglass-old"] * 2
    assert open("/var/lib/breakglass/undo/etc_pam.d_su").read() == read("/etc/pam.d/su.breakglass-old")
    os.rename("/etc/pam.d/su.breakglass-old", "/etc/pam.d/su")
    assert system() == before  # all the others were put back


def interrupted(args):
    p = subprocess.run(["/usr/sbin/breakglass", *args], text=True, capture_output=True, timeout=60)
    assert p.returncode == -2, (p.returncode, p.stdout, p.stderr)
    assert left_beside() == []


def test_interrupt_in_the_midst():
    before = system()
    fake_sshd("kill -INT $PPID")
    interrupted(["init", "--yes"])
    os.rename("/usr/sbin/sshd.real", "/usr/sbin/sshd")
    has(init(), "Nothing to do")  # all of it was done before the signal arrived
    assert kinds()[-1] == "config.changed"
    bg("init", "--undo", "--yes")
    assert system() == before


def test_interrupt_before_going_back():
    before = system()
    fake_sshd("kill -INT $PPID; echo no; exit 255")
    interrupted(["init", "--yes"])
    assert system() == before


def test_two_at_once():
    os.makedirs("/run/breakglass")
    fd = os.open("/run/breakglass/init.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    before = tree("/etc", "/var/lib")
    has(init(rc=3), 'BG558 Another "breakglass init" is running')
    has(bg("init", "--undo", "--yes", rc=3), "BG558")
    assert tree("/etc", "/var/lib") == before
    bg("init", "--dry-run")
    both = [subprocess.Popen(["/usr/sbin/breakglass", "init", "--yes", "--account", a], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT) for a in ("bg1", "bg2")]
    os.close(fd)  # both go on, one after the other
    for p in both:
        out = p.communicate(timeout=60)[0]
        assert p.returncode == 0, out
    assert read(DROPIN).count("Match User") == 2 and read("/etc/breakglass/accounts").count("\n") == 4
    has(init(), "Nothing to do")


def test_sshd_hangs():
    os.rename("/usr/sbin/sshd", "/usr/sbin/sshd.real")
    write("/usr/sbin/sshd", "#!/bin/sh\necho $$ >/run/hangs\nexec sleep 600\n", 0o755)
    has(init(rc=1), "BG540", "time ran out")  # bg() gives up long before 600 s
    assert not os.path.exists("/proc/" + read("/run/hangs").strip())


def test_sshd_settings():
    with open("/etc/ssh/sshd_config", "a") as f:
        f.write("AllowUsers alice\nDenyUsers *@192.0.2.*\nForceCommand /bin/false\nMatch User bg1\n    PasswordAuthentication yes\n")
    assert not os.path.exists("/run/sshd")
    has(init(), "BG545 /run/sshd was missing")
    assert os.stat("/run/sshd").st_mode & 0o7777 == 0o755  # sshd may have started meanwhile
    out = sh("/usr/sbin/sshd", "-T", "-C", "user=bg1,host=x,addr=127.0.0.1", text=True, capture_output=True).stdout
    for line in ("authenticationmethods publickey,keyboard-interactive:pam keyboard-interactive:pam",
                 "pubkeyauthoptions touch-required verify-required", "kbdinteractiveauthentication yes",
                 "passwordauthentication no", "permitrootlogin yes", "allowusers bg1", "forcecommand none",
                 "authorizedkeysfile /etc/breakglass/ssh/%u"):
        assert line + "\n" in out, line
    other = sh("/usr/sbin/sshd", "-T", "-C", "user=alice,host=x,addr=127.0.0.1", text=True, capture_output=True).stdout
    assert "authenticationmethods any\n" in other and "allowusers alice\n" in other


def test_sshd_is_told():
    sh("ip", "link", "set", "lo", "up")
    os.makedirs("/run/sshd", exist_ok=True)
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-p", "2222", "-o", "ListenAddress=127.0.0.1"],
                            stderr=open("/run/sshd.log", "w", encoding="utf-8"))
    other = subprocess.Popen(["sleep", "600"])

    def starts(n):  # by itself and, told by SIGHUP, once more each time; then its pid file stands
        until(f"sshd starts, {n}", lambda: read("/run/sshd.log").count("Server listening") == n
              and os.path.exists("/run/sshd.pid"))

    try:
        starts(1)
        has(init(), f"sshd, process {sshd.pid}, was told")
        starts(2)
        bg("init", "--undo", "--yes")
        starts(3)
        assert sshd.poll() is None
        # a pid file that names another program is not believed
        write("/run/sshd.pid", f"{other.pid}\n")
        has(init(), "BG544")
        assert other.poll() is None
    finally:
        other.kill()
        sshd.kill()


def fill(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except OSError as e:
        assert e.errno == errno.ENOSPC
    os.close(fd)


def test_disk_full():
    shutil.copytree("/etc/pam.d", "/mnt/pam.d")
    sh("mount", "-t", "tmpfs", "-o", "size=128k", "none", "/etc/pam.d")
    shutil.copytree("/mnt/pam.d", "/etc/pam.d", dirs_exist_ok=True)
    fill("/etc/pam.d/zz-full")
    before = system()
    has(init(rc=3), "BG552 A change could not be written: /etc (No space left on device)", "BG553")
    assert system() == before


def test_disk_full_for_state():
    os.makedirs("/var/lib/breakglass")
    sh("mount", "-t", "tmpfs", "-o", "size=32k,mode=755", "none", "/var/lib/breakglass")
    fill("/var/lib/breakglass/full")
    before = system()
    has(init(rc=3), "BG555")
    assert system() == before


def test_last_edit_fails():
    # as in a container: the file itself is a mount point, so link(2) and rename(2) refuse
    sh("mount", "--bind", "/etc/nsswitch.conf", "/etc/nsswitch.conf")
    before = system()
    has(init(rc=3), "BG552 A change could not be written: /etc/nsswitch.conf (Invalid cross-device link)", "BG553")
    assert system() == before


def test_undo_last_edit_fails():
    init()
    before = system()
    sh("mount", "--bind", "/etc/pam.d/su", "/etc/pam.d/su")
    has(bg("init", "--undo", "--yes", rc=3), "BG552", "BG553")
    assert system() == before


def test_links_and_strange_files():
    os.rename("/etc/nsswitch.conf", "/etc/nsswitch.real")
    os.symlink("nsswitch.real", "/etc/nsswitch.conf")
    has(init(rc=3), "BG602 /etc/nsswitch.conf")
    os.unlink("/etc/nsswitch.conf"); os.rename("/etc/nsswitch.real", "/etc/nsswitch.conf")
    write("/etc/pam.d/login", read("/etc/pam.d/login") + "\0")
    has(init(rc=3), "BG602 /etc/pam.d/login")


def test_own_uid():
    out = init("--uid", "791")
    has(out, "bg1 ALL=(ALL:ALL) NOPASSWD: ALL")
    assert read("/etc/breakglass/accounts") == \
        "bg1:x:791:791:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash\n"
    assert read("/etc/breakglass/groups") == "bg1:x:791:\n"
    st = os.stat("/var/lib/breakglass/home/bg1")
    assert (st.st_uid, st.st_gid) == (791, 791)
    assert "PermitRootLogin" not in read(DROPIN)
    has(init(), "Nothing to do")
    has(init("--uid", "792", rc=1), "BG515")


def test_taken_names_and_numbers():
    with open("/etc/subuid", "a") as f:
        f.write("someone:100000:65536\n")
    proc = subprocess.Popen(["sleep", "600"], user=45454)
    sshd_uid = next(x.split(":")[2] for x in open("/etc/passwd") if x.startswith("sshd:"))
    try:
        for args, ident in ((("--account", "root"), "BG511"), (("--account", "adm"), "BG511"),
                            (("--uid", sshd_uid), "BG512"), (("--uid", "65534"), "BG512"),
                            (("--uid", "61184"), "BG512"), (("--uid", "100001"), "BG512"),
                            (("--uid", "45454"), "BG512"), (("--audit-uid", sshd_uid), "BG512"),
                            (("--audit-uid", "0"), "BG512"), (("--shell", "/nonexistent"), "BG514"),
                            (("--shell", "bash"), "BG514")):
            has(init(*args, rc=2 if ident == "BG514" else 1), ident)
    finally:
        proc.kill()
    assert not os.path.exists("/etc/breakglass")
    init("--audit-uid", "none")
    assert read("/etc/breakglass/accounts").count("\n") == 1


def test_usage():
    for args in (("--bogus",), ("word",), ("--account",), ("--uid", "x"), ("--uid", "-1"), ("--uid", "4294967295"),
                 ("--audit-uid", "1e3"), ("--account", "Bad"), ("--account", "a:b"), ("--services", "common-auth"),
                 ("--services", "../x")):
        bg("init", "--yes", *args, rc=2)
    bg("init", rc=2)  # nobody to ask
    bg("init", "--undo", rc=0)
    has(bg("init", "--help"), "usage: breakglass init")
    assert not os.path.exists("/etc/breakglass")


def test_not_root():
    p = subprocess.run(["/usr/sbin/breakglass", "init", "--yes"], text=True, capture_output=True, **NOBODY)
    assert p.returncode == 3 and "BG504" in p.stderr, p
    before = tree("/etc", "/var/lib")
    p = subprocess.run(["/usr/sbin/breakglass", "init", "--dry-run"], text=True, capture_output=True, **NOBODY)
    assert p.returncode == 0 and "+++ /etc/nsswitch.conf" in p.stdout, p
    assert tree("/etc", "/var/lib") == before


def test_json():
    out = bg_json("init", "--dry-run")
    assert [c["path"] for c in out["diffs"]] == EDITED
    assert out["dry_run"] is True and "/etc/breakglass/accounts" in out["made"]
    bg_json("init", rc=2)
    assert bg_json("init", "--yes")["account"] == "bg1"
    assert bg_json("init", "--yes")["diffs"] == []
    assert bg_json("init", "--uid", "5", "--yes", rc=1)["findings"][0]["id"] == "BG515"
    assert len(bg_json("init", "--undo", "--yes")["diffs"]) == len(EDITED)


def test_on_a_terminal():
    before = system()
    rc, out = on_pty(["init"], [("Name of the account [bg1]: ", b"\n"), ("rule) [0]: ", b"\n"), ("+++ /etc/pam.d/login", b"q"),
                              ("[y/N] ", b"\n")])
    assert rc == 1 and system() == before and not os.path.exists("/etc/breakglass")
    assert "\033[32m+auth" in out  # colour on a terminal
    rc, out = on_pty(["init"], [("Name of the account [bg1]: ", b"bg9\n"), ("rule) [0]: ", b"791\n"),
                                (f"Change {len(EDITED)} system files and make bg9? [y/N] ", b"y\n")], env={"NO_COLOR": "1", "PAGER": "cat"})
    assert rc == 0 and "\033" not in out, out
    assert read("/etc/breakglass/accounts").startswith("bg9:x:791:791:")
    has(out, "With uid 0 the account is root under a name of its own")
    # a name that is taken is refused before a uid is asked for
    rc, out = on_pty(["init"], [("Name of the account [bg1]: ", b"root\n")])
    assert rc == 1 and "BG511" in out and "uid" not in out, out


def test_the_diff_is_paged():
    """On a terminal only; the question comes after it, and Ctrl-C answers it."""
    before = system()
    names = [("Name of the account [bg1]: ", b"\n"), ("rule) [0]: ", b"\n")]
    for pager, last, want in (("sed s/^/paged:/", b"\n", 1), ("true", b"n\n", 1), ("sed s/^/paged:/", b"\x03", -2)):
        rc, out = on_pty(["init"], names + [("[y/N] ", last)], env={"PAGER": pager})
        assert rc == want and system() == before, (pager, rc, out)
        assert ("paged:--- /etc/pam.d/login" in out) == (pager != "true"), out
        assert "paged:Account" not in out and "paged:Change" not in out and "\033[32m" not in out
    assert "paged:" not in bg("init", "--dry-run", env={"PAGER": "sed s/^/paged:/"})
    rc, out = on_pty(["init", "--yes"], [], env={"PAGER": "sed s/^/paged:/"})
    assert rc == 0 and "paged:" not in out, out
    rc, out = on_pty(["init", "--undo"], [("Take all this back? [y/N] ", b"y\n")], env={"PAGER": "sed s/^/paged:/"})
    assert rc == 0 and "paged:--- /etc/pam.d/login" in out and "\nDone." in out, out


RESCUE = {mode: f"/etc/systemd/system/{mode}.service.d/breakglass.conf" for mode in ("rescue", "emergency")}


def test_rescue_is_for_who_asks():
    init()
    assert not any(map(os.path.exists, RESCUE.values()))
    bg("init", "--undo", "--yes")
    root_password("*")
    has(init(), "BG620")  # nobody can be asked
    assert not any(map(os.path.exists, RESCUE.values()))
    before = listing("/etc/systemd")
    has(init("--rescue"), RESCUE["rescue"])
    for mode, path in RESCUE.items():
        text = read(path)
        assert text.startswith("# Written by") and f"/breakglass-rescue {mode}; test $$? -eq 77 || exec /lib/systemd/systemd-sulogin-shell {mode}'" in text, text
        assert os.stat(path).st_mode & 0o7777 == 0o644 and os.stat(os.path.dirname(path)).st_mode & 0o7777 == 0o755
    out = init()
    assert "Nothing to do" in out and "BG620" not in out, out
    assert bg_json("status", rc=1)["rescue"] is True
    write(RESCUE["emergency"], "[Service]\n")
    has(bg("status", rc=1), "BG622")
    init()
    assert bg_json("status", rc=1)["emergency"] is True
    bg("init", "--undo", "--yes")
    assert listing("/etc/systemd") == before


def test_rescue_is_offered():
    for field, answer, made in (("!", b"no\n", False), ("!*", b"\n", True)):
        root_password(field)
        rc, out = on_pty(["init", "--account", "bg1", "--uid", "0"], [("(yes, no) [yes]: ", answer), ("[y/N] ", b"y\n")], env={"PAGER": "cat"})
        assert rc == 0 and os.path.exists(RESCUE["rescue"]) == made, out
    bg("init", "--undo", "--yes")
    assert not os.path.exists(os.path.dirname(RESCUE["rescue"]))


def test_rescue_without_systemd_or_helper():
    os.unlink("/lib/systemd/system/emergency.service")
    has(bg("init", "--rescue", "--yes", rc=1), "BG621 emergency mode")
    assert not os.path.exists("/etc/breakglass")
    root_password("!")
    assert "BG620" not in init()


def test_rescue_helper_is_gone():
    before = listing("/etc/systemd")
    os.unlink("/usr/libexec/breakglass/breakglass-rescue")
    has(bg("init", "--rescue", "--yes", rc=1), "BG623")
    assert listing("/etc/systemd") == before


def test_rescue_helper_cannot_run():
    """Whatever became of our program, systemd's own shell comes; not after the mode's shell, when the boot goes on."""
    root_password("*")
    init("--rescue")
    helper = "/usr/libexec/breakglass/breakglass-rescue"
    (command,) = [line.partition("/bin/sh -c '")[2][:-1] for line in read(RESCUE["rescue"]).splitlines() if line.startswith("ExecStart=-")]
    wrapper = "/lib/systemd/systemd-sulogin-shell"
    if os.path.lexists(wrapper):
        os.unlink(wrapper)
    write(wrapper, '#!/bin/sh\necho "stock $1"\n', 0o755)
    for what, text, mode, stock in (
        ("empty", "", 0o755, True),
        ("cut off", "\x7fELF", 0o755, True),
        ("no interpreter", "#!/nowhere/sh\n", 0o755, True),
        ("not executable", "#!/bin/sh\nexit 77\n", 0o644, True),
        ("killed", "#!/bin/sh\nkill -9 $$\n", 0o755, True),
        ("interrupted", "#!/bin/sh\nkill -INT $PPID\nexit 1\n", 0o755, True),
        ("nobody answered", "#!/bin/sh\nexit 1\n", 0o755, True),
        ("the shell was given", "#!/bin/sh\nexit 77\n", 0o755, False),
    ):
        os.unlink(helper)
        write(helper, text, mode)
        out = sh("/bin/sh", "-c", command.replace("$$", "$"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        assert out == ("stock rescue\n" if stock else ""), (what, out)


def listing(top):
    return {os.path.join(d, n): os.path.isfile(os.path.join(d, n)) and read(os.path.join(d, n)) for d, ds, ns in os.walk(top) for n in [*ds, *ns]}


def test_without_diff():
    os.unlink("/usr/bin/diff")
    out = bg("init", "--dry-run")
    has(out, "BG559 /usr/bin/diff could not be run", "/etc/nsswitch.conf", "/etc/pam.d/login")
    assert out.count("BG559") == 1
    assert [c["diff"] for c in bg_json("init", "--dry-run")["diffs"]] == [""] * len(EDITED)
    init()
    assert "breakglass" in read("/etc/nsswitch.conf")


def jumped(number):
    return LINES["session"].replace("=ok  ", f"={number}")


def test_a_session_passes_over_what_asks_a_daemon():
    waiting = "session optional pam_systemd.so\n"
    write("/etc/pam.d/common-session", read("/etc/pam.d/common-session") + waiting)
    modules = sum(1 for x in read("/etc/pam.d/common-session").splitlines() if x.startswith("session"))
    behind = re.search(r"(?m)^@include common-session\n((?:#.*\n|\s*\n|session\s+optional\s+pam_(?:motd|mail)\.so.*\n)*)", read("/etc/pam.d/sshd"))
    modules += sum(1 for x in behind.group(1).splitlines() if x.startswith("session"))  # nobody misses them
    before = system()
    init()
    assert jumped("done") + "@include common-session\n" in read("/etc/pam.d/login")
    assert jumped("done") + "@include common-session\n" in read("/etc/pam.d/su")
    assert jumped(modules) + "@include common-session\n" in read("/etc/pam.d/sshd")  # limits and environment follow
    bg("status", rc=1)
    assert "BG614" not in bg("status", rc=1)
    # another package adds a module: status says so, init counts again
    write("/etc/pam.d/common-session", read("/etc/pam.d/common-session") + "session optional pam_sss.so\n")
    assert bg("status", rc=1).count("BG614") == 1
    init()
    assert jumped(modules + 1) + "@include common-session\n" in read("/etc/pam.d/sshd")
    assert "BG614" not in bg("status", rc=1)
    write("/etc/pam.d/common-session", read("/etc/pam.d/common-session").replace("session optional pam_sss.so\n", ""))
    bg("init", "--undo", "--yes")
    assert system() == before


def test_a_session_line_of_before_moves():
    write("/etc/pam.d/common-session", read("/etc/pam.d/common-session") + "session optional pam_systemd.so\n")
    before = system()
    init()
    old = read("/etc/pam.d/login").replace(jumped("done"), "")
    write("/etc/pam.d/login", re.sub(r"(?m)^(session\s+required\s+pam_loginuid.so\n)", lambda m: m.group(1) + LINES["session"], old))
    has(bg("status", rc=1), "BG614 The session line of pam_breakglass.so in the PAM service login")
    init()
    assert jumped("done") + "@include common-session\n" in read("/etc/pam.d/login") and LINES["session"] not in read("/etc/pam.d/login")
    bg("init", "--undo", "--yes")
    assert system() == before


def test_missing_service():
    os.unlink("/etc/pam.d/su-l")
    has(init(), "BG523 The PAM service su-l is left out")


def test_su_l_alone():
    init("--services", "su-l")
    assert "pam_breakglass" not in read("/etc/pam.d/su")
    assert read("/etc/pam.d/su-l").splitlines(True)[1:4] == [LINES[t] for t in ("auth", "account", "session")]


main(globals())
