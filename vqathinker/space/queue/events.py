"""How events of the page wait for the model, and how what goes wrong with them is said."""

from __future__ import annotations

from html import escape

import gradio as gr

from ...errors import VideoError, VQAThinkerError
from ..widgets import texts
from .line import BusyError

TURNS = {"concurrency_limit": None, "concurrency_id": "model", "show_progress": "hidden"}
"""Of everything that wants the model: who waits is in the model's own line, which is bounded and tells the place."""
# "once" drops what is asked while the same is under way, and "always_last" mixes up the clicks' data.
EVERY_TIME = {"trigger_mode": "multiple"}
AT_ONCE = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
WATCHING = {"api_visibility": "private", **EVERY_TIME, **TURNS}


def tell(error: VQAThinkerError) -> None:
    """A toast with the sentence of an error."""
    # Gradio 6 shows neither the title of a toast nor, from a generator, that of a gr.Error.
    title = title_of(error)
    gr.Warning(f"<b>{title}.</b><br>{escape(str(error))}", title=title)


def title_of(error: VQAThinkerError) -> str:
    """What kind of problem an error is, in a few words."""
    if isinstance(error, BusyError):
        return texts.BUSY
    return texts.BAD_FILE if isinstance(error, VideoError) else texts.MODEL_PROBLEM
