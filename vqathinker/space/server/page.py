"""The Blocks of the page: values that are sent to it are refused with a sentence where they are wrong."""

from __future__ import annotations

import logging

import gradio as gr

from ..widgets import texts
from .calls import Calls

logger = logging.getLogger(__name__)


class Page(gr.Blocks):
    """gr.Blocks that checks what is sent before Gradio moves, fetches or rounds any of it.

    What Gradio itself finds wrong reaches programs without a word ({"error": null}); here it gets some.
    """

    calls: Calls | None = None

    async def preprocess_data(self, block_fn, inputs, state, explicit_call=False):
        endpoint = block_fn.api_name if isinstance(block_fn.api_name, str) else ""
        if self.calls and (problem := self.calls.problem(endpoint, list(inputs))):
            raise gr.Error(str(problem), print_exception=False)
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except gr.Error:
            raise
        except Exception as error:
            logger.warning("refused values for %s: %r", endpoint or "the page", error)
            raise gr.Error(texts.NOT_TAKEN, print_exception=False) from error
