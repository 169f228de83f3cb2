"""The ordered clip against its disordered twin: the check that the temporal reward is about, with one video."""

from __future__ import annotations

from collections.abc import Iterator

from ...rating.events import Rated, Watched, Wrote
from ..queue.model import Model, Waiting
from ..queue.requests import Wish
from ..queue.visitors import Visitor
from ..widgets import markup, score_card, texts
from ..widgets.charts import axis, percent
from ..widgets.report import OrderCheck, save_links
from ..widgets.thumbnails import Film
from .held_out import Beside
from .panel import Panel


def check_order(
    wish: Wish, panel: Panel, model: Model, before: tuple[dict | None, Film | None], visitor: Visitor, beside: Beside
) -> Iterator[list]:
    """Updates of the panel while the disordered clip is rated; `before`: report and film of the video in order.

    Raises BusyError, VideoError and ModelError.
    """
    ordered, seen = before
    [job] = wish.jobs
    if ordered is None or seen is None:
        yield panel.idle(status=markup.note(texts.NOTHING_CHOSEN))
        return
    film, words = "", 0
    yield panel.checking(markup.stages("decoding") if model.ready else markup.note(texts.LOADING, busy=True))
    for event in model.watch(wish.jobs, wish.cancel, visitor):
        if isinstance(event, Waiting):
            now = markup.stages("watching" if film else "decoding")
            yield panel.update(status=markup.in_line(event.ahead, now))
        elif isinstance(event, Watched):
            if event.clip.info.is_still:
                yield panel.idle(status=markup.note(texts.CHECK_STILL))
                return
            film = markup.filmstrip(Film.disordered(event.clip, job.perturbation, job.seed), texts.CHECK_FILM)
            yield panel.update(status=markup.stages("watching"), checked=film)
        elif isinstance(event, Wrote):
            words += 1
            if words == 1:
                yield panel.update(status=markup.stages("thinking"))
        elif isinstance(event, Rated):
            report = event.rating.to_dict()
            both = {"texts": score_card.sampled_texts(ordered), "shuffled": score_card.sampled_texts(report)}
            check = OrderCheck(job.perturbation, report, order_verdict(ordered, report) + film)
            save = save_links(ordered, seen, beside.caveat, check)
            yield panel.idle(status=markup.timings(report["timings"]), checked=check.told, rollouts=both, save=save)


def order_verdict(ordered: dict, disordered: dict) -> str:
    """Both ratings on one axis, and what the difference says."""
    rows = [
        score_card.axis_row(ordered, texts.IN_ORDER, "first"),
        score_card.axis_row(disordered, texts.DISORDERED, "second"),
    ]
    fall = ordered["score"] - disordered["score"]
    change = "the same" if abs(fall) < 0.005 else f"{abs(fall):.2f} {'lower' if fall > 0 else 'higher'}"
    sentences = [texts.CHECK_TOLD.format(ordered["score"], disordered["score"], change)]
    if all(len(row.scores) > 1 for row in rows):
        from ...rating import first_better

        sentences.append(texts.CHECK_PROBABILITY.format(percent(first_better(rows[0].scores, rows[1].scores))))
    named = ", ".join(f"{d['name'].replace('_', ' ')} ({d['severity']})" for d in disordered["defects"])
    sentences.append(texts.CHECK_NAMED.format(named) if named else texts.NO_DEFECTS)
    return f'<div class="vq-checked">{axis(rows)}<p role="status">{" ".join(sentences)}</p></div>'
