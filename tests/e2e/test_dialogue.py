# SPDX-License-Identifier: ISC
"""What goes wrong at the prompt, by accident or on purpose: each has a message, a record, and leaves nothing behind."""

import glob
import os
import re
import time

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
FOREIGN: list[str] = []
ALICE = bglab.LOCAL["alice"][0]


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    bglab.run(["breakglass", "init", "--account", "bg2", "--uid", "991", "--yes"])
    made = bglab.run(["breakglass", "share", "new", "bg2", "--shares", "2/3", "--yes", "--json"])
    FOREIGN.extend(__import__("json").loads(made.stdout)["shares"])
    conf = bglab.read("/etc/breakglass/breakglass.conf")
    with open("/etc/breakglass/breakglass.conf", "w", encoding="utf-8") as file:
        file.write(conf.replace("[login]", "[login]\ndelay-network = 1\ndelay-console = 1\n", 1))


def since(before: int) -> list[tuple[str, str]]:
    """(kind, message id) of every event since then."""
    events = bglab.journal()[before:]
    ids = [e["data"]["unmapped"]["breakglass"].get("detail", "") for e in events]
    return list(zip(bglab.event_types(events), ids))


def wait_for(kind: str, before: int, seconds: float = 8.0) -> list[tuple[str, str]]:
    bglab.until(kind, lambda: kind in [k for k, _ in since(before)], seconds)
    return since(before)


def begin(person: bglab.Session) -> None:
    person.expect(dialogue.START)
    person.line()
    person.expect(dialogue.SHARE)


def say(person: bglab.Session, text: str, wanted: str) -> None:
    """Type a line at a share prompt; return the message that comes and the next prompt."""
    person.line(text)
    person.expect(wanted)
    person.expect(dialogue.SHARE)


def test_cards_and_slips() -> None:
    """Unknown word, wrong word, swapped words, a card of another set, the same card twice; then the right ones."""
    words = [w[:4] for w in SHARES[0].split()]
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        begin(person)
        say(person, " ".join(words[:6] + ["zzzz"] + words[7:]), "Word 7 is not a card word")
        say(person, words[6], "Card 1 accepted\\. 1 more card is needed\\. \\(BG221\\)")
        say(person, dialogue.prefixes(SHARES[0]), "Card 1 is already in\\. .*\\(BG217\\)")
        say(person, dialogue.prefixes(FOREIGN[0]), "\\(BG21[45]\\)")
        other = [w[:4] for w in SHARES[1].split()]
        wrong = "acad" if other[9] != "acad" else "acid"
        say(person, " ".join(other[:9] + [wrong] + other[10:]), "Only word 10 is wrong\\.")
        person.line(other[9])
        person.expect("Card 2 accepted\\. All cards are in\\.")
        bglab.say_why(person)
        person.expect_shell()
        person.line("exit")
        person.wait()
    seen = since(before)
    assert [i for k, i in seen if k == "share.refused"][0] == "BG217", seen
    assert "session.opened" in [k for k, _ in seen], seen


def test_shares_that_do_not_open() -> None:
    """A sound set of the right shape that is not this account's: the account's verifier is replaced."""
    path = f"/etc/breakglass/credentials/{ACCOUNT}"
    good = bglab.read(path)
    before = len(bglab.journal())
    with open(path, "w", encoding="ascii") as file:
        file.write(re.sub(r"verifier = ....", "verifier = 0000", good))
    try:
        with bglab.login(ACCOUNT) as person:
            begin(person)
            for _ in range(2):
                say(person, dialogue.prefixes(SHARES[0]), "BG221")
                person.line(dialogue.prefixes(SHARES[1]))
                person.expect("BG110")
                person.expect(dialogue.SHARE)
            say(person, dialogue.prefixes(SHARES[0]), "BG221")
            person.line(dialogue.prefixes(SHARES[1]))
            person.expect("BG111")
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(good)
    seen = since(before)
    assert [k for k, _ in seen].count("attempt.failed") == 3, seen
    assert "auth.succeeded" not in [k for k, _ in seen], seen


def test_ctrl_c_at_login() -> None:
    if not bglab.ctrl_c_ends_login():
        raise bglab.Skip("login ignores Ctrl-C here")
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        begin(person)
        person.ctrl("C")
        person.wait()
    assert ("attempt.aborted", "BG121") in wait_for("attempt.aborted", before)


def test_hang_up_in_mid_share() -> None:
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        begin(person)
        say(person, " ".join(SHARES[0].split()[:3]), "3 words so far")
        person.hangup()
    assert ("attempt.aborted", "BG121") in wait_for("attempt.aborted", before)


def test_hang_up_after_the_shares() -> None:
    before = len(bglab.journal())
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        person.expect(dialogue.NAME)
        person.hangup()
    seen = [k for k, _ in wait_for("attempt.aborted", before)]
    assert "auth.succeeded" in seen and "use.granted" not in seen, seen


def test_grace_time_of_sshd() -> None:
    """sshd kills its processes when LoginGraceTime is over; the helper survives that and records it."""
    with open("/etc/ssh/sshd_config.d/00-grace.conf", "w", encoding="ascii") as file:
        file.write("LoginGraceTime 3\n")
    bglab.stop("sshd")
    bglab.start("sshd")
    before = len(bglab.journal())
    try:
        with bglab.ssh(ACCOUNT) as person:
            begin(person)
            assert ("attempt.aborted", "BG121") in wait_for("attempt.aborted", before)
    finally:
        os.unlink("/etc/ssh/sshd_config.d/00-grace.conf")
        bglab.stop("sshd")
        bglab.start("sshd")


def test_login_timeout_outlived() -> None:
    """login(1) gives everybody LOGIN_TIMEOUT seconds; the account's dialogue has its own limit."""
    conf = bglab.read("/etc/login.defs")
    with open("/etc/login.defs", "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)^LOGIN_TIMEOUT\s+\d+", "LOGIN_TIMEOUT 60", conf))
    try:
        with bglab.login(ACCOUNT) as person:
            begin(person)
            time.sleep(65)
            say(person, dialogue.prefixes(SHARES[0]), "BG221")
            person.line(dialogue.prefixes(SHARES[1]))
            bglab.say_why(person)
            person.expect_shell()
            bglab.equal(person.shell("id -u"), "0\n")
            person.line("exit")
    finally:
        with open("/etc/login.defs", "w", encoding="utf-8") as file:
            file.write(conf)


def test_hostile_reason() -> None:
    """Escape sequences, C1 bytes, direction marks and a paste of two lines: shown and stored in escaped form only."""
    before, mark = len(bglab.journal()), bglab.auth_log_mark()
    reason = "LDAP \x1b]0;pwned\x07 down \u009b31m \u202e gnp.exe \u2066 end of it"
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person, name="Robin \x1b[2J Example", reason=reason)
        person.expect_shell()
        person.line("exit")
        person.wait()
    wait_for("session.closed", before)
    bglab.wait_auth_log("use.granted", mark)
    raw = b"".join(open(p, "rb").read() for p in glob.glob("/var/lib/breakglass/journal/*") if os.path.isfile(p))
    raw += bglab.auth_log_since(mark).encode()
    bad = re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]", raw)
    assert not bad, raw[bad.start() - 80 : bad.end() + 20]
    shown = bglab.run(["breakglass", "journal", "show", "--details"]).stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "u{202E}" in shown, shown[-1500:]


def test_over_long_answers() -> None:
    before = len(bglab.journal())
    with bglab.su(ACCOUNT, uid=ALICE) as person:
        begin(person)
        say(person, "a" * 3000, "BG102")
        say(person, dialogue.prefixes(SHARES[0]), "BG221")
        person.line(dialogue.prefixes(SHARES[1]))
        person.expect(dialogue.NAME)
        person.line("n" * 2000)
        person.expect("BG102")
        bglab.say_why(person)
        person.expect_shell()
    wait_for("session.opened", before)


# su in a hostile environment, set up by Python code that runs as alice just before su.
GROUNDS = {
    "ignored signals": "import signal\nfor s in (17, 14, 13, 15, 1, 2): signal.signal(s, signal.SIG_IGN)",
    "blocked mask": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "pending alarm": "import signal; signal.alarm(2)",
    "hostile environment": "import os; os.environ.update(LD_PRELOAD='/tmp/evil.so', LD_LIBRARY_PATH='/tmp', "
    "MALLOC_CHECK_='3', IFS='x', PATH='/tmp', OPENSSL_CONF='/tmp/evil.cnf', LANG='../../tmp', TZ=':/tmp/evil')",
    "low nofile": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))",
}


def su_on(ground: str) -> bglab.Session:
    code = f"{ground}\nimport os\nos.execv('/bin/su', ['su', '-', '{ACCOUNT}'])"
    return bglab.Session(["/usr/bin/python3", "-c", code], uid=ALICE)


def test_su_on_prepared_ground() -> None:
    """It works, or is refused with a record; nothing in between, and never silently."""
    for name, ground in GROUNDS.items():
        before = len(bglab.journal())
        with su_on(ground) as person:
            bglab.open_door(person, SHARES[:2])
            bglab.equal(person.shell("id -u"), "0\n")
            person.line("exit")
            person.expect_end()
        kinds = [k for k, _ in wait_for("session.closed", before) if k != "session.recorded"]
        assert kinds[-2:] == ["session.opened", "session.closed"], (name, kinds)


def test_su_without_room_for_a_record() -> None:
    """RLIMIT_FSIZE=0: the record goes where the limit does not apply, or the use is refused with a message."""
    mark, before = bglab.auth_log_mark(), len(bglab.journal())
    with su_on("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))") as person:
        hit = person.expect("BG124", dialogue.START)
        if hit.group().startswith("BG124"):
            person.expect_end(20)
            bglab.wait_auth_log("BG124", mark)
            return
        begin_at_prompt = person
        begin_at_prompt.line()
        person.expect(dialogue.SHARE)
        for share in SHARES[:2]:
            person.line(dialogue.prefixes(share))
            person.expect("BG221")
        bglab.say_why(person)
        person.expect_shell()
    wait_for("use.granted", before)


def test_su_with_closed_descriptors() -> None:
    """0, 1 and 2 closed: there is nobody to talk to, so it refuses."""
    before = len(bglab.journal())
    code = f"import os\nos.closerange(0, 64)\nos.execv('/bin/su', ['su', '-', '{ACCOUNT}'])"
    with bglab.Session(["/usr/bin/python3", "-c", code], uid=ALICE) as person:
        assert person.wait(30) != 0
    kinds = [k for k, _ in since(before)]
    assert "use.granted" not in kinds, kinds


def descriptors(pid: int) -> list[str]:
    """The open descriptors of a process, by kind: libc's syslog leaves a socket in every su."""
    return sorted(os.readlink(p).split(":")[0] for p in glob.glob(f"/proc/{pid}/fd/*"))


def test_nothing_left_in_the_host() -> None:
    """During the session, su has no descriptor more than for anybody else (fewer, where a module is passed over), and no child of ours."""
    with bglab.su("fuser") as other:
        other.expect_shell()
        usual = descriptors(other.pid)
    with bglab.su(ACCOUNT, uid=ALICE) as person:
        bglab.open_door(person, SHARES[:2])
        assert len(descriptors(person.pid)) <= len(usual), (descriptors(person.pid), usual)
        assert "breakglass-login" not in bglab.run("ps -eo comm").stdout
        shell_fds = person.shell("ls -l /proc/self/fd | grep -c -e socket -e breakglass")
        bglab.equal(shell_fds.strip(), "0")


def test_no_secret_in_any_log() -> None:
    """After all of the above: no consecutive words of a share, and no secret, in anything that was written."""
    text = bglab.run("cat /var/log/*.log /var/log/syslog /var/log/messages 2>/dev/null; "
                     "find /var/lib/breakglass /run /tmp -type f -size -4000k -exec cat {} +").stdout.lower()
    for share in SHARES + FOREIGN:
        words = share.split()
        for i in range(4, len(words) - 2):
            pattern = rf"{words[i][:4]}\w*[\s-]+{words[i + 1][:4]}\w*[\s-]+{words[i + 2][:4]}"
            assert not re.search(pattern, text), (i, pattern)


def test_journal_verifies() -> None:
    out = bglab.run(["breakglass", "journal", "verify"])
    bglab.equal(out.returncode, 0)
