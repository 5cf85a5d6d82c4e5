"""The command ``milepost doctor``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from milepost.cli.connection import Connection, connection_options
from milepost.cli.doctor.findings import STYLES, Finding
from milepost.cli.exits import Unhealthy, words_of
from milepost.cli.output.formats import Form, output_option, write
from milepost.cli.output.safe import visible
from milepost.cli.output.screen import Piece, show, width

if TYPE_CHECKING:
    from milepost.cli.doctor.network import Place

STEPS = (
    *("Address", "Proxy", "Name", "Connection", "TLS", "Service", "Version", "Clock"),
    *("Login", "Rights", "Events"),
)
LABEL = 12
MARK = 5


@click.command()
@output_option("table", "json", "jsonl", "yaml")
@connection_options
def doctor(*, connection: Connection, form: Form) -> None:
    """Say what is wrong with a connection, step by step, and what to do.

    The exit code is 5 when a step has failed. What comes behind it is not tried.

    \b
    Examples:
      milepost doctor
      milepost doctor --url https://tasks.example.com --ca-file ca.pem
      milepost doctor -o json
    """
    found = []
    for finding in examined(connection):
        found.append(finding)
        if form == "table" and finding.verdict != "skip":
            tell(finding)
            sys.stdout.flush()
    skipped = [finding.step for finding in found if finding.verdict == "skip"]
    if form == "table" and skipped:
        tell(Finding("Not tried", "skip", ", ".join(skipped)))
    if form != "table":
        told = [{k: v for k, v in one._asdict().items() if v} for one in found]
        write(told, form, str, one=False)
    if any(finding.verdict == "fail" for finding in found):
        raise Unhealthy("")


def tell(finding: Finding) -> None:
    from milepost.cli.output.page import folded  # late: slow

    room = width()
    rest = None if room is None else max(room - MARK - LABEL, LABEL)
    head = [
        Piece(f"{finding.verdict:{MARK}}", STYLES[finding.verdict]),
        Piece(f"{finding.step:{LABEL}}"),
    ]
    blank = [Piece(" " * (MARK + LABEL))]
    lines = folded(visible(finding.found.replace("\n", " ")), rest)
    show([[*(head if at == 0 else blank), Piece(line)] for at, line in enumerate(lines)])
    if finding.advice:
        advice = folded(visible(finding.advice), rest)
        show([*blank, Piece(line, "bold")] for line in advice)


def examined(connection: Connection) -> Iterator[Finding]:
    """What each step comes to; those behind a step that they need are skipped."""
    done: list[str] = []
    for finding in steps(connection):
        done.append(finding.step)
        yield finding
    for step in STEPS:
        if step not in done:
            yield Finding(step, "skip", "not tried")


def steps(connection: Connection) -> Iterator[Finding]:
    from milepost.cli.doctor import network  # late: slow
    from milepost.cli.session import place as named  # late: slow
    from milepost.client.errors import Unusable  # late: slow

    try:
        known = named(connection)
    except Unusable as fault:
        yield Finding("Address", "fail", words_of(fault), "Look at --url and MILEPOST_URL.")
        return
    place = network.Place(known.url, known.ca_file)
    yield network.address(place)
    yield network.proxy(place)
    for step in (network.name, network.tcp, network.tls):
        finding = step(place)
        yield finding
        if finding.verdict == "fail":
            return
    yield from above(connection, place)


def above(connection: Connection, place: Place) -> Iterator[Finding]:
    """The steps of HTTP."""
    from milepost.cli.connection import client_of  # late: slow
    from milepost.cli.doctor import service  # late: slow

    asked = service.milepost(place)
    yield from asked.findings
    if not asked.goes_on:
        return
    finding, known = service.login(connection)
    yield finding
    if known is None:
        return
    with client_of(known.login, 0) as client:
        yield service.rights(client)
        yield service.events(place, known.token)
        if known.began:
            client.log_out()
