"""``milepost run`` in a terminal: the command has one too, with its keys, size and stops."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run.commands import COLUMNS, ROWS, Screen, python, screen
from tests.serving import COMMAND, eventually

RUN = (str(COMMAND), "run", "--")
TERMINALS = python("import os; print(*(os.isatty(fd) for fd in (0, 1, 2)))")


def shell(text: str) -> tuple[str, ...]:
    return ("bash", "--norc", "-c", text)


def quoted(*words: str) -> str:
    return shlex.join((*RUN, *words))


def test_the_command_has_a_terminal() -> None:
    with screen(*RUN, *python("import os; print(os.get_terminal_size(), os.ttyname(0))")) as seen:
        assert seen.end() == 0
        assert b"columns=%d, lines=%d" % (COLUMNS, ROWS) in seen.seen
        assert os.ttyname(seen.slave).encode() not in seen.seen


@pytest.mark.parametrize(
    ("where", "terminals"),
    [
        ("", "True True True"),
        ("2>/dev/null", "True True False"),
        ("</dev/null", "False True True"),
        ("</dev/null 2>/dev/null", "False True False"),
        (">out", "True False False"),
        ("</dev/null >out", "False False False"),
    ],
)
def test_each_stream_is_a_terminal_or_none(where: str, terminals: str, tmp_path: Path) -> None:
    """As without us, but for standard error where standard output is no terminal."""
    with screen(*shell(f"cd {tmp_path}; {quoted(*TERMINALS)} {where}")) as seen:
        assert seen.end() == 0
        out = tmp_path / "out"
        shown = out.read_bytes() if out.exists() else seen.seen
        assert terminals.encode() in shown


def test_output_is_not_changed_twice(tmp_path: Path) -> None:
    for where in ("", "</dev/null"):
        with screen(
            *shell(quoted("printf", "a\\nb\\tc\\n") + f" 2>{tmp_path}/err {where}")
        ) as seen:
            assert seen.end() == 0
            assert seen.seen == b"a\r\nb\tc\r\n"


def test_what_is_typed_reaches_the_command() -> None:
    with screen(*RUN, "sh", "-c", "echo ready; read line; echo got $line; exit 3") as seen:
        seen.wait_for(b"ready")
        seen.type(b"some words\r")
        assert seen.end() == 3
        assert b"some words\r\ngot some words\r\n" in seen.seen


def test_the_terminal_is_left_as_it_was() -> None:
    with screen(
        *shell(quoted("sh", "-c", "echo ready; stty raw -echo; read x") + "; read y")
    ) as seen:
        before = seen.modes()
        seen.wait_for(b"ready")
        assert seen.modes() != before
        seen.type(b"x\n")
        for _ in eventually("the terminal is as before"):
            seen.read()
            if seen.modes() == before:
                break
        seen.type(b"\n")
        assert seen.end() == 0


def test_the_end_of_input_reaches_the_command() -> None:
    with screen(*RUN, "sh", "-c", "echo ready; cat; echo over") as seen:
        seen.wait_for(b"ready")
        seen.type(b"\x04")
        assert seen.end() == 0
        assert b"over" in seen.seen


@pytest.mark.parametrize("where", ["", "</dev/null", "| cat"])
@pytest.mark.parametrize(("key", "name"), [(b"\x03", "INT"), (b"\x1c", "QUIT")])
def test_keys_that_are_signals(key: bytes, name: str, where: str) -> None:
    text = f"trap 'echo heard; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
    with screen(
        *shell(f"set -o pipefail; trap : {name}; {quoted('sh', '-c', text)} {where}; exit $?")
    ) as seen:
        seen.wait_for(b"ready\r\n")
        seen.type(key)
        assert seen.end() in (
            {9} if where != "| cat" else {9, 128 + signal.SIGINT, 128 + signal.SIGQUIT}
        )
        if where != "| cat":
            assert seen.seen.count(b"heard") == 1


def test_a_change_of_the_size_reaches_the_command() -> None:
    text = (
        "import os, signal, time\n"
        "heard = []\n"
        "signal.signal(signal.SIGWINCH, lambda *_: heard.append(1))\n"
        "print('ready', flush=True)\n"
        "while not heard: time.sleep(0.01)\n"
        "print('size', *os.get_terminal_size(1))\n"
    )
    for where in ("", "</dev/null"):
        with screen(*shell(f"{quoted(*python(text))} {where}")) as seen:
            seen.wait_for(b"ready")
            seen.resize(20, 55)
            seen.wait_for(b"size 55 20")
            assert seen.end() == 0


@pytest.fixture
def interactive() -> Iterator[Screen]:
    """A shell with job control."""
    with screen("bash", "--norc", "--noprofile", "-i") as seen:
        seen.wait_for(b"ready> ")
        yield seen


# One process: a shell that is just starting another one cannot be stopped before that has begun.
COUNTING = python(
    "import itertools, time\n"
    "for n in itertools.count(1):\n"
    "    print('tick', n, flush=True)\n"
    "    time.sleep(0.1)\n"
)


def ticks(seen: Screen) -> int:
    """How often the command has ticked once all is read."""
    while len(seen.seen) != len(seen.read(0.5)):
        pass
    return seen.seen.count(b"tick")


@pytest.mark.parametrize("where", ["", "</dev/null", "| cat"])
def test_the_command_is_stopped_and_goes_on(interactive: Screen, where: str) -> None:
    seen = interactive
    seen.type(f"{quoted(*COUNTING)} {where}\r".encode())
    seen.wait_for(b"tick 3\r")
    seen.type(b"\x1a")
    seen.wait_for(b"Stopped")
    before = ticks(seen)
    assert ticks(seen) == before
    seen.type(b"fg\r")
    seen.wait_for(b"tick %d\r" % (before + 2))
    seen.type(b"\x03")
    seen.wait_for(b"ready> ", 3)
    seen.type(b"exit 4\r")
    assert seen.end() == 4


def test_a_command_in_the_background_gets_the_keyboard_in_the_foreground(
    interactive: Screen,
) -> None:
    seen = interactive
    seen.type((quoted("sh", "-c", "read x; echo got $x") + " &\r").encode())
    seen.wait_for(b"ready> ", 2)
    seen.type(b"echo typed\r")
    seen.wait_for(b"\ntyped\r\n")
    seen.type(b"fg\r")
    seen.type(b"words\r")
    seen.wait_for(b"got words\r\n")
    seen.type(b"exit 4\r")
    assert seen.end() == 4


def test_a_command_that_asks_at_the_terminal_gets_it(interactive: Screen, tmp_path: Path) -> None:
    """Its output goes to a file, its question and the answer do not."""
    seen = interactive
    text = "printf 'Que%s' stion: >/dev/tty; read x </dev/tty; echo got $x"
    seen.type(f"{quoted('sh', '-c', text)} >{tmp_path}/out\r".encode())
    seen.wait_for(b"Question:")
    seen.type(b"an answer\r")
    seen.wait_for(b"ready> ", 2)
    assert (tmp_path / "out").read_bytes() == b"got an answer\n"
    # The terminal is the shell's again.
    seen.type(b"exit 4\r")
    assert seen.end() == 4


def test_a_shell_in_the_run_has_its_own_jobs(interactive: Screen) -> None:
    seen = interactive
    # Spelled so that what is typed is not taken for the prompt.
    inner = "PS1='in''ner> ' bash --norc --noprofile -i"
    seen.type(f"{quoted('env')} {inner}\r".encode())
    seen.wait_for(b"inner> ")
    seen.type(b"sh -c 'echo sleeping; exec sleep 60'\r")
    seen.wait_for(b"\nsleeping\r\n")
    seen.type(b"\x1a")
    seen.wait_for(b"Stopped")
    seen.wait_for(b"inner> ", 2)
    # A shell with stopped jobs wants to be told twice.
    seen.type(b"exit 6\r")
    seen.wait_for(b"There are stopped jobs")
    seen.type(b"exit 6\r")
    seen.wait_for(b"ready> ", 2)
    seen.type(b"exit $?\r")
    assert seen.end() == 6


def test_a_terminal_that_is_gone_ends_the_command() -> None:
    with screen(*shell(quoted("sh", "-c", "echo ready $$; sleep 60"))) as seen:
        seen.wait_for(b"ready ")
        pid = int(seen.read().rpartition(b"ready ")[2].split()[0])
        seen.tell(signal.SIGHUP)
        for _ in eventually("the command is gone"):
            if not Path(f"/proc/{pid}").exists():
                break


def test_a_command_in_the_background_hears_that_the_terminal_is_gone() -> None:
    with screen("bash", "--norc", "--noprofile", "-i") as seen:
        seen.wait_for(b"ready> ")
        seen.type((quoted("sh", "-c", "echo pid=$$; read x") + " &\r").encode())
        seen.wait_for(b"\npid=")
        pid = int(seen.read().rpartition(b"pid=")[2].split()[0])
    for _ in eventually("the command is gone"):
        if not Path(f"/proc/{pid}").exists():
            break


@pytest.mark.needs("tmux")
def test_in_tmux(tmp_path: Path) -> None:
    """A terminal as people have it; its window shows what the command has shown."""
    socket, code = tmp_path / "socket", tmp_path / "code"
    inner = quoted("sh", "-c", "printf '\\r 42%%'; read line; echo got $line; exit 3")
    tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
    subprocess.run(
        [*tmux, "new-session", "-d", "-x", "80", "-y", "24", f"{inner}; echo $? >{code}; sleep 60"],
        check=True,
        env={**os.environ, "TERM": "screen"},
    )
    try:
        for _ in eventually("the command asks"):
            shown = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, check=True)
            if b" 42%" in shown.stdout:
                break
        subprocess.run([*tmux, "send-keys", "typed", "Enter"], check=True)
        for _ in eventually("the command has ended"):
            if code.exists() and code.read_text():
                break
        shown = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, check=True)
        assert b"got typed" in shown.stdout
        assert code.read_text() == "3\n"
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)
