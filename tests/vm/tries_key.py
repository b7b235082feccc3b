# SPDX-License-Identifier: ISC
"""Keys as the kernel shows them: found among other devices, pulled out and put back, spoken to by a worker that can do little."""

import dialogue
from scene import PATIENCE, Machine, appeared, hidraws, holds, journal, kind, plug, resumed, say_why, shell, start, succeed, tell, unplug

NOBODY_TOUCHES = "never"


def keyboard(m: Machine) -> str:
    before = hidraws(m)
    m.sh("modprobe uhid; (setsid uhidkey.py --keyboard typist </dev/null >/run/keyboard 2>&1 &)")
    return appeared(m, before, "cat /run/keyboard")


def watch(m: Machine, node: str) -> str:
    """Who opens and closes it is written into the file that is returned."""
    log = f"/run/opened.{node.removeprefix('/dev/')}"
    m.sh(f"(setsid inotifywait -q -m -e open,close --format %e {node} </dev/null >{log} 2>{log}.2 &)")
    succeed(m, f"for i in $(seq 100); do grep -q inotify /proc/[0-9]*/fdinfo/* 2>/dev/null && pgrep -f 'inotifywait.*{node}' && break; sleep 0.1; done")
    return log


def touched(m: Machine, label: str = "blue") -> None:
    m.console.expect(dialogue.KEY_START, dialogue.KEY_AGAIN)
    m.console.type()
    assert f'"{label}"' in m.console.expect(dialogue.TOUCH)[0]


def in_by(m: Machine, label: str) -> None:
    say_why(m)
    granted = [e for e in journal(m) if kind(e) == "use.granted"][-1]
    assert granted["data"]["unmapped"]["breakglass"]["key"] == label, granted


def test_a_key_among_other_devices_and_a_keyboard_is_never_opened() -> None:
    with resumed() as m:
        typist = watch(m, keyboard(m))
        strange = plug(m, "strange")  # a key as well, of somebody else
        opened = watch(m, plug(m))
        succeed(m, "systemctl is-active systemd-udevd")
        start(m)
        touched(m)
        in_by(m, "blue")
        shell(m, "true")
        assert "OPEN" in succeed(m, f"cat {opened}"), f"the watch sees nothing; {strange}"
        assert succeed(m, f"cat {typist} {typist}.2").strip() == ""
        succeed(m, "head -c 0 $(ls /dev/hidraw* | head -n 1)")  # and it would have been seen
        assert "OPEN" in succeed(m, f"cat {typist}")
        holds(m, "auth.succeeded", "use.granted")


def test_two_keys_of_the_account() -> None:
    """The first that is found is asked for by its label; when it is pulled out, the other one."""
    with resumed() as m:
        plug(m, "red")
        succeed(m, "breakglass key add bg1 --label red --yes")
        tell(m, "touch never", "red")
        plug(m, touch=NOBODY_TOUCHES)
        start(m)
        m.console.expect(dialogue.KEY_START)
        m.console.type()
        first = "red" if '"red"' in m.console.expect(dialogue.TOUCH)[0] else "blue"
        unplug(m, first)
        m.console.expect("[^\r\n]*BG141[^\r\n]*")
        touched(m, other := {"red": "blue", "blue": "red"}[first])
        tell(m, "press", other)
        in_by(m, other)


def test_a_key_that_is_pulled_out_and_put_back() -> None:
    with resumed() as m:
        plug(m, touch=NOBODY_TOUCHES)
        start(m)
        touched(m)
        unplug(m)
        m.console.expect("[^\r\n]*BG141[^\r\n]*")
        m.console.expect(dialogue.KEY_START, dialogue.KEY_AGAIN)
        m.console.type()
        m.console.expect("[^\r\n]*BG134[^\r\n]*")  # no key is there
        plug(m)
        touched(m)
        in_by(m, "blue")


def test_what_the_worker_can_do() -> None:
    """While it waits for the touch: what the kernel says of it."""
    with resumed() as m:
        node = plug(m, touch=NOBODY_TOUCHES)
        start(m)
        touched(m)
        pid = succeed(m, "pgrep -x breakglass-fido").strip()
        status = dict(line.split(":", 1) for line in succeed(m, f"cat /proc/{pid}/status").splitlines() if ":" in line)
        of = {name: status[name].split() for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapPrm", "CapAmb")}
        assert len(set(of["Uid"])) == 1 and of["Uid"][0] != "0" and of["Uid"] == of["Gid"], of
        assert succeed(m, f"getent passwd {of['Uid'][0]} || echo nobody").strip() == "nobody"
        assert of["Groups"] in ([], of["Gid"][:1]) and of["NoNewPrivs"] == ["1"] and of["Seccomp"] == ["2"], of
        assert all(int(of[name][0], 16) == 0 for name in ("CapEff", "CapPrm", "CapAmb")), of
        descriptors = succeed(m, f"for f in /proc/{pid}/fd/*; do readlink $f; done").split("\n")[:-1]
        ends = [d for d in descriptors if d != "/dev/null"]
        assert len(ends) == 2 and node in ends and any(d.startswith("socket:") for d in ends), descriptors
        assert succeed(m, f"ls -A /proc/{pid}/root/ | wc -l; readlink /proc/{pid}/root").split()[0] == "0"
        assert succeed(m, f"readlink /proc/{pid}/root").strip() != "/"
        assert succeed(m, f"readlink /proc/{pid}/ns/net") != succeed(m, "readlink /proc/1/ns/net")
        print(f"     the worker: {of}, {descriptors}")
        m.console.press(b"\x03")
        m.console.expect(dialogue.LOGIN_PROMPT, timeout=PATIENCE)
