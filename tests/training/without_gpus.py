"""training.grpo as an engine for several GPUs starts it, with processors in their place.

python -m torch.distributed.run --standalone --nproc_per_node 2 -m tests.training.without_gpus ARGUMENTS
"""

import os
import sys

import torch
from accelerate.state import PartialState
from accelerate.utils import DistributedType

from training.grpo.__main__ import main


def prepare_backend(self, *arguments, **options) -> tuple[str, DistributedType]:
    return "gloo", DistributedType.MULTI_GPU


def set_device(self) -> None:
    self.device = torch.device("cpu")


if __name__ == "__main__":
    PartialState._prepare_backend, PartialState.set_device = prepare_backend, set_device
    code = 0
    try:
        main(sys.argv[1:])
    except SystemExit as end:
        print(end.code, file=sys.stderr, flush=True)
        code = 1
    sys.stdout.flush()
    os._exit(code)  # gloo's threads now and then outlive the group, and abort an interpreter around them
