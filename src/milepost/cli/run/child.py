"""The command as a process: started as a shell would, with its signals and its ending."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NOT_FOUND = 127
NOT_EXECUTABLE = 126
SIGNALLED = 128
# What Python ignores and a command must not; see ``subprocess.Popen(restore_signals=…)``.
RESTORED = [signal.SIGPIPE, signal.SIGXFSZ]
SHELL = "/bin/sh"


class Ending(NamedTuple):
    """How the command ended; ``signal`` is the number of the one that ended it."""

    code: int
    signal: int | None = None

    @property
    def signal_name(self) -> str:
        try:
            return signal.Signals(self.signal or 0).name
        except ValueError:
            return f"signal {self.signal}"


class CannotStart(Exception):
    """The command could not be started; ``code`` is the exit code that a shell has for it."""

    def __init__(self, command: str, fault: OSError) -> None:
        missing = fault.errno in (errno.ENOENT, errno.ENOTDIR)
        why = "command not found" if missing and os.sep not in command else fault.strerror
        super().__init__(f"{command}: {why}")
        self.code = NOT_FOUND if missing else NOT_EXECUTABLE


class Streams(NamedTuple):
    """What the command gets as its standard streams; ``None`` is what we have ourselves.

    ``terminal`` is the path of a terminal that is to be its own, in a session of its own.
    """

    stdin: int | None = None
    stdout: int | None = None
    stderr: int | None = None
    terminal: str | None = None


class Child:
    """A command that was started, in a process group of its own. Raises ``CannotStart``."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], streams: Streams
    ) -> None:
        self.command = command
        try:
            try:
                self.pid = spawn(command[0], command, environment, streams)
            except OSError as fault:
                if fault.errno != errno.ENOEXEC:
                    raise
                # A script that does not say what for is one for the shell.
                script = shutil.which(command[0]) or command[0]
                self.pid = spawn(SHELL, [SHELL, script, *command[1:]], environment, streams)
        except OSError as fault:
            raise CannotStart(command[0], fault) from None
        self.stopped_by: int | None = None
        self.ending: Ending | None = None

    def look(self) -> None:
        """See whether it has stopped, goes on, or has ended."""
        while self.ending is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self.stopped_by = os.WSTOPSIG(status)
            elif os.WIFCONTINUED(status):
                self.stopped_by = None
            elif os.WIFSIGNALED(status):
                number = os.WTERMSIG(status)
                self.ending = Ending(SIGNALLED + number, number)
            else:
                self.ending = Ending(os.WEXITSTATUS(status))

    def tell(self, number: int) -> None:
        """Send a signal to the command and to what it has started in its group."""
        if self.ending is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


def spawn(
    program: str, command: Sequence[str], environment: Mapping[str, str], streams: Streams
) -> int:
    """The id of a new process. Raises ``OSError`` when the program cannot be executed.

    Nothing of Python runs in the new process, so it does not matter which threads there are.
    """
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = []
    if streams.terminal is not None:
        # A session without a terminal makes the first that it opens its own.
        actions.append((os.POSIX_SPAWN_OPEN, 0, streams.terminal, os.O_RDWR, 0))
    given = (streams.stdin, streams.stdout, streams.stderr)
    actions += [
        (os.POSIX_SPAWN_DUP2, descriptor, number)
        for number, descriptor in enumerate(given)
        if descriptor is not None
    ]
    if streams.terminal is not None:
        return os.posix_spawnp(
            program, list(command), environment,
            file_actions=actions, setsid=True, setsigdef=RESTORED,
        )  # fmt: skip
    return os.posix_spawnp(
        program, list(command), environment,
        file_actions=actions, setpgroup=0, setsigdef=RESTORED,
    )  # fmt: skip
