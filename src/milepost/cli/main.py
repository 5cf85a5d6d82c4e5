"""The command ``milepost``. Its parts are loaded when they are used: see ``PLACES``."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import click

from milepost.cli.exits import Interrupted, NobodyReads, Wrong, ended_by
from milepost.cli.lazy import LazyGroup
from milepost.client.errors import MilepostError

PLACES = {
    "completion": "milepost.cli.completion:completion",
    "config": "milepost.cli.admin:config",
    "demo": "milepost.cli.demo:demo",
    "doctor": "milepost.cli.doctor.command:doctor",
    "extension": "milepost.cli.extension_group:extension",
    "run": "milepost.cli.run.command:run",
    "serve": "milepost.cli.admin:serve",
    "session": "milepost.cli.session:session",
    "task": "milepost.cli.task.group:task",
    "token": "milepost.cli.admin_tokens:token",
    "user": "milepost.cli.admin_users:user",
    "version": "milepost.cli.version:version",
}


class Milepost(LazyGroup):
    """The command and how it ends, whatever happens below."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. What ends it is told in a sentence, and in the exit code."""
        ready_to_write()
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise Interrupted from None
        except BrokenPipeError:
            be_silent()
            raise NobodyReads from None
        except MilepostError as fault:
            raise ended_by(fault) from None
        except UnicodeEncodeError as fault:
            raise Wrong(f"{fault.object!a} is not UTF-8") from None
        return found


def ready_to_write() -> None:
    """What the encoding of the output does not have is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def be_silent() -> None:
    """Let what is still to be written go nowhere, also at the end of the process."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


HELP_NAMES = ["-h", "--help"]


@click.command(cls=Milepost, places=PLACES, context_settings={"help_option_names": HELP_NAMES})
def main() -> None:
    """Milepost: the place where long work reports how far it is.

    \b
    Examples:
      milepost serve
      milepost session login --user administrator
      milepost task list --running
    """
