"""Make the example clips, their posters and manifest.json from the folder of clean clips:

    python -m examples.make SOURCE_CLIPS_DIR

All scenes are free to redistribute and belong to the validation split: the bundled model was not trained on them.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
from pathlib import Path

from PIL import Image

from training.data import ffmpeg
from training.data.build.degrade import Op, step_for
from training.data.build.sources import seeded_rng

HERE = Path(__file__).parent
SHORT_SIDE = 540
POSTER_WIDTH = 240
SMALL_X264 = ("-c:v", "libx264", "-preset", "slow", "-crf", "23")
ATTRIBUTION = {
    "tidybot2_plaza": "TidyBot++ authors, tidybot2.github.io (CC BY-SA 4.0)",
    "real_sister": "Intel, sample-videos (CC BY 4.0)",
    "bbb_01": "(c) Blender Foundation, www.bigbuckbunny.org (CC BY 3.0)",
    "bbb_11": "(c) Blender Foundation, www.bigbuckbunny.org (CC BY 3.0)",
    "loop_flower_0": "Generative Image Dynamics project page (CC0)",
    "loop_tree_2": "Generative Image Dynamics project page (CC0)",
}


@dataclasses.dataclass(frozen=True)
class Example:
    """One clip to make: from which scene, with which defect (None leaves it clean)."""

    name: str
    title: str
    scene: str
    defect: tuple[str, str, float] | None
    done: str
    notice: str


EXAMPLES = (
    Example("plaza", "Plaza, untouched", "tidybot2_plaza", None, "Only re-encoded.",
            "Nothing was done to it: no defect should be named."),
    Example("plaza-compressed", "Plaza, compressed", "tidybot2_plaza", ("compression", "x264", 43),
            "H.264 at CRF 43, a twentieth of the bits.", "Smeared stone and blocks around all that moves."),
    Example("squirrel", "Squirrel, untouched", "bbb_11", None, "Only re-encoded.",
            "A cartoon with large flat areas: smooth is not the same as blurred."),
    Example("squirrel-shuffled", "Squirrel, out of order", "bbb_11", ("disorder", "shuffle", 9),
            "Frames shuffled within windows of nine.", "Every single frame is clean; only their order is wrong."),
    Example("blossom-blurred", "Blossom, blurred", "loop_flower_0", ("blur", "gaussian", 2.6),
            "Gaussian blur of 2.6 pixels at 480 lines.", "The background was soft before; now the petals are, too."),
    Example("willow-dark", "Willow, too dark", "loop_tree_2", ("underexposure", "stops", 3.6),
            "Darkened by 3.6 stops.", "Leaves sink into black."),
    Example("meadow-frozen", "Meadow, freezing", "bbb_01", ("freeze", "repeated", 1.3),
            "1.3 seconds in several pieces show a held frame.", "Sampled frames alone hardly tell; the bursts do."),
    Example("signing-jerky", "Signing, jerky", "real_sister", ("low_frame_rate", "duplicated", 6),
            "Frames repeated so that only 4 a second differ.", "Hands jump from place to place."),
)  # fmt: skip


def make(example: Example, clips: Path) -> None:
    """Write NAME.mp4 and posters/NAME.jpg beside this file."""
    source, target = clips / f"{example.scene}.mp4", HERE / f"{example.name}.mp4"
    facts = ffmpeg.facts(source)
    ratio = min(1.0, SHORT_SIDE / min(facts.width, facts.height))
    width, height = (round(side * ratio / 2) * 2 for side in (facts.width, facts.height))
    filters, codec = [f"scale={width}:{height}:flags=lanczos"], SMALL_X264
    if example.defect:
        facts = dataclasses.replace(facts, width=width, height=height)
        op = Op(*example.defect, seed_key=example.name)
        step = step_for(op, facts, seeded_rng("example", example.name))
        filters += [step.filters] if step.filters else []
        codec = step.codec if op.family == "compression" else SMALL_X264
    ffmpeg.encode_file(source, target, ",".join(filters), codec)
    poster = Image.fromarray(ffmpeg.middle_frame(target))
    poster.thumbnail((POSTER_WIDTH, POSTER_WIDTH), Image.Resampling.LANCZOS)
    poster.save(HERE / "posters" / f"{example.name}.jpg", quality=82, optimize=True)


def manifest(clips: Path) -> list[dict[str, str]]:
    """What manifest.json says of each example. Raises ValueError for a scene that may not be redistributed."""
    with (clips / "clips.csv").open(newline="", encoding="utf-8") as file:
        scenes = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    entries = []
    for example in EXAMPLES:
        row = scenes[example.scene]
        if row["allow_redistribution"] != "yes":
            raise ValueError(f"{example.scene} may not be redistributed")
        entries.append({
            "file": f"{example.name}.mp4",
            "poster": f"posters/{example.name}.jpg",
            "title": example.title,
            "source": row["source"],
            "licence": row["licence"],
            "attribution": ATTRIBUTION[example.scene],
            "done": example.done,
            "notice": example.notice,
        })  # fmt: skip
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the example clips.")
    parser.add_argument("clips", type=Path, help="folder with the clean clips and clips.csv")
    clips = parser.parse_args().clips
    (HERE / "posters").mkdir(exist_ok=True)
    entries = manifest(clips)
    for example in EXAMPLES:
        make(example, clips)
    (HERE / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
