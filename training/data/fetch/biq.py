"""BIQ2021: 12,000 pictures of 512 x 512 with human MOS, out of its git repository.

The repository's MOS lie in 0..1 and come from a scale of five words: 1 + 4 * MOS is ours. It has no licence and shows
private people, so that its pictures are for training, not to be shipped.

Contents. In ss01 one scene was photographed again and again with other settings, in a row, and some rows come twice:
tables/biq2021_scenes.csv has the first number of each row and its scene, read off contact sheets. In ss02 and ss03 a
picture is a scene of its own, but for those in tables/biq2021_twins.csv: pictures that are alike (cosine of centred
ImageNet features of EfficientNet-Lite0 above .92, or above .80 where their numbers differ by three at most). The same
table names pictures that are copies of another one. The official split was drawn picture by picture, so that a test
picture may have its scene, or its copy, among the training pictures: training.data.biq_facts counts them.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from training.common.atomic import atomic_write
from training.data.fetch.git_files import GitFiles
from training.data.tables import read_table, write_table

URL = "https://github.com/nisarahmedrana/BIQ2021"
LABELS = {"train": "Train (Images and MOS).csv", "test": "Test (Images and MOS).csv"}
BIQ_COLUMNS = ("file", "mos", "split", "subset", "content", "width", "height", "copy_of")
BIQ_NAME = re.compile(r"(ss0[123]) \((\d+)\)\.jpg")


def read_biq_labels(source: GitFiles) -> list[dict]:
    """Rows (file, mos in 1..5, split) of both official tables.

    Raises ValueError where a table is missing or a row is not a picture's name and a number in 0..1.
    """
    rows = []
    texts = dict(source.read(LABELS.values()))
    for split, table in LABELS.items():
        if table not in texts:
            raise ValueError(f"{source.name} is not BIQ2021: it has no file {table!r}")
        lines = list(csv.reader(io.StringIO(texts[table].decode("utf-8-sig"))))
        for number, line in enumerate(lines[1:], start=2):
            if any(line):
                rows.append(_label(line, split, f"{table}, line {number}"))
    names = [row["file"] for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} stands twice in the tables of {source.name}")
    return rows


def _label(line: list[str], split: str, place: str) -> dict:
    name, score = line[0], line[1] if len(line) > 1 else ""
    try:
        mos = float(score)
    except ValueError:
        mos = -1.0
    if not BIQ_NAME.fullmatch(name) or not 0 <= mos <= 1:
        raise ValueError(f"{place}: {name!r}, {score!r} is not a picture's name and a MOS in 0..1")
    return {"file": name, "mos": round(1 + 4 * mos, 4), "split": split}


def places(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Picture -> its subset, its content, which all pictures of its scene share, and the picture it is a copy of:
    itself where it is the first of the copies, "" where there are none."""
    scenes = [(int(row["first"]), row["scene"]) for row in read_table("biq2021_scenes.csv")]
    firsts = [first for first, _ in scenes]
    twins = {row["file"]: row for row in read_table("biq2021_twins.csv")}
    found = {}
    for name in names:
        subset, number = BIQ_NAME.fullmatch(name).groups()
        scene = scenes[bisect_right(firsts, int(number)) - 1][1]
        alone = {"content": f"ss01 {scene}" if subset == "ss01" else name.removesuffix(".jpg"), "copy_of": ""}
        found[name] = {"subset": subset, **{key: twins.get(name, alone)[key] for key in alone}}
    return found


def write_biq(source: GitFiles, folder: Path) -> Path:
    """Write the pictures and, when they are there, labels.csv; a picture that is there is not fetched again.

    Prints which pictures the source lacks: they are left out. Raises ValueError where it has none, or a broken one.
    """
    rows = read_biq_labels(source)
    folder.mkdir(parents=True, exist_ok=True)
    # One picture is called .JPG in the repository and .jpg in its table.
    paths = {Path(path).name.lower(): path for path in source.oids if path.lower().endswith(".jpg")}
    wanted = {paths[row["file"].lower()]: row["file"] for row in rows if row["file"].lower() in paths}
    open_paths = [path for path, name in wanted.items() if not (folder / name).is_file()]
    for path, content in tqdm(source.read(open_paths), total=len(open_paths), desc="BIQ2021", mininterval=5):
        with atomic_write(folder / wanted[path]) as partial:
            partial.write_bytes(content)
    found = places(row["file"] for row in rows)
    there = [row for row in rows if (folder / row["file"]).is_file()]
    if not there:
        raise ValueError(f"{source.name} has none of the {len(rows)} pictures of its tables")
    lacking = sorted({row["file"] for row in rows} - {row["file"] for row in there})
    if lacking:
        print(f"{source.name} lacks {len(lacking)} of {len(rows)} pictures: {', '.join(lacking[:5])}", flush=True)
    table = [{**row, **found[row["file"]], **_size(folder, row)} for row in there]
    return write_table(folder / "labels.csv", BIQ_COLUMNS, table)


def _size(folder: Path, row: dict) -> dict[str, int]:
    try:
        with Image.open(folder / row["file"]) as image:
            return {"width": image.width, "height": image.height}
    except (UnidentifiedImageError, OSError):
        raise ValueError(f"{folder / row['file']} is no picture: delete it and run the command again") from None
