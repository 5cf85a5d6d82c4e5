"""What is looked at of the output, and what of a flood is left out."""

from __future__ import annotations

import threading

from milepost.cli.run.output import Output, Seen
from milepost.cli.run.readings import Pattern
from milepost.cli.run.taps import CHUNK, HELD, Tap


def output(pattern: Pattern | None = None, *, recognise: bool = True) -> Output:
    return Output(lambda: None, lambda _: None, pattern=pattern, recognise=recognise)


def test_a_tap_holds_little_and_tells_of_the_gap() -> None:
    woken: list[int] = []
    tap = Tap(lambda: woken.append(1))
    for _ in range(100):
        tap.put(b"x" * CHUNK)
    tap.put(b"last")
    gap, chunks = tap.take()
    assert gap
    assert sum(map(len, chunks)) <= HELD
    assert chunks[-1] == b"last"
    assert tap.take() == (False, [])
    tap.put(b"next")
    assert tap.take() == (False, [b"next"])
    assert woken


def test_an_exact_tap_waits_and_leaves_nothing_out() -> None:
    tap, found = Tap(lambda: None, exact=True), b""
    chunks = [bytes([number]) * CHUNK for number in range(50)]

    def put_all() -> None:
        for chunk in chunks:
            tap.put(chunk)

    putting = threading.Thread(target=put_all, daemon=True)
    putting.start()
    while putting.is_alive() or len(found) < CHUNK * len(chunks):
        gap, taken = tap.take()
        assert not gap
        assert sum(map(len, taken)) <= HELD + CHUNK
        found += b"".join(taken)
    assert found == b"".join(chunks)


def test_behind_a_gap_no_half_line_is_read() -> None:
    seen = output()
    tap = seen.tap()
    tap.put(b"1/10\n")
    seen.look()
    tap.put(b"2/10\n" + b"x" * HELD)
    tap.put(b"0%\n3/10\nend")
    assert seen.look()
    assert seen.seen(1) == Seen((3, 10), ("end",))


def test_streams_do_not_mix() -> None:
    seen = output()
    out, err = seen.tap(), seen.tap()
    out.put(b"\r 4")
    err.put(b"2%\n")
    out.put(b"5%")
    seen.look()
    assert seen.seen(1) == Seen((45, 100), ("2%",))
    assert seen.last_lines() == ["45%", "2%"]
    assert not seen.look()


def test_what_was_told_does_not_fall() -> None:
    """A piece may read otherwise once more of it is there."""
    seen = output()
    tap = seen.tap()
    tap.put(b"42%")
    seen.look()
    assert seen.seen(0) == Seen((42, 100), ())
    tap.put(b"20of%20a%20path\n5%\n")
    seen.look()
    assert seen.seen(0) == Seen((42, 100), ())
    tap.put(b"50%\n")
    seen.look()
    assert seen.seen(0) == Seen((50, 100), ())


def test_without_recognising_only_lines_are_seen() -> None:
    seen = output(recognise=False)
    seen.tap().put(b"42%\n")
    seen.look()
    assert seen.seen(1) == Seen(None, ("42%",))


def test_a_line_is_counted_once_it_is_whole() -> None:
    seen = output(Pattern("^copied", 3))
    tap = seen.tap()
    tap.put(b"copied a\ncopied")
    seen.look()
    assert seen.seen(0).progress == (1, 3)
    tap.put(b" b\n")
    seen.look()
    assert seen.seen(0).progress == (2, 3)
