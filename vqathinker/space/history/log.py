"""The log that travels with a checkpoint: training.json, as `python -m training.report.training_log` writes it.

Everything is checked when it is read, so that what draws and tells may rely on it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import VQAThinkerError
from ...renamed import COLUMNS, SETTINGS, STAGES, renamed

FILE, FORMAT = "training.json", 1
PICTURE = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2}")
MISSING = "This checkpoint came without a training log (training.json), so there is nothing to replay."
BROKEN = "The training log of this checkpoint (training.json) cannot be read: {}."

REWARDS = {"format": "Format", "regression": "Bell", "ranking": "Ranking"}
"""Titles of the rewards in a log that does not name them, as those of the release before."""

Row = Mapping[str, float | None]


class StoryError(VQAThinkerError):
    """There is no training log, or none that can be read."""


@dataclass(frozen=True)
class Change:
    """A difference with its paired 95% interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def known(self) -> bool:
        return None not in (self.value, self.low, self.high)

    @property
    def rose(self) -> bool:
        """Beyond chance: the interval leaves 0 out."""
        return self.known and self.low > 0

    @property
    def fell(self) -> bool:
        return self.known and self.high < 0


@dataclass(frozen=True)
class Effect:
    """One metric of the recipe: at its start, the mean and deviation over its seeds, and the change."""

    start: float | None
    mean: float | None
    deviation: float | None
    change: Change


@dataclass(frozen=True)
class Ablation:
    """The recipe minus the recipe without one reward, over the seeds that both have (0: none)."""

    seeds: int
    metrics: dict[str, Change]


@dataclass(frozen=True)
class Study:
    """Many checkpoints on the same samples; `ablation` has None for a reward whose removal was not run."""

    samples: int
    seeds: int
    titles: dict[str, str]
    recipe: dict[str, Effect]
    ablation: dict[str, Ablation | None]


@dataclass(frozen=True)
class Save:
    """What was said about a probe video at a step; None for a score that nobody can read."""

    step: int
    text: str
    score: float | None
    scores: tuple[float | None, ...]
    sampled: tuple[tuple[float, str], ...]

    @property
    def readable(self) -> list[float]:
        """The sampled scores that could be read, held to [1, 5] as in a Rollout: a log keeps what was written."""
        return [min(max(score, 1.0), 5.0) for score in self.scores if score is not None]


@dataclass(frozen=True)
class Probe:
    """A validation video with its MOS in [1, 5]; `human`: by people, not by rules.

    `what`: which one it is; `title`: what it is in ordinary words. `picture`: a small JPEG as a data address, "" where
    its licence does not allow it; `credit`: whose it is.
    """

    what: str
    human: bool
    mos: float
    saves: dict[int, Save]
    title: str = ""
    picture: str = ""
    credit: str = ""


@dataclass(frozen=True)
class Stage:
    """A stage of the supervised start: its last step, and validations with their steps."""

    name: str
    steps: int
    validation: tuple[Row, ...]


@dataclass(frozen=True)
class Story:
    """A whole run. `columns`: figures of every step in `steps`; `validation`: rows with their step, 0 is the start.

    `rewards`: title of each reward that was paid, by its column, in their order. `repeat`: the stages are those of a
    supervised start made again, not of the one that GRPO began with.
    """

    settings: dict[str, float]
    stages: tuple[Stage, ...]
    steps: tuple[int, ...]
    columns: dict[str, tuple[float | None, ...]]
    validation: tuple[Row, ...]
    probes: tuple[Probe, ...]
    study: Study | None
    repeat: bool = False
    rewards: Mapping[str, str] = field(default_factory=lambda: REWARDS)

    @property
    def last(self) -> int:
        return max(self.steps[-1], *self.saves)

    @property
    def saves(self) -> tuple[int, ...]:
        """The steps that can be replayed, ascending: those of the probes, else of the validations, else the last."""
        probed = {step for probe in self.probes for step in probe.saves}
        return tuple(sorted(probed or {row["step"] for row in self.validation} or {self.steps[-1]}))

    def checked_at(self, step: int) -> Row:
        """The validation of a step; empty without one."""
        return next((row for row in self.validation if row["step"] == step), {})


def read_story(folder: Path) -> Story:
    """The log in a checkpoint's folder. Raises StoryError, whose message is one sentence for the page."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoryError(MISSING) from None
    except (OSError, ValueError) as error:
        raise StoryError(BROKEN.format(f"it is no JSON file ({type(error).__name__})")) from error
    try:
        return _story(content)
    except KeyError as error:
        raise StoryError(BROKEN.format(f"{error.args[0]} is missing in it")) from error
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise StoryError(BROKEN.format(str(error) or "its parts do not fit together")) from error


def _story(content: dict) -> Story:
    _need(isinstance(content, dict), "it is no JSON object")
    _need(content.get("format") == FORMAT, f"it has format {content.get('format')!r}, this page knows {FORMAT}")
    steps, columns = _columns(content["steps"])
    return Story(
        settings={key: _number(value) for key, value in renamed(content["settings"], SETTINGS).items()},
        stages=tuple(_stage(entry) for entry in content["supervised"]),
        steps=steps,
        columns=columns,
        validation=_rows(content["validation"]),
        probes=tuple(_probe(entry) for entry in content["probes"]),
        study=_study(content["study"]) if content["study"] else None,
        repeat=bool(content.get("repeat")),
        rewards={key: _text(title) for key, title in content.get("rewards", REWARDS).items()},
    )


def _columns(content: dict) -> tuple[tuple[int, ...], dict[str, tuple[float | None, ...]]]:
    steps = tuple(_whole(step) for step in content["step"])
    _need(steps and all(a < b for a, b in zip(steps, steps[1:], strict=False)), "its steps do not ascend")
    content = renamed(content, COLUMNS)
    columns = {key: tuple(map(_maybe, values)) for key, values in content.items() if key != "step"}
    for key, values in columns.items():
        _need(len(values) == len(steps), f"{key} has {len(values)} figures for {len(steps)} steps")
    return steps, columns


def _rows(content: list) -> tuple[Row, ...]:
    rows = tuple({key: _maybe(value) for key, value in row.items()} for row in content)
    steps = [_whole(row["step"]) for row in content]
    _need(steps == sorted(set(steps)), "its validations do not ascend")
    return rows


def _stage(entry: dict) -> Stage:
    name = _text(entry["name"])
    return Stage(STAGES.get(name, name), _whole(entry["steps"]), _rows(entry["validation"]))


def _probe(entry: dict) -> Probe:
    mos, saves = _number(entry["mos"]), [_save(save) for save in entry["saves"]]
    _need(1 <= mos <= 5, f"{mos:g} is no MOS")
    _need(bool(saves), "a probe video has no save")
    title, picture, credit = (_text(entry.get(key) or "") for key in ("title", "picture", "credit"))
    _need(not picture or PICTURE.fullmatch(picture), "a picture in it is no JPEG")
    by_step = {save.step: save for save in saves}
    return Probe(_text(entry["what"]), entry["human"] is True, mos, by_step, title, picture, credit)


def _save(entry: dict) -> Save:
    return Save(
        step=_whole(entry["step"]),
        text=_text(entry["text"]),
        score=_maybe(entry["score"]),
        scores=tuple(map(_maybe, entry["scores"])),
        sampled=tuple((_number(one["score"]), _text(one["text"])) for one in entry["sampled"]),
    )


def _study(content: dict) -> Study:
    titles = {key: _text(title) for key, title in content["titles"].items()}
    recipe = {
        key: Effect(_maybe(entry["start"]), _maybe(entry["mean"]), _maybe(entry["deviation"]), _change(entry))
        for key, entry in content["recipe"].items()
    }
    ablation = {
        reward: entry and Ablation(_whole(entry["seeds"]), {k: _change(v) for k, v in entry["metrics"].items()})
        for reward, entry in content["ablation"].items()
    }
    named = {*recipe, *(key for entry in ablation.values() if entry for key in entry.metrics)}
    _need(named <= set(titles), f"{', '.join(sorted(named - set(titles)))} has no title")
    return Study(_whole(content["samples"]), _whole(content["seeds"]), titles, recipe, ablation)


def _change(entry: dict) -> Change:
    return Change(*(_maybe(entry[key]) for key in ("value", "low", "high")))


def _need(true: object, told: str) -> None:
    if not true:
        raise ValueError(told)


def _typed(kinds: tuple[type, ...], name: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        _need(fits and (isinstance(value, str) or math.isfinite(value)), f"{str(value)[:40]!r} is no {name}")
        return value

    return check


_number: Callable[[object], float] = _typed((int, float), "number")
_whole: Callable[[object], int] = _typed((int,), "whole number")
_text: Callable[[object], str] = _typed((str,), "text")


def _maybe(value: object) -> float | None:
    return None if value is None else _number(value)
