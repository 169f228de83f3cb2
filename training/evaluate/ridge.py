"""What a tower knows of quality: a ridge regression on its pooled features, beside that on ImageNet's and on mixtures.

    python -m training.evaluate.ridge BUILT_DIR RUN_DIR [--most 1500]

RUN_DIR is that of `training.sft`, whose first stage is done. For each of five towers (ImageNet, the last step of the
stage, its moving average, and that a quarter and half of the way back to ImageNet) the global token and the mean of the
regional ones of every rated picture are regressed on MOS, over training pictures of the start; SRCC and MAE are those
of validation pictures. It decides `imagenet` in training/sft/config.py, and takes a minute for 2,000 pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import add_built, ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate.ridge", description="Ridge regressions on what towers see of rated pictures."
    )
    add_built(parser)
    parser.add_argument("run", type=Path, help="folder of training.sft")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_sft.yaml"), help="its settings")
    parser.add_argument("--most", type=int, default=1500, help="training and validation pictures at most; 0: all")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("evaluate.ridge"):
        from .towers import compare  # torch, only once there is something to do

        print(*compare(args.built, args.run, args.config, args.most), sep="\n")


if __name__ == "__main__":
    main()
