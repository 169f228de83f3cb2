import json

import pytest

from training.data.build import build
from training.data.plan import plan
from training.data.references import make_reference
from training.data.sources import load_contents

LIMIT = 14


@pytest.fixture(scope="module")
def built(data_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    manifest = build(data_dir, out, jobs=1, limit=LIMIT, max_lines=96)
    return out, [json.loads(line) for line in manifest.read_text().splitlines()]


def test_a_tiny_build_runs_end_to_end(data_dir, built):
    out, rows = built
    clips = [row for row in rows if row["kind"] == "pseudo"]
    assert LIMIT - 3 <= sum(row["family"] != "clean" for row in clips) <= LIMIT
    assert len({row["family"] for row in clips}) >= 3
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert ((data_dir if row["root"] == "data" else out) / row["path"]).is_file()
        assert 1 <= row["mos"] <= 5
    assert sum(row["group"] == "clive" for row in rows) == 5 and sum(row["group"] == "avt_uhd" for row in rows) == 24


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
    build(data_dir, out, jobs=1, limit=LIMIT, max_lines=96)
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
    mixtures = [sample for sample in samples if len(sample.ops) == 2]
    assert len(mixtures) == 2 * len(contents)
    assert all(sample.ops[0].family != sample.ops[1].family for sample in mixtures)
