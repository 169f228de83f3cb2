"""One name, one meaning; and every name that a module takes from another one of ours is there."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

import pytest

from tests.structure import ROOT, modules_of

FILES = modules_of(ROOT)
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
READERS = [*FILES.values(), *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "examples").glob("*.py"))]

EVERYWHERE = {
    "main": "what a command does",
    "parse_args": "its arguments",
    "logger": "of a module, as in the manual of logging",
    "view": "a module of space/lab/views draws one view",
    "KINDS": "of a family of models: model/family/load.py",
    "check": "of a family of models: model/family/load.py",
    "load": "of a family of models: model/family/load.py",
    "measure": "of a family of models: model/family/load.py",
    "format_reward": "TRL's contract, about the reward of that name",
    "ranking_reward": "TRL's contract, about the reward of that name",
}
"""Names that several modules define because they mean the same in each of them."""


def defined(body: list[ast.stmt]) -> Iterator[str]:
    """Names that the statements of a module define, in its branches, too."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For):
            parts = (node.body, getattr(node, "orelse", []), getattr(node, "finalbody", []))
            for part in (*parts, *(handler.body for handler in getattr(node, "handlers", []))):
                yield from defined(part)


KNOWN = {name: {"__file__", "__doc__", "__name__", *defined(tree.body)} for name, tree in TREES.items()}


def has(module: str, name: str) -> bool:
    if name in KNOWN[module] or f"{module}.{name}" in FILES:
        return True
    return "__getattr__" in KNOWN[module] and hasattr(import_module(module), name)


def taken_from(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, module of ours, name) of each import and each use of a name through its module."""
    tree, package = ast.parse(path.read_text(encoding="utf-8")), ".".join(path.relative_to(ROOT).parts[:-1])
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            if base in FILES:
                yield from ((node.lineno, base, alias.name) for alias in node.names)
                modules = {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
                aliases |= {alias: module for alias, module in modules.items() if module in FILES}
        elif isinstance(node, ast.Import):
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in FILES}
    rebound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    rebound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = aliases.get(node.value.id)
            if module and node.value.id not in rebound and not node.attr.startswith("__"):
                yield node.lineno, module, node.attr


@pytest.mark.parametrize("folder", ["app.py", "examples", "tests", "training", "vqathinker"])
def test_what_a_module_takes_from_another_one_is_there(folder: str):
    paths = [path for path in READERS if path.relative_to(ROOT).parts[0] == folder]
    taken = [(path, *place) for path in paths for place in taken_from(path)]
    assert taken
    assert [f"{path.relative_to(ROOT)}:{k} {m}.{name}" for path, k, m, name in taken if not has(m, name)] == []


def test_a_name_that_is_not_there_is_found():
    assert not has("vqathinker.rating", "score_words") and has("vqathinker.rating", "score_word")
    assert has("vqathinker", "rating") and not has("vqathinker.answer", "parse_answers")


def homes(kinds: tuple[type, ...]) -> dict[str, list[str]]:
    """Public names that several modules define by such a statement -> these modules."""
    found = defaultdict(set)
    for module, tree in TREES.items():
        for name in defined([node for node in tree.body if isinstance(node, kinds)]):
            found[name] |= {module} if not name.startswith("_") else set()
    return {name: sorted(modules) for name, modules in found.items() if len(modules) > 1}


def test_a_class_or_function_name_means_one_thing():
    """What two modules call alike is read as one thing. Where it is, it stands once; where not, it has two names."""
    shared = homes((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    assert {name: modules for name, modules in shared.items() if name not in EVERYWHERE} == {}


def test_a_constant_stands_once():
    """The sentences of the page aside, which are read as `texts.NAME`."""
    shared = homes((ast.Assign, ast.AnnAssign))
    wrong = {name: [one for one in modules if not one.endswith(".texts")] for name, modules in shared.items()}
    assert {name: modules for name, modules in wrong.items() if len(modules) > 1 and name not in EVERYWHERE} == {}


def test_every_exception_is_one():
    shared = homes((ast.FunctionDef, ast.ClassDef, ast.Assign))
    assert [name for name in EVERYWHERE if name not in shared] == []
