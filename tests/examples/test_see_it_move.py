"""The demonstration of GRPO: its labels are what it says, and its notebook runs, trains and tells."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from functools import partial

import pytest

from examples import see_it_move
from vqathinker.bundled import examples_folder

SMALL = {"max_steps": 2, "videos_per_step": 2, "num_generations": 2, "micro_batch": 2, "save_steps": 2}
SMALL |= {"validation": 1, "validation_group": 2}


def cells() -> list[str]:
    notebook = json.loads((examples_folder() / "see_it_move.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in notebook["cells"])
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def seen():
    """(folder, what was printed) of the notebook, all of it, with settings of a shorter run."""
    names, settings = {}, replace(see_it_move.SETTINGS, **SMALL)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as told:
        patch.setattr(see_it_move, "train", partial(see_it_move.train, settings=settings))
        for source in cells():
            exec(compile(source, "notebook", "exec"), names)
    return names["folder"], told.getvalue()


def test_each_clip_is_labelled_with_what_the_model_said_and_the_shift(tmp_path):
    labels = see_it_move.write_labels(tmp_path / "labels.jsonl")
    assert len(labels) == 8 and all((examples_folder() / file).is_file() for file in labels)
    record = json.loads((examples_folder() / "records" / "squirrel.json").read_text(encoding="utf-8"))
    wanted = min(see_it_move.BEST, record["report"]["score"] + see_it_move.SHIFT)
    assert labels["squirrel.mp4"] == pytest.approx(wanted)
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert [row["conversations"][1]["value"] for row in rows] == list(labels.values())


def test_its_notebook_trains_and_tells(seen):
    folder, told = seen
    _, *clips, distance = told[told.index("clip  ") :].splitlines()
    rows = [[float(word) for word in line.split()[1:]] for line in clips]
    assert len(rows) == 8 and all(len(row) == 3 for row in rows)
    found = [float(word) for word in distance.split()[-2:]]
    assert found == pytest.approx([sum(abs(row[at] - row[0]) for row in rows) / 8 for at in (1, 2)], abs=0.01)
    assert found[0] == pytest.approx(see_it_move.SHIFT, abs=0.01)
    steps = see_it_move.rewards(folder)
    bars = [f"{step:3}  {reward:.2f}  {'#' * round(40 * reward)}" for step, reward in enumerate(steps, 1)]
    assert len(steps) == 2 and "\n".join(bars) in told
