"""The stored login: one token for each service, kept for ``milepost session login``.

It is in the platform's keyring where the package ``keyring`` is installed and finds one, else in
a file that only its owner may read. A file that others may read is refused, not repaired: the
token in it may be known already.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import platformdirs

from milepost.client.environment import service_url
from milepost.client.errors import Unusable

SERVICE = "milepost"
FILE_NAME = "logins.json"
OTHERS = 0o077


def load(url: str) -> str | None:
    """The token kept for a service, or ``None``. Raises ``Unusable``."""
    where = service_url(url)
    with keyring() as ring:
        if ring is not None:
            found: str | None = ring.get_password(SERVICE, where)
            if found is not None:
                return found
    return read_file(login_file()).get(where)


def save(url: str, token: str) -> str:
    """Keep a token for a service; the answer says where. Raises ``Unusable``."""
    where = service_url(url)
    with keyring() as ring:
        if ring is not None:
            ring.set_password(SERVICE, where, token)
            # A token from before there was a keyring would outlive its successor.
            forget_in_file(where)
            return "the keyring"
    file = login_file()
    write_file(file, {**read_file(file), where: token})
    return str(file)


def delete(url: str) -> bool:
    """Forget the token of a service; whether there was one. Raises ``Unusable``."""
    where, found = service_url(url), False
    with keyring() as ring:
        if ring is not None and ring.get_password(SERVICE, where) is not None:
            ring.delete_password(SERVICE, where)
            found = True
    return forget_in_file(where) or found


def forget_in_file(where: str) -> bool:
    file = login_file()
    kept = read_file(file)
    if kept.pop(where, None) is None:
        return False
    write_file(file, kept)
    return True


@contextlib.contextmanager
def keyring() -> Iterator[ModuleType | None]:
    """The keyring, if there is one; what it cannot do is ``Unusable``."""
    try:
        import keyring as ring  # late: an extra, and slow to import
        from keyring import errors  # late: as above
    except ImportError:
        yield None
        return
    try:
        # A machine without a keyring has a backend that always fails; its priority is 0.
        yield ring if ring.get_keyring().priority > 0 else None
    except errors.KeyringError as fault:
        raise Unusable(f"the keyring: {fault}") from fault


def login_file() -> Path:
    """Where logins are kept without a keyring."""
    return platformdirs.user_config_path(SERVICE, appauthor=False) / FILE_NAME


def read_file(file: Path) -> dict[str, str]:
    """The logins in a file. Raises ``Unusable``, also when others may read it."""
    try:
        with file.open("rb") as opened:
            if os.name == "posix":
                refuse_shared(file, os.fstat(opened.fileno()))
            return msgspec.json.decode(opened.read(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as fault:
        raise Unusable(f"{file}: {fault.strerror}") from None
    except (msgspec.MsgspecError, ValueError):
        raise Unusable(f"{file} is damaged; remove it and log in again") from None


def refuse_shared(file: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise Unusable(f"{file} belongs to another user; its tokens are not used")
    if status.st_mode & OTHERS:
        raise Unusable(
            f"{file} may be read by others, so its tokens may be known to them. Remove it, log out"
            " where they were used, and log in again; or make it private with chmod 600."
        )


def write_file(file: Path, logins: dict[str, str]) -> None:
    """Replace the file as a whole, so that nobody sees a half of it."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{FILE_NAME}.")
        with open(handle, "wb") as opened:  # noqa: PTH123  it is open already; mkstemp made it 0600
            opened.write(msgspec.json.format(msgspec.json.encode(logins)))
        Path(name).replace(file)
    except OSError as fault:
        raise Unusable(f"{file}: {fault.strerror}") from None
