#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check, rules MAC-.. and MGR-..: what confines a login, what changed, who writes our files again.
usage: test_check_mac.py BUILDDIR [TEST]..."""
import os, shutil, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check_lib import *

# a key of nobody's: its public key is a point of the curve, no signature is ever made with it
KEY = ("[key blue]\ntype = eddsa\nid = 00112233445566778899aabbccddeeff\n"
       "public-key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\nrp-id = breakglass.test\n"
       "aaguid = 00000000000000000000000000000000\nfirmware = 328707\nuv = no\ncreated = 2026-11-22T12:03:24.123456Z\n")


def test_a_host_that_is_well():
    """Nothing, the second time neither."""
    host()
    none("MAC-", "MGR-")
    none("MAC-", "MGR-")


def test_files_that_change():
    """Since they were seen first: another file, a new one, one that is gone; by the package: sshd."""
    host()
    none("MAC-07")
    pam = read("/etc/pam.d/sshd")
    write("/etc/pam.d/sshd", pam + "# another line\n")
    one("MAC-07", "WARN", "/etc/pam.d/sshd", "has changed")
    one("MAC-07", "WARN", "/etc/pam.d/sshd", "has changed")  # until a drill
    write("/etc/pam.d/other-login", "auth required pam_permit.so\n")
    has_one("MAC-07", "WARN", "/etc/pam.d/other-login")
    os.unlink("/etc/pam.d/other-login")
    has_one("MAC-07", "WARN", "/etc/pam.d/other-login", "is gone")


def test_programs_that_change():
    host()
    none("MAC-07")
    with open("/usr/sbin/sshd", "ab") as f:
        f.write(b"x")
    one("MAC-07", "RISK", "/usr/sbin/sshd")
    os.unlink("/usr/sbin/sshd")
    one("MAC-07", "RISK", "/usr/sbin/sshd")


def test_apparmor():
    """A profile that is enforced, one that only complains, one that speaks of us, and those of others."""
    host()
    tmpfs("/sys/kernel/security")
    os.makedirs("/sys/kernel/security/apparmor")
    profiles = "/sys/kernel/security/apparmor/profiles"
    for line in ("/usr/bin/man (enforce)", "/usr/sbin/sshd (complain)", "/usr/sbin/sshd//null (enforce)", "sshd-session (enforce)"):
        write(profiles, line + "\n")
        none("MAC-05")
    for name in ("/usr/sbin/sshd", "sshd", "/usr/bin/login"):
        write(profiles, f"/usr/bin/man (enforce)\n{name} (enforce)\n")
        one("MAC-05", "RISK", name)
    os.makedirs("/etc/apparmor.d/local", exist_ok=True)
    write("/etc/apparmor.d/local/usr.sbin.sshd", "# breakglass-login\n")
    one("MAC-05", "RISK")
    write("/etc/apparmor.d/local/usr.sbin.sshd", "/usr/libexec/breakglass/breakglass-login Ux,\n")
    none("MAC-05")


def test_what_may_run():
    host()
    none("MAC-06")
    shutil.copy("/bin/sleep", "/usr/bin/fapolicyd")
    p = subprocess.Popen(["/usr/bin/fapolicyd", "60"])
    until("it runs", lambda: read(f"/proc/{p.pid}/comm") == "fapolicyd\n")
    one("MAC-06", "RISK", "pam_breakglass.so")
    os.makedirs("/etc/fapolicyd/trust.d")
    write("/etc/fapolicyd/trust.d/ours", f"{PAM_MODULE} 1 {'0' * 64}\n")
    none("MAC-06")
    os.unlink("/etc/fapolicyd/trust.d/ours")
    write("/etc/fapolicyd/fapolicyd.conf", "permissive = 1\n")
    none("MAC-06")
    p.kill()
    p.wait()
    tmpfs("/sys/kernel/security")
    os.makedirs("/sys/kernel/security/ima")
    write("/sys/kernel/security/ima/policy", "measure func=BPRM_CHECK\n")
    none("MAC-06")
    write("/sys/kernel/security/ima/policy", "appraise fowner=0\n")
    one("MAC-06", "RISK", "security.ima")


def kernel(name, value):
    """A file of /proc/sys that this kernel does not have; the others stay."""
    if not os.path.exists("/mnt/proc/self"):
        os.makedirs("/mnt/proc", exist_ok=True)
        sh("mount", "-t", "proc", "none", "/mnt/proc")
        tmpfs("/proc/sys")
        for d in ("kernel", "fs", "net", "vm"):
            os.mkdir(f"/proc/sys/{d}")
            sh("mount", "--bind", f"/mnt/proc/sys/{d}", f"/proc/sys/{d}")
    os.makedirs(os.path.dirname(f"/proc/sys/{name}"), exist_ok=True)
    write(f"/proc/sys/{name}", value)


def test_fips():
    host()
    path = "/etc/breakglass/credentials/bg1"
    before = read(path) if os.path.exists(path) else "[credential]\nenabled = yes\n\n"
    write(path, before + KEY, 0o600)
    kernel("crypto/fips_enabled", "0\n")
    none("MAC-08")
    kernel("crypto/fips_enabled", "1\n")
    one("MAC-08", "RISK", "bg1", "blue", "Ed25519")
    write(path, before, 0o600)
    none("MAC-08")


def test_selinux():
    """restorecon is a stand-in here: it says what the real one does where the kernel has SELinux."""
    host()
    tmpfs("/sys/fs")
    write("/usr/sbin/restorecon", "#!/bin/sh\nexit 0\n", 0o755)
    write("/usr/sbin/ausearch", "#!/bin/sh\necho '<no matches>'\nexit 1\n", 0o755)
    os.makedirs("/etc/selinux/targeted", exist_ok=True)
    write("/etc/selinux/config", "SELINUX=permissive\nSELINUXTYPE=targeted\n")
    seusers = "/etc/selinux/targeted/seusers"
    write(seusers, "root:unconfined_u:s0-s0:c0.c1023\n__default__:unconfined_u:s0-s0:c0.c1023\n")
    none("MAC-0")
    os.makedirs("/sys/fs/selinux/booleans")
    write("/sys/fs/selinux/enforce", "0")
    none("MAC-0")
    write(seusers, "__default__:user_u:s0\nroot:unconfined_u:s0\n")
    one("MAC-02", "RISK", "bg1", "user_u")
    write(seusers, "bg1:unconfined_u:s0\n__default__:user_u:s0\n")
    none("MAC-02")
    write(seusers, "bg1:sysadm_u:s0\n")
    write("/sys/fs/selinux/booleans/ssh_sysadm_login", "1 1")
    none("MAC-02")
    write("/sys/fs/selinux/booleans/ssh_sysadm_login", "0 0")
    one("MAC-02", "RISK", "sysadm_u")
    write("/usr/sbin/restorecon", "#!/bin/sh\necho 'Would relabel /etc/breakglass/accounts from system_u:object_r:user_home_t:s0 "
          "to system_u:object_r:breakglass_conf_t:s0'\n", 0o755)
    one("MAC-01", "RISK", "/etc/breakglass/accounts", "user_home_t")
    write("/usr/sbin/ausearch", "#!/bin/sh\necho 'type=AVC avc: denied { read } comm=\"sshd\" scontext=sshd_t tcontext=breakglass_conf_t'\n", 0o755)
    one("MAC-03", "RISK", "1 time since")
    write("/sys/fs/selinux/enforce", "1")
    os.makedirs("/var/lib/selinux/targeted/active/modules/400", exist_ok=True)
    one("MAC-04", "RISK")
    os.makedirs("/var/lib/selinux/targeted/active/modules/400/breakglass")
    none("MAC-04")


def test_agents():
    """One that is installed and starts at boot, by cron, or runs; not one that does none of that."""
    host()
    write("/usr/bin/puppet", "#!/bin/sh\nexec sleep 60\n", 0o755)
    none("MGR-04")
    os.makedirs("/etc/systemd/system/multi-user.target.wants", exist_ok=True)
    os.symlink("/lib/systemd/system/puppet.service", "/etc/systemd/system/multi-user.target.wants/puppet.service")
    one("MGR-04", "WARN", "Puppet")
    os.unlink("/etc/systemd/system/multi-user.target.wants/puppet.service")
    none("MGR-04")
    write("/usr/bin/ansible-pull", "#!/bin/sh\n", 0o755)
    none("MGR-04")
    os.makedirs("/etc/cron.d", exist_ok=True)
    write("/etc/cron.d/site", "*/30 * * * * root ansible-pull -U https://git.example/site\n")
    one("MGR-04", "WARN", "ansible-pull")
    write("/etc/cron.d/site", "# */30 * * * * root ansible-pull\n")
    none("MGR-04")
    shutil.copy("/bin/sleep", "/usr/bin/salt-minion")
    none("MGR-04")
    p = subprocess.Popen(["/usr/bin/salt-minion", "60"])
    until("it runs", lambda: read(f"/proc/{p.pid}/comm") == "salt-minion\n")
    one("MGR-04", "WARN", "Salt")
    p.kill()
    p.wait()


def test_authselect():
    host()
    os.makedirs("/etc/authselect", exist_ok=True)
    shutil.move("/etc/nsswitch.conf", "/etc/authselect/nsswitch.conf")
    os.symlink("/etc/authselect/nsswitch.conf", "/etc/nsswitch.conf")
    write("/etc/authselect/authselect.conf", "custom/breakglass\nwith-mkhomedir\n")
    one("MGR-01", "RISK", "with-breakglass")
    write("/etc/authselect/authselect.conf", "custom/breakglass\nwith-mkhomedir\nwith-breakglass\n")
    none("MGR-01")


def test_platforms():
    host()
    none("MGR-02", "MGR-03")
    os.makedirs("/etc/sonic")
    one("MGR-02", "RISK", "sonic")
    os.rmdir("/etc/sonic")
    write("/etc/os-release", "ID=vyos\n")
    one("MGR-03", "RISK", "vyos")


def test_cloud_init():
    host()
    os.makedirs("/etc/cloud/cloud.cfg.d")
    write("/etc/cloud/cloud.cfg", "users:\n  - default\nssh_pwauth: false\n")
    none("MGR-05")  # it is not installed
    write("/usr/bin/cloud-init", "#!/bin/sh\n", 0o755)
    one("MGR-05", "WARN", "ssh_pwauth")
    write("/etc/cloud/cloud-init.disabled", "")
    none("MGR-05")
    os.unlink("/etc/cloud/cloud-init.disabled")
    write("/etc/cloud/cloud.cfg.d/99.cfg", "ssh_pwauth: unchanged\nusers:\n  - default\n  - name: bg10\n")
    none("MGR-05")
    write("/etc/cloud/cloud.cfg.d/99.cfg", "ssh_pwauth: unchanged\nusers:\n  - default\n  - name: bg1\n")
    one("MGR-05", "RISK", "bg1")


def test_common_files():
    host()
    none("MGR-06")
    write("/etc/pam.d/common-auth", LINES["auth"] + read("/etc/pam.d/common-auth"))
    one("MGR-06", "WARN", "common-auth")
    write("/var/cache/debconf/config.dat", "Name: libpam-runtime/other\nTemplate: x\nValue: true\n\n"
          "Name: libpam-runtime/override\nTemplate: libpam-runtime/override\nValue: true\nOwners: libpam-runtime\n\n")
    one("MGR-06", "RISK", "common-auth", "override")


if __name__ == "__main__":
    main(globals())
