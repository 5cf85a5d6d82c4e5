"""Settings: defaults, then a profile, a TOML file, the environment, and flags; the last wins.

The fields of ``Settings`` are the settings, ``MEANINGS`` says what each does. An unknown key or a
wrong value is an error that names the key, the value and where it was found.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import platformdirs

PREFIX = "MILEPOST_"
# Variables with our prefix that are not settings of the server.
OTHER_VARIABLES = frozenset(
    {
        *("CONFIG", "URL", "USER", "PASSWORD_FILE", "TOKEN_FILE", "CA_FILE"),
        *("TASK_ID", "FLUSH_SECONDS"),
    }
)

Count = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
Locale = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")
]
FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
HostName = Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=100 * 366 * 86_400)]


def data_directory() -> str:
    """Where the platform keeps the data of a user's programs."""
    return str(platformdirs.user_data_path("milepost", appauthor=False))


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a server, checked."""

    data: str = msgspec.field(default_factory=data_directory)
    bind: str = "127.0.0.1:8900"
    insecure_http: bool = False
    allowed_hosts: list[HostName] = []
    tls: Literal["off", "self"] = "off"
    tls_cert: FileName | None = None
    tls_key: FileName | None = None
    admin_password_file: str | None = None
    profile: Literal["milepost", "vcenter"] = "milepost"
    spec_validation: Literal["effective", "strict"] = "effective"
    progress_messages: Literal["keep", "ignore"] = "keep"
    max_clock_skew: Seconds = 86_400
    default_extension: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = (
        "com.milepost.local"
    )
    default_locale: Locale = "en"
    operations_closed: bool = False
    registered_operations: dict[str, list[str]] = {}
    cancel_grace: Seconds = 300
    retention_age: Seconds = 30 * 86_400
    retention_count: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 1_000_000
    history_limit: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 10_000
    session_idle: Seconds = 30 * 60
    session_absolute: Seconds = 24 * 60 * 60
    max_tokens: Count = 100
    max_token_age: Seconds = 366 * 86_400
    max_body: Count = 1024 * 1024
    max_message_depth: Annotated[int, msgspec.Meta(ge=1, le=32)] = 32
    max_result_depth: Annotated[int, msgspec.Meta(ge=1, le=64)] = 64
    max_params: Count = 256
    max_args: Count = 1000
    max_result: Count = 256 * 1024
    max_text: Count = 64 * 1024
    max_changing: Count = 600
    max_waiting: Count = 4000
    commit_process: Literal["auto", "always", "never"] = "auto"
    max_connections: Count = 20_000
    max_watchers: Count = 20_000
    watch_memory: Count = 8 * 1024 * 1024
    watch_heartbeat: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 15
    shutdown_grace: Seconds = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json"] = "auto"

    @property
    def has_tls(self) -> bool:
        """Whether the server speaks TLS."""
        return self.tls == "self" or self.tls_cert is not None


MEANINGS = {
    "data": "Directory of the data; made when it is not there.",
    "bind": "HOST:PORT to listen on; port 0 takes a free one.",
    "insecure_http": "Allow plain HTTP on an address that is not loopback.",
    "allowed_hosts": "Further names at which a browser may sign in over plain HTTP; addresses,"
    " names without a dot and that of this machine always count, and with TLS every name.",
    "tls": "self makes and keeps a certificate for this host; off serves plain HTTP, unless"
    " tls_cert and tls_key are given.",
    "tls_cert": "PEM file with the certificate to serve over TLS with, and the ones between it and"
    " its root.",
    "tls_key": "PEM file with the key of tls_cert, without a passphrase.",
    "admin_password_file": "File with the password of the administrator made at the first start.",
    "profile": "vcenter sets spec_validation, progress_messages and operations_closed"
    " as the original has them.",
    "spec_validation": "strict also refuses fields that the status named in the same spec"
    " does not allow.",
    "progress_messages": "keep the message inside percent_done, or ignore it.",
    "max_clock_skew": "Seconds that a given start or end may lie in the future.",
    "default_extension": "Service of the tasks of principals that belong to no extension.",
    "default_locale": "Language of the messages of extensions that name none.",
    "operations_closed": "Refuse tasks of operations that their extension has not registered;"
    " off, it is as each extension says.",
    "registered_operations": "Operation ids by extension key, for extensions that are not"
    " registered themselves.",
    "cancel_grace": "Seconds that an extension has to end a task after a cancel; then an operator"
    " may close it by force.",
    "retention_age": "Seconds that a finished task is kept, where its extension says nothing.",
    "retention_count": "Finished tasks that are kept of each extension, where it says nothing.",
    "history_limit": "Events that the history of a task keeps; beyond it the oldest go that only"
    " report progress, then the oldest others.",
    "session_idle": "Seconds after which an unused session ends.",
    "session_absolute": "Seconds after which every session ends.",
    "max_tokens": "Tokens that a user may have at once.",
    "max_token_age": "Seconds that a new token lasts at most, and where none are asked for; 0 sets"
    " no end.",
    "max_body": "Bytes of a request body.",
    "max_message_depth": "Levels of messages inside messages.",
    "max_result_depth": "Levels of lists and objects in a result.",
    "max_params": "Named arguments of a message.",
    "max_args": "Positional arguments of a message.",
    "max_result": "Bytes of a result as JSON.",
    "max_text": "Bytes of one text.",
    "max_changing": "Requests that change something and are answered at once. When there are more,"
    " those beyond a twelfth of it are refused with 429, until so few connections were refused"
    " within a second that each would have a place.",
    "max_waiting": "Changes that may wait for their commit, those of batches among them; more are"
    " refused with 429.",
    "commit_process": "auto commits in a process of its own once the server is busy, so that"
    " requests and commits do not hold each other up; always does so from the first change on,"
    " never does all in one process, as on Windows.",
    "max_connections": "Connections at once; more are refused with 503.",
    "max_watchers": "Event streams and long polls at once; more are refused with 503.",
    "watch_memory": "Bytes of events held for watchers; one that is slower is cut off.",
    "watch_heartbeat": "Seconds between two signs of life on an event stream.",
    "shutdown_grace": "Seconds that open requests get to finish when the server stops.",
    "log_level": "The least important records that are logged.",
    "log_format": "text, json, or auto: text in a terminal and json elsewhere.",
}

PROFILES: dict[str, dict[str, object]] = {
    "milepost": {},
    "vcenter": {
        "spec_validation": "strict",
        "progress_messages": "ignore",
        "operations_closed": True,
    },
}


class BadSettings(Exception):
    """A setting that cannot be used; the text names it, its value and where it was found."""


class Sourced(NamedTuple):
    """The settings and, for each, where its value comes from."""

    settings: Settings
    sources: dict[str, str]


def load(
    *,
    flags: Mapping[str, object],
    environment: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Sourced:
    """Settings from all sources. A flag that is ``None`` was not given.

    Raises ``BadSettings``.
    """
    config = config or named_file(environment)
    layers = [
        *([(str(config), read_file(config))] if config is not None else []),
        ("environment", read_environment(environment)),
        ("flag", {name: value for name, value in flags.items() if value is not None}),
    ]
    values: dict[str, object] = {}
    sources = dict.fromkeys(Settings.__struct_fields__, "default")
    for source, layer in layers:
        for name, value in layer.items():
            check_one(name, value, source)
        values.update(layer)
        sources.update(dict.fromkeys(layer, source))
    profile = str(values.get("profile", "milepost"))
    for name, value in PROFILES[profile].items():
        if name not in values:
            values[name] = value
            sources[name] = f"profile {profile}"
    settings = msgspec.convert(values, Settings, strict=False)
    check_together(settings, sources)
    return Sourced(settings, sources)


def check_together(settings: Settings, sources: Mapping[str, str]) -> None:
    """Raise ``BadSettings`` when settings that are fine alone do not fit together."""
    files = {"tls_cert": settings.tls_cert, "tls_key": settings.tls_key}
    for (name, file), other in zip(files.items(), ("tls_key", "tls_cert"), strict=True):
        if file is not None and settings.tls == "self":
            raise BadSettings(
                f'{sources[name]}: {name} = {file!r}: it cannot be given together with tls = "self"'
            )
        if file is not None and files[other] is None:
            raise BadSettings(f"{sources[name]}: {name} = {file!r}: it needs {other}")


def check_one(name: str, value: object, source: str) -> None:
    """Raise ``BadSettings`` when a value does not fit its setting, or there is no such setting."""
    if name not in Settings.__struct_fields__:
        raise BadSettings(f"{source}: there is no setting {name!r} (its value was {value!r})")
    try:
        msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError as fault:
        reason = str(fault).partition(" - at")[0]
        raise BadSettings(f"{source}: {name} = {value!r}: {reason}") from None


def named_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(PREFIX + "CONFIG")
    return Path(named) if named else None


def read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadSettings(f"{path}: {fault.strerror}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadSettings(f"{path}: {fault}") from fault


def read_environment(environment: Mapping[str, str]) -> dict[str, object]:
    """The settings among the variables; lists and tables are written as TOML there too."""
    found: dict[str, object] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name not in OTHER_VARIABLES:
            is_structured = text.startswith(("{", "["))
            found[name.lower()] = structured(variable, text) if is_structured else text
    return found


def written(value: object) -> str:
    """A value as TOML writes it; a value that is not set has none."""
    return "(not set)" if value is None else msgspec.json.encode(value).decode()


def structured(variable: str, text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as fault:
        raise BadSettings(f"environment: {variable} = {text!r}: {fault}") from None
