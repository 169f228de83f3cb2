"""What the commands of the command line do, a module each; each returns the exit code. What a command needs of the
model's libraries it imports when it runs."""

from .ask import run_ask
from .batch import run_batch
from .common import INTERRUPTED, NOT_RATED, USAGE, complain
from .compare import run_compare
from .completion import run_completion
from .convert import run_convert
from .evaluate import run_evaluate
from .models import run_models
from .rate import run_rate
from .serve import run_serve
from .timeline import add_timeline_options, run_timeline

__all__ = [
    "INTERRUPTED",
    "NOT_RATED",
    "USAGE",
    "add_timeline_options",
    "complain",
    "run_ask",
    "run_batch",
    "run_compare",
    "run_completion",
    "run_convert",
    "run_evaluate",
    "run_models",
    "run_rate",
    "run_serve",
    "run_timeline",
]
