# SPDX-License-Identifier: ISC
"""breakglass quiet: while the directory hangs, names come from files and nobody waits; outside nothing changes."""

import os
import re
import time

import bglab

SLOW = "/srv/of-luser1"


def start() -> None:
    bglab.start_daemons()
    bglab.enrol("bg1", 2, 3, "--uid", "990")
    os.makedirs(SLOW)
    os.chown(SLOW, 20001, 20000)
    bglab.until("the directory answers", lambda: bglab.run("getent passwd 20001").returncode == 0)


def quiet(command: str, timeout: float = 10.0) -> str:
    done = bglab.run(["breakglass", "quiet", "sh", "-c", command], timeout=timeout)
    bglab.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def test_a_directory_that_hangs_is_not_asked() -> str:
    bglab.ldap("hang")
    bglab.equal(bglab.run(f"timeout 2 ls -ld {SLOW}").returncode, 124)
    mark, began = bglab.nslcd_mark(), time.monotonic()
    assert " 20001 20000 " in quiet(f"ls -ld {SLOW}")
    seconds = time.monotonic() - began
    bglab.equal([str(r) for r in bglab.nslcd_requests_since(mark)], [])
    bglab.equal(quiet("id -un 0; id -un 5001; getent passwd luser1; getent passwd 20001 || echo none"), "root\nalice\nnone\n")
    bglab.equal(bglab.run(f"timeout 2 ls -ld {SLOW}").returncode, 124)  # outside all is as before
    return f"{seconds:.3f} s"


def test_our_own_accounts_have_their_names() -> None:
    bglab.ldap("hang")
    bglab.equal(quiet("id -un 990; id -u bg1"), "bg1\n990\n")


def test_daemons_that_know_names_are_out_of_sight() -> None:
    bglab.ldap("up")
    os.makedirs("/run/nscd", exist_ok=True)
    for path in ("/run/nscd", "/run/nslcd"):
        with open(f"{path}/socket.test", "w", encoding="ascii"):
            pass
    bglab.equal(quiet("ls -A /run/nscd /run/nslcd"), "/run/nscd:\n\n/run/nslcd:\n")
    assert os.path.exists("/run/nslcd/socket.test") and "luser1" in bglab.command("getent passwd luser1")
    bglab.equal(quiet("touch /run/nslcd/x 2>/dev/null || echo no"), "no\n")


def test_a_nsswitch_that_is_a_link() -> None:
    bglab.ldap("hang")
    bglab.command("mkdir -p /srv/managed && mv /etc/nsswitch.conf /srv/managed/ && ln -s /srv/managed/nsswitch.conf /etc/")
    try:
        assert " 20001 " in quiet(f"ls -ld {SLOW}")
    finally:
        bglab.command("rm /etc/nsswitch.conf && mv /srv/managed/nsswitch.conf /etc/")


def test_mounts() -> None:
    """What is mounted inside stays inside; what is mounted and unmounted outside is seen inside."""
    bglab.command("mkdir -p /srv/in /srv/out && mount --make-rshared / && mount -t tmpfs none /srv/out")
    with bglab.Session(["breakglass", "quiet", "bash", "--norc"]) as person:
        person.expect_shell()
        person.shell("mount -t tmpfs none /srv/in && touch /srv/in/x")
        bglab.equal(os.listdir("/srv/in"), [])
        bglab.equal(person.shell("mountpoint -q /srv/out && echo yes").strip(), "yes")
        bglab.command("umount /srv/out")
        bglab.equal(person.shell("mountpoint -q /srv/out || echo no").strip(), "no")
        person.shell("cd /srv/in; umount -l /srv/in; mount -t tmpfs none /srv/in")
        bglab.equal(bglab.run("grep -c /srv/in /proc/self/mounts").stdout, "0\n")


def test_words_status_and_what_a_program_inherits() -> None:
    bglab.equal(bglab.run(["breakglass", "quiet", "sh", "-c", "exit 7"]).returncode, 7)
    bglab.equal(bglab.run(["breakglass", "quiet", "echo", "--help", "-q", "--json", *"abcdefghijklmnopqrst"]).stdout,
                "--help -q --json " + " ".join("abcdefghijklmnopqrst") + "\n")
    bglab.equal(bglab.run(["breakglass", "--json", "quiet", "echo", "x"]).stdout, "x\n")
    for mask in ("0022", "0027"):
        bglab.equal(bglab.run(f"umask {mask}; breakglass quiet sh -c umask").stdout.strip(), mask)
    if int(re.search(r"(?m)^CapEff:\s*(\w+)", bglab.read("/proc/self/status"))[1], 16) >> 24 & 1:  # CAP_SYS_RESOURCE
        bglab.equal(bglab.run("ulimit -S -c 7; breakglass quiet sh -c 'ulimit -S -c'").stdout.strip(), "7")
    bglab.equal(bglab.run("cd /srv; breakglass quiet sh -c 'pwd; echo $BREAKGLASS_QUIET'").stdout, "/srv\n1\n")
    bglab.equal(bglab.run("SHELL=/bin/echo breakglass quiet").stdout, "\n")
    gone = bglab.run(["breakglass", "quiet", "/nonexistent"])
    bglab.equal((gone.returncode, gone.stdout), (3, ""))
    assert "BG1022" in gone.stderr, gone


def test_without_the_right_to_mount() -> None:
    """Says so, runs nothing, status 3."""
    drop = "setpriv --bounding-set -sys_admin --inh-caps -sys_admin"
    done = bglab.run(f"{drop} breakglass quiet echo ran")
    bglab.equal((done.returncode, done.stdout), (3, ""))
    assert "BG1020" in done.stderr, done
    done = bglab.run("breakglass quiet echo ran", uid=5001)
    bglab.equal((done.returncode, done.stdout), (3, ""))
    bglab.command("mkdir -p /run/breakglass && mv /run/breakglass /run/b.away && touch /run/breakglass")
    try:
        done = bglab.run("breakglass quiet echo ran")
        bglab.equal((done.returncode, done.stdout), (3, ""))
        assert "BG1021" in done.stderr, done
    finally:
        bglab.command("rm /run/breakglass && mv /run/b.away /run/breakglass")
