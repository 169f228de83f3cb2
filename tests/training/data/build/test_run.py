import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from training.common.metrics import FILMED, LIKED, set_of
from training.data import ffmpeg
from training.data.build.filmed import FILMED_SIDES
from training.data.build.plan import MIXTURES, plan
from training.data.build.references import make_reference
from training.data.build.run import CLEAN_TAKES, GRPO_SHARES, build_data
from training.data.build.sources import load_contents
from training.data.reasoning import GOOD_MOS, is_clean
from training.grpo.setup import read_splits

LIMIT = 14


@pytest.fixture(scope="module")
def built(data_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    manifest = build_data(data_dir, out, jobs=1, limit=LIMIT, max_lines=96)
    return out, [json.loads(line) for line in manifest.read_text().splitlines()]


def test_a_tiny_build_runs_end_to_end(data_dir, built):
    out, rows = built
    clips = [row for row in rows if row["kind"] == "pseudo" and row["group"] != LIKED]
    assert LIMIT - 3 <= sum(row["family"] != "clean" for row in clips) <= LIMIT
    assert len({row["family"] for row in clips}) >= 3
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert ((data_dir if row["root"] == "data" else out) / row["path"]).is_file()
        assert 1 <= row["mos"] <= 5
    pictures = Counter(row["group"] for row in rows if row["root"] == "data")
    assert pictures == {"clive": 5, "avt_uhd": 24, "biq2021": 18}
    clean = Counter(row["content"] for row in clips if row["family"] == "clean")
    assert set(clean.values()) <= {CLEAN_TAKES, 2 * CLEAN_TAKES}  # a scene may have been filmed twice


def test_a_share_of_the_pictures_is_kept_for_grpo_and_the_official_test_stays_apart(data_dir, built):
    out, rows = built
    splits = Counter(row["split"] for row in rows if row["group"] == "biq2021" and row["root"] == "data")
    assert splits == {"test": 4, "val": 1, "grpo": round(13 * GRPO_SHARES["biq2021"]), "train": 13 - 7}
    assert {row["split"] for row in rows if row["group"] != "biq2021"} == {"train", "val"}
    train, held_out = read_splits(data_dir, out)
    assert {item.split for item in train if item.group == "biq2021"} == {"grpo"}
    official = {row["id"] for row in rows if row["split"] == "test"}
    assert not official & {item.id for item in (*train, *held_out)}


def test_liked_pictures_of_the_start_become_a_clean_clip_and_a_broken_one(built):
    _, rows = built
    pictures = {row["content"]: row for row in rows if row["root"] == "data"}
    clips = [row for row in rows if row["group"] == LIKED]
    assert clips
    for content in {row["content"] for row in clips}:
        clean, *broken = sorted((row for row in clips if row["content"] == content), key=lambda row: -row["mos"])
        picture = pictures[content]
        assert picture["split"] == clean["split"] == "train" and picture["mos"] >= GOOD_MOS
        assert (clean["mos"], clean["family"], clean["ladder"]) == (picture["mos"], "clean", None)
        assert clean["facts"]["num_frames"] == 60
        assert len(broken) == 1 and 1 <= broken[0]["mos"] < clean["mos"] and broken[0]["family"] != "clean"


def test_pictures_of_grpo_and_liked_held_out_ones_are_filmed_and_keep_their_score(data_dir, built):
    out, rows = built
    filmed = [row for row in rows if row["family"] == FILMED]
    pictures = {row["content"]: row for row in rows if row["root"] == "data" and row["group"] == "biq2021"}
    wanted = [
        one["content"]
        for one in pictures.values()
        if one["split"] == "grpo" or (one["split"] == "val" and one["mos"] >= GOOD_MOS)
    ]
    assert sorted(row["content"] for row in filmed) == sorted(wanted) != []
    assert {row["split"] for row in filmed} == {"grpo", "val"}
    for row in filmed:
        picture = pictures[row["content"]]
        assert (row["mos"], row["kind"], row["split"]) == (picture["mos"], "human", picture["split"])
        assert row["defects"] == [] and row["facts"]["num_frames"] == 60
        assert row["facts"]["width"] in FILMED_SIDES[row["split"]]
        motion = np.abs(np.diff(ffmpeg.grey_frames(out / row["path"]).astype(float), axis=0)).mean()
        assert 0 < motion < 20
    assert all(is_clean(row) for row in filmed if row["split"] == "val")
    shown, _ = read_splits(data_dir, out)
    kept = {row["id"] for row in filmed if row["split"] == "grpo"}
    assert {item.id for item in shown if item.group == FILMED} == kept != set()
    assert {set_of(row) for row in rows} == {"clive", "avt", "biq", "biq_test", "biq_filmed", "pseudo"}


def test_no_file_is_left_behind(built):
    out, rows = built
    videos = {row["path"] for row in rows if row["root"] == "out"}
    assert {f"videos/{path.name}" for path in (out / "videos").iterdir()} == videos
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_splits_are_disjoint_by_content(built):
    _, rows = built
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["content"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_along_a_ladder_the_score_falls(built):
    _, rows = built
    ladders: dict[str, list[dict]] = {}
    for row in rows:
        if row["ladder"]:
            ladders.setdefault(row["ladder"], []).append(row)
    assert any(len(steps) > 1 for steps in ladders.values())
    for steps in ladders.values():
        steps.sort(key=lambda row: row["strength"])
        assert all(a["mos"] >= b["mos"] for a, b in zip(steps, steps[1:], strict=False))


def test_defects_follow_the_row(built):
    _, rows = built
    for row in (row for row in rows if row["kind"] == "pseudo"):
        names = {defect["name"] for defect in row["defects"]}
        assert "low_resolution" in names  # every clip here is tiny
        if row["family"] != "mixture":
            assert names <= {"low_resolution", row["family"]}


def test_a_second_run_makes_nothing_and_an_interrupted_one_only_what_is_missing(data_dir, built):
    out, rows = built
    manifest = out / "manifest.jsonl"
    before = manifest.read_text()
    times = {path.name: path.stat().st_mtime_ns for path in (out / "videos").iterdir()}
    lost = next(row for row in rows if row["ladder"])
    (out / lost["path"]).unlink()
    with (out / "made.jsonl").open("a") as log:
        log.write('{"id": "cut off in the mid')
    build_data(data_dir, out, jobs=1, limit=LIMIT, max_lines=96)
    assert manifest.read_text() == before
    changed = {p.name for p in (out / "videos").iterdir() if times[p.name] != p.stat().st_mtime_ns}
    assert changed == {lost["path"].removeprefix("videos/")}


def test_the_plan_is_seeded_and_balanced(data_dir, tmp_path):
    (tmp_path / "videos").mkdir()
    contents = [c for group in ("clips", "photos") for c in load_contents(data_dir, 0, group)]
    references = {c.path: make_reference(c, data_dir, tmp_path, 0, 96) for c in contents}
    samples = plan(contents, references, 0)
    assert samples == plan(contents, references, 0) != plan(contents, references, 1)
    assert len({sample.id for sample in samples}) == len(samples)
    assert len({sample.ops[0].family for sample in samples}) >= 10
    assert plan([replace(content, split="test") for content in contents], references, 0) == []
    mixtures = [sample for sample in samples if len(sample.ops) == 2]
    assert Counter(sample.content.path for sample in mixtures) == {c.path: MIXTURES[c.split] for c in contents}
    assert all(sample.ops[0].family != sample.ops[1].family for sample in mixtures)
