"""The measures of the model card, on answers whose result is known, and the command that takes them."""

import json

import numpy as np
import pytest

from tests.training.toys import save_checkpoint, write_built
from training.data.reasoning import GOOD_MOS
from training.evaluate.__main__ import main
from training.evaluate.measures import (
    baselines,
    clustered_share,
    coded_heights,
    defect_report,
    ladder_pairs,
    order_report,
)
from training.evaluate.run import clip_slope, headline, summary
from vqathinker import cli


def row(index, **values):
    base = {
        "id": str(index),
        "content": f"clips:{index}",
        "group": "clips",
        "split": "val",
        "kind": "pseudo",
        "mos": 3.0,
        "family": "blur",
        "ladder": None,
        "strength": 0.0,
        "defects": [],
        "facts": {"num_frames": 50},
    }
    return base | values


def test_pairs_are_counted_within_a_ladder_and_ties_are_wrong():
    rows = [row(i, ladder="a", strength=float(i)) for i in range(3)] + [row(3, ladder="b", strength=9.0)]
    pairs = ladder_pairs(rows, np.array([3.0, 2.0, 2.0, 5.0]))
    assert pairs == {"blur": {"a": [True, True, False]}}


def test_order_is_reported_for_all_and_for_each_family():
    rows = [
        row(0, ladder="a", strength=1.0),
        row(1, ladder="a", strength=2.0),
        row(2, ladder="n", family="noise", strength=1.0),
        row(3, ladder="n", family="noise", strength=2.0),
    ]
    report = order_report(rows, np.array([3.0, 2.0, 2.0, 3.0]))
    assert report["all"]["value"] == 0.5 and report["all"]["pairs"] == 2
    assert report["families"]["blur"]["value"] == 1.0 and report["families"]["noise"]["value"] == 0.0


def test_ladders_of_one_content_are_drawn_together():
    rows = [row(i, ladder="ab"[i // 2], strength=float(i % 2), content="one") for i in range(4)]
    report = order_report(rows, np.array([3.0, 2.0, 2.0, 3.0]))["all"]
    assert (report["pairs"], report["clusters"]) == (2, 1)
    assert report["value"] == report["low"] == report["high"] == 0.5


def test_the_interval_of_a_perfect_order_has_no_width():
    whole = {"value": 1.0, "low": 1.0, "high": 1.0, "pairs": 3, "clusters": 2}
    assert clustered_share([[True, True], [], [True]]) == whole


def test_defects_are_scored_on_samples_whose_truth_is_known():
    blur, noise = [{"name": "blur", "severity": "slight"}], [{"name": "noise", "severity": "severe"}]
    unknown = {"kind": "human", "group": "clive", "mos": GOOD_MOS - 0.1}
    rows = [row(0, defects=blur), row(1, defects=blur), row(2, defects=noise), row(3, **unknown)]
    predictions = [{"defects": blur}, {"defects": []}, {"defects": noise + blur}, {"defects": noise}]
    report = defect_report(rows, predictions)
    assert report["each"]["blur"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "samples": 2}
    assert report["each"]["noise"]["f1"] == 1.0
    assert report["macro_f1"]["value"] == pytest.approx(0.75)
    assert report["samples"] == 3
    assert report["false_alarms"]["pairs"] == 0


def test_a_defect_named_in_a_clean_clip_is_a_false_alarm():
    blur = [{"name": "blur", "severity": "slight"}]
    liked = {"kind": "human", "group": "biq2021", "mos": GOOD_MOS}
    rows = [row(0, defects=blur), *(row(index) for index in range(1, 5)), row(5, kind="human", group="clive")]
    rows += [row(6, **liked, family="filmed"), *(row(k, **liked, facts={"num_frames": 1}) for k in (7, 8, 9))]
    predictions = [{"defects": found} for found in (blur, blur, [], [], [], blur, [], blur, blur, [])]
    report = defect_report(rows, predictions)
    assert (report["false_alarms"]["value"], report["false_alarms"]["pairs"]) == (0.2, 5)
    assert (report["false_alarms_stills"]["value"], report["false_alarms_stills"]["pairs"]) == (pytest.approx(2 / 3), 3)


def test_a_summary_leaves_out_what_could_not_be_rated():
    rows = [
        row(i, mos=1.0 + i, ladder="a", strength=float(-i), defects=[{"name": "blur", "severity": "slight"}])
        for i in range(4)
    ]
    lines = [
        {"id": str(i), "score": 1.5 + i, "expected": 1.0 + i, "greedy": 2.0, "defects": [], "well_formed": i > 0}
        for i in range(3)
    ]
    result = summary(rows, [*lines, {"id": "3", "error": "gone"}], "tiny")
    assert result["samples"] == 3 and result["not_rated"] == 1
    assert result["sets"]["pseudo"]["score"]["srcc"]["value"] == pytest.approx(1.0)
    assert result["sets"]["pseudo"]["score"]["mae"]["value"] == pytest.approx(0.5)
    assert result["sets"]["pseudo"]["bias"] == pytest.approx(0.5) and result["slope"] == pytest.approx(1.0)
    assert result["sets"]["pseudo"]["greedy"]["srcc"]["value"] is None
    assert (result["order"]["all"]["value"], result["order_greedy"]["all"]["value"]) == (1.0, 0.0)
    assert result["well_formed"] == pytest.approx(2 / 3)


def test_the_slope_is_that_of_moving_clips_and_of_one_mos_there_is_none():
    rows = [row(0, mos=1.0), row(1, mos=3.0), row(2, mos=5.0, facts={"num_frames": 1})]
    lines = [{"score": 2.0}, {"score": 3.0}, {"score": 1.0}]
    assert clip_slope(rows, lines) == pytest.approx(0.5)
    assert clip_slope(rows[:1], lines[:1]) is None
    told = [{"id": "0", "score": 2.0, "expected": 2.0, "greedy": 2.0, "defects": [], "well_formed": True}]
    assert "slope of score on MOS, clips      undefined" in headline(summary(rows[:1], told, "tiny"))


def test_a_constant_and_the_coded_height_are_the_plain_alternatives():
    train = [row(i, group="avt_uhd", mos=mos) for i, mos in enumerate((1.0, 2.0, 4.0))]
    rows = [row(i, group="avt_uhd", mos=1.0 + i, path=f"avt_uhd/{i}.jpg") for i in range(4)]
    heights = {f"avt_uhd/{i}.jpg": 100.0 * (i + 1) for i in range(4)}
    found = baselines(train, rows, heights)["avt"]
    assert found["constant"] == {"answer": 2.0, "mae": 1.0}
    assert found["coded_height"]["srcc"]["value"] == pytest.approx(1.0)
    assert "coded_height" not in baselines(train, rows, {})["avt"]


def test_coded_heights_come_from_the_labels(data_dir, tmp_path):
    assert coded_heights(data_dir)["avt_uhd/1.jpg"] == 176.0
    assert coded_heights(tmp_path) == {}


def test_every_part_is_measured_alone_and_together_and_only_with_its_checkpoint(tmp_path, capsys):
    data, built, out = tmp_path / "data", tmp_path / "built", tmp_path / "out"
    write_built(data, built)
    checkpoint = save_checkpoint(tmp_path / "toy")
    command = [str(data), str(built), str(out), "--model", str(checkpoint), "--rollouts", "2", "--pseudo", "2"]
    main([*command, "--parts", "calibration"])
    assert set(json.loads((out / "evaluation.json").read_text())) == {"hashes", "calibration"}
    main([*command, "--parts", "preference,agreement"])
    result = json.loads((out / "evaluation.json").read_text())
    assert {"hashes", "sets", "order", "order_greedy", "slope", "baselines", "preference"} <= set(result)
    assert "interval" not in result
    assert result["samples"] == 6 and result["not_rated"] == 1 and result["well_formed_greedy"]["pairs"] == 6
    assert result["baselines"]["clive"]["constant"]["answer"] == 2.0
    assert result["preference"]["clips"] == 3 and result["preference"]["expected"]["all"]["pairs"] == 18
    assert "ordered preferred, by expected" in capsys.readouterr().out
    lines = {path.name: path.read_bytes() for path in out.glob("*.jsonl")}
    main(command)
    assert json.loads((out / "evaluation.json").read_text()) == result
    assert {path.name: path.read_bytes() for path in out.glob("*.jsonl")} == lines
    other = save_checkpoint(tmp_path / "other", seed=1)
    with pytest.raises(SystemExit, match="measurements of another checkpoint"):
        main([*command, "--model", str(other)])


def test_labels_of_a_benchmark_are_measured_as_the_package_measures_them(tmp_path, capsys):
    write_built(tmp_path / "data", tmp_path / "built")
    checkpoint = save_checkpoint(tmp_path / "toy")
    annotations = [{"image_id": f"{index}.png", "score": 2.0 + index} for index in range(3)]
    labels = tmp_path / "KoNViD.json"
    labels.write_text(json.dumps({"annotations": annotations}))
    command = [str(labels), f"--videos={tmp_path / 'data' / 'clive'}", "--model", str(checkpoint)]
    reports = [tmp_path / name for name in ("ours.json", "theirs.json")]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--out", str(reports[0])])
    assert ended.value.code == 0 and "SRCC" in capsys.readouterr().out
    assert cli.main(["evaluate", *command, "--out", str(reports[1])]) == 0
    ours, theirs = (json.loads(report.read_text()) for report in reports)
    assert ours["metrics"] == theirs["metrics"] and len(ours["metrics"]) == 2


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["data", "built", "out", "--parts", "agreement,speed"])
    assert "unknown part 'speed'" in capsys.readouterr().err
