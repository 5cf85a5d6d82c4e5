"""Runs a command as if we were not there, and looks on.

The main thread waits for everything at once: signals, the end of the command, its output, what is
typed, and a request to cancel. Pumps pass the output on in threads of their own, so that a reader
who is slow holds back nothing but the output, as without us.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Protocol

from milepost.cli.run.child import Child, Ending, Streams
from milepost.cli.run.output import Output, Seen
from milepost.cli.run.taps import Pump
from milepost.cli.run.terminal import Control, Terminal

# What is sent to us and meant for the command.
PASSED_ON = [
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
    *(signal.SIGUSR1, signal.SIGUSR2),
]
ALL = [*PASSED_ON, signal.SIGCHLD, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT]
HEARING = 0.5
"""How often the observer is asked whether the command is to end, in seconds."""
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}


class Observer(Protocol):
    """Who wants to know how far the command is."""

    def saw(self, seen: Seen) -> None:
        """Be told what was seen."""

    def cancel_requested(self) -> bool:
        """Whether the command is to end."""


class Run:
    """One run of a command. To be used in the main thread, but for ``wake``.

    ``grace`` is how many seconds a command that is to end has from SIGTERM to SIGKILL, and
    ``message_lines`` how many of the last lines the observer is told.
    """

    def __init__(self, observer: Observer, *, grace: float, message_lines: int) -> None:
        self._observer = observer
        self._grace = grace
        self._message_lines = message_lines
        self._waiting, self._waker = os.pipe()
        for end in (self._waiting, self._waker):
            os.set_blocking(end, False)
        self._cancelling = False
        self._kill_at: float | None = None
        self._unseen = False
        self._stopping = False
        self._given_up = False
        self._hung_up = False

    @property
    def cancelled(self) -> bool:
        """Whether the command was told to end by a request to cancel."""
        return self._cancelling

    def wake(self) -> None:
        """Look around in the main thread; may be called in any."""
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: it is all over
            os.write(self._waker, b"\0")

    def __call__(
        self, command: Sequence[str], environment: Mapping[str, str], output: Output
    ) -> Ending:
        """Run the command to its end. Raises ``CannotStart``."""
        self._output = output
        with contextlib.ExitStack() as stack:
            self._listen(stack)
            self._control = Control()
            stack.callback(self._control.close)
            self._terminal = self._pseudo_terminal()
            self._ended, self._ending = os.pipe()
            if self._terminal is not None:
                # Before anything is shown: what the command's terminal has made of a line's end
                # is not for ours to make again.
                stack.callback(self._terminal.detach)
                self._terminal.attach()
            self._start(command, environment)
            return self._look_on()

    # Beginning.

    def _listen(self, stack: contextlib.ExitStack) -> None:
        """Be woken by signals, but for those that whoever started us wants to be ignored."""
        for number in ALL:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before = signal.signal(number, nothing)
                stack.callback(signal.signal, number, before)
        waker = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        stack.callback(signal.set_wakeup_fd, waker)

    @staticmethod
    def _pseudo_terminal() -> Terminal | None:
        if not os.isatty(1):
            return None
        return Terminal(0, keyboard=True) if os.isatty(0) else Terminal(1, keyboard=False)

    def _start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        terminal = self._terminal
        pipes: dict[int, tuple[int, int]] = {}
        for number in (1, 2):
            if terminal is None or not os.isatty(number):
                pipes[number] = os.pipe()
        theirs = {number: pipe[1] for number, pipe in pipes.items()}
        if terminal is None:
            streams = Streams(stdout=theirs[1], stderr=theirs[2])
        elif terminal.keyboard:
            streams = Streams(stdout=0, stderr=theirs.get(2, 0), terminal=terminal.path)
        else:
            streams = Streams(stdout=terminal.slave, stderr=theirs.get(2, terminal.slave))
        try:
            self._child = Child(command, environment, streams)
        finally:
            for end in theirs.values():
                os.close(end)
            if terminal is not None:
                terminal.started()
        sources = {number: pipe[0] for number, pipe in pipes.items()}
        if terminal is not None:
            # The pump closes its own; the keyboard needs one to the end.
            sources[1] = os.dup(terminal.master)
        self._pumps = [
            Pump(source, number, self._output.tap(), self._ended, self.wake)
            for number, source in sources.items()
        ]
        for pump in self._pumps:
            pump.start()

    # Looking on.

    def _look_on(self) -> Ending:
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(self._waiting, selectors.EVENT_READ)
            self._hear_keys()
            while not self._over():
                self._end_it()
                self._see_stop()
                self._wait()
            self._detach()
        self._look_at_output()
        assert self._child.ending is not None  # noqa: S101  it is over
        return self._child.ending

    def _over(self) -> bool:
        """Whether the command has ended and all of its output is passed on."""
        was_known = self._child.ending is not None
        self._child.look()
        if self._child.ending is None:
            return False
        if not was_known:
            self._ignore_keys()
            os.close(self._ending)
        return self._given_up or all(pump.done for pump in self._pumps)

    def _wait(self) -> None:
        """Wait for whatever comes first, and do what is to be done about it."""
        due = [HEARING]
        if self._unseen:
            due.append(self._output.wait())
        if self._kill_at is not None:
            due.append(max(0.0, self._kill_at - time.monotonic()))
        ready = {key.fd for key, _ in self._selector.select(min(due))}
        if self._waiting in ready:
            for number in os.read(self._waiting, 4096):
                self._handle(number)
        if self._terminal is not None:
            self._pass_keys(self._terminal, ready)
        if self._unseen and not self._output.wait():
            self._look_at_output()

    def _look_at_output(self) -> None:
        self._unseen = False
        if self._output.look():
            self._observer.saw(self._output.seen(self._message_lines))

    def _handle(self, number: int) -> None:
        """What was sent to us is for the command; 0 says that there is output."""
        if number == 0:
            self._unseen = True
        elif number == signal.SIGWINCH:
            if self._terminal is not None:
                self._terminal.resize()
            self._child.tell(number)
        elif number == signal.SIGTSTP:
            self._stop()
        elif number == signal.SIGCONT:
            self._go_on()
        elif number in PASSED_ON:
            self._child.tell(number)
            self._given_up = self._child.ending is not None and number in ENDING

    def _end_it(self) -> None:
        now = time.monotonic()
        if self._terminal is not None and not self._hung_up and self._terminal.gone:
            self._hung_up = True
            self._child.tell(signal.SIGHUP)
        if not self._cancelling and self._child.ending is None:
            self._cancelling = self._observer.cancel_requested()
        if self._cancelling and self._kill_at is None:
            self._kill_at = now + self._grace
            self._child.tell(signal.SIGTERM)
            self._child.tell(signal.SIGCONT)  # one that is stopped would not hear of it
        elif self._kill_at is not None and now >= self._kill_at:
            self._kill_at = float("inf")
            self._child.tell(signal.SIGKILL)

    # Stopping and going on, as ``^Z``, ``fg`` and ``bg`` do.

    def _stop(self) -> None:
        """Stop the command; once it has stopped we do so too."""
        self._stopping = True
        alone = self._terminal is not None and self._terminal.keyboard
        # In a session of its own nobody could wake it, so the system ignores a mere SIGTSTP.
        self._child.tell(signal.SIGSTOP if alone else signal.SIGTSTP)

    def _see_stop(self) -> None:
        by, self._child.stopped_by = self._child.stopped_by, None
        if by in (signal.SIGTTIN, signal.SIGTTOU) and self._control.lend(self._child.pid):
            self._child.tell(signal.SIGCONT)
        elif by is not None and (
            self._stopping or by in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
        ):
            self._suspend()

    def _suspend(self) -> None:
        """Stop like the command, with all that was started together with us."""
        self._stopping = False
        self._detach()
        lent = self._control.take_back()
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        # Here whoever stopped us has let us go on.
        signal.signal(signal.SIGTSTP, before)
        if lent:
            self._control.lend(self._child.pid)
        self._go_on()

    def _go_on(self) -> None:
        self._attach()
        self._child.tell(signal.SIGCONT)

    # The keyboard.

    def _attach(self) -> None:
        terminal = self._terminal
        if terminal is not None and not terminal.attached:
            terminal.attach()
            self._hear_keys()

    def _detach(self) -> None:
        if self._terminal is not None and self._terminal.attached:
            self._ignore_keys()
            self._terminal.detach()

    def _hear_keys(self) -> None:
        terminal = self._terminal
        if terminal is not None and terminal.attached and self._child.ending is None:
            self._selector.register(terminal.ours, selectors.EVENT_READ)

    def _ignore_keys(self) -> None:
        if self._terminal is not None:
            for end in (self._terminal.ours, self._terminal.master):
                with contextlib.suppress(KeyError):
                    self._selector.unregister(end)

    def _pass_keys(self, terminal: Terminal, ready: set[int]) -> None:
        if terminal.master in ready:
            self._selector.unregister(terminal.master)
            self._selector.register(terminal.ours, selectors.EVENT_READ)
        elif terminal.ours in ready and terminal.attached:
            if not can_take(terminal.master):
                # The command does not read now; nor do we, until it does.
                self._selector.unregister(terminal.ours)
                self._selector.register(terminal.master, selectors.EVENT_WRITE)
            elif typed := terminal.typed():
                if terminal.stops(typed, self._child.pid):
                    self._stop()
                else:
                    terminal.type(typed)
            else:
                self._selector.unregister(terminal.ours)


def can_take(descriptor: int) -> bool:
    with selectors.DefaultSelector() as waiting:
        waiting.register(descriptor, selectors.EVENT_WRITE)
        return bool(waiting.select(0))


def nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal only has to wake us; it is read from the pipe then."""
