"""Questions about a video's quality, in the prompt with which the model was trained to score."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from transformers import PreTrainedTokenizerBase

from ..answer import after_reasoning, reasoning, written_answer
from ..errors import ModelError, VQAThinkerError
from ..model.loading import LoadedModel
from ..model.prompts import IMAGE
from ..scorers import cannot
from ..scorers.scorer import LONGEST_QUESTION
from .rating import Frame, Timings


class QuestionError(VQAThinkerError):
    """The question cannot be asked: it is empty, too long, or would break the prompt."""


@dataclass(frozen=True)
class Reply:
    """What the model replied: `answer` to the question, `reasoning` before it, and the whole `text` as written."""

    file: str
    question: str
    answer: str
    reasoning: str
    text: str
    frames: tuple[Frame, ...]
    model: str
    precision: str
    timings: Timings

    def to_dict(self) -> dict:
        """JSON-ready, with the keys of a rating where both have them."""
        values = asdict(self)
        values["frames"] = [{"index": frame.index, "time_s": round(frame.time_s, 3)} for frame in self.frames]
        values["timings"] = {name: round(seconds, 3) for name, seconds in asdict(self.timings).items()}
        return values


def can_ask(loaded: LoadedModel) -> bool:
    """Whether the model learned to answer other questions than the one for a score."""
    return loaded.scorer.abilities.asks


def check_question(loaded: LoadedModel, question: str) -> str:
    """The question without spaces around it. Raises ModelError for a model that cannot answer, and QuestionError."""
    if reason := cannot(loaded.scorer, "asks", f"the model {loaded.name}"):
        raise ModelError(reason)
    question = question.strip()
    if not question:
        raise QuestionError("there is no question; ask something about the video's quality")
    if len(question) > LONGEST_QUESTION:
        raise QuestionError(f"the question is {len(question)} characters long; up to {LONGEST_QUESTION} are read")
    if marks := [mark for mark in special_marks(loaded.processor.tokenizer) if mark in question]:
        raise QuestionError(f"the question contains {marks[0]}, which has a meaning of its own for the model")
    return question


def special_marks(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Texts that stand for more than themselves in a prompt."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return [IMAGE, *sorted(added)]


def reply_in(text: str) -> tuple[str, str]:
    """Answer and reasoning in a text; without tags of an answer, what follows the thinking, or all of it."""
    written = written_answer(text)
    if written is not None:
        return written, reasoning(text)
    rest, closed = after_reasoning(text)
    return rest, reasoning(text) if closed else ""
