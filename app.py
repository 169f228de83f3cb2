"""The Space: settings from the environment, the page, nothing else."""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vqathinker.errors import VQAThinkerError
from vqathinker.space import Settings, launch

if __name__ == "__main__":
    try:
        launch(Settings.from_environment())
    except VQAThinkerError as error:
        sys.exit(f"vqathinker: {error}")
