"""The steps above HTTP: is it Milepost, who are we, what may we, does the stream of events work."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import click
import httpx2
import msgspec

from milepost import __version__
from milepost.cli.connection import Connection, client_of, language
from milepost.cli.doctor.findings import Finding
from milepost.cli.doctor.network import PATIENCE, Place
from milepost.cli.exits import words_of
from milepost.cli.output.safe import visible
from milepost.cli.output.times import now
from milepost.client import calls
from milepost.client.blocking import Client
from milepost.client.environment import Login
from milepost.client.errors import Forbidden, MilepostError, Refused, Unauthenticated
from milepost.client.exchange import fault_of
from milepost.client.trust import trusting

SKEW_WARNS = 5.0
SKEW_FAILS = 300.0
TITLE = "Milepost"
UNAVAILABLE = 503
NO_STREAM = 400


class Asked:
    """What a request without a login has shown: its findings, and whether to go on."""

    def __init__(self, *findings: Finding, goes_on: bool) -> None:
        self.findings = findings
        self.goes_on = goes_on


def transport_to(place: Place) -> httpx2.HTTPTransport:
    verify = trusting(place.ca_file) if place.is_secure else False
    return httpx2.HTTPTransport(verify=verify, proxy=place.through)


def fetched(
    place: Place, path: str, headers: Mapping[str, str], *, body: bool = True
) -> tuple[int, Mapping[str, str], bytes]:
    """One request; with ``body`` off only the first bytes of it. Raises ``MilepostError``."""
    times = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
    request = httpx2.Request(
        "GET", place.url + path, headers=dict(headers), extensions={"timeout": times}
    )
    try:
        with transport_to(place) as transport:
            response = transport.handle_request(request)
            response.request = request
            try:
                read = response.read() if body else next(response.iter_bytes(), b"")
            finally:
                response.close()
            return response.status_code, response.headers, read
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
        raise fault_of(place.url, fault) from fault


def milepost(place: Place) -> Asked:
    """Whether what answers is Milepost, and ready; then its version and its clock."""
    try:
        status, headers, body = fetched(place, "/readyz", {})
        answer: Any = msgspec.json.decode(body)
        state = answer["status"]
        _, _, described = fetched(place, "/openapi.json", {})
        info: Any = msgspec.json.decode(described)["info"]
        is_ours = info["title"] == TITLE
    except MilepostError as fault:
        return Asked(Finding("Service", "fail", words_of(fault)), goes_on=False)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        is_ours, state, info, status, headers = False, "", {}, 0, {}
    if not is_ours:
        advice = "Look at the port and the path of the URL, and at proxies on the way."
        says = "something answers, and it is not Milepost"
        return Asked(Finding("Service", "fail", says, advice), goes_on=False)
    if status == UNAVAILABLE:
        advice = "Look at the server's log; its disk may be full."
        service = Finding("Service", "fail", f"Milepost is there: {visible(str(state))}", advice)
    else:
        service = Finding("Service", "ok", f"Milepost answers: {visible(str(state))}")
    return Asked(service, version(str(info["version"])), clock(headers), goes_on=True)


def version(theirs: str) -> Finding:
    text = f"server {visible(theirs)}, this command {__version__}"
    if theirs == __version__:
        return Finding("Version", "ok", text)
    return Finding("Version", "warn", text, "They should work together; update the older one.")


def clock(headers: Mapping[str, str]) -> Finding:
    """How far both clocks are apart; the server tells its own in whole seconds."""
    try:
        apart = (now() - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return Finding("Clock", "warn", "the server does not tell what time it is")
    if -SKEW_WARNS < apart < SKEW_WARNS + 1:
        return Finding("Clock", "ok", "both clocks agree to a few seconds")
    way = "ahead of" if apart > 0 else "behind"
    text = f"this machine is {abs(apart):.0f} s {way} the server"
    advice = "Set the clocks; times of tasks and certificates depend on them."
    return Finding("Clock", "fail" if abs(apart) > SKEW_FAILS else "warn", text, advice)


class LoggedIn(NamedTuple):
    """A login that counts, its token, and whether its session began here."""

    login: Login
    token: str
    began: bool


def login(connection: Connection) -> tuple[Finding, LoggedIn | None]:
    """Who asks: whether there is a login, and whether it counts."""
    step, advice = "Login", "milepost session login"
    try:
        found = connection.login()
    except click.ClickException as fault:
        return Finding(step, "fail", fault.format_message(), advice), None
    except MilepostError as fault:
        return Finding(step, "fail", words_of(fault), "Look at the file that is named."), None
    try:
        with client_of(found, 0) as client:
            who = client.session()
            token = client.log_in()
    except Unauthenticated as fault:
        text = "; ".join(message.text for message in fault.messages)
        how = "Log in again: milepost session login" if found.token else "Look at user and password"
        return Finding(step, "fail", visible(text), how), None
    except MilepostError as fault:
        return Finding(step, "fail", words_of(fault)), None
    kind = "with a token" if found.token else "with a password"
    told = Finding(step, "ok", f"{visible(who.user)}, {kind}")
    session = msgspec.structs.replace(found, user=None, password=None, token=token)
    return told, LoggedIn(session, token, began=found.token is None)


def rights(client: Client) -> Finding:
    """What one may: read tasks, and look after users."""
    try:
        client.page(size=1, result=False)
    except Refused as fault:
        advice = "An administrator can give you another role."
        return Finding("Rights", "fail", f"no tasks may be read: {words_of(fault)}", advice)
    except MilepostError as fault:
        return Finding("Rights", "fail", words_of(fault))
    try:
        client.users.list()
    except Forbidden:
        return Finding("Rights", "ok", "tasks may be read; users only by administrators")
    except MilepostError as fault:
        return Finding("Rights", "warn", f"tasks may be read; users: {words_of(fault)}")
    return Finding("Rights", "ok", "those of an administrator")


def events(place: Place, token: str) -> Finding:
    """Whether a stream of events begins, and at once: what stands between may hold it back."""
    headers = {**calls.watch({}, None).headers, "authorization": f"Bearer {token}"}
    asked = language()
    headers |= {"accept-language": asked} if asked else {}
    began = time.monotonic()
    try:
        status, _, first = fetched(place, calls.EVENTS_PATH, headers, body=False)
    except MilepostError as fault:
        advice = "A proxy may hold it back: it must not buffer /v1/events."
        return Finding("Events", "fail", words_of(fault), advice)
    if status >= NO_STREAM:
        return Finding(
            "Events", "fail", f"HTTP {status}: {visible(first[:200].decode(errors='replace'))}"
        )
    spent = (time.monotonic() - began) * 1000
    return Finding("Events", "ok", f"the stream begins within {spent:.0f} ms")
