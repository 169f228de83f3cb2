"""Clips and questions in, the inputs of a scorer out: pictures in their own proportions, as many tokens as needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike
from threading import Lock

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature, PreTrainedTokenizerBase
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

from ....errors import VideoError
from ....scorers import Scorer
from ....video import Clip, VideoSpec
from .positions import positions
from .prompts import CHAT_STYLES, IMAGE_PAD

FRAMES = 6
"""Of a video; the authors say nothing about videos."""
CELL, LEAST_PIXELS, MOST_PIXELS = 28, 4 * 28 * 28, 16384 * 28 * 28
"""Bounds of a picture before its checkpoint's own (qwen_vl_utils.fetch_image, which the authors call)."""
MOST_ASPECT = 200


class QwenScorerProcessor:
    """Tokenizer, pictures and prompt of one scorer. The frames of a video share the pixels that one picture may have.

    A still image is one picture, asked about as the authors do; a video is `frames` pictures in one prompt.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        image_processor: Qwen2VLImageProcessorPil,
        scorer: Scorer,
        frames: int = FRAMES,
    ):
        self.tokenizer, self.image_processor, self.scorer, self.frames = tokenizer, image_processor, scorer, frames
        self.style = CHAT_STYLES[scorer.name]

    @property
    def video_spec(self) -> VideoSpec:
        return VideoSpec(frames=self.frames, burst_length=0)

    @property
    def max_new_tokens(self) -> int:
        """The length at which an answer is cut."""
        return self.scorer.max_new_tokens

    @cached_property
    def image_token_id(self) -> int:
        return self.tokenizer.convert_tokens_to_ids(IMAGE_PAD)

    def video_inputs(self, clips: Sequence[Clip]) -> dict[str, torch.Tensor]:
        """One clip -> pixel_values (patches, values of a patch) and image_grid_thw (pictures, 3). Needs no tokenizer:
        threads may share it. Raises VideoError for a strip that is too long for the model, ValueError for other than
        one clip."""
        if len(clips) != 1:
            raise ValueError(f"pictures of one clip at a time are shown, not of {len(clips)}")
        clip, shorter = clips[0], min(clips[0].frames[0].shape[:2])
        if max(clip.frames[0].shape[:2]) > MOST_ASPECT * shorter:
            raise VideoError(
                f"The picture is more than {MOST_ASPECT} times as long as it is wide, which this model cannot see."
            )
        frames = clip.frames[:1] if clip.info.is_still else clip.frames
        pictures = [self._fitted(frame, MOST_PIXELS // len(frames)) for frame in frames]
        return dict(self.image_processor(images=pictures, return_tensors="pt"))

    def _fitted(self, frame: np.ndarray, most: int) -> Image.Image:
        """A frame (H, W, 3) uint8 in a size that cuts into cells and has `most` pixels."""
        height, width = smart_resize(*frame.shape[:2], CELL, LEAST_PIXELS, max(most, LEAST_PIXELS))
        return Image.fromarray(np.ascontiguousarray(frame)).resize((width, height), Image.Resampling.BICUBIC)

    def grids(self, video: dict[str, torch.Tensor]) -> list[tuple[int, int]]:
        """Rows and columns of tokens of each picture."""
        merge = self.image_processor.merge_size
        return [(rows // merge, columns // merge) for _, rows, columns in video["image_grid_thw"].tolist()]

    def prompt_ids(self, question: str | None = None, video: dict[str, torch.Tensor] | None = None) -> list[int]:
        """Token ids of the prompt about the pictures in `video`."""
        spans = [rows * columns for rows, columns in self.grids(video)]
        return self.tokenizer(self.style.chat(spans, question))["input_ids"]

    def position_ids(self, input_ids: Sequence[int], video: dict[str, torch.Tensor]) -> torch.Tensor:
        """Positions (3, 1, L) of a prompt about these pictures."""
        return positions(input_ids, self.image_token_id, self.grids(video))[:, None]

    def save_pretrained(self, folder: str | PathLike) -> None:
        """Write tokenizer and picture settings, as `open_processor` reads them. The prompt is the scorer's."""
        self.tokenizer.save_pretrained(folder)
        self.image_processor.save_pretrained(folder)

    def asking(self) -> Callable[[Clip], tuple[tuple[int, ...], dict[str, torch.Tensor]]]:
        """A function for threads: clip -> token ids of the prompt about it, and its tensors, positions among them."""
        turn = Lock()  # a tokenizer is not to be used by two at a time

        def ask(clip: Clip) -> tuple[tuple[int, ...], dict[str, torch.Tensor]]:
            video = self.video_inputs([clip])
            with turn:
                ids = self.prompt_ids(video=video)
            return tuple(ids), video | {"position_ids": self.position_ids(ids, video)}

        return ask

    def __call__(self, clips: Clip | Sequence[Clip], question: str | None = None, **_) -> BatchFeature:
        """One clip -> input_ids, attention_mask (1, L), position_ids (3, 1, L) and the tensors of `video_inputs`."""
        video = self.video_inputs([clips] if isinstance(clips, Clip) else list(clips))
        ids = self.prompt_ids(question, video)
        prompt = torch.tensor([ids])
        words = {"input_ids": prompt, "attention_mask": torch.ones_like(prompt)}
        return BatchFeature(words | {"position_ids": self.position_ids(ids, video)} | video)
