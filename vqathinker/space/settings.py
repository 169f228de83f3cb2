"""What the page needs to know before it is built."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..bundled import examples_folder
from ..errors import VQAThinkerError
from ..video import Limits


@dataclass(frozen=True)
class Bounds:
    """How many ratings may be in the line: in all, from one address, from one session; and how many of them may be
    decoded or being decoded before their turn."""

    whole: int = 32
    address: int = 16
    session: int = 8
    abreast: int = 3


@dataclass(frozen=True)
class Settings:
    """The model and where to listen; `port` None takes 7860 or the next free one.

    max_bytes: the largest file that the page takes, which is what the decoder takes.
    beside_model: a second model, which the page compares the first with; "" for none. `precision` is that of both.
    gpu_seconds, gpu_seconds_each: how long one rating may hold a ZeroGPU device, and how much longer for each
        sampled answer, all of which are written in one batch.
    bounds: of the line before the model. urls: whether programs may name a public web address instead of uploading.
    keep_s: how long an upload is kept, in seconds.
    """

    model: str = "tiny"
    beside_model: str = ""
    precision: str = "auto"
    host: str | None = None
    port: int | None = None
    examples: Path = examples_folder()
    max_bytes: int = Limits().max_bytes
    gpu_seconds: int = 50
    gpu_seconds_each: int = 2
    bounds: Bounds = Bounds()
    urls: bool = False
    keep_s: int = 3600

    def __post_init__(self) -> None:
        if self.beside_model and self.beside_model == self.model:
            raise VQAThinkerError(f"the model to compare {self.model} with must be another one")

    @property
    def address(self) -> str:
        """What gradio_client connects to: the Space's id, or this machine."""
        return os.environ.get("SPACE_ID") or f"http://127.0.0.1:{self.port or 7860}"

    def gpu_duration(self, rollouts: int) -> int:
        """Seconds of a ZeroGPU device that a rating may take; a shorter claim waits less."""
        return self.gpu_seconds + self.gpu_seconds_each * rollouts

    @staticmethod
    def from_environment() -> Settings:
        """Each setting from VQATHINKER_ and its name; the README's page of operations lists them. Raises
        VQAThinkerError for a value that is no number in its range."""
        usual = Settings()
        bounds = {
            "whole": number_from_environment("MOST_WAITING", usual.bounds.whole, 1, 1000),
            "address": number_from_environment("MOST_WAITING_ADDRESS", usual.bounds.address, 1, 1000),
            "session": number_from_environment("MOST_WAITING_SESSION", usual.bounds.session, 1, 1000),
            "abreast": number_from_environment("DECODERS", usual.bounds.abreast, 1, 64),
        }
        return Settings(
            model=variable("MODEL") or usual.model,
            beside_model=variable("BESIDE_MODEL"),
            precision=variable("PRECISION") or usual.precision,
            max_bytes=number_from_environment("MOST_MB", usual.max_bytes // 2**20, 1, usual.max_bytes // 2**20) * 2**20,
            bounds=Bounds(**bounds),
            urls=bool(number_from_environment("URLS", 0, 0, 1)),
            keep_s=60 * number_from_environment("KEEP_MINUTES", usual.keep_s // 60, 1, 24 * 60),
        )


def variable(name: str) -> str:
    return os.environ.get(f"VQATHINKER_{name}", "").strip()


def number_from_environment(name: str, usual: int, low: int, high: int) -> int:
    """A whole number from the environment, `usual` where there is none. Raises VQAThinkerError."""
    text = variable(name) or str(usual)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise VQAThinkerError(f"VQATHINKER_{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)
