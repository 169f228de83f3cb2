"""The loss against the original, against TRL, and its laws."""

import doctest
from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, close, golden
from vqathinker.rewards import loss as module
from vqathinker.rewards.loss import LOSS_TYPES, grpo_loss, loss_size

CASES = golden("loss")["cases"]
seeds = st.integers(0, 10_000)


def made(seed: int, count: int = 4, length: int = 6, drift: float = 0.4):
    """Random log-probabilities, an old and a reference policy near them, advantages, a ragged mask."""
    rng = torch.Generator().manual_seed(seed)
    logps = -torch.rand(count, length, generator=rng) * 3
    old, ref = (logps + drift * torch.randn(count, length, generator=rng) for _ in range(2))
    lengths = torch.randint(1, length + 1, (count, 1), generator=rng)
    mask = (torch.arange(length) < lengths).float()
    return logps.requires_grad_(), old, ref, torch.randn(count, generator=rng), mask


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['kind']}")
def test_it_equals_the_original(case):
    logps = torch.tensor(case["logps"], requires_grad=True)
    old, mask, advantages = (torch.tensor(case[name]) for name in ("old_logps", "mask", "advantages"))
    ref = None if case["ref_logps"] is None else torch.tensor(case["ref_logps"])
    clips = {"epsilon": case["epsilon_low"], "epsilon_high": case["epsilon_high"]}
    loss, parts = grpo_loss(logps, old, ref, advantages, mask, case["beta"], **clips)
    loss.backward()
    close(loss.detach(), case["loss"], 1e-6)
    close(logps.grad, case["grad_logps"], 1e-6)
    if case["beta"]:
        close(parts.kl, case["kl"], 1e-6)
        close(parts.token_kl, torch.tensor(case["per_token_kl"]) * mask, 1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['kind']}")
def test_the_released_clip_ratio_counts_the_tokens_that_are_not_clipped(case):
    """It compares the two branches the wrong way round; ours counts where clipping took the gradient away."""
    logps, old, mask = (torch.tensor(case[name]) for name in ("logps", "old_logps", "mask"))
    advantages = torch.tensor(case["advantages"])[:, None]
    ratio = (logps - old).exp()
    clipped = ratio.clamp(1 - case["epsilon_low"], 1 + case["epsilon_high"])
    released = (((ratio * advantages) < (clipped * advantages)) * mask).sum() / mask.sum()
    close(released, case["clip_ratio"], 1e-6)
    _, parts = grpo_loss(logps, old, None, advantages[:, 0], mask, 0.0)
    close(parts.clip_ratio, (((ratio * advantages) > (clipped * advantages)) * mask).sum() / mask.sum(), 1e-6)


@pytest.mark.parametrize("beta", [0.0, 0.04])
@pytest.mark.parametrize("kind", LOSS_TYPES)
def test_trl_computes_the_same(kind, beta):
    from trl import GRPOTrainer as trainer_class  # takes seconds

    logps, old, ref, advantages, mask = made(3, drift=0.5)
    trainer = object.__new__(trainer_class)
    accelerator = SimpleNamespace(num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x)
    args = SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1)
    wanted = {
        "loss_type": kind,
        "beta": beta,
        "epsilon_low": 0.2,
        "epsilon_high": 0.28,
        "importance_sampling_level": "token",
        "max_completion_length": 9,
        "current_gradient_accumulation_steps": 1,
        "top_entropy_quantile": 1.0,
        "off_policy_mask_threshold": None,
        "aux_loss_enabled": False,
        "use_vllm": False,
        "_entropy_bonus_enabled": False,
        "_metrics": {"train": defaultdict(list)},
        "accelerator": accelerator,
        "args": args,
        "model": SimpleNamespace(training=True),
        "_get_per_token_logps_and_entropies": lambda *_, **__: (logps, torch.zeros_like(logps), None),
    }
    for name, value in wanted.items():
        object.__setattr__(trainer, name, value)
    nothing = torch.zeros(len(mask), 0, dtype=torch.long)
    inputs = {"prompt_ids": nothing, "prompt_mask": nothing, "completion_ids": mask.long(), "completion_mask": mask}
    inputs |= {"advantages": advantages, "old_per_token_logps": old, "ref_per_token_logps": ref}
    inputs |= {"num_items_in_batch": mask.sum()}
    theirs = trainer_class._compute_loss(trainer, None, inputs)
    options = {"epsilon": 0.2, "epsilon_high": 0.28, "max_length": 9}
    ours, _ = grpo_loss(logps, old, ref, advantages, mask, beta, loss_type=kind, **options)
    close(ours.detach(), theirs.detach(), 1e-6)
    gradients = [torch.autograd.grad(loss, logps, retain_graph=True)[0] for loss in (ours, theirs)]
    close(gradients[0], gradients[1], 1e-6)


@pytest.mark.parametrize("kind", LOSS_TYPES)
@QUICK
@given(seeds)
def test_the_parts_of_a_batch_sum_to_the_whole(kind, seed):
    logps, old, ref, advantages, mask = made(seed)
    size = loss_size(mask, kind)
    rows = [slice(0, 1), slice(1, 4)]
    shared = [(logps[r], old[r], ref[r], advantages[r], mask[r]) for r in rows]
    whole, _ = grpo_loss(logps, old, ref, advantages, mask, loss_type=kind)
    close(sum(grpo_loss(*part, loss_type=kind, size=size)[0] for part in shared).detach(), whole.detach(), 1e-6)


@pytest.mark.parametrize("kind", LOSS_TYPES)
@QUICK
@given(seeds)
def test_what_is_masked_has_no_gradient_whatever_it_holds(kind, seed):
    logps, old, ref, advantages, mask = made(seed)
    mask[0] = 0
    with torch.no_grad():
        logps[mask == 0] = -float("inf")
    loss, _ = grpo_loss(logps, old, ref, advantages, mask, loss_type=kind)
    loss.backward()
    assert torch.isfinite(loss)
    assert logps.grad[mask == 0].eq(0).all()
    assert logps.grad[mask == 1].ne(0).any()


@pytest.mark.parametrize("kind", LOSS_TYPES)
@QUICK
@given(seeds)
def test_without_advantage_and_penalty_nothing_is_learned(kind, seed):
    logps, old, _, advantages, mask = made(seed)
    loss, _ = grpo_loss(logps, old, None, torch.zeros_like(advantages), mask, 0.0, loss_type=kind)
    loss.backward()
    assert float(loss.detach()) == 0 and logps.grad.eq(0).all()


@QUICK
@given(seeds, st.floats(0.05, 0.5))
def test_the_penalty_is_never_negative_and_zero_for_the_reference_itself(seed, drift):
    logps, old, ref, advantages, mask = made(seed, drift=drift)
    _, parts = grpo_loss(logps, old, ref, advantages, mask, 0.1)
    assert (parts.token_kl >= 0).all() and float(parts.kl) > 0
    _, parts = grpo_loss(logps, old, logps.detach(), advantages, mask, 0.1)
    assert float(parts.kl) == 0


@QUICK
@given(seeds)
def test_on_policy_the_gradient_is_that_of_reinforce(seed):
    logps, _, _, advantages, mask = made(seed)
    loss, parts = grpo_loss(logps, logps.detach(), None, advantages, mask, 0.0)
    loss.backward()
    close(logps.grad, -advantages[:, None] * mask / mask.sum(1, keepdim=True) / len(mask), 1e-6)
    assert float(parts.clip_ratio) == 0


def test_an_advantage_may_be_told_for_every_token():
    logps, old, ref, advantages, mask = made(5)
    each = advantages[:, None].expand_as(mask)
    close(
        grpo_loss(logps, old, ref, advantages, mask)[0].detach(), grpo_loss(logps, old, ref, each, mask)[0].detach(), 0
    )


def test_dr_grpo_does_not_favour_length_and_dapo_weighs_tokens():
    logps = torch.zeros(2, 4)
    mask, advantages = torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 1]]), torch.tensor([1.0, 0.0])
    losses = {kind: grpo_loss(logps, logps, None, advantages, mask, 0.0, loss_type=kind)[0] for kind in LOSS_TYPES}
    values = {kind: float(loss) for kind, loss in losses.items()}
    assert values == pytest.approx({"grpo": -1 / 2, "dr_grpo": -1 / 8, "dapo": -1 / 5})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"loss_type": "ppo"}, "unknown loss_type 'ppo'"),
        ({"mask": torch.ones(4, 5)}, r"got \(4, 6\).*\(4, 5\)"),
        ({"advantages": torch.ones(3)}, r"and \(3,\)"),
        ({"ref_logps": None}, "needs the log-probabilities of the reference"),
    ],
)
def test_what_does_not_fit_is_named(changed, message):
    names = ("logps", "old_logps", "ref_logps", "advantages", "mask")
    with pytest.raises(ValueError, match=message):
        grpo_loss(**(dict(zip(names, made(0), strict=True)) | changed))


def test_the_example_runs():
    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0
