"""One number and one word: what is written, what is reported, and what the model's own distribution says."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests import raters
from tests.model.tiny_models import make_model, make_processor
from vqathinker import ModelError, load_rater
from vqathinker.model.loading import LoadedModel
from vqathinker.model.scores import AnswerPrefix, ScoreTable
from vqathinker.rating import Rated, Rater, Rollout, Timings, Wrote, score_word
from vqathinker.rating.answers import greedy_score, in_agreement, make_rating, opening_of, settled
from vqathinker.rating.words import WORDS, judged_word, with_word
from vqathinker.space.settings import Settings
from vqathinker.space.widgets.records import load_examples

OWN = "<think>It is clean. In sum, the clip as a whole has good quality.</think><answer>4.00</answer>"
FOREIGN = "<think>Overall, it has good motion.</think><answer> 3.5 </answer>"
EXAMPLES = [Settings().examples / entry["file"] for entry in load_examples(Settings().examples)]
TIMINGS = Timings(1.0, 0.5, 0.5, 2.0)


def table(**answers: float) -> ScoreTable:
    """A distribution with these probabilities, by answer ("a342" is 3.42)."""
    probabilities = torch.zeros(5, 10, 10)
    for name, probability in answers.items():
        unit, tenth, hundredth = map(int, name[1:])
        probabilities[unit - 1, tenth, hundredth] = probability
    return ScoreTable(probabilities)


def loaded(protocol: str = "default", calibration: dict | None = None) -> LoadedModel:
    processor = make_processor()
    model = make_model(processor)
    model.config.calibration = calibration
    return LoadedModel(model, processor, "toy", "fp32", protocol=protocol)


def rating_of(text: str, found: ScoreTable, one: LoadedModel):
    return make_rating(one, "a.mp4", (), text, found, (), TIMINGS)


@pytest.mark.parametrize("score", [1.0, 1.8, 2.71, 4.2, 5.0])
@pytest.mark.parametrize("text", [OWN, FOREIGN, "<think>cut of", "<answer>2.5", "<answer></answer>", "4.00"])
def test_settling_twice_is_settling_once_and_nothing_but_number_and_word_changes(text, score):
    once = settled(text, score)
    assert settled(once, score) == once
    assert once.split("<answer>")[0] == text.split("<answer>")[0] or judged_word(text)
    assert ("<answer>" in text) == (f"<answer>{score:.2f}" in once)
    assert judged_word(once) == (score_word(score) if judged_word(text) else None)


def test_a_text_that_says_its_score_already_stays_letter_by_letter():
    assert settled(OWN, 4.0) == OWN
    assert settled(FOREIGN, 2.0) == FOREIGN.replace(" 3.5 ", "2.00")


@pytest.mark.parametrize(
    ("text", "greedy"),
    [(OWN, 4.0), (FOREIGN, 3.5), ("<answer>9.1</answer>", 5.0), ("<answer>fine</answer>", 3.0), ("", 3.0)],
)
def test_the_greedy_number_is_that_of_the_published_evaluation(text, greedy):
    assert greedy_score(text) == greedy


def test_the_word_of_the_closing_judgement_is_left_open_in_what_opens_an_answer():
    tokenizer = raters.tiny().loaded.processor.tokenizer

    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    for word in WORDS:
        text = with_word(OWN, word)
        opening, opened = opening_of(tokenizer, text), text[: text.index("<answer>") + len("<answer>")]
        taken = opening.words[WORDS.index(word)]
        assert (*opening.before, taken, *opening.after) == ids(opened)
        assert opening_of(tokenizer, text, open_word=False) == AnswerPrefix(ids(opened))
        assert {(*opening.before, *ending) for ending in opening.endings} == {
            ids(with_word(opened, other)) for other in WORDS
        }
    assert opening_of(tokenizer, "no tag at all") == AnswerPrefix(ids("no tag at all<answer>"))
    assert opening_of(tokenizer, FOREIGN).words == ()


def test_a_sampled_answer_has_the_word_of_its_own_number():
    assert judged_word(in_agreement(OWN.replace("4.00", "1.20"))) == "bad"
    for text in (OWN.replace("4.00", "7.00"), OWN.replace("4.00", "x"), FOREIGN, "nothing"):
        assert in_agreement(text) == text


def test_the_score_is_the_mean_of_all_answers_and_stands_in_the_text():
    found = rating_of(OWN, table(a400=0.6, a200=0.4), loaded())
    assert (found.score, found.greedy) == (3.2, 4.0) and found.expected == pytest.approx(3.2)
    assert (
        found.text == "<think>It is clean. In sum, the clip as a whole has fair quality.</think><answer>3.20</answer>"
    )
    assert found.reasoning.endswith("has fair quality.")
    assert found.interval is None and found.to_dict()["interval"] is None


def test_by_the_released_protocol_number_and_text_are_as_they_were_written():
    found = rating_of(OWN, table(a400=0.6, a200=0.4), loaded("released"))
    assert (found.score, found.greedy, found.text) == (4.0, 4.0, OWN) and found.expected == pytest.approx(3.2)
    assert rating_of("no number", table(a400=1.0), loaded("released")).score == 3.0
    assert rating_of("no number", table(a400=1.0), loaded()).score == 4.0


def test_the_deviation_grows_with_the_variance_and_makes_the_interval():
    one = loaded(calibration={"factor": 1.5, "floor": 0.2})
    sure, unsure = (rating_of(OWN, t, one) for t in (table(a300=1.0), table(a200=0.5, a400=0.5)))
    assert sure.deviation == pytest.approx(1.5 * 0.2)
    assert unsure.deviation == pytest.approx(1.5 * math.sqrt(1 + 0.04), abs=1e-5)
    assert sure.interval == pytest.approx((3 - 1.645 * 0.3, 3 + 1.645 * 0.3))
    assert unsure.interval == pytest.approx((1.0, 5.0), abs=0.6)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_on_the_examples_text_score_and_word_agree_and_what_is_shown_only_grows(path):
    events = list(raters.tiny().watch(path))
    rating, texts = events[-1].rating, [event.text for event in events if isinstance(event, Wrote)]
    assert isinstance(events[-1], Rated)
    assert rating.score == round(rating.expected, 2)
    assert rating.text.endswith(f"<answer>{rating.score:.2f}</answer>")
    assert judged_word(rating.text) == score_word(rating.score)
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))
    assert len(texts) > 5 and texts[-1] == rating.text


def test_the_released_protocol_is_the_same_model_without_a_second_thought(clip):
    path, default = clip("plain.mp4"), raters.tiny().rate(clip("plain.mp4"), rollouts=2)
    released = Rater(replace(raters.tiny().loaded, protocol="released"))
    found = released.rate(path, rollouts=2)
    assert found.score == found.greedy == default.greedy
    assert f"<answer>{found.greedy:.2f}</answer>" in found.text and settled(found.text, default.score) == default.text
    assert [Rollout(in_agreement(one.text)) for one in found.rollouts] == list(default.rollouts)
    [many] = released.rate_many([path])
    assert (many.text, many.score) == (found.text, found.score)
    texts = list(released.stream(path))
    assert texts[-1] == found.text


def test_an_unknown_protocol_is_refused_in_one_sentence():
    with pytest.raises(ModelError, match="unknown protocol 'paper'; choose default or released"):
        load_rater("tiny", protocol="paper")
