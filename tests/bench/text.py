#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""text.py BUILD PEERS RUNS: what a person types for a text challenge, and how long the key's program takes, beside GLOME's login.

GLOME's figures are those of its sources (google/glome, login/): a challenge is a URL with 33 bytes in base64url, host and action; an answer
is base64url of a MAC of 32 bytes, of which 10 characters are the fewest that are taken. A MAC can be cut short; a signature cannot, and in
return no server holds a key that opens every host, and the answer proves touch and PIN.
"""
import os
import sys

BUILD, RUNS = os.path.abspath(sys.argv[1]), int(sys.argv[3])
os.environ["BG_BUILD"] = BUILD
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE + "/../tools/softkey", HERE + "/../utils/respond"]
import second  # noqa: E402
from measure import milliseconds, program, row  # noqa: E402
from softkey_lab import Key  # noqa: E402

PIN = "246813"
KEYS_A_SECOND = 2
GLOME = "v1/" + "A" * 44 + "/web01/shell=bg1/"
WHOLE, FEWEST = 44, 10


def main():
    challenge = second.challenge("web01", "bg1", "sshd", 1795694400, 5)
    answer = sum(row.count("") - 1 for row in (r.replace("-", "") for r in second.answer_rows(bytes(32), 5, 1, bytes(64))))
    row("text challenge, to type", "chars", [len(challenge)], "GLOME", [len(GLOME)], 1)
    row("text answer, to type", "chars", [answer], "GLOME, whole", [WHOLE], 1)
    row("text answer, to type", "chars", [answer], "GLOME, shortest", [FEWEST], 1)
    row(f"text answer, at {KEYS_A_SECOND} keys a second", "s", [answer / KEYS_A_SECOND], "GLOME, whole", [WHOLE / KEYS_A_SECOND], 1)
    row(f"text answer, at {KEYS_A_SECOND} keys a second", "s", [answer / KEYS_A_SECOND], "GLOME, shortest", [FEWEST / KEYS_A_SECOND], 1)
    with Key("--pin", PIN) as key:
        command = [BUILD + "/breakglass-respond", "--device", key.path, "--pin-stdin"]
        program([*command, "enroll"], PIN + "\n")
        took = [milliseconds(program, [*command, "web01", *challenge.split()], PIN + "\n") for _ in range(RUNS)]
    row("breakglass-respond, with a software key", "ms", took, "-", None, RUNS)


main()
