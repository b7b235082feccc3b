# SPDX-License-Identifier: ISC
"""The part of login-ratio that runs inside the copies.

usage: login_ratio.py serve          obey one command per line, a verb and its words; answer each with one line of JSON
       login_ratio.py table          read what was measured (UID MODE WAY MACHINE SECONDS) and print the tables
       login_ratio.py rows           the same as rows for tests/bench/all
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lab"), os.path.join(HERE, "..", "tools", "softkey")]
os.environ.setdefault("BG_BUILD", os.path.join(HERE, "..", "..", "_build"))
sys.dont_write_bytecode = True

import bglab  # noqa: E402
import measure  # noqa: E402
from bglab import dialogue  # noqa: E402
from softkey_lab import SOFTKEY, Key  # noqa: E402

ACCOUNT = "bg1"
HELPERS = ("/usr/local/libexec", "/usr/libexec")
WAYS = ("login", "key", "ssh", "su")
MODES = ("hang", "drop", "refused")
SHARES: list[str] = []
MEMORY = f"{bglab.STATE}/key"  # of the software key, from login to login


def enter(way: str, user: str) -> bglab.Session:
    alice = bglab.LOCAL["alice"][0]
    return {
        "login": lambda: bglab.login(user),
        "ssh": lambda: bglab.ssh(user, "keyboard-interactive" if user == ACCOUNT else "password"),
        "su": lambda: bglab.su(user, uid=alice),
    }[way]()


# -- verbs ---------------------------------------------------------------------------------------


def begin(machine: str, uid: str) -> None:
    """Set the machine up; "plain": as if LDAP had never been configured."""
    bglab.start_daemons()
    if machine == "plain":
        bglab.without_ldap()
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, *([] if uid == "0" else ["--uid", uid])))
    if os.access(SOFTKEY, os.X_OK):
        with plugged():
            bglab.run(["breakglass", "key", "add", ACCOUNT, "--label", "bench", "--yes"], timeout=60)


@contextlib.contextmanager
def plugged():  # type: ignore[no-untyped-def]
    """The software key, plugged in and named in breakglass.conf; pulling it out restores the file."""
    conf = "/etc/breakglass/breakglass.conf"
    before = bglab.read(conf)
    with Key("--touch", "auto", state=MEMORY) as key:
        with open(conf, "w", encoding="utf-8") as file:
            file.write(before.replace("[fido]\n", f"[fido]\ndevice = {key.link}\n", 1))
        yield
    with open(conf, "w", encoding="utf-8") as file:
        file.write(before)


def by_key() -> float:
    """In at a console by key, touched at once, so that no person's time is counted."""
    if not os.access(SOFTKEY, os.X_OK):
        raise bglab.Missing("no software key was built")
    bglab.run("umount /dev/ttyS0")  # of the login before, if there was one
    with plugged(), bglab.login(ACCOUNT, device="ttyS0") as person:
        person.expect(dialogue.KEY_START)
        person.line()
        bglab.say_why(person)
        seconds = person.expect_shell(60.0)
        person.line("exit")
        person.wait(20.0)
    return seconds


def visit(way: str, who: str = ACCOUNT) -> float:
    """In and out again; seconds from the last key stroke to the shell."""
    if way == "key":
        return by_key()
    with enter(way, who) as person:
        if who == ACCOUNT:
            seconds = bglab.open_door(person, SHARES[:2], timeout=60.0)
        else:
            seconds = bglab.password_login(person, bglab.PASSWORDS[who])
        person.line("exit")
        person.wait()
    return seconds


def first_prompt() -> list[float]:
    """Start of the helper to its first question, and a program that does nothing (the terminal's own cost)."""
    helper = bglab.run(["find", *HELPERS, "-name", "breakglass-login"]).stdout.split()[0]
    began = time.monotonic()
    with bglab.Session([helper, "--tty", ACCOUNT]) as person:
        person.expect(dialogue.START)
        took = time.monotonic() - began
        person.line("q")
        person.expect_end()
    began = time.monotonic()
    with bglab.Session(["/bin/true"]) as person:
        person.expect_end()
        return [took, time.monotonic() - began]


def other_user() -> list[float]:
    """Every PAM phase of su for another user, with our lines and without them."""
    if not os.path.exists("/etc/pam.d/su-without"):
        kept = [x for x in bglab.read("/etc/pam.d/su").splitlines(True) if "pam_breakglass" not in x]
        with open("/etc/pam.d/su-without", "w", encoding="utf-8") as file:
            file.write("".join(kept))
    return [_phases("su"), _phases("su-without")]


def _phases(service: str) -> float:
    words = ["authenticate", "acct_mgmt", "setcred", "open_session", "close_session"]
    began = time.monotonic()
    done = bglab.run(["pamtester", service, "fuser", *words])
    took = time.monotonic() - began
    if done.returncode != 0:
        raise bglab.Missing(f"pamtester {service}: {done.stderr}")
    return took


def fsyncs() -> dict[str, list[str]]:
    """The fsyncs of one login(1) as the account, before the shell and after it; {}: no strace here."""
    if bglab.run("command -v strace").returncode != 0:
        return {}
    with tempfile.NamedTemporaryFile("r") as trace:
        with bglab.Session(["strace", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,sync,syncfs", "-o", trace.name,
                            "/bin/login", "-p"]) as person:
            person.expect(dialogue.LOGIN_PROMPT)
            person.line(ACCOUNT)
            bglab.open_door(person, SHARES[:2], timeout=60.0)
            before = _synced(trace.read())
            person.line("exit")
            person.wait()
        return {"to the shell": before, "at the end": _synced(trace.read())}


def _synced(text: str) -> list[str]:
    return re.findall(r"sync\w*\(\d+<([^>]*)>", text)


VERBS: dict[str, Callable[..., object]] = {
    "begin": begin,
    "ldap": lambda mode: bglab.ldap(mode),
    "visit": visit,
    "first-prompt": first_prompt,
    "other-user": other_user,
    "fsyncs": fsyncs,
}


def serve() -> int:
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            answer = {"ok": VERBS[verb](*words)}
        except (AssertionError, OSError, ValueError) as error:
            answer = {"failed": f"{line.strip()}: {error}"}
        print(json.dumps(answer), flush=True)
    return 0


# -- tables --------------------------------------------------------------------------------------

Samples = dict[tuple[str, ...], list[float]]


def load(lines: list[str]) -> tuple[Samples, list[str]]:
    """Samples by (uid, mode, way, machine), and all other lines."""
    samples: Samples = defaultdict(list)
    rest = []
    for line in lines:
        key, _, value = line.rstrip("\n").rpartition(" ")
        words = tuple(key.split())
        if len(words) == 4 and words[2] in WAYS:
            samples[words].append(float(value))
        else:
            rest.append(line.rstrip("\n"))
    return samples, rest


def pair(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:7.1f} {min(seconds) * 1000:7.1f}" if seconds else f"{'-':>7} {'-':>7}"


def ratio_table(samples: Samples) -> None:
    print("Milliseconds from the last key stroke (Enter after the reason) to the shell:")
    print("                     LDAP down       no LDAP configured")
    print("uid  LDAP     way    median     min  median     min   ratio: medians  pairs  minima   runs")
    for uid in ("0", "990"):
        for mode in MODES:
            for way in WAYS:
                down, plain = samples[(uid, mode, way, "ldap")], samples[(uid, mode, way, "plain")]
                if not down or not plain:
                    continue
                medians = statistics.median(down) / statistics.median(plain)
                pairs = statistics.median(a / b for a, b in zip(down, plain))
                minima = min(down) / min(plain)
                print(f"{uid:<4} {mode:<8} {way:<5} {pair(down)} {pair(plain)}   {medians:14.2f} {pairs:6.2f} {minima:7.2f}   {len(down):4}")


def context_table(samples: Samples, rest: list[str]) -> None:
    print("\nFor comparison, milliseconds (median, min):")
    for way in WAYS:
        if seconds := samples[("-", "-", way, "fuser")]:
            print(f"  password login of a local user, no LDAP configured, {way:<6} {pair(seconds)}")
    found: dict[str, list[list[float]]] = defaultdict(list)
    for line in rest:
        name, _, value = line.partition(" ")
        if name == "fsyncs":
            print_fsyncs(json.loads(value))
        else:
            found[name].append(json.loads(value))
    titles = {
        "first-prompt": ("helper started to its first question", "a program that does nothing"),
        "other-user": ("all PAM phases of su for another user, our lines", "the same without our lines"),
    }
    for name, both in titles.items():
        columns = list(zip(*found[name]))
        for title, seconds in zip(both, columns):
            print(f"  {title:<58} {pair(list(seconds))}   ({len(seconds)} runs)")
        if columns:
            gap = [(a - b) * 1000 for a, b in zip(*columns)]
            print(f"  {'... difference, median of pairs':<58} {statistics.median(gap):7.2f}")


def print_fsyncs(seen: dict[str, list[str]]) -> None:
    if not seen:
        print("  fsyncs of one login: not counted, strace is not installed")
    for when, files in seen.items():
        print(f"  fsyncs of one login, {when}: {len(files)}")
        for path in files:
            print(f"      {path}")


def table() -> int:
    samples, rest = load(sys.stdin.readlines())
    ratio_table(samples)
    context_table(samples, rest)
    return 0


def rows() -> int:
    samples, rest = load(sys.stdin.readlines())
    for uid, mode, way, _ in sorted(k for k in samples if k[3] == "ldap"):
        down, plain = samples[(uid, mode, way, "ldap")], samples[(uid, mode, way, "plain")]
        name = "login by key" if way == "key" else f"{way} by shares"
        thousandfold = [[s * 1000 for s in seconds] for seconds in (down, plain)]
        measure.row(f"{name}, LDAP {mode}, uid {uid}", "ms", thousandfold[0], "no LDAP configured", thousandfold[1], len(down))
    titles = {
        "first-prompt": ("helper start to first prompt", "a program that does nothing"),
        "other-user": ("su for another user, our PAM lines", "without our lines"),
    }
    for name, (what, peer) in titles.items():
        pairs = [json.loads(line.partition(" ")[2]) for line in rest if line.startswith(name)]
        ours, theirs = ([p[i] * 1000 for p in pairs] for i in (0, 1))
        measure.row(what, "ms", ours, peer, theirs, len(pairs))
    return 0


if __name__ == "__main__":
    mode = {("serve",): serve, ("table",): table, ("rows",): rows}.get(tuple(sys.argv[1:]))
    sys.exit(mode() if mode else __doc__)
