"""How far a score may be off: a 90 % interval, calibrated on held-out pictures with human scores.

    python -m training.evaluate.interval DATA_DIR BUILT_DIR FEATURES_DIR CHECKPOINT

The error of a score counts as normal with the standard deviation factor * sqrt(variance + floor^2), where `variance` is
that of the answers which the model could have written. Both numbers are chosen on one half of the validation contents
(floor: the likelihood of their errors; factor: 90 % of them lie within, split conformal), each set counting as much as
another. They are written into CHECKPOINT/config.json; the coverage of the other half, and the agreement of the score
with every set of pictures, the official test pictures too, are printed and written to CHECKPOINT/interval.json.
FEATURES_DIR keeps what the tower sees (training/evaluate/stored.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate.interval", description="Calibrate the interval of a checkpoint's scores."
    )
    parser.add_argument("data", type=Path, help="folder of the source pictures and clips")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument("features", type=Path, help="folder for what the tower sees, shared with training.study")
    parser.add_argument("checkpoint", type=Path, help="the checkpoint, whose config.json is completed")
    parser.add_argument("--seed", type=int, default=0, help="of the halves")
    parser.add_argument("--jobs", type=int, default=2, help="decoders at a time")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("evaluate.interval"):
        import json

        from .calibrated import calibrate  # torch, only once there is something to do

        report = calibrate(args.data, args.built, args.features, args.checkpoint, args.seed, args.jobs)
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
