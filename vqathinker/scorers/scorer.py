"""What is known of a scorer before its weights are there: what it is called, where it is, what it can do, and how its
answers are read. Needs no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..answer import NUMBER, answer_span, up_to_answer, with_answer

BEFORE_NUMBER = re.compile(r"[^<\d]*?(?=-?\d)")
UNSIGNED = re.compile(NUMBER.pattern.removeprefix("-?"))

LONGEST_QUESTION = 1000
"""Characters of a question that a model is asked."""


@dataclass(frozen=True)
class Abilities:
    """What a scorer can do beside giving a score.

    describes: it writes why. defects: those that its words name are listed; "taught" where it was trained to name them,
    "read" where the words are its own. asks: it answers questions about the quality. temporal: it is shown motion, not
    only pictures. timeline: films are rated window by window. published_videos: its authors say how it rates a video,
    so that there is a protocol "released" for one.
    """

    describes: bool = True
    defects: str = "read"
    asks: bool = False
    temporal: bool = False
    timeline: bool = False
    published_videos: bool = False


@dataclass(frozen=True)
class AnswerForm:
    """How a number stands in an answer: `<answer>`, `before`, the number, `after`, `</answer>`.

    untagged: the published reading takes an answer without tags as a whole. sign: it takes a minus for part of the
    number.
    """

    before: str = ""
    after: str = ""
    untagged: bool = False
    sign: bool = True

    def up_to_number(self, text: str) -> str:
        """An answer up to its number, as it was written, or as this form would have it where it holds none.

        >>> AnswerForm().up_to_number("<think>Sharp.</think><answer>\\n3.50</answer>")
        '<think>Sharp.</think><answer>\\n'
        >>> AnswerForm('{"rating": ').up_to_number("<think>Sharp.</think>")
        '<think>Sharp.</think><answer>{"rating": '
        """
        opened = up_to_answer(text)
        written = BEFORE_NUMBER.match(text.removeprefix(opened)) if text.startswith(opened) else None
        return opened + (written.group() if written else self.before)

    def with_number(self, text: str, score: float) -> str:
        """The text with this score in the place of what its answers hold.

        >>> AnswerForm('{"rating": ', "}").with_number('<answer>{"rating": 3}</answer>', 3.4)
        '<answer>{"rating": 3.40}</answer>'
        """
        return with_answer(text, f"{self.before}{score:.2f}{self.after}")

    def published(self, text: str) -> float | None:
        """The number that the authors' code reads in a text, None where it finds none.

        >>> AnswerForm(untagged=True).published("I would say 3.5"), AnswerForm().published("I would say 3.5")
        (3.5, None)
        """
        span = answer_span(text)
        place = text[slice(*span)] if span else text if self.untagged else ""
        number = (NUMBER if self.sign else UNSIGNED).search(place)
        return None if number is None else float(number.group())


@dataclass(frozen=True)
class Scorer:
    """One model of this field. `hub` is where its weights are published, with the folder in it where there are several;
    `parameters` in billions; `paper` its arXiv number. `kind` is the architecture as `config.json` names it."""

    name: str
    title: str
    family: str
    kind: str
    abilities: Abilities
    form: AnswerForm = AnswerForm()
    hub: str = ""
    inside: str = ""
    parameters: float = 0.0
    paper: str = ""
    max_new_tokens: int = 512

    @property
    def size(self) -> str:
        """The number of parameters in people's words: "7.3 M", "8.0 B".

        >>> Scorer("a", "A", "F", "k", Abilities(), parameters=0.0073).size
        '7.3 M'
        """
        return f"{self.parameters:.1f} B" if self.parameters >= 1 else f"{1000 * self.parameters:.1f} M"
