#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What a build without keys and without alarms says (configure --without-fido --disable-alert). usage: test_small.py BUILDDIR"""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from admin_lib import *

CREDENTIALS = "/etc/breakglass/credentials/bg1"
CONF = "/etc/breakglass/breakglass.conf"
SINK = "[sink pager]\ntype = webhook\nurl = https://alerts.example.net/\nsecret-file = /etc/breakglass/secrets/none\n"
KEY = ("[key blue]\ntype = eddsa\nid = 00112233445566778899aabbccddeeff\n"
       "public-key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\nrp-id = breakglass.test\n"
       "aaguid = 00000000000000000000000000000000\nfirmware = 328707\nuv = no\ncreated = 2026-11-22T12:03:24.123456Z\n")


def small():
    """A host where syslog leaves the machine."""
    out = bg("init", "--yes")
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))
    bg("share", "new", "bg1", "--yes")
    return out


def test_init():
    out = small()
    has(out, "BG655 This build delivers no alarms", "breakglass share new bg1")
    for what in ("breakglass-alert.service", "user breakglass-alert", "key add", "alert test", "[sink"):
        assert what not in out, what
    assert not os.path.exists("/usr/libexec/breakglass/breakglass-alert")
    has(bg("init", "--yes"), "Nothing to do")
    bg("status")
    before = system()
    bg("init", "--undo", "--yes")
    assert system() != before and not os.path.exists("/etc/pam.d/breakglass")


def test_no_alarms():
    bg("init", "--yes")
    has(bg("status", rc=1), "BG655 This build delivers no alarms")  # until somebody says that syslog is enough
    write(CONF, read(CONF).replace("[record]\n", "[record]\nsink-required = no\n", 1))
    has(bg("alert", "status"), "BG655")
    write(CONF, read(CONF) + SINK)
    for words in (("status",), ("alert", "status"), ("config", "check")):
        out = bg(*words, rc=1)
        has(out, "BG656 /etc/breakglass/breakglass.conf names 1 sink, and this build delivers nothing")
        assert "BG353" not in out and "BG343" not in out, out  # what its secret is like is nobody's business
    assert bg_json("alert", "status", rc=1)["sinks"][0]["sink"] == "pager"
    for words in (("alert", "test"), ("alert", "test", "pager"), ("alert", "drop", "pager", "1", "--yes")):
        has(bg(*words, rc=3), "BG655")
    assert "org.breakglass.alert" not in read("/var/lib/breakglass/journal/000001.jsonl")


def test_a_use_is_reviewed():
    """Nothing looks at what was dead, and that is said."""
    small()
    use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T"
    for kind in ("use.granted", "session.closed"):
        sh(BUILD + "/tests/tools/record", "/var/lib/breakglass/journal", "/run/breakglass/journal", "", "-k", kind, "-s", "use=" + use, stdout=subprocess.DEVNULL)
    has(bg("review", "show", "last"), "This build delivers no alarms, and has nothing that looks.")
    bg("review", "close", "last", "--verdict", "genuine", "--by", "Grace Hopper", "--cause", "LDAP was down after the upgrade",
       "--actions", "one server at a time from now on")
    assert kinds()[-1] == "review.closed"


def test_no_keys():
    small()
    has(bg("key", "add", "bg1", "--yes", rc=3), 'BG653 "breakglass key add" cannot be run: this build has no keys')
    write(CREDENTIALS, read(CREDENTIALS) + "\n" + KEY)
    has(bg("key", "test", "bg1", rc=3), 'BG653 "breakglass key test" cannot be run')
    has(bg("status", rc=1), "key: blue", "BG654 bg1: 1 of its credentials are keys for the console, and this build cannot use")
    # one that answers by text opens in this build too
    far = KEY.replace("[key blue]", "[key far]").replace("0011", "2211", 1).replace("= no\n", "= required\n")
    write(CREDENTIALS, read(CREDENTIALS) + "\n" + far.replace("breakglass.test", "breakglass:text") + "use = text\n")
    has(bg("status", rc=1), "key: far", "BG654 bg1: 1 of")
    has(bg("key", "list"), "blue")
    has(bg("key", "remove", "bg1", "blue", "--yes"), "no longer opens bg1")
    bg("status")


if __name__ == "__main__":
    main(dict(globals()))
