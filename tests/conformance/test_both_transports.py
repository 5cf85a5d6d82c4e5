"""What the official client sees alike over ``/rest`` and over JSON-RPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from com.vmware.cis.task_client import Status
from com.vmware.vapi.std import errors_client as errors

from tests.conformance.official import (
    OPERATION,
    Official,
    brought_to,
    done,
    official_at,
)
from tests.serving import Server


@pytest.fixture(params=["server", "strict_server", "tls_server"])
def at(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["rest", "json"])
def official(request: pytest.FixtureRequest, at: Server) -> Iterator[Official]:
    """The official client, logged in: over both transports, in both modes, and over TLS."""
    client = official_at(at, request.param)
    yield client
    client.close()


def test_a_child_names_its_parent(official: Official) -> None:
    parent = official.extension.create(OPERATION)
    child = official.extension.create(OPERATION, parent_task=parent)
    assert official.get(child).parent == parent
    with pytest.raises(errors.InvalidArgument):
        official.extension.create(OPERATION, parent_task="nosuchtasknosuchtasknosuch")


@pytest.mark.parametrize(
    ("before", "given", "error"),
    [
        ("SUCCEEDED", {"status": Status.RUNNING}, errors.NotAllowedInCurrentState),
        ("PENDING", {"percent_done": done(1, 2)}, errors.NotAllowedInCurrentState),
        ("RUNNING", {"percent_done": done(2, 10)}, errors.InvalidArgument),
        ("RUNNING", {"percent_done": done(11, 10)}, errors.InvalidArgument),
        ("RUNNING", {"status": Status.FAILED}, errors.InvalidArgument),
        ("RUNNING", {"status": Status("DONE")}, errors.InvalidArgument),
    ],
    ids=["finished", "not-running", "backwards", "over-total", "no-error", "unknown-status"],
)
def test_refusals_are_the_declared_errors(
    official: Official, before: str, given: dict[str, Any], error: Any
) -> None:
    task_id = brought_to(official, before)
    shown = official.get(task_id)
    with pytest.raises(error) as caught:
        official.extension.update(task_id, **given)
    assert caught.value.messages[0].id.startswith("milepost.")
    assert official.get(task_id) == shown


def test_cancel(official: Official) -> None:
    task_id = brought_to(official, "RUNNING")
    for _ in range(2):
        assert official.tasks.cancel(task_id) is None
    assert official.get(task_id).status == "RUNNING"
    with pytest.raises(errors.NotAllowedInCurrentState):
        official.tasks.cancel(brought_to(official, "SUCCEEDED"))
    with pytest.raises(errors.Unsupported):
        official.tasks.cancel(official.extension.create(OPERATION, cancelable=False))
