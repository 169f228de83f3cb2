"""The plan of the house, drawn from its imports (structure.py): small rooms, floors, and no arrow that runs up."""

from __future__ import annotations

from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests import structure
from tests.structure import ROOT, imports_of, modules_of

SMALL, MOST_FILES = ("training", "vqathinker.space"), 12
"""Where a room has so many modules at most, `__init__.py` and `__main__.py` not counted."""
FLOORS = [
    line.split()
    for line in """
training
training.data.fetch training.publish training.report
training.data.tables training.study
training.evaluate training.imitation
training.grpo training.sft
training.data.build training.policy
training.data
training.common
app vqathinker.__main__
vqathinker.cli
vqathinker.commands
vqathinker.completion vqathinker.space
vqathinker.space.build
vqathinker.space.about vqathinker.space.banner
vqathinker.space.compare vqathinker.space.history vqathinker.space.lab vqathinker.space.rate vqathinker.space.server
vqathinker.space.timeline
vqathinker.space.lab.views vqathinker.space.queue
vqathinker.space.lab.experiment vqathinker.space.widgets
vqathinker.space.settings
vqathinker
vqathinker.integrations
vqathinker.model.family vqathinker.rating
vqathinker.model.family.qwen2_5_vl vqathinker.model.family.vqathinker
vqathinker.model vqathinker.rewards
vqathinker.scorers vqathinker.video
vqathinker.answer vqathinker.bundled vqathinker.environment vqathinker.errors vqathinker.files vqathinker.heap
vqathinker.checked vqathinker.lean vqathinker.markdown vqathinker.protocols vqathinker.renamed
""".strip().splitlines()
]
"""From the roof to the ground: a room imports from lower floors only, not from its neighbours. A new room is put on
the highest floor that it can stand on."""


FILES = modules_of(ROOT)
IMPORTS = imports_of(FILES)


def room_of(module: str) -> str:
    return structure.room_of(module, FILES)


def rooms_used_by(*rooms: str) -> set[str]:
    return {room_of(used) for module in FILES if room_of(module) in rooms for used in IMPORTS[module]} - set(rooms)


def inside(place: str) -> list[str]:
    return [module for module in FILES if f"{module}.".startswith(f"{place}.")]


def test_every_room_has_its_floor_and_every_floor_its_rooms():
    placed = [room for floor in FLOORS for room in floor]
    assert sorted(placed) == sorted({room_of(module) for module in FILES})


@pytest.mark.parametrize("room", [room for floor in FLOORS for room in floor])
def test_imports_run_down(room: str):
    level = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    assert [used for used in sorted(rooms_used_by(room)) if level[used] <= level[room]] == []


@pytest.mark.parametrize("place", SMALL)
def test_no_modules_import_each_other_in_a_circle(place: str):
    assert len(list(TopologicalSorter({module: IMPORTS[module] for module in inside(place)}).static_order())) > 50


def test_no_modules_of_the_package_import_each_other_in_a_circle():
    """What a package's `__init__` hands on aside: it imports what it hands on."""
    modules = [module for module in inside("vqathinker") if FILES[module].name != "__init__.py"]
    graph = {module: IMPORTS[module] & set(modules) for module in modules}
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules) > 100


@pytest.mark.parametrize("place", SMALL)
def test_rooms_are_small_enough_to_be_known(place: str):
    folders = {FILES[module].parent for module in inside(place)}
    assert len(folders) >= 10
    crowded = {
        str(folder.relative_to(ROOT)): len(files)
        for folder in folders
        if len(files := [path for path in folder.glob("*.py") if not path.stem.startswith("__")]) > MOST_FILES
    }
    assert crowded == {}


def test_the_package_never_imports_the_training_and_rewards_know_nothing_else():
    training = set(inside("training"))
    assert [module for module in inside("vqathinker") if IMPORTS[module] & training] == []
    assert rooms_used_by("vqathinker.rewards") == {"vqathinker.answer"}


def test_the_page_and_the_command_line_know_the_model_only_through_its_rater():
    """The converter of checkpoints is the one command that is about the model's files."""
    page = rooms_used_by(*{room_of(module) for module in inside("vqathinker.space")})
    ground = ("answer", "checked", "environment", "errors", "files", "heap", "lean", "renamed")
    shared = {f"vqathinker.{name}" for name in ("rating", "video", "scorers", *ground)} | {"vqathinker"}
    assert "vqathinker.rating" in page and page <= shared | {"vqathinker.rewards", "vqathinker.bundled"}
    lines = tuple(f"vqathinker.{name}" for name in ("cli", "commands", "completion"))
    known = shared | {f"vqathinker.{name}" for name in ("space", "integrations", "protocols", "model")}
    assert rooms_used_by(*lines) - set(lines) <= known
    modules = [module for name in lines for module in inside(name)]
    of_the_model = {used for name in modules for used in IMPORTS[name] if room_of(used) == "vqathinker.model"}
    assert of_the_model == {"vqathinker.model.convert"}


@pytest.mark.parametrize("tests, place", [("training", "training"), ("space", "vqathinker/space")])
def test_the_tests_stand_where_what_they_test_stands(tests: str, place: str):
    folders = [path.parent.relative_to(ROOT / "tests" / tests) for path in (ROOT / "tests" / tests).rglob("test_*.py")]
    assert len(set(folders)) > 5
    assert [folder for folder in folders if not (ROOT / place / folder / "__init__.py").is_file()] == []


def test_no_folder_of_tests_is_passed_over(request: pytest.FixtureRequest):
    patterns = request.config.getini("norecursedirs")
    names = {name for path in (ROOT / "tests").rglob("test_*.py") for name in path.relative_to(ROOT).parts[:-1]}
    assert [name for name in sorted(names) if any(fnmatch(name, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("place, document", [("training", "training/README.md"), ("vqathinker", "README.md")])
def test_the_map_names_every_room(place: str, document: str):
    text = (ROOT / document).read_text(encoding="utf-8")
    folders = {FILES[module].parent.relative_to(ROOT) for module in inside(place)} - {Path(place)}
    names = [f"{folder.relative_to(place) if place == 'training' else folder}/" for folder in folders]
    assert len(names) > 9
    assert [name for name in names if f"\n| `{name}`" not in text] == []
