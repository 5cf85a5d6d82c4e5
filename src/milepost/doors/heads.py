"""What the head of a request must be to be served: its version and its target."""

from __future__ import annotations

import httptools

from milepost.doors.messages import Pairs


def is_served(version: str, pairs: Pairs) -> bool:
    """Whether a request of this version is read here: 1.1, and 1.0 without chunks."""
    if version == "1.1":
        return True
    return version == "1.0" and not any(name == b"transfer-encoding" for name, _ in pairs)


def is_target(target: bytes) -> bool:
    """Whether a request target names something: a path, a whole URL, or all."""
    if not target.isascii():
        return False
    if target[:1] == b"/" or target == b"*":
        return True
    try:
        return b"://" in target and bool(httptools.parse_url(target).host)
    except httptools.HttpParserInvalidURLError:
        return False


def without_upgrade(parser: httptools.HttpRequestParser, url: bytes, pairs: Pairs) -> bytes:
    """The head that a parser has read, written anew without ``Upgrade``."""
    line = b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())
    headers = (b"%b: %b" % pair for pair in pairs if pair[0] != b"upgrade")
    return b"\r\n".join([line, *headers, b"", b""])
