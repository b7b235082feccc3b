#!/bin/sh
# SPDX-License-Identifier: ISC
# alarms.py beside it, for the test driver: the build directory is where make runs.
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -W ignore "$(dirname "$0")/alarms.py" "$(pwd)"
