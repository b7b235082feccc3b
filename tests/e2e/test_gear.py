# SPDX-License-Identifier: ISC
"""Switches and routers that run Debian inside: what their programs do to PAM, names, sshd and users, and what puts it right.

The files have the shape that the published programs give them: SONiC's hostcfgd and config-setup, Cumulus' TACACS+
packages, VyOS' system_login and service_ssh."""

import os
import re
import shutil

import bglab
from bglab import bounded

PRISTINE = "/tmp/image"
OURS = "/etc/breakglass", "/var/lib/breakglass"
PLATFORM = ("/etc/sonic", "/etc/config-setup", "/etc/cumulus", "/opt/vyatta", "/config", "/etc/lsb-release",
            "/etc/pam.d/common-auth-sonic", "/etc/pam.d/sshd.old", "/etc/pam.d/login.old", "/etc/nsswitch.conf.old")
NSSWITCH = ("passwd:         files\ngroup:          files\nshadow:         files\ngshadow:        files\n\n"
            "hosts:          files dns\nnetworks:       files\n")
SHARES: list[str] = []
CLI_USERS = ["alice"]  # whom the configuration of the router names


def write(path: str, text: str, mode: int = 0o644) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def start() -> None:
    bglab.without_ldap()
    bglab.start_daemons("rsyslogd", "sshd")
    write("/etc/nsswitch.conf", NSSWITCH)
    os.makedirs(PRISTINE)
    bglab.equal(bglab.run(f"cp -a /etc/pam.d /etc/ssh /etc/nsswitch.conf /etc/os-release /etc/passwd /etc/group /etc/shadow "
                          f"/etc/gshadow {PRISTINE}").returncode, 0)


def image() -> None:
    """What a fresh image holds: no line of ours, nothing of a platform."""
    for path in OURS + PLATFORM + ("/etc/pam.d", "/run/sshd/sshd_config", "/run/breakglass/put-back"):
        bglab.run(["rm", "-rf", path])
    bglab.run("rm -f /etc/ssh/sshd_config.d/10-breakglass.conf /etc/os-release")
    bglab.equal(bglab.run(f"cp -a {PRISTINE}/. /etc/").returncode, 0)


def sonic() -> None:
    image()
    for folder in ("/etc/sonic", "/etc/config-setup"):
        os.makedirs(folder)
    hostcfgd("local")


def cumulus() -> None:
    image()
    os.makedirs("/etc/cumulus")
    write("/etc/lsb-release", 'DISTRIB_ID="Cumulus Linux"\nDISTRIB_RELEASE=5.9.1\nDISTRIB_DESCRIPTION="Cumulus Linux 5.9.1"\n')


def vyos() -> None:
    image()
    os.unlink("/etc/os-release")
    write("/etc/os-release", 'PRETTY_NAME="VyOS 1.4"\nNAME="VyOS"\nID=vyos\nVERSION="1.4"\n')
    os.makedirs("/opt/vyatta/etc")
    os.makedirs("/config/scripts/commit/post-hooks.d")
    write("/config/scripts/vyos-postconfig-bootup.script", "#!/bin/sh\n# a person's own\ntouch /run/own-script-ran\n", 0o755)
    bglab.run("groupadd -f vyattacfg; chgrp -R vyattacfg /config; chmod -R g+w /config; chmod 755 /config/scripts/*.script")
    commit("local", hooks=False)


# ---- what rewrites

def include(path: str, pattern: str, to: str) -> None:
    """sed to a new file, the old one kept beside, the new one renamed: the inode and the owner change."""
    old = bglab.read(path)
    write(path + ".new", re.sub(pattern, to, old, flags=re.M))
    os.rename(path, path + ".old")
    os.rename(path + ".new", path)


def hostcfgd(login: str) -> None:
    """AAA is configured: the stack of its own, the include lines of two services, the passwd line."""
    remote = {"tacacs+": "auth\t[success=done new_authtok_reqd=done default=ignore auth_err=die]\tpam_tacplus.so "
                         "server=192.0.2.50:49 secret=x login=pap timeout=5  try_first_pass\n",
              "radius": "auth\t[success=2 new_authtok_reqd=done default=ignore auth_err=die]\tpam_radius_auth.so "
                        "conf=/etc/pam_radius_auth.d/192.0.2.50_1812.conf protocol=pap retry=3 try_first_pass\n"}
    lines = "".join(remote.get(word, "auth\t[success=2 default=ignore]\tpam_unix.so nullok try_first_pass\n")
                    for word in login.split(","))
    write("/etc/pam.d/common-auth-sonic.tmp", "#THIS IS AN AUTO-GENERATED FILE\n" + lines +
          "auth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n")
    os.rename("/etc/pam.d/common-auth-sonic.tmp", "/etc/pam.d/common-auth-sonic")
    for service in ("sshd", "login"):
        include(f"/etc/pam.d/{service}", r"^(@include.*)common-auth$", r"\1common-auth-sonic")
    text = bglab.read("/etc/nsswitch.conf")
    passwd = re.search(r"^passwd.*$", text, re.M).group()
    changed = passwd.replace(" radius", "") if "radius" not in login else passwd
    if "tacacs+" in login and "tacplus" not in changed:
        changed = changed.replace("files", "tacplus files", 1)
    elif "radius" in login:
        changed = changed.replace("tacplus ", "")
        changed = changed if " radius" in changed else changed.replace("files", "files radius", 1)
    elif "tacacs+" not in login:
        changed = changed.replace("tacplus ", "")
    include("/etc/nsswitch.conf", "^" + re.escape(passwd) + "$", changed)


def commit(login: str, hooks: bool = True, user: int | None = None) -> None:
    """"commit" of a router: names, PAM, sshd, users, then the hooks of the person who commits."""
    tac, rad = ("tacplus " if login == "tacacs" else ""), login == "radius"
    write("/etc/nsswitch.conf", "# automatically generated by system_login.py ###\n"
          f"passwd:         {'mapuid ' if rad else ''}{tac}files{' mapname' if rad else ''}\n"
          f"group:          {'mapname ' if rad else ''}{tac}files\nshadow:         files\ngshadow:        files\n\n"
          "hosts:          files dns #myhostname\nnetworks:       files\n")
    bglab.run("DEBIAN_FRONTEND=noninteractive pam-auth-update --force")
    write("/run/sshd/sshd_config", "### Autogenerated by service_ssh.py ###\nHostKey /etc/ssh/ssh_host_ed25519_key\n"
          "SyslogFacility AUTH\nLoginGraceTime 120\nStrictModes yes\nPubkeyAuthentication yes\nUsePAM yes\nPermitRootLogin no\n"
          "PidFile /run/sshd/sshd.pid\nKbdInteractiveAuthentication no\nUseDNS no\nPort 22\nListenAddress 127.0.0.1\n"
          "PasswordAuthentication yes\nAllowUsers alice\n")
    for line in bglab.run("getent passwd").stdout.splitlines():
        name, _, uid = line.split(":")[:3]
        if 1000 <= int(uid) < 60000 and name not in CLI_USERS:
            bglab.run(["userdel", name])
    if hooks:
        bglab.run(["run-parts", "/config/scripts/commit/post-hooks.d"], uid=user, timeout=60)


# ---- what is looked at

def init(*options: str, rc: int = 0) -> str:
    done = bglab.run(["breakglass", "init", "--yes", *options], timeout=60)
    assert done.returncode == rc, done
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


def restore(rc: int = 0) -> str:
    done = bglab.run(["breakglass", "init", "--restore"], timeout=60)
    assert done.returncode == rc, done
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


def set_up(*options: str) -> None:
    SHARES[:] = bglab.enrol("bg1", 2, 3, *options)
    restore()  # as breakglass-restore.path would, when the credentials have changed


def findings() -> list[str]:
    """Of status, those that are about lines, names, hooks and the copy."""
    said = bglab.run("breakglass status 2>&1").stdout
    return re.findall(r"BG(?:5[1-4]\d|58[78]|59[49]|61[0-4]|68[2-8]|691)\b.*", said)


def notes(number: str) -> int:
    return len(re.findall(number, bglab.run("breakglass status 2>&1").stdout))


def our_lines_come_first(*services: str) -> None:
    for service in services:
        text = bglab.read(f"/etc/pam.d/{service}")
        first = re.search(r"^(?:auth|@include common-auth).*$", text, re.M).group()
        assert first.startswith("auth") and first.endswith("pam_breakglass.so"), (service, text)


def opens(ways: str = "login ssh") -> None:
    for way in ways.split():
        with (bglab.login("bg1") if way == "login" else bglab.ssh("bg1")) as person:
            bglab.open_door(person, SHARES[:2])
            bglab.equal(person.shell("id -u"), "0\n")


def put_back_events() -> list[str]:
    return [e["data"]["message"] for e in bglab.journal() if "init --restore: put back" in e["data"].get("message", "")]


# ---- which one it is

def platform_named() -> str:
    said = bglab.run(["breakglass", "init", "--dry-run"]).stdout
    found = re.search(r"^Platform +(\w+):", said, re.M)
    return found.group(1) if found else "none"


def test_which_one() -> None:
    image()
    bglab.equal(platform_named(), "none")
    for made, name in ((sonic, "sonic"), (cumulus, "cumulus"), (vyos, "vyos")):
        made()
        bglab.equal(platform_named(), name)
    for sign, name in (("/etc/sonic", "sonic"), ("/etc/cumulus", "cumulus"), ("/opt/vyatta", "vyos")):
        image()
        os.makedirs(sign)
        bglab.equal(platform_named(), name)
    image()
    os.unlink("/etc/os-release")
    write("/etc/os-release", 'ID=cumulus-linux\nNAME="Cumulus Linux"\n')
    bglab.equal(platform_named(), "cumulus")
    done = bglab.run(["breakglass", "init", "--platform", "junos", "--dry-run"])
    assert done.returncode == 2 and "BG503" in done.stderr, done


def test_said_to_be_none() -> None:
    """Somebody who knows better is asked once."""
    sonic()
    set_up("--platform", "none")
    assert not os.path.exists("/etc/config-setup/config-migration-post-hooks.d"), "a hook"
    assert not os.path.exists("/etc/sonic/breakglass"), "a copy"
    bglab.equal(findings(), [])
    os.unlink("/etc/breakglass/platform")
    assert [x for x in findings() if x.startswith("BG686")], findings()


# ---- SONiC

def test_sonic_fresh() -> None:
    sonic()
    set_up()
    our_lines_come_first("login", "sshd", "su")
    bglab.equal(findings(), [])
    opens()
    bglab.equal(put_back_events(), [])


@bounded(300)
def test_sonic_regenerated() -> None:
    """hostcfgd leaves our lines in the services, and puts its client before or between in nsswitch.conf."""
    sonic()
    set_up()
    for login, passwd in (("tacacs+", "breakglass tacplus files"), ("radius,local", "files breakglass radius"),
                          ("local,tacacs+", "breakglass tacplus files"), ("local", "files breakglass")):
        hostcfgd(login)
        our_lines_come_first("login", "sshd")
        assert findings(), login
        restore()
        bglab.equal(re.search(r"^passwd: +(.*)", bglab.read("/etc/nsswitch.conf"), re.M).group(1), passwd)
        bglab.equal(findings(), [])
        hostcfgd(login)  # again, with nothing changed
        bglab.equal(findings(), [])
        opens("login" if login != "tacacs+" else "login ssh")
    bglab.equal(len(put_back_events()), 4)
    bglab.equal(notes("BG681"), 1)


def upgrade_sonic(hook: bool = True) -> None:
    """config-setup: /etc/sonic and its hooks are taken over, nothing else; the new image boots."""
    bglab.run("rm -rf /tmp/host; mkdir /tmp/host; cp -ar /etc/sonic /tmp/host/old_config; "
              "cp -arL /etc/config-setup/config-migration-post-hooks.d /tmp/host/old_config")
    sonic()
    for user in ("breakglass-alert",):
        bglab.run(["userdel", user])
    shutil.move("/tmp/host/old_config", "/etc/sonic/old_config")
    hooks = "/etc/config-setup/config-migration-post-hooks.d"
    shutil.copytree("/etc/sonic/old_config/config-migration-post-hooks.d", hooks)
    if hook:
        done = bglab.run(f"set -e; for h in $(run-parts --list {hooks}); do bash -n $h; . $h; done; echo went on", timeout=60)
        bglab.equal(done.stdout, "went on\n")


def test_sonic_upgraded() -> None:
    sonic()
    set_up()
    first = bglab.journal()[0]
    upgrade_sonic()
    bglab.equal(findings(), [])
    opens()
    events = bglab.journal()
    assert events[0] != first, "a journal was carried over"
    assert len(put_back_events()) == 1 and "/etc/nsswitch.conf" in put_back_events()[0], put_back_events()
    assert bglab.run(["getent", "passwd", "breakglass-alert"]).returncode == 0
    bglab.equal(bglab.run("stat -c %a /etc/sonic/breakglass /etc/breakglass/credentials/bg1").stdout, "700\n600\n")
    upgrade_sonic()  # the second upgrade finds the copy that the first one left
    bglab.equal(findings(), [])
    opens("login")


def test_sonic_new_credentials_are_kept() -> None:
    """What is spent must not come back with an image."""
    sonic()
    set_up()
    old = list(SHARES)
    bglab.equal(bglab.run(["breakglass", "share", "new", "bg1", "--replace", "--yes", "--json"]).returncode, 0)
    assert [x for x in findings() if x.startswith("BG684")], findings()
    restore()
    bglab.equal(findings(), [])
    upgrade_sonic()
    with bglab.login("bg1") as person:
        bglab.type_shares(person, old[:1])
        person.expect(r"BG2\d\d")
        assert "accepted" not in person.transcript, person.transcript


@bounded(300)
def test_sonic_upgraded_in_part() -> None:
    sonic()
    set_up()
    restore_by_hook = ["bash", "-c", ". /etc/config-setup/config-migration-post-hooks.d/breakglass"]
    for part in ("rm -rf /etc/breakglass", "rm -rf /var/lib/breakglass", "userdel breakglass-alert",
                 f"rm -rf /etc/pam.d; cp -a {PRISTINE}/pam.d /etc/", f"cp -a {PRISTINE}/nsswitch.conf /etc/",
                 "rm /etc/ssh/sshd_config.d/10-breakglass.conf"):
        bglab.run("rm -f /run/breakglass/put-back")
        bglab.run(part)
        bglab.equal(bglab.run(restore_by_hook, timeout=60).returncode, 0)
        bglab.equal((part, findings()), (part, []))
    opens()


def test_sonic_image_without_our_programs() -> None:
    sonic()
    set_up()
    mark = bglab.auth_log_mark()
    os.rename("/usr/sbin/breakglass", "/usr/sbin/breakglass.away")
    try:
        upgrade_sonic()
        bglab.wait_auth_log("break-glass programs are not in this image", mark)
    finally:
        os.rename("/usr/sbin/breakglass.away", "/usr/sbin/breakglass")
    bglab.equal(bglab.run("/etc/sonic/old_config/breakglass/restore", timeout=60).returncode, 0)
    opens("login")


def test_all_is_lost() -> None:
    """No copy either: that is said, and no account without credentials is made."""
    sonic()
    set_up()
    saved = bglab.read("/etc/breakglass/platform")
    bglab.run("rm -rf /etc/breakglass /etc/sonic/breakglass")
    write("/etc/breakglass/platform", saved)
    assert "BG687" in restore(rc=1)
    assert not os.path.exists("/etc/breakglass/accounts")


# ---- a fight

def test_a_fight_ends() -> None:
    sonic()
    set_up()
    for _ in range(6):
        shutil.copy(f"{PRISTINE}/nsswitch.conf", "/etc/nsswitch.conf")
        restore()
    shutil.copy(f"{PRISTINE}/nsswitch.conf", "/etc/nsswitch.conf")
    for _ in range(3):
        assert "BG682" in restore(rc=1)
    bglab.equal(bglab.read("/etc/nsswitch.conf"), NSSWITCH)
    assert [x for x in findings() if x.startswith("BG682")], findings()
    bglab.equal(len(put_back_events()), 6)
    bglab.equal(sum("given up for an hour" in e["data"].get("message", "") for e in bglab.journal()), 1)
    init()  # a person has the last word
    assert "breakglass" in bglab.read("/etc/nsswitch.conf")


HOOKS = "/etc/config-setup/config-migration-post-hooks.d"


def test_undo() -> None:
    sonic()
    set_up()
    init("--undo")
    for path in ("/etc/sonic/breakglass", "/etc/breakglass/platform", HOOKS, "/var/lib/breakglass/undo"):
        assert not os.path.exists(path), path
    assert os.path.isdir("/etc/config-setup")
    bglab.equal(bglab.read("/etc/nsswitch.conf"), NSSWITCH)
    assert "BG689" in restore()
    bglab.equal(bglab.read("/etc/nsswitch.conf"), NSSWITCH)


def test_undo_leaves_the_folders_of_others() -> None:
    """The platform's own folder stays although it is empty, and one of ours in which somebody has put a file."""
    sonic()
    os.mkdir(HOOKS)
    set_up()
    init("--undo")
    bglab.equal(os.listdir(HOOKS), [])
    sonic()
    set_up()
    write(f"{HOOKS}/own", "")
    init("--undo")
    bglab.equal(os.listdir(HOOKS), ["own"])
    assert not os.path.exists("/var/lib/breakglass/undo")


# ---- half a configuration

COPY = "/etc/sonic/breakglass"


def stub(program: str, script: str) -> str:
    """It stands before the real one in the PATH of breakglass-restore."""
    assert os.path.islink("/sbin") and not os.path.exists(f"/usr/sbin/{program}")
    write(f"/usr/sbin/{program}", f"#!/bin/sh\n{script}\n", 0o755)
    return f"/usr/sbin/{program}"


def hook(rc: int = 0) -> None:
    bglab.equal(bglab.run([f"{COPY}/restore"], timeout=60).returncode, rc)


@bounded(300)
def test_copy_cut_short() -> None:
    """Whichever step of putting back fails: the next try finds the copy whole, and nothing that looks complete."""
    sonic()
    set_up()
    before = bglab.run(f"cd {COPY}/etc && find . -type f -exec sha256sum {{}} + | sort").stdout
    assert "credentials/bg1" in before
    # the n-th cp writes some of it and says no, as on a full disk
    for fails in (1, 2):
        bglab.run("rm -rf /etc/breakglass /tmp/cp-times /run/breakglass/put-back")
        path = stub("cp", f'echo >>/tmp/cp-times; [ "$(wc -l </tmp/cp-times)" -eq {fails} ] || exec /usr/bin/cp "$@"\n'
                    'for to; do :; done; mkdir -p "$to"; cd "$OLDPWD" 2>/dev/null || cd /\n'
                    f'/usr/bin/cp -a {COPY}/etc/breakglass.conf "$to"; '
                    f'[ {fails} -ne 1 ] || /usr/bin/cp -a {COPY}/etc/accounts {COPY}/etc/platform "$to"; exit 1')
        try:
            hook(1)
        finally:
            os.unlink(path)
        assert not os.path.exists("/etc/breakglass/accounts"), fails
        assert not os.path.exists("/etc/breakglass/credentials/bg1"), fails
        bglab.run(["breakglass", "init", "--restore"], timeout=60)  # the timer's
        bglab.equal(bglab.run(f"cd {COPY}/etc && find . -type f -exec sha256sum {{}} + | sort").stdout, before)
        hook()
        bglab.equal((fails, findings()), (fails, []))
        bglab.equal(bglab.run("ls -A /etc/breakglass").stdout, bglab.run(f"ls -A {COPY}/etc").stdout)
    opens("login")


def test_lost_credentials_are_not_made() -> None:
    """Half of it is there: no new file in place of the lost one, and the copy, which may be the only whole one, stays."""
    sonic()
    set_up()
    for lost in ("credentials/bg1", "ssh/bg1"):
        shutil.move(f"/etc/breakglass/{lost}", "/tmp/lost")
        shutil.copy(f"{PRISTINE}/nsswitch.conf", "/etc/nsswitch.conf")
        assert f"BG691 /etc/breakglass/{lost}" in restore(rc=1)
        assert not os.path.exists(f"/etc/breakglass/{lost}"), lost
        assert os.path.exists(f"{COPY}/etc/{lost}"), lost
        assert "breakglass" in bglab.read("/etc/nsswitch.conf"), "the lines are put back all the same"
        shutil.move("/tmp/lost", f"/etc/breakglass/{lost}")
        restore()
        bglab.equal(findings(), [])


def test_copy_is_refreshed_whatever_else_fails() -> None:
    """A try too many, a file that cannot be edited: credentials that were replaced do not come back with an image."""
    sonic()
    set_up()
    same = "diff -r /etc/breakglass /etc/sonic/breakglass/etc"
    for times in range(7):
        shutil.copy(f"{PRISTINE}/nsswitch.conf", "/etc/nsswitch.conf")
        if times == 6:
            bglab.run("echo >>/etc/breakglass/breakglass.conf")
            assert bglab.run(same).returncode != 0
        assert ("BG682" in restore(rc=int(times == 6))) == (times == 6)
    bglab.equal(bglab.run(same).stdout, "")
    bglab.run("rm /run/breakglass/put-back; echo >>/etc/breakglass/breakglass.conf; rm /etc/nsswitch.conf; mkdir /etc/nsswitch.conf")
    try:
        done = bglab.run(["breakglass", "init", "--restore"], timeout=60)
        assert done.returncode in (1, 3), done
    finally:
        os.rmdir("/etc/nsswitch.conf")
        write("/etc/nsswitch.conf", NSSWITCH)
    bglab.equal(bglab.run(same).stdout, "")


def test_undo_with_no_line_left() -> None:
    """Another program has taken out the last line: undo still means that nothing is put back."""
    sonic()
    set_up()
    saved = bglab.read("/etc/breakglass/platform")
    init("--undo")
    write("/etc/breakglass/platform", saved)
    write(f"{COPY}/etc/accounts", "")
    assert "No system file has a line of ours" in init("--undo")
    assert not os.path.exists("/etc/breakglass/platform"), "a platform"
    assert not os.path.exists(COPY), "a copy"
    assert "BG689" in restore()


def test_what_was_asked_for_before() -> None:
    """A later init without the options means the same lists; what --restore is given by nobody but init."""
    sonic()
    set_up("--services", "login,su", "--sessions", "cron")
    init()
    saved = bglab.read("/etc/breakglass/platform")
    assert "services = login,su\n" in saved and "sessions = cron\n" in saved, saved
    assert "pam_breakglass" not in bglab.read("/etc/pam.d/su-l")
    init("--rescue")
    assert "rescue = yes\n" in bglab.read("/etc/breakglass/platform")
    init()
    assert "rescue = yes\n" in bglab.read("/etc/breakglass/platform")
    for option in (["--services", "login"], ["--sessions", "none"], ["--no-sshd"], ["--rescue"]):
        done = bglab.run(["breakglass", "init", "--restore", *option], timeout=60)
        assert done.returncode == 2 and "BG690" in done.stdout + done.stderr, done
    init("--undo")


def test_packages_only_at_a_boot() -> None:
    """A commit has no time for dpkg; one that was cut off at a boot is brought to its end."""
    vyos()
    set_up()
    os.rename("/usr/sbin/breakglass", "/usr/sbin/breakglass.away")
    write("/config/breakglass/packages/x.deb", "")
    paths = [stub("dpkg", 'echo "$@" >>/tmp/dpkg-said; exit 1'), stub("dpkg-query", "echo 'installed half-configured '")]
    try:
        bglab.run(["run-parts", "/config/scripts/commit/post-hooks.d"], timeout=60)
        assert not os.path.exists("/tmp/dpkg-said"), bglab.read("/tmp/dpkg-said")
        bglab.run("/config/scripts/vyos-postconfig-bootup.script", timeout=60)
        said = bglab.read("/tmp/dpkg-said")
        assert "-i -- /config/breakglass/packages/x.deb\n" in said and said.endswith("--configure -a\n"), said
    finally:
        os.rename("/usr/sbin/breakglass.away", "/usr/sbin/breakglass")
        for path in paths:
            os.unlink(path)
        bglab.run("rm -r /config/breakglass/packages")


# ---- Cumulus

def test_cumulus() -> None:
    """The client's package edits the passwd line; pam-auth-update makes common-* again. There is no copy to keep."""
    cumulus()
    set_up()
    bglab.equal(findings(), [])
    include("/etc/nsswitch.conf", r"^(passwd: +)files", r"\1tacplus files")
    bglab.run("DEBIAN_FRONTEND=noninteractive pam-auth-update --force")
    our_lines_come_first("login", "sshd", "su")
    assert findings()
    restore()
    bglab.equal(findings(), [])
    opens("login")
    bglab.run(f"cp -a {PRISTINE}/pam.d/login {PRISTINE}/pam.d/sshd /etc/pam.d/")  # an upgrade by packages, "Y" to each question
    restore()
    our_lines_come_first("login", "sshd")
    opens("ssh")


# ---- VyOS

def sshd_of_the_router() -> None:
    bglab.stop("sshd")
    bglab.run("kill $(cat /run/sshd/sshd.pid)")
    bglab.equal(bglab.run(["/usr/sbin/sshd", "-f", "/run/sshd/sshd_config"]).returncode, 0)


def test_vyos_fresh() -> None:
    vyos()
    set_up()
    bglab.equal(findings(), [])
    sshd_of_the_router()
    opens()
    script = bglab.read("/config/scripts/vyos-postconfig-bootup.script")
    assert script.startswith("#!/bin/sh\n# a person's own\n") and "/config/breakglass/restore" in script


@bounded(300)
def test_vyos_commits() -> None:
    vyos()
    set_up()
    for login, passwd in (("tacacs", "breakglass tacplus files"), ("radius", "breakglass mapuid files mapname"),
                          ("local", "files breakglass")):
        commit(login)
        bglab.equal(re.search(r"^passwd: +(.*)", bglab.read("/etc/nsswitch.conf"), re.M).group(1), passwd)
        bglab.equal(findings(), [])
    opens("login")
    sshd_of_the_router()
    opens("ssh")
    bglab.equal(len(put_back_events()), 3)


def test_vyos_commits_of_a_person() -> None:
    """A hook has the rights of whoever commits; an administrator there has sudo without a password."""
    write("/etc/sudoers.d/vyos", "alice ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    commit("local", user=5001)
    bglab.equal(findings(), [])


def test_vyos_users() -> None:
    """Who is not in the configuration loses the account from uid 1000 on; ours is in no list."""
    vyos()
    set_up("--uid", "7001")
    bglab.run(["useradd", "-u", "4242", "stranger"])
    commit("local")
    assert bglab.run(["getent", "passwd", "stranger"]).returncode != 0
    bglab.equal(bglab.run(["getent", "passwd", "bg1"]).stdout.split(":")[2], "7001")
    bglab.equal(findings(), [])


def test_vyos_upgraded() -> None:
    """/config is taken over; the boot script of a person and ours runs."""
    vyos()
    set_up()
    bglab.run("rm -rf /tmp/config; mv /config /tmp/config")
    vyos()
    bglab.run("rm -rf /config; mv /tmp/config /config; userdel breakglass-alert; rm -f /run/own-script-ran")
    bglab.equal(bglab.run("/config/scripts/vyos-postconfig-bootup.script", timeout=60).returncode, 0)
    assert os.path.exists("/run/own-script-ran")
    bglab.equal(findings(), [])
    opens("login")


def test_vyos_undo() -> None:
    init("--undo", "--purge")
    bglab.equal(bglab.read("/config/scripts/vyos-postconfig-bootup.script"),
                "#!/bin/sh\n# a person's own\ntouch /run/own-script-ran\n")
    for path in ("/config/breakglass", "/config/scripts/commit/post-hooks.d/breakglass"):
        assert not os.path.exists(path), path
    assert os.path.isdir("/config/scripts/commit/post-hooks.d")  # the router's own
    assert "breakglass" not in bglab.read("/run/sshd/sshd_config")
