"""What programs can call: ratings, comparisons and rewards as JSON, without the page.

`/rate` and `/compare` are built from components that are not shown: unlike those of gr.api, they let through only
files that were uploaded here. With the extra `gradio[mcp]` installed the same three are MCP tools.
"""

from __future__ import annotations

import gradio as gr

from ..errors import VideoError, VQAThinkerError
from . import texts
from .model import Model
from .panel import upload_box
from .rate_tab import TURNS
from .rewards_api import reward_table
from .wishes import Job

MOST_ROLLOUTS = 32
AT_LEAST_TWO = 2


def add_endpoints(model: Model) -> None:
    """`/rate`, `/compare` and `/rewards`, each in one piece."""

    def rate(video: str, rollouts: int = 0) -> dict:
        """Rate the technical quality of a video or a still image: score from 1 (bad) to 5 (excellent), reasoning.

        Args:
            video: the file, as a FileData of something uploaded here
            rollouts: how many more answers to sample, 0 to 32; their scores and spread tell how steady the model is

        Returns:
            file, score (the answer of least expected error), expected, greedy (the number written digit by digit),
            interval (low and high: it holds people's score of nine in ten unseen pictures; null without calibration),
            reasoning, text, defects, frames, rollouts, spread, model, precision, timings
        """
        [rating] = answer(model, Job(chosen(video), whole(rollouts, 0)))
        return rating.to_dict()

    def compare(first: str, second: str, rollouts: int = 8) -> dict:
        """Tell which of two videos has the better technical quality, with the probability that the first has.

        Args:
            first: a video or a still image
            second: another one
            rollouts: answers to sample about each, 2 to 32

        Returns:
            probability_first_better (from both scores and the calibrated deviations of their errors; for a checkpoint
            without calibration from the scores of the sampled answers), and the ratings first and second
        """
        jobs = [Job(chosen(path), whole(rollouts, AT_LEAST_TWO)) for path in (first, second)]
        ratings = answer(model, *jobs)
        from ..rating import Comparison

        return clear(Comparison(*ratings).to_dict)

    def rewards(answers: list, mos: list, spec: str = "repaired", perturbed: list | None = None) -> dict:
        """Compute the training rewards of VQAThinker for groups of answers: format, regression, ranking, temporal.

        Args:
            answers: for each of B videos a list of G answers; an answer is a completion such as
                "<think>Sharp.</think><answer>3.50</answer>", or a number, which stands for such a completion
            mos: for each video its human score, 1 to 5
            spec: "repaired" for the paper's intent, "official" for the released code with its accidents
            perturbed: answers about the temporally perturbed clips, of the same shape; they decide the temporal bonus

        Returns:
            scores, format, regression, ranking, total and advantage, each B lists of G numbers; a score is null
            where an answer is unreadable
        """
        try:
            return reward_table(answers, mos, spec, perturbed)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error

    with gr.Row(visible=False):
        video, rating, ask = upload_box("video"), gr.JSON(label="rating"), gr.Button("rate")
        more = gr.Number(0, precision=0, label="rollouts")
        ask.click(rate, [video, more], rating, api_name="rate", **TURNS)
        first, second = upload_box("first"), upload_box("second")
        better, duel = gr.JSON(label="comparison"), gr.Button()
        samples = gr.Number(8, precision=0, label="rollouts")
        duel.click(compare, [first, second, samples], better, api_name="compare", **TURNS)
        answers, mos = gr.JSON(label="answers"), gr.JSON(label="mos")
        spec = gr.Dropdown(["repaired", "official"], value="repaired", label="spec")
        twins, table, weigh = gr.JSON(label="perturbed"), gr.JSON(label="rewards"), gr.Button()
        weigh.click(rewards, [answers, mos, spec, twins], table, api_name="rewards", show_progress="hidden")


def chosen(path: str | None) -> str:
    if not path:
        raise gr.Error(texts.NOTHING_CHOSEN, print_exception=False)
    return path


def whole(count: float | None, least: int) -> int:
    """A number of rollouts. Raises gr.Error outside the limits."""
    if count is None or not least <= count <= MOST_ROLLOUTS:
        raise gr.Error(f"rollouts must be between {least} and {MOST_ROLLOUTS}, not {count}.", print_exception=False)
    return int(count)


def answer(model: Model, *jobs: Job) -> list:
    """The ratings of all jobs. Raises gr.Error with the sentence for the user."""
    ratings = clear(lambda: model.rate(*jobs))
    if len(ratings) < len(jobs):
        raise gr.Error(texts.BUG, print_exception=False)
    return ratings


def clear(action):
    """What `action` returns; an error of ours becomes a gr.Error with its sentence."""
    try:
        return action()
    except VQAThinkerError as error:
        title = texts.BAD_FILE if isinstance(error, VideoError) else texts.MODEL_PROBLEM
        raise gr.Error(str(error), title=title, print_exception=False) from error
