import pytest

from vqathinker.rating.words import EDGES, WORDS, score_word


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
