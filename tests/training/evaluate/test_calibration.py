"""Spread against error on answers whose calibration is known, and the sampling that feeds it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.toys import make_loaded, picture_row, row, write_built
from training.evaluate.calibration import (
    bins,
    calibration_report,
    calibration_sentence,
    choose_samples,
    sample_all,
    spread_report,
    widening,
)
from vqathinker.model.generation import prefill, rollout_seeds, write
from vqathinker.video import load_clip


def drawn(scale: float, count: int = 600):
    """Means whose errors are normal with `scale` times the told spread; spreads between 0.1 and 1."""
    rng = np.random.default_rng(4)
    spread, mos = rng.uniform(0.1, 1.0, count), rng.uniform(2, 4, count)
    return mos + rng.normal(0, scale * spread), spread, mos


def test_an_honest_spread_covers_what_it_promises():
    report = spread_report(*drawn(1.0), list(range(600)))
    for share in report["coverage"].values():
        assert share["value"] == pytest.approx(share["normal"], abs=0.05)
        assert share["low"] <= share["value"] <= share["high"]
    assert report["widening"] == pytest.approx(1.0, abs=0.1)
    assert report["rank_correlation"]["low"] > 0.3


def test_a_spread_that_is_too_small_has_to_be_widened():
    report = spread_report(*drawn(2.5), list(range(600)))
    assert report["coverage"]["1"]["value"] < 0.35
    assert report["widening"] == pytest.approx(2.5, rel=0.1)


def test_bins_are_equally_filled_and_rise_with_the_error():
    mean, spread, mos = drawn(1.0)
    found = bins(spread, np.abs(mean - mos))
    assert [entry["samples"] for entry in found] == [120] * 5
    errors = [entry["error"] for entry in found]
    assert errors == sorted(errors)
    assert all(entry["low"] < entry["error"] < entry["high"] for entry in found)


def test_no_spread_cannot_be_widened():
    assert widening(np.array([0.1, 0.2]), np.zeros(2)) is None


def test_people_count_first_and_the_others_are_spread_over_the_manifest():
    rows = [row(i) for i in range(50)] + [picture_row(i) for i in range(5)]
    chosen = choose_samples(rows, 6)
    assert [one["kind"] for one in chosen] == ["human"] * 5 + ["pseudo"] * 6
    assert [one["id"] for one in chosen[5:]] == [f"clip{i}" for i in (0, 9, 19, 29, 39, 49)]
    assert len(choose_samples(rows, 500)) == 55


def line(name: str, *scores: float | None) -> dict:
    fine = [score is not None for score in scores]
    return {"id": name, "scores": list(scores), "well_formed": fine, "cut": [not one for one in fine]}


def test_a_report_tells_form_and_spread_and_skips_what_cannot_be_read():
    rows = [picture_row(i, mos=3.0) for i in range(4)]
    lines = [line("0", 3.0, 3.2), line("1", 3.0, 4.0), line("2", 2.0, None), {"id": "3", "error": "gone"}]
    report = calibration_report(rows, lines, rollouts=2)
    assert report["samples"] == 3 and report["not_rated"] == 1
    assert report["well_formed"]["value"] == report["readable"]["value"] == pytest.approx(5 / 6)
    assert report["cut"]["value"] == pytest.approx(1 / 6)
    human = report["sets"]["human"]
    assert human["samples"] == 2 and human == report["sets"]["clive"]
    assert human["mean_error"] == pytest.approx((0.1 + 0.5) / 2)
    assert human["coverage"]["1"]["value"] == 1.0


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.4, "does mean a larger error"), (-0.1, 0.3, "does not tell"), (-0.4, -0.1, "smaller error")],
)
def test_the_sentence_says_only_what_the_interval_allows(low, high, words):
    human = {
        "rank_correlation": {"value": (low + high) / 2, "low": low, "high": high},
        "coverage": {"1": {"value": 0.41}},
        "widening": 2.04,
        "samples": 234,
    }
    sentence = calibration_sentence({"sets": {"human": human}, "rollouts": 8})
    assert words in sentence and "41%" in sentence and "2.0 spreads" in sentence
    assert calibration_sentence({"sets": {}, "rollouts": 8}) == ""


def test_answers_are_sampled_as_the_rater_samples_them_and_stored(tmp_path):
    data, built, out, loaded = tmp_path / "data", tmp_path / "built", tmp_path / "out", make_loaded()
    rows = choose_samples([one for one in write_built(data, built) if one["split"] == "val"], 2)
    lines = sample_all(loaded, rows, data, built, out, rollouts=2, seed=5)
    assert [one["id"] for one in lines] == ["picture0", "picture1", "picture2", "clip0", "clip3"]
    assert "is empty" in lines[-1]["error"] and all(len(one["scores"]) == 2 for one in lines[:-1])
    prompt = prefill(loaded.model, loaded.processor(load_clip(data / "clive/1.png", loaded.processor.video_spec)))
    limits = {"max_new_tokens": 160, "eos_token_id": loaded.eos_token_id}
    texts = write(loaded.model, prompt, seeds=rollout_seeds(5, 2), **limits)
    assert lines[1]["cut"] == [len(text) == 160 for text in texts]
    before = (out / "calibration.jsonl").read_bytes()
    assert sample_all(loaded, rows, data, built, out, rollouts=2, seed=5) == lines
    assert (out / "calibration.jsonl").read_bytes() == before
