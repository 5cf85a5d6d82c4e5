"""A small synchronous client of the ``/rest`` door, and of ``/v1/extensions``.

Exceptions::

    ClientError
    ├── Refused      the service said no; status, error and message say why
    ├── Away         the service could not be reached, or broke off
    ├── Untrusted    the service could not show that it is the one that was meant
    └── BadCaFile    the file that says whom to trust cannot be used
"""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import urllib3

EXTENSION_TASKS = "/rest/vcenter/extension/tasks"
TASKS = "/rest/cis/tasks"
SESSION_PATH = "/rest/com/vmware/cis/session"
EXTENSIONS = "/v1/extensions"
PROBLEM = "application/problem+json"
SESSION = "vmware-api-session-id"
UNAUTHENTICATED = 401
NOT_FOUND = 404
FIRST_ERROR = 400

TRUST_ADVICE = (
    "If it is the right server, name a file with its certificate, or with that of its issuer,"
    " as --ca-file or MILEPOST_CA_FILE (in Python as ca_file)."
)
# By the code of OpenSSL's X509_verify_cert_error_string.
ADVICE = {
    9: "Look at the clocks of both machines.",
    10: "Renew it on the server, or set the clock of this machine.",
    62: "Use a name in the URL that the certificate has.",
    64: "Use an address in the URL that the certificate has.",
}

T = TypeVar("T")


class ClientError(Exception):
    """Base of what the client raises."""


class Refused(ClientError):
    """The service refused; nothing was changed."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(f"{error} (HTTP {status}): {message}")
        self.status = status
        self.error = error
        self.message = message


class Away(ClientError):
    """The service did not answer. A change may or may not have been made; it is safe to repeat."""


class Untrusted(ClientError):
    """The certificate of the service does not verify; nothing was sent to it."""


class BadCaFile(ClientError):
    """The file with the trusted certificates cannot be used."""


class RestClient:
    """Logs in when it must, again when its session has ended.

    ``timeout`` is in seconds, for connecting and for each answer. ``ca_file`` has the certificates
    (PEM) that a server with an ``https`` URL is trusted by; without it they are the system's.
    Raises ``BadCaFile``. One client may be shared by threads.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout: float = 10.0,
        ca_file: Path | str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._basic = {"authorization": f"Basic {basic}"}
        trust = trusting(ca_file) if self._url.lower().startswith("https:") else None
        self._pool = urllib3.PoolManager(
            timeout=timeout, retries=False, maxsize=8, ssl_context=trust
        )
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def token(self) -> str:
        """The token of the session; logs in when there is none yet."""
        if self._token is None:
            self.log_in()
        return self._token or ""

    def log_in(self) -> None:
        """Begin a new session. Raises ``Refused``, ``Away``."""
        headers = {**self._basic, "vmware-use-header-authn": "true"}
        self._token = value_of(checked(self._send("POST", SESSION_PATH, None, headers)), str)

    def create(self, spec: dict[str, Any]) -> str:
        """Create a task; the answer is its id. Raises ``Refused``, ``Away``."""
        return value_of(self._call("POST", EXTENSION_TASKS, {"spec": spec}), str)

    def update(self, task_id: str, spec: dict[str, Any]) -> bool:
        """Update a task; the answer is whether someone asked for its end."""
        answer = self._call("PATCH", f"{EXTENSION_TASKS}/{task_id}", {"spec": spec})
        return answer.headers.get("milepost-cancel-requested") == "true"

    def get(self, task_id: str) -> dict[str, Any]:
        """A task as the published structure ``cis.task.info``."""
        return value_of(self._call("GET", f"{TASKS}/{task_id}"), dict)

    def cancel(self, task_id: str) -> None:
        """Ask for the end of a task."""
        self._call("POST", f"{TASKS}/{task_id}?action=cancel")

    def extension(self, key: str) -> dict[str, Any] | None:
        """A registered extension, or ``None``; for administrators."""
        try:
            found: dict[str, Any] = self._call("GET", extension_path(key)).json()
        except Refused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
        return found

    def register(self, key: str, extension: dict[str, Any]) -> None:
        """Register an extension, or change it; for administrators."""
        self._call("PUT", extension_path(key), extension)

    def close(self) -> None:
        """End the session, as far as the service can be reached, and the connections."""
        if self._token is not None:
            try:
                self._send("DELETE", SESSION_PATH, None, {SESSION: self._token})
            except Away:
                self._token = None
        self._pool.clear()

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> urllib3.BaseHTTPResponse:
        answer = self._send(method, path, body, {SESSION: self.token})
        if answer.status == UNAUTHENTICATED:
            self._token = None
            answer = self._send(method, path, body, {SESSION: self.token})
        return checked(answer)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, self._url + path, json=body, headers=headers)
        except urllib3.exceptions.HTTPError as fault:
            cause = fault.args[0] if fault.args else None
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise Untrusted(f"{self._url}: {why_untrusted(cause)}") from fault
            raise Away(f"{self._url}: {fault}") from fault


def extension_path(key: str) -> str:
    return f"{EXTENSIONS}/{quote(key, safe='')}"


def trusting(ca_file: Path | str | None) -> ssl.SSLContext:
    """Trust in the certificates of a file, or in the system's. Raises ``BadCaFile``."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise BadCaFile(f"{ca_file}: there is no PEM certificate in it") from None
    except OSError as fault:
        raise BadCaFile(f"{ca_file}: {fault.strerror}") from None


def why_untrusted(fault: ssl.SSLCertVerificationError) -> str:
    """Why a certificate did not verify, and what to do."""
    why = fault.verify_message.rstrip(".")
    advice = ADVICE.get(fault.verify_code, TRUST_ADVICE)
    return f"the server's certificate does not verify: {why}. {advice}"


def checked(answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    """The answer, when it is none of the refusals. Raises ``Refused``."""
    if answer.status < FIRST_ERROR:
        return answer
    try:
        refusal = answer.json()
        if answer.headers.get("content-type") == PROBLEM:
            raise Refused(answer.status, refusal["error_type"].lower(), refusal["detail"])
        message = refusal["value"]["messages"][0]["default_message"]
        error = refusal["type"].rpartition(".")[2]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Refused(answer.status, "unknown", answer.data[:200].decode("latin-1")) from None
    raise Refused(answer.status, error, message)


def value_of(answer: urllib3.BaseHTTPResponse, kind: type[T]) -> T:
    """The member ``value`` of an answer. Raises ``Refused`` when the answer is another one."""
    try:
        value = answer.json()["value"]
    except (ValueError, LookupError, TypeError):
        value = None
    if not isinstance(value, kind):
        raise Refused(answer.status, "unknown", answer.data[:200].decode("latin-1"))
    return value
