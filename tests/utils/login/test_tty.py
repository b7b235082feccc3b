#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass-login --tty with shares, driven over pipes and a pty.

usage: test_tty.py BUILDDIR [TEST...]
"""
import os, re, resource, select, signal, subprocess, sys, termios, time

sys.path[1:1] = [os.path.dirname(os.path.abspath(__file__)) + "/../../lab"]
import login_lab
from login_lab import *
from sessions import Session


# --- the tests ------------------------------------------------------------------------------------

def test_two_shares_open():
    s = fresh()
    rc, out = run(["", prefixes(s[0]), s[2].upper(), NAME, REASON], "/bin/echo", "IN")
    assert rc == 0 and "IN\n" in out and "BG119" in out, out
    assert kinds() == ["journal.genesis", "attempt.started", "auth.succeeded", "use.granted"], kinds()
    e = ours(journal()[-1])
    assert e["claimed_by"] == NAME and e["reason"] == REASON, e


def test_the_record_says_which_cards():
    s = fresh()
    path = "/etc/breakglass/credentials/bg1"
    write(path, open(path, encoding="utf-8").read() + "[card 1-1]\ncustodian = Ann O'Neil\nenvelope = 17\nseal = A 9\n"
          "[card 1-3]\nenvelope = 19\n[card 1-2-1]\ncustodian = Eve\nseal = M\u00fcller\n[card 1-2-2]\ncustodian = Max\n", 0o600)
    mine = {"group": 1, "card": 1, "custodian": "Ann O'Neil", "envelope": "17", "seal": "A 9"}
    copies = [{"group": 1, "card": 2, "copy": i, "custodian": n} for i, n in ((1, "Eve"), (2, "Max"))]
    copies[0]["seal"] = "M\u00fcller"  # in its own letters
    for used, want, said in (((s[2], s[0]), [{"group": 1, "card": 3, "envelope": "19"}, mine], "3 (envelope 19), 1 (Ann O'Neil, envelope 17);"),
                             ((s[0], s[1]), [mine, *copies], "1 (Ann O'Neil, envelope 17), 2 (Eve) or 2 (Max);")):
        rc, out = run(["", *used, NAME, REASON])
        e = journal()
        assert rc == 0 and [ours(x).get("cards") for x in e[-2:]] == [want, want], (e[-2:], out)
        assert said in e[-2]["data"]["message"] and "cards" not in ours(e[-3]), e[-2]
    fresh()
    s = fresh()  # a set that knows nothing of its cards
    run(["", *s[1:], NAME, REASON])
    assert ours(journal()[-1])["cards"] == [{"group": 1, "card": 2}, {"group": 1, "card": 3}], journal()[-1]
    rc, out = run(["", s[0], s[0], "", "", ""])
    assert "cards" not in ours(journal()[-1]), journal()[-1]


def test_no_share_in_record():
    s = fresh()
    run(["", s[0], s[1], NAME, REASON])
    text = json.dumps(journal())
    assert SECRET.hex() not in text
    words = s[0].split()[4:]
    for one, two in zip(words, words[1:]):
        assert not re.search(rf"\b{one[:4]}\w*\W+{two[:4]}", text), one


def test_wrong_shares_refuse():
    s = fresh()
    other = [x for x in split() if x.split()[:2] != s[0].split()[:2]]
    rc, out = run(["", other[0], "", "", ""])
    assert rc == 1 and "BG215" in out and "BG221" not in out and "BG120" in out, out
    assert kinds()[1:] == ["attempt.started", "share.refused", "attempt.aborted"], kinds()


def test_same_and_foreign_share_on_record():
    s = fresh()
    foreign = split()[0]
    rc, out = run(["", s[0], s[0], foreign, s[1], NAME, REASON])
    details = [ours(e)["detail"] for e in journal() if "share.refused" in e["type"]]
    assert rc == 0 and details == ["BG217", "BG215"], (details, out)


def test_right_set_of_another_account():
    s = fresh()
    text = open("/etc/breakglass/credentials/bg1").read()
    write("/etc/breakglass/credentials/bg1", re.sub(r"verifier = ..", "verifier = 00", text), 0o600)
    rc, out = run(["", s[0], s[1], s[1], s[2], s[0], s[2]])
    assert rc == 1 and out.count("BG110") == 3 and "BG111" in out, out
    assert kinds().count("attempt.failed") == 3 and "auth.succeeded" not in kinds(), kinds()


def test_pasted_shares():
    """As they come out of a PDF, a chat or a spreadsheet, through a pipe and on a terminal."""
    forms = [lambda s: "\u00a0".join(s.split()), lambda s: ", ".join(s.split()) + ".", lambda s: f"\033[200~{s}\033[201~",
             lambda s: " ".join(f"{i + 1}) \u201c{w}\u201d" for i, w in enumerate(s.split())),
             lambda s: "".join(chr(ord(c) + 0xfee0) if c != " " else "\u200b" for c in prefixes(s))]
    for one in forms:
        for two in forms[:2]:
            s = fresh()
            rc, out = run(["", one(s[0]), two(s[1]), NAME, REASON], "/bin/echo", "IN")
            assert rc == 0 and "IN\n" in out, out
        s = fresh()
        with Session([LOGIN, "--tty", "bg1", "/bin/echo", "I AM", "IN"]) as person:
            person.expect("Press Enter to type cards")
            person.line()
            for share in s[1:]:
                person.expect(r"ords 1-20, hidden: ")
                person.line(one(share))
            person.expect("Your full name: ")
            person.line(NAME)
            person.expect("what will you do[?] ")
            person.line(REASON)
            person.expect("I AM IN")


def identity(machine, path="/etc/machine-id"):
    """Give this host another identity: the text of its machine-id, None: no file."""
    for old in ("/etc/machine-id", "/etc/machine-id.real"):
        if os.path.lexists(old):
            os.unlink(old)
    if machine is not None:
        write(path, machine)


OTHER = "fedcba9876543210fedcba9876543210"
# how a machine-id has been seen, and what of the credentials is said then
SEEN = {
    "as it was": (MACHINE + "\n", "same"),
    "of a re-imaged host": (OTHER + "\n", "changed"),
    "empty": ("", "changed"),
    "uninitialized": ("uninitialized\n", "changed"),
    "missing": (None, "changed"),
}


def test_identity_opens_and_shuts_nothing():
    for name, (machine, same) in SEEN.items():
        s = fresh()
        identity(machine)
        rc, out = run(["", s[0], s[1], NAME, REASON], "/bin/echo", "IN")
        assert rc == 0 and "IN\n" in out and ("BG225" in out) == (same == "changed"), (name, out)
        said = [ours(e)["host_identity"] for e in journal() if e["type"].split(".")[2] in ("auth", "use")]
        assert said == [same, same], (name, said)


def test_identity_mode_and_link():
    for mode, link in ((0o664, False), (0o600, False), (0o644, True), (0o664, True)):
        s = fresh()
        credentials(s, old_host=MACHINE)  # the old kind too
        identity(MACHINE + "\n", "/etc/machine-id.real" if link else "/etc/machine-id")
        if link:
            os.symlink("machine-id.real", "/etc/machine-id")
        os.chmod("/etc/machine-id", mode)
        rc, out = run(["", s[0], s[1], NAME, REASON], "/bin/echo", "IN")
        assert rc == 0 and "BG225" not in out and ours(journal()[-1])["host_identity"] == "unknown", (mode, link, out)
        os.unlink("/etc/machine-id")


def test_an_old_set_names_the_cause():
    """Of a set that an older version made: the true cause, each time and last; other cards would not help."""
    causes = {"of a re-imaged host": "another machine-id or name", "empty": "/etc/machine-id is empty",
              "uninitialized": "/etc/machine-id holds no id", "missing": "/etc/machine-id is missing"}
    for name, cause in causes.items():
        s = fresh()
        credentials(s, old_host=MACHINE)
        identity(SEEN[name][0])
        rc, out = run(["", s[0], s[1], s[1], s[2], s[0], s[2]])
        out = " ".join(out.split())
        assert rc == 1 and out.count("BG224") == 3 and cause in out and "other cards" not in out and "BG111" not in out, (name, out)
        assert [ours(e)["detail"] for e in journal() if "attempt.failed" in e["type"]] == ["BG224"] * 3


def test_an_old_set_made_without_a_machine_id():
    """By the host's name, then; it opens after the host was given an id."""
    s = fresh()
    credentials(s, old_host=os.uname().nodename)
    for machine in (None, MACHINE + "\n"):
        identity(machine)
        rc, out = run(["", s[0], s[1], NAME, REASON], "/bin/echo", "IN")
        assert rc == 0, (machine, out)


def test_who_and_why_are_required():
    s = fresh()
    rc, out = run(["", s[0], s[1], "", "x", NAME, "short", "               ", REASON])
    assert rc == 0 and out.count("BG113") == 2 and out.count("BG114") == 2, out


def test_hang_up_after_factor_is_on_record():
    s = fresh()
    rc, out = run(["", s[0], s[1]])
    assert rc == 1 and kinds()[-2:] == ["auth.succeeded", "attempt.aborted"], kinds()


def test_leaving():
    fresh()
    rc, out = run(["q"])
    assert rc == 1 and kinds()[-1] == "attempt.aborted" and "BG120" in out, out


def test_hostile_reason():
    s = fresh()
    hostile = "mail \x1b[2J\x1b]0;x\x07 \u202egnp.exe \x9b31m caf\u00e9 \x01 end of it"
    rc, out = run(["", s[0], s[1], NAME, hostile])
    raw = b"".join(open(f"/var/lib/breakglass/journal/{n}", "rb").read()
                   for n in sorted(os.listdir("/var/lib/breakglass/journal")) if n.endswith(".jsonl"))
    assert rc == 0 and "BG116" in out, out
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]", raw), raw
    assert "caf\u00e9".encode() in raw


def test_not_utf8_reason():
    s = fresh()
    p = subprocess.run([LOGIN, "--tty", "bg1"], capture_output=True, timeout=60,
                       input=("\n" + s[0] + "\n" + s[1] + "\n" + NAME + "\n").encode() + b"LDAP \xff\xfe is down for us\n")
    assert p.returncode == 0 and "\\x{FF}" in ours(journal()[-1])["reason"]


def test_ticket():
    s = fresh()
    write("/etc/breakglass/breakglass.conf",
          "[login]\nticket-required = yes\nticket-pattern = INC-[0-9]+\n[record]\nsyslog = no\n")
    rc, out = run(["", s[0], s[1], NAME, REASON, "INC-", "INC-12x", "INC-12"])
    assert rc == 0 and out.count("BG115") == 2 and ours(journal()[-1])["ticket"] == "INC-12", out


def test_disabled_and_empty():
    s = fresh()
    credentials(s, "no")
    rc, out = run(["", s[0]])
    assert rc == 1 and "BG109" in out, out
    write("/etc/breakglass/credentials/bg1", "[account]\nenabled = yes\n", 0o600)
    rc, out = run([""])
    assert rc == 1 and "BG107" in out, out
    write("/etc/breakglass/credentials/bg1", "[account]\nenabled = yes\nenabled = yes\n", 0o600)
    rc, out = run([""])
    assert rc == 1 and "BG108" in out, out
    assert kinds()[1:] == ["attempt.failed"] * 3, kinds()


def test_bad_policy_does_not_lock_out():
    s = fresh()
    write("/etc/breakglass/breakglass.conf", "[login]\nreason-mim = 3\n")
    rc, out = run(["", s[0], s[1], NAME, REASON])
    assert rc == 0 and "BG601" in out and "line 2" in out, out


def test_over_long_answer():
    s = fresh()
    rc, out = run(["", "a" * 4000, s[0], s[1], NAME, "r" * 600, REASON])
    assert rc == 0 and out.count("BG102") == 2, out


def may_raise_limits():
    held = next(x for x in open("/proc/self/status", encoding="ascii") if x.startswith("CapEff"))
    return int(held.split()[1], 16) >> 24 & 1  # CAP_SYS_RESOURCE


def test_too_small_file_limit():
    """It is raised, or the use is refused by name: no use without room for its record."""
    s = fresh()
    rc, out = run(["", s[0], s[1], NAME, REASON], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    if may_raise_limits():
        assert rc == 0 and kinds()[-1] == "use.granted", (out, kinds())
    else:
        assert rc == 1 and "BG124" in out and "RLIMIT_FSIZE" in out and "BG101" not in out, out


def test_command_gets_its_signals():
    s = fresh()
    rc, out = run(["", s[0], s[1], NAME, REASON], "/bin/grep", "SigIgn", "/proc/self/status", restore_signals=True)
    ignored = int(re.search(r"SigIgn:\s*(\w+)", out).group(1), 16)
    for sig in signal.SIGPIPE, signal.SIGXFSZ:
        assert not ignored >> sig - 1 & 1, out


def test_callers_priority_is_left():
    s = fresh()

    def idle():
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    rc, out = run(["", s[0], s[1], NAME, REASON], "/usr/bin/python3", "-c",
                  "import os; print('at', os.nice(0), os.sched_getscheduler(0))", preexec_fn=idle)
    assert rc == 0 and f"at 0 {os.SCHED_OTHER}\n" in out, out


def test_callers_cgroup_is_left():
    """A cgroup that a user owns can be frozen by him; with the journal's lock in it that would stop every record."""
    own = lambda: [x for x in open("/proc/1/cgroup") if x.startswith("0::")]
    top = [x.split()[1] for x in open("/proc/mounts") if x.split()[2] == "cgroup2"]
    if not top or not own():
        print("skipped: no cgroup2")
        return
    where = f"{top[0]}/breakglass-test-{os.getpid()}"
    try:
        os.mkdir(where)
    except OSError as e:
        print("skipped:", e)
        return
    try:
        for owner, expected in (65534, own()[0].strip()), (0, f"0::/breakglass-test-{os.getpid()}"):
            os.chown(where, owner, 0)
            s = fresh()
            rc, out = run(["", s[0], s[1], NAME, REASON], "/bin/cat", "/proc/self/cgroup",
                          preexec_fn=lambda: write_pid(where))
            assert rc == 0 and expected in out.split("\n"), (owner, out)
    finally:
        os.rmdir(where)


def write_pid(where):
    with open(where + "/cgroup.procs", "w", encoding="ascii") as f:
        f.write("0")


def test_terminal_hides_shares():
    s = fresh()
    with Session([LOGIN, "--tty", "bg1", "/bin/echo", "I AM", "IN"]) as person:
        for prompt, line in [("leave: ", ""), ("hidden: ", prefixes(s[0])), ("hidden: ", prefixes(s[1])),
                             ("name: ", NAME), ("do[?] ", REASON)]:
            person.expect(prompt)
            person.line(line)
        person.expect("I AM IN")
        assert person.wait() == 0
        seen = person.transcript
    assert " ".join(w[:4] for w in s[0].split()[6:8]) not in seen and REASON in seen, seen
    wide = [x for x in seen.replace("\r", "").split("\n") if len(x) > 80]
    assert not wide, wide


def test_what_was_typed_ahead_does_not_reach_the_shell():
    """A reason of two lines: the second one is no command of the shell that rescue mode goes on to."""
    shares = fresh()
    with Session([LOGIN, "--tty", "bg1", "/bin/sh", "-c", "read -r first; echo GOT $first"]) as person:
        person.expect("q to leave: ")
        person.line()
        for share in shares[:2]:
            person.expect("hidden: ")
            person.line(prefixes(share))
        person.expect("Your full name: ")
        person.line(NAME)
        person.expect("what will you do[?] ")
        person.send(REASON + "\rreboot\rpoweroff\r")
        person.expect("BG119")
        end = time.monotonic() + 60
        while not (hit := person_says(person)) and time.monotonic() < end:
            person.line("mine")
        assert hit == "mine", (hit, person.transcript)


def person_says(person):
    """What the shell has read, "" while it waits: asked when nothing has come for a while, not even an echo."""
    while select.select([person.master], [], [], 0.3)[0] and "GOT " not in person.transcript:
        person._read(1)
    hit = re.search(r"GOT (\w+)", person.transcript)
    return hit.group(1) if hit else ""


def echoes(person):
    return bool(termios.tcgetattr(person.master)[3] & termios.ECHO)


def test_interrupt_restores_echo():
    fresh()
    with Session([LOGIN, "--tty", "bg1"]) as person:
        person.expect("leave: ")
        assert echoes(person)
        person.line()
        person.expect("hidden: ")
        assert not echoes(person)
        os.kill(person.pid, signal.SIGINT)
        assert person.wait() == 1 and echoes(person)
    assert kinds()[-1] == "attempt.aborted", kinds()


login_lab.enter_namespace()
login_lab.main(globals())
