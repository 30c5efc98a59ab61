"""The shape of the code: small pieces, no cycles. A mirror; splitting for its sake helps nobody."""

import ast
import statistics
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "horarium"
LONGEST_FUNCTION = 70
LONGEST_MODULE = 500
# Modules that are tables: data, one entry after another.
TABLES = {
    "booking/preference_table.py",
    "runtime/setting_table.py",
    "ical/windows_zones.py",
    "ical/idna_table.py",
}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path below it."""
    return {
        str(path.relative_to(SOURCE)): ast.parse(path.read_text("utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    }


def lengths() -> list[tuple[int, str]]:
    """The length of each function without its docstring."""
    found = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                size = node.end_lineno - node.lineno + 1
                if ast.get_docstring(node) is not None:
                    first = node.body[0]
                    assert first.end_lineno is not None
                    size -= first.end_lineno - first.lineno + 1
                found.append((size, f"{name}:{node.lineno} {node.name}"))
    return sorted(found)


def test_functions_are_small() -> None:
    sizes = lengths()
    too_long = [f"{place} has {size} lines" for size, place in sizes if size > LONGEST_FUNCTION]
    assert not too_long
    ninth = sizes[int(len(sizes) * 0.9)][0]
    assert ninth <= 25, f"one function in ten is longer than {ninth} lines"


def test_modules_are_small() -> None:
    sizes = {
        name: len((SOURCE / name).read_text("utf-8").splitlines())
        for name in modules()
        if name not in TABLES
    }
    too_long = {name: size for name, size in sizes.items() if size > LONGEST_MODULE}
    assert not too_long
    assert statistics.median(sizes.values()) <= 150


def _imports(name: str, tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of this package that ``name`` imports when it is loaded."""
    parts = ("horarium", *Path(name).with_suffix("").parts)
    own = ".".join(parts).removesuffix(".__init__")
    found = set()
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        elif isinstance(node, ast.If | ast.Try):
            todo += node.body + node.orelse
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                found.add(deeper if deeper in known else node.module)
    return (found & known) - {own}


def test_no_module_can_reach_itself() -> None:
    names = {
        ".".join(("horarium", *Path(n).with_suffix("").parts)).removesuffix(".__init__"): n
        for n in modules()
    }
    graph = {m: _imports(n, modules()[n], set(names)) for m, n in names.items()}

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += graph[node]
        return seen

    assert [module for module in graph if module in reach(module)] == []


def test_public_things_say_what_they_are() -> None:
    silent = []
    for name, tree in modules().items():
        if not ast.get_docstring(tree):
            silent.append(name)
        for node in tree.body:
            kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            if not isinstance(node, kinds) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                silent.append(f"{name}:{node.lineno} {node.name}")
    assert silent == []
