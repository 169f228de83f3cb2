"""Which videos a step shows, decided before the run from nothing but the seed: a resumed run meets the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..common.spread import spread
from ..data.datasets import Item


def limited_groups(items: Sequence[Item], most: dict[str, int]) -> list[Item]:
    """The items, but of each group that `most` names at most so many. Raises ValueError for a group without items."""
    groups = {item.group: [] for item in items}
    for item in items:
        groups[item.group].append(item)
    if unknown := sorted(set(most) - set(groups)):
        raise ValueError(f"most: no sample is in the group {unknown[0]!r}; the groups are {', '.join(sorted(groups))}")
    return [one for name, members in groups.items() for one in spread(members, most.get(name, 0))]


def group_shares(groups: Sequence[str], weights: dict[str, float]) -> dict[str, float]:
    """Share of each group among the videos shown; without weights, its share of the samples.

    Raises ValueError for a weight of a group that has no samples, or when nothing is left.
    """
    sizes = {name: groups.count(name) for name in sorted(set(groups))}
    for name in weights:
        if name not in sizes:
            raise ValueError(f"weights: no sample is in the group {name!r}; the groups are {', '.join(sizes)}")
    shares = {name: float(weights.get(name, 0.0) if weights else size) for name, size in sizes.items()}
    total = sum(shares.values())
    if total <= 0:
        raise ValueError("weights: no group is left")
    return {name: share / total for name, share in shares.items() if share > 0}


def plan_steps(
    groups: Sequence[str],
    weights: dict[str, float],
    videos: int,
    steps: int,
    seed: int,
    contents: Sequence[str] | None = None,
    siblings: int = 1,
) -> np.ndarray:
    """Indices (steps, videos) of samples, given the group of each sample.

    The groups of a step's places are drawn by their shares; each group is gone through in a new random order again and
    again, up to `siblings` samples of the same content one after another. No sample stands twice in one step, and a
    longer run begins like a shorter one.
    """
    groups = list(groups)
    shares = group_shares(groups, weights)
    members = {name: np.array([i for i, group in enumerate(groups) if group == name]) for name in shares}
    if sum(map(len, members.values())) < videos:
        raise ValueError(f"{sum(map(len, members.values()))} samples are too few for steps of {videos} videos")
    contents = range(len(groups)) if contents is None else contents
    streams = {
        name: _endless(indices, contents, siblings, [seed, 22, number])
        for number, (name, indices) in enumerate(members.items())
    }
    names, odds, plan = list(shares), list(shares.values()), np.empty((steps, videos), dtype=np.int64)
    for step in range(steps):
        rng, chosen = np.random.default_rng([seed, 21, step]), []
        while len(chosen) < videos:
            name = names[rng.choice(len(names), p=odds)]
            if sum(groups[index] == name for index in chosen) < len(members[name]):
                chosen.append(next(index for index in streams[name] if index not in chosen))
        plan[step] = chosen
    return plan


def _endless(indices: np.ndarray, contents: Sequence, siblings: int, seed: list[int]) -> Iterator[int]:
    epoch = 0
    while True:
        rng = np.random.default_rng([*seed, epoch])
        families: dict = {}
        for index in rng.permutation(indices).tolist():
            families.setdefault(contents[index], []).append(index)
        blocks = [some[i : i + siblings] for some in families.values() for i in range(0, len(some), siblings)]
        for chosen in rng.permutation(len(blocks)):
            yield from blocks[chosen]
        epoch += 1


def twin_choices(twins: int, videos: int, step: int, seed: int) -> list[int]:
    """Which twin each place of a step is shown beside."""
    return np.random.default_rng([seed, 23, step]).integers(max(1, twins), size=videos).tolist()
