# SPDX-License-Identifier: ISC
"""breakglass check --prove: real stacks, sshd and its client while the directory hangs; outside nothing of it is seen but its result."""

import contextlib
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import bglab
from bglab import bounded

SHARES: list[str] = []
WAYS = {"names", "login", "sshd", "su", "su-l", "ssh"}
CONF = "/etc/breakglass/breakglass.conf"
TOLD, TELL = "/run/bglab/told", "/usr/local/sbin/tell"
PAGE = f"\n[sink told]\ntype = exec\ncommand = {TELL}\nclass = page\n[sink kept]\ntype = exec\ncommand = {TELL} all\nclass = record\n"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol("bg1", 2, 3))
    with open(TELL, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\ngrep -o "org.breakglass.[a-z.]*" | sed "s/^/$1 /" >>{TOLD}\n')
    os.chmod(TELL, 0o755)
    with open(TOLD, "w", encoding="ascii"):
        os.chmod(TOLD, 0o666)  # a sink's program is not root's


def run(*words: str) -> subprocess.CompletedProcess:  # type: ignore[type-arg]
    return bglab.run(["breakglass", "check", "--prove", *words], timeout=45)


def prove(status: int = 0) -> tuple[dict[str, dict], dict]:
    result = run("--json")
    bglab.equal((result.returncode, result.stderr), (status, ""))
    said = json.loads(result.stdout)
    rows = {row["way_in"]: row for row in said["proofs"]}
    bglab.equal(set(rows), WAYS)
    return rows, said


def results(rows: dict[str, dict]) -> dict[str, str]:
    return {way: row["result"] for way, row in rows.items()}


def all_but(**others: str) -> dict[str, str]:
    return {way: others.get(way.replace("-", "_"), "passed") for way in WAYS}


def found(said: dict) -> list[str]:
    return [f["id"] for f in said["findings"]]


@contextlib.contextmanager
def before(service: str, *lines: str) -> Iterator[None]:
    """Lines in front of ours."""
    path = f"/etc/pam.d/{service}"
    kept = bglab.read(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n" + kept)
    try:
        yield
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(kept)


def script(text: str) -> str:
    with open("/usr/local/sbin/module", "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod("/usr/local/sbin/module", 0o755)
    return "/usr/local/sbin/module"


def digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def portrait() -> dict[str, object]:
    """What a login leaves behind on a host: of a proof there must be nothing."""
    places = ["/var/lib/breakglass", "/run/breakglass", "/run/faillock", "/var/log/btmp", "/var/log/wtmp", "/var/log/lastlog", "/run/utmp"]
    files = {p: digest(p) for top in places for p in [top, *glob.glob(f"{top}/**", recursive=True)] if os.path.isfile(p)}
    ours = ("/cursors/", "/round.lock", "/journal/", "/head", "/tally", "/life", "/limit", "/seal", "/keep")  # that the event itself moves
    return {
        "files": {p: h for p, h in files.items() if not any(word in p for word in ours)},
        "mounts": bglab.read("/proc/self/mounts"),
        "interfaces": bglab.read("/proc/net/dev").count(":"),
        "processes": sorted(name for name in names() if name != "breakglass-aler"),
        "run": sorted(os.listdir("/run")),
    }


def names() -> list[str]:
    return list(bglab.processes().values())


def types(events: list[dict]) -> list[str]:
    return [event["type"].removeprefix("org.breakglass.").removesuffix(".v1") for event in events]


def test_passes_while_the_directory_hangs() -> None:
    """Each way; one event and no attempt; the host is what it was."""
    bglab.ldap("hang")
    bglab.freeze("nslcd")
    try:
        was, count, log = portrait(), len(bglab.journal()), bglab.auth_log_mark()
        rows, said = prove()
        news = bglab.journal()[count:]
        seen = portrait()
    finally:
        bglab.thaw("nslcd")
        bglab.ldap("up")
    bglab.equal(results(rows), all_but())
    bglab.equal((said["packets"], said["findings"], said["notes"]), (0, [], []))
    assert all(row["milliseconds"] < 8000 and row["cause"] == "" for row in rows.values()), rows
    bglab.equal(types(news), ["proof.passed"])
    assert news[0]["data"]["user"]["name"] == "bg1" and "0 packets" in news[0]["data"]["message"], news
    for part in seen:
        bglab.equal(seen[part], was[part])
    assert not re.search(r"attempt\.|pam_\w+\(|sshd\[", bglab.auth_log_since(log)), bglab.auth_log_since(log)
    print(", ".join(f"{way} {row['milliseconds'] / 1000:.2f} s" for way, row in rows.items()))


def test_no_sink_is_told_of_an_attempt() -> None:
    kept = bglab.read(CONF)
    with open(CONF, "a", encoding="utf-8") as file:
        file.write(PAGE)
    try:
        tried = bglab.run("breakglass alert test", timeout=40)
        bglab.equal((tried.returncode, tried.stderr), (0, ""))
        with before("su", "auth requisite pam_deny.so"):
            bglab.equal(run("--quiet").returncode, 1)
        bglab.equal(run("--quiet").returncode, 0)
        bglab.until("the record has both", lambda: re.findall(r"all org\.breakglass\.proof\.(\w+)", bglab.read(TOLD))[-2:] == ["failed", "passed"])
        told = bglab.read(TOLD)
    finally:
        with open(CONF, "w", encoding="utf-8") as file:
            file.write(kept)
    assert "attempt" not in told and "\n org.breakglass.proof.passed" not in told, told


def test_no_delay_and_no_count() -> None:
    """Any number of proofs is nothing to who comes afterwards."""
    for _ in range(3):
        bglab.equal(run("--quiet").returncode, 0)
    bglab.equal([t for t in types(bglab.journal()) if t.startswith("attempt.")], [])
    with bglab.login("bg1") as person:
        shown, _ = bglab.get_in(person, SHARES[:2])
    assert "seconds because" not in shown and "BG109" not in shown, shown


LOOK = """import glob, os
while True:
    for path in glob.glob("/dev/pts/[0-9]*"):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
        except OSError:
            pass"""


def test_who_looks_at_terminals_ends_no_client() -> None:
    """As the dialogue of su does with pts/0, to see how wide it is: that may be the terminal of the client of ssh."""
    with subprocess.Popen(["/usr/bin/python3", "-c", LOOK]) as looker:
        try:
            seen = [results(prove()[0]) for _ in range(10)]
        finally:
            looker.kill()
    bglab.equal(seen, [all_but()] * 10)


def test_a_directory_module_before_ours() -> None:
    """Real pam_ldap: it asks for a password before we are asked, and is named, by its line."""
    with before("sshd", "# first", "auth required pam_ldap.so"):
        rows, said = prove(1)
        text = re.sub(r"\s+", " ", run().stderr)
    bglab.equal(results(rows), all_but(sshd="failed", ssh="failed"))
    row = rows["sshd"]
    bglab.equal((row["module"], row["file"], row["line"]), ("pam_ldap.so", "/etc/pam.d/sshd", 2))
    assert "asks first" in row["cause"] and "assword" in rows["ssh"]["cause"], rows
    bglab.equal(found(said), ["BG1301", "BG1301"])
    bglab.equal(types(bglab.journal())[-1], "proof.failed")
    assert "(/etc/pam.d/sshd, line 2, pam_ldap.so)" in text, text


@bounded(120)
def test_a_module_that_hangs() -> None:
    """It is named by what it does; the others are not held up by it, and nothing of it goes on."""
    with before("su", f"auth optional pam_exec.so {script('exec sleep 4711')}"):
        rows, said = prove(1)
    bglab.equal(results(rows), all_but(su="failed", su_l="failed"))
    bglab.equal([rows["su"][part] for part in ("module", "file", "line")], ["pam_exec.so", "/etc/pam.d/su", 1])
    assert "no question" in rows["su"]["cause"] and 9000 < rows["su"]["milliseconds"] < 15000, rows["su"]
    assert max(row["milliseconds"] for way, row in rows.items() if way not in ("su", "su-l")) < 8000, rows
    assert "sleep" not in names(), names()


def test_a_module_that_refuses() -> None:
    """Without a word: the files tell which line it is."""
    with before("login", "auth requisite pam_deny.so"):
        rows, _ = prove(1)
    bglab.equal(results(rows), all_but(login="failed"))
    bglab.equal([rows["login"][part] for part in ("module", "file", "line")], ["pam_deny.so", "/etc/pam.d/login", 1])


def test_a_stack_that_opens_to_anybody() -> None:
    with before("login", "auth sufficient pam_permit.so"):
        rows, said = prove(1)
    bglab.equal((results(rows), found(said)), (all_but(login="failed"), ["BG1306"]))


def test_packets_are_counted() -> None:
    """What sets the network up by itself is seen; what only asks is counted, and harmless."""
    with before("login", f"auth optional pam_exec.so {script('ip link set lo up; ip address show lo; exec 3<>/dev/tcp/127.0.0.1/9')}"):
        with open("/usr/local/sbin/module", "w", encoding="ascii") as file:
            file.write("#!/bin/bash\nip link set lo up\n(echo x >/dev/udp/127.0.0.1/9) 2>/dev/null\nexit 0\n")
        rows, said = prove(1)
    assert said["packets"] > 0 and "BG1304" in found(said), said
    bglab.equal((results(rows), types(bglab.journal())[-1]), (all_but(), "proof.failed"))
    bglab.equal(prove()[1]["packets"], 0)


def test_sshd_that_refuses_the_account() -> None:
    """Its own libpam stack is sound: only the real sshd tells."""
    path = "/etc/ssh/sshd_config.d/50-lab.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write("DenyUsers bg1\n")
    try:
        rows, _ = prove(1)
    finally:
        os.unlink(path)
    bglab.equal(results(rows), all_but(ssh="failed"))
    assert "DenyUsers" in rows["ssh"]["cause"], rows["ssh"]


def test_names_that_libc_does_not_know() -> None:
    kept = bglab.read("/etc/nsswitch.conf")
    with open("/etc/nsswitch.conf", "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)^shadow:.*", "shadow: files", kept))
    try:
        rows, _ = prove(1)
    finally:
        with open("/etc/nsswitch.conf", "w", encoding="utf-8") as file:
            file.write(kept)
    assert rows["names"]["result"] == "failed" and "getspnam" in rows["names"]["cause"], rows["names"]


def test_without_a_client_of_ssh() -> None:
    os.rename("/usr/bin/ssh", "/usr/bin/ssh.away")
    try:
        rows, said = prove(1)
    finally:
        os.rename("/usr/bin/ssh.away", "/usr/bin/ssh")
    bglab.equal((results(rows), found(said)), (all_but(ssh="unknown"), ["BG1302"]))
    bglab.equal(types(bglab.journal())[-1], "proof.failed")


def test_without_sshd() -> None:
    os.rename("/usr/sbin/sshd", "/usr/sbin/sshd.away")
    try:
        rows, said = prove()
    finally:
        os.rename("/usr/sbin/sshd.away", "/usr/sbin/sshd")
    bglab.equal((results(rows), found(said)), (all_but(ssh="absent"), []))


def test_an_account_that_is_disabled() -> None:
    bglab.equal(bglab.run("breakglass disable bg1 --yes").returncode, 0)
    try:
        rows, said = prove(1)
    finally:
        bglab.run("breakglass enable bg1 --yes")
    bglab.equal((results(rows), found(said)), ({way: "closed" for way in WAYS} | {"names": "passed"}, ["BG1307"]))
    bglab.equal(types(bglab.journal())[-2], "proof.failed")


def test_a_helper_that_is_gone() -> None:
    os.rename("/usr/libexec/breakglass/breakglass-login", "/usr/libexec/breakglass/away")
    try:
        rows, _ = prove(1)
    finally:
        os.rename("/usr/libexec/breakglass/away", "/usr/libexec/breakglass/breakglass-login")
    bglab.equal(results(rows), {way: "failed" for way in WAYS} | {"names": "passed"})
    assert "BG4" in rows["login"]["cause"], rows["login"]


def test_killed_in_the_middle() -> None:
    """By a signal that nobody can catch: what it started ends, and nothing is on record."""
    was, count = portrait(), len(bglab.journal())
    with before("su", f"auth optional pam_exec.so {script('exec sleep 4711')}"):
        child = subprocess.Popen(["breakglass", "check", "--prove"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bglab.until("it is in the middle", lambda: "sleep" in names())
        child.send_signal(signal.SIGKILL)
        child.wait()
        bglab.until("nothing of it is left", lambda: portrait() == was)
    bglab.equal(len(bglab.journal()), count)


def test_where_no_namespace_can_be_had() -> None:
    count = len(bglab.journal())
    result = bglab.run("setpriv --bounding-set -sys_admin --inh-caps -sys_admin breakglass check --prove --json")
    said = json.loads(result.stdout)
    bglab.equal((result.returncode, found(said), said["proofs"], len(bglab.journal())), (3, ["BG1300"], [], count))


def test_usage() -> None:
    for words in (["--service", "su"], ["--scenario", "normal"], ["--trace"], ["bg9"]):
        bglab.equal(run(*words).returncode, 2)
    result = run("bg1", "--json")
    bglab.equal((result.returncode, {row["account"] for row in json.loads(result.stdout)["proofs"]}), (0, {"bg1"}))
