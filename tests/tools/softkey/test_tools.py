#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The software key under Debian's own fido2-token, fido2-cred and fido2-assert."""
import base64, os, signal, stat, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from softkey_lab import PATIENCE, Key, fails, main, need, ok, run

RP = "example.org"


def b64(data):
    return base64.b64encode(data).decode()


class Cred:
    """A credential made by fido2-cred and checked by fido2-cred -V, which has read its attestation."""

    def __init__(self, key, alg, *options, pins=(), user=b"user-0001"):
        self.alg = alg
        made = make(key, alg, *options, pins=pins, user=user)
        verify = ["-v"] if "-v" in options else []
        lines = ok(run("fido2-cred", "-V", *verify, *protect(options), alg, text=ok(made).out)).out.splitlines(True)
        self.id, self.public = lines[0].strip(), "".join(lines[1:])
        assert "PUBLIC KEY" in self.public


def protect(options):
    return list(options[options.index("-c"):][:2]) if "-c" in options else []


def make(key, alg, *options, pins=(), user=b"user-0001"):
    request = f"{key.dir}/request"
    with open(request, "w", encoding="ascii") as f:
        f.write(f"{b64(os.urandom(32))}\n{RP}\nalice\n{b64(user)}\n")
    return run("fido2-cred", "-M", *options, "-i", request, key.path, alg, pins=pins)


def get(key, cred, *options, pins=()):
    request = f"{key.dir}/request"
    with open(request, "w", encoding="ascii") as f:
        f.write(f"{b64(os.urandom(32))}\n{RP}\n" + (cred.id + "\n" if cred else ""))
    return run("fido2-assert", "-G", *options, "-i", request, key.path, pins=pins)


def verify(key, cred, assertion, *options):
    with open(key.dir + "/public", "w", encoding="ascii") as f:
        f.write(cred.public)
    return run("fido2-assert", "-V", *options, key.dir + "/public", cred.alg, text=assertion)


def get_and_verify(key, cred, *options, pins=()):
    assertion = ok(get(key, cred, *options, pins=pins)).out
    ok(verify(key, cred, assertion, *["-v" if o == "uv=true" else o for o in options if o in ("-p", "-v", "uv=true")]))
    return auth_data(assertion)


def auth_data(assertion):
    """Flags and counter from the output of fido2-assert -G (WebAuthn 6.1), without its CBOR head."""
    data = base64.b64decode(assertion.split("\n")[2])[-37:]
    return data[32], int.from_bytes(data[33:37], "big")


UP, UV = 1, 4
FINGER = ("-t", "uv=true")  # -v would ask for a PIN


def test_info():
    with Key() as key:
        out = ok(run("fido2-token", "-I", key.path)).out
        for line in ("version strings: FIDO_2_0, FIDO_2_1", "algorithms: es256 (public-key), eddsa (public-key)",
                     "maxmsgsiz: 1200", "pin protocols: 2, 1", "pin retries: 8"):
            assert line in out, out
        assert "noclientPin" in out and ", uv" not in out
        ok(run("fido2-token", "-I", key.link))
        assert stat.S_IMODE(os.stat(key.state).st_mode) == 0o600


def test_both_algorithms():
    with Key() as key:
        for alg in "es256", "eddsa":
            cred = Cred(key, alg)
            flags, _ = get_and_verify(key, cred, "-p")
            assert flags == UP
            assert get_and_verify(key, cred, "-t", "up=false")[0] == 0
            other = Cred(key, alg)
            fails(verify(key, other, ok(get(key, cred)).out))


def test_survives_a_restart():
    with Key() as key:
        cred = Cred(key, "es256")
        _, first = get_and_verify(key, cred)
        with open(key.state, encoding="ascii") as f:
            kept = f.read()
    with Key() as key:
        fails(get(key, cred), "NO_CREDENTIALS")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as state:  # mode 0600
        state.write(kept)
        state.flush()
        with Key(state=state.name) as key:
            _, second = get_and_verify(key, cred)
            assert second == first + 1


def test_counter():
    with Key("--counter-step", "5") as key:
        cred = Cred(key, "es256")
        counts = []
        for way in "5", "5", "frozen", "back", "back", "none", "1":
            key.tell("counter " + way)
            counts.append(get_and_verify(key, cred)[1])
        assert counts == [10, 15, 15, 14, 13, 0, 14], counts


def test_pin_set_and_change():
    for protocol in "1", "2":
        with Key("--pin-protocol", protocol) as key:
            assert f"pin protocols: {protocol}\n" in ok(run("fido2-token", "-I", key.path)).out
            fails(run("fido2-token", "-S", key.path, pins=("abc", "abc")))
            ok(run("fido2-token", "-S", key.path, pins=("1234", "1234")))
            out = ok(run("fido2-token", "-I", key.path)).out
            assert ", clientPin" in out
            fails(run("fido2-token", "-C", key.path, pins=("4321", "secret-5", "secret-5")), "PIN_INVALID")
            ok(run("fido2-token", "-C", key.path, pins=("1234", "secret-5", "secret-5")))
            for alg in "es256", "eddsa":
                cred = Cred(key, alg, "-v", pins=("secret-5",))
                flags, _ = get_and_verify(key, cred, "-v", pins=("secret-5",))
                assert flags == UP | UV
                assert get_and_verify(key, cred)[0] == UP
                fails(verify(key, cred, ok(get(key, cred)).out, "-v"))


def test_pin_retries():
    with Key("--pin", "1234") as key:
        cred = Cred(key, "es256")
        wrong = lambda: get(key, cred, "-v", pins=("9999",))
        for left in 7, 6:
            fails(wrong(), "PIN_INVALID")
            assert f"pin retries: {left}\n" in ok(run("fido2-token", "-I", key.path)).out
        fails(wrong(), "PIN_AUTH_BLOCKED")
        fails(get(key, cred, "-v", pins=("1234",)), "PIN_AUTH_BLOCKED")
        assert key.status()["pin-retries"] == "5"
        key.replug()
        get_and_verify(key, cred, "-v", pins=("1234",))
        assert key.status()["pin-retries"] == "8"
        for said in ("PIN_INVALID", "PIN_INVALID", "PIN_AUTH_BLOCKED") * 2 + ("PIN_INVALID", "PIN_BLOCKED"):
            fails(wrong(), said)
            if said == "PIN_AUTH_BLOCKED":
                key.replug()
        key.replug()
        fails(get(key, cred, "-v", pins=("1234",)), "PIN_BLOCKED")
        get_and_verify(key, cred)  # without a PIN it still works


def test_discoverable():
    for protocol in "1", "2":
        with Key("--pin", "1234", "--pin-protocol", protocol) as key:
            fails(make(key, "es256", "-r"), "Enter PIN")
            first = Cred(key, "es256", "-r", pins=("1234",), user=b"user-0001")
            second = Cred(key, "eddsa", "-r", pins=("1234",), user=b"user-0002")
            out = ok(get(key, None, "-r")).out
            assert b64(b"user-0001") in out and b64(b"user-0002") in out, out
            assert out.index(b64(b"user-0002")) < out.index(b64(b"user-0001"))  # the newest first
            listed = ok(run("fido2-token", "-L", "-r", key.path, pins=("1234",))).out
            assert RP in listed, listed
            listed = ok(run("fido2-token", "-L", "-k", RP, key.path, pins=("1234",))).out
            assert first.id in listed and second.id in listed
            ok(run("fido2-token", "-D", "-i", first.id, key.path, pins=("1234",)))
            listed = ok(run("fido2-token", "-L", "-k", RP, key.path, pins=("1234",))).out
            assert first.id not in listed and second.id in listed
            fails(get(key, first), "NO_CREDENTIALS")
            Cred(key, "es256", "-r", pins=("1234",), user=b"user-0002")  # replaces
            assert key.status()["credentials"] == "1"
            fails(run("fido2-token", "-L", "-r", key.path, pins=("9999",)), "PIN_INVALID")


def test_cred_protect():
    with Key("--pin", "1234") as key:
        creds = {level: Cred(key, "es256", "-r", "-c", str(level), pins=("1234",), user=b"user-%d" % level)
                 for level in (1, 2, 3)}
        assert get_and_verify(key, creds[1])[0] == UP
        assert get_and_verify(key, creds[2])[0] == UP
        fails(get(key, creds[3]), "NO_CREDENTIALS")
        assert get_and_verify(key, creds[3], "-v", pins=("1234",))[0] == UP | UV
        seen = lambda out: [level for level in creds if b64(b"user-%d" % level) in out]
        assert seen(ok(get(key, None, "-r")).out) == [1]
        assert seen(ok(get(key, None, "-r", "-v", pins=("1234",))).out) == [1, 2, 3]


def test_built_in_uv():
    with Key("--uv", "yes") as key:
        assert ", uv" in ok(run("fido2-token", "-I", key.path)).out
        cred = Cred(key, "es256", "-v")
        assert get_and_verify(key, cred, *FINGER)[0] == UP | UV
        key.tell("uv no")
        for _ in range(4):
            fails(get(key, cred, *FINGER))
        assert key.tell("retries") == "pin=8 uv=1"
        key.tell("uv yes")
        get_and_verify(key, cred, *FINGER)
        assert key.tell("retries") == "pin=8 uv=5"
        key.tell("uv no")
        for _ in range(5):
            fails(get(key, cred, *FINGER), "UV")
        key.tell("uv yes")
        fails(get(key, cred, *FINGER), "UV_BLOCKED")


def test_reset():
    with Key("--pin", "1234") as key:
        cred = Cred(key, "es256", "-r", pins=("1234",))
        ok(run("fido2-token", "-R", key.path))
        assert key.status()["pin"] == "none" and key.status()["credentials"] == "0"
        fails(get(key, cred), "NO_CREDENTIALS")


def start(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def waiting_assertion(key, cred):
    with open(key.dir + "/request", "w", encoding="ascii") as f:
        f.write(f"{b64(os.urandom(32))}\n{RP}\n{cred.id}\n")
    process = start("fido2-assert", "-G", "-i", key.dir + "/request", key.path)
    key.wait("blinking", "yes")
    return process


def test_touch():
    with Key() as key:
        cred = Cred(key, "es256")
        key.tell("touch after:300")
        began = time.monotonic()
        get_and_verify(key, cred)
        assert time.monotonic() - began >= 0.3
    with Key("--touch-timeout", "400") as key:
        cred = Cred(key, "es256")
        key.tell("touch never")
        fails(get(key, cred), "ACTION_TIMEOUT")


def test_press():
    with Key() as key:
        cred = Cred(key, "es256")
        key.tell("touch never")
        process = waiting_assertion(key, cred)
        key.tell("press")
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        ok(verify(key, cred, out, "-p"))


def test_killed_client_leaves_a_clean_queue():
    """The client leaves during the touch: the key stays busy until its own timeout, as real ones do, then serves again."""
    with Key() as key:
        cred = Cred(key, "es256")
        key.tell("touch never")
        process = waiting_assertion(key, cred)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert key.status()["busy"] == "yes"
        assert "nocbor" in ok(run("fido2-token", "-I", key.path)).out  # INIT is answered, all else is "busy"
        key.tell("press")
        key.wait("busy", "no")
        key.tell("touch auto")
        get_and_verify(key, cred)


def test_unplug_in_mid_command():
    with Key("--touch", "auto") as key:
        cred = Cred(key, "es256")
        key.tell("touch never")
        process = waiting_assertion(key, cred)
        key.tell("unplug")
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1 and "FIDO_ERR_RX" in err, (process.returncode, err)  # and no SIGHUP
        assert not os.path.lexists(key.link)
        key.path = key.tell("plug")
        key.tell("touch auto")
        get_and_verify(key, cred)
        for command in "init", "info", "get":
            key.tell("unplug-after " + command)
            fails(get(key, cred))
            assert key.status()["plugged"] == "no"
            key.path = key.tell("plug")
        get_and_verify(key, cred)


def test_many_in_a_row():
    with Key() as key:
        cred = Cred(key, "eddsa")
        for _ in range(50):
            get_and_verify(key, cred)


if __name__ == "__main__":
    need("fido2-token", "fido2-cred", "fido2-assert")
    main(globals())
