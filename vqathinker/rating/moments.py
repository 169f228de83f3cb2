"""Faults that are too short for a window: what the model would say of each picture of a film, were nothing else shown.

A fault of half a second is on one or two of the six pictures of a window, and the other ones outvote it. So the tokens
of each picture, and the motion around it, are put in the places of all: how probable it is then that the model names a
fault, in the text that it wrote of the window, is read for every picture once, but for those that look like the one
before. About the moments of brief faults, in the end, the model writes answers, which may tell how bad they are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import torch

from ..model.generation import write
from ..model.loading import LoadedModel
from .defects import parse_defects
from .faults import FaultRule, Sighting
from .naming import Namer, prompt_about
from .timeline import Timeline

MOST_MOMENTS = 24
"""Moments about which answers are written, those of the likeliest faults."""
MOST_KEPT = 600
"""Moments of which the features are kept for that, some 30 KB each: of more than these the first ones."""
ALIKE, MOVES_ALIKE = 0.4, 0.65
"""Two moments are called the same when their tokens differ by less than this part of their lengths, on average for
those of the picture, and for that of the motion: nine in ten moments without a change of quality do."""


@dataclass(frozen=True)
class Moment:
    """The part of a film for which one picture of a window stands, and the features (V, H) of a video that shows
    nothing but this picture and the motion around it."""

    start_s: float
    end_s: float
    features: torch.Tensor


class Moments:
    """Looks at the moments of one film, window after window."""

    def __init__(self, loaded: LoadedModel, namer: Namer, max_new_tokens: int):
        self.loaded, self.namer, self.limit = loaded, namer, max_new_tokens
        self._kept: dict[float, torch.Tensor] = {}
        self._last: torch.Tensor | None = None
        self._naming: dict[str, float] | None = None

    @torch.inference_mode()
    def sightings(self, moments: Sequence[Moment], written: Sequence[int]) -> tuple[Sighting, ...]:
        """What moments of a window say of faults; `written` are the tokens of the answer about the window. Nothing for
        a model with other sentences than the bundled one's."""
        asked, answer_of = [], []
        for moment in moments:
            if self._last is None or not alike(moment.features, self._last):
                asked.append(moment)
                self._last = moment.features
            answer_of.append(len(asked) - 1)
        naming, seen = [*self._ask(asked, written), self._naming], []  # behind it what looks like the moment before
        if not moments or len(naming) <= len(asked) or naming[answer_of[0]] is None:
            return ()
        self._naming = naming[answer_of[-1]]
        for moment, number in zip(moments, answer_of, strict=True):
            if max(naming[number].values()) >= FaultRule().brief and len(self._kept) < MOST_KEPT:
                self._kept[moment.start_s] = moment.features.half().cpu()
            seen.append(Sighting(moment.start_s, moment.end_s, {}, naming[number]))
        return tuple(seen)

    def _ask(self, moments: Sequence[Moment], written: Sequence[int]) -> list[dict[str, float]]:
        if not moments:
            return []
        features = torch.stack([moment.features for moment in moments])
        return self.namer.each(prompt_about(self.loaded, features), written)

    def grade(self, timeline: Timeline, turn: AbstractContextManager, cancel: threading.Event) -> Timeline:
        """The timeline with what the model names about the moments of its brief faults, in turns of its own."""
        wanted = {
            moment.start_s: moment.naming[fault.name]
            for fault in timeline.faults
            if fault.brief
            for window in timeline.windows
            for moment in window.moments
            if fault.start_s <= moment.start_s < fault.end_s and moment.start_s in self._kept
        }
        starts = sorted(wanted, key=lambda start: -wanted[start])[:MOST_MOMENTS]
        if not starts or cancel.is_set():
            return timeline
        with turn, torch.inference_mode():
            prompt = prompt_about(self.loaded, torch.stack([self._kept[start] for start in starts]))
            limits = {"max_new_tokens": self.limit, "eos_token_id": self.loaded.eos_token_id, "cancel": cancel}
            texts = self.loaded.processor.tokenizer.batch_decode(write(self.loaded.model, prompt, **limits))
        named = {
            start: {defect.name: defect.severity for defect in parse_defects(text)}
            for start, text in zip(starts, texts, strict=True)
        }
        return replace(timeline, windows=tuple(replace(w, moments=_called(w.moments, named)) for w in timeline.windows))


def alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether the features (V, H) of two moments are nearly the same; the last token is that of the motion."""
    apart = (one - other).norm(dim=-1) / other.norm(dim=-1)
    return bool(apart[:-1].mean() < ALIKE and apart[-1] < MOVES_ALIKE)


def _called(moments: Sequence[Sighting], named: dict[float, dict[str, str]]) -> tuple[Sighting, ...]:
    return tuple(replace(one, named=named.get(one.start_s, one.named)) for one in moments)
