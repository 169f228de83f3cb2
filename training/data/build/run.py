"""Build the training set: degraded clips in OUT_DIR/videos and OUT_DIR/manifest.jsonl.

    python -m training.data.build DATA_DIR OUT_DIR [--jobs 2] [--seed 0] [--limit N] [--grpo-share biq2021=0.56]

Resumable: what is made is listed in OUT_DIR/made.jsonl (measurements only) and not made again; the labels are
computed from it at the end, so a changed label rule costs seconds.  The same seed gives the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from training.common.cli import ends_in_a_sentence
from training.common.io import require_data
from training.common.metrics import LIKED
from training.data import ffmpeg
from training.data.build.damage import corrupt
from training.data.build.degrade import Op, step_for
from training.data.build.families import VMAF_FAMILIES
from training.data.build.liked import liked_contents
from training.data.build.manifest import FILMED_GROUPS, rated_rows, write_manifest
from training.data.build.plan import PlannedClip, plan
from training.data.build.references import make_reference
from training.data.build.sources import Content, load_contents, seeded_rng
from training.data.measure import measure_frame

VIDEO_GROUPS = ("clips", "photos")
CLEAN_TAKES = 2
GRPO_SHARES = {"biq2021": 0.56}
"""Half of all rated pictures: their scores are kept for GRPO."""


def apply(op: Op, source: Path, target: Path, folder: Path, seed: int) -> dict:
    """Apply one Op to a file; what was applied and measured."""
    info = ffmpeg.facts(source)
    rng = seeded_rng(seed, "op", op.seed_key)
    done = {"family": op.family, "variant": op.variant, "strength": op.strength, "vmaf": None}
    if op.family == "corruption":
        return done | {"strength": corrupt(source, target, op, rng, folder)}
    step = step_for(op, info, rng)
    if step.intermediate:
        between = folder / f"{target.stem}-between.mkv"
        ffmpeg.encode_file(source, between, step.filters, step.intermediate)
        ffmpeg.encode_file(between, target, "", step.codec, like=source)
        between.unlink()
    else:
        ffmpeg.encode_file(source, target, step.filters, step.codec)
    if op.family in VMAF_FAMILIES:
        done["vmaf"] = round(ffmpeg.vmaf(target, source, info.width, info.height), 3)
    return done


def make_sample(sample: PlannedClip, out_dir: Path, seed: int) -> dict:
    """Make one degraded clip; its measurements as a row of made.jsonl."""
    target = out_dir / "videos" / f"{sample.id}.mp4"
    with TemporaryDirectory(prefix=".work-", dir=out_dir) as name:
        folder, source, done = Path(name), out_dir / sample.reference.file, []
        for index, op in enumerate(sample.ops):
            result = folder / f"step{index}.mp4"
            done.append(apply(op, source, result, folder, seed))
            source = result
        measured = measure_frame(ffmpeg.middle_frame(source)).to_dict()
        info = asdict(ffmpeg.facts(source))
        source.replace(target)
    return {
        "id": sample.id,
        "recipe": sample.recipe,
        "seed": seed,
        "ops": done,
        "facts": info,
        "measured": measured,
    }


def _read_made(path: Path) -> dict[str, dict]:
    made = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # the last line of an interrupted run
            made[row["id"]] = row
    return made


def _map(function, items: list, jobs: int, title: str):
    """Results as they come, with a progress bar; in this process when jobs is 1."""
    if jobs == 1:
        yield from (function(item) for item in tqdm(items, desc=title))
        return
    with ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(function, item) for item in items]
        for future in tqdm(as_completed(futures), total=len(items), desc=title, mininterval=5):
            yield future.result()


def _reference(item: tuple[Content, int], data_dir: Path, out_dir: Path, seed: int, max_lines: int) -> PlannedClip:
    content, take = item
    reference = make_reference(content, data_dir, out_dir, seed, max_lines, take)
    return PlannedClip(Path(reference.file).stem, content, reference, (), None)


def _sample(sample: PlannedClip, out_dir: Path, seed: int) -> dict:
    try:
        return make_sample(sample, out_dir, seed)
    except ffmpeg.FFmpegError as error:
        return {"id": sample.id, "recipe": sample.recipe, "seed": seed, "failed": str(error)}


def build_data(
    data_dir: Path,
    out_dir: Path,
    jobs: int = 2,
    seed: int = 0,
    limit: int | None = None,
    max_lines: int = 2160,
    grpo_shares: dict[str, float] | None = None,
) -> Path:
    """Build or resume; returns the manifest's path.  `limit`: that many degraded clips of clean sources and of liked
    pictures at most, on their contents.

    `max_lines` caps the shorter side of all clips in pixels. A share of the training contents of
    each group in `grpo_shares` (`GRPO_SHARES` where none is given) gets the split "grpo".
    """
    require_data(data_dir)
    contents = [content for group in VIDEO_GROUPS for content in load_contents(data_dir, seed, group)]
    (out_dir / "videos").mkdir(parents=True, exist_ok=True)
    shares = GRPO_SHARES if grpo_shares is None else grpo_shares
    rated = rated_rows(data_dir, shares, seed, jobs)
    liked = liked_contents([row for row in rated if row["group"] in FILMED_GROUPS], seed)
    if limit is not None:
        contents, liked = (_some(part, 1 + limit // 10, seed) for part in (contents, liked))
    make = partial(_reference, data_dir=data_dir, out_dir=out_dir, seed=seed, max_lines=max_lines)
    takes = [(content, take) for content in (*contents, *liked) for take in range(clean_takes(content))]
    clean = sorted(_map(make, takes, jobs, "clean clips"), key=lambda sample: sample.id)
    references = {s.content.path: s.reference for s in clean if s.reference.file.endswith("__clean.mp4")}
    samples = [*plan(contents, references, seed)[:limit], *plan(liked, references, seed)[:limit]]
    path = out_dir / "made.jsonl"
    made = _read_made(path)
    open_samples = [sample for sample in samples if not _is_made(sample, made, out_dir, seed)]
    with path.open("a", encoding="utf-8") as log:
        for row in _map(partial(_sample, out_dir=out_dir, seed=seed), open_samples, jobs, "degraded clips"):
            made[row["id"]] = row
            log.write(json.dumps(row) + "\n")
            log.flush()
    os.sync()
    return write_manifest(data_dir, out_dir, clean, samples, made, rated, shares, seed, jobs)


def clean_takes(content: Content) -> int:
    """How many clean clips are made of a content: one of what is only looked at, or has thousands beside it."""
    return 1 if content.split == "test" or content.group == LIKED else CLEAN_TAKES


def _some(contents: list[Content], most: int, seed: int) -> list[Content]:
    return [contents[i] for i in seeded_rng(seed, "limit").permutation(len(contents))[:most]]


def _is_made(sample: PlannedClip, made: dict[str, dict], out_dir: Path, seed: int) -> bool:
    row = made.get(sample.id)
    same = row is not None and row["recipe"] == sample.recipe and row["seed"] == seed
    return same and ("failed" in row or (out_dir / "videos" / f"{sample.id}.mp4").exists())


def add_grpo_shares(parser: argparse.ArgumentParser) -> None:
    """The option of `grpo_shares`, given as GROUP=SHARE any number of times."""
    parser.add_argument(
        "--grpo-share",
        type=_share,
        action="append",
        metavar="GROUP=SHARE",
        help="share of the training contents of a group whose labels are kept for GRPO (default: biq2021=0.56)",
    )


def shares_of(args: argparse.Namespace) -> dict[str, float] | None:
    return None if args.grpo_share is None else dict(args.grpo_share)


def _share(text: str) -> tuple[str, float]:
    group, _, share = text.partition("=")
    try:
        value = float(share)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not GROUP=SHARE with a share in [0, 1)")
    return group, value


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.data.build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=Path, help="folder with clive/ avt_uhd/ clips/ photos/")
    parser.add_argument("out_dir", type=Path, help="where videos/ and manifest.jsonl go")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes, one ffmpeg thread each")
    parser.add_argument("--seed", type=int, default=0, help="fixes splits, plan and every random choice")
    parser.add_argument("--limit", type=int, help="make this many degraded clips at most (a trial run)")
    add_grpo_shares(parser)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("data.build"):
        print(build_data(args.data_dir, args.out_dir, args.jobs, args.seed, args.limit, grpo_shares=shares_of(args)))
