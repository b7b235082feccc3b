#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass check: what becomes of findings. usage: test_check_output.py BUILDDIR [TEST]...

SARIF is compared with OASIS' schema where SARIF_SCHEMA names that file (sarif-schema-2.1.0.json).
"""
import os, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

SSHD, SU = "/etc/pam.d/sshd", "/etc/pam.d/su"
BEFORE = "/run/before.json"


def set_up():
    """An account with cards, and nothing that blocks."""
    bg("init", "--yes")
    write("/etc/breakglass/breakglass.conf", "[record]\nsink-required = no\n")
    bg("share", "new", "bg1", "--yes", "--quiet")
    sshd_listens()


def found(*args, rc=None):
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--json", *args], text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert p.stderr == "" and (rc is None or p.returncode == rc), (args, p.returncode, p.stdout[-3000:], p.stderr)
    out = json.loads(p.stdout)
    assert out["exit"] == p.returncode
    return out


def blocks(out):
    return sorted((f["id"], f["pam_service"]) for f in out["findings"] if f["severity"] == "BLOCK")


def deny(path, line="auth required pam_deny.so\n"):
    write(path, line + read(path))


def no_line(path):
    write(path, read(path).replace(LINES["auth"], ""))


def test_findings_have_all_members_and_an_order():
    set_up()
    no_line(SSHD)
    os.chmod("/etc/breakglass/credentials/bg1", 0o644)
    out = found(rc=1)
    ranks = [("BLOCK", "RISK", "WARN", "UNKNOWN").index(f["severity"]) for f in out["findings"]]
    assert ranks == sorted(ranks) and 0 in ranks and 1 in ranks, out["findings"]
    for f in out["findings"]:
        assert set(f) == {"id", "severity", "account", "pam_service", "scenario", "file", "line", "title", "text", "next", "why"}, f
        assert isinstance(f["line"], int) and all(isinstance(v, str) for k, v in f.items() if k != "line"), f
    assert ("PAM-01", "sshd") in blocks(out), out["findings"]
    assert [f["id"] for f in out["findings"] if f["pam_service"] == "sshd" and f["severity"] == "BLOCK"] == ["PAM-01"], out["findings"]
    # what status finds of our files is a rule here
    assert any("credentials/bg1" in f["text"] and "0644" in f["text"] for f in out["findings"]), out["findings"]


def test_warnings_alone_are_no_failure():
    set_up()
    out = found()
    assert out["exit"] == (1 if any(f["severity"] != "WARN" for f in out["findings"]) else 0)


def test_only_news():
    set_up()
    no_line(SSHD)
    write(BEFORE, json.dumps(found(rc=1)))
    out = found("--baseline", BEFORE)
    assert out["findings"] == [] and out["known_before"] > 0 and out["exit"] == 0, out
    no_line(SU)
    out = found("--baseline", BEFORE, rc=1)
    assert ("PAM-01", "su") in blocks(out) and ("PAM-01", "sshd") not in blocks(out), out["findings"]  # su-l includes su
    has(bg("check", "--baseline", BEFORE, rc=1), "findings of before are left out", "PAM-01 BLOCK")
    # a finding speaks for one
    doubled = json.loads(read(BEFORE))
    doubled["findings"] = []
    write(BEFORE, json.dumps(doubled))
    assert ("PAM-01", "sshd") in blocks(found("--baseline", BEFORE, rc=1))


def test_a_line_that_has_moved_is_no_news():
    set_up()
    deny(SSHD)
    write(BEFORE, json.dumps(found(rc=1)))
    write(SSHD, "# a comment\n" + read(SSHD))
    news = {f["id"] for f in found("--baseline", BEFORE)["findings"]}
    assert news <= {"MAC-07"}, news  # that the file is another than before is news


def test_graver_than_before_is_news():
    set_up()
    no_line(SSHD)
    before = found(rc=1)
    for f in before["findings"]:
        f["severity"] = "RISK"
    write(BEFORE, json.dumps(before))
    assert ("PAM-01", "sshd") in blocks(found("--baseline", BEFORE, rc=1))


def test_what_is_no_baseline():
    set_up()
    good = found()
    os.mkfifo("/run/pipe")
    for path, text in (("/run/none", None), ("/run/pipe", None), ("/run", None), ("/run/a", ""), ("/run/b", "{}"), ("/run/c", "[1]"), ("/run/d", "{\"command\": \"check\"}"),
                       ("/run/e", json.dumps({**good, "command": "status"})), ("/run/f", json.dumps({**good, "findings": [{"id": 7}]})),
                       ("/run/g", json.dumps({**good, "findings": [1]})), ("/run/h", json.dumps(good)[:-5])):
        if text is not None:
            write(path, text)
        out = found("--baseline", path, rc=3)
        assert [f["id"] for f in out["findings"]] == ["BG1340"], (path, out["findings"])


def test_sarif():
    """What SARIF 2.1.0 (OASIS Standard, 27 March 2020) demands of such a log."""
    set_up()
    odd = "/etc/pam.d/sshd"
    no_line(odd)
    deny(SU)
    text = subprocess.run(["/usr/sbin/breakglass", "check", "--sarif"], text=True, capture_output=True, timeout=60)
    assert text.returncode == 1 and text.stderr == "", text
    log = json.loads(text.stdout)
    against_schema(log, "SARIF_SCHEMA")
    assert log["version"] == "2.1.0" and log["$schema"].startswith("https://") and len(log["runs"]) == 1
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"] == "breakglass" and driver["version"]
    ids = [r["id"] for r in driver["rules"]]
    assert len(ids) == len(set(ids)) and all(r["shortDescription"]["text"] and r["help"]["text"] for r in driver["rules"])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    results = run["results"]
    assert len(results) == len([f for f in found(rc=1)["findings"]])
    for r in results:
        assert r["ruleId"] == ids[r["ruleIndex"]] and r["message"]["text"]
        assert (r["kind"], r["level"]) in (("fail", "error"), ("fail", "warning"), ("fail", "note"), ("open", "none")), r
        for where in r.get("locations", []):
            if "physicalLocation" in where:
                assert re.fullmatch(r"file:///[A-Za-z0-9._~/%-]*", where["physicalLocation"]["artifactLocation"]["uri"]), where
                assert where["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1
            assert all(one["name"] for one in where.get("logicalLocations", []))
    spoiled = [r for r in results if r["ruleId"] in ("PAM-01", "PAM-03") and {"name": "su", "kind": "pam_service"} in r["locations"][0]["logicalLocations"]]
    assert spoiled and spoiled[0]["level"] == "error", results
    assert spoiled[0]["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": f"file://{SU}"}, "region": {"startLine": 1}}, spoiled


def test_options_that_exclude_each_other():
    set_up()
    for args in (("--sarif", "--json"), ("--record", "--json", "bg1"), ("--record", "--service", "su"), ("--record", "--scenario", "normal"),
                 ("--record", "--sarif"), ("--record", "--fix"), ("--record", "--baseline", BEFORE), ("--sarif", "--fix")):
        p = subprocess.run(["/usr/sbin/breakglass", "check", *args], text=True, capture_output=True, timeout=60)
        assert p.returncode == 2 and "BG1341" in p.stdout + p.stderr, (args, p)


def test_fix():
    set_up()
    good = {p: read(p) for p in (SSHD, SU, DROPIN, "/etc/nsswitch.conf")}
    modes = {p: os.stat(p).st_mode for p in ("/etc/breakglass/credentials/bg1", "/etc/breakglass/accounts")}
    no_line(SSHD)
    deny(SU)
    os.unlink(DROPIN)
    write("/etc/nsswitch.conf", good["/etc/nsswitch.conf"].replace(" breakglass", ""))
    os.chmod("/etc/breakglass/credentials/bg1", 0o644)
    os.chmod("/etc/breakglass/accounts", 0o666)
    harmed = {p: read(p) for p in good if os.path.exists(p)}
    assert blocks(found(rc=3))  # accounts that anybody may write are not read
    os.chmod("/etc/breakglass/accounts", 0o600)
    out = found("--fix", "--dry-run", rc=1)
    assert {d["path"] for d in out["fix"]["diffs"]} >= {SSHD, "/etc/nsswitch.conf"} and len(out["fix"]["modes"]) == 2, (out["fix"], out["findings"])
    os.chmod("/etc/breakglass/accounts", 0o666)
    assert {p: read(p) for p in harmed} == harmed and not os.path.exists(DROPIN) and blocks(out)
    found("--fix", rc=2)  # nobody is there to say yes
    assert {p: read(p) for p in harmed} == harmed
    out = found("--fix", "--yes")
    left = set(blocks(out)) - {("SSH-01", "sshd")}  # it was told to read its file again, and may not listen yet
    assert left == set(), out["findings"]
    assert LINES["auth"] in read(SSHD) and read(DROPIN) == good[DROPIN] and read("/etc/nsswitch.conf").count(" breakglass") == 3
    assert read(SU).count(LINES["auth"]) == 1 and read(SU).index(LINES["auth"]) < read(SU).index("pam_deny")  # whose line that is, only a person knows
    assert sorted(read(SU).splitlines()) == sorted(harmed[SU].splitlines())
    assert {p: os.stat(p).st_mode for p in modes} == modes
    assert [n["id"] for n in out["notes"]].count("BG1345") == 1, out["notes"]  # anybody could write to accounts
    assert kinds()[-1] == "config.changed"
    until("sshd listens again", lambda: not blocks(found()))
    before = system()
    has(bg("check", "--fix", "--yes", rc=found()["exit"]), "There is nothing that --fix mends.")
    assert system() == before


def test_fix_leaves_what_is_not_ours():
    """A file that is somebody else's, and a link, are for a person to look at."""
    set_up()
    os.chown("/etc/breakglass/groups", 65534, 65534)
    os.chmod("/etc/breakglass/groups", 0o666)
    os.rename("/etc/breakglass/credentials/bg1", "/etc/breakglass/real")
    os.symlink("/etc/breakglass/real", "/etc/breakglass/credentials/bg1")
    os.chmod("/etc/breakglass/real", 0o666)
    out = found("--fix", "--yes", rc=1)
    assert out["fix"]["modes"] == [] and os.stat("/etc/breakglass/groups").st_mode & 0o777 == 0o666, out["fix"]


def told():
    return [k for k in kinds() if k.startswith("check.")]


def test_record():
    set_up()
    found("--record")
    assert told() == [] or blocks(found()), told()
    no_line(SSHD)
    assert found("--record", rc=1)["on_record"] == "failed" and told() == ["check.failed"]
    event = journal()[-1]
    own = event["data"]["unmapped"]["breakglass"]
    assert event["severitynumber"] == 21 and event["subject"] == "bg1" and own["detail"] == "PAM-01", event
    assert "PAM-01 bg1 sshd" in event["data"]["message"], event
    assert found("--record", rc=1)["on_record"] == "" and told() == ["check.failed"]  # each is told once
    no_line(SU)
    assert found("--record", rc=1)["on_record"] == "failed"
    assert "PAM-01 bg1 su" in journal()[-1]["data"]["message"] and "PAM-01 bg1 sshd" in journal()[-1]["data"]["message"]
    write(SU, LINES["auth"] + read(SU))
    assert found("--record", rc=1)["on_record"] == "" and told() == ["check.failed"] * 2  # one is left
    write(SSHD, LINES["auth"] + read(SSHD))
    assert found("--record")["on_record"] == "passed" and told()[-1] == "check.passed"
    assert found("--record")["on_record"] == "" and len(told()) == 3
    no_line(SSHD)
    assert found("--record", rc=1)["on_record"] == "failed"
    for place in ("/run/breakglass/state/checked", "/var/lib/breakglass/state/checked"):
        if os.path.exists(place):
            os.unlink(place)
    assert found("--record", rc=1)["on_record"] == "failed"  # nothing is known: told once more
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--record"], text=True, capture_output=True, timeout=60)
    assert (p.returncode, p.stdout, p.stderr) == (1, "", ""), p


def test_an_account_that_is_being_set_up_is_no_alarm():
    bg("init", "--yes")
    sshd_listens()
    assert found("--record", rc=1)["on_record"] == "" and told() == []
    bg("share", "new", "bg1", "--yes", "--quiet")
    os.unlink("/etc/breakglass/credentials/bg1")  # no more: it had some
    assert found("--record", rc=1)["on_record"] == "failed" and told() == ["check.failed"]


def test_what_cannot_be_told_is_not_mended():
    set_up()
    write(SU, "auth required pam_deny.so\n" + read(SU).replace(LINES["auth"], ""))
    assert found("--record", rc=1)["on_record"] == "failed"
    write(SU, "auth sufficient pam_nobody_knows.so\n" + read(SU).replace(LINES["auth"], ""))
    out = found("--record", rc=1)
    assert out["on_record"] != "passed", out


def test_accounts_that_cannot_be_read_are_an_alarm():
    set_up()
    os.unlink("/etc/breakglass/accounts")
    os.mkdir("/etc/breakglass/accounts")
    p = subprocess.run(["/usr/sbin/breakglass", "check", "--record"], text=True, capture_output=True, timeout=60)
    assert p.returncode == 3 and told() == ["check.failed"], (p, told())


if __name__ == "__main__":
    main(globals())
