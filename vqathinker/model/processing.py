"""Clips and questions in, model inputs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike

import numpy as np
import torch
from transformers import AutoProcessor, BatchFeature, ProcessorMixin

from ..scorers import SCORERS, Scorer
from ..video import Clip, VideoInfo, VideoSpec, load_clip
from ..video.still import squash
from .configuration import VQAThinkerConfig
from .prompts import STYLES, expand_images

VideoInput = Clip | str | PathLike
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalise(pictures: np.ndarray | torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Pictures (..., S, S, 3) uint8 -> float32 (..., 3, S, S), channel-wise (x/255 - mean) / std, on their device."""
    tensor = pictures if isinstance(pictures, torch.Tensor) else torch.from_numpy(np.array(pictures))
    scaled = tensor.movedim(-1, -3).to(torch.float32).div_(255)
    mean, std = (torch.tensor(values, device=scaled.device).view(-1, 1, 1) for values in (mean, std))
    return scaled.sub_(mean).div_(std)


def motion_values(bursts: torch.Tensor) -> torch.Tensor:
    """Bursts (..., T, s, s) uint8 -> float32 in [0, 1], on their device."""
    return bursts.to(torch.float32).div_(255)


def clip_facts(info: VideoInfo) -> torch.Tensor:
    """What squashing hides, as (4,) float32: log2 of shorter and longer side, frame rate and length, near [-2, 2].

    A still image has neither frame rate nor length: both facts are -2. Sides beyond 1080 x 1920 and lengths beyond
    10 s count as these, because the training data holds none.
    """
    short, long = sorted((info.width, info.height))
    sides = [np.log2(min(short, 1080) / 480), np.log2(min(long, 1920) / 854)]
    if info.is_still:
        return torch.tensor([*sides, -2.0, -2.0], dtype=torch.float32)
    rate = np.log2(np.clip(info.fps, 6, 120) / 24)
    length = np.log2(np.clip(info.duration_s, 0.5, 10) / 2)
    return torch.tensor([*sides, rate, length], dtype=torch.float32)


class VQAThinkerProcessor(ProcessorMixin):
    """Tokenizer, picture normalisation and prompt of one checkpoint; sizes come from its saved configuration."""

    def __init__(
        self,
        tokenizer=None,
        frames: int = 6,
        image_size: int = 448,
        tokens_per_frame: int = 256,
        burst_length: int = 0,
        burst_size: int = 96,
        image_mean: Sequence[float] = IMAGENET_MEAN,
        image_std: Sequence[float] = IMAGENET_STD,
        prompt: str = "official_inference",
        **kwargs,
    ):
        if prompt not in STYLES:
            raise ValueError(f"unknown prompt style {prompt!r}, known: {', '.join(STYLES)}")
        self.frames, self.image_size, self.tokens_per_frame = frames, image_size, tokens_per_frame
        self.burst_length, self.burst_size = burst_length, burst_size
        self.image_mean, self.image_std, self.prompt = list(image_mean), list(image_std), prompt
        super().__init__(tokenizer, **kwargs)

    @property
    def video_spec(self) -> VideoSpec:
        return VideoSpec(frames=self.frames, burst_length=self.burst_length, burst_size=self.burst_size)

    @property
    def max_new_tokens(self) -> int:
        """The length at which an answer is cut."""
        return STYLES[self.prompt].max_new_tokens

    @property
    def scorer(self) -> Scorer:
        """Which of the known models this is the processor of, as far as its prompt tells."""
        return SCORERS["8b" if STYLES[self.prompt].answers_questions else "tiny"]

    def asking(self) -> Callable[[Clip], tuple[tuple[int, ...], dict[str, torch.Tensor]]]:
        """A function for threads: clip -> token ids of the prompt about it, and its tensors."""
        ids = tuple(self.prompt_ids())
        return lambda clip: (ids, self.video_inputs([clip]))

    def pixels(self, clip: Clip) -> torch.Tensor:
        """Frames of a clip -> (F, 3, S, S) float32."""
        frames = clip.frames[:1] if clip.info.is_still else clip.frames
        pictures = np.stack([squash(frame, self.image_size) for frame in frames])
        return normalise(pictures, self.image_mean, self.image_std).expand(len(clip.frames), -1, -1, -1)

    def prompt_text(self, question: str | None = None) -> str:
        """The prompt with its image placeholders written out."""
        return expand_images(STYLES[self.prompt].chat(self.frames, question), self.tokens_per_frame)

    def prompt_ids(self, question: str | None = None) -> list[int]:
        """Token ids of the prompt."""
        return self.tokenizer(self.prompt_text(question))["input_ids"]

    def video_inputs(self, clips: Sequence[Clip], names: Sequence[str] = ()) -> dict[str, torch.Tensor]:
        """Clips of this processor's `video_spec` -> pixel_values (B, F, 3, S, S) and, for a model with dense motion
        input, motion_values (B, F, T, s, s) in [0, 1] and clip_facts (B, 4); or only those of these `names`. Needs no
        tokenizer: threads may share it."""
        for clip in clips:
            if len(clip.frames) != self.frames:
                raise ValueError(f"the model takes {self.frames} frames, the clip has {len(clip.frames)}")
        make: dict[str, Callable[[Clip], torch.Tensor]] = {"pixel_values": self.pixels}
        if self.burst_length:
            make["motion_values"] = lambda clip: motion_values(torch.tensor(clip.bursts))
            make["clip_facts"] = lambda clip: clip_facts(clip.info)
        return {name: torch.stack([make[name](clip) for clip in clips]) for name in names or make}

    def __call__(self, videos: VideoInput | Sequence[VideoInput], question: str | None = None, **_) -> BatchFeature:
        """Clips of this processor's `video_spec`, or paths -> input_ids, attention_mask (B, L) and the tensors of
        `video_inputs`, all that `model.generate` needs. Raises VideoError for a file that cannot be shown."""
        videos = [videos] if isinstance(videos, VideoInput) else list(videos)
        clips = [video if isinstance(video, Clip) else load_clip(video, self.video_spec) for video in videos]
        prompts = dict(self.tokenizer([self.prompt_text(question)] * len(clips), return_tensors="pt"))
        return BatchFeature(prompts | self.video_inputs(clips))


AutoProcessor.register(VQAThinkerConfig, VQAThinkerProcessor, exist_ok=True)
