# SPDX-License-Identifier: ISC
"""A portrait of other people's logins: what each way in shows and does, with everything masked that always differs.

Two portraits of the same piece are equal, character by character, unless something has changed for somebody.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from collections.abc import Callable, Iterable

import bglab
from bglab import PASSWORDS, Session
from sessions import PATIENCE, Missing

FUSER, ALICE, LUSER5 = 5000, 5001, 20005
PASSWORD, PROMPT, SHELL = r"[Pp]assword(?: for \w+)?: ?$", r"login: $", r"[#$] $"
AT_ONCE = 8  # sshd begins to drop connections when ten are waiting

# Local users who must change their password at the next login: the password lines of login, sshd and su.
EXPIRED = {"stale1": 5011, "stale2": 5012, "stale3": 5013}
STALE, FRESH = "was-Stale-long-ago-3", "now-Fresh-and-other-8"

GONE = "gone"  # a local user whose account has expired

# What a person finds in the shell: identity, place, limits, environment, signals, open files.
_SEEN = r"""#!/bin/sh
id; pwd; umask; ulimit -a; env | cut -d= -f1 | sort | tr '\n' ' '; echo
cat /proc/self/loginuid; echo; grep -E '^(Sig[PBIC]|Cap|NoNewPrivs)' /proc/$PPID/status; ls /proc/$PPID/fd | tr '\n' ' '; echo
"""
_MASKS = [
    (r"Last login: [^\n]*\n", ""),
    (r"pts/\d+", "pts/N"),
    (r"\$(?:y|6|5)\$[^:\s]+", "HASH"),
    (r"/proc/\d+", "/proc/N"),
    (r"(stale\d:HASH):\d+", r"\1:DAY"),
]


def prepare() -> None:
    """What the portraits need in the copy, before any daemon runs: keys, passwords, a directory that lets people change theirs."""
    _check(bglab.run(["systemd-sysusers"]))  # the alert service's user is everybody's to see, before us and after
    _write("/usr/local/bin/seen", _SEEN, 0o755)
    _write("/etc/sudoers.d/lab", "Defaults lecture=never\n", 0o440)
    _write("/etc/ssh/sshd_config.d/50-lab.conf", "Match User alice,luser5\n    KbdInteractiveAuthentication yes\n", 0o644)
    for user, uid in EXPIRED.items():
        _check(bglab.run(f"useradd -m -s /bin/bash -u {uid} {user}"))
    _check(bglab.run(f"useradd -m -s /bin/bash -u 5014 -e 1980-01-01 {GONE} && chpasswd -c SHA256", stdin=f"{GONE}:{STALE}\n"))
    config = bglab.read("/etc/ldap/lab.conf").replace("by anonymous auth", "by self write by anonymous auth")
    _write("/etc/ldap/lab.conf", config, 0o644)
    _check(bglab.run(f"useradd -m -s /bin/bash -u 5009 {CANARY}"))
    _check(bglab.run("chpasswd -c SHA256", stdin=f"root:local-root-secret\n{CANARY}:{CANARY_PASSWORD}\n"))
    _check(bglab.run("ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/lab"))
    for user, uid, gid in (("root", 0, 0), ("home/alice", ALICE, ALICE), ("home/luser5", LUSER5, 20000)):
        _check(bglab.run(f"install -d -m 700 -o {uid} -g {gid} /{user}/.ssh && "
                         f"install -m 600 -o {uid} -g {gid} /root/.ssh/lab.pub /{user}/.ssh/authorized_keys"))


def _write(path: str, text: str, mode: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def _check(result) -> None:  # type: ignore[no-untyped-def]
    if result.returncode != 0:
        raise Missing(f"{result.args}: {result.stderr}")


# -- how a piece is taken ------------------------------------------------------------------------


def masked(text: str) -> str:
    """Without what differs from run to run."""
    text = text.replace("\r\n", "\n")
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return text


def play(session: Session, *steps: tuple[str, str]) -> str:
    """Wait for each pattern and type the answer; return everything that was shown, and the exit status."""
    with session:
        try:
            for pattern, answer in steps:
                session.expect(pattern, timeout=PATIENCE)
                session.line(answer)
            session.expect_end()
            status = str(session.wait())
        except Missing as error:
            status = f"stuck: {str(error).split(';')[0]}"
        return masked(session.transcript) + f"[{status}]"


def _command(*argv: str, uid: int | None = None) -> Callable[[], str]:
    def take() -> str:
        result = bglab.run(list(argv), uid=uid)
        return masked(result.stdout + result.stderr) + f"[{result.returncode}]"

    return take


def _script(make: Callable[[], Session], *steps: tuple[str, str]) -> Callable[[], str]:
    return lambda: play(make(), *steps)


_LOOK_ROUND = ((SHELL, "seen"), (SHELL, "exit 3"))


def _login(user: str, *before: tuple[str, str]) -> Callable[[], str]:
    secret = PASSWORDS.get(user, "local-root-secret")
    return _script(lambda: bglab.login(user), *before, (PASSWORD, secret), *_LOOK_ROUND)


def _login_wrong(user: str) -> Callable[[], str]:
    return _login(user, (PASSWORD, "wrong"), (PROMPT, user))


def _ssh(user: str, method: str, *before: tuple[str, str], options: tuple[str, ...] = ()) -> Callable[[], str]:
    answers = () if method == "publickey" else (*before, (PASSWORD, PASSWORDS[user]))
    key = ("IdentityFile=/root/.ssh/lab", "IdentitiesOnly=yes")
    return _script(lambda: bglab.ssh(user, method, [*key, *options]), *answers, *_LOOK_ROUND)


def _ssh_denied(user: str, method: str, tries: int) -> Callable[[], str]:
    return _script(lambda: bglab.ssh(user, method, [f"NumberOfPasswordPrompts={max(1, tries)}"]), *[(PASSWORD, "wrong")] * tries)


def _su(target: str, uid: int | None, *steps: tuple[str, str], login_shell: bool = True) -> Callable[[], str]:
    return _script(lambda: bglab.su(target, uid, login_shell), *steps)


def _sudo(uid: int, *words: str, steps: Iterable[tuple[str, str]] = ()) -> Callable[[], str]:
    """sudo starts from a shell that has its user's groups; setpriv sets them in place of a login."""
    name = {ALICE: "alice", LUSER5: "luser5"}[uid]
    gid = {ALICE: ALICE, LUSER5: 20000}[uid]
    argv = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--init-groups", "sudo", "-k", *words]
    return _script(lambda: Session(argv, env={"USER": name}), *steps)


def _change(uid: int, old: str, new: str) -> Callable[[], str]:
    """Change the password and change it back."""

    def once(was: str, becomes: str) -> str:
        return play(Session(["passwd"], uid=uid), (PASSWORD, was), (PASSWORD, becomes), (PASSWORD, becomes))

    return lambda: once(old, new) + once(new, old)


_RENEW = ((PASSWORD, STALE), (PASSWORD, STALE), (PASSWORD, FRESH), (PASSWORD, FRESH))


def expire() -> None:
    """Before a portrait with these people."""
    _check(bglab.run("chpasswd -c SHA256", stdin="".join(f"{user}:{STALE}\n" for user in EXPIRED)))
    for user in EXPIRED:
        _check(bglab.run(["chage", "-d", "0", user]))


def _names(uid: int | None) -> Callable[[], str]:
    """Everything the name service says about everybody, and about names that do not exist."""
    people = "root nobody fuser alice luser1 luser5 nosuch"
    script = f"""exec 2>&1
        for u in {people} 0 65534 5000 20005 4711; do getent passwd $u; echo "[$?]"; getent group $u; echo "[$?]"; done
        for u in {people}; do id $u; groups $u; getent initgroups $u; getent shadow $u; getent gshadow $u; echo "[$?]"; done
        for g in adm sudo lusers lproject loncall 30000 30099 0 4; do getent group $g; echo "[$?]"; done
        for d in passwd group shadow gshadow; do getent $d; echo "[$?]"; done"""
    return _command("/bin/sh", "-c", script, uid=uid)


_ROOT, _A, _L = "local-root-secret", PASSWORDS["alice"], PASSWORDS["luser5"]
_WRONG = (PASSWORD, "wrong")

# The whole portrait: who, by which way, right and wrong.
PIECES: dict[str, Callable[[], str]] = {
    "login, local user": _login("alice"),
    "login, LDAP user": _login("luser5"),
    "login, root": _login("root"),
    "login, local user, wrong password first": _login_wrong("alice"),
    "login, LDAP user, wrong password first": _login_wrong("luser5"),
    "login, unknown user first": lambda: play(bglab.login("nosuch"), _WRONG, (PROMPT, "alice"), (PASSWORD, _A), *_LOOK_ROUND),
    "login, empty name first": lambda: play(bglab.login(""), _WRONG, (PROMPT, "alice"), (PASSWORD, _A), *_LOOK_ROUND),
    "su - local user": _su("alice", FUSER, (PASSWORD, _A), *_LOOK_ROUND),
    "su - LDAP user": _su("luser5", FUSER, (PASSWORD, _L), *_LOOK_ROUND),
    "su local user": _su("alice", LUSER5, (PASSWORD, _A), *_LOOK_ROUND, login_shell=False),
    "su LDAP user": _su("luser5", ALICE, (PASSWORD, _L), *_LOOK_ROUND, login_shell=False),
    "su local user, wrong password": _su("alice", LUSER5, _WRONG),
    "su LDAP user, wrong password": _su("luser5", FUSER, _WRONG),
    "su to nobody known": _su("nosuch", FUSER),
    "su root by a local user": _su("root", ALICE, (PASSWORD, _ROOT), *_LOOK_ROUND),
    "su root by an LDAP user": _su("root", LUSER5, (PASSWORD, _ROOT), *_LOOK_ROUND, login_shell=False),
    "su root by a local user, wrong password": _su("root", ALICE, _WRONG),
    "su root by an LDAP user, wrong password": _su("root", LUSER5, _WRONG),
    "su - local user by root": _su("alice", None, *_LOOK_ROUND),
    "su - LDAP user by root": _su("luser5", None, *_LOOK_ROUND),
    "sudo": _sudo(ALICE, "seen", steps=[(PASSWORD, _A)]),
    "sudo, wrong password first": _sudo(ALICE, "id", steps=[_WRONG, (PASSWORD, _A)]),
    "sudo -i": _sudo(ALICE, "-i", steps=[(PASSWORD, _A), *_LOOK_ROUND]),
    "sudo as an LDAP user": _sudo(ALICE, "-u", "luser5", "seen", steps=[(PASSWORD, _A)]),
    "sudo without asking": _sudo(ALICE, "-n", "id"),
    "sudo by an LDAP user who may not": _sudo(LUSER5, "id", steps=[(PASSWORD, _L)]),
    "ssh password, local user": _ssh("alice", "password"),
    "ssh password, LDAP user": _ssh("luser5", "password"),
    "ssh password, LDAP user, wrong password first": _ssh("luser5", "password", _WRONG),
    "ssh password, local user, all wrong": _ssh_denied("alice", "password", 2),
    "ssh password, unknown user": _ssh_denied("nosuch", "password", 1),
    "ssh keyboard-interactive, local user": _ssh("alice", "keyboard-interactive"),
    "ssh keyboard-interactive, local user, wrong password first": _ssh("alice", "keyboard-interactive", _WRONG),
    "ssh keyboard-interactive, LDAP user": _ssh("luser5", "keyboard-interactive"),
    "ssh keyboard-interactive, LDAP user, all wrong": _ssh_denied("luser5", "keyboard-interactive", 1),
    "ssh keyboard-interactive where it is off": _ssh_denied("fuser", "keyboard-interactive", 0),
    "ssh key, local user": _ssh("alice", "publickey"),
    "ssh key, LDAP user": _ssh("luser5", "publickey"),
    "ssh key, root": _ssh("root", "publickey"),
    "ssh key, no such key": lambda: play(bglab.ssh("fuser", "publickey", ["IdentityFile=/root/.ssh/lab"])),
    "passwd, local user": _change(FUSER, PASSWORDS["fuser"], "quite-another-Secret-7"),
    "passwd, LDAP user": _change(20001, PASSWORDS["luser1"], "quite-another-Secret-7"),
    "passwd, local user, wrong password": lambda: play(Session(["passwd"], uid=ALICE), _WRONG),
    "passwd, LDAP user, wrong password": lambda: play(Session(["passwd"], uid=LUSER5), _WRONG),
    "passwd by root": lambda: play(Session(["passwd", "alice"]), (PASSWORD, _A), (PASSWORD, _A)),
    "login, password expired": _script(lambda: bglab.login("stale1"), *_RENEW, *_LOOK_ROUND),
    "ssh, password expired": _script(lambda: bglab.ssh("stale2", "password"), *_RENEW),
    "su, password expired": _su("stale3", FUSER, *_RENEW, *_LOOK_ROUND),
    "login, account expired": lambda: play(bglab.login(GONE), (PASSWORD, STALE)),
    "ssh, account expired": lambda: play(bglab.ssh(GONE, "password"), (PASSWORD, STALE)),
    "su, account expired": lambda: play(bglab.su(GONE, FUSER), (PASSWORD, STALE)),
    "su by root, account expired": lambda: play(bglab.su(GONE)),
    "names, for root": _names(None),
    "names, for a local user": _names(ALICE),
    "names, for an LDAP user": _names(LUSER5),
}

# For each fault: every way in once, both kinds of user.
SMALL = [
    "login, local user", "login, LDAP user", "su LDAP user", "su root by a local user", "su - LDAP user by root", "sudo",
    "ssh password, LDAP user", "ssh keyboard-interactive, local user", "ssh key, local user",
    "passwd, local user, wrong password", "passwd, LDAP user, wrong password", "names, for root", "names, for an LDAP user",
]


# -- portraits -----------------------------------------------------------------------------------


def together(pieces: dict[str, Callable[[], str]], at_once: int = AT_ONCE) -> dict[str, str]:
    """Take pieces, a few at once, each in its own process: most of the time they wait."""
    waiting, running, taken = list(pieces.items()), {}, {}
    while waiting or running:
        while waiting and len(running) < at_once:
            name, take = waiting.pop(0)
            running[_fork(take)] = name
        pid, _ = os.wait()
        if pid in running:
            name = running.pop(pid)
            taken[name] = bglab.read(_result(pid)) or "[no result]"
    return {name: taken[name] for name in pieces}


def _result(pid: int) -> str:
    return f"{bglab.STATE}/piece.{pid}"


def _fork(take: Callable[[], str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        text = take()
    except BaseException as error:  # noqa: BLE001  (it becomes a part of the picture, and a difference)
        text = f"[no result: {type(error).__name__}: {error}]"
    with open(_result(os.getpid()), "w", encoding="utf-8") as file:
        file.write(text)
    os._exit(0)


def paint(names: Iterable[str] | None = None) -> dict[str, str]:
    """The portrait as things are now."""
    if names is None:
        expire()
    return together({name: PIECES[name] for name in names or PIECES})


def keep(name: str, portrait: dict[str, str]) -> None:
    """For later tests of the file, which are other processes."""
    with open(f"{bglab.STATE}/{name}.json", "w", encoding="utf-8") as file:
        json.dump(portrait, file)


def take(name: str) -> None:
    """The small portrait as things are now, kept under this name."""
    portrait = paint(SMALL)
    sound(portrait)
    keep(name, portrait)


def begin() -> None:
    """The world, and the small portrait of it before anything of ours is set up."""
    prepare()
    bglab.start_daemons()
    take("before")


def kept(name: str) -> dict[str, str]:
    return json.loads(bglab.read(f"{bglab.STATE}/{name}.json"))


# Pieces in which nobody gets in, as it should be. In all others somebody must.
REFUSED = {
    "su local user, wrong password", "su LDAP user, wrong password", "su to nobody known",
    "su root by a local user, wrong password", "su root by an LDAP user, wrong password", "sudo without asking",
    "sudo by an LDAP user who may not", "ssh password, local user, all wrong", "ssh password, unknown user",
    "ssh keyboard-interactive, LDAP user, all wrong", "ssh keyboard-interactive where it is off", "ssh key, no such key",
    "passwd, local user, wrong password", "passwd, LDAP user, wrong password",
    "login, account expired", "ssh, account expired", "su, account expired", "su by root, account expired",
}


def sound(portrait: dict[str, str]) -> None:
    """Two portraits in which nobody gets in would be equal too: check that this one shows what it should."""
    bad = {n: t for n, t in portrait.items() if bool(re.search("uid=|successfully", t)) == (n in REFUSED)}
    bad |= {n: t for n, t in portrait.items() if "[stuck" in t or "[no result" in t}
    if bad:
        raise Missing("\n".join(f"-- {n}\n{t}" for n, t in bad.items()))


def same(seen: dict[str, str], wanted: dict[str, str]) -> None:
    """Every piece seen is as wanted."""
    lines: list[str] = []
    for name, text in seen.items():
        if text != wanted[name]:
            diff = difflib.unified_diff(wanted[name].splitlines(), text.splitlines(), "without our lines", "now", lineterm="", n=2)
            lines += [f"-- {name}", *diff]
    if lines:
        raise AssertionError("other people's logins changed:\n" + "\n".join(lines))


# -- the emergency account's own name --------------------------------------------------------------

# In our accounts file, and with a password in /etc/shadow that pam_unix would accept: it shows who decided.
CANARY, CANARY_PASSWORD = "bg9", "canary-Secret-4711"
CANARY_LINE = f"{CANARY}:x:5009:5009::/home/{CANARY}:/bin/bash\n"


def enrol() -> None:
    """bg1 as an administrator makes it, and the canary."""
    shares = bglab.enrol("bg1", 2, 3)
    with open("/etc/breakglass/accounts", "a", encoding="ascii") as file:
        file.write(CANARY_LINE)
    keep("shares", dict(enumerate(shares)))


_NO = r"Login incorrect|Authentication failure|Permission denied|does not exist"


def attempt(session: Session, password: str, ready: Callable[[], None] | None) -> str:
    """Try to get in without a share: "dialogue", "refused", "password refused", "silent" or "IN".

    With ready(), it is called first, and silence is what follows for three seconds."""
    asked = ""
    with session:
        if ready:
            ready()
        patience = 3.0 if ready else PATIENCE
        while True:
            began = time.monotonic()
            try:
                patterns = (bglab.dialogue.START, bglab.dialogue.LAST_WORD, PASSWORD, _NO, SHELL)
                hit = session.expect(*patterns, timeout=patience)[0]
            except Missing:
                return asked + ("silent" if time.monotonic() - began >= patience else "refused")  # else it has ended
            if re.search(bglab.dialogue.LAST_WORD, hit):
                session.line()
            elif re.search(PASSWORD, hit):
                asked = "password "
                session.line(password)
            elif re.search(SHELL, hit):
                return "IN"
            else:
                return "dialogue" if re.search(bglab.dialogue.START, hit) else asked + "refused"


def emergency(ready: Callable[[], None] | None) -> dict[str, Callable[[], str]]:
    """Pieces: what the emergency account's name gets at login, ssh and su, and what the canary gets at su."""
    return {
        "bg1 at login": lambda: attempt(bglab.login("bg1"), "bg1", ready),
        "bg1 at ssh": lambda: attempt(bglab.ssh("bg1", options=["NumberOfPasswordPrompts=1"]), "bg1", ready),
        "bg1 at su": lambda: attempt(bglab.su("bg1", FUSER), "bg1", ready),
        "canary at su": lambda: attempt(bglab.su(CANARY, FUSER), CANARY_PASSWORD, ready),
    }


def holds(login: str, ssh: str, su: str, canary: str, wanted: str = "before",
          ready: Callable[[], None] | None = None) -> None:
    """Other people's small portrait is as wanted, and the emergency account's name gets this and no more."""
    probes = emergency(ready)
    seen = together({**probes, **{name: PIECES[name] for name in SMALL}}, len(SMALL) + len(probes))
    outcomes = {name: seen.pop(name) for name in probes}
    same(seen, kept(wanted))
    bglab.equal(outcomes, dict(zip(probes, (login, ssh, su, canary))))
