# SPDX-License-Identifier: ISC
"""What keeps an operator out, or lets others in, is named: by "breakglass status", at the prompt and in the log."""

import contextlib
import os
from collections.abc import Iterator

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ACCOUNTS = "/etc/breakglass/accounts"
SHELL = "/usr/local/bin/oddshell"


def start() -> None:
    bglab.start_daemons()
    bglab.run(f"cp /bin/bash {SHELL}")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, "--shell", SHELL))


def status() -> int:
    return bglab.run(["breakglass", "status"]).returncode


@contextlib.contextmanager
def harmed(harm: str, repair: str) -> Iterator[None]:
    bglab.run(harm)
    try:
        yield
    finally:
        bglab.run(repair)


def shell_away() -> contextlib.AbstractContextManager[None]:
    return harmed(f"mv {SHELL} {SHELL}.away", f"mv {SHELL}.away {SHELL}")


def test_sound_to_begin_with() -> None:
    bglab.equal(status(), 0)


def test_shell_that_was_uninstalled() -> None:
    with shell_away():
        bglab.equal(status(), 1)


def test_configuration_directory_open_to_all() -> None:
    """Anybody could take the accounts file away, and with it the account."""
    with harmed("chmod 777 /etc/breakglass", "chmod 755 /etc/breakglass"):
        bglab.equal(status(), 1)


def test_credentials_that_all_may_read() -> None:
    with harmed(f"chmod 644 /etc/breakglass/credentials/{ACCOUNT}", f"chmod 600 /etc/breakglass/credentials/{ACCOUNT}"):
        bglab.equal(status(), 1)


# What happened to the accounts file, and the words at the prompt.
FAULTS = {
    "group_may_write": (f"chmod 664 {ACCOUNTS}", "BG603 .*others than its owner may write"),
    "not_roots": (f"chown alice {ACCOUNTS}", "BG603 .*does not belong to root"),
    "a_link": (f"mv {ACCOUNTS} {ACCOUNTS}.real; ln -s {ACCOUNTS}.real {ACCOUNTS}", "BG603 .*symbolic link"),
    "byte_order_mark": (f"sed -i '1s/^/\\xef\\xbb\\xbf/' {ACCOUNTS}", "BG406 .*byte order mark"),
    "carriage_returns": (f"sed -i 's/$/\\r/' {ACCOUNTS}", "BG406 .*carriage return"),
}


def _test_of(harm: str, words: str):  # type: ignore[no-untyped-def]
    def test() -> None:
        number, _, sentence = words.partition(" .*")  # the log has the number in front, the screen behind
        words_in_lines = sentence.replace(" ", r"\s+") + rf"[\s\S]*\({number}\)"
        with harmed(f"cp -a {ACCOUNTS} /run/accounts.kept; {harm}", f"rm -f {ACCOUNTS}.real; mv /run/accounts.kept {ACCOUNTS}"):
            bglab.equal(status(), 1)
            mark = bglab.auth_log_mark()
            with bglab.login(ACCOUNT) as person:
                person.expect(words_in_lines)
                wide = [line for line in person.transcript.replace("\r", "").split("\n") if len(line) > 80]
                bglab.equal(wide, [])
            bglab.wait_auth_log(words, mark)
            with bglab.ssh(ACCOUNT) as person:
                person.expect(words_in_lines)
            with bglab.login("alice") as person:
                bglab.password_login(person, bglab.PASSWORDS["alice"])
                assert "BG" not in person.transcript, person.transcript
        assert not os.path.exists("/run/accounts.kept")
        bglab.equal(status(), 0)

    return test


for _name, _fault in FAULTS.items():
    _test = _test_of(*_fault)
    _test.__name__ = f"test_accounts_file_{_name}"
    globals()[_test.__name__] = _test


def test_and_then_it_opens() -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])


def test_ssh_names_the_missing_shell() -> None:
    """sshd refuses a user without a shell, and not because of its Match block."""
    with shell_away(), bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:1])
        person.expect("sshd itself refused")
        person.expect(dialogue.LAST_WORD)
        assert "shell" in person.before and "BG103" in person.before, person.before
