"""What the tests of the double share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from milepost.testing.server import MilepostServer
from tests.testing.reporting import Reporter, reporter


@pytest.fixture
def extension(milepost_server: MilepostServer) -> Iterator[Reporter]:
    with reporter(milepost_server) as one:
        yield one
