# SPDX-License-Identifier: ISC
"""Words that were copied from a PDF, a chat or a spreadsheet: what separates them is not always a blank."""

import bglab
from bglab import dialogue

SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol("bg1"))


def wide(text: str) -> str:
    return "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) for c in text)


def pasted(share: str) -> dict[str, str]:
    """The share in every form in which it has been seen to arrive."""
    words = share.split()
    marks = {
        "no-break space": "\u00a0",
        "thin space": "\u2009",
        "comma": ", ",
        "comma alone": ",",
        "semicolon": ";",
        "en dash": " \u2013 ",
        "non-breaking hyphen": "\u2011",
        "zero-width space": "\u200b",
        "byte order mark": "\ufeff",
        "bullet": " \u2022 ",
    }
    forms = {name: mark.join(words) for name, mark in marks.items()}
    forms["comma and full stop"] = ", ".join(words) + "."
    forms["straight quotes"] = " ".join(f'"{word}"' for word in words)
    forms["curly quotes"] = " ".join(f"\u201c{word}\u201d" for word in words)
    forms["low quotes"] = ",".join(f"\u201e{word}\u201c" for word in words)
    forms["full width"] = wide(dialogue.prefixes(share))
    forms["a paste"] = f"\033[200~{share}\033[201~"
    forms["several pastes"] = " ".join(f"\033[200~{word}\033[201~" for word in words)
    forms["1."] = " ".join(f"{i + 1}. {word}" for i, word in enumerate(words))
    forms["1)"] = " ".join(f"{i + 1}){word}" for i, word in enumerate(words))
    return forms


def said(person: bglab.Session, line: str) -> str:
    person.expect(dialogue.SHARE)
    person.line(line)
    return person.expect(r"\((BG2\d\d)\)").group(1)


@bglab.bounded(400)
def test_over_ssh() -> None:
    """The same share again is "typed already": one login shows them all."""
    answers = {}
    with bglab.ssh("bg1") as person:
        person.expect(dialogue.START)
        person.line()
        bglab.equal(said(person, SHARES[0]), "BG221")
        for name, line in pasted(SHARES[0]).items():
            answers[name] = said(person, line)
    bglab.equal(answers, dict.fromkeys(answers, "BG217"))


def test_they_open_the_door() -> None:
    for line, login in (("\u00a0".join(SHARES[0].split()), bglab.ssh), (", ".join(SHARES[0].split()) + ".", bglab.login)):
        with login("bg1") as person:
            person.expect(dialogue.START)
            person.line()
            bglab.equal(said(person, line), "BG221")
            bglab.equal(said(person, pasted(SHARES[1])["a paste"]), "BG221")
            bglab.say_why(person)
            person.expect_shell()


def test_the_card_check_reads_the_same() -> None:
    for name, line in pasted(SHARES[2]).items():
        result = bglab.run(["breakglass", "share", "verify", "bg1", "--card-stdin"], stdin=line + "\n")
        if result.returncode != 0 or "card 3 of 3" not in result.stdout:
            raise AssertionError(f"{name}: {result}")


def test_a_wrong_word_is_still_named() -> None:
    words = SHARES[0].split()
    words[6] = "xy,yx"
    with bglab.ssh("bg1") as person:
        person.expect(dialogue.START)
        person.line()
        bglab.equal(said(person, ", ".join(words)), "BG201")
        person.expect("Word 7 only: ")


def keys(share: str) -> dict[str, str]:
    """What cursor keys, Delete, a backspace that the terminal does not take, and pastes leave in a line."""
    words = dialogue.prefixes(share).split()
    return {
        "cursor keys": " ".join(f"{word[:2]}\033[D\033[C{word[2:]}" for word in words),
        "application mode": "\033OA" + " ".join(words) + "\033OB",
        "Delete and Home": "\033[3~" + " ".join(words) + "\033[1;5H",
        "^H": " ".join(f"{word}x\b" for word in words),
        "pastes": "".join(f"\033[200~{word}\033[201~" for word in words),
    }


def test_keys_that_do_no_harm() -> None:
    """At a console and over ssh, hidden; and where "help" and a wrong key stand before."""
    for way in (lambda: bglab.login("bg1", device="tty1"), lambda: bglab.ssh("bg1")):
        answers = {}
        with way() as person:
            person.expect(dialogue.START)
            person.line("\033[A\033[B")
            bglab.equal(said(person, SHARES[0]), "BG221")
            for name, line in keys(SHARES[0]).items():
                answers[name] = said(person, line)
        bglab.equal(answers, dict.fromkeys(answers, "BG217"))
