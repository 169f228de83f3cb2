"""A rating's JSON to draw, with what a test needs of it changed."""

from __future__ import annotations

from vqathinker.rating import Defect, Rating, Rollout, Timings


def report(score: float = 3.42, rollouts: list[float | None] | None = None, **changes) -> dict:
    """`Rating.to_dict` of a made-up rating; a rollout of None is an unreadable answer."""
    texts = ["no idea" if s is None else f"<think>Sharp.</think><answer>{s:.2f}</answer>" for s in rollouts or []]
    values = {
        "file": "a.mp4", "score": score, "expected": 3.3, "text": "", "reasoning": "Sharp.",
        "defects": (Defect("low_frame_rate", "severe"), Defect("blur", "slight")), "frames": (),
        "rollouts": tuple(Rollout(text) for text in texts), "model": "tiny", "precision": "fp32",
        "timings": Timings(decode_s=0.5, encode_s=0.2, first_token_s=0.3, total_s=1.5),
    }  # fmt: skip
    return Rating(**{**values, **changes}).to_dict()
