# SPDX-License-Identifier: ISC
"""The gate: every way into the account except its dialogue is refused and recorded."""

import os

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
SERVICES = "login,sshd,su,su-l,sudo,cron"


def start() -> None:
    bglab.start_daemons()
    bglab.start("cron")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, "--services", SERVICES))


def new_events(before: int) -> list[dict]:
    return bglab.journal()[before:]


def wait_event(kind: str, before: int, seconds: float = 5.0) -> dict:
    """The first event of that kind since then."""
    bglab.until(kind, lambda: kind in bglab.event_types(new_events(before)), seconds)
    return next(e for e in new_events(before) if f".{kind}." in e["type"])


def detail(event: dict) -> str:
    return event["data"]["unmapped"]["breakglass"].get("detail", "")


def test_plain_public_key() -> None:
    """A key in the account's own file: sshd accepts it, the gate does not."""
    before = len(bglab.journal())
    bglab.run("ssh-keygen -q -t ed25519 -N '' -f /root/bgkey && cp /root/bgkey.pub /etc/breakglass/ssh/bg1 && chmod 600 /etc/breakglass/ssh/bg1")
    bglab.run("mv /etc/ssh/sshd_config.d/10-breakglass.conf /root/drop-in")
    bglab.run("install -d -m700 /root/.ssh && cp /root/bgkey.pub /root/.ssh/authorized_keys; "
              "mkdir -p /var/lib/breakglass/home/bg1/.ssh && cp /root/bgkey.pub /var/lib/breakglass/home/bg1/.ssh/authorized_keys; "
              "chmod 700 /var/lib/breakglass/home/bg1/.ssh; chmod 600 /var/lib/breakglass/home/bg1/.ssh/authorized_keys; "
              "echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/00-lost.conf")
    bglab.stop("sshd")
    bglab.start("sshd")
    try:
        with bglab.ssh(ACCOUNT, "publickey", ["IdentityFile=/root/bgkey"], "echo INSIDE") as person:
            out = person.expect_end(20)
        assert "INSIDE" not in out.replace("echo INSIDE", ""), out
        bglab.equal(detail(wait_event("gate.refused", before)), "BG430")
    finally:
        bglab.run("rm -f /etc/ssh/sshd_config.d/00-lost.conf; mv /root/drop-in /etc/ssh/sshd_config.d/10-breakglass.conf")
        bglab.stop("sshd")
        bglab.start("sshd")


def test_public_key_with_our_drop_in() -> None:
    """The drop-in takes keys that a FIDO2 key holds, and no others."""
    with bglab.ssh(ACCOUNT, "publickey", ["IdentityFile=/root/bgkey"], "echo INSIDE") as person:
        out = person.expect_end(20)
    assert "INSIDE" not in out.replace("echo INSIDE", "") and "Permission denied" in out, out


def test_login_f() -> None:
    before = len(bglab.journal())
    with bglab.Session(["/bin/login", "-f", ACCOUNT]) as person:
        out = person.expect_end(20)
        assert person.wait() != 0, out
    bglab.equal(detail(wait_event("gate.refused", before)), "BG430")


def test_su_by_root_runs_the_dialogue() -> None:
    with bglab.su(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        person.line("exit")
        bglab.equal(person.wait(), 0)


def test_su_by_root_past_us() -> None:
    """pam_rootok before our line, as after a careless edit: auth never reaches us, account does."""
    text = bglab.read("/etc/pam.d/su")
    ours = next(x for x in text.splitlines(True) if x.startswith("auth") and "pam_breakglass" in x)
    before = len(bglab.journal())
    try:
        with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
            file.write("auth sufficient pam_rootok.so\n" + text.replace(ours, ""))
        with bglab.Session(["/bin/su", "-s", "/bin/sh", ACCOUNT, "-c", "echo INSIDE"]) as person:
            out = person.expect_end(20)
            assert person.wait() != 0, out
        assert "INSIDE" not in out
        bglab.equal(detail(wait_event("gate.refused", before)), "BG430")
    finally:
        with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
            file.write(text)


def test_su_session_without_account_or_auth() -> None:
    """Our auth and account lines are gone: the session phase still raises an alarm."""
    text = bglab.read("/etc/pam.d/su")
    before = len(bglab.journal())
    try:
        kept = [x for x in text.splitlines(True) if "pam_breakglass" not in x or x.startswith("session")]
        with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
            file.write("".join(kept))
        with bglab.Session(["/bin/su", "-s", "/bin/sh", ACCOUNT, "-c", "echo INSIDE"]) as person:
            out = person.expect_end(20)
        assert "INSIDE" not in out, out
        bglab.equal(detail(wait_event("session.ungranted", before)), "BG432")
    finally:
        with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
            file.write(text)


def test_sudo_u() -> None:
    before = len(bglab.journal())
    with bglab.Session(["sudo", "-u", ACCOUNT, "echo", "INSIDE"]) as person:
        person.expect_end(20)
    bglab.equal(detail(wait_event("session.ungranted", before)), "BG432")


def test_cron() -> None:
    """cron runs the account phase before each job."""
    before, mark = len(bglab.journal()), bglab.auth_log_mark()
    with open("/etc/cron.d/bgtest", "w", encoding="ascii") as file:
        file.write(f"* * * * * {ACCOUNT} touch /tmp/cron-was-here\n")
    os.chmod("/etc/cron.d/bgtest", 0o644)
    bglab.equal(detail(wait_event("gate.refused", before, 130.0)), "BG430")
    assert not os.path.exists("/tmp/cron-was-here"), bglab.auth_log_since(mark)


def test_password_method_learns_nothing() -> None:
    """sshd's password method: refused with its own message, and the password is nowhere."""
    before, mark = len(bglab.journal()), bglab.auth_log_mark()
    secret = "hunter2-not-for-you"
    bglab.run("mv /etc/ssh/sshd_config.d/10-breakglass.conf /root/drop-in; "
              "printf 'PermitRootLogin yes\\nPasswordAuthentication yes\\n' >/etc/ssh/sshd_config.d/00-lost.conf")
    bglab.stop("sshd")
    bglab.start("sshd")
    try:
        with bglab.ssh(ACCOUNT, "password", ["NumberOfPasswordPrompts=1"]) as person:
            person.expect(dialogue.PASSWORD_PROMPT)
            person.line(secret)
            person.expect(dialogue.SSH_DENIED)
    finally:
        bglab.run("rm -f /etc/ssh/sshd_config.d/00-lost.conf; mv /root/drop-in /etc/ssh/sshd_config.d/10-breakglass.conf")
        bglab.stop("sshd")
        bglab.start("sshd")
    event = wait_event("attempt.failed", before)
    bglab.equal(detail(event), "BG104")
    bglab.wait_auth_log(r"BG104", mark)
    assert secret not in bglab.run("cat /var/log/*.log /var/log/syslog; cat /var/lib/breakglass/journal/*").stdout


def test_user_whom_sshd_refuses() -> None:
    """uid 0 while PermitRootLogin forbids it: sshd answers in the person's place, and that is reported."""
    before = len(bglab.journal())
    bglab.run("mv /etc/ssh/sshd_config.d/10-breakglass.conf /root/drop-in; "
              "printf 'PermitRootLogin no\\nKbdInteractiveAuthentication yes\\n' >/etc/ssh/sshd_config.d/00-lost.conf")
    bglab.stop("sshd")
    bglab.start("sshd")
    try:
        with bglab.ssh(ACCOUNT) as person:
            person.expect(dialogue.START)
            person.line()
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(SHARES[0]))
            person.expect("BG103")
            person.line()
            person.expect(dialogue.SSH_DENIED, dialogue.START)
    finally:
        bglab.run("rm -f /etc/ssh/sshd_config.d/00-lost.conf; mv /root/drop-in /etc/ssh/sshd_config.d/10-breakglass.conf")
        bglab.stop("sshd")
        bglab.start("sshd")
    bglab.equal(detail(wait_event("attempt.failed", before)), "BG103")


def test_audit_uid_is_the_accounts_own() -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        seen = person.shell("cat /proc/self/loginuid; echo; logname").split()
        person.line("exit")
        person.wait()
    bglab.equal(seen, ["59001", "bg1"])


def test_nothing_of_it_is_in_the_environment_but_the_use() -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        env = person.shell("env")
        person.line("exit")
        person.wait()
    use = next(x.split("=", 1)[1] for x in env.splitlines() if x.startswith("BREAKGLASS_USE="))
    assert any(e["data"]["unmapped"]["breakglass"].get("use") == use for e in bglab.journal())
    for word in SHARES[0].split()[4:]:
        assert f" {word[:4]}" not in env


def test_journal_verifies() -> None:
    out = bglab.run(["breakglass", "journal", "verify"])
    bglab.equal(out.returncode, 0)
