"""The policy of a scorer on Qwen2.5-VL: what the whole model says of each answer by itself."""

from __future__ import annotations

import pytest
import torch

from tests.model.family import qwen_folders
from tests.training.qwen_small import as_clip, shown
from training.policy.features import joined, part
from training.policy.policy import ReferencePolicy
from training.policy.qwen2_5_vl import Pictures, QwenPolicy
from training.policy.rollouts import answers_to
from vqathinker import load_rater
from vqathinker.model.generation import prefill, rollout_seeds, write

GROUP, LENGTH = 3, 5
CLIPS = (as_clip("photo"), as_clip("frame", "photo", "frame"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = qwen_folders.write_folder(tmp_path_factory.mktemp("qwen") / "checkpoint")
    return load_rater(f"visualquality-r1@{folder}", "fp32", "cpu").loaded


def plain_logps(loaded, clip, answer: torch.Tensor, temperature: float) -> torch.Tensor:
    """One answer behind a prompt of its own, pixels and positions in three dimensions as transformers takes them."""
    inputs = loaded.processor(clip)
    ids = torch.cat([inputs["input_ids"][0], answer])
    where = loaded.processor.position_ids(ids.tolist(), inputs)
    seen = {name: inputs[name] for name in ("pixel_values", "image_grid_thw")}
    logits = loaded.model(input_ids=ids[None], position_ids=where, **seen).logits[0, -len(answer) - 1 : -1]
    logits = logits / temperature
    logits[:, loaded.model.config.image_token_id] = -torch.inf
    return logits.log_softmax(-1).gather(-1, answer[:, None])[:, 0]


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_answers_behind_one_prompt_are_as_probable_as_each_behind_its_own(loaded, temperature):
    first = qwen_folders.FIRST_SPECIAL
    answers = torch.randint(first, (2, GROUP, LENGTH), generator=torch.Generator().manual_seed(0))
    policy, inputs = QwenPolicy(loaded.model, temperature), shown(loaded, *CLIPS)
    found = policy(inputs, answers)
    for video, clip in enumerate(CLIPS):
        for row in range(GROUP):
            wanted = plain_logps(loaded, clip, answers[video, row], temperature)
            torch.testing.assert_close(found[video, row], wanted, atol=1e-4, rtol=0)
    torch.testing.assert_close(policy(policy.see(inputs), answers), found)
    assert found.requires_grad and len({grid.shape for grid in inputs["image_grid_thw"]}) == 2


def test_answers_are_those_that_the_rater_samples(loaded):
    policy, inputs, seeds = QwenPolicy(loaded.model), shown(loaded, *CLIPS), rollout_seeds(3, 2 * GROUP)
    rollouts = answers_to(
        loaded.model, loaded.processor, policy.prompts(inputs, 8), seeds, GROUP, max_new_tokens=LENGTH
    )
    limits = {"max_new_tokens": LENGTH, "eos_token_id": loaded.eos_token_id}
    for video, clip in enumerate(CLIPS):
        prompt = prefill(loaded.model, loaded.processor(clip))
        alone = write(loaded.model, prompt, seeds=seeds[video * GROUP : (video + 1) * GROUP], **limits)
        texts = loaded.processor.tokenizer.batch_decode(alone, skip_special_tokens=True)
        assert rollouts.texts[video] == texts


def test_videos_stay_apart_when_batches_are_cut_and_joined(loaded):
    inputs, answers = shown(loaded, *CLIPS), torch.full((2, GROUP, LENGTH), 5)
    policy = QwenPolicy(loaded.model)
    both = policy(inputs, answers)
    again = joined(part(inputs, 1, 2), part(inputs, 0, 1))
    torch.testing.assert_close(policy(again, answers), both.flip(0))


def test_its_reference_is_a_copy_that_does_not_learn(loaded):
    policy, inputs, answers = QwenPolicy(loaded.model), shown(loaded, CLIPS[0]), torch.full((1, GROUP, LENGTH), 5)
    reference = ReferencePolicy(policy)
    assert not any(parameter.requires_grad for parameter in reference.policy.parameters())
    torch.testing.assert_close(reference(inputs, answers), policy(inputs, answers).detach())


def test_a_picture_has_no_twin_and_a_clip_has_the_one_that_was_chosen(loaded, clip, tmp_path):
    from training.data.datasets import Item

    source = Pictures(loaded.processor, 2, 0)
    photo = qwen_folders.write_picture(tmp_path, "photo")
    still, none = source.variants(Item("a", photo, 3.0), 0)
    assert none is None and still["image_grid_thw"].shape == (1, 3)
    moving, twin = source.variants(Item("b", clip("plain.mp4"), 3.0), 1)
    assert moving["image_grid_thw"].shape == twin["image_grid_thw"].shape == (6, 3)
    assert not torch.equal(moving["pixel_values"], twin["pixel_values"])
    assert source.variants(Item("c", clip("text.mp4"), 3.0), 0) is None and len(source.apart().bad) == 0
