"""The examples of the page with the answers that a model has given to them, for the lab to work on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..settings import Settings
from ..widgets.records import Record, load_examples, read_records, read_stand_ins
from ..widgets.thumbnails import Film, data_address

SUPPOSED = {
    "squirrel": 3.4,
    "plaza-compressed": 2.4,
    "plaza": 4.1,
    "blossom-blurred": 2.1,
    "meadow-frozen": 2.4,
    "signing-jerky": 2.2,
    "willow-dark": 1.7,
}
"""What we suppose that people would say: nobody rated these clips. The flag in the lab changes it."""
SHUFFLED_TWINS = {"squirrel": "squirrel-shuffled"}


@dataclass(frozen=True)
class Example:
    """A clip, how it looks, and the raw answers to it and, where there is one, to its shuffled twin."""

    name: str
    title: str
    credit: str
    poster: str
    film: Film
    mos: float
    texts: tuple[str, ...]
    shuffled: tuple[str, ...] = ()
    twin: Film | None = None

    def action(self, place: int | None = None) -> dict:
        """What puts its answers into the lab."""
        return {"kind": "clip", "name": self.name, "texts": self.texts, "shuffled": self.shuffled, "mos": self.mos,
                "place": place}  # fmt: skip


def load_recorded(settings: Settings) -> dict[str, Example]:
    """The examples that answers were recorded to, by the names of their files; none where the folder has none."""
    return _load(settings)


@lru_cache(maxsize=4)
def _load(settings: Settings) -> dict[str, Example]:
    try:
        told = {Path(entry["file"]).stem: entry for entry in load_examples(settings.examples)}
    except (OSError, json.JSONDecodeError):
        return {}
    paths = [settings.examples / entry["file"] for entry in told.values()]
    records = {**read_stand_ins(paths, settings), **read_records(paths, settings)}
    found = {path.stem: record for path, record in records.items()}
    return {
        name: _example(name, told[name], settings.examples, found[name], found.get(SHUFFLED_TWINS.get(name, "")))
        for name in SUPPOSED
        if name in told and name in found
    }


def _example(name: str, told: dict, folder: Path, record: Record, twin: Record | None) -> Example:
    return Example(
        name=name,
        title=told["title"],
        credit=told["attribution"],
        poster=data_address((folder / told["poster"]).read_bytes()),
        film=record.film,
        mos=SUPPOSED[name],
        texts=_texts(record),
        shuffled=_texts(twin) if twin else (),
        twin=twin.film if twin else None,
    )


def _texts(record: Record) -> tuple[str, ...]:
    return tuple(one["text"] for one in record.report["rollouts"])
