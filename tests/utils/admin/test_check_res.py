#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check, rules RES-..: room, limits, clocks, loggers, alarms. usage: test_check_res.py BUILDDIR [TEST]..."""
import contextlib, os, shutil, stat, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check_lib import *


def test_a_host_that_is_well():
    """Nothing, but that this machine's own clock may be kept by nobody."""
    pid = host()
    got = [f for f in found("RES-") if "not synchronised" not in f[2]]
    assert got == [], got
    end(pid)


def test_no_room():
    """On /run, on /tmp, in the journal: blocks, inodes, read-only."""
    host()
    tmpfs("/tmp", "size=1m,nr_inodes=1")
    one("RES-01", "WARN", "/tmp", "no inode")
    sh("umount", "/tmp")
    tmpfs("/tmp", "size=32k")
    one("RES-01", "WARN", "/tmp", "full")
    sh("umount", "/tmp")
    tmpfs("/tmp", "ro")
    one("RES-01", "WARN", "/tmp", "read-only")
    sh("umount", "/tmp")
    none("RES-01")
    tmpfs(JOURNAL, "size=16k,mode=750")
    one("RES-01", "RISK", JOURNAL, "is full")
    sh("umount", JOURNAL)
    tmpfs(JOURNAL, "size=4m,nr_inodes=1,mode=750")
    one("RES-01", "RISK", JOURNAL, "no inode")
    sh("umount", JOURNAL)
    sh("mount", "--bind", JOURNAL, JOURNAL)
    sh("mount", "-o", "remount,ro,bind", JOURNAL)
    one("RES-01", "RISK", JOURNAL, "read-only")
    sh("umount", JOURNAL)
    none("RES-01")


def test_run_and_var():
    host()
    sh("mount", "-o", "remount,size=128k", "/run")
    none("RES-01")
    fd = os.open("/run/fill", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(fd, b"x" * 4096):
            pass
    except OSError:
        os.close(fd)
    has_one("RES-01", "RISK", "/run", "full")
    os.unlink("/run/fill")
    none("RES-01")
    sh("mount", "--bind", "/var", "/var")
    sh("mount", "-o", "remount,ro,bind", "/var")
    one("RES-01", "RISK", "/var", STATE, "read-only")


def test_room_that_goes():
    host()
    tmpfs(JOURNAL, "size=2g,mode=750")
    none("RES-01")
    sh("fallocate", "-l", str(2 * 1024 ** 3 - 8 * 1024 ** 2), JOURNAL + "/x")
    one("RES-01", "WARN", JOURNAL, "only")


def test_our_files():
    host()
    os.chmod("/etc/breakglass/credentials", 0o777)
    one("RES-01", "RISK", "/etc/breakglass/credentials", "0777")
    os.chmod("/etc/breakglass/credentials", 0o700)
    os.chown(JOURNAL, 65534, 65534)
    has_one("RES-01", "RISK", JOURNAL)
    os.chown(JOURNAL, 0, 0)
    none("RES-01")
    os.chmod("/etc/breakglass/accounts", 0o600)
    one("RES-01", "RISK", "/etc/breakglass/accounts", "0600")
    os.chmod("/etc/breakglass/accounts", 0o644)
    shutil.rmtree(JOURNAL)
    one("RES-01", "RISK", JOURNAL, "missing")


def test_a_file_system_that_does_not_answer():
    """One of FUSE, whose server never says a word: nothing is waited for."""
    host()
    if not os.path.exists("/mnt/dev/fuse"):
        with contextlib.suppress(OSError):
            os.mknod("/mnt/dev/fuse", 0o600 | stat.S_IFCHR, os.makedev(10, 229))
    try:
        fd = os.open("/mnt/dev/fuse", os.O_RDWR)
    except OSError as e:
        print(f"skip test_a_file_system_that_does_not_answer: {e}")
        return
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"none", b"/tmp", b"fuse", 0, f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()) == 0
    begin = time.monotonic()
    one("RES-01", "RISK", "/tmp does not answer")
    assert time.monotonic() - begin < 5
    os.close(fd)


def test_errors_of_a_disk():
    st = os.stat("/")
    link = f"/sys/dev/block/{os.major(st.st_dev)}:{os.minor(st.st_dev)}"
    if not os.path.islink(link):
        return  # the root of this machine is on no disk
    host()
    counter = f"/sys/fs/ext4/{os.path.basename(os.readlink(link))}/errors_count"
    tmpfs("/sys/fs")
    os.makedirs(os.path.dirname(counter))
    write(counter, "0\n")
    none("RES-02")
    write(counter, "3\n")
    one("RES-02", "WARN", "3 errors")


def test_limits():
    host()
    tmpfs("/sys/fs/cgroup")
    ssh = "/sys/fs/cgroup/system.slice/ssh.service"
    os.makedirs(ssh)
    for pids, rules in (("max", 0), ("100", 0), ("20", 1)):
        write(ssh + "/pids.max", pids + "\n")
        write(ssh + "/pids.current", "15\n")
        assert len(found("RES-03")) == rules, (pids, found("RES-03"))
    one("RES-03", "RISK", ssh, "15 processes of at most 20")
    write(ssh + "/pids.max", "max\n")
    write(ssh + "/memory.current", str(70 << 20) + "\n")
    write(ssh + "/memory.max", str(80 << 20) + "\n")
    write(ssh + "/memory.stat", f"anon 1\ninactive_file {50 << 20}\n")
    none("RES-03")
    write(ssh + "/memory.stat", "anon 1\ninactive_file 0\n")
    one("RES-03", "RISK", ssh, "70 MiB", "80")
    shutil.rmtree(ssh)
    os.makedirs("/sys/fs/cgroup/pids/user.slice")
    write("/sys/fs/cgroup/pids/user.slice/pids.max", "4\n")
    write("/sys/fs/cgroup/pids/user.slice/pids.current", "4\n")
    one("RES-03", "RISK", "pids/user.slice")


def test_descriptors_of_sshd():
    host()
    shutil.copy("/bin/sleep", "/usr/bin/sshd")
    p = subprocess.Popen(["bash", "-c", "ulimit -n 20; exec -a 'sshd: sshd -D [listener] 0 of 10-100 startups' /usr/bin/sshd 60"])
    until("it runs", lambda: read(f"/proc/{p.pid}/comm") == "sshd\n")
    one("RES-03", "RISK", "only 20 files")
    p.kill()
    p.wait()
    none("RES-03")


def clock(when):
    """Every program from here on believes that date; "": the true one again."""
    write("/etc/faketimerc", when + "\n")
    write("/etc/ld.so.preload", f"{LIB}/faketime/libfaketime.so.1\n" if when else "")


def test_clocks():
    host()
    if os.path.exists(f"{LIB}/faketime/libfaketime.so.1") and not SANITIZED:
        for when in ("@1970-01-05 00:00:00", "@2019-06-01 12:00:00", "@2100-01-01 00:00:00"):
            clock(when)
            has_one("RES-04", "RISK", when[1:5], "cannot be")
        clock("-60d")
        # libfaketime moves the times of files too, unless it is told not to
        has_one("RES-04", "WARN", "journal was written to", env=dict(os.environ, NO_FAKE_STAT="1"))
        clock("")
    assert [f for f in found("RES-04") if "not synchronised" not in f[2]] == []
    tmpfs("/sys/class")
    os.makedirs("/sys/class/rtc/rtc0")
    rtc = "/sys/class/rtc/rtc0/since_epoch"
    write(rtc, f"{int(time.time()) + 7200}\n")  # local time
    assert [f for f in found("RES-04") if "hardware" in f[2]] == []
    write(rtc, "86400\n")
    has_one("RES-04", "WARN", "hardware", "1970-01-02")


def test_auditd():
    host()
    if not os.path.exists("/usr/sbin/auditd"):
        write("/usr/sbin/auditd", "", 0o755)
    os.makedirs("/etc/audit")
    conf = "/etc/audit/auditd.conf"
    write(conf, "# halt\nspace_left_action = SYSLOG\nadmin_space_left_action = SUSPEND\ndisk_full_action = suspend\n")
    none("RES-05")
    for key, value in (("disk_full_action", "HALT"), ("admin_space_left_action", "single"), ("disk_error_action", "halt")):
        write(conf, f"{key}={value}\n")
        one("RES-05", "RISK", key, value)
    write(conf, "disk_full_action = suspend\n")
    write("/etc/audit/audit.rules", "-D\n-b 8192\n-f 2\n")
    one("RES-05", "RISK", "panics")
    write("/etc/audit/audit.rules", "-D\n-b 8192\n-f 1\n")
    none("RES-05")


def test_rates():
    host()
    os.makedirs("/etc/systemd/journald.conf.d", exist_ok=True)
    conf = "/etc/systemd/journald.conf.d/10.conf"
    for text, rules in (("RateLimitBurst=10000", 0), ("RateLimitBurst=20", 1), ("RateLimitBurst=0", 0),
                        ("RateLimitIntervalSec=0\nRateLimitBurst=20", 0)):
        write(conf, f"[Journal]\n{text}\n")
        assert len(found("RES-07")) == rules, (text, found("RES-07"))
    if not os.path.exists("/usr/sbin/rsyslogd"):
        return
    conf = "/etc/rsyslog.d/rate.conf"
    for text, rules in (('module(load="imuxsock" SysSock.RateLimit.Interval="5" SysSock.RateLimit.Burst="20")', 1),
                        ("$SystemLogRateLimitInterval 5\n$SystemLogRateLimitBurst 20", 1),
                        ("$SystemLogRateLimitInterval 0\n$SystemLogRateLimitBurst 20", 0),
                        ("# $SystemLogRateLimitBurst 20", 0), ("$SystemLogRateLimitBurst 2000", 0)):
        write(conf, text + "\n")
        assert len(found("RES-07")) == rules, (text, found("RES-07"))


def test_nobody_reads():
    """/dev/log: gone, a dangling link, no socket, of another kind, left behind, not read, full."""
    pid = host()
    none("RES-07")
    end(pid)
    one("RES-07", "WARN", "nobody reads it")
    os.unlink("/dev/log")
    one("RES-07", "WARN", "missing")
    os.symlink("/run/nowhere", "/dev/log")
    one("RES-07", "WARN", "leads nowhere")
    os.unlink("/dev/log")
    write("/dev/log", "")
    one("RES-07", "WARN", "no socket")
    narrow = int(read("/proc/sys/net/unix/max_dgram_qlen")) < 32
    for kind, severity, text in ((socket.SOCK_SEQPACKET, "WARN", "no logger"), (socket.SOCK_STREAM, "RISK", "Nothing was read"),
                                 (socket.SOCK_DGRAM, "BLOCK" if narrow else "RISK", "Nothing was read")):
        os.unlink("/dev/log")
        s = socket.socket(socket.AF_UNIX, kind)
        s.bind("/dev/log")
        if kind != socket.SOCK_DGRAM:
            s.listen(5)
        one("RES-07", severity, text)
    writer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    writer.setblocking(False)
    writer.connect("/dev/log")
    try:
        while True:
            writer.send(b"<13>x")
    except BlockingIOError:
        pass
    one("RES-07", "BLOCK", "full")


def test_streams():
    """A logger that reads a stream, as syslog-ng can."""
    end(host())
    os.unlink("/dev/log")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind("/dev/log")
    s.listen(5)

    def reads():
        while True:
            c = s.accept()[0]
            while c.recv(4096):
                pass
    pid = in_child(reads)
    none("RES-07")
    end(pid)


SINK = "[sink relay]\ntype = syslog\npath = /dev/log\n"


def test_alarms():
    """No sink; one, and no service; units that cannot start; a test that was never made."""
    pid = host()
    none("RES-06", "RES-08")
    write(CONF, read(CONF).replace("sink-required = no\n", ""))
    one("RES-06", "RISK", "has no sink")
    write(CONF, read(CONF) + SINK)
    one("RES-06", "RISK", "No alert service runs")
    one("RES-08", "WARN", "relay", "never tested")
    unit = "/etc/systemd/system/breakglass-alert.service"
    os.makedirs(os.path.dirname(unit), exist_ok=True)
    os.symlink("/dev/null", unit)
    has_one("RES-06", "RISK", "breakglass-alert.service is masked")
    os.unlink(unit)
    write("/usr/lib/systemd/system/breakglass-alert.service", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
    os.makedirs("/run/systemd/system")  # as where systemd is process 1
    has_one("RES-06", "RISK", "breakglass-alert.service is not enabled")
    sh("systemctl", "--root=/", "enable", "breakglass-alert.service", stderr=subprocess.DEVNULL)
    assert not any("breakglass-alert.service is not" in f[2] for f in found("RES-06"))
    end(pid)


def test_alarms_that_must_be_heard():
    """alert-require: what hears outside this host, and whether it did when it was last told something."""
    host()
    url = "https://hook.example/"
    plain = read(CONF)

    def conf(require, more=""):
        write(CONF, plain.replace("[login]\n", f"[login]\nalert-require = {require}\n", 1) + more)
        return [f for f in found("RES-06") if "alert-require" in f[2]]
    assert "[login]\n" in plain
    hook = f"[sink hook]\ntype = webhook\nurl = {url}\nsecret-file = /etc/breakglass/secrets/hook\n"
    assert conf("never", hook) == []
    assert [f[1] for f in conf("always")] == ["BLOCK"] and [f[1] for f in conf("remote")] == ["BLOCK"]
    assert [f[1] for f in conf("always", SINK)] == ["BLOCK"]  # it is on this host
    assert [f[1] for f in conf("always", hook + "events = session.*\n")] == ["BLOCK"]  # it does not want them
    assert [f[1] for f in conf("remote", hook)] == ["RISK"]
    os.makedirs("/etc/breakglass/secrets", exist_ok=True)
    write("/etc/breakglass/secrets/hook", "whsec_" + "QUFB" * 11 + "\n", 0o644)
    dead = hook + "resolve = hook.example:443:127.0.0.1\n"
    assert [f[1] for f in conf("always", dead)] == ["RISK"]
    subprocess.run(["/usr/sbin/breakglass", "alert", "test", "hook", "--wait", "1"], capture_output=True, timeout=60)
    assert [(f[1], "hook: " in f[2]) for f in conf("always", dead)] == [("BLOCK", True)]
    assert [f[1] for f in conf("always", dead + hook.replace("hook]", "other]"))] == ["RISK"]  # that one was never tried


def test_certificates():
    host()
    ca = "/etc/breakglass/ca.pem"
    write(CONF, read(CONF) + f"[sink hook]\ntype = webhook\nurl = https://hook.example/\nca-file = {ca}\n"
          "secret-file = /etc/breakglass/secrets/hook\n")
    os.makedirs("/etc/breakglass/secrets", exist_ok=True)
    write("/etc/breakglass/secrets/hook", "whsec_" + "QUFB" * 11 + "\n", 0o640)
    sh("chgrp", "breakglass-alert", "/etc/breakglass/secrets/hook")
    def certificate(days):
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-out", ca,
           "-subj", "/CN=hook", "-days", str(days), stderr=subprocess.DEVNULL)
        return [(f[1], f[2].split()[5]) for f in found("RES-08") if "certificate" in f[2]]
    assert certificate(90) == []
    assert certificate(20) == [("WARN", "ends")]
    if os.path.exists(f"{LIB}/faketime/libfaketime.so.1") and not SANITIZED:
        clock("+25d")
        has_one("RES-08", "RISK", "certificate", "ended")
        clock("")
    has_one("RES-08", "WARN", "needs DNS")
    write(CONF, read(CONF) + "resolve = hook.example:443:192.0.2.7\n")
    assert not any("DNS" in f[2] for f in found("RES-08"))
    os.unlink(ca)
    has_one("RES-06", "RISK", "hook", ca)
    write(CONF, read(CONF).replace(f"ca-file = {ca}\n", ""))
    for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"):
        if os.path.exists(path):
            assert not any("authorities" in f[2] for f in found("RES-08"))
            os.unlink(path)
    has_one("RES-08", "RISK", "hook", "authorities")


def test_processes_that_are_hidden():
    host()
    none("RES-09")
    sh("mount", "-t", "proc", "-o", "hidepid=2", "none", "/proc")
    one("RES-09", "WARN", "hidepid=")


def test_upgrades():
    host()
    none("RES-10")
    write("/run/reboot-required", "*** System restart required ***\n")
    write("/run/reboot-required.pkgs", "linux-image-6.1\nlibc6\n")
    one("RES-10", "WARN", "linux-image-6.1, libc6")
    os.unlink("/run/reboot-required")
    none("RES-10")
    status = read("/var/lib/dpkg/status")
    at = status.index("Package: openssh-server\n")
    write("/var/lib/dpkg/status", status[:at] + status[at:].replace("Status: install ok installed", "Status: install ok half-configured", 1))
    one("RES-10", "RISK", "openssh-server", "half-configured")
    write("/var/lib/dpkg/status", status)
    now = re.search(r"\nVersion: (.*)", status[at:]).group(1)
    os.makedirs("/var/cache/apt/archives", exist_ok=True)
    for version, rules in (("1%3a1.0-1", 0), (now.replace(":", "%3a"), 0), ("1%3a99.9-1", 1)):
        write(f"/var/cache/apt/archives/openssh-server_{version}_amd64.deb", "")
        assert len(found("RES-10")) == rules, (version, found("RES-10"))
    one("RES-10", "WARN", "openssh-server", now, "1:99.9-1")


if __name__ == "__main__":
    main(globals())
