# SPDX-License-Identifier: ISC
"""check on hosts that are ill, and real logins that say the same: some of the rows (all of them: ./setup check ill-hosts)."""

import os
import sys

sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/ill")
import host  # noqa: E402
from rows import ROWS  # noqa: E402
from rows_host import ROWS as MORE  # noqa: E402

QUICK = ("deny_behind", "line_gone_login", "succeed_if", "helper_gone", "credentials_gone", "no_service_file", "deny_users", "drop_in_gone",
         "no_sudo_rule", "no_sink_required_remote", "as_1m_of_root")

start = host.start
globals().update(host.tests([row for row in [*ROWS, *MORE] if row.name in QUICK]))
