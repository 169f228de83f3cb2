"""Human scores in the files that benchmarks come with."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import VQAThinkerError

EXPECTED = 'expected {"annotations": [{"image_id", "score"}]} or a CSV with file,mos'
LOW, HIGH = 1.0, 5.0


class LabelsError(VQAThinkerError):
    """The labels cannot be read, or name nothing that can be compared."""


@dataclass(frozen=True)
class Labels:
    """What a label file says: (file, MOS) pairs, and one sentence for every entry that was left out.

    `reason` says why errors against these MOS mean nothing: they lie on another scale than the answers. It is empty
    where all MOS lie in [1, 5].
    """

    entries: tuple[tuple[str, float], ...]
    problems: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        outside = next((mos for _, mos in self.entries if not LOW <= mos <= HIGH), None)
        if outside is None:
            return ""
        return f"the labels lie on another scale than 1 to 5 (one is {outside:g}); --scale LOW HIGH maps them"

    def on_scale(self, low: float, high: float) -> Labels:
        """The labels mapped linearly from [low, high] to [1, 5]. Raises LabelsError for one outside [low, high]."""
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise LabelsError(f"A scale goes from a lower to a higher number, not from {low:g} to {high:g}.")
        for file, mos in self.entries:
            if not low <= mos <= high:
                raise LabelsError(f"The label of {file} is {mos:g}, outside the stated scale {low:g} to {high:g}.")
        mapped = [(file, LOW + (HIGH - LOW) * (mos - low) / (high - low)) for file, mos in self.entries]
        return replace(self, entries=tuple(mapped))


def read_labels(path: str | Path) -> Labels:
    """Labels from a JSON of the official benchmarks (`annotations`: `image_id`, `score`, a number or its text) or from
    a CSV with `file` and `mos`; the files are named relative to the folder of the videos.

    An entry without a file or a finite score is left out, and so is a file named again; Labels.problems names each.
    Raises LabelsError for a file that cannot be read or holds no label.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"The labels {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    try:
        found = list(_json_entries(text) if text.lstrip().startswith(("{", "[")) else _csv_entries(text))
    except (KeyError, TypeError, ValueError, RecursionError, csv.Error) as error:
        raise LabelsError(f"{path} holds no labels: {EXPECTED}.") from error
    entries, problems = _sort_out(found)
    if not entries:
        first = f" ({len(problems)} entries are unusable; {problems[0]})" if problems else ": it names no file"
        raise LabelsError(f"{path} holds no labels{first}.")
    return Labels(tuple(entries.items()), tuple(problems))


def _json_entries(text: str) -> Iterator[tuple[str, object, object]]:
    """(place, file, score) of every entry, whatever these are."""
    annotations = json.loads(text)["annotations"]
    if not isinstance(annotations, list):
        raise TypeError("annotations is no list")
    for number, entry in enumerate(annotations, start=1):
        entry = entry if isinstance(entry, dict) else {}
        yield f"entry {number}", entry.get("image_id"), entry.get("score")


def _csv_entries(text: str) -> Iterator[tuple[str, object, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"file", "mos"} <= set(reader.fieldnames or ()):
        raise KeyError("file, mos")
    for row in reader:
        yield f"line {reader.line_num}", row["file"], row["mos"]


def _sort_out(found: list[tuple[str, object, object]]) -> tuple[dict[str, float], list[str]]:
    entries: dict[str, float] = {}
    problems = []
    for place, file, score in found:
        name, mos = file.strip().lstrip("/") if isinstance(file, str) else "", _number(score)
        if not name:
            problems.append(f"{place} names no file")
        elif mos is None:
            problems.append(f"{place}: {name} has no score that is a finite number")
        elif name in entries:
            problems.append(f"{place}: {name} is named again with {mos:g}; the first, {entries[name]:g}, counts")
        else:
            entries[name] = mos
    return entries, problems


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
