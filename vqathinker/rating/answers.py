"""What a loaded model writes after a prompt, and the rating that it makes."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from transformers import TextIteratorStreamer

from ..model.generation import Prompt, rollout_seeds, write
from ..model.loading import LoadedModel
from ..model.scores import ScoreTable, score_table
from ..rewards import parse_answer
from ..video import Clip
from .defects import parse_defects
from .rating import Frame, Rating, Rollout, Timings

ANSWER_OPEN = "<answer>"
THINK = re.compile(r"<think>(.*?)(?:</think>|<answer>|$)", re.DOTALL)


def stream_answer(
    loaded: LoadedModel,
    prepare: Callable[[], Prompt],
    max_new_tokens: int,
    cancel: threading.Event,
    turn: threading.Lock,
) -> Iterator[str]:
    """The growing text of the greedy answer; setting `cancel` or closing the iterator ends it within a token.

    A thread takes its `turn`, prepares the prompt, writes, and is done, however slowly the text is read: its reader may
    ask the model for something else in between.
    """
    streamer = TextIteratorStreamer(loaded.processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
    failure: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
    limits = {"max_new_tokens": max_new_tokens, "eos_token_id": loaded.eos_token_id}

    def run() -> None:
        try:
            with turn:
                if not cancel.is_set():
                    write(loaded.model, prepare(), streamer=streamer, cancel=cancel, **limits)
        except BaseException as error:
            failure.put(error)
        finally:
            streamer.end()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    text = ""
    try:
        for piece in streamer:
            if piece:
                text += piece
                yield text
    except BaseException:
        cancel.set()
        raise
    finally:
        thread.join()
    if not failure.empty():
        raise failure.get()


def sample_answers(
    loaded: LoadedModel, prompt: Prompt, max_new_tokens: int, count: int, seed: int
) -> tuple[Rollout, ...]:
    """`count` sampled answers about one video; the first ones do not depend on how many follow."""
    if not count:
        return ()
    limits = {"max_new_tokens": max_new_tokens, "eos_token_id": loaded.eos_token_id}
    rows = write(loaded.model, prompt, seeds=rollout_seeds(seed, count), **limits)
    return tuple(Rollout(text) for text in loaded.processor.tokenizer.batch_decode(rows, skip_special_tokens=True))


def possible_scores(loaded: LoadedModel, prompt: Prompt, text: str) -> ScoreTable:
    """What the model would answer where `text` opens its answer, or at its end when it never does."""
    tokenizer = loaded.processor.tokenizer
    opened = text[: text.rindex(ANSWER_OPEN)] if ANSWER_OPEN in text else text
    written = tokenizer(opened + ANSWER_OPEN, add_special_tokens=False)["input_ids"]
    digits = tokenizer.convert_tokens_to_ids(list("0123456789"))
    return score_table(loaded.model, prompt, written, digits, tokenizer.convert_tokens_to_ids("."))


def frames_of(clip: Clip) -> tuple[Frame, ...]:
    return tuple(Frame(index, time) for index, time in zip(clip.indices, clip.times, strict=True))


def reasoning_in(text: str) -> str:
    """What stands between the tags of thinking, or before the answer where there are none."""
    thinking = THINK.search(text)
    return thinking.group(1).strip() if thinking else text.split(ANSWER_OPEN)[0].strip()


def make_rating(
    loaded: LoadedModel,
    path: str | Path,
    frames: tuple[Frame, ...],
    text: str,
    table: ScoreTable,
    rollouts: tuple[Rollout, ...],
    timings: Timings,
    notes: tuple[str, ...] = (),
) -> Rating:
    """Everything about one rated video. An answer that is unreadable or off the scale counts as the most probable."""
    thought, answer = reasoning_in(text), parse_answer(text)
    return Rating(
        file=Path(path).name,
        score=table.best if answer is None or not 1 <= answer <= 5 else answer,
        expected=table.expected,
        text=text,
        reasoning=thought,
        defects=parse_defects(thought),
        frames=frames,
        rollouts=rollouts,
        model=loaded.name,
        precision=loaded.precision,
        timings=timings,
        notes=notes,
    )
