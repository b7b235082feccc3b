# SPDX-License-Identifier: ISC
"""A session whose process was killed: receivers see its end, and a shell that outlives it is not called ended."""

import os
import signal

import bglab
import pager

ACCOUNT = "bg1"
ALICE = 5001
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    pager.connect("[login]\nsession-record = no\nalert-wait = 0\ndelay-console = 0\ndelay-local = 0\n", "timeout = 2\n")


def the_sweep() -> None:
    """What the timer does."""
    bglab.run(["/usr/libexec/breakglass/breakglass-alert", "--once", "--deadline", "5000"])


def ends(before: int) -> list[dict]:
    """The ends of sessions since then, and what stands for one."""
    return [e for e in bglab.journal()[before:] if "session.closed" in e["type"] or "session.orphaned" in e["type"]]


def opened(before: int) -> dict:
    return bglab.own([e for e in bglab.journal()[before:] if "session.opened" in e["type"]][0])


def test_a_receiver_sees_the_end_of_a_login_that_was_killed() -> None:
    """login is SIGKILLed and nobody waits for it, so that its number stays a zombie's; the sweep closes it and the receiver is told.

    shadow's login takes the shell with it. util-linux's has put it into a session of its own, where it goes on: no end before its own.
    """
    r = pager.receiver()
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        use = opened(before)
        bglab.equal(use["pid"], person.pid)
        shell = int(person.shell("echo $$"))
        outlives = os.getsid(shell) != person.pid
        os.kill(person.pid, signal.SIGKILL)
        bglab.until("a zombie", lambda: " Z" in bglab.read(f"/proc/{person.pid}/stat").rpartition(")")[2][:2])
        if outlives:
            the_sweep()
            bglab.equal([(bglab.own(e)["detail"], bglab.own(e)["pid"]) for e in ends(before)], [("BG890", shell)])
            os.kill(shell, signal.SIGKILL)
        bglab.until("the shell is gone", lambda: not bglab.is_running(shell))
        the_sweep()
        the_sweep()
        assert os.path.exists(f"/proc/{person.pid}"), "it was reaped before the sweep"
        bglab.equal([bglab.own(e)["detail"] for e in ends(before)][int(outlives):], ["BG172"])
    end = ends(before)[-1]
    bglab.equal((end["subject"], bglab.own(end)["use"]), (ACCOUNT, use["use"]))
    bglab.until("the receiver has it", lambda: end["id"] in [h["webhook-id"] for h, _, m in r.got if m == "ok"])
    r.stop()


def test_the_root_shell_of_a_su_that_was_killed() -> None:
    """Its shell lives on under alice's: the use goes on, on record once, and ends with that shell."""
    before = len(bglab.journal())
    with bglab.Session(["/bin/bash", "--norc"], uid=ALICE) as person:
        person.line(f"trap '' TTOU; su - {ACCOUNT}")
        bglab.open_door(person, SHARES[:2])
        shell = int(person.shell("echo $$"))
        su = opened(before)
        os.kill(su["pid"], signal.SIGKILL)
        bglab.until("su is gone", lambda: not bglab.is_running(su["pid"]))
        assert bglab.is_running(shell), "the shell ended with su"
        the_sweep()
        the_sweep()
        seen = ends(before)
        bglab.equal([(bglab.own(e)["detail"], bglab.own(e)["pid"], bglab.own(e)["use"]) for e in seen], [("BG890", shell, su["use"])])
        assert f"process {shell} (bash) of it goes on at pts/" in seen[0]["data"]["message"], seen
        assert "in use" in bglab.run("breakglass status").stdout
        os.kill(shell, signal.SIGKILL)
        bglab.until("the shell is gone", lambda: not bglab.is_running(shell))
        the_sweep()
        bglab.equal([bglab.own(e)["detail"] for e in ends(before)], ["BG890", "BG172"])
