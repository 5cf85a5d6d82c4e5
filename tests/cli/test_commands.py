"""The commands: help, version, config, and how faults end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from milepost import __version__
from milepost.cli.main import main
from milepost.settings import MEANINGS, Settings


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """The names of every command, groups among them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


COMMANDS = [(), *commands(main)]


def invoke(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(command: tuple[str, ...], flag: str) -> None:
    done = invoke(*command, flag)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: {' '.join(('main', *command))}")


LEAVES = [
    command
    for command in COMMANDS
    if command and not any(other[:-1] == command for other in COMMANDS if other)
]


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_the_help_of_every_command_has_examples(command: tuple[str, ...]) -> None:
    help_text = invoke(*command, "--help").stdout
    lines = [line.strip() for line in help_text.splitlines()]
    assert {"Example:", "Examples:"} & set(lines), help_text
    assert any(line.startswith(f"milepost {' '.join(command)}") for line in lines), help_text


def test_version() -> None:
    done = invoke("version")
    assert (done.exit_code, done.stdout) == (0, f"milepost {__version__}\n")


def test_config_shows_value_source_and_meaning_of_all(tmp_path: Path) -> None:
    file = tmp_path / "milepost.toml"
    file.write_text('bind = "127.0.0.1:1"\nprofile = "vcenter"\n')
    done = invoke("config", "--config", str(file), MILEPOST_MAX_BODY="17")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    shown = dict(zip(lines[::2], lines[1::2], strict=True))
    assert [line.partition(" = ")[0] for line in shown] == list(Settings.__struct_fields__)
    for line, meaning in shown.items():
        assert meaning.startswith(f"    {MEANINGS[line.partition(' = ')[0]]}  [")
    assert shown['bind = "127.0.0.1:1"'].endswith(f"[{file}]")
    assert shown["max_body = 17"].endswith("[environment]")
    assert shown['spec_validation = "strict"'].endswith("[profile vcenter]")
    assert shown["max_text = 65536"].endswith("[default]")
    assert shown["admin_password_file = (not set)"].endswith("[default]")


@pytest.mark.parametrize("command", ["config", "serve"])
def test_bad_settings_are_wrong_use(command: str) -> None:
    done = invoke(command, MILEPOST_MAX_BODY="many")
    assert done.exit_code == 2
    assert "environment: max_body = 'many'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--colour",), ("paint",), ("serve", "--log-level", "loud"), ("serve", "x")),
        *(("serve", "--tls", "on"), ("serve", "--tls-cert", ""), ("serve", "--tls-key", "k")),
        ("demo", "--url", "https://localhost:1", "--ca-file", "/no/such/file"),
        *(("demo", "--speed", "0"), ("demo", "--alive", "0"), ("demo", "--tasks", "none")),
        ("demo", "--password-file", "/no/such/file"),
    ],
    ids=" ".join,
)
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr


@pytest.mark.parametrize("command", ["config", "serve"])
def test_a_certificate_without_its_key_is_wrong_use(command: str) -> None:
    done = invoke(command, MILEPOST_TLS_CERT="cert.pem")
    assert done.exit_code == 2
    assert "environment: tls_cert = 'cert.pem': it needs tls_key" in done.stderr


@pytest.mark.parametrize("flag", [True, False])
def test_a_file_of_trust_that_cannot_be_used_is_wrong_use(tmp_path: Path, *, flag: bool) -> None:
    file, password = tmp_path / "ca.pem", tmp_path / "password"
    file.write_text("rubbish")
    password.write_text("x")
    arguments = ["demo", "--url", "https://localhost:1", "--password-file", str(password)]
    done = (
        invoke(*arguments, "--ca-file", str(file))
        if flag
        else invoke(*arguments, MILEPOST_CA_FILE=str(file))
    )
    assert done.exit_code == 2
    assert f"--ca-file {file}: there is no PEM certificate in it" in done.stderr


def test_a_server_that_cannot_start(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = invoke("serve", "--data", str(file), "--bind", "127.0.0.1:0")
    assert done.exit_code == 3
    assert str(file) in done.stderr


def test_the_demo_asks_for_the_password() -> None:
    asked = CliRunner().invoke(main, ["demo", "--tasks", "1"], input="")
    assert asked.exit_code == 1
    assert "Password of administrator" in asked.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--config", "/no/such/milepost.toml"), "/no/such/milepost.toml"),
        (("--colour", "red"), "--colour"),
    ],
)
def test_what_serve_does_not_know_is_named(arguments: tuple[str, ...], named: str) -> None:
    done = invoke("serve", *arguments)
    assert done.exit_code == 2
    assert named in done.stderr


@pytest.mark.parametrize(
    ("bind", "named"),
    [
        *((text, repr(text)) for text in ("", "8900", "localhost", "127.0.0.1:", "127.0.0.1:x")),
        *((text, repr(text)) for text in ("127.0.0.1:65536", ":80")),
        *((text, f"bind {text}: plain HTTP") for text in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0")),
    ],
)
def test_an_address_that_cannot_be_used_is_named(tmp_path: Path, bind: str, named: str) -> None:
    done = invoke("serve", "--data", str(tmp_path / "data"), "--bind", bind)
    assert done.exit_code == 3
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


def user(data: Path, *arguments: str, typed: str = "") -> Result:
    """A ``user`` command; what it asks for is typed."""
    return CliRunner().invoke(main, ["user", *arguments, "--data", str(data)], input=typed)


TYPED = "a password\n" * 2


def test_users_are_added_listed_and_changed(tmp_path: Path) -> None:
    added = user(tmp_path, "add", "ada", "--role", "administrator", typed=TYPED)
    assert added.exit_code == 0
    assert "a password" not in added.output
    assert user(tmp_path, "add", "bob", "--role", "viewer", typed=TYPED).exit_code == 0
    assert user(tmp_path, "disable", "bob").exit_code == 0
    lines = user(tmp_path, "list").stdout.splitlines()
    assert [name for name in ("ada", "bob") if any(name in line.split() for line in lines)]
    assert user(tmp_path, "enable", "bob").exit_code == 0
    assert user(tmp_path, "passwd", "bob", typed=TYPED).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (("add", "ada", "--role", "viewer"), TYPED),
        (("add", "a b", "--role", "viewer"), TYPED),
        (("add", "bob", "--role", "extension"), TYPED),
        (("add", "bob", "--role", "viewer", "--extension", "com.acme"), TYPED),
        (("add", "bob", "--role", "viewer"), "short\nshort\n"),
        (("disable", "ada"), ""),
        (("disable", "nobody"), ""),
        (("enable", "nobody"), ""),
        (("passwd", "nobody"), TYPED),
    ],
    ids=str,
)
def test_a_refused_change_of_users(tmp_path: Path, arguments: tuple[str, ...], typed: str) -> None:
    assert user(tmp_path, "add", "ada", "--role", "administrator", typed=TYPED).exit_code == 0
    before = user(tmp_path, "list").stdout
    done = user(tmp_path, *arguments, typed=typed)
    assert done.exit_code == 4
    assert done.stderr.startswith("Error: ")
    assert user(tmp_path, "list").stdout == before


def test_users_in_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert user(file, "list").exit_code == 3
    done = user(tmp_path, "passwd", "ada", "--password-file", str(tmp_path / "missing"))
    assert done.exit_code == 2
