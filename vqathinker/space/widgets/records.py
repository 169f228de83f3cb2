"""Recorded ratings of the example clips, so that the page has answers before the model is loaded.

    python -m examples.record      # rates every example again and writes examples/records/

A record belongs to one checkpoint and one clip: when either changes it is not shown any more, and the page rates the
example live until the command above has been run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ...bundled import NOVELTY_FILE, checkpoint_folder
from ...rating.events import Rated, Watched
from ..settings import Settings
from .thumbnails import Film

RECORDED_ROLLOUTS = 8
WEIGHED = ("*.safetensors", "*config.json", "tokenizer*.json", NOVELTY_FILE)
BUNDLED_MODEL = "tiny"
LARGEST_RECORD = 512 * 1024**2


@dataclass(frozen=True)
class Record:
    """What `Rating.to_dict` said of an example, the frames that were seen, and when that was."""

    report: dict
    film: Film
    made: str


def fingerprint(folder: Path) -> str | None:
    """Of everything in a checkpoint that a rating depends on; None where there is none, or too much to read at once.

    Names and contents of weights, configuration, tokenizer and what tells novelty; the model card and its measurements
    may change.
    """
    files = sorted({path for pattern in WEIGHED for path in folder.glob(pattern)})
    if not files or sum(path.stat().st_size for path in files) > LARGEST_RECORD:
        return None
    return short_digest(files)


def short_digest(files: list[Path]) -> str:
    together = hashlib.sha256()
    for path in files:
        together.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return together.hexdigest()[:24]


def record_path(clip: Path) -> Path:
    return clip.parent / "records" / f"{clip.stem}.json"


def read_record(clip: Path, checkpoint: str) -> Record | None:
    """The record of a clip, or None where there is none that was made from this clip by this checkpoint."""
    try:
        values = json.loads(record_path(clip).read_text(encoding="utf-8"))
        if (values["checkpoint"], values["clip"]) != (checkpoint, short_digest([clip])):
            return None
        return Record(values["report"], Film.from_dict(values["film"]), values["made"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_records(clips: list[Path], settings: Settings) -> dict[Path, Record]:
    """The records that may be shown as the answers of the model that the settings ask for."""
    checkpoint = fingerprint(checkpoint_folder(settings.model))
    if checkpoint is None:
        return {}
    found = {clip: read_record(clip, checkpoint) for clip in clips}
    return {
        clip: Record({**record.report, "model": settings.model}, record.film, record.made)
        for clip, record in found.items()
        if record and settings.precision in ("auto", record.report["precision"])
    }


def read_stand_ins(clips: list[Path], settings: Settings) -> dict[Path, Record]:
    """The records of the bundled model, to be shown as such where the page's own cannot be loaded."""
    return read_records(clips, replace(settings, model=BUNDLED_MODEL, precision="auto"))


def make_record(rater, clip: Path, checkpoint: str) -> Path:
    """Rate a clip with `RECORDED_ROLLOUTS` sampled answers and write what the page shows of that. Returns the file."""
    for event in rater.watch(clip, RECORDED_ROLLOUTS):
        if isinstance(event, Watched):
            film = Film.of(event.clip)
        elif isinstance(event, Rated):
            report = event.rating.to_dict()
    values = {
        "checkpoint": checkpoint,
        "clip": short_digest([clip]),
        "made": datetime.now(UTC).date().isoformat(),
        "report": report,
        "film": film.to_dict(),
    }
    path = record_path(clip)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def make_records(settings: Settings, report: Callable[[str], object] = print) -> None:
    """Record every example with the model of the settings. Raises ModelError, and ValueError for too large a model."""
    checkpoint = fingerprint(checkpoint_folder(settings.model))
    if checkpoint is None:
        raise ValueError(f"{settings.model} is not a folder of a size that can be told apart by its contents")
    from ... import load_rater

    rater = load_rater(settings.model, settings.precision)
    for entry in (*load_examples(settings.examples), *load_rated(settings.examples)):
        report(str(make_record(rater, settings.examples / entry["file"], checkpoint)))


def load_examples(folder: Path) -> list[dict]:
    """The entries of manifest.json, or none when there is no such file."""
    return _entries(folder / "manifest.json")


def load_rated(folder: Path) -> list[dict]:
    """The pictures that people rated, with their MOS: the entries of rated/manifest.json, or none."""
    return _entries(folder / "rated" / "manifest.json")


def _entries(manifest: Path) -> list[dict]:
    return json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []
