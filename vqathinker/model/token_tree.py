"""What may follow a prompt, as a tree of tokens that goes through a model in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .generation import Prompt, cache_of
from .modeling import VQAThinkerForConditionalGeneration


class TokenTree:
    """A text and what branches off it. Nodes are numbered as they come, those of the text first; the first one is the
    last token of the prompt, which its cache does not hold."""

    def __init__(self, text: Sequence[int]):
        self.tokens = list(text)
        self.depths = list(range(len(text)))
        self.parents = list(range(-1, len(text) - 1))
        self._grown: dict[tuple[int, int], int] = {}

    def grow(self, token: int, parent: int) -> int:
        """A new node below `parent`."""
        self.tokens.append(token)
        self.depths.append(self.depths[parent] + 1)
        self.parents.append(parent)
        return len(self.tokens) - 1

    def follow(self, tokens: Sequence[int], node: int) -> list[int]:
        """The nodes of a branch below `node`, shared with the branches there that begin alike."""
        nodes = []
        for token in tokens:
            if (node, token) not in self._grown:
                self._grown[node, token] = self.grow(token, node)
            node = self._grown[node, token]
            nodes.append(node)
        return nodes


@torch.inference_mode()
def tree_logits(
    model: VQAThinkerForConditionalGeneration, prompt: Prompt, trees: Sequence[TokenTree], filler: int, first: int = 0
) -> torch.Tensor:
    """Logits (B, N - first, V) of what follows each node, the `first` ones left out, of the trees of the B videos of a
    prompt.

    A mask shows every node its own ancestors only, so the cache of the prompt is copied once, not once for every
    branch. `filler` is the id of any token, which fills up the smaller trees.
    """
    ids, past = prompt.input_ids, prompt.input_ids.shape[1] - 1
    size = max(len(tree.tokens) for tree in trees)
    tokens = torch.tensor([tree.tokens + [filler] * (size - len(tree.tokens)) for tree in trees])
    depths = torch.tensor([tree.depths + [0] * (size - len(tree.tokens)) for tree in trees])
    return model(
        input_ids=tokens.to(ids.device),
        position_ids=(prompt.start + depths).to(ids.device),
        attention_mask=_mask(past, trees, size, prompt.cache.layers[0].keys.dtype).to(ids.device),
        past_key_values=cache_of((layer.keys, layer.values) for layer in prompt.cache.layers),
        use_cache=True,
        logits_to_keep=size - first,
    ).logits.float()


def _mask(past: int, trees: Sequence[TokenTree], size: int, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask (B, 1, size, past + size): every node sees the past, its ancestors and itself; what fills
    up a tree sees the past."""
    seen = np.zeros((len(trees), size, size), dtype=bool)
    for own, tree in zip(seen, trees, strict=True):
        for node, parent in enumerate(tree.parents):
            if parent >= 0:
                own[node] = own[parent]
            own[node, node] = True
    mask = torch.zeros(len(trees), 1, size, past + size, dtype=dtype)
    mask[:, 0, :, past:].masked_fill_(~torch.from_numpy(seen), torch.finfo(dtype).min)
    return mask
