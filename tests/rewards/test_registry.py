"""A reward is one thing in one place: registered, it is wherever rewards are computed, logged, served and shown."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rewards.goldens import written
from training.grpo.config import GrpoSettings
from training.grpo.logs import reward_metrics
from vqathinker.rewards import REWARDS, Reward, RewardSpec, Trace, score_groups, score_with_twins
from vqathinker.rewards.registry import register, removable, without
from vqathinker.rewards.trl import reward_functions
from vqathinker.space.lab.experiment.numbers import last_step, score_state
from vqathinker.space.lab.experiment.state import DEFAULT_STATE
from vqathinker.space.lab.page import render
from vqathinker.space.server.rewards_api import reward_table

TOY = '''
"""More words, more reward: up to 10 of them."""

import torch

from vqathinker.rewards import Reward, Trace
from vqathinker.rewards.registry import register


def score(answers):
    words = [[float(len(text.split())) for text in group] for group in answers.texts]
    return Trace(answers, torch.tensor(words).clamp(max=10) / 10)


def explain(trace, i, j, names):
    return [f"{len(trace.answers.texts[i][j].split())} words / 10 of {names[i]}{j + 1}"]


TOY = register(Reward("wordiness", "Wordiness", score, explain, about="Are there many words?", weight=2.0))
'''
TEXTS = [[written(4.0), "<think>one two three</think><answer>3.00</answer>"], [written(2.0), "a b c d e"]]
MOS = [4.0, 2.0]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reward]:
    """A fourth reward, in a file of its own; nothing else is touched."""
    (tmp_path / "toy_reward.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    score_state.cache_clear()
    yield importlib.import_module("toy_reward").TOY
    REWARDS.pop("wordiness")
    monkeypatch.delitem(sys.modules, "toy_reward")
    score_state.cache_clear()


def test_a_toy_reward_in_one_file_is_found_wherever_rewards_are(toy: Reward):
    before = score_groups(TEXTS, MOS, RewardSpec(weights={"wordiness": 0.0}))
    table = score_groups(TEXTS, MOS)
    earned = [[0.1, 0.3], [0.1, 0.5]]
    for i, group in enumerate(earned):
        for j, value in enumerate(group):
            assert float(table.parts["wordiness"][i, j]) == pytest.approx(value)
            assert float(table.total[i, j] - before.total[i, j]) == pytest.approx(2 * value, abs=1e-6)

    metrics = reward_metrics(score_with_twins(TEXTS, [None, None], MOS))
    assert any("wordiness" in key and value == pytest.approx(0.25) for key, value in metrics.items())

    served = reward_table(TEXTS, MOS)
    assert served["wordiness"] == earned and list(served)[-2:] == ["total", "advantage"]

    assert last_step() == 8
    page = render(replace(DEFAULT_STATE, view="step", step=last_step()), 1200)
    assert '<th scope="col" class="">wordiness</th>' in page and "4 words / 10 of A1" in page
    assert "2 × " in page  # the total tells the weight
    walk = render(replace(DEFAULT_STATE, view="step", step=5), 1200)
    assert "Are there many words?" in walk

    assert reward_functions()[-1].__name__ == "wordiness_reward"
    assert reward_functions()[-1](TEXTS[0], mos=[4.0, 4.0], video=[1, 1]) == pytest.approx([0.1, 0.3])
    assert removable() == ("format", "regression", "ranking", "wordiness", "temporal")
    settings = GrpoSettings().without("wordiness")
    assert settings.reward.weight("wordiness", toy.weight) == 0.0
    assert GrpoSettings(reward=RewardSpec(weights={"wordiness": 0.5})).reward.weights == {"wordiness": 0.5}


@pytest.mark.parametrize("name", ["format", "temporal", "total", "reward"])
def test_a_name_that_is_taken_is_refused(name: str):
    with pytest.raises(ValueError, match=f"called {name} already"):
        register(Reward(name, "Toy", lambda answers: Trace(answers, answers.scores)))


@pytest.mark.parametrize("options", [{"name": "two words"}, {"weight": -1.0}, {"weight": float("nan")}])
def test_what_is_no_reward_is_refused(options: dict):
    with pytest.raises(ValueError, match="reward must be|weight of"):
        Reward(**{"name": "toy", "title": "Toy", "score": None, **options})


def test_each_reward_and_the_bonus_can_be_left_out_and_nothing_else():
    for name in removable():
        assert without(RewardSpec(), name) != RewardSpec()
    with pytest.raises(ValueError, match="unknown reward 'speed', known: format, regression, ranking, temporal"):
        without(RewardSpec(), "speed")
    with pytest.raises(ValueError, match="there is no reward 'speed'"):
        GrpoSettings(reward=RewardSpec(weights={"speed": 1.0}))


@pytest.mark.parametrize("weights", [{"a": -1}, {"a": "much"}, {"ranking": 1.0}])
def test_weights_out_of_range_are_refused(weights: dict):
    with pytest.raises(ValueError, match="RewardSpec.weights"):
        RewardSpec(weights=weights)
