"""Each test has a reporter of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from milepost.client import reporter


@pytest.fixture(autouse=True)
def fresh_reporter() -> Iterator[None]:
    """What a test leaves behind does not reach the next one."""
    yield
    current, reporter.shared.reporter = reporter.shared.reporter, None
    if current is not None:
        current.close(10)
