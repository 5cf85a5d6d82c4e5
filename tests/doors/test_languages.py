"""The language of an answer: whatever is asked for, and whatever is refused."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.doors.languages import refused, telling_for, told
from milepost.doors.messages import Head, Pairs, Request
from milepost.doors.refusals import Refuse
from milepost.rules import reasons
from milepost.rules.reasons import REASONS, Reason, Refusal
from milepost.rules.task import DEFAULT_RULES
from milepost.service.extensions import Extensions
from milepost.service.localizing import Texts
from milepost.store.sqlite.store import open_store
from milepost.texts import own_texts

UNKNOWN = Refusal(reasons.TASK_UNKNOWN, ("x",))


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Texts]:
    folder: Path = tmp_path_factory.mktemp("texts")
    store = open_store(folder)
    yield Texts(Extensions(store, DEFAULT_RULES, own_texts()), own_texts())
    asyncio.run(store.close())


def asking(*pairs: tuple[bytes, bytes]) -> Request:
    given_: Pairs = [(b"host", b"a"), *pairs]
    return Request(Head("GET", b"/", given_), 10)


def slots(reason: Reason) -> int:
    return len({name for _, name, _, _ in string.Formatter().parse(reason.text) if name})


def test_without_the_header_nothing_is_looked_up(texts: Texts) -> None:
    assert telling_for(asking(), texts) is None
    assert told(None) == ()
    assert refused(asking(), texts, UNKNOWN) == (UNKNOWN, ())


def test_the_headers_of_an_answer(texts: Texts) -> None:
    telling = telling_for(asking((b"accept-language", b"de")), texts)
    assert telling is not None
    assert told(telling) == ((b"vary", b"Accept-Language"),)
    telling.locales |= {"ja", "de"}
    assert told(telling)[0] == (b"content-language", b"de, ja")


def test_a_refusal_of_headers_that_contradict_each_other(texts: Texts) -> None:
    request = asking((b"host", b"b"), (b"accept-language", b"de"))
    with pytest.raises(Refuse) as caught:
        request.check_headers()
    shown, headers = refused(request, texts, caught.value.refusal)
    assert shown.message.localized is not None
    assert dict(headers)[b"content-language"] == b"de"


@given(
    reason=st.sampled_from(list(REASONS.values())),
    words=st.text() | st.sampled_from(["{0}", "'{", "\0", "x" * 70_000]),
    language=st.sampled_from([b"de", b"en", b"de-CH, *", b"ar"]),
)
def test_any_refusal_can_be_told(texts: Texts, reason: Reason, words: str, language: bytes) -> None:
    refusal = Refusal(reason, (words,) * slots(reason))
    shown, headers = refused(asking((b"accept-language", language)), texts, refusal)
    assert shown.message.default_message == refusal.message.default_message
    assert dict(headers)[b"vary"] == b"Accept-Language"
    localized = shown.message.localized
    if localized is not None and slots(reason):
        assert words in localized


@given(header=st.binary(max_size=300) | st.binary().map(lambda part: b"de," + part))
def test_any_header_is_read(texts: Texts, header: bytes) -> None:
    shown, headers = refused(asking((b"accept-language", header)), texts, UNKNOWN)
    assert (shown.message.localized is None) == (b"content-language" not in dict(headers))
