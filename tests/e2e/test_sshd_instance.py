# SPDX-License-Identifier: ISC
"""An sshd of our own beside one that is full: set up, checked, and undone; and what a person has of it."""

import json
import os
import re
import socket

import bglab
from bglab import dialogue

ACCOUNT, PORT = "bg1", 2222
FILE = "/etc/breakglass/sshd_config"
SHARES: list[str] = []
BEFORE: dict[str, str] = {}


def tree() -> dict[str, str]:
    listed = bglab.run("find /etc -xdev \\( -type f -o -type l \\) -not -path '/etc/breakglass/*' -exec sha256sum {} +").stdout
    whole = {line.split(maxsplit=1)[1]: line.split()[0] for line in listed.splitlines()}
    return {path: hashed for path, hashed in whole.items() if not re.match(r"/etc/(g?shadow|passwd|group|sub[ug]id)", path)}  # the alert service's user


def start() -> None:
    bglab.start_daemons()
    BEFORE.update(tree())
    SHARES.extend(bglab.enrol(ACCOUNT))


def admin(*words: str) -> tuple[int, str]:
    made = bglab.run(["breakglass", *words], timeout=60)
    return made.returncode, re.sub(r"[ \t\n]+", " ", made.stdout + made.stderr)


def effective(what: str) -> str:
    shown = bglab.run(f"sshd -T -f {FILE} -C user={ACCOUNT},host=x,addr=127.0.0.1").stdout
    return next(line.split(maxsplit=1)[1] for line in shown.splitlines() if line.startswith(what + " "))


def ssh(*options: str) -> bglab.Session:
    return bglab.ssh(ACCOUNT, options=[f"Port={PORT}", *options])


def listening(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_ports_that_are_taken() -> None:
    for port, why in ((22, "the other sshd has it"), (389, "another program has it")):
        code, said = admin("init", "--sshd-instance", str(port), "--yes")
        assert code == 1 and "BG788" in said and why in said, said
    bglab.equal(admin("init", "--sshd-instance", "70000", "--yes")[0], 2)
    assert not os.path.exists(FILE)


def test_it_is_set_up() -> None:
    code, said = admin("init", "--sshd-instance", str(PORT), "--dry-run")
    assert code == 0 and "+LoginGraceTime 900" in said.replace("+ ", "+") and not os.path.exists(FILE), said
    code, said = admin("init", "--sshd-instance", str(PORT), "--yes")
    assert code == 0 and "BG792" in said and "BG790" in said and f"/usr/sbin/sshd -f {FILE}" in said, said
    wanted = {"port": "2222", "logingracetime": "900", "maxstartups": "100:30:200", "persourcemaxstartups": "20", "usedns": "no",
              "usepam": "yes", "allowusers": ACCOUNT, "passwordauthentication": "no", "kbdinteractiveauthentication": "yes",
              "authenticationmethods": "publickey,keyboard-interactive:pam keyboard-interactive:pam",
              "pubkeyauthoptions": "touch-required verify-required", "listenaddress": "127.0.0.1:2222",
              "pubkeyacceptedalgorithms": "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com"}
    bglab.equal({what: effective(what) for what in wanted}, wanted)
    for name in ("hostkey",):
        lines = [[line for line in bglab.run(f"sshd -T {file}").stdout.splitlines() if line.startswith(name + " ")] for file in ("", f"-f {FILE}")]
        bglab.equal(lines[0], lines[1])
    assert "Nothing to do" in admin("init", "--yes")[1]


def test_status_says_that_it_does_not_run() -> None:
    code, said = admin("status")
    assert code == 1 and f"SSH-01 BLOCK: Nothing listens on port {PORT}, where breakglass-sshd should be." in said, said
    bglab.start("sshd-instance")
    bglab.until("it listens", lambda: listening(PORT))
    bglab.equal(admin("status")[0], 0)


def test_it_opens_and_has_time() -> None:
    """No word of 120 seconds: the grace time is that of the sshd that brought the person."""
    with ssh() as person:
        bglab.open_door(person, SHARES[:2])
        assert "BG595" not in person.transcript, person.transcript
    with bglab.ssh(ACCOUNT) as person:
        person.expect(dialogue.START)
        assert "BG595" in person.transcript, person.transcript


def proved() -> dict[str, dict]:
    said = json.loads(bglab.run("breakglass check --prove --json", timeout=45).stdout)
    return {row["way_in"]: row for row in said["proofs"]}


def test_a_proof_goes_by_it() -> None:
    """By what its own file says, whether it runs or not; the other one is a way of its own."""
    rows = proved()
    bglab.equal({way: row["result"] for way, row in rows.items() if "ssh" in way}, {"sshd": "passed", "ssh": "passed", "sshd-instance": "passed"})
    text = bglab.read(FILE)
    with open(FILE, "w", encoding="ascii") as file:
        file.write(text.replace(f"AllowUsers {ACCOUNT}", "AllowUsers nobody"))
    try:
        rows = proved()
    finally:
        with open(FILE, "w", encoding="ascii") as file:
            file.write(text)
    bglab.equal({way: row["result"] for way, row in rows.items() if "ssh" in way}, {"sshd": "passed", "ssh": "passed", "sshd-instance": "failed"})
    assert "sshd itself refused" in rows["sshd-instance"]["cause"], rows["sshd-instance"]


def test_nobody_else_comes_in_by_it() -> None:
    for user in "root", "fuser", "nobody":
        with bglab.ssh(user, "password,keyboard-interactive,publickey", [f"Port={PORT}", "NumberOfPasswordPrompts=1"]) as person:
            person.expect("[Pp]assword: ")
            person.line(bglab.PASSWORDS.get(user, "x"))
            person.expect("Permission denied")


@bglab.bounded(400)
def test_ten_of_ten_while_the_other_one_is_full() -> str:
    """110 logins that hang; MaxStartups of the main sshd is 10:30:100."""
    stuck = []
    try:
        for _ in range(110):
            s = socket.create_connection(("127.0.0.1", 22))
            s.settimeout(20)
            stuck.append(s)
        refused = 0
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", 22)) as s:
                s.settimeout(20)
                try:
                    refused += not s.recv(64).startswith(b"SSH-2.0-")
                except OSError:
                    refused += 1
        assert refused > 0, "the main sshd is not full"
        for _ in range(10):
            with ssh() as person:
                bglab.open_door(person, SHARES[:2])
    finally:
        for s in stuck:
            s.close()
    return f"the main sshd refused {refused} of 10, this one none of 10"


def test_what_is_edited_is_named() -> None:
    text = bglab.read(FILE)
    with open(FILE, "w", encoding="ascii") as file:
        file.write(text.replace("LoginGraceTime 900", "LoginGraceTime 20"))
    code, said = admin("status")
    assert code == 1 and f"BG789 {FILE} is not as init writes it" in said, said
    bglab.equal(admin("init", "--yes")[0], 0)
    bglab.equal((bglab.read(FILE), admin("status")[0]), (text, 0))


def test_another_account_and_another_port() -> None:
    code, said = admin("init", "--account", "bg2", "--yes")
    assert code == 0 and effective("allowusers") == "bg1" and "AllowUsers bg1 bg2\n" in bglab.read(FILE), said
    bglab.equal(admin("init", "--sshd-instance", "2223", "--yes")[0], 0)
    bglab.until("it has moved", lambda: listening(2223) and not listening(PORT))


def test_it_is_removed_alone() -> None:
    """Who came by it stays, the other sshd and its settings too; then it is set up again."""
    before = tree()
    dropin = "/etc/ssh/sshd_config.d/10-breakglass.conf"
    pid = int(bglab.read("/run/breakglass/sshd.pid"))
    with bglab.ssh(ACCOUNT, options=["Port=2223"]) as person:
        bglab.open_door(person, SHARES[:2])
        code, said = admin("init", "--sshd-instance", "none", "--yes")
        assert code == 0 and not os.path.exists(FILE) and os.path.exists(dropin), said
        bglab.until("it has ended", lambda: not os.path.exists(f"/proc/{pid}"))
        assert not listening(2223)
        person.line("echo still-$((40+2))")
        person.expect("still-42")
    said = admin("status")[1]  # bg2 has nothing that opens it
    assert "sshd" not in said, said
    code, said = admin("init", "--sshd-instance", "none", "--yes")
    assert code == 0 and "Nothing was changed" in said, said
    bglab.equal(admin("init", "--sshd-instance", "2223", "--yes")[0], 0)
    bglab.equal(sorted(set(tree().items()) ^ set(before.items())), [])
    bglab.start("sshd-instance")
    bglab.until("it listens", lambda: listening(2223))


def test_it_is_undone() -> None:
    pid = int(bglab.read("/run/breakglass/sshd.pid"))
    bglab.equal(admin("init", "--undo", "--yes")[0], 0)
    assert not os.path.exists(FILE)
    bglab.until("it has ended", lambda: not os.path.exists(f"/proc/{pid}"))
    bglab.equal(sorted(set(tree().items()) ^ set(BEFORE.items())), [])
    assert not os.path.exists("/etc/systemd/system/ssh.service.d")
