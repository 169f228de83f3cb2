"""Hostile files through the command line and through a running page. Not a test: it prints what it has seen.

    python -m tests.benchmarks.hostile [--files 1000] [--seed 0] [--visitors 4] [--only cli|page]

The files are good and bad clips of the tests that are cut, overwritten, spliced, padded, renamed or given another head.
Watched: crashes, answers that take longer than 30 s, answers without a sentence of their own, and what is left behind
(decoding processes, uploads in writing, files in the folder for temporary ones).
"""

from __future__ import annotations

import argparse
import collections
import csv
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import clips
from tests.benchmarks import page_client
from tests.browser.app import REPOSITORY, running_app

HANGS_S = 30
VAGUE = ("traceback", "internal server error")
SHORTEST = 4
"""Words of a sentence."""
HEADS = (b"\0\0\0\x18ftypmp42", b"\x1a\x45\xdf\xa3", b"RIFF\xff\xff\xff\xffAVI ", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"G")
NAMES = ("a.mp4", "b.webm", "c.png", "d.jpg", "e.gif", "f", "g .mp4", "h\u202e.mp4", "i.mp4.mkv", "-j.mp4", "k'\".avi")


@dataclass(frozen=True)
class Answer:
    """What was said of a file, and how long that took."""

    file: str
    said: str
    seconds: float
    rated: bool


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def overwritten(data: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.choice((1, 8, 64, 512))):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def block(data: bytes, chance: random.Random) -> bytes:
    start, length = chance.randrange(len(data) + 1), chance.choice((16, 200, 4000))
    return data[:start] + chance.randbytes(length) + data[start + length :]


def spliced(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[end:] + data[start:end] + data[:start]


def doubled(data: bytes, chance: random.Random) -> bytes:
    return data + data[chance.randrange(len(data) + 1) :]


def headed(data: bytes, chance: random.Random) -> bytes:
    return chance.choice(HEADS) + data[chance.choice((0, 4, 12)) :]


HARMS: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut, overwritten, block, spliced, doubled, headed)


def make_files(folder: Path, count: int, chance: random.Random) -> list[Path]:
    """So many files, each in a folder of its own: their names repeat."""
    workshop, sources = folder / "workshop", []
    for name, (make, _) in (clips.GOOD | clips.BAD).items():
        (workshop / name).mkdir(parents=True)
        sources.append(make(workshop / name / name).read_bytes())
    files = []
    for number in range(count):
        data = chance.choice(sources)
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = chance.choice(HARMS)(data, chance)
        path = folder / "files" / f"{number:05}" / chance.choice(NAMES)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        files.append(path)
    return files


def through_the_command_line(files: list[Path], folder: Path) -> list[Answer]:
    """One table for all; the time of a row is that since the one before."""
    table, listed = folder / "ratings.csv", [str(path) for path in files]
    words = [sys.executable, "-m", "vqathinker", "batch", *listed, "--out", str(table), "--jobs", "1", "--batch", "1"]
    process = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    moments = [time.monotonic() for line in process.stderr if line.startswith("[")]
    if process.wait() not in (0, 1):
        print(f"the command line ended with {process.returncode}")
    with open(table, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    spans = [0.0, *(later - earlier for earlier, later in zip(moments, moments[1:], strict=False))]
    return [
        Answer(row["file"], row["error"], seconds, not row["error"]) for row, seconds in zip(rows, spans, strict=False)
    ]


def ask(address: str, path: Path) -> Answer:
    """Upload a file, ask for its rating, and wait for what is said."""
    began = time.monotonic()
    try:
        said = page_client.answer(address, page_client.ask(address, page_client.upload(address, path)))
    except ValueError as error:
        said = {"error": str(error)}
    rated = "score" in said
    return Answer(str(path), "" if rated else str(said.get("error")), time.monotonic() - began, rated)


def through_the_page(files: list[Path], folder: Path, visitors: int) -> list[Answer]:
    with running_app(folder / "run") as address, ThreadPoolExecutor(visitors) as pool:
        page_client.wait_until(lambda: page_client.ready(address))
        answers = list(pool.map(lambda path: ask(address, path), files))
        server = page_client.server_process()
        print(f"processes left beside the page: {len(server.children(recursive=True))}")
    left = [path for path in (folder / "run" / "uploads").rglob("*") if path.is_file()]
    print(f"files left after the page: {len(left)}")
    log = (folder / "run" / "app.log").read_text()
    print(f"tracebacks in the log of the page: {log.count('Traceback')}")
    return answers


def report(name: str, answers: list[Answer], count: int) -> None:
    slow = [answer for answer in answers if answer.seconds > HANGS_S]
    told = [answer for answer in answers if not answer.rated]
    vague = [a for a in told if len(a.said.split()) < SHORTEST or any(word in a.said.lower() for word in VAGUE)]
    crashed = [answer for answer in answers if "crashed" in answer.said]
    print(f"{name}: {count} files, {len(answers)} answers, {sum(a.rated for a in answers)} of them ratings")
    print(f"  no answer {count - len(answers)}, longer than {HANGS_S} s {len(slow)}, without a sentence {len(vague)}")
    longest = max(answer.seconds for answer in answers)
    print(f"  crashes of a decoder in its own process {len(crashed)}, longest answer {longest:.1f} s")
    for answer in (slow + vague)[:10]:
        print(f"  {answer.file} ({answer.seconds:.1f} s): {answer.said[:160]}")
    kinds = collections.Counter(answer.said.split(" ", 1)[-1][:40] for answer in told)
    for said, times in kinds.most_common(8):
        print(f"  {times:5} x … {said}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Send hostile files to the command line and to a page.")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--visitors", type=int, default=4, help="at a time")
    parser.add_argument("--only", choices=["cli", "page"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = make_files(folder, args.files, random.Random(args.seed))
        if args.only != "page":
            report("command line", through_the_command_line(files, folder), len(files))
        if args.only != "cli":
            report("page", through_the_page(files, folder, args.visitors), len(files))


if __name__ == "__main__":
    main()
