"""What runs the parts: threads, local processes, or a Dask cluster. The numbers are equal.

The loops release the GIL and polars has threads of its own, so threads are the default: processes
keep the cores no busier, and each of them has to start, to load the compiled loops and to hold the
region once more.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import logging
import multiprocessing
import os
import pickle
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from geodata.errors import Fault, InputError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

_CONNECT_S = 20
_RETRIES = 5


class Engine(Protocol):
    """Applies functions to items, in any order, and returns results in that of the items."""

    workers: int

    def run(
        self,
        function: Callable[..., Result],
        items: Sequence[Item],
        *shared: Any,
        done: Callable[[int], None] = ...,
    ) -> list[Result]:
        """Return ``function(item, *shared)`` of every item.

        Args:
            function: depends on its arguments alone; may run more than once for an item.
            items: small and picklable.
            shared: sent to each worker once.
            done: told after each item how many are finished.
        """
        ...


class Threads:
    """Threads of this process.

    Args:
        workers: how many; one a core unless given.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1

    def run(
        self,
        function: Callable[..., Result],
        items: Sequence[Item],
        *shared: Any,
        done: Callable[[int], None] = lambda _: None,
    ) -> list[Result]:
        """Return ``function(item, *shared)`` of every item; see `Engine`."""
        with ThreadPoolExecutor(self.workers) as pool:
            futures = {pool.submit(function, item, *shared): i for i, item in enumerate(items)}
            try:
                return _gathered(((futures[f], f.result()) for f in as_completed(futures)), done)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


class Processes:
    """Processes of this machine, each of which loads what is shared once; see `processes`.

    Args:
        pool: of processes.
        workers: how many there are.
        folder: for what is shared.
    """

    def __init__(self, pool: ProcessPoolExecutor, workers: int, folder: Path) -> None:
        self.pool, self.workers, self.folder = pool, workers, folder

    def run(
        self,
        function: Callable[..., Result],
        items: Sequence[Item],
        *shared: Any,
        done: Callable[[int], None] = lambda _: None,
    ) -> list[Result]:
        """Return ``function(item, *shared)`` of every item; a lost process's items run here."""
        file = _put(shared, self.folder)
        found: dict[int, Result] = {}
        futures: dict[Future[Result], int] = {}
        try:
            for place, item in enumerate(items):
                futures[self.pool.submit(_with_shared, function, item, file)] = place
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                done(len(found))
        except BrokenProcessPool:
            log.warning("a process was lost; what it had not finished is done by threads")
            left, ready = [i for i in range(len(items)) if i not in found], len(found)
            chosen = [items[i] for i in left]
            threads = Threads(self.workers)
            again = threads.run(function, chosen, *shared, done=lambda n: done(ready + n))
            found |= zip(left, again, strict=True)
        except BaseException:
            self.pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [found[place] for place in range(len(items))]


def _put(shared: tuple[Any, ...], folder: Path) -> Path:
    """Write what a round of work shares into `folder`, under a name that tells its content."""
    content = pickle.dumps(shared, pickle.HIGHEST_PROTOCOL)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(content).hexdigest()}.pickle"
    file.write_bytes(content)
    return file


def _with_shared(function: Callable[..., Result], item: Any, file: Path) -> Result:
    return function(item, *_shared(file))


@functools.lru_cache(maxsize=1)
def _shared(file: Path) -> tuple[Any, ...]:
    """Return what a round of work shares, read once by each process.

    Raises:
        InputError: if a worker of a cluster does not see the work folder.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        params: dict[str, object] = {"folder": str(file.parent)}
        raise InputError(Fault("audit_not_shared", "--scheduler", None, params)) from None
    found: tuple[Any, ...] = pickle.loads(content)  # noqa: S301 - of our own making
    return found


def end_with_parent() -> None:
    """Let this process end when the one that started it is gone; initializer of pools.

    A parent that is killed closes nothing: its workers would wait for work without end.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.join,), daemon=True).start()


def _leave_after(wait: Callable[[], None]) -> None:
    wait()
    # The main thread may wait for a queue that nobody fills any more: no clean way out of there.
    os._exit(1)


@contextmanager
def processes(workers: int | None = None) -> Iterator[Processes]:
    """Give processes of this machine, started anew so that no lock of this one is inherited.

    Args:
        workers: how many; one a core unless given.
    """
    number = workers or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="island-response-") as folder,
        ProcessPoolExecutor(number, context, end_with_parent) as pool,
    ):
        yield Processes(pool, number, Path(folder))


class Cluster:
    """An existing Dask cluster; its workers must see the files and the work folder under the same
    paths, and have this package in the same version.

    What is shared goes by way of the work folder: kept in the memory of workers, it would be gone
    once each of those that held it had been lost.

    Args:
        client: connected client.
        folder: for what is shared.
    """

    def __init__(self, client: Any, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)

    def run(
        self,
        function: Callable[..., Result],
        items: Sequence[Item],
        *shared: Any,
        done: Callable[[int], None] = lambda _: None,
    ) -> list[Result]:
        """Return ``function(item, *shared)`` of every item; a lost worker's items run again."""
        file = _put(shared, self.folder)
        futures = [
            self.client.submit(_with_shared, function, item, file, pure=False, retries=_RETRIES)
            for item in items
        ]
        place = {future.key: i for i, future in enumerate(futures)}
        with self.client.as_current():
            finished = _distributed().as_completed(futures, with_results=True)
            return _gathered(((place[future.key], result) for future, result in finished), done)


@contextmanager
def of(
    scheduler: str | None, workers: int | None, folder: Path, *, in_processes: bool = False
) -> Iterator[Engine]:
    """Give the engine that the options ask for.

    Args:
        scheduler: address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; None for this
            machine.
        workers: threads or processes, where there is no scheduler.
        folder: for what the workers of a cluster share; each of them must see it.
        in_processes: whether these are processes.

    Raises:
        InputError: if Dask is not installed, or no scheduler answers at the address.
    """
    if scheduler is None and in_processes:
        with processes(workers) as found:
            yield found
        return
    if scheduler is None:
        yield Threads(workers)
        return
    try:
        package = _distributed()
    except ImportError:
        raise InputError(Fault("audit_no_dask", "--scheduler", scheduler)) from None
    try:
        client = package.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason: dict[str, object] = {"reason": str(error)}
        raise InputError(Fault("audit_no_scheduler", "--scheduler", scheduler, reason)) from error
    with client:
        yield Cluster(client, folder)


def _distributed() -> Any:
    """Return Dask's distributed package, which only a cluster needs."""
    return importlib.import_module("distributed")


def _gathered(finished: Iterator[tuple[int, Result]], done: Callable[[int], None]) -> list[Result]:
    found: dict[int, Result] = {}
    for place, result in finished:
        found[place] = result
        done(len(found))
    return [found[place] for place in sorted(found)]
