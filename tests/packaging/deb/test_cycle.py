# SPDX-License-Identifier: ISC
"""Packages come and go: nothing changes by installing, and nothing of ours stays behind but the record."""

import os
import sys

import bglab

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import debs  # noqa: E402
from debs import apt, must, must_not  # noqa: E402

JOURNAL = "/var/lib/breakglass/journal"


def start() -> None:
    debs.prepare()
    bglab.start_daemons()
    must("systemd-sysusers --inline 'u breakglass-alert -'")  # whom no removal takes away


def without_units(tree: dict) -> dict:
    return {k: v for k, v in tree.items() if not k.startswith("/etc/systemd/system/")}


def test_installing_changes_no_login() -> None:
    """No file of /etc but links that enable units; a login is what it was; the question's answer was no."""
    before = debs.tree()
    apt(f"install {debs.archives()}")
    debs.same("/etc", without_units(before), without_units(debs.tree()))
    assert os.path.islink("/etc/systemd/system/multi-user.target.wants/breakglass-alert.service")
    assert not os.path.exists("/etc/breakglass")
    bglab.equal(debs.others(), "alice")
    apt("purge " + " ".join(debs.ALL))
    debs.same("/etc after purge", before, debs.tree())
    assert not os.path.exists("/var/lib/breakglass") and not os.path.exists("/run/breakglass"), os.listdir("/var/lib/breakglass")


def test_whole_circle() -> None:
    """Install, init, undo, remove, purge, twice; the second time the removal itself undoes. The journal stays, and it says so."""
    before = debs.tree()
    for undo in (True, False):
        debs.install()
        bglab.enrol()
        assert debs.MODULE in debs.pam_lines() and "breakglass" in bglab.read("/etc/nsswitch.conf")
        if undo:
            must("breakglass init --undo --yes")
        apt("remove breakglass")
        bglab.equal(debs.pam_lines(), "")
        after = without_units(debs.tree())
        debs.same("/etc after remove", without_units(before), {k: v for k, v in after.items() if "/breakglass" not in k})
        assert os.path.exists("/etc/breakglass/accounts")  # remove is not purge
        said = apt("purge " + " ".join(debs.ALL))
        assert f"{JOURNAL} stays" in said, said
        debs.same("/etc after purge", before, debs.tree())
        assert os.listdir(JOURNAL) and "config.changed" in must(f"cat {JOURNAL}/*.jsonl")
        assert set(os.listdir("/var/lib/breakglass")) <= {"cursors", "head", "journal", "seal", "state"}, os.listdir("/var/lib/breakglass")
        bglab.equal(debs.others(), "alice")


def test_what_is_found_goes_on() -> None:
    """Removed and installed again: the account is there, init puts it to work, and the journal is one."""
    debs.forget()
    debs.install()
    shares = bglab.enrol()
    apt("remove breakglass")
    debs.install()
    bglab.equal(debs.pam_lines(), "")
    must("breakglass init --yes")
    with bglab.login("bg1") as person:
        bglab.open_door(person, shares[:2])
        bglab.equal(person.shell("id -u"), "0\n")
    must("breakglass journal verify")


def test_no_module_goes_alone() -> None:
    """Whichever package is removed, the lines are gone before the module is."""
    for name in ("libpam-breakglass", "libnss-breakglass", "breakglass-alert"):
        debs.install()
        must("breakglass init --yes")
        assert "breakglass" in must_not(f"dpkg --remove {name}")
        bglab.equal(len(debs.installed()), 4)
        apt(f"remove {name}")
        bglab.equal(debs.pam_lines(), "")
        assert "breakglass" not in bglab.read("/etc/nsswitch.conf")
        bglab.equal(len(debs.installed()), 3 - 1)
    debs.install()
    must("breakglass init --yes")
    said = must_not("dpkg --remove --force-depends libpam-breakglass")
    assert "/etc/pam.d/login:" in said and "breakglass init --undo" in said, said
    said = must_not("dpkg --remove --force-depends libnss-breakglass")
    assert "/etc/nsswitch.conf:" in said, said
    bglab.equal(debs.others(), "alice")


def test_a_person_edited() -> None:
    """Exactly our lines are taken from an edited file; what only a person can decide stops the removal and is named."""
    debs.install()
    must("breakglass init --yes && echo '# by hand' >>/etc/pam.d/su && echo 'ethers: files breakglass' >>/etc/nsswitch.conf")
    said = must_not("apt-get -y remove breakglass")
    assert "breakglass is not removed" in said and "/etc/nsswitch.conf:" in said and "ethers" in said, said
    assert "breakglass" in " ".join(debs.installed()) and "let nobody in" in said, said
    bglab.equal(debs.others(), "alice")
    for line in ("ethers:breakglass files", "ethers: files breakglass[NOTFOUND=return]"):
        must(f"sed -i 's/^ethers: *files breakglass.*\\|^ethers:breakglass.*/{line}/' /etc/nsswitch.conf")
        assert line in must_not("apt-get -y remove breakglass")
    must("sed -i '/^ethers:.*breakglass/d' /etc/nsswitch.conf")
    apt("remove breakglass")
    bglab.equal(debs.pam_lines(), "")
    assert bglab.read("/etc/pam.d/su").endswith("# by hand\n")
    must("sed -i '/^# by hand/d' /etc/pam.d/su")


def test_undo_that_fails() -> None:
    """When init cannot take its lines out, everything stays as it is and works."""
    debs.install()
    must("breakglass init --yes && chattr +i /etc/pam.d/su 2>/dev/null || mount --bind /etc/pam.d/su /etc/pam.d/su")
    said = must_not("apt-get -y remove breakglass")
    must("chattr -i /etc/pam.d/su 2>/dev/null; umount /etc/pam.d/su 2>/dev/null; true")
    assert "breakglass is not removed" in said, said
    assert debs.MODULE in bglab.read("/etc/pam.d/login") and debs.MODULE in bglab.read("/etc/pam.d/su")
    apt("purge " + " ".join(debs.ALL))
    bglab.equal(debs.pam_lines(), "")


def test_undo_that_fails_where_nothing_was_done() -> None:
    """A host that never ran init, and cannot: nothing names the modules, so they go."""
    debs.install()
    must("mkdir -p /run/breakglass && mount -t tmpfs -o ro tmpfs /run/breakglass")
    must_not("breakglass init --undo --yes")
    apt("remove breakglass")
    must("umount /run/breakglass")
    apt("purge " + " ".join(debs.ALL))


def test_the_question() -> None:
    """Who answers yes beforehand gets the account with the package; a host where init cannot do it is told, and installs."""
    must("echo 'breakglass breakglass/init boolean true' | debconf-set-selections")
    debs.install()
    assert debs.MODULE in debs.pam_lines() and "bg1:" in bglab.read("/etc/breakglass/accounts")
    apt("purge " + " ".join(debs.ALL))
    must("cp /etc/nsswitch.conf /tmp/nsswitch && echo 'initgroups: files' >>/etc/nsswitch.conf")
    must("echo 'breakglass breakglass/init boolean true' | debconf-set-selections")
    said = debs.install()
    assert "found what is said above" in said and "initgroups" in said, said
    bglab.equal((debs.pam_lines(), len(debs.installed())), ("", 4))
    must("cat /tmp/nsswitch >/etc/nsswitch.conf")
    apt("purge " + " ".join(debs.ALL))
