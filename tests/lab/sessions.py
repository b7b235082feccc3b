# SPDX-License-Identifier: ISC
"""A person at a terminal: programs on a pseudo terminal, driven by what they print.

Every wait is bounded. Nothing but the standard library.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import dialogue

PATIENCE = 40.0  # seconds: what a busy machine may take


class Missing(AssertionError):
    """The expected text or event did not come."""


class Session:
    """One program on its own terminal, 80 columns by 24 lines."""

    def __init__(self, argv: list[str], uid: int | None = None, env: dict[str, str] | None = None) -> None:
        self.transcript = ""
        self.pending = ""
        self.last_key = 0.0
        self.status: int | None = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            _become(argv, uid, env)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_inheritable(self.master, False)

    # -- the person's side ----------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Type text exactly as given."""
        self.last_key = time.monotonic()
        os.write(self.master, text.encode("utf-8", "surrogateescape"))

    def line(self, text: str = "") -> None:
        """Type a line and press Enter."""
        self.send(text + "\r")

    def ctrl(self, letter: str) -> None:
        """Press Ctrl and a letter."""
        self.send(chr(ord(letter.upper()) & 0x1F))

    def hangup(self) -> None:
        """The terminal goes away, as when the cable is pulled."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    # -- what the terminal shows ----------------------------------------------------------------

    def expect(self, *patterns: str, timeout: float = PATIENCE) -> re.Match[str]:
        """Wait for the first match of any pattern; the text before it is in .before."""
        end = time.monotonic() + timeout
        while True:
            hits = [m for m in (re.search(p, self.pending) for p in patterns) if m]
            if hits:
                return self._taken(min(hits, key=lambda m: m.start()))
            if not self._read(end - time.monotonic()):
                raise Missing(f"no {' or '.join(patterns)} within {timeout} s; seen: {self.pending[-600:]!r}")

    def expect_shell(self, timeout: float = PATIENCE) -> float:
        """Wait for a shell prompt, going on where ssh is asked to; seconds since the last key stroke."""
        typed = self.last_key
        if self.expect(dialogue.SHELL_PROMPT, dialogue.GO_ON, timeout=timeout).group().startswith("Press"):
            self.line()
            self.expect(dialogue.SHELL_PROMPT, timeout=timeout)
        return time.monotonic() - typed

    def expect_end(self, timeout: float = PATIENCE) -> str:
        """Wait for the program's end; what it printed until then."""
        end = time.monotonic() + timeout
        while self._read(end - time.monotonic()):
            pass
        rest, self.pending = self.pending, ""
        self.wait(timeout)
        return rest

    def shell(self, command: str, timeout: float = PATIENCE) -> str:
        """Run a command in the shell that is open here; its output."""
        mark = str(time.monotonic_ns())
        self.line(f"echo S''{mark}; {command}; echo E''{mark}")
        self.expect(rf"S{mark}\r?\n", timeout=timeout)
        self.expect(rf"E{mark}\r?\n", timeout=timeout)
        out = self.before.replace("\r\n", "\n")
        self.expect_shell(timeout)
        return out

    def wait(self, timeout: float = PATIENCE) -> int:
        """The program's exit status (128 + n for signal n)."""
        end = time.monotonic() + timeout
        while self.status is None:
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = _exit_status(raw)
            elif time.monotonic() > end:
                raise Missing(f"still running after {timeout} s; seen: {self.pending[-600:]!r}")
            else:
                time.sleep(0.01)
        return self.status

    def close(self) -> None:
        """Hang up and make sure that the program is gone."""
        self.hangup()
        try:
            self.wait(2.0)
        except Missing:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(5.0)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _taken(self, match: re.Match[str]) -> re.Match[str]:
        self.before = self.pending[: match.start()]
        self.pending = self.pending[match.end() :]
        return match

    def _away(self) -> bool:
        """Nobody has the terminal open: True while the program lives and may open it again, as login does after vhangup(2)."""
        if self.status is None:
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            self.status = _exit_status(raw) if pid else None
            time.sleep(0.01)
        return self.status is None

    def _read(self, seconds: float) -> bool:
        """Read what is there; False when the time is up or the program has ended."""
        if seconds <= 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return self._away()
        text = data.decode("utf-8", "replace")
        self.transcript += text
        self.pending += text
        return bool(data)


def _become(argv: list[str], uid: int | None, env: dict[str, str] | None) -> None:
    """In the child: give up root if asked, run the program; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where all of this runs in the background
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        base = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "LANG": "C.UTF-8"}
        os.chdir("/")
        os.execvpe(argv[0], argv, {**base, **(env or {})})
    except BaseException as error:
        os.write(2, f"{argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _exit_status(raw: int) -> int:
    code = os.waitstatus_to_exitcode(raw)
    return code if code >= 0 else 128 - code


# -- the ways in ---------------------------------------------------------------------------------


def login(user: str | None = None, device: str | None = None) -> Session:
    """login(1) at its prompt; user is typed if given. device: also show the terminal as /dev/<device>."""
    session = console(device) if device else Session(["/bin/login", "-p"])
    return _type_user(session, user)


def console(device: str, term: str = "dumb") -> Session:
    """login started by agetty on a terminal with the name of a console, even if an earlier session had that name."""
    script = (
        f'd=/dev/{device}; umount -l "$d" 2>/dev/null; [ -e "$d" ] || : >"$d"; mount --bind "$(tty)" "$d" || exit 1; '
        f'exec setsid -c -w agetty -o "-p -- \\\\u" --noreset --noclear --keep-baud 115200 {device} "$TERM" <"$d" >"$d" 2>&1'
    )
    return Session(["/bin/sh", "-c", script], env={"TERM": term})


def _type_user(session: Session, user: str | None) -> Session:
    session.expect(dialogue.LOGIN_PROMPT)
    if user is not None:
        session.line(user)
    return session


SSH_OPTIONS = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null", "LogLevel=ERROR"]


def ssh(user: str, method: str = "keyboard-interactive", options: list[str] | None = None, command: str | None = None) -> Session:
    """The real ssh client to 127.0.0.1 by one method (keyboard-interactive, password, publickey)."""
    argv = ["ssh", "-tt", "-F", "none"]
    for option in [*SSH_OPTIONS, f"PreferredAuthentications={method}", *(options or [])]:
        argv += ["-o", option]
    return Session([*argv, f"{user}@127.0.0.1", *([command] if command else [])])


def su(target: str, uid: int | None = None, login_shell: bool = True) -> Session:
    """su to target, started by the user with that uid (None: root)."""
    return Session(["/bin/su", *(["-"] if login_shell else []), target], uid=uid)


def password_login(session: Session, password: str, timeout: float = PATIENCE) -> float:
    """Answer the password prompt and wait for the shell; return the seconds it took."""
    session.expect(dialogue.PASSWORD_PROMPT, timeout=timeout)
    session.line(password)
    return session.expect_shell(timeout)


def is_running(pid: int) -> bool:
    """Alive and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def run(argv: list[str] | str, timeout: float = 30.0, stdin: str = "", uid: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end without a terminal; stdout and stderr are captured apart."""
    extra: dict[str, object] = {"user": uid, "group": uid, "extra_groups": []} if uid is not None else {}
    command = ["/bin/bash", "-c", argv] if isinstance(argv, str) else argv
    return subprocess.run(command, input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout, **extra)  # type: ignore[call-overload]
