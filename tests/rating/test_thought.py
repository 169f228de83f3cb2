"""The part of a growing answer that may be shown."""

from __future__ import annotations

import pytest

from vqathinker.rating.thought import thought_so_far

ANSWER = "<think> Sharp, and 2 < 3 in it.\nClean.</think><answer>3.42</answer>"


def test_it_only_grows_and_ends_with_the_whole_thought():
    shown = [thought_so_far(ANSWER[:end]) for end in range(len(ANSWER) + 1)]
    assert all(after.startswith(before) for before, after in zip(shown, shown[1:], strict=False))
    assert shown[-1] == "Sharp, and 2 < 3 in it.\nClean."
    assert not any(tag in text for text in shown for tag in ("think", "answer"))


@pytest.mark.parametrize("text", ["Just words.", "<think>Just words.<answer>2</answer>", "Just words.</think>"])
def test_answers_that_lack_a_tag_show_their_words(text: str):
    assert thought_so_far(text) == "Just words."
