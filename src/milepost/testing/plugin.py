"""The pytest plugin: the fixtures ``milepost_server`` and ``milepost_servers``.

pytest loads it wherever Milepost is installed, so it imports the server only once a test asks for
one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from milepost.testing.choices import Choice, Layer
    from milepost.testing.server import MilepostServer

MARKER = (
    "milepost(profile=None, mode=None, tls=None, settings=None):"
    " how the server of the fixture milepost_server is to be"
)
FIXTURE = "milepost_server"


class Servers(Protocol):
    """What ``milepost_servers`` gives."""

    def __call__(
        self,
        *,
        profile: str | None = None,
        mode: str | None = None,
        tls: bool | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> MilepostServer:
        """Start a server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, on the command line and in the ini file."""
    group = parser.getgroup("milepost", "servers of the fixtures milepost_server")
    group.addoption("--milepost-profile", metavar="NAME", help="milepost or vcenter")
    group.addoption("--milepost-mode", metavar="MODE", help="process or subprocess")
    group.addoption(
        "--milepost-set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a setting of the server; may be repeated",
    )
    parser.addini("milepost_profile", "profile of the server: milepost or vcenter")
    parser.addini("milepost_mode", "where the server runs: process or subprocess")
    parser.addini("milepost_tls", "whether the server speaks TLS", type="bool")
    parser.addini("milepost_settings", "settings of the server, NAME = VALUE", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse options that no server can have."""
    config.addinivalue_line("markers", MARKER)
    if any(words for _, words in given(config)):
        choice_of(given_layers(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a test that failed, show what its server was asked."""
    report = yield
    server = getattr(item, "funcargs", {}).get(FIXTURE)
    if server is not None and call.when == "call" and report.failed:
        report.sections.append(("Milepost", server.told()))
    return report


@pytest.fixture(scope="session")
def milepost_servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """Starts servers, each with its own store; they are closed at the end of the run.

    Its keywords win over what the ini file and the command line say. Each server is a context
    manager, to be closed earlier.
    """
    with contextlib.ExitStack() as stack:

        def start(**words: Any) -> MilepostServer:
            layers = [*given_layers(pytestconfig), layer("milepost_servers", words)]
            return stack.enter_context(started(layers))

        yield start


@pytest.fixture
def milepost_server(request: pytest.FixtureRequest) -> Iterator[MilepostServer]:
    """A running server with an empty store, for this test alone.

    The marker ``milepost`` says how it is to be.
    """
    layers = given_layers(request.config)
    for mark in reversed(list(request.node.iter_markers("milepost"))):
        if mark.args:
            raise pytest.UsageError(f"{request.node.nodeid}: the marker milepost takes keywords")
        layers.append(layer(f"{request.node.nodeid}: the marker milepost", mark.kwargs))
    with started(layers) as server:
        yield server


def given(config: pytest.Config) -> list[tuple[str, dict[str, Any]]]:
    """What the ini file and the command line say, with where they say it."""
    ini, command = config.getini, config.getoption
    return [
        (
            "ini file",
            said(
                profile=ini("milepost_profile"),
                mode=ini("milepost_mode"),
                tls=ini("milepost_tls"),
                settings=ini("milepost_settings"),
            ),
        ),
        (
            "command line",
            said(
                profile=command("--milepost-profile"),
                mode=command("--milepost-mode"),
                settings=command("--milepost-set"),
            ),
        ),
    ]


def said(**words: Any) -> dict[str, Any]:
    """The words that say something."""
    return {name: value for name, value in words.items() if value}


def given_layers(config: pytest.Config) -> list[Layer]:
    """The same, with the settings taken apart. Raises ``UsageError``."""
    from milepost.testing import choices  # late: nothing is imported before a test needs it

    layers = []
    for source, words in given(config):
        lines = words.pop("settings", ())
        with usage_errors():
            words["settings"] = choices.settings_of_lines(source, lines)
        layers.append(layer(source, words))
    return layers


def layer(source: str, words: Mapping[str, Any]) -> Layer:
    from milepost.testing.choices import Layer  # late: nothing is imported before a test needs it

    return Layer(source, words)


def choice_of(layers: list[Layer]) -> Choice:
    """How the server is to be that the layers describe. Raises ``UsageError``."""
    from milepost.testing.choices import chosen  # late: nothing is imported before a test needs it

    with usage_errors():
        return chosen(layers)


def started(layers: list[Layer]) -> MilepostServer:
    """A server as the layers say. Raises ``UsageError``."""
    from milepost.testing import starting  # late: nothing is imported before a test needs it

    return starting.started(choice_of(layers))


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Tell what cannot be chosen as pytest tells a wrong use."""
    from milepost.testing.choices import BadChoice  # late: nothing is imported before it is needed

    try:
        yield
    except BadChoice as fault:
        raise pytest.UsageError(f"milepost: {fault}") from None
