"""Each test of this suite runs on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stores import STORES, Home, Kind


@pytest.fixture(params=list(STORES), scope="module")
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    kind = STORES[request.param]
    with pytest.MonkeyPatch.context() as patch:
        kind.shape(patch)
        yield kind


@pytest.fixture
def home(kind: Kind, tmp_path: Path) -> Home:
    return Home(kind, tmp_path / "data")
