"""The hosted checkpoint, from raw data to numbers in the model card, with one command.

    python -m training.tiny DATA_DIR WORK_DIR [--out vqathinker/checkpoints/tiny]

Ten parts, each of which can be run alone with the command that its module names, and each of which goes on where it
was stopped:
1. build     training/data/build/run.py        degraded clips and labels                 -> WORK_DIR/built
2. start     training/sft/train.py             supervised start: vision, motion, language -> WORK_DIR/start
3. grpo      training/grpo/train.py            two runs of GRPO from that start
             training/study/mean.py            and the mean of their weights             -> OUT
4. interval  training/evaluate/interval.py     the 90 % interval of its scores           -> OUT/config.json
5. novelty   training/evaluate/novelty.py      what is unlike all that it learned from   -> OUT/novelty.json
6. story     training/report/training_log.py   what the Space replays of this training   -> OUT/training.json
7. evaluate  training/evaluate/run.py          held-out contents, through files          -> WORK_DIR/evaluation
8. card      training/report/card.py           the model card, from what was measured    -> OUT/README.md
9. held_out  training/report/held_out.py       held-out pictures, shown beside a score   -> OUT/held_out.json
10. plots    training/report/plots.py          curves and measurements                   -> WORK_DIR/plots

Nothing else is written: the table of the repository's README is that of `training.report.card`, the study of what each
reward buys that of `training.study`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from vqathinker.bundled import LOG_FILE

from .common.cli import ends_in_a_sentence
from .data.build.run import add_grpo_shares, build_data, shares_of

CONFIGS = Path(__file__).parent / "configs"
RECIPE_PARTS = ("build", "start", "grpo", "interval", "novelty", "story", "evaluate", "card", "held_out", "plots")


def parts(args: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """What `RECIPE_PARTS` do."""
    from .evaluate import __main__ as evaluate  # torch, only once there is something to do
    from .evaluate.interval import calibrate
    from .evaluate.novelty import measure_novelty
    from .grpo.config import load_grpo_settings
    from .grpo.setup import read_splits
    from .grpo.train import run_grpo
    from .report.card import write_card
    from .report.held_out import write_held_out
    from .report.plots import draw_all
    from .report.probe_pictures import read_pictures
    from .report.training_log import probe_ids, write_story
    from .sft.config import load_sft_settings
    from .sft.train import run_sft
    from .study.mean import write_mean

    data, work, out = args.data, args.work, args.out
    built, start, measured = work / "built", work / "start", work / "evaluation"
    runs = [work / "sft", work / "grpo"]

    def learn() -> None:
        made, splits = {"grpo": args.grpo, "grpo_pictures": args.grpo_pictures}, read_splits(data, built)
        for name, settings in made.items():
            run_grpo(
                *splits,
                work / name,
                str(start),
                work / "policies" / name,
                load_grpo_settings(settings),
                features=work / "grpo" / "features",
                jobs=args.jobs,
            )
        write_mean([work / "policies" / name for name in made], out)

    def tell() -> None:
        pictures = read_pictures(probe_ids(runs), data, built)
        write_story(runs, out / LOG_FILE, load_grpo_settings(args.grpo), pictures=pictures, averaged=2)

    return {
        "build": lambda: build_data(data, built, args.jobs, limit=args.limit, grpo_shares=shares_of(args)),
        "start": lambda: run_sft(data, built, work / "sft", start, load_sft_settings(args.sft), args.jobs),
        "grpo": learn,
        "interval": lambda: calibrate(data, built, work / "held_out", out, jobs=args.jobs),
        "novelty": lambda: measure_novelty(data, built, work / "grpo" / "features", work / "held_out", out, args.jobs),
        "story": tell,
        "evaluate": lambda: evaluate.main([str(data), str(built), str(measured), "--model", str(out)]),
        "card": lambda: write_card(measured, built, out, work / "grpo"),
        "held_out": lambda: write_held_out(measured, out),
        "plots": lambda: draw_all(measured, runs, work / "plots"),
    }


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.tiny", description="The whole recipe of the hosted checkpoint."
    )
    parser.add_argument("data", type=Path, help="folder with clive/ avt_uhd/ clips/ photos/")
    parser.add_argument("work", type=Path, help="folder for everything that is made on the way")
    parser.add_argument("--out", type=Path, default=Path("vqathinker/checkpoints/tiny"), help="the checkpoint")
    parser.add_argument("--sft", type=Path, default=CONFIGS / "tiny_sft.yaml", help="settings of the start")
    parser.add_argument("--grpo", type=Path, default=CONFIGS / "tiny_grpo.yaml", help="settings of GRPO")
    parser.add_argument(
        "--grpo-pictures",
        type=Path,
        default=CONFIGS / "tiny_grpo_pictures.yaml",
        help="settings of the other run of GRPO, on pictures",
    )
    parser.add_argument("--jobs", type=int, default=2, help="decoders and encoders at a time")
    parser.add_argument("--limit", type=int, help="make that many degraded clips at most (a trial run)")
    add_grpo_shares(parser)
    parser.add_argument("--until", choices=RECIPE_PARTS, default=RECIPE_PARTS[-1], help="stop after this part")
    args = parser.parse_args(argv)
    do = parts(args)
    for name in RECIPE_PARTS[: RECIPE_PARTS.index(args.until) + 1]:
        print(f"== {name}", flush=True)
        with ends_in_a_sentence("tiny"):
            do[name]()


if __name__ == "__main__":
    main()
