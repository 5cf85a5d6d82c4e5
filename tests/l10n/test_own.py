"""Milepost's own texts: complete in English and German, with the same arguments."""

from __future__ import annotations

import pytest

from milepost.l10n.catalogues import differences, read_catalogue
from milepost.l10n.own import english
from milepost.l10n.rendering import reader_of, render
from milepost.rules.reasons import REASONS, Reason, Refusal
from milepost.texts import files_of, own_texts

LANGUAGES = sorted(files_of("milepost.l10n", "texts"))
WORDS = ("{a}", "it's", "<b>", "%s")


def by_id(reason: Reason) -> str:
    return reason.id


@pytest.mark.parametrize("file", LANGUAGES)
def test_no_id_is_missing_or_unused_and_no_argument_differs(file: str) -> None:
    data = files_of("milepost.l10n", "texts")[file]
    found = read_catalogue(data, file=file, locale="de")
    assert list(map(str, differences(english(), found))) == []


def test_there_is_german() -> None:
    assert LANGUAGES == ["de.properties"]
    assert own_texts().locales == ("de", "en")


@pytest.mark.parametrize("reason", list(REASONS.values()), ids=by_id)
def test_english_is_what_the_reasons_say(reason: Reason) -> None:
    message = Refusal(reason, WORDS).message
    rendered = render(message, reader_of("en"), own_texts())
    assert rendered is not None
    assert rendered.text == message.default_message


@pytest.mark.parametrize("reason", list(REASONS.values()), ids=by_id)
def test_german_is_german_and_has_every_argument(reason: Reason) -> None:
    message = Refusal(reason, WORDS).message
    rendered = render(message, reader_of("de-CH"), own_texts())
    assert rendered is not None
    assert rendered.locale == "de"
    assert rendered.text != message.default_message
    assert rendered.text.endswith(".")
    shown = [word for word in WORDS if word in message.default_message]
    assert [word for word in WORDS if word in rendered.text] == shown
