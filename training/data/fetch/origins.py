"""Where files come from: "git OWNER/NAME", "wheel NAME==VERSION", "sdist NAME==VERSION" or "debian NAME" of the tables,
or what the user has instead of one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training.data.fetch.git_files import open_git
from training.data.fetch.packages import download_package, read_archive

GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Origins:
    """`cache` keeps what was cloned and downloaded; `given` has the user's own place for some names: the URL or folder
    of a repository, the file of a package."""

    cache: Path
    given: dict[str, str] = field(default_factory=dict)

    def files(self, origin: str, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(path, content) of those of the paths that the origin has. Raises ValueError where it cannot be had."""
        kind, name = origin.split(" ", 1)
        given = self.given.get(name) or self.given.get(name.split("==")[0])
        if kind == "git":
            yield from open_git(given or GITHUB + name, self.cache).read(paths)
        else:
            yield from read_archive(Path(given) if given else download_package(kind, name, self.cache), paths)

    def rows(self, rows: Iterable[dict[str, str]]) -> Iterator[tuple[list[dict[str, str]], bytes]]:
        """(rows, content): the rows of a table that share one file of one origin, and that file.

        An origin that cannot be had is told on a line of its own, and the others go on.
        """
        wanted = defaultdict(lambda: defaultdict(list))
        for row in rows:
            wanted[row["origin"]][row["path"]].append(row)
        for origin, paths in wanted.items():
            try:
                for path, content in self.files(origin, paths):
                    yield paths[path], content
            except ValueError as error:
                print(f"{origin}: {' '.join(str(error).split())}", flush=True)
