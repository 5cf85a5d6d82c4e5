"""The terminal that ``milepost run`` runs in, and the pseudo terminal it gives to the command.

A command whose output goes to a terminal shows colours and moving bars; through a pipe it would
not. So it gets a pseudo terminal with the size and the modes of ours. When its keyboard is ours
too, the command is the master of that terminal: our own is in raw mode, and what is typed, ``^C``
among it, is passed on for the pseudo terminal to understand. Otherwise the pseudo terminal only
takes output and leaves it as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import termios
import tty
from typing import Any

INPUT = 1024
OFLAG, LFLAG, CHARACTERS = 1, 3, 6
OFF = b"\0"


class Terminal:
    """A pseudo terminal. ``keyboard`` says whether it takes what is typed at ours."""

    def __init__(self, ours: int, *, keyboard: bool) -> None:
        self.ours = ours
        self.keyboard = keyboard
        self.master, self.slave = os.openpty()
        self.path = os.ttyname(self.slave)
        modes = termios.tcgetattr(ours)
        if not keyboard:
            modes[OFLAG] &= ~termios.OPOST
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self._modes: list[Any] | None = None
        self.resize()

    @property
    def attached(self) -> bool:
        """Whether what is typed is ours to pass on."""
        return self._modes is not None

    def started(self) -> None:
        """The command has its own way to the terminal now; the end of it must be seen."""
        os.close(self.slave)

    def resize(self) -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetwinsize(self.master, termios.tcgetwinsize(self.ours))

    def attach(self) -> None:
        """Take the keyboard, unless others in the foreground of our terminal have it."""
        if self.keyboard and not self.attached and may_read(self.ours):
            self._modes = termios.tcgetattr(self.ours)
            tty.setraw(self.ours, termios.TCSADRAIN)

    @property
    def gone(self) -> bool:
        """Whether our terminal is there no more; in the background nobody else tells us."""
        return self.keyboard and foreground_fault(self.ours) == errno.EIO

    def detach(self) -> None:
        """Leave our terminal as it was found."""
        if self._modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.ours, termios.TCSADRAIN, self._modes)
            self._modes = None

    def typed(self) -> bytes:
        """What was typed; nothing when our terminal is gone."""
        try:
            return os.read(self.ours, INPUT)
        except OSError:
            return b""

    def type(self, keys: bytes) -> None:
        with contextlib.suppress(OSError):  # the command has closed its terminal
            os.write(self.master, keys)

    def stops(self, typed: bytes, command: int) -> bool:
        """Whether what was typed is to stop the command, as ``^Z`` does.

        Nobody in the terminal of the command could wake it again, so the system ignores it there.
        Where the command has started another one in the foreground, such as a shell does, it is
        theirs.
        """
        modes = termios.tcgetattr(self.master)
        key = modes[CHARACTERS][termios.VSUSP]
        wanted = bool(modes[LFLAG] & termios.ISIG) and key != OFF and key in typed
        return wanted and os.tcgetpgrp(self.master) == command


class Control:
    """Which process group the terminal belongs to, where the command has none of its own.

    The command is in a process group of its own, so that a signal reaches it and its children and
    nobody else. It gets the terminal only once it wants it: another program of a pipeline may be
    using it, and only then is it worth more to the command.
    """

    def __init__(self) -> None:
        self._terminal: int | None = None
        with contextlib.suppress(OSError):
            self._terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        self._lent = False

    def lend(self, command: int) -> bool:
        """Give the terminal to the command, if it is ours."""
        if self._terminal is not None and in_foreground(self._terminal):
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._terminal, command)
                self._lent = True
                return True
        return False

    def take_back(self) -> bool:
        """Whether the terminal was lent; it is not any more."""
        lent, self._lent = self._lent, False
        if lent and self._terminal is not None:
            # It is not ours now, so the system would stop us for asking.
            before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            try:
                os.tcsetpgrp(self._terminal, os.getpgrp())
            except OSError:
                return lent
            finally:
                signal.signal(signal.SIGTTOU, before)
        return lent

    def close(self) -> None:
        self.take_back()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None


def in_foreground(terminal: int) -> bool:
    """Whether a terminal is the one that we are in, and we are in its foreground."""
    return foreground_fault(terminal) == 0


def may_read(terminal: int) -> bool:
    """Whether we may read from a terminal: of one that is not ours, nobody is the foreground."""
    return foreground_fault(terminal) in (0, errno.ENOTTY)


def foreground_fault(terminal: int) -> int:
    """0 in the foreground, else why not: EIO where the terminal is gone, ENOTTY if not ours."""
    try:
        return 0 if os.tcgetpgrp(terminal) == os.getpgrp() else errno.EPERM
    except OSError as fault:
        return fault.errno or errno.EPERM
