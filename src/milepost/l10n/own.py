"""Milepost's own texts: what it says when it refuses.

English is made from ``rules/reasons.py``, which is its one source. The other languages are
catalogues in ``texts/``, one file a language.
"""

from __future__ import annotations

from collections.abc import Mapping

from milepost.l10n.catalogues import Catalogue, Catalogues, locale_of, read_catalogue
from milepost.l10n.templates import Template
from milepost.rules.reasons import REASONS

ENGLISH = "en"


def own_catalogues(files: Mapping[str, bytes]) -> Catalogues:
    """The catalogues of Milepost's own texts; ``files`` has the contents of ``texts/`` by name.

    Raises ``BadCatalogue``.
    """
    translated = [
        read_catalogue(data, file=name, locale=locale_of(name) or ENGLISH)
        for name, data in files.items()
    ]
    return Catalogues([english(), *translated], ENGLISH)


def english() -> Catalogue:
    """The texts of the reasons; their fields are written alike there and in ICU MessageFormat."""
    return Catalogue(
        ENGLISH,
        {reason.id: Template(reason.text.replace("'", "''")) for reason in REASONS.values()},
        "rules/reasons.py",
    )
