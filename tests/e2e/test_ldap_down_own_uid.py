# SPDX-License-Identifier: ISC
"""The same as test_ldap_down.py for an account with a uid of its own."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_ldap_down import *  # noqa: E402, F403
from test_ldap_down import INIT, UID  # noqa: E402

INIT += ["--uid", "990"]
UID[0] = "990"
