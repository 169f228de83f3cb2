"""The Python in the documents runs, on small files under the names in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documents.commands import FENCED, ROOT, documents
from vqathinker.rewards import REWARDS, score_groups

BLOCKS = [
    (name, code)
    for name in documents()
    for language, code in FENCED.findall((ROOT / name).read_text(encoding="utf-8"))
    if language == "python"
]


def of_trl(folder: Path) -> dict:
    """A model, settings and data for the block that shows TRL's trainer: those of the example."""
    from datasets import Dataset
    from trl import GRPOConfig

    from examples import tiny_vlm, trl_grpo

    labels = [(folder / "clip.mp4", 3.0), (folder / "b.mp4", 4.0)]
    processor = tiny_vlm.make_processor([trl_grpo.QUESTION, trl_grpo.answer(4)])
    config = GRPOConfig(output_dir=str(folder / "trl"), per_device_train_batch_size=8, bf16=False, report_to="none")
    data = Dataset.from_list(trl_grpo.rows_of(labels, side=tiny_vlm.SIDE))
    return {"model": tiny_vlm.make_model(processor), "processor": processor, "config": config, "data": data}


def of_a_model_that_answers(folder: Path) -> dict:
    """A small one with the prompt of the 8b model in its place."""
    from tests.rating.test_ask import make_rater

    return {"load_rater": lambda name: make_rater("official_inference")}


GIVEN: dict[str, Callable[[Path], dict]] = {"GRPOTrainer(": of_trl, 'load_rater("8b")': of_a_model_that_answers}
"""What a block takes as given, by a word in it."""


def run(code: str, folder: Path) -> dict:
    names: dict = {}
    for word, given in GIVEN.items():
        names |= given(folder) if word in code else {}
    exec(compile(code, "block", "exec"), names)
    return names


def test_there_are_blocks_of_several_documents():
    assert len(BLOCKS) >= 5 and len({name for name, _ in BLOCKS}) > 1
    assert all(any(word in code for _, code in BLOCKS) for word in GIVEN)


@pytest.mark.parametrize("code", [pytest.param(code, id=f"{name}: {code.split()[1]}") for name, code in BLOCKS])
def test_it_runs(code: str, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(small)
    try:
        names = run(code, small)
        if "register(" in code:
            table = score_groups([["<think>Sharp.</think> <answer>3.00</answer>", "a b c d"]], [3.0])
            assert table.parts["length"].flatten().tolist() == pytest.approx([0.05, 0.1])
            assert float(table.total[0, 1]) == pytest.approx(0.2 * 0.1)
        elif "trainer" in names:
            assert len(names["trainer"].reward_funcs) == 4
        else:
            assert capsys.readouterr().out.strip()
    finally:
        REWARDS.pop("length", None)
