"""Real bitstream damage: encode, hurt the bytes, let the decoder conceal what it can, measure what is left."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from training.data import ffmpeg
from training.data.build.degrade import Op

VISIBLE_DIFFERENCE = 20
MIN_SHARE = 0.004
TRIALS = 5
CLOSE = 0.3
PROTECTED_BYTES = 1200
DAMAGED_SLICES = 12
KEPT_FRAMES = 0.8
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "30", "-f", "h264", "-x264-params")
STREAMS = {
    "bits": (("-c:v", "mpeg4", "-q:v", "4", "-g", "30", "-f", "m4v"), (*X264, "slices=4:bframes=0")),
    "loss": ((*X264, f"slices={DAMAGED_SLICES}:bframes=0"),),
}


def damaged_share(damaged: np.ndarray, clean: np.ndarray) -> float:
    """Share of pixels over all frames whose luma differs by more than 20; inputs (N, H, W) and (M, H, W) uint8."""
    if len(damaged) < len(clean):
        damaged = np.concatenate([damaged, np.repeat(damaged[-1:], len(clean) - len(damaged), axis=0)])
    difference = np.abs(damaged[: len(clean)].astype(np.int16) - clean.astype(np.int16))
    return float(np.mean(difference > VISIBLE_DIFFERENCE))


def change_bytes(data: bytes, hits: int, rng: np.random.Generator) -> bytes:
    """`hits` bytes behind the protected start replaced at random; more hits with an equal rng hurt a superset."""
    hurt = np.frombuffer(data, np.uint8).copy()
    keys = rng.random(2 * 4096).reshape(4096, 2)[: min(hits, 4096)]
    places = PROTECTED_BYTES + (keys[:, 0] * (len(hurt) - PROTECTED_BYTES)).astype(int)
    hurt[places] = (keys[:, 1] * 256).astype(np.uint8)
    return hurt.tobytes()


def drop_slices(data: bytes, hits: int, rng: np.random.Generator) -> bytes:
    """`hits` slices of an H.264 stream left out, nested as above; each picture's first and the first picture stay."""
    starts = [match.start() for match in re.finditer(b"\x00\x00\x01", data)]
    units = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    slices = [i for i, unit in enumerate(units) if unit[3] & 31 in (1, 5)][DAMAGED_SLICES:]
    lost = set(rng.permutation([i for place, i in enumerate(slices) if place % DAMAGED_SLICES])[:hits].tolist())
    return data[: starts[0]] + b"".join(unit for i, unit in enumerate(units) if i not in lost)


def corrupt(source: Path, target: Path, op: Op, rng: np.random.Generator, folder: Path) -> float:
    """Write a damaged copy whose damaged share is near `op.strength`; returns the measured share.

    "bits" changes bytes, "loss" drops slices.  Raises FFmpegError if no visible, decodable damage comes out.
    """
    info, clean = ffmpeg.facts(source), ffmpeg.grey_frames(source)
    options = STREAMS[op.variant]
    codec, key = options[int(rng.integers(len(options)))], int(rng.integers(2**31))
    suffix = codec[codec.index("-f") + 1]
    stream, hurt = folder / f"{target.stem}-stream.{suffix}", folder / f"{target.stem}-hurt.{suffix}"
    ffmpeg.encode_file(source, stream, "", codec)
    data, hits, best = stream.read_bytes(), 40.0 * op.strength, None
    before = ("-err_detect", "ignore_err", "-flags", "+output_corrupt", "-r", str(info.fps))
    damage = change_bytes if op.variant == "bits" else drop_slices
    for _ in range(TRIALS):
        hurt.write_bytes(damage(data, max(1, round(hits)), np.random.default_rng(key)))
        share = _share(hurt, before, clean, folder)
        distance = abs(np.log(max(share, 1e-4) / op.strength))
        if MIN_SHARE <= share < 1 and (best is None or distance < best[0]):
            best = (distance, share, max(1, round(hits)))
        if distance < CLOSE:
            break
        hits *= float(np.clip(op.strength / max(share, 1e-3), 0.2, 5.0)) ** 0.8
    if best is None:
        raise ffmpeg.FFmpegError(f"no visible, decodable damage for {target.name}")
    hurt.write_bytes(damage(data, best[2], np.random.default_rng(key)))
    ffmpeg.encode_file(
        hurt, target, "", (*ffmpeg.INVISIBLE_X264, "-frames:v", str(info.num_frames)), before, like=source
    )
    stream.unlink()
    hurt.unlink()
    return round(best[1], 4)


def _share(hurt: Path, before: tuple[str, ...], clean: np.ndarray, folder: Path) -> float:
    """Damaged share of the decoded stream; 1 where it lost more than a fifth of its frames."""
    raw = folder / "grey.raw"
    height, width = clean.shape[1:]
    try:
        ffmpeg.run_ffmpeg(
            [
                "-threads",
                "1",
                *before,
                "-i",
                str(hurt),
                "-vf",
                f"scale={width}:{height}:flags=bicubic,format=gray",
                "-f",
                "rawvideo",
                str(raw),
            ]
        )
    except ffmpeg.FFmpegError:
        return 1.0
    frames = np.fromfile(raw, np.uint8)
    frames = frames[: len(frames) // (height * width) * height * width].reshape(-1, height, width)
    return damaged_share(frames, clean) if len(frames) > KEPT_FRAMES * len(clean) else 1.0
