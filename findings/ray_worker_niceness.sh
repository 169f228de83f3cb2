#!/usr/bin/env bash
# Ray 2.60.0 starts its workers with a niceness 15 above that of the process that started the cluster (19 at most), so
# that on a machine with other work they get next to no processor, and a batch that takes seconds takes minutes.
# Expected: the priority of the process that called ray.init. RAY_worker_niceness=0, set before the cluster starts, gives
# that. Seen on Python 3.11, Linux:
#   driver 0, worker 15
#   with RAY_worker_niceness=0: driver 0, worker 0
# Fails if that changes. Takes 80 MB of downloads and half a minute; nothing is left behind.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
cat >"$work/niceness.py" <<'END'
import os

import ray

ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print(os.nice(0), ray.get(ray.remote(lambda: os.nice(0)).remote()))
END
cd "$work"
export RAY_USAGE_STATS_ENABLED=0
read -r driver worker <<<"$(venv/bin/python niceness.py | tail -n 1)"
echo "driver $driver, worker $worker"
read -r here there <<<"$(RAY_worker_niceness=0 venv/bin/python niceness.py | tail -n 1)"
echo "with RAY_worker_niceness=0: driver $here, worker $there"
most=$((driver + 15 < 19 ? driver + 15 : 19))
[ "$worker" = "$most" ] && [ "$here" = "$there" ]
