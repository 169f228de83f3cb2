"""What a run tells about itself, in one small file beside its checkpoint; the Space's tab "How it learned" shows it.

    python -m training.report.training_log RUN_DIR [RUN_DIR …] [--repeat RUN_DIR] [--out OUT/training.json]

A RUN_DIR holds grpo_log.jsonl and probes.jsonl of `training.grpo`, grpo.yaml with its settings, log.jsonl of
`training.sft`, study.json of `training.study`; of each the first that is found is told. Only grpo_log.jsonl must be
there. Where the log of the supervised start was lost, --repeat names a run that made it again; the page says so.
Figures keep four digits. A run that is too long for one page keeps some of its steps, saves and probe videos,
evenly spread, with the first and the last. vqathinker/space/history/log.py reads the file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence

OUT = Path("vqathinker/checkpoints/tiny/training.json")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.training_log", description="Write the training log that the Space shows."
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_DIR", help="folders with the logs of one checkpoint")
    parser.add_argument("--repeat", type=Path, metavar="RUN_DIR", help="a run that made the supervised start again")
    parser.add_argument("--out", type=Path, default=OUT, help=f"default: {OUT}")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.training_log"):
        from .story import write_story  # torch, only once there is something to do

        try:
            write_story(args.runs, args.out, repeat=args.repeat)
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing in a log") from None
        except TypeError as error:
            raise ValueError(f"a log holds something else than it should: {error}") from None


if __name__ == "__main__":
    main()
