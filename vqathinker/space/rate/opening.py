"""What the page shows before anybody has asked for anything: an example with its recorded rating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..queue.requests import Job
from ..widgets import markup, texts
from ..widgets.records import Record
from .held_out import Beside
from .progress import said_of

EXAMPLE = "meadow-frozen.mp4"
"""A clip with a fault that a model which only looks at single pictures cannot see."""


@dataclass(frozen=True)
class Opening:
    """`job`: the clip, as if the visitor had asked for it. `said`: all that the panel shows; `shown`: what it shows of
    the clip while that is rated again."""

    job: Job
    shown: dict[str, str]
    said: dict[str, object]


def choose_opening(
    examples: Sequence[dict],
    records: Mapping[Path, Record],
    stand_ins: Mapping[Path, Record],
    folder: Path,
    beside: Beside,
) -> Opening | None:
    """`EXAMPLE`, or else the first one with a record, of this model if there are any, or else of the bundled one; None
    where nothing was recorded."""
    ordered = sorted(examples, key=lambda example: example["file"] != EXAMPLE)
    for found, told, what in ((records, texts.FIRST_RECORDED, beside), (stand_ins, texts.FIRST_STAND_IN, Beside())):
        for example in ordered:
            path = folder / example["file"]
            if record := found.get(path):
                poster = markup.data_address((folder / example["poster"]).read_bytes())
                player = markup.player(path, poster, plays=False)
                at_once = markup.example_caption(example, record.report)
                status = markup.note(told.format(record.made))
                said = {"player": player, "caption": at_once, "status": status}
                shown = {"player": player, "caption": markup.example_caption(example)}
                return Opening(Job(str(path)), shown, said_of(record.report, record.film, what) | said)
    return None
