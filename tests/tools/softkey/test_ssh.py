#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The software key under OpenSSH: ssh-keygen makes keys with it, signs and verifies."""
import os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from softkey_lab import BUILD, Key, fails, main, need, ok, run


def environment(key, pin):
    """A program answers for the PIN, as there is no terminal; onekey.c finds the key."""
    askpass = key.dir + "/askpass"
    with open(askpass, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o700)) as f:
        f.write(f"#!/bin/sh\necho {pin}\n")
    return {"PATH": os.environ["PATH"], "HOME": key.dir, "SSH_ASKPASS": askpass, "SSH_ASKPASS_REQUIRE": "force",
            "SOFTKEY": key.path, "LD_PRELOAD": BUILD + "/tests/tools/softkey/onekey.so"}


def keygen(key, *arguments, pin="", text=""):
    return run("ssh-keygen", *arguments, text=text, cwd=key.dir, env=environment(key, pin))


def make(key, kind, *options, pin="", name="id"):
    for old in name, name + ".pub":
        if os.path.exists(f"{key.dir}/{old}"):
            os.unlink(f"{key.dir}/{old}")
    flags = [word for option in ("device=" + key.path, *options) for word in ("-O", option)]
    return keygen(key, "-q", "-t", kind, "-f", name, "-N", "", "-C", "test", *flags, pin=pin)


def sign_and_verify(key, pin="", name="id"):
    """ssh-keygen -Y sign asks the key, -Y verify only its public half."""
    with open(f"{key.dir}/{name}.pub", encoding="ascii") as f:
        public = f.read()
    with open(f"{key.dir}/signers", "w", encoding="ascii") as f:
        f.write("alice " + public)
    with open(f"{key.dir}/message", "w", encoding="ascii") as f:
        f.write("hello\n")
    ok(sign(key, pin, name))
    check = ("-Y", "verify", "-f", "signers", "-I", "alice", "-n", "test", "-s", "message.sig")
    ok(keygen(key, *check, text="hello\n"))
    fails(keygen(key, *check, text="hallo\n"))


def sign(key, pin="", name="id"):
    if os.path.exists(f"{key.dir}/message.sig"):
        os.unlink(f"{key.dir}/message.sig")
    return keygen(key, "-Y", "sign", "-f", name, "-n", "test", "message", pin=pin)


def test_kinds():
    for kind in "ed25519-sk", "ecdsa-sk":
        with Key() as key:
            ok(make(key, kind))
            assert key.status()["blinks"] == "1"
            sign_and_verify(key)
            assert key.status()["blinks"] == "2"  # ssh's own probe asks without touch


def test_another_key_does_not_sign():
    with Key() as key, Key() as other:
        ok(make(key, "ed25519-sk"))
        with open(key.dir + "/message", "w", encoding="ascii") as f:
            f.write("hello\n")
        ok(sign(key))
        key.path = other.path
        fails(sign(key))


def test_no_touch():
    with Key("--touch", "never", "--touch-timeout", "300") as key:
        fails(make(key, "ed25519-sk"))
        key.tell("touch auto")
        ok(make(key, "ed25519-sk"))


def test_verify_required():
    for protocol in "1", "2":
        with Key("--pin", "1234", "--pin-protocol", protocol) as key:
            ok(make(key, "ed25519-sk", "verify-required", pin="1234"))
            sign_and_verify(key, pin="1234")
            fails(sign(key, pin="9999"))
            assert key.tell("retries") == "pin=7 uv=5"


def test_verify_required_by_finger():
    with Key("--uv", "yes") as key:
        ok(make(key, "ed25519-sk", "verify-required"))
        sign_and_verify(key)


def test_resident():
    with Key("--pin", "1234") as key:
        fails(make(key, "ed25519-sk", "resident", pin="9999"))
        ok(make(key, "ed25519-sk", "resident", "application=ssh:emergency", "user=alice", pin="1234"))
        assert key.status()["credentials"] == "1"
        sign_and_verify(key, pin="1234")
        ok(make(key, "ecdsa-sk", "resident", "application=ssh:second", pin="1234"))
        ok(keygen(key, "-K", "-N", "", pin="1234"))  # loads both, as id_TYPE_sk_rk_APPLICATION
        loaded = sorted(n for n in os.listdir(key.dir) if n.startswith("id_") and not n.endswith(".pub"))
        assert loaded == ["id_ecdsa_sk_rk_second", "id_ed25519_sk_rk_emergency_alice"], loaded
        for name in loaded:
            sign_and_verify(key, pin="1234", name=name)


if __name__ == "__main__":
    need("ssh-keygen")
    main(globals())
