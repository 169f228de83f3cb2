"""Numbers of the card come from the measurement, and what was not measured is left out."""

import json

import numpy as np
import pytest

from tests.training.toys import picture_row, row, save_checkpoint
from training.evaluate.calibration import calibration_report
from training.evaluate.preference import preference_report
from training.evaluate.run import summary
from training.report.card import MARKERS, RUN_FOLDER, made, main, study_section, where_logs_are, write_card
from training.report.card_tables import (
    accuracy,
    data_table,
    failures,
    novelty_sentence,
    preference_section,
    sampled_section,
    with_interval,
)
from training.study.run import make_study
from vqathinker.bundled import NOVELTY_FILE
from vqathinker.video import PERTURBATIONS

ENTRY = {"value": 0.8123, "low": 0.75, "high": 0.86}
AGREEMENT = dict.fromkeys(("srcc", "plcc", "mae"), ENTRY)
RESULT = {
    "sets": {"clive": {"samples": 9, "contents": 9, "score": AGREEMENT, "greedy": AGREEMENT}},
    "order": {"all": ENTRY | {"pairs": 4}, "families": {"blur": ENTRY | {"pairs": 4}}},
    "order_greedy": {"all": ENTRY | {"pairs": 4}, "families": {"blur": ENTRY | {"pairs": 4}}},
    "defects": {
        "macro_f1": ENTRY,
        "false_alarms": ENTRY | {"pairs": 4},
        "each": {"blur": {"f1": 0.4}, "noise": {"f1": 0.9}},
    },
    "well_formed": 0.995,
}


def order_in_time() -> dict:
    """Five clips, of which two are not preferred to themselves played backwards."""
    rows = [row(i) for i in range(5)]
    modes = [
        {mode: {"score": 2.0, "expected": 4.0 if mode == "reverse" and i < 2 else 2.5} for mode in PERTURBATIONS}
        for i in range(5)
    ]
    ordered = {"score": 2.0, "expected": 3.0}
    return preference_report(rows, [{"id": f"clip{i}", "ordered": ordered, "modes": m} for i, m in enumerate(modes)])


def sampled() -> dict:
    rng, rows = np.random.default_rng(0), [picture_row(i) for i in range(20)]
    scores = [[float(one["mos"] + error) for error in rng.normal(0, 0.3, 4)] for one in rows]
    lines = [
        {"id": one["id"], "scores": s, "well_formed": [True, True, True, i > 0], "cut": [False] * 4}
        for i, (one, s) in enumerate(zip(rows, scores, strict=True))
    ]
    return calibration_report(rows, lines, rollouts=4)


def test_an_interval_is_written_with_its_bounds():
    assert with_interval(ENTRY) == "0.812 [0.750, 0.860]"
    assert with_interval({"value": None, "low": None, "high": None}) == "–"


def test_the_table_holds_the_measured_numbers():
    text = accuracy(RESULT)
    assert text.count("0.812 [0.750, 0.860]") == 10
    assert "0.9950" in text and "disorder" not in text and "sampled" not in text


def test_a_set_of_few_contents_says_so():
    assert "|  | 9 |" in accuracy(RESULT) and "contents |" not in accuracy(RESULT)
    few = {"clive": RESULT["sets"]["clive"] | {"contents": 2}}
    assert "| 9 of 2 contents |" in accuracy(RESULT | {"sets": few})


def test_what_needs_no_model_stands_beside_the_model():
    plain = {"clive": {"constant": {"answer": 3.5, "mae": 0.7}, "coded_height": {"srcc": ENTRY | {"value": 0.92}}}}
    text = accuracy(RESULT | {"baselines": plain})
    assert "| *always 3.50* |  |  | 0.700 |  |  |" in text and "| *coded height alone* | 0.920 [" in text


def test_level_slope_and_intervals_are_told_where_they_were_measured():
    sets = {"clive": RESULT["sets"]["clive"] | {"bias": -0.123}}
    checked = {"clive": {"coverage": 0.912, "width": 1.3, "samples": 90}}
    text = accuracy(RESULT | {"sets": sets, "slope": 0.83, "interval": checked})
    assert "| -0.12 | 9 |" in text and "all held-out clips | 0.83 |" in text
    assert "90 % interval, LIVE-Challenge pictures, human MOS (mean width 1.30) | 0.912 |" in text
    assert "slope" not in accuracy(RESULT | {"slope": None}) and "interval" not in accuracy(RESULT)


def test_the_hardest_disorder_is_named_with_its_share():
    result = RESULT | {"preference": order_in_time()}
    assert "six disorders (played backwards) | 0.600 [" in accuracy(result)
    assert "| all six | 0.933 [" in preference_section(result) and "| 0.000 [0.000, 0.000] |" in preference_section(
        result
    )
    assert "in disorder when it is: played backwards (0.60)." in failures(result)
    assert preference_section(RESULT) == ""


def test_sampled_answers_are_told_with_what_their_spread_is_worth():
    result = RESULT | {"calibration": sampled()}
    text = sampled_section(result)
    assert "80 answers sampled about 20 validation samples: 98.75% are well-formed" in text
    assert "rank correlation of spread and error" in text and "| LIVE-Challenge pictures, human MOS |" in text
    assert "well-formed among 80 sampled answers | 0.9875" in accuracy(result)
    assert sampled_section(RESULT) == ""


def test_the_weakest_defects_are_named_first():
    assert "blur (F1 0.40), noise (F1 0.90)" in failures(RESULT)


def test_what_is_undefined_is_no_failure():
    nothing = {"value": None, "low": None, "high": None}
    order = {"expected": {"modes": {"reverse": nothing, "drop": nothing | {"value": 0.0}}}}
    empty = {"order": {"families": {}}, "defects": {"each": {}}, "preference": order}
    assert (
        failures(empty)
        == "- It does not reliably see that a clip is in disorder when it is: frames turned black (0.00)."
    )


def test_contents_and_samples_are_counted_apart():
    rows = [{"group": "clips", "kind": "pseudo", "split": "train", "content": c} for c in "aab"]
    assert "| clips | pseudo | train | 2 | 3 |" in data_table(rows)


def test_a_run_with_grpo_says_what_it_changed(tmp_path):
    assert "GRPO" not in made(tmp_path)
    log = [
        {"step": 0, "validation": {"reward": 2.3}},
        {"step": 7, "reward": 9.0},
        {"step": 8, "validation": {"reward": 2.5}},
    ]
    (tmp_path / "grpo_log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in log))
    assert "8 steps of GRPO" in made(tmp_path) and "from 2.300 to 2.500" in made(tmp_path)
    assert "mean of 2" not in made(tmp_path) and "the mean of 2 such runs" in made(tmp_path, 2)


def test_only_a_run_of_the_repository_is_said_to_be_in_it(tmp_path):
    assert where_logs_are(RUN_FOLDER).endswith(
        "settings and logs, and what is known of them, are in training/runs/tiny"
    )
    assert where_logs_are(RUN_FOLDER.resolve()) == where_logs_are(RUN_FOLDER)
    assert where_logs_are(tmp_path / "tiny") == ""


def test_a_study_is_shown_where_there_is_one(tmp_path):
    from tests.training.study.test_run import made_lines

    assert study_section(tmp_path) == ""
    runs = {
        "start": made_lines(0, 1.0),
        "grpo-seed0": made_lines(1, 0.2, gain=0.2),
        "no-ranking-seed0": made_lines(2, 0.3),
    }
    (tmp_path / "study.json").write_text(json.dumps(make_study(runs)))
    text = study_section(tmp_path)
    assert "| mean reward, human MOS |" in text and "+0.200 [" in text and "| ranking |" in text


@pytest.fixture
def measured(tmp_path):
    """An evaluation folder and a built folder of a few rows, all parts measured."""
    blur = [{"name": "blur", "severity": "slight"}]
    ladder = {"ladder": "a", "family": "blur", "defects": blur}
    rows = [row(i, **ladder, strength=float(-i)) for i in range(4)] + [picture_row(i) for i in range(4)]
    lines = [
        {"id": one["id"], "score": 1.5 + i / 4, "expected": 1.4 + i / 4, "greedy": 1.5, "defects": blur}
        | {"well_formed": True}
        for i, one in enumerate(rows)
    ]
    result = summary(rows, lines, "tiny") | {"preference": order_in_time(), "calibration": sampled()}
    (tmp_path / "evaluation.json").write_text(json.dumps(result))
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return tmp_path


def test_how_often_something_is_called_unlike_is_told_where_the_checkpoint_can_say_it(tmp_path):
    assert novelty_sentence(tmp_path) == ""
    alarms = {"biq": {"unlike": 0.01, "samples": 90}, "pseudo": {"unlike": 0.04, "samples": 10}}
    every = {"alarms": {"unlike": 0.013, "samples": 100}, "hits": {"unlike": 0.72, "samples": 69}}
    told = {"alarms": alarms | {"all": every["alarms"]}, "hits": {"all": every["hits"]}}
    (tmp_path / NOVELTY_FILE).write_text(json.dumps({"measured": told}))
    text = " ".join(novelty_sentence(tmp_path).split())
    assert "of 72% of 69 odd files" in text and "by mistake of 1.3% of 100 held-out samples" in text
    assert "4.0% of the worst set, degraded clips" in text


def test_the_command_writes_the_card_and_the_readme(measured, tmp_path):
    checkpoint, readme = tmp_path / "checkpoint", tmp_path / "README.md"
    save_checkpoint(checkpoint)
    readme.write_text(f"before\n{MARKERS[0]}\nold\n{MARKERS[1]}\nafter\n")
    command = [str(measured), str(measured), "--checkpoint", str(checkpoint), "--readme", str(readme)]
    main([*command, "--run", str(tmp_path / "some_run")])
    card, text = (checkpoint / "README.md").read_text(), readme.read_text()
    assert card.startswith("---\n") and "\nlicense: apache-2.0\n" in card and "8 samples, 0 could not be rated" in card
    for heading in (
        "### Order in time",
        "### Sampled answers",
        "### Defects",
        "## Where it fails",
        "## How it was made",
    ):
        assert card.count(heading) == 1
    assert "numbered recipe.\n" in card and "{" not in card and "\n\n\n" not in card
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "well-formed among 80 sampled answers" in text
    assert (checkpoint / "evaluation.json").read_text() == (measured / "evaluation.json").read_text()


def test_a_readme_without_markers_is_refused(measured, tmp_path):
    checkpoint = save_checkpoint(tmp_path / "checkpoint")
    (tmp_path / "README.md").write_text("nothing")
    write_card(measured, measured, checkpoint, tmp_path)
    options = ["--checkpoint", str(checkpoint), "--readme", str(tmp_path / "README.md"), "--run", str(RUN_FOLDER)]
    with pytest.raises(SystemExit, match="training.report.card: .* needs <!-- accuracy"):
        main([str(measured), str(measured), *options])
