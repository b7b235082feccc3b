# SPDX-License-Identifier: ISC
"""The table: one illness a row."""

from __future__ import annotations

import os

import bglab
from host import MODULES, OWN, PAM, Row, SHARED, front

ACCOUNTS = "/etc/breakglass/accounts"
LATE, EARLY, OURS = (f"/etc/ssh/sshd_config.d/{name}.conf" for name in ("50-a", "05-a", "10-breakglass"))
CREDENTIALS = "/etc/breakglass/credentials/bg1"
OUR_MODULE, NSS_MODULE, HELPER = f"{MODULES}/pam_breakglass.so", f"{SHARED}/libnss_breakglass.so.2", "/usr/libexec/breakglass/breakglass-login"
INIT = "breakglass init"


def line(text: str, *services: str):  # type: ignore[no-untyped-def]
    """A line that somebody puts in front of ours."""

    def ill() -> None:
        for service in services or ("login", "sshd", "su"):
            front(service, text)

    return ill


def end(text: str, *services: str) -> str:
    """A line behind all others."""
    return f"for s in {' '.join(services or ('login', 'sshd', 'su'))}; do echo '{text}' >>{PAM}$s; done"


def shell(path: str) -> str:
    return rf"sed -i 's,^\(bg1:.*:\)[^:]*$,\1{path},' {ACCOUNTS}"


def sshd(text: str, path: str = EARLY) -> str:
    return f"echo '{text}' >{path}"


def every(text: str) -> str:
    """In a Match block before ours."""
    return sshd(f"Match all\n  {text}")


def shadow(fields: str) -> str:
    """That, and a service in which pam_unix looks at it before we do."""
    return f"echo 'bg1:!:{fields}' >>/etc/shadow"


NO_ACCOUNT_LINE = f"sed -i '/^account.*pam_breakglass/d' {PAM}sshd"
VIPW = ('Take its line out of /etc/shadow with "vipw -s"', "sed -i /^bg1:/d /etc/shadow")
UNLIST = ("Take the account out of that Deny list", f"rm -f {EARLY} {LATE}")
PACKAGE = ("Install the package again", f"cp -a /run/bglab/whole/breakglass-login {HELPER}; cp -a /run/bglab/whole/pam_breakglass.so {OUR_MODULE}; cp -a /run/bglab/whole/libnss_breakglass.so.2 {NSS_MODULE}")
FIRST = ("in a Match block that must be the first", f"rm {EARLY}")
FILTER = r"table inet ill {\n chain in {\n type filter hook input priority 0;\n tcp dport 22 reject with icmpx admin-prohibited\n }\n}\n"
EXCEPT = ("Give it an exception after that line", "echo 'bg2 - maxlogins -1' >>/etc/security/limits.conf")


def failures() -> None:
    """pam_faillock's own record, by real failures."""
    line("auth required pam_faillock.so preauth")()
    with open(f"{PAM}failing", "w", encoding="ascii") as file:
        file.write("auth required pam_faillock.so authfail\n")
    for _ in range(4):
        bglab.run(["pamtester", "failing", OWN, "authenticate"])


HARMLESS = [
    Row("well", "true"),
    Row("nologin", "touch /etc/nologin"),
    Row("root_is_denied", sshd("PermitRootLogin no", LATE)),
    Row("others_are_denied", sshd("DenyUsers alice eve@10.0.0.0/8", LATE)),
    Row("no_questions_for_others", sshd("KbdInteractiveAuthentication no", LATE)),
    Row("deny_behind", end("auth required pam_deny.so") + "; " + end("account required pam_deny.so")),
    Row("optional_failure", line("session optional pam_exec.so /bin/false")),
    Row("access_behind", "echo '-:ALL:ALL' >/etc/security/access.conf; " + end("account required pam_access.so")),
    Row("limits_of_others", "echo 'alice - maxlogins 0' >>/etc/security/limits.conf"),
]

STACKS = [
    Row("line_gone_login", f"sed -i /pam_breakglass/d {PAM}login", "PAM-01", "--fix"),
    Row("line_gone_sshd", f"sed -i /pam_breakglass/d {PAM}sshd", "PAM-01", "--fix"),
    Row("line_gone_su", f"sed -i /pam_breakglass/d {PAM}su {PAM}su-l", "PAM-01", "--fix"),
    Row("package_wrote_anew", f"printf '@include common-auth\\n@include common-account\\n@include common-session\\n' >{PAM}login", "PAM-01", "--fix"),
    Row("control_required", f"sed -i 's/^auth.*pam_breakglass/auth required pam_breakglass/' {PAM}login {PAM}sshd {PAM}su", "PAM-03", "--fix"),
    Row("control_optional", f"sed -i 's/^auth.*pam_breakglass/auth optional pam_breakglass/' {PAM}login", "PAM-03", "--fix"),
    Row("behind_common_auth", f"sed -i '/^auth.*pam_breakglass/{{h;d}};/common-auth/G' {PAM}login", "PAM-01", "--fix"),
    Row("deny_in_front", line("auth required pam_deny.so", "login"), "PAM-03", "--fix"),
    Row("deny_first", line("auth requisite pam_deny.so", "sshd"), "PAM-01", "--fix"),
    Row("account_denied", line("account required pam_deny.so"), "PAM-03", "--fix"),
    Row("session_denied", end("session required pam_deny.so", "login"), "", account=OWN),
    Row("permit_in_front", line("auth sufficient pam_permit.so", "sshd"), "PAM-01", "--fix"),
    Row("jump_over_us", line("auth [success=1 default=ignore] pam_succeed_if.so quiet uid = 0", "login"), "PAM-01", "--fix"),
    Row("unix_in_front", line("auth required pam_unix.so"), "PAM-03", "--fix"),
    Row("module_not_installed", line("auth required pam_tally2.so deny=3"), "PAM-03", "--fix"),
    Row("include_gone", f"sed -i '1i@include not-there' {PAM}login", "PAM-03", ("Correct the files of that name", f"sed -i 1d {PAM}login")),
    Row("nonsense", f"echo 'auht required pam_unix.so' >>{PAM}login"),
    Row("in_a_substack", f"grep '^auth.*pam_breakglass' {PAM}login >{PAM}ours; sed -i 's/^auth.*pam_breakglass.so/auth substack ours/' {PAM}login", "PAM-03", "--fix"),
    Row("in_an_include", f"grep '^auth.*pam_breakglass' {PAM}login >{PAM}ours; sed -i 's/^auth.*pam_breakglass.so/auth include ours/' {PAM}login", ""),
    Row("twice", f"sed -i '/^auth.*pam_breakglass/p' {PAM}login", "PAM-18 WARN"),
    Row("vendor_only", f"mkdir -p /usr/lib/pam.d && mount -t tmpfs none /usr/lib/pam.d && mv {PAM}sshd /usr/lib/pam.d/ && sed -i /pam_breakglass/d /usr/lib/pam.d/sshd", "PAM-01", "--fix"),
    Row("no_service_file", f"mv {PAM}sshd /etc/there", "PAM-01", ("Install the package of sshd again", f"mv /etc/there {PAM}sshd")),
]

# Linux-PAM does not build it any more, and Debian 13 has none
LASTLOG = ("PAM-11 RISK", "") if os.path.exists(f"{MODULES}/pam_lastlog.so") else ("PAM-03", "--fix")

MODULES_IN_FRONT = [
    Row("nologin_in_front", line("auth requisite pam_nologin.so"), "PAM-09", ("Remove /etc/nologin", "rm /etc/nologin"), account=OWN, before="touch /etc/nologin"),
    Row("nologin_in_front_init", line("account required pam_nologin.so"), "PAM-09", INIT, account=OWN, before="touch /run/nologin"),
    Row("tally_full", failures, "PAM-05", f"faillock --user {OWN} --reset", account=OWN),
    Row("tally_empty", line("auth required pam_faillock.so preauth"), "PAM-05 RISK", account=OWN),
    Row("access_conf", line("account required pam_access.so"), "PAM-06", ('Put "+:bg1:ALL" before', "sed -i 1i+:bg1:ALL /etc/security/access.conf"), before="echo '-:ALL EXCEPT alice:ALL' >/etc/security/access.conf"),
    Row("access_conf_init", line("auth required pam_access.so"), "PAM-06", INIT, before="echo '-:bg1:ALL' >/etc/security/access.conf"),
    Row("time_conf", line("account required pam_time.so"), "PAM-08", INIT, before="echo '*;*;bg1;!Al0000-2400' >/etc/security/time.conf"),
    Row("time_conf_night", line("account required pam_time.so", "sshd"), "PAM-08 RISK", before="echo \"sshd;*;bg1;Al$(date +%H)00-$(date -d '2 hours' +%H)00\" >/etc/security/time.conf"),
    Row("securetty", line("auth required pam_securetty.so noconsole", "login"), "PAM-10", ("Add the terminal to /etc/securetty", "echo tty1 >>/etc/securetty"), before="echo tty9 >/etc/securetty"),
    Row("lastlog", line("account required pam_lastlog.so inactive=35"), *LASTLOG, account=OWN),
    Row("listfile", line("auth required pam_listfile.so item=user sense=allow onerr=fail file=/etc/list"), "PAM-12", INIT, before="echo root >/etc/list"),
    Row("succeed_if", line("auth requisite pam_succeed_if.so quiet uid >= 1000"), "PAM-12", INIT),
    Row("wheel", line("auth required pam_wheel.so", "su"), "PAM-12 UNKNOWN"),
    Row("localuser", line("account required pam_localuser.so"), "PAM-12", INIT),
    Row("maxlogins", "echo 'bg2 - maxlogins 0' >>/etc/security/limits.conf", "PAM-13", EXCEPT, account=OWN),
    Row("maxlogins_of_root", "echo 'bg1 - maxlogins 0' >>/etc/security/limits.conf"),
    Row("nproc", "echo 'bg2 hard nproc 0' >>/etc/security/limits.conf", "PAM-13", ("Give it an exception after that line", "echo 'bg2 - nproc unlimited' >>/etc/security/limits.conf"), account=OWN),
    Row("auditd", line("session required pam_loginuid.so require_auditd", "login", "sshd"), "PAM-14", ("or take require_auditd away", f"sed -i 's/ require_auditd//' {PAM}login {PAM}sshd")),
    Row("program", line("session required pam_exec.so /bin/false", "sshd"), "PAM-15 UNKNOWN"),
    Row("systemd_required", line("session required pam_systemd.so"), "PAM-16 RISK"),
    Row("shells", line("auth required pam_shells.so"), "ACC-08", ("Add the shell to /etc/shells", "echo /bin/bash >>/etc/shells"), before="sed -i /bash/d /etc/shells"),
    Row("faildelay", line("auth optional pam_faildelay.so delay=30000000", "login"), "PAM-24 RISK"),
    Row("our_line_in_common", f"grep -h '^auth.*pam_breakglass' {PAM}login | cat - {PAM}common-auth >{PAM}x; mv {PAM}x {PAM}common-auth", "MGR-06 WARN"),
]

FILES = [
    Row("module_gone", f"rm {OUR_MODULE}", "PAM-02", PACKAGE),
    Row("module_cut_off", f"truncate -s 9000 {OUR_MODULE}", "PAM-02", PACKAGE),
    Row("module_of_another_machine", f"printf '\\050' | dd of={OUR_MODULE} bs=1 seek=18 conv=notrunc status=none", "PAM-02", PACKAGE),
    Row("helper_gone", f"rm {HELPER}", "PAM-02", PACKAGE),
    Row("helper_not_executable", f"chmod 644 {HELPER}", "PAM-02", PACKAGE),
    Row("accounts_gone", f"rm {ACCOUNTS}", "ACC-01"),
    Row("accounts_damaged", f"sed -i 's/^bg1:x:0:/bg1:x:zero:/' {ACCOUNTS}", "ACC-01", ("Correct it", f"sed -i s/:zero:/:0:/ {ACCOUNTS}")),
    Row("accounts_open", f"chmod 666 {ACCOUNTS}", "ACC-01", "--fix"),
    Row("accounts_given_away", f"chown alice {ACCOUNTS}", "ACC-01", ("give it back to root", f"chown root {ACCOUNTS}")),
    Row("accounts_for_root_only", f"chmod 600 {ACCOUNTS}", "NSS-06 RISK"),
    Row("credentials_gone", f"mv {CREDENTIALS} /etc/there", "OWN-02", "breakglass share new bg1"),
    Row("credentials_open", f"chmod 666 {CREDENTIALS}", "OWN-01", "--fix"),
    Row("credentials_damaged", f"echo nonsense >>{CREDENTIALS}", "OWN-01", before=f"cp -a {CREDENTIALS} /etc/there", heal=("Restore the file from a backup", f"mv /etc/there {CREDENTIALS}")),
    Row("conf_damaged", "echo nonsense >>/etc/breakglass/breakglass.conf", "RES-01 RISK"),
    Row("conf_gone", "rm /etc/breakglass/breakglass.conf", "RES-06 RISK"),
    Row("other_uid_in_passwd", "echo 'bg1:x:1005:1005::/:/bin/bash' >>/etc/passwd", "ACC-01", ("Take the line away", "sed -i /^bg1:/d /etc/passwd")),
    Row("expired", shadow("20000:0:99999:7::20001:"), "ACC-03 WARN"),
    Row("expired_before_us", shadow("20000:0:99999:7::20001:") + "; " + NO_ACCOUNT_LINE, "ACC-03", VIPW),
    Row("aged_before_us", shadow("20000:0:30:7:1::") + "; " + NO_ACCOUNT_LINE, "ACC-04", VIPW),
    Row("must_change_before_us", shadow("0:0:99999:7:::") + "; " + NO_ACCOUNT_LINE, "ACC-05", "--fix"),
    Row("no_shadow", "sed -i 's/^shadow:.*/shadow: files/' /etc/nsswitch.conf; " + NO_ACCOUNT_LINE, "ACC-02", INIT),
    Row("shell_gone", shell("/bin/gone"), "ACC-07", ("name another one in the accounts file", f"sed -i s,/bin/gone,/bin/bash, {ACCOUNTS}")),
    Row("shell_not_executable", "cp /bin/dash /etc/shell; chmod 644 /etc/shell; " + shell("/etc/shell"), "ACC-07", ("Install the shell", "chmod 755 /etc/shell")),
    Row("shell_is_nologin", shell("/usr/sbin/nologin"), "ACC-09", ("Name another shell", f"sed -i s,/usr/sbin/nologin,/bin/bash, {ACCOUNTS}")),
    Row("home_gone", "rm -r /var/lib/breakglass/home/bg1", "ACC-10 WARN"),
    Row("home_gone_and_needed", "rm -r /var/lib/breakglass/home/bg1; sed -i '/DEFAULT_HOME/d' /etc/login.defs; echo 'DEFAULT_HOME no' >>/etc/login.defs", "ACC-10",
        ("Make the directory, with mode 0700", "mkdir -m 700 /var/lib/breakglass/home/bg1")),
    Row("journal_read_only", "mount --bind /var/lib/breakglass/journal /var/lib/breakglass/journal; mount -o remount,bind,ro /var/lib/breakglass/journal", "RES-01 RISK"),
    Row("journal_gone", "rm -r /var/lib/breakglass/journal", "RES-01 RISK"),
    Row("disk_full", "cp -a /var/lib/breakglass /run/bglab/bg; mount -t tmpfs -o size=1m none /var/lib/breakglass; cp -a /run/bglab/bg/. /var/lib/breakglass; head -c 2m /dev/zero >/var/lib/breakglass/x || true", "RES-01 RISK"),
    Row("run_read_only", "mkdir -p /run/breakglass; mount --bind /run/breakglass /run/breakglass; mount -o remount,bind,ro /run/breakglass", "RES-01 RISK"),
]

NETWORK = [
    Row("sshd_down", "true", "SSH-01", ("Start it", "true"), runs=()),
    Row("sshd_config_damaged", sshd("Nonsense yes"), "SSH-01", ("Correct that line", f"rm {EARLY}")),
    Row("no_such_address", "echo 'ListenAddress 192.0.2.77' >/etc/ssh/sshd_config.d/00-lab.conf; ! timeout 5 /usr/sbin/sshd -D || exit 1", "SSH-01", runs=()),
    Row("host_keys_gone", "rm /etc/ssh/ssh_host_*_key", "SSH-15", "ssh-keygen -A"),
    Row("host_keys_open", "chmod 644 /etc/ssh/ssh_host_*_key", "SSH-15", ('"chmod 600" takes them from others', "chmod 600 /etc/ssh/ssh_host_*_key")),
    Row("deny_users", sshd("DenyUsers bg1", LATE), "SSH-02", UNLIST),
    Row("deny_groups", sshd("DenyGroups root", LATE), "SSH-02", UNLIST),
    Row("allow_groups", sshd("AllowGroups wheel", LATE), "SSH-02", ("name it (or a group of its) in that Allow list", f"echo 'AllowGroups wheel root' >{LATE}")),
    Row("allow_users_without_ours", f"sed -i /AllowUsers/d {OURS}; echo 'AllowUsers alice' >{LATE}", "SSH-02", "--fix"),
    Row("root_no", every("PermitRootLogin no"), "SSH-03", FIRST),
    Row("root_by_key", every("PermitRootLogin prohibit-password"), "SSH-03", FIRST),
    Row("no_pam", sshd("UsePAM no"), "SSH-04", ("Set UsePAM yes", f"rm {EARLY}")),
    Row("no_questions", every("KbdInteractiveAuthentication no"), "SSH-05", ("no Match block before ours may say no", f"rm {EARLY}")),
    Row("methods", sshd("Match User *\n  AuthenticationMethods publickey,keyboard-interactive"), "SSH-06", ("no Match block before ours may say otherwise", f"rm {EARLY}")),
    Row("forced", every("ForceCommand /bin/true"), "SSH-07", ("no Match block before ours may set it", f"rm {EARLY}")),
    Row("locked_in", every("ChrootDirectory /etc/breakglass"), "SSH-07", ("no Match block before ours may set it", f"rm {EARLY}")),
    Row("no_sessions", every("MaxSessions 0"), "SSH-07", ("leave the account out of its Match block", f"rm {EARLY}")),
    Row("short_grace", sshd("LoginGraceTime 30"), "SSH-08 RISK"),
    Row("one_try", every("MaxAuthTries 1"), "SSH-09 RISK"),
    Row("one_startup", sshd("MaxStartups 1"), "SSH-09 RISK"),
    Row("use_dns", sshd("UseDNS yes"), "SSH-11 RISK"),
    Row("hosts_deny", "echo 'sshd: ALL' >>/etc/hosts.deny", "SSH-13", ("in /etc/hosts.allow", "echo 'sshd : 127.0.0.1 192.0.2.0/24' >>/etc/hosts.allow")),
    Row("packet_filter", f"sed -i s/127.0.0.1/0.0.0.0/ /etc/ssh/sshd_config.d/00-lab.conf; printf '{FILTER}' | nft -f -", "SSH-14", "nft insert rule inet ill in tcp dport 22 accept"),
    Row("drop_in_gone", f"rm {OURS}", "SSH-16", "--fix"),
    Row("drop_in_emptied", f": >{OURS}", "SSH-16", "--fix"),
    Row("include_line_gone", "sed -i /^Include/d /etc/ssh/sshd_config", "SSH-16", ('Put "Include /etc/ssh/sshd_config.d/*.conf" at the top', "sed -i '1iInclude /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config")),
    Row("other_settings_first", every("PasswordAuthentication yes"), "SSH-16 RISK"),
    Row("run_sshd_gone", "mv /run/sshd /run/sshd.away", "SSH-01", ("Start it", "mv /run/sshd.away /run/sshd")),
]

NAMES = [
    Row("passwd_line", "sed -i '/^passwd/s/breakglass//' /etc/nsswitch.conf", "NSS-01", "--fix"),
    Row("all_lines", "sed -i s/breakglass// /etc/nsswitch.conf", "NSS-01", "--fix"),
    Row("wiped", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' >/etc/nsswitch.conf", "NSS-01", "--fix"),
    Row("nsswitch_gone", "rm /etc/nsswitch.conf", "NSS-01"),
    Row("group_line", "sed -i '/^group/s/breakglass//' /etc/nsswitch.conf", "NSS-03 RISK"),
    Row("unparsable", "sed -i 's/^passwd.*/& [NOTFOUND return]/' /etc/nsswitch.conf", "NSS-01", ("Correct the line", "sed -i 's/ .NOTFOUND return.//' /etc/nsswitch.conf")),
    Row("ended_before", "sed -i 's/^passwd.*/passwd: files [NOTFOUND=return] breakglass/' /etc/nsswitch.conf", "NSS-01", INIT),
    Row("behind_the_directory", "sed -i 's/^passwd.*/passwd: files ldap breakglass/' /etc/nsswitch.conf", "NSS-02 RISK"),
    Row("nss_module_gone", f"mount --bind /dev/null {NSS_MODULE}", "NSS-01", ("Install the package again", f"umount {NSS_MODULE}")),
]

RIGHTS = [
    Row("no_sudo_rule", "rm /etc/sudoers.d/lab", "SUD-01", ("NOPASSWD: ALL", f"echo '{OWN} ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/x"), account=OWN),
    Row("sudo_asks", "sed -i 's/NOPASSWD: //' /etc/sudoers.d/lab", "SUD-02", ("NOPASSWD in its rule", "sed -i 's/) ALL/) NOPASSWD: ALL/' /etc/sudoers.d/lab"), account=OWN),
    Row("sudo_rule_is_over", "sed -i 's/NOPASSWD/NOTAFTER=20200101000000Z &/' /etc/sudoers.d/lab", "SUD-03", ("Take NOTBEFORE and NOTAFTER out", "sed -i 's/NOTAFTER=[0-9Z]* //' /etc/sudoers.d/lab"), account=OWN),
    Row("sudo_noexec", "echo 'Defaults noexec' >>/etc/sudoers", "SUD-06 WARN", account=OWN),
    Row("sudoers_damaged", "echo nonsense >>/etc/sudoers.d/lab", "SUD-01 RISK", account=OWN),
    Row("sudoers_open", "chmod 666 /etc/sudoers.d/lab", "SUD-01", account=OWN),
    Row("sudo_stack", f"sed -i '1iaccount required pam_deny.so' {PAM}sudo", "SUD-01 UNKNOWN", account=OWN),
]

ROWS = [*HARMLESS, *STACKS, *MODULES_IN_FRONT, *FILES, *NETWORK, *NAMES, *RIGHTS]
