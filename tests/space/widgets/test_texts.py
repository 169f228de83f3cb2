"""The sentences of the page: whole, as far as a machine can tell."""

from __future__ import annotations

import re

import pytest

from vqathinker.rewards import RewardSpec
from vqathinker.space.lab.formula import FORMULAS
from vqathinker.space.widgets import texts

CLOSES = {")": "(", "]": "[", "}": "{"}


def told() -> dict[str, str]:
    """Every string of the module, by its name; those of a tuple by name and place."""
    found = {}
    for name, value in vars(texts).items():
        if name.isupper() and isinstance(value, str | tuple | dict):
            values = value.values() if isinstance(value, dict) else (value,) if isinstance(value, str) else value
            found |= {f"{name} {place}": text for place, text in enumerate(values) if isinstance(text, str)}
    return found


def formulas() -> dict[str, str]:
    """The formulas of the lab and what they say of their symbols."""
    found = {}
    for view, make in FORMULAS.items():
        line, meanings = make(RewardSpec())
        found |= {f"{view} {place}": text for place, text in enumerate((line, *(text for _, text in meanings)))}
    return found


def left_open(text: str) -> list[str]:
    """The brackets that are not closed, and those that close nothing; tags aside."""
    waiting = []
    for mark in re.sub("<[^>]+>", "", text):
        if mark in CLOSES.values():
            waiting.append(mark)
        elif mark in CLOSES:
            if not waiting or waiting.pop() != CLOSES[mark]:
                return [mark]
    return waiting


@pytest.mark.parametrize("name, text", sorted((told() | formulas()).items()))
def test_every_bracket_is_closed(name: str, text: str):
    assert left_open(text) == [], text


def test_a_bracket_that_is_left_open_is_found():
    assert left_open("Φ((a − b) / √(s²)") == ["("] and left_open("a) + (b") == [")"] and left_open("[a)") == [")"]
