"""The model, loaded in the background: again after a while where that failed, and the reason known meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import ModelError, VQAThinkerError

if TYPE_CHECKING:  # the page is there before torch is
    from ...rating import Rater

logger = logging.getLogger(__name__)
PAUSES_S = (5, 15, 30, 60, 120, 300)
"""Between two attempts; the last one again and again."""
LOADED_CHECK_S = 0.3
OURS = "the model could not be loaded because of an error in this program; its log has the details"


class Loader:
    """Calls `load` until it returns a Rater."""

    def __init__(self, load: Callable[[], Rater], pauses_s: tuple[float, ...] = PAUSES_S):
        self._load, self._pauses = load, pauses_s
        self._rater: Rater | None = None
        self._problem = ""
        self._known, self._closed = threading.Condition(), threading.Event()

    def start(self) -> None:
        """Load in the background, as often as it takes."""
        threading.Thread(target=self._try_again, name="load-model", daemon=True).start()

    def attempt(self) -> bool:
        """Load now; True when that worked. Why it did not is in the log and in `problem`."""
        try:
            rater, problem = self._load(), ""
        except VQAThinkerError as error:
            rater, problem = None, str(error)
        except BaseException:
            logger.exception("the model cannot be loaded")
            rater, problem = None, OURS
        if problem:
            logger.error("the model cannot be loaded: %s", problem)
        with self._known:
            self._rater, self._problem = rater, problem
            self._known.notify_all()
        return rater is not None

    @property
    def ready(self) -> bool:
        return self._rater is not None

    @property
    def problem(self) -> str:
        """Why there is no model after the last attempt, "" while there was none, or where it worked."""
        return self._problem

    def rater(self, cancel: threading.Event | None = None) -> Rater:
        """The Rater, after waiting for the first attempt. Raises ModelError with the reason of the last one, and where
        `cancel` was set before that."""
        with self._known:
            while self._rater is None and not self._problem and not self._closed.is_set():
                if cancel and cancel.is_set():
                    break
                self._known.wait(LOADED_CHECK_S)
            if self._rater is None:
                raise ModelError(self._problem or "the model was not there yet when the request was ended")
            return self._rater

    def close(self) -> None:
        """No further attempt; who waits is told."""
        self._closed.set()
        with self._known:
            self._known.notify_all()

    def _try_again(self) -> None:
        attempts = 0
        while not self._closed.is_set() and not self.attempt():
            pause = self._pauses[min(attempts, len(self._pauses) - 1)]
            attempts += 1
            logger.warning("the model is loaded again in %g s", pause)
            self._closed.wait(pause)
