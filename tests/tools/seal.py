#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The seal of a journal by the text of breakglass-journal(5) alone: hashlib, hmac, and BIP-350 written here.

    seal.py check DIRECTORY < KEYS     one word a line of the journal: its number and before, good, forged, null
    seal.py name < KEY                 journal (16 digits), first number, name
"""
import hashlib
import hmac
import json
import pathlib
import sys

DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    chk = 1
    for v in values:
        top = chk >> 25
        chk = (chk & 0x1FFFFFF) << 5 ^ v
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            chk ^= g if (top >> i) & 1 else 0
    return chk


def decode(text):
    """The bytes of a Bech32m text with the prefix bgseal."""
    text = text.lower()
    prefix, data = text.rsplit("1", 1)
    values = [DIGITS.index(c) for c in data]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    assert prefix == "bgseal" and polymod(expanded + values) == 0x2BC830A3, "not a key"
    bits = "".join(format(v, "05b") for v in values[:-6])
    assert set(bits[len(bits) // 8 * 8:]) <= {"0"}
    return int(bits, 2).to_bytes((len(bits) + 7) // 8, "big")[:len(bits) // 8] if len(bits) % 8 == 0 else (
        int(bits[:len(bits) // 8 * 8], 2).to_bytes(len(bits) // 8, "big"))


class Key:
    def __init__(self, text):
        raw = decode("".join(text.split()).replace("-", ""))
        assert len(raw) == 48
        self.journal = raw[:8].hex()
        self.start = int.from_bytes(raw[8:16], "big")
        self.key = raw[16:]
        self.name = hashlib.sha256(b"breakglass-seal-name-1\n" + raw).digest()[:16].hex()

    def of(self, number):
        key = self.key
        for _ in range(number - self.start):
            key = hashlib.sha256(b"breakglass-seal-next-1\n" + key).digest()
        return key


def lines(directory):
    for path in sorted(pathlib.Path(directory).glob("[0-9]*.jsonl")):
        yield from (line for line in path.read_bytes().split(b"\n") if line)


def check(directory, keys):
    for line in lines(directory):
        event = json.loads(line)
        number = int(event["sequence"])
        mine = [k for k in keys if k.start <= number and event["journalid"].startswith(k.journal)]
        if not mine:
            verdict = "before"
        elif event["seal"] is None:
            verdict = "null"
        else:
            covered = line[:line.rindex(b',"seal":')]
            mac = hmac.new(max(mine, key=lambda k: k.start).of(number), covered, hashlib.sha256).hexdigest()
            verdict = "good" if mac == event["seal"] else "forged"
        print(number, verdict)


def main():
    texts = [line for line in sys.stdin.read().splitlines() if line.strip()]
    keys = [Key(text) for text in texts]
    if sys.argv[1] == "check":
        check(sys.argv[2], keys)
    else:
        for k in keys:
            print(k.journal, k.start, k.name)


if __name__ == "__main__":
    main()
