"""The training log beside a checkpoint: read whole, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.space.stories import STILL, content, save, story, write
from vqathinker.bundled import CHECKPOINTS, checkpoint_folder
from vqathinker.space.history.log import BROKEN_LOG, LOG_FILE, MISSING, StoryError, read_story


def test_a_log_is_read_with_all_its_parts(tmp_path):
    found = story(tmp_path)
    assert found.saves == (0, 5, 10) and found.last == 10 and found.steps == tuple(range(1, 11))
    assert found.columns["kl"][:2] == (None, 0.01) and found.checked_at(5)["reward"] == 2.45
    assert found.checked_at(7) == {} and [stage.name for stage in found.stages] == ["vision", "motion", "language"]
    assert found.probes[1].saves[5].readable == [1.9, 2.1] and not found.probes[1].human
    effects = found.study.recipe
    assert effects["regression_human"].change.rose and effects["srcc_clive"].change.fell
    assert not effects["ranking_human"].change.rose and not effects["ranking_human"].change.fell
    assert found.study.ablation["format"] is None and found.study.ablation["temporal"].seeds == 0


def test_a_sampled_score_outside_the_scale_counts_as_its_end(tmp_path):
    probes = content()["probes"]
    probes[0]["saves"][0]["scores"] = [16.0, None, 0.0, 3.5]
    found = story(tmp_path, probes=probes).probes[0]
    assert found.saves[min(found.saves)].readable == [5.0, 1.0, 3.5]


def test_only_the_steps_must_be_there_and_the_replay_falls_back_on_what_there_is(tmp_path):
    bare = {"settings": {}, "supervised": [], "probes": [], "study": None}
    assert story(tmp_path, **bare).saves == (0, 5, 10)
    assert story(tmp_path, **bare, validation=[]).saves == (10,)


def test_an_interval_that_is_not_defined_is_never_beyond_chance(tmp_path):
    study = content()["study"]
    study["recipe"]["srcc_clive"] |= {"value": None, "low": None, "high": None}
    found = story(tmp_path, study=study).study.recipe["srcc_clive"].change
    assert not found.known and not found.rose and not found.fell


def test_no_file_and_no_folder_are_one_sentence(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StoryError) as error:
            read_story(folder)
        assert str(error.value) == MISSING


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"training"', "\udcff", '{"format": 1}', '{"format": 2}'])
def test_what_is_no_log_is_one_sentence(tmp_path, text: str):
    (tmp_path / LOG_FILE).write_bytes(text.encode(errors="surrogateescape"))
    assert_refused(tmp_path)


def probe(**changes: object) -> dict:
    return content()["probes"][0] | changes


@pytest.mark.parametrize(
    "broken",
    [
        {"steps": {"step": []}},
        {"steps": {"step": [1, 1], "reward": [2.0, 2.0]}},
        {"steps": {"step": [1, 2], "reward": [2.0]}},
        {"steps": {"step": [1], "reward": ["2"]}},
        {"steps": {"step": [1.5], "reward": [2.0]}},
        {"steps": {"step": [1], "reward": [float("nan")]}},
        {"steps": {"step": [1], "reward": [True]}},
        {"steps": [1, 2]},
        {"settings": {"videos": "many"}},
        {"supervised": [{"name": "see"}]},
        {"validation": [{"step": 5}, {"step": 0}]},
        {"validation": [{"reward": 1.0}]},
        {"probes": [probe(mos=7)]},
        {"probes": [probe(saves=[])]},
        {"probes": [probe(saves=[save(0, 3.0, [3.0]) | {"text": None}])]},
        {"probes": "none"},
        {"study": content()["study"] | {"titles": {}}},
        {"study": content()["study"] | {"recipe": {"srcc_clive": STILL}}},
        {"study": content()["study"] | {"ablation": {"format": {"seeds": 1}}}},
    ],
)
def test_what_does_not_fit_together_is_one_sentence(tmp_path, broken: dict):
    assert_refused(write(tmp_path, **broken))


def assert_refused(folder: Path) -> None:
    with pytest.raises(StoryError) as error:
        read_story(folder)
    head, tail = BROKEN_LOG.split("{}")
    told = str(error.value)
    assert told.startswith(head) and told.endswith(tail) and "\n" not in told and len(told) > len(head) + len(tail) + 3


def test_the_log_of_the_bundled_checkpoint_is_there_and_light():
    path = checkpoint_folder("tiny") / LOG_FILE
    found = read_story(checkpoint_folder("tiny"))
    assert path.stat().st_size < 250_000 and json.loads(path.read_text(encoding="utf-8"))["format"] == 1
    assert found.saves[0] == 0 and found.last == found.steps[-1] and found.probes


def test_a_checkpoint_is_found_by_name_and_by_folder(tmp_path):
    assert checkpoint_folder("tiny") == CHECKPOINTS / "tiny" and checkpoint_folder(str(tmp_path)) == tmp_path
