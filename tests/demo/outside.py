# SPDX-License-Identifier: ISC
"""What surrounds the demo's machine: a key plugged into it, and a receiver of alarms outside.

The key is tests/tools/softkey/softkey: it remembers its credentials and is touched one second after it begins to blink. The receiver
is tests/lab/pager.py, Python's HTTPS server with a certificate made by openssl; signatures are recomputed here, with hmac and base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["BG_BUILD"] = os.path.join(HERE, "..", "..", "_build")
for room in ("lab", "tools/softkey"):
    sys.path.append(os.path.join(HERE, "..", room))
import bglab  # noqa: E402
import pager  # noqa: E402
from softkey_lab import Key  # noqa: E402

TOUCHED_AFTER = 1  # seconds
Request = tuple[dict[str, str], bytes]


class Outside:
    """with Outside("bg1") as outside: the key is enrolled and plugged in, and the receiver is listening."""

    def __init__(self, account: str) -> None:
        self.secret = os.urandom(32)
        self.key = Key("--touch", f"after:{TOUCHED_AFTER * 1000}", state=f"{bglab.STATE}/key")
        pager.connect(f"[fido]\ndevice = {self.key.link}\n", secret=self.secret)
        self.receiver = pager.receiver()
        made = bglab.run(["breakglass", "key", "add", account, "--label", "blue", "--yes"], timeout=60)
        if made.returncode != 0:
            raise bglab.Missing(f"breakglass key add: status {made.returncode}\n{made.stdout}{made.stderr}")

    def __enter__(self) -> Outside:
        return self

    def __exit__(self, *_: object) -> None:
        self.receiver.stop()
        self.key.__exit__()

    # -- what the receiver has got -------------------------------------------------------------

    def heard(self) -> list[Request]:
        """Every request so far, oldest first."""
        with self.receiver.lock:
            return [(headers, body) for headers, body, _ in self.receiver.got]

    def alarm(self, event: str, timeout: float = 20.0) -> Request:
        """The request with the journal event of this id."""
        mine = lambda: [r for r in self.heard() if json.loads(r[1])["id"] == event]  # noqa: E731
        return bglab.until(f"the alarm {event}", mine, timeout)[0]

    def signed(self, headers: dict[str, str], body: bytes) -> bool:
        """Standard Webhooks: v1,base64(HMAC-SHA256(secret, "id.timestamp.body")), and no older than 5 minutes when it arrived."""
        stamp = headers["webhook-timestamp"]
        text = f"{headers['webhook-id']}.{stamp}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(self.secret, text, hashlib.sha256).digest()).decode()
        arrived = self.receiver.arrived[headers["webhook-id"], stamp]
        return abs(arrived - int(stamp)) < 300 and wanted in headers["webhook-signature"].split()


def in_journal(body: bytes) -> bool:
    """Is this, byte for byte, a line of the journal?"""
    for name in os.listdir(bglab.JOURNAL):
        path = os.path.join(bglab.JOURNAL, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if body in file.read().split(b"\n"):
                    return True
    return False
