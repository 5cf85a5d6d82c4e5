"""``milepost run`` without a terminal changes nothing about the command."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.run.commands import finished, python, run, started
from tests.serving import COMMAND, DEADLINE, eventually


@pytest.mark.parametrize("code", [0, 1, 2, 3, 125, 126, 127, 128, 255])
def test_the_exit_code_is_the_commands(code: int) -> None:
    assert run("sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV", "PIPE", "INT", "USR1"])
def test_a_signal_is_told_as_a_shell_does(name: str) -> None:
    number = getattr(signal, f"SIG{name}")
    assert run("sh", "-c", f"kill -{name} $$").code == 128 + number


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("no-such-command", 127, b"no-such-command: command not found"),
        ("./missing", 127, b"./missing: No such file or directory"),
        ("./file/below", 127, b"./file/below: Not a directory"),
        ("./file", 126, b"./file: Permission denied"),
        ("./", 126, b"./: "),
    ],
)
def test_a_command_that_cannot_start(
    what: str, code: int, says: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    done = run(what)
    assert (done.code, done.out) == (code, b"")
    assert says in done.err


def test_a_script_without_a_first_line_is_run_by_the_shell(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text('echo "script $1"; exit 4')
    script.chmod(0o755)
    done = run(str(script), "given")
    assert (done.code, done.out) == (4, b"script given\n")


def test_a_script_is_found_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "milepost-test-script"
    script.write_text("echo found")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert run(script.name).out == b"found\n"


RUBBISH = bytes(range(256)) * 5 + b"\xff\xfe\r\r\n\b\x1b[31m 42%\r\n" + b"x" * 30_000


def test_output_goes_through_byte_for_byte_and_apart() -> None:
    text = (
        "import os, sys; data = sys.stdin.buffer.read(); os.write(2, data[::-1]); os.write(1, data)"
    )
    done = run(*python(text), typed=RUBBISH)
    assert (done.code, done.out) == (0, RUBBISH)
    assert done.err.endswith(RUBBISH[::-1])


def test_nothing_is_said_without_output() -> None:
    done = run("true")
    assert (done.code, done.out) == (0, b"")


def test_input_goes_through() -> None:
    done = run("cat", typed=RUBBISH)
    assert (done.code, done.out) == (0, RUBBISH)


def test_output_comes_at_once() -> None:
    """No line has to end for it, and the command waits for no reader of ours."""
    with started(
        *python("import os; os.write(1, b'?'); print(os.read(0, 9))"), stdin=-1
    ) as process:
        assert process.stdin
        assert process.stdout
        assert os.read(process.stdout.fileno(), 9) == b"?"
        assert finished(process, b"yes").out == b"b'yes'\n"


def test_much_output_goes_through() -> None:
    text = "import os\nfor n in range(400): os.write(1, bytes([n % 251]) * 250_000)"
    process = started(*python(text), stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    found, size = hashlib.sha256(), 0
    with process:
        while chunk := process.stdout.read(1_000_000):
            found.update(chunk)
            size += len(chunk)
    expected = hashlib.sha256(b"".join(bytes([n % 251]) * 250_000 for n in range(400)))
    assert (size, found.digest()) == (100_000_000, expected.digest())


def test_memory_does_not_grow_with_the_output() -> None:
    """300 MB without a line's end; the most memory that the run ever had is told by the system."""
    text = f"""
import os, resource, subprocess, sys
command = ["head", "-c", "300000000", "/dev/zero"]
subprocess.run([{str(COMMAND)!r}, "run", "--", *command], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, check=True, timeout=DEADLINE
    )
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 150_000_000


def test_a_reader_that_is_gone_ends_the_command() -> None:
    """As without us: the command is told by SIGPIPE."""
    with started("yes") as process:
        assert process.stdout
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(DEADLINE) == 128 + signal.SIGPIPE


def test_a_reader_that_does_not_wait_gets_all() -> None:
    """Whoever starts us may leave us a pipe that does not block."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with started("head", "-c", "1000000", "/dev/zero", stdout=theirs) as process:
        os.close(theirs)
        size = 0
        while chunk := os.read(ours, 10_000):
            size += len(chunk)
        os.close(ours)
        assert (process.wait(DEADLINE), size) == (0, 1_000_000)


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"])
def test_signals_are_passed_on_once(name: str) -> None:
    text = f"""
import os, signal, time
heard = []
signal.signal(signal.SIG{name}, lambda *_: heard.append(os.write(1, b"!")))
os.write(1, b"?")
while not heard:
    time.sleep(0.01)
time.sleep(0.2)
os._exit(7)
"""
    with started(*python(text)) as process:
        assert process.stdout
        assert process.stdout.read(1) == b"?"
        process.send_signal(getattr(signal, f"SIG{name}"))
        assert process.stdout.read() == b"!"
        assert process.wait(DEADLINE) == 7


def test_a_signal_reaches_what_the_command_has_started() -> None:
    with started("sh", "-c", "sleep 60 & echo $!; wait") as process:
        assert process.stdout
        sleeper = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
        for _ in eventually("the sleeper is gone"):
            if is_gone(sleeper):
                return


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_signal_that_is_ignored_stays_so() -> None:
    """``nohup milepost run …`` is what it says."""
    text = "trap '' HUP; exec \"$@\""
    inner = python("import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)")
    done = subprocess.run(
        ["sh", "-c", text, "sh", COMMAND, "run", "--", *inner], capture_output=True, check=False
    )
    assert done.stdout == b"True\n"


def test_the_command_has_the_signals_of_a_new_process() -> None:
    """Python ignores SIGPIPE; what it starts must not."""
    inner = ("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    plain, ours = subprocess.run(inner, capture_output=True, check=True).stdout, run(*inner).out
    assert list(map(masks, ours.splitlines())) == list(map(masks, plain.splitlines()))


def masks(line: bytes) -> tuple[bytes, int]:
    """The signals in a line, without the two that the C library keeps for itself."""
    name, mask = line.split()
    return name, int(mask, 16) & ~(0b11 << 31)


def test_what_runs_on_in_the_background_is_not_waited_for() -> None:
    begun = time.monotonic()
    done = run("sh", "-c", "sleep 25 & echo done")
    assert (done.code, done.out) == (0, b"done\n")
    assert time.monotonic() - begun < 20


def test_what_floods_on_in_the_background_is_not_waited_for() -> None:
    with started("sh", "-c", "yes & exec sleep 0.1") as process:
        assert process.stdout
        while process.stdout.read(1_000_000):
            pass
        assert process.wait(DEADLINE) == 0


def test_open_files_are_passed_on() -> None:
    """Such as those of a job server of make."""
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [COMMAND, "run", "--", *python(f"import os; os.write({theirs}, b'passed')")],
        pass_fds=[theirs],
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    assert os.read(ours, 100) == b"passed"
    os.close(ours)
    assert process.wait(DEADLINE) == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    inner = f"'{COMMAND}' run -- sh -c 'echo x >{file}; exit 5' {closed}"
    done = subprocess.run(["sh", "-c", inner], capture_output=True, check=False)
    assert (done.returncode, file.read_text()) == (5, "x\n")


def test_flags_behind_the_command_are_its_own() -> None:
    assert run("echo", "--lease", "x", "--", "-h").out == b"--lease x -- -h\n"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--lease", "0"), b"--lease"),
        (("--total", "3"), b"--total goes with --progress-pattern"),
        (("--progress-pattern", "("), b"no regular expression"),
        (("--progress-pattern", "x"), b"needs --total"),
        (("--message-lines", "21"), b"--message-lines"),
    ],
)
def test_wrong_use_runs_nothing(flags: tuple[str, ...], says: bytes) -> None:
    done = run("echo", "ran", flags=flags)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err
