"""GRPO from scorers of another family: two steps in small, adapters that can be read, a checkpoint that rates."""

from __future__ import annotations

import math

import pytest
import torch

pytest.importorskip("peft", reason="not installed")
from peft import PeftModel  # noqa: E402

from tests.model.family import qwen_folders  # noqa: E402
from tests.training.grpo_small import small, without_seconds, write_labels  # noqa: E402
from tests.training.qwen_small import as_clip, write_start  # noqa: E402
from training.common.start import load_start  # noqa: E402
from training.data.datasets import read_items  # noqa: E402
from training.grpo.config import load_grpo_settings  # noqa: E402
from training.grpo.setup import settings_for_start  # noqa: E402
from training.grpo.train import run_grpo  # noqa: E402
from training.policy.lora import LoraSettings  # noqa: E402
from vqathinker import load_rater  # noqa: E402
from vqathinker.errors import ModelError, VQAThinkerError  # noqa: E402

NAMES = ("visualquality-r1", "q-insight")
LORA = {"train": ("language_model",), "lora": LoraSettings(rank=2, alpha=4), "max_completion_length": 60}


@pytest.fixture(scope="module", params=NAMES)
def start(request, tmp_path_factory):
    return f"{request.param}@{write_start(tmp_path_factory.mktemp(request.param), request.param)}"


@torch.inference_mode()
def logits_of(model, processor) -> torch.Tensor:
    inputs = processor(as_clip("photo"))
    return model(**{name: inputs[name] for name in inputs if name != "attention_mask"}).logits


def test_two_steps_teach_adapters_that_can_be_read_and_merged(start, data_dir, tmp_path):
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    settings = small(**LORA, videos_per_step=2, micro_batch=1, learning_rate=1e-2, validation=1)
    run_grpo(items, items[:1], tmp_path / "run", start, tmp_path / "out", settings, jobs=1)
    rows = without_seconds(tmp_path / "run" / "grpo_log.jsonl")
    assert [row["step"] for row in rows] == [0, 1, 2]
    assert all(math.isfinite(row[name]) for row in rows[1:] for name in ("loss", "kl", "grad_norm", "reward"))
    assert rows[1]["reward"] > 0 and rows[1]["grad_norm"] > 0 and rows[2]["kl"] > 0
    assert rows[2]["validation"] and not (tmp_path / "run" / "features").exists()
    base, name = load_start(start, any_family=True), start.partition("@")[0]
    merged = load_rater(f"{name}@{tmp_path / 'out'}", "fp32", "cpu").loaded
    before = logits_of(base.model, base.processor)
    adapted = PeftModel.from_pretrained(base.model, tmp_path / "out" / "adapter")
    after = logits_of(adapted, base.processor)
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(logits_of(merged.model, merged.processor), after, atol=1e-4, rtol=1e-4)
    assert 1 <= load_rater(f"{name}@{tmp_path / 'out'}").rate(qwen_folders.write_picture(tmp_path, "photo")).score <= 5
    card = (tmp_path / "out" / "README.md").read_text()
    assert merged.scorer.title in card and str(tmp_path) not in card
    assert str(tmp_path) not in (tmp_path / "out" / "adapter" / "adapter_config.json").read_text()


def test_what_cannot_be_trained_is_refused_with_what_can(start, tmp_path):
    loaded = load_start(start, any_family=True)
    for changes in ({"lora": None}, {"train": ("visual",)}, {"train": ("language_model", "visual.merger")}):
        with pytest.raises(VQAThinkerError, match="the language model learns, by adapters: set train to"):
            settings_for_start(small(**LORA | changes), loaded)
    assert settings_for_start(small(**LORA), loaded).cache is False
    with pytest.raises(ModelError, match="is no VQAThinker checkpoint: what it sees is not stored"):
        load_start(start)


def test_the_shipped_settings_fit(start):
    settings = load_grpo_settings("training/configs/qwen2_5_vl_grpo_lora.yaml")
    loaded = load_start(start, any_family=True)
    assert settings_for_start(settings, loaded) == settings
