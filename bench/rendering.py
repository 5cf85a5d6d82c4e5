"""What it costs to show messages in the reader's language: ``python bench/rendering.py``.

The ratios are the figures that mean something on another machine: a list of 100 tasks localized and
encoded, against the same list encoded alone, and the same through a server; in turn in one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import urllib3
from report import RESULTS, Line, report
from servers import PASSWORD, milepost

from milepost import Client
from milepost.demo.registration import description
from milepost.l10n import templates
from milepost.l10n.catalogues import Catalogue, Catalogues, locale_of, read_catalogue
from milepost.l10n.rendering import localize_info, localize_message, reader_of, render
from milepost.l10n.templates import Template
from milepost.rules.reading import Info
from milepost.rules.values import DateTimeFormat, Message, NestedMessage, Param, Progress, Status
from milepost.texts import files_of
from milepost.wire.rest import encode_info, encode_infos

TASKS = 100
ROUNDS = 40
LOCALES = ("en", "de", "ja", "ar")
NOW = 1_614_859_200_000
PREFIX = "com.milepost.demo."


def demo() -> Catalogues:
    files = files_of("milepost.demo", "catalogues")
    return Catalogues(
        read_catalogue(data, file=name, locale=locale_of(name) or "")
        for name, data in files.items()
    )


def tasks() -> list[tuple[str, Info]]:
    """Running tasks, each with a description and a progress message with three params."""
    return [(f"task-{number:022d}", task(number)) for number in range(TASKS)]


def task(number: int) -> Info:
    machine = f"vm-{number}"
    who = {"machine": Param(s=machine)}
    copied = {"done": Param(i=number * 37), "total": Param(i=4000), **who}
    text = f"{number * 37} of 4000 MiB of {machine} copied"
    args = (str(number * 37), "4000", machine)
    return Info(
        description=Message(f"{PREFIX}backup", f"Back up {machine}", (machine,), who),
        service="com.milepost.local",
        operation=f"{PREFIX}backup",
        status=Status.RUNNING,
        cancelable=True,
        start_time=NOW,
        progress=Progress(4000, number * 37, Message(f"{PREFIX}copied", text, args, copied)),
    )


def median(work: Callable[[], object], times: int) -> float:
    """The median time of a call, in microseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e6


def compare_lists(catalogues: Catalogues) -> list[float]:
    """How many times longer a list takes in each language, encoded only."""
    listed, ratios = tasks(), []
    for locale in LOCALES:
        reader = reader_of(locale, zone="Europe/Berlin")

        say = partial(localize_message, reader=reader, catalogues=catalogues)

        def localized(say: Callable[[Message], Message] = say) -> bytes:
            return encode_infos((key, localize_info(info, say)) for key, info in listed)

        alone, both = [], []
        for _ in range(ROUNDS):
            alone.append(median(lambda: encode_infos(listed), 3))
            both.append(median(localized, 3))
        before, after = statistics.median(alone), statistics.median(both)
        print(
            f"list of {TASKS} in {locale}: encoded {before:7.0f} µs, localized too {after:7.0f} µs,"
            f" ratio {after / before:.2f}, {(after - before) / TASKS / 2:.1f} µs a message"
        )
        ratios.append(after / before)
    return ratios


def compare_messages() -> list[float]:
    """Messages of several kinds, when their template is ready and when it is made anew.

    The answer is what each costs with its template ready, in microseconds.
    """
    costs = []
    deep = Param(s="end")
    for _ in range(8):
        deep = Param(l=NestedMessage("inner", {"a": deep}))
    kinds = {
        "text": ("{a}", Param(s="web-01")),
        "number": ("{a}", Param(d=1234.5, precision=2)),
        "plural": ("{a, plural, one {# file} other {# files}}", Param(i=1234)),
        "date and time": ("{a}", Param(dt=NOW, format=DateTimeFormat.FULL_DATE_TIME)),
        "8 nested": ("{a}", deep),
    }
    reader = reader_of("de", zone="Europe/Berlin")
    for kind, (template, param) in kinds.items():
        texts = {"m": Template(template), "inner": Template("({a})")}
        catalogues = Catalogues([Catalogue("de", texts)])
        message = Message("m", "", params={"a": param})

        def anew(message: Message = message, catalogues: Catalogues = catalogues) -> None:
            templates.compile_small.cache_clear()
            render(message, reader, catalogues)

        def ready(message: Message = message, catalogues: Catalogues = catalogues) -> None:
            render(message, reader, catalogues)

        warm, cold = median(ready, 5000), median(anew, 200)
        print(f"{kind:14} {warm:6.1f} µs, with its template made anew {cold:6.1f} µs")
        costs.append(warm)
    return costs


def fill(client: Client) -> None:
    """The same tasks on a server, whose administrator has the demo's catalogues."""
    client.extensions.apply("com.milepost.local", description())
    for _, info in tasks():
        body = json.loads(encode_info(info))["value"]
        spec = {"operation_id": info.operation, "cancelable": True, "status": "RUNNING"}
        given = {"description": body["description"], "percent_done": body["progress"]}
        client.request("POST", "/rest/vcenter/extension/tasks", {"spec": {**spec, **given}})


def compare_answers() -> list[float]:
    """The list through a server, in turn with ``Accept-Language`` and without: the ratios."""
    ratios = []
    with (
        milepost(0) as target,
        Client(target.url, user="administrator", password=PASSWORD) as client,
    ):
        fill(client)
        pool = urllib3.PoolManager(maxsize=1)
        url = f"{target.url}/rest/cis/tasks?filter_spec.services=com.milepost.local"

        def ask(**more: str) -> bytes:
            headers = {"vmware-api-session-id": target.token, **more}
            return pool.request("GET", url, headers=headers).data

        def ask_in(locale: str) -> bytes:
            return ask(**{"accept-language": locale})

        for locale in LOCALES:
            assert ask_in(locale).count(b'"localized"') == 2 * TASKS
            assert b'"localized"' not in ask()
            plain, localized = [], []
            for _ in range(ROUNDS):
                plain.append(median(ask, 5))
                localized.append(median(lambda: ask_in(locale), 5))  # noqa: B023  called at once
            before, after = statistics.median(plain), statistics.median(localized)
            print(
                f"GET of {TASKS} in {locale}: {before:7.0f} µs, with Accept-Language"
                f" {after:7.0f} µs, ratio {after / before:.2f}"
            )
            ratios.append(after / before)
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what messages in a language cost.")
    parser.add_argument("--out", type=Path, default=RESULTS)
    out = parser.parse_args().out
    messages, lists, answers = compare_messages(), compare_lists(demo()), compare_answers()
    lines = [
        Line("dearest kind of message, µs", max(messages), 200),
        Line("list of 100 localized ÷ encoded", max(lists), 5),
        Line("GET of 100 localized ÷ plain", max(answers), 5),
    ]
    report(out, "rendering", lines, messages=messages, lists=lists, answers=answers)


if __name__ == "__main__":
    main()
