#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""shares.py BUILD PEERS RUNS: a 2-of-3 set of a 128-bit secret, recovered by our library and by others.

Ours against the bare PBKDF2 of OpenSSL (what the standard itself costs: 10000 rounds at exponent 0 over all four
Feistel rounds), and whole programs against whole programs. libgfshare and ssss stretch nothing: that is the price of
the standard, not of the code.
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
from measure import program, row, turns  # noqa: E402

BUILD, PEERS, RUNS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SECRET = "00112233445566778899aabbccddeeff"
SLIP39 = f"{BUILD}/tests/tools/slip39"
CORE = f"{BUILD}/tests/bench/share_core"
LIBRARIES = {"LD_LIBRARY_PATH": f"{PEERS}/root/usr/lib/x86_64-linux-gnu", "PATH": os.environ["PATH"]}
NODE = """const Slip39 = require('slip39');
const shares = require('fs').readFileSync(0, 'utf8').trim().split('\\n');
const time = process.hrtime.bigint();
const secret = Slip39.recoverSecret(shares, '');
console.log(Buffer.from(secret).toString('hex'), Number(process.hrtime.bigint() - time) / 1e6);
"""


def ours(shares):
    assert program([SLIP39, "combine"], shares).strip() == SECRET


def gfshare(directory):
    """The set is made here; None if the program is missing."""
    combine, split = f"{PEERS}/root/usr/bin/gfcombine", f"{PEERS}/root/usr/bin/gfsplit"
    if not os.access(combine, os.X_OK):
        return None
    with open(f"{directory}/secret", "wb") as file:
        file.write(bytes.fromhex(SECRET))
    program([split, "-n", "2", "-m", "3", f"{directory}/secret", f"{directory}/part"], env=LIBRARIES)
    parts = sorted(f"{directory}/{name}" for name in os.listdir(directory) if name.startswith("part"))[:2]

    def work():
        program([combine, "-o", f"{directory}/back", *parts], env=LIBRARIES)
        with open(f"{directory}/back", "rb") as file:
            assert file.read().hex() == SECRET

    return work


def ssss():
    combine, split = f"{PEERS}/root/usr/bin/ssss-combine", f"{PEERS}/root/usr/bin/ssss-split"
    if not os.access(combine, os.X_OK):
        return None
    made = "".join(program([split, "-t", "2", "-n", "3", "-x", "-q"], SECRET + "\n").splitlines(True)[:2])

    def work():
        command = [combine, "-t", "2", "-x", "-q"]
        assert SECRET in program(["sh", "-c", '"$@" 2>&1', "sh", *command], made)

    return work


def node(shares):
    if not os.path.isdir(f"{PEERS}/npm/node_modules/slip39"):
        return None

    def work():
        answer = program(["node", "-e", NODE], shares, cwd=f"{PEERS}/npm").split()
        assert answer[0] == SECRET, answer
        work.inside.append(float(answer[1]))

    work.inside = []
    return work


def main():
    shares = "".join(program([SLIP39, "split", "2", "3"], SECRET + "\n").splitlines(True)[:2])
    core = {"combine": [], "pbkdf2": [], "join": []}
    for _ in range(RUNS):
        for word, figure in (line.split() for line in program([CORE], shares).splitlines()):
            core[word].append(float(figure))
    row("share recovery, library", "ms", core["combine"], "OpenSSL, bare PBKDF2", core["pbkdf2"], RUNS)
    whole = "".join(program([SLIP39, "split", "16", "16"], SECRET + "\n").splitlines(True))
    joins = [float(line.split()[1]) * 1000 for _ in range(RUNS) for line in program([CORE], whole).splitlines() if "join" in line]
    row("joining 16 of 16, without PBKDF2", "us", joins, "-", None, RUNS)
    with tempfile.TemporaryDirectory() as directory:
        peers = {"gfcombine (no stretching)": gfshare(directory), "ssss-combine (no stretching)": ssss(), "npm slip39": node(shares)}
        works = {"ours": lambda: ours(shares)} | {name: work for name, work in peers.items() if work}
        samples = turns(works, RUNS)
    for name in peers:
        row("share recovery, program", "ms", samples["ours"], name, samples.get(name), RUNS)
    if peers["npm slip39"]:
        row("share recovery, library", "ms", core["combine"], "npm slip39", peers["npm slip39"].inside, RUNS)


main()
