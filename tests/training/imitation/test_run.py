"""Answers that were written before are learned, by the bundled architecture and by scorers of another family."""

from __future__ import annotations

import json

import pytest
import torch

pytest.importorskip("peft", reason="not installed")
from peft import PeftModel  # noqa: E402

from tests.model.family import qwen_folders  # noqa: E402
from tests.training.grpo_small import weights_of  # noqa: E402
from tests.training.toys import save_checkpoint  # noqa: E402
from training.common.start import load_start  # noqa: E402
from training.imitation.__main__ import main  # noqa: E402
from training.imitation.run import ImitationSettings, imitate, read_examples  # noqa: E402
from training.policy.lora import LoraSettings  # noqa: E402
from vqathinker import load_rater  # noqa: E402

TEXTS = [f"<think>It is {word}.</think><answer>{score}</answer>" for word, score in (("dim", "2.10"), ("fine", "4.30"))]
PLAN = ImitationSettings(6, 2, 2e-2, LoraSettings(4, 8))


@pytest.fixture(params=["ours", "visualquality-r1", "q-insight"])
def start(request, tmp_path):
    if request.param == "ours":
        return str(save_checkpoint(tmp_path / "start"))
    return f"{request.param}@{qwen_folders.write_folder(tmp_path / 'start')}"


@pytest.fixture
def answers(tmp_path, clip):
    videos = [clip("plain.mp4"), qwen_folders.write_picture(clip("plain.mp4").parent, "photo")]
    rows = [{"video": video.name, "text": text} for video, text in zip(videos, TEXTS, strict=True)]
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    return path, videos[0].parent


def test_the_loss_falls_and_what_was_learned_can_be_read_and_merged(start, answers, tmp_path):
    told = []
    losses = imitate(read_examples(*answers), start, tmp_path / "out", PLAN, told.append)
    assert len(losses) == len(told) == 6 and losses[-1] < 0.8 * losses[0] and told[-1].startswith("step=6 loss=")
    name, at, _ = start.partition("@")
    merged = load_rater(f"{name}@{tmp_path / 'out'}" if at else str(tmp_path / "out"), "fp32", "cpu").loaded
    base = load_start(start, any_family=True)
    adapted = PeftModel.from_pretrained(base.model, tmp_path / "out" / "adapter").merge_and_unload()
    wanted = adapted.model.language_model.layers[0].mlp.up_proj.weight
    found = merged.model.model.language_model.layers[0].mlp.up_proj.weight
    torch.testing.assert_close(found, wanted)
    before, after = weights_of(tmp_path / "start"), weights_of(tmp_path / "out")
    moved = [key for key in after if key in before and not torch.equal(before[key], after[key])]
    assert moved and all("layers" in key and "visual" not in key and "tower" not in key for key in moved)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1 is no"),
        ('{"video": "a.mp4"}', "line 1 is no"),
        ('{"video": "plain.mp4", "text": "3.50"}', "line 1: the text must be <think>"),
        ('{"video": "plain.mp4", "text": "<think>a</think><answer>good</answer>"}', "with a score"),
        ('{"video": "none.mp4", "text": "<think>a</think><answer>3</answer>"}', "there is no file"),
        ("", "holds no answers"),
    ],
)
def test_what_is_no_answer_is_named_and_nothing_is_written(line, told, answers, tmp_path, capsys):
    path, videos = answers
    path.write_text(line + "\n")
    with pytest.raises(SystemExit) as end:
        main([str(path), "--videos", str(videos), "--out", str(tmp_path / "out")])
    assert str(end.value.code).startswith("training.imitation: ") and told in str(end.value.code)
    assert not (tmp_path / "out").exists()


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="rank"):
        LoraSettings(0, 1)
    for changes in ({"steps": 0}, {"per_step": 0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match="above 0"):
            ImitationSettings(
                **({"steps": 1, "per_step": 1, "learning_rate": 1.0, "lora": LoraSettings(1, 1)} | changes)
            )
