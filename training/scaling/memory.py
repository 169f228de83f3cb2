"""How much memory a GPU needs for a GRPO run at the 8b size, and roughly how long a step takes. An estimate, not a
measurement (tests/benchmarks/grpo_8b.py measures one of its rows). Every rule is stated where it is used.

    python -m training.scaling.memory --config training/configs/8b_grpo.yaml --gpus 8                  # every engine
    python -m training.scaling.memory --config training/configs/8b_grpo.yaml --gpus 8 --engine zero2   # one of them
    python -m training.scaling.memory --write training/SCALING.md                                      # its table

Memory of one GPU = weights + gradients + optimiser states + reference + overhead + the larger of two phases: writing
answers (caches, and the gathered weights where an engine divides them) and the update (activations, logits).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.scaling.memory", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--config", type=Path, default=Path("training/configs/8b_grpo.yaml"), help="settings of the run"
    )
    parser.add_argument("--gpus", type=int, default=8, help="GPUs of all machines together, eight in each")
    parser.add_argument("--engine", default="all", help="how they share the work, such as zero2; all: one line each")
    parser.add_argument("--gpu", default="h100", help="kind of GPU")
    parser.add_argument("--answer-tokens", type=int, help="longest answer of a usual batch")
    parser.add_argument("--write", type=Path, help="write the table of all shipped runs between this file's markers")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("scaling.memory"):
        from .estimate import tell  # torch, only once there is something to do

        tell(args)


if __name__ == "__main__":
    main()
