"""The files of the console: how they are served, and what may not be in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from milepost.console import files
from milepost.console.files import PAGES, TYPES, console_files
from milepost.doors.console import POLICY
from tests.architecture import LONG, LONG_WITHIN, MODULE_LINES
from tests.serving import Server

FOLDER = Path(files.__file__).parent / "pages"
NAMES = sorted(path.name for path in FOLDER.iterdir())
SCRIPTS = [name for name in NAMES if name.endswith(".js")]
# What makes markup or code of a text.
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|srcdoc|DOMParser"
    r"|createContextualFragment|setHTML|cssText|setAttribute\(\"(on|style)|javascript:"
)
KEY = re.compile(r"\bt\(\s*[\"`]([\w.]+)[\"`]")
POLICIES = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def assert_safe(headers: dict[str, str]) -> None:
    assert set(headers["content-security-policy"].split("; ")) == POLICIES
    for name, value in {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-cache",
    }.items():
        assert headers[name] == value


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_served_as_what_it_is(server: Server, name: str) -> None:
    reply = server.call("GET", f"/ui/{name}")
    assert (reply.status, reply.body) == (200, (FOLDER / name).read_bytes())
    assert reply.headers["content-type"] == TYPES[name.rpartition(".")[2]]
    assert_safe(reply.headers)
    assert reply.etag is not None
    again = server.call("GET", f"/ui/{name}", None, {"If-None-Match": reply.etag})
    assert (again.status, again.body, again.etag) == (304, b"", reply.etag)
    assert_safe(again.headers)


@pytest.mark.parametrize("path", ["", *PAGES, "tasks/x", "tasks/%2e%2e", "tasks/<script>"])
def test_every_page_is_the_one_page(server: Server, path: str) -> None:
    reply = server.call("GET", f"/ui/{path}")
    assert (reply.status, reply.body) == (200, (FOLDER / "index.html").read_bytes())
    assert_safe(reply.headers)


@pytest.mark.parametrize("path", ["none", "pages", "..", "%2e%2e%2fserver.py", "app.js/x", "/"])
def test_there_is_nothing_else(server: Server, path: str) -> None:
    assert server.call("GET", f"/ui/{path}").status == 404


def test_the_policy_is_in_one_place() -> None:
    assert set(POLICY.decode().split("; ")) == POLICIES
    assert len({file.tag for file in console_files().values()}) == len(NAMES)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style") and data.strip():
            self.inline.append(data)


def test_the_page_has_nothing_inline_and_loads_only_its_own() -> None:
    page = Elements()
    page.feed(text_of("index.html"))
    assert page.inline == []
    for tag, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("src", "href"):
            target = attributes.get(name) or ""
            assert target.startswith(("/ui/", "#")) or not target, target
            if "." in target:
                assert target.removeprefix("/ui/") in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_file_names_another_host(name: str) -> None:
    namespaces = re.sub(r"http://www\.w3\.org/[\w/]+", "", text_of(name))
    assert not re.search(r"//(?!\s)[\w.-]+\.\w+/|url\(|@import", namespaces)


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_makes_markup_or_code_of_a_text(name: str) -> None:
    assert not MARKUP.search(text_of(name))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_small_and_says_what_it_is_for(name: str) -> None:
    lines = text_of(name).splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= MODULE_LINES or any(
        LONG.search(line.replace("//", "#")) for line in lines[:LONG_WITHIN]
    )


def test_every_text_that_is_said_is_there() -> None:
    english = text_of("en.js")
    known = set(re.findall(r"^  \"?([\w.]+)\"?:", english, re.MULTILINE))
    said = {key for name in SCRIPTS for key in KEY.findall(text_of(name))}
    assert said - known == set()
    # The rest is said by names that are put together, such as those of statuses.
    beginnings = tuple(
        beginning for name in SCRIPTS for beginning in re.findall(r"`([\w.]+\.)\$\{", text_of(name))
    )
    chosen = {key for name in SCRIPTS for key in re.findall(r"\"([\w.]+)\"(?!:)", text_of(name))}
    endings = tuple(
        ending for name in SCRIPTS for ending in re.findall(r"`\$\{name\}(\.\w+)`", text_of(name))
    )
    rest = {key for key in known - said if not key.startswith(beginnings)}
    assert {key for key in rest if not key.endswith(endings)} <= chosen


@pytest.mark.needs("node")
def test_what_it_decides_without_a_browser(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    shutil.copytree(FOLDER, pages)
    # Node takes a file for a module when its package says so.
    (pages / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", Path(__file__).with_name("core.test.mjs")],
        env={**os.environ, "PAGES": f"{pages.as_uri()}/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "# fail 0" in done.stdout
