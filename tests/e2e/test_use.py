# SPDX-License-Identifier: ISC
"""A use opens one session: in its own boot, for its own account, once."""

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    # what root could always do: a PAM environment that names a use, and a session without auth
    with open("/etc/pam.d/su", encoding="utf-8") as file:
        text = file.read()
    kept = [x for x in text.splitlines(True) if "pam_breakglass" not in x or x.startswith("session")]
    with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
        file.write("session optional pam_env.so envfile=/run/use\n" + "".join(kept))


def tries(use: str) -> str:
    """su by root with that use in the PAM environment; what it printed."""
    with open("/run/use", "w", encoding="ascii") as file:
        file.write(f"BREAKGLASS_USE={use}\n")
    with bglab.Session(["/bin/su", "-s", "/bin/sh", ACCOUNT, "-c", "echo INSI''DE"]) as person:
        return person.expect_end(20)


def newest_use() -> str:
    return bglab.journal()[-1]["data"]["unmapped"]["breakglass"].get("use", "")


def granted_only() -> str:
    """A use that was granted but has no session: with --tty the program ends with the grant."""
    with bglab.Session(["/usr/libexec/breakglass/breakglass-login", "--tty", ACCOUNT]) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect("BG119")
        bglab.equal(person.wait(), 0)
    return newest_use()


def test_a_used_use() -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        use = newest_use()
        person.line("exit")
        person.wait()
    assert "INSIDE" not in tries(use)
    bglab.equal(bglab.event_types(bglab.journal())[-1], "session.ungranted")


def test_an_invented_use() -> None:
    assert "INSIDE" not in tries("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_a_granted_use_opens_once() -> None:
    use = granted_only()
    assert "INSIDE" in tries(use)
    assert "INSIDE" not in tries(use)


def test_a_use_of_another_boot() -> None:
    use = granted_only()
    bglab.run("echo 11111111-2222-3333-4444-555555555555 >/run/boot_id; mount --bind /run/boot_id /proc/sys/kernel/random/boot_id")
    try:
        assert "INSIDE" not in tries(use)
    finally:
        bglab.run("umount /proc/sys/kernel/random/boot_id")
    assert "INSIDE" in tries(use)
