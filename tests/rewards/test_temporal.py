"""The temporal bonus against the original, and its repairs."""

from dataclasses import replace

import pytest
import torch

from tests.rewards.goldens import close, golden, written
from vqathinker.rewards import RewardSpec, score_groups, temporal_bonus, weigh

CASES = golden("temporal")["cases"]
OFFICIAL = RewardSpec.official()


def columns(case, key):
    """The rank, reg and format columns of a case, each (B, G)."""
    return torch.tensor(case[key]).reshape(case["B"], case["G"], 3).unbind(-1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['kind']}")
def test_official_equals_the_original(case):
    ordered, perturbed, after = (columns(case, key) for key in ("ordered", "perturbed", "after"))
    rewarded = temporal_bonus(*ordered[:2], *perturbed[:2], OFFICIAL)
    close(torch.stack(rewarded), torch.stack(after[:2]), 1e-6)
    parts = {"format": ordered[2], "regression": rewarded[1], "ranking": rewarded[0]}
    close(weigh(parts).flatten(), case["total"], 1e-6)


def test_gating_per_video_equals_the_original_on_one_video_at_a_time():
    per_video = replace(OFFICIAL, gate_per_video=True)
    changed = 0
    for case in CASES:
        ordered, perturbed = columns(case, "ordered")[:2], columns(case, "perturbed")[:2]
        if "tie" in case["kind"]:
            continue
        whole = torch.stack(temporal_bonus(*ordered, *perturbed, per_video))
        alone = [
            torch.stack(temporal_bonus(*(x[i : i + 1] for x in (*ordered, *perturbed)), OFFICIAL))
            for i in range(case["B"])
        ]
        close(whole, torch.cat(alone, 1), 0)
        changed += not whole.equal(torch.stack(columns(case, "after")[:2]))
    assert changed > len(CASES) / 3


@pytest.mark.parametrize("seed", range(20))
def test_a_tie_earns_no_bonus_unless_released_whatever_the_order_of_the_rollouts(seed):
    generator = torch.Generator().manual_seed(seed)
    rewards = 0.91 + 0.09 * torch.rand(1, 8, generator=generator)
    moved = rewards[:, torch.randperm(8, generator=generator)]
    args = (rewards, rewards, moved, moved)
    assert temporal_bonus(*args)[0].equal(rewards)
    close(temporal_bonus(*args, replace(RewardSpec(), gate_needs_gain=False))[0], rewards + 0.3, 1e-6)


def test_a_coarse_answer_can_earn_the_bonus():
    table = score_groups([[written("4")]], [4.0])
    perturbed = score_groups([[written("2.50")]], [4.0])
    close(table.with_bonus(perturbed).regression, [[1.1]], 1e-6)
    unrepaired = replace(RewardSpec(), bonus_ignores_coarseness=False)
    close(table.with_bonus(perturbed, unrepaired).regression, [[0.8]], 1e-6)
    # without the bell there is nothing to tell a coarse answer from a wrong one
    zero = torch.zeros(1, 1)
    close(temporal_bonus(zero, table.regression, zero, zero)[1], [[0.8]], 1e-6)


def test_the_table_adds_the_bonus_to_the_total_and_keeps_the_format():
    texts = [[written(4.0), written(4.1)], [written(2.0), written(2.1)]]
    worse = [[written(3.0), written(3.1)], [written(3.4), written(3.1)]]
    table, perturbed = (score_groups(t, [4.0, 2.0]) for t in (texts, worse))
    after = table.with_bonus(perturbed)
    close(after.total, table.total + 0.6, 1e-6)
    assert after.format is table.format and table.total.max() < 3.1


def test_the_arguments_are_left_alone_and_the_twin_may_have_fewer_rollouts():
    ranking, regression = torch.tensor([[0.9, 0.8]]), torch.tensor([[0.95, 0.95]])
    kept = ranking.clone(), regression.clone()
    first, second = temporal_bonus(ranking, regression, torch.tensor([[0.1]]), torch.tensor([[0.1]]))
    assert ranking.equal(kept[0]) and regression.equal(kept[1])
    close(torch.stack((first, second)), [[[1.2, 1.1]], [[1.25, 1.25]]], 1e-6)


@pytest.mark.parametrize("wrong", [torch.zeros(2, 2), torch.zeros(3), torch.zeros(1, 3)])
def test_shapes_that_disagree_are_refused(wrong):
    good = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="temporal_bonus needs"):
        temporal_bonus(good, good, wrong, good)
