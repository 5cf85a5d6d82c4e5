"""Hostile requests: every row of the table, ready to be sent.

``@TOKEN@`` and ``@TASK@`` stand for a good session and for a running task, which no row may
change. Most rows are good requests but for the one thing in their name.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import NamedTuple

from tests.hostile.raw import CLOSED, chunked, request
from tests.hostile.values import BODY, at_api, bare_update_bodies, create_bodies, update_bodies
from tests.serving import EXTENSION_TASKS, SESSION, SESSION_PATH, TASKS
from tests.spelling import API

# As long as what they stand for, so that every length is right.
TOKEN, TASK = b"@TOKEN@".ljust(43, b"@"), b"@TASK@".ljust(26, b"@")
LIST = TASKS.encode()
CREATE = EXTENSION_TASKS.encode()
LOGIN = SESSION_PATH.encode()
UPDATE = CREATE + b"/" + TASK
REGISTRY = b"/v1/extensions"
GET = LIST + b"/" + TASK
API_LOGIN, API_LIST, API_CREATE = (
    path.encode() for path in (API.session, API.tasks, API.extension_tasks)
)
API_UPDATE, API_GET = API_CREATE + b"/" + TASK, API_LIST + b"/" + TASK
EVENTS = b"/v1/events"
V1_TASKS = b"/v1/tasks"
V1_TASK = V1_TASKS + b"/" + TASK
NEW_USER = b'{"name":"hostile","role":"viewer","password":"%b"}'
SESSION_LINE = SESSION.encode() + b": " + TOKEN
JSON_LINE = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY = b'{"spec":{}}'
CHANGE = b'{"spec":{"status":"SUCCEEDED"}}'
"""A change that must not happen: no row ends the task."""
KIBIBYTE = 1024

BROKEN = "400 http.broken"
REPEATED = "400 http.repeated_header"
HEADERS = "431 http.headers_too_large"
LARGE = "413 http.body_too_large"
URL = "414 http.url_too_long"
MEDIA = "415 http.wrong_media_type"
NO_PATH = "404 http.no_such_path"
NO_METHOD = "405 http.no_such_method"
NO_HOST = "400 http.no_host"
NO_SESSION = "401 access.no_session"
BAD_SESSION = "401 access.session_unknown"
BAD_BASIC = "401 access.login_needs_basic"
BAD_LOGIN = "401 access.login_failed"
FOREIGN = "403 access.foreign_origin"
UNKNOWN_TASK = "404 task.unknown"


class Row(NamedTuple):
    """One hostile request and what is told; ``end`` when nothing comes after it."""

    name: str
    data: bytes
    told: str
    end: bool = False

    def filled(self, token: str, task: str) -> bytes:
        return filled(self.data, token, task)


def filled(data: bytes, token: str, task: str) -> bytes:
    """A request with a session and a task."""
    assert (len(token), len(task)) == (len(TOKEN), len(TASK))
    return data.replace(TOKEN, token.encode()).replace(TASK, task.encode())


def patch(*lines: bytes, body: bytes = CHANGE) -> bytes:
    """A good update but for these header lines."""
    return request(b"PATCH", UPDATE, SESSION_LINE, JSON_LINE, *lines, body=body)


def plain_patch(*lines: bytes, tail: bytes = CHANGE) -> bytes:
    """An update without a length of its own, and what follows its headers."""
    return request(b"PATCH", UPDATE, SESSION_LINE, JSON_LINE, *lines) + tail


def read(target: bytes = GET, *lines: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    return request(method, target, SESSION_LINE, *lines)


def basic(text: bytes) -> bytes:
    return b"Authorization: Basic " + base64.b64encode(text)


def login(line: bytes) -> bytes:
    return request(b"POST", LOGIN, line)


def bodies() -> Iterator[Row]:
    for name, body, told in update_bodies():
        yield Row(name, patch(body=body), told)
    for name, body, told in create_bodies():
        data = request(b"POST", CREATE, SESSION_LINE, JSON_LINE, body=body)
        yield Row(name, data, told)


def sizes() -> Iterator[Row]:
    over = EMPTY.ljust(BODY + 1)
    length = b"Content-Length: %d" % (BODY + 1)
    yield Row("size: declared over the limit and never sent", plain_patch(length, tail=b""), LARGE)
    yield Row(
        "size: declared and awaited", plain_patch(length, b"Expect: 100-continue", tail=b""), LARGE
    )
    parts = [over[i : i + 60_000] for i in range(0, len(over), 60_000)]
    yield Row("size: chunked over the limit", plain_patch(CHUNKED, tail=chunked(*parts)), LARGE)
    endless = chunked(*[b" " * 4096] * 300, last=b"")
    yield Row("size: chunks without an end", plain_patch(CHUNKED, tail=endless), LARGE)
    single = chunked(*[b" "] * 3000, EMPTY[:-1])
    yield Row(
        "size: 3,000 chunks of one byte",
        plain_patch(CHUNKED, tail=single),
        "400 json.not_json",
    )
    for name, line, told in (
        ("without a session", b"X: a", NO_SESSION),
        ("with a bad session", SESSION.encode() + b": bad", BAD_SESSION),
    ):
        yield Row(f"size: a large body {name}", request(b"PATCH", UPDATE, line, body=over), told)


def media_types() -> Iterator[Row]:
    for media_type in (
        *(b"", b"text/plain", b"text/json", b"application/jsonx", b"application/json+xml"),
        *(b"application", b"*/*", b"application/x-www-form-urlencoded", b"application/json, a/b"),
        *(b"multipart/form-data; boundary=a", b"\xff\xfe", b'"application/json"', b"a" * 9000),
        b"application/vnd.api+json",
    ):
        line = b"Content-Type: " + media_type
        data = request(b"PATCH", UPDATE, SESSION_LINE, line, body=CHANGE)
        yield Row(f"type: {media_type[:40]!r}", data, MEDIA)
    data = request(b"PATCH", UPDATE, SESSION_LINE, body=CHANGE)
    yield Row("type: none", data, MEDIA)
    for charset in (b"utf-16", b"utf-7", b"latin-1", b"none"):
        line = JSON_LINE + b"; charset=" + charset
        body = b'{"spec":{"description":"\xe9"}}'
        data = request(b"PATCH", UPDATE, SESSION_LINE, line, body=body)
        yield Row(f"type: charset {charset.decode()}", data, "400 json.not_json")


def headers() -> Iterator[Row]:
    many = [b"X-%d: a" % number for number in range(98)]
    yield Row("headers: 101", read(GET, *many, b"X-98: a"), HEADERS)
    yield Row("headers: 5,000", read(GET, *[b"X: a"] * 5000), HEADERS)
    yield Row("headers: one of 64 KiB", read(GET, b"X: " + b"a" * 64 * KIBIBYTE), HEADERS)
    yield Row("headers: one of 200 KB", read(GET, b"X: " + b"a" * 200_000), HEADERS)
    yield Row("headers: a name of 64 KiB", read(GET, b"a" * 64 * KIBIBYTE + b": a"), HEADERS)
    yield Row("headers: 64 KiB in 16", read(GET, *[b"X: " + b"a" * 4096] * 16), HEADERS)
    for name, line in (
        ("an empty name", b": a"),
        ("no colon", b"X-Rubbish"),
        ("a blank before the colon", b"X-Rubbish : a"),
        ("a blank in the name", b"X Rubbish: a"),
        ("a name in brackets", b"(X): a"),
        ("a name that is not ASCII", "Größe: a".encode()),
        ("a NUL in the name", b"X\x00Y: a"),
        ("a NUL in the value", b"X: a\x00b"),
        ("a bare CR in the value", b"X: a\rb"),
        ("a bare CR and a header", b"X: a\rContent-Length: 5"),
        ("a control character", b"X: a\x01b"),
        ("a folded line", b"X: a\r\n b"),
        ("a folded line with a tab", b"X: a\r\n\tb"),
        ("a folded first line", b" X: a"),
    ):
        yield Row(f"headers: {name}", read(GET, line), BROKEN)
    for line in (b"Host: a", JSON_LINE, SESSION_LINE, b"Content-Type: text/plain", b"Host: "):
        yield Row(f"headers: {line[:30]!r} twice", patch(line), REPEATED)
    for line in (b"Cookie: a=1", b"Authorization: Basic YTpi", b"Origin: null"):
        yield Row(f"headers: {line[:30]!r} twice", patch(line, line), REPEATED)
    yield Row("headers: a session and a bad one", patch(SESSION.encode() + b": bad"), REPEATED)
    yield Row("headers: no Host", request(b"GET", GET, SESSION_LINE, host=None), NO_HOST)


def framing() -> Iterator[Row]:
    size = len(CHANGE)
    for name, lines in (
        ("two lengths that differ", (b"Content-Length: %d" % size, b"Content-Length: 0")),
        ("two lengths the same", (b"Content-Length: %d" % size,) * 2),
        ("a list of lengths", (b"Content-Length: %d, %d" % (size, size),)),
        ("a negative length", (b"Content-Length: -1",)),
        ("a plus", (b"Content-Length: +%d" % size,)),
        ("a hex length", (b"Content-Length: 0x1f",)),
        ("a length with a fraction", (b"Content-Length: 31.0",)),
        ("a length with a low line", (b"Content-Length: 3_1",)),
        ("a length with a letter", (b"Content-Length: 31a",)),
        ("a length with a blank inside", (b"Content-Length: 3 1",)),
        ("an empty length", (b"Content-Length: ",)),
        ("a length beyond 64 bits", (b"Content-Length: 99999999999999999999999",)),
        ("a length in Arabic digits", ("Content-Length: ٣١".encode(),)),
        ("length and chunks", (b"Content-Length: %d" % size, CHUNKED)),
        ("chunks and length", (CHUNKED, b"Content-Length: %d" % size)),
        ("chunks and no length", (CHUNKED, b"Content-Length: 0")),
        ("chunked and identity", (b"Transfer-Encoding: chunked, identity",)),
        ("chunked and then identity", (CHUNKED, b"Transfer-Encoding: identity")),
        ("an empty coding", (b"Transfer-Encoding: ",)),
        ("a blank before the colon", (b"Transfer-Encoding : chunked",)),
        ("a vertical tab", (b"Transfer-Encoding: \x0bchunked",)),
        ("a folded coding", (b"Transfer-Encoding:\r\n chunked",)),
        ("a newline before", (b"X: a\nTransfer-Encoding: chunked",)),
    ):
        tail = b"0\r\n\r\n" + CHANGE if CHUNKED in lines else CHANGE
        yield Row(f"framing: {name}", plain_patch(*lines, tail=tail), BROKEN)
    for coding in (b"identity", b"gzip", b"xchunked", b'"chunked"'):
        data = plain_patch(b"Transfer-Encoding: " + coding)
        yield Row(f"framing: coding {coding.decode()}", data, BROKEN)
    for name, tail in (
        ("no size", b"\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a size that is none", b"zz\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a negative size", b"-1\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a size with a prefix", b"0x1f\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a size beyond 64 bits", b"f" * 17 + b"\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a size too small", b"5\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("a size too large", b"20\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
        ("only newlines", b"1f\n" + CHANGE + b"\n0\n\n"),
        ("a blank in the size", b"1 f\r\n" + CHANGE + b"\r\n0\r\n\r\n"),
    ):
        yield Row(f"chunks: {name}", plain_patch(CHUNKED, tail=tail), BROKEN)
    yield Row("chunks: cut", plain_patch(CHUNKED, tail=b"1f\r\n" + CHANGE[:9]), CLOSED, end=True)
    yield Row(
        "chunks: no end", plain_patch(CHUNKED, tail=chunked(CHANGE, last=b"")), CLOSED, end=True
    )
    cut = plain_patch(b"Content-Length: %d" % (size + 1))
    yield Row("framing: one byte is missing", cut, CLOSED, end=True)
    yield Row("framing: no end of the headers", read(GET)[:-2], CLOSED, end=True)
    yield Row("framing: nothing at all", b"", CLOSED, end=True)
    yield Row("framing: only newlines", b"\r\n" * 1000, CLOSED, end=True)


def smuggled() -> Iterator[Row]:
    """What a trailer says does not count: it would pass every proxy unseen."""
    body = b"%x\r\n%b\r\n0\r\n" % (len(CHANGE), CHANGE)
    for name, line, lines, told in (
        ("a session", SESSION_LINE, [JSON_LINE], NO_SESSION),
        ("a cookie", b"Cookie: " + SESSION.encode() + b"=" + TOKEN, [JSON_LINE], NO_SESSION),
        ("a type", JSON_LINE, [SESSION_LINE], MEDIA),
    ):
        data = request(b"PATCH", UPDATE, CHUNKED, *lines) + body + line + b"\r\n\r\n"
        yield Row(f"trailer: {name}", data, told)
    data = request(b"GET", GET, CHUNKED, SESSION_LINE, host=None) + b"0\r\nHost: a\r\n\r\n"
    yield Row("trailer: a host", data, NO_HOST)


def methods() -> Iterator[Row]:
    for method in (b"TRACE", b"PROPFIND", b"PUT", b"DELETE", b"OPTIONS", b"LOCK", b"PURGE"):
        yield Row(f"method: {method.decode()}", read(UPDATE, method=method), NO_METHOD)
    for method in (b"get", b"Get", b"BREW", b"G", b"", b"GET\x00", b"GE T", b"A" * 70_000, b"\xff"):
        yield Row(f"method: {method[:9]!r}", read(GET, method=method), BROKEN)
    yield Row("method: CONNECT", read(b"milepost:443", method=b"CONNECT"), BROKEN)
    yield Row("method: CONNECT to a path", read(GET, method=b"CONNECT"), NO_METHOD)
    yield Row("method: OPTIONS of all", read(b"*", method=b"OPTIONS"), NO_PATH)


def targets() -> Iterator[Row]:
    for target in (
        *(
            b"*",
            b"//",
            b"/..",
            b"/rest/../rest/cis/tasks",
            b"/rest/cis/tasks/../tasks/" + TASK,
        ),
        *(b"//rest/cis/tasks", b"/rest//cis/tasks", b"/rest/cis/tasks/", b"/rest/cis/tasks/a/b"),
        *(b"/./rest/cis/tasks", b"/rest/cis/tasks/" + TASK + b"/", b"/rest/cis/tasks;a=1"),
        *(b"/rest%2Fcis%2Ftasks", b"/%72est/cis/tasks", b"/REST/cis/tasks", b"/etc/passwd"),
        *(b"/rest/cis/tasks/%00", b"/rest/cis/tasks/%FF", b"/rest/cis/tasks/a%00b"),
        *(b"/rest/cis/tasks/%C0%AF", b"/rest/cis/tasks/%ED%A0%80", b"/livez/..", b"/livez%00"),
        *(b"/livez\\", b"/rest\\cis\\tasks"),
    ):
        shown = target.replace(TASK, b"T").decode()
        yield Row(f"path: {shown}", read(target), NO_PATH)
    for target in (
        *(b"/rest/cis/tasks/..", b"/rest/cis/tasks/.", b"/rest/cis/tasks/%2E%2E%2Fpasswd"),
        *(b"/rest/cis/tasks/%2F", b"/rest/cis/tasks/a%20b", b"/rest/cis/tasks/%"),
        *(b"/rest/cis/tasks/%zz", b"/rest/cis/tasks/" + TASK + b"%0A", b"/rest/cis/tasks/%25"),
        *(b"/rest/cis/tasks/'%20OR%20'1'='1", b"/rest/cis/tasks/%F0%9F%98%80"),
        *(b"/rest/cis/tasks/" + TASK + b";a=1", b"/rest/cis/tasks/" + b"a" * 60_000),
        b"/rest/cis/tasks/" + TASK + b"%20",
    ):
        shown = target.replace(TASK, b"T").decode()[:60]
        yield Row(f"id: {shown}", read(target), UNKNOWN_TASK)
    for target in (
        *(b"rest/cis/tasks", b"milepost:80", b"http://", b"", b"/ /", b"?", b"#"),
        *("/rest/cis/tasks/größe".encode(), b"/rest/cis/tasks/\xff", b"/rest/\x00", b"/a\x7fb"),
        *(b"http:///rest/cis/tasks", b"http://a:b:c/", b"http://a@b@c/", b"ftp:/a", b"/\x01"),
    ):
        yield Row(f"target: {target!r}", read(target), BROKEN)
    for name, target in (
        ("a path of 128 KiB and 1", b"/" + b"a" * (128 * KIBIBYTE)),
        ("a query of 128 KiB", LIST + b"?" + b"a" * (128 * KIBIBYTE)),
        ("a megabyte", LIST + b"/" + b"a" * KIBIBYTE * KIBIBYTE),
    ):
        yield Row(f"target: {name}", read(target), URL)
    # A length that wraps around at 16 bits would see a good path.
    for size in (64 * KIBIBYTE, 128 * KIBIBYTE - 6):
        yield Row(f"path: /livez and {size}", read(b"/livez" + b"a" * size), NO_PATH)


def queries() -> Iterator[Row]:
    for name, query, reason in (
        ("unknown", b"filter_spec.tasks=a&x=1", "unknown_parameter"),
        ("the session", SESSION.encode() + b"=" + TOKEN, "unknown_parameter"),
        ("not UTF-8", b"filter_spec.tasks=%ff", "bad_parameter"),
        ("a NUL", b"filter_spec.tasks=%00", "bad_parameter"),
        ("a NUL in a name", b"filter_spec.tasks%00=a", "bad_parameter"),
        ("a surrogate", b"filter_spec.tasks=%ed%a0%80", "bad_parameter"),
        ("a status", b"filter_spec.tasks=a&filter_spec.status=ALL", "bad_parameter"),
        ("a flag", b"filter_spec.tasks=a&result_spec.return_all=1", "bad_parameter"),
        ("a target", b"filter_spec.tasks=a&filter_spec.targets=b", "bad_parameter"),
        ("half a target", b"filter_spec.targets.0.id=b", "missing_parameter"),
        ("an odd target", b"filter_spec.targets.%D9%A1.id=b", "unknown_parameter"),
        ("30,000 unknown", b"&".join(b"%d" % n for n in range(10_000, 30_000)), "unknown"),
    ):
        told = f"400 query.{reason.removesuffix('_parameter')}_parameter"
        yield Row(f"query: {name}", read(LIST + b"?" + query), told)
    yield Row("query: nothing named", read(LIST), "400 list.filter_empty")


def versions() -> Iterator[Row]:
    for name, line in (
        ("0.9", b"GET " + GET),
        ("0.9 with a blank", b"GET " + GET + b" "),
        ("none but a slash", b"GET " + GET + b" HTTP/"),
        ("a word", b"GET " + GET + b" HTTP/one"),
        ("3.0", b"GET " + GET + b" HTTP/3.0"),
        ("1.2", b"GET " + GET + b" HTTP/1.2"),
        ("1.10", b"GET " + GET + b" HTTP/1.10"),
        ("11", b"GET " + GET + b" HTTP/11"),
        ("in lower case", b"GET " + GET + b" http/1.1"),
        ("another protocol", b"PATCH " + UPDATE + b" RTSP/1.0"),
        ("2.0", b"GET " + GET + b" HTTP/2.0"),
        ("0.9 named", b"GET " + GET + b" HTTP/0.9"),
        ("a blank before", b" GET " + GET + b" HTTP/1.1"),
        ("a word after", b"GET " + GET + b" HTTP/1.1 x"),
    ):
        data = b"\r\n".join([line, b"Host: a", SESSION_LINE, b"", b""])
        yield Row(f"version: {name}", data, BROKEN)
    yield Row("version: HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", BROKEN)
    yield Row("version: TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, BROKEN)
    yield Row("version: SSH", b"SSH-2.0-OpenSSH_9.6\r\n", BROKEN)
    yield Row("version: an answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BROKEN)
    yield Row("version: NULs", b"\0" * 1000, BROKEN)
    old = b"PATCH " + UPDATE + b" HTTP/1.0\r\n"
    data = old + b"\r\n".join([SESSION_LINE, JSON_LINE, CHUNKED, b"", chunked(CHANGE)])
    yield Row("version: chunks in 1.0", data, BROKEN)
    for name, lines in (
        ("a websocket", (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: a")),
        ("h2c", (b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AA")),
    ):
        # It is not followed; the request is answered for what it is.
        yield Row(f"upgrade: {name}", request(b"GET", GET, *lines), NO_SESSION)


def credentials() -> Iterator[Row]:
    session = SESSION.encode()
    for name, token in (
        ("empty", b""),
        ("a blank", b"   "),
        ("of another server", b"A" + b"a" * 42),
        ("longer", TOKEN + b"x"),
        ("twice", TOKEN + b", " + TOKEN),
        ("in quotes", b'"' + TOKEN + b'"'),
        ("a word before", b"Bearer " + TOKEN),
        ("Latin-1", b"\xe9\xff"),
        ("a hash", b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("60 KB", b"a" * 60_000),
        ("SQL", b"' OR '1'='1"),
        ("percent", b"%00"),
    ):
        told = NO_SESSION if not token.strip() else BAD_SESSION
        data = request(b"PATCH", UPDATE, session + b": " + token, JSON_LINE, body=CHANGE)
        yield Row(f"session: {name}", data, told)
    for name, line in (
        ("Bearer", b"Authorization: Bearer " + TOKEN),
        ("Basic", basic(b"administrator:x")),
        ("in a cookie of another name", b"Cookie: session=" + TOKEN),
        ("a cookie in another case", b"Cookie: " + session.upper() + b"=" + TOKEN),
        ("a cookie without name", b"Cookie: " + TOKEN),
        ("a cookie in a cookie", b"Cookie: a=" + session + b"=" + TOKEN),
        ("an empty cookie", b"Cookie: " + session + b"="),
        ("a cookie of separators", b"Cookie: " + b";=" * 20_000),
        ("a cookie in a header of its own", b"Set-Cookie: " + session + b"=" + TOKEN),
        ("a low line", session.replace(b"-", b"_") + b": " + TOKEN),
        ("Forwarded", b"X-Forwarded-User: administrator"),
    ):
        data = request(b"PATCH", UPDATE, line, JSON_LINE, body=CHANGE)
        yield Row(f"session: {name}", data, NO_SESSION)
    for name, cookie in (
        ("rubbish", b"rubbish"),
        ("60 KB", b"a" * 60_000),
        ("a bad one before a good one", b"bad; " + session + b"=" + TOKEN),
        ("Latin-1", b"\xff\xfe"),
    ):
        line = b"Cookie: " + session + b"=" + cookie
        data = request(b"PATCH", UPDATE, line, JSON_LINE, body=CHANGE)
        yield Row(f"cookie: {name}", data, BAD_SESSION)
    for origin in (b"null", b"", b"http://evil.example", b"http://milepost.evil", b"\xff"):
        line = b"Cookie: " + session + b"=" + TOKEN
        data = request(b"PATCH", UPDATE, line, b"Origin: " + origin, JSON_LINE, body=CHANGE)
        yield Row(f"cookie: from {origin!r}", data, FOREIGN)
    for name, line in (
        ("none", b"X: a"),
        ("no scheme", b"Authorization: YTpi"),
        ("nothing after it", b"Authorization: Basic "),
        ("no base64", b"Authorization: Basic !!!"),
        ("cut base64", b"Authorization: Basic YTp"),
        ("base64 for URLs", b"Authorization: Basic _-__"),
        ("base64 with a blank", b"Authorization: Basic YT pi"),
        ("two of them", b"Authorization: Basic YTpi, Basic YTpi"),
        ("not UTF-8", basic(b"\xff\xfe:a")),
        ("a surrogate", basic(b"\xed\xa0\x80:a")),
        ("no colon", basic(b"administrator")),
        ("Bearer", b"Authorization: Bearer YTpi"),
        ("Digest", b'Authorization: Digest username="administrator"'),
        ("a good session instead", SESSION_LINE),
        ("60 KB of rubbish", b"Authorization: Basic " + b"=" * 60_000),
    ):
        yield Row(f"login: {name}", login(line), BAD_BASIC)
    # Each is a user of its own, so that no limit on failed logins is met in a few rounds.
    for name, pair in (
        ("nobody", b"nobody:x"),
        ("an empty name", b":x"),
        ("a NUL", b"administrator\x00:x"),
        ("40 KB of name", b"n" * 40_000 + b":x"),
        ("40 KB of password", b"somebody:" + b"p" * 40_000),
        ("SQL", b"' OR '1'='1' --:x"),
        ("format", b"{0}%s%n:{1}"),
    ):
        yield Row(f"login: {name}", login(basic(pair)), BAD_LOGIN)


def api_door() -> Iterator[Row]:
    """The same at ``/api``: its own bodies and parameters, and its own shape of refusals."""
    bare = b'{"status":"SUCCEEDED"}'
    for name, body, told in bare_update_bodies():
        yield Row(name, request(b"PATCH", API_UPDATE, SESSION_LINE, JSON_LINE, body=body), told)
    for name, data, told in (
        ("no session", request(b"PATCH", API_UPDATE, JSON_LINE, body=bare), NO_SESSION),
        ("a type", request(b"PATCH", API_UPDATE, SESSION_LINE, body=bare), MEDIA),
        ("a foreign page", foreign(b"PATCH", API_UPDATE, bare), FOREIGN),
        ("a foreign logout", foreign(b"DELETE", API_LOGIN), FOREIGN),
        ("a method", read(API_UPDATE, method=b"PUT"), NO_METHOD),
        ("two hosts", read(API_GET, b"Host: a"), REPEATED),
        ("101 headers", read(API_GET, *[b"X: a"] * 101), HEADERS),
        ("a control character", read(API_GET, b"X: a\x01b"), BROKEN),
        ("no host", request(b"GET", API_GET, SESSION_LINE, host=None), NO_HOST),
        ("a query of 128 KiB", read(API_LIST + b"?" + b"a" * 128 * KIBIBYTE), URL),
        ("an empty create", create_at_api(b"{}"), "400 value.missing_member"),
        ("a create for another", create_at_api(b'{"service":"a"}'), "400 value.unknown_member"),
        ("a create as at /rest", create_at_api(b'{"spec":{}}'), "400 value.unknown_member"),
        ("login by Bearer", request(b"POST", API_LOGIN, b"Authorization: Bearer a"), BAD_BASIC),
        ("login by session", request(b"POST", API_LOGIN, SESSION_LINE), BAD_BASIC),
        ("login of nobody", request(b"POST", API_LOGIN, basic(b"api-nobody:x")), BAD_LOGIN),
        ("session by Basic", request(b"GET", API_LOGIN, basic(b"administrator:x")), NO_SESSION),
    ):
        yield Row(f"api: {name}", data, at_api(told))
    for target in (
        *(b"/api/", b"/api/cis/tasks/", b"/api//cis/tasks", b"/api/../rest/cis/tasks"),
        *(b"/api/cis/tasks/%00", b"/api/com/vmware/cis/session", b"/api/rest/cis/tasks"),
        *(b"/api/livez", b"/api/session;a=1", b"/api/session/a", b"/api%00"),
    ):
        own = target.startswith(b"/api/")
        yield Row(f"path: {target.decode()}", read(target), at_api(NO_PATH) if own else NO_PATH)
    for name, query, reason in (
        ("of /rest", b"filter_spec.tasks=a", "query.unknown_parameter"),
        ("a status", b"tasks=a&status=ALL", "query.bad_parameter"),
        ("a NUL", b"tasks=%00", "query.bad_parameter"),
        ("half a target", b"targets.0.id=b", "query.missing_parameter"),
        ("a flag twice", b"tasks=a&return_all=true&return_all=true", "query.repeated_parameter"),
        ("nothing named", b"status=RUNNING", "list.filter_empty"),
    ):
        yield Row(f"api query: {name}", read(API_LIST + b"?" + query), at_api(f"400 {reason}"))
    for name, query, reason in (
        ("none", b"", "missing_parameter"),
        ("another", b"?action=delete", "bad_parameter"),
        ("of /rest", b"?~action=cancel", "unknown_parameter"),
    ):
        data = read(API_GET + query, method=b"POST")
        yield Row(f"api action: {name}", data, at_api(f"400 query.{reason}"))


def registry_door() -> Iterator[Row]:
    """What administrators must not be able to break, at ``/v1/extensions``."""
    for name, body, told in (
        ("no body", b"", "json.not_json"),
        ("a list", b"[]", "value.wrong_type"),
        ("another key", b'{"key":"com.other"}', "extension.keys_disagree"),
        ("a member", b'{"colour":"red"}', "value.unknown_member"),
        ("a key twice", b'{"name":"a","name":"b"}', "json.duplicate_key"),
        ("a NUL", b'{"name":"\\u0000"}', "json.nul_in_text"),
        ("half a pair", b'{"name":"\\ud800"}', "json.lone_surrogate"),
        ("a name too long", b'{"name":"' + b"n" * 256 + b'"}', "extension.bad_length"),
        ("deep", b"[" * 10_000, "value.too_deep"),
        ("an operation of text", b'{"operations":["a"]}', "value.wrong_type"),
        ("a weight of 0", b'{"operations":[{"id":"a","weight":0}]}', "value.out_of_bounds"),
        ("a weight of 1e400", b'{"operations":[{"id":"a","weight":1e400}]}', "json.number_range"),
        ("a lease", b'{"operations":[{"id":"a","lease_seconds":-1}]}', "value.out_of_bounds"),
        ("an id twice", b'{"operations":[{"id":"a"},{"id":"a"}]}', "extension.repeated"),
        ("1,001 operations", many_operations(1001), "value.too_long"),
        ("a member of none", b'{"members":["nobody"]}', "extension.member_unknown"),
        ("no locale", catalogue(b"a = b", b"../de"), "extension.bad_locale"),
        ("a brace", catalogue(b"a = {"), "extension.bad_catalogue"),
        ("an id of NUL", catalogue(b"\\\\u0000 = a"), "extension.bad_catalogue"),
        ("half a pair in a template", catalogue(b"a = \\\\ud800"), "extension.bad_catalogue"),
        ("levels", catalogue(b"a = " + b"{n,plural,other{" * 50), "extension.bad_catalogue"),
        ("a huge number", catalogue(b"a = {n,number,::scale/1E100000000}"),
         "extension.bad_catalogue"),
        ("a version", b'{"version":7}', "extension.changed"),
    ):  # fmt: skip
        data = request(b"PUT", REGISTRY + b"/com.hostile", SESSION_LINE, JSON_LINE, body=body)
        yield Row(f"extension: {name}", data, f"{412 if body[2:3] == b'v' else 400} v1 {told}")
    put = b"/com.hostile"
    for name, data, told in (
        ("no session", request(b"PUT", REGISTRY + put, JSON_LINE, body=b"{}"), NO_SESSION),
        ("no type", request(b"PUT", REGISTRY + put, SESSION_LINE, body=b"{}"), MEDIA),
        ("a key", registering(b"/a%20b"), "400 extension.bad_key"),
        ("a long key", registering(b"/" + b"k" * 256), "400 extension.bad_key"),
        ("a version", registering(put, b'If-Match: "7"'), "412 extension.changed"),
        ("a weak tag", registering(put, b'If-Match: W/"0"'), "412 extension.changed"),
        ("rubbish", registering(put, b"If-Match: \xff,,"), "412 extension.changed"),
        ("a query", registering(put + b"?a=b"), "400 query.unknown_parameter"),
        ("none there", read(REGISTRY + b"/com.none"), "404 extension.unknown"),
        ("none to delete", read(REGISTRY + b"/com.none", method=b"DELETE"),
         "404 extension.unknown"),
        ("a method", read(REGISTRY, method=b"PUT"), NO_METHOD),
        ("two tags", registering(put, b"If-Match: *", b"If-Match: *"), REPEATED),
        ("no path", read(b"/v1"), NO_PATH),
        ("no key", read(REGISTRY + b"/"), NO_PATH),
    ):  # fmt: skip
        status, _, reason = told.partition(" ")
        yield Row(f"registry: {name}", data, f"{status} v1 {reason}")


def registering(path: bytes, *lines: bytes) -> bytes:
    return request(b"PUT", REGISTRY + path, SESSION_LINE, JSON_LINE, *lines, body=b"{}")


def many_operations(count: int) -> bytes:
    return b'{"operations":[%s]}' % b",".join(b'{"id":"%d"}' % number for number in range(count))


def catalogue(text: bytes, locale: bytes = b"de") -> bytes:
    return b'{"catalogues":[{"locale":"%s","text":"%s"}]}' % (locale, text)


def v1_door() -> Iterator[Row]:
    """The rows of ``/v1``; all are told in the shape of this door."""
    for row in (*v1_bodies(), *v1_paths()):
        yield row._replace(told=row.told.replace(" ", " v1 ", 1))


def v1_bodies() -> Iterator[Row]:
    """The door ``/v1``: its bodies, its headers."""
    bare = b'{"status":"SUCCEEDED"}'
    for name, line, told in (
        ("another revision", b'If-Match: "99"', "412 task.revision_mismatch"),
        ("a weak revision", b'If-Match: W/"1"', "412 task.revision_mismatch"),
        ("a bare revision", b"If-Match: 1", "400 http.bad_etag"),
        ("half a revision", b'If-Match: "1', "400 http.bad_etag"),
        ("no revision", b"If-Match:", "400 http.bad_etag"),
        ("60 KB of revisions", b"If-Match: " + b'"1",' * 15_000, "400 http.bad_etag"),
        ("a revision twice", b'If-Match: "1"\r\nIf-Match: "2"', REPEATED),
    ):
        data = request(b"PATCH", V1_TASK, SESSION_LINE, JSON_LINE, line, body=bare)
        yield Row(f"v1: {name}", data, told)
    for name, body, told in (
        ("a lease too long", b'{"lease_seconds":86401}', "400 value.out_of_bounds"),
        ("a lease of text", b'{"lease_seconds":"60"}', "400 value.wrong_type"),
        ("a cancel of its own", b'{"cancel":"done"}', "400 value.unknown_enumeration"),
        ("an early word", b'{"cancel":"acknowledged"}', "400 task.cancel_not_requested"),
        ("a weight later", b'{"weight":2}', "400 value.unknown_member"),
        ("an extension later", b'{"extension":"a"}', "400 value.unknown_member"),
        ("a long plain text", b'{"description":"%b"}' % (b"a" * 65_537), "400 value.too_long"),
        ("a NUL in a plain text", b'{"description":"\\u0000"}', "400 json.nul_in_text"),
        ("a list for a text", b'{"description":["a"]}', "400 value.wrong_type"),
    ):
        data = request(b"PATCH", V1_TASK, SESSION_LINE, JSON_LINE, body=body)
        yield Row(f"v1: {name}", data, told)
    for name, body, told in (
        ("no weight", b'"weight":0', "400 value.out_of_bounds"),
        ("a weight beyond all", b'"weight":1e308', "400 value.out_of_bounds"),
        ("a key with blanks", b'"extension":"a b"', "400 user.bad_extension_key"),
        ("a parent from nowhere", b'"parent_task":"none"', "400 task.parent_unknown"),
    ):
        spec = b'{"operation_id":"a","cancelable":true,%b}' % body
        data = request(b"POST", V1_TASKS, SESSION_LINE, JSON_LINE, body=spec)
        yield Row(f"v1 create: {name}", data, told)
    spec = b'{"operation_id":"a","cancelable":true}'
    for name, line, told in (
        ("no key", b"Idempotency-Key:", "400 http.bad_idempotency_key"),
        ("a long key", b"Idempotency-Key: " + b"k" * 256, "400 http.bad_idempotency_key"),
        ("a key of 60 KB", b"Idempotency-Key: " + b"k" * 60_000, "400 http.bad_idempotency_key"),
        ("a key that is not ASCII", "Idempotency-Key: é".encode(), "400 http.bad_idempotency_key"),
        ("two keys", b"Idempotency-Key: a\r\nIdempotency-Key: b", REPEATED),
    ):
        data = request(b"POST", V1_TASKS, SESSION_LINE, JSON_LINE, line, body=spec)
        yield Row(f"v1 create: {name}", data, told)


def v1_paths() -> Iterator[Row]:
    for name, target, told in (
        ("no such verb", V1_TASK + b":delete", NO_METHOD),
        ("a verb of nothing", V1_TASKS + b"/:cancel", NO_PATH),
        ("a verb of an unknown task", V1_TASKS + b"/none:cancel", UNKNOWN_TASK),
        ("a verb twice", V1_TASK + b":cancel:cancel", UNKNOWN_TASK),
        ("force before its time", V1_TASK + b":force-close", "400 task.force_close_unasked"),
        ("a query", V1_TASK + b":heartbeat?a=1", "400 query.unknown_parameter"),
    ):
        yield Row(f"v1 verb: {name}", read(target, method=b"POST"), told)
    for name, query, told in (
        ("a page too large", b"page_size=1001", "400 query.bad_parameter"),
        ("a page of none", b"page_size=0", "400 query.bad_parameter"),
        ("a token made up", b"page_token=AAAAAAAAAAA", "400 list.bad_page_token"),
        ("a token of 60 KB", b"page_token=" + b"A" * 60_000, "400 list.bad_page_token"),
        ("an order", b"order=status;drop", "400 query.bad_parameter"),
        ("a time", b"created_after=yesterday", "400 query.bad_parameter"),
        ("a NUL in the text", b"text=%00", "400 query.bad_parameter"),
        ("1,001 tasks", b"&".join([b"task=a"] * 1001), "400 query.bad_parameter"),
        ("of /api", b"tasks=a", "400 query.unknown_parameter"),
    ):
        yield Row(f"v1 query: {name}", read(V1_TASKS + b"?" + query), told)
    for name, body, told in (
        ("no list", b'{"requests":{}}', "400 value.wrong_type"),
        ("nothing", b"{}", "400 value.missing_member"),
        ("1,001 parts", b'{"requests":[%b]}' % b",".join([b"{}"] * 1001), "400 value.too_long"),
        ("deep", b'{"requests":[' + b"[" * 10_000, "400 value.too_deep"),
        ("a member", b'{"requests":[],"a":1}', "400 value.unknown_member"),
    ):
        data = request(b"POST", V1_TASKS + b":batch", SESSION_LINE, JSON_LINE, body=body)
        yield Row(f"v1 batch: {name}", data, told)
    yield Row("v1 batch: read", read(V1_TASKS + b":batch"), NO_METHOD)
    yield Row("v1: history of nothing", read(V1_TASKS + b"/none/events"), UNKNOWN_TASK)
    yield Row("v1: a path", read(b"/v1/nothing"), NO_PATH)
    for name, method, target, body, told in (
        ("short password", b"POST", b"/v1/users", NEW_USER % b"short", "400 user.bad_password"),
        ("a number", b"POST", b"/v1/users", NEW_USER[:-5] + b"7}", "400 value.wrong_type"),
        ("nobody", b"PATCH", b"/v1/users/none", b"{}", "404 user.unknown"),
        (
            "the last administrator",
            b"PATCH",
            b"/v1/users/administrator",
            b'{"disabled":true}',
            "400 user.last_administrator",
        ),
    ):
        data = request(method, target, SESSION_LINE, JSON_LINE, body=body)
        yield Row(f"v1 users: {name}", data, told)


def event_streams() -> Iterator[Row]:
    """Streams that must not begin; one that did would have no end."""
    for name, query, told in (
        ("unknown", b"x=1", "query.unknown_parameter"),
        ("the session", SESSION.encode() + b"=" + TOKEN, "query.unknown_parameter"),
        ("a status", b"status=ALL", "query.bad_parameter"),
        ("a target", b"target=b", "query.bad_parameter"),
        ("a NUL", b"task=%00", "query.bad_parameter"),
        ("not UTF-8", b"user=%ff", "query.bad_parameter"),
        ("257 values", b"&".join(b"task=%d" % n for n in range(257)), "watch.filter_too_large"),
        ("20,000 values", b"&".join([b"task=a"] * 18_000), "watch.filter_too_large"),
        ("after twice", b"after=0&after=0", "query.repeated_parameter"),
        ("after nothing", b"after=", "watch.bad_position"),
        ("after less than nothing", b"after=-1", "watch.bad_position"),
        ("after a fraction", b"after=0.5", "watch.bad_position"),
        ("after a plus", b"after=%2B1", "watch.bad_position"),
        ("after Arabic digits", b"after=%D9%A1", "watch.bad_position"),
        ("after 64 bits", b"after=18446744073709551616", "watch.bad_position"),
        ("after 10,000 digits", b"after=" + b"9" * 10_000, "watch.bad_position"),
        ("after the end", b"after=999999999999999999", "watch.position_ahead"),
    ):
        yield Row(f"events: {name}", read(EVENTS + b"?" + query), f"400 v1 {told}")
    for value in (b"", b"-1", b"abc", b"1, 2", b"\xd9\xa1", b"9" * 5000, b"'; DROP TABLE events;"):
        line = b"Last-Event-ID: " + value
        yield Row(f"events: last {value[:9]!r}", read(EVENTS, line), "400 v1 watch.bad_position")
    twice = read(EVENTS, b"Last-Event-ID: 0", b"Last-Event-ID: 0")
    yield Row("events: last twice", twice, "400 v1 http.repeated_header")
    for name, line, told in (
        ("no session", b"X: a", "401 v1 access.no_session"),
        ("a bad session", b"Authorization: Bearer bad", "401 v1 access.session_unknown"),
        ("Basic", basic(b"administrator:a"), "401 v1 access.no_session"),
    ):
        yield Row(f"events: {name}", request(b"GET", EVENTS, line), told)
    for method in (b"POST", b"DELETE", b"OPTIONS"):
        data = read(EVENTS, method=method)
        yield Row(f"events: {method.decode()}", data, "405 v1 http.no_such_method")
    for target in (EVENTS + b"/", b"/v1", b"/v1/", b"/v1/event", EVENTS + b"%00"):
        yield Row(f"events: {target.decode()}", read(target), "404 v1 http.no_such_path")


def create_at_api(body: bytes) -> bytes:
    return request(b"POST", API_CREATE, SESSION_LINE, JSON_LINE, body=body)


def foreign(method: bytes, target: bytes, body: bytes | None = None) -> bytes:
    """A request that a page of another host sends with the cookie of a session."""
    lines = (b"Cookie: " + SESSION.encode() + b"=" + TOKEN, b"Origin: http://evil.example")
    return request(method, target, *lines, JSON_LINE, body=body)


def rows() -> list[Row]:
    """The table."""
    parts = (bodies, sizes, media_types, headers, framing, smuggled, methods, targets, queries)
    doors = (api_door, registry_door, v1_door, event_streams)
    found = [row for part in (*parts, versions, credentials, *doors) for row in part()]
    assert len({row.name for row in found}) == len(found)
    return found
