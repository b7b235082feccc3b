# SPDX-License-Identifier: ISC
# requires: systemd
"""After "breakglass init" everything runs that it needs, and status says so when it does not any more."""

import os
import re

import bglab

UNITS = ("breakglass-alert.service", "breakglass-alert.timer", "breakglass-journal.path", "breakglass-journal-stop.service", "breakglass-due.timer",
         "breakglass-check.timer", "breakglass-check.path")
CONF = "/etc/breakglass/breakglass.conf"
RELAY = "/run/relay"


def start() -> None:
    bglab.start_daemons("rsyslogd")


def states(question: str) -> list[str]:
    return [bglab.run(["systemctl", question, unit]).stdout.strip() for unit in UNITS]


def init(*words: str) -> str:
    result = bglab.run(["breakglass", "init", "--yes", *words], timeout=90)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def status() -> tuple[int, str]:
    result = bglab.run(["breakglass", "status"])
    return result.returncode, re.sub(r"\s+", " ", result.stderr)


def test_everything_runs() -> None:
    bglab.run("userdel breakglass-alert")
    shown = init()
    assert "Started   breakglass-alert.service" in shown and "Made      user breakglass-alert" in shown, shown
    bglab.equal((states("is-active"), states("is-enabled")), (["active"] * len(UNITS), ["enabled"] * len(UNITS)))
    pid = bglab.run(["systemctl", "show", "-P", "MainPID", UNITS[0]]).stdout.strip()
    uid = os.stat(f"/proc/{pid}").st_uid
    bglab.equal(bglab.run(["id", "-un", str(uid)]).stdout.strip(), "breakglass-alert")
    bglab.equal(bglab.run(["breakglass", "share", "new", "bg1", "--yes", "--quiet"]).returncode, 0)


def test_dates_are_put_on_record() -> None:
    """The unit of the timer, with all that is forbidden to it."""
    bglab.command("systemctl start breakglass-due.service")
    bglab.equal(bglab.command("systemctl show -P Result breakglass-due.service").strip(), "success")
    told = [e["data"]["unmapped"]["breakglass"]["item"] for e in bglab.journal() if ".due.reminder." in e["type"]]
    bglab.equal(told, ["drill bg1", "people"])
    assert bglab.command("systemctl show -P ProtectHome breakglass-due.service").strip() == "yes"


def test_no_sink_is_a_finding() -> None:
    code, said = status()
    assert code == 1 and "BG340" in said and "BG344" not in said, said


def test_a_sink_that_is_added_later_is_served() -> None:
    with open(CONF, "w", encoding="ascii") as file:
        file.write(f"[sink relay]\ntype = syslog\npath = {RELAY}\n")
    reader = f"python3 -c 'import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(\"{RELAY}\"); "
    with bglab.Session(["/bin/sh", "-c", reader + "print(\"up\", flush=True); [s.recv(65536) for _ in iter(int, 1)]'"]) as relay:
        relay.expect("up")
        os.chmod(RELAY, 0o666)
        result = bglab.run(["breakglass", "alert", "test", "--wait", "30"], timeout=60)
        bglab.equal((result.returncode, result.stderr), (0, ""))
        bglab.equal(status(), (0, ""))


def test_a_sink_without_a_service_is_a_finding() -> None:
    bglab.run(["systemctl", "stop", UNITS[0]])
    code, said = status()
    assert code == 1 and "BG344" in said, said
    assert "Started   breakglass-alert.service" in init()
    bglab.equal(states("is-active"), ["active"] * len(UNITS))
    assert "Nothing to do" in init()


def test_undo() -> None:
    init("--undo")
    bglab.equal(states("is-enabled"), ["disabled"] * len(UNITS))
