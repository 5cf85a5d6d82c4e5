"""The published conformance cases, run by their own runner against the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ADMINISTRATOR, DEADLINE, PASSWORD, Server

RUNNER = Path(__file__).parents[2].parent / "shared" / "conformance" / "run.py"
FEWEST = 100
# The runner trusts any certificate, but its HTTP library prefers what the environment names.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
CLOSING = re.compile(r"(\d+) passed, (\d+) failed")


def run_cases(server: Server, *flags: str) -> None:
    if not RUNNER.is_file():
        pytest.skip(f"THE CONFORMANCE CASES WERE NOT RUN: {RUNNER} is not there")
    done = subprocess.run(
        [sys.executable, RUNNER, server.url, ADMINISTRATOR, PASSWORD, *flags],
        env={name: value for name, value in os.environ.items() if name not in BUNDLES}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE,
        check=False,
    )
    bad = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    closing = CLOSING.fullmatch(bad[-1]) if bad else None
    assert closing is not None, done.stdout + done.stderr
    assert int(closing[2]) == 0, bad
    assert bad == [closing[0]]
    assert int(closing[1]) > FEWEST
    assert done.returncode == 0, done.stderr


def test_strict_all_cases(strict_server: Server) -> None:
    run_cases(strict_server, "--transport", "raw,sdkrest,jsonrpc")


def test_over_tls(tls_server: Server) -> None:
    run_cases(tls_server, "--transport", "raw,sdkrest,jsonrpc", "--skip-oracle")


def test_effective_all_but_the_oracle_cases(server: Server) -> None:
    run_cases(server, "--transport", "raw,sdkrest,jsonrpc", "--skip-oracle")
