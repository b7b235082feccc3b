# SPDX-License-Identifier: ISC
"""A software key for the length of a test, and the programs that talk to it. Run from the build directory."""
import os, select, shutil, socket, subprocess, sys, tempfile, time

BUILD = os.path.abspath(os.environ.get("BG_BUILD", "."))
SOFTKEY = BUILD + "/tests/tools/softkey/softkey"
PATIENCE = 60  # seconds after which any of our own waits counts as failed


def need(*programs):
    """Exit 77 (skipped) if the key was not built or a program is not installed."""
    missing = [p for p in programs if shutil.which(p) is None]
    if not os.access(SOFTKEY, os.X_OK):
        missing.insert(0, "tests/tools/softkey/softkey (libcbor)")
    if missing:
        print("skipped, not here:", ", ".join(missing))
        sys.exit(77)


class Key:
    """with Key("--touch", "never") as key: key.path is the device, key.tell("touch auto") commands it."""

    def __init__(self, *options, state=None):
        self.dir = tempfile.mkdtemp(prefix="softkey.")
        self.state = state or self.dir + "/state"
        self.link, self.control = self.dir + "/key", self.dir + "/control"
        self.process = subprocess.Popen([SOFTKEY, "--state", self.state, "--link", self.link, "--control", self.control,
                                         *options], stdout=subprocess.PIPE, text=True)
        self.path = self.process.stdout.readline().strip()
        assert self.path.startswith("/dev/pts/"), self.path

    def tell(self, line):
        """Send one line to the control socket; return the answer without "ok"."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.control)
            s.sendall(line.encode() + b"\n")
            answer = s.makefile().readline().strip()
        assert answer.startswith("ok"), f"{line}: {answer}"
        return answer[3:]

    def status(self):
        return dict(pair.split("=", 1) for pair in self.tell("status").split())

    def replug(self):
        self.tell("unplug")
        self.path = self.tell("plug")

    def wait(self, name, value):
        """Wait until the status says so."""
        end = time.monotonic() + PATIENCE
        while self.status()[name] != value:
            assert time.monotonic() < end, f"{name} is not {value}: {self.status()}"
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        shutil.rmtree(self.dir)
        assert code == 0, f"softkey ended with {code}"  # a sanitizer's finding, or a crash


class Result:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


def run(*command, pins=(), text=None, cwd=None, env=None):
    """Run to the end without a terminal, so that PINs are read from standard input, one per line."""
    stdin = text if text is not None else "".join(p + "\n" for p in pins)
    return Result(subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=PATIENCE, cwd=cwd, env=env,
                                 start_new_session=True))


def ok(result):
    assert result.code == 0, result
    return result


def fails(result, *words):
    """Check that it failed, and said why."""
    assert result.code != 0, result
    for word in words:
        assert word in result.err + result.out, f"{word} not in: {result}"
    return result


def main(namespace):
    """Run every test_* function of a module, in order; only those named on the command line, if any."""
    chosen = sys.argv[1:]
    tests = [(n, f) for n, f in namespace.items() if n.startswith("test_") and (not chosen or n in chosen)]
    for name, function in tests:
        began = time.monotonic()
        function()
        print(f"ok {name} {time.monotonic() - began:.2f} s", flush=True)
    assert tests
