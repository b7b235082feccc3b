# SPDX-License-Identifier: ISC
"""The same with packages that others log in by, as Debian's pam-auth-update puts them in: an sssd that does not run, Kerberos, U2F, Google
Authenticator. By hand: ./setup check ill-packages."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bglab  # noqa: E402
import host  # noqa: E402
from rows_packages import ROWS  # noqa: E402

host.PASSES_BY[0] = 3  # pam_sss, pam_unix and their like ask before us in some rows


def start() -> None:
    host.start()
    bglab.command("DEBIAN_FRONTEND=noninteractive pam-auth-update --enable unix ldap sss krb5 u2f google-authenticator")


globals().update(host.tests(ROWS))
