# SPDX-License-Identifier: ISC
"""What breakglass check says of sshd, and what a person who comes by ssh meets: the same."""

import json

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
EARLY, LATE = "/etc/ssh/sshd_config.d/05-lab.conf", "/etc/ssh/sshd_config.d/50-lab.conf"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT, 1, 1))
    with open("/etc/ssh/sshd_config.d/90-lab.conf", "w", encoding="ascii") as file:
        file.write("LoginGraceTime 900\n")


def predicted() -> list[tuple[str, str]]:
    result = bglab.run(["breakglass", "check", "--json"], timeout=60)
    found = json.loads(result.stdout)["findings"]
    seen = sorted((f["id"], f["severity"]) for f in found if f["id"].startswith("SSH-"))
    seen.remove(("SSH-17", "RISK"))  # the lab's sshd is for this host alone
    return seen


# The file, its text, what check says, and whether the account opens from this host.
CASES = {
    "sound": (LATE, "DenyUsers !bg1 eve *@10.0.0.0/8,!127.0.0.1\n", [("SSH-02", "RISK")], True),
    "deny_users_with_a_negation": (LATE, "DenyUsers !bg1 *\n", [("SSH-02", "BLOCK")], False),
    "allow_groups": (LATE, 'AllowGroups="wheel"\n', [("SSH-02", "BLOCK")], False),
    "allow_users_of_two_blocks": (EARLY, "Match User *\n  AllowUsers alice\n", [], True),
    "root_login_by_key": (EARLY, "Match User *\n  PermitRootLogin prohibit-password\n", [("SSH-03", "BLOCK")], False),
    "no_questions": (EARLY, "Match User *\n  KbdInteractiveAuthentication no\n", [("SSH-05", "BLOCK")], False),
    "a_key_first": (EARLY, "Match User *\n  AuthenticationMethods publickey,keyboard-interactive\n", [("SSH-06", "BLOCK")], False),
    "libwrap": ("/etc/hosts.deny", "sshd : 127.0.0.1\nsshd : 192.0.2.0/24\n", [("SSH-13", "RISK")], False),
}


def opens() -> bool:
    """Asked, with its card typed, and not refused for all that."""
    with bglab.ssh(ACCOUNT) as person:
        person.expect(rf"({dialogue.START})|Permission denied|Connection (closed|reset)|Received disconnect|kex_exchange_identification")
        if "START" in person.transcript or "Press" in person.transcript:
            person.line()
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(SHARES[0]))
            person.expect(rf"({dialogue.NAME})|sshd itself refused|Permission denied|BG103")
            return "sshd itself refused" not in person.transcript and "full name" in " ".join(person.transcript.split())
        return False


def _test_of(path: str, text: str, says: list[tuple[str, str]], lets_in: bool):  # type: ignore[no-untyped-def]
    def test() -> None:
        with bglab.sshd_configured(path, text):
            bglab.equal(predicted(), says)
            bglab.equal(opens(), lets_in)

    return test


for _name, _case in CASES.items():
    _test = _test_of(*_case)
    _test.__name__ = f"test_{_name}"
    globals()[_test.__name__] = _test


def test_and_it_opens() -> None:
    bglab.equal(predicted(), [])
    with bglab.ssh(ACCOUNT) as person:
        bglab.open_door(person, SHARES)
