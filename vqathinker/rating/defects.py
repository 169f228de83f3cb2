"""The vocabulary of defects: how they are written, and which of them a text names.

`parse_defects` reads words only.  It knows the phrases that our own reasoning uses and the usual English for the
same things, so that it also works on the text of other models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..answer import reasoning
from .defect_patterns import BREAK, DEFECT_NAMES, DEGREES, DENIED_AFTER, NEGATION, PHRASES

SEVERITIES = ("slight", "noticeable", "severe")
UNSTATED = "noticeable"
"""The severity of a defect that is named without one."""


@dataclass(frozen=True)
class Defect:
    """One visible fault: a name out of `DEFECTS` and a severity out of `SEVERITIES`."""

    name: str
    severity: str

    def __post_init__(self) -> None:
        if self.name not in DEFECTS or self.severity not in SEVERITIES:
            raise ValueError(f"There is no defect {self.name!r} of severity {self.severity!r}.")


DEFECTS = tuple(PHRASES)
ADJECTIVES = {
    "slight": ("slight", "mild"),
    "noticeable": ("noticeable", "clear"),
    "severe": ("severe", "heavy"),
}
ADVERBS = {
    "slight": ("slightly", "mildly"),
    "noticeable": ("noticeably", "clearly"),
    "severe": ("severely", "badly"),
}

SENTENCES = (
    ("There is {adjective} {noun}", 0),
    ("The {subject} is {adverb} {predicate}", 1),
    ("I notice {adjective} {noun}", 1),
    ("Here the {subject} looks {adverb} {predicate}", 0),
)
"""How the bundled model names a defect in its four voices (the same as in words.JUDGEMENTS), without the full stop,
and which of the words that mean the same it takes."""

_JOINED = re.compile(r"^\W*(?:and|or|as\s+well\s+as)?\W*$")
_NEAR = 48
_ACROSS = 24


def defect_sentence(name: str, severity: str, voice: int) -> str:
    """The sentence of a voice that names a defect, without its full stop.

    >>> defect_sentence("blur", "slight", 0)
    'There is slight blur'
    """
    sentence, synonym = SENTENCES[voice]

    def one(words: tuple):
        return words[synonym % len(words)]

    subject, predicate = one(PHRASES[name].predicates)
    degree = {"adjective": one(ADJECTIVES[severity]), "adverb": one(ADVERBS[severity])}
    return sentence.format(noun=one(PHRASES[name].nouns), subject=subject, predicate=predicate, **degree)


def parse_defects(text: str) -> tuple[Defect, ...]:
    """The defects that a text says are there, worst first, each once with its worst severity.

    Of an answer with a think part only that part is read.  "no visible blur" or "free of noise" name nothing; a
    defect without a word of degree counts as noticeable.

    >>> parse_defects("<think>It is quite blurry, with slight noise but no shake.</think><answer>2.50</answer>")
    (Defect(name='blur', severity='noticeable'), Defect(name='noise', severity='slight'))
    """
    worst: dict[str, int] = {}
    for segment in BREAK.split(_think_part(text)):
        for name, severity in _named_in(segment or ""):
            worst[name] = max(worst.get(name, 0), SEVERITIES.index(severity))
    order = sorted(worst, key=lambda name: (-worst[name], DEFECTS.index(name)))
    return tuple(Defect(name, SEVERITIES[worst[name]]) for name in order)


def _think_part(text: str) -> str:
    part = reasoning(text).lower()
    return re.sub("[\u2010-\u2014]", "-", part.replace("\u2019", "'").replace("_", " "))


def _named_in(segment: str) -> list[tuple[str, str]]:
    """(name, severity) of every defect that one clause affirms."""
    matches = list(DEFECT_NAMES.finditer(segment))
    levels = [(level.start(), level.end(), level.lastgroup) for level in DEGREES.finditer(segment)]
    denials = [match.start() for match in NEGATION.finditer(segment)]
    owner = {level: min(matches, key=lambda m: _distance(segment, level, m), default=None) for level in levels}
    named: list[tuple[str, str]] = []
    for index, match in enumerate(matches):
        if any(start < match.start() for start in denials) or DENIED_AFTER.match(segment[match.end() :]):
            continue
        inside = [level for level in levels if match.start() <= level[0] and level[1] <= match.end()]
        own = inside or [
            level for level in levels if owner[level] is match and _distance(segment, level, match) < _NEAR
        ]
        severity = _strongest_statement(segment, own, match)
        if severity is None and named and _JOINED.match(segment[matches[index - 1].end() : match.start()]):
            severity = named[-1][1]
        named.append((match.lastgroup, severity or UNSTATED))
    return named


def _distance(segment: str, level: tuple[int, int, str], match: re.Match) -> int:
    """Characters between a word of degree and a defect; crossing an "and" or a comma counts extra."""
    between = segment[level[1] : match.start()] if level[1] <= match.start() else segment[match.end() : level[0]]
    return len(between) + (_ACROSS if re.search(r",|\band\b|\bor\b", between) else 0)


def _strongest_statement(segment: str, levels: list[tuple[int, int, str]], match: re.Match) -> str | None:
    """The nearest word of degree; of several, "slight" and "severe" say more than "visible"."""
    telling = [level for level in levels if level[2] != "noticeable"] or levels
    nearest = min(telling, key=lambda level: _distance(segment, level, match), default=None)
    return nearest[2] if nearest else None
