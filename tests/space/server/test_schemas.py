"""What is told of the endpoints: schemas, and docstrings in the form that Gradio reads."""

from __future__ import annotations

import doctest

import gradio as gr

from vqathinker.space.server import schemas
from vqathinker.space.server.schemas import described, rollouts_schema, whole_docstring


def test_the_examples_run():
    assert doctest.testmod(schemas).failed == 0 and doctest.testmod(schemas).attempted > 1


def test_gradio_reads_whole_arguments_and_returns():
    def endpoint(first: str, second: int) -> dict:
        """What it
        does.

        Args:
            first: the one,
                and more of it: here
            second: the other

        Returns:
            all of
            this
        """

    description, arguments, returns = gr.utils.get_function_description(whole_docstring(endpoint))
    assert description == "What it does."
    assert arguments == {"first": "the one, and more of it: here", "second": "the other"}
    assert returns == ["all of this"]


def test_a_box_says_its_schema():
    schema = rollouts_schema("compare", 8)
    assert schema["minimum"] == 2 and described(gr.Number(8), schema).api_info() == schema
