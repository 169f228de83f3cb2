"""What sampled answers cost in `rate(rollouts=K)`. Not a test: it prints, it never fails.

    python -m tests.benchmarks.rollout_speed CLIP --rollouts 8 --runs 3

Ways to write the same K texts about one clip with the bundled model, in CPU seconds of this process, the least of some
runs: the released way (every answer with a prompt of its own, its video looked at anew), rows beside one another that
each copy the prompt's cache, and rows packed into one, which is what `rate` does. The second and third find the prompt
there, as `rate` does after its own answer; the last looks at the video itself, too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from tests import raters
from vqathinker.model.generation import prefill, rollout_seeds, write
from vqathinker.model.write_groups import write_groups
from vqathinker.video import load_clip


def timed(action: Callable[[], list], runs: int) -> tuple[float, list]:
    """Least CPU seconds of `runs`, and what came of the last."""
    spent = []
    for _ in range(runs):
        began = time.process_time()
        made = action()
        spent.append(time.process_time() - began)
    return min(spent), made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--rollouts", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    loaded = raters.tiny().loaded
    inputs, seeds = loaded.processor(load_clip(args.clip, loaded.video_spec)), rollout_seeds(0, args.rollouts)
    prompt = prefill(loaded.model, inputs)
    limits = {"max_new_tokens": loaded.processor.max_new_tokens, "eos_token_id": loaded.eos_token_id}

    def released() -> list:
        return [write(loaded.model, prefill(loaded.model, inputs), seeds=[seed], **limits)[0] for seed in seeds]

    ways = {
        "released: each by itself": released,
        "beside one another": lambda: write(loaded.model, prompt, seeds=seeds, **limits),
        "packed into one row": lambda: write_groups(loaded.model, prompt, seeds, **limits)[0],
        "… and the video": lambda: write_groups(loaded.model, prefill(loaded.model, inputs), seeds, **limits)[0],
    }
    texts, first = None, None
    for name, way in ways.items():
        seconds, written = timed(way, args.runs)
        first, texts = first or seconds, texts or written
        print(f"{name:28}{seconds:7.2f} s {first / seconds:6.1f} x  same texts: {written == texts}")


if __name__ == "__main__":
    main()
