"""What a run is called when nobody says it: its command line, without what looks like a secret.

A task is shown to others, and kept. What is hidden here is what is easily seen to be a secret; who
has others in a command line names the run with ``--description``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

LONGEST = 200
HIDDEN = "…"

WORDS = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|(?:api|access)[-_]?key|auth)"
# ``--db-password=x`` and ``DB_PASSWORD=x``; the name may have more words.
GIVEN = re.compile(
    rf"((?:--?|\b)(?:[^\W_]+[-_.])*{WORDS}(?:[-_.][^\W_]+)*[=:])(.+)", re.IGNORECASE | re.DOTALL
)
# ``--password x``: the secret is the next word.
ASKING = re.compile(rf"--?(?:[^\W_]+[-_.])*{WORDS}", re.IGNORECASE)
IN_URL = re.compile(r"(\w[\w+.-]*://[^/\s:@]*):[^/\s@]+@")
HEADER = re.compile(
    r"((?:authorization|cookie|x-[\w-]*(?:token|key)):\s*).+", re.IGNORECASE | re.DOTALL
)


def described(command: Sequence[str]) -> str:
    """The command line as a shell would take it, in one line of bounded length."""
    text = " ".join(" ".join(hidden(command)).split())
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def hidden(command: Sequence[str]) -> Iterator[str]:
    secret = False
    for word in command:
        if secret and not word.startswith("-"):
            yield HIDDEN
            secret = False
            continue
        secret = bool(ASKING.fullmatch(word))
        shown = IN_URL.sub(rf"\1:{HIDDEN}@", word)
        for kind in (HEADER, GIVEN):
            shown = kind.sub(rf"\1{HIDDEN}", shown)
        plain = shown.replace(HIDDEN, "")
        # What stands for a secret needs no quotes of its own.
        yield shown if plain and plain == shlex.quote(plain) else shlex.quote(shown)
