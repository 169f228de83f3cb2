"""Batches on the machines of a Ray cluster: Ray Data hands files to workers, each of which has loaded the model once.

A worker that dies is started again, and what it had in hand is rated again, by it or by others; of each file one result
arrives, in the order of the files. Where a whole machine is lost, its workers go on on others that have a processor, or
a GPU, to spare, and otherwise wait for one. The files must be readable under the same paths everywhere.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")  # what a run prints is the command's
# A cluster that is started here works like any other process; Ray would let its workers wait for all of them (nice 15).
os.environ.setdefault("RAY_worker_niceness", "0")

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError

from ..errors import ModelError, VideoError
from ..protocols import DEFAULT_PROTOCOL
from ..rating import Rater, Rating

LOCAL = "local"
"""The address of a cluster that is started on this machine, for as long as this process lives."""
LOCAL_CLUSTER = {
    "include_dashboard": False,
    "object_store_memory": 128 * 2**20,
    "_node_ip_address": "127.0.0.1",
}
"""Settings of such a cluster: nobody else can reach it, and paths and ratings need little room."""
START_ATTEMPTS = 3
"""How often it is tried. Ray gives its own processes 15 and 30 s to start, too little on a machine that is busy; what
the first try read from the disk, the next one has at hand."""
FILES_A_TASK = 8
"""What a worker is handed at a time; so much at most has to be done again when it dies."""


@dataclass(frozen=True)
class Workers:
    """How many, and what each may use: `threads` of its machine, and a GPU or a part of one."""

    count: int
    threads: int
    gpus: float

    @property
    def claims(self) -> dict:
        """What Ray keeps free for one. Of processors it is told of one only, so that a machine can take in the workers
        of one that is lost."""
        return {"num_gpus": self.gpus} if self.gpus else {"num_cpus": 1}


def plan_workers(count: int | None) -> Workers:
    """For the cluster that this process is connected to: one for each GPU, or for each machine where there are none.
    Raises ModelError where `count` are more than there is room for."""
    whole, nodes = ray.cluster_resources(), [node for node in ray.nodes() if node["Alive"]]
    cpus, gpus = int(whole.get("CPU", 0)), int(whole.get("GPU", 0))
    with_cpus = [node for node in nodes if node["Resources"].get("CPU")]
    count = count or gpus or len(with_cpus)
    if count > max(cpus, gpus) or not count:
        raise ModelError(f"the cluster has {cpus} processors and {gpus} GPUs, too few for {count} workers")
    return Workers(count, max(1, cpus // count), min(1.0, gpus / count))


class RayRater:
    """What batches need of a Rater: its name, its precision, and `rate_many`, which is done on a cluster.

    `load(precision=...)` makes the Rater of a worker, "cuda" or "cpu" being its own choice; `address` is that of a Ray
    cluster, "auto" for the one of this machine, or LOCAL. Where the precision is left to be chosen, one worker does,
    for all. Raises ModelError.
    """

    def __init__(
        self,
        name: str,
        load: Callable[..., Rater],
        *,
        address: str = "auto",
        workers: int | None = None,
        precision: str = "auto",
        protocol: str = DEFAULT_PROTOCOL,
    ) -> None:
        self.name, self.load, self.protocol, self.note = name, load, protocol, ""
        connect(address)
        self.workers = plan_workers(workers)
        self.precision = precision if precision != "auto" else self._chosen_precision()

    def rate_many(
        self,
        paths: Iterable[str | Path],
        rollouts: int = 0,
        seed: int = 0,
        *,
        batch: int | None = None,
        jobs: int | None = None,
        report: Callable[[str], None] | None = None,
    ) -> Iterator[Rating | VideoError]:
        """As `Rater.rate_many`; what workers report stands in their logs. Raises ModelError when one cannot go on."""
        files = [str(Path(path).absolute()) for path in paths]
        if not files:
            return
        options = {"rollouts": rollouts, "seed": seed, "batch": batch, "jobs": jobs or self.workers.threads}
        try:
            for row in self._rated(files, options).iter_rows():
                yield pickle.loads(row["result"])
        except RayError as error:
            raise ModelError(f"the cluster could not go on: {reason(error)}") from error

    def _rated(self, files: Sequence[str], options: dict) -> ray.data.Dataset:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        items = ray.data.from_items(
            [{"file": os.fsencode(file)} for file in files], override_num_blocks=ceil(len(files) / FILES_A_TASK)
        )
        return items.map_batches(
            Worker,
            fn_constructor_args=(self.load, self.precision, self.workers.threads, options),
            batch_size=FILES_A_TASK,
            compute=ray.data.ActorPoolStrategy(size=self.workers.count),
            **self.workers.claims,
        )

    def _chosen_precision(self) -> str:
        chosen = ray.remote(**self.workers.claims)(lambda load: load(precision="auto").precision)
        try:
            return ray.get(chosen.remote(self.load))
        except RayError as error:
            raise ModelError(reason(error)) from error


class Worker:
    """One process of the cluster, with the model."""

    def __init__(self, load: Callable[..., Rater], precision: str, threads: int, options: dict) -> None:
        import torch

        torch.set_num_threads(threads)
        self.rater, self.options = load(precision=precision), options

    def __call__(self, files: dict[str, np.ndarray]) -> dict[str, list]:
        paths = [os.fsdecode(file) for file in files["file"]]
        return {"result": [pickle.dumps(result) for result in self.rater.rate_many(paths, **self.options)]}


def connect(address: str) -> None:
    """Join a cluster, once in a process. Raises ModelError where there is none, or none can be started."""
    if ray.is_initialized():
        return
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address == LOCAL:
            start_alone(quiet)
        else:
            ray.init(address, **quiet)
    except Exception as error:  # of a node that does not come up in time, Ray raises just that
        told = {"auto": "there is no Ray cluster", LOCAL: "no Ray cluster can be started here"}
        what = told.get(address, f"no Ray cluster answers at {address}")
        raise ModelError(f"{what}: {' '.join(str(error).split())[:200]}") from error


def start_alone(quiet: dict) -> None:
    """A cluster on this machine. Raises what Ray raises at the last try."""
    for left in reversed(range(START_ATTEMPTS)):
        try:
            ray.init(LOCAL, **LOCAL_CLUSTER, **quiet)  # without an address it would join a cluster that is here already
            return
        except Exception:
            ray.shutdown()
            if not left:
                raise


def reason(error: Exception) -> str:
    """The last line of what went wrong on a worker."""
    cause = error.cause if isinstance(error, RayTaskError) else error
    lines = [line for line in str(cause).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
