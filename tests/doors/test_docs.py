"""The page ``/docs``: out of the package, with nothing inline and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from milepost.doors import docs
from tests.serving import Server

PAGES = Path(docs.__file__).parent / "pages"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}


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


@pytest.mark.parametrize("path", docs.FILES)
def test_a_file_is_served_under_a_strict_policy(server: Server, path: str) -> None:
    name, media_type = docs.FILES[path]
    reply = server.call("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert reply.body == (PAGES / name).read_bytes()
    assert set(reply.headers["content-security-policy"].split("; ")) == POLICY
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_the_page_has_nothing_inline_and_loads_only_its_own() -> None:
    page = Elements()
    page.feed((PAGES / "docs.html").read_text(encoding="utf-8"))
    assert page.inline == []
    loaded = set()
    for tag, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        loaded |= {attributes[name] for name in ("src", "href") if name in attributes}
    assert loaded == {"/docs/docs.css", "/docs/docs.js", "/openapi.json"}


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.iterdir()))
def test_no_file_names_another_host(name: str) -> None:
    assert not re.search(r"//(?!\s)[\w.-]+\.\w|url\(|@import", (PAGES / name).read_text("utf-8"))


def test_the_script_writes_text_and_no_markup() -> None:
    script = (PAGES / "docs.js").read_text(encoding="utf-8")
    markup = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|\.style\b"
    assert not re.search(markup, script)


@pytest.mark.needs("node")
def test_the_script_shows_every_operation(server: Server, tmp_path: Path) -> None:
    description = server.call("GET", "/openapi.json")
    file = tmp_path / "openapi.json"
    file.write_bytes(description.body)
    done = subprocess.run(
        ["node", Path(__file__).with_name("dom.mjs"), PAGES / "docs.js", file],
        stdout=subprocess.PIPE,
        check=True,
    )
    shown = json.loads(done.stdout)
    operations = [
        (method, path, operation)
        for path, operations in description.json["paths"].items()
        for method, operation in operations.items()
    ]
    assert len(shown) == len(operations) > 20
    for one, (method, path, operation) in zip(shown, operations, strict=True):
        assert one["words"] == f"{method} {path} {operation['summary']}".lower()
        for text in (method.upper(), path, operation["summary"]):
            assert text in one["text"]
        for parameter in operation["parameters"]:
            assert parameter["name"] in one["text"]
        # What is looked for is shown, the rest is not.
        assert one["hidden"] == ("/v1/users" not in path)
