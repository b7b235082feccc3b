# SPDX-License-Identifier: ISC
"""A virtual machine that boots the image of tests/vm/image, with two serial lines: its console, and a root shell for the tests.

Every wait is bounded. Nothing but the standard library and qemu.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 480.0  # seconds: an emulated processor on a busy machine
PR_SET_PDEATHSIG = 1
KERNEL = "console=ttyS0 quiet panic=-1 ro net.ifnames=0 mitigations=off"


class Missing(AssertionError):
    """The expected text did not come."""


class Line:
    """One serial line, as the person at its other end sees it."""

    def __init__(self, path: str) -> None:
        self.seen = self.pending = self.before = ""
        end = time.monotonic() + 20
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                return
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def type(self, text: str = "") -> None:
        """Type a line and press Enter."""
        self.socket.sendall(text.encode() + b"\r")

    def press(self, key: bytes) -> None:
        self.socket.sendall(key)

    def expect(self, *patterns: str, timeout: float = PATIENCE) -> re.Match[str]:
        """Wait for the first match of any pattern; the text before it is in .before."""
        end = time.monotonic() + timeout
        while True:
            hits = [m for m in (re.search(p, self.pending) for p in patterns) if m]
            if hits:
                first = min(hits, key=lambda m: m.start())
                self.before, self.pending = self.pending[: first.start()], self.pending[first.end() :]
                return first
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise Missing(f"no {' or '.join(patterns)} within {timeout} s; seen: {self.pending[-1500:]!r}")
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Missing(f"the machine is gone; seen: {self.pending[-1500:]!r}")
            self.seen += data.decode("utf-8", "replace")
            self.pending += data.decode("utf-8", "replace")


class Machine:
    """with Machine(image, disk) as m: it boots; m.console is ttyS0, m.sh() runs commands as root. It ends without a shutdown.

    disk: a qcow2 file, or "nbd:" and the path of a socket (see lossy). append: words for the kernel. rtc: what the hardware clock
    says. resume: a file that save() made, on a disk layered on that machine's. This computer is 10.0.2.2 to it.
    """

    def __init__(self, image: str, disk: str, append: str = "", rtc: str = "", resume: str = "", accel: str = "tcg,thread=multi,tb-size=512") -> None:
        self.folder = tempfile.mkdtemp(prefix="vm.")
        words = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35", "-accel", accel]
        words += ["-cpu", "max" if accel.startswith("tcg") else "host", "-smp", "2", "-m", "768"]
        words += ["-kernel", f"{image}/kernel", "-initrd", f"{image}/initrd", "-append", f"{KERNEL} root=/dev/vda {append}"]
        file = f"format=raw,file=nbd:unix:{disk[4:]}" if disk.startswith("nbd:") else f"format=qcow2,file={disk}"
        words += ["-drive", f"if=none,id=disk,cache=writeback,{file}", "-device", "virtio-blk-pci,drive=disk"]
        words += ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
        words += ["-device", "virtio-rng-pci", "-device", "qemu-xhci", "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off"]
        words += ["-rtc", f"base={rtc}"] if rtc else []
        words += ["-incoming", f"exec:cat {resume}"] if resume else []
        for n in (0, 1):
            words += ["-chardev", f"socket,id=s{n},path={self.folder}/s{n},server=on,wait=off", "-serial", f"chardev:s{n}"]
        with open(f"{self.folder}/qemu", "wb") as log:
            self.qemu = subprocess.Popen(["qemu-system-x86_64", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_us)
        try:
            self.console = Line(f"{self.folder}/s0")
            self.control = Line(f"{self.folder}/s1")
        except OSError:
            with open(f"{self.folder}/qemu", encoding="utf-8", errors="replace") as log:
                raise Missing(f"qemu: {log.read()}") from None
        if resume:
            self._go_on()

    def _go_on(self) -> None:
        """What is typed before it runs would be lost."""
        end = time.monotonic() + PATIENCE
        while (status := self.ask("query-status")["status"]) != "running":
            assert time.monotonic() < end, status
            if status != "inmigrate":
                self.ask("cont")
            time.sleep(0.1)

    def sh(self, command: str, timeout: float = PATIENCE) -> tuple[int, str]:
        """Run a command in the root shell of the tests; its status and output."""
        self._control_shell(timeout)
        mark = str(time.monotonic_ns())
        self.control.type(f"echo S''{mark}; {command}; echo E''{mark}=$?")
        self.control.expect(rf"S{mark}\r?\n", timeout=timeout)
        status = self.control.expect(rf"E{mark}=(\d+)\r?\n", timeout=timeout)
        return int(status[1]), self.control.before.replace("\r\n", "\n")

    def _control_shell(self, timeout: float) -> None:
        """Its prompt may have come before anybody listened, so it is asked for until it comes."""
        end = time.monotonic() + timeout
        while True:
            self.control.type("")
            try:
                self.control.expect("control#", timeout=1.0)
                return
            except Missing:
                if time.monotonic() > end:
                    raise

    def save(self, path: str) -> None:
        """What it is at this moment goes into a file, and it ends; its disk stays as it is now."""
        self.ask("migrate", uri=f"exec:cat >{path}")
        while (status := self.ask("query-migrate").get("status")) != "completed":
            assert status != "failed", "the state cannot be saved"
            time.sleep(0.2)
        self.ask("quit")
        self.qemu.wait(PATIENCE)

    def ask(self, command: str, **arguments: str) -> dict[str, str]:
        """A command to qemu itself, and what it returns."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(f"{self.folder}/qmp")
            lines = monitor.makefile("rw", encoding="utf-8")
            answers: list[dict[str, str]] = []
            for line in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(line) + "\n")
                lines.flush()
                while True:
                    said = json.loads(lines.readline())
                    assert "error" not in said, said
                    if "return" in said:
                        answers.append(said["return"])
                        break
            return answers[-1]

    def power_cut(self) -> None:
        self.qemu.kill()
        self.qemu.wait()

    def goes_off(self, timeout: float = PATIENCE) -> None:
        """Wait until it has switched itself off (or rebooted, which ends it too)."""
        self.qemu.wait(timeout)

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.power_cut()
        shutil.rmtree(self.folder, ignore_errors=True)


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def layer(below: str, path: str, form: str = "qcow2") -> str:
    """A disk at path that begins as the one below; what is written goes into it alone."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", form, path], check=True)
    return path
