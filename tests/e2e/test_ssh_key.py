# SPDX-License-Identifier: ISC
"""A FIDO2 key that sshd verifies: real ssh-keygen, ssh and sshd with the software key; and everything that must not open so."""

import json
import os
import re
import sys
import types

import bglab
import usbkey
from bglab import dialogue

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import test_screens as screens
import second  # noqa: E402  (test_screens knows where it is)

ACCOUNT, PIN = "bg1", "246813"
FILE, CREDENTIALS = f"/etc/breakglass/ssh/{ACCOUNT}", f"/etc/breakglass/credentials/{ACCOUNT}"
KEYS = "/root/keys"
SHARES: list[str] = []
SSH_KEY = r"Enter = your ssh key, c = cards, \? = help, q =\s+leave: ?"


def key(*options: str):  # type: ignore[no-untyped-def]
    return usbkey.key("--pin", PIN, *(options or ("--touch", "after:200")), conf=usbkey.FAST + "[record]\nsink-required = no\n")


def helper(plugged) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """So that ssh-sk-helper finds the software key."""
    return {"PATH": os.environ["PATH"], "HOME": "/root", "TERM": "dumb", "SOFTKEY": plugged.path,
            "LD_PRELOAD": os.environ["BG_BUILD"] + "/tests/tools/softkey/onekey.so"}


def keygen(plugged, kind: str, name: str, *options: str) -> None:  # type: ignore[no-untyped-def]
    ask = f"{KEYS}/askpass"
    with open(ask, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o700)) as file:
        file.write(f"#!/bin/sh\necho {PIN}\n")
    flags = " ".join(f"-O {o}" for o in (f"device={plugged.path}", *options))
    environment = " ".join(f"{k}={v}" for k, v in helper(plugged).items())
    made = bglab.run(f"env {environment} SSH_ASKPASS={ask} SSH_ASKPASS_REQUIRE=force "
                     f"ssh-keygen -q -t {kind} -f {KEYS}/{name} -N '' -C {name}@laptop {flags}", timeout=60)
    assert made.returncode == 0 and os.path.exists(f"{KEYS}/{name}.pub"), made.stdout + made.stderr


def ssh(plugged, name: str, *options: str) -> bglab.Session:  # type: ignore[no-untyped-def]
    """The client as a person starts it: the key first, then the dialogue."""
    argv = ["ssh", "-tt", "-F", "none", "-i", f"{KEYS}/{name}"]
    for option in [*options, "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes",
                   "IdentityAgent=none", "PreferredAuthentications=publickey,keyboard-interactive"]:
        argv += ["-o", option]
    return bglab.Session([*argv, f"{ACCOUNT}@127.0.0.1"], env=helper(plugged))


def pin(person: bglab.Session) -> None:
    person.expect(r"Enter PIN for [^:]*: ?")
    person.line(PIN)


def admin(*words: str, stdin: str = "") -> tuple[int, str]:
    made = bglab.run(["breakglass", *words], stdin=stdin, timeout=60)
    return made.returncode, re.sub(r"\s+", " ", made.stdout + made.stderr)


def start() -> None:
    bglab.run("hostname web01")
    bglab.start_daemons()
    bglab.enrol(ACCOUNT)
    SHARES.extend(screens.new_set(ACCOUNT, "--label", "AMBER 42"))
    os.makedirs(KEYS, mode=0o700)
    try:
        with key() as plugged:
            keygen(plugged, "ed25519-sk", "blue", "verify-required")
            keygen(plugged, "ecdsa-sk", "green", "verify-required")
            keygen(plugged, "ed25519-sk", "loose", "application=ssh:loose")
            keygen(plugged, "ed25519-sk", "untouched", "verify-required", "no-touch-required", "application=ssh:untouched")
            keygen(plugged, "ed25519-sk", "stranger", "verify-required", "application=ssh:stranger")
    except bglab.Skip:
        pass  # each test says so itself


def test_they_are_enrolled() -> None:
    with key():
        for name in "blue", "green", "loose", "untouched":
            code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/{name}.pub", "--label", name, "--custodian", f"Ms {name}", "--yes")
            shown = bglab.run(["ssh-keygen", "-l", "-f", f"{KEYS}/{name}.pub"]).stdout.split()[1]
            assert code == 0 and shown in said and f"Enrolled: ssh key {name}" in said, said
    lines = [line for line in bglab.read(FILE).splitlines() if not line.startswith("#")]
    bglab.equal([line.split()[0] for line in lines], ["verify-required"] * 4)
    bglab.equal(os.stat(FILE).st_mode & 0o777, 0o644)
    code, said = admin("status")
    assert code == 0 and "ssh-key: blue, made" in said, said
    assert "green ssh required" in admin("key", "list")[1]
    bglab.equal([k["custodian"] for k in json.loads(admin("key", "list", "--json")[1])["keys"]],
                ["Ms blue", "Ms green", "Ms loose", "Ms untouched"])
    effective = bglab.run("sshd -T -C user=bg1,host=x,addr=127.0.0.1").stdout
    assert "pubkeyauthoptions touch-required verify-required\n" in effective, effective


def test_and_no_other_kind_of_key() -> None:
    bglab.run(f"ssh-keygen -q -t ed25519 -N '' -f {KEYS}/plain; ssh-keygen -q -t ed25519 -N '' -f {KEYS}/ca; ")
    bglab.run(f"ssh-keygen -q -s {KEYS}/ca -I x -n {ACCOUNT} {KEYS}/stranger.pub")
    before = bglab.read(FILE), bglab.read(CREDENTIALS)
    for name, why in (("plain.pub", "BG780"), ("stranger-cert.pub", "BG780"), ("plain", "BG781"), ("missing.pub", "BG781"),
                      ("blue.pub", "BG782")):
        code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/{name}", "--yes")
        assert code == 1 and why in said, (name, code, said)
    bglab.run(f"cat {KEYS}/stranger.pub {KEYS}/blue.pub >{KEYS}/two.pub")
    assert "more than one key" in admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/two.pub", "--yes")[1]
    code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/stranger.pub", "--label", "blue", "--yes")
    assert code == 1 and "BG" in said, said
    code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/stranger.pub", "--uv", "no", "--yes")
    assert code == 2 and "BG786" in said, said
    code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/stranger.pub", stdin="")
    assert code == 2, said
    bglab.equal((bglab.read(FILE), bglab.read(CREDENTIALS)), before)


def opens(name: str) -> None:
    before = len(bglab.journal())
    with key() as plugged, ssh(plugged, name) as person:
        pin(person)
        person.expect(SSH_KEY)
        person.line()
        person.expect("BG280")
        bglab.say_why(person)
        seconds = person.expect_shell()
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()
        print(f"{name}: {seconds:.2f} s from the last key stroke to the shell")
    if name == "blue":
        seen = re.sub(r"SHA256:\S+", "SHA256:" + 43 * "X", person.transcript)
        screens.same("ssh-key", types.SimpleNamespace(transcript=seen), 100)  # type: ignore[arg-type]
    bglab.until("the close is on record", lambda: "session.closed" in bglab.event_types(bglab.journal()[before:]))
    events = bglab.journal()[before:]
    wanted = ["attempt.started", "auth.succeeded", "use.granted", "session.opened", "session.closed"]
    bglab.equal([k for k in bglab.event_types(events) if k in wanted], wanted)
    for event in events[1:3]:
        own = event["data"]["unmapped"]["breakglass"]
        bglab.equal((own["factor"], own["key"], "key_counter" in own, "user_verified" in own), ("ssh-key", name, False, False))


def test_ed25519_opens() -> None:
    opens("blue")


def test_ecdsa_opens() -> None:
    opens("green")


def test_rotate_has_it_tested_or_replaced() -> None:
    """Blue and green have opened the account and must go; what signs a challenge has shown that it works, without a use."""
    before = len(bglab.journal())
    code, said = admin("rotate", ACCOUNT, "--by", "Ann", "--yes")
    assert code == 0 and "ssh-key blue to be replaced: it has opened the account" in said, said
    assert f"ssh-key loose to be tested, kept by Ms loose breakglass key test {ACCOUNT} --ssh" in said, said
    loose, blue = needs("loose"), needs("blue")
    bglab.equal((loose, blue), ("test", "replace"))
    with key() as plugged:
        # no PIN was demanded at its making, and it has none to give: it would not open either
        code, said = tested(plugged, "loose")
        assert code == 1 and "BG1371" in said and "without PIN or fingerprint" in said, said
        code, said = tested(plugged, "stranger")
        assert code == 1 and "BG1372" in said, said
        code, said = tested(plugged, "blue", space="file")
        assert code == 1 and "BG1371" in said and "does not fit" in said, said
        code, said = tested(plugged, "blue", cut=True)
        assert code == 1 and "BG1371" in said, said
        text = bglab.read(FILE)
        with open(FILE, "w", encoding="ascii") as file:
            file.write(re.sub(r"(?m)^.*:blue\n", "", text))
        code, said = tested(plugged, "blue")
        assert code == 1 and "BG785" in said, said
        with open(FILE, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(FILE, 0o666)
        code, said = tested(plugged, "blue")
        assert code == 1 and "BG1375" in said and "BG785" not in said, said
        os.chmod(FILE, 0o644)
        bglab.equal(admin("key", "remove", ACCOUNT, "blue", "--yes")[0], 0)
        bglab.equal(admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/blue.pub", "--label", "blue", "--custodian", "Ms blue", "--yes")[0], 0)
        bglab.equal(needs("blue"), "test")
        code, said = tested(plugged, "blue")
        assert code == 0 and f"Key blue of {ACCOUNT} is right" in said, said
    bglab.equal((needs("blue"), needs("loose"), needs("green")), ("done", "test", "replace"))
    steps = [e["data"]["unmapped"]["breakglass"].get("item") for e in bglab.journal()[before:] if "rotate.step" in e["type"]]
    bglab.equal(steps, ["ssh-key blue"])
    assert "use.granted" not in bglab.event_types(bglab.journal()[before:])
    code, said = admin("rotate", "finish", ACCOUNT, "--yes")
    assert code == 1, said
    bglab.equal(admin("rotate", "abort", ACCOUNT, "--yes")[0], 0)


def needs(name: str) -> str:
    items = json.loads(admin("rotate", "status", ACCOUNT, "--json")[1])["rotations"][0]["items"]
    return next(i["need"] for i in items if i["item"] == f"ssh-key {name}")


def tested(plugged, name: str, space: str = "breakglass", cut: bool = False) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    """The command, and the line that it shows run on the laptop."""
    with bglab.Session(["breakglass", "key", "test", ACCOUNT, "--ssh"]) as person:
        line = person.expect(r"(?m)^(echo .*) -n breakglass -f ").group(1)
        environment = {**helper(plugged), "SSH_ASKPASS": f"{KEYS}/askpass", "SSH_ASKPASS_REQUIRE": "force"}
        flags = " ".join(f"{k}={v}" for k, v in environment.items())
        made = bglab.run(f"export {flags}; {line} -n {space} -f {KEYS}/{name}", timeout=60)
        assert "BEGIN SSH SIGNATURE" in made.stdout, made.stdout + made.stderr
        rows = ["", *made.stdout.splitlines()]  # an empty line in front is none of it
        for row in rows[:3] + rows[4:] if cut else rows:
            person.line(row)
        person.expect_end()
        code = person.wait()
    return code, re.sub(r"\s+", " ", person.transcript)


def test_a_paste_that_is_refused_is_no_command() -> None:
    with bglab.Session(["/bin/bash", "--norc"]) as person:
        person.line(f"breakglass key test {ACCOUNT} --ssh; echo ended-$?")
        person.expect("ssh-keygen -Y sign")
        pasted = ["-----BEGIN SSH SIGNATURE-----", *["touch /tmp/pasted; " + "x" * 200] * 40]
        person.send("".join(row + "\n" for row in pasted))
        person.expect("ended-1")
        bglab.equal(person.shell("echo here"), "here\n")
        assert "it is too long" in person.transcript and not os.path.exists("/tmp/pasted"), person.transcript
    for more in ("--text", "--pin-stdin"):
        bglab.equal(bglab.run(["breakglass", "key", "test", ACCOUNT, "--ssh", more]).returncode, 2)


def test_the_question_explains_it_and_leaves() -> None:
    with key() as plugged, ssh(plugged, "blue") as person:
        pin(person)
        person.expect(SSH_KEY)
        person.line("?")
        person.expect("BG282")
        person.expect(SSH_KEY)
        person.line("q")
        person.expect_end()


def test_with_a_text_answer_they_are_two() -> None:
    """One of two people by ssh, the other by text: together they open, of one custodian they do not."""
    good, paper = bglab.read(CREDENTIALS), second.Key("paper")
    try:
        done = bglab.run(["breakglass", "key", "add", ACCOUNT, "--yes", "--custodian", "Ben", "--text", "-"], stdin=paper.line() + "\n")
        bglab.equal(done.returncode, 0)
        bglab.command(["breakglass", "account", "set", ACCOUNT, "--require-network", "two-keys", "--yes"])
        before = len(bglab.journal())
        with key() as plugged, ssh(plugged, "blue") as person:
            pin(person)
            person.expect("two security\\s+keys, of two\\s+people")
            person.expect(r"Press\s+Enter\s+to\s+go\s+on\s+with\s+your\s+ssh\s+key, \?\s+for\s+help, q\s+to\s+leave: ?")
            person.line()
            person.expect(dialogue.TEXT_ONLY)
            person.line()
            rows = paper.respond(person.expect(dialogue.CHALLENGE).group(1), "web01")
            person.expect(dialogue.ANSWER_LINE)
            person.line("".join(rows))
            bglab.say_why(person)
            person.expect_shell()
            person.line("exit")
            person.wait()
        own = next(e for e in bglab.journal()[before:] if "use.granted" in e["type"])["data"]["unmapped"]["breakglass"]
        bglab.equal((own["factor"], own["key"], "user_verified" in own), ("ssh-key+text", "blue+paper", False))
        bglab.run(["sed", "-i", "s/^custodian = Ben$/custodian = Ms blue/", CREDENTIALS])
        with key() as plugged, ssh(plugged, "blue") as person:
            pin(person)
            person.expect("BG283")
            person.expect(dialogue.LAST_WORD)
            person.line()
            person.expect_end()
    finally:
        with open(CREDENTIALS, "w", encoding="utf-8") as file:
            file.write(good)
        bglab.run("rm -f /run/breakglass/state/budget*")  # what this has used up is none of the next one's


def test_shares_open_beside_it() -> None:
    with key() as plugged, ssh(plugged, "blue") as person:
        pin(person)
        person.expect(SSH_KEY)
        person.line("c")
        for share in SHARES[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(share))
        bglab.say_why(person)
        person.expect_shell()
    with bglab.ssh(ACCOUNT) as person:  # a client without a key
        bglab.open_door(person, SHARES[:2])


def is_as_without_a_key(person: bglab.Session) -> None:
    person.expect(dialogue.START)
    assert "ssh key" not in person.transcript, person.transcript
    person.line("q")
    person.expect_end()


def test_without_its_pin_it_is_nothing() -> None:
    """Enrolled, touched, but the signature does not say that its user was verified: sshd refuses it."""
    mark = bglab.auth_log_mark()
    with key() as plugged, ssh(plugged, "loose") as person:
        is_as_without_a_key(person)
        bglab.equal(plugged.status()["blinks"] != "0", True)
    bglab.wait_auth_log("user verification requirement not met", mark)


def test_without_a_touch_it_is_nothing() -> None:
    """Nobody touches it; and one that signs without a touch, even where its line allows that."""
    with key("--touch", "never", "--touch-timeout", "500") as plugged, ssh(plugged, "blue") as person:
        pin(person)
        is_as_without_a_key(person)
    text, mark = bglab.read(FILE), bglab.auth_log_mark()
    blob = bglab.read(f"{KEYS}/untouched.pub").split()[1]
    with open(FILE, "w", encoding="ascii") as file:
        file.write(re.sub(rf"(?m)^verify-required (\S+ {re.escape(blob)})", r"verify-required,no-touch-required \1", text))
    assert "no-touch" in bglab.read(FILE)
    try:
        with key() as plugged, ssh(plugged, "untouched") as person:
            pin(person)
            is_as_without_a_key(person)
        bglab.wait_auth_log(r"user presence \(authenticator touch\) requirement not met", mark)
    finally:
        with open(FILE, "w", encoding="ascii") as file:
            file.write(text)


def test_a_key_that_the_credentials_do_not_know() -> None:
    """sshd verifies it, the helper does not take it."""
    before = bglab.read(FILE)
    with open(FILE, "a", encoding="ascii") as file:
        file.write("verify-required " + bglab.read(f"{KEYS}/stranger.pub"))
    try:
        with key() as plugged, ssh(plugged, "stranger", "LogLevel=VERBOSE") as person:
            pin(person)
            person.expect(r"Authenticated using \"publickey\" with partial success|partial success")
            is_as_without_a_key(person)
        code, said = admin("status")
        assert code == 1 and "BG784" in said and f"line {len(before.splitlines()) + 1}," in said, said
    finally:
        with open(FILE, "w", encoding="ascii") as file:
            file.write(before)


def test_no_certificate() -> None:
    """Neither by an authority that all of sshd trusts, nor by one in the account's own file."""
    before, trust = bglab.read(FILE), "/etc/ssh/sshd_config.d/05-ca.conf"
    with open(FILE, "a", encoding="ascii") as file:
        file.write("cert-authority " + bglab.read(f"{KEYS}/ca.pub"))
    with open(trust, "w", encoding="ascii") as file:
        file.write(f"TrustedUserCAKeys {KEYS}/ca.pub\n")
    bglab.stop("sshd")
    bglab.start("sshd")
    try:
        with key() as plugged, ssh(plugged, "stranger", f"CertificateFile={KEYS}/stranger-cert.pub") as person:
            is_as_without_a_key(person)
    finally:
        with open(FILE, "w", encoding="ascii") as file:
            file.write(before)
        os.unlink(trust)
        bglab.stop("sshd")
        bglab.start("sshd")


def test_many_other_keys_of_the_client() -> None:
    """Each costs one of sshd's tries, and the dialogue still begins."""
    options = []
    for i in range(12):
        bglab.run(f"ssh-keygen -q -t ed25519 -N '' -f {KEYS}/own{i}")
        options.append(f"IdentityFile={KEYS}/own{i}")
    with bglab.ssh(ACCOUNT, "publickey,keyboard-interactive", ["IdentitiesOnly=yes", "IdentityAgent=none", *options]) as person:
        is_as_without_a_key(person)


def required(what: str, name: str | None):  # type: ignore[no-untyped-def]
    text = bglab.read(CREDENTIALS)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write(text.replace("enabled = yes\n", f"enabled = yes\nrequire = {what}\n", 1))
    try:
        if name is None:
            with bglab.ssh(ACCOUNT) as person:
                person.expect("BG283")
                person.expect(dialogue.LAST_WORD)
            return
        with key() as plugged, ssh(plugged, name) as person:
            pin(person)
            person.expect(r"Press Enter to go on with your ssh key, \? for\s+help, q to\s+leave: ?")
            person.line()
            if what == "key+shares":
                for share in SHARES[:2]:
                    person.expect(dialogue.SHARE)
                    person.line(dialogue.prefixes(share))
            bglab.say_why(person)
            person.expect_shell()
    finally:
        with open(CREDENTIALS, "w", encoding="ascii") as file:
            file.write(text)


def test_it_counts_as_a_key() -> None:
    required("key", None)
    required("key", "blue")


def test_key_and_shares() -> None:
    before = len(bglab.journal())
    required("key+shares", "blue")
    granted = next(e for e in bglab.journal()[before:] if "use.granted" in e["type"])
    bglab.equal(granted["data"]["unmapped"]["breakglass"]["factor"], "ssh-key+shares")


def test_suspended_and_resumed() -> None:
    """Suspended it opens nothing and whoever shows it hears so; also when that happens while somebody types."""
    code, said = admin("key", "suspend", ACCOUNT, "green", "--yes")
    assert code == 0 and "Key green of bg1 is suspended." in said, said
    assert "green ssh required" in admin("key", "list")[1] and "SUSPENDED" in admin("key", "list")[1]
    code, said = admin("status")
    assert code == 1 and "BG700" in said, said
    with key() as plugged, ssh(plugged, "green") as person:
        pin(person)
        person.expect("BG174")
        is_as_without_a_key(person)
    code, said = admin("key", "resume", ACCOUNT, "green", "--yes")
    assert code == 0 and "Key green of bg1 is resumed." in said, said
    before = len(bglab.journal())
    with key() as plugged, ssh(plugged, "green") as person:
        pin(person)
        person.expect(SSH_KEY)
        person.line()
        person.expect(dialogue.NAME)
        bglab.equal(admin("key", "suspend", ACCOUNT, "green", "--yes")[0], 0)
        person.line("Robin Example")
        person.expect(dialogue.REASON)
        person.line("LDAP does not answer, restarting the directory")
        person.expect("BG950")
    assert "use.granted" not in bglab.event_types(bglab.journal()[before:])
    bglab.equal(admin("key", "resume", ACCOUNT, "green", "--yes")[0], 0)
    opens("green")


def test_what_is_removed_is_gone() -> None:
    blob = bglab.read(f"{KEYS}/green.pub").split()[1]
    code, said = admin("key", "remove", ACCOUNT, "green", "--yes")
    assert code == 0 and blob not in bglab.read(FILE) and blob not in bglab.read(CREDENTIALS), said
    assert "green" not in admin("key", "list")[1]
    with key() as plugged, ssh(plugged, "green") as person:
        is_as_without_a_key(person)
    said = admin("status")[1]
    assert not re.search("BG78[0-9]|BG22[0-9]", said), said  # how often the account was used may be a finding


def test_a_line_that_is_lost_or_loosened() -> None:
    text = bglab.read(FILE)
    for other in text.replace("verify-required sk-ssh", "sk-ssh", 1), "":
        with open(FILE, "w", encoding="ascii") as file:
            file.write(other)
        code, said = admin("status")
        assert code == 1 and "BG785" in said, said
    with open(FILE, "w", encoding="ascii") as file:
        file.write(text)
    said = admin("status")[1]
    assert not re.search("BG78[0-9]|BG22[0-9]", said), said  # how often the account was used may be a finding


def test_an_older_block_is_brought_up_to_date() -> None:
    """A host that was set up before: the enrolment sets what the block lacks."""
    drop_in = "/etc/ssh/sshd_config.d/10-breakglass.conf"
    text = bglab.read(drop_in)
    old = re.sub(r"(?m)^ *(Pubkey|Trusted).*\n", "", text).replace("publickey,keyboard-interactive:pam ", "")
    with open(drop_in, "w", encoding="ascii") as file:
        file.write(old)
    assert "SSH-16 RISK" in admin("status")[1]
    code, said = admin("key", "remove", ACCOUNT, "blue", "--yes")
    code, said = admin("key", "add", ACCOUNT, "--ssh", f"{KEYS}/blue.pub", "--label", "blue", "--yes")
    assert code == 0 and "+ PubkeyAuthOptions touch-required verify-required" in said, said
    bglab.equal(bglab.read(drop_in), text)
    opens("blue")
    bglab.equal(admin("init", "--undo", "--yes")[0], 0)
    assert not os.path.exists(drop_in)
