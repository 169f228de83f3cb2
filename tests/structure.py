"""The plan of the house, read off its imports: modules, rooms, arrows, floors.

    python -m tests.structure                  # this checkout: how many, then the rooms of each floor
    python -m tests.structure --at fe85798     # a commit of its history

A room is a folder. What stands directly in `vqathinker/` and `vqathinker/space/` is needed by every floor (errors,
settings) or needs every floor (the page as a whole, the command line): there, each module is a room of its own. A room
stands one floor above the highest that it imports from. Rooms that import each other in a circle share a floor; of the
arrows of a circle one has to run up.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[1]
HALLS = ("vqathinker", "vqathinker.space")
Graph = dict[str, set[str]]


def modules_of(root: Path) -> dict[str, Path]:
    """Name -> file of every module of ours that is no test."""
    places = ([root / "app.py"], *(sorted((root / name).rglob("*.py")) for name in ("vqathinker", "training")))
    names = {path: path.relative_to(root).with_suffix("").parts for paths in places for path in paths}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for path, parts in names.items()}


def imported(module: str, files: dict[str, Path]) -> Iterator[str]:
    """Modules of ours that a module imports anywhere in its text, inside functions and for types, too."""
    path = files[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name if name in files else base for name in names if name in files or base in files)


def imports_of(files: dict[str, Path]) -> Graph:
    return {module: set(imported(module, files)) - {module} for module in files}


def room_of(module: str, files: dict[str, Path]) -> str:
    package = module.rpartition(".")[0]
    return module if files[module].name == "__init__.py" or package in ("", *HALLS) else package


def rooms_of(files: dict[str, Path], imports: Graph) -> Graph:
    """Room -> the rooms that it imports from."""
    rooms: Graph = {room_of(module, files): set() for module in files}
    for module, used in imports.items():
        rooms[room_of(module, files)] |= {room_of(name, files) for name in used}
    return {room: used - {room} for room, used in rooms.items()}


def floors_of(rooms: Graph) -> tuple[list[list[str]], int]:
    """Rooms by floor, the ground first, and how many arrows belong to a circle."""
    below = {room: reachable(room, rooms) for room in rooms}
    circular = sum(room in below[used] for room in rooms for used in rooms[room])
    levels: dict[str, int] = {}
    for room in sorted(rooms, key=lambda name: len(below[name] | {name})):
        levels[room] = max((levels[one] + 1 for one in below[room] if room not in below[one]), default=0)
    floors = [sorted(room for room in rooms if levels[room] == level) for level in range(max(levels.values()) + 1)]
    return floors, circular


def reachable(room: str, rooms: Graph) -> set[str]:
    found, waiting = set(), [room]
    while waiting:
        new = rooms[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def described(root: Path) -> str:
    """Counts of the tree, then the rooms floor by floor, the roof first."""
    files = modules_of(root)
    imports = imports_of(files)
    rooms = rooms_of(files, imports)
    floors, circular = floors_of(rooms)
    inside = {room: sum(room_of(module, files) == room for module in files) for room in rooms}
    counts = f"{len(files)} modules, {sum(map(len, imports.values()))} arrows between them; {len(rooms)} rooms, "
    counts += f"{sum(map(len, rooms.values()))} arrows, {len(floors)} floors, {circular} arrows in circles; "
    counts += f"the largest room holds {max(inside.values())} modules"
    lines = [
        f"{sum(len(p.read_bytes().splitlines()) for p in files.values())} lines of source, {tests_of(root)} of tests"
    ]
    drawn = [f"{len(floors) - 1 - k:2}  {'  '.join(floor)}" for k, floor in enumerate(reversed(floors))]
    return "\n".join([counts, *lines, "", *drawn])


def tests_of(root: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in (root / "tests").rglob("*.py"))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__.split("\n\n")[0])
    parser.add_argument("--at", metavar="COMMIT", help="of the history, instead of the files as they are")
    args = parser.parse_args(argv)
    if args.at is None:
        print(described(ROOT))
        return
    archive = subprocess.run(["git", "archive", args.at], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
        print(described(Path(folder)))


if __name__ == "__main__":
    main()
