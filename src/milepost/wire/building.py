"""Structures to what they mean: which value is made of the members that were read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milepost.rules.reasons import OUT_OF_BOUNDS
from milepost.rules.task import CreateTask, UpdateTask
from milepost.rules.values import (
    ROOT_FOLDER,
    Message,
    NestedMessage,
    Param,
    Progress,
    Target,
    Value,
)
from milepost.wire import shapes
from milepost.wire.faults import Malformed

MAX_PRECISION = 20


def build_param(found: dict[str, Any]) -> Param:
    precision = found.get("precision")
    if precision is not None and not 0 <= precision <= MAX_PRECISION:
        fault = Malformed(OUT_OF_BOUNDS, str(precision), "0", str(MAX_PRECISION))
        raise fault.under("precision")
    return Param(**found)


def build_update(found: dict[str, Any]) -> UpdateTask:
    found["progress"] = found.pop("percent_done", None)
    return UpdateTask(**found)


def build_create(found: dict[str, Any]) -> CreateTask:
    return CreateTask(
        progress=found.pop("percent_done", None),
        operation=found.pop("operation_id"),
        parent=found.pop("parent_task", None),
        target=found.pop("target", ROOT_FOLDER),
        **found,
    )


def build(constructor: Callable[..., Value]) -> Callable[[dict[str, Any]], Value]:
    return lambda found: constructor(**found)


BUILDERS: dict[str, Callable[[dict[str, Any]], Value]] = {
    shapes.PARAM: build_param,
    shapes.NESTED_MESSAGE: build(NestedMessage),
    shapes.MESSAGE: build(Message),
    shapes.DYNAMIC_ID: build(Target),
    shapes.PROGRESS: build(Progress),
    shapes.UPDATE_SPEC: build_update,
    shapes.CREATE_SPEC: build_create,
}
