"""Human scores, out of the files that data sets come with."""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..files import STILLS, VIDEOS
from .label_rows import Entry, LabelsError, number_of, read_entries

LOW, HIGH = 1.0, 5.0


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


def read_labels(path: str | Path, columns: tuple[str, str] | None = None) -> Labels:
    """Labels as data sets distribute them; the files are named relative to the folder of the videos.

    JSON: `annotations` of the official benchmarks, a list of objects, or one object a line. Tables with a delimiter
    of any kind, .xlsx and .parquet: with a header that has one of the usual names for the file and for the score
    (label_rows.py), or without a header, the file first and the score last. `columns` names the two where the header
    has others.
    An entry without a file or a finite score is left out, and so is a file named again; Labels.problems names each.
    Raises LabelsError for a file that cannot be read or holds no label.
    """
    entries, problems = _sort_out(read_entries(Path(path), columns))
    if not entries:
        first = f" ({len(problems)} entries are unusable; {problems[0]})" if problems else ": it names no file"
        raise LabelsError(f"{path} holds no labels{first}.")
    return Labels(tuple(entries.items()), tuple(problems))


def find_file(folder: Path, name: str) -> Path:
    """The labelled file in a folder: many data sets leave the ending out ("10053703034" is 10053703034.mp4), and some
    were listed where folders end with a backslash."""
    path = folder / name
    if "\\" in name and not os.path.exists(path):
        path = folder / name.replace("\\", "/")
    if path.suffix.lower() in VIDEOS + STILLS or os.path.isfile(path):
        return path
    ended = (path.with_name(path.name + ending) for ending in VIDEOS + STILLS)
    return next((one for one in ended if os.path.isfile(one)), path)


def none_found(labels: Labels, folder: Path) -> str:
    """A sentence where not one labelled file is in the folder, which is hardly the right one then; else nothing."""
    paths = [find_file(folder, name) for name, _ in labels.entries]
    if any(os.path.exists(path) for path in paths):
        return ""
    few = "the labelled file is not there" if len(paths) == 1 else f"none of the {len(paths)} labelled files is there"
    return f"{few}: the first was looked for as {paths[0]}; --videos names the folder that their names begin in"


def _sort_out(found: Iterable[Entry]) -> tuple[dict[str, float], list[str]]:
    entries: dict[str, float] = {}
    problems = []
    for place, file, score in found:
        name, mos = _name(file), number_of(score)
        if not name:
            problems.append(f"{place} names no file")
        elif mos is None:
            problems.append(f"{place}: {name} has no score that is a finite number")
        elif name in entries:
            problems.append(f"{place}: {name} is named again with {mos:g}; the first, {entries[name]:g}, counts")
        else:
            entries[name] = mos
    return entries, problems


def _name(file: object) -> str:
    """One spelling for each file: `./a.mp4` is `a.mp4`. Empty where there is no name."""
    name = file.strip().lstrip("/") if isinstance(file, str) else ""
    return posixpath.normpath(name) if name else ""
