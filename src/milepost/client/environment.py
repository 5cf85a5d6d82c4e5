"""Where the service is and who asks: arguments, else the environment, else the stored login.

``MILEPOST_URL``            the service, else ``http://127.0.0.1:8900``
``MILEPOST_TOKEN_FILE``     a file with a token
``MILEPOST_USER``           a user, with
``MILEPOST_PASSWORD_FILE``  a file with the password
``MILEPOST_CA_FILE``        certificates (PEM) to trust an https service by
``MILEPOST_FLUSH_SECONDS``  how long the end of the process waits for reports on their way
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from milepost.client.errors import Unusable

DEFAULT_URL = "http://127.0.0.1:8900"
SCHEMES = ("http", "https")
HOW = (
    "give user and password, or token; or set MILEPOST_TOKEN_FILE, or MILEPOST_USER and"
    " MILEPOST_PASSWORD_FILE; or log in with: milepost session login"
)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A service and who asks it: a token, or a user with a password."""

    url: str
    user: str | None = None
    password: str | None = None
    token: str | None = None
    ca_file: Path | None = None

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Login(url={self.url!r}, user={self.user!r})"


def resolve(
    url: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    ca_file: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
    stored: Callable[[str], str | None] | None = None,
) -> Login:
    """The login that arguments, environment and store come to.

    ``stored`` gives the token that is kept for a URL. Raises ``TypeError`` for arguments that do
    not go together, ``Unusable`` when a file cannot be read or nothing says who asks.
    """
    if token is not None and (user is not None or password is not None):
        raise TypeError("give a token, or a user and a password, not both")
    if password is not None and user is None:
        raise TypeError("a password needs a user")
    env = os.environ if environ is None else environ
    where = service_url(url or env.get("MILEPOST_URL") or DEFAULT_URL)
    trust = ca_file or env.get("MILEPOST_CA_FILE") or None
    known = Login(url=where, ca_file=None if trust is None else Path(trust))
    if token is not None:
        return msgspec.structs.replace(known, token=token)
    if password is not None:
        return msgspec.structs.replace(known, user=user, password=password)
    return from_surroundings(known, user, env, stored)


def from_surroundings(
    known: Login,
    user: str | None,
    env: Mapping[str, str],
    stored: Callable[[str], str | None] | None,
) -> Login:
    """Who asks, when no argument says it."""
    token_file, password_file = env.get("MILEPOST_TOKEN_FILE"), env.get("MILEPOST_PASSWORD_FILE")
    if user is None and token_file:
        return msgspec.structs.replace(known, token=secret_in(token_file, "MILEPOST_TOKEN_FILE"))
    name = user or env.get("MILEPOST_USER")
    if name and password_file:
        password = secret_in(password_file, "MILEPOST_PASSWORD_FILE")
        return msgspec.structs.replace(known, user=name, password=password)
    if user is not None:
        raise Unusable(f"there is no password for {user}: give password, or set its file")
    kept = stored(known.url) if stored is not None else None
    if kept is None:
        raise Unusable(f"nothing says who asks {known.url}: {HOW}")
    return msgspec.structs.replace(known, token=kept)


def service_url(text: str) -> str:
    """The address of a service in one spelling. Raises ``Unusable``."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError as fault:
        raise Unusable(f"{text}: {fault}") from None
    if parts.scheme not in SCHEMES or not host or parts.query or parts.fragment or parts.username:
        raise Unusable(f"{text}: the URL of a service is like http://127.0.0.1:8900")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def secret_in(file: str | Path, setting: str) -> str:
    """The secret in a file, without the end of its line. Raises ``Unusable``."""
    try:
        text = Path(file).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8"
        raise Unusable(f"{setting}: {file}: {why}") from None
    if not text:
        raise Unusable(f"{setting}: {file} is empty")
    return text
