"""The plugin as projects use it: options, the marker, and what a wrong word is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import structlog

import milepost.testing.starting  # noqa: F401  pytester forgets what was imported in a run

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

ASK = """
import json, urllib.request

def told(server):
    context = None
    if server.ca_file is not None:
        import ssl
        context = ssl.create_default_context(cafile=server.ca_file)
    request = urllib.request.Request(server.url + "/v1/tasks", headers=server.headers)
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)["tasks"]

def created(server, **more):
    spec = {"operation_id": "com.acme.backup.run", "cancelable": True, **more}
    request = urllib.request.Request(
        server.url + "/v1/tasks", json.dumps(spec).encode(),
        {**server.headers, "content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a project of one file as strictly as there is, with some options."""

    def call(source: str, *options: str, ini: str = "") -> pytest.RunResult:
        pytester.makepyprojecttoml(
            f"[tool.pytest]\nstrict = true\nfilterwarnings = ['error']\n{ini}"
        )
        pytester.makepyfile(
            asking=ASK, test_project=f"import pytest\nfrom asking import *\n{source}"
        )
        return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:schemathesis", *options)

    return call


def test_each_test_has_a_store_of_its_own(run: Run) -> None:
    result = run("""
seen = set()

@pytest.mark.parametrize("number", range(5))
def test_one(milepost_server, number):
    assert told(milepost_server) == []
    assert created(milepost_server) == 201
    assert len(told(milepost_server)) == 1
    assert milepost_server.url not in seen
    seen.add(milepost_server.url)
""")
    result.assert_outcomes(passed=5)


def test_the_closest_word_wins(run: Run) -> None:
    """The ini file, then the command line, then the markers from the module to the test."""
    result = run(
        """
pytestmark = pytest.mark.milepost(settings={"max_text": 400})

def limits(server):
    return [created(server, description="x" * size) for size in (50, 150, 250, 350, 450)]

def test_module(milepost_server):
    assert limits(milepost_server) == [201, 201, 201, 201, 400]

@pytest.mark.milepost(settings={"max_text": 100})
def test_marker(milepost_server):
    assert limits(milepost_server) == [201, 400, 400, 400, 400]

def test_others(milepost_servers):
    assert limits(milepost_servers()) == [201, 201, 201, 400, 400]
    with milepost_servers(settings={"max_text": 200}) as server:
        assert limits(server) == [201, 201, 400, 400, 400]
""",
        "--milepost-set=max_text=300",
        ini="milepost_settings = ['max_text = 500']",
    )
    result.assert_outcomes(passed=3)


def test_a_profile_from_each_place(run: Run) -> None:
    source = """
@pytest.mark.milepost(profile={profile!r})
def test_one(milepost_server):
    # The profile vcenter takes registered operations only.
    assert created(milepost_server) == {status}
"""
    vcenter = "milepost_profile = 'vcenter'"
    strict = source.format(profile=None, status=400)
    loose = source.format(profile=None, status=201)
    run(loose).assert_outcomes(passed=1)
    run(strict, ini=vcenter).assert_outcomes(passed=1)
    run(strict, "--milepost-profile=vcenter").assert_outcomes(passed=1)
    run(loose, "--milepost-profile=milepost", ini=vcenter).assert_outcomes(passed=1)
    run(source.format(profile="vcenter", status=400)).assert_outcomes(passed=1)
    run(source.format(profile="milepost", status=201), ini=vcenter).assert_outcomes(passed=1)


def test_registered_operations(run: Run) -> None:
    result = run("""
@pytest.mark.milepost(
    profile="vcenter",
    settings={"registered_operations": {"com.milepost.local": ["com.acme.backup.run"]}},
)
@pytest.mark.parametrize("mode", ["process", "subprocess"])
def test_one(milepost_servers, milepost_server, mode):
    assert created(milepost_server) == 201
    with milepost_servers(mode=mode, profile="vcenter", settings={
        "registered_operations": {"com.milepost.local": ["com.acme.backup.run"]}}) as server:
        assert created(server) == 201
""")
    result.assert_outcomes(passed=2)


def test_mode_and_tls(run: Run) -> None:
    source = """
def test_one(milepost_server):
    assert milepost_server.mode == "subprocess"
    assert milepost_server.url.startswith("https:")
    assert told(milepost_server) == []

@pytest.mark.milepost(mode="process", tls=False)
def test_two(milepost_server):
    assert milepost_server.mode == "process"
    assert milepost_server.url.startswith("http:")
"""
    ini = "milepost_mode = 'subprocess'\nmilepost_tls = true"
    run(source, ini=ini).assert_outcomes(passed=2)
    run(source, "--milepost-mode=subprocess", ini="milepost_tls = true").assert_outcomes(passed=2)


def test_the_environment_counts_for_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_PROFILE", "vcenter")
    monkeypatch.setenv("MILEPOST_NONSENSE", "1")
    result = run("""
@pytest.mark.parametrize("mode", ["process", "subprocess"])
def test_one(milepost_servers, mode):
    with milepost_servers(mode=mode) as server:
        assert created(server) == 201
""")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("settings={'max_txt': 1}", "the marker milepost: there is no setting 'max_txt'"),
        ("settings={'max_text': 'many'}", "the marker milepost: max_text = 'many': Expected"),
        ("settings={'data': '/x'}", "setting 'data' is not for tests: each server has a directory"),
        ("settings={'profile': 'vcenter'}", "setting 'profile' is not for tests: say it with"),
        ("settings=['max_text']", "the marker milepost: settings = .*: it is a dict of settings"),
        ("profile='vsphere'", "the marker milepost: profile = 'vsphere': Invalid enum value"),
        ("mode='thread'", "the marker milepost: mode = 'thread': it is process or subprocess"),
        ("tls='self'", "the marker milepost: tls = 'self': it is True or False"),
        ("profil='vcenter'", "'profil' is not known here, only profile, mode, tls, settings"),
        ("'vcenter'", "the marker milepost takes keywords"),
    ],
)
def test_a_wrong_marker_is_told(run: Run, marker: str, says: str) -> None:
    result = run(f"""
@pytest.mark.milepost({marker})
def test_one(milepost_server):
    pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([f".*test_project.py::test_one.*{says}.*"])


@pytest.mark.parametrize(
    ("option", "ini", "says"),
    [
        ("--milepost-set=max_txt=1", "", "command line: there is no setting 'max_txt'"),
        ("--milepost-set=max_text", "", "command line: 'max_text': NAME = VALUE is expected"),
        ("--milepost-mode=thread", "", "command line: mode = 'thread': it is process or"),
        (
            "--milepost-set=registered_operations={",
            "",
            r"command line: 'registered_operations=\{': ",
        ),
        ("-q", "milepost_profile = 'vsphere'", "ini file: profile = 'vsphere': Invalid enum"),
        ("-q", "milepost_settings = ['bind = x']", "ini file: the setting 'bind' is not for tests"),
    ],
)
def test_a_wrong_option_ends_the_run(run: Run, option: str, ini: str, says: str) -> None:
    result = run("def test_one(): pass", option, ini=ini)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([f"ERROR: milepost: {says}.*"])


def test_a_server_that_does_not_start_is_told(run: Run) -> None:
    result = run("""
from milepost.testing import process
from milepost.testing.hosts import CannotStart

def test_one(milepost_servers, monkeypatch):
    monkeypatch.setattr(process, "COMMAND", (*process.COMMAND, "--nonsense"))
    with pytest.raises(CannotStart, match="exit code 2: (?s:.*)--nonsense"):
        milepost_servers(mode="subprocess")

def test_two(milepost_servers, monkeypatch):
    from milepost.server import CannotServe
    from milepost.testing import inprocess

    def listening(settings):
        raise CannotServe("no room")

    monkeypatch.setattr(inprocess, "listening", listening)
    with pytest.raises(CannotStart, match="no room"):
        milepost_servers()
""")
    result.assert_outcomes(passed=2)


def test_a_failed_test_shows_its_requests(run: Run) -> None:
    result = run("""
def test_one(milepost_server):
    created(milepost_server)
    milepost_server.assert_no_open_tasks()

def test_two(milepost_server):
    pass

def test_three():
    assert False
""")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError: 1 tasks have not ended:",
            "E*Task *: com.acme.backup.run of com.milepost.local, PENDING",
            "E*revision 1  created by administrator: status PENDING",
            "*- Milepost -*",
            "The last requests:",
            "  POST /v1/tasks -> 201",
        ],
        consecutive=False,
    )
    # What the test itself says is shown, not where Milepost found it.
    assert "def assert_no_open_tasks" not in result.stdout.str()


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """A structlog that nobody has set up yet; other tests of this process may have."""
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    if before is not None:
        structlog.configure(**before)


@pytest.mark.usefixtures("unconfigured")
def test_the_log_comes_to_logging(run: Run) -> None:
    result = run("""
import structlog

def test_one(milepost_server, caplog, capfd):
    structlog.stdlib.get_logger("milepost.x").warning("look here", where="there")
    assert [record.getMessage() for record in caplog.records] == ["look here"]
    assert capfd.readouterr() == ("", "")
""")
    result.assert_outcomes(passed=1)


def test_the_options_are_described(pytester: pytest.Pytester) -> None:
    told = pytester.runpytest_inprocess("--help").stdout.str()
    for name in ("--milepost-profile", "--milepost-mode", "--milepost-set", "milepost_settings"):
        assert name in told
    markers = pytester.runpytest_inprocess("--markers").stdout.str()
    assert "@pytest.mark.milepost(profile=None, mode=None, tls=None, settings=None)" in markers
