# SPDX-License-Identifier: ISC
"""With nscd in front of libc: nobody is taken for the account, nor the account for nobody, and a wrong cache is put right."""

import os
import re

import bglab
import dialogue

CONF = "/etc/nscd.conf"
BEFORE = bglab.read(CONF)
AUDIT = 59001
SHARES: list[str] = []


def restart_nscd() -> None:
    bglab.stop("nscd")
    bglab.start("nscd")
    forget()


def forget() -> None:
    for database in ("passwd", "group"):
        bglab.equal(bglab.run(["nscd", "-i", database]).returncode, 0)


def name_of(number: int) -> str:
    return bglab.run(["getent", "passwd", str(number)]).stdout.split(":")[0]


def uid_of(name: str) -> int:
    return int(bglab.run(["getent", "passwd", name]).stdout.split(":")[2])


def start() -> None:
    if not BEFORE:
        raise bglab.Skip("nscd is not installed")
    os.makedirs("/run/nscd", exist_ok=True)
    bglab.start_daemons("rsyslogd", "sshd", "nscd")
    SHARES.extend(bglab.enrol("bg1", 2, 3))


def events(before: int) -> list[dict]:
    return [e for e in bglab.journal()[before:] if ".account.mistaken." in e["type"]]


def test_init_changes_one_line() -> None:
    now = bglab.read(CONF)
    assert now.startswith(BEFORE), now
    bglab.equal(now[len(BEFORE) :].split(), ["auto-propagate", "passwd", "no", "#", "breakglass"])
    restart_nscd()  # without systemd init asks for it
    seen = bglab.run(["breakglass", "status"])
    assert "BG610" not in seen.stdout + seen.stderr and "NSS-04" not in seen.stdout + seen.stderr, seen


def test_names_keep_their_numbers() -> None:
    restart_nscd()
    for _ in range(3):
        bglab.equal(uid_of("bg1"), 0)
        bglab.equal(name_of(0), "root")
        bglab.equal(name_of(AUDIT), "bg1")
    bglab.equal(bglab.run(["id", "-un"]).stdout.strip(), "root")


def as_it_was() -> None:
    """nscd without our line, as when it was installed after us."""
    with open(CONF, "w", encoding="ascii") as file:
        file.write(BEFORE)
    restart_nscd()


def test_status_finds_it() -> None:
    as_it_was()
    bglab.equal(name_of(AUDIT), "bg1")
    seen = bglab.run(["breakglass", "status"])
    text = " ".join((seen.stdout + seen.stderr).split())
    bglab.equal((seen.returncode, "BG610" in text, "NSS-04 RISK: The cache of names (nscd) was wrong, and was told to forget it: bg1 is uid 59001" in text), (1, True, True))
    bglab.equal(uid_of("bg1"), 0)  # forgotten


def test_a_stranger_is_told_and_throws_nothing_away() -> None:
    before = len(bglab.journal())
    bglab.equal(name_of(AUDIT), "bg1")
    bglab.equal(uid_of("bg1"), AUDIT)
    with bglab.ssh("bg1") as person:
        person.expect("BG445")
        person.expect(dialogue.START)
    bglab.equal(uid_of("bg1"), AUDIT)
    bglab.equal(events(before), [])  # nobody has shown a factor


def test_a_mistaken_account_is_told_and_put_right() -> None:
    """sshd has asked before us, so that the person must come again: said as soon as a factor is verified."""
    forget()
    bglab.equal(name_of(AUDIT), "bg1")
    bglab.equal(uid_of("bg1"), AUDIT)
    with bglab.ssh("bg1") as person:
        person.expect("BG445")
        bglab.type_shares(person, SHARES[:2])
        person.expect("Leave\\s+now\\s+and\\s+log\\s+in\\s+again[.]\\s+[(]BG441")
    with bglab.ssh("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        assert "BG441" not in person.transcript
        bglab.equal(person.shell("id -u").strip(), "0")


def test_who_goes_on_is_on_record() -> None:
    forget()
    before = len(bglab.journal())
    bglab.equal(name_of(AUDIT), "bg1")
    bglab.equal(uid_of("bg1"), AUDIT)
    with bglab.login("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        assert "BG441" in person.transcript
        bglab.equal(person.shell("id -u").strip(), "0")  # login(1) asks again after us
    (event,) = events(before)
    own = event["data"]["unmapped"]["breakglass"]
    bglab.equal(own["detail"], "BG444")
    assert "bg1 is uid 59001, not 0" in event["data"]["message"], event


def nobody() -> None:
    """nscd was asked before there was such an account, and remembers it."""
    forget()
    path = "/etc/breakglass/accounts"
    row = bglab.read(path)
    for text in "", row:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        bglab.equal(bglab.run(["getent", "passwd", "bg1"]).stdout, "")


def test_who_is_nobody_each_way() -> None:
    """ssh and su believe it; login asks again after us, and then it is right for all."""
    with open(CONF, "w", encoding="ascii") as file:
        file.write(re.sub(r"(?m)^(\s*negative-time-to-live\s+passwd\s+)20$", r"\g<1>900", BEFORE))
    restart_nscd()
    nobody()
    with bglab.su("bg1", uid=5000) as person:
        person.expect("bg1 does not exist")
    with bglab.ssh("bg1") as person:
        person.expect(dialogue.START)
        person.line()
        person.expect(dialogue.SHARE)
        person.line(dialogue.prefixes(SHARES[0]))
        person.expect("BG103")
    bglab.equal(bglab.run(["getent", "passwd", "bg1"]).stdout, "")
    with bglab.login("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(person.shell("id -u").strip(), "0")
    with bglab.ssh("bg1") as person:
        bglab.open_door(person, SHARES[:2])
    nobody()
    seen = bglab.run(["breakglass", "check"])
    assert "NSS-04 RISK: The cache of names (nscd) was wrong, and was told to forget it: bg1 is nobody" in " ".join(seen.stderr.split()), seen
    bglab.equal(uid_of("bg1"), 0)
    as_it_was()


def test_a_number_that_ssh_and_su_believe() -> None:
    """Also the second time, since the session asks by that number; login gets the account's own."""
    for come in bglab.ssh, lambda who: bglab.su(who, uid=5000):
        forget()
        bglab.equal((name_of(AUDIT), uid_of("bg1")), ("bg1", AUDIT))
        for _ in range(2):
            with come("bg1") as person:
                bglab.open_door(person, SHARES[:2])
                bglab.equal(person.shell("id -u").strip(), str(AUDIT))
    with bglab.login("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(person.shell("id -u").strip(), "0")


def test_nscd_that_hangs() -> None:
    forget()
    bglab.freeze("nscd")
    try:
        with bglab.login("bg1") as person:
            person.expect("BG443")
            bglab.open_door(person, SHARES[:2])
    finally:
        bglab.thaw("nscd")


def test_undo() -> None:
    bglab.equal(bglab.run(["breakglass", "init", "--yes"]).returncode, 0)
    assert bglab.read(CONF) != BEFORE
    bglab.equal(bglab.run(["breakglass", "init", "--undo", "--yes"]).returncode, 0)
    bglab.equal(bglab.read(CONF), BEFORE)
