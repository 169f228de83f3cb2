"""Every plot is drawn from what it is about, at README width, and left out where there is nothing to draw."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from tests.training.report.test_card import order_in_time, sampled
from tests.training.study.test_run import made_lines
from tests.training.toys import row
from training.evaluate.run import summary
from training.report.plots import draw_all, plot_makers
from training.report.plots_style import smooth
from training.study.run import make_study


def write_lines(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))


def sft_log() -> list[dict]:
    log = [{"stage": "vision", "step": k, "loss": 3 / k} for k in range(1, 40)]
    log[-1]["validation"] = {"clive_srcc": 0.7, "avt_srcc": None, "macro_f1": 0.3}
    log += [{"stage": "motion", "step": k, "loss": 1 / k} for k in range(1, 5)]
    log[-1]["validation"] = {"freeze": 0.8, "disorder": 0.4}
    return log


def grpo_log() -> list[dict]:
    log = [{"step": 0, "validation": {"reward": 2.3, "clive_expected_srcc": 0.8, "ordered_by_expected": 0.7}}]
    parts = {"format": 1.0, "regression": 0.6, "ranking": 0.8, "bonus": 0.1, "kl": None, "spread": 0.3}
    parts |= {"completions/mean_length": 50.0}
    log += [{"step": k, "reward": 2.3 + k / 100, **parts} for k in range(1, 30)]
    log[-1]["validation"] = {"reward": 2.6, "clive_expected_srcc": 0.82, "ordered_by_expected": 0.9}
    return log


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An evaluation, a supervised run, a GRPO run and a study, all made up."""
    root = tmp_path_factory.mktemp("plots")
    evaluation, sft, grpo, study = (root / name for name in ("evaluation", "sft", "grpo", "study"))
    for folder in (evaluation, sft, grpo, study):
        folder.mkdir()
    blur = [{"name": "blur", "severity": "slight"}]
    rows = [row(i, ladder="a", family="blur", strength=float(-i), defects=blur) for i in range(6)]
    lines = [
        {
            "id": one["id"],
            "set": "pseudo",
            "mos": one["mos"],
            "score": 1.5 + i / 4,
            "expected": 1.4 + i / 4,
            "greedy": 1.5,
        }
        | {"defects": blur[: i % 2], "well_formed": True}
        for i, one in enumerate(rows)
    ]
    result = summary(rows, lines, "tiny") | {"preference": order_in_time(), "calibration": sampled()}
    (evaluation / "evaluation.json").write_text(json.dumps(result))
    write_lines(evaluation / "predictions.jsonl", [*lines, {"id": "gone", "error": "gone"}])
    write_lines(sft / "log.jsonl", sft_log())
    write_lines(grpo / "grpo_log.jsonl", grpo_log())
    runs = {"start": made_lines(0, 1.0), "grpo-seed0": made_lines(1, 0.2), "no-format-seed0": made_lines(2, 0.3)}
    (study / "study.json").write_text(json.dumps(make_study(runs)))
    return evaluation, [sft, grpo, study]


def test_all_plots_are_drawn_at_readme_width(folders, tmp_path):
    said: list[str] = []
    written = draw_all(*folders, tmp_path / "out", report=said.append)
    assert said == [] and {path.stem for path in written} == set(plot_makers(*folders))
    for path in written:
        with Image.open(path) as picture:
            assert 500 <= picture.width <= 850 and 150 < picture.height < 700
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20
        assert path.stat().st_size < 150_000


def test_plots_without_numbers_are_left_out_and_named(folders, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    said: list[str] = []
    written = draw_all(empty, [folders[1][0]], tmp_path / "out", report=said.append)
    assert {path.stem for path in written} == {"sft_loss", "sft_validation"}
    assert len(said) == len(plot_makers(*folders)) - 2 and "ablation: no numbers for it, left out" in said


def drawn(folders, name: str):
    figure = plot_makers(*folders)[name]()
    pyplot.close(figure)
    return figure


def test_curves_are_what_was_logged(folders):
    figure = drawn(folders, "grpo_validation")
    line = figure.axes[1].get_lines()[0]
    assert list(line.get_xdata()) == [0, 29] and list(line.get_ydata()) == [2.3, 2.6]
    assert list(figure.axes[1].get_lines()[1].get_ydata()) == [2.3, 2.3]


def test_dots_stand_at_the_measured_shares(folders):
    axis = drawn(folders, "preference").axes[0]
    names = [label.get_text() for label in axis.get_yticklabels()]
    dots = axis.containers[0].lines[0].get_xdata()
    assert names[0] == "all six" and dots[0] == pytest.approx(28 / 30)
    assert dots[names.index("reverse")] == pytest.approx(0.6)


def test_points_are_the_predictions(folders):
    points = drawn(folders, "agreement").axes[0].collections[0].get_offsets()
    assert points[:, 1].tolist() == [1.5 + i / 4 for i in range(6)]


def test_smoothing_averages_what_was_before():
    assert smooth(np.array([2.0, 4.0, 6.0, 0.0]), 2).tolist() == [2.0, 3.0, 5.0, 3.0]
