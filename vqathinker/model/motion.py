"""What a motion encoder is: a frozen part, whose output may be computed once and kept, and a trainable part behind it.

Who uses one asks for the names below and never which encoder it is. Another encoder is a subclass registered with
AutoModel (as burst_motion.py and slowfast.py are), its configuration, and, where it looks at something new, one more
tensor in `VQAThinkerProcessor.video_inputs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from torch import nn
from transformers import PreTrainedModel

Tensors = Mapping[str, torch.Tensor]


class MotionEncoder(PreTrainedModel):
    """Tensors of B clips, by name -> motion feature (B, config.hidden_size).

    takes: the tensors of the processor that `frozen` needs.
    keeps: the tensors that `frozen` makes of them and `trainable` needs.
    trained: the modules of the trainable part; what is kept of a clip follows from all others.
    """

    takes: ClassVar[tuple[str, ...]]
    keeps: ClassVar[tuple[str, ...]]
    trained: ClassVar[tuple[str, ...]] = ()

    def frozen(self, inputs: Tensors) -> dict[str, torch.Tensor]:
        """What may be kept of a clip for as long as the frozen part stays as it is."""
        raise NotImplementedError

    def trainable(self, kept: Tensors) -> torch.Tensor:
        """What was kept -> motion feature (B, config.hidden_size)."""
        raise NotImplementedError

    def forward(self, inputs: Tensors) -> torch.Tensor:
        """From what is taken of a clip, or from what was kept of it before. Raises ValueError when both are missing."""
        if all(name in inputs for name in self.keeps):
            return self.trainable(inputs)
        if missing := [name for name in self.takes if name not in inputs]:
            raise ValueError(f"this model needs {' and '.join(missing)} beside {' and '.join(inputs) or 'nothing'}")
        return self.trainable(self.frozen(inputs))

    def frozen_modules(self) -> Iterator[tuple[str, nn.Module]]:
        """The modules that are not `trained`, with their names."""
        return ((name, module) for name, module in self.named_children() if name not in self.trained)

    def frozen_state(self) -> dict[str, torch.Tensor]:
        """Weights and buffers that decide what is kept, in the order of `state_dict`."""
        return {key: value for key, value in self.state_dict().items() if key.partition(".")[0] not in self.trained}
