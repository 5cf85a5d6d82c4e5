"""``milepost extension check``: faults with their lines, and messages tried."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milepost.cli.main import main
from milepost.l10n.catalogues import MAX_FILE

GERMAN = "m = {n, plural, one {# Datei} other {# Dateien}} von {who}\nwho = alle\n"
ENGLISH = "m = {n, plural, one {# file} other {# files}} of {who}\nwho = all\n"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["extension", "check", *map(str, arguments)])


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    return file(tmp_path, "en.properties", ENGLISH), file(tmp_path, "app_de.properties", GERMAN)


def test_good_catalogues(both: tuple[Path, Path]) -> None:
    done = check(*both)
    assert done.exit_code == 0
    assert done.stdout == f"{both[0]}: en, 2 messages\n{both[1]}: de, 2 messages\n"


def test_every_fault_of_every_file(tmp_path: Path) -> None:
    first = file(tmp_path, "en.properties", "a = {\nb = {0}\nb = {0}\n")
    second = file(tmp_path, "de.properties", "c = {0}\n")
    third = file(tmp_path, "fr.properties", "\n\nb = }\n")
    done = check(first, second, third)
    assert done.exit_code == 5
    assert done.stdout.splitlines() == [
        f"{first}:1: a: after {{ a name or a number is expected at character 2",
        f"{first}:3: b: the id stands in line 2 already",
        f"{third}:3: b: a }} without its {{ at character 1",
    ]
    assert done.stderr == "Error: 3 faults found.\n"


def test_a_translation_that_differs(tmp_path: Path) -> None:
    first = file(tmp_path, "en.properties", "a = x\nb = {0}\n")
    second = file(tmp_path, "de.properties", "\nb = {1}\nc = x\n")
    done = check(first, second)
    assert done.exit_code == 5
    assert done.stdout.splitlines() == [
        f"{second}:1: a: it is in {first} and missing here",
        f"{second}:2: b: it has the arguments {{1}}, in {first} {{0}}",
        f"{second}:3: c: it is not in {first}",
    ]


def test_one_fault(tmp_path: Path) -> None:
    done = check(file(tmp_path, "en.properties", "a = %"), "--format", "printf")
    assert done.exit_code == 5
    assert "en.properties:1: a: a % without its conversion at character 1" in done.output
    assert "1 fault found." in done.output


def test_a_file_that_is_too_long_is_not_read_whole(tmp_path: Path) -> None:
    done = check(file(tmp_path, "en.properties", "#" * (MAX_FILE + 10)))
    assert done.exit_code == 5
    assert f"longer than the limit of {MAX_FILE} bytes" in done.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--param", "n=1", "--param", "who=anna"), "1 file of anna"),
        (("--param", "n=1.5", "--param", "who=@who", "--locale", "de"), "1,5 Dateien von alle"),
        (("--locale", "de-CH", "--param", "n=1234", "--param", "who="), "1'234 Dateien von "),
        (("--locale", "fr,de;q=0.5", "--arg", "2", "--arg", "x"), None),
        (
            (
                *("--param", "n=1234", "--param", "who=2021-03-04T12:00:00Z"),
                *("--format-locale", "de-AT", "--timezone", "Asia/Tokyo"),
            ),
            "1\u00a0234 files of 04.03.21, 21:00",
        ),
        (("--param", "n=x", "--param", "who=y"), None),
    ],
)  # fmt: skip
def test_a_message_is_tried(
    both: tuple[Path, Path], arguments: tuple[str, ...], text: str | None
) -> None:
    done = check(*both, "--render", "m", *arguments)
    if text is None:
        assert done.exit_code == 5
        assert "m: no text with these arguments" in done.output
    else:
        assert (done.exit_code, done.stdout) == (0, text + "\n")


def test_args_are_tried(tmp_path: Path) -> None:
    path = file(tmp_path, "messages_de.properties", "m = %2$s von %1$,d\n")
    done = check(path, "--format", "printf", "--render", "m", "--arg", "1234", "--arg", "%s")
    assert (done.exit_code, done.stdout) == (0, "%s von 1.234\n")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--param", "n"), "--param: n is not NAME=VALUE"),
        (("--timezone", "Foo/Bar"), "--timezone: Foo/Bar is not known"),
        (("--format-locale", "tlh"), "--format-locale: tlh is not known"),
        (("--locale", "?"), "--locale: ? names no language"),
        (("--format", "xml"), "'xml' is not one of"),
    ],
)
def test_bad_usage(both: tuple[Path, Path], arguments: tuple[str, ...], fault: str) -> None:
    done = check(*both, "--render", "m", *arguments)
    assert done.exit_code == 2
    assert fault in done.output


def test_a_name_without_a_locale(tmp_path: Path) -> None:
    done = check(file(tmp_path, "messages.properties", ""))
    assert done.exit_code == 2
    assert "the name does not end with a locale, as in _de.properties" in done.output


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert check(tmp_path / "de.properties").exit_code == 2
