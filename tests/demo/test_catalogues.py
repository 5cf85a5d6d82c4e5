"""What the demo says is there in four languages, with the plurals of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from milepost.client.calls import encoded
from milepost.client.specs import message_body
from milepost.client.values import Message as Sent
from milepost.demo.jobs import KINDS, MACHINES, PREFIX, message
from milepost.l10n.catalogues import (
    Catalogue,
    Catalogues,
    differences,
    locale_of,
    read_catalogue,
)
from milepost.l10n.rendering import reader_of, render
from milepost.rules.values import Message
from milepost.texts import files_of
from milepost.wire.jsontext import parse
from milepost.wire.shapes import MESSAGE
from milepost.wire.v1 import V1Decoder
from tests.demo.test_jobs import SEEDS, play


def catalogue_of(file: str, data: bytes) -> Catalogue:
    return read_catalogue(data, file=file, locale=locale_of(file) or "")


FILES = {
    file: catalogue_of(file, data) for file, data in files_of("milepost.demo", "catalogues").items()
}
DEMO = Catalogues(FILES.values())
ENGLISH = FILES["en.properties"]
DECODER = V1Decoder()
LANGUAGES = ["ar", "de", "en", "ja"]


def read(sent: Sent) -> Message:
    """A message as the server reads it."""
    found: Message = DECODER.read(MESSAGE, parse(encoded(message_body(sent))))
    return found


def everything_said() -> Iterator[Message]:
    for kind in KINDS:
        ident = kind.operation.removeprefix(PREFIX)
        for machine in MACHINES:
            yield read(message(ident, kind.text.format(machine), machine=machine))
        for seed in SEEDS:
            for after in (None, 3) if kind.cancelable else (None,):
                for task in play(kind, seed, cancel_after=after):
                    yield task.progress.message
                    yield from () if task.error is None else task.error.messages


SAID = {said.default_message: said for said in everything_said() if said.id}


def shown(said: Message, language: str) -> str:
    rendered = render(said, reader_of(language), DEMO)
    assert rendered is not None
    assert rendered.locale == language
    return rendered.text


def test_the_languages() -> None:
    assert list(DEMO.locales) == LANGUAGES


@pytest.mark.parametrize("file", FILES)
def test_no_message_and_no_argument_is_missing(file: str) -> None:
    assert list(map(str, differences(ENGLISH, FILES[file]))) == []


def test_every_message_of_the_catalogues_is_said() -> None:
    said = {said.id for said in SAID.values()}
    for params in (said.params or {} for said in SAID.values()):
        said |= {param.l.id for param in params.values() if param.l is not None}
    assert said == set(ENGLISH.templates)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_every_language(language: str) -> None:
    assert len(SAID) > 100
    for said in SAID.values():
        text = shown(said, language)
        assert PREFIX not in text
        assert (text.replace(",", "") == said.default_message) == (language == "en")
        machine = (said.params or {}).get("machine")
        assert machine is None or str(machine.s) in text


def blocks(done: int, total: int) -> Message:
    return read(message("blocks", "", done=done, total=total))


@pytest.mark.parametrize(
    ("language", "done", "total", "text"),
    [
        ("en", 1, 1, "1 of 1 block read"),
        ("en", 1, 2, "1 of 2 blocks read"),
        ("en", 1234, 5000, "1,234 of 5,000 blocks read"),
        ("de", 1, 1, "1 von 1 Block gelesen"),
        ("de", 1234, 5000, "1.234 von 5.000 Blöcken gelesen"),
        ("ja", 1, 2, "2 ブロック中 1 ブロックを読み取りました"),
        ("ar", 1, 60, "تمت قراءة كتلة واحدة من أصل 60"),
        ("ar", 2, 60, "تمت قراءة كتلتين من أصل 60"),
        ("ar", 3, 60, "تمت قراءة 3 كتل من أصل 60"),
        ("ar", 10, 60, "تمت قراءة 10 كتل من أصل 60"),
        ("ar", 11, 60, "تمت قراءة 11 كتلة من أصل 60"),
        ("ar", 103, 200, "تمت قراءة 103 كتل من أصل 200"),
    ],
)
def test_plurals(language: str, done: int, total: int, text: str) -> None:
    assert shown(blocks(done, total), language) == text


def test_a_message_in_a_message() -> None:
    said = SAID["build-07: copying memory"]
    assert shown(said, "de") == "build-07: Arbeitsspeicher wird kopiert"
    assert shown(said, "ja") == "build-07: メモリをコピー中"
