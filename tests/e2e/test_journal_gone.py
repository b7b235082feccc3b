# SPDX-License-Identifier: ISC
"""Whatever empties, cuts or replaces the journal, the login works and nobody says "No findings"."""
import json
import os

import bglab

ACCOUNT = "bg1"
SHARES: list[str] = []
STATE = "/var/lib/breakglass"
DIR = f"{STATE}/journal"
SEGMENT = f"{DIR}/000001.jsonl"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def probed() -> bool:
    """The newest use has been looked at."""
    events = bglab.journal(probed=True)
    granted = [e["data"]["unmapped"]["breakglass"]["use"] for e in events if e["type"].endswith("use.granted.v1")]
    return any(e["type"].endswith("use.probed.v1") and e["data"]["unmapped"]["breakglass"]["use"] == granted[-1] for e in events)


def use() -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        person.line("exit")
        person.expect_end(20)
    bglab.until("what was dead is on record", probed)  # no line comes after it by itself


def lines() -> list[dict]:
    with open(SEGMENT, encoding="utf-8") as journal:
        return [json.loads(line) for line in journal]


def newest() -> tuple[str, int]:
    last = lines()[-1]
    return last["journalid"], int(last["sequence"])


def accept() -> None:
    """The finding is explained, so that the next test begins without one."""
    bglab.run(["breakglass", "journal", "accept", "--yes", "--reason", "by the test"])
    verify = bglab.run(["breakglass", "journal", "verify"])
    assert verify.returncode == 0, verify.stdout + verify.stderr


def assert_known(journalid: str, sequence: int, says: str) -> None:
    """Known before anything is recorded, told by the next event, and a finding until a person explains it."""
    status, verify = bglab.run(["breakglass", "status"]), bglab.run(["breakglass", "journal", "verify"])
    assert status.returncode == 1 and verify.returncode == 1, status.stdout + verify.stdout
    assert says in " ".join(verify.stderr.split()), verify.stderr
    use()
    told = [e for e in lines() if e["type"] == "org.breakglass.tamper.detected.v1" and says in e["data"]["message"]][-1]
    assert told["journalid"] == journalid and int(told["sequence"]) == sequence + 1, told  # no number is given twice
    assert any(e["type"] == "org.breakglass.use.granted.v1" for e in lines())
    status, verify = bglab.run(["breakglass", "status"]), bglab.run(["breakglass", "journal", "verify"])
    assert status.returncode == 1 and verify.returncode == 1, status.stdout + verify.stdout
    accept()


def test_emptied_by_copytruncate() -> None:
    use()
    was = newest()
    bglab.run(f"cp {SEGMENT} {SEGMENT}.1; : >{SEGMENT}")
    assert_known(*was, "000001.jsonl.1 stands beside it")
    os.remove(f"{SEGMENT}.1")


def test_segment_deleted() -> None:
    was = newest()
    os.remove(SEGMENT)
    assert_known(*was, "000001.jsonl was removed")


def test_directory_gone() -> None:
    was = newest()
    bglab.run(["rm", "-rf", DIR])
    status = bglab.run(["breakglass", "status"])
    assert status.returncode == 1, status.stdout
    assert_known(*was, "lines are gone")


def test_cut_at_a_line() -> None:
    use()
    was = newest()
    bglab.run(f"sed -i '$d' {SEGMENT}; head -n -2 {SEGMENT} >{SEGMENT}.cut && cat {SEGMENT}.cut >{SEGMENT}; rm {SEGMENT}.cut")
    assert_known(*was, "had been written")


def test_an_older_copy_put_back() -> None:
    bglab.run(f"cp -p {SEGMENT} /root/older")
    use()
    was = newest()
    bglab.run(f"rm {SEGMENT}; cp -p /root/older {SEGMENT}")
    assert_known(*was, "had been written")


def test_an_older_state_directory_put_back() -> None:
    """With its second place: the copy in /run knows better until the next boot."""
    bglab.run(f"cp -a {STATE} /root/state")
    use()
    was = newest()
    bglab.run(f"rm -rf {DIR} {STATE}/head; cp -a /root/state/journal /root/state/head {STATE}/")
    assert_known(*was, "had been written")


def test_a_lone_segment_that_nobody_can_read() -> None:
    was = newest()
    bglab.run(f"tr -c '\\n' '\\0' <{SEGMENT} >/root/zeros; cat /root/zeros >{SEGMENT}")
    use()
    told = lines()[0]
    assert told["type"] == "org.breakglass.journal.setaside.v1" and int(told["sequence"]) == was[1] + 1, told
    assert os.path.getsize(f"{SEGMENT}.aside-1") > 0 and not os.path.exists("/run/breakglass/journal/000001.jsonl")
    accept()


def test_a_segment_over_64_mb() -> None:
    was = newest()
    os.truncate(SEGMENT, (64 << 20) + 1)
    use()
    told = lines()[0]
    assert told["type"] == "org.breakglass.journal.setaside.v1" and int(told["sequence"]) == was[1] + 1, told
    accept()


def test_everything_gone_but_a_cursor() -> None:
    """Journal, second place and its copy: what delivers has seen the journal too, and says so."""
    conf = "/etc/breakglass/breakglass.conf"
    was = bglab.read(conf) if os.path.exists(conf) else ""
    with open(conf, "a", encoding="utf-8") as file:
        file.write("\n[sink here]\ntype = syslog\npath = /dev/log\n")
    os.chmod(conf, 0o600)
    use()


    def read() -> bool:
        journalid, sequence = newest()
        return f"journal {journalid} {sequence} " in bglab.read("/run/breakglass/cursors/here")

    bglab.until("it is read", read)
    reached = newest()
    bglab.run(["rm", "-rf", DIR, f"{STATE}/head", "/run/breakglass/journal/durable"])
    for command in ("status", "journal verify"):
        seen = bglab.run(["breakglass", *command.split()])
        assert seen.returncode == 1 and "BG318" in seen.stderr, seen.stdout + seen.stderr
    use()  # a journal that begins anew
    use()

    def told() -> list[dict]:
        return [e for e in lines() if e["type"] == "org.breakglass.tamper.detected.v1" and "BG318" in e["data"]["message"]]

    bglab.until("it is on record", told)
    assert reached[0] in told()[0]["data"]["message"]
    with open(conf, "w", encoding="utf-8") as file:
        file.write(was)
