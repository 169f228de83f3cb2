"""The mean of checkpoints that went different ways from one start: one model, with what all of them learned.

    python -m training.study.mean CHECKPOINT CHECKPOINT … --out OUT

Runs of GRPO from one start end close to one another, so that the weights between them are a model, too, and mostly one
that does less of what only one of the runs does (Wortsman et al., "Model soups", ICML 2022). OUT has no calibrated
interval and a card without measurements: training.evaluate.interval and training.report.card come next.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.cli import ends_in_a_sentence

if TYPE_CHECKING:
    import torch

MEAN_CARD = """---
license: apache-2.0
library_name: transformers
tags: [video-quality-assessment, vqathinker, grpo]
---
# {name}

The mean of the weights of {parts}, which GRPO made from one start. **It has not been measured.**
"""


def mean_weights(weights: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of each tensor, computed in float64 and given as the first has it; integers must be equal.

    Raises ValueError where names, shapes or integers differ.
    """
    first, *others = weights
    for other in others:
        if first.keys() != other.keys():
            raise ValueError(f"the checkpoints do not have the same tensors: {min(first.keys() ^ other.keys())}")
    found = {}
    for name, tensor in first.items():
        parts = [each[name] for each in weights]
        if len({part.shape for part in parts}) > 1:
            raise ValueError(f"{name} has another shape in one of the checkpoints")
        if tensor.is_floating_point():
            found[name] = (sum(part.double() for part in parts) / len(parts)).to(tensor.dtype)
        elif all(tensor.equal(part) for part in parts):
            found[name] = tensor
        else:
            raise ValueError(f"{name} holds whole numbers that differ: these checkpoints have no mean")
    return found


def write_mean(checkpoints: Sequence[Path | str], out: Path) -> None:
    """Write the mean of two or more checkpoints, the old OUT or the new one as a whole.

    Raises ValueError where they do not fit together, ModelError where one cannot be loaded, and SaveError.
    """
    from ..common.checkpoint import write_files  # torch, only once there is something to do
    from ..common.start import load_start
    from ..grpo.checkpoint import replace_checkpoint

    if len(checkpoints) < 2:
        raise ValueError("a mean needs two checkpoints or more")
    loaded = [load_start(str(one)) for one in checkpoints]
    model = loaded[0].model
    tied = set(model.all_tied_weights_keys)
    states = [{key: value for key, value in one.model.state_dict().items() if key not in tied} for one in loaded]
    weights = mean_weights(states)
    model.config.calibration = None
    card = MEAN_CARD.format(name=out.name, parts=" and ".join(Path(one).name for one in checkpoints))
    replace_checkpoint(out, lambda folder: write_files(model, loaded[0].processor, folder, weights, card))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.study.mean", description="The mean of checkpoints of one start."
    )
    parser.add_argument("checkpoints", nargs="+", metavar="checkpoint", help="folders of two or more checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="folder of their mean")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("study.mean"):
        write_mean(args.checkpoints, args.out)


if __name__ == "__main__":
    main()
