"""Memory of the server after ten ratings and after a hundred. Not a test: it prints, it never fails.

    python -m tests.benchmarks.server_memory [--ratings 100] [--first 10]

One client rates small clips of four sizes, one after the other. Memory is that of the server with its decoding
processes (PSS), once those that wait for another file have ended.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from gradio_client import Client, handle_file

from tests import clips
from tests.benchmarks.page_client import memory_mb, ready, server_process, wait_until
from tests.browser.app import running_app
from vqathinker.rating.rater import KEEP_S

SIZES = ((320, 180), (480, 270), (640, 360), (270, 480))


def settled_mb() -> float:
    time.sleep(KEEP_S + 1)
    return memory_mb(server_process())


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of the server after few and after many ratings.")
    parser.add_argument("--ratings", type=int, default=100)
    parser.add_argument("--first", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address:
        files = [
            clips.encode(Path(folder) / f"{width}.mp4", clips.numbered_frames(24, width, height))
            for width, height in SIZES
        ]
        wait_until(lambda: ready(address))
        client, found = Client(address, verbose=False), {}
        for number in range(1, args.ratings + 1):
            client.predict(handle_file(files[number % len(files)]), api_name="/rate")
            if number in (args.first, args.ratings):
                found[number] = settled_mb()
    for number, megabytes in found.items():
        print(f"after {number:4} ratings: {megabytes:7.1f} MB")
    print(f"the last by the first: {found[args.ratings] / found[args.first]:.3f} x")


if __name__ == "__main__":
    main()
