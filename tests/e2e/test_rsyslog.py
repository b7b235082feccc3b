# SPDX-License-Identifier: ISC
"""rsyslogd's mmjsonparse recovers every field of every event, from the login and from the syslog sink."""

import json
import os

import bglab

ACCOUNT = "bg1"
SHARES: list[str] = []
OUT = {"login": "/run/bglab/from-login", "sink": "/run/bglab/from-sink"}
SINK = "/run/bglab/relay.sock"


def start() -> None:
    with open("/etc/rsyslog.d/10-parse.conf", "w", encoding="ascii") as file:
        file.write(
            'module(load="mmjsonparse")\n'
            f'input(type="imuxsock" Socket="{SINK}" ruleset="sink")\n'
            'template(name="fields" type="list") { property(name="$!") constant(value="\\n") }\n'
            f'ruleset(name="sink") {{ action(type="mmjsonparse") action(type="omfile" file="{OUT["sink"]}" template="fields") }}\n'
            'if $programname == "breakglass" then { action(type="mmjsonparse")\n'
            f'  if $parsesuccess == "OK" then action(type="omfile" file="{OUT["login"]}" template="fields") }}\n'
        )
    os.makedirs("/run/bglab", exist_ok=True)
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    with open("/etc/breakglass/breakglass.conf", "a", encoding="ascii") as file:
        file.write(f"\n[sink relay]\ntype = syslog\npath = {SINK}\n")
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        person.line("exit")
        person.wait()
    bglab.run(["/usr/libexec/breakglass/breakglass-alert", "--once", "--deadline", "10000"])


def parsed(way: str) -> dict[str, dict]:
    return {e["id"]: e for e in map(json.loads, bglab.read(OUT[way]).splitlines())}


def equal_fields(way: str) -> None:
    kinds = {"use.granted", "session.opened", "session.closed", "auth.succeeded"}
    events = bglab.journal()
    mine = {e["id"]: e for e, k in zip(events, bglab.event_types(events)) if k in kinds}
    bglab.until("all lines are parsed", lambda: set(mine) <= set(parsed(way)))
    for ident, event in mine.items():
        bglab.equal(parsed(way)[ident], event)


def test_what_the_login_sends() -> None:
    equal_fields("login")


def test_what_the_sink_delivers() -> None:
    equal_fields("sink")
