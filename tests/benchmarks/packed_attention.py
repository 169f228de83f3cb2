"""Attention of one decoder layer of the 8b size while answers are written side by side: transformers' way, which copies
the caches for every query head, and ours. Prints; never fails.

    python -m tests.benchmarks.packed_attention [--threads 2]
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from tests.model.released_size import config_8b
from vqathinker.model.write_groups import packed_attention, side_by_side

VIDEOS, GROUP, PREFIX, WRITTEN, RUNS = 16, 4, 1736, 200, 7


def main() -> None:
    parser = argparse.ArgumentParser(description="Attention behind shared prompts, with and without copies of caches.")
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    text, rng = config_8b().text_config, torch.Generator().manual_seed(0)
    width = text.hidden_size // text.num_attention_heads
    layer = torch.nn.Module()
    layer.num_key_value_groups, layer.is_causal = text.num_attention_heads // text.num_key_value_heads, True
    query = torch.randn(VIDEOS, text.num_attention_heads, GROUP, width, generator=rng)
    shape = (VIDEOS, text.num_key_value_heads, PREFIX + GROUP * WRITTEN, width)
    keys, values = (torch.randn(shape, generator=rng) for _ in range(2))
    mask = side_by_side(PREFIX, GROUP, WRITTEN, query)
    seconds: dict[str, list[float]] = {"copied": [], "packed": []}
    with torch.inference_mode():
        for _ in range(1 + RUNS):
            seen = []
            for name, attend in (("copied", sdpa_attention_forward), ("packed", packed_attention)):
                began = time.perf_counter()
                seen.append(attend(layer, query, keys, values, mask, scaling=width**-0.5)[0])
                seconds[name].append(time.perf_counter() - began)
    copied, packed = (statistics.median(times[1:]) for times in seconds.values())
    ratio = statistics.median(a / b for a, b in list(zip(*seconds.values(), strict=True))[1:])
    print(f"{VIDEOS} videos, {GROUP} answers each, {shape[2]} keys, float32, {torch.get_num_threads()} threads")
    print(f"caches copied {1000 * copied:.0f} ms, packed {1000 * packed:.0f} ms, {ratio:.1f} x faster")
    print(f"largest difference {float((seen[0] - seen[1]).abs().max()):.1e}")


if __name__ == "__main__":
    main()
