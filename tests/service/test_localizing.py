"""Tasks and refusals in the language of whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from milepost.access.principals import Principal, Role
from milepost.rules import reasons
from milepost.rules.extensions import CatalogueFile, Extension
from milepost.rules.reading import Info
from milepost.rules.reasons import Refusal
from milepost.rules.task import DEFAULT_RULES
from milepost.rules.values import ErrorValue, Message, Param, Progress, Status
from milepost.service.extensions import Extensions
from milepost.service.localizing import Telling, Texts, reader_of
from milepost.store.sqlite.store import open_store
from milepost.texts import own_texts

KEY = "com.acme"
DE = CatalogueFile(locale="de", text="a = Eins\nb = {0} Stück\nc = Schluss\nat = {t}")
JA = CatalogueFile(locale="ja", text="a = 一")
INFO = Info(
    description=Message("a", "One"),
    service=KEY,
    operation="op",
    status=Status.FAILED,
    cancelable=True,
    progress=Progress(2, 1, Message("b", "1 piece", ("1",))),
    error=ErrorValue("x.y", (Message("c", "End"), Message("none", "Unknown"))),
)
Tell = Callable[..., Telling]


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    """The texts of one extension."""

    async def made() -> Texts:
        store = open_store(tmp_path)
        registry = Extensions(store, DEFAULT_RULES, own_texts())
        extension = Extension(key=KEY, catalogues=(DE, JA))
        await registry.apply(Principal("root", Role.ADMINISTRATOR), extension)
        await store.close()
        return Texts(registry, own_texts())

    return asyncio.run(made())


def telling(texts: Texts, language: str, zone: str | None = None) -> Telling:
    reader = reader_of(language, None, zone)
    assert reader is not None
    return texts.telling(reader)


@pytest.mark.parametrize("header", [None, "", "?", ";q=1", "de;q=0", ", ,"])
def test_who_asks_for_no_language_is_no_reader(header: str | None) -> None:
    assert reader_of(header) is None
    assert reader_of(header, "de", "Europe/Berlin") is None


def test_everything_of_a_task(texts: Texts) -> None:
    told = telling(texts, "de-AT")
    info = told.info(INFO)
    assert info.description == Message("a", "One", localized="Eins")
    assert info.progress is not None
    assert info.progress.message.localized == "1 Stück"
    assert info.error is not None
    assert [message.localized for message in info.error.messages] == ["Schluss", None]
    assert told.locales == {"de"}
    assert msgspec.structs.replace(info, description=INFO.description, progress=INFO.progress,
                                   error=INFO.error) == INFO  # fmt: skip


def test_all_languages_of_an_answer_are_told(texts: Texts) -> None:
    told = telling(texts, "ja, de")
    assert told.info(INFO).description.localized == "一"
    assert told.locales == {"de", "ja"}


def test_what_has_no_text_stays(texts: Texts) -> None:
    told = telling(texts, "fr")
    assert told.info(INFO) == INFO
    other = msgspec.structs.replace(INFO, service="com.other", progress=None, error=None)
    assert told.info(other) == other
    assert telling(texts, "de").info(other) == other
    assert told.locales == set()


@pytest.mark.parametrize(("language", "shown"), [("de", "Eins"), ("fr, *;q=0.1", "gesendet")])
def test_a_localized_that_was_sent(texts: Texts, language: str, shown: str) -> None:
    sent = Message("a", "One", localized="gesendet")
    told = telling(texts, language).info(msgspec.structs.replace(INFO, description=sent))
    assert told.description.localized == shown


def test_the_time_zone_of_the_reader(texts: Texts) -> None:
    noon = Param(dt=1_420_113_600_000)
    info = msgspec.structs.replace(INFO, description=Message("at", "", params={"t": noon}))
    shown = [
        telling(texts, "de", zone).info(info).description.localized
        for zone in (None, "Europe/Berlin", "Mars/Olympus")
    ]
    assert shown == ["01.01.15, 12:00", "01.01.15, 13:00", "01.01.15, 12:00"]


def test_a_refusal_and_all_its_faults(texts: Texts) -> None:
    more = Refusal(reasons.TASK_UNKNOWN, ("b",))
    told = telling(texts, "de")
    refusal = told.refusal(Refusal(reasons.TASK_UNKNOWN, ("a",), (more,)))
    assert [message.localized for message in refusal.messages] == [
        "task: Es gibt keine Aufgabe a.",
        "task: Es gibt keine Aufgabe b.",
    ]
    assert refusal.message.default_message == "task: there is no task a."
    assert told.locales == {"de"}
