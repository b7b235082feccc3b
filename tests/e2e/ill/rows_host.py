# SPDX-License-Identifier: ISC
"""The table goes on: what is around a login, that is clock, logger, receivers, limits, file systems and names."""

from __future__ import annotations

import ctypes
import glob
import os
import socket
import subprocess

import bglab
import pager
from host import OWN, Row
from rows import ACCOUNTS, CREDENTIALS, EARLY, HELPER, INIT, PACKAGE, every, sshd

KEPT: list[object] = []  # open as long as the row's process lives
CONF, NSSWITCH, STATE = "/etc/breakglass/breakglass.conf", "/etc/nsswitch.conf", "/var/lib/breakglass"


# -- clock -----------------------------------------------------------------------------------------


def clock(says: str) -> str:
    """By a library in every program, also in one that is set-uid: nobody may set the machine's clock."""
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return f"echo '{says}' >/etc/faketimerc; echo {library[0] if library else 'none'} >/etc/ld.so.preload"


CLOCK_RIGHT = ('Set it by "date -s"', "rm /etc/ld.so.preload")

CLOCK = [
    Row("clock_1970", clock("-20000d"), "RES-04 RISK", CLOCK_RIGHT),
    Row("clock_1970_own", clock("-20000d"), "RES-04 RISK", CLOCK_RIGHT, account=OWN),
    Row("clock_a_year_ahead", clock("+366d"), ""),
    Row("clock_a_year_ahead_own", clock("+366d"), "", account=OWN),
    Row("clock_2060", clock("+12500d"), "RES-04 RISK", CLOCK_RIGHT),
    Row("clock_set_back", clock("-30d")),  # what is found is the lab's too
]

# -- /dev/log --------------------------------------------------------------------------------------


def own_log() -> None:
    """A /dev of its own, without /dev/log; the one with a reader is /run/bglab/dev/log."""
    bglab.command(
        "mkdir -p /run/bglab/dev; mount --rbind /dev /run/bglab/dev; mount -t tmpfs -o mode=755,nosuid dev /dev; cd /run/bglab/dev;"
        "for f in *; do if [ -d $f ]; then mkdir /dev/$f; mount --rbind $f /dev/$f; elif [ -h $f ]; then cp -a $f /dev/; elif [ $f != log ]; then : >/dev/$f; mount --bind $f /dev/$f; fi; done"
    )


def bound() -> socket.socket:
    own_log()
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    KEPT.append(log)
    return log


def fill(room: int) -> None:
    """Nobody reads what is in it, and that many lines more fit in."""
    bound()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.setblocking(False)
        one.connect("/dev/log")
        fits = int(bglab.read("/proc/sys/net/unix/max_dgram_qlen")) + 1
        for _ in range(fits - room):
            one.send(b"<14>x")


def log_dead() -> None:
    bound().close()


def log_full() -> None:
    fill(0)


def log_unread() -> None:
    fill(2)


def log_is_a_file() -> None:
    own_log()
    bglab.command("touch /dev/log")


LOGGER = ("Start the logger", "rm -f /dev/log; ln -s /run/bglab/dev/log /dev/log")

LOG = [
    Row("log_gone", own_log, "RES-07 WARN", LOGGER),
    Row("log_dead", log_dead, "RES-07 WARN", LOGGER),
    Row("log_full", log_full, "RES-07", LOGGER),
    Row("log_unread", log_unread, "RES-07", LOGGER),
    Row("log_is_a_file", log_is_a_file, "RES-07 WARN", LOGGER),
]

# -- receivers -------------------------------------------------------------------------------------


def sink(policy: str = "alert-wait = 5", more: str = "", hang: bool = False):  # type: ignore[no-untyped-def]
    """One receiver: nobody listens there, or whoever does never answers."""

    def ill() -> None:
        pager.connect(f"[login]\ndelay-console = 0\n{policy}\n[record]\nsink-required = no\n", more)
        bglab.command(f"chmod 644 {pager.SECRET}; chmod 755 $(dirname {pager.SECRET})")
        if hang:
            listener = socket.create_server(("127.0.0.1", pager.PORT), backlog=64)
            KEPT.append(listener)
        bglab.run(["breakglass", "alert", "test", "--wait", "1"], timeout=40)

    return ill


def policy(*lines: str) -> str:
    return f"printf '%s\\n' '[login]' 'alert-wait = 0' 'delay-console = 0' {' '.join(repr(x) for x in lines)} '[record]' 'sink-required = no' >{CONF}"


EXPIRED_CA = (
    "cd /run/bglab && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out old.pem -subj /CN=old -days 1 2>/dev/null && "
    "faketime -f -400d openssl req -x509 -key ca.key -out old.pem -subj /CN=old -days 30 2>/dev/null"
)


def sink_expired() -> None:
    bglab.command(EXPIRED_CA)
    sink()()
    bglab.command(f"cp /run/bglab/old.pem {pager.CERTS}/ca.pem")


NEVER = ("say alert-require = never", f"sed -i /alert-require/d {CONF}")
NO_JOURNAL = "; mount -t tmpfs -o ro none /var/lib/breakglass/journal"

SINKS = [
    Row("sink_refuses", sink(), "RES-06 RISK"),
    Row("sink_hangs", sink(more="timeout = 2\n", hang=True), "RES-06 RISK"),
    Row("sink_certificate_ended", sink_expired, "RES-08 RISK"),
    Row("sink_required_always", sink("alert-wait = 1\nalert-require = always"), "RES-06", NEVER),
    Row("sink_required_remote", sink("alert-wait = 1\nalert-require = remote"), "RES-06", NEVER),
    Row("no_sink_required_always", policy("alert-require = always"), "RES-06", NEVER),
    Row("no_sink_required_remote", policy("alert-require = remote"), "RES-06", NEVER),
    Row("unrecorded_never", policy("unrecorded = never") + NO_JOURNAL, "RES-01 RISK"),  # /run and syslog still take it
]

# -- sshd ------------------------------------------------------------------------------------------

SSHD = [
    Row("no_terminal", every("PermitTTY no"), "SSH-07 RISK"),
    Row("no_terminal_for_others", sshd("PermitTTY no")),
    Row("grace_of_seconds", sshd("LoginGraceTime 2"), "SSH-08", ("Raise LoginGraceTime", f"rm {EARLY}"), thinks=3),
    Row("grace_in_a_match", sshd("Match User *\n  LoginGraceTime 5"), "SSH-01", ("Correct that line", f"rm {EARLY}")),
    Row("grace_in_a_match_for_all", every("LoginGraceTime 2"), "SSH-08", ("Raise LoginGraceTime", f"rm {EARLY}"), thinks=3),
    Row("one_session", every("MaxSessions 1")),
    Row("no_sessions_for_all", sshd("MaxSessions 0"), "SSH-07", ("Take that line out", f"rm {EARLY}")),
    Row("run_sshd_open", "mount -t tmpfs -o mode=777 none /run/sshd", "SSH-01", ("Correct that line", "umount /run/sshd")),
]

# -- limits ----------------------------------------------------------------------------------------


def limit(text: str, account: str = OWN) -> str:
    return f"echo '{account} {text}' >>/etc/security/limits.conf"


def lift(item: str, account: str = OWN) -> tuple[str, str]:
    much = 1024 if item == "nofile" else 0 if item == "nonewprivs" else "unlimited"
    return "Give it an exception after that line", f"echo '{account} - {item} {much}' >>/etc/security/limits.conf"


LIMITS = [
    Row("nproc_of_root", limit("hard nproc 0", "bg1")),
    Row("fsize_0", limit("hard fsize 0"), "PAM-13", lift("fsize"), account=OWN),
    Row("fsize_0_of_root", limit("hard fsize 0", "bg1"), "PAM-13", lift("fsize", "bg1")),
    Row("fsize_soft_0", limit("soft fsize 0"), "PAM-13 UNKNOWN", account=OWN),  # sshd writes wtmp and lastlog, where it was made to
    Row("fsize_70m", limit("hard fsize 70000"), account=OWN),
    Row("nofile_12", limit("hard nofile 12"), "PAM-13", lift("nofile"), account=OWN),
    Row("nofile_3_of_root", limit("hard nofile 3", "bg1"), "PAM-13", lift("nofile", "bg1")),
    Row("nofile_20", limit("hard nofile 20"), account=OWN),
    Row("as_1m", limit("hard as 1024"), "PAM-13", lift("as"), account=OWN),
    Row("as_1m_of_root", limit("hard as 1024", "bg1"), "PAM-13", lift("as", "bg1")),
    Row("as_16m", limit("soft as 16384"), "PAM-13", lift("as"), account=OWN),
    Row("as_32m", limit("soft as 32768"), account=OWN),
    Row("data_1m", limit("soft data 1200"), "PAM-13", lift("data"), account=OWN),
    Row("data_2m", limit("soft data 2048"), account=OWN),
    Row("stack_96k", limit("soft stack 96"), "PAM-13", lift("stack"), account=OWN),
    Row("stack_256k", limit("soft stack 256"), "PAM-13 UNKNOWN", account=OWN),  # enough for sudo of Debian 13, not of 12
    Row("stack_96k_of_root", limit("soft stack 96", "bg1"), "PAM-13", lift("stack", "bg1")),
    Row("stack_128k_of_root", limit("soft stack 128", "bg1")),
    Row("stack_2m", limit("hard stack 2048"), account=OWN),
    Row("core_0", limit("hard core 0"), account=OWN),
    Row("memlock_0", limit("hard memlock 0"), account=OWN),
    Row("cpu_3_minutes", limit("hard cpu 3"), account=OWN),
    Row("nonewprivs", limit("- nonewprivs 1"), "PAM-13", lift("nonewprivs"), account=OWN),
    Row("chroot", limit("- chroot /nowhere"), "PAM-13", ("Take chroot out of that line", "sed -i /chroot/d /etc/security/limits.conf"), account=OWN),
    Row("limits_for_all", limit("hard nproc 0", "*"), "PAM-13", lift("nproc"), account=OWN),
    Row("limits_for_all_and_root", limit("hard fsize 0", "*"), "PAM-13 UNKNOWN"),
    Row("limits_damaged", limit("hard nonsense 0") + "; " + limit("- - -", "*"), account=OWN),
]

# -- owners and modes ------------------------------------------------------------------------------

OWNERS = [
    Row("conf_dir_open", "chmod 777 /etc/breakglass", "RES-01 RISK"),
    Row("conf_dir_given_away", "chown alice /etc/breakglass", "RES-01 RISK"),
    Row("conf_dir_for_root_only", "chmod 700 /etc/breakglass", "NSS-06 RISK"),
    Row("credentials_dir_open", "chmod 777 /etc/breakglass/credentials", "RES-01 RISK"),
    Row("credentials_given_away", f"chown alice {CREDENTIALS}", "OWN-01"),
    Row("state_dir_open", f"chmod 777 {STATE}", "RES-01 RISK"),
    Row("state_dir_given_away", f"chown alice {STATE}", "RES-01 RISK"),
    Row("journal_dir_open", f"chmod 777 {STATE}/journal", "RES-01 RISK"),
    Row("helper_open", f"chmod 777 {HELPER}", "PAM-02 RISK"),
    Row("helper_given_away", f"chown alice {HELPER}", "PAM-02 RISK"),
    Row("helper_is_nonsense", f"echo nonsense >{HELPER}", "PAM-02", PACKAGE),
    Row("helper_is_empty", f": >{HELPER}", "PAM-02", PACKAGE),
    Row("helper_dir_open", "chmod 777 /usr/libexec/breakglass", "PAM-02 RISK"),
    Row("limits_open", "chmod 666 /etc/security/limits.conf", account=OWN),
    Row("home_given_away", f"chown alice {STATE}/home/bg1", "ACC-10 RISK"),
    Row("home_open", f"chmod 777 {STATE}/home/bg2", "ACC-10 RISK", account=OWN),
    Row("home_not_mine", f"chown root {STATE}/home/bg2; chmod 700 {STATE}/home/bg2", "ACC-10 WARN", account=OWN),
    Row("home_is_a_file", f"rm -r {STATE}/home/bg1; touch {STATE}/home/bg1", "ACC-10 WARN"),
    Row("shell_not_listed", "sed -i /bash/d /etc/shells"),
    Row("pam_dir_for_root_only", "chmod 700 /etc/pam.d"),
    Row("shadow_open", "chmod 666 /etc/shadow"),
]

# -- file systems ----------------------------------------------------------------------------------


def dead_home() -> None:
    """An automount whose daemon never answers."""
    reads, writes = os.pipe()
    daemon = subprocess.Popen(["sleep", "600"], start_new_session=True)
    KEPT.extend((reads, writes, daemon))
    options = f"fd={writes},pgrp={daemon.pid},minproto=5,maxproto=5,direct"
    if ctypes.CDLL(None, use_errno=True).mount(b"dead", b"/var/lib/breakglass/home/bg1", b"autofs", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")


def dead_program() -> None:
    """A file system of a program (fuse) that never reads what it is asked."""
    if not os.path.exists("/dev/fuse"):
        raise bglab.Skip("there is no /dev/fuse")
    fd = os.open("/dev/fuse", os.O_RDWR)
    KEPT.append(fd)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other"
    if ctypes.CDLL(None, use_errno=True).mount(b"dead", b"/var/lib/breakglass/home/bg1", b"fuse.sshfs", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")


RUN = (
    "mkdir -p /tmp/run; mount --rbind /run /tmp/run; mount -t tmpfs -o size=256k,mode=755 none /run; cd /tmp/run;"
    "for f in *; do if [ -d $f ]; then mkdir /run/$f; else cp -a $f /run/; fi; done;"
    "for f in *; do if [ -d $f ]; then if [ $f = breakglass ]; then cp -a $f /run/; else mount --rbind $f /run/$f; fi; fi; done;"
    "head -c 1m /dev/zero >/run/x || true"
)

PLACES = [
    Row("home_is_dead", dead_home, "ACC-10", ("Give it a home of this host's own disk", f"sed -i 's,{STATE}/home/bg1,/root,' {ACCOUNTS}")),
    Row("home_of_a_dead_program", dead_program, "ACC-10", ("Give it a home of this host's own disk", f"sed -i 's,{STATE}/home/bg1,/root,' {ACCOUNTS}")),
    Row("run_full", RUN, "RES-01 RISK"),
    Row("var_read_only", f"mount --bind /var /var; mount --rbind {STATE} {STATE}; mount -o remount,bind,ro /var; mount -o remount,bind,ro {STATE}", "RES-01 RISK"),
    Row("var_log_read_only", "mount --bind /var/log /var/log; mount -o remount,bind,ro /var/log"),
    Row("etc_read_only", "mount -o remount,bind,ro /etc", "ACC-13 RISK"),
    Row("tmp_full", "mount -t tmpfs -o size=4k none /tmp; head -c 1m /dev/zero >/tmp/x || true", "RES-01 WARN"),
    Row("usr_read_only", "mount --bind /usr /usr; mount -o remount,bind,ro /usr"),
]

# -- names -----------------------------------------------------------------------------------------


def names(database: str, services: str) -> str:
    return f"sed -i 's/^{database}.*/{database}: {services}/' {NSSWITCH}"


GLIBC = tuple(int(n) for n in (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 0").split()[1].split("."))
# 2.36, of Debian 12, goes back to what it found before; 2.41, of Debian 13, does not
MERGED = ("NSS-01 RISK", "") if GLIBC < (2, 41) else ("NSS-01", ("Take that out", names("passwd", "files breakglass ldap")))

NAMES = [
    Row("tabs", f"sed -i 's/: */:\\t\\t/; s/ /\\t/g' {NSSWITCH}"),
    Row("crlf", f"sed -i 's/$/\\r/' {NSSWITCH}"),
    Row("no_final_newline", f"printf 'passwd: files breakglass' >{NSSWITCH}", "NSS-01", ("Run \"breakglass init\"", "breakglass init --yes")),
    Row("compat", names("passwd", "compat breakglass")),
    Row("compat_alone", names("passwd", "compat"), "NSS-01", "--fix"),
    Row("db", names("passwd", "db files breakglass")),
    Row("unavail_returns", names("passwd", "files [!UNAVAIL=return] breakglass"), "NSS-01", INIT),
    Row("not_success_returns", names("passwd", "files [!SUCCESS=return] breakglass"), "NSS-01", INIT),
    Row("unavail_of_ours", names("passwd", "files breakglass [!UNAVAIL=return] ldap")),
    Row("merge", names("passwd", "files breakglass [SUCCESS=merge] ldap"), *MERGED),
    Row("merge_at_the_end", names("passwd", "files breakglass [SUCCESS=merge]"), "NSS-01", ("Take that out", names("passwd", "files breakglass"))),
    Row("upper_case", names("passwd", "files [notfound=CONTINUE] breakglass")),
    Row("upper_case_name", f"sed -i 's/^passwd.*/PASSWD: files breakglass/' {NSSWITCH}", "NSS-01", "--fix"),
    Row("ours_first", names("passwd", "breakglass files")),
    Row("ours_twice", names("passwd", "files breakglass breakglass")),
    Row("unknown_service", names("passwd", "files nonsense breakglass")),
    Row("passwd_twice", f"echo 'passwd: files' >>{NSSWITCH}", "NSS-01", "--fix"),
    Row("no_colon", f"sed -i 's/^passwd:/passwd/' {NSSWITCH}"),
    Row("indented", f"sed -i 's/^passwd/   passwd/' {NSSWITCH}"),
    Row("no_passwd_line", f"sed -i /^passwd/d {NSSWITCH}", "NSS-01", "--fix"),
    Row("nsswitch_empty", f": >{NSSWITCH}", "NSS-01", "--fix"),
    Row("nsswitch_for_root_only", f"chmod 600 {NSSWITCH}", "NSS-06 RISK"),
    Row("nsswitch_for_root_only_own", f"chmod 600 {NSSWITCH}", "NSS-06 RISK", account=OWN),
    Row("nsswitch_is_a_link", f"mv {NSSWITCH} /etc/there; ln -s there {NSSWITCH}"),
    Row("hosts_dns_first", names("hosts", "dns files"), "NSS-05 WARN"),
    Row("hosts_none", f"sed -i /^hosts/d {NSSWITCH}"),
    Row("hosts_unparsable", names("hosts", "files [NOTFOUND return"), "NSS-01", ("Correct the line", f"sed -i '/^hosts/s/ .NOTFOUND return//' {NSSWITCH}")),
    Row("hosts_mdns", names("hosts", "files mdns4_minimal [NOTFOUND=return] dns")),
    Row("comment_behind", names("passwd", "files breakglass # ours"), "NSS-01 WARN"),
    Row("initgroups_files", f"echo 'initgroups: files' >>{NSSWITCH}"),
    Row("shadow_line_gone", f"sed -i /^shadow/d {NSSWITCH}", "NSS-01 WARN"),
    Row("accounts_crlf", f"sed -i 's/$/\\r/' {ACCOUNTS}", "ACC-01", ("Correct it", f"sed -i 's/\\r$//' {ACCOUNTS}")),
    Row("accounts_no_newline", f"truncate -s -1 {ACCOUNTS}", account=OWN),
    Row("passwd_crlf", "sed -i 's/$/\\r/' /etc/passwd"),
    Row("pam_crlf", "sed -i 's/$/\\r/' /etc/pam.d/login", "PAM-03", ("Correct the files of that name", "sed -i 's/\\r$//' /etc/pam.d/login")),
    Row("sshd_crlf", "sed -i 's/$/\\r/' /etc/ssh/sshd_config"),
]

ROWS = [*CLOCK, *LOG, *SINKS, *SSHD, *LIMITS, *OWNERS, *PLACES, *NAMES]
