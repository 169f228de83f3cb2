"""What a loaded model writes after a prompt, and the rating that it makes."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase, TextIteratorStreamer

from ..answer import counted_score, reasoning
from ..errors import VideoError
from ..model.generation import Prompt, rollout_seeds, write
from ..model.loading import LoadedModel
from ..model.scores import AnswerPrefix, ScoreTable, score_tables
from ..model.write_groups import group_steps
from ..protocols import RELEASED
from ..rewards import parse_answer
from ..scorers import AnswerForm
from ..video import Clip
from .defects import parse_defects
from .rating import Frame, Novelty, Rating, Rollout, Timings
from .words import WORDS, judged_word, score_word, with_word

ROLLOUTS_AT_ONCE = 32
PLAIN = AnswerForm()


def stream_answer(
    loaded: LoadedModel,
    prepare: Callable[[], Prompt],
    max_new_tokens: int,
    cancel: threading.Event,
    turn: threading.Lock,
    tokens: list[int],
) -> Iterator[str]:
    """The growing text of the greedy answer; setting `cancel` or closing the iterator ends it within a token. At its
    end `tokens` holds those that were written.

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
                    tokens[:] = write(loaded.model, prepare(), streamer=streamer, cancel=cancel, **limits)[0]
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
    loaded: LoadedModel,
    prompt: Prompt,
    max_new_tokens: int,
    count: int,
    seed: int,
    cancel: threading.Event | None = None,
) -> tuple[Rollout, ...]:
    """`count` sampled answers about one video; the first ones do not depend on how many follow.

    Setting `cancel` ends it within a token; what is returned then means nothing.
    """
    steps = sampling(loaded, prompt, max_new_tokens, count, seed)
    try:
        while not (cancel and cancel.is_set()):
            next(steps)
    except StopIteration as end:
        return end.value
    steps.close()
    return ()


def sampling(
    loaded: LoadedModel, prompt: Prompt, max_new_tokens: int, count: int, seed: int
) -> Generator[None, None, tuple[Rollout, ...]]:
    """`sample_answers` a step at a time: after the first one the prompt may be gone.

    At most `ROLLOUTS_AT_ONCE` are written beside one another, so that memory does not grow with `count`.
    """
    limits = {"max_new_tokens": max_new_tokens, "eos_token_id": loaded.eos_token_id}
    seeds, rows = rollout_seeds(seed, count), []
    if count > ROLLOUTS_AT_ONCE:
        prompt = Prompt(*prompt.rows(1), prompt.shift)
    for start in range(0, count, ROLLOUTS_AT_ONCE):
        [written] = yield from group_steps(loaded.model, prompt, seeds[start : start + ROLLOUTS_AT_ONCE], **limits)
        rows += written
    texts = loaded.processor.tokenizer.batch_decode(rows, skip_special_tokens=True) if rows else ()
    return tuple(Rollout(text if loaded.protocol == RELEASED else in_agreement(text)) for text in texts)


def in_agreement(text: str) -> str:
    """A sampled answer with the word of its own number in its closing judgement; words and number are drawn apart."""
    answer = parse_answer(text)
    return text if answer is None or not 1 <= answer <= 5 else with_word(text, score_word(answer))


def possible_scores(
    loaded: LoadedModel,
    prompt: Prompt,
    texts: Sequence[str],
    written: Sequence[Sequence[int]] = (),
) -> list[ScoreTable]:
    """What the model would answer about the B videos of a prompt, where the greedy texts[b] open their answers, or at
    their ends where they never do.

    A text names a word for the score before it writes the score. The word that it took was one of five, so the answers
    after each of them count, with the probability of that word; by the released protocol, those after this text.

    written: the tokens of each text; without them, those in which the tokenizer would cut it. They go through the model
    once more: what it computed while it wrote depends, in its last digits, on what it wrote beside.
    """
    tokenizer = loaded.processor.tokenizer
    form, free = loaded.scorer.form, loaded.protocol != RELEASED
    rows = written or [()] * len(texts)
    openings = [
        opening_of(tokenizer, text, open_word=free, form=form, written=row)
        for text, row in zip(texts, rows, strict=True)
    ]
    digits = tokenizer.convert_tokens_to_ids(list("0123456789"))
    return score_tables(loaded.model, prompt, openings, digits, tokenizer.convert_tokens_to_ids("."))


def opening_of(
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    open_word: bool = True,
    form: AnswerForm = PLAIN,
    written: Sequence[int] = (),
) -> AnswerPrefix:
    """An answer up to its number; with the word of its closing judgement left open, where it has one and each of the
    five is a single token there. Else in the tokens in which it was `written`, where they are known."""
    opened = form.up_to_number(text)

    def ids(written: str) -> list[int]:
        return tokenizer(written, add_special_tokens=False)["input_ids"]

    own = ids(opened)
    if open_word and judged_word(opened) is not None:
        others = [ids(with_word(opened, word)) for word in WORDS]
        differs = [
            place for place, token in enumerate(own) if any(other[place : place + 1] != [token] for other in others)
        ]
        if len(differs) == 1 and all(len(other) == len(own) for other in others):
            at = differs[0]
            return AnswerPrefix(tuple(own[:at]), tuple(other[at] for other in others), tuple(own[at + 1 :]))
    kept, begun = tokens_within(tokenizer, written, opened)
    return AnswerPrefix((*kept, *ids(opened[len(begun) :])) if kept else tuple(own))


def tokens_within(tokenizer: PreTrainedTokenizerBase, written: Sequence[int], text: str) -> tuple[Sequence[int], str]:
    """The longest beginning of some tokens whose text is a beginning of `text`, and that text."""

    def told(count: int) -> str:
        return tokenizer.decode(written[:count], skip_special_tokens=True)

    if text.startswith(whole := told(len(written))):
        return written, whole
    within, beyond = 0, len(written)
    while beyond - within > 1:
        middle = (within + beyond) // 2
        within, beyond = (middle, beyond) if text.startswith(told(middle)) else (within, middle)
    return written[:within], told(within)


def check_shown(loaded: LoadedModel, clip: Clip) -> None:
    """Raises VideoError where the published protocol is asked for and says nothing about such a file."""
    if loaded.protocol == RELEASED and not (clip.info.is_still or loaded.scorer.abilities.published_videos):
        told = f"the authors of {loaded.scorer.title} rate pictures, and publish no protocol for videos"
        raise VideoError(f"{told}; without --protocol {RELEASED} it is shown the frames.")


def frames_of(clip: Clip) -> tuple[Frame, ...]:
    return tuple(Frame(index, time) for index, time in zip(clip.indices, clip.times, strict=True))


def settled(text: str, score: float, form: AnswerForm = PLAIN) -> str:
    """A greedy answer with this score (1..5) in the place of its number, and its word in the closing judgement.

    >>> settled("<think>Overall, I would call the quality of this clip poor.</think><answer>2.50</answer>", 2.71)
    '<think>Overall, I would call the quality of this clip fair.</think><answer>2.71</answer>'
    """
    return form.with_number(with_word(text, score_word(score)), score)


def greedy_score(text: str, form: AnswerForm = PLAIN) -> float:
    """The number in an answer, held to the scale; 3.00 where it cannot be read, as in the published evaluation."""
    return counted_score(form.published(text))


def make_rating(
    loaded: LoadedModel,
    path: str | Path,
    frames: tuple[Frame, ...],
    text: str,
    table: ScoreTable,
    rollouts: tuple[Rollout, ...],
    timings: Timings,
    notes: tuple[str, ...] = (),
    overview: torch.Tensor | None = None,
) -> Rating:
    """Everything about one rated video, of which the model wrote `text`; `overview` as in the model's `Encoded`.

    The score is the answer of least risk under the distribution of all answers that the model could have written there,
    and `settled` writes it into the text. By the released protocol it is the greedy number, and the text stays.
    """
    form = loaded.scorer.form
    greedy = greedy_score(text, form)
    score = greedy if loaded.protocol == RELEASED else table.least_risk
    text = text if loaded.protocol == RELEASED else settled(text, score, form)
    thought = reasoning(text)
    return Rating(
        file=Path(path).name,
        score=score,
        expected=table.expected,
        text=text,
        reasoning=thought,
        defects=parse_defects(thought),
        frames=frames,
        rollouts=rollouts,
        model=loaded.name,
        precision=loaded.precision,
        timings=timings,
        greedy=greedy,
        deviation=error_deviation(loaded, table),
        notes=notes,
        novelty=novelty_of(loaded, overview),
    )


def novelty_of(loaded: LoadedModel, overview: torch.Tensor | None) -> Novelty | None:
    """How far a video is from what the model learned from; None where it cannot tell."""
    detector = loaded.novelty
    if detector is None or overview is None:
        return None
    return Novelty(detector.of(overview), detector.false_alarm_rate, detector.detection_rate)


def error_deviation(loaded: LoadedModel, table: ScoreTable) -> float | None:
    """Standard deviation of the score's error that was calibrated on held-out data; None for a model without."""
    calibration = getattr(loaded.model.config, "calibration", None)
    if not calibration:
        return None
    return calibration["factor"] * math.sqrt(table.variance + calibration["floor"] ** 2)
