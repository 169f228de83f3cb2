"""Greedy answers about many videos: as many at a time as fit, the next one as soon as one is done.

Every video is encoded once and alone, prompts are prefilled together up to a number of tokens, answers are written side
by side (model/slots.py). Where memory runs out, what was under way is started again with half as many; nothing that was
finished is lost.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch

from ..errors import ModelError
from .generation import Prompt, prefill
from .memory import LITTLE_MEMORY, out_of_memory, release_memory
from .modeling import VQAThinkerForConditionalGeneration
from .slots import Prefilled, Slots, prefill_rows

PREFILL_TOKENS = 8192
"""Tokens of the prompts that go through the language model in one pass."""


@dataclass(frozen=True)
class Request:
    """A prompt with its placeholders, the tensors of its video (first dimension 1), and what the caller knows it by.

    video: what `encode` of the model takes, or what `encoded` made of it before. With `position_ids` (3, 1, L) of the
    prompt in it, the prompt is prefilled alone: pictures of many sizes have no common length.
    """

    key: Any
    input_ids: tuple[int, ...]
    video: dict[str, torch.Tensor]
    max_new_tokens: int


@dataclass(frozen=True)
class Refused:
    """A video that cannot be asked about, what the caller knows it by, and why."""

    key: Any
    reason: Exception


@dataclass
class RunningAnswer:
    """An answer that is being written, with the probability of each token, and when its parts were done
    (time.perf_counter)."""

    request: Request
    began: float
    encoded: float
    first_token: float = 0.0
    tokens: list[int] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)


def encoded(model: VQAThinkerForConditionalGeneration, request: Request) -> Request:
    """The request with what the model makes of its video, on the device of the model: `video_features` (1, V, H), which
    the language model sees, and `overview` (1, D) where the video went through the tower here."""
    video = {name: tensor.to(model.device) for name, tensor in request.video.items()}
    if "video_features" not in video:
        made = model.model.encode(**video)
        video = {"video_features": made.features, "overview": made.overview}
    return replace(request, video=video)


class RequestSource(Protocol):
    """Where requests come from."""

    @property
    def open(self) -> bool:
        """Whether more may come."""

    def take(self, count: int, wait: bool) -> list[Request | Refused]:
        """At most `count` that are ready now; `wait` for one, unless none will ever come."""


@dataclass(frozen=True)
class Later:
    """A conclusion that still needs steps of the model, which are taken beside those of the rows; what it returns is
    the result. The prompt is gone after its first step."""

    steps: Generator[None, None, Any]


Conclude = Callable[[RunningAnswer, Prompt], Any]
"""What a finished row comes to, or a `Later`."""


def serve(
    model: VQAThinkerForConditionalGeneration,
    source: RequestSource,
    conclude: Conclude,
    *,
    batch: int,
    eos_token_id: int,
    turn: contextlib.AbstractContextManager | None = None,
    report: Callable[[str], None] = lambda sentence: None,
) -> Iterator[tuple[Any, Any]]:
    """Yield (key, what `conclude` makes of the finished row and its prompt) in the order in which answers end, and
    (key, reason) of what was refused.

    At most `batch` answers are under way. `turn` is held while the model works. A sentence goes to `report` when memory
    runs out and fewer go on; ModelError is raised when not even one fits.
    """
    server = Server(model, conclude, batch, eos_token_id)
    while server.busy or source.open:
        taken = server.take_back() or source.take(server.free, wait=not (server.rows or server.later))
        yield from ((item.key, item.reason) for item in taken if isinstance(item, Refused))
        fresh = [item for item in taken if isinstance(item, Request)]
        with turn or contextlib.nullcontext():
            under_way = server.round(fresh)
            if under_way:
                report(server.halve(under_way))
        while server.done:
            yield server.done.popleft()


class Server:
    """The rows under way, and what is still done about finished ones (`later`); `done` holds what was concluded and not
    yet fetched."""

    def __init__(self, model: VQAThinkerForConditionalGeneration, conclude: Conclude, batch: int, eos_token_id: int):
        self.model, self.conclude, self.batch, self.eos_token_id = model, conclude, batch, eos_token_id
        self.rows: list[RunningAnswer] = []
        self.later: list[tuple[Request, Later]] = []
        self.slots = Slots(batch)
        self.done: deque[tuple[Any, Any]] = deque()
        self._again: deque[Request] = deque()

    @property
    def busy(self) -> bool:
        return bool(self.rows or self.later or self._again)

    @property
    def free(self) -> int:
        return self.batch - max(len(self.rows), len(self.later))

    def take_back(self) -> list[Request]:
        """Requests that memory ran out on, as many as are free now."""
        return [self._again.popleft() for _ in range(min(self.free, len(self._again)))]

    @torch.inference_mode()
    def round(self, fresh: Sequence[Request]) -> list[Request]:
        """Take in `fresh` requests, write one token of every row, conclude those that end, go on with what is later.

        Returns the requests that were under way when memory ran out, none when all went well.
        """
        waiting = deque(fresh)
        try:
            while waiting:
                self._admit(waiting)
            for pair in list(self.later):
                if not self._go_on(*pair):
                    self.later = [other for other in self.later if other is not pair]
            if self.rows:
                self._write()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return [request for request, _ in self.later] + [row.request for row in self.rows] + list(waiting)
        return []

    def halve(self, under_way: Sequence[Request]) -> str:
        """Start these again with half as many at a time; returns the sentence that says so. Raises ModelError."""
        self.rows, self.later, self.slots = [], [], Slots(0)
        release_memory()
        if len(under_way) <= 1:
            raise ModelError(LITTLE_MEMORY)
        tried, self.batch = len(under_way), len(under_way) // 2
        self.slots = Slots(self.batch)
        self._again.extendleft(reversed(under_way))
        return f"memory ran out with {tried} videos at a time; going on with {self.batch}"

    def _admit(self, waiting: deque[Request]) -> None:
        """Encode and prefill the first of the waiting prompts, as many as one pass takes."""
        alone = "position_ids" in waiting[0].video
        count = 1 if alone else max(1, PREFILL_TOKENS // max(len(request.input_ids) for request in waiting))
        group = [waiting[k] for k in range(min(count, len(waiting)))]
        began = time.perf_counter()
        rows = [request.input_ids for request in group]
        if alone:
            self.slots.add(self._prefill(group[0]))
        else:
            group = [encoded(self.model, request) for request in group]
            features = torch.cat([request.video["video_features"] for request in group])
            self.slots.add(prefill_rows(self.model, rows, features))
        ready = time.perf_counter()
        for request in group:
            waiting.popleft()
            self.rows.append(RunningAnswer(request, began, ready))

    def _prefill(self, request: Request) -> Prefilled:
        """A prompt by itself, with its pictures."""
        tensors = {"input_ids": torch.tensor([request.input_ids]), **request.video}
        device = self.model.device
        prompt = prefill(self.model, {name: tensor.to(device) for name, tensor in tensors.items()})
        return Prefilled(prompt.cache, 0, (0,), prompt.shift)

    def _write(self) -> None:
        """One token of every row; rows that end are concluded and leave."""
        last = [row.tokens[-1] if row.tokens else row.request.input_ids[-1] for row in self.rows]
        logits = self.slots.step(self.model, torch.tensor(last, device=self.model.device))
        logits[:, self.model.config.image_token_id] = -torch.inf
        now = None
        best, tokens = logits.max(-1)
        sure = (best.float() - logits.float().logsumexp(-1)).exp()
        for row, token, probability in zip(self.rows, tokens.tolist(), sure.tolist(), strict=True):
            now = now or time.perf_counter()
            row.first_token = row.first_token or now
            row.tokens.append(token)
            row.sure.append(probability)
        for place in reversed(range(len(self.rows))):
            row = self.rows[place]
            ended = row.tokens[-1] == self.eos_token_id
            if ended or len(row.tokens) >= row.request.max_new_tokens:
                self._finish(place)

    def _finish(self, place: int) -> None:
        row = self.rows[place]
        result = self.conclude(row, self.slots.prompt(place, row.request.input_ids))
        if not isinstance(result, Later):
            self.done.append((row.request.key, result))
        elif self._go_on(row.request, result):  # at once, before the prompt goes
            self.later.append((row.request, result))
        self.slots.drop(place)
        self.rows[place] = self.rows[-1]
        self.rows.pop()

    def _go_on(self, request: Request, later: Later) -> bool:
        """One step; whether there are more."""
        try:
            next(later.steps)
            return True
        except StopIteration as end:
            self.done.append((request.key, end.value))
            return False
