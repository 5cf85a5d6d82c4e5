"""What is wrong with a text or a value, and where in it."""

from __future__ import annotations

import msgspec

from milepost.rules.reasons import NOT_JSON, WRONG_TYPE, Reason, Refusal, shortened

LONGEST_PATH = 600
KINDS = {
    dict: "an object",
    list: "a list",
    str: "the text",
    bool: "the boolean",
    int: "the number",
    float: "the number",
}


class Malformed(Exception):
    """A text or value that does not fit; ``refusal`` names the path and the offending value.

    The path is gathered from the inside out: whoever reads a member adds its name on the way up.
    """

    def __init__(self, reason: Reason, *args: str) -> None:
        super().__init__(reason.id)
        self.reason = reason
        self.details = args
        self.path: list[str | int] = []

    def under(self, segment: str | int) -> Malformed:
        """The same fault, seen from one level further out."""
        self.path.append(segment)
        return self

    @property
    def refusal(self) -> Refusal:
        """The fault as a refusal. A text that is no JSON has no path."""
        if self.reason is NOT_JSON:
            return Refusal(self.reason, self.details)
        return Refusal(self.reason, (path_text(self.path[::-1]), *self.details))


def path_text(path: list[str | int]) -> str:
    """A path such as ``spec.description.args[1]``; ``body`` for the whole."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{shortened(segment)}" if text else shortened(segment)
    if len(text) > LONGEST_PATH:
        text = f"{text[: LONGEST_PATH // 2]}…{text[-LONGEST_PATH // 2 :]}"
    return text or "body"


def shown(value: object) -> str:
    """A value as an error message shows it: its JSON, cut to 60 characters."""
    return shortened(msgspec.json.encode(value).decode())


def wrong_type(expected: str, value: object) -> Malformed:
    """A value of another type than the expected one."""
    given = "null" if value is None else f"{KINDS[type(value)]} {shown(value)}"
    return Malformed(WRONG_TYPE, expected, given)
