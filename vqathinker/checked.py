"""Frozen dataclasses whose values pydantic checks when they are made: of exactly their types, finite, within bounds.

What does not fit is told in one sentence, as the kind of error that its reader expects. Who only rates files imports
none of this: `vqathinker rate` starts without pydantic.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar, dataclass_transform

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

Kind = TypeVar("Kind")
Error = Callable[[str], Exception]
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


@dataclass_transform(frozen_default=True)
def checked(error: Error = ValueError) -> Callable[[type[Kind]], type[Kind]]:
    """Makes such a dataclass of a class: making one of it, by `replace` too, raises `error` of a sentence.

    >>> @checked()
    ... class Point:
    ...     x: float
    >>> Point("3")
    Traceback (most recent call last):
    ValueError: x: input should be a valid number
    """

    def decorate(cls: type[Kind]) -> type[Kind]:
        made = dataclass(cls, frozen=True, config=STRICT)
        make, names = made.__init__, [field.name for field in fields(made) if not field.kw_only]

        @functools.wraps(make)
        def init(self, *args, **values) -> None:
            named = dict(zip(names, args, strict=False))
            try:
                make(self, *args[len(names) :], **named, **values)
            except ValidationError as wrong:
                raise error(first_problem(wrong)) from None

        made.__init__ = init
        return made

    return decorate


def from_json(cls: type[Kind], text: str | bytes, error: Error = ValueError) -> Kind:
    """One of them from JSON: lists stand for tuples, objects for those inside. Raises `error` of a sentence."""
    try:
        return TypeAdapter(cls).validate_json(text)
    except ValidationError as wrong:
        raise error(first_problem(wrong)) from None


def first_problem(wrong: ValidationError) -> str:
    """The first thing that pydantic found, with its place: "videos.0.mos: input should be a valid number"."""
    first = wrong.errors(include_url=False, include_input=False)[0]
    place, said = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
    return f"{place}: {said[0].lower()}{said[1:]}" if place else said
