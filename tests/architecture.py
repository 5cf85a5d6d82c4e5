"""The architecture as tables, and what reads a package against them.

Which room may import which, what is pure, what may be long. The picture is in
``docs/explain/architecture.md``; ``test_architecture.py`` runs the checks. Each check takes
modules and gives one line for each fault.
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

PACKAGE = "milepost"
SOURCE = Path(__file__).parent.parent / "src" / PACKAGE

# What a room, or a module beside the rooms, may import of ours. Names are without ``milepost.``;
# a name stands for all below it. The longest pattern that fits a module decides.
ARROWS: dict[str, tuple[str, ...]] = {
    "rules": (),
    "wire": (),
    "l10n": (),
    "store": (),
    "feed": ("store.base",),
    "access": ("store.base",),
    "service": ("store.base", "feed", "access", "l10n"),
    "doors": ("service", "wire", "access", "console"),
    "console": (),
    "client": (),
    "cli": ("client", "demo", "settings", "l10n"),
    # These work on the data directory, with the services a server uses.
    "cli.admin*": (
        *("client", "demo", "settings", "l10n", "server", "service", "access"),
        *("store.base", "wire"),
    ),
    # It stands between the doors and the service, and runs what ``server`` puts together.
    "testing": ("server", "client", "doors", "settings", "access", "store.base"),
    "vapi": ("wire",),
    "demo": ("client",),
    "settings": (),
    "texts": ("l10n",),
    "logs": (),
    "metrics": (),
    "server": ("*",),
    "": ("client",),  # the package itself, which gives the client's names
}

# Open to every module, beside its own room.
VOCABULARY = "rules"
# Open to every room but the pure ones.
OPEN = ("logs", "__version__")
BESIDE_ROOMS = ("", "settings", "logs", "metrics", "server", "texts")
PURE = ("rules", "wire", "l10n")
# The core of the client: what it says, when it says it again, what is still to be said.
PURE_MODULES = tuple(
    f"client.{name}"
    for name in (
        *("answers", "calls", "conversation", "errors", "outbox", "phrases", "retries", "specs"),
        *("values", "watching"),
    )
)
IMPURE: dict[str, tuple[str, ...]] = {
    "I/O": (
        *("open", "print", "input", "sys.stdin", "sys.stdout", "sys.stderr"),
        *("http", "io", "os", "pathlib", "shutil", "socket", "sqlite3", "ssl", "subprocess"),
        *("tempfile", "urllib.request", "httpx2", "uvicorn"),
    ),
    "clock": (
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
        *("datetime.date.today", "sched", "time"),
    ),
    "randomness": ("random", "secrets", "uuid"),
    "logging": ("logging", "structlog", "warnings"),
    "threads": ("_thread", "concurrent", "contextvars", "multiprocessing", "queue", "threading"),
    "asyncio": ("asyncio", "selectors", "signal"),
    "imports by name": ("__import__", "importlib"),
}

# An ``__init__.py`` is empty, except these.
FULL_INITS = ("", "client", "vapi")

MODULE_LINES = 350
FUNCTION_LINES = 60
LONG = re.compile(r"#.*\blong: \S")
LATE = re.compile(r"#.*\blate: \S")
LONG_WITHIN = 15


class Module(NamedTuple):
    """One module: its dotted name without ``milepost.``, and its text."""

    name: str
    is_package: bool
    source: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def lines(self) -> list[str]:
        return self.source.splitlines()

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


class Import(NamedTuple):
    """One import: the module, the name taken from it, and the line.

    ``known_as`` is the name the import binds, and ``stands_for`` what that name means in full.
    """

    module: str
    name: str | None
    known_as: str
    stands_for: str
    line: int

    @property
    def full(self) -> str:
        return self.module if self.name is None else f"{self.module}.{self.name}"


Modules = Sequence[Module]
Check = Callable[[Modules], Iterator[str]]


def module_at(path: str, source: str) -> Module:
    """The module in a file; ``path`` is relative to the package."""
    parts = path.removesuffix(".py").split("/")
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), is_package, source)


def package() -> list[Module]:
    """All modules of Milepost."""
    return [
        module_at(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    ]


def imports_in(module: Module, tree: ast.AST) -> Iterator[Import]:
    """Every import below a node, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                bound = (alias.asname, alias.name) if alias.asname else (top, top)
                yield Import(alias.name, None, *bound, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = origin_of(module, node)
            for alias in node.names:
                bound = (alias.asname or alias.name, f"{origin}.{alias.name}")
                yield Import(origin, alias.name, *bound, node.lineno)


def origin_of(module: Module, node: ast.ImportFrom) -> str:
    """The module a ``from`` names, with leading dots worked out."""
    if node.level == 0:
        return node.module or ""
    here = [PACKAGE, *filter(None, module.name.split("."))]
    up = node.level - 1 if module.is_package else node.level
    return ".".join([*here[: len(here) - up], *filter(None, [node.module])])


def within(name: str, *tops: str) -> bool:
    """Whether a dotted name is one of ``tops`` or lies below one."""
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def own_targets(module: Module, names: set[str]) -> Iterator[tuple[str, int]]:
    """The modules of ours that a module imports, without ``milepost.``, and the line of each.

    A name taken from the package itself counts as an import of the package, which has the name
    ``""``; the version is apart, as it is in no module.
    """
    for found in imports_in(module, module.tree):
        if not within(found.module, PACKAGE):
            continue
        target = found.module[len(PACKAGE) + 1 :]
        below = f"{target}.{found.name}".lstrip(".")
        is_below = found.name is not None and (below in names or below == "__version__")
        yield below if is_below else target, found.line


def allowed_from(module: Module) -> tuple[str, ...]:
    """What a module may import of ours."""
    fitting = [
        pattern
        for pattern in ARROWS
        if within(module.name, pattern) or fnmatchcase(module.name, pattern)
    ]
    arrows = ARROWS[max(fitting, key=len)] if fitting else ()
    everywhere = () if module.room in (*PURE, *BESIDE_ROOMS) else OPEN
    return (*arrows, module.room, VOCABULARY, *everywhere)


def wrong_arrows(modules: Modules) -> Iterator[str]:
    names = {module.name for module in modules}
    for module in modules:
        if module.room not in ARROWS:
            yield f"{module.name}: this room is in no table"
        allowed = allowed_from(module)
        for target, line in own_targets(module, names):
            # The package gives the client's names: to import it is to import the client.
            if "*" not in allowed and not within(target or "client", *allowed):
                yield f"{module.name}:{line} imports {PACKAGE}.{target}".rstrip(".")


def import_circles(modules: Modules) -> Iterator[str]:
    names = {module.name for module in modules}
    graph = {
        module.name: {
            target for target, _ in own_targets(module, names) if target not in (module.name, "")
        }
        for module in modules
        if module.name
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " imports ".join(reversed(error.args[1]))


def impurities(modules: Modules) -> Iterator[str]:
    for module in modules:
        if module.room in PURE or module.name in PURE_MODULES:
            imports = list(imports_in(module, module.tree))
            origins = {found.known_as: found.stands_for for found in imports}
            used = [*names_used(module, origins), *((found.full, found.line) for found in imports)]
            for name, line in used:
                for kind, impure in IMPURE.items():
                    if within(name, *impure):
                        yield f"{module.name}:{line} {kind}: {name}"


def names_used(module: Module, origins: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Every name and dotted name a module uses, with its beginning traced to the import."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            yield origins.get(first, first) + dot + rest, node.lineno


def full_inits(modules: Modules) -> Iterator[str]:
    for module in modules:
        if module.is_package and module.source.strip() and module.name not in FULL_INITS:
            yield f"{module.name}/__init__.py is not empty"


def long_modules(modules: Modules) -> Iterator[str]:
    for module in modules:
        has_reason = any(LONG.search(line) for line in module.lines[:LONG_WITHIN])
        if len(module.lines) > MODULE_LINES and not has_reason:
            yield f"{module.name} has {len(module.lines)} lines"


def functions_in(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(modules: Modules) -> Iterator[str]:
    for module in modules:
        for function in functions_in(module):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            first = min([function.lineno, *(node.lineno for node in function.decorator_list)])
            beside = module.lines[max(first - 2, 0) : function.lineno]
            if length > FUNCTION_LINES and not any(LONG.search(line) for line in beside):
                yield f"{module.name}:{function.lineno} {function.name} has {length} lines"


def late_imports(modules: Modules) -> Iterator[str]:
    for module in modules:
        late = {
            found.line: found.full
            for function in functions_in(module)
            for found in imports_in(module, function)
        }
        for line, name in late.items():
            if not LATE.search(module.lines[line - 1]):
                yield f"{module.name}:{line} imports {name} inside a function"
