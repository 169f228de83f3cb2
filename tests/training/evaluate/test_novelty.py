"""A limit that is quiet on what it was made from, odd files that are made anew, and a file that has to be earned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.toys import picture_row, row, save_checkpoint, write_built
from training.common.io import read_manifest
from training.evaluate import novelty, odd
from training.evaluate.novelty import (
    DIMENSIONS,
    FEWEST_SAMPLES,
    QUIET,
    Looker,
    fit_plane,
    judged,
    limit_of,
    main,
    unlike_shares,
)
from training.evaluate.odd import DRAWN, EACH, MOVING, PATTERNS, make_odd, pictures
from vqathinker import load_rater
from vqathinker.bundled import NOVELTY_FILE, checkpoint_folder
from vqathinker.model.loading import open_checkpoint
from vqathinker.model.novelty import read_novelty
from vqathinker.video import VideoSpec, load_clip


def flat_cloud(count: int, seed: int, width: int = 200, rank: int = 10) -> np.ndarray:
    """Points near a plane of few dimensions."""
    axes = np.random.default_rng(0).normal(size=(rank, width))
    random = np.random.default_rng(seed)
    return random.normal(size=(count, rank)) @ axes + random.normal(scale=0.1, size=(count, width))


def test_points_beside_the_plane_are_told_from_new_ones_near_it():
    plane = fit_plane(flat_cloud(400, 1), dimensions=10)
    far = plane.distances(np.random.default_rng(3).normal(scale=3, size=(300, 200)))
    assert far.min() > 2 * plane.distances(flat_cloud(300, 2)).max()
    assert plane.components.shape == (10, 200) and fit_plane(flat_cloud(400, 1)).components.shape == (DIMENSIONS, 200)


def test_the_limit_is_quiet_on_every_set_that_is_large_enough():
    random = np.random.default_rng(0)
    sets = {"biq": random.normal(1, 0.1, 500), "pseudo": random.normal(2, 0.1, 300), "avt": np.array([99.0])}
    told = unlike_shares(sets, limit_of(sets))
    assert told["pseudo"] <= QUIET + 1 / 300 and told["biq"] == 0 and len(sets["avt"]) < FEWEST_SAMPLES
    assert told["avt"] == 1.0 and told["all"] == pytest.approx((1 + 300 * told["pseudo"]) / 801)


def test_alarms_are_counted_on_the_halves_that_did_not_make_the_limit():
    rows = [row(k) for k in range(200)] + [picture_row(k) for k in range(200)]
    strange = {"noise": np.random.default_rng(5).normal(scale=3, size=(20, 200)), "alike": flat_cloud(20, 6)}
    detector, report = judged(flat_cloud(500, 1), rows, flat_cloud(400, 2), strange, "mark")
    samples = {name: found["samples"] for name, found in report["alarms"].items()}
    assert samples == {"clive": 200, "pseudo": 200, "all": 400}
    assert all(0 < found["unlike"] <= 0.1 for found in report["alarms"].values())
    assert report["hits"]["noise"]["unlike"] == 1.0 and report["hits"]["alike"]["unlike"] <= 0.15
    assert report["hits"]["all"]["samples"] == 40 and report["learned"] == 500
    rates = (detector.false_alarm_rate, detector.detection_rate, detector.tower)
    assert rates == (report["alarms"]["all"]["unlike"], report["hits"]["all"]["unlike"], "mark")
    assert np.mean(detector.plane.distances(flat_cloud(400, 2)) > detector.limit) <= QUIET


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


@pytest.fixture
def folders(tmp_path):
    """A toy checkpoint, what write_built writes, and the features of its one training picture."""
    data, built, checkpoint = tmp_path / "data", tmp_path / "built", save_checkpoint(tmp_path / "toy")
    write_built(data, built)
    return [str(path) for path in (data, built, tmp_path / "learned", tmp_path / "held", checkpoint)]


def printed(folders: list[str], capsys) -> dict:
    main(folders)
    return json.loads(capsys.readouterr().out)


def test_a_checkpoint_that_tells_gets_the_file_and_says_so(folders, capsys, monkeypatch):
    monkeypatch.setattr(odd, "SIZE", (320, 180))
    monkeypatch.setattr(novelty, "MOST_ALARMS", 1.0)
    monkeypatch.setattr(novelty, "FEWEST_HITS", 0.0)
    report = printed(folders, capsys)
    assert report["written"] and report["learned"] == 1 and report["alarms"]["pseudo"]["samples"] >= 1
    assert report["hits"]["all"]["samples"] == sum(found["samples"] for found in report["hits"].values()) / 2
    data, checkpoint = Path(folders[0]), Path(folders[-1])
    rating = load_rater(str(checkpoint), "fp32").rate(data / "clive" / "1.png")
    assert rating.novelty.detection_rate == pytest.approx(report["hits"]["all"]["unlike"])
    assert json.loads((checkpoint / NOVELTY_FILE).read_text())["measured"]["learned"] == 1
    monkeypatch.setattr(novelty, "FEWEST_HITS", 1.1)  # one that does not tell any more loses it
    assert not printed(folders, capsys)["written"] and not (checkpoint / NOVELTY_FILE).exists()
    assert load_rater(str(checkpoint), "fp32").rate(data / "clive" / "1.png").novelty is None


def test_missing_features_are_computed_and_kept_ones_come_first(folders, monkeypatch):
    data, built, learned, _, checkpoint = map(Path, folders)
    looker = Looker(checkpoint, data, built, jobs=1)
    rows = [one for one in read_manifest(built) if one["group"] == "clive"]
    first, others = rows[-1], len(rows)
    looker.filled(looker.store(learned, 0), [looker.item(first)])
    assert len(looker.learned(rows, learned, 1, seed=0)) == 1
    assert len(list(learned.glob("*.npz"))) == 1
    assert len(looker.learned(rows, learned, others, seed=0)) == others > 1


def test_where_nothing_can_be_read_there_is_a_sentence(folders):
    for picture in Path(folders[0]).rglob("*.png"):
        picture.write_bytes(b"no picture")
    with pytest.raises(SystemExit, match="none can be read"):
        main(folders)


def test_the_bundled_file_was_made_for_the_bundled_tower():
    """Else the page says nothing of what is unlike: run training.evaluate.novelty, then examples.record."""
    folder = checkpoint_folder("tiny")
    assert read_novelty(folder, open_checkpoint(folder).weights) is not None
