"""A server in a process of its own: the command ``milepost serve``, as it is."""

from __future__ import annotations

import os
import re
import secrets
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import urllib3

from milepost.settings import PREFIX, Settings
from milepost.store.base import User
from milepost.testing.hosts import PATIENCE, CannotStart, Inside, Reply

# Not the script ``milepost``: it need not be on the path, nor be there at all.
COMMAND = (sys.executable, "-P", "-c", "from milepost.cli.main import main; main()", "serve")
SERVES = re.compile(r"Milepost \S+ serves (https?://\S+)")
CERTIFICATE = re.compile(r"Certificate: (.+)")
SESSION_PATH = "/api/session"
CREATED = 201
PASSWORD_BYTES = 12
ELSEWHERE = frozenset({"data", "bind", "admin_password_file", "log_format"})


class Process:
    """Runs ``milepost serve``. ``settings`` are those it is to have, but for its data."""

    inside: Inside | None = None

    def __init__(self, settings: Settings) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="milepost-")
        folder = Path(self._folder.name)
        self.password = secrets.token_urlsafe(PASSWORD_BYTES)
        self.password_file = folder / "password"
        self.password_file.write_text(self.password, encoding="utf-8")
        self._log = folder / "log"
        given = {
            "MILEPOST_DATA": str(folder / "data"),
            "MILEPOST_BIND": "127.0.0.1:0",
            "MILEPOST_ADMIN_PASSWORD_FILE": str(self.password_file),
            "MILEPOST_LOG_FORMAT": "text",
        }
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603  it is our own command
                COMMAND,
                env={**environment(settings), **given},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._pool: urllib3.PoolManager | None = None
        try:
            self.url, self.ca_file = self._told()
        except BaseException:
            self.close()
            raise
        trust = None if self.ca_file is None else ssl.create_default_context(cafile=self.ca_file)
        self._pool = urllib3.PoolManager(timeout=PATIENCE, retries=False, ssl_context=trust)

    def _told(self) -> tuple[str, Path | None]:
        """The URL that the server tells once it serves, and the file to trust it by."""
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        ca_file = None
        for line in self._process.stdout:
            if found := CERTIFICATE.fullmatch(line.strip()):
                ca_file = Path(found[1])
            if found := SERVES.fullmatch(line.strip()):
                return found[1], ca_file
        code = self._process.wait(PATIENCE)
        raise CannotStart(f"milepost serve ended with exit code {code}: {self.log().strip()}")

    def call(self, method: str, target: str, body: bytes | None, token: str | None) -> Reply:
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["vmware-api-session-id"] = token
        return self._send(method, target, body, headers)

    def add_user(self, user: User, token: str) -> None:
        spec = {"name": user.name, "role": user.role, "password": user.password}
        if user.extension is not None:
            spec["extension"] = user.extension
        added = self.call("POST", "/v1/users", msgspec.json.encode(spec), token)
        if added.status != CREATED:
            raise ValueError(added.json["detail"])

    def open_session(self, user: str, password: str) -> str:
        basic = urllib3.make_headers(basic_auth=f"{user}:{password}")
        answer = self._send("POST", SESSION_PATH, None, basic)
        if answer.status != CREATED:
            raise RuntimeError(f"{user} could not log in: {answer}")
        token: str = answer.json
        return token

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        if self._pool is None or self._process.poll() is not None:
            raise RuntimeError("this server has ended")
        answer = self._pool.request(method, self.url + target, body=body, headers=headers)
        return Reply(answer.status, answer.data)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a server: ours, but for its settings, which are these alone."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if value is not None and name not in ELSEWHERE:
            ours[PREFIX + name.upper()] = written(value)
    return ours


def written(value: object) -> str:
    """A value as a variable gives it: a table as TOML writes it in a line."""
    if isinstance(value, dict):
        pairs = (
            f"{msgspec.json.encode(key).decode()} = {written_part(part)}"
            for key, part in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    return value if isinstance(value, str) else written_part(value)


def written_part(value: object) -> str:
    return msgspec.json.encode(value).decode()
