"""Labels in, checked samples out: which video has which mean opinion score.

Three kinds of labels are read as they are:

- the official training file, one JSON object a line (github.com/clh124/VQAThinker, train/README and grpo_jsonl.py):
  {"id": 0, "dataset_name": "LSVQ", "image": ["yfcc-batch6/4134.mp4"], "conversations": [{"from": "human", "value":
  "You are doing …"}, {"from": "gpt", "value": 2.611842}]}. `image` may be a text, and the score may be a text with or
  without <answer> tags, as the official reader allows; `video`, or the columns `problem` and `solution` that the
  official reader makes of the conversations, are understood too;
- manifest.jsonl of training.data.build;
- the benchmark files of the official repository, {"annotations": [{"image_id", "score"}]}.

A sample that cannot be trained on (empty or malformed line, no score, a score outside the scale, a missing or empty
file, an id that was there before) is left out with a message that names the file and the line; nothing else is guessed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vqathinker.answer import answer_span
from vqathinker.errors import VQAThinkerError

MOS_SCALE = (1.0, 5.0)
SHOWN = 20
FILE_KEYS = ("image", "video", "image_path", "path", "image_id")


class DatasetError(VQAThinkerError):
    """The labels cannot be used."""


@dataclass(frozen=True)
class Item:
    """One sample: its video, its MOS in [1, 5], the data set it is from and, where the labels have them, its split and
    its content."""

    id: str
    path: Path
    mos: float
    group: str = ""
    split: str = ""
    content: str = ""


@dataclass(frozen=True)
class Problem:
    """Why the sample at `place` ("labels.jsonl, line 7") was left out."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def read_items(labels: str | Path, videos: str | Path, *, report: Callable[[str], None] = print) -> list[Item]:
    """The usable samples of a labels file, in its order; what was left out, and how many, goes to `report`.

    Relative file names start from `videos`; those of a manifest with root "out" start from the manifest's own folder.
    Raises DatasetError when the file cannot be read, and when no sample is left.
    """
    items, problems = check_items(labels, videos)
    for problem in problems[:SHOWN]:
        report(f"left out: {problem}")
    if len(problems) > SHOWN:
        report(f"left out: … and {len(problems) - SHOWN} more")
    if problems:
        report(f"{labels}: {len(problems)} of {len(items) + len(problems)} samples left out")
    if not items:
        raise DatasetError(f"{labels} holds no sample that can be used; {len(problems)} were left out")
    return items


def check_items(labels: str | Path, videos: str | Path) -> tuple[list[Item], list[Problem]]:
    """Samples and problems of a labels file, both in its order. Raises DatasetError when it cannot be read."""
    labels, videos = Path(labels), Path(videos)
    items, problems, seen = [], [], {}
    for place, row in _rows(labels):
        try:
            if isinstance(row, str):
                raise ValueError(row)
            item = _item(row, labels.parent, videos)
            if item.id in seen:
                raise ValueError(f"the id {item.id!r} was there before, in {seen[item.id]}")
        except ValueError as error:
            problems.append(Problem(place, str(error)))
        else:
            seen[item.id] = place
            items.append(item)
    return items, problems


def _rows(labels: Path) -> Iterator[tuple[str, dict | str]]:
    """(place, object, or the reason why there is none) of each entry of a labels file."""
    try:
        data = labels.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DatasetError(f"The labels {labels} cannot be read: {error.strerror}") from error
    if not data.strip():
        raise DatasetError(f"The labels {labels} are empty")
    benchmark = _benchmark(data)
    if benchmark is None:
        lines = data.removesuffix(b"\n").split(b"\n")
        yield from ((f"{labels}, line {number}", _object(line)) for number, line in enumerate(lines, start=1))
    elif not isinstance(benchmark, list):
        raise DatasetError(f"{labels}: `annotations` is no list")
    else:
        for number, row in enumerate(benchmark, start=1):
            reason = f"not an object but {type(row).__name__}"
            yield f"{labels}, annotation {number}", row if isinstance(row, dict) else reason


def _benchmark(data: bytes) -> object | None:
    """What stands under `annotations`, or None when the file is not one object with that key."""
    try:
        whole = json.loads(data)
    except ValueError:
        return None
    return whole.get("annotations") if isinstance(whole, dict) else None


def _object(line: bytes) -> dict | str:
    if not line.strip():
        return "the line is empty"
    try:
        row = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}"
    except json.JSONDecodeError as error:
        return f"not JSON at character {error.pos + 1} ({error.msg})"
    return row if isinstance(row, dict) else f"not a JSON object but {type(row).__name__}"


def _item(row: dict, folder: Path, videos: Path) -> Item:
    """The sample of one entry. Raises ValueError with the reason why it cannot be used."""
    name = _file(row)
    low, high = MOS_SCALE
    mos = _mos(_score(row))
    if not low <= mos <= high:
        raise ValueError(f"MOS {mos:g} is outside the scale {low:g} to {high:g}")
    path = (folder if row.get("root") == "out" else videos) / name
    if not path.is_file():
        raise ValueError(f"no video {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"the video {path} is empty (0 bytes)")
    group = str(row.get("dataset_name") or row.get("group") or "")
    key = str(row["id"]) if "id" in row else name
    return Item(key, path, mos, group, str(row.get("split") or ""), str(row.get("content") or ""))


def _file(row: dict) -> str:
    names = next((row[key] for key in FILE_KEYS if key in row), None)
    if names is None:
        raise ValueError("it names no video: no key image, video, path or image_id")
    names = names if isinstance(names, list) else [names]
    if len(names) != 1:
        raise ValueError(f"it names {len(names)} files, one video is expected")
    if not isinstance(names[0], str) or not names[0].strip():
        raise ValueError(f"its video is {names[0]!r}, not a file name")
    if "\0" in names[0]:
        raise ValueError("its video name holds a zero byte")
    return names[0]


def _score(row: dict) -> object:
    """The score as it is written, wherever this kind of row keeps it."""
    if "conversations" in row:
        turns = row["conversations"]
        if not isinstance(turns, list) or len(turns) < 2 or not isinstance(turns[1], dict) or "value" not in turns[1]:
            raise ValueError("its conversations have no second turn with a value, where the score should be")
        return turns[1]["value"]
    for key in ("solution", "mos", "score"):
        if key in row:
            return row[key]
    raise ValueError("it has no score: no key conversations, solution, mos or score")


def _mos(written: object) -> float:
    text = written
    if isinstance(written, str):
        span = answer_span(written)
        text = written[slice(*span)] if span else written
    try:
        mos = math.nan if isinstance(text, bool) else float(text)
    except (TypeError, ValueError, OverflowError):
        mos = math.nan
    if not math.isfinite(mos):
        raise ValueError(f"its score {written!r} is not a number")
    return mos
