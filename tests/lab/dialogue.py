# SPDX-License-Identifier: ISC
"""What the programs print, as patterns: the one place to change when a text changes."""

import re

LOGIN_PROMPT = r"login: "
PASSWORD_PROMPT = r"[Pp]assword: "
SHELL_PROMPT = r"[#$] $"
LOGIN_INCORRECT = r"Login incorrect"
SSH_DENIED = r"Permission denied"

# The emergency account's dialogue, in order.
START = r"Press\s+Enter\s+to\s+type\s+cards,\s+\?\s+for\s+help,\s+q\s+to\s+leave: ?"
KEY_START = r"Enter\s+=\s+security\s+key,\s+c\s+=\s+cards,\s+\?\s+=\s+help,\s+q\s+=\s+leave: ?"
KEY_ALONE = r"Press\s+Enter\s+to\s+use\s+the\s+security\s+key,\s+\?\s+for\s+help,\s+q\s+to\s+leave: ?"
KEY_AGAIN = r"Enter\s+=\s+try\s+the\s+key\s+again,\s+c\s+=\s+cards,\s+\?\s+=\s+help,\s+q\s+=\s+leave: ?"
KEY_ALONE_AGAIN = r"Press\s+Enter\s+to\s+try\s+the\s+key\s+again,\s+\?\s+for\s+help,\s+q\s+to\s+leave: ?"
CARDS_OR_TEXT = r"Enter\s+=\s+cards,\s+t\s+=\s+text\s+challenge,\s+\?\s+=\s+help,\s+q\s+=\s+leave: ?"
TOUCH = r"Touch the blinking key [^)]*\)"
SHARE = r"(?:[Ww]ords? \d+(?:-\d+, hidden|, hidden| only)|Enter (?:swaps|drops)[^:]*): ?"
NAME = r"Your\s+full\s+name: ?"
REASON = r"What\s+is\s+broken,\s+what\s+will\s+you\s+do\? ?"
TEXT_ONLY = r"Press\s+Enter\s+to\s+answer\s+a\s+text\s+challenge,\s+\?\s+for\s+help,\s+q\s+to\s+leave: ?"
TEXT_AGAIN = r"Press\s+Enter\s+to\s+answer\s+another\s+text\s+challenge,\s+\?\s+for\s+help,\s+q\s+to\s+leave: ?"
CHALLENGE = r"(?m)^([a-z0-9._-]+ [a-z0-9_-]+ [a-z0-9-]+ [0-9A-Z-]{29})\r?$"
ANSWER_LINE = r"Line (\d) of 5: ?"
TICKET = r"Ticket[^:\r\n]*: ?"
GO_ON = r"Press Enter to go on: ?$"  # over ssh, when the door is open: without echo
LAST_WORD = r"Press Enter: ?$"  # over ssh a last message is shown only as a question
# The number of a message: behind its sentence in the dialogue, in front of it elsewhere.
MESSAGE_ID = r"BG\d{3,4}"


def prefixes(share: str, letters: int = 4) -> str:
    """The share as a hurried person types it: the first letters of every word."""
    return " ".join(word[:letters] for word in share.split())


def message_ids(text: str) -> list[str]:
    """Every message id in a transcript, in order."""
    return re.findall(MESSAGE_ID, text)
