"""The catalogues that come with the package, read from it once."""

from __future__ import annotations

from functools import cache
from importlib import resources

from milepost.l10n.catalogues import Catalogues
from milepost.l10n.own import own_catalogues

SUFFIX = ".properties"


@cache
def own_texts() -> Catalogues:
    """The catalogues of Milepost's own messages."""
    return own_catalogues(files_of("milepost.l10n", "texts"))


def files_of(package: str, folder: str) -> dict[str, bytes]:
    """The catalogue files in a folder of the package, by name, in the order of their names."""
    found = resources.files(package).joinpath(folder).iterdir()
    return {
        file.name: file.read_bytes()
        for file in sorted(found, key=lambda file: file.name)
        if file.name.endswith(SUFFIX)
    }
