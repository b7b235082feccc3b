# SPDX-License-Identifier: ISC
"""What a login tells the kernel's audit log is found by Debian's ausearch; a kernel that refuses it changes nothing.

The kernel is the host's own, and the copy must not switch its auditing on: the messages are taken where they are sent, by
strace, and written down as the kernel and auditd do."""

import re
import subprocess

import bglab
import pager

ACCOUNT = "bg1"
SHARES: list[str] = []
RAW = "/run/audit.log"
NAMES = {2103: "ANOM_LOGIN_ACCT", 2201: "RESP_ALERT"}
OF_ANOTHER = ("type=USER_LOGIN msg=audit(1790000009.000:90): pid=1 uid=0 auid=0 ses=1 msg='op=login acct=\"alice\" exe=\"/usr/sbin/sshd\" "
              "hostname=? addr=192.0.2.1 terminal=ssh res=failed'\n")


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    pager.connect("[login]\nalert-wait = 5\ndelay-console = 0\ndelay-network = 0\n", "timeout = 2\n")


def sent(trace: str) -> dict[int, str]:
    """The audit messages in strace's output, by type, without their final NUL."""
    found = {}
    for kind, text in re.findall(r'sendto\(\d+, \[?\{+nlmsg_len=\d+, nlmsg_type=(\w+)[^}]*\}, "((?:\\x[0-9a-f]{2})*)"', trace):
        number = {"AUDIT_ANOM_LOGIN_ACCT": 2103, "AUDIT_RESP_ALERT": 2201}.get(kind) or int(kind, 0)
        found[number] = bytes.fromhex(text.replace("\\x", "")).rstrip(b"\0").decode("ascii")
    return found


def test_a_use_over_ssh_and_its_alarm() -> None:
    receiver = pager.receiver()
    with bglab.ssh(ACCOUNT) as person:
        person.expect(bglab.dialogue.START)
        helper = bglab.until("the helper", lambda: bglab.run("pgrep -n -x breakglass-logi").stdout.strip())
        with subprocess.Popen(["strace", "-f", "-p", helper, "-e", "trace=sendto", "-xx", "-s", "9000", "-o", "/run/trace"],
                              stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None and "attached" in strace.stderr.readline()
            person.line()
            for share in SHARES[:2]:
                person.expect(bglab.dialogue.SHARE)
                person.line(bglab.dialogue.prefixes(share))
            bglab.say_why(person, "Robin Example", "LDAP' res=failed acct=\"root\" is down")
            person.expect_shell()
            strace.wait(60)
        person.line("exit")
        person.wait()
    receiver.stop()
    messages = sent(bglab.read("/run/trace"))
    bglab.equal(sorted(messages), sorted(NAMES))
    with open(RAW, "w", encoding="ascii") as file:
        for i, (number, text) in enumerate(messages.items()):
            file.write(f"type={NAMES[number]} msg=audit(1790000000.{i}00:{70 + i}): "
                       f"pid=4711 uid=0 auid=4294967295 ses=4294967295 msg='{text}'\n")
        file.write(OF_ANOTHER)


def ausearch(*words: str) -> list[str]:
    """Its lines, raw."""
    return bglab.run(["ausearch", "--raw", *words, "-if", RAW]).stdout.splitlines()


def test_ausearch_finds_them() -> None:
    events = {k: e for k, e in zip(bglab.event_types(bglab.journal()), bglab.journal())}
    for kind, number in (("use.granted", 2103), ("alert.acknowledged", 2201)):
        found = ausearch("-m", NAMES[number])
        bglab.equal(len(found), 1)
        assert f'event="{events[kind]["id"]}"' in found[0] and f'acct="{ACCOUNT}"' in found[0], found
    for words in (("-hn", "127.0.0.1"), ("-sv", "yes"), ("-x", "/usr/libexec/breakglass/breakglass-login"), ("-tm", "ssh", "-sv", "yes")):
        bglab.equal(len(ausearch(*words)), 2)
    shown = bglab.run(["ausearch", "-i", "-m", "ANOM_LOGIN_ACCT", "-if", RAW]).stdout
    assert f"acct={ACCOUNT} " in shown and f'event="{events["use.granted"]["id"]}"' in shown, shown
    assert "res=success" in shown and "acct=root" not in shown, shown
