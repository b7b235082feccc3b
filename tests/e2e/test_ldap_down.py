# SPDX-License-Identifier: ISC
"""LDAP is down in three ways, and the emergency account gets in by three ways without asking it anything."""

import bglab

ACCOUNT = "bg1"
INIT: list[str] = []  # more options of init, and the uid that they give: test_ldap_down_own_uid.py changes both
UID = ["0"]
SHARES: list[str] = []
WAYS = {
    "login": lambda: bglab.login(ACCOUNT),
    "ssh": lambda: bglab.ssh(ACCOUNT),
    "su": lambda: bglab.su(ACCOUNT, uid=bglab.LOCAL["alice"][0]),
}


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, *INIT))


def enters(way: str, mode: str) -> None:
    bglab.ldap(mode)
    mark, before = bglab.nslcd_mark(), len(bglab.journal())
    with WAYS[way]() as person:
        bglab.open_door(person, [SHARES[0], SHARES[2]])
        bglab.equal([str(r) for r in bglab.nslcd_requests_since(mark)], [])
        bglab.equal(person.shell("id -u").strip(), UID[0])
        person.line("exit")
        person.wait()
    wanted = ["attempt.started", "auth.succeeded", "use.granted", "session.opened", "session.closed"]
    seen = lambda: [k for k in bglab.event_types(bglab.journal()[before:]) if k in wanted]  # noqa: E731
    bglab.until("the close of the session is on record", lambda: "session.closed" in seen())  # sshd closes it later
    bglab.equal(seen(), wanted)


def _case(way: str, mode: str):  # type: ignore[no-untyped-def]
    def test() -> None:
        enters(way, mode)

    test.__name__ = f"test_{way}_while_ldap_{mode}"
    return test


for _mode in ("hang", "drop", "refused"):
    for _way in WAYS:
        _test = _case(_way, _mode)
        globals()[_test.__name__] = _test


def test_the_outage_is_real() -> None:
    bglab.ldap("hang")
    bglab.equal(bglab.run("timeout 2 id alice").returncode, 124)


def test_root_is_not_asked_for_either() -> None:
    bglab.ldap("hang")
    mark = bglab.nslcd_mark()
    bglab.equal(bglab.run("timeout 2 id root").returncode, 0)
    bglab.equal(bglab.nslcd_requests_since(mark), [])
