#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check --prove: what its verdicts mean. usage: test_prove.py BUILDDIR [TEST]...

tests/e2e/test_prove.py has real directories, sshd and what a proof must not leave behind.
"""
import os, shutil, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

PAM = ("login", "sshd", "su", "su-l")


def host():
    bg("init", "--yes")
    bg("share", "new", "bg1", "--shares", "2/3", "--yes")


def prove(rc=0):
    """The ways of PAM, and the newest event."""
    out = bg_json("check", "--prove", rc=rc)
    return {p["way_in"]: p for p in out["proofs"] if p["way_in"] in PAM}, out, journal()[-1]


def journal():
    lines = "".join(read(path) for path in sorted(glob.glob("/var/lib/breakglass/journal/*.jsonl"))).splitlines()
    return [json.loads(line) for line in lines]


def before(service, line):
    write(f"/etc/pam.d/{service}", line + "\n" + read(f"/etc/pam.d/{service}"))


def test_what_init_makes_is_proved():
    host()
    count = len(journal())
    sshd = os.path.exists("/usr/sbin/sshd")
    here = not sshd or os.path.exists("/usr/bin/ssh") and glob.glob("/etc/ssh/ssh_host_*_key") != []
    rows, out, event = prove(rc=0 if here else 1)
    assert all(rows[way]["result"] == "passed" and rows[way]["milliseconds"] > 0 for way in PAM), rows
    assert out["packets"] == 0 and len(journal()) == count + 1 and ".proof." in event["type"], (out, journal()[count:])
    assert event["data"]["user"]["name"] == "bg1" and "; 0 packets" in event["data"]["message"], event


def test_a_line_before_ours_that_has_failed():
    """The question is asked all the same; who answers it is refused in the end."""
    host()
    before("sshd", "auth required pam_deny.so")  # another code than ours: libpam says it
    before("login", "auth required pam_deny.so")  # the same code: the files say it
    rows, _, event = prove(rc=1)
    for way, cause in (("sshd", "a module before ours has failed for good: PAM ends with"), ("login", "the question is asked, but a line before ours")):
        assert rows[way]["result"] == "failed" and rows[way]["cause"].startswith(cause), rows[way]
        assert (rows[way]["file"], rows[way]["line"], rows[way]["module"]) == (f"/etc/pam.d/{way}", 1, "pam_deny.so"), rows[way]
    assert rows["su"]["result"] == "passed" and event["type"].endswith("proof.failed.v1"), (rows, event)


def test_files_are_read_once_for_all_ways():
    """By the command itself, which tells the line at fault; libpam in the room reads them for each."""
    if not shutil.which("strace"):
        return
    host()
    bg("init", "--account", "bg2", "--yes")
    for service in PAM[:3]:
        before(service, "auth required pam_deny.so")
    subprocess.run(["strace", "-qq", "-e", "trace=openat", "-o", "/mnt/calls", "/usr/sbin/breakglass", "check", "--prove"], capture_output=True, timeout=120)
    opened = re.findall(r'/([^"/]*)"', read("/mnt/calls"))
    counts = {name: opened.count(name) for name in ("common-auth", "sshd", "libpam.so.0")}
    assert all(counts.values()) and max(counts.values()) <= 2, counts  # libpam also by who starts the command


def test_who_is_root_need_not_be_asked_by_su():
    """pam_rootok before ours lets root alone in: others are asked. Before pam_permit nobody is."""
    host()
    before("su", "auth sufficient pam_rootok.so")
    assert prove()[0]["su"]["result"] == "passed"
    before("su", "auth sufficient pam_permit.so")
    rows, out, _ = prove(rc=1)
    assert rows["su"]["result"] == "failed" and "BG1306" in [f["id"] for f in out["findings"]], out


def test_shut_by_its_own_files_or_by_nothing():
    bg("init", "--yes")
    rows, _, event = prove(rc=1)
    assert all(rows[way]["result"] == "failed" and "(BG" in rows[way]["cause"] for way in PAM), rows  # no credential at all
    bg("share", "new", "bg1", "--shares", "2/3", "--yes")
    bg("disable", "bg1", "--yes")
    rows, out, event = prove(rc=1)
    assert all(rows[way]["result"] == "closed" for way in PAM), rows
    assert [f["id"] for f in out["findings"]] == ["BG1307"] and event["type"].endswith("proof.failed.v1"), (out, event)


if __name__ == "__main__":
    main(globals())
