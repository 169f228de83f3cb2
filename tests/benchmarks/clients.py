"""Several programs ask the page for ratings at once. Not a test: it prints what failed, how long it took, and memory.

    python -m tests.benchmarks.clients [--clients 8] [--minutes 5] [--warm-up 1] [--mixed] [--flood]

Every client asks for the next clip as soon as it has its answer; with --mixed, every third file is one that cannot be
rated, and every tenth is large. With --flood, one more program asks for 16 ratings at a time in the second half, and
the waits of the others in both halves are compared. Watched: whether each answer is the one for the file
that was sent (and the same every time), the order in which requests that wait are answered, and the memory of the
server with its decoding processes (PSS, so that shared pages count once), from the end of the warm-up on.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from gradio_client import Client, handle_file

from tests import clips
from tests.benchmarks.page_client import memory_mb, ready, server_process, wait_until
from tests.browser.app import REPOSITORY, running_app

CLIPS = sorted((REPOSITORY / "examples").glob("*.mp4"))
EVERY_S = 2.0


@dataclass
class Log:
    """What the clients have seen; times are seconds since the start."""

    answers: list[tuple[float, float, str, float]] = field(default_factory=list)
    """(asked, answered, file, score)"""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(file that cannot be rated, what was said)"""
    flood: list[str] = field(default_factory=list)
    """What the flooding program was told: "" for a rating."""
    failures: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """(time, MB)"""


def make_mixed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files that cannot be rated, and large ones that can."""
    bad = []
    for name in ("text.mp4", "cut.mp4", "damaged.mp4", "only_sound.mp4"):
        (folder / name).mkdir()
        bad.append(clips.BAD[name][0](folder / name / name))
    large = clips.encode(folder / "large.mp4", clips.numbered_frames(48, 3840, 2160), "-crf", "10")
    return bad, [large]


def ask(address: str, number: int, log: Log, start: float, end: float, bad: list[Path], large: list[Path]) -> None:
    """One client: rate clip after clip until `end`."""
    client = Client(address, verbose=False)
    turn = number
    while time.monotonic() < end:
        turn += 1
        clip, asked = CLIPS[turn % len(CLIPS)], time.monotonic()
        if large and turn % 10 == 0:
            clip = large[turn % len(large)]
        elif bad and turn % 3 == 0:
            clip = bad[turn % len(bad)]
        try:
            rating = client.predict(handle_file(clip), api_name="/rate")
        except Exception as error:
            if clip in bad:
                log.refused.append((clip.name, str(error)))
            else:
                log.failures.append(f"client {number}, {clip.name}: {error}")
            continue
        if rating["file"] != clip.name:
            log.failures.append(f"client {number} asked about {clip.name} and got {rating['file']}")
        log.answers.append((asked - start, time.monotonic() - start, clip.name, rating["score"]))


def flood(address: str, log: Log, begin: float, end: float) -> None:
    """One program that always has 16 requests under way."""
    time.sleep(max(0.0, begin - time.monotonic()))
    client = Client(address, verbose=False)

    def work() -> None:
        while time.monotonic() < end:
            try:
                client.predict(handle_file(CLIPS[0]), 8, api_name="/rate")
                log.flood.append("")
            except Exception as error:
                log.flood.append(str(error))
                time.sleep(0.2)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def watch_memory(log: Log, start: float, end: float) -> None:
    """Every two seconds the memory of the server."""
    server = server_process()
    while time.monotonic() < end:
        log.memory.append((time.monotonic() - start, memory_mb(server)))
        time.sleep(EVERY_S)


def overtaken(answers: list[tuple[float, float, str, float]], slack: float = 0.5) -> int:
    """Answers that came before one that had been asked for more than `slack` seconds earlier."""
    by_answer = sorted(answers, key=lambda answer: answer[1])
    return sum(
        any(later[0] + slack < answer[0] for later in by_answer[place + 1 :]) for place, answer in enumerate(by_answer)
    )


def report(log: Log, clients: int, warm_up_s: float, half_s: float) -> None:
    waits = [answered - asked for asked, answered, _, _ in log.answers]
    scores: dict[str, set[float]] = {}
    for _, _, file, score in log.answers:
        scores.setdefault(file, set()).add(score)
    print(f"{clients} clients: {len(log.answers)} answers, {len(log.failures)} failures")
    for failure in log.failures[:10]:
        print("  " + failure)
    if log.refused:
        kept = sum(said.startswith(file) for file, said in log.refused)
        print(f"files that cannot be rated: {len(log.refused)}, {kept} of them with a sentence that names the file")
    print(f"answers that overtook an earlier request: {overtaken(log.answers)}")
    print(f"files with more than one score: {sum(len(found) > 1 for found in scores.values())}")
    if waits:
        print(f"wait: median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s")
    if log.flood:
        report_flood(log, warm_up_s, half_s)
    report_memory(log, warm_up_s)


def report_flood(log: Log, warm_up_s: float, half_s: float) -> None:
    """Waits of the others without the flood, and with it."""
    before = [answered - asked for asked, answered, _, _ in log.answers if asked >= warm_up_s and answered < half_s]
    during = [answered - asked for asked, answered, _, _ in log.answers if asked >= half_s]
    rated = log.flood.count("")
    later = sum("try again in about" in said for said in log.flood)
    print(f"flood: {rated} rated, {later} asked to come again, {len(log.flood) - rated - later} failed")
    if before and during:
        quiet, busy = statistics.median(before), statistics.median(during)
        print(f"wait of the others: median {quiet:.2f} s without it, {busy:.2f} s with it ({busy / quiet:.2f} x)")


def report_memory(log: Log, warm_up_s: float) -> None:
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
    parser.add_argument("--mixed", action="store_true", help="good, bad and large files")
    parser.add_argument("--flood", action="store_true", help="one more program that floods, in the second half")
    args = parser.parse_args()
    log = Log()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address:
        bad, large = make_mixed(Path(folder)) if args.mixed else ([], [])
        wait_until(lambda: ready(address))
        start = time.monotonic()
        half, end = start + 30 * args.minutes, start + 60 * args.minutes
        threads = [
            threading.Thread(target=ask, args=(address, n, log, start, end, bad, large)) for n in range(args.clients)
        ]
        threads.append(threading.Thread(target=watch_memory, args=(log, start, end)))
        if args.flood:
            threads.append(threading.Thread(target=flood, args=(address, log, half, end)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report(log, args.clients, 60 * args.warm_up, 30 * args.minutes)


if __name__ == "__main__":
    main()
