"""Get the data: every part of DATA_DIR, from public repositories, packages and, for one part, a download of yours.

    python -m training.data.fetch DATA_DIR --from clive=FOLDER           all parts
    python -m training.data.fetch DATA_DIR --part biq2021                one part, from where it is public
    python -m training.data.fetch DATA_DIR --part biq2021 --from SOURCE  one part, from a git URL or a git folder

--from NAME=SOURCE says where you have something: NAME is a part or, of those that clips and photos are cut from, a
repository ("facebookresearch/sam2") or a package ("mate-backgrounds"); SOURCE is a git URL, a git folder (a bare or a
partial copy, too) or the file of a package. LIVE In the Wild (clive) is given out behind a form: SOURCE is the folder
or the archive that you got.

Resumable: a file that is there is not fetched again; a table appears when its files are there. What was cloned or
downloaded stays in DATA_DIR/.sources, which you may delete afterwards.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.common.cli import ends_in_a_sentence, sentence
from training.data.fetch import biq, clean, rated
from training.data.fetch.git_files import open_git
from training.data.fetch.origins import Origins
from training.data.ffmpeg import FFmpegError

CACHE_FOLDER = ".sources"
FETCHED_PARTS = ("biq2021", "avt_uhd", "clips", "photos", "clive")


def fetch_part(part: str, data_dir: Path, given: dict[str, str]) -> Path:
    """Write one part into its folder; returns its table. Raises ValueError where nothing of it is to be had."""
    origins, folder = Origins(data_dir / CACHE_FOLDER, given), data_dir / part
    if part == "biq2021":
        return biq.write_biq(open_git(given.get(part, biq.URL), data_dir / CACHE_FOLDER), folder)
    if part == "avt_uhd":
        return rated.write_avt(origins, folder)
    if part == "clive":
        return rated.write_clive(given.get(part), folder)
    return clean.write_clips(origins, folder) if part == "clips" else clean.write_photos(origins, folder)


def _given(sources: Sequence[str], part: str | None) -> dict[str, str]:
    """NAME=SOURCE as a mapping; a SOURCE alone is that of the only part."""
    known = set(FETCHED_PARTS)
    given = {}
    for source in sources:
        name, found, rest = source.partition("=")
        if not found or (name not in known and ("://" in name or Path(source).exists())):
            name, rest = part or "", source
        if not name or not rest:
            raise ValueError(f"--from {source}: write NAME=SOURCE, or name one --part")
        given[name] = rest
    if "avt_uhd" in given:
        given[rated.AVT_ORIGIN.removeprefix("git ")] = given["avt_uhd"]
    return given


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.data.fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=Path, help="where the parts go, each into a folder of its name")
    parser.add_argument("--part", choices=FETCHED_PARTS, help="this part only")
    text = "where you have a part, a repository or a package: a git URL, a folder, an archive; may be repeated"
    parser.add_argument("--from", dest="sources", action="append", default=[], metavar="[NAME=]SOURCE", help=text)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("data.fetch"):
        given, failed = _given(args.sources, args.part), []
        for part in [args.part] if args.part else FETCHED_PARTS:
            try:
                print(fetch_part(part, args.data_dir, given), flush=True)
            except (ValueError, OSError, FFmpegError) as error:
                failed.append(f"{part}: {sentence(error)}")
        if failed:
            raise ValueError("; ".join(failed))
