"""What the checkpoints of a study are called."""

from __future__ import annotations

import re

START, FULL_RECIPE = "start", "grpo"
"""The supervised start, and the full recipe."""
RUN_NAME = re.compile(r"(?P<kind>start|grpo|no-[a-z_]+)(-seed(?P<seed>\d+))?")
"""start, grpo-seed0, no-ranking-seed0, …"""
