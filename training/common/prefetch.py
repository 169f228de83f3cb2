"""Work of the CPU done before it is needed: by worker processes where a GPU would wait for it, in place elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset


class _Made(Dataset):
    def __init__(self, make: Callable[[Any], Any], items: Sequence):
        self.make, self.items = make, items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.make(self.items[index])


def _as_it_is(made: Any) -> Any:
    return made


def workers_for(device: torch.device, jobs: int) -> int:
    """How many processes to work ahead with: none where the cores are busy with training itself."""
    return jobs if device.type == "cuda" else 0


def made_ahead(make: Callable[[Any], Any], items: Sequence, workers: int) -> Iterable:
    """make(item) for every item, in order; with `workers`, made by so many forked processes ahead of its use. What is
    made should hold its large arrays as CPU tensors: these change hands without being copied."""
    if not workers or not items:
        return map(make, items)
    return DataLoader(
        _Made(make, items),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        multiprocessing_context="fork",
        generator=torch.Generator(),  # not the global one: what training draws must not depend on this
    )
