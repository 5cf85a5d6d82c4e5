"""An extension as it is registered: what it is called, what it can do, and in which words.

Texts are bounded in characters. ``faults_of`` finds what does not fit; catalogues are only measured
here, what stands in them is read where messages are rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from milepost.rules import reasons
from milepost.rules.reasons import Refusal, shortened
from milepost.rules.task import Ruleset
from milepost.rules.values import Value

KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
LONGEST_KEY = 255
LONGEST_NAME = 255
LONGEST_TEXT = 2_000
LONGEST_LEASE = 86_400
LARGEST_WEIGHT = 1_000_000.0
LONGEST_AGE = 100 * 366 * 86_400
LARGEST_COUNT = 2**53
MOST_OPERATIONS = 1_000
MOST_CATALOGUES = 100
MOST_MEMBERS = 100
MOST_TEXT = 8 * 1024 * 1024
"""Characters of all catalogues of one extension together."""


class Operation(Value, frozen=True, kw_only=True):
    """A kind of work that an extension does.

    ``lease_seconds`` and ``weight`` are what a task has that names none, ``cancelable`` says how
    its tasks are usually made. With ``cancel_pending`` a cancel ends a PENDING task at once.
    """

    id: str
    label: str = ""
    description: str = ""
    lease_seconds: int | None = None
    cancelable: bool | None = None
    weight: float = 1.0
    cancel_pending: bool = False


class CatalogueFile(Value, frozen=True, kw_only=True):
    """A catalogue as its author wrote it. ``file`` is its name where faults are told."""

    locale: str
    text: str
    format: Literal["icu", "printf"] = "icu"
    file: str = ""


class Retention(Value, frozen=True, kw_only=True):
    """How long finished tasks are kept: seconds and how many; unset follows the service."""

    age_seconds: int | None = None
    count: int | None = None


SERVICE_RETENTION = Retention()


class Extension(Value, frozen=True, kw_only=True):
    """What is registered of an extension.

    ``default_locale`` is the language of its messages without a catalogue, ``members`` the names
    of its principals.
    """

    key: str
    name: str = ""
    operations: tuple[Operation, ...] = ()
    operations_closed: bool = False
    default_locale: str | None = None
    catalogues: tuple[CatalogueFile, ...] = ()
    retention: Retention = SERVICE_RETENTION
    members: tuple[str, ...] = ()

    def operation(self, ident: str) -> Operation | None:
        """One registered operation."""
        return next((known for known in self.operations if known.id == ident), None)

    @property
    def size(self) -> int:
        """Characters of its catalogues."""
        return sum(len(catalogue.text) for catalogue in self.catalogues)


class Registration(Value, frozen=True):
    """An extension at one version; versions begin at 1 and never stand for two contents."""

    extension: Extension
    version: int


class ExtensionOutcome(Value, frozen=True):
    """What came of a change of an extension: it before and after, and why it was refused."""

    before: Registration | None
    after: Registration | None
    refusal: Refusal | None = None


class Expected(Value, frozen=True):
    """Which versions a change is meant for, ``None`` for any; ``shown`` is as it was sent."""

    versions: frozenset[int] | None
    shown: str

    def fits(self, version: int) -> bool:
        """Whether the stored version is meant; 0 stands for an extension that is not registered."""
        return version > 0 if self.versions is None else version in self.versions


def ruled(rules: Ruleset, extension: Extension) -> Ruleset:
    """The rules for the tasks of a registered extension.

    Its own list of operations counts, and not the one of the settings; closed it is when it says
    so itself or the settings close all.
    """
    closed = rules.operations_closed or extension.operations_closed
    known = frozenset(operation.id for operation in extension.operations)
    ending = frozenset(
        operation.id for operation in extension.operations if operation.cancel_pending
    )
    leases = {one.id: one.lease_seconds for one in extension.operations if one.lease_seconds}
    return msgspec.structs.replace(
        rules,
        operations_closed=closed,
        operations={extension.key: known},
        cancel_pending={extension.key: ending},
        leases={extension.key: leases},
        weights={extension.key: {one.id: one.weight for one in extension.operations}},
    )


def changed_parts(before: Extension | None, after: Extension) -> tuple[str, ...]:
    """The names of the members that differ; all that are set when there was nothing before."""
    base = Extension(key=after.key) if before is None else before
    names = after.__struct_fields__
    return tuple(name for name in names if getattr(base, name) != getattr(after, name))


def is_key(text: str) -> bool:
    """Whether a text is a key of an extension."""
    return len(text) <= LONGEST_KEY and KEY.fullmatch(text) is not None


def fault_of(extension: Extension) -> Refusal | None:
    """The first thing that does not fit, or ``None``."""
    return next(faults_of(extension), None)


def faults_of(extension: Extension) -> Iterator[Refusal]:
    """Everything that does not fit."""
    if not is_key(extension.key):
        yield Refusal(reasons.BAD_KEY, (shortened(extension.key),))
    yield from text_faults("name", extension.name, 0, LONGEST_NAME)
    yield from many_faults("operations", extension.operations, MOST_OPERATIONS)
    for index, operation in enumerate(extension.operations):
        yield from operation_faults(f"operations[{index}]", operation)
    yield from repeated("operations", (operation.id for operation in extension.operations))
    yield from catalogue_faults(extension)
    yield from retention_faults(extension.retention)
    yield from many_faults("members", extension.members, MOST_MEMBERS)
    yield from repeated("members", extension.members)


def operation_faults(path: str, operation: Operation) -> Iterator[Refusal]:
    yield from text_faults(f"{path}.id", operation.id, 1, LONGEST_NAME)
    yield from text_faults(f"{path}.label", operation.label, 0, LONGEST_NAME)
    yield from text_faults(f"{path}.description", operation.description, 0, LONGEST_TEXT)
    yield from number_faults(f"{path}.lease_seconds", operation.lease_seconds, 1, LONGEST_LEASE)
    if not 0 < operation.weight <= LARGEST_WEIGHT:
        args = (f"{path}.weight", str(operation.weight), "0 (without)", f"{LARGEST_WEIGHT:.0f}")
        yield Refusal(reasons.OUT_OF_BOUNDS, args)


def catalogue_faults(extension: Extension) -> Iterator[Refusal]:
    yield from many_faults("catalogues", extension.catalogues, MOST_CATALOGUES)
    for index, catalogue in enumerate(extension.catalogues):
        yield from text_faults(f"catalogues[{index}].file", catalogue.file, 0, LONGEST_NAME)
    if extension.size > MOST_TEXT:
        args = ("catalogues", str(extension.size), "characters", str(MOST_TEXT))
        yield Refusal(reasons.TOO_LONG, args)


def retention_faults(retention: Retention) -> Iterator[Refusal]:
    yield from number_faults("retention.age_seconds", retention.age_seconds, 0, LONGEST_AGE)
    yield from number_faults("retention.count", retention.count, 0, LARGEST_COUNT)


def text_faults(path: str, text: str, least: int, most: int) -> Iterator[Refusal]:
    if not least <= len(text) <= most:
        args = (path, shortened(text) or "nothing", str(len(text)), f"{least} to {most}")
        yield Refusal(reasons.BAD_LENGTH, args)


def number_faults(path: str, number: int | None, least: int, most: int) -> Iterator[Refusal]:
    if number is not None and not least <= number <= most:
        yield Refusal(reasons.OUT_OF_BOUNDS, (path, str(number), str(least), str(most)))


def many_faults(path: str, members: tuple[object, ...], most: int) -> Iterator[Refusal]:
    if len(members) > most:
        yield Refusal(reasons.TOO_LONG, (path, str(len(members)), "entries", str(most)))


def repeated(path: str, names: Iterable[str]) -> Iterator[Refusal]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Refusal(reasons.REPEATED, (f"{path}[{index}]", shortened(name)))
        seen.add(name)
