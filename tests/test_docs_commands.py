"""What the documentation tells to type is typed here, and what it shows must come.

Each page is followed from top to bottom in a copy of the checkout. A ``sh`` block is run by bash,
a ``python`` block by Python; a ``json`` or ``text`` block right behind it is what it prints, where
``…`` stands for anything. A block that starts a server is started for real, on a free port, and
the blocks after it talk to that server. Nothing of a block is changed but the address.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT, Block, blocks

SHOWN_ADDRESS = "127.0.0.1:8900"
SERVES = re.compile(r"Milepost \S+ serves (https?)://(\S+)")
SERVERS = ("make serve", "milepost serve", 'make serve SERVE_ARGS="--tls self"')
# Run the tests, or need a network; what they would do is looked at with ``make -n``.
ONLY_PLANNED = ("make test", "make check")
DEADLINE = 60
BIN = Path(sys.executable).parent
NEEDED = pytest.mark.needs("bash", "curl", "make")

LEAVE = "printf '\\n\\036%s\\036\\n' \"$?\""


@contextmanager
def checkout(where: Path) -> Iterator[Path]:
    """A copy of what the commands need, with an environment that is installed already."""
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, where / name)
    for name in ("src", "requirements", "scripts"):
        shutil.copytree(ROOT / name, where / name, ignore=shutil.ignore_patterns("__pycache__"))
    for kind in ("run", "dev"):
        installed = where / ".venv" / kind
        installed.mkdir(parents=True)
        (installed / "bin").symlink_to(BIN)
        (installed / ".locked").touch()
        (installed / ".installed").touch()
    yield where


def surroundings(where: Path) -> dict[str, str]:
    """The environment of a reader who has just begun, on a machine without a network."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("MILEPOST_")}
    return ours | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "MILEPOST_BIND": "127.0.0.1:0",
        "MILEPOST_DATA": str(where / "data"),
        "XDG_CONFIG_HOME": str(where / "config"),
        "COLUMNS": "120",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "MAKEFLAGS": "",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round
        "PIP_TARGET": str(where / "installed"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


class Reader:
    """Someone who follows a page. ``address`` is that of the server started last."""

    def __init__(self, where: Path, stack: ExitStack) -> None:
        self.where = where
        self.address = SHOWN_ADDRESS
        self.scheme = "http"
        self._environment = surroundings(where)
        self._stack = stack
        self._shell = stack.enter_context(
            subprocess.Popen(
                ["bash", "-uo", "pipefail"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=where,
                env=self._environment,
                text=True,
            )
        )
        stack.callback(self._leave)

    def _leave(self) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(DEADLINE)

    def do(self, block: Block) -> str:
        """Do what a block says; what it printed."""
        text = block.text.strip()
        if text in SERVERS:
            return self.start(text)
        if text in ONLY_PLANNED:
            done = self.run("make", "-n", *text.split()[1:])
            assert done.strip()
            return done
        text = text.replace(SHOWN_ADDRESS, self.address)
        if block.kind == "python":
            return self.type(f"python - <<'END-OF-BLOCK'\n{text}\nEND-OF-BLOCK")
        return self.type(text)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.where,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        return done.stdout

    def type(self, text: str) -> str:
        """Type into the one shell, so that variables last; every line must succeed."""
        script = f"export MILEPOST_URL={self.scheme}://{self.address}\nset -e\n{text}\n"
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        # The trap tells of a line that failed, as the shell itself is gone then.
        self._shell.stdin.write(f"trap {quoted(LEAVE)} EXIT\n{script}{LEAVE}\n")
        self._shell.stdin.flush()
        printed = ""
        for line in self._shell.stdout:
            ending = re.fullmatch("\036(\\d+)\036\n", line)
            if ending:
                assert ending[1] == "0", f"{text}\nended with {ending[1]}:\n{printed}"
                return printed
            printed += line
        raise AssertionError(f"the shell is gone:\n{text}\n{printed}")

    def start(self, text: str) -> str:
        """Start a server, to be stopped at the end of the page; what it said by then."""
        server = subprocess.Popen(
            ["bash", "-c", text],
            cwd=self.where,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._stack.callback(stop, server)
        printed = ""
        assert server.stdout is not None
        for line in server.stdout:
            printed += line
            if found := SERVES.search(line):
                self.scheme, self.address = found[1], found[2]
                return printed.replace(self.address, SHOWN_ADDRESS)
        raise AssertionError(f"{text} did not serve:\n{printed}")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def stop(server: subprocess.Popen[str]) -> None:
    """Stop a server as Ctrl-C does: everything that was started with it gets the signal."""
    os.killpg(server.pid, signal.SIGINT)
    server.communicate(timeout=DEADLINE)


def fits(shown: Any, came: Any) -> bool:
    """Whether a JSON value is what is shown; the text ``…`` stands for anything.

    As the only name in an object it stands for any one name.
    """
    if shown == "…":
        return True
    if isinstance(shown, dict) and isinstance(came, dict):
        if list(shown) == ["…"]:
            return len(came) == 1 and all(fits(shown["…"], part) for part in came.values())
        return shown.keys() == came.keys() and all(fits(shown[k], came[k]) for k in shown)
    if isinstance(shown, list) and isinstance(came, list):
        return len(shown) == len(came) and all(map(fits, shown, came))
    return type(shown) is type(came) and shown == came


def check(block: Block, printed: str) -> None:
    """What was printed is what the block shows."""
    if block.kind == "json":
        assert fits(json.loads(block.text), json.loads(printed)), f"line {block.line}: {printed}"
        return
    lines = [squeezed(line) for line in printed.strip().splitlines()]
    for line in block.text.strip().splitlines():
        pattern = ".*".join(map(re.escape, squeezed(line).split("…")))
        assert any(re.fullmatch(pattern, came) for came in lines), f"{line!r} not in {lines}"


def squeezed(line: str) -> str:
    """A line without what only puts it into columns, as these may be of another width."""
    return re.sub(r" {2,}", "  ", line.strip())


def follow(page: Path, reader: Reader) -> int:
    """Do a page from top to bottom; how many blocks were done."""
    done, printed = 0, None
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.kind in ("sh", "console", "python"):
            printed = reader.do(block)
            done += 1
        elif printed is not None and block.kind in ("json", "text"):
            check(block, printed)
            printed = None
        else:
            printed = None
    return done


@NEEDED
@pytest.mark.parametrize(
    ("page", "server"),
    [
        ("README.md", None),
        ("docs/quickstart.md", None),
        ("docs/reference/rest.md", SERVERS[0]),
        ("docs/reference/api.md", SERVERS[0]),
        ("docs/reference/v1.md", SERVERS[0]),
        ("docs/reference/events.md", SERVERS[0]),
        ("docs/howto/report-from-python.md", None),
        ("docs/reference/python.md", SERVERS[0]),
        ("docs/howto/watch.md", None),
        ("docs/howto/use-a-token.md", None),
        ("docs/howto/run-a-command.md", None),
        ("docs/howto/use-the-command-line.md", None),
        ("docs/howto/serve-over-tls.md", None),
        ("docs/reference/extensions.md", SERVERS[0]),
        ("docs/howto/write-a-catalogue.md", None),
        ("docs/reference/jsonrpc.md", SERVERS[0]),
        ("docs/howto/use-the-official-client.md", SERVERS[0]),
        ("docs/howto/register-an-extension.md", None),
        ("docs/howto/use-the-console.md", None),
    ],
)
def test_the_page_can_be_followed(page: str, server: str | None, tmp_path: Path) -> None:
    with checkout(tmp_path) as where, ExitStack() as stack:
        reader = Reader(where, stack)
        if server is not None:
            reader.start(server)
        assert follow(ROOT / page, reader) > 1


@NEEDED
def test_pip_installs_the_checkout(tmp_path: Path) -> None:
    """``pip install .`` of the README: the migrations, the texts and the plugin are there."""
    with checkout(tmp_path) as where, ExitStack() as stack:
        Reader(where, stack).type("pip install --quiet .")
        installed = where / "installed" / "milepost"
        assert (installed / "py.typed").is_file()
        assert list((installed / "store" / "sqlite" / "migrations").glob("*.sql"))
        assert list((installed / "l10n" / "texts").glob("*.properties"))
        assert list((installed / "demo" / "catalogues").glob("*.properties"))
        assert (installed / "console" / "pages" / "index.html").is_file()
        [entries] = (where / "installed").glob("milepost-*.dist-info/entry_points.txt")
        assert "[pytest11]\nmilepost = milepost.testing.plugin" in entries.read_text("utf-8")


@NEEDED
def test_a_failing_line_is_told(tmp_path: Path) -> None:
    with checkout(tmp_path) as where, ExitStack() as stack:
        reader = Reader(where, stack)
        assert reader.type("X=1; echo $X") == "1\n\n"
        with pytest.raises(AssertionError, match="ended with 7"):
            reader.type("echo $X\n(exit 7)\necho not here")


@pytest.mark.parametrize(
    ("shown", "came", "same"),
    [
        ({"a": "…"}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"…": {"a": 1}}, {"b": {"a": 1}}, True),
        ({"…": {"a": 1}}, {"b": {"a": 2}}, False),
        ({"…": 1}, {"a": 1, "b": 1}, False),
        ({"…": 1}, {}, False),
        ([1, "…"], [1, 2], True),
        ([1], [1, 2], False),
        (1, True, False),
    ],
)
def test_what_fits(*, shown: Any, came: Any, same: bool) -> None:
    assert fits(shown, came) == same


def test_what_is_shown_must_be_printed() -> None:
    check(Block("text", "Password: …  (told only once)\n", 1), "Password: abc  (told only once)\n")
    with pytest.raises(AssertionError):
        check(Block("text", "two\n", 1), "one\n")
    with pytest.raises(AssertionError):
        check(Block("json", '{"a": 1}', 1), '{"a": 2}')


@NEEDED
@pytest.mark.parametrize("target", ["serve", "demo", "test", "check", "lock", "docs", "clean"])
def test_make_knows_the_target(target: str, tmp_path: Path) -> None:
    with checkout(tmp_path) as where, ExitStack() as stack:
        assert Reader(where, stack).run("make", "-n", target)
