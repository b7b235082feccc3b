# SPDX-License-Identifier: ISC
"""What opens the account where: a password in parts, from, require by class of source, a panic room, an account that must be armed.
At login, over ssh and by su, as real people do it."""

import bglab
import dialogue
from bglab import bounded

ACCOUNT = "bg1"
CREDENTIALS = f"/etc/breakglass/credentials/{ACCOUNT}"
ONE, TWO = "correct horse", "battery staple"
PART = r"Part \d of \d: ?"
PASSWORD_START = r"Enter = cards, p = password, \? = help, q =\s+leave: ?"


def start() -> None:
    bglab.start_daemons()
    made = bglab.enrol(ACCOUNT, 2, 3)
    with open(f"{bglab.STATE}/shares", "w", encoding="ascii") as file:
        file.write("\n".join(made))
    done = bglab.run(["breakglass", "password", "set", ACCOUNT, "--parts-stdin"], stdin=f"{ONE}\n{TWO}\n")
    bglab.equal(done.returncode, 0)


def cards() -> list[str]:
    return bglab.read(f"{bglab.STATE}/shares").split("\n")


def account(*lines: str, password_from: str = "") -> None:
    """The lines of [account] besides enabled, and where the password may be used."""
    text = bglab.read(CREDENTIALS)
    head, rest = text.split("\n\n", 1)
    keep = [line for line in rest.split("\n") if not line.startswith("from = ")]
    rest = "\n".join(line + f"\nfrom = {password_from}" if password_from and line.startswith("parts = ") else line for line in keep)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write("\n".join(["[account]", "enabled = yes", *lines]) + "\n\n" + rest)
    assert head.startswith("#") or head.startswith("[account]"), head


def newest(kind: str) -> dict:
    return [e for e in bglab.journal() if f".{kind}." in e["type"]][-1]


def type_password(person: bglab.Session, one: str = ONE, two: str = TWO, start: str = PASSWORD_START) -> None:
    person.expect(start)
    person.line("p")
    for part in one, two:
        person.expect(PART)
        person.line(part)


def get_in_by_password(person: bglab.Session) -> None:
    type_password(person)
    bglab.say_why(person)
    person.expect_shell()
    bglab.equal(person.shell("id -u"), "0\n")
    shown = person.transcript
    person.line("exit")
    person.wait()
    assert ONE not in shown and TWO not in shown, shown
    bglab.equal(newest("use.granted")["data"]["unmapped"]["breakglass"]["factor"], "password")


def test_password_at_login() -> None:
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        get_in_by_password(person)


def test_password_over_ssh() -> None:
    with bglab.ssh(ACCOUNT) as person:
        get_in_by_password(person)


def test_password_by_su() -> None:
    with bglab.su(ACCOUNT, uid=5000) as person:
        get_in_by_password(person)


def test_a_wrong_part_is_an_alarm() -> None:
    before = len(bglab.journal())
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        type_password(person, ONE, "battery stable")
        person.expect(r"The parts do not make the password")
        for part in ONE, TWO:
            person.expect(PART)
            person.line(part)
        bglab.say_why(person)
        person.expect_shell()
        person.line("exit")
        person.wait()
    bad = [e for e in bglab.journal()[before:] if ".attempt.failed." in e["type"]]
    bglab.equal(len(bad), 1)
    assert "BG191" in str(bad[0]) and "battery" not in str(bglab.journal()[before:]), bad


def last_word(person: bglab.Session) -> str:
    """What is shown in the place of a dialogue over ssh."""
    person.expect(dialogue.LAST_WORD)
    return " ".join(person.before.split())


def test_a_panic_room_is_one_line() -> None:
    account("from = console")
    with bglab.ssh(ACCOUNT) as person:
        shown = last_word(person)
    assert "bg1 cannot be opened from here, only at a console with cards or the password" in shown, shown
    event = newest("attempt.failed")
    assert "BG185" in str(event) and event["data"]["unmapped"]["breakglass"]["source"] == "network", event
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        get_in_by_password(person)


def test_a_range_of_addresses() -> None:
    """The lab's ssh comes from 127.0.0.1."""
    account("from = console 192.0.2.0/24")
    with bglab.ssh(ACCOUNT) as person:
        shown = last_word(person)
    assert "from certain addresses of the network" in shown and "192.0.2" not in shown, shown
    account("from = 127.0.0.0/8 ::1")
    with bglab.ssh(ACCOUNT) as person:
        get_in_by_password(person)
    account()


def test_a_factor_of_certain_places() -> None:
    account(password_from="console")
    with bglab.ssh(ACCOUNT) as person:
        person.expect(dialogue.START)
        shown = " ".join(person.before.split())
        assert "From here only cards can be used. Elsewhere: at a console with cards or the password." in shown, shown
        person.line("p")
        person.expect(r"BG132")
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        get_in_by_password(person)
    account()


@bounded(300)
def test_what_is_required_where() -> None:
    account("require-network = shares+password", "require-local = password", "require = shares")
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, cards()[:2])
        person.expect(r"Needed as well: password")
        for part in ONE, TWO:
            person.expect(PART)
            person.line(part)
        bglab.say_why(person)
        person.expect_shell()
        person.line("exit")
        person.wait()
    bglab.equal(newest("use.granted")["data"]["unmapped"]["breakglass"]["factor"], "shares+password")
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        bglab.open_door(person, cards()[:2])
        person.line("exit")
        person.wait()
    bglab.equal(newest("use.granted")["data"]["unmapped"]["breakglass"]["factor"], "shares")
    account()


def test_an_account_that_must_be_armed() -> None:
    account("open = armed")
    with bglab.ssh(ACCOUNT) as person:
        assert "bg1 is not armed" in last_word(person)
    assert "BG187" in str(newest("attempt.failed"))
    bglab.equal(bglab.run("breakglass arm bg1 --for 10m --by 'Second Person'").returncode, 0)
    with bglab.ssh(ACCOUNT) as person:
        get_in_by_password(person)
    bglab.equal(bglab.run("breakglass disarm bg1").returncode, 0)
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        person.expect(r"is not armed")
    account()


def test_switched_off_while_somebody_types() -> None:
    """A dialogue that was begun before is not let through by what was true then; it is refused on record."""
    for setting, off, says, on in (("open = armed", "breakglass disarm bg1", "is not armed", "breakglass arm bg1 --for 10m"),
                                   ("", "breakglass disable bg1 --yes", "is disabled", "breakglass enable bg1 --yes")):
        account(setting)
        if setting:
            bglab.equal(bglab.run(on).returncode, 0)
        before = len(bglab.journal())
        with bglab.ssh(ACCOUNT) as person:
            type_password(person)
            person.expect(dialogue.NAME)
            bglab.equal(bglab.run(off).returncode, 0)
            person.line("Robin Example")
            person.expect(dialogue.REASON)
            person.line("LDAP does not answer, restarting the directory")
            person.expect(says)
        assert not [e for e in bglab.journal()[before:] if ".use.granted." in e["type"]]
        bglab.equal(bglab.run(on).returncode, 0)
        with bglab.ssh(ACCOUNT) as person:
            get_in_by_password(person)
    account()


def test_replaced_while_somebody_types() -> None:
    """What was shown is not enrolled any more when the reason is typed: refused, on record; and the new password opens."""
    new = "another horse"
    for what, after in ((["password", "set", ACCOUNT, "--replace", "--parts-stdin"], (ONE, TWO)),
                        (["password", "remove", ACCOUNT, "--yes"], ())):
        before = len(bglab.journal())
        with bglab.ssh(ACCOUNT) as person:
            type_password(person, new if not after else ONE)
            person.expect(dialogue.NAME)
            changed = bglab.run(["breakglass", *what], stdin=f"{new}\n{TWO}\n")
            bglab.equal((changed.returncode, changed.stderr), (0, ""))
            person.line("Robin Example")
            person.expect(dialogue.REASON)
            person.line("LDAP does not answer, restarting the directory")
            person.expect("BG950")
        assert not [e for e in bglab.journal()[before:] if ".use.granted." in e["type"]]
        assert "BG950" in str(newest("attempt.failed"))
    done = bglab.run(["breakglass", "password", "set", ACCOUNT, "--parts-stdin"], stdin=f"{ONE}\n{TWO}\n")
    bglab.equal(done.returncode, 0)
    with bglab.ssh(ACCOUNT) as person:
        get_in_by_password(person)


def test_a_weak_hash_takes_no_other_way_with_it() -> None:
    text = bglab.read(CREDENTIALS)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write("\n".join("hash = $6$abcdefgh$hash" if line.startswith("hash = ") else line for line in text.split("\n")))
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        bglab.open_door(person, cards()[:2])
        assert "The password of bg1 is not used: sha512crypt: it has 5000 rounds" in " ".join(person.transcript.split()), person.transcript
        person.line("exit")
        person.wait()
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write(text)


def test_little_memory_is_no_wrong_password() -> None:
    """yescrypt with 128 MiB, in a process that may have little more and cannot ask for it; the cards still open."""
    hashed = bglab.run(["python3", "-W", "ignore", "-c", f"import crypt; print(crypt.crypt('{ONE}{TWO}', '$y$jCT$F5Jx5fExrKuPp53xLKQ..1'))"])
    if hashed.returncode != 0:
        raise bglab.Skip("this Python has no module crypt")
    text = bglab.read(CREDENTIALS)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write("\n".join(f"hash = {hashed.stdout.strip()}" if line.startswith("hash = ") else line for line in text.split("\n")))
    helper = ["/usr/libexec/breakglass/breakglass-login", "--tty", ACCOUNT]
    # there is room for it, also when the caller has left little: the limits are raised as far as that hash may need
    little = ["prlimit", "--as=140000000:unlimited", "--data=70000000:unlimited"]
    for argv in helper, [*little, *helper], [*little, "su", "-", ACCOUNT]:
        with bglab.Session(argv) as person:
            type_password(person)
            person.expect(dialogue.NAME)
    with bglab.Session(["prlimit", "--as=140000000", "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", *helper]) as person:
        type_password(person)
        shown = " ".join(person.expect_end().split())
    assert "This host could not compute the hash of the password (yescrypt)" in shown and "do not make the password" not in shown, shown
    assert "BG190" in str(newest("attempt.failed"))
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write(text)
