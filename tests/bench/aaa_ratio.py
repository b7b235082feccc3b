# SPDX-License-Identifier: ISC
"""What a RADIUS or TACACS+ server that drops every packet costs the emergency account, as a ratio; nothing is asserted.

    tests/lab/run-e2e tests/bench/aaa_ratio.py        as root; some ten minutes

Seconds from the last key stroke (Enter after the reason) to the shell, by shares at login and by ssh. The stacks with a client
and those without take turns, in one order and the next time in the other, so that noise affects all equally. "pairs" is the
median of the ratios of two logins made one after the other. The goal is a ratio of at most 1.2.
"""

import os
import statistics
import sys

import bglab
from bglab import bounded

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import test_aaa as aaa  # noqa: E402

RUNS = 9
CLIENTS = ("radius", "tacacs", "none")
WAYS = ("login", "ssh")


def stacks(client: str) -> str:
    return f"/run/pam.{client}"


def start() -> None:
    aaa.start()
    for client in CLIENTS:
        aaa.asks(client)
        bglab.command(f"cp -a /etc/pam.d {stacks(client)}")
    aaa.server("drop")


def door(way: str, client: str) -> float:
    bglab.command(f"mount --bind {stacks(client)} /etc/pam.d")
    try:
        return aaa.door(way)
    finally:
        bglab.command("umount /etc/pam.d")


@bounded(1400)
def test_ratio() -> str:
    seen: dict[tuple[str, str], list[float]] = {(way, client): [] for way in WAYS for client in CLIENTS}
    for run in range(RUNS):
        for way in WAYS:
            for client in CLIENTS if run % 2 else CLIENTS[::-1]:
                seen[way, client].append(door(way, client))
    rows = []
    for way in WAYS:
        plain = seen[way, "none"]
        for client in CLIENTS[:-1]:
            dead = seen[way, client]
            medians = statistics.median(dead) / statistics.median(plain)
            pairs = statistics.median(a / b for a, b in zip(dead, plain, strict=True))
            rows.append(f"{way}, {client} drops: {statistics.median(dead):.3f} s / {statistics.median(plain):.3f} s, "
                        f"ratio of medians {medians:.2f}, pairs {pairs:.2f}")
    return f"{RUNS} runs; " + "; ".join(rows)
