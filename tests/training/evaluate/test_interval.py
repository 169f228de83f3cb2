"""The interval covers what it promises on made-up answers; what a checkpoint is told reaches its ratings."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.training.toys import picture_row, save_checkpoint, write_built
from training.common.metrics import set_of
from training.evaluate.interval import INTERVAL_COVERAGE, calibrate, coverage, fit_interval, halves, main
from vqathinker import load_rater
from vqathinker.rating.rating import NORMAL_90

CALIBRATION = {"factor": 1.3, "floor": 0.25}


def made(count: int, seed: int, name: str = "clive", factor: float = 1.0, floor: float = 0.3) -> list[dict]:
    """Answers whose errors are normal with the deviation factor * sqrt(variance + floor^2)."""
    rng = np.random.default_rng(seed)
    variances = rng.uniform(0.01, 0.5, count)
    errors = rng.normal(0, factor * np.sqrt(variances + floor**2))
    return [
        {"set": name, "mos": 3.0 + error, "score": 3.0, "variance": variance}
        for error, variance in zip(errors, variances, strict=True)
    ]


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_nine_in_ten_lie_within_on_answers_that_were_not_fitted(factor, seed):
    fitted = fit_interval(made(400, seed, factor=factor))
    checked = coverage(made(4000, seed + 10, factor=factor), fitted)["clive"]
    assert checked["coverage"] == pytest.approx(INTERVAL_COVERAGE, abs=0.05) and checked["samples"] == 4000
    assert fitted["factor"] == pytest.approx(factor, rel=0.35)


def test_errors_that_do_not_follow_the_variance_get_a_high_floor_and_those_that_do_a_low_one():
    rng = np.random.default_rng(0)
    alike = [line | {"mos": 3.0 + error} for line, error in zip(made(900, 1), rng.normal(0, 0.5, 900), strict=True)]
    assert fit_interval(alike)["floor"] > fit_interval(made(900, 2, floor=0.0))["floor"] + 0.3


def test_a_small_set_counts_as_much_as_a_large_one():
    small, large = made(50, 0, "avt", factor=2.0), made(2000, 1, "biq", factor=0.5)
    together = fit_interval([*small, *large])["factor"]
    assert fit_interval(large)["factor"] * 1.5 < together
    widths = {name: found["width"] for name, found in coverage([*small, *large], CALIBRATION).items()}
    assert set(widths) == {"avt", "biq"}


def test_a_few_answers_are_covered_to_the_last():
    few = made(5, 3)
    assert coverage(few, fit_interval(few))["clive"]["coverage"] == 1.0


def test_contents_are_halved_set_by_set_and_never_split():
    rows = [picture_row(k, content=f"clive:{k // 2}") for k in range(40)]
    rows += [picture_row(k, group="avt_uhd", content=f"avt:{k // 10}") for k in range(40)]
    first, second = halves(rows, 0)
    assert sorted(map(id, first + second)) == sorted(map(id, rows))
    assert not {row["content"] for row in first} & {row["content"] for row in second}
    for part in (first, second):
        assert {name: len({r["content"] for r in part if set_of(r) == name}) for name in ("clive", "avt")} == {
            "clive": 10, "avt": 2,
        }  # fmt: skip
    assert halves(rows, 0) == halves(rows, 0) != halves(rows, 1)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A toy checkpoint whose config.json was completed, the report, and a picture to rate."""
    root = tmp_path_factory.mktemp("interval")
    data, built, checkpoint = root / "data", root / "built", save_checkpoint(root / "toy")
    write_built(data, built)
    before = json.loads((checkpoint / "config.json").read_text())
    main([str(data), str(built), str(root / "features"), str(checkpoint)])
    return before, checkpoint, data, built, root / "features"


def test_the_command_completes_the_settings_and_reports_the_other_half(calibrated):
    before, checkpoint, *_ = calibrated
    settings = json.loads((checkpoint / "config.json").read_text())
    report = json.loads((checkpoint / "interval.json").read_text())
    assert settings == before | {"calibration": report["calibration"]}
    assert report["calibration"]["factor"] > 0 and report["calibration"]["floor"] > 0
    assert report["fitted_on"] + sum(found["samples"] for found in report["checked"].values()) == 3


def test_a_rating_has_the_interval_of_its_checkpoint(calibrated):
    _, checkpoint, data, *_ = calibrated
    found = json.loads((checkpoint / "config.json").read_text())["calibration"]
    rating = load_rater(str(checkpoint), "fp32").rate(data / "clive/1.png")
    low, high = rating.interval
    assert 1 <= low <= rating.score <= high <= 5
    assert rating.deviation >= found["factor"] * found["floor"] * (1 - 1e-6)
    assert rating.to_dict()["interval"] == [round(low, 4), round(high, 4)]
    free = [edge for edge in (low, high) if 1 < edge < 5]
    assert all(abs(edge - rating.score) == pytest.approx(NORMAL_90 * rating.deviation) for edge in free)


def test_the_same_features_serve_the_study_and_a_second_calibration_changes_nothing(calibrated):
    from training.common.start import load_start
    from training.evaluate.stored import open_store

    _, checkpoint, data, built, features = calibrated
    open_store(features, load_start(str(checkpoint)), 0)
    before = (checkpoint / "config.json").read_bytes()
    calibrate(data, built, features, checkpoint, seed=0, jobs=1)
    assert (checkpoint / "config.json").read_bytes() == before
