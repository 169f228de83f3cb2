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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vqathinker.errors import VQAThinkerError
from vqathinker.rating.label_rows import FILE_HEADERS, json_rows, number_of, of_object

from ..common.metrics import FILMED

MOS_SCALE = (1.0, 5.0)
PROBLEMS_SHOWN = 20


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


def official_row(number: int, group: str, file: str, mos: float) -> dict:
    """One line of a training file as the official code has it."""
    turns = [{"from": "human", "value": "?"}, {"from": "gpt", "value": mos}]
    return {"id": number, "dataset_name": group, "image": [file], "conversations": turns}


def read_items(labels: str | Path, videos: str | Path, *, report: Callable[[str], None] = print) -> list[Item]:
    """The usable samples of a labels file, in its order; what was left out, and how many, goes to `report`.

    Relative file names start from `videos`; those of a manifest with root "out" start from the manifest's own folder.
    Raises DatasetError when the file cannot be read, and when no sample is left.
    """
    items, problems = check_items(labels, videos)
    for problem in problems[:PROBLEMS_SHOWN]:
        report(f"left out: {problem}")
    if len(problems) > PROBLEMS_SHOWN:
        report(f"left out: … and {len(problems) - PROBLEMS_SHOWN} more")
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
        data = labels.read_bytes()
    except OSError as error:
        raise DatasetError(f"The labels {labels} cannot be read: {error.strerror}") from error
    if not data.strip():
        raise DatasetError(f"The labels {labels} are empty")
    return ((f"{labels}, {place}", row) for place, row in json_rows(data))


def _item(row: dict, folder: Path, videos: Path) -> Item:
    """The sample of one entry. Raises ValueError with the reason why it cannot be used."""
    _, file, score = of_object("", row)
    name, mos = _name(file), number_of(score)
    low, high = MOS_SCALE
    if mos is None:
        raise ValueError("it has no score" if score is None else f"its score {score!r} is not a number")
    if not low <= mos <= high:
        raise ValueError(f"MOS {mos:g} is outside the scale {low:g} to {high:g}")
    path = (folder if row.get("root") == "out" else videos) / name
    if not path.is_file():
        raise ValueError(f"no video {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"the video {path} is empty (0 bytes)")
    group = FILMED if row.get("family") == FILMED else str(row.get("dataset_name") or row.get("group") or "")
    key = str(row["id"]) if "id" in row else name
    return Item(key, path, mos, group, str(row.get("split") or ""), str(row.get("content") or ""))


def _name(file: object) -> str:
    if file is None:
        raise ValueError(f"it names no video: no key {', '.join(FILE_HEADERS)}")
    if isinstance(file, list):
        raise ValueError(f"it names {len(file)} files, one video is expected")
    if not isinstance(file, str) or not file.strip():
        raise ValueError(f"its video is {file!r}, not a file name")
    if "\0" in file:
        raise ValueError("its video name holds a zero byte")
    return file
