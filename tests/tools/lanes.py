# SPDX-License-Identifier: ISC
"""lanes.py: the tests of one program side by side, where most of a test is waiting and each has a namespace of its own.

    lanes.begin(3)             before anything else is done: if no test is named on the command line (argv[2:]), three copies of
                               the program are run and this does not return
    for name in lanes.mine(names): ...    in a copy: the next test that nobody has taken; else those that were named, or all
"""

import os
import signal
import subprocess
import sys
import tempfile

TICKET = 128  # bytes of a test's name in the pipe that all copies read from


def begin(count):
    if len(sys.argv) > 2 or "BG_TEST_LANE" in os.environ:
        return
    names = [n for n in vars(sys.modules["__main__"]) if n.startswith("test_")]
    get, put = os.pipe()
    os.write(put, b"".join(n.encode().ljust(TICKET) for n in names))
    os.close(put)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was said until then is shown
    said = [tempfile.TemporaryFile("w+") for _ in range(count)]
    words = [sys.executable, *(f"-W{x}" for x in sys.warnoptions), *sys.argv]
    copies = [subprocess.Popen(words, pass_fds=[get], stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "BG_TEST_LANE": str(get)})
              for out in said]
    os.close(get)
    try:
        ended = [copy.wait() for copy in copies]
    finally:
        for copy in copies:
            copy.kill()
        for out in said:
            out.seek(0)
            print(out.read(), end="", flush=True)
    sys.exit(77 if 77 in ended else int(any(ended)))


def mine(names):
    if "BG_TEST_LANE" not in os.environ:
        yield from (n for n in list(names) if n.startswith("test_") and (n in sys.argv[2:] or len(sys.argv) <= 2))
        return
    while ticket := os.read(int(os.environ["BG_TEST_LANE"]), TICKET):
        yield ticket.decode().strip()
