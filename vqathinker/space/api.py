"""What programs can call: the same ratings as JSON, without the page."""

from __future__ import annotations

import threading

import gradio as gr

from ..errors import VideoError, VQAThinkerError
from . import texts
from .model import Model
from .panel import upload_box
from .rate_tab import ONE_AT_A_TIME


def add_endpoints(model: Model) -> None:
    """`/rate`: a file -> the rating with the keys of the documented contract, in one piece.

    Built from components that are not shown: unlike gr.api, they let through only files that were uploaded here.
    """

    def rate(video: str) -> dict:
        """Rate a video or a still image: score from 1 to 5, reasoning, defects, frames, timings."""
        return rate_file(model, video)

    with gr.Row(visible=False):
        video, rating, button = upload_box("video"), gr.JSON(label="rating"), gr.Button("rate")
    button.click(rate, video, rating, api_name="rate", **ONE_AT_A_TIME)


def rate_file(model: Model, path: str | None) -> dict:
    """The rating of an uploaded file. Raises gr.Error with the sentence for the user."""
    if not path:
        raise gr.Error(texts.NOTHING_CHOSEN, print_exception=False)
    try:
        model.rater()
        from ..rating import Rated  # not before the loading thread has imported all of it

        for event in model.watch(path, threading.Event()):
            if isinstance(event, Rated):
                return event.rating.to_dict()
    except VQAThinkerError as error:
        title = texts.BAD_FILE if isinstance(error, VideoError) else texts.MODEL_PROBLEM
        raise gr.Error(str(error), title=title, print_exception=False) from error
    raise gr.Error(texts.BUG, print_exception=False)
