"""How probable it was that a model names a defect, whether it did or not.

An answer of the bundled model is a row of sentences: what the picture looks like, the defects, a judgement. After each
of them before the judgement another defect could have been named. The probabilities of the beginnings of all those
sentences, up to the word that tells one defect from the others, are read in one pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product, takewhile

import torch

from ..model.generation import Prompt, prefill
from ..model.loading import LoadedModel
from ..model.token_tree import TokenTree, tree_logits
from .defects import DEFECTS, SENTENCES, SEVERITIES, defect_sentence
from .sureness import sureness
from .words import before_judgement, voice_of

DefectCue = tuple[str, tuple[int, ...]]


class Namer:
    """Asks one model; of a model with other sentences only what it wrote is known."""

    def __init__(self, loaded: LoadedModel):
        self.loaded = loaded
        self.openings = [self._openings_of(voice) for voice in range(len(SENTENCES))]

    def __call__(self, prompt: Prompt, tokens: Sequence[int], sure: Sequence[float]) -> dict[str, float]:
        """{defect: probability that the answer names it} for the one video of a prompt, about which `tokens` (without
        the end) were written, each with the probability in `sure`.

        The probability is that of at least one of the sentences where it could have been named, the others being as
        they are. For a model with other sentences, that of the least sure word with which it was named.
        """
        [found] = self.each(prompt, tokens) or [sureness(self._pieces(tokens), sure)]
        return found

    def each(self, prompt: Prompt, tokens: Sequence[int]) -> list[dict[str, float]]:
        """The same for each of the videos of a prompt, were these tokens written of it; none for other sentences."""
        pieces = self._pieces(tokens)
        voice = voice_of("".join(pieces))
        if voice is None:
            return []
        ends = sentence_ends(pieces)
        tree, branches = TokenTree([int(prompt.input_ids[0, -1]), *tokens[: max(ends, default=0)]]), []
        for place in ends:
            for name, opening in self.openings[voice]:
                branches.append((place, name, [place, *tree.follow(opening, place)][:-1], opening))
        trees = [tree] * len(prompt.input_ids)
        found = []
        for logs in tree_logits(self.loaded.model, prompt, trees, tree.tokens[0]).log_softmax(-1).cpu().numpy():
            at = dict.fromkeys(product(ends, DEFECTS), 0.0)
            for place, name, nodes, opening in branches:
                at[place, name] += math.exp(logs[nodes, opening].sum())
            found.append({name: 1 - math.prod(max(0.0, 1 - at[end, name]) for end in ends) for name in DEFECTS})
        return found

    def _pieces(self, tokens: Sequence[int]) -> list[str]:
        """The text of each token."""
        return self.loaded.processor.tokenizer.batch_decode([[token] for token in tokens], skip_special_tokens=True)

    def _openings_of(self, voice: int) -> list[DefectCue]:
        """(defect, tokens) for each way in which a sentence may begin that names a defect, no further than it has to
        be read to know which."""
        tokenizer, whole = self.loaded.processor.tokenizer, []
        for name, severity in product(DEFECTS, SEVERITIES):
            sentence = " " + defect_sentence(name, severity, voice)
            whole.append((name, tuple(tokenizer(sentence, add_special_tokens=False)["input_ids"])))
        found: dict[DefectCue, None] = {}
        for name, tokens in whole:
            shared = max(_alike(tokens, other) for another, other in whole if another != name)
            found[name, tokens[: shared + 1]] = None
        return list(found)


def prompt_about(loaded: LoadedModel, features: torch.Tensor) -> Prompt:
    """The prompt for a rating, for each of the videos with these features (B, V, H)."""
    model = loaded.model
    ids = torch.tensor([loaded.processor.prompt_ids()], device=model.device).expand(len(features), -1)
    return prefill(model, {"input_ids": ids, "video_features": features.to(model.device, model.dtype)})


def sentence_ends(pieces: Sequence[str]) -> list[int]:
    """How many of the pieces of a text make its first sentence, its first two, …, up to its judgement.

    >>> sentence_ends(["Dim", ".", " Here", " it", " is", " noisy", ".", " In", " sum", ", the clip as a whole has "])
    [2, 7]
    """
    left, ends = len(before_judgement("".join(pieces))), []
    for number, piece in enumerate(pieces, 1):
        left -= len(piece)
        if left < 0:
            break
        if piece.endswith("."):
            ends.append(number)
    return ends


def _alike(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
