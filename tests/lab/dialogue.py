# SPDX-License-Identifier: ISC
"""What the programs print, as patterns: the one place to change when a text changes."""

import re

LOGIN_PROMPT = r"login: "
PASSWORD_PROMPT = r"[Pp]assword: "
SHELL_PROMPT = r"[#$] $"
LOGIN_INCORRECT = r"Login incorrect"
SSH_DENIED = r"Permission denied"

# The emergency account's dialogue, in order.
START = r"Press Enter to type shares, or q to leave: ?"
KEY_START = r"Press Enter to use the key, s for shares, q to leave: ?"
KEY_AGAIN = r"Press Enter to try the key again, s for shares, q to leave: ?"
TOUCH = r"BG133 Touch the key [^\r\n]*"
SHARE = r"Share (\d+) of (\d+), [^:\r\n]*: ?"
NAME = r"Your name[^:\r\n]*: ?"
REASON = r"Reason[^:\r\n]*: ?"
TICKET = r"Ticket[^:\r\n]*: ?"
GO_ON = r"Press Enter to go on: ?$"  # over ssh, when the door is open: without echo
LAST_WORD = r"Press Enter: ?$"  # over ssh a last message is shown only as a question
# One line of the programs begins with the id of its message.
MESSAGE_ID = r"BG\d{3}"


def prefixes(share: str, letters: int = 4) -> str:
    """The share as a hurried person types it: the first letters of every word."""
    return " ".join(word[:letters] for word in share.split())


def message_ids(text: str) -> list[str]:
    """Every message id in a transcript, in order."""
    return re.findall(MESSAGE_ID, text)
