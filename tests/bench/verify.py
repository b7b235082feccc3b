#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What reading a journal costs, at 10^3, 10^5 and 10^6 lines of 1.5 KB. usage: verify.py BUILDDIR RUNS

"journal verify" against sha256sum over the same bytes, both from the page cache: on one processor, and with all of them;
"journal show --last 3" against tail -n 3 of the newest segment. The journals are chains that Python makes of one line of ours.
Everything happens in a mount namespace with a /var/lib of its own, on the disk of the temporary directory.
"""
import ctypes
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import measure

SEGMENT = 4 << 20
STATE = "/var/lib/breakglass"


def sha(data):
    return hashlib.sha256(data).hexdigest().encode()


def sample(build, place):
    """The genesis line and an ordinary one, as the program writes them."""
    measure.program([f"{build}/tests/tools/record", f"{place}/state/journal", f"{place}/run", "", "-m", "LDAP is down, and so is the VPN. " * 6])
    with open(f"{place}/state/journal/000001.jsonl", "rb") as f:
        return f.read().splitlines()[:2]


def fill(directory, first, line, count):
    """A chain of that many lines, in segments as ours are."""
    body = line[:line.index(b',"linehash":"')]
    number, before = body.index(b'"sequence":"') + 12, body.index(b'"prevhash":"') + 12
    start, middle, end = body[:number], body[number + 20:before], body[before + 64:]
    prev, out, size, segments = b"", None, SEGMENT, 0
    for n in range(1, count + 1):
        if size >= SEGMENT:
            segments, size = segments + 1, 0
            if out is not None:
                out.close()
            out = open(f"{directory}/{segments:06d}.jsonl", "wb")
        if n > 1:
            text = start + b"%020d" % n + middle + prev + end
            text += b',"linehash":"' + sha(text) + b'","seal":null}'
        else:
            text = first
        prev = sha(text)
        size += out.write(text + b"\n")
    out.close()


def own_var_lib(place):
    """Nobody else sees it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    os.makedirs(f"{place}/lib/breakglass", mode=0o755)
    subprocess.run(["mount", "--bind", f"{place}/lib", "/var/lib"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)


def ends(command, codes=(0,)):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode in codes, f"{command}: {done.stderr}"


def measured(build, count, runs):
    files = sorted(glob.glob(f"{STATE}/journal/*.jsonl"))
    verify = [f"{build}/breakglass", "journal", "verify"]  # 1: this journal has no second place
    show = [f"{build}/breakglass", "journal", "show", "--last", "3"]
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    ends(["cat", *files])
    took = measure.turns({
        "verify": lambda: ends(verify, (0, 1)), "verify one": lambda: ends(one + verify, (0, 1)),
        "sha256sum": lambda: ends(["sha256sum", *files]), "sha256sum one": lambda: ends([*one, "sha256sum", *files]),
        "show": lambda: ends(show), "tail": lambda: ends(["tail", "-n", "3", files[-1]]),
    }, runs)
    size = f"10^{len(str(count)) - 1} lines"
    measure.row(f"journal verify, one processor, {size}", "ms", took["verify one"], "sha256sum", took["sha256sum one"], runs)
    measure.row(f"journal verify, all processors, {size}", "ms", took["verify"], "sha256sum", took["sha256sum"], runs)
    measure.row(f"journal show --last 3, {size}", "ms", took["show"], "tail -n 3", took["tail"], runs)


def main():
    build, runs = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        os.chmod(place, 0o755)
        first, line = sample(build, place)
        own_var_lib(place)
        for count in (1000, 100000, 1000000):
            os.makedirs(f"{STATE}/journal", mode=0o750)
            fill(f"{STATE}/journal", first, line, count)
            measured(build, count, min(runs, 3) if count == 1000000 else runs)
            shutil.rmtree(f"{STATE}/journal")
        subprocess.run(["umount", "/var/lib"], check=True)


main()
