"""``milepost extension apply``, ``list``, ``show`` and ``delete``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milepost.cli.main import main
from tests.cli.conftest import Run as Online

KEY = "com.acme.backup"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*words: str | Path) -> Result:
        arguments = ["extension", *map(str, words), "--data", str(tmp_path / "data")]
        return CliRunner().invoke(main, arguments)

    return call


@pytest.fixture
def apply(run: Run, tmp_path: Path) -> Callable[..., Result]:
    """Applies a file with some text; catalogues are put beside it."""

    def call(text: str, **catalogues: str) -> Result:
        for name, words in catalogues.items():
            (tmp_path / f"{name}.properties").write_text(words, encoding="utf-8")
        file = tmp_path / "extension.toml"
        file.write_text(text, encoding="utf-8")
        return run("apply", file)

    return call


def test_a_life(run: Run, apply: Run) -> None:
    assert run("list").output == ""
    least = f'key = "{KEY}"\n'
    assert apply(least).output == f"{KEY}: registered, it is at version 1.\n"
    assert apply(least).output == f"{KEY}: nothing has changed, it is at version 1.\n"
    whole = least + (
        'name = "A"\noperations_closed = true\n[[operations]]\nid = "a"\nweight = 0.5\n'
        '[[catalogues]]\nfile = "app_de_AT.properties"\n'
        '[[catalogues]]\nfile = "words.properties"\nlocale = "ja"\nformat = "printf"\n'
        "[retention]\ncount = 7\n"
    )
    done = apply(whole, app_de_AT="a = {0}", words="a = %s")
    parts = "name, operations, operations_closed, catalogues, retention"
    assert done.output == f"{KEY}: changed ({parts}), it is at version 2.\n"
    assert run("list").output == f"{KEY}  version 2  1 operation (closed)  de-AT ja\n"
    shown = json.loads(run("show", KEY).output)
    assert shown["operations"][0]["weight"] == 0.5
    assert [(entry["locale"], entry["text"]) for entry in shown["catalogues"]] == [
        ("de-AT", "a = {0}"),
        ("ja", "a = %s"),
    ]
    assert run("delete", KEY).output == f"{KEY}: deleted.\n"
    assert apply(least).output == f"{KEY}: registered, it is at version 4.\n"
    assert run("list").output == f"{KEY}  version 4  0 operations  no catalogues\n"


@pytest.mark.parametrize("command", ["show", "delete"])
def test_an_extension_that_is_not_there(run: Run, command: str) -> None:
    done = run(command, "com.none")
    assert done.exit_code == 4
    assert done.stderr == "Error: extension: there is no extension com.none.\n"


def test_a_version_in_the_file_is_the_one_that_is_changed(apply: Run) -> None:
    apply(f'key = "{KEY}"')
    done = apply(f'key = "{KEY}"\nname = "B"\nversion = 7')
    assert done.exit_code == 4
    assert "at version 1" in done.stderr
    assert apply(f'key = "{KEY}"\nname = "B"\nversion = 1').exit_code == 0


def test_every_fault_of_every_catalogue(apply: Run) -> None:
    text = f'key = "{KEY}"\n[[catalogues]]\nfile = "de.properties"\n[[catalogues]]\n'
    done = apply(text + 'file = "fr.properties"', de="a = {\nb = }", fr="\nc = {")
    assert done.exit_code == 4
    lines = done.stderr.removeprefix("Error: ").splitlines()
    assert [line.partition(": ")[2].rpartition(": ")[0] for line in lines] == [
        "de de.properties, line 1, message a",
        "de de.properties, line 2, message b",
        "fr fr.properties, line 2, message c",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key = ", "Invalid value"),
        ('name = "a"', "key: it is required"),
        ("key = 1", "key: the number 1 was given where a text is expected"),
        ('key = "a"\ncolour = "red"', "colour: the member is not known"),
        ('key = "a"\nversion = 99999999999999999999', "outside the range of int64"),
        ('key = "a"\nx = nan', "nan is not a number"),
        ('key = "a"\nx = -inf', "-inf is not a number"),
        ('key = "a"\ncatalogues = 1', "catalogues: the number 1"),
        ('key = "a"\ncatalogues = [1]', "catalogues: each entry needs file"),
        ('key = "a"\n[[catalogues]]\nlocale = "de"', "catalogues: each entry needs file"),
        ('key = "a"\n[[catalogues]]\nfile = "x"\ntext = "y"', "catalogues: each entry needs file"),
        ('key = "a"\n[[catalogues]]\nfile = "none_de.properties"', "No such file"),
        ('key = "a"\n[[catalogues]]\nfile = "\\u0000"', "null"),
        ('key = "a"\n[[catalogues]]\nfile = "messages"', "No such file"),
        ('key = "a"\n' + "[[catalogues]]\n" * 101, "catalogues: there are more than 100"),
        ("x = " + "[" * 5000, "extension.toml: "),
        ("# " + "x" * 1024 * 1024, "it is longer than 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_used(apply: Run, text: str, says: str) -> None:
    done = apply(text)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    assert says in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_a_catalogue_whose_locale_is_not_known(apply: Run) -> None:
    done = apply('key = "a"\n[[catalogues]]\nfile = "words.properties"', words="a = b")
    assert done.exit_code == 2
    assert "catalogues[0].locale: it is required" in done.stderr


def test_a_catalogue_that_is_no_text(apply: Run, tmp_path: Path) -> None:
    (tmp_path / "de.properties").write_bytes(b"a = \xff")
    done = apply('key = "a"\n[[catalogues]]\nfile = "de.properties"')
    assert done.exit_code == 2
    assert "de.properties" in done.stderr


def test_a_value_that_does_not_fit(apply: Run) -> None:
    done = apply('key = "a b"')
    assert done.exit_code == 4
    assert "key: a b is not a key" in done.stderr


def test_a_directory_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    assert run("list").exit_code == 3


def test_over_http_it_is_the_same(cli: Online, tmp_path: Path) -> None:
    key = "com.acme.online"
    (tmp_path / "app_de.properties").write_text("a = {0}\n", encoding="utf-8")
    file = tmp_path / "extension.toml"
    file.write_text(f'key = "{key}"\n[[catalogues]]\nfile = "app_de.properties"\n')
    url = os.environ["MILEPOST_URL"]

    def online(*words: str, code: int = 0) -> Result:
        return cli("extension", *words, "--url", url, code=code)

    assert online("apply", str(file)).output == f"{key}: registered, it is at version 1.\n"
    assert online("apply", str(file)).output == f"{key}: nothing has changed, it is at version 1.\n"
    file.write_text(f'key = "{key}"\nname = "A"\n')
    assert online("apply", str(file)).output == (
        f"{key}: changed (name, catalogues), it is at version 2.\n"
    )
    file.write_text(f'key = "{key}"\nname = "B"\nversion = 1\n')
    assert "version 2" in online("apply", str(file), code=9).stderr
    assert f"{key}  version 2  0 operations  no catalogues\n" in online("list").output
    found = json.loads(online("list", "-o", "json").output)
    assert [(one["name"], one["version"]) for one in found if one["key"] == key] == [("A", 2)]
    assert json.loads(online("show", key).output)["name"] == "A"
    assert online("delete", key).output == f"{key}: deleted.\n"
    assert online("show", key, code=4).stderr == f"Error: extension: there is no extension {key}.\n"
    both = cli("extension", "list", "--url", url, "--data", str(tmp_path), code=2)
    assert "do not go with" in both.stderr
