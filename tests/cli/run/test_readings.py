"""Progress in lines of output: those of common tools, and those that only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.cli.run.readings import HINT, BadPattern, Pattern, Reading, read

PERCENT = [
    ("42%", 42),
    (" 42 % done", 42),
    ("42.5%", 42),
    ("42,5\u00a0%", 42),
    ("100%", 100),
    ("0%", 0),
    # rsync --info=progress2
    ("  1,234,567  42%   12.34MB/s    0:00:12 (xfr#3, to-chk=7/10)", 42),
    # curl and curl -#
    (" 42 1024M   42  430M    0     0  10.0M      0  0:01:42  0:00:43  0:00:59 10.1M", 42),
    ("  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0", 0),
    ("#############                            42.0%", 42),
    # wget, its bar and its dots
    ("file.iso             42%[=======>            ] 420.00M  11.2MB/s    eta 52s", 42),
    ("  450K .......... .......... .......... 42% 1.21M 3s", 42),
    # pip
    ("   ━━━━━━━━━━━━━━━━━━╸━━━━━━━━━━━━━━━━━━━ 1.2/2.3 MB 5.6 MB/s eta 0:00:01", 52),
    # pytest
    ("tests/rules/test_rows.py ..............................           [ 42%]", 42),
    ("50% of limits: tests/test_a.py ....   [ 42%]", 42),
    # tqdm, rich
    (" 42%|████▏     | 42/100 [00:01<00:02, 32.10it/s]", 42),
    ("Working... ━━━━━━━━━━━━━━━━╸━━━━━━━━━━━━━━━━━━━━━━━  42% 0:00:03", 42),
    # apt, dpkg
    ("Progress: [ 42%] [########..............................................]", 42),
    ("(Reading database ... 45%", 45),
    ("42% [3 Packages 45.2 kB/120 kB 38%]", 42),
    # git
    ("Receiving objects:  42% (420/1000), 1.21 MiB | 2.40 MiB/s", 42),
    # cmake
    ("[ 42%] Building CXX object src/CMakeFiles/a.dir/b.cpp.o", 42),
]
COUNTS = [
    ("3/10", 3, 10, False),
    ("3 of 10 disks", 3, 10, False),
    ("3 out of 10", 3, 10, False),
    ("[3/10] Copying", 3, 10, True),
    ("(3 / 10)", 3, 10, True),
    ("Step 3/10 : RUN make", 3, 10, True),
    ("#7 [ 3/10] RUN make", 3, 10, True),
    ("1,234 of 5,678 files", 1234, 5678, False),
    ("Copied 3/10.", 3, 10, False),
    ("Writing inode tables: 3/10", 3, 10, False),
]


@pytest.mark.parametrize(("line", "percent"), PERCENT)
def test_percentages(line: str, percent: int) -> None:
    assert read(line) == Reading(percent, 100)
    assert HINT.search(line.encode())


@pytest.mark.parametrize(("line", "completed", "total", "firm"), COUNTS)
def test_counts(line: str, completed: int, total: int, *, firm: bool) -> None:
    assert read(line) == Reading(completed, total, firm)
    assert HINT.search(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        *("", "42", "1000%", "x42%", "-5%", "42%20", "%d%%", "a%20b", "1.2.3%", "101%"),
        *(
            "3/10/2026",
            "2026/03/10",
            "/3/10/x",
            "eth0/1",
            "10.0.0.0/24",
            "3/0",
            "11/10",
            "HTTP/1.1",
        ),
        *("12:30/45", "3/10ths", "3 of hearts", "v1/2", "1/2-rc", "3//10", "0.0/0.0 MB", "9/3 MB"),
        "2026-11-25 04:48:48 INFO started",
        "1/" + "9" * 30,
    ],
)
def test_what_is_no_progress(line: str) -> None:
    assert read(line) is None


@given(st.text() | st.text("0123456789/%[]() .,ofOF:-step", max_size=200))
def test_whatever_is_read_is_possible(line: str) -> None:
    reading = read(line)
    if reading is not None:
        assert 0 <= reading.completed <= reading.total < 10**18
        assert reading.total > 0
        assert HINT.search(line.encode())


@pytest.mark.parametrize(
    ("pattern", "total", "line", "reading"),
    [
        (r"at (?P<percent>\S+)", None, "at 42,7", (42, 100)),
        (r"at (?P<percent>\S+)", None, "at 420", None),
        (r"at (?P<percent>\S+)", None, "at night", None),
        (r"at (?P<percent>\S+)", None, "on 42", None),
        (r"(?P<completed>\d+) done, (?P<total>\d+) in all", None, "3 done, 10 in all", (3, 10)),
        (r"(?P<completed>\d+) done(, (?P<total>\d+) in all)?", 20, "3 done", (3, 20)),
        (r"(?P<completed>\d+) done(, (?P<total>\d+) in all)?", 20, "3 done, 9 in all", (3, 9)),
        (
            r"^(?P<completed>[\d,]+) bytes",
            5_000_000,
            "1,234,567 bytes (1.2 MB)",
            (1234567, 5000000),
        ),
        (r"^(?P<completed>\d+) bytes", 10, "12 bytes", (10, 10)),
        (r"(?P<completed>\w+) of (?P<total>\w+)", None, "3 of many", None),
    ],
)
def test_a_pattern(pattern: str, total: int | None, line: str, reading: tuple[int, int]) -> None:
    found = Pattern(pattern, total).read(line)
    assert (found and (found.completed, found.total)) == reading


def test_lines_that_fit_a_pattern_are_counted() -> None:
    pattern = Pattern("^copied", 2)
    assert pattern.counts
    lines = ["copied a", "skipped b", "copied c", "copied d"]
    assert [found and found[:2] for found in map(pattern.read, lines)] == [
        *((1, 2), None, (2, 2), (2, 2))
    ]


@pytest.mark.parametrize(
    ("pattern", "total", "says"),
    [
        ("(", None, "no regular expression"),
        ("(?P<total>1)", 3, "needs one named completed"),
        ("(?P<completed>1)", None, "needs --total"),
        ("copied", None, "needs --total"),
    ],
)
def test_a_pattern_that_cannot_be_used(pattern: str, total: int | None, says: str) -> None:
    with pytest.raises(BadPattern, match=says):
        Pattern(pattern, total)
