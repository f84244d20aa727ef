"""What runs the parts: threads of this process, or an existing Dask cluster. The numbers are equal.

The loops release the GIL and polars has threads of its own, so threads serve as well as processes
would, without copies of the region in each (tests/benchmarks/audit.py shows both).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from geodata.errors import Fault, InputError

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


class Cluster:
    """An existing Dask cluster; its workers must see the files and the work folder under the same
    paths, and have this package in the same version.

    Args:
        client: connected client.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)

    def run(
        self,
        function: Callable[..., Result],
        items: Sequence[Item],
        *shared: Any,
        done: Callable[[int], None] = lambda _: None,
    ) -> list[Result]:
        """Return ``function(item, *shared)`` of every item; a lost worker's items run again."""
        sent = [self.client.scatter(thing, broadcast=True, hash=False) for thing in shared]
        futures = [
            self.client.submit(function, item, *sent, pure=False, retries=_RETRIES)
            for item in items
        ]
        place = {future.key: i for i, future in enumerate(futures)}
        with self.client.as_current():
            finished = _distributed().as_completed(futures, with_results=True)
            return _gathered(((place[future.key], result) for future, result in finished), done)


@contextmanager
def of(scheduler: str | None, workers: int | None) -> Iterator[Engine]:
    """Give the engine that the options ask for.

    Args:
        scheduler: address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; None for threads.
        workers: threads, where there is no scheduler.

    Raises:
        InputError: if Dask is not installed, or no scheduler answers at the address.
    """
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
        yield Cluster(client)


def _distributed() -> Any:
    """Return Dask's distributed package, which only a cluster needs."""
    return importlib.import_module("distributed")


def _gathered(finished: Iterator[tuple[int, Result]], done: Callable[[int], None]) -> list[Result]:
    found: dict[int, Result] = {}
    for place, result in finished:
        found[place] = result
        done(len(found))
    return [found[place] for place in sorted(found)]
