"""Rating the windows of a film: answered side by side, handed on in their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import VideoError
from ..model.generation import Prompt
from ..model.loading import LoadedModel
from ..model.serving import RunningAnswer, serve
from ..video import DecodeCancelled
from ..video.avoid import PASSED_OVER_NOTE
from ..video.reel import Window, open_reel
from ..video.windows import WindowSpec
from .answers import frames_of
from .events import Opened, TimelineEvent, TimelineMade, WindowRated
from .many import DecodedVideo, concluded, in_order
from .moments import Moments
from .naming import Namer
from .rating import Rating
from .timeline import Timeline, TimelineWindow
from .whereabouts import Whereabouts
from .window_source import Place, Stopped, WindowSource

STOPPED_NOTE = "stopped at {:.1f} s of {:.1f} s"
GAPS = "a long film: windows of {:g} s, one every {:.1f} s"
NOTHING_SHOWN = "{} shows nothing but black frames, titles or credits: it has no timeline."


def read_windows(
    loaded: LoadedModel,
    path: str | Path,
    spec: WindowSpec,
    *,
    batch: int,
    max_new_tokens: int,
    turn: threading.Lock,
    cancel: threading.Event,
    report: Callable[[str], None],
) -> Iterator[TimelineEvent]:
    """Opened, a WindowRated for each window in their order, TimelineMade. Raises VideoError and ModelError.

    Setting `cancel` ends it within a step of the model, with the timeline of what had been rated, if anything had.
    """
    try:
        reel = open_reel(path, loaded.video_spec, spec, loaded.processor.image_size, cancel=cancel)
    except DecodeCancelled:
        return
    namer = Namer(loaded)
    whereabouts, moments = Whereabouts(loaded, namer), Moments(loaded, namer, max_new_tokens)
    with WindowSource(loaded, reel, max_new_tokens, batch, turn, cancel) as source:
        plan, rated, cards = reel.plan, [], []
        yield Opened(plan.duration_s, plan.window_s, plan.step_s, plan.count)
        try:
            for key, window in _in_order(loaded, path, source, batch, report, whereabouts, moments):
                rated.append(window)
                cards.append(key.shown.card)
                yield WindowRated(window, key.shown, key.number, max(plan.count, key.number + 1))
        except Stopped:
            pass
    if cancel.is_set() and not rated:
        return
    while cards and cards[-1]:
        cards.pop()
    passed = source.passed + len(rated) - len(cards)
    if not cards:
        raise VideoError(NOTHING_SHOWN.format(Path(path).name))
    notes = [
        *reel.notes,
        *[GAPS.format(plan.window_s, plan.step_s)] * plan.has_gaps,
        *[PASSED_OVER_NOTE] * bool(passed),
    ]
    windows = tuple(rated[: len(cards)])
    if cancel.is_set() and rated[-1].end_s < plan.duration_s:
        notes.append(STOPPED_NOTE.format(rated[-1].end_s, plan.duration_s))
    facts = (Path(path).name, plan.duration_s, plan.window_s, plan.step_s, tuple(reel.cuts))
    timeline = Timeline(*facts, windows, loaded.name, loaded.precision, tuple(notes))
    yield TimelineMade(whereabouts.add_to(moments.grade(timeline, turn, cancel), turn, cancel))


def _in_order(
    loaded: LoadedModel,
    path: str | Path,
    source: WindowSource,
    batch: int,
    report: Callable[[str], None],
    whereabouts: Whereabouts,
    moments: Moments,
) -> Iterator[tuple[Place, TimelineWindow]]:
    """The windows as they are rated, held back until those before them are."""

    def finish(row: RunningAnswer, prompt: Prompt) -> TimelineWindow:
        key, source.first_done = row.request.key, True
        decoded = DecodedVideo(key.number, path, frames_of(key.shown.clip), key.began, 0.0)
        asked = replace(row, request=replace(row.request, key=decoded))
        rating = concluded(loaded, asked, prompt)(())
        written = [token for token in row.tokens if token != loaded.eos_token_id]
        named = [defect.name for defect in rating.defects]
        whereabouts.keep(key.number, row.request.video["video_features"][0], written, named)
        window = window_of(key.shown, rating, whereabouts.namer(prompt, written, row.sure))
        return replace(window, moments=moments.sightings(row.request.key.moments, written))

    options = {"batch": batch, "eos_token_id": loaded.eos_token_id, "turn": source.turn, "report": report}
    yield from in_order(serve(loaded.model, source, finish, **options))


def window_of(shown: Window, rating: Rating, naming: dict[str, float]) -> TimelineWindow:
    """A rated window, with how probable it was that the model names each defect."""
    return TimelineWindow(
        shown.start_s,
        shown.end_s,
        rating.score,
        rating.text,
        rating.reasoning,
        rating.defects,
        naming,
        rating.deviation,
    )
