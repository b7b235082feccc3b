# SPDX-License-Identifier: ISC
"""A small machine: 256 MB for a login, 64 MB of flash that can be written, a read-only root below overlays, no clock at boot.

The clock is played: a library in /etc/ld.so.preload begins at 1970 for every program that starts after it."""

import glob
import os
import re
import resource

import bglab
from bglab import bounded, dialogue

FLASH = "/mnt"
MEMORY = 256 << 20
SHARES = "/run/test-shares"
JOURNAL = "/var/lib/breakglass/journal/000001.jsonl"
CLOCK = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
    long r = syscall(SYS_clock_gettime, id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? CLOCK_BOOTTIME : id, t);
    return (int)r;
}
int gettimeofday(struct timeval *restrict t, void *restrict z)
{
    struct timespec s;
    (void)z;
    (void)clock_gettime(CLOCK_REALTIME, &s);
    t->tv_sec = s.tv_sec;
    t->tv_usec = s.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t)
{
    struct timespec s;
    (void)clock_gettime(CLOCK_REALTIME, &s);
    if (t)
        *t = s.tv_sec;
    return s.tv_sec;
}
"""


def start() -> None:
    bglab.without_ldap()
    with open("/root/clock.c", "w", encoding="ascii") as file:
        file.write(CLOCK)
    bglab.command("gcc -shared -fPIC -O2 -o /usr/lib/libclock1970.so /root/clock.c")
    with open(SHARES, "w", encoding="ascii") as file:
        file.write("\n".join(bglab.enrol("bg1", 2, 3)))
    # the image is whole: what is written from here on goes to the flash
    bglab.command(f"mount -t tmpfs -o size=64m none {FLASH}")
    for top in ("etc", "var"):
        bglab.command(f"mkdir {FLASH}/{top} {FLASH}/{top}.work && mount -t overlay -o "
                      f"lowerdir=/{top},upperdir={FLASH}/{top},workdir={FLASH}/{top}.work ov /{top}")
    with open("/etc/ld.so.preload", "w", encoding="ascii") as file:
        file.write("/usr/lib/libclock1970.so\n")
    bglab.start_daemons("rsyslogd", "sshd")
    bglab.command("mount -o remount,bind,ro /")


def small() -> None:
    """For what this process starts: login, the module, the helper, the shell."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def helper() -> int:
    """The process id of the helper that waits for an answer; 0: none."""
    for path in glob.glob("/proc/[0-9]*/exe"):
        try:
            if os.readlink(path).endswith("/breakglass-login"):
                return int(path.split("/")[2])
        except OSError:
            pass
    return 0


def kib(pid: int, what: str) -> int:
    return int(re.search(rf"^{what}:\s+(\d+) kB", bglab.read(f"/proc/{pid}/status"), re.M).group(1))


def test_it_is_small() -> None:
    assert bglab.run("touch /usr/x").returncode != 0, "the root can be written"
    bglab.equal(bglab.run("date -u +%Y").stdout, "1970\n")
    free = os.statvfs("/var").f_bavail * os.statvfs("/var").f_bsize
    assert free <= 64 << 20, free


@bounded(300)
def test_login_and_ssh() -> str:
    """The door opens, each use is on record, and the record says 1970."""
    small()
    grown, rss = [], {}
    for way in ("login", "ssh", "login", "ssh"):
        before, size = len(bglab.journal()), os.path.getsize(JOURNAL)
        with (bglab.login("bg1") if way == "login" else bglab.ssh("bg1")) as person:
            person.expect(dialogue.START)
            pid = helper()
            parent = int(re.search(r"^PPid:\s+(\d+)", bglab.read(f"/proc/{pid}/status"), re.M).group(1))
            rss["helper"] = kib(pid, "VmRSS")
            rss[way] = kib(parent, "VmRSS")
            person.line()
            for share in bglab.read(SHARES).split("\n")[:2]:
                person.expect(dialogue.SHARE)
                person.line(dialogue.prefixes(share))
            bglab.say_why(person)
            person.expect_shell()
            bglab.equal(person.shell("id -u"), "0\n")
            person.line("exit")
            person.wait()
        bglab.until(f"the close of {way} is on record: {bglab.event_types(bglab.journal()[before:])}",
                    lambda: "session.closed" in bglab.event_types(bglab.journal()[before:]))  # pylint: disable=cell-var-from-loop
        events = bglab.journal()[before:]
        for wanted in ("auth.succeeded", "use.granted", "session.opened"):
            assert wanted in bglab.event_types(events), bglab.event_types(events)
        assert all(e["time"].startswith("1970-") for e in events), events
        grown.append(os.path.getsize(JOURNAL) - size)
    bglab.equal(bglab.run(["breakglass", "journal", "verify"]).returncode, 0)
    return (f"resident at the first question: helper {rss['helper']} KiB, login with the module {rss['login']} KiB, "
            f"sshd with it {rss['ssh']} KiB; the journal grows by {max(grown)} bytes a login")


def test_the_flash_is_full() -> None:
    """The door opens all the same, and says that the record is elsewhere."""
    small()
    bglab.run(f"dd if=/dev/zero of={FLASH}/fill bs=64k 2>/dev/null; dd if=/dev/zero of={FLASH}/rest bs=1k 2>/dev/null")
    with bglab.login("bg1") as person:
        bglab.open_door(person, bglab.read(SHARES).split("\n")[:2])
        bglab.equal(person.shell("id -u"), "0\n")
    bglab.run(f"rm {FLASH}/fill {FLASH}/rest")
