"""The grammar of an answer, `<think>reasoning</think><answer>3.42</answer>`: whole, broken, or still being written.

All that composes answers or takes them apart is here. No torch: the page and the command line need it before the model.
"""

from __future__ import annotations

import re
from functools import cache

TAGS = THINK, THINK_END, ANSWER, ANSWER_END = "<think>", "</think>", "<answer>", "</answer>"
UNREADABLE = 3.0
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_NO_TAGS, _ANYTHING = rf"(?:(?!{'|'.join(TAGS)}).)*", r".*?"
_END_OF_REASONING = re.compile(f"{THINK_END}|{ANSWER}")
_WRITTEN_ANSWER = re.compile(rf"({ANSWER})[^<]*(?={ANSWER_END}|$)")
_PART_OF_TAG = re.compile(r"</?[a-z]*$")


def counted_score(score: float | None) -> float:
    """A score as the published evaluation counts it: held to [1, 5]; 3.00, the middle, where there is none."""
    return UNREADABLE if score is None else min(max(score, 1.0), 5.0)


def compose(reasoning: str, answer: str) -> str:
    """A well-formed answer.

    >>> compose("Sharp.", "3.42")
    '<think>Sharp.</think><answer>3.42</answer>'
    """
    return f"{THINK}{reasoning}{THINK_END}{ANSWER}{answer}{ANSWER_END}"


def well_formed(text: str, *, refuse_repeated_tags: bool = True, allow_outer_whitespace: bool = True) -> bool:
    """Whether the whole text is one think block, then one answer block, with nothing but white space between them.

    >>> well_formed("<think>a</think> <answer>1.00</answer>"), well_formed("<think>a</think>")
    (True, False)
    """
    return _whole(refuse_repeated_tags, allow_outer_whitespace).fullmatch(text) is not None


@cache
def _whole(refuse_repeated_tags: bool, allow_outer_whitespace: bool) -> re.Pattern[str]:
    inside = _NO_TAGS if refuse_repeated_tags else _ANYTHING
    around = r"\s*" if allow_outer_whitespace else ""
    blocks = rf"{THINK}{inside}{THINK_END}\s*{ANSWER}{inside}{ANSWER_END}"
    return re.compile(f"{around}{blocks}{around}", re.DOTALL)


def answer_span(text: str) -> tuple[int, int] | None:
    """Where the inside of the last `<answer>…</answer>` of a text begins and ends; None without one.

    Each block ends at the first closing tag. In time linear in the text, however many tags it holds.

    >>> answer_span("<answer>1</answer><answer>2</answer>")
    (26, 27)
    """
    span, position = None, 0
    while (opened := text.find(ANSWER, position)) >= 0:
        start = opened + len(ANSWER)
        end = text.find(ANSWER_END, start)
        if end < 0:
            break
        span, position = (start, end), end + len(ANSWER_END)
    return span


def written_answer(text: str) -> str | None:
    """What stands in the last answer, closed or not, without spaces around it; None where none was begun.

    >>> written_answer("<think>a</think><answer> 3.4"), written_answer("3.4")
    ('3.4', None)
    """
    span = answer_span(text)
    _, opened, rest = text[span[1] if span else 0 :].rpartition(ANSWER)
    if opened:
        return rest.strip()
    return text[slice(*span)].strip() if span else None


def number_span(text: str) -> tuple[int, int] | None:
    """Where the first number of the last answer stands; None where there is no answer, or no number in it.

    >>> number_span("<answer>about 3.42</answer>")
    (14, 18)
    """
    span = answer_span(text)
    found = NUMBER.search(text, *span) if span else None
    return found.span() if found else None


def with_answer(text: str, answer: str) -> str:
    """The text with this in its answers, where there are any, in the place of what stands there; one that is still
    being written ends with it.

    >>> with_answer("<think>a</think><answer>2.50</answer>", "2.71")
    '<think>a</think><answer>2.71</answer>'
    """
    return _WRITTEN_ANSWER.sub(lambda found: found[1] + answer, text)


def up_to_answer(text: str) -> str:
    """The text up to its last answer, with the tag that opens it; that tag behind the text where there is none.

    >>> up_to_answer("<think>a</think><answer>2.50</answer>"), up_to_answer("<think>a")
    ('<think>a</think><answer>', '<think>a<answer>')
    """
    return text[: text.rindex(ANSWER)] + ANSWER if ANSWER in text else text + ANSWER


def reasoning(text: str) -> str:
    """What stands between the tags of thinking, however far it got; before any other tag where nothing opens it.

    >>> reasoning("<think>Sharp.</think><answer>3</answer>"), reasoning("Sharp. <answer>3</answer>")
    ('Sharp.', 'Sharp.')
    """
    _, opened, inside = text.partition(THINK)
    return _END_OF_REASONING.split(inside if opened else text, maxsplit=1)[0].strip()


def reasoning_so_far(text: str) -> str:
    """What can be shown of the reasoning while it is written: no tags, and no tag of which only the beginning is there.

    It only ever grows with the text, so that a terminal can print the difference.

    >>> reasoning_so_far("<think>Sharp and clean.</thi")
    'Sharp and clean.'
    """
    text = text.lstrip()
    if THINK.startswith(text):
        return ""
    text = text.removeprefix(THINK).lstrip()
    return _END_OF_REASONING.split(_PART_OF_TAG.sub("", text), maxsplit=1)[0].rstrip()


def answer_so_far(text: str) -> str:
    """What can be shown of the answer while it is written.

    >>> answer_so_far("<think>a</think><answer>Yes, it stut</ans")
    'Yes, it stut'
    """
    _, opened, rest = text.partition(ANSWER)
    return _PART_OF_TAG.sub("", rest.partition(ANSWER_END)[0]).strip() if opened else ""


def after_reasoning(text: str) -> tuple[str, bool]:
    """What follows the reasoning, and whether it was closed; all of a text, without its opening tag, where it was not.

    >>> after_reasoning("<think>a</think> Yes."), after_reasoning("Yes.")
    (('Yes.', True), ('Yes.', False))
    """
    before, closed, rest = text.partition(THINK_END)
    return (rest.strip(), True) if closed else (before.replace(THINK, "").strip(), False)


def shortened(text: str, longest: int) -> str:
    """The text with a reasoning of more characters than `longest` cut between two words; tags, and what follows them,
    stay. A text whose reasoning is not closed, or holds tags, stays as it is.

    >>> shortened("<think>Sharp and clean.</think><answer>3</answer>", 12)
    '<think>Sharp and …</think><answer>3</answer>'
    """
    head, opened, rest = text.partition(THINK)
    inside, closed, tail = rest.partition(THINK_END)
    if not closed or "<" in inside or len(inside) <= longest or ANSWER not in tail:
        return text
    return f"{head}{opened}{inside[:longest].rsplit(' ', 1)[0]} …{closed}{tail}"
