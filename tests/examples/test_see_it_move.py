"""The demonstration of GRPO: its labels are what it says, it trains, and its notebook goes the same way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from examples import see_it_move
from vqathinker.bundled import examples_folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("move")
    small = {"max_steps": 2, "videos_per_step": 2, "num_generations": 2, "micro_batch": 2, "save_steps": 2}
    small |= {"validation": 1, "validation_group": 2}
    see_it_move.train(folder, replace(see_it_move.SETTINGS, **small))
    return folder


def test_each_clip_is_labelled_with_what_the_model_said_and_the_shift(tmp_path):
    labels = see_it_move.write_labels(tmp_path / "labels.jsonl")
    assert len(labels) == 8 and all((examples_folder() / file).is_file() for file in labels)
    record = json.loads((examples_folder() / "records" / "squirrel.json").read_text(encoding="utf-8"))
    wanted = min(see_it_move.BEST, record["report"]["score"] + see_it_move.SHIFT)
    assert labels["squirrel.mp4"] == pytest.approx(wanted)
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert [row["conversations"][1]["value"] for row in rows] == list(labels.values())


def test_it_trains_and_tells(trained):
    assert len(see_it_move.rewards(trained)) == 2
    _, *clips, distance = see_it_move.table(trained).splitlines()
    rows = [[float(word) for word in line.split()[1:]] for line in clips]
    assert len(rows) == 8 and all(len(row) == 3 for row in rows)
    told = [float(word) for word in distance.split()[-2:]]
    assert told == pytest.approx([sum(abs(row[at] - row[0]) for row in rows) / 8 for at in (1, 2)], abs=0.01)
    assert told[0] == pytest.approx(see_it_move.SHIFT, abs=0.01)


def test_the_notebook_calls_what_is_there():
    notebook = json.loads((examples_folder() / "see_it_move.ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for source in code:
        compile(source, "notebook", "exec")
    used = {name for name in dir(see_it_move) if f"see_it_move.{name}(" in "\n".join(code)}
    assert used == {"train", "rewards", "table"}
    assert not any(cell.get("outputs") for cell in notebook["cells"])
