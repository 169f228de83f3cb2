"""Saving and resuming: a file is either the old one or the new one, never half of it; the one before is kept, too."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vqathinker.renamed import OLD_COLUMNS, OLD_STAGES, renamed

from .atomic import atomic_write

LOCK = ".lock"
REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """The folder of a run for one process, as long as it lives. Raises ValueError where another one is at work."""
    run.mkdir(parents=True, exist_ok=True)
    with open(run / LOCK, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip()
            raise ValueError(f"another run is at work in {run} (process {owner}); choose another folder") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def save_atomically(value: object, path: Path) -> None:
    """torch.save to a temporary file beside `path`, then rename; what was there becomes `previous(path)`."""
    import torch  # not where a command only prints its help

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        torch.save(value, partial)
        if path.exists():
            keep(path)


def previous(path: Path) -> Path:
    """Where the file is that `path` has taken the place of."""
    return path.with_name(f"{path.name}.previous")


def keep(path: Path) -> None:
    """A second name for a file, so that it outlives its successor. `path` is there all the time."""
    with atomic_write(previous(path)) as partial:
        try:
            os.link(path, partial)
        except OSError:  # a file system without links
            shutil.copy2(path, partial)


def load_newest(path: Path, report: Callable[[str], object] = lambda text: print(text, file=sys.stderr)) -> dict | None:
    """What `save_atomically` wrote last, by its checksums, or else what it wrote before that, which `report` is told.

    None where there is no file. Raises ValueError when neither is intact.
    """
    import torch

    if not path.exists():
        return None
    for candidate in (path, previous(path)):
        if not candidate.exists():
            continue
        if not (problem := damage(candidate)):
            return torch.load(candidate, map_location="cpu", weights_only=True)
        report(f"{candidate} is damaged ({problem}) and left out")
    raise ValueError(f"{path} is damaged, and there is no older state that is not; delete it to begin again")


def damage(path: Path) -> str:
    """What is wrong with a file of torch.save, "" for an intact one. It is a ZIP archive with a checksum a record."""
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        return f"cut off or overwritten: {' '.join(str(error).split())}"
    return f"the checksum of {wrong} is another" if wrong else ""


def append_jsonl(path: Path, row: dict) -> None:
    """Add one line to a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(json.dumps(row) + "\n")


def read_manifest(built: Path) -> list[dict]:
    """Rows of a built data set. Raises ValueError where there is none."""
    path = built / "manifest.jsonl"
    if not path.is_file():
        raise ValueError(f"there is no {path}: training.data.build writes it")
    return read_jsonl(path)


def require_data(folder: Path) -> None:
    """Raises ValueError where there is no such folder of sources."""
    if not folder.is_dir():
        raise ValueError(f"there is no data folder {folder}")


def read_jsonl(path: Path) -> list[dict]:
    """Rows of a JSONL file. Raises ValueError that names the line which is empty or is no JSON object."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path}, line {number}: not a JSON object")
        rows.append(row)
    return rows


def keep_rows(path: Path, wanted: Callable[[dict], bool]) -> None:
    """Remove the other rows of a log, and a last line that a kill left half written. Nothing without a log."""
    if not path.exists():
        return
    text = path.read_text()
    with atomic_write(path) as partial:
        partial.write_text(text[: text.rfind("\n") + 1])
        rows = [row for row in read_jsonl(partial) if wanted(row)]
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows))


def first_of(runs: Sequence[Path], name: str) -> Path | None:
    """The file of this name in the first run that has it."""
    return next((run / name for run in runs if (run / name).exists()), None)


def read_first(runs: Sequence[Path], name: str) -> list[dict]:
    """Rows of the JSONL file of this name in the first run that has it; none without. Raises ValueError as
    `read_jsonl` does."""
    path = first_of(runs, name)
    return read_jsonl(path) if path else []


def read_log(runs: Sequence[Path], name: str) -> list[dict]:
    """The same of a log, under the present names of its columns and stages."""
    return [present_row(row) for row in read_first(runs, name)]


def present_row(row: dict) -> dict:
    """A row of a log under the present names of its columns and stages, whichever release wrote it."""
    row = renamed(row, OLD_COLUMNS)
    return row | {"stage": OLD_STAGES.get(row["stage"], row["stage"])} if "stage" in row else row
