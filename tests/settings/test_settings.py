"""Settings: which source wins, where each value comes from, and what is refused how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milepost.settings import MEANINGS, OTHER_VARIABLES, BadSettings, Settings, load, written

NAMES = Settings.__struct_fields__


def loaded(
    tmp_path: Path,
    *,
    file: str | None = None,
    environment: dict[str, str] | None = None,
    **flags: object,
) -> tuple[Settings, dict[str, str]]:
    path = tmp_path / "milepost.toml"
    if file is not None:
        path.write_text(file, encoding="utf-8")
    config = None if file is None else path
    return load(flags=flags, environment=environment or {}, config=config)


def test_defaults(tmp_path: Path) -> None:
    settings, sources = loaded(tmp_path)
    assert set(sources) == set(NAMES)
    assert set(sources.values()) == {"default"}
    assert settings == Settings()
    assert settings.bind == "127.0.0.1:8900"
    assert settings.spec_validation == "effective"
    assert settings.progress_messages == "keep"
    assert settings.max_clock_skew == 24 * 60 * 60
    assert settings.default_extension == "com.milepost.local"
    assert (settings.session_idle, settings.session_absolute) == (30 * 60, 24 * 60 * 60)
    assert (settings.max_body, settings.max_result, settings.max_text) == (
        *(1024 * 1024, 256 * 1024),
        64 * 1024,
    )
    assert (settings.max_message_depth, settings.max_result_depth) == (32, 64)
    assert (settings.max_params, settings.max_args) == (256, 1000)


LAYERS: dict[str, Any] = {
    "file": {"file": "session_idle = 1"},
    "environment": {"environment": {"MILEPOST_SESSION_IDLE": "2"}},
    "flag": {"session_idle": 3},
}


@pytest.mark.parametrize(
    ("layers", "value", "source"),
    [
        ((), 1800, "default"),
        (("file",), 1, "milepost.toml"),
        (("environment",), 2, "environment"),
        (("flag",), 3, "flag"),
        (("file", "environment"), 2, "environment"),
        (("file", "flag"), 3, "flag"),
        (("environment", "flag"), 3, "flag"),
        (("file", "environment", "flag"), 3, "flag"),
    ],
)
def test_the_last_source_wins(
    tmp_path: Path, layers: tuple[str, ...], value: int, source: str
) -> None:
    given: dict[str, Any] = {}
    for layer in layers:
        given |= LAYERS[layer]
    settings, sources = loaded(tmp_path, **given)
    assert settings.session_idle == value
    assert Path(sources["session_idle"]).name == source
    assert {sources[name] for name in NAMES if name != "session_idle"} == {"default"}


@pytest.mark.parametrize("layer", ["file", "environment", "flag"])
def test_a_profile_sets_three_at_once(tmp_path: Path, layer: str) -> None:
    given: Any = {
        "file": {"file": 'profile = "vcenter"'},
        "environment": {"environment": {"MILEPOST_PROFILE": "vcenter"}},
        "flag": {"profile": "vcenter"},
    }[layer]
    settings, sources = loaded(tmp_path, **given)
    chosen = (settings.spec_validation, settings.progress_messages, settings.operations_closed)
    assert chosen == ("strict", "ignore", True)
    from_profile = {name for name in NAMES if sources[name] == "profile vcenter"}
    assert from_profile == {"spec_validation", "progress_messages", "operations_closed"}


@pytest.mark.parametrize("layer", ["file", "environment", "flag"])
def test_a_profile_yields_to_every_given_value(tmp_path: Path, layer: str) -> None:
    profile = 'profile = "vcenter"\n'
    given: Any = {
        "file": {"file": profile + 'progress_messages = "keep"'},
        "environment": {
            "file": profile,
            "environment": {"MILEPOST_PROGRESS_MESSAGES": "keep"},
        },
        "flag": {"file": profile, "progress_messages": "keep"},
    }[layer]
    settings, sources = loaded(tmp_path, **given)
    assert (settings.progress_messages, settings.spec_validation) == ("keep", "strict")
    assert sources["progress_messages"] != "profile vcenter"


def test_a_flag_that_was_not_given_counts_for_nothing(tmp_path: Path) -> None:
    settings, sources = loaded(tmp_path, file="session_idle = 1", session_idle=None, bind=None)
    assert (settings.session_idle, sources["bind"]) == (1, "default")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("insecure_http", "true", True),
        ("insecure_http", "false", False),
        ("operations_closed", "1", True),
        ("max_body", "17", 17),
        ("data", "/srv/milepost", "/srv/milepost"),
        ("registered_operations", '{"com.acme" = ["a", "b"]}', {"com.acme": ["a", "b"]}),
    ],
)
def test_the_environment_is_text(tmp_path: Path, name: str, text: str, value: object) -> None:
    settings, _ = loaded(tmp_path, environment={f"MILEPOST_{name.upper()}": text})
    assert getattr(settings, name) == value


def test_a_file_holds_tables(tmp_path: Path) -> None:
    text = 'operations_closed = true\n[registered_operations]\n"com.acme" = ["a"]\n'
    settings, _ = loaded(tmp_path, file=text)
    assert settings.registered_operations == {"com.acme": ["a"]}


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    environment = {f"MILEPOST_{name}": "x" for name in OTHER_VARIABLES - {"CONFIG"}}
    settings, _ = loaded(tmp_path, environment={**environment, "PATH": "x", "OTHER_BIND": "y"})
    assert settings == Settings()


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    named, given = tmp_path / "named.toml", tmp_path / "given.toml"
    named.write_text("session_idle = 1")
    given.write_text("session_idle = 2")
    environment = {"MILEPOST_CONFIG": str(named)}
    settings, sources = load(flags={}, environment=environment)
    assert (settings.session_idle, sources["session_idle"]) == (1, str(named))
    assert load(flags={}, environment=environment, config=given).settings.session_idle == 2


WRONG: list[tuple[str, str, object]] = [
    ("spec_validation", "lax", "lax"),
    ("profile", "vsphere", "vsphere"),
    ("progress_messages", "", ""),
    ("max_body", "0", 0),
    ("max_body", "many", "many"),
    ("session_idle", "-1", -1),
    ("max_message_depth", "33", 33),
    ("max_result_depth", "65", 65),
    ("insecure_http", "maybe", "maybe"),
    ("default_extension", "", ""),
    ("log_level", "loud", "loud"),
    ("log_format", "xml", "xml"),
    ("tls", "on", "on"),
    ("tls_cert", "", ""),
    ("tls_key", "x" * 4097, "x" * 4097),
]


@pytest.mark.parametrize(("name", "text", "value"), WRONG)
def test_a_wrong_value_names_key_value_and_source(
    tmp_path: Path, name: str, text: str, value: object
) -> None:
    toml = f"{name} = {value!r}" if isinstance(value, int) else f'{name} = "{value}"'
    with pytest.raises(BadSettings) as from_file:
        loaded(tmp_path, file=toml)
    with pytest.raises(BadSettings) as from_environment:
        loaded(tmp_path, environment={f"MILEPOST_{name.upper()}": text})
    with pytest.raises(BadSettings) as from_flag:
        load(flags={name: value}, environment={})
    for caught, source in (
        (from_file, str(tmp_path / "milepost.toml")),
        (from_environment, "environment"),
        (from_flag, "flag"),
    ):
        assert str(caught.value).startswith(f"{source}: {name} = ")
        assert repr(value) in str(caught.value) or repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"file": 'colour = "red"'},
        {"file": "[server]\nbind = 1"},
        {"environment": {"MILEPOST_COLOUR": "red"}},
        {"environment": {"MILEPOST_": "red"}},
        {"colour": "red"},
    ],
)
def test_an_unknown_setting_is_an_error(tmp_path: Path, given: Any) -> None:
    with pytest.raises(BadSettings, match="there is no setting"):
        loaded(tmp_path, **given)


PAIR = {"tls_cert": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize(
    ("given", "has_tls"),
    [
        ({}, False),
        ({"tls": "off"}, False),
        ({"tls": "self"}, True),
        (PAIR, True),
        ({"tls": "off", **PAIR}, True),
    ],
)
def test_tls_is_on(tmp_path: Path, given: dict[str, Any], *, has_tls: bool) -> None:
    settings, _ = loaded(tmp_path, **given)
    assert settings.has_tls == has_tls


@pytest.mark.parametrize(
    ("file", "flags", "told"),
    [
        ("", {"tls_cert": "c"}, "flag: tls_cert = 'c': it needs tls_key"),
        ("", {"tls_key": "k"}, "flag: tls_key = 'k': it needs tls_cert"),
        ('tls_key = "k"', {"tls": "off"}, "milepost.toml: tls_key = 'k': it needs tls_cert"),
        ('tls = "self"', PAIR, "flag: tls_cert = 'cert.pem': it cannot be given together with"),
        ('tls_cert = "c"', {"tls": "self"}, "milepost.toml: tls_cert = 'c': it cannot be given"),
        ('tls_key = "k"', {"tls": "self"}, "milepost.toml: tls_key = 'k': it cannot be given"),
    ],
)
def test_settings_of_tls_that_do_not_fit_together(
    tmp_path: Path, file: str, flags: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        loaded(tmp_path, file=file, **flags)
    assert told in str(caught.value)


def test_a_wrong_value_is_an_error_even_when_it_loses(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="max_body"):
        loaded(tmp_path, file="max_body = 0", max_body=1)


@pytest.mark.parametrize("content", [b"bind = ", b"\xff", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "milepost.toml"
    path.write_bytes(content)
    with pytest.raises(BadSettings, match=str(path)):
        load(flags={}, environment={}, config=path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(BadSettings, match=str(path)):
            load(flags={}, environment={}, config=path)


def test_a_broken_structure_in_the_environment(tmp_path: Path) -> None:
    variables = {"MILEPOST_REGISTERED_OPERATIONS": "{broken"}
    with pytest.raises(BadSettings, match="MILEPOST_REGISTERED_OPERATIONS"):
        loaded(tmp_path, environment=variables)


def test_every_setting_has_its_meaning() -> None:
    assert set(MEANINGS) == set(NAMES)
    assert all(text.endswith(".") for text in MEANINGS.values())


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "(not set)"), (True, "true"), (5, "5"), ("a", '"a"'), ({"a": ["b"]}, '{"a":["b"]}')],
)
def test_written(value: object, text: str) -> None:
    assert written(value) == text
