# SPDX-License-Identifier: ISC
"""Runs the test_* functions of one file, each in a process of its own and in bounded time.

usage: runner.py FILE [--again] [NAME...]     (inside a copy; only the named tests if there are names)

A file may define start() (called once before the first test, in the same process that forks the tests; its
daemons are seen by all) and may bound a test with @bounded(seconds). Last line: "N passed, N failed[, N skipped]".

Tests marked @after_power_cut (with systemd only) run in a second boot of the same copy: the first run ends with
exit status 75 when all is well, the copy is killed as it stands, booted again, and the file is run with --again.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import signal
import sys
import tempfile
import time
import traceback
from types import FunctionType, ModuleType

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

sys.path.append(HERE + "/../tools")
import bglab  # noqa: E402
import roomkeys  # noqa: E402

DEFAULT_SECONDS = 200
START_SECONDS = 120
PASS, FAIL, SKIP = 0, 1, 77
POWER_CUT = 75


def load(path: str) -> ModuleType:
    """The test file as a module."""
    spec = importlib.util.spec_from_file_location(os.path.basename(path).removesuffix(".py"), path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def tests_of(module: ModuleType, names: list[str]) -> list[FunctionType]:
    """Its test functions in the order they are written, or only those named."""
    found = [f for name, f in vars(module).items() if name.startswith("test_") and isinstance(f, FunctionType)]
    unknown = set(names) - {f.__name__ for f in found}
    if unknown:
        sys.exit(f"runner: no such test: {' '.join(sorted(unknown))}")
    return [f for f in found if not names or f.__name__ in names]


def outcome(function: FunctionType) -> int:
    """Run one test in this process and return its status. The reason goes to stdout."""
    try:
        measured = function()
        if isinstance(measured, str):  # a figure for the log; nothing is asserted of it
            print(measured)
    except bglab.Skip as reason:
        print(reason)
        return SKIP
    except BaseException:  # noqa: BLE001  (whatever it was, it is a failure with a trace)
        traceback.print_exc(file=sys.stdout)
        return FAIL
    return PASS


def in_child(function: FunctionType, output: int) -> int:
    """Fork and run one test; return the child's pid. The child leads its own session."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  (what it said before it was killed counts)
    status = outcome(function)
    sys.stdout.flush()
    os._exit(status)


def wait_bounded(pid: int, seconds: float) -> int | None:
    """Its exit status; None if it had to be killed after that many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, raw = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(raw)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def clear_away() -> None:
    """Kill what a test has left behind: everything except the daemons and our own ancestors."""
    if bglab.read("/proc/1/comm").strip() == "systemd":
        return
    keep = bglab.daemon_pids() | ancestors()
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path[6:])
        if pid not in keep and os.path.exists(f"{path}/exe"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def ancestors() -> set[int]:
    pid, found = os.getpid(), {1}
    while pid > 1:
        found.add(pid)
        pid = int(bglab.read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])
    return found


def run_one(function: FunctionType) -> str:
    """Run, report, clear away: "ok", "FAIL" or "skip"."""
    seconds = getattr(function, "seconds", DEFAULT_SECONDS)
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        status = wait_bounded(in_child(function, output.fileno()), seconds)
        took = time.monotonic() - began
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    clear_away()
    roomkeys.forget()
    word = {PASS: "ok", SKIP: "skip"}.get(status, "FAIL") if status is not None else "FAIL"
    note = f" - {text.strip().splitlines()[-1]}" if word in ("ok", "skip") and text.strip() else ""
    print(f"{word:4} {function.__name__} ({took:.1f} s){note}")
    if word == "FAIL":
        print("     | " + (text if status is not None else f"{text}\nnot done within {seconds} s").rstrip().replace("\n", "\n     | "))
    sys.stdout.flush()
    return word


def begun(module: ModuleType) -> bool:
    """Run the file's start(), if it has one, in bounded time; True if it succeeded."""

    def too_late(*_: object) -> None:
        raise TimeoutError(f"start() is not done within {START_SECONDS} s")

    begin = getattr(module, "start", None)
    if begin is None:
        return True
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(START_SECONDS)
    status = outcome(begin)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return status == PASS


def main(path: str, again: bool, names: list[str]) -> int:
    print(f"== {os.path.basename(path)}{' after the power cut' if again else ''}", flush=True)
    module = load(path)
    wanted = tests_of(module, names)
    chosen = [f for f in wanted if getattr(f, "after_power_cut", False) == again]
    if not again and not begun(module):
        print(f"FAIL start of {os.path.basename(path)}\n0 passed, {max(1, len(wanted))} failed")
        return 1
    words = [run_one(function) for function in chosen]
    skipped = f", {words.count('skip')} skipped" if "skip" in words else ""
    print(f"{words.count('ok')} passed, {words.count('FAIL')} failed{skipped}", flush=True)
    if "FAIL" in words or not wanted:
        return 1
    return POWER_CUT if len(chosen) < len(wanted) and not again else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], "--again" in sys.argv[2:], [name for name in sys.argv[2:] if name != "--again"]))
