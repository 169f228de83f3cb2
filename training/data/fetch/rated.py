"""The two smaller sets of rated pictures: LIVE In the Wild (clive/) and AVT image_quality_test (avt_uhd/).

Some of both are kept for the final test of the project: tables/clive.csv and tables/avt_uhd.csv name the pictures that
belong to its training data, and no other is written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from training.common.atomic import atomic_write
from training.data.fetch.origins import Origins
from training.data.fetch.packages import names_in, read_archive
from training.data.tables import read_table, write_table

CLIVE_PAGE = "https://live.ece.utexas.edu/research/ChallengeDB/index.html"
CLIVE_COLUMNS = ("file", "mos", "std", "width", "height")
CLIVE_TABLES = ("AllImages_release", "AllMOS_release", "AllStdDev_release")
AVT_ORIGIN = "git Telecommunication-Telemedia-Assessment/image_quality_test"
AVT_LABELS = "test_1/objective_metrics_and_mos_ci.csv"
AVT_COLUMNS = ("file", "source", "crf", "enc_height", "mos", "std", "vmaf", "width", "height")
AVT_SIDE = 720


def _save(content: bytes, target: Path, quality: int, side: int | None = None) -> dict[str, int]:
    """Write a picture as JPEG without chroma subsampling, its longer side `side` pixels at most."""
    if not target.is_file():
        with Image.open(io.BytesIO(content)) as image:
            picture = image.convert("RGB")
        if side and max(picture.size) > side:
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        with atomic_write(target) as partial:
            picture.save(partial, "JPEG", quality=quality, subsampling=0)
    with Image.open(target) as image:
        return {"width": image.width, "height": image.height}


def write_avt(origins: Origins, folder: Path) -> Path:
    """Pictures and labels.csv of the AVT study: human MOS, its deviation, VMAF, as its repository has them."""
    texts = dict(origins.files(AVT_ORIGIN, [AVT_LABELS]))
    if AVT_LABELS not in texts:
        raise ValueError(f"{AVT_ORIGIN} has no {AVT_LABELS}")
    labels = {row["image_name"]: row for row in csv.DictReader(io.StringIO(texts[AVT_LABELS].decode("utf-8-sig")))}
    stems = [row["file"].removesuffix(".jpg") for row in read_table("avt_uhd.csv")]
    paths = {f"test_1/images/{stem}.png": stem for stem in stems if stem in labels}
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for path, content in tqdm(origins.files(AVT_ORIGIN, paths), total=len(paths), desc="avt_uhd", mininterval=5):
        label, stem = labels[paths[path]], paths[path]
        source, crf, height = stem.rsplit("_crf_", 1)[0], *stem.rsplit("_crf_", 1)[1].split("_height_")
        row = {"file": f"{stem}.jpg", "source": source, "crf": int(crf), "enc_height": int(height)}
        row |= {"mos": f"{float(label['mos']):.4f}", "std": f"{float(label['std']):.4f}", "vmaf": label["vmaf"]}
        rows.append(row | _save(content, folder / row["file"], 95, AVT_SIDE))
    if not rows:
        raise ValueError(f"{AVT_ORIGIN} has none of the {len(stems)} pictures")
    if len(rows) < len(stems):
        print(f"avt_uhd: {len(stems) - len(rows)} of {len(stems)} pictures could not be had", flush=True)
    return write_table(folder / "labels.csv", AVT_COLUMNS, rows)


def write_clive(source: str | None, folder: Path) -> Path:
    """Pictures and labels.csv of LIVE In the Wild from the folder or archive that its page gives out.

    Raises ValueError where there is none: it comes from behind a form that a person has to fill in.
    """
    if source is None:
        raise ValueError(
            f"LIVE In the Wild is given out on {CLIVE_PAGE} after a form: get it there and add --from clive=FOLDER"
        )
    place = Path(source)
    if not place.exists():
        raise ValueError(f"there is no {place}")
    names = names_in(place) if place.is_file() else [str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()]
    tables = {Path(name).stem: name for name in names if name.endswith("_release.mat")}
    if not set(CLIVE_TABLES) <= set(tables):
        raise ValueError(f"{place} is not LIVE In the Wild: it has no Data/{CLIVE_TABLES[0]}.mat and its neighbours")
    scores = _scores(dict(_read(place, [tables[name] for name in CLIVE_TABLES])), tables)
    wanted = {row["file"].removesuffix(".jpg") for row in read_table("clive.csv")}
    pictures = {name: Path(name).stem for name in names if Path(name).suffix.lower() in (".bmp", ".jpg", ".jpeg")}
    paths = [name for name, stem in pictures.items() if stem in wanted & set(scores)]
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, content in tqdm(_read(place, paths), total=len(paths), desc="clive", mininterval=5):
        stem = pictures[name]
        row = {"file": f"{stem}.jpg", "mos": f"{1 + 4 * scores[stem][0] / 100:.4f}"}
        row |= {"std": f"{4 * scores[stem][1] / 100:.4f}"} | _save(content, folder / row["file"], 92)
        rows.append(row)
    if not rows:
        raise ValueError(f"{place} has none of the {len(wanted)} pictures")
    if len(rows) < len(wanted):
        print(f"clive: {len(wanted) - len(rows)} of {len(wanted)} pictures could not be had", flush=True)
    return write_table(folder / "labels.csv", CLIVE_COLUMNS, sorted(rows, key=lambda row: row["file"]))


def _read(place: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield from read_archive(place, names)
    else:
        yield from ((name, (place / name).read_bytes()) for name in names)


def _scores(contents: dict[str, bytes], tables: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Picture's name without ending -> its score and deviation, both on 0..100."""
    from scipy.io import loadmat

    images, mos, std = (loadmat(io.BytesIO(contents[tables[name]]))[name].ravel() for name in CLIVE_TABLES)
    if not len(images) == len(mos) == len(std):
        raise ValueError(f"the tables of LIVE In the Wild differ in length: {len(images)}, {len(mos)}, {len(std)}")
    names = [Path(str(np.ravel(image)[0])).stem for image in images]
    return {name: (float(m), float(s)) for name, m, s in zip(names, mos, std, strict=True)}
