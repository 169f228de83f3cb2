"""Where in the picture a fault sits: which cells of the tower's grid alone would make a model name it.

The tower sees a picture as a pyramid of regions, of which the finest is a grid. A video is shown again with the tokens
of one cell in the places of all: how probable it is then that the model names the fault, in the text that it wrote of
the whole, is the value of that cell. tests/benchmarks/fault_regions.py measures whether that tells, beside other ways.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch

from ..model.loading import LoadedModel
from .faults import Grid
from .naming import Namer, prompt_about
from .timeline import Timeline

SPATIAL = frozenset(
    "blur low_resolution noise compression underexposure overexposure low_contrast color corruption".split()
)
"""Faults that may be in a part of the picture; the others are of its motion."""
MOST_MAPPED = 12
"""Faults of a film that are mapped, the surest: each takes as long as rating a window, and nobody else has the model
between them."""


def finest_grid(loaded: LoadedModel) -> int:
    """Cells on a side of the finest grid of the tower; 1 for a tower without a pyramid."""
    return max(getattr(loaded.model.config.vision_config, "grids", None) or [1])


class Whereabouts:
    """Maps the faults of one film, for a model whose tower has a pyramid; for others it does nothing.

    What may be mapped is kept until all windows are rated: the features of windows that name a fault, some 30 KB each.
    """

    def __init__(self, loaded: LoadedModel, namer: Namer):
        self.loaded, self.namer, self.side = loaded, namer, finest_grid(loaded)
        self._kept: dict[int, tuple[torch.Tensor, tuple[int, ...]]] = {}

    def keep(self, number: int, features: torch.Tensor, tokens: Sequence[int], named: Iterable[str]) -> None:
        """The features (V, H) of a window and what was written of it, if it `named` what can be in a part of it."""
        if self.side > 1 and not SPATIAL.isdisjoint(named):
            self._kept[number] = features.half().cpu(), tuple(tokens)

    def add_to(self, timeline: Timeline, turn: AbstractContextManager, cancel: threading.Event) -> Timeline:
        """The timeline with the places of its surest faults. `turn` is held for each."""
        windows = list(timeline.windows)
        wanted = [one for one in timeline.faults if one.window in self._kept and one.name in SPATIAL]
        for fault in sorted(wanted, key=lambda one: -one.confidence)[:MOST_MAPPED]:
            if cancel.is_set():
                break
            with turn:
                where = self.map_of(*self._kept[fault.window], fault.name)
            window = windows[fault.window]
            windows[fault.window] = replace(window, where={**window.where, fault.name: where} if where else {})
        return replace(timeline, windows=tuple(windows))

    @torch.inference_mode()
    def map_of(self, features: torch.Tensor, tokens: Sequence[int], name: str) -> Grid:
        """Rows of probabilities for a fault that `tokens` name about a video with these features; empty where the
        tokens are not of the sentences that `Namer` knows."""
        alone = cells_alone(features, self.loaded.model.config.vision_config.grids)
        found = [round(naming[name], 3) for naming in self.namer.each(prompt_about(self.loaded, alone), tokens)]
        return tuple(tuple(found[k : k + self.side]) for k in range(0, len(found), self.side))


def cells_alone(features: torch.Tensor, grids: Sequence[int]) -> torch.Tensor:
    """Features (V, H) of a video -> (cells, V, H): for each cell of the finest grid, row by row, the video in which
    all regions of every frame look like it. What follows the frames, the motion, stays."""
    counts = [grid * grid for grid in grids]
    per_frame, finest = sum(counts), max(range(len(grids)), key=lambda k: grids[k])
    frames = features[: len(features) // per_frame * per_frame].unflatten(0, (-1, per_frame))
    rest = features[frames.shape[0] * per_frame :]
    first = sum(counts[:finest])
    return torch.stack(
        [
            torch.cat([frames[:, cell : cell + 1].expand_as(frames).flatten(0, 1), rest])
            for cell in range(first, first + counts[finest])
        ]
    )
