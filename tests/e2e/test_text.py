# SPDX-License-Identifier: ISC
"""Text challenges: a key at another machine answers for a login over ssh, on a serial line and by su; and what does not open."""

import json
import os
import re
import sys

import bglab
import usbkey
from bglab import Session, bounded, dialogue

sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/../utils/respond")
import second  # noqa: E402  (another implementation, from the manual alone)

ACCOUNT = "bg1"
PIN = "246813"
LAPTOP = 5000  # a user without any rights
CREDENTIALS = f"/etc/breakglass/credentials/{ACCOUNT}"
PAPER = second.Key("paper")
CLOCK = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
    long r = syscall(SYS_clock_gettime, id, t);
    if (strcmp(program_invocation_short_name, "breakglass-login") != 0) /* sshd's sandbox allows no access(2) */
        return (int)r;
    if (id == CLOCK_BOOTTIME && access("/run/later", F_OK) == 0)
        t->tv_sec += 11 * 60;
    if ((id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && access("/run/1970", F_OK) == 0)
        t->tv_sec = 3600;
    return (int)r;
}
"""


def host() -> str:
    return os.uname().nodename.lower()


def paper() -> second.Key:
    """The key of the second implementation; its secret and counter stay from test to test."""
    path = f"{bglab.STATE}/paper"
    if os.path.exists(path):
        secret, counter = bglab.read(path).split()
        return second.Key("paper", int(secret), int(counter))
    return second.Key("paper")


def keep(key: second.Key) -> None:
    with open(f"{bglab.STATE}/paper", "w", encoding="ascii") as file:
        file.write(f"{key.secret} {key.counter}")


def add(line: str, *options: str, rc: int = 0) -> str:
    done = bglab.run(["breakglass", "key", "add", ACCOUNT, "--yes", *options, "--text", "-"], stdin=line + "\n")
    bglab.equal(done.returncode, rc)
    return done.stdout + done.stderr


def start() -> None:
    bglab.start_daemons()
    bglab.run(["breakglass", "init", "--account", ACCOUNT, "--yes"])
    key = paper()
    add(key.line())
    keep(key)
    with open("/root/clock.c", "w", encoding="ascii") as file:
        file.write(CLOCK)
    bglab.command("gcc -shared -fPIC -O2 -o /usr/lib/libplayclock.so /root/clock.c")


def challenge(person: Session, first: str = dialogue.TEXT_ONLY) -> str:
    person.expect(first)
    person.line()
    text = person.expect(dialogue.CHALLENGE).group(1)
    person.expect(dialogue.ANSWER_LINE)
    return text


def words(text: str) -> str:
    """As a pattern: lines are broken anywhere."""
    return re.sub(r"(\\s\+| )", r"\\s+", text)


def type_rows(person: Session, rows: list[str]) -> None:
    for row in rows[:-1]:
        person.line(row)
        person.expect(dialogue.ANSWER_LINE)
    person.line(rows[-1])


def last(kind: str) -> dict:  # type: ignore[type-arg]
    return [e for e in bglab.journal() if kind in e["type"]][-1]


def opens(person: Session) -> None:
    bglab.say_why(person)
    person.expect_shell()
    bglab.equal(person.shell("id -u"), "0\n")


@bounded(300)
def test_a_label_names_one_key_of_any_kind() -> None:
    """A key that sshd verifies has the label already: refused before anything is written, and the file stays good."""
    path = f"/etc/breakglass/credentials/{ACCOUNT}"
    text = bglab.read(path)
    blob = "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBtBIjC5GMta6D41W0dWkSlsDpnSg6M5P+eysbWqJ2EAAAABHNzaDo="
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{text}\n[ssh-key blue]\nblob = {blob}\ncreated = 2026-11-22T12:03:24.123456Z\n")
    said = add(second.Key("green").line(), "--label", "blue", rc=1)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    assert "bg1 has a key blue already" in " ".join(said.split()), said


def test_a_laptop_over_ssh() -> None:
    """Enrolled on the laptop, added by its line; challenge and answer are copied, HOST is typed."""
    with usbkey.key("--pin", PIN) as plugged:
        os.chown(plugged.path, LAPTOP, -1)
        argv = ["breakglass-respond", "--device", plugged.path]
        with Session([*argv, "--name", "blue", "enroll"], uid=LAPTOP) as laptop:
            laptop.expect(r"PIN of the key, 8 tries left, not shown: ")
            laptop.line(PIN)
            line = laptop.expect(r"breakglass-text-key-1 [^\r\n]+").group()
            laptop.expect("BG755 Enrolled")
        bglab.equal("Not tried" in add(line), True)
        bglab.equal(bglab.own(last("credential.enrolled")).get("detail"), None)
        with bglab.ssh(ACCOUNT) as person:
            text = challenge(person)
            with Session([*argv, host()], uid=LAPTOP) as laptop:
                laptop.expect("Challenge: ")
                laptop.line(text)
                laptop.expect(rf"BG741 Your answer opens the account {ACCOUNT} on the host {host()}")
                laptop.expect("PIN of the key")
                laptop.line(PIN)
                laptop.expect(r"1: ([0-9A-Z-]{29})")
                laptop.expect_end()
                rows = re.findall(r"\d: ([0-9A-Z-]{29})", laptop.transcript)
            type_rows(person, rows)
            opens(person)
        event = last("auth.succeeded")
        bglab.equal((bglab.own(event)["factor"], bglab.own(event)["key"], bglab.own(event)["user_verified"]), ("text", "blue", "yes"))
        with bglab.ssh(ACCOUNT) as person:  # the same lines again, and those of a login that is over
            challenge(person)
            person.line(rows[0])
            person.expect(r"\(BG24[0-6]\)")
            person.line(rows[1])
            person.expect(words("These lines answer another challenge"))


def test_a_second_implementation() -> None:
    """From the manual page alone; on a serial line, all in one paste."""
    key = paper()
    with bglab.login(ACCOUNT, device="ttyS0") as person:
        text = challenge(person)
        bglab.equal(text.split()[:3], [host(), ACCOUNT, "login"])
        person.line("".join(key.respond(text, host())))
        keep(key)
        opens(person)
    bglab.equal(bglab.own(last("use.granted"))["key"], "paper")


def test_pasted_over_ssh() -> None:
    """All in one line, numbers and all. (Of several lines at once ssh and su keep the first.)"""
    key = paper()
    with bglab.ssh(ACCOUNT) as person:
        rows = key.respond(challenge(person), host())
        keep(key)
        person.line(" ".join(f"{n}: {row}" for n, row in enumerate(rows, 1)))
        opens(person)


def test_su_and_slips_of_the_fingers() -> None:
    key = paper()
    with bglab.su(ACCOUNT, uid=LAPTOP) as person:
        text = challenge(person)
        rows = key.respond(text, host())
        keep(key)
        person.line("?")
        bglab.equal(person.expect(dialogue.CHALLENGE).group(1), text)
        person.expect(dialogue.ANSWER_LINE)
        wrong = rows[0][:7] + ("A" if rows[0][7] != "A" else "B") + rows[0][8:]
        person.line(wrong)
        person.expect(words(rf"Line 1: character 2 of group 2 does not fit, {rows[0][7]}\s+would"))
        person.expect(dialogue.ANSWER_LINE)
        person.line()
        person.expect("Line 2 of 5")
        person.line(rows[2])
        person.expect(words("Line 2 is wanted, and that was line 3"))
        person.expect(dialogue.ANSWER_LINE)
        type_rows(person, rows[1:])
        opens(person)


def test_another_host_is_refused() -> None:
    """The laptop refuses the challenge of a host that was not named."""
    with usbkey.key("--pin", PIN) as plugged, bglab.ssh(ACCOUNT) as person:
        os.chown(plugged.path, LAPTOP, -1)
        text = challenge(person)
        with Session(["breakglass-respond", "--device", plugged.path, "other", text], uid=LAPTOP) as laptop:
            bglab.equal("BG740" in laptop.expect_end(), True)
            bglab.equal(laptop.wait(), 1)


def refused(answer: list[str], why: str, person: Session) -> None:
    type_rows(person, answer)
    person.expect(words(why))
    person.expect(dialogue.TEXT_AGAIN)


def test_what_proves_nothing() -> None:
    """Without a touch, without a PIN, by a key that is not enrolled: each an attempt on record, and another challenge."""
    key, stranger = paper(), second.Key("stranger")
    failed = len([e for e in bglab.journal() if "attempt.failed" in e["type"]])
    with bglab.ssh(ACCOUNT) as person:
        seen = [challenge(person)]
        refused(key.respond(seen[0], host(), flags=second.UV), r"The key's answer proves nothing: it was given without a touch", person)
        for answer, why in ((lambda t: key.respond(t, host(), flags=second.UP), r"proves\s+nothing: it was given without PIN or\s+fingerprint"),
                            (lambda t: stranger.respond(t, host()), r"This answer was not signed by a key")):
            person.line()
            seen.append(person.expect(dialogue.CHALLENGE).group(1))
            person.expect(dialogue.ANSWER_LINE)
            refused(answer(seen[-1]), why, person)
        person.line("q")
    keep(key)
    bglab.equal(len(set(seen)), 3)
    bglab.equal(len([e for e in bglab.journal() if "attempt.failed" in e["type"]]) - failed, 3)


def test_two_dialogues_at_once() -> None:
    """Each takes the answer to its own challenge alone, and once."""
    key = paper()
    with bglab.ssh(ACCOUNT) as one, bglab.ssh(ACCOUNT) as two:
        first, other = challenge(one), challenge(two)
        rows = key.respond(first, host())
        keep(key)
        two.line(rows[0])
        two.expect(r"\(BG24[0-6]\)")
        two.line(rows[1])
        two.expect(r"\(BG246\)")
        type_rows(one, rows)
        opens(one)
        bglab.equal(first == other, False)


def played(*flags: str):  # type: ignore[no-untyped-def]
    """sshd and what it starts see another clock while these files are in /run."""
    with open("/etc/ld.so.preload", "w", encoding="ascii") as file:
        file.write("/usr/lib/libplayclock.so\n")
    for flag in flags:
        bglab.run(["touch", flag])
    bglab.stop("sshd")
    bglab.start("sshd")


def true_clock() -> None:
    bglab.run("rm -f /etc/ld.so.preload /run/later /run/1970")
    bglab.stop("sshd")
    bglab.start("sshd")


def test_a_clock_at_1970() -> None:
    key = paper()
    played("/run/1970")
    try:
        with bglab.ssh(ACCOUNT) as person:
            text = challenge(person)
            bglab.equal(second.Challenge(text).time, 3600)
            type_rows(person, key.respond(text, host()))
            keep(key)
            opens(person)
    finally:
        true_clock()


def test_too_old() -> None:
    """Eleven minutes later by the clock that counts: the answer is refused, however sound, and it was no attempt."""
    key = paper()
    failed = len([e for e in bglab.journal() if "attempt.failed" in e["type"]])
    played()
    try:
        with bglab.ssh(ACCOUNT) as person:
            rows = key.respond(challenge(person), host())
            keep(key)
            person.line(rows[0])
            person.expect(dialogue.ANSWER_LINE)
            bglab.run(["touch", "/run/later"])
            person.line(rows[1])
            person.expect(words(r"The challenge is older than 10 minutes"))
            person.expect(dialogue.TEXT_AGAIN)
    finally:
        true_clock()
    bglab.equal(len([e for e in bglab.journal() if "attempt.failed" in e["type"]]), failed)


def test_a_copy_of_the_key() -> None:
    """A counter that does not grow: alarmed, refused."""
    key = paper()
    copy = second.Key("paper", key.secret, 0)
    with bglab.ssh(ACCOUNT) as person:
        type_rows(person, copy.respond(challenge(person), host()))
        person.expect(words(r"The key \"paper\" counts 1"))
    bglab.equal(bglab.own(last("key.counterback"))["key"], "paper")


def test_the_commands() -> None:
    """A line that was changed on its way, one that is enrolled already, no line at all; a challenge to try a key; the list."""
    other = second.Key("other")
    line = other.line()
    words_of_it = line.split()
    words_of_it[2] = "stranger"
    bglab.equal("BG758" in add(" ".join(words_of_it), rc=1), True)
    bglab.equal("BG758" in add(other.line(flags=second.UP), rc=1), True)
    bglab.equal("BG757" in add("breakglass-text-key-1 es256 other", rc=1), True)
    add(line, "--label", "green")
    bglab.equal("BG571" in add(line, rc=1), True)
    with Session(["breakglass", "key", "test", ACCOUNT, "--text"]) as admin:
        text = admin.expect(dialogue.CHALLENGE).group(1)
        admin.expect(dialogue.ANSWER_LINE)
        bglab.equal(text.split()[2], "test")
        admin.line("".join(other.respond(text, host())))
        admin.expect("Key green of bg1 is right")
        bglab.equal(admin.wait(), 0)
    bglab.run(["breakglass", "key", "suspend", ACCOUNT, "green", "--yes"])
    with Session(["breakglass", "key", "test", ACCOUNT, "--text"]) as admin:
        text = admin.expect(dialogue.CHALLENGE).group(1)
        admin.expect(dialogue.ANSWER_LINE)
        admin.line("".join(other.respond(text, host())))
        admin.expect("BG174")
        bglab.equal(admin.wait(), 1)
    bglab.run(["breakglass", "key", "resume", ACCOUNT, "green", "--yes"])
    with Session(["breakglass", "key", "test", ACCOUNT, "--text"]) as admin:
        text = admin.expect(dialogue.CHALLENGE).group(1)
        admin.expect(dialogue.ANSWER_LINE)
        admin.line("".join(second.Key("nobody").respond(text, host())))
        admin.expect("BG253")
        bglab.equal(admin.wait(), 1)
    listed = json.loads(bglab.run(["breakglass", "key", "list", ACCOUNT, "--json"]).stdout)["keys"]
    bglab.equal({k["use"] for k in listed}, {"text"})
    bglab.equal(all("use = text\n" in part for part in bglab.read(CREDENTIALS).split("[key ")[1:]), True)


def test_by_the_command_of_a_host() -> None:
    """breakglass respond is breakglass-respond."""
    with usbkey.key("--pin", PIN) as plugged:
        argv = ["breakglass", "respond", "--device", plugged.path, "--pin-stdin", "--name", "text"]  # it may hold others
        line = bglab.run([*argv, "enroll"], stdin=PIN + "\n", uid=None).stdout
        bglab.equal(line.split()[:2], ["breakglass-text-key-1", "es256"])
        text = second.challenge("elsewhere", "bg1", "sshd", 5, 6)
        answer = json.loads(bglab.run([*argv, "--json", "elsewhere"], stdin=f"{text}\n{PIN}\n").stdout)
        bglab.equal(len(answer["answer"]), 5)
        bglab.equal(bglab.run([*argv, "here"], stdin=f"{text}\n{PIN}\n").returncode, 1)
