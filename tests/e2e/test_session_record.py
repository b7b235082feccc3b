# SPDX-License-Identifier: ISC
"""What a session shows is recorded, what is typed unseen is not, and nothing that happens to the recorder costs the shell."""

import glob
import gzip
import json
import os
import re
import shlex
import shutil
import signal
import stat
import time

import bglab
import dialogue
from sessions import SSH_OPTIONS

ACCOUNT = "bg1"
SESSIONS = "/var/lib/breakglass/sessions"
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    bglab.session_policy()


def opened(way: str = "login") -> bglab.Session:
    person = {"login": lambda: bglab.login(ACCOUNT), "ssh": lambda: bglab.ssh(ACCOUNT), "su": lambda: bglab.su(ACCOUNT, uid=5001),
              "su-plain": lambda: bglab.su(ACCOUNT, uid=5001, login_shell=False)}[way]()
    bglab.open_door(person, SHARES[:2])
    return person


def recording(use: str) -> str:
    names = glob.glob(f"{SESSIONS}/{use}-*.out*")
    bglab.equal(len(names), 1)
    with (gzip.open if names[0].endswith(".gz") else open)(names[0], "rb") as file:
        return file.read().decode("utf-8", "replace")


def _recorded(way: str) -> None:
    before = len(bglab.journal())
    with opened(way) as person:
        bglab.equal(person.shell("id -u; echo $BREAKGLASS_RECORDED; stty size"), "0\n1\n24 80\n")
        person.line("read -s secret; echo got ${#secret}")
        bglab.until("no echo", lambda: {"-echo", "icanon"} <= set(bglab.run(["stty", "-a", "-F", inner(person)]).stdout.split()))
        person.line("hidden-word")
        person.expect(r"got 11\r")
        person.expect_shell()
        person.line("sleep 100")
        bglab.until("it sleeps", lambda: bglab.run(["pgrep", "-x", "sleep"]).stdout)
        person.ctrl("Z")
        person.expect("Stopped")
        person.expect_shell()
        person.line("fg")
        person.expect("sleep 100")
        bglab.until("it runs", lambda: re.search(r"S\w*\+", bglab.run("ps -C sleep -o stat=").stdout))
        person.ctrl("C")
        person.expect_shell()
        person.line("exit 7")
        bglab.equal(person.wait(), {"login": 0}.get(way, 7))
    done = bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
    use = bglab.own_since(before, "session.opened")[0]["use"]
    text = recording(use)
    assert "got 11" in text and "hidden-word" not in text, text
    bglab.equal((done[0]["use"], bglab.own_since(before, "session.unrecorded")), (use, []))
    path = f"{SESSIONS}/{done[0]['detail']}"
    bglab.equal((stat.S_IMODE(os.stat(path).st_mode), stat.S_IMODE(os.stat(SESSIONS).st_mode), os.stat(path).st_uid), (0o600, 0o700, 0))
    bglab.equal(done[0]["evidence"], bglab.command(f"sha256sum {path}").split()[0])
    bglab.equal(os.path.exists(path.replace(".out", ".timing")), True)
    bglab.until("nothing is left in /run", lambda: not glob.glob(f"/run/breakglass/recording/{use}*"))
    assert "got 11" in bglab.command(f"breakglass session replay {use} --speed 1000")
    plain = bglab.command(f"breakglass session replay {use} --text")
    assert "got 11" in plain and "\x1b" not in plain, plain
    listed = json.loads(bglab.command("breakglass session list --json"))["uses"]
    bglab.equal([(s["going_on"], s["recordings"]) for s in listed if s["use"] == use], [(False, 1)])


def inner(person: bglab.Session) -> str:
    """The terminal of the recorded shell: the newest there is."""
    return max(glob.glob("/dev/pts/[0-9]*"), key=lambda p: int(p.rpartition("/")[2]))


def test_login() -> None:
    _recorded("login")


def test_ssh() -> None:
    _recorded("ssh")


def test_su() -> None:
    _recorded("su")


def test_su_without_a_login_shell() -> None:
    _recorded("su-plain")


def _plain(person: bglab.Session, before: int, why: str) -> None:
    """A shell is there, its terminal is in order, and that it is not recorded is on record once."""
    bglab.equal(person.shell("id -u; echo $BREAKGLASS_RECORDED"), "0\nno\n")
    assert "-icanon" not in person.shell("stty -a").split()
    events = bglab.until("it is on record", lambda: bglab.own_since(before, "session.unrecorded"))
    assert re.search(why, str([e["detail"] for e in events])), events
    person.line("exit")
    person.wait()
    bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
    bglab.equal(len(bglab.own_since(before, "session.unrecorded")), 1)


def test_no_script() -> None:
    before = len(bglab.journal())
    os.rename("/usr/bin/script", "/usr/bin/script.away")
    try:
        with opened() as person:
            _plain(person, before, "no /usr/bin/script")
    finally:
        os.rename("/usr/bin/script.away", "/usr/bin/script")


def _other_script(text: str, why: str) -> None:
    before = len(bglab.journal())
    os.rename("/usr/bin/script", "/usr/bin/script.away")
    with open("/usr/bin/script", "w", encoding="ascii") as file:
        file.write(text)
    os.chmod("/usr/bin/script", 0o755)
    try:
        with opened() as person:
            _plain(person, before, why)
    finally:
        os.rename("/usr/bin/script.away", "/usr/bin/script")


def test_a_script_that_fails() -> None:
    _other_script("#!/bin/sh\nexit 1\n", "script does not start")


def test_a_script_that_hangs() -> None:
    _other_script("#!/bin/sh\nexec sleep 1000\n", "script does not start")


def test_a_script_that_crashes() -> None:
    _other_script("#!/bin/sh\nkill -SEGV $$\n", "script does not start")


def test_a_directory_that_cannot_be_written() -> None:
    before = len(bglab.journal())
    bglab.command(f"rm -rf {SESSIONS}.away; mv {SESSIONS} {SESSIONS}.away; touch {SESSIONS}")
    try:
        with opened() as person:
            _plain(person, before, ".")
    finally:
        bglab.command(f"rm {SESSIONS}; mv {SESSIONS}.away {SESSIONS}")


def test_script_is_killed_in_the_middle() -> None:
    before = len(bglab.journal())
    with opened() as person:
        person.shell("echo recorded-so-far")
        bglab.command("pkill -KILL -x script")
        person.expect("BG1040")
        person.expect_shell()
        _plain(person, before, "script was killed")
    assert "recorded-so-far" in recording(bglab.own_since(before, "session.opened")[0]["use"])


def test_what_is_stopped_goes_on() -> None:
    """A shell that stops itself stops script with it, and somebody may stop script: nothing would start them again."""
    with opened() as person:
        for stop in ("kill -STOP $$", "suspend", "pkill -STOP -x script"):
            person.line(stop)
            person.expect_shell()
            bglab.equal(person.shell("id -u; echo $BREAKGLASS_RECORDED"), "0\n1\n")
        person.line("exit")
        person.wait()


def test_a_shell_that_does_not_start() -> None:
    """The one outside is there all the same."""
    before = len(bglab.journal())
    profile = "/var/lib/breakglass/home/bg1/.profile"
    text = bglab.read(profile)
    for broken in ("/nonexistent", "/bin/false"):
        with open(profile, "w", encoding="ascii") as file:
            file.write(f"SHELL={broken}; export SHELL\n{text}")
        try:
            with opened() as person:
                _plain(person, before, "shell")
        finally:
            with open(profile, "w", encoding="ascii") as file:
                file.write(text)
        before = len(bglab.journal())


def test_what_records_is_killed_in_the_middle() -> None:
    before = len(bglab.journal())
    with opened() as person:
        bglab.command("pkill -KILL -f 'breakglass-login --record'")
        bglab.until("script is gone", lambda: not bglab.run("pgrep -x script").stdout)
        person.line()
        person.expect_shell()
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()
    bglab.until("it is on record", lambda: [e for e in bglab.own_since(before, "session.unrecorded") if "BG1040" in e["detail"]])


def test_a_line_that_is_cut() -> None:
    """login is killed, or hung up on: nothing of the session stays, and what was recorded until then is kept."""
    for how in ("kill", "hang up"):
        before = len(bglab.journal())
        with opened() as person:
            person.shell("echo before-the-cut")
            shell = int(person.shell("echo $$"))
            use = bglab.own_since(before, "session.opened")[0]["use"]
            goes_on = os.getsid(shell) != person.pid  # util-linux's login gives it a session of its own: only the line ends it
            if how == "kill":
                os.kill(person.pid, signal.SIGKILL)
            if how == "hang up" or goes_on:
                person.hangup()
            bglab.until("script is gone", lambda: not bglab.run("pgrep -x script").stdout)
            bglab.until("nothing records", lambda: not bglab.run("pgrep -f 'breakglass-login --record'").stdout)
        bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
        assert "before-the-cut" in recording(use)


def test_a_full_disk_in_the_middle() -> None:
    """The shell and what runs in it go on; the recording ends there."""
    before = len(bglab.journal())
    bglab.command(f"mv {SESSIONS} {SESSIONS}.away; mkdir -m 700 {SESSIONS}; mount -t tmpfs -o size=80m,mode=700 none {SESSIONS}")
    try:
        with opened() as person:
            bglab.command(f"dd if=/dev/zero of={SESSIONS}/.full bs=1M 2>/dev/null; true")
            pid = person.shell("echo $$")
            for _ in range(3):
                person.shell("seq 1 3000 | tail -n 1500")
            bglab.until("it is on record", lambda: bglab.own_since(before, "session.unrecorded"))
            bglab.equal(person.shell("echo $$"), pid)
            person.line("exit")
            person.wait()
    finally:
        bglab.command(f"umount -l {SESSIONS}; rmdir {SESSIONS}; mv {SESSIONS}.away {SESSIONS}")


def test_zsh() -> None:
    """It reads files of its own; as a login shell, and as one that is none."""
    accounts = bglab.read("/etc/breakglass/accounts")
    with open("/etc/breakglass/accounts", "w", encoding="ascii") as file:
        file.write(re.sub(r"(?m)^(bg1:.*):[^:]*$", r"\1:/usr/bin/zsh", accounts))
    bglab.command("mkdir -p /etc/zsh && echo \"unsetopt zle prompt_sp prompt_cr; PS1='# '\" >>/etc/zsh/zshenv")  # a prompt and nothing more
    try:
        bglab.command("breakglass init --account bg1 --yes")
        for way in ("login", "su-plain"):
            before = len(bglab.journal())
            with opened(way) as person:
                said = person.shell("echo zsh $ZSH_VERSION; echo rec=$BREAKGLASS_RECORDED")
                assert re.fullmatch(r"zsh 5\S*\nrec=1\n", said), said
                person.line("exit")
                person.wait()
            done = bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
            assert "rec=1" in recording(done[0]["use"])
    finally:
        with open("/etc/breakglass/accounts", "w", encoding="ascii") as file:
            file.write(accounts)


def test_a_disk_that_hangs_at_the_end() -> None:
    """Who leaves does not wait for it, and what becomes of the recording is on record once it goes on."""
    before = len(bglab.journal())
    with opened() as person:
        person.shell("echo before-the-end")
        writers = [line.split()[0] for line in bglab.run("ps -C breakglass-login -o pid=,tty=,args=").stdout.splitlines()
                   if line.split()[1] == "?" and "--record" in line]
        bglab.equal(len(writers), 1)
        os.kill(int(writers[0]), signal.SIGSTOP)
        began = time.monotonic()
        person.line("exit")
        person.wait()
        took = time.monotonic() - began
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
        bglab.equal(bglab.own_since(before, "session.recorded"), [])
        os.kill(int(writers[0]), signal.SIGCONT)
    assert took < 12, took
    done = bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
    assert "before-the-end" in recording(done[0]["use"])
    bglab.equal(bglab.own_since(before, "session.unrecorded"), [])


def test_commands_are_untouched() -> None:
    """Without a terminal of its own nothing is recorded: what such a shell reads asks for none."""
    count = len(os.listdir(SESSIONS))
    use = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    home = "/var/lib/breakglass/home/bg1"
    for shell in ("bash -c", "bash -lc", "sh -lc"):
        bglab.equal(bglab.run(f"HOME={home} BREAKGLASS_USE={use} {shell} 'echo here; exit 9' </dev/null").stdout, "here\n")
    bglab.equal(bglab.run(f"HOME={home} BREAKGLASS_USE={use} SSH_CLIENT=1 bash -c 'cat' <{home}/.profile").stdout, bglab.read(f"{home}/.profile"))
    bglab.equal(len(os.listdir(SESSIONS)), count)


def test_files_are_copied() -> None:
    """scp, sftp and rsync ask in their own terminal, then carry each byte, and their far ends have no shell that is recorded."""
    count, before = len(os.listdir(SESSIONS)), len(bglab.journal())
    options = [word for option in (*SSH_OPTIONS, "PreferredAuthentications=keyboard-interactive") for word in ("-o", option)]
    there, sent = f"{ACCOUNT}@127.0.0.1", "/root/sent"
    with open(sent, "wb") as file:
        file.write(os.urandom(300_000))
    ways = [["scp", *options, sent, f"{there}:/root/got"], ["scp", "-O", *options, sent, f"{there}:/root/got"], ["sftp", *options, there]]
    if shutil.which("rsync"):
        ways.append(["rsync", "-e", f"ssh {shlex.join(options)}", sent, f"{there}:/root/got"])
    for argv in ways:
        with bglab.Session(argv) as person:
            bglab.type_shares(person, SHARES[:2])
            bglab.say_why(person)
            person.expect(dialogue.GO_ON)
            person.line()
            if argv[0] == "sftp":
                person.expect("sftp> ")
                person.line(f"put {sent} /root/got")
                person.expect("sftp> ")
                person.line("bye")
            person.expect_end()
            bglab.equal(person.wait(), 0)
        with open(sent, "rb") as one, open("/root/got", "rb") as other:
            assert one.read() == other.read(), argv
        os.unlink("/root/got")
    bglab.until("they have ended", lambda: len(bglab.own_since(before, "session.closed")) == len(ways))
    bglab.equal((len(os.listdir(SESSIONS)), bglab.own_since(before, "session.unrecorded")), (count, []))


def test_which_give_way() -> None:
    """Of those that are there the oldest goes, but before it whatever is of no use that awaits its review."""
    with opened() as person:
        person.line("exit 0")
        person.wait()
    waits = json.loads(bglab.command("breakglass review list --json"))["uses"][0]["use"]
    other = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    for name, days in ((f"{waits}-50.out", 9), (f"{other}-01.out", 5)):
        with open(f"{SESSIONS}/{name}", "wb") as file:
            file.truncate(250 << 20)
        os.utime(f"{SESSIONS}/{name}", (time.time() - days * 86400,) * 2)
    before = len(bglab.journal())
    with opened() as person:
        person.line("exit 0")
        person.wait()
    bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
    bglab.equal((os.path.exists(f"{SESSIONS}/{waits}-50.out"), os.path.exists(f"{SESSIONS}/{other}-01.out")), (True, False))
    os.unlink(f"{SESSIONS}/{waits}-50.out")


def test_no_such_recording() -> None:
    bglab.equal(bglab.run("breakglass session replay 01ARZ3NDEKTSV4RRFFQ69G5FAV").returncode, 1)
    bglab.equal(bglab.run("breakglass session replay ../../etc/passwd").returncode, 2)


def test_a_nul_hides_nothing() -> None:
    """Terminals pad with it, and whoever wants to hide the rest may print one."""
    before = len(bglab.journal())
    with opened() as person:
        person.shell("printf 'seen\\0'; for n in 1 2 3 4 5 6 7 8; do echo after-the-nul-$n; done")
        person.line("exit")
        person.wait()
    bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
    use = bglab.own_since(before, "session.opened")[0]["use"]
    for how in ("--text", "--speed 1000"):
        assert "after-the-nul-8\n" in bglab.command(f"breakglass session replay {use} {how}").replace("\r", ""), how
    said = json.loads(bglab.command(f"breakglass session commands {use} --json"))["commands"]
    assert "exit" in [c["command"] for c in said if c["source"] == "recording"], said


def test_no_card_is_recorded() -> None:
    """What opens the account would lie on the disk in clear: it is not shown in a recorded shell, however that is left."""
    credential = bglab.read(f"/etc/breakglass/credentials/{ACCOUNT}")
    with opened() as person:
        for command in ("share new bg1 --replace --yes", "share cards bg1", "password new bg1 --yes", "journal seal --yes", "rotate bg1 --by ann --yes"):
            for how in ("", "env -i PATH=$PATH TERM=dumb ", "setsid -w "):
                seen = person.shell(f"{how}breakglass {command}; echo rc=$?")
                assert "BG1271" in seen and "rc=1" in seen and "BREAK-GLASS" not in seen, (command, how, seen)
        person.line("exit 0")
        person.wait()
    bglab.equal(bglab.read(f"/etc/breakglass/credentials/{ACCOUNT}"), credential)


def test_commands() -> None:
    """From the recording and from sudo's log; what is not there is named."""
    before = len(bglab.journal())
    with opened() as person:
        person.line("ls /nonexistent-42")
        person.expect_shell()
        person.line("exit 0")
        person.wait()
    bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
    use = bglab.own_since(before, "session.opened")[0]["use"]
    with open("/var/log/auth.log", "a", encoding="ascii") as file:
        file.write("Nov 27 07:00:00 lab sudo:     bg1 : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id \x1b[31m\n"
                   "Nov 27 07:00:00 lab sudo:   alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/who\n")
    said = json.loads(bglab.command(f"breakglass session commands {use} --json"))
    commands = {(c["source"], c["command"]) for c in said["commands"]}
    assert any(s == "recording" and c == "ls /nonexistent-42" for s, c in commands), commands
    assert any(s == "sudo" and c.startswith("/usr/bin/id ") for s, c in commands), commands
    assert not any("who" in c or "\x1b" in c for s, c in commands), commands
    bglab.equal({m["source"] for m in said["not_there"]}, {"audit"})
    bglab.equal(bglab.run("breakglass session commands 01ARZ3NDEKTSV4RRFFQ69G5FAV").returncode, 1)


def test_commands_of_the_audit_log() -> None:
    """ausearch is played by a program that says what the kernel writes."""
    before = len(bglab.journal())
    with opened() as person:
        now = int(time.time())
        person.line("exit")
        person.wait()
    use = bglab.own_since(before, "session.opened")[0]["use"]
    bglab.command("mv /usr/sbin/ausearch /usr/sbin/ausearch.away 2>/dev/null; true")
    with open("/usr/sbin/ausearch", "w", encoding="ascii") as file:
        file.write("#!/bin/sh\ncat <<'E'\n"
                   f'type=EXECVE msg=audit({now}.123:45): argc=3 a0="ls" a1="-l" a2=2F746D70206120\n'
                   f'type=EXECVE msg=audit({now - 90000}.123:44): argc=1 a0="yesterday"\n'
                   f'type=SYSCALL msg=audit({now}.123:45): a0=55 a1=55\nE\n')
    os.chmod("/usr/sbin/ausearch", 0o755)
    try:
        said = json.loads(bglab.command(f"breakglass session commands {use} --json"))
        bglab.equal([c["command"] for c in said["commands"] if c["source"] == "audit"], ["ls -l /tmp a "])
    finally:
        bglab.command("rm /usr/sbin/ausearch; mv /usr/sbin/ausearch.away /usr/sbin/ausearch 2>/dev/null; true")


def test_the_oldest_give_way() -> None:
    """All together have 512 MiB: what had to go is on record."""
    before = len(bglab.journal())
    old = f"{SESSIONS}/01ARZ3NDEKTSV4RRFFQ69G5FAV-01.out"
    bglab.command(f"truncate -s 500M {old}; touch -d 2001-01-01 {old}")
    with opened() as person:
        person.line("exit")
        person.wait()
    assert not os.path.exists(old)
    bglab.until("it is on record", lambda: [e for e in bglab.own_since(before, "session.unrecorded") if e["detail"] == os.path.basename(old)])


def test_accounts_from_before() -> None:
    """What a person wrote into the home stays, and the session is not recorded: that is on record, by whichever way it was opened."""
    home = "/var/lib/breakglass/home/bg1"
    bglab.command(f"cd {home} && mkdir away && mv .profile .bashrc away/ && echo 'echo mine' >.profile && breakglass init --account bg1 --yes")
    try:
        bglab.equal(bglab.read(f"{home}/.profile"), "echo mine\n")
        bglab.command(f"rm {home}/.bashrc")
        for way in ("login", "ssh", "su", "su-plain"):
            before = len(bglab.journal())
            with opened(way) as person:
                bglab.equal(person.shell("id -u"), "0\n")
                use = bglab.own_since(before, "session.opened")[0]["use"]
                bglab.until("its shell was seen", lambda: os.path.exists(f"/run/breakglass/recording/{use}.shell"))
                person.line("exit")
                person.wait()
            bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
            bglab.equal([(e["use"], e["detail"]) for e in bglab.own_since(before, "session.unrecorded")], [(use, "BG1040")])
            bglab.equal(glob.glob(f"/run/breakglass/recording/{use}*"), [])
        before = len(bglab.journal())
        with opened("su") as person:  # one that stays is told while it is there, and once
            said = bglab.until("it is on record", lambda: bglab.own_since(before, "session.unrecorded"), timeout=90)
            bglab.equal([e["detail"] for e in said], ["no recording was begun"])
            person.line("exit")
            person.wait()
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
        bglab.equal(len(bglab.own_since(before, "session.unrecorded")), 1)
    finally:
        bglab.command(f"mv -f {home}/away/.profile {home}/away/.bashrc {home}/ && rmdir {home}/away")


def test_a_command_is_no_gap() -> None:
    """It has a terminal, but is no shell of a person, also where a login shell runs it: no recording, no word of one."""
    count = len(glob.glob(f"{SESSIONS}/*"))
    for way in ("ssh", "su"):
        before = len(bglab.journal())
        command = "echo $((6*7)); read word"
        with (bglab.ssh(ACCOUNT, command=command) if way == "ssh" else bglab.Session(["/bin/su", "-", ACCOUNT, "-c", command], uid=5001)) as person:
            bglab.type_shares(person, SHARES[:2])
            bglab.say_why(person)
            if person.expect(r"Press\s+Enter\s+to\s+go\s+on: ?", "42").group() != "42":
                person.line()
                person.expect("42")
            use = bglab.own_since(before, "session.opened")[0]["use"]
            watcher = bglab.until("it is watched", lambda: bglab.run(["pgrep", "-f", f"breakglass-login --watch {ACCOUNT} {use}"]).stdout).strip()
            before_it = bglab.until("it waits", lambda: waits(watcher))
            bglab.until("it has looked", lambda: waits(watcher) > before_it)
            person.line("enough")
            person.wait()
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
        bglab.equal((bglab.own_since(before, "session.unrecorded"), len(glob.glob(f"{SESSIONS}/*"))), ([], count))


def waits(pid: str) -> int:
    """How often the watcher went to sleep, while it waits for the session's end; 0 while it looks."""
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except FileNotFoundError:
        return 0
    slept = int(re.search(r"(?m)^voluntary_ctxt_switches:\s+(\d+)", bglab.read(f"/proc/{pid}/status"))[1])  # type: ignore[index]
    return slept if "anon_inode:[pidfd]" in links else 0


def test_an_account_with_a_uid_of_its_own() -> None:
    """A recording is root's to write, so there is none, and that is on record."""
    bglab.command("breakglass init --account bg2 --uid 990 --yes")
    shares = json.loads(bglab.command("breakglass share new bg2 --json --yes"))["shares"]
    for way in (lambda: bglab.login("bg2"), lambda: bglab.ssh("bg2"), lambda: bglab.su("bg2", uid=5001)):
        before = len(bglab.journal())
        with way() as person:
            bglab.open_door(person, shares[:2])
            bglab.equal(person.shell("id -u; echo =$BREAKGLASS_RECORDED"), "990\n=\n")
            use = bglab.own_since(before, "session.opened")[0]["use"]
            bglab.until("its shell was seen", lambda: os.path.exists(f"/run/breakglass/recording/{use}.shell"))
            person.line("exit")
            person.wait()
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
        told = [e["data"]["message"] for e in bglab.journal()[before:] if "session.unrecorded" in e["type"]]
        bglab.equal(len(told), 1)
        assert "a uid of its own" in told[0], told


def test_switched_off() -> None:
    before = len(bglab.journal())
    bglab.session_policy("session-record = no")
    try:
        with opened() as person:
            bglab.equal(person.shell("id -u; ps -o comm= -p $PPID").splitlines()[0], "0")
            bglab.equal(bglab.run("pgrep -x script").stdout, "")
            person.line("exit")
            person.wait()
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
        bglab.equal((bglab.own_since(before, "session.unrecorded"), bglab.own_since(before, "session.recorded")), ([], []))
    finally:
        bglab.session_policy()
