# SPDX-License-Identifier: ISC
"""The alarm goes out while the person is still at the prompt; a dead receiver delays the login by a bound and no more."""

import json
import time

import bglab
import pager
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
WAIT = 3


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    pager.connect(f"[login]\nalert-wait = {WAIT}\ndelay-console = 0\ndelay-network = 0\n", "timeout = 2\n")


def arrived(r: pager.Receiver) -> list[str]:
    """Kinds of events that the receiver took, each once."""
    events = {h["webhook-id"]: json.loads(b) for h, b, m in r.got if m == "ok"}
    return bglab.event_types(list(events.values()))


def newest(kind: str) -> dict:
    return [e for e, k in zip(bglab.journal(), bglab.event_types(bglab.journal())) if k == kind][-1]


def test_heard_while_the_person_waits() -> None:
    """LDAP hangs and no service runs: the login itself raises the alarm, and shows that it was heard."""
    r = pager.receiver()
    bglab.ldap("hang")
    mark = bglab.nslcd_mark()
    with bglab.login(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        person.expect(dialogue.NAME)
        bglab.until("rings while the person types", lambda: "auth.succeeded" in arrived(r))
        type_why(person)
        seconds = person.expect_shell()
        assert "BG320" in person.transcript and "pager" in person.transcript, person.transcript
        person.line("exit")
        person.wait()
    bglab.equal([str(q) for q in bglab.nslcd_requests_since(mark) if q.searches], [])
    print(f"last key to shell with a receiver: {seconds:.2f} s")
    bglab.until("all of it is on record", lambda: bglab.event_types(bglab.journal())[-1] == "session.closed")
    try:
        bglab.until("all of it arrives", lambda: {"use.granted", "session.opened", "session.closed"} <= set(arrived(r)))
    except bglab.Missing:
        print(arrived(r), bglab.event_types(bglab.journal()), bglab.run("breakglass alert status").stdout)
        raise
    assert "pager" in newest("alert.acknowledged")["data"]["message"]
    bglab.ldap("up")
    r.stop()


def type_why(person: bglab.Session) -> None:
    """From the prompt for the name, which the caller has already seen, to the shell."""
    person.line("Robin Example")
    person.expect(dialogue.REASON)
    person.line("LDAP does not answer, restarting the directory")


def test_receiver_dead_in_three_ways() -> None:
    """Refused, hanging, dropped: at most alert-wait of delay, shown, recorded, delivered after recovery under the same id."""
    r = pager.receiver()
    r.stop()
    old = {e["id"] for e in bglab.journal()}  # what an earlier receiver took is not sent again
    with bglab.login(ACCOUNT) as person:
        shown, refused = bglab.get_in(person, SHARES[:2])
    assert "BG321" in shown and "BG119" in shown, shown
    r.start()
    r.mode = "hang"
    with bglab.ssh(ACCOUNT) as person:
        shown, hung = bglab.get_in(person, SHARES[:2])
    assert "BG321" in shown, shown
    r.release.set()
    print(f"last key to shell: refused {refused:.2f} s, hanging {hung:.2f} s (alert-wait {WAIT} s)")
    # a wait for the receiver itself would not end while it hangs; the rest is for other programs
    assert WAIT <= refused < WAIT + 15 and WAIT <= hung < WAIT + 15, (refused, hung)
    bglab.equal(bglab.event_types(bglab.journal()).count("alert.unreached"), 2)
    r.mode = "ok"
    bglab.equal(bglab.run(["breakglass", "alert", "test"], timeout=40).returncode, 0)
    ids = {e["id"] for e in bglab.journal()}
    bglab.until("everything arrives", lambda: set(r.accepted()) >= ids - old)
    bglab.until("nothing is left", lambda: all(s["waiting"] == 0 and s["dead"] == 0 for s in sinks()))
    r.stop()


def sinks() -> list[dict]:
    return json.loads(bglab.run(["breakglass", "alert", "status", "--json"]).stdout)["sinks"]


def test_service_and_test_command() -> None:
    r = pager.receiver()
    bglab.run("setsid -f /usr/libexec/breakglass/breakglass-alert --service >/run/bglab/alert.log 2>&1")
    bglab.until("it runs", lambda: "true" in bglab.run("breakglass alert status --json | grep service").stdout)
    result = bglab.run(["breakglass", "alert", "test"], timeout=40)
    bglab.equal(result.returncode, 0)
    print(result.stdout.strip())
    with bglab.login(ACCOUNT) as person:
        shown, seconds = bglab.get_in(person, SHARES[:2])
    assert "BG320" in shown, shown
    print(f"last key to shell with the service: {seconds:.2f} s")
    r.stop()
    result = bglab.run(["breakglass", "alert", "test", "--wait", "2"], timeout=40)
    bglab.equal(result.returncode, 1)
    assert "BG342" in result.stdout + result.stderr, result.stdout + result.stderr
    r.start()
    began = time.monotonic()
    bglab.equal(bglab.run(["breakglass", "alert", "test", "pager"], timeout=40).returncode, 0)
    bglab.until("what was missed is delivered as well", lambda: {e["id"] for e in bglab.journal()[-3:]} <= set(r.accepted()))
    print(f"after the receiver came back: {time.monotonic() - began:.2f} s")


def test_where_the_alarm_is_required() -> None:
    """alert-require = remote: over ssh nobody gets in unheard, and it is on record; a console stays open, and so does ssh while somebody hears.

    What the sink does not want is done without being sent, and is no acknowledgement."""
    r = pager.receiver()
    r.stop()
    kept = bglab.read(pager.CONF)
    with open(pager.CONF, "w", encoding="utf-8") as file:
        file.write(kept.replace("[login]\n", "[login]\nalert-require = remote\n") + "events = use.*\n")
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        person.expect(dialogue.NAME)
        person.line("Robin Example")
        person.expect(dialogue.REASON)
        person.line("LDAP does not answer, restarting the directory")
        person.expect("BG935")
    bglab.until("it is on record", lambda: "BG935" in json.dumps(newest("attempt.failed")))
    assert "BG935" in json.dumps(newest("alert.unreached"))
    with bglab.login(ACCOUNT) as person:
        shown, _ = bglab.get_in(person, SHARES[:2])
    assert "BG321" in shown, shown
    r.start()
    with bglab.ssh(ACCOUNT) as person:
        shown, _ = bglab.get_in(person, SHARES[:2])
    assert "(pager, record)" in shown, shown
    with open(pager.CONF, "w", encoding="utf-8") as file:
        file.write(kept)
    r.stop()


def test_useless_secret_is_said() -> None:
    """The sink cannot be served: the person is told, and gets in; it is on record and a finding."""
    secret = "/etc/breakglass/secrets/pager"
    bglab.run(f"pkill -x breakglass-aler; mv {secret} {secret}.kept")
    with bglab.login(ACCOUNT) as person:
        shown, _ = bglab.get_in(person, SHARES[:2])
    assert "BG353" in shown and secret in shown, shown
    bglab.until("it is on record", lambda: any("BG353" in json.dumps(e) for e in bglab.journal()))
    status = bglab.run("breakglass alert status")
    assert status.returncode == 1 and "BG353" in status.stdout + status.stderr, status
    bglab.run(f"mv {secret}.kept {secret}")


def test_no_sink_no_word() -> None:
    bglab.run("pkill -x breakglass-aler; true")
    with open(pager.CONF, "w", encoding="utf-8") as file:
        file.write("[login]\ndelay-console = 0\n")
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        shown, _ = bglab.get_in(person, SHARES[:2])
    assert "BG32" not in shown, shown
    assert not [k for k in bglab.event_types(bglab.journal()[before:]) if k.startswith("alert.")]
