"""The 8b architecture against the official model: same weights and inputs, same tokens (golden/internvl_tiny.json)."""

import pytest
import torch

from vqathinker.model.convert import native_weights
from vqathinker.model.loading import Checkpoint, read_weights
from vqathinker.model.modes import MODES
from vqathinker.model.official import native_config

from .official_folders import GOLDEN, golden_config, golden_frames, golden_weights, write_weights

MODE_OF = {"test": "inference", "train": "training"}
CASES = [(run, case) for run in MODE_OF for case in GOLDEN["runs"][run]["cases"]]
SIZE = 224


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("official")
    write_weights(path, golden_weights(), shards=3)
    return path


@pytest.fixture(scope="module")
def models(folder):
    """The model in both modes, its weights read from official shards."""
    made = {}
    for run, mode in MODE_OF.items():
        config = native_config(golden_config(), MODES[mode], GOLDEN["img_context_token_id"], side=SIZE)
        checkpoint = Checkpoint(folder, config, None, native_weights(folder, config).native)
        made[run] = read_weights(checkpoint, "fp32", torch.device("cpu"))
    return made


def padded(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    length = max(map(len, rows))
    return {
        "input_ids": torch.tensor([[0] * (length - len(row)) + row for row in rows]),
        "attention_mask": torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in rows]),
    }


@pytest.mark.parametrize(("run", "case"), CASES, ids=[f"{run}-{case['B']}" for run, case in CASES])
@torch.inference_mode()
def test_every_stage_equals_the_official_one(models, run, case):
    model, frames = models[run], golden_frames(case["B"], case["T"], SIZE)
    features = model.model.encode_video(frames)
    tokens = features[:, :-1]
    assert tokens.numel() == torch.tensor(case["vit_embeds"]["shape"]).prod()
    assert torch.allclose(tokens[0, 0], torch.tensor(case["vit_embeds_first_row"]), atol=1e-5)
    assert float(tokens.norm()) == pytest.approx(case["vit_embeds"]["l2"], rel=1e-5)
    assert torch.allclose(features[:, -1], torch.tensor(case["motion_embeds"]), atol=1e-5)

    inputs = padded(case["rows_before_left_padding"])
    assert [int(mask.argmax()) for mask in inputs["attention_mask"]] == case["left_padding"]
    logits = model(**inputs, pixel_values=frames).logits
    assert torch.allclose(logits[:, -1], torch.tensor(case["logits_last"]), atol=1e-4)
    assert torch.allclose(logits[:, -6], torch.tensor(case["logits_last_minus_5"]), atol=1e-4)
    for row, mask, stats in zip(logits, inputs["attention_mask"].bool(), case["logits_stats"], strict=True):
        assert list(row[mask].shape) == stats["shape"]
        assert float(row[mask].norm()) == pytest.approx(stats["l2"], rel=1e-5)
        assert float(row[mask].mean()) == pytest.approx(stats["mean"], abs=1e-5)


@pytest.mark.parametrize(("run", "case"), CASES, ids=[f"{run}-{case['B']}" for run, case in CASES])
def test_greedy_tokens_equal_the_official_ones(models, run, case):
    inputs = padded(case["rows_before_left_padding"])
    settings = {"do_sample": False, "max_new_tokens": 12, "eos_token_id": None, "pad_token_id": 0}
    frames = golden_frames(case["B"], case["T"], SIZE)
    written = models[run].generate(**inputs, pixel_values=frames, **settings)
    assert written[:, inputs["input_ids"].shape[1] :].tolist() == case["greedy_tokens"]


@pytest.mark.parametrize("run", MODE_OF)
@torch.inference_mode()
def test_what_should_matter_matters_as_much_as_officially(models, run):
    case, controls = GOLDEN["runs"][run]["cases"][0], GOLDEN["runs"][run]["negative_controls_max_abs_logit_change"]
    model, inputs = models[run], padded(case["rows_before_left_padding"])
    frames = golden_frames(1, case["T"], SIZE)
    official = torch.tensor(case["logits_last"])
    backwards = model(**inputs, pixel_values=frames.flip(1)).logits[:, -1]
    assert float((backwards - official).abs().max()) == pytest.approx(controls["reversed_frames"], abs=1e-4)
    features = model.model.encode_video(frames)
    features[:, -1] = model.model.motion_projector.linear_2.bias
    without_motion = model(input_ids=inputs["input_ids"], video_features=features).logits[:, -1]
    change = float((without_motion - official).abs().max())
    assert change == pytest.approx(controls["motion_mlp_last_weight_zeroed"], abs=1e-4)
