# SPDX-License-Identifier: ISC
"""The web hook that alarms go to: an HTTPS receiver on this host, its certificates, its secret and its section of breakglass.conf."""

from __future__ import annotations

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "utils", "alert"))
import receiver as receivers  # noqa: E402

CERTS = "/run/bglab/certs"
PORT = 8443
SECRET = "/etc/breakglass/secrets/pager"
CONF = "/etc/breakglass/breakglass.conf"
Receiver = receivers.Receiver


def receiver(port: int = PORT) -> receivers.Receiver:
    return receivers.Receiver(CERTS, port=port)


def connect(conf: str = "", more: str = "", secret: bytes = bytes(32), mode: str = "w") -> None:
    """breakglass.conf: what stands in conf, then the sink "pager" with further lines of its own. Nothing listens yet.

    With mode "a" they go behind what is in the file."""
    receivers.make_certificates(CERTS)
    os.makedirs(os.path.dirname(SECRET), exist_ok=True)
    with open(SECRET, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o400)
        file.write("whsec_" + base64.b64encode(secret).decode() + "\n")
    with open(CONF, mode, encoding="utf-8") as file:
        file.write(
            f"{conf}[sink pager]\ntype = webhook\nurl = https://hook.test:{PORT}/\nresolve = hook.test:{PORT}:127.0.0.1\n"
            f"secret-file = {SECRET}\nca-file = {CERTS}/ca.pem\n{more}"
        )
