"""What programs can call: ratings, comparisons and rewards as JSON, without the page.

`/rate`, `/timeline` and `/compare` are built from components that are not shown: unlike those of gr.api, they let
through only files that were uploaded here. With the extra `gradio[mcp]` installed the same are MCP tools.
"""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from ...errors import VQAThinkerError
from ..queue.events import TURNS, error_title
from ..queue.model import Model
from ..queue.requests import Job
from ..queue.visitors import visitor_of
from ..widgets import texts
from ..widgets.parts import upload_box
from .calls import LEAST, rollouts_problem, window_problem
from .rewards_api import SPECS, reward_table
from .schemas import GROUPS, GROUPS_OR_NONE, MOS_SCHEMA, OBJECT, WINDOW, described, rollouts_schema, whole_docstring


def add_endpoints(model: Model) -> None:
    """`/rate`, `/timeline`, `/compare` and `/rewards`, each in one piece; with a second model `/compare_models`."""

    @whole_docstring
    def rate(video: str, rollouts: int = 0, request: gr.Request = None) -> dict:
        """Rate the technical quality of a video or a still image: score from 1 (bad) to 5 (excellent), reasoning.

        Args:
            video: the file, as a FileData of something uploaded here
            rollouts: how many more answers to sample, 0 to 32; their scores and spread tell how steady the model is

        Returns:
            file, score (the answer of least expected error), expected, greedy (the number written digit by digit),
            interval (low and high: it holds people's score of nine in ten unseen pictures; null without calibration),
            reasoning, text, defects, frames, rollouts, spread, model, precision, timings, notes, novelty (unlike:
            whether the file is unlike all that the model learned from, so that its score means little; distance: in
            multiples of the limit; how often that is right and wrong; null where the model cannot tell)
        """
        [rating] = rate_jobs(model, request, Job(required_path(video), count_between(rollouts, LEAST["rate"])))
        return rating.to_dict()

    @whole_docstring
    def timeline(video: str, window_s: float = 2.0, request: gr.Request = None) -> dict:
        """Rate a film window by window: how good it is at which moment, and from when to when it has which fault.

        Args:
            video: the file, as a FileData of something uploaded here; a still image has no timeline
            window_s: seconds of a window, 0.5 to 60; a film has at most about 600 windows, spread over it

        Returns:
            file, duration_s, window_s, step_s, score (the mean of that of the whole film and of its worst quarter),
            interval, cuts (s), windows (start_s, end_s, score, interval, text, defects), faults (name, severity,
            start_s, end_s, confidence from 0 to 1, window: the number of the one that shows it best, where: rows of
            a grid over its picture, from 0 to 1, null where that is not known), worst (numbers of the worst windows),
            model, precision, notes
        """
        job = Job(required_path(video), window_s=window_length(window_s))
        made = clear(lambda: model.timeline(job, visitor_of(request)))
        if made is None:
            raise gr.Error(texts.ENDED, print_exception=False)
        return made.to_dict()

    @whole_docstring
    def compare(first: str, second: str, rollouts: int = 8, request: gr.Request = None) -> dict:
        """Tell which of two videos has the better technical quality, with the probability that the first has.

        Args:
            first: a video or a still image
            second: another one
            rollouts: answers to sample about each, 2 to 32

        Returns:
            probability_first_better (from both scores and the calibrated deviations of their errors; for a checkpoint
            without calibration from the scores of the sampled answers), and the ratings first and second
        """
        jobs = [Job(required_path(path), count_between(rollouts, LEAST["compare"])) for path in (first, second)]
        ratings = rate_jobs(model, request, *jobs)
        from ...rating import Comparison

        return clear(Comparison(*ratings).to_dict)

    @whole_docstring
    def compare_models(video: str, rollouts: int = 0, request: gr.Request = None) -> dict:
        """Rate one video or still image with both models of this page, and tell by how much their scores differ.

        Args:
            video: the file, as a FileData of something uploaded here
            rollouts: how many more answers to sample of each model, 0 to 32

        Returns:
            file, difference (the score of the second model less that of the first), and the ratings first and second
        """
        job = Job(required_path(video), count_between(rollouts, LEAST["compare_models"]))
        ratings = rate_jobs(model, request, job, replace(job, beside=True))
        from ...rating import ModelComparison

        return ModelComparison(*ratings).to_dict()

    @whole_docstring
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
        video, ask = upload_box("video"), gr.Button("rate")
        more = number_box(0, "rollouts", rollouts_schema("rate", 0))
        ask.click(rate, [video, more], json_box("rating"), api_name="rate", **TURNS)
        film, follow = upload_box("video"), gr.Button()
        length = number_box(2.0, "window_s", WINDOW)
        follow.click(timeline, [film, length], json_box("timeline"), api_name="timeline", **TURNS)
        first, second, duel = upload_box("first"), upload_box("second"), gr.Button()
        samples = number_box(8, "rollouts", rollouts_schema("compare", 8))
        duel.click(compare, [first, second, samples], json_box("comparison"), api_name="compare", **TURNS)
        if model.beside:
            shown, contrast = upload_box("video"), gr.Button()
            times = number_box(0, "rollouts", rollouts_schema("compare_models", 0))
            told = json_box("comparison")
            contrast.click(compare_models, [shown, times], told, api_name="compare_models", **TURNS)
        answers, mos, twins = (
            json_box("answers", GROUPS),
            json_box("mos", MOS_SCHEMA),
            json_box("perturbed", GROUPS_OR_NONE),
        )
        spec, weigh = gr.Dropdown(list(SPECS), value=SPECS[0], label="spec"), gr.Button()
        table = json_box("rewards")
        weigh.click(rewards, [answers, mos, spec, twins], table, api_name="rewards", show_progress="hidden")


def required_path(path: str | None) -> str:
    if not path:
        raise gr.Error(texts.NOTHING_CHOSEN, print_exception=False)
    return path


def number_box(value: float, label: str, schema: dict) -> gr.Number:
    """gr.Number that hands over what was sent as it is: its own `preprocess` would round 1.7 rollouts to 2."""
    box = gr.Number(value, precision=0 if schema["type"] == "integer" else None, label=label)
    box.preprocess = lambda payload: payload
    return described(box, schema)


def json_box(label: str, schema: dict = OBJECT) -> gr.JSON:
    return described(gr.JSON(label=label), schema)


def count_between(count: object, least: int) -> int:
    """A number of rollouts. Raises gr.Error for anything else than a whole number within the limits."""
    if problem := rollouts_problem(count, least):
        raise gr.Error(problem, print_exception=False)
    return int(count)


def window_length(seconds: object) -> float:
    """Seconds of a window. Raises gr.Error for anything else than a number within the limits."""
    if problem := window_problem(seconds):
        raise gr.Error(problem, print_exception=False)
    return float(seconds)


def rate_jobs(model: Model, request: gr.Request, *jobs: Job) -> list:
    """The ratings of all jobs. Raises gr.Error with the sentence for the user."""
    ratings = clear(lambda: model.rate(*jobs, visitor=visitor_of(request)))
    if len(ratings) < len(jobs):
        raise gr.Error(texts.ENDED, print_exception=False)
    return ratings


def clear(action):
    """What `action` returns; an error of ours becomes a gr.Error with its sentence."""
    try:
        return action()
    except VQAThinkerError as error:
        raise gr.Error(str(error), title=error_title(error), print_exception=False) from error
