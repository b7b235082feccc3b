# SPDX-License-Identifier: ISC
"""The world around a login: directory, name service client, syslog, sshd, cron; and what they wrote down.

Everything here runs inside a copy (tests/lab/enter) that tests/lab/provision has laid out. The state lives in
/run/bglab, so that any process of a test sees the same world.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import dialogue  # noqa: F401
from emergency import FOREIGN, NAME, REASON, enrol, get_in, open_door, open_door_by_key, say_why, try_foreign_cards, type_shares  # noqa: F401
from sessions import PATIENCE, Missing, Session, console, is_running, login, password_login, run, ssh, su  # noqa: F401  (the library's face)

STATE = "/run/bglab"
NSLCD_LOG = f"{STATE}/nslcd.log"
AUTH_LOG = "/var/log/auth.log"
JOURNAL = "/var/lib/breakglass/journal"
LDAP_ADDRESS = "192.0.2.10"

# People of the lab: name -> (uid, password). luser*: in LDAP only. luser5 is in LDAP groups and in the local group adm.
LOCAL = {"fuser": (5000, "local-fuser-secret"), "alice": (5001, "local-alice-secret")}
LDAP_PEOPLE = {"luser1": (20001, "ldap-one-secret"), "luser5": (20005, "ldap-five-secret")}
PASSWORDS = {name: entry[1] for name, entry in {**LOCAL, **LDAP_PEOPLE}.items()}

_DAEMONS: dict[str, list[str]] = {
    "slapd": ["slapd", "-d0", "-f", "/etc/ldap/lab.conf", "-u", "openldap", "-g", "openldap", "-h", f"ldap://{LDAP_ADDRESS}/"],
    "nslcd": ["nslcd", "-d"],
    "rsyslogd": ["rsyslogd", "-n", "-i", f"{STATE}/rsyslogd.own.pid"],
    "sshd": ["/usr/sbin/sshd", "-D"],
    "sshd-instance": ["/usr/sbin/sshd", "-D", "-f", "/etc/breakglass/sshd_config"],
    "cron": ["cron", "-f"],
    "atd": ["atd", "-f"],
    "nscd": ["nscd", "-F"],
}


class Skip(Exception):
    """Raised by a test that cannot run here; its text is the reason."""


def bounded(seconds: float):  # type: ignore[no-untyped-def]
    """A test that may take longer (or must be shorter) than the runner's 200 s."""

    def mark(function):  # type: ignore[no-untyped-def]
        function.seconds = seconds
        return function

    return mark


def after_power_cut(function):  # type: ignore[no-untyped-def]
    """A test for the second boot of a copy with systemd; the first ended without a shutdown."""
    function.after_power_cut = True
    return function


def ctrl_c_ends_login() -> bool:
    """Not so with the login of util-linux, which ignores it until somebody is logged in."""
    with login() as person:
        ignored = re.search(r"^SigIgn:\s*(\w+)", read(f"/proc/{person.pid}/status"), re.M)
        return not int(ignored[1], 16) & 1 << signal.SIGINT - 1  # type: ignore[index]


# -- waiting -------------------------------------------------------------------------------------


def command(line: str) -> str:
    """What a command says that must succeed within a minute."""
    result = run(line, timeout=60)
    if result.returncode != 0:
        raise Missing(f"{line}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def until(what: str, condition, timeout: float = PATIENCE):  # type: ignore[no-untyped-def]
    """Poll until condition() is true and return its value; raise Missing after timeout seconds."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise Missing(f"{what}: not within {timeout} s")
        time.sleep(0.01)
    return value


def equal(seen: object, wanted: object) -> None:
    """An assertion that shows what it saw."""
    if seen != wanted:
        raise AssertionError(f"seen:   {seen!r}\nwanted: {wanted!r}")


def processes() -> dict[int, str]:
    """The name of every process by its number."""
    seen = {}
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if name := read(path).strip():
                seen[int(path.split("/")[2])] = name
    return seen


def read(path: str) -> str:
    """A file's text; empty if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


# -- daemons -------------------------------------------------------------------------------------


def pid_of(daemon: str) -> int:
    """The daemon's process id, 0 if it is not running."""
    text = read(f"{STATE}/{daemon}.pid").strip()
    return int(text) if text and is_running(int(text)) else 0


def daemon_pids() -> set[int]:
    """The process ids of those that are running."""
    return {pid_of(name) for name in _DAEMONS} - {0}


def start(daemon: str) -> None:
    """Start one daemon of the table, in the foreground and in its own session; its output goes to STATE."""
    if pid_of(daemon):
        return
    os.makedirs(STATE, exist_ok=True)
    with open(f"{STATE}/{daemon}.from", "w", encoding="ascii") as file:
        file.write(str(size(f"{STATE}/{daemon}.log")))
    script = f'echo $$ >{STATE}/{daemon}.pid; exec "$@" >>{STATE}/{daemon}.log 2>&1'
    run(["setsid", "-f", "sh", "-c", script, "sh", *_DAEMONS[daemon]])
    try:
        until(f"{daemon} starts", lambda: _ready(daemon))
    except Missing as error:
        raise Missing(f"{error}; it said: {log_of(daemon)[-800:]}") from None


def log_of(daemon: str) -> str:
    """What the daemon printed since its last start."""
    return read(f"{STATE}/{daemon}.log").encode()[int(read(f"{STATE}/{daemon}.from") or 0) :].decode("utf-8", "replace")


def stop(daemon: str, sig: int = signal.SIGTERM) -> None:
    """Stop one daemon, by SIGKILL if it is not gone within 5 s."""
    pid = pid_of(daemon)
    if not pid:
        return
    os.kill(pid, signal.SIGCONT)
    os.kill(pid, sig)
    with contextlib.suppress(Missing):
        until(f"{daemon} stops", lambda: not is_running(pid), 5.0)
        return
    os.kill(pid, signal.SIGKILL)


def freeze(daemon: str) -> None:
    """SIGSTOP: it keeps its sockets but answers nobody."""
    os.kill(pid_of(daemon), signal.SIGSTOP)


def thaw(daemon: str) -> None:
    os.kill(pid_of(daemon), signal.SIGCONT)


def _listening(port: int) -> bool:
    return f":{port:04X} 00000000:0000 0A" in read("/proc/net/tcp")


def _ready(daemon: str) -> bool:
    if not pid_of(daemon):
        return False
    checks = {
        "slapd": lambda: _listening(389),
        "sshd": lambda: _listening(22),
        "nslcd": lambda: "accepting connections" in log_of("nslcd"),
        "rsyslogd": lambda: os.path.exists("/dev/log"),
        "nscd": lambda: os.path.exists("/run/nscd/socket"),
    }
    return checks.get(daemon, lambda: True)()


def start_daemons(*names: str) -> None:
    """The network, and slapd, nslcd, rsyslogd and sshd (or those named)."""
    os.makedirs(STATE, exist_ok=True)
    _network()
    for path, owner in (("/run/slapd", "openldap"), ("/run/nslcd", "nslcd")):
        os.makedirs(path, exist_ok=True)
        shutil.chown(path, owner)
    os.makedirs("/run/sshd", exist_ok=True)
    for name in names or ("slapd", "rsyslogd", "nslcd", "sshd"):
        start(name)


@contextlib.contextmanager
def sshd_configured(path: str, text: str) -> Iterator[None]:
    """sshd runs with that file."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    stop("sshd")
    start("sshd")
    try:
        yield
    finally:
        run(["rm", path])
        stop("sshd")
        start("sshd")


def _ip(*words: str, check: bool = True) -> None:
    result = run(["ip", *words])
    if check and result.returncode != 0:
        raise Missing(f"ip {' '.join(words)}: {result.stderr.strip()}")


def _network() -> None:
    """Loopback with the directory's address, and a second link whose other end ignores every packet."""
    if os.path.exists("/sys/class/net/bgdrop0"):
        return
    _ip("link", "set", "lo", "up")
    _ip("address", "add", f"{LDAP_ADDRESS}/32", "dev", "lo")
    _ip("link", "add", "bgdrop0", "type", "veth", "peer", "name", "bgdrop1")
    for name in ("bgdrop0", "bgdrop1"):
        _ip("link", "set", name, "up")
    _ip("address", "add", "192.0.2.1/24", "dev", "bgdrop0")
    _ip("neighbour", "replace", LDAP_ADDRESS, "lladdr", "02:00:00:00:00:99", "nud", "permanent", "dev", "bgdrop0")


# -- the directory's health ----------------------------------------------------------------------


def ldap(mode: str) -> None:
    """up; hang (slapd is stopped); drop (packets vanish); refused (nobody listens)."""
    _ldap_up()
    if mode == "hang":
        freeze("slapd")
    elif mode == "drop":
        _ip("address", "del", f"{LDAP_ADDRESS}/32", "dev", "lo")
    elif mode == "refused":
        stop("slapd")
    elif mode != "up":
        raise ValueError(mode)
    with open(f"{STATE}/ldap", "w", encoding="ascii") as file:
        file.write(mode)


def _ldap_up() -> None:
    """Back to health with a fresh client: nslcd would sit out its retry time, and slapd queries it at startup."""
    if (read(f"{STATE}/ldap").strip() or "up") == "up":
        return
    stop("nslcd", signal.SIGKILL)
    _ip("address", "replace", f"{LDAP_ADDRESS}/32", "dev", "lo", check=False)
    if pid_of("slapd"):
        thaw("slapd")
    start("slapd")
    start("nslcd")


def without_ldap() -> None:
    """The same machine as if LDAP had never been configured: nsswitch, PAM, nslcd. Cannot be undone in this copy."""
    text = read("/etc/nsswitch.conf")
    with open("/etc/nsswitch.conf", "w", encoding="utf-8") as file:
        file.write(re.sub(r"[ \t]+ldap\b", "", text))
    result = run("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove ldap")
    if result.returncode != 0 or "pam_ldap" in read("/etc/pam.d/common-auth"):
        raise Missing(f"pam_ldap is still configured: {result.stdout}{result.stderr}")
    stop("nslcd")


@dataclass
class Request:
    """One request to nslcd: who asked, for what, and how many searches it sent to the directory."""

    id: str
    pid: int
    uid: int
    what: str = ""
    searches: int = 0
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.what or '(no name)'} from pid {self.pid}, {self.searches} searches"


def newest_process() -> int:
    """The number that was given last (proc(5), loadavg)."""
    return int(read("/proc/loadavg").split()[-1])


def nslcd_mark() -> tuple[int, int]:
    """A position in nslcd's debug log, for nslcd_requests_since."""
    return size(NSLCD_LOG), newest_process()


def nslcd_requests_since(mark: tuple[int, int]) -> list[Request]:
    """Every request to nslcd since then (its debug log names each connection by a random id).

    Not the one by which the alert service sees, after a grant, whether the directory answers; nor those of programs that had ended
    before and that nslcd, whose threads all hung, takes up now; nor what it still says of a request from before. What a request is
    for stands a line behind whose it is."""
    requests: list[Request] = []

    def are_named() -> bool:
        requests[:] = [r for r in _requests(mark[0]) if not _is_late(r, mark[1])]
        return all(r.what for r in requests)

    with contextlib.suppress(Missing):
        until("each request has a name", are_named, 5)
    return [r for r in requests if r.what != 'passwd="breakglass-probe"']


def _is_late(request: Request, newest: int) -> bool:
    return 0 < request.pid <= newest <= newest_process() and not os.path.exists(f"/proc/{request.pid}")


def _requests(start: int) -> list[Request]:
    requests: dict[str, Request] = {}
    with open(NSLCD_LOG, "rb") as file:
        file.seek(start)
        for line in file.read().decode("utf-8", "replace").splitlines():
            _count(requests, line)
    return list(requests.values())


def _count(requests: dict[str, Request], line: str) -> None:
    new = re.search(r"\[(\w+)\] DEBUG: connection from\s+(?:pid=(-?\d+) uid=(-?\d+))?", line)
    if new:
        requests[new[1]] = Request(new[1], int(new[2] or 0), int(new[3] or 0))
    more = re.search(r"\[(\w+)\] <(.*?)> (.*)", line)
    if more and more[1] in requests:
        request = requests[more[1]]
        request.what = more[2]
        request.searches += "myldap_search(" in more[3]
        request.lines.append(more[3])


# -- what was written down -----------------------------------------------------------------------


def journal(path: str = JOURNAL, probed: bool = False) -> list[dict]:
    """Every event of the journal, oldest first (a file, or all segments of a directory).

    probed: with use.probed, which comes some seconds after a grant, wherever the others are by then."""
    files = sorted(glob.glob(f"{path}/*")) if os.path.isdir(path) else [path]
    events = []
    for name in files:
        if os.path.isfile(name):
            events += [json.loads(line) for line in read(name).splitlines() if line.startswith("{")]
    events = [e for e in events if probed or e.get("type") != "org.breakglass.use.probed.v1"]
    return sorted(events, key=lambda e: int(e.get("sequence", e.get("seq", 0))))


def event_types(events: list[dict]) -> list[str]:
    """Their kinds without the prefix and the version: use.granted, session.opened ..."""
    return [re.sub(r"^org\.breakglass\.|\.v\d+$", "", str(e.get("type"))) for e in events]


def own(event: dict) -> dict:
    """What only our events say."""
    return event["data"]["unmapped"]["breakglass"]


def own_since(before: int, kind: str) -> list[dict]:
    """The same of each of that kind that came after the first `before` ones."""
    return [own(e) for e in journal()[before:] if f".{kind}." in e["type"]]


def session_policy(*lines: str) -> None:
    """breakglass.conf of a host where nothing waits: these lines stand in [login]."""
    with open("/etc/breakglass/breakglass.conf", "w", encoding="utf-8") as file:
        file.write("\n".join(["[login]", "alert-wait = 0", "delay-console = 0", *lines, "[record]", "sink-required = no", ""]))


def auth_log_mark() -> int:
    return size(AUTH_LOG)


def auth_log_since(mark: int = 0) -> str:
    """What syslog wrote to auth.log since then."""
    return read(AUTH_LOG).encode()[mark:].decode("utf-8", "replace")


def wait_auth_log(pattern: str, mark: int = 0, timeout: float = PATIENCE) -> re.Match[str]:
    """Wait for a pattern in auth.log."""
    return until(f"{pattern} in auth.log", lambda: re.search(pattern, auth_log_since(mark)), timeout)
