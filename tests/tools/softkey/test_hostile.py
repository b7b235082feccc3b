#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How the system's libfido2, called as a library, handles each hostile mode, touch, cancel and exclude lists."""
import multiprocessing, os, re, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import libfido2
from libfido2 import FALSE, OK, Device
from softkey_lab import PATIENCE, SOFTKEY, Key, main, need, run

TIMEOUT_MS = 300
OPEN_MS = 1500  # for INIT, which is answered, before getInfo, which is not
BOUND = 20.0  # seconds that a call may take where libfido2 keeps its timeout: without one it never ends

# What fido_dev_get_assert returns when getAssertion alone is answered in this mode.
EXPECTED = {
    "garbage": "FIDO_ERR_RX", "oversize": "FIDO_ERR_RX", "announced": "FIDO_ERR_RX", "keepalive": "FIDO_ERR_RX",
    "upneeded": "FIDO_ERR_RX", "silent": "FIDO_ERR_RX", "short": "FIDO_ERR_RX", "empty": "FIDO_ERR_RX",
    "wrong-channel": "FIDO_ERR_RX", "wrong-seq": "FIDO_ERR_RX", "drip": "FIDO_ERR_RX", "hid-error": "FIDO_ERR_RX",
    "cut": "FIDO_ERR_RX_NOT_CBOR", "nested": "FIDO_ERR_RX_NOT_CBOR", "huge-map": "FIDO_ERR_RX_NOT_CBOR",
    "huge-string": "FIDO_ERR_RX_NOT_CBOR", "denied": "FIDO_ERR_OPERATION_DENIED",
    "babble": "FIDO_ERR_RX_NOT_CBOR",
    "flood": None, "noise": None,  # no bound: see below
}
# The lies come back as success; these are the codes of fido_assert_verify, flags, and what only the caller can see.
LIES = {"bad-signature": -6, "bad-rpid": -5, "no-up": -5, "no-uv": 0, "lying-flags": 0, "bad-credential": 0, "replay": -6,
        "no-pin": 0}


# Manners of real keys rather than lies: what a login makes of them is for its own test.
MANNERS = {"odd", "claims", "mute", "no-probe", "blinks"}
LOGIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../utils/login/test_key.py")


def modes():
    lines = run(SOFTKEY, "--help").out.split("Modes:\n")[1].splitlines()
    return [line.split()[0] for line in lines]


def test_every_mode_is_known_here():
    assert set(modes()) == {"normal", *EXPECTED, *LIES, *MANNERS}, modes()
    with open(LOGIN, encoding="utf-8") as f:
        login = f.read()
    assert not [m for m in MANNERS if not re.search(rf"mode {m}\b|\"{m}\"", login)]


def enrol(key):
    device = Device(key.path)
    made = device.make()
    device.close()
    assert made.code == OK and made.verified == OK, made
    return made


def get(key, made, timeout_ms=TIMEOUT_MS, **how):
    device = Device(key.path, 20000)
    assert device.opened.code == OK and device.is_fido2(), device.opened
    device.patience(timeout_ms)
    got = device.get(made, **how)
    device.close()
    return got


def honest_again(key, made):
    key.tell("mode normal")
    got = get(key, made, 20000)
    assert got.code == OK and got.verified == OK and got.flags == 1, got


def test_broken_answers():
    with Key() as key:
        made = enrol(key)
        for mode, expected in EXPECTED.items():
            if mode in ("flood", "noise"):
                continue
            key.tell(f"mode {mode}:get")
            got = get(key, made, TIMEOUT_MS if expected in (None, "FIDO_ERR_RX") else 20000)
            print(f"   {mode:15} {got}")
            assert got.code != OK and (expected is None or got.name == expected), (mode, got)
            assert got.seconds < BOUND, (mode, got)
            honest_again(key, made)


def test_broken_init_and_info():
    """A device that fails at getInfo still opens, as U2F. A caller that wants FIDO2 has to check."""
    with Key() as key:
        made = enrol(key)
        for mode in EXPECTED:
            if mode in ("flood", "noise"):
                continue
            for command, code in ("init", libfido2.ERR_RX), ("info", OK):
                key.tell(f"mode {mode}:{command}")
                device = Device(key.path, OPEN_MS if command == "info" else TIMEOUT_MS)
                assert device.opened.code == code and not device.is_fido2(), (mode, command, device.opened)
                assert device.opened.seconds < BOUND, (mode, command, device.opened)
                if code == OK:
                    device.close()
        honest_again(key, made)


def test_endless_ones_need_a_kill():
    """libfido2's timeout fails when packets come faster than one a millisecond: only a kill ends the call."""
    with Key() as key:
        made = enrol(key)
        for mode in "flood", "noise":
            key.tell(f"mode {mode}:get")
            child = multiprocessing.Process(target=get, args=(key, made, -1))
            child.start()
            end = time.monotonic() + PATIENCE
            while key.tell("count get") == "0" or key.status()["busy"] != "yes":
                assert time.monotonic() < end
            time.sleep(0.3)
            assert child.is_alive(), mode
            child.kill()
            child.join()
            key.wait("busy", "no")
            honest_again(key, made)


def test_lies():
    with Key("--pin", "1234") as key:
        made = enrol(key)
        for mode, code in LIES.items():
            key.tell(f"mode {mode}:get")
            got = get(key, made, 20000)
            if mode == "replay":
                assert got.verified == OK
                got = get(key, made, 20000)
            assert got.code == OK and got.verified == code, (mode, got, got.verified)
            if mode in ("no-up", "lying-flags"):
                assert got.flags == {"no-up": 0, "lying-flags": 5}[mode], (mode, got.flags)
        key.tell("mode no-uv:get")
        got = get(key, made, 20000, pin=b"1234")
        assert got.code == OK and got.flags == 1, got.flags
        honest_again(key, made)


def test_counter_goes_back():
    with Key() as key:
        made = enrol(key)
        first = get(key, made, 20000).counter
        key.tell("counter back")
        second = get(key, made, 20000)
        assert second.verified == OK and second.counter == first - 1


def test_exclude_list():
    with Key() as key:
        made = enrol(key)
        blinks = int(key.status()["blinks"])
        device = Device(key.path, 20000)
        again = device.make(exclude=made.id)
        assert again.name == "FIDO_ERR_CREDENTIAL_EXCLUDED", again
        assert int(key.status()["blinks"]) == blinks + 1  # revealed only after a touch
        assert device.make(exclude=os.urandom(63)).code == OK
        device.close()


def test_probe_without_touch():
    with Key("--touch", "never") as key:
        key.tell("touch auto")
        made = enrol(key)
        key.tell("touch never")
        blinks = key.status()["blinks"]
        got = get(key, made, 20000, up=FALSE)
        assert got.code == OK and got.flags == 0 and key.status()["blinks"] == blinks


def test_cancel():
    with Key() as key:
        made = enrol(key)
        key.tell("touch never")
        device = Device(key.path, 20000)
        got = []
        thread = threading.Thread(target=lambda: got.append(device.get(made)))
        thread.start()
        key.wait("blinking", "yes")
        device.cancel()
        thread.join(PATIENCE)
        assert not thread.is_alive() and got[0].name == "FIDO_ERR_KEEPALIVE_CANCEL", got
        key.tell("touch auto")
        assert device.get(made).code == OK  # the same device still works
        device.close()


def test_libfido2_gives_up_before_the_touch():
    """The client's timeout ends, but the key keeps blinking, and the next client finds it busy."""
    with Key() as key:
        made = enrol(key)
        key.tell("touch never")
        got = get(key, made)
        assert got.name == "FIDO_ERR_RX" and got.seconds < BOUND, got
        device = Device(key.path, 20000)
        assert device.opened.code == OK and not device.is_fido2()
        device.close()
        key.tell("press")
        key.wait("busy", "no")
        key.tell("touch auto")
        honest_again(key, made)


if __name__ == "__main__":
    need()
    if libfido2.LIB is None:
        print("skipped, not here: libfido2.so.1")
        sys.exit(77)
    main(globals())
