"""The order of work for extensions: who may, does it fit, make it durable, then it counts.

All registered extensions are in memory, with their rules and catalogues ready. A change made here
counts at once; one made elsewhere (a command on the data directory) within a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from milepost.access.policy import refusal_of_extensions as refusal_of
from milepost.access.principals import Principal
from milepost.l10n.catalogues import (
    MAX_FAULTS,
    BadCatalogue,
    Catalogue,
    Catalogues,
    Fault,
    read_catalogue,
)
from milepost.l10n.languages import canonical_tag
from milepost.logs import logger
from milepost.rules import reasons
from milepost.rules.extensions import (
    SERVICE_RETENTION,
    CatalogueFile,
    Expected,
    Extension,
    ExtensionOutcome,
    Registration,
    Retention,
    fault_of,
    ruled,
)
from milepost.rules.reasons import REASONS, Refusal, shortened
from milepost.rules.task import Ruleset
from milepost.store.base import Store, StoreError

FOLLOW_SECONDS = 0.5
MOST_EXTENSIONS = 1_000
MOST_TEXT = 64 * 1024 * 1024
"""Characters of the catalogues of all extensions together."""

log = logger(__name__)


class Known(NamedTuple):
    """A registered extension, ready for use."""

    registration: Registration
    rules: Ruleset
    catalogues: Catalogues


class Extensions:
    """The registry of extensions.

    ``rules`` are those of the settings, ``own`` the catalogues of Milepost's own messages, which
    every extension has beside its own. ``default_locale`` is for those that name none. Asynchronous
    methods may raise what the store raises.
    """

    def __init__(
        self, store: Store, rules: Ruleset, own: Catalogues, *, default_locale: str = "en"
    ) -> None:
        self._store = store
        self._rules = rules
        self._default_locale = default_locale
        self._own = list(own_list(own))
        self._unregistered = Catalogues(self._own, default_locale)
        self._known: Mapping[str, Known] = {}
        self._turn = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    # What is asked for with every task.

    def rules_of(self, service: str) -> Ruleset:
        """The rules for the tasks of a service."""
        known = self._known.get(service)
        return self._rules if known is None else known.rules

    def catalogues_of(self, service: str) -> Catalogues:
        """The catalogues for the messages of a service's tasks."""
        known = self._known.get(service)
        return self._unregistered if known is None else known.catalogues

    def retention_of(self, service: str) -> Retention:
        """How long the finished tasks of a service are kept, as far as it says."""
        known = self._known.get(service)
        return SERVICE_RETENTION if known is None else known.registration.extension.retention

    # What administrators ask for.

    def all(self, who: Principal) -> list[Registration] | Refusal:
        """All extensions, by key."""
        refusal = refusal_of(who)
        return refusal or [self._known[key].registration for key in sorted(self._known)]

    def get(self, who: Principal, key: str) -> Registration | Refusal:
        """One extension."""
        known = self._known.get(key)
        if known is None:
            return refusal_of(who) or Refusal(reasons.EXTENSION_UNKNOWN, (shortened(key),))
        return refusal_of(who) or known.registration

    async def apply(
        self, who: Principal, extension: Extension, expected: Expected | None = None
    ) -> ExtensionOutcome | Refusal:
        """Register an extension or change it; the same again changes nothing.

        Catalogues are taken whole or not at all, and all their faults are told.
        """
        refusal = refusal_of(who) or fault_of(extension)
        if refusal is not None:
            return refusal
        named = with_canonical_locales(extension)
        if isinstance(named, Refusal):
            return named
        catalogues, faults = await asyncio.to_thread(read_files, named)
        refusal = refusal_of_faults(faults) or await self._refusal_of_members(named)
        if refusal is not None:
            return refusal
        async with self._turn:
            refusal = self._refusal_of_room(named)
            if refusal is not None:
                return refusal
            outcome = await self._change(named.key, named, expected)
            if outcome.after is not None and outcome.refusal is None:
                self._put({named.key: self._ready(outcome.after, catalogues)})
        return outcome

    async def delete(
        self, who: Principal, key: str, expected: Expected | None = None
    ) -> ExtensionOutcome | Refusal:
        """Forget an extension; its tasks stay."""
        refusal = refusal_of(who)
        if refusal is not None:
            return refusal
        async with self._turn:
            outcome = await self._change(key, None, expected)
            if outcome.after is None:
                self._put({}, gone=[key])
        return outcome

    # What keeps the copy in memory current.

    async def refresh(self) -> None:
        """Read what has changed since the last look."""
        async with self._turn:
            versions = await self._store.extension_versions()
            gone = [key for key in self._known if key not in versions]
            found: dict[str, Known] = {}
            for key, version in versions.items():
                known = self._known.get(key)
                if known is not None and known.registration.version == version:
                    continue
                registration = await self._store.extension(key)
                if registration is not None:
                    found[key] = await self._read(registration)
            if found or gone:
                self._put(found, gone)

    async def start(self) -> None:
        """Read all, and then keep up with changes made elsewhere."""
        await self.refresh()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    def stop(self) -> None:
        """Keep up no longer."""
        if self._following is not None:
            self._following.cancel()

    async def _follow(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(FOLLOW_SECONDS)
            try:
                await self.refresh()
            except Exception as fault:
                if not failing:
                    known = isinstance(fault, StoreError)
                    log.warning(
                        "extensions not read; what is known still counts",
                        reason=str(fault),
                        exc_info=None if known else fault,
                    )
                failing = True
            else:
                failing = False

    async def _read(self, registration: Registration) -> Known:
        catalogues, faults = await asyncio.to_thread(read_files, registration.extension)
        if faults:
            # They were accepted once; a newer ICU may think otherwise. The others still count.
            key = registration.extension.key
            log.warning("a catalogue cannot be used", extension=key, fault=str(faults[0]))
        return self._ready(registration, catalogues)

    def _ready(self, registration: Registration, catalogues: Iterable[Catalogue]) -> Known:
        extension = registration.extension
        # Nobody but Milepost says its own messages, so its templates come last and win.
        both = Catalogues(
            [*catalogues, *self._own], extension.default_locale or self._default_locale
        )
        return Known(registration, ruled(self._rules, extension), both)

    def _put(self, found: Mapping[str, Known], gone: Iterable[str] = ()) -> None:
        # Made anew and put in place at once: whoever reads sees all of a change or nothing.
        known = {**self._known, **found}
        for key in gone:
            known.pop(key, None)
        self._known = known

    async def _change(
        self, key: str, wanted: Extension | None, expected: Expected | None
    ) -> ExtensionOutcome:
        def decide(before: Registration | None) -> Extension | Refusal | None:
            version = 0 if before is None else before.version
            if expected is not None and not expected.fits(version):
                args = (expected.shown, shortened(key), str(version))
                return Refusal(reasons.EXTENSION_CHANGED, args)
            if before is None and wanted is None:
                return Refusal(reasons.EXTENSION_UNKNOWN, (shortened(key),))
            return wanted

        return await self._store.change_extension(key, decide)

    async def _refusal_of_members(self, extension: Extension) -> Refusal | None:
        for name in extension.members:
            user = await self._store.user(name)
            if user is None or user.extension != extension.key:
                return Refusal(reasons.MEMBER_UNKNOWN, (shortened(name), extension.key))
        return None

    def _refusal_of_room(self, extension: Extension) -> Refusal | None:
        others = [
            known.registration.extension
            for key, known in self._known.items()
            if key != extension.key
        ]
        if len(others) >= MOST_EXTENSIONS:
            return Refusal(reasons.TOO_MANY_EXTENSIONS, (str(len(others)),))
        size = extension.size + sum(other.size for other in others)
        if size > MOST_TEXT:
            args = ("catalogues", str(size), "characters of all extensions", str(MOST_TEXT))
            return Refusal(reasons.TOO_LONG, args)
        return None


def with_canonical_locales(extension: Extension) -> Extension | Refusal:
    """The extension with its locales in canonical form."""
    files: list[CatalogueFile] = []
    for index, file in enumerate(extension.catalogues):
        tag = canonical_tag(file.locale)
        if tag is None:
            return bad_locale(f"catalogues[{index}].locale", file.locale)
        files.append(
            msgspec.structs.replace(file, locale=tag, file=file.file or f"{tag}.properties")
        )
    default = extension.default_locale
    if default is not None and (default := canonical_tag(default)) is None:
        return bad_locale("default_locale", extension.default_locale or "")
    return msgspec.structs.replace(extension, catalogues=tuple(files), default_locale=default)


def bad_locale(path: str, text: str) -> Refusal:
    return Refusal(reasons.BAD_LOCALE, (path, shortened(text) or "nothing"))


class Faulty(NamedTuple):
    """A fault of a catalogue of some locale."""

    locale: str
    fault: Fault


def read_files(extension: Extension) -> tuple[list[Catalogue], list[Faulty]]:
    """The catalogues that can be used, and what is wrong with the others."""
    catalogues: list[Catalogue] = []
    faults: list[Faulty] = []
    for file in extension.catalogues:
        data = file.text.encode()
        try:
            catalogues.append(
                read_catalogue(data, file=file.file, locale=file.locale, form=file.format)
            )
        except BadCatalogue as refused:
            faults += [Faulty(file.locale, fault) for fault in refused.faults]
    return catalogues, faults[:MAX_FAULTS]


def refusal_of_faults(faults: list[Faulty]) -> Refusal | None:
    """All faults as one refusal."""
    if not faults:
        return None
    first, *others = (
        Refusal(
            reasons.BAD_CATALOGUE,
            (f"{locale} {fault.file}", str(fault.line), shortened(fault.id) or "none", fault.what),
        )
        for locale, fault in faults
    )
    return msgspec.structs.replace(first, more=tuple(others))


def own_list(own: Catalogues) -> Iterable[Catalogue]:
    """The catalogues of Milepost's own messages, one a locale."""
    for locale in own.locales:
        found = {ident: own.template(locale, ident) for ident in REASONS}
        yield Catalogue(locale, {ident: text for ident, text in found.items() if text is not None})
