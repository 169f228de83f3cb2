"""What the page needs to know before it is built."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..video import Limits
from .wishes import Job

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Settings:
    """The model and where to listen; `port` None takes 7860 or the next free one.

    max_bytes: the largest file that the page takes, which is what the decoder takes.
    gpu_seconds, gpu_seconds_each: how long one rating may hold a ZeroGPU device, and how much longer for each
        sampled answer, all of which are written in one batch.
    """

    model: str = "tiny"
    precision: str = "auto"
    host: str | None = None
    port: int | None = None
    examples: Path = REPOSITORY / "examples"
    max_bytes: int = Limits().max_bytes
    gpu_seconds: int = 50
    gpu_seconds_each: int = 2

    @property
    def address(self) -> str:
        """What gradio_client connects to: the Space's id, or this machine."""
        return os.environ.get("SPACE_ID") or f"http://127.0.0.1:{self.port or 7860}"

    def gpu_duration(self, job: Job) -> int:
        """Seconds of a ZeroGPU device that a rating may take; a shorter claim waits less."""
        return self.gpu_seconds + self.gpu_seconds_each * job.rollouts

    @staticmethod
    def from_environment() -> Settings:
        """Model and precision from VQATHINKER_MODEL and VQATHINKER_PRECISION."""
        return Settings(
            model=os.environ.get("VQATHINKER_MODEL") or "tiny",
            precision=os.environ.get("VQATHINKER_PRECISION") or "auto",
        )


def on_zero_gpu() -> bool:
    """True on a Space whose GPU is lent for the length of a call."""
    return bool(os.environ.get("SPACES_ZERO_GPU"))
