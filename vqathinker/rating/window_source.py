"""The windows of a film as requests to the model: read ahead in a thread, pictures that they share looked at once."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

import torch

from ..model.loading import LoadedModel
from ..model.memory import clear_memory_error
from ..model.processing import normalise
from ..model.serving import Request
from ..video import DecodeCancelled
from ..video.reel import Reel, Window
from .moments import Moment
from .whereabouts import finest_grid

STOP_CHECK_S = 0.1


class Stopped(Exception):
    """Nobody waits for more windows."""


@dataclass(frozen=True)
class Place:
    """The number of a window, what it shows, when its turn came (time.perf_counter), and what is seen of its pictures
    one by one, those of earlier windows apart."""

    number: int
    shown: Window
    began: float
    moments: tuple[Moment, ...] = ()


class WindowSource:
    """Requests about the windows of a reel, for `serve`. Pictures that windows share go through the tower once.

    Use it as a context manager. passed: how many windows showed nothing of the film. The first window is answered
    alone, so that something is seen soon: no others come before `first_done` is set.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        reel: Reel,
        limit: int,
        ahead: int,
        turn: AbstractContextManager,
        cancel: threading.Event,
    ):
        self.loaded, self.reel, self.limit, self.turn, self.cancel = loaded, reel, limit, turn, cancel
        self.open, self.passed, self.count, self._begun = True, 0, 0, False
        self.first_done = False
        self.input_ids = tuple(loaded.processor.prompt_ids())
        self._tokens: dict[int, torch.Tensor] = {}
        self._told = -1  # the last picture that was shown alone
        self._ready: queue.Queue[Window | BaseException | None] = queue.Queue(ahead)
        self._done = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reel", daemon=True)

    def __enter__(self) -> WindowSource:
        self._reader.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self._done.set()
        self.reel.decoding.close()
        self._reader.join()

    def take(self, count: int, wait: bool) -> list[Request]:
        """At most `count` windows that are ready now; `wait` for one. Raises Stopped when that was asked for, and what
        goes wrong with the file."""
        windows: list[Window] = []
        if self.cancel.is_set():
            raise Stopped
        if not self.count:
            count = min(count, 1)
        elif not wait and not self.first_done:
            return []
        while self.open and len(windows) < count and not self.cancel.is_set():
            try:
                item = self._ready.get(wait and not windows, STOP_CHECK_S)
            except queue.Empty:
                if wait and not windows:
                    continue
                break
            if isinstance(item, BaseException):
                raise item
            self.open = item is not None
            if item is not None and self._worth(item):
                windows.append(item)
        if not windows:
            return []
        with self.turn, clear_memory_error():
            return self._requests(windows)

    def _worth(self, window: Window) -> bool:
        """Whether a window shows something of the film: no black frames, and no titles before anything else."""
        useless = window.empty or (window.card and not self._begun)
        self._begun = self._begun or not useless
        self.passed += useless
        return not useless

    def _read(self) -> None:
        end: BaseException | None = None
        try:
            for window in self.reel.windows():
                self._put(window)
        except (DecodeCancelled, Stopped):
            pass
        except BaseException as error:
            end = error
        with suppress(Stopped):
            self._put(end)

    def _put(self, item: Window | BaseException | None) -> None:
        while not self._done.is_set():
            try:
                return self._ready.put(item, timeout=STOP_CHECK_S)
            except queue.Full:
                continue
        raise Stopped

    @torch.inference_mode()
    def _requests(self, windows: list[Window]) -> list[Request]:
        self._look_at(windows)
        model, made = self.loaded.model.model, []
        taken = self.loaded.processor.video_inputs([window.clip for window in windows], model.motion_encoder.takes)
        taken = {name: tensor.to(model.device) for name, tensor in taken.items()}
        motion = model.motion_encoder(taken)
        tokens = torch.stack([torch.stack([self._tokens[i] for i in window.clip.indices]) for window in windows])
        features = model.project(tokens, motion)
        for k, (window, feature) in enumerate(zip(windows, features, strict=True)):
            own = {name: tensor[k : k + 1] for name, tensor in taken.items()}
            key = Place(self.count, window, time.perf_counter(), self._moments(window, own))
            made.append(Request(key, self.input_ids, {"video_features": feature[None]}, self.limit))
            self.count += 1
        return made

    def _look_at(self, windows: list[Window]) -> None:
        """Tower tokens of the pictures that were not seen before; those that no window needs any more go."""
        pictures = {i: picture for w in windows for i, picture in zip(w.clip.indices, w.clip.frames, strict=True)}
        new = [i for i in pictures if i not in self._tokens]
        device = self.loaded.model.device
        for i in new:
            pixels = normalise(pictures[i], self.loaded.processor.image_mean, self.loaded.processor.image_std)
            self._tokens[i] = self.loaded.model.model.vision_tokens(pixels[None, None].to(device))[0, 0]
        for i in [i for i in self._tokens if i < min(windows[0].clip.indices)]:
            del self._tokens[i]

    def _moments(self, window: Window, taken: dict[str, torch.Tensor]) -> tuple[Moment, ...]:
        """The pictures of a window that no window before had, each alone, with the motion around it: part of what the
        motion encoder has `taken` of the window. None for a model that would take as long for one as for a window."""
        model, clip, found = self.loaded.model.model, window.clip, []
        if clip.bursts is None or finest_grid(self.loaded) == 1:
            return ()
        half_s = self.reel.plan.window_s / len(clip.indices) / 2
        for k, i in enumerate(clip.indices):
            if i <= self._told:
                continue
            self._told = i
            motion = model.motion_encoder(taken | {"motion_values": taken["motion_values"][:, k : k + 1]})
            tokens = self._tokens[i].expand(1, len(clip.indices), -1, -1)
            span = max(window.start_s, clip.times[k] - half_s), min(window.end_s, clip.times[k] + half_s)
            found.append(Moment(*span, model.project(tokens, motion)[0]))
        return tuple(found)
