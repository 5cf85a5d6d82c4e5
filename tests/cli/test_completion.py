"""``milepost completion``: the scripts, in a real shell where there is one, and ids of tasks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from milepost.cli.completion import SHELLS
from tests.cli.conftest import Run, run
from tests.serving import COMMAND, DEADLINE, Server

ASK = """
eval "$(milepost completion bash)"
COMP_WORDS=({words}) COMP_CWORD={last}
_milepost_completion milepost
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script(shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_MILEPOST_COMPLETE={shell}_complete" in script
    assert "_milepost" in script


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("milepost ta", {"task"}),
        ("milepost task wa", {"wait", "watch"}),
        ("milepost task list --sta", {"--status"}),
        ("milepost session ", {"login", "logout", "show"}),
        ("milepost completion ", set(SHELLS)),
    ],
)
def test_bash_completes(elsewhere: dict[str, str], words: str, found: set[str]) -> None:
    assert completed(elsewhere, words) == found


@pytest.mark.needs("bash")
def test_bash_completes_ids(elsewhere: dict[str, str], cli: Run, operation: str) -> None:
    task = cli("task", "create", operation).stdout.strip()
    assert completed(elsewhere, f"milepost task get {task[:-3]}") == {task}
    assert completed(elsewhere, f"milepost task create x --parent {task[:-3]}") == {task}


@pytest.mark.needs("bash")
def test_no_ids_where_nobody_is_logged_in(server: Server, elsewhere: dict[str, str]) -> None:
    wanted = {name: text for name, text in elsewhere.items() if name != "MILEPOST_TOKEN_FILE"}
    assert completed(wanted, "milepost task get ") == {""}
    away = f"milepost task get --url http://127.0.0.1:1 --token-file {server.log} "
    assert completed(elsewhere, away) == {""}
    assert completed(elsewhere, "milepost task get --user vera ") == {""}


def completed(environment: dict[str, str], words: str) -> set[str]:
    """What bash offers in the place of the last word."""
    count = len(words.split(" "))
    parts = " ".join(f"'{word}'" for word in words.split(" "))
    done = subprocess.run(
        ["bash", "-c", ASK.format(words=parts, last=count - 1)],
        env={**environment, "PATH": f"{Path(COMMAND).parent}:{environment['PATH']}"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.splitlines())
