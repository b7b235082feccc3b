# SPDX-License-Identifier: ISC
# requires: systemd
"""The alert service under systemd: its user, its sandbox, its watchdog; and the round of the timer."""

import base64
from collections.abc import Callable

import bglab
import pager
from bglab import command

UNIT = "breakglass-alert.service"


def start() -> None:
    command("ip link set lo up; systemd-sysusers; true")
    command("breakglass init --account bg1 --yes")
    command("systemd-tmpfiles --create /usr/lib/tmpfiles.d/breakglass.conf")
    pager.connect(more="timeout = 2\n")
    command(f"chgrp breakglass-alert {pager.SECRET}; chmod 440 {pager.SECRET}; chmod -R a+rX {pager.CERTS} /run/bglab")


def try_sinks() -> None:
    """breakglass alert test: taken."""
    result = bglab.run(["breakglass", "alert", "test"], timeout=40)
    if result.returncode != 0:
        raise bglab.Missing(result.stdout + result.stderr + bglab.run(f"systemctl status -l --no-pager {UNIT}").stdout)


def show(what: str) -> str:
    return command(f"systemctl show -P {what} {UNIT}").strip()


def test_service() -> None:
    """Type=notify: start returns when it says READY; it delivers as its own user."""
    r = pager.receiver()
    command("systemctl daemon-reload")
    began = bglab.run(f"systemctl start {UNIT}", timeout=30)
    bglab.equal((began.returncode, began.stdout + began.stderr), (0, ""))
    try_sinks()
    status = bglab.read(f"/proc/{show('MainPID')}/status")
    uid = command("id -u breakglass-alert").strip()
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status and "CapBnd:\t0000000000000000" in status, status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, status
    command("systemctl start breakglass-alert-sweep.service")
    bglab.equal(show("NRestarts"), "0")
    r.stop()


def workers() -> list[str]:
    main = show("MainPID")
    return bglab.read(f"/proc/{main}/task/{main}/children").split()


def after(change: Callable[[], object]) -> None:
    """The service takes a change with the same process, and delivers."""
    main, old = show("MainPID"), workers()
    change()
    bglab.until("the workers are new", lambda: workers() not in ([], old))
    try_sinks()
    bglab.equal((show("MainPID"), show("NRestarts"), show("ActiveState")), (main, "0", "active"))


def test_reload() -> None:
    """A changed configuration or secret and `systemctl reload`: nothing is restarted."""
    r = pager.receiver()
    after(lambda: command(f"echo 'events = alert.*' >>{pager.CONF}"))
    after(lambda: command(f"systemctl reload {UNIT}"))
    after(lambda: command(f"echo whsec_{base64.b64encode(bytes(range(32))).decode()} >{pager.SECRET}"))
    bglab.equal([len(h["webhook-signature"].split()) for h, _, _ in r.got][-1], 2)
    r.stop()


def test_refused_is_told_elsewhere() -> None:
    """One sink refuses: the service calls root's unit, and the other sink gets the event about it."""
    r, other = pager.receiver(), pager.receiver(pager.PORT + 1)
    kept = bglab.read(pager.CONF)
    port = pager.PORT + 1
    after(lambda: command(
        f"printf '[sink other]\\ntype = webhook\\nurl = https://hook.test:{port}/\\nresolve = hook.test:{port}:127.0.0.1\\n"
        f"secret-file = {pager.SECRET}\\nca-file = {pager.CERTS}/ca.pem\\n' >>{pager.CONF}"))
    bglab.equal(len(workers()), 2)
    r.mode = 401
    bglab.run(["breakglass", "alert", "test", "--wait", "2"], timeout=40)
    bglab.until("the other sink tells of it", lambda: any(b"alert.undeliverable" in body for _, body, _ in other.got))
    assert bglab.run("breakglass status").returncode == 1
    unwanted = [e for e, k in zip(bglab.journal(), bglab.event_types(bglab.journal())) if k == "alert.test"][-1]["id"]
    command(f"breakglass alert drop --yes --reason 'a test event' pager {unwanted}")
    bglab.until("it is given up", lambda: "drop" not in command("ls /run/breakglass/cursors"))
    bglab.equal(bglab.event_types(bglab.journal()).count("alert.dropped"), 1)
    r.mode = "ok"
    with open(pager.CONF, "w", encoding="utf-8") as file:
        file.write(kept)
    bglab.until("one sink", lambda: len(workers()) == 1)
    try_sinks()
    assert unwanted not in r.accepted()
    other.stop()
    r.stop()


def test_killed() -> None:
    """SIGKILL: it is back within a second or two, and nothing is lost."""
    r = pager.receiver()
    before = show("NRestarts")
    command(f"systemctl kill -s KILL {UNIT}")
    bglab.until("started again", lambda: show("NRestarts") != before and show("ActiveState") == "active")
    try_sinks()
    r.stop()


def test_configuration_error() -> None:
    """It fails with a status that systemd names CONFIG, once; the timer's sweep starts it when the file is right again."""
    r = pager.receiver()
    command(f"systemctl stop {UNIT}; chmod 666 {pager.CONF}")
    assert bglab.run(f"systemctl start {UNIT}", timeout=30).returncode != 0
    # not "auto-restart": it waits for somebody
    bglab.equal((show("ActiveState"), show("SubState"), show("ExecMainStatus")), ("failed", "failed", "78"))
    assert "status=78/CONFIG" in bglab.run(f"systemctl status -l --no-pager {UNIT}").stdout
    bglab.run("systemctl start breakglass-alert-sweep.service", timeout=120)
    bglab.equal((show("ActiveState"), show("ExecMainStatus")), ("failed", "78"))
    command(f"chmod 644 {pager.CONF}; systemctl start breakglass-alert-sweep.service")
    bglab.until("started again", lambda: show("ActiveState") == "active")
    try_sinks()
    command(f"systemctl stop {UNIT}; systemctl start breakglass-alert-sweep.service")  # what somebody stopped stays so
    bglab.equal(show("ActiveState"), "inactive")
    command(f"systemctl start {UNIT}")
    r.stop()
