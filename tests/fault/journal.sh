#!/bin/sh
# SPDX-License-Identifier: ISC
# journal.py beside it, for the test driver: the build directory is where make runs.
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$(dirname "$0")/journal.py" "$(pwd)"
