"""How events of the page wait for the model, and how what goes wrong with them is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

import gradio as gr

from ...errors import VideoError, VQAThinkerError
from ..widgets import texts
from .line import BusyError
from .requests import Wish, Wishes
from .visitors import Visitor

TURNS = {"concurrency_limit": None, "concurrency_id": "model", "show_progress": "hidden"}
"""Of everything that wants the model: who waits is in the model's own line, which is bounded and tells the place."""
# "once" drops what is asked while the same is under way, and "always_last" mixes up the clicks' data.
EVERY_TIME = {"trigger_mode": "multiple"}
UNQUEUED = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
WATCHING = {"api_visibility": "private", **EVERY_TIME, **TURNS}


def tell(error: VQAThinkerError) -> None:
    """A toast with the sentence of an error."""
    # Gradio 6 shows neither the title of a toast nor, from a generator, that of a gr.Error.
    title = error_title(error)
    gr.Warning(f"<b>{title}.</b><br>{escape(str(error))}", title=title)


def error_title(error: VQAThinkerError) -> str:
    """What kind of problem an error is, in a few words."""
    if isinstance(error, BusyError):
        return texts.BUSY
    return texts.BAD_FILE if isinstance(error, VideoError) else texts.MODEL_PROBLEM


def granted(
    wishes: Wishes,
    visitor: Visitor,
    work: Callable[[Wish], Iterator[list]],
    failed: Callable[[VQAThinkerError], list],
    stopped: Callable[[], list] | None = None,
) -> Iterator[list]:
    """Updates of the page while the visitor's wish is done by `work`, then what `failed` says of an error, or `stopped`
    where neither the end was reached nor something else was wished for. However it ends, the wish is over then."""
    wish = wishes.open(visitor.session)
    if wish is None:
        return
    try:
        yield from work(wish)
    except VQAThinkerError as error:
        if not wish.cancel.is_set():
            yield failed(error)
    finally:
        halted = wish.cancel.is_set()
        wish.cancel.set()
    if halted and stopped and not wishes.open(visitor.session):
        yield stopped()
