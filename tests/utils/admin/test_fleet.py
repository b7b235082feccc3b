#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""breakglass fleet: one ceremony for many hosts, on a machine that is none of them. usage: test_fleet.py BUILDDIR"""
import os, stat, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

DIR = "/run/west"
CREDENTIALS = "/etc/breakglass/credentials/bg1"


def new(*extra, rc=0):
    return bg_json("fleet", "new", DIR, "--yes", *extra, rc=rc)


def hosts(*names, path="/run/hosts"):
    write(path, "".join(n + "\n" for n in names))
    return path


def enroll(cards, *names, extra=(), rc=0):
    return bg_json("fleet", "enroll", DIR, hosts(*names), "--card-stdin", *extra, stdin="\n".join(cards) + "\n", rc=rc)


def derive(cards, host, *extra, rc=0):
    return bg_json("fleet", "derive", DIR, host, "--card-stdin", *extra, stdin="\n".join(cards) + "\n", rc=rc)


def epochs():
    return dict(line.split() for line in read(DIR + "/hosts").splitlines() if not line.startswith("#"))


def verifier(host):
    return [line for line in read(f"{DIR}/credentials/{host}").splitlines() if line.startswith("verifier")][0]


def found(out):
    return [f["id"] for f in out["findings"]]


def test_one_ceremony_many_hosts():
    out = new("--shares", "2/3", "--custodian", "Jane Doe:17")
    cards = out["shares"]
    assert len(cards) == 3 and all(len(c.split()) == 33 for c in cards), cards
    assert enroll(cards[1:], "web01", "web02", "db.example.org")["new"] == 3
    assert sorted(os.listdir(DIR + "/credentials")) == ["db.example.org", "web01", "web02"]
    for path in (DIR, DIR + "/credentials"):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    for name in ("hosts", "fleet.conf", "credentials/web01"):
        assert stat.S_IMODE(os.stat(f"{DIR}/{name}").st_mode) == 0o600
    assert len({verifier(h) for h in ("web01", "web02", "db.example.org")}) == 3
    # any two cards give the same words for a host, another host's are others
    words = derive(cards[:2], "web01")["shares"]
    assert words == derive([cards[2], cards[0]], "web01")["shares"] and len(words[0].split()) == 20
    assert words != derive(cards[:2], "web02")["shares"]
    # nothing of the ceremony is in the directory
    kept = "".join(read(os.path.join(d, f)) for d, _, files in os.walk(DIR) for f in files)
    for line in cards + words:
        assert not any(" ".join(line.split()[i:i + 3]) in kept for i in range(2, 18)), line


def test_only_the_host_that_was_used_moves_on():
    cards = new()["shares"]
    enroll(cards[:2], "web01", "web02")
    first, other = derive(cards[:2], "web01")["shares"], verifier("web02")
    before = verifier("web01")
    assert enroll(cards[:2], "web01", extra=["--next"])["new"] == 0
    assert epochs() == {"web01": "2", "web02": "1"}
    assert verifier("web01") != before and verifier("web02") == other
    now = derive(cards[:2], "web01")
    assert now["epoch"] == 2 and now["shares"] != first
    assert derive(cards[:2], "web01", "--epoch", "1")["shares"] == first


def test_the_card_opens_its_host():
    cards = new()["shares"]
    enroll(cards[:2], "web01", "web02")
    words = {h: derive(cards[:2], h)["shares"][0] for h in ("web01", "web02")}
    bg("init", "--yes")
    bg("share", "new", "bg1", "--yes", "--label", "AMBER 42")
    out = bg_json("fleet", "install", "bg1", DIR + "/credentials/web01")
    assert out["label"] == "epoch 1", out
    text = read(CREDENTIALS)
    has(text, "label = epoch 1", "[rotated ", "label = AMBER 42")
    assert "elsewhere" not in text and journal()[-1]["type"] == "org.breakglass.credential.enrolled.v1"
    assert not [f for f in bg_json("status", rc=1)["findings"] if f["id"] in ("BG226", "BG227")]
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=words["web01"] + "\n"), "card 1 of 1")
    bg("share", "verify", "bg1", "--card-stdin", stdin=words["web02"] + "\n", rc=1)
    # put there by a configuration manager, as it is
    write(CREDENTIALS, read(DIR + "/credentials/web02"))
    os.chmod(CREDENTIALS, 0o600)
    has(bg("share", "verify", "bg1", "--card-stdin", stdin=words["web02"] + "\n"), "card 1 of 1")
    assert not [f for f in bg_json("status", rc=1)["findings"] if f["id"] in ("BG226", "BG227")]


def test_a_spent_epoch_stays_spent():
    cards = new()["shares"]
    enroll(cards[:2], "web01")
    first = write("/run/first", read(DIR + "/credentials/web01")) or "/run/first"
    enroll(cards[:2], "web01", extra=["--next"])
    second = DIR + "/credentials/web01"
    bg("init", "--yes")
    bg_json("fleet", "install", "bg1", first)
    bg_json("fleet", "install", "bg1", first)  # the one that is there: nothing of it is spent
    assert "[rotated" not in read(CREDENTIALS)
    bg_json("fleet", "install", "bg1", second)
    text = read(CREDENTIALS)
    has(text, "label = epoch 2", "[rotated ")
    out = bg_json("fleet", "install", "bg1", first, rc=1)
    assert found(out) == ["BG829"] and "epoch 1" in out["findings"][0]["text"], out
    assert read(CREDENTIALS) == text
    bg_json("fleet", "install", "bg1", second)
    assert bg_json("fleet", "install", "bg1", first, "--replace")["label"] == "epoch 1"
    bg_json("fleet", "install", "bg1", first)  # it is valid again


def test_cards_that_nobody_has():
    for out, rc in (("/dev/full", 3), ("/dev/null", 0)):
        with open(out, "w") as f:
            p = subprocess.run(["/usr/sbin/breakglass", "fleet", "new", DIR, "--yes", "--json"], stdout=f, stderr=subprocess.PIPE, text=True)
        assert p.returncode == rc and ("BG826" in p.stderr) == (rc == 3), p
        assert os.path.exists(DIR) == (rc == 0), out
    with open("/dev/full", "w") as f:  # that directory is another command's
        p = subprocess.run(["/usr/sbin/breakglass", "fleet", "new", DIR, "--yes", "--json"], stdout=f, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 3 and os.path.exists(DIR + "/fleet.conf"), p
    with open("/dev/full", "w") as f:  # these are on paper
        p = subprocess.run(["/usr/sbin/breakglass", "fleet", "new", "/run/east", "--yes", "--json", "--cards", "text", "--output", "/run/cards"],
                           stdout=f, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 3 and os.path.exists("/run/east/fleet.conf"), p


def test_not_on_a_host():
    bg("init", "--yes")
    assert found(new(rc=1)) == ["BG827"] and not os.path.exists(DIR)
    cards = new("--on-a-host")["shares"]
    assert found(enroll(cards[:2], "web01", rc=1)) == ["BG827"]
    enroll(cards[:2], "web01", extra=["--on-a-host"])
    assert found(derive(cards[:2], "web01", rc=1)) == ["BG827"]


def test_what_is_wrong_is_said():
    assert found(enroll(["x"], "web01", rc=3)) == ["BG821"]
    cards, sets = new()["shares"], read(DIR + "/fleet.conf")
    assert found(new(rc=1)) == ["BG820"] and read(DIR + "/fleet.conf") == sets
    out = enroll(cards[:2], "web01", "Web02", rc=3)
    assert found(out) == ["BG822"] and "/run/hosts, line 2" in out["findings"][0]["text"], out
    assert epochs() == {} and os.listdir(DIR + "/credentials") == []
    enroll(cards[:2], "web01")
    assert found(derive(cards[:2], "web1", rc=2)) == ["BG824"]
    assert found(derive(cards[:1], "web01", rc=1)) == ["BG567"]
    write(DIR + "/hosts", "web01 1\nweb01 2\n")
    out = derive(cards[:2], "web01", rc=3)
    assert found(out) == ["BG822"] and "line 2" in out["findings"][0]["text"], out
    write(DIR + "/fleet.conf", sets + "colour = red\n")
    assert found(derive(cards[:2], "web01", rc=3)) == ["BG822"]
    os.remove(DIR + "/fleet.conf")
    assert found(derive(cards[:2], "web01", rc=3)) == ["BG821"]
    assert found(bg_json("fleet", "derive", DIR, "web01", rc=2)) == ["BG566"]


def test_cards_of_two_fleets_do_not_fit():
    one = new()["shares"]
    os.rename(DIR, "/run/east")
    two = new()["shares"]
    out = enroll([two[0], one[0]], "web01", rc=1)
    assert "BG567" in found(out), out
    assert epochs() == {} and os.listdir(DIR + "/credentials") == []
    # the first cards of a set that is replaced by one with the same number
    write(DIR + "/fleet.conf", read(DIR + "/fleet.conf"))
    enroll([two[0], one[0], two[2]], "web01")  # another card helps


def test_cards_on_paper():
    out = new("--cards", "text", "--output", "/run/cards")
    assert "shares" not in out and stat.S_IMODE(os.stat("/run/cards").st_mode) == 0o600
    has(read("/run/cards"), "Never type it on a host. Fleet west", "any 2 give the fleet's secret", "breakglass fleet derive")
    assert read("/run/cards").count("\f") == 2


if __name__ == "__main__":
    main(globals())
