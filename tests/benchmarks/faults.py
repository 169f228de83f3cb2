"""What goes wrong around a running page, one thing after another, and what it leaves behind. Not a test: it prints it.

    python -m tests.benchmarks.faults [--storm 40] [--settle 5] [--only running|ends|disk]

Visitors who leave at every stage, decoders that are killed and stopped, a storm of ratings and the memory some minutes
later, ends with ratings in the line (SIGTERM and SIGKILL), and, as root, a disk that is full (a small tmpfs).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.benchmarks.page_client import (
    answer,
    ask,
    health,
    idle,
    memory_mb,
    ready,
    server_process,
    upload,
    wait_until,
)
from tests.browser.app import REPOSITORY, running_app

CLIP = REPOSITORY / "examples" / "squirrel.mp4"
DISK_MB, FORM = 96, "multipart/form-data; boundary=x"


def leave(address: str) -> None:
    """Visitors who go while they upload, wait, have their clip decoded, and have answers written."""
    server, file = server_process(), upload(address, CLIP)
    for stage in ("decoding", "rating"):
        event = ask(address, file, 32)
        with httpx.stream("GET", f"{address}/gradio_api/call/rate/{event}", timeout=60):
            wait_until(lambda stage=stage: health(address)[stage], 60)
        took = wait_until(lambda: idle(address), 60)
        print(f"left while {stage}: idle after {took:.1f} s, {len(server.children(recursive=True))} processes left")
    first = ask(address, file, 32)
    waiting = ask(address, file, 32)
    with httpx.stream("GET", f"{address}/gradio_api/call/rate/{waiting}", timeout=60):
        wait_until(lambda: health(address)["waiting"] + health(address)["decoding"], 60)
    print(f"left while waiting: the one before has {'score' in answer(address, first) and 'its rating'}")
    wait_until(lambda: idle(address), 60)

    def half() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n' + b"0" * 2**20
        raise ConnectionError("gone")

    try:
        httpx.post(f"{address}/gradio_api/upload", content=half(), headers={"Content-Type": FORM})
    except ConnectionError:
        pass
    print("left while uploading: see the files left at the end")


def decoders(address: str) -> None:
    """One is killed, one is stopped while another visitor asks."""
    server, file = server_process(), upload(address, CLIP)
    for name, number in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP)):
        event, began = ask(address, file), time.monotonic()
        wait_until(server.children, 60)
        for worker in server.children():
            worker.send_signal(number)
        other = answer(address, ask(address, file, visitor="192.0.2.7"))
        took = time.monotonic() - began
        said = answer(address, event)
        told = said.get("error") or f"a rating, {said['score']}"
        print(f"decoder {name}: another visitor has {'a rating' if 'score' in other else other} after {took:.1f} s;")
        print(f"  its own visitor, after {time.monotonic() - began:.1f} s: {told}")


def storm(address: str, count: int, settle_s: float) -> None:
    """Many ratings with many answers at once, then rest; memory before, at most, and after."""
    server, file = server_process(), upload(address, CLIP)
    for _ in range(3):
        answer(address, ask(address, file, 32))
    warm, most = memory_mb(server), 0.0
    with ThreadPoolExecutor(count) as pool:
        events = [ask(address, file, 32, f"192.0.2.{number % 4}") for number in range(count)]
        answers = [pool.submit(answer, address, event) for event in events]
        while not all(one.done() for one in answers):
            most = max(most, memory_mb(server))
            time.sleep(1)
    said = [one.result() for one in answers]
    rated = sum("score" in one for one in said)
    later = sum("again in about" in (one.get("error") or "") for one in said)
    print(f"storm of {count}: {rated} rated, {later} asked to come again, {count - rated - later} failed")
    time.sleep(settle_s)
    after = memory_mb(server)
    print(f"  memory: warm {warm:.0f} MB, at most {most:.0f} MB,")
    print(f"  {settle_s / 60:.1f} min later {after:.0f} MB ({after / warm:.2f} x)")


def ends(folder: Path) -> None:
    """A page that is ended, and one that is killed, with ratings in the line; then a new start in the same folder."""
    for name, number in (("SIGTERM", signal.SIGTERM), ("SIGKILL", signal.SIGKILL)):
        run = folder / name
        try:
            with running_app(run, end=number) as address:
                wait_until(lambda address=address: ready(address))
                server, file = server_process(), upload(address, CLIP)
                for _ in range(6):
                    ask(address, file, 32)
                wait_until(lambda address=address: health(address)["rating"], 60)
                workers, began = server.children(recursive=True), time.monotonic()
        except AssertionError:
            pass  # a killed page does not end with 0
        took = time.monotonic() - began
        wait_until(lambda workers=workers: not any(worker.is_running() for worker in workers), 70)
        orphans = time.monotonic() - began
        left = [path for path in (run / "uploads").rglob("*.mp4") if path.is_file()]
        print(f"{name} with 6 ratings in the line: ended after {took:.1f} s, its workers after {orphans:.1f} s,")
        print(f"  {len(left)} uploads left")
    kept = folder / "SIGKILL" / "uploads"
    with running_app(folder / "next", GRADIO_TEMP_DIR=str(kept)):
        print(f"  after the next start: {len(list(kept.rglob('*.mp4')))} uploads left")


def full_disk(folder: Path) -> None:
    """Uploads until the disk is full, then what is said, and whether it goes on when there is room again."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        print("disk full: not measured, that takes root")
        return
    large = folder.with_name("large.mp4")
    large.write_bytes(os.urandom(4 * 2**20))
    try:
        with running_app(folder / "run", VQATHINKER_KEEP_MINUTES="1") as address:
            wait_until(lambda: ready(address))
            told, count = "", 0
            while not told:
                try:
                    upload(address, large, f"{count}.mp4")
                    count += 1
                except ValueError as error:
                    told = str(error)
            print(f"disk full after {count} uploads: {told}")
            print(f"  the page: {httpx.get(address).status_code}, its health: {health(address)['status']}")
            took = wait_until(lambda: fits(address, large), 180)
            print(f"  an upload works again after {took:.0f} s, with files kept for 1 min")
    finally:
        subprocess.run(["umount", folder], check=False)


def fits(address: str, file: Path) -> bool:
    time.sleep(2)
    try:
        return bool(upload(address, file, "again.mp4"))
    except ValueError:
        return False


def running(folder: Path, storm_ratings: int, settle_s: float) -> None:
    """What a page that runs has to bear."""
    with running_app(folder / "run") as address:
        wait_until(lambda: ready(address))
        leave(address)
        decoders(address)
        storm(address, storm_ratings, settle_s)
    left = [path for path in (folder / "run" / "uploads").rglob("*") if path.is_file()]
    print(f"files left after the end: {len(left)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make things go wrong around a running page.")
    parser.add_argument("--storm", type=int, default=40, metavar="RATINGS")
    parser.add_argument("--settle", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--only", choices=["running", "ends", "disk"], help="one part")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if args.only in (None, "running"):
            running(folder, args.storm, 60 * args.settle)
        if args.only in (None, "ends"):
            ends(folder)
        if args.only in (None, "disk"):
            (folder / "disk").mkdir()
            full_disk(folder / "disk")


if __name__ == "__main__":
    main()
