#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: what it says of sshd, and whether a real sshd and a real client do as it says. usage: test_check_ssh.py BUILDDIR [TEST]...

A client comes from three addresses of the loopback interface; what sshd asks it is caught by an askpass program.
"""
import ctypes, glob, json, os, re, signal, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

if not os.path.exists("/usr/sbin/sshd"):
    print("needs sshd")
    sys.exit(77)
MAIN, EARLY, LATE = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/05-lab.conf", "/etc/ssh/sshd_config.d/50-lab.conf"
ADDRESSES = ("127.0.0.1", "192.0.2.10", "10.1.2.3")
ASKED = "/run/asked"
SSH = ["ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5",
       "-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"]


def host(*init, shares="1/1", patient=True):
    """A host whose sshd runs, with an account that a card opens."""
    nothing_listens()
    sh("ip", "link", "set", "lo", "up")
    for a in ADDRESSES[1:]:
        sh("ip", "address", "add", a + "/32", "dev", "lo")
    write("/run/askpass", f'#!/bin/sh\necho "$1" >>{ASKED}\necho q\n', 0o755)
    write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    for path in ("/etc/hosts.allow", "/etc/hosts.deny"):
        write(path, "")
    if patient:
        write("/etc/ssh/sshd_config.d/90-lab.conf", "LoginGraceTime 900\n")
    bg("init", "--yes", *init)
    if shares:
        bg("share", "new", "bg1", "--shares", shares, "--yes")
    sshd()


def end_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def sshd(*options, pidfile="/run/sshd.pid"):
    """It ends with the test."""
    os.makedirs("/run/sshd", exist_ok=True)
    stop(pidfile)
    subprocess.Popen(["/usr/sbin/sshd", "-D", *options], preexec_fn=end_with_us)
    until("sshd listens", lambda: os.path.exists(pidfile))


def stop(pidfile="/run/sshd.pid"):
    if os.path.exists(pidfile):
        os.kill(int(read(pidfile)), signal.SIGTERM)
        until("sshd ends", lambda: not os.path.exists(pidfile))


def asks(address, port=22):
    """Does it ask who comes from there anything of ours?"""
    if os.path.exists(ASKED):
        os.remove(ASKED)
    to = "127.0.0.1" if address == "127.0.0.1" else "192.0.2.10"
    p = subprocess.run([*SSH, "-p", str(port), "-b", address, "bg1@" + to, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=20, env={"PATH": "/usr/bin", "SSH_ASKPASS": "/run/askpass", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"})
    return os.path.exists(ASKED) and not re.search(r"sshd itself refused|BG103", p.stderr + read(ASKED)) and "assword:" not in read(ASKED)


def check(rc=None):
    """Findings about sshd, as (id, severity, "file:line")."""
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--json"], text=True, capture_output=True, timeout=60)
    assert p.stderr == "", p.stderr
    out = json.loads(p.stdout)
    return [f for f in out["findings"] if f["id"].startswith("SSH-")]


def brief(findings):
    return sorted((f["id"], f["severity"], f'{f["file"]}:{f["line"]}') for f in findings)


def test_a_plain_host():
    """Nothing that is not true: a card of 20 words takes more than the two minutes of sshd's default."""
    host(patient=False)
    assert brief(check()) == [("SSH-08", "WARN", f"{MAIN}:0")], check()
    assert asks("127.0.0.1") and asks("10.1.2.3")


# What is written where; the findings; the addresses that sshd asks (all of ADDRESSES where it is not said).
NONE, ALL = (), ADDRESSES
CASES = {
    "sound": (LATE, "AllowUsers bg1 alice\n", [], ALL),
    # SSH-02: our Match block has AllowUsers of its own, the other lists count for all
    "deny_user": (LATE, "# x\nDenyUsers eve b?1\n", [("SSH-02", "BLOCK", 2)], NONE),
    "deny_user_everywhere_but": (LATE, "DenyUsers *@*,!10.0.0.0/8\n", [("SSH-02", "RISK", 1)], ("10.1.2.3",)),
    "deny_not_negated": (LATE, "DenyUsers !bg1 *\n", [("SSH-02", "BLOCK", 1)], NONE),
    "deny_another": (LATE, "DenyUsers !bg1 bg2 BG1 b\n", [], ALL),
    "deny_a_net": (LATE, "DenyUsers bg1@10.0.0.0/8\n", [("SSH-02", "RISK", 1)], ("127.0.0.1", "192.0.2.10")),
    "deny_a_name": (LATE, "DenyUsers bg1@*.example.org bg1@localhost\n", [], ALL),  # UseDNS no: no names
    "deny_in_upper_case": (LATE, "DENYUSERS bg1\n", [("SSH-02", "BLOCK", 1)], NONE),
    "deny_by_equals": (LATE, "denyusers = bg1\n", [("SSH-02", "BLOCK", 1)], NONE),
    "deny_quoted": (LATE, 'DenyUsers "bg1"\n', [("SSH-02", "BLOCK", 1)], NONE),
    "deny_commented": (LATE, "DenyUsers eve # bg1\n", [], ALL),
    "deny_groups": (LATE, "DenyGroups wheel ro*\n", [("SSH-02", "BLOCK", 1)], NONE),
    "allow_groups": (LATE, "AllowGroups wheel\nAllowGroups sudo\n", [("SSH-02", "BLOCK", 1)], NONE),
    "allow_groups_with": (LATE, "AllowGroups wheel\nAllowGroups root\n", [], ALL),
    "allow_groups_negated": (LATE, "AllowGroups !root\n", [("SSH-02", "BLOCK", 1)], NONE),
    "allow_users_of_a_block": (EARLY, "Match all\n  AllowUsers alice\n", [], ALL),  # those of all blocks that fit count together
    "deny_users_of_a_block": (EARLY, "Match all\n  DenyUsers alice\nMatch User b*\n  DenyUsers bg1\n", [("SSH-02", "BLOCK", 4)], NONE),
    "allow_users_of_another": (EARLY, "Match User alice\n  AllowUsers alice\n", [], ALL),
    "a_block_for_all_but_it": (EARLY, "Match User *,!bg1\n  DenyUsers *\n", [], ALL),
    "deny_all_from_outside": (LATE, "Match Address *,!127.0.0.1,!::1\n  DenyUsers bg1\n", [("SSH-02", "BLOCK", 2)], ("127.0.0.1",)),
    "another_local_address": (LATE, "Match LocalAddress 127.0.0.1\n  DenyUsers bg1\n", [("SSH-02", "RISK", 2)], ("192.0.2.10", "10.1.2.3")),
    "a_port_that_is_not_ours": (LATE, "Match LocalPort 2022\n  DenyUsers bg1\n", [], ALL),
    # SSH-03
    "root": (EARLY, "Match User *\n  PermitRootLogin no\n", [("SSH-03", "BLOCK", 2)], NONE),
    "root_by_key": (EARLY, "Match all\n  PermitRootLogin prohibit-password\n", [("SSH-03", "BLOCK", 2)], NONE),
    "root_forced": (EARLY, "Match all\n  PermitRootLogin forced-commands-only\n", [("SSH-03", "BLOCK", 2)], NONE),
    "root_from_a_net": (EARLY, "Match Address 10.1.*\n  PermitRootLogin no\n", [("SSH-03", "RISK", 2)], ("127.0.0.1", "192.0.2.10")),
    "root_of_others": (MAIN, "PermitRootLogin no\n", [], ALL),
    # SSH-04 .. SSH-07
    "no_pam": (EARLY, "UsePAM no\n", [("SSH-04", "BLOCK", 1)], NONE),
    "no_questions": (EARLY, "Match all\n  KbdInteractiveAuthentication no\n", [("SSH-05", "BLOCK", 2)], NONE),
    "no_questions_old_word": (EARLY, "Match all\n  ChallengeResponseAuthentication=no\n", [("SSH-05", "BLOCK", 2)], NONE),
    "no_questions_for_others": (MAIN, "KbdInteractiveAuthentication no\n", [], ALL),
    "keys_only": (EARLY, "Match User *\n  AuthenticationMethods publickey\n", [("SSH-06", "BLOCK", 2)], NONE),
    "key_before": (EARLY, "Match User *\n  AuthenticationMethods publickey,keyboard-interactive\n", [("SSH-06", "BLOCK", 2)], NONE),
    "password_before": (EARLY, "Match User *\n  AuthenticationMethods password,keyboard-interactive publickey\n", [("SSH-06", "BLOCK", 2)], NONE),
    "another_submethod": (EARLY, "Match User *\n  AuthenticationMethods keyboard-interactive:bsdauth\n", [("SSH-06", "BLOCK", 2)], NONE),
    "any_of_them": (EARLY, "Match all\n  AuthenticationMethods publickey keyboard-interactive\n", [], ALL),
    "forced": (EARLY, "Match all\n  ForceCommand internal-sftp\n", [("SSH-07", "BLOCK", 2)], ALL),
    "no_sessions": (EARLY, "Match all\n  MaxSessions 0\n", [("SSH-07", "BLOCK", 2)], ALL),
    "locked_in": (EARLY, "Match all\n  ChrootDirectory /srv\n", [("SSH-07", "BLOCK", 2)], ALL),
    "no_terminal": (EARLY, "Match Group ro?t\n  PermitTTY no\n", [("SSH-07", "RISK", 2)], ALL),
    "no_forwarding": (EARLY, "DisableForwarding yes\n", [("SSH-07", "WARN", 1)], ALL),
    # SSH-08
    "short": (EARLY, "LoginGraceTime 2m30s\n", [("SSH-08", "WARN", 1)], ALL),
    "long": (EARLY, "LoginGraceTime 3m\n", [], ALL),
    "shorter_than_by_itself": (EARLY, "LoginGraceTime 1m59s\n", [("SSH-08", "RISK", 1)], ALL),
    "too_short_for_anybody": (EARLY, "LoginGraceTime 19\n", [("SSH-08", "BLOCK", 1)], ALL),
    "short_in_a_block_for_all": (EARLY, "Match all\n  LoginGraceTime 20\n", [("SSH-08", "RISK", 2)], ALL),
    "without_limit": (EARLY, "LoginGraceTime 0\n", [], ALL),
    # SSH-09 .. SSH-12
    "few_tries": (EARLY, "Match all\n  MaxAuthTries 2\n", [("SSH-09", "RISK", 2)], ALL),
    "enough_tries": (EARLY, "Match all\n  MaxAuthTries 6\n", [], ALL),
    "one_at_a_time": (EARLY, "MaxStartups 1\n", [("SSH-09", "RISK", 1)], ALL),
    "one_of_a_source": (EARLY, "PerSourceMaxStartups 1\n", [("SSH-09", "RISK", 1)], ALL),
    "names": (EARLY, "UseDNS yes\n", [("SSH-11", "RISK", 1)], ALL),
    "kerberos": (EARLY, "GSSAPIKeyExchange yes\n", [("SSH-11", "WARN", 1)], ALL),
    "keys_by_a_program": (EARLY, "Match all\n  AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n  AuthorizedKeysCommandUser nobody\n",
                          [("SSH-12", "RISK", 2)], None),
    # SSH-15, SSH-16
    "no_such_key": (EARLY, "HostKey /etc/ssh/gone\nHostKey /etc/ssh/ssh_host_ed25519_key\n", [("SSH-15", "WARN", 1)], ALL),
    "old_cipher": (EARLY, "Ciphers aes128-cbc\n", [("SSH-15", "RISK", 1)], None),
    "old_key_exchange": (EARLY, "KexAlgorithms diffie-hellman-group1-sha1\n", [("SSH-15", "RISK", 1)], None),
    "one_cipher": (EARLY, "Ciphers aes256-ctr\n", [], ALL),
    "loses": (EARLY, "Match all\n  PasswordAuthentication yes\n", [("SSH-16", "RISK", 2)], ALL),
    "loses_without_harm": (LATE, "Match all\n  PasswordAuthentication yes\n", [], ALL),
    "only_here": (EARLY, "ListenAddress 127.0.0.1\n", [("SSH-17", "RISK", 1)], ("127.0.0.1",)),
}


def reset():
    for path in (EARLY, LATE):
        if os.path.exists(path):
            os.remove(path)


def each_case(each):
    """Call it for each; all that goes wrong is told."""
    whole, wrong = read(MAIN), []
    for name, case in CASES.items():
        path, text = case[:2]
        reset()
        write(MAIN, whole)
        write(path, text if path != MAIN else text + whole)
        wrong += [(name, *w) for w in each(path, *case[2:])]
    assert not wrong, "\n".join(map(str, wrong))


def finds(path, wanted, _):
    found, want = brief(check()), sorted((i, s, f"{path}:{line}") for i, s, line in wanted)
    return [] if found == want else [(found, want)]


def test_cases():
    host()
    each_case(finds)


def only(*wanted):
    found = brief(check())
    assert found == sorted(wanted), found


def test_lists_of_allowed_users():
    """Where our block has none: sshd puts the lines of a list together."""
    host()
    write(DROPIN, read(DROPIN).replace("    AllowUsers bg1\n", ""))
    for text, severity in (("alice", "BLOCK"), ("bg1", None), ("alice bg?", None), ("!bg1", "BLOCK"), ("!bg2 *", None), ("BG1", "BLOCK"),
                           ("alice,bg1", "BLOCK"), ("bg1@10.0.0.0/8", "RISK"), ("bg1@10.0.0.0/8,!10.1.2.3", "RISK"), ("bg1@*", None),
                           ("*@pc.example.org", "BLOCK"), ("alice\nAllowUsers bg1", None), ("root@127.0.0.1", "BLOCK"), ("bg1@127.0.0.1", "BLOCK")):
        write(LATE, f"AllowUsers {text}\n")
        only(*([("SSH-02", severity, f"{LATE}:1")] if severity else []))
    write(LATE, "UseDNS yes\nAllowUsers bg1@*.example.org\n")
    only(("SSH-02", "RISK", f"{LATE}:2"), ("SSH-11", "RISK", f"{LATE}:1"))


def test_what_sshd_does_not_take():
    """It says so itself, with its line; so does check."""
    host()
    for text, line in (("Port 22\nNoSuchWord 1\n", 2), ("Match exec true\n", 1), ("Match final all\n", 1), ("Match canonical\n", 1)):
        write(LATE, text)
        assert subprocess.run(["/usr/sbin/sshd", "-t"], capture_output=True).returncode != 0
        only(("SSH-01", "BLOCK", f"{LATE}:{line}"))
    reset()
    for key in glob.glob("/etc/ssh/ssh_host_*_key"):
        os.chmod(key, 0o640)
    only(("SSH-15", "BLOCK", f"{MAIN}:0"))


def test_sshd_that_never_ran():
    """Its directory is missing: it is asked all the same, and no directory is made."""
    host()
    sh("rm", "-r", "/run/sshd")
    write(LATE, "DenyUsers bg1\n")
    only(("SSH-02", "BLOCK", f"{LATE}:1"))
    assert not os.path.exists("/run/sshd")


def test_nothing_listens():
    host()
    stop()
    only(("SSH-01", "BLOCK", f"{MAIN}:0"))
    write(LATE, "Port 2222\n")
    only(("SSH-01", "BLOCK", f"{LATE}:1"))
    os.makedirs("/run/systemd/system")
    sh("rm", "-f", *glob.glob("/etc/systemd/system/*.wants/ssh*"))
    only(("SSH-01", "WARN", f"{LATE}:1"))
    reset()
    sshd()
    only(("SSH-01", "RISK", ":0"))


def test_an_own_one_that_is_switched_off():
    """Nobody has it by chance, as the host's own."""
    host()
    os.makedirs("/run/systemd/system")
    before = brief(check())
    bg("init", "--yes", "--sshd-instance", "2222", rc=1)
    got = [f for f in brief(check()) if f not in before]
    assert got == [("SSH-01", "BLOCK", "/etc/breakglass/sshd_config:" + str(1 + read("/etc/breakglass/sshd_config").splitlines().index("Port 2222")))], got


def test_includes():
    """A line is found in whatever file it stands, and counts only where its blocks do."""
    host()
    write("/etc/ssh/deeper.conf", "Match Address 10.0.0.0/8\n  DenyUsers bg1\n")
    write("/etc/ssh/deep.conf", "# x\nInclude deeper.conf\n")
    write(LATE, "Include /etc/ssh/deep.conf\n")
    only(("SSH-02", "RISK", "/etc/ssh/deeper.conf:2"))
    write(LATE, "Match User alice\n  Include /etc/ssh/deep.conf\n")
    only()
    reset()
    write(MAIN, read(MAIN).replace("Include /etc/ssh/sshd_config.d/*.conf", "#"))
    newer = subprocess.run(["/usr/sbin/sshd", "-t", "-o", "PerSourcePenalties=no"], stderr=subprocess.DEVNULL).returncode == 0
    penalties = [("SSH-10", "RISK", f"{MAIN}:0")] if newer else []
    only(("SSH-08", "WARN", f"{MAIN}:0"), ("SSH-16", "BLOCK", f"{MAIN}:0"), *penalties)
    os.remove(DROPIN)
    only(("SSH-08", "WARN", f"{MAIN}:0"), ("SSH-16", "BLOCK", f"{DROPIN}:0"), *penalties)


def test_left_alone():
    host("--no-sshd", shares=None)
    only(("SSH-16", "WARN", f"{DROPIN}:0"))


def test_libwrap():
    """hosts_access(5); Debian's sshd is linked with it."""
    allow, deny = "/etc/hosts.allow", "/etc/hosts.deny"
    host()
    for allowed, denied, wanted in (("", "", []), ("", "ALL: ALL", [("BLOCK", deny, 1)]), ("sshd: 10.0.0.0/8", "# x\nALL : ALL", [("RISK", deny, 2)]),
                                    ("sshd: ALL", "ALL: ALL", []), ("ALL: 127.0.0.1 [::1]", "sshd: ALL", [("BLOCK", deny, 1)]),
                                    ("", "in.telnetd: ALL", []), ("", "sshd : 192.0.2. : allow", []), ("", "sshd: 192.0.2.0/255.255.255.0", [("RISK", deny, 1)]),
                                    ("", "sshd : ALL EXCEPT 192.0.2.0/24, [2001:db8::]/32", []), ("", "ALL: PARANOID", [("UNKNOWN", deny, 1)]),
                                    ("sshd : ALL : deny", "", [("BLOCK", allow, 1)]), ("", "sshd: \\\n 192.0.2.10", [("RISK", deny, 1)])):
        write(allow, allowed + "\n")
        write(deny, denied + "\n")
        only(*(("SSH-13", severity, f"{path}:{line}") for severity, path, line in wanted))


def test_bans():
    """As fail2ban reads its files: the last one that says something counts."""
    host()
    os.makedirs("/etc/fail2ban/jail.d", exist_ok=True)
    write("/etc/fail2ban/jail.conf", "[DEFAULT]\nenabled = false\n[sshd]\nport = ssh\n[nginx]\nenabled = true\n")
    write("/etc/fail2ban/jail.d/a.conf", "[sshd]\nenabled = true\n")
    only()  # it is not installed
    write("/usr/bin/fail2ban-server", "", 0o755)
    only(("SSH-14", "RISK", "/etc/fail2ban/jail.d/a.conf:2"))
    write("/etc/fail2ban/jail.local", "[DEFAULT]\nignoreip = 127.0.0.1/8 ::1\n")
    only(("SSH-14", "RISK", "/etc/fail2ban/jail.d/a.conf:2"))
    write("/etc/fail2ban/jail.local", "[DEFAULT]\nignoreip = 127.0.0.1/8 ::1\n  10.0.0.0/8\n")
    only()
    write("/etc/fail2ban/jail.d/z.local", "[sshd]\nignoreip = ::1\n")
    only(("SSH-14", "RISK", "/etc/fail2ban/jail.d/a.conf:2"))
    write("/etc/fail2ban/jail.d/z.local", "[sshd]\nenabled = no\n")
    only()


def test_certificates():
    host()
    sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/run/ca")
    cert = "/etc/ssh/ssh_host_ed25519_key-cert.pub"
    write(LATE, f"HostCertificate {cert}\n")
    for valid, wanted in (("-1d:+1d", []), ("always:forever", []), ("20200101:20200201", [("SSH-15", "WARN", f"{LATE}:1")]), ("+1d:+2d", [("SSH-15", "WARN", f"{LATE}:1")])):
        sh("ssh-keygen", "-q", "-s", "/run/ca", "-h", "-I", "x", "-V", valid, "/etc/ssh/ssh_host_ed25519_key.pub", stderr=subprocess.DEVNULL)
        only(*wanted)


def test_what_an_account_takes():
    """The words of its cards, and not a number for all."""
    host(patient=False, shares="3/5")
    out = check()
    assert [f["id"] for f in out] == ["SSH-08"] and " 360 s " in out[0]["text"] and out[0]["severity"] == "WARN" and "--sshd-instance" in out[0]["next"], out  # 60 + 3 x (20 + 20 x 4)
    bg("init", "--yes", "--sshd-instance", "2222")
    sshd("-f", "/etc/breakglass/sshd_config", pidfile="/run/breakglass/sshd.pid")
    only(("SSH-08", "WARN", f"{MAIN}:0"))
    write("/etc/breakglass/sshd_config", read("/etc/breakglass/sshd_config").replace("AllowUsers bg1", "AllowUsers bg2"))
    only(("SSH-02", "BLOCK", next(f"/etc/breakglass/sshd_config:{i}" for i, line in enumerate(read("/etc/breakglass/sshd_config").split("\n"), 1) if "AllowUsers" in line)),
         ("SSH-08", "WARN", f"{MAIN}:0"))


if __name__ == "__main__":
    main(globals())
