#!/usr/bin/env bash
# trackio 0.43.0: a logged row's own column "step" is not its step. It is renamed to "__step", with a warning, and the row
# stands at the number of calls so far; "time" is renamed, too. So a log with gaps (every tenth step, or from step 40 on,
# where a run goes on) is drawn at 0, 1, 2. Guessed: a row's step is what it says. `trackio.log(row, step=40)` does that.
# Output: version, then (step, columns) of a row logged without step=, and of one logged with it.
#   0.43.0
#   0 __step __time reward
#   40 reward
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet trackio==0.43.0
cd "$folder"
TRACKIO_DIR="$folder/kept" "$folder/env/bin/python" - <<'PYTHON'
import contextlib
import io

import trackio
from trackio.sqlite_storage import SQLiteStorage

with contextlib.redirect_stdout(io.StringIO()):
    trackio.init("project", name="run", embed=False)
    trackio.log({"step": 40, "time": 1.5, "reward": 0.5})
    trackio.log({"reward": 0.5}, step=40)
    trackio.finish()
told = []
for row in SQLiteStorage.get_logs("project", "run"):
    told.append((row["step"], *sorted(name for name in row if name not in ("step", "timestamp"))))
print(trackio.__version__)
for line in told:
    print(*line)
assert told == [(0, "__step", "__time", "reward"), (40, "reward")], told
PYTHON
