# SPDX-License-Identifier: ISC
"""The command about sessions, on a fresh copy of this machine: what needs no login. tests/e2e/test_session.py has those."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *


def quiet(*words, rc=0):
    return bg("quiet", *words, rc=rc)


def test_quiet_has_names_from_files_only():
    outside = read("/etc/nsswitch.conf")
    inside = quiet("cat", "/etc/nsswitch.conf")
    assert "ldap" in outside and read("/etc/nsswitch.conf") == outside
    assert set(re.findall(r"(?m)^[a-z]+:\s*(.*)$", inside)) == {"files", "files breakglass"}, inside
    for path in "/run/nscd", "/run/nslcd", "/run/systemd/userdb":
        os.makedirs(path)
        write(path + "/socket", "")
        assert quiet("ls", "-A", path) == "" and os.path.exists(path + "/socket")


def test_quiet_mounts_stay_inside():
    os.makedirs("/run/in")
    sh("mount", "--make-rshared", "/")
    assert quiet("sh", "-c", "mount -t tmpfs none /run/in && touch /run/in/x && ls /run/in") == "x\n"
    assert os.listdir("/run/in") == [] and "/run/in" not in read("/proc/self/mounts")


def test_quiet_takes_its_words_as_they_are():
    assert quiet("echo", "--help", "-q", "--json", *"abcdefghijklmnopqrst") == "--help -q --json " + " ".join("abcdefghijklmnopqrst") + "\n"
    quiet("sh", "-c", "exit 7", rc=7)
    old = os.umask(0o022)
    assert quiet("sh", "-c", "umask") == "0022\n"
    os.umask(old)
    has(quiet("/nonexistent", rc=3), "BG1022")


def test_quiet_that_is_not_allowed():
    p = subprocess.run(["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", "/usr/sbin/breakglass", "quiet", "echo", "ran"],
                       text=True, capture_output=True, timeout=60)
    assert p.returncode == 3 and p.stdout == "" and "BG1020" in p.stderr, p
    write("/run/breakglass", "")  # no directory
    p = subprocess.run(["/usr/sbin/breakglass", "quiet", "echo", "ran"], text=True, capture_output=True, timeout=60)
    assert p.returncode == 3 and p.stdout == "" and "BG1021" in p.stderr, p


HOME = "/var/lib/breakglass/home/bg1"


def test_init_has_sessions_recorded_and_undo_takes_it_back():
    bg("init", "--account", "bg1", "--yes")
    for name in ".profile", ".bashrc":
        text = read(f"{HOME}/{name}")
        assert "breakglass-login --record" in text and os.stat(f"{HOME}/{name}").st_mode & 0o7777 == 0o600
    write(f"{HOME}/.profile", "mine\n")
    os.unlink(f"{HOME}/.bashrc")
    bg("init", "--account", "bg1", "--yes")
    assert read(f"{HOME}/.profile") == "mine\n" and "--record" in read(f"{HOME}/.bashrc")
    bg("init", "--undo", "--purge", "--yes")
    assert os.listdir(HOME) == [".profile"]  # a person's
    bg("init", "--account", "bg1", "--yes")
    os.unlink(f"{HOME}/.profile")
    bg("init", "--account", "bg1", "--yes")
    bg("init", "--undo", "--purge", "--yes")
    assert not os.path.exists(HOME)


def test_status_has_a_note_of_what_is_not_recorded():
    bg("init", "--account", "bg1", "--yes")
    notes = lambda: [n["text"] for n in json.loads(subprocess.run(["/usr/sbin/breakglass", "status", "--json"], text=True,  # noqa: E731
                                                                 capture_output=True, timeout=60).stdout)["notes"] if n["id"] == "BG1047"]
    assert notes() == []
    os.unlink(f"{HOME}/.profile")
    assert "nothing in its home" in notes()[0]
    write("/etc/breakglass/breakglass.conf", "[login]\nsession-record = no\n")
    assert notes() == []


def test_other_shells():
    """zsh has files of its own, which are made and taken back; fish reads none, which is told."""
    bg("init", "--account", "bg1", "--yes")
    assert not os.path.exists(f"{HOME}/.zprofile")
    accounts = read("/etc/breakglass/accounts")

    def shell(path):
        write("/etc/breakglass/accounts", re.sub(r"(?m)^(bg1:.*):[^:]*$", rf"\1:{path}", accounts))
        return [n["text"] for n in json.loads(subprocess.run(["/usr/sbin/breakglass", "status", "--json"], text=True, capture_output=True,
                                                             timeout=60).stdout)["notes"] if n["id"] == "BG1047"]

    assert shell("/bin/bash") == [] and "nothing in its home" in shell("/usr/bin/zsh")[0]
    assert "its shell reads none of the files" in shell("/usr/bin/fish")[0]
    assert "nothing in its home" in shell("/usr/bin/zsh")[0]
    bg("init", "--account", "bg1", "--yes")
    assert shell("/usr/bin/zsh") == []
    for name in ".zprofile", ".zshrc":
        assert "breakglass-login --record" in read(f"{HOME}/{name}")
        assert not os.path.exists("/usr/bin/zsh") or subprocess.run(["/usr/bin/zsh", "-n", f"{HOME}/{name}"]).returncode == 0
    bg("init", "--undo", "--purge", "--yes")
    assert not os.path.exists(HOME), os.listdir(HOME)


def test_accounts_with_a_uid_of_their_own_are_not_recorded():
    bg("init", "--account", "bg1", "--uid", "990", "--yes")
    assert os.listdir(HOME) == []


def test_the_shell_goes_on_whatever_becomes_of_the_recorder():
    """The very files that init makes, with recorders that end in every way."""
    bg("init", "--account", "bg1", "--yes")
    record = HELPER
    os.rename(record, record + ".away")
    for name, shell in ((".profile", ["bash", "-li"]), (".profile", ["dash", "-li"]), (".bashrc", ["bash", "-i"])):
        for body, goes_on in (("exit 0", False), ("exit 7", False), ("exit 124", False), ("exit 125", True), ("exit 126", True),
                              ("kill -KILL $$", True), ("kill -SEGV $$", True), (None, True)):
            if body is None:
                os.unlink(record)
            else:
                write(record, f"#!/bin/sh\n{body}\n", 0o755)
            pid, fd = pty.fork()
            if pid == 0:
                os.execvpe(shell[0], shell, {"HOME": HOME, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TERM": "dumb",
                                             "BREAKGLASS_USE": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
            os.write(fd, b"echo WENT''ON; exit 3\n")
            seen = b""
            try:
                while piece := os.read(fd, 4096):
                    seen += piece
            except OSError:
                pass
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            wanted = 3 if goes_on else int(body.split()[1])
            assert (b"WENTON" in seen) == goes_on and status == wanted, (name, shell, body, status, seen)
            os.close(fd)


main(globals())
