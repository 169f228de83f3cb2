"""A limit that is quiet on what it was made from, and odd files that are made anew."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.training.toys import picture_row, row, save_checkpoint, write_built
from training.common.io import read_manifest
from training.evaluate import odd
from training.evaluate.novelty import DIMENSIONS, FEWEST, QUIET, Looker, fit, judged, limit_of, main, shares
from training.evaluate.odd import DRAWN, EACH, MOVING, PATTERNS, make_odd, pictures
from vqathinker.video import VideoSpec, load_clip


def flat_cloud(count: int, seed: int, width: int = 200, rank: int = 10) -> np.ndarray:
    """Points near a plane of few dimensions."""
    axes = np.random.default_rng(0).normal(size=(rank, width))
    random = np.random.default_rng(seed)
    return random.normal(size=(count, rank)) @ axes + random.normal(scale=0.1, size=(count, width))


def test_points_beside_the_plane_are_told_from_new_ones_near_it():
    plane = fit(flat_cloud(400, 1), dimensions=10)
    far = plane.distances(np.random.default_rng(3).normal(scale=3, size=(300, 200)))
    assert far.min() > 2 * plane.distances(flat_cloud(300, 2)).max()
    assert plane.components.shape == (10, 200) and fit(flat_cloud(400, 1)).components.shape == (DIMENSIONS, 200)


def test_the_limit_is_quiet_on_every_set_that_is_large_enough():
    random = np.random.default_rng(0)
    sets = {"biq": random.normal(1, 0.1, 500), "pseudo": random.normal(2, 0.1, 300), "avt": np.array([99.0])}
    told = shares(sets, limit_of(sets))
    assert told["pseudo"]["unlike"] <= QUIET + 1 / 300 and told["biq"]["unlike"] == 0
    assert told["avt"] == {"unlike": 1.0, "samples": 1} and len(sets["avt"]) < FEWEST


def test_alarms_are_counted_on_the_half_that_did_not_make_the_limit():
    rows = [row(k) for k in range(200)] + [picture_row(k) for k in range(200)]
    strange = {"noise": np.random.default_rng(5).normal(scale=3, size=(20, 200)), "alike": flat_cloud(20, 6)}
    report = judged(flat_cloud(500, 1), rows, flat_cloud(400, 2), strange)
    assert {name: found["samples"] for name, found in report["alarms"].items()} == {"clive": 100, "pseudo": 100}
    assert all(found["unlike"] <= 0.1 for found in report["alarms"].values())
    assert report["hits"]["noise"]["unlike"] == 1.0 and report["hits"]["alike"]["unlike"] <= 0.15
    assert report["hits"]["all"]["samples"] == 40 and report["learned"] == 500


def test_odd_files_are_of_every_kind_and_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(odd, "SIZE", (320, 180))
    made = make_odd(tmp_path)
    kinds = [path.stem.split("-")[0] for path in made]
    assert {kind: kinds.count(kind) for kind in DRAWN} == dict.fromkeys(DRAWN, EACH)
    assert kinds.count("pattern") == len(PATTERNS) and kinds.count("moving") == len(MOVING)
    for (name, first), (other, again) in zip(pictures(0), pictures(0), strict=True):
        assert name == other and first.tobytes() == again.tobytes()
    stills = [Image.open(path).convert("RGB").tobytes() for path in made if path.suffix == ".png"]
    assert len(set(stills)) == len(stills)
    clip = load_clip(tmp_path / "scrolling-0.mp4", VideoSpec(frames=4))
    assert not clip.info.is_still and not np.array_equal(clip.frames[0], clip.frames[-1])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A toy checkpoint, what write_built writes, and the features of its one training picture."""
    root = tmp_path_factory.mktemp("novelty")
    data, built, checkpoint = root / "data", root / "built", save_checkpoint(root / "toy")
    write_built(data, built)
    looker = Looker(checkpoint, data, built, jobs=1)
    looker.filled([looker.item(row) for row in read_manifest(built) if row["split"] == "train"], root / "learned")
    return [str(path) for path in (data, built, root / "learned", root / "held", checkpoint)]


def test_the_command_looks_at_all_and_leaves_what_cannot_be_read(folders, capsys, monkeypatch):
    monkeypatch.setattr(odd, "SIZE", (320, 180))
    main(folders)
    report = json.loads(capsys.readouterr().out)
    assert report["learned"] == 1 and report["alarms"]["pseudo"]["samples"] >= 1
    assert report["hits"]["all"]["samples"] == sum(found["samples"] for found in report["hits"].values()) / 2


def test_without_features_of_training_samples_there_is_a_sentence(folders, tmp_path):
    with pytest.raises(SystemExit, match="holds no features of training samples"):
        main([*folders[:2], str(tmp_path / "empty"), *folders[3:]])
