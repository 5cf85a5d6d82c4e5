"""The command ``milepost completion``."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

NAME, VARIABLE = "milepost", "_MILEPOST_COMPLETE"
SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Write what lets a shell complete commands, options, and the ids of tasks.

    \b
    Examples:
      eval "$(milepost completion bash)"
      milepost completion bash > ~/.local/share/bash-completion/completions/milepost
      milepost completion zsh > ~/.zfunc/_milepost
      milepost completion fish > ~/.config/fish/completions/milepost.fish
    """
    root = ctx.find_root().command
    found = SHELLS[shell](root, {}, NAME, VARIABLE)
    # Not ``source()``: that runs the shell to look at its version.
    click.echo(found.source_template % found.source_vars())
