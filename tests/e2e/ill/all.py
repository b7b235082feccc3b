# SPDX-License-Identifier: ISC
"""Every row of the table: minutes, by hand (./setup check ill-hosts)."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import host  # noqa: E402
from rows import ROWS  # noqa: E402
from rows_host import ROWS as MORE  # noqa: E402

start = host.start
globals().update(host.tests([*ROWS, *MORE]))
