"""The Space: settings from the environment, the page, nothing else."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vqathinker.space import Settings, launch

if __name__ == "__main__":
    launch(Settings.from_environment())
