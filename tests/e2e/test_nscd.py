# SPDX-License-Identifier: ISC
"""With nscd in front of libc: nobody is taken for the account, nor the account for nobody, and a wrong cache is put right."""

import os

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
    assert "BG610" not in seen.stdout + seen.stderr and "BG612" not in seen.stdout + seen.stderr, seen


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
    text = seen.stdout + seen.stderr
    bglab.equal((seen.returncode, "BG610" in text, "BG612 The name service is wrong: bg1 is uid 59001" in text), (1, True, True))
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
