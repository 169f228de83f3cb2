"""Answers about a batch are those that the Rater gives one by one, sampled ones included."""

from __future__ import annotations

import pytest
import torch

from tests import raters
from tests.training.toys import make_loaded
from training.policy.answers import greedy_answers, sample
from vqathinker.model.generation import prefill
from vqathinker.model.scores import AnswerPrefix, score_tables
from vqathinker.rating.answers import in_agreement
from vqathinker.video import load_clip


@pytest.fixture(scope="module")
def ratings(clip):
    """Two clips, the bundled model's prefilled prompt of both, and what its Rater says of each."""
    rater, paths = raters.tiny(), [clip("plain.mp4"), clip("portrait.mp4")]
    loaded = rater.loaded
    clips = [load_clip(path, loaded.processor.video_spec) for path in paths]
    return loaded, prefill(loaded.model, loaded.processor(clips)), [rater.rate(path, rollouts=3) for path in paths]


def test_greedy_and_expected_are_the_raters(ratings):
    loaded, prompt, rated = ratings
    for found, rating in zip(greedy_answers(loaded, prompt), rated, strict=True):
        assert (found.text, found.score, found.greedy) == (rating.text, rating.score, rating.greedy)
        assert found.score == round(found.expected, 2) and f"<answer>{found.score:.2f}</answer>" in found.text
        assert found.expected == pytest.approx(rating.expected, abs=1e-4)


def test_sampled_answers_are_the_raters(ratings):
    loaded, prompt, rated = ratings
    for found, rating in zip(sample(loaded, prompt, 3), rated, strict=True):
        assert [in_agreement(text) for text in found.texts] == [rollout.text for rollout in rating.rollouts]
        assert found.scores == [rollout.score for rollout in rating.rollouts]
        assert found.cut == (False,) * 3


def test_an_answer_that_reaches_the_limit_is_cut(ratings):
    loaded, prompt, _ = ratings
    found = sample(loaded, prompt, 2, max_new_tokens=5)[0]
    assert found.cut == (True, True) and found.well_formed == [False, False] and found.scores == [None, None]


def test_tables_after_different_openings_are_those_of_one_text_at_a_time():
    loaded = make_loaded()
    torch.manual_seed(0)
    features = torch.randn(3, loaded.model.config.video_seq_length, 64)
    ids = torch.tensor(loaded.processor.tokenizer(loaded.processor.prompt_text())["input_ids"])
    openings = [
        AnswerPrefix((5, 6, 7, 8, 9)),
        AnswerPrefix((10,), (14, 15, 16), (17, 18)),
        AnswerPrefix((11, 12, 13), (14, 15)),
    ]
    digits, point = list(range(20, 30)), 40
    prompt = prefill(loaded.model, {"input_ids": ids.repeat(3, 1), "video_features": features})
    tables = score_tables(loaded.model, prompt, openings, digits, point)
    for index, table in enumerate(tables):
        alone = prefill(loaded.model, {"input_ids": ids[None], "video_features": features[index : index + 1]})
        [expected] = score_tables(loaded.model, alone, [openings[index]], digits, point)
        torch.testing.assert_close(table.probabilities, expected.probabilities, atol=1e-6, rtol=1e-4)
        assert table.probabilities.sum() == pytest.approx(1, abs=1e-5)
