"""Faults that are too short for a window: what the model would say of each picture of a film, were nothing else shown.

A fault of half a second is on one or two of the six pictures of a window, and the other ones outvote it. So the tokens
of each picture, and the motion around it, are put in the places of all: how probable it is then that the model names a
fault, in the text that it wrote of the window, is read for every picture once. Where that is likely and the window does
not name it, the model writes an answer about the moment alone, which may tell how bad it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from ..model.generation import Prompt, prefill, write
from ..model.loading import LoadedModel
from .defects import parse_defects
from .faults import FaultRule, Sighting
from .naming import Namer


@dataclass(frozen=True)
class Moment:
    """The part of a film for which one picture of a window stands, and the features (V, H) of a video that shows
    nothing but this picture and the motion around it."""

    start_s: float
    end_s: float
    features: torch.Tensor


@torch.inference_mode()
def sightings_of(
    loaded: LoadedModel,
    namer: Namer,
    moments: Sequence[Moment],
    written: Sequence[int],
    named: Collection[str],
    max_new_tokens: int,
) -> tuple[Sighting, ...]:
    """What moments of a window say of faults; `written` are the tokens of the answer about the window, which names
    `named`. Nothing for a model with other sentences than the bundled one's."""
    if not moments:
        return ()
    features = torch.stack([moment.features for moment in moments])
    naming = namer.each(prompt_about(loaded, features), written)
    if not naming:
        return ()
    called, least = [{} for _ in naming], FaultRule().brief
    suspects = [k for k, found in enumerate(naming) if any(found[n] >= least for n in found if n not in named)]
    if suspects:
        prompt = prompt_about(loaded, features[suspects])
        limits = {"max_new_tokens": max_new_tokens, "eos_token_id": loaded.eos_token_id}
        texts = loaded.processor.tokenizer.batch_decode(write(loaded.model, prompt, **limits), skip_special_tokens=True)
        for k, text in zip(suspects, texts, strict=True):
            called[k] = {defect.name: defect.severity for defect in parse_defects(text)}
    return tuple(
        Sighting(moment.start_s, moment.end_s, names, found)
        for moment, names, found in zip(moments, called, naming, strict=True)
    )


def prompt_about(loaded: LoadedModel, features: torch.Tensor) -> Prompt:
    """The prompt for a rating, for each of the videos with these features (B, V, H)."""
    model = loaded.model
    ids = torch.tensor([loaded.processor.prompt_ids()], device=model.device).expand(len(features), -1)
    return prefill(model, {"input_ids": ids, "video_features": features.to(model.device, model.dtype)})
