import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.rating.words import (
    EDGES,
    JUDGEMENTS,
    THINGS,
    WORDS,
    before_judgement,
    judged_word,
    score_word,
    with_word,
)

CLOSINGS = [(sentence, thing) for sentence in JUDGEMENTS for thing in THINGS]
FOREIGN = (
    "Overall, the video has good motion but poor sharpness.",
    "Taken together, these are fair colors and bad noise. In sum, it is poor.",
    "All in all, a good clip. I would call the quality of this clip excellent.",
    "The quality of the clip is good.",
    "",
)


def test_five_equal_intervals_cover_the_scale():
    edges = (1.0, *EDGES, 5.0)
    assert [round(b - a, 6) for a, b in zip(edges, edges[1:], strict=False)] == [0.8] * 5
    assert [score_word((a + b) / 2) for a, b in zip(edges, edges[1:], strict=False)] == list(WORDS)


@pytest.mark.parametrize(
    ("score", "word"), [(1.0, "bad"), (1.79, "bad"), (1.8, "poor"), (4.2, "excellent"), (5.0, "excellent")]
)
def test_an_edge_belongs_to_the_better_word(score, word):
    assert score_word(score) == word


@pytest.mark.parametrize("score", [0.99, 5.01, float("nan"), float("inf")])
def test_a_score_off_the_scale_is_refused(score):
    with pytest.raises(ValueError, match="between 1 and 5"):
        score_word(score)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(("sentence", "thing"), CLOSINGS)
def test_the_word_of_a_closing_judgement_is_read_and_can_be_another(sentence, thing, word):
    text = f"A good light, poor colors. {sentence.format(thing=thing, word=word)}</think><answer>3.00</answer>"
    assert judged_word(text) == word and with_word(text, word) == text
    for other in WORDS:
        assert with_word(text, other) == text.replace(
            sentence.format(thing=thing, word=word), sentence.format(thing=thing, word=other)
        )
        assert with_word(with_word(text, other), word) == text


@pytest.mark.parametrize("text", FOREIGN)
def test_other_texts_are_left_alone(text):
    assert judged_word(text) is None and with_word(text, "bad") == text
    assert before_judgement(text) == text


@given(st.sampled_from(CLOSINGS), st.sampled_from(WORDS), st.sampled_from(FOREIGN), st.data())
def test_what_is_shown_before_the_judgement_only_grows_however_the_text_arrives(closing, word, foreign, data):
    before = f"<think>In even light, fine detail is rich. Tall. I notice clear softness. {foreign}".rstrip()
    text = f"{before} {closing[0].format(thing=closing[1], word=word)}</think><answer>2.50</answer>"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)) | {len(text)})
    shown = [before_judgement(text[:cut]) for cut in cuts]
    assert all(later.startswith(earlier) for earlier, later in zip(shown, shown[1:], strict=False))
    assert shown[-1] == before


def test_every_letter_of_a_text_without_a_judgement_is_shown_in_the_end():
    text = "<think>Overall, I would call it sharp. In sum, the clip is a"
    shown = [before_judgement(text[:cut]) for cut in range(len(text) + 1)]
    assert all(later.startswith(earlier) for earlier, later in zip(shown, shown[1:], strict=False))
    assert before_judgement(text + " delight") == text + " delight"
