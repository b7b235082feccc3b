# SPDX-License-Identifier: ISC
"""A host that is made ill in one way: what `breakglass check` says of it, what a real login meets, and both again
when it was healed as check said. Each row has copies of the host's files of its own, in a mount namespace of its own."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import bglab
import sessions
from bglab import dialogue

NAMED, OWN = "bg1", "bg2"  # with uid 0; with a number of its own and sudo's rule
SHARES: dict[str, list[str]] = {}
WAYS = {"login": "login", "sshd": "ssh", "su-l": "su"}  # PAM's service: the way
SHARED = os.path.realpath(os.path.dirname(os.path.dirname(bglab.run("ls /lib/*/security/pam_unix.so").stdout.strip())))
MODULES, PROGRAMS, STATE = f"{SHARED}/security", "/usr/libexec/breakglass", "/var/lib/breakglass"
COPIED = ("/etc", MODULES, PROGRAMS, STATE, "/run/faillock", "/var/lib/pam")
PAM = "/etc/pam.d/"
# This sshd is for this host alone, root is locked, nobody drilled, nobody keeps the clock; and the machine has what it has.
OF_THE_LAB = {("SSH-17", "RISK"), ("CON-03", "WARN"), ("MAC-07", "WARN"), ("RES-04", "WARN"), ("RES-10", "WARN"), ("PAM-22", "WARN")}
PATIENT = 60.0  # seconds without a word: it hangs, or the machine is very busy


@dataclass
class Row:
    """ill: a shell script or a function. rule: what must name the cause, "" for nothing at all. heal: what makes it well,
    "--fix", a command that the finding prints, or (part of its sentence, shell script). After a heal no way is shut."""

    name: str
    ill: str | Callable[[], None]
    rule: str = ""
    heal: str | tuple[str, str] = ""
    account: str = NAMED
    before: str = ""  # a shell script that runs before sshd is started, to lay out what the row needs
    runs: tuple[str, ...] = ("sshd",)
    thinks: float = 0  # seconds that a person takes to find the card


# -- the host --------------------------------------------------------------------------------------


def start() -> None:
    """Two accounts on a host of which check finds nothing but what the lab is."""
    bglab.start_daemons()
    bglab.stop("sshd")
    SHARES[NAMED] = bglab.enrol(NAMED, 1, 1)
    SHARES[OWN] = bglab.enrol(OWN, 1, 1, "--uid", "790")
    bglab.session_policy()
    put("/etc/ssh/sshd_config.d/90-lab.conf", "LoginGraceTime 900\n")
    put("/etc/sudoers.d/lab", f"{OWN} ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    put(f"{bglab.STATE}/shares", json.dumps(SHARES))
    os.makedirs("/run/faillock")
    bglab.command(f"mkdir {bglab.STATE}/whole && cp -a {MODULES}/pam_breakglass.so {SHARED}/libnss_breakglass.so.2 {PROGRAMS}/breakglass-login {bglab.STATE}/whole")


def put(path: str, text: str, mode: int = 0o644) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def front(service: str, line: str) -> None:
    """The line before all others of that service."""
    put(PAM + service, line + "\n" + bglab.read(PAM + service))


def of_its_own() -> None:
    """From here on this process, and what it starts, sees copies of the host's files."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    bglab.command("mount --make-rprivate /")
    top = f"{bglab.STATE}/copies"
    os.makedirs(top, exist_ok=True)
    bglab.command(f"mount -t tmpfs -o mode=755 copies {top}")
    for path in COPIED:
        bglab.command(f"cp -a --parents {path} {top} && mount --bind {top}{path} {path}")


@contextlib.contextmanager
def daemons(names: tuple[str, ...]) -> Iterator[None]:
    """They run with the files as they are now, or do not start with them."""
    for name in names:
        bglab.stop(name)
        if name != "sshd" or bglab.run(["/usr/sbin/sshd", "-t"]).returncode == 0:  # otherwise it ends at once
            bglab.start(name)
    try:
        yield
    finally:
        for name in names:
            bglab.stop(name)


# -- what check says -------------------------------------------------------------------------------


def check() -> list[dict]:
    result = bglab.run(["breakglass", "check", "--json"], timeout=60)
    found = json.loads(result.stdout)["findings"]
    if result.returncode != 3:  # something could not be read
        bglab.equal(result.returncode, int(any(f["severity"] != "WARN" for f in found)))
    return [f for f in found if (f["id"], f["severity"]) not in OF_THE_LAB]


def shut_by(finding: dict, account: str) -> set[str]:
    """The ways of the account that it says are shut."""
    if finding["severity"] != "BLOCK" or finding["account"] not in ("", account):
        return set()
    return ways_of(finding, account)


def ways_of(finding: dict, account: str) -> set[str]:
    """An account with a number of its own is of no use without sudo."""
    if finding["id"].startswith("SSH-"):
        return {"ssh"}
    service = finding["pam_service"]
    if service and not (service == "sudo" and account == OWN):
        return {WAYS[service]} if service in WAYS else set()
    return set(WAYS.values())


def predicted(found: list[dict], account: str) -> dict[str, bool]:
    """Way: does it open?"""
    shut = set().union(*(shut_by(f, account) for f in found))
    return {way: way not in shut for way in WAYS.values()}


def untold(found: list[dict], account: str) -> set[str]:
    """Ways of which it says that it cannot tell."""
    return set().union(*(ways_of(f, account) for f in found if f["severity"] == "UNKNOWN" and f["account"] == account))


# -- what a person meets ---------------------------------------------------------------------------

# Not of a home that the account may not enter, nor of a file in it.
REFUSED = (
    rf"{dialogue.LOGIN_INCORRECT}|(?<!home/bg\d: )(?<!profile: )(?<!_login: )(?<!directory failed: ){dialogue.SSH_DENIED}|{dialogue.PASSWORD_PROMPT}|Authentication failure|"
    rf"Connection (?:closed|reset|refused)|Received disconnect|kex_exchange_identification|breakglass-lab login: |{dialogue.LAST_WORD}"
)


def come(way: str, account: str) -> bglab.Session:
    if way == "login":
        return bglab.login(account, device="tty1")
    return ssh(account) if way == "ssh" else bglab.su(account)


def ssh(account: str) -> bglab.Session:
    """As people do: a terminal is asked for, and not insisted on."""
    argv = ["ssh", "-F", "none"]
    for option in (*sessions.SSH_OPTIONS, "PreferredAuthentications=keyboard-interactive"):
        argv += ["-o", option]
    return bglab.Session([*argv, f"{account}@127.0.0.1"])


def passes(person: bglab.Session, *patterns: str) -> bool:
    return re.search(REFUSED, person.expect(*patterns, REFUSED, timeout=PATIENT).group()) is None


NO_TERMINAL = r"PTY allocation request failed[^\n]*\n"  # a shell all the same, without a prompt


def inside(person: bglab.Session, account: str) -> bool:
    """Root, or somebody whom sudo makes root."""
    ask = "id -u" if account == NAMED else "sudo -n /usr/bin/id -u"
    met = person.expect(dialogue.SHELL_PROMPT, dialogue.GO_ON, REFUSED, timeout=PATIENT).group()
    if re.search(dialogue.GO_ON, met):
        person.line()
        met = person.expect(dialogue.SHELL_PROMPT, NO_TERMINAL, REFUSED, timeout=PATIENT).group()
    if re.search(NO_TERMINAL, met):
        person.line(ask)
        return person.expect(r"(?m)^0\r?$", REFUSED, timeout=PATIENT).group().strip() == "0"
    if not re.search(dialogue.SHELL_PROMPT, met):
        return False
    return person.shell(ask, PATIENT).split()[-1:] == ["0"]


def opens(way: str, account: str) -> tuple[bool, str]:
    """The whole way to root's rights; what was shown last."""
    shown = ""
    try:
        with come(way, account) as person:
            try:
                opened = _opens(person, account)
                if opened:
                    person.line("exit")
            finally:
                shown = " ".join(person.transcript.split())[-160:]
    except (bglab.Missing, OSError) as error:
        return False, shown or str(error)[-160:]
    return opened, shown


OTHER_PROMPT = r"[Pp]assword: ?$|Verification code: ?$"
PASSES_BY = [0]  # so many questions of others each person answers with Enter
THINKS = [0.0]  # of the row that is played


def reaches_us(person: bglab.Session) -> bool:
    for _ in range(PASSES_BY[0]):
        met = person.expect(dialogue.START, OTHER_PROMPT, REFUSED, timeout=PATIENT).group()
        if not re.search(OTHER_PROMPT, met):
            return re.search(dialogue.START, met) is not None
        person.line()
    return passes(person, dialogue.START)


def _opens(person: bglab.Session, account: str) -> bool:
    if not reaches_us(person):
        return False
    person.line()
    if not passes(person, dialogue.SHARE):
        return False
    time.sleep(THINKS[0])
    person.line(dialogue.prefixes(SHARES[account][0]))
    if not passes(person, dialogue.NAME):
        return False
    person.line(bglab.NAME)
    if not passes(person, dialogue.REASON):
        return False
    person.line(bglab.REASON)
    return inside(person, account)


def seen(account: str, ways: list[str]) -> dict[str, tuple[bool, str]]:
    """All of them at once."""
    result: dict[str, tuple[bool, str]] = {}

    def one(way: str) -> None:
        began = time.monotonic()
        opened, shown = opens(way, account)
        result[way] = opened, f"{time.monotonic() - began:.1f} s: {shown}"

    threads = [threading.Thread(target=one, args=(way,)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return result


# -- a row -----------------------------------------------------------------------------------------


def do(what: str | Callable[[], None]) -> None:
    bglab.command(what) if isinstance(what, str) else what()


def brief(found: list[dict]) -> str:
    return "\n".join(f"{f['severity']} {f['id']} [{f['pam_service']}] {f['text']} {f['next']}" for f in found)


def named(row: Row, found: list[dict]) -> list[dict]:
    """Those that tell the cause."""
    rule, _, severity = row.rule.partition(" ")
    mine = [f for f in found if f["id"] == rule and f["severity"] == (severity or "BLOCK") and f["account"] in ("", row.account)]
    if row.rule and not mine:
        raise bglab.Missing(f"no {row.rule} among:\n{brief(found)}")
    if not row.rule and found:
        raise bglab.Missing(f"well, and yet found:\n{brief(found)}")
    return mine


def heal(row: Row, mine: list[dict]) -> str:
    """What was run."""
    if row.heal == "--fix":
        bglab.run(["breakglass", "check", "--fix", "--yes"], timeout=60)  # ends with 1 where something is left
        return "check --fix"
    said, script = (row.heal, row.heal) if isinstance(row.heal, str) else row.heal
    if not any(said in f["next"] for f in mine):
        raise bglab.Missing(f"{said!r} is not what is to be done:\n{brief(mine)}")
    script = re.sub(r"^breakglass init", "breakglass init --yes", script)
    if script.startswith("breakglass share new"):
        SHARES[row.account] = json.loads(bglab.command(f"{script} --shares 1/1 --yes --json"))["shares"]
    else:
        bglab.command(script)
    return script if isinstance(row.heal, str) else f"by hand: {said}"


def compare(row: Row, found: list[dict]) -> dict[str, bool]:
    """What was predicted, and is so."""
    said, met = predicted(found, row.account), seen(row.account, list(WAYS.values()))
    unsure = untold(found, row.account)
    if any(said[way] != opened for way, (opened, _) in met.items() if way not in unsure):
        raise bglab.Missing(f"predicted {said}\nseen {json.dumps(met, indent=1)}\n{brief(found)}")
    return {way: opened for way, (opened, _) in met.items()}


def healed(row: Row, mine: list[dict], shut: list[str]) -> str:
    how = heal(row, mine)
    with daemons(row.runs or ("sshd",)):
        found = check()
        if [f for f in found if shut_by(f, row.account)]:
            raise bglab.Missing(f"after {how}:\n{brief(found)}")
        met = seen(row.account, shut)
    if not all(opened for opened, _ in met.values()):
        raise bglab.Missing(f"after {how}: {json.dumps(met, indent=1)}\n{brief(found)}")
    return f"{how}: open"


def play(row: Row) -> str:
    """A line of the table."""
    SHARES.update(json.loads(bglab.read(f"{bglab.STATE}/shares")))
    of_its_own()
    THINKS[0] = row.thinks
    if row.before:
        do(row.before)
    do(row.ill)
    with daemons(row.runs):
        found = check()
        mine = named(row, found)
        said = compare(row, found)
    shut = [way for way in said if not said[way]]
    after = healed(row, mine, shut) if row.heal else "-"
    words = " ".join(f"{way} {'open' if opened else 'shut'}" for way, opened in said.items())
    return f"{row.rule or '(nothing)':13} {words} | {after}"


def tests(rows: list[Row]) -> dict[str, Callable[[], str]]:
    """A function for each, as the runner wants them."""
    made = {}
    for row in rows:
        def test(row: Row = row) -> str:
            return play(row)

        test.__name__ = f"test_{row.name}"
        made[test.__name__] = test
    return made
