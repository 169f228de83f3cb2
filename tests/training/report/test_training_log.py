"""What travels beside a checkpoint is what the logs say, short, and can be read by the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.report.test_plots import grpo_log, sft_log, write_lines
from tests.training.study.test_run import made_lines
from training.common.spread import spread
from training.report.plots import plot_makers
from training.report.training_log import (
    LARGEST_LOG,
    MOST_PROBES,
    MOST_SAVES,
    MOST_STEPS,
    main,
    make_story,
    rounded,
    sample_titles,
)
from training.study.run import make_study
from vqathinker.bundled import checkpoint_folder
from vqathinker.renamed import OLD_COLUMNS, OLD_SETTINGS, OLD_STAGES
from vqathinker.space.history.log import LOG_FILE, read_story

ROOT = Path(__file__).resolve().parents[3]


def probe(step: int, name: str, scores: list) -> dict:
    texts = [f"<think>Sample {k}.</think><answer>{score}</answer>" for k, score in enumerate(scores)]
    own = {"greedy_text": "<think>Sharp.</think><answer>3.21</answer>", "greedy_score": 3.21}
    return {"step": step, "id": name, "mos": 4.14291, "texts": texts, "scores": scores, **own}


@pytest.fixture
def run(tmp_path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    write_lines(folder / "log.jsonl", sft_log())
    write_lines(folder / "grpo_log.jsonl", grpo_log())
    probes = [probe(step, name, [3.5, None, 2.25, 3.0]) for step in (0, 29) for name in ("clive-7", "other")]
    write_lines(folder / "probes.jsonl", probes)
    (folder / "grpo.yaml").write_text("videos_per_step: 4\nnum_generations: 4\nmicro_batch: 2\n")
    runs = {"start": made_lines(0, 1.0), "grpo-seed0": made_lines(1, 0.2), "no-format-seed0": made_lines(2, 0.3)}
    (folder / "study.json").write_text(json.dumps(make_study(runs)))
    return folder


def old_names(path: Path, names: dict[str, str]) -> None:
    """Write a file as the release before did."""
    text = path.read_text()
    for old, new in names.items():
        text = text.replace(f'"{new}"', f'"{old}"').replace(f"\n{new}:", f"\n{old}:")
    path.write_text(text.removeprefix("\n"))


def test_logs_and_settings_of_the_release_before_tell_the_same(run, tmp_path):
    present = make_story([run])
    (run / "grpo.yaml").write_text("\n" + (run / "grpo.yaml").read_text())
    for name, names in (("log.jsonl", OLD_STAGES), ("grpo_log.jsonl", OLD_COLUMNS), ("grpo.yaml", OLD_SETTINGS)):
        before = (run / name).read_text()
        old_names(run / name, names)
        assert (run / name).read_text() != before
    assert make_story([run]) == present
    assert {"completions/mean_length", "spread"} < set(present["steps"])
    assert list(plot_makers(tmp_path, [run])) and plot_makers(tmp_path, [run])["grpo_health"]() is not None
    assert all(
        plot_makers(tmp_path, [run])[name]() is not None for name in ("sft_loss", "sft_validation", "grpo_rewards")
    )


def test_the_page_reads_a_training_log_of_the_release_before(run, tmp_path):
    main([str(run), "--out", str(tmp_path / LOG_FILE)])
    present, told = read_story(tmp_path), json.loads((tmp_path / LOG_FILE).read_text())
    assert told.pop("rewards") == {"format": "Format", "regression": "Bell", "ranking": "Ranking"}
    text = json.dumps(told)
    for names in (OLD_STAGES, OLD_COLUMNS, OLD_SETTINGS):
        for old, new in names.items():
            text = text.replace(f'"{new}":', f'"{old}":').replace(f'"name": "{new}"', f'"name": "{old}"')
    assert text != json.dumps(told)
    (tmp_path / LOG_FILE).write_text(text)
    assert read_story(tmp_path) == present


def test_the_page_reads_what_the_logs_say(run, tmp_path, capsys):
    main([str(run), "--out", str(tmp_path / LOG_FILE)])
    assert capsys.readouterr().out.startswith(f"{tmp_path / LOG_FILE}: ")
    story = read_story(tmp_path)
    rewards = [row["reward"] for row in grpo_log()[1:]]
    assert story.steps == tuple(range(1, 30)) and story.columns["reward"] == pytest.approx(rewards)
    assert "kl" not in story.columns, "a column without a figure is left out"
    assert [row["step"] for row in story.validation] == [0, 29] and story.validation[1]["clive_expected_srcc"] == 0.82
    assert [(stage.name, stage.steps) for stage in story.stages] == [("vision", 39), ("motion", 4)]
    first, second = story.probes
    assert first.what == "Photograph 7 of LIVE-Challenge" and first.human and not second.human and first.mos == 4.143
    saved = first.saves[29]
    assert saved.scores == (3.5, None, 2.25, 3.0) and [score for score, _ in saved.sampled] == [2.25, 3.5]
    assert saved.sampled[0][1] == "<think>Sample 2.</think><answer>2.25</answer>" and saved.score == 3.21
    assert story.settings["videos_per_step"] == 4 and story.settings["num_generations"] == 4
    study = json.loads((run / "study.json").read_text())
    change = study["recipe"]["srcc_clive"]["difference"]
    assert (
        story.study.recipe["srcc_clive"].change.low == rounded(change["low"]) == pytest.approx(change["low"], rel=1e-3)
    )
    assert story.study.samples == 40 and story.study.seeds == 1
    assert story.study.ablation["format"].seeds == 1 and story.study.ablation["ranking"] is None


def test_parts_may_come_from_several_folders_or_be_missing(run, tmp_path, capsys):
    for name in ("sft", "grpo"):
        (tmp_path / name).mkdir()
    (run / "log.jsonl").rename(tmp_path / "sft" / "log.jsonl")
    (run / "grpo_log.jsonl").rename(tmp_path / "grpo" / "grpo_log.jsonl")
    main([str(tmp_path / "sft"), str(tmp_path / "grpo"), "--out", str(tmp_path / LOG_FILE)])
    assert capsys.readouterr().out.rstrip().endswith("without settings, probes, study")
    story = read_story(tmp_path)
    assert len(story.stages) == 2 and story.saves == (0, 29) and story.study is None


def test_a_supervised_start_made_again_is_said_to_be_one(run, tmp_path):
    main([str(run), "--out", str(tmp_path / LOG_FILE)])
    assert not read_story(tmp_path).repeat and read_story(tmp_path).averaged == 1
    (tmp_path / "again").mkdir()
    write_lines(tmp_path / "again" / "log.jsonl", [row for row in sft_log() if row["stage"] == "motion"])
    main([str(run), "--repeat", str(tmp_path / "again"), "--averaged", "2", "--out", str(tmp_path / LOG_FILE)])
    story = read_story(tmp_path)
    assert story.averaged == 2 and story.repeat and [stage.name for stage in story.stages] == ["motion"]


def test_a_run_without_grpo_is_refused_and_the_old_file_stays(run, tmp_path):
    (tmp_path / LOG_FILE).write_text("old")
    (run / "grpo_log.jsonl").write_text("")
    with pytest.raises(SystemExit, match="no grpo_log.jsonl with anything in it"):
        main([str(run), "--out", str(tmp_path / LOG_FILE)])
    (run / "grpo_log.jsonl").write_text('{"step": 1}\n{"step"')
    with pytest.raises(SystemExit, match="line 2: not JSON"):
        main([str(run), "--out", str(tmp_path / LOG_FILE)])
    assert (tmp_path / LOG_FILE).read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {LOG_FILE, "run"}, "nothing half-written is left"


def test_a_long_run_is_thinned_with_its_first_and_its_last(run, tmp_path):
    length = {"completions/mean_length": 40.123456}
    write_lines(run / "grpo_log.jsonl", [{"step": k, "reward": k / 7, **length} for k in range(1, 4001)])
    names = [f"clive-{k}" for k in range(30)]
    write_lines(
        run / "probes.jsonl", [probe(step, name, [3.5, 2.25]) for step in range(0, 4001, 100) for name in names]
    )
    main([str(run), "--out", str(tmp_path / LOG_FILE)])
    story = read_story(tmp_path)
    assert len(story.steps) == MOST_STEPS and (story.steps[0], story.steps[-1]) == (1, 4000)
    assert len(story.probes) == MOST_PROBES and len(story.saves) == MOST_SAVES
    assert (story.saves[0], story.saves[-1]) == (0, 4000) and (tmp_path / LOG_FILE).stat().st_size < LARGEST_LOG
    longest = [probe(step, name, [3.5, 2.25]) | {"greedy_text": "word " * 2000} for step in range(20) for name in names]
    write_lines(run / "probes.jsonl", longest)
    with pytest.raises(SystemExit, match="its answers are too long"):
        main([str(run), "--out", str(tmp_path / LOG_FILE)])


@pytest.mark.parametrize(
    ("name", "title", "what", "human"),
    [
        ("clive-t2", "A phone photograph", "Photograph t2 of LIVE-Challenge", True),
        (
            "avt_uhd-Cat_Robot_3840x2160_60fps_10bit_420_jvet_ffvhuff.mkv_1frame_crf_07_height_0720",
            "A film frame, 720 lines, lightly compressed",
            "Picture Cat Robot of AVT UHD, 720 lines, CRF 7",
            True,
        ),
        (
            "avt_uhd-rally_harmonic.mkv_1frame_crf_28_height_0144",
            "A film frame, 144 lines, strongly compressed",
            "Picture rally harmonic of AVT UHD, 144 lines, CRF 28",
            True,
        ),
        (
            "clips-face_d3__low_frame_rate-saved__0",
            "A clip, low frame rate",
            "Clip face d3, low frame rate (saved)",
            False,
        ),
        ("clips-bbb_00__extra3-blur-soft", "A clip, blur", "Clip bbb 00, blur (soft)", False),
        (
            "photos-sunset_by_the_pier__clean",
            "A pan over a photograph, untouched",
            "Pan over the photograph sunset by the pier, clean",
            False,
        ),
        (
            "photos-aqua__mixture__1",
            "A pan over a photograph, several defects",
            "Pan over the photograph aqua, several defects",
            False,
        ),
        ("biq2021-ss01 (100)", "A photograph", "Photograph ss01 (100) of BIQ2021", True),
        ("biq2021-ss03 (972)__filmed", "A photograph, filmed", "Camera over photograph ss03 (972) of BIQ2021", True),
        ("something/else.mp4", "", "something/else.mp4", False),
    ],
)
def test_an_id_says_what_a_sample_shows(name: str, title: str, what: str, human: bool):
    assert sample_titles(name) == {"title": title, "what": what, "human": human}


def test_figures_are_short_and_keep_their_sign():
    assert [rounded(x) for x in (3.04182338, -0.0000333333, 0.0, 5, "a", None)] == [
        3.042,
        -3.333e-05,
        0.0,
        5,
        "a",
        None,
    ]
    assert rounded(float("nan")) is None
    assert spread(range(10), 4) == [0, 3, 6, 9] and spread(range(3), 4) == [0, 1, 2]


def test_the_story_of_the_bundled_checkpoint_is_that_of_its_run():
    """Fails when a new run came without the command in training/runs/tiny/README.md."""
    run = ROOT / "training" / "runs" / "tiny"
    kept = json.loads((checkpoint_folder("tiny") / LOG_FILE).read_text(encoding="utf-8"))
    for probe in kept["probes"]:  # the pictures are not in the repository a second time
        shown = {key: probe.pop(key, "") for key in ("picture", "credit")}
        assert bool(shown["picture"]) == bool(shown["credit"])
    assert make_story([run], averaged=2) == kept
