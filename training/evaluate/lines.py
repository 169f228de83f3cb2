"""Measurements stored a line at a time: a stopped evaluation goes on, and only ever with the same checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from ..common.atomic import atomic_write
from ..common.io import append_jsonl, read_jsonl

STAMP = "measured.json"


def files_sha256(paths: list[Path]) -> str:
    """SHA-256 over names and contents of files."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def checkpoint_digest(checkpoint: Path) -> str:
    """Of all that a rating depends on: weights, settings, tokenizer."""
    patterns = ("*.safetensors", "*config.json", "tokenizer.json")
    return files_sha256([path for pattern in patterns for path in checkpoint.glob(pattern)])


def claim(out: Path, checkpoint: Path, manifest: Path) -> dict[str, str]:
    """Hashes of weights and manifest, kept in `out`, so that lines of two checkpoints never mix.

    Raises ValueError when `out` holds lines of another checkpoint or another manifest.
    """
    stamp = {"checkpoint": checkpoint_digest(checkpoint), "manifest": files_sha256([manifest])}
    path = out / STAMP
    if path.exists():
        for name, value in json.loads(path.read_text()).items():
            if stamp.get(name) != value:
                raise ValueError(f"{out} holds measurements of another {name}: choose another folder, or empty it")
    elif any(out.glob("*.jsonl")):
        raise ValueError(f"{out} holds lines of an unknown checkpoint: choose another folder, or empty it")
    else:
        write_json(path, stamp)
    return stamp


def write_json(path: Path, value: dict) -> None:
    """The whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(value, indent=1) + "\n")


def stored_lines(path: Path) -> list[dict]:
    """Rows of a JSONL file, after a last line that was cut off in writing has been dropped; none without a file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("rb+") as file:
            file.truncate(content.rfind(b"\n") + 1)
    return read_jsonl(path)


def measure_all(
    path: Path,
    rows: list[dict],
    measure: Callable[[list[dict]], list[dict]],
    *,
    settings: dict | None = None,
    chunk: int = 1,
    jobs: int = 2,
    title: str = "measure",
) -> list[dict]:
    """The lines of all rows, in their order; what `path` holds already is not measured again.

    `measure` turns up to `chunk` rows into as many lines with their `id`; `jobs` of them run side by side. Lines
    carry `settings`; one with other settings counts as missing.
    """
    settings = settings or {}
    done = {line["id"]: line for line in stored_lines(path) if settings.items() <= line.items()}
    todo = [row for row in rows if row["id"] not in done]
    parts = [todo[start : start + chunk] for start in range(0, len(todo), chunk)]
    with ThreadPoolExecutor(jobs) as pool, tqdm(total=len(todo), desc=title, mininterval=10) as bar:
        for lines in pool.map(measure, parts):
            for line in lines:
                done[line["id"]] = line | settings
                append_jsonl(path, done[line["id"]])
            bar.update(len(lines))
    return [done[row["id"]] for row in rows]
