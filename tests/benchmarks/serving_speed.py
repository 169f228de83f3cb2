"""Many videos a second: this package's way against the released one, in every precision. Prints; never fails.

    python -m tests.benchmarks.serving_speed                                     # small, on a CPU
    python -m tests.benchmarks.serving_speed --size 8b --precisions bf16,int8,nf4   # random weights, on a GPU
    python -m tests.benchmarks.serving_speed --write vqathinker/model/8b.md   # the tables, into that document
    python -m tests.benchmarks.serving_speed --precisions fp32 --batches 8 --answers 40 1024   # of very unequal length
    python -m tests.benchmarks.serving_speed --agreement     # only how far the precisions are from the first one

Every line is printed, and written, as soon as it is measured; where memory runs out the line says so.
The released way decodes a batch, then calls `generate` with the vision tower inside it, and waits for its longest
answer; nothing overlaps. Answers have random lengths, the same in both ways, because a random model does not end them
itself. Both run in turn, `--runs` times; the median of the ratios counts. The first three numbers leave decoding out.
Peaks are those of the model's memory on a GPU, and of the whole process on a CPU.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.serving_agreement import STEPS, Trace, agreement_table, trace
from tests.benchmarks.serving_models import SIZES, load_random
from tests.benchmarks.serving_ways import Get, Task, from_files, from_memory, ours, released, same, timed
from tests.clips import encode, numbered_frames
from training.common.markdown import replace_between
from vqathinker.errors import ModelError
from vqathinker.markdown import markdown_table
from vqathinker.model.loading import LoadedModel
from vqathinker.model.memory import PRECISIONS, clear_memory_error, release_memory

COLUMNS = [
    "precision", "batch", "released", "ours", "ratio", "released, from files", "ours, from files", "ratio, from files",
    "peak released", "peak ours", "equal answers",
]  # fmt: skip
CLIPS = 4


@dataclass(frozen=True)
class Measured:
    """Of one run: seconds and peaks in bytes of both ways, and the share of equal answers."""

    seconds: dict[str, tuple[float, float]]
    peaks: tuple[int, int]
    equal: float


def make_clips(folder: Path, side: tuple[int, int]) -> list[Path]:
    """Short H.264 clips, each of another content."""
    frames = (numbered_frames(48, *side, seed=number) for number in range(CLIPS))
    return [encode(folder / f"{number}.mp4", clip, fps=24) for number, clip in enumerate(frames)]


def start_peak(device: torch.device) -> None:
    release_memory()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif os.access("/proc/self/clear_refs", os.W_OK):
        Path("/proc/self/clear_refs").write_text("5")


def read_peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def one_run(loaded: LoadedModel, tasks: dict[str, Task], batch: int, cpu: bool) -> Measured:
    """Both ways, from memory and from files, once each and in turn."""
    device, seconds, peaks, answers = loaded.model.device, {}, [], {}
    clock = time.process_time if cpu else time.perf_counter
    for source, task in tasks.items():
        spent = []
        for way in (released, ours):
            start_peak(device)
            elapsed, answers[way] = timed(way, loaded, task, batch, clock=clock)
            spent.append(elapsed)
            peaks.append(read_peak(device))
        seconds[source] = tuple(spent)
    equal = same(answers[released], answers[ours], loaded.eos_token_id)
    return Measured(seconds, (max(peaks[::2]), max(peaks[1::2])), equal)


def line_of(precision: str, batch: int, videos: int, runs: list[Measured]) -> list[str]:
    cells = [precision, str(batch)]
    for source in ("memory", "files"):
        spent = [run.seconds[source] for run in runs if source in run.seconds]
        if not spent:
            cells += ["-"] * 3
            continue
        cells += [f"{statistics.median(videos / run[way] for run in spent):.3g}/s" for way in (0, 1)]
        cells += [f"{statistics.median(theirs / mine for theirs, mine in spent):.2f} x"]
    cells += [f"{max(run.peaks[way] for run in runs) / 1e9:.2f} GB" for way in (0, 1)]
    return [*cells, f"{min(run.equal for run in runs):.0%}"]


def measure(loaded: LoadedModel, gets: dict[str, Get], batch: int, args: argparse.Namespace) -> list[str]:
    """The line of one batch size."""
    low, high = args.answers or SIZES[args.size].answers
    videos = args.videos or max(8, 2 * batch)
    lengths = np.random.default_rng(batch).integers(low, high + 1, videos).tolist()
    tasks = {source: Task(get, lengths) for source, get in gets.items() if source == "memory" or not args.cpu}
    for way in (released, ours):
        way(loaded, Task(gets["memory"], [low, low]), batch)
    runs = [one_run(loaded, tasks, batch, args.cpu) for _ in range(args.runs)]
    return line_of(loaded.precision, batch, videos, runs)


def attempt(action: Callable, *arguments):
    """What the action returns, None where memory ran out."""
    try:
        with clear_memory_error():
            return action(*arguments)
    except ModelError:
        return None


def no_memory(precision: str, batch: str) -> list[str]:
    return [precision, batch, "out of memory", *[""] * (len(COLUMNS) - 3)]


def lines_of(
    precision: str, paths: list[Path], args: argparse.Namespace, device: torch.device, traces: dict[str, Trace]
) -> Iterator[list[str]]:
    """One line for each batch size; what the precision computes is added to `traces`."""
    loaded = attempt(load_random, args.size, precision, device)
    if loaded is None:
        yield no_memory(precision, "any")
        return
    if found := attempt(trace, loaded, paths, next(iter(traces.values()), None)):
        traces[precision] = found
    if args.agreement:
        return
    gets = {"memory": from_memory(paths, loaded), "files": from_files(paths, loaded)}
    for batch in args.batches:
        yield attempt(measure, loaded, gets, batch, args) or no_memory(precision, str(batch))


def machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{os.cpu_count()} processors ({platform.machine()}), {torch.get_num_threads()} threads for the model"


def run(args: argparse.Namespace, device: torch.device) -> Iterator[tuple[list[list[str]], dict[str, Trace]]]:
    """All lines and traces so far, after each line and each precision."""
    lines, traces = [], {}
    with tempfile.TemporaryDirectory() as folder:
        paths = make_clips(Path(folder), (1280, 720) if args.size == "8b" else (320, 240))
        for precision in args.precisions:
            for line in lines_of(precision, paths, args, device, traces):
                print(" | ".join(line), flush=True)
                lines.append(line)
                yield lines, traces
            release_memory()
            yield lines, traces


def reports(
    args: argparse.Namespace, device: torch.device, lines: list[list[str]], traces: dict[str, Trace]
) -> dict[str, str]:
    """Markdown by the names of the markers that it belongs between."""
    low, high = args.answers or SIZES[args.size].answers
    about, runs = f"Size {args.size}, random weights, ", f"{args.runs} run{'s' if args.runs > 1 else ''}"
    speed = f"{machine(device)}; answers of {low} to {high} tokens, {runs}; videos a {'CPU ' * args.cpu}second."
    told = {f"serving {args.size}": f"{about}{speed}\n\n{markdown_table(COLUMNS, lines)}"} if lines else {}
    if len(traces) > 1:
        where = "on a CPU" if device.type == "cpu" else machine(device)
        same_tokens = f"{where}; {CLIPS} clips, {STEPS} tokens about each, those of the first precision."
        told[f"agreement {args.size}"] = f"{about}{same_tokens}\n\n{agreement_table(traces)}"
    return told


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve many videos, against the released way.")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--device", help="default: a GPU where there is one")
    parser.add_argument("--precisions", type=lambda text: text.split(","), default=list(PRECISIONS))
    parser.add_argument(
        "--batches", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2, 4, 8, 16, 32]
    )
    text = "tokens of the shortest and the longest answer (default: by the size)"
    parser.add_argument("--answers", type=int, nargs=2, metavar=("LOW", "HIGH"), help=text)
    parser.add_argument("--videos", type=int, help="default: twice the batch, at least 8")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of the model on a CPU")
    text = "count CPU seconds of this process, for a machine that is busy: what overlaps gains nothing, nor do files"
    parser.add_argument("--cpu", action="store_true", help=text)
    parser.add_argument("--agreement", action="store_true", help="measure no speed")
    parser.add_argument("--write", type=Path, help="write the tables between this document's markers")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    told: dict[str, str] = {}
    for lines, traces in run(args, device):
        told = reports(args, device, lines, traces)
        for name, text in told.items() if args.write else ():
            replace_between(args.write, (f"<!-- {name}: begin -->", f"<!-- {name}: end -->"), text)
    print("", *told.values(), sep="\n\n")


if __name__ == "__main__":
    main()
