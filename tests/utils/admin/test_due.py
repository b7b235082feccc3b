#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass due: dates and reminders. usage: test_due.py BUILDDIR [TEST]...

Days pass by libfaketime, which tells each program of this machine another date.
"""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CONF = "/etc/breakglass/breakglass.conf"
CREDENTIALS = "/etc/breakglass/credentials/bg1"
FAKETIME = "/etc/ld.so.preload"
SINK = "[sink relay]\ntype = syslog\npath = /run/relay\n"
WEEK = ["drill bg1", "people"]


def clock(days):
    """Every program from here on is that many days ahead."""
    write("/etc/faketimerc", f"+{days}d\n")
    write(FAKETIME, f"{LIB}/faketime/libfaketime.so.1\n")


def init(more=""):
    bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1) + more)
    return bg_json("share", "new", "bg1", "--yes")


def dates(**rows):
    """Options of [due]."""
    write(CONF, read(CONF).replace("[due]\n", "[due]\n" + "".join(f"{k.replace('_', '-')} = {v}\n" for k, v in rows.items()), 1))


def due(*args, rc=0):
    return {x["item"]: x for x in bg_json("due", *args, rc=rc)["dates"]}


def days(x):
    """From what it was done last, or 0, to its date."""
    def day(t):
        return int(subprocess.run(["date", "-u", "-d", t, "+%s"], capture_output=True, text=True, check=True).stdout)
    return (day(x["due"]) - day(x["done"])) / 86400


def recorded():
    p = subprocess.run(["/usr/sbin/breakglass", "due", "--record", "--json"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p
    own = [(k, e["data"]["unmapped"]["breakglass"].get("item")) for k, e in zip(kinds(), journal()) if k.startswith("due.")]
    n = json.loads(p.stdout)["recorded"]
    return sorted(own[len(own) - n:])


def test_nothing_is_due_of_nothing():
    has(bg("due"), "Nothing is due.")
    bg("init", "--yes")
    assert due() == {}  # nothing opens the account: it has not begun


def test_dates():
    init(SINK)
    found = due()
    assert sorted(found) == ["alert-test relay", "credential bg1 cards", "drill bg1", "people", "seal"], found
    assert days(found["credential bg1 cards"]) == 365 and not found["seal"]["overdue"] and found["drill bg1"]["done"] == ""
    order = [x["item"] for x in bg_json("due")["dates"]]
    assert set(order[:3]) == {"alert-test relay", *WEEK} and order[3:] == ["credential bg1 cards", "seal"], order
    out = bg("due")
    has(out, "in 6 days", "breakglass drill open bg1 --by NAME --until 2h", "in 364 days", "breakglass rotate bg1")
    assert all(len(line) < 80 for line in out.splitlines()), out
    assert list(due("--within", "14")) == order[:3]
    has(bg("due", "--within", "1"), "Nothing is due by then.")


def test_status():
    """Each account with its next date; what is overdue is a finding."""
    init()
    out = bg_json("status")
    assert out["accounts"][0]["next_date"] == {k: due()["drill bg1"][k] for k in ("item", "due", "next")}, out
    has(bg("status"), "bg1 next, in 6 days", "drill bg1", "# breakglass drill open bg1", "No findings.")
    clock(8)
    out = bg_json("status", rc=1)
    assert [f["id"] for f in out["findings"]] == ["BG1246"], out["findings"]
    has(bg("status", rc=1), "next, overdue 24 hours", "Overdue: 2, first drill bg1")


def test_each_can_be_switched_off():
    init(SINK)
    dates(drill_days=0, alert_test_days=0, people_days=0, credential_days=0, seal_days=0)
    assert due() == {}


def test_overdue():
    init()
    clock(8)
    assert [x for x, y in due(rc=1).items() if y["overdue"]] == WEEK
    has(bg("due", rc=1), "overdue 24 hours", "drill bg1")


def test_reminders():
    """Each once for each stage, and what is overdue once a week; a date that moved begins anew."""
    init()
    week = [("due.reminder", x) for x in WEEK]
    assert recorded() == week
    assert recorded() == []
    clock(6.5)
    assert recorded() == week and recorded() == []
    clock(8)
    assert recorded() == [("due.overdue", x) for x in WEEK] and recorded() == []
    clock(14)
    assert recorded() == []
    clock(15.5)
    assert recorded() == [("due.overdue", x) for x in WEEK]
    dates(drill_days=2, people_days=0)
    assert recorded() == [("due.overdue", "drill bg1")] and recorded() == []


def test_what_was_done():
    """A test of a sink and a verification with the key move their dates; one that found something does not."""
    key = re.search(r"bgseal1(?:\s+[02-9ac-hj-np-z]{1,5}){17}", bg("init", "--yes")).group()
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))
    bg("share", "new", "bg1", "--yes")
    assert due()["seal"]["done"] == ""
    bg("journal", "verify", "--key", "-", stdin="bgseal1qqqq\n", rc=3)
    assert due()["seal"]["done"] == ""
    bg("journal", "verify", "--key", "-", stdin=key + "\n")
    assert days(due()["seal"]) == 365


KEY = ("[key {1}]\ntype = eddsa\nid = {0:03x}12233445566778899aabbccddeeff\n"
       "public-key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\nrp-id = breakglass.test\n"
       "aaguid = 00000000000000000000000000000000\nfirmware = 328707\nuv = no\ncreated = 2026-11-22T12:03:24.123456Z\n")


SSH_KEY = ("[ssh-key {0}]\nblob = AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBtBIjC5GMta6D41W0dWkSlsDpn"
           "Sg6M5P+eysbWqJ2EAAAABHNzaD{1}=\ncreated = 2026-11-22T12:03:24.123456Z\n")


def test_many():
    """512 keys that nobody tested: some each day and how many more, each of them once, and nothing else is forgotten for it."""
    key = re.search(r"bgseal1(?:\s+[02-9ac-hj-np-z]{1,5}){17}", bg("init", "--yes")).group()
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))
    bg("share", "new", "bg1", "--yes")
    bg("journal", "verify", "--key", "-", stdin=key + "\n")
    write(CREDENTIALS, read(CREDENTIALS) + "".join(KEY.format(i, f"k{i}") for i in range(512)))
    dates(drill_days=0, people_days=0, credential_days=0)
    clock(95)
    told = []
    for run in range(17):
        now = recorded()
        assert len(now) <= 33, (run, len(now))
        told += now
    items = [x for kind, x in told if x != "dates"]
    assert len(items) == len(set(items)) == 512, (len(items), len(set(items)))
    assert [x for kind, x in told if x == "dates"] == 15 * ["dates"]
    assert recorded() == [] and due(rc=1)["seal"]["done"] != ""


def test_keys():
    init()
    write(CREDENTIALS, read(CREDENTIALS) + "\n" + KEY.format(0, "blue") + "\n" + KEY.format(1, "old") + "suspended = yes\n")
    found = due()["key-test bg1 blue"]
    assert found["due"] == "2027-02-20T12:03:24Z" and found["next"] == "breakglass key test bg1", found
    assert "key-test bg1 old" not in due()  # it opens nothing, and status says so
    write(CREDENTIALS, read(CREDENTIALS) + SSH_KEY.format("far", "o") + SSH_KEY.format("off", "s") + "suspended = yes\n")
    found = due()["key-test bg1 far"]
    assert found["due"] == "2027-02-20T12:03:24Z" and found["next"] == "breakglass key test bg1 --ssh", found
    assert "key-test bg1 off" not in due()


def test_any_number_of_dates():
    """Three accounts with 512 keys each: what is overdue is among those that are shown, wherever it stands."""
    init()
    for account in ("bg2", "bg3"):
        bg("init", "--yes", "--account", account)
    for account in ("bg1", "bg2", "bg3"):
        path = f"/etc/breakglass/credentials/{account}"
        write(path, read(path) + "".join(KEY.format(i, f"{account}k{i}") for i in range(512)))
    write(path, read(path).replace("created = 2026-11-22", "created = 2024-11-22"))
    found = due(rc=1)
    assert sum(x.startswith("key-test ") for x in found) == 3 * 512
    assert sum(y["overdue"] for x, y in found.items() if x.startswith("key-test bg3 ")) == 512


def test_certificates():
    bg("init", "--yes")
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", "/etc/breakglass/ca.pem", "-days", "5",
       "-subj", "/CN=hook", stderr=subprocess.DEVNULL)
    write(CONF, read(CONF) + "[sink hook]\ntype = webhook\nurl = https://hook.example/\nca-file = /etc/breakglass/ca.pem\n"
          "secret-file = /etc/breakglass/secrets/hook\n")
    bg("share", "new", "bg1", "--yes")
    found = due()["certificate hook ca"]
    ends = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", "/etc/breakglass/ca.pem"],
                          capture_output=True, text=True, check=True).stdout.strip().removeprefix("notAfter=").replace(" ", "T")
    assert found["due"] == ends, (found, ends)
    clock(6)
    assert due(rc=1)["certificate hook ca"]["overdue"]


def test_what_a_receiver_has_shown():
    """The end of its certificate, which whoever delivers keeps with the cursor."""
    init()
    write(CONF, read(CONF) + "[sink hook]\ntype = webhook\nurl = https://hook.example/\nsecret-file = /etc/breakglass/secrets/hook\n")
    assert "certificate hook receiver" not in due()
    ends = int(time.time()) + 5 * 86400
    text = f"breakglass-cursor 1\nsaved {int(time.time() * 1000)}\ncertificate {ends * 1000}\nerror 0 \n"
    os.makedirs("/var/lib/breakglass/cursors", exist_ok=True)
    write("/var/lib/breakglass/cursors/hook", text + f"sum {hashlib.sha256(text.encode()).hexdigest()}\n")
    found = due()["certificate hook receiver"]
    assert found["due"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)) and found["next"] == "breakglass alert test hook", found
    clock(6)
    assert due(rc=1)["certificate hook receiver"]["overdue"]


def test_versions():
    """A package that a login depends on: seen once, it is only kept in mind; another version is on record."""
    init()
    def packages(libc, wish="i"):
        write("/usr/bin/dpkg-query", f"#!/bin/sh\necho '{wish}i  libc6 {libc}'\necho 'un  libssl3 '\n"
              "echo 'dpkg-query: no packages found matching libcbor0.8' >&2\nexit 1\n", 0o755)
    for kind in ("drill.opened", "drill.closed"):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", kind, "-s", "drill=01JD7Z3W9Q6M3B1V5X0C8K3F2A",
           "-a", "86400", stdout=subprocess.DEVNULL)
    packages("2.36-9")
    due()
    assert "host.changed" not in kinds() and days(due()["drill bg1"]) == 90
    packages("2.36-10", "h")  # on hold, and changed by hand all the same
    due()
    due()
    told = [e for k, e in zip(kinds(), journal()) if k == "host.changed"]
    assert [e["data"]["unmapped"]["breakglass"]["detail"] for e in told] == ["libc6 2.36-10"], told
    assert 7.9 < days(due()["drill bg1"]) < 8.1, due()  # a week after it was seen, and the last drill was a day before
    write("/usr/bin/dpkg-query", "#!/bin/sh\nsleep 60\n", 0o755)  # what cannot be asked is no change
    due()
    packages("2.36-10")
    due()
    assert kinds().count("host.changed") == 1


# What Debian's rpm 4.18 says: of packages that are there or not, and of a database that is none (cut after its first round).
RPM = """openssh-server 8.7p1-38.el9
package authselect is not installed
pam 1.5.1-15.el9
openssl-libs 1:3.0.7-27.el9
"""
RPM_ILL = """error: sqlite failure: CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL): file is not a database
error: cannot open Packages index using sqlite - No such file or directory (2)
error: cannot open Packages database in /var/lib/rpm
package openssh-server is not installed
package pam is not installed
"""


def test_versions_by_rpm():
    """Asked only where dpkg knows nothing; what it says of its own troubles is no version."""
    init()
    def rpm(text):
        write("/usr/bin/rpm", f"#!/bin/sh\ntouch /run/asked\ncat <<'END'\n{text}END\n", 0o755)
    def told():
        due()
        return [e["data"]["unmapped"]["breakglass"]["detail"] for k, e in zip(kinds(), journal()) if k == "host.changed"]
    rpm(RPM)
    write("/usr/bin/dpkg-query", "#!/bin/sh\necho 'ii  libc6 2.36-9'\n", 0o755)
    assert told() == [] and not os.path.exists("/run/asked")
    write("/usr/bin/dpkg-query", "#!/bin/sh\necho 'dpkg-query: no packages found matching libc6' >&2\nexit 1\n", 0o755)
    first = "openssh-server 8.7p1-38.el9, pam 1.5.1-15.el9, openssl-libs 1:3.0.7-27.el9"
    assert told() == [first] and os.path.exists("/run/asked")  # another packager is a change
    os.unlink("/usr/bin/dpkg-query")
    assert told() == [first]
    rpm(RPM_ILL)
    assert told() == [first], told()
    rpm(RPM.replace("1.5.1-15", "1.5.1-19"))
    assert told() == [first, "pam 1.5.1-19.el9"], told()


def test_files_that_cannot_be_read():
    """The rest is shown."""
    init()
    write("/etc/breakglass/people", "[person ada]\nroles = nonsense\n", 0o600)
    out = bg_json("due", rc=1)
    assert [f["id"] for f in out["findings"]] == ["BG1241"] and "drill bg1" in [x["item"] for x in out["dates"]], out


if __name__ == "__main__":
    if SANITIZED or not os.path.exists(f"{LIB}/faketime/libfaketime.so.1"):
        sys.exit(77)
    main(globals())
