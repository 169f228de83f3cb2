"""The model card of a checkpoint that nobody has measured yet: where it comes from and what it was trained with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vqathinker.model.folders import HUB, HUB_ID
from vqathinker.scorers import SCORERS, Scorer

from ..data.datasets import Item
from .config import GrpoSettings

GRPO_CARD = """---
license: other
license_name: as-the-start
library_name: transformers
pipeline_tag: video-text-to-text
tags: [video-quality-assessment, vqathinker, grpo]
{base}---
# {name}

{what}: of a video or a picture it writes what it sees, and ends with a quality score from 1 (bad) to
5 (excellent). **It has not been measured.** `python -m vqathinker evaluate` does that with labelled videos.

- Start: {start}. Its licence, and that of the data, are those of this checkpoint, too: write them above.
- Training: {steps} steps of GRPO with {videos} videos each and {group} answers about each of them.
- Data: {samples} samples, {groups}.

Settings of the run:

```yaml
{settings}```
"""


def named_start(start: str) -> tuple[str, bool]:
    """What to call a start, and whether that is its name on the hub. A folder is called by its last part only."""
    hub = HUB.get(start, start)
    on_hub = not Path(start).exists() and HUB_ID.fullmatch(hub) is not None
    return (hub if on_hub else Path(start).resolve().name), on_hub


def plain_card(
    name: str, start: str, items: Sequence[Item], settings: GrpoSettings, scorer: Scorer = SCORERS["tiny"]
) -> str:
    """The README.md of a GRPO run's checkpoint; training.report.card replaces it where there are measurements."""
    origin, on_hub = named_start(start)
    ours = scorer.family == SCORERS["tiny"].family
    counts = Counter(item.group or "unnamed" for item in items)
    return GRPO_CARD.format(
        name=name,
        what="A VQAThinker checkpoint"
        if ours
        else f"A checkpoint of {scorer.title}, trained with VQAThinker's rewards",
        base=f"base_model: {origin}\n" if on_hub else "",
        start=origin,
        steps=settings.total_steps(len(items)),
        videos=settings.videos_per_step,
        group=settings.num_generations,
        samples=len(items),
        groups=", ".join(f"{count} of {group}" for group, count in sorted(counts.items())),
        settings=settings.to_yaml(),
    )
