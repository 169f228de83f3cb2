"""Paired comparisons on made-up lines whose differences are known, and a whole study of toy checkpoints."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from tests.training.toys import save_checkpoint, write_built
from training.study.__main__ import main
from training.study.metrics import STUDY_METRICS, difference, value_of
from training.study.run import make_study, study_markdown
from vqathinker.rating.evaluation import draw_counts
from vqathinker.video import PERTURBATIONS


def made_lines(seed: int, noise: float, gain: float = 0.0) -> list[dict]:
    """20 rated pictures and 4 ladders of 5 clips of 2 contents; answers are MOS plus noise, rewards carry `gain`."""
    rng, lines = np.random.default_rng(seed), []
    for index in range(40):
        human = index < 20
        mos = 1.2 + index % 20 / 6 if human else 4.0 - index % 5 / 2
        answer = mos + rng.normal(0, noise)
        line = {"id": str(index), "set": "clive" if human else "pseudo", "mos": mos}
        line |= {"content": f"p{index}" if human else f"c{index // 10}"}
        line |= {"family": "blur", "ladder": None if human else f"l{index // 5}", "strength": float(index % 5)}
        line |= {"defects": [] if human else ["blur"], "named": ["blur"] if index % 2 else ["noise"]}
        line |= {"score": answer, "expected": answer, "mean": None if index == 3 else answer, "spread": 0.2}
        line |= {"well_formed": 8 - (index == 0), "rollouts": 8, "cut": 0, "words": 20.0, "format": 1.0}
        line |= {"regression": 0.5 + gain, "ranking": 0.9, "total": 2.4 + gain + index / 1000}
        if not human:
            line["ordered"] = {"score": 3.0, "expected": 3.0 + gain}
            line["modes"] = {mode: {"score": 3.0, "expected": 3.0} for mode in PERTURBATIONS}
            line["bonus"] = 0.1 + gain
        lines.append(line)
    return lines


def metric(key: str, lines: list[dict]):
    return STUDY_METRICS[key][1](lines)


def test_metrics_are_what_their_names_say():
    lines = made_lines(0, 0.5)
    human, clips = lines[:20], lines[20:]
    assert value_of([metric("reward_human", lines)]) == pytest.approx(np.mean([line["total"] for line in human]))
    srcc = stats.spearmanr([line["score"] for line in human], [line["mos"] for line in human])[0]
    assert value_of([metric("srcc_clive", lines)]) == pytest.approx(srcc)
    assert value_of([metric("well_formed", lines)]) == pytest.approx((40 * 8 - 1) / (40 * 8))
    pairs = [
        (weak, strong)
        for ladder in range(4)
        for i, weak in enumerate(clips[5 * ladder : 5 * ladder + 5])
        for strong in clips[5 * ladder + i + 1 : 5 * ladder + 5]
    ]
    assert value_of([metric("order", lines)]) == pytest.approx(np.mean([w["score"] > s["score"] for w, s in pairs]))
    assert value_of([metric("macro_f1", lines)]) == pytest.approx(2 * 10 / (20 + 10))
    assert value_of([metric("preference", lines)]) == 0.0
    assert value_of([metric("srcc_avt", lines)]) is None


def test_a_paired_difference_does_not_see_what_both_share():
    start, better = metric("reward_human", made_lines(0, 0.5)), metric("reward_human", made_lines(1, 0.5, gain=0.2))
    assert difference([better], [start]) == {
        "value": pytest.approx(0.2),
        "low": pytest.approx(0.2),
        "high": pytest.approx(0.2),
    }


def test_pictures_of_the_official_test_split_are_measured_apart():
    lines = made_lines(0, 0.5)
    assert value_of([metric("srcc_biq_test", lines)]) is None and value_of([metric("reward_biq_test", lines)]) is None
    test = [line | {"set": "biq_test"} for line in lines[:20]]
    assert value_of([metric("srcc_biq_test", [*test, *lines[20:]])]) == value_of([metric("srcc_clive", lines)])
    assert value_of([metric("reward_human", test)]) == pytest.approx(np.mean([line["total"] for line in test]))


def test_versions_of_one_content_are_drawn_together():
    lines = made_lines(0, 0.5)
    copies = [line | {"id": f"{line['id']}-{k}"} for line in lines for k in range(4)]
    for key in ("reward_human", "srcc_clive", "srcc_pseudo", "macro_f1"):
        once, often = metric(key, lines), metric(key, copies)
        counts = draw_counts(len(once), 50, np.random.default_rng(0))
        assert len(once) == len(often)
        np.testing.assert_allclose(once.of(counts), often.of(counts))


def test_an_interval_of_a_difference_is_that_of_the_mean():
    rng = np.random.default_rng(2)
    first = made_lines(0, 0.5)
    second = [line | {"total": line["total"] + rng.normal(0.1, 0.3)} for line in first]
    gains = np.array([b["total"] - a["total"] for a, b in zip(first, second, strict=True)])[:20]
    found = difference([metric("reward_human", second)], [metric("reward_human", first)])
    assert found["value"] == pytest.approx(gains.mean())
    error = gains.std() / np.sqrt(20)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_a_study_compares_the_recipe_with_its_start_and_without_each_reward():
    runs = {"start": made_lines(0, 1.0)}
    runs |= {f"grpo-seed{seed}": made_lines(seed, 0.2, gain=0.1 * (seed + 1)) for seed in range(3)}
    runs |= {"no-ranking-seed1": made_lines(5, 0.2, gain=0.05)}
    study = make_study(runs)
    reward = study["recipe"]["reward_human"]
    assert reward["difference"]["value"] == pytest.approx(0.2) and reward["deviation"] == pytest.approx(0.1)
    assert reward["seeds"] == 3 and study["recipe"]["srcc_clive"]["difference"]["low"] > 0
    assert study["against_start"]["grpo-seed2"]["bonus"]["value"] == pytest.approx(0.3)
    bought = study["ablation"]["no-ranking"]
    assert bought["seeds"] == 1 and bought["metrics"]["reward_human"]["value"] == pytest.approx(0.2 - 0.05)
    text = study_markdown(study)
    for part in ("titles", "recipe"):  # as a study from before has it
        del study[part]["srcc_biq_test"]
    older = study_markdown(study)
    assert "SRCC BIQ test" in text and "SRCC BIQ test" not in older and "SRCC LIVE-C" in older
    assert "mean ± deviation of 3 seeds" in text and "| grpo-seed1 |" in text and "| ranking | **+0.150" in text
    assert list(study["checkpoints"]) == ["start", "grpo-seed0", "grpo-seed1", "grpo-seed2", "no-ranking-seed1"]


def test_checkpoints_of_other_samples_or_without_a_start_are_refused(tmp_path):
    def put(name: str, lines: list[dict]) -> None:
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    put("grpo-seed0", made_lines(0, 0.5))
    with pytest.raises(SystemExit, match="no start.jsonl"):
        main(["table", str(tmp_path)])
    put("start", made_lines(0, 0.5)[1:])
    with pytest.raises(SystemExit, match="other samples than start"):
        main(["table", str(tmp_path)])
    put("start", made_lines(0, 0.5))
    put("best", made_lines(0, 0.5))
    with pytest.raises(SystemExit, match="as its name"):
        main(["table", str(tmp_path)])


def test_toy_checkpoints_of_one_tower_are_measured_on_one_set_of_features(tmp_path, capsys):
    data, built, study = tmp_path / "data", tmp_path / "built", tmp_path / "study"
    write_built(data, built)
    for name, seed, clips in (("start", 0, "1"), ("grpo-seed0", 1, "3")):
        checkpoint = save_checkpoint(tmp_path / name, seed)
        command = ["measure", str(study), str(data), str(built), "--model", str(checkpoint), "--rollouts", "2"]
        main([*command, "--name", name, "--clips", clips])
    assert "left out: clip3" in capsys.readouterr().out
    start, other = (
        [json.loads(x) for x in (study / f"{n}.jsonl").read_text().splitlines()] for n in ("start", "grpo-seed0")
    )
    assert [line["id"] for line in start] == ["clip0", "clip1", "clip2", "picture0", "picture1", "picture2"]
    assert [line["id"] for line in start if "modes" in line] == ["clip0"]
    assert [line["id"] for line in other if "modes" in line] == ["clip0", "clip2"]
    assert all(set(line["modes"]) == set(PERTURBATIONS) for line in other if "modes" in line)
    assert [line["expected"] for line in start] != [line["expected"] for line in other]
    with pytest.raises(SystemExit, match="other samples than start"):
        main(["table", str(study)])
    (study / "start.jsonl").write_text((study / "grpo-seed0.jsonl").read_text())
    main(["table", str(study)])
    values = json.loads((study / "study.json").read_text())
    assert values["samples"] == 6 and values["recipe"]["words"]["seeds"] == 1
    assert (study / "study.md").read_text().startswith("6 held-out samples")
    stranger = save_checkpoint(tmp_path / "stranger", tower_seed=5)
    with pytest.raises(SystemExit, match="made with other weights"):
        main(["measure", str(study), str(data), str(built), "--model", str(stranger), "--name", "grpo-seed1"])
