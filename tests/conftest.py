"""What every test shares: the profiles of hypothesis, and what a skipped test means."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.serving import PEOPLE, Caller, Server, add_people, add_tasks, serving
from tests.spelling import DOORS, Door

CI = os.environ.get("CI") == "true"

# A busy machine makes examples slowly, which is nobody's fault.
UNTIMED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("ci", derandomize=True, **UNTIMED)
hypothesis.settings.register_profile("dev", **UNTIMED)
hypothesis.settings.load_profile("ci" if CI else "dev")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``needs("program")`` where the program is not installed."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")


def unproven(config: pytest.Config) -> int:
    """How many tests proved nothing in this run: skipped, or expected to fail."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = {} if reporter is None else reporter.stats
    return len(stats.get("skipped", ())) + len(stats.get("xfailed", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under ``CI=true`` a run in which a test proved nothing has failed."""
    if CI and exitstatus == pytest.ExitCode.OK and unproven(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say that the skips failed the run; pytest itself lists them with their reasons."""
    if CI and (count := unproven(config)):
        text = f"CI=true: {count} skipped or expected to fail, so this run has failed"
        terminalreporter.write_sep("=", text, red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def usual_signals() -> Iterator[None]:
    """Signals as a terminal leaves them.

    Whoever starts the tests in the background of a shell has SIGINT and SIGQUIT ignored, and so
    has everything that a test starts.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)}
    ignored = [number for number, handler in before.items() if handler is signal.SIG_IGN]
    for number in ignored:
        usual = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
        signal.signal(number, usual)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with the default settings and a user of each role, shared by all tests."""
    data = tmp_path_factory.mktemp("server") / "data"
    add_people(data, PEOPLE)
    add_tasks(data, "com.bulk.load", 1000)
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with ``spec_validation = "strict"``, shared by all tests."""
    with serving(tmp_path_factory.mktemp("strict") / "data", spec_validation="strict") as running:
        yield running


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with TLS and a certificate of its own, shared by all tests."""
    with serving(tmp_path_factory.mktemp("tls") / "data", tls="self") as running:
        yield running


@pytest.fixture
def admin(server: Server) -> Iterator[Caller]:
    """The administrator of the shared server, at the door ``/rest``."""
    with server.caller() as caller:
        yield caller


@pytest.fixture(params=list(DOORS.values()), ids=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    """Each of the REST doors."""
    found: Door = request.param
    return found


@pytest.fixture
def at_door(server: Server, door: Door) -> Iterator[Caller]:
    """The administrator of the shared server, at each of the REST doors."""
    with server.caller(door=door) as caller:
        yield caller
