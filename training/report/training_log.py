"""What a run tells about itself, in one small file beside its checkpoint; the Space's tab "How it learned" shows it.

    python -m training.report.training_log RUN_DIR [RUN_DIR …] [--repeat RUN_DIR] [--averaged N] [--out FILE]
        [--pictures DATA_DIR BUILT_DIR]

A RUN_DIR holds grpo_log.jsonl and probes.jsonl of `training.grpo`, grpo.yaml with its settings, log.jsonl of
`training.sft`, study.json of `training.study`; of each the first that is found is told. Only grpo_log.jsonl must be
there. With --pictures those probe videos are shown whose licence allows it (training/report/probe_pictures.py); their
licences go into pictures.txt beside the file. Where the log of the supervised start was lost, --repeat names a run that
made it again; the page says so. Figures keep four digits. A run that is too long for one page keeps some of its steps,
saves and probe videos, evenly spread, with the first and the last. vqathinker/space/history/log.py reads the file.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqathinker.bundled import LOG_FORMAT

from ..common.atomic import atomic_write
from ..common.cli import ends_in_a_sentence
from ..common.io import first_of, read_first, read_log
from ..common.spread import spread
from .probe_pictures import LICENCES, Picture, read_pictures, write_licences

if TYPE_CHECKING:
    from ..grpo.config import GrpoSettings

OUT = Path("vqathinker/checkpoints/tiny/training.json")
HEALTH_COLUMNS = ("bonus", "spread", "kl", "completions/mean_length", "completions/clipped_ratio")
SHOWN_SETTINGS = (
    "videos_per_step",
    "num_generations",
    "twins",
    "validation",
    "validation_group",
    "temperature",
    "max_completion_length",
    "learning_rate",
    "beta",
)
LOGGED_STAGES = ("vision", "motion", "language")
MOST_STEPS, MOST_VALIDATIONS, MOST_SAVES, MOST_PROBES = 800, 60, 16, 8
LARGEST_LOG = 250_000
"""Bytes: the file is read before the page is built, and its content is sent to every visitor."""
AVT = re.compile(r"avt_uhd-(?P<source>.+?)([_-]\d+(x\d+|p-).*?|\.\w+)_1frame_crf_(?P<crf>\d+)_height_(?P<height>\d+)")
MADE = re.compile(r"(?P<group>clips|photos)-(?P<name>.+?)__(extra\d+-)?(?P<defect>[^_]+(_[^_]+)*?)(__\d+)?")
PRESSED = ((12, "lightly"), (22, "moderately"), (99, "strongly"))
"""Largest CRF, and how strongly it compresses in plain words."""
ORDINARY = {"clean": "untouched"}
DONE_TO_CLIP = {"clean": "clean", "clean1": "clean", "mixture": "several defects"}


def rounded(value: object) -> object:
    """A figure to four significant digits; None where it is no finite number. What is no float stays."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.4g}") if math.isfinite(value) else None


def rounded_row(row: dict) -> dict:
    return {key: rounded(value) for key, value in row.items()}


def supervised(log: list[dict]) -> list[dict]:
    """Each stage with its last step and its validations."""
    stages = []
    for name in LOGGED_STAGES:
        rows = [row for row in log if row.get("stage") == name]
        if rows:
            checked = [{"step": row["step"], **rounded_row(row["validation"])} for row in rows if row.get("validation")]
            stages.append({"name": name, "steps": rows[-1]["step"], "validation": checked})
    return stages


def log_columns(log: list[dict]) -> dict[str, list]:
    """Figures of every step, column by column; a column that was never logged is left out."""
    from vqathinker.rewards import REWARDS  # torch, only once there is something to do

    rows = spread([row for row in log if row.get("reward") is not None], MOST_STEPS)
    if not rows:
        raise ValueError("grpo_log.jsonl holds no step with a reward")
    found = {name: [rounded(row.get(name)) for row in rows] for name in ("reward", *REWARDS, *HEALTH_COLUMNS)}
    kept = {name: values for name, values in found.items() if any(value is not None for value in values)}
    return {"step": [row["step"] for row in rows], **kept}


def sample_titles(name: str) -> dict[str, object]:
    """What a sample shows, in ordinary words (`title`) and by its name (`what`), and whether people rated it, from its
    id as training/data/build/run.py makes it."""
    if name.startswith("biq2021-"):
        moving = name.endswith("__filmed")
        number = name.removeprefix("biq2021-").removesuffix("__filmed")
        what = f"{'Camera over photograph' if moving else 'Photograph'} {number} of BIQ2021"
        return {"title": "A photograph, filmed" if moving else "A photograph", "what": what, "human": True}
    if name.startswith("clive-"):
        number = name.removeprefix("clive-")
        return {"title": "A phone photograph", "what": f"Photograph {number} of LIVE-Challenge", "human": True}
    if found := AVT.fullmatch(name):
        source, crf, lines = found["source"].replace("_", " "), int(found["crf"]), int(found["height"])
        how = next(told for most, told in PRESSED if crf <= most)
        title = f"A film frame, {lines} lines, {how} compressed"
        return {"title": title, "what": f"Picture {source} of AVT UHD, {lines} lines, CRF {crf}", "human": True}
    if found := MADE.fullmatch(name):
        clip = found["group"] == "clips"
        family, _, variant = found["defect"].partition("-")
        done = DONE_TO_CLIP.get(family) or family.replace("_", " ")
        what = f"{'Clip' if clip else 'Pan over the photograph'} {found['name'].replace('_', ' ')}, {done}"
        title = f"{'A clip' if clip else 'A pan over a photograph'}, {ORDINARY.get(done, done)}"
        return {"title": title, "what": what + (f" ({variant})" if variant else ""), "human": False}
    return {"title": "", "what": name, "human": name.startswith("avt_uhd-")}


def save_of(row: dict) -> dict:
    """One save of a probe video: its own answer, the sampled scores, the lowest and the highest sampled answer."""
    known = [(score, text) for score, text in zip(row["scores"], row["texts"], strict=True) if score is not None]
    told = [min(known), max(known)] if len(known) > 1 else known
    return {
        "step": row["step"],
        "text": row["greedy_text"],
        "score": rounded(row["greedy_score"]),
        "scores": [rounded(score) for score in row["scores"]],
        "sampled": [{"score": rounded(score), "text": text} for score, text in told],
    }


def probes(rows: list[dict], pictures: Mapping[str, Picture] | None = None) -> list[dict]:
    """What the model said about each probe video at every save; `pictures` of some of them, by id."""
    steps = set(spread(sorted({row["step"] for row in rows}), MOST_SAVES))
    result = []
    for name in spread(list(dict.fromkeys(row["id"] for row in rows)), MOST_PROBES):
        own = {row["step"]: row for row in rows if row["id"] == name and row["step"] in steps}
        saves = [save_of(own[step]) for step in sorted(own)]
        mos = next(iter(own.values()))["mos"]
        shown = (pictures or {}).get(name)
        seen = {"picture": shown.address, "credit": shown.credit} if shown else {}
        result.append({"id": name, **sample_titles(name), **seen, "mos": rounded(float(mos)), "saves": saves})
    return result


def probe_ids(runs: Sequence[Path]) -> list[str]:
    """Which probe videos are told."""
    return spread(list(dict.fromkeys(row["id"] for row in read_first(runs, "probes.jsonl"))), MOST_PROBES)


def study_of(study: dict) -> dict | None:
    """The recipe against its start, and against itself without each reward (None: not run); None without a study."""
    if not study.get("recipe"):
        return None
    from vqathinker.rewards.registry import removable

    recipe = {
        key: {
            **{name: rounded(entry[name]) for name in ("start", "mean", "deviation")},
            **rounded_row(entry["difference"]),
        }
        for key, entry in study["recipe"].items()
    }
    removed = {name: study["ablation"].get(f"no-{name}") for name in removable()}
    return {
        "samples": study["samples"],
        "draws": study["draws"],
        "seeds": next(iter(study["recipe"].values()))["seeds"],
        "titles": study["titles"],
        "recipe": recipe,
        "ablation": {
            name: entry
            and {"seeds": entry["seeds"], "metrics": {k: rounded_row(v) for k, v in entry["metrics"].items()}}
            for name, entry in removed.items()
        },
    }


def make_story(
    runs: Sequence[Path],
    settings: GrpoSettings | None = None,
    repeat: Path | None = None,
    pictures: Mapping[str, Picture] | None = None,
    averaged: int = 1,
) -> dict:
    """The content of training.json; `repeat` holds the log.jsonl of a supervised start made again, and the checkpoint
    is the mean of `averaged` runs of GRPO.

    Raises ValueError when there is no GRPO log, or one that cannot be read.
    """
    from vqathinker.rewards import REWARDS

    from ..grpo.config import load_grpo_settings

    log = read_log(runs, "grpo_log.jsonl")
    if not log:
        raise ValueError(f"no grpo_log.jsonl with anything in it in {', '.join(map(str, runs))}")
    checked = [{"step": row["step"], **rounded_row(row["validation"])} for row in log if row.get("validation")]
    yaml, study = first_of(runs, "grpo.yaml"), first_of(runs, "study.json")
    if settings is None and yaml:
        settings = load_grpo_settings(yaml)
    return {
        "format": LOG_FORMAT,
        "settings": {name: getattr(settings, name) for name in SHOWN_SETTINGS} if settings else {},
        "supervised": supervised(read_log([repeat] if repeat else runs, "log.jsonl")),
        "repeat": repeat is not None,
        "averaged": averaged,
        "rewards": {name: reward.title for name, reward in REWARDS.items()},
        "steps": log_columns(log),
        "validation": spread(checked, MOST_VALIDATIONS),
        "probes": probes(read_first(runs, "probes.jsonl"), pictures),
        "study": study_of(json.loads(study.read_text())) if study else None,
    }


def write_story(
    runs: Sequence[Path],
    out: Path,
    settings: GrpoSettings | None = None,
    report: Callable[[str], None] = print,
    repeat: Path | None = None,
    pictures: Mapping[str, Picture] | None = None,
    averaged: int = 1,
) -> dict:
    """Write training.json and name what it lacks; its content. Raises ValueError when it would be too large."""
    story = make_story(runs, settings, repeat, pictures, averaged)
    content = json.dumps(story, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
    if (size := len(content.encode())) > LARGEST_LOG:
        raise ValueError(f"the story would have {size:,} bytes, more than {LARGEST_LOG:,}: its answers are too long")
    with atomic_write(out) as partial:
        partial.write_text(content, encoding="utf-8")
    if pictures:
        write_licences(pictures, out.with_name(LICENCES))
    lacking = [name for name in ("settings", "supervised", "validation", "probes", "study") if not story[name]]
    report(f"{out}: {size:,} bytes" + (f", without {', '.join(lacking)}" if lacking else ""))
    return story


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.training_log", description="Write the training log that the Space shows."
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_DIR", help="folders with the logs of one checkpoint")
    parser.add_argument("--repeat", type=Path, metavar="RUN_DIR", help="a run that made the supervised start again")
    parser.add_argument("--averaged", type=int, default=1, metavar="N", help="the checkpoint is the mean of N runs")
    parser.add_argument("--out", type=Path, default=OUT, help=f"default: {OUT}")
    places = {"nargs": 2, "type": Path, "metavar": ("DATA_DIR", "BUILT_DIR")}
    parser.add_argument("--pictures", **places, help="show the probe videos whose licence allows it")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.training_log"):
        try:
            pictures = read_pictures(probe_ids(args.runs), *args.pictures) if args.pictures else None
            write_story(args.runs, args.out, repeat=args.repeat, pictures=pictures, averaged=args.averaged)
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing in a log") from None
        except TypeError as error:
            raise ValueError(f"a log holds something else than it should: {error}") from None


if __name__ == "__main__":
    main()
