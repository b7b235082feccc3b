# SPDX-License-Identifier: ISC
"""Settings of sshd that shut the account out, or leave it too little time: named with file and line, by status and at the prompt."""

import contextlib
import re
from collections.abc import Iterator

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
MAIN, EARLY, LATE = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/05-lab.conf", "/etc/ssh/sshd_config.d/50-lab.conf"


def start() -> None:
    bglab.start_daemons()
    bglab.run("getent group wheel >/dev/null || groupadd wheel")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3))


@contextlib.contextmanager
def configured(path: str, text: str) -> Iterator[None]:
    """sshd runs with that file."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    bglab.stop("sshd")
    bglab.start("sshd")
    try:
        yield
    finally:
        bglab.run(["rm", path])
        bglab.stop("sshd")
        bglab.start("sshd")


def found() -> str:
    """What status says, in one line; "" when it finds nothing."""
    result = bglab.run(["breakglass", "status"])
    return re.sub(r"\s+", " ", result.stderr) if result.returncode == 1 else ""


def test_sound_to_begin_with() -> None:
    bglab.equal(found(), "")


# The file that shuts the account out; its text; the line; what status says; and, where sshd asks at all, what the person reads.
SHUT = {
    "deny_users": (LATE, "# x\nDenyUsers eve bg*\n", 2, "BG546 sshd keeps bg1 out by DenyUsers: ", "DenyUsers"),
    "deny_groups": (LATE, "DenyGroups root\n", 1, "BG546 sshd keeps bg1 out by DenyGroups: ", "DenyGroups"),
    "allow_groups": (LATE, "AllowGroups wheel\n", 1, "BG546 sshd keeps bg1 out by AllowGroups: ", "AllowGroups"),
    "allow_users_of_an_earlier_match": (EARLY, "Match all\n  AllowUsers alice\n", 2, "would use AllowUsers alice instead of bg1: ", None),
    "root_login_of_an_earlier_match": (EARLY, "Match User *\n  PermitRootLogin no\n", 2, "would use PermitRootLogin no instead of yes: ", None),
    "no_keyboard_interactive": (EARLY, "Match all\n  KbdInteractiveAuthentication no\n", 2, "would use KbdInteractiveAuthentication no ", None),
    "other_methods": (EARLY, "Match all\n  AuthenticationMethods publickey\n", 2, "would use AuthenticationMethods publickey ", None),
    "too_few_tries": (EARLY, "Match all\n  MaxAuthTries 1\n", 2, "would use MaxAuthTries 1 instead of 20: ", None),
    "from_one_network": (EARLY, "Match Address 10.1.0.0/16\n  KbdInteractiveAuthentication no\n", 2, "For bg1 (addr 10.1.0.0), sshd would use ", None),
    "at_one_port": (EARLY, "Match LocalPort 2222\n  DenyUsers bg1\n", 2, "BG546 sshd keeps bg1 (lport 2222) out by DenyUsers: ", None),
    "without_pam": (EARLY, "UsePAM no\n", 1, "would use UsePAM no instead of yes: ", None),
    "too_short": (EARLY, "LoginGraceTime 1m\n", 1, "BG593 sshd gives a login 60 seconds in all: ", None),
}


def _test_of(path: str, text: str, line: int, says: str, at_the_prompt: str | None):  # type: ignore[no-untyped-def]
    def test() -> None:
        with configured(path, text):
            said = found()
            assert says in said and f"{path}, line {line}." in said, said
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


def test_our_file_is_gone() -> None:
    drop_in = "/etc/ssh/sshd_config.d/10-breakglass.conf"
    bglab.run(["mv", drop_in, "/root/drop-in"])
    try:
        assert f"BG594 {drop_in} is gone." in found()
    finally:
        bglab.run(["mv", "/root/drop-in", drop_in])
    bglab.equal(found(), "")


def test_our_file_is_not_read() -> None:
    """One finding that names the cause, and not one for each setting."""
    bglab.run("cp -a /etc/ssh/sshd_config /root/sshd_config; sed -i s/^Include/#Include/ /etc/ssh/sshd_config")
    try:
        said = found()
        assert "BG599 sshd does not read /etc/ssh/sshd_config.d/10-breakglass.conf" in said and "BG542" not in said, said
    finally:
        bglab.run("mv /root/sshd_config /etc/ssh/sshd_config")


def test_how_long_sshd_waits() -> None:
    """Said where it may be too little, and only over ssh."""
    for text, seconds in (("LoginGraceTime 150\n", 150), ("LoginGraceTime 2m\n", 120), ("LoginGraceTime 300\n", 0), ("LoginGraceTime 0\n", 0)):
        with configured(EARLY, text), bglab.ssh(ACCOUNT) as person:
            person.expect(dialogue.START)
            seen = re.findall(r"sshd closes this connection (\d+) seconds", person.transcript)
            bglab.equal(seen, [str(seconds)] if seconds else [])
            person.line("q")
            person.expect_end()
    with configured(EARLY, "LoginGraceTime 150\n"), bglab.login(ACCOUNT) as person:
        person.expect(dialogue.START)
        assert "BG595" not in person.transcript


def test_and_it_opens() -> None:
    with bglab.ssh(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])


def test_init_refuses_what_keeps_the_account_out() -> None:
    with configured(LATE, "DenyUsers bg2\n"):
        result = bglab.run(["breakglass", "init", "--account", "bg2", "--yes"])
        bglab.equal(result.returncode, 1)
        assert "BG546" in result.stderr and "BG553" in result.stderr, result.stderr
