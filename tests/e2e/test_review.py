# SPDX-License-Identifier: ISC
"""A real use and its review: what was dead is on record after the grant, the story is told, and the verdict ends the alarm."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import urllib.request

import bglab
import pager
from bglab import bounded

ACCOUNT = "bg1"
SHARES: list[str] = []
ALERTMANAGER = "/var/lib/bglab-alertmanager"
SEEN = {"dead": 0}
WHY = ["--by", "Grace Hopper", "--cause", "LDAP hung after the upgrade", "--actions", "an alarm on its latency, two servers"]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    dead, listener = free_port(), free_port()
    os.makedirs("/run/bglab", exist_ok=True)
    with open("/run/bglab/ports", "w", encoding="ascii") as file:
        file.write(f"{dead} {listener}")
    more = "timeout = 2\n"
    if shutil.which("prometheus-alertmanager"):
        more += f"[sink incidents]\ntype = alertmanager\nurl = http://127.0.0.1:{listener}/api/v2/alerts\n"
    pager.connect(f"[login]\nalert-wait = 3\ndelay-console = 0\n[record]\nprobe = https://127.0.0.1:{dead}/sso tcp://127.0.0.1:22\n", more)


def ports() -> tuple[int, int]:
    dead, listener = bglab.read("/run/bglab/ports").split()
    return int(dead), int(listener)


def alerts() -> list[dict]:
    with urllib.request.urlopen(f"http://127.0.0.1:{ports()[1]}/api/v2/alerts", timeout=5) as answer:
        return json.loads(answer.read())


def probed(use: str) -> list[dict]:
    return [e for e in bglab.journal(probed=True) if e["type"] == "org.breakglass.use.probed.v1" and bglab.own(e)["use"] == use]


def newest(kind: str) -> dict:
    return [e for e, k in zip(bglab.journal(), bglab.event_types(bglab.journal())) if k == kind][-1]


def command(*words: str, rc: int = 0) -> dict:
    result = bglab.run(["breakglass", *words, "--json"], timeout=60)
    assert result.returncode == rc, (words, result.returncode, result.stdout, result.stderr)
    return json.loads(result.stdout)


@bounded(300)
def test_what_was_dead_and_the_end_of_the_alarm() -> None:
    """LDAP hangs: the record says so, after the grant; the review shows it, and its end ends the alert of that use."""
    r = pager.receiver()
    manager = None
    if shutil.which("prometheus-alertmanager"):
        os.makedirs(ALERTMANAGER, exist_ok=True)
        with open(f"{ALERTMANAGER}/conf", "w", encoding="ascii") as file:
            file.write("route:\n  receiver: none\nreceivers:\n  - name: none\n")
        manager = subprocess.Popen(["prometheus-alertmanager", f"--config.file={ALERTMANAGER}/conf", f"--storage.path={ALERTMANAGER}/data",
                                    f"--web.listen-address=127.0.0.1:{ports()[1]}", "--cluster.listen-address="],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers() -> bool:
            try:
                return alerts() == []
            except OSError:
                return False
        bglab.until("Alertmanager answers", answers)
    bglab.ldap("hang")
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        person.shell("touch /etc/changed-in-the-use")
        use = bglab.own(newest("use.granted"))["use"]
        out = bglab.run(["breakglass", "review", "close", use, "--verdict", "genuine", *WHY])
        assert out.returncode == 1 and "BG1172" in out.stderr, out
        bglab.until("what was dead is on record", lambda: probed(use))
        person.line("exit")
        person.wait()
    event = probed(use)[0]
    said = bglab.own(event)["detail"]
    granted = newest("use.granted")
    assert int(event["sequence"]) > int(granted["sequence"]) and len(probed(use)) == 1
    assert "directory ldap: no answer in 5 s" in said, said
    assert re.search(f"https://127.0.0.1:{ports()[0]}/sso: Could(n't| not) connect to server", said), said  # libcurl 7, 8
    assert "tcp://127.0.0.1:22: ok " in said, said
    bglab.until("it is told outside too", lambda: event["id"] in r.accepted())
    bglab.ldap("up")
    bglab.until("the session is closed", lambda: bglab.event_types(bglab.journal())[-1] == "session.closed")
    if manager is not None:
        bglab.until("the alert is there", lambda: [a["labels"]["event"] for a in alerts()] == [use] and alerts()[0]["labels"]["alertname"] == "BreakGlassUse")
    o = command("review", "show", use)
    assert o["about"]["claimed_by"] == "Robin Example" and o["probed"] == said
    assert "/etc/changed-in-the-use" in [f["path"] for f in o["etc"]["files"]], o["etc"]
    assert [a for a in o["told"] if a["sink"] == "pager"] == [{"sink": "pager", "wanted": True, "taken": True}], o["told"]
    kinds = bglab.event_types(o["story"])
    assert [k for k in kinds if k in ("auth.succeeded", "use.granted", "session.opened", "session.closed")] == [
        "auth.succeeded", "use.granted", "session.opened", "session.closed"], kinds
    print(bglab.run(["breakglass", "review", "show", use]).stdout)
    out = bglab.run(["breakglass", "review", "close", use, "--verdict", "genuine", "--by", "robin  EXAMPLE", *WHY[2:]])
    assert out.returncode == 1 and "BG1173" in out.stderr, out
    closed = command("review", "close", use, "--verdict", "genuine", *WHY)
    with open(closed["file"], "rb") as file:
        bglab.equal(hashlib.sha256(file.read()).hexdigest(), closed["evidence"])
    bglab.until("the verdict is told outside", lambda: newest("review.closed")["id"] in r.accepted())
    if manager is not None:
        bglab.until("the alert is over", lambda: alerts() == [])
        manager.kill()
        manager.wait()
    bglab.equal(bglab.run("breakglass journal verify").returncode, 0)
    r.stop()


@bounded(300)
def test_a_service_without_rights_leaves_it_for_root() -> None:
    """As systemd runs it: the service may not write to the journal, and root's sweep puts on record what it found."""
    r = pager.receiver()
    service = subprocess.Popen(["setpriv", "--reuid=breakglass-alert", "--regid=breakglass-alert", "--clear-groups",
                                "/usr/libexec/breakglass/breakglass-alert", "--service"])
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        use = bglab.own(newest("use.granted"))["use"]
        bglab.until("it has looked", lambda: os.path.exists("/run/breakglass/cursors/.probed"))
        assert not probed(use)
        bglab.run("/usr/libexec/breakglass/breakglass-alert --once", timeout=60)
        event, = probed(use)
        assert "tcp://127.0.0.1:22: ok " in bglab.own(event)["detail"], event
        assert not os.path.exists("/run/breakglass/cursors/.probed")
        for text in ("nonsense", f"{use} forged: it was granted before and is on record", "01JD7Z3W9Q6M3B1V5X0C8K3F2T dns: a use that never was"):
            with open("/run/breakglass/cursors/.probed", "w", encoding="ascii") as file:
                file.write(text + "\n")
            bglab.run("/usr/libexec/breakglass/breakglass-alert --once", timeout=60)
            assert len([e for e in bglab.journal(probed=True) if "probed" in e["type"]]) == 2
        person.line("exit")
        person.wait()
    service.terminate()
    service.wait()
    r.stop()
