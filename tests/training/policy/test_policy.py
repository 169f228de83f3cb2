"""The policy pass: answers that share one prompt, worth the same as answers that each have their own."""

import copy
import importlib.util

import pytest
import torch

from tests.model.tiny_models import make_clip, make_model
from tests.training.grpo_small import random_inputs
from training.policy.lora import LoraSettings
from training.policy.policy import (
    Policy,
    ReferencePolicy,
    add_adapters,
    choose_trained,
    packed_mask,
    see,
    video_features,
)

VIDEOS, GROUP, LENGTH = 2, 3, 7
NAMES = ("multi_modal_projector", "motion_projector", "motion_encoder.facts", "language_model")


@pytest.fixture
def model(processor):
    return make_model(processor)


@pytest.fixture
def prompt(processor):
    return processor.tokenizer(processor.prompt_text())["input_ids"]


def answers_of(model, seed=0):
    rng = torch.Generator().manual_seed(seed)
    first = model.config.image_token_id + 1
    return torch.randint(first, model.config.text_config.vocab_size, (VIDEOS, GROUP, LENGTH), generator=rng)


def plain_logps(model, prompt, inputs, answers, temperature=1.0):
    """Each answer behind a prompt of its own, through the whole model, its placeholder token left out by hand."""
    rows = []
    for video in range(VIDEOS):
        features = video_features(model, {name: tensor[video : video + 1] for name, tensor in inputs.items()})
        for answer in answers[video]:
            ids = torch.cat([torch.tensor(prompt), answer])[None]
            logits = model(input_ids=ids, video_features=features).logits[0, len(prompt) - 1 : -1] / temperature
            allowed = torch.ones(logits.shape[-1], dtype=torch.bool)
            allowed[model.config.image_token_id] = False
            shift = torch.where(allowed, logits, -torch.inf).logsumexp(-1)
            rows.append(logits.gather(-1, answer[:, None])[:, 0] - shift)
    return torch.stack(rows).view(VIDEOS, GROUP, LENGTH)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_a_shared_prompt_gives_the_log_probabilities_and_gradients_of_separate_ones(model, prompt, temperature):
    inputs, answers = random_inputs(model, VIDEOS), answers_of(model)
    weights = torch.randn(VIDEOS, GROUP, LENGTH, generator=torch.Generator().manual_seed(1))
    policy = Policy(model, prompt, temperature)
    trained = choose_trained(model, NAMES)
    found = []
    for logps in (policy(inputs, answers), plain_logps(model, prompt, inputs, answers, temperature)):
        found.append((logps.detach(), torch.autograd.grad((logps * weights).sum(), trained)))
    (shared, gradients), (plain, expected) = found
    torch.testing.assert_close(shared, plain, atol=1e-4, rtol=0)
    for gradient, wanted in zip(gradients, expected, strict=True):
        torch.testing.assert_close(gradient, wanted, atol=1e-4, rtol=1e-3)
    assert all(gradient.ne(0).any() for gradient in gradients)


def test_padding_and_neighbours_change_nothing(model, prompt):
    inputs, answers = random_inputs(model, VIDEOS), answers_of(model)
    policy = Policy(model, prompt)
    with torch.no_grad():
        whole = policy(inputs, answers)
        other = answers.clone()
        other[:, 1:] = 9
        other[:, 0, 4:] = 9
        torch.testing.assert_close(policy(inputs, other)[:, 0, :4], whole[:, 0, :4], atol=1e-5, rtol=0)
        first = {name: tensor[:1] for name, tensor in inputs.items()}
        torch.testing.assert_close(policy(first, answers[:1]), whole[:1], atol=1e-5, rtol=0)


def test_checkpointing_gives_the_same_gradients(model, prompt):
    inputs, answers = random_inputs(model, VIDEOS), answers_of(model)
    gradients = []
    for checkpointing in (False, True):
        one = copy.deepcopy(model)
        policy = Policy(one, prompt, checkpointing=checkpointing).train()
        trained = choose_trained(one, NAMES)
        gradients.append(torch.autograd.grad(policy(inputs, answers).sum(), trained))
        assert not any(module.training for module in policy.modules())
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)


def test_checkpointing_recomputes_the_layers(model, prompt):
    calls = []
    model.model.language_model.layers[0].mlp.register_forward_pre_hook(lambda *_: calls.append(1))
    choose_trained(model, NAMES)
    policy = Policy(model, prompt, checkpointing=True)
    policy(random_inputs(model, VIDEOS), answers_of(model)).sum().backward()
    assert len(calls) == 2


def test_what_was_seen_before_leads_to_the_same_features(model, processor):
    batch = processor([make_clip(0), make_clip(1)])
    inputs = {name: batch[name] for name in ("pixel_values", "motion_values", "clip_facts")}
    with torch.no_grad():
        expected = model.model.encode_video(**inputs)
        for tower in (True, False):
            for motion in (True, False):
                seen = see(model, inputs, tower=tower, motion=motion)
                assert ("pixel_values" in seen, "motion_values" in seen) == (not tower, not motion)
                torch.testing.assert_close(video_features(model, seen), expected)


def test_the_tower_is_trained_where_it_is_asked_for(model, processor, prompt):
    batch = processor([make_clip(0), make_clip(1)])
    inputs = {name: batch[name] for name in ("pixel_values", "motion_values", "clip_facts")}
    trained = choose_trained(model, ["vision_tower"])
    seen = see(model, inputs, tower=False)
    Policy(model, prompt)(seen, answers_of(model)).sum().backward()
    assert any(p.grad.ne(0).any() for p in trained)
    assert model.model.language_model.layers[0].mlp.up_proj.weight.grad is None


def test_a_part_that_is_not_there_is_named(model):
    with pytest.raises(ValueError, match="no part 'tower'; its parts are .*vision_tower"):
        choose_trained(model, ["tower"])


def test_the_mask_shows_the_prompt_and_oneself():
    seen = packed_mask(2, 2, 2, torch.float32, torch.device("cpu"))[0, 0] == 0
    assert seen.int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 1, 1],
    ]


def test_a_frozen_copy_stays_when_the_policy_moves(model, prompt):
    inputs, answers = random_inputs(model, VIDEOS), answers_of(model)
    policy = Policy(model, prompt)
    reference = ReferencePolicy(policy)
    before = reference(inputs, answers)
    torch.testing.assert_close(before, policy(inputs, answers).detach())
    with torch.no_grad():
        model.model.language_model.layers[0].mlp.up_proj.weight.add_(0.1)
    assert torch.equal(reference(inputs, answers), before)
    assert not torch.allclose(policy(inputs, answers), before)


@pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="peft is not installed")
def test_adapters_turned_off_are_the_reference(model, prompt):
    inputs, answers = random_inputs(model, VIDEOS), answers_of(model)
    policy = Policy(model, prompt)
    with torch.no_grad():
        start = policy(inputs, answers)
    adapters = add_adapters(model, ["language_model"], LoraSettings(rank=2, alpha=4))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert trained and all("lora_" in name and "language_model" in name for name in trained)
    reference = ReferencePolicy(policy, adapters)
    policy(inputs, answers).sum().backward()
    with torch.no_grad():
        for parameter in trained.values():
            parameter.add_(0.1)
        moved = policy(inputs, answers)
    torch.testing.assert_close(reference(inputs, answers), start)
    assert not torch.allclose(moved, start, atol=1e-2)
    merged = adapters.merge_and_unload()
    with torch.no_grad():
        torch.testing.assert_close(Policy(merged, prompt)(inputs, answers), moved, atol=1e-4, rtol=1e-4)
