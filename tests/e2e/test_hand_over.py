# SPDX-License-Identifier: ISC
"""Who sees "Access granted" over ssh gets the shell: the grant passes to sshd's other process by a token in memory, never by a log."""

import fcntl
import functools
import glob
import os
import shutil
import signal
import subprocess

import bglab

ACCOUNT = "bg1"
SHARES: list[str] = []
STATE = "/var/lib/breakglass"
RUN = "/run/breakglass"
SEGMENT = 4 << 20


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    os.makedirs(f"{RUN}/journal", mode=0o750, exist_ok=True)


def get_in() -> None:
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect("BG119", timeout=60)
        person.expect_shell(60)
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()


def mount(path: str, *options: str) -> None:
    bglab.equal(bglab.run(["mount", *options, path]).returncode, 0)


def umount(*paths: str) -> None:
    for path in paths:
        bglab.equal(bglab.run(["umount", "-l", path]).returncode, 0)


def full(path: str) -> None:
    mount(path, "-t", "tmpfs", "-o", "size=16k,mode=755", "none")
    bglab.run(f"cat /dev/zero >{path}/fill 2>/dev/null")


def taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_var_and_run_read_only() -> None:
    """Emergency mode: nothing that is ours takes a byte."""
    for path in (STATE, RUN):
        mount(path, "--bind", path)
        mount(path, "-o", "remount,bind,ro", path)
    try:
        get_in()
    finally:
        umount(STATE, RUN)


def test_both_full() -> None:
    full(STATE)
    full(RUN)
    try:
        get_in()
    finally:
        umount(STATE, RUN)


def test_every_lock_is_held() -> None:
    get_in()  # so that there is something to lock
    held = []
    for top in (STATE, RUN):
        for path in glob.glob(f"{top}/**", recursive=True):  # and top itself
            try:
                held.append(os.open(path, os.O_RDONLY))
            except FileNotFoundError:  # what the session before left to be cleared away is, meanwhile
                continue
            bglab.until(f"{path} is free", functools.partial(taken, held[-1]))
    try:
        get_in()
    finally:
        for fd in held:
            os.close(fd)


@bglab.bounded(300)
def test_a_journal_of_200_mb() -> None:
    """The older segments are filled up with events of other uses."""
    journal = f"{STATE}/journal"
    get_in()
    newest = sorted(glob.glob(f"{journal}/*.jsonl"))[-1]
    with open(newest, "rb") as file:
        lines = file.read()
    lines = lines[: lines.rindex(b"\n") + 1]
    moved = f"{journal}/000060.jsonl"
    os.rename(newest, moved)
    try:
        for number in range(1, 51):
            with open(f"{journal}/{number:06d}.jsonl", "wb") as file:
                file.write(lines * (SEGMENT // len(lines)))
        bglab.run("sync; echo 3 >/proc/sys/vm/drop_caches")
        get_in()
    finally:
        for number in range(1, 51):
            os.unlink(f"{journal}/{number:06d}.jsonl")
        shutil.move(moved, newest)


def test_a_flooded_full_disk() -> None:
    """Strangers try all the while; their failures are what fills the records."""
    full(f"{STATE}/journal")
    once = f"echo q | timeout 5 /usr/libexec/breakglass/breakglass-login --tty {ACCOUNT}"
    flood = [subprocess.Popen(["/bin/sh", "-c", f"while :; do {once}; done >/dev/null 2>&1"], start_new_session=True) for _ in range(4)]
    try:
        get_in()
    finally:
        for one in flood:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        umount(f"{STATE}/journal")


def test_a_grant_is_for_its_own_login() -> None:
    """The use of a login that is still at its prompt, named in the PAM environment of another: no session, and the first gets its own."""
    with open("/etc/pam.d/su", encoding="utf-8") as file:
        kept = file.read()
    with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
        file.write("session optional pam_env.so envfile=/run/use\n")
        file.write("".join(x for x in kept.splitlines(True) if "pam_breakglass" not in x or x.startswith("session")))
    try:
        with bglab.Session(["/bin/sh", "-c", f"/usr/libexec/breakglass/breakglass-login --tty {ACCOUNT}; echo TH''EN; read x"]) as person:
            bglab.type_shares(person, SHARES[:2])
            bglab.say_why(person)
            person.expect("BG119")
            person.expect("THEN")
            use = bglab.journal()[-1]["data"]["unmapped"]["breakglass"]["use"]
            with open("/run/use", "w", encoding="ascii") as file:
                file.write(f"BREAKGLASS_USE={use}\n")
            with bglab.Session(["/bin/su", "-s", "/bin/sh", ACCOUNT, "-c", "echo INSI''DE"]) as other:
                assert "INSIDE" not in other.expect_end(20)
            bglab.equal(bglab.event_types(bglab.journal())[-1], "session.ungranted")
    finally:
        with open("/etc/pam.d/su", "w", encoding="utf-8") as file:
            file.write(kept)
