"""The demo page. It knows the package only through `load_rater` and the Rater."""

from .build import build, launch
from .settings import Settings

__all__ = ["Settings", "build", "launch"]
