# SPDX-License-Identifier: ISC
"""Other people's logins and the emergency account's name, with one of our modules broken, and after the tools that edit
the same system files as we do."""

import glob
import os
import shutil
from collections.abc import Callable

import bglab
import portrait
from portrait import holds

PAM_MODULE = bglab.run("ls /lib/*/security/pam_breakglass.so").stdout.strip()
NSS_MODULE = bglab.run("ls /lib/*/libnss_breakglass.so.2").stdout.strip()
SERVICES = ["login", "sshd", "su", "su-l"]
ASKED = ("dialogue", "dialogue", "dialogue", "refused")

_OTHER = "int something_else(void){return 0;}"
_UNRESOLVED = {
    PAM_MODULE: "int nowhere(void); int pam_sm_authenticate(void*p,int f,int n,void*v){return nowhere();}"
                "int pam_sm_acct_mgmt(void*p,int f,int n,void*v){return 0;}int pam_sm_setcred(void*p,int f,int n,void*v){return 0;}",
    NSS_MODULE: "int nowhere(void); int _nss_breakglass_getpwnam_r(void){return nowhere();}"
                "int _nss_breakglass_initgroups_dyn(void){return nowhere();}",
}
SHARES = f"{bglab.STATE}/shares"


def start() -> None:
    portrait.begin()
    portrait.enrol()


# -- the modules -----------------------------------------------------------------------------------


def replaced(path: str, content: bytes) -> None:
    """By rename, because running programs have the old file mapped."""
    with open(f"{path}.new", "wb") as file:
        file.write(content)
    os.chmod(f"{path}.new", 0o644)
    os.rename(f"{path}.new", path)


def compiled(source: str) -> bytes:
    made = bglab.run(["gcc", "-x", "c", "-shared", "-fPIC", "-o", "/tmp/module.so", "-"], stdin=source)
    assert made.returncode == 0, made.stderr
    with open("/tmp/module.so", "rb") as file:
        return file.read()


def wrong_machine(path: str) -> bytes:
    """Its ELF header says that it was made for another processor (e_machine, offset 18)."""
    with open(path, "rb") as file:
        text = file.read()
    return text[:18] + b"\xf3\x00" + text[20:]


BROKEN: dict[str, Callable[[str], None]] = {
    "missing": os.unlink,
    "empty": lambda path: replaced(path, b""),
    "short": lambda path: replaced(path, b"\x7fELF\x02\x01\x01" + bytes(100)),
    "without_symbols": lambda path: replaced(path, compiled(_OTHER)),
    "unresolved": lambda path: replaced(path, compiled(_UNRESOLVED[path])),
    "for_another_machine": lambda path: replaced(path, wrong_machine(path)),
}
# Without the PAM module bg1 is a user with a locked password; without the NSS module there is no such user at all.
PAM_GONE = ("password refused", "password refused", "password refused", "IN")
NSS_GONE = ("dialogue", "dialogue", "refused", "refused")
BOTH_GONE = ("password refused", "password refused", "refused", "IN")


def _test_of(paths: list[str], breaks: Callable[[str], None], outcomes: tuple[str, str, str, str]) -> Callable[[], None]:
    def test() -> None:
        for path in paths:
            shutil.copy2(path, f"{bglab.STATE}/{os.path.basename(path)}")
        try:
            for path in paths:
                breaks(path)
            holds(*outcomes)
        finally:
            for path in paths:
                shutil.copy2(f"{bglab.STATE}/{os.path.basename(path)}", f"{path}.new")
                os.rename(f"{path}.new", path)

    return test


def test_in_order() -> None:
    holds(*ASKED)


for _how, _breaks in BROKEN.items():
    for _what, _paths, _outcomes in (("pam", [PAM_MODULE], PAM_GONE), ("nss", [NSS_MODULE], NSS_GONE)):
        _test = _test_of(_paths, _breaks, _outcomes)
        _test.__name__ = f"test_{_what}_module_{_how}"
        globals()[_test.__name__] = _test

test_both_modules_missing = _test_of([PAM_MODULE, NSS_MODULE], os.unlink, BOTH_GONE)
test_both_modules_missing.__name__ = "test_both_modules_missing"


# -- the tools that edit the same files ------------------------------------------------------------


def service_files() -> dict[str, str]:
    return {name: bglab.read(f"/etc/pam.d/{name}") for name in SERVICES}


def common_files() -> dict[str, str]:
    return {path: bglab.read(path) for path in sorted(glob.glob("/etc/pam.d/common-*")) if not path.endswith(".pam-old")}


def done(command: str) -> None:
    result = bglab.run(f"export DEBIAN_FRONTEND=noninteractive; {command}")
    assert result.returncode == 0, result.stdout + result.stderr


def nsswitch(database: str) -> list[str]:
    lines = [line.split() for line in bglab.read("/etc/nsswitch.conf").splitlines()]
    return next(words[1:] for words in lines if words and words[0] == f"{database}:")


def names_are_ours() -> None:
    """Our tokens are there, before every network service, and neither bg1 nor root causes a request."""
    for database in ("passwd", "shadow"):
        bglab.equal(nsswitch(database)[:2], ["files", "breakglass"])
    bglab.equal(nsswitch("group")[:3], ["files", "breakglass", "[TRYAGAIN=return]"])
    mark = bglab.nslcd_mark()
    bglab.equal(bglab.run("id -u bg1; getent shadow bg1 | cut -d: -f1; id -G root").stdout.split("\n")[:3:2], ["0", "0"])
    bglab.equal(bglab.nslcd_requests_since(mark), [])
    bglab.run("id luser5")
    assert bglab.nslcd_requests_since(mark), "the log is not read"


def door_opens() -> None:
    shares = list(portrait.kept("shares").values())
    with bglab.login("bg1") as person:
        bglab.open_door(person, shares[:2])
        bglab.equal(person.shell("id -u"), "0\n")


def after(command: str) -> None:
    """Run a tool: our lines survive, other people notice nothing, and the account opens."""
    services = service_files()
    done(command)
    bglab.equal(service_files(), services)
    names_are_ours()
    holds(*ASKED)
    door_opens()


def test_pam_auth_update() -> None:
    common = common_files()
    after("pam-auth-update --package && pam-auth-update --force --enable unix ldap && dpkg-reconfigure libpam-runtime")
    bglab.equal(common_files(), common)


def test_another_package_adds_its_pam_modules() -> None:
    """A second primary module in the stacks, after which a jump over a number of lines would land elsewhere."""
    line = "[success=end default=ignore] pam_succeed_if.so quiet user = nobody-at-all"
    with open("/usr/share/pam-configs/lab", "w", encoding="ascii") as file:
        file.write("Name: lab\nDefault: yes\nPriority: 900\n")
        file.write("".join(f"{kind}-Type: Primary\n{kind}:\n\t{line}\n" for kind in ("Auth", "Account")))
    common = common_files()
    after("pam-auth-update --package")
    assert common_files() != common, "pam-auth-update did nothing"
    os.unlink("/usr/share/pam-configs/lab")
    after("pam-auth-update --package --remove lab")
    bglab.equal(common_files(), common)


def _maintainer(package: str, script: str, arguments: str) -> str:
    """One of a package's own scripts as dpkg runs it."""
    found = glob.glob(f"/var/lib/dpkg/info/{package}.{script}") + glob.glob(f"/var/lib/dpkg/info/{package}:*.{script}")
    assert len(found) == 1, f"{package} is not installed"
    return f"DPKG_MAINTSCRIPT_PACKAGE={package} DPKG_MAINTSCRIPT_NAME={script} DPKG_ROOT= {found[0]} {arguments}"


def test_libnss_sss_comes_and_goes() -> None:
    before = [nsswitch(database) for database in ("passwd", "group", "shadow")]
    after(f"{_maintainer('libnss-sss', 'preinst', 'install')} && {_maintainer('libnss-sss', 'postinst', 'configure')}")
    assert "sss" in nsswitch("group"), bglab.read("/etc/nsswitch.conf")
    after("dpkg --purge --force-depends libnss-sss")
    bglab.equal([nsswitch(database) for database in ("passwd", "group", "shadow")], before)


def test_libnss_ldapd_comes_after_us() -> None:
    """A host that gets its directory later: the package's own script adds "ldap" after what it finds."""
    before = [nsswitch(database) for database in ("passwd", "group", "shadow")]
    done("sed -i 's/[ \t]ldap\\b//' /etc/nsswitch.conf")
    bglab.equal(nsswitch("group"), ["files", "breakglass", "[TRYAGAIN=return]"])
    done("echo 'libnss-ldapd libnss-ldapd/nsswitch multiselect passwd, group, shadow' | debconf-set-selections")
    after(_maintainer("libnss-ldapd", "postinst", "configure"))
    bglab.equal([nsswitch(database) for database in ("passwd", "group", "shadow")], before)
