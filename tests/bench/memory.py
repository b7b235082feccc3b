#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""memory.py BUILD PEERS RUNS: what our PAM module and pam_u2f each add to a process that loads them."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
from measure import program, row  # noqa: E402

BUILD, PEERS, RUNS = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROOT = f"{PEERS}/root"
LIBRARIES = {"LD_LIBRARY_PATH": f"{ROOT}/usr/lib/x86_64-linux-gnu:{ROOT}/lib/x86_64-linux-gnu"}
OURS = f"{BUILD}/pam/pam_breakglass.so"
U2F = f"{ROOT}/lib/x86_64-linux-gnu/security/pam_u2f.so"


def service(directory, name, line):
    with open(f"{directory}/{name}", "w", encoding="ascii") as file:
        file.write(line)


def main():
    with tempfile.TemporaryDirectory() as directory:
        service(directory, "none", "auth optional pam_permit.so\n")
        service(directory, "ours", f"auth optional {OURS}\n")
        service(directory, "u2f", f"auth optional {U2F}\n")
        found = {}
        for name, path in (("ours", OURS), ("u2f", U2F)):
            runs = RUNS if os.path.exists(path) else 0
            answers = [program([f"{BUILD}/tests/bench/module_cost", name, directory], env=LIBRARIES) for _ in range(runs)]
            found[name] = list(zip(*(map(int, answer.split()) for answer in answers))) or [None] * 3
    for index, (what, unit) in enumerate((("private dirty", "kB"), ("PSS", "kB"), ("libraries, itself too", "files"))):
        row(f"PAM module adds: {what}", unit, found["ours"][index], "pam_u2f", found["u2f"][index], RUNS)


main()
