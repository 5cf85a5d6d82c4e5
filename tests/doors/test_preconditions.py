"""``If-Match`` and ``If-None-Match``, as RFC 9110 reads them, and ``Idempotency-Key``."""

from __future__ import annotations

import pytest

from milepost.doors.messages import Head, Request
from milepost.doors.preconditions import idempotency_key, if_match, is_known
from milepost.doors.refusals import Refuse
from milepost.rules import reasons
from milepost.rules.values import Status
from tests.rules.samples import stored

TASK = stored(Status.RUNNING, revision=7)


def request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request(Head("GET", b"/", pairs, "1.0"), 0)


@pytest.mark.parametrize(
    ("text", "revisions"),
    [
        ('"7"', {7}),
        ('"1", "7" ,"9"', {1, 7, 9}),
        ('W/"7"', set()),
        ('W/"7", "8"', {8}),
        ('"abc"', set()),
        ('""', set()),
        ('"' + "9" * 30 + '"', set()),
    ],
)
def test_which_revisions_an_update_is_for(text: str, revisions: set[int]) -> None:
    found = if_match(request(if_match=text))
    assert found is not None
    assert found.revisions == revisions
    assert text.startswith(found.text.removesuffix("…"))


@pytest.mark.parametrize("headers", [{}, {"if_match": "*"}, {"if_match": " * "}])
def test_an_update_for_any_revision(headers: dict[str, str]) -> None:
    assert if_match(request(**headers)) is None


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ('"7"', True),
        ('W/"7"', True),
        ('"6", "7"', True),
        ("*", True),
        ('"8"', False),
        ('""', False),
    ],
)
def test_whether_the_caller_has_it(text: str, *, known: bool) -> None:
    assert is_known(request(if_none_match=text), TASK) is known
    assert not is_known(request(), TASK)


@pytest.mark.parametrize(
    "text", ["", "7", '"7', '7"', '"7",', '"7" "8"', 'w/"7"', '"a b"', "* , *"]
)
def test_what_is_no_list_of_etags(text: str) -> None:
    for ask in (
        lambda: if_match(request(if_match=text)),
        lambda: is_known(request(if_none_match=text), TASK),
    ):
        with pytest.raises(Refuse) as caught:
            ask()
        assert caught.value.refusal.reason is reasons.BAD_ETAG
        assert caught.value.refusal.args[1] == text


@pytest.mark.parametrize("text", ["k", "k" * 255, "8e03978e-40d5-43dd", 'a "b" ~'])
def test_keys(text: str) -> None:
    assert idempotency_key(request(idempotency_key=text)) == text
    assert idempotency_key(request()) is None


@pytest.mark.parametrize("text", ["", "k" * 256, "a\tb", "\x7f", "é"])
def test_what_is_no_key(text: str) -> None:
    head = Head("POST", b"/", [(b"idempotency-key", text.encode("latin-1"))], "1.0")
    with pytest.raises(Refuse) as caught:
        idempotency_key(Request(head, 0))
    assert caught.value.refusal.reason is reasons.BAD_IDEMPOTENCY_KEY
    assert text.startswith(caught.value.refusal.args[0].removesuffix("…"))
