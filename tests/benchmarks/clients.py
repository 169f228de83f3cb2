"""Several programs ask the page for ratings at once. Not a test: it prints what failed, how long it took, and memory.

    python -m tests.benchmarks.clients [--clients 8] [--minutes 5] [--warm-up 1]

Every client asks for the next clip as soon as it has its answer. Watched: whether each answer is the one for the file
that was sent (and the same every time), the order in which requests that wait are answered, and the memory of the
server with its decoding processes (PSS, so that shared pages count once), from the end of the warm-up on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from gradio_client import Client, handle_file

from tests.browser.app import REPOSITORY, running_app

CLIPS = sorted((REPOSITORY / "examples").glob("*.mp4"))
EVERY_S = 2.0


@dataclass
class Log:
    """What the clients have seen; times are seconds since the start."""

    answers: list[tuple[float, float, str, float]] = field(default_factory=list)
    """(asked, answered, file, score)"""
    failures: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """(time, MB)"""


def ask(address: str, number: int, log: Log, start: float, end: float) -> None:
    """One client: rate clip after clip until `end`."""
    client = Client(address, verbose=False)
    turn = number
    while time.monotonic() < end:
        clip, asked = CLIPS[turn % len(CLIPS)], time.monotonic()
        turn += 1
        try:
            rating = client.predict(handle_file(clip), api_name="/rate")
        except Exception as error:
            log.failures.append(f"client {number}, {clip.name}: {error}")
            continue
        if rating["file"] != clip.name:
            log.failures.append(f"client {number} asked about {clip.name} and got {rating['file']}")
        log.answers.append((asked - start, time.monotonic() - start, clip.name, rating["score"]))


def watch_memory(log: Log, start: float, end: float) -> None:
    """Every two seconds the memory of the server, which is this process's youngest child that runs app.py."""
    [server] = [child for child in psutil.Process(os.getpid()).children() if "app.py" in child.cmdline()]
    while time.monotonic() < end:
        total = 0
        for process in (server, *server.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        log.memory.append((time.monotonic() - start, total / 2**20))
        time.sleep(EVERY_S)


def overtaken(answers: list[tuple[float, float, str, float]], slack: float = 0.5) -> int:
    """Answers that came before one that had been asked for more than `slack` seconds earlier."""
    by_answer = sorted(answers, key=lambda answer: answer[1])
    return sum(
        any(later[0] + slack < answer[0] for later in by_answer[place + 1 :]) for place, answer in enumerate(by_answer)
    )


def report(log: Log, clients: int, warm_up_s: float) -> None:
    waits = [answered - asked for asked, answered, _, _ in log.answers]
    scores: dict[str, set[float]] = {}
    for _, _, file, score in log.answers:
        scores.setdefault(file, set()).add(score)
    print(f"{clients} clients: {len(log.answers)} answers, {len(log.failures)} failures")
    for failure in log.failures[:10]:
        print("  " + failure)
    print(f"answers that overtook an earlier request: {overtaken(log.answers)}")
    print(f"files with more than one score: {sum(len(found) > 1 for found in scores.values())}")
    if waits:
        print(f"wait: median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
    settled = [mb for moment, mb in log.memory if moment >= warm_up_s]
    if len(settled) > 3:
        third = max(1, len(settled) // 3)
        early, late = statistics.median(settled[:third]), statistics.median(settled[-third:])
        print(f"memory after warm-up: {early:.0f} MB, at the end {late:.0f} MB ({late / early - 1:+.1%})")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ask the page for ratings with several clients at once.")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--warm-up", type=float, default=1.0, metavar="MINUTES", help="not counted for memory")
    args = parser.parse_args()
    log = Log()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address:
        start = time.monotonic()
        end = start + 60 * args.minutes
        threads = [threading.Thread(target=ask, args=(address, n, log, start, end)) for n in range(args.clients)]
        threads.append(threading.Thread(target=watch_memory, args=(log, start, end)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report(log, args.clients, 60 * args.warm_up)


if __name__ == "__main__":
    main()
