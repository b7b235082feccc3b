# SPDX-License-Identifier: ISC
"""Settings of sshd that shut the account out, or leave it too little time: named with file and line, by status and at the prompt."""

import re
import socket

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
MAIN, EARLY, LATE = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/05-lab.conf", "/etc/ssh/sshd_config.d/50-lab.conf"


def start() -> None:
    bglab.start_daemons()
    bglab.run("getent group wheel >/dev/null || groupadd wheel")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3))


def found() -> str:
    """What status says, in one line; "" when it finds nothing."""
    result = bglab.run(["breakglass", "status"])
    return re.sub(r"\s+", " ", result.stderr) if result.returncode == 1 else ""


def test_sound_to_begin_with() -> None:
    bglab.equal(found(), "")


# The file that shuts the account out; its text; the line; what status says; and, where sshd asks at all, what the person reads.
SHUT = {
    "deny_users": (LATE, "# x\nDenyUsers eve bg*\n", 2, "SSH-02 BLOCK: sshd refuses bg1 by a list of users or groups: DenyUsers bg* ", "DenyUsers"),
    "deny_groups": (LATE, "DenyGroups root\n", 1, "SSH-02 BLOCK: sshd refuses bg1 by a list of users or groups: DenyGroups root ", "DenyGroups"),
    "allow_groups": (LATE, "AllowGroups wheel\n", 1, "SSH-02 BLOCK: sshd refuses bg1 by a list of users or groups: AllowGroups without it ", "AllowGroups"),
    "root_login_of_an_earlier_match": (EARLY, "Match User *\n  PermitRootLogin no\n", 2, "SSH-03 BLOCK: sshd keeps bg1, whose user id is 0, from the dialogue: PermitRootLogin no ", None),
    "no_keyboard_interactive": (EARLY, "Match all\n  KbdInteractiveAuthentication no\n", 2, "SSH-05 BLOCK: sshd asks bg1 nothing: KbdInteractiveAuthentication no ", None),
    "other_methods": (EARLY, "Match all\n  AuthenticationMethods publickey\n", 2, "SSH-06 BLOCK: sshd does not let bg1 come to the dialogue with the methods that it demands: AuthenticationMethods publickey ", None),
    "too_few_tries": (EARLY, "Match all\n  MaxAuthTries 1\n", 2, "SSH-09 RISK: sshd hangs up on bg1 after few tries ", None),
    "from_one_network": (EARLY, "Match Address 10.1.0.0/16\n  KbdInteractiveAuthentication no\n", 2, "SSH-05 RISK: sshd asks bg1 nothing when it comes from 10.1.", None),
    "at_one_port": (EARLY, "Port 22\nPort 2222\nMatch LocalPort 2222\n  DenyUsers bg1\n", 4, "SSH-02 RISK: sshd refuses bg1 when it comes from ", None),
    "without_pam": (EARLY, "UsePAM no\n", 1, "SSH-04 BLOCK: sshd does not ask PAM: UsePAM no ", None),
    "too_short": (EARLY, "LoginGraceTime 1m\n", 1, "SSH-08 RISK: sshd hangs up on bg1 before the 120 s that it gives a login by itself: LoginGraceTime 60 ", None),
}


def _test_of(path: str, text: str, line: int, says: str, at_the_prompt: str | None):  # type: ignore[no-untyped-def]
    def test() -> None:
        with bglab.sshd_configured(path, text):
            said = found()
            assert says in said and f"({path}, line {line})" in said, said
            bglab.equal(said.count(f"{path}, line "), 1)
            if at_the_prompt is None:
                return
            with bglab.ssh(ACCOUNT) as person:
                bglab.type_shares(person, SHARES[:1])
                person.expect(rf"sshd itself refused [\s\S]*{at_the_prompt} in\s+{path},\s+line\s+{line}\.[\s\S]*BG103")
                person.expect(dialogue.LAST_WORD)
                assert "Match" not in person.transcript and "eve" not in person.transcript.split("sshd itself refused")[1], person.transcript

    return test


for _name, _shut in SHUT.items():
    _test = _test_of(*_shut)
    _test.__name__ = f"test_{_name}"
    globals()[_test.__name__] = _test


def test_allow_users_of_an_earlier_match() -> None:
    """sshd puts it together with ours, and the account gets in: nobody says otherwise, nor does init."""
    with bglab.sshd_configured(EARLY, "Match all\n  AllowUsers alice\n"):
        bglab.equal(found(), "")
        with bglab.ssh(ACCOUNT) as person:
            person.expect(dialogue.START)
            person.line("q")
            person.expect_end()
        result = bglab.run(["breakglass", "init", "--yes"])
        assert "BG542" not in result.stderr and "BG546" not in result.stderr, result.stderr


def test_our_file_is_gone() -> None:
    drop_in = "/etc/ssh/sshd_config.d/10-breakglass.conf"
    bglab.run(["mv", drop_in, "/root/drop-in"])
    try:
        said = found()
        assert f"SSH-16 BLOCK: {drop_in} is gone, so bg1 is not let in" in said and "BG594" not in said, said
    finally:
        bglab.run(["mv", "/root/drop-in", drop_in])
    bglab.equal(found(), "")


def test_our_file_is_not_read() -> None:
    """One finding that names the cause, and not one for each setting."""
    bglab.run("cp -a /etc/ssh/sshd_config /root/sshd_config; sed -i s/^Include/#Include/ /etc/ssh/sshd_config")
    try:
        said = found()
        assert "SSH-16 BLOCK: /etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/10-breakglass.conf" in said, said
        bglab.equal(said.count("SSH-"), 1)
    finally:
        bglab.run("mv /root/sshd_config /etc/ssh/sshd_config")


def test_how_long_sshd_waits() -> None:
    """Said where it may be too little, and only over ssh."""
    for text, seconds in (("LoginGraceTime 150\n", 150), ("LoginGraceTime 2m\n", 120), ("LoginGraceTime 300\n", 0), ("LoginGraceTime 0\n", 0)):
        with bglab.sshd_configured(EARLY, text), bglab.ssh(ACCOUNT) as person:
            person.expect(dialogue.START)
            seen = re.findall(r"sshd closes this connection (\d+) seconds", person.transcript)
            bglab.equal(seen, [str(seconds)] if seconds else [])
            person.line("q")
            person.expect_end()
    with bglab.sshd_configured(EARLY, "LoginGraceTime 150\n"), bglab.login(ACCOUNT) as person:
        person.expect(dialogue.START)
        assert "BG595" not in person.transcript


def test_and_it_opens() -> None:
    with bglab.ssh(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])


def test_init_refuses_what_keeps_the_account_out() -> None:
    with bglab.sshd_configured(LATE, "DenyUsers bg2\n"):
        result = bglab.run(["breakglass", "init", "--account", "bg2", "--yes"])
        bglab.equal(result.returncode, 1)
        assert "BG546" in result.stderr and "BG553" in result.stderr, result.stderr


def test_who_reads_that_init_is_done_gets_an_answer() -> None:
    """sshd refuses everybody while it begins anew."""
    for _ in range(10):
        for words in (["--undo"], ["--account", ACCOUNT]):
            bglab.equal(bglab.run(["breakglass", "init", *words, "--yes"]).returncode, 0)
            socket.create_connection(("127.0.0.1", 22), 5).close()
