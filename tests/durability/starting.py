"""Starting the server in a way of the test's own: under a tracer, with faults, with a limit."""

from __future__ import annotations

from pathlib import Path

import pytest


def start_by(patch: pytest.MonkeyPatch, folder: Path, command: str) -> None:
    """Let ``serving`` start servers by a shell command that becomes ``milepost "$@"`` by exec."""
    script = folder / "start-server"
    script.write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    patch.setattr("tests.serving.COMMAND", script)
