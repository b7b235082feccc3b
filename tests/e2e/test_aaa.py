# SPDX-License-Identifier: ISC
"""The servers that switches ask, RADIUS and TACACS+, hang, drop or refuse: the account opens and sends them nothing.

RADIUS is Debian's client and FreeRADIUS. Debian 12 has no TACACS+ client: without one a stand-in of the module's name
connects to the server and waits, which is all that the way in must not do."""

import os
import re
import shutil
import signal
import subprocess

import bglab
from bglab import bounded

ADDRESS = "192.0.2.66"
SECURITY = os.path.dirname(bglab.run("find /usr/lib /lib -name pam_unix.so | head -n 1").stdout.strip() or "/lib/security/x")
PROFILE = "/usr/share/pam-configs/aaa"
CLIENT = "/usr/local/sbin/tacplus-client"
LOG = "/run/radius.log"
SERVERS: list[subprocess.Popen[bytes]] = []
SHARES = "/run/test-shares"
PASSWORD = "radius-" + "secret"


def write(path: str, text: str, mode: int = 0o644) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def start() -> None:
    if not os.path.exists(f"{SECURITY}/pam_radius_auth.so") or not shutil.which("freeradius"):
        raise bglab.Skip("no RADIUS client or server is installed")
    bglab.without_ldap()
    bglab.start_daemons("rsyslogd", "sshd")
    bglab.command(f"ip neighbour replace {ADDRESS} lladdr 02:00:00:00:00:98 nud permanent dev bgdrop0")
    bglab.command("useradd -m -s /bin/bash ruser")
    write("/etc/pam_radius_auth.conf", f"{ADDRESS}:1812 lab-secret 1\n", 0o600)
    users = bglab.command("readlink -f /etc/freeradius/3.0/users").strip()
    write(users, f'ruser Cleartext-Password := "{PASSWORD}"\n')
    with open("/etc/freeradius/3.0/clients.conf", "a", encoding="ascii") as file:
        file.write("client lab {\n ipaddr = 192.0.2.0/24\n secret = lab-secret\n}\n")
    write(CLIENT, "#!/usr/bin/python3\nimport socket\ns = socket.create_connection(('%s', 49), 2)\ns.sendall(bytes(12))\n"
          "s.settimeout(2)\ns.recv(12)\n" % ADDRESS, 0o755)
    write(SHARES, "\n".join(bglab.enrol("bg1", 2, 3)))


def server(mode: str) -> None:
    """up; hang (it is stopped); drop (packets vanish); refuse (nobody listens)."""
    while SERVERS:
        SERVERS[0].kill()
        SERVERS.pop(0).wait()
    bglab.run(["rm", "-f", LOG])
    local = "del" if mode == "drop" else "replace"
    bglab.run(["ip", "address", local, f"{ADDRESS}/32", "dev", "lo"])
    if mode in ("up", "hang"):
        listen = f"import socket, time; s = socket.create_server(('{ADDRESS}', 49)); time.sleep(600)"
        for program in (["freeradius", "-f", "-l", LOG], ["python3", "-c", listen]):
            SERVERS.append(subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        bglab.until("FreeRADIUS answers", lambda: "Ready to process requests" in bglab.read(LOG), 60)
        bglab.until("port 49", lambda: ":0031 00000000:0000 0A" in bglab.read("/proc/net/tcp"))
    if mode == "hang":
        SERVERS[0].send_signal(signal.SIGSTOP)


def asks(client: str) -> None:
    """In every phase, for every user, as pam-auth-update has it with such a profile; init runs again, as an administrator would."""
    bglab.run("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove aaa")
    module = {"radius": "pam_radius_auth.so", "tacacs": "pam_tacplus.so"}.get(client)
    if client == "tacacs" and not os.path.exists(f"{SECURITY}/pam_tacplus.so"):
        shutil.copy(f"{SECURITY}/pam_exec.so", f"{SECURITY}/pam_tacplus.so")
        module += f" quiet {CLIENT}"
    elif client == "tacacs":
        module += f" server={ADDRESS} secret=lab-secret service=shell protocol=ssh timeout=2"
    if module:
        write(PROFILE, f"Name: AAA of the lab\nDefault: yes\nPriority: 576\nAuth-Type: Primary\nAuth:\n"
              f"\t[success=end default=ignore] {module}\nAccount-Type: Additional\nAccount:\n\toptional {module}\n"
              f"Session-Type: Additional\nSession:\n\toptional {module}\n")
        bglab.command("DEBIAN_FRONTEND=noninteractive pam-auth-update --package --force --enable aaa unix")
        assert module.split()[0] in bglab.read("/etc/pam.d/common-session")
    bglab.command("breakglass init --yes --account bg1")


def sent() -> tuple[int, int]:
    """UDP datagrams, and connections begun, since the copy was made: the kernel's own count of this network."""
    rows = re.findall(r"^(\w+): (.*)$", bglab.read("/proc/net/snmp"), re.M)
    table = {(rows[i][0], key): int(value) for i in range(0, len(rows), 2)
             for key, value in zip(rows[i][1].split(), rows[i + 1][1].split())}
    return table["Udp", "OutDatagrams"], table["Tcp", "ActiveOpens"]


def door(way: str) -> float:
    with (bglab.login("bg1") if way == "login" else bglab.su("bg1", uid=bglab.LOCAL["alice"][0]) if way == "su"
          else bglab.ssh("bg1")) as person:
        seconds = bglab.open_door(person, bglab.read(SHARES).split("\n")[:2])
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()
    return seconds


def opens_in_silence() -> None:
    for way in ("login", "ssh", "su"):
        before = sent()
        door(way)
        after = sent()
        # ssh itself is one connection
        bglab.equal((way, after[0] - before[0], after[1] - before[1]), (way, 0, int(way == "ssh")))


def somebody_else_asks(kind: int) -> None:
    """The counters see what another user's login sends."""
    before = sent()
    with bglab.login("fuser") as person:
        person.expect(bglab.dialogue.PASSWORD_PROMPT)
        person.line(bglab.PASSWORDS["fuser"])
        bglab.until("a packet", lambda: sent()[kind] > before[kind])


def test_radius_lets_in() -> None:
    """The client and the server are real, and agree."""
    asks("radius")
    server("up")
    with bglab.login("ruser") as person:
        bglab.password_login(person, PASSWORD)
    opens_in_silence()


@bounded(300)
def test_radius_dead() -> None:
    asks("radius")
    for mode in ("hang", "drop", "refuse"):
        server(mode)
        somebody_else_asks(0)
        opens_in_silence()


@bounded(300)
def test_tacacs_dead() -> None:
    asks("tacacs")
    for mode in ("hang", "drop", "refuse"):
        server(mode)
        somebody_else_asks(1)
        opens_in_silence()
