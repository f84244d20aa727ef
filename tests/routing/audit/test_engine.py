from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geodata.errors import Fault, InputError
from routing.audit import engine

PARENT = "ISLAND_RESPONSE_TEST_PARENT"


def added(item: int, more: int, table: dict[int, int]) -> int:
    return item + more + table.get(item, 0)


def refused(item: int) -> int:
    if item == 2:
        raise InputError(Fault("calls_empty", "log.csv"))
    return item


def lost(item: int) -> int:
    """Kill the process where the item is 1, but not the one that runs the test."""
    if item == 1 and os.environ[PARENT] != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * item


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[engine.Processes]:
    monkeypatch.setenv(PARENT, str(os.getpid()))
    with engine.processes(2) as found:
        yield found


@pytest.mark.slow
def test_processes_return_what_threads_return_round_after_round(pair: engine.Processes) -> None:
    items = list(range(9))
    for shared in ((1, {3: 100}), (2, {4: 200})):
        told: list[int] = []
        found = pair.run(added, items, *shared, done=told.append)
        assert found == engine.Threads(2).run(added, items, *shared)
        assert told == list(range(1, 10))


@pytest.mark.slow
def test_what_is_wrong_with_an_input_comes_back_whole(pair: engine.Processes) -> None:
    with pytest.raises(InputError) as caught:
        pair.run(refused, [1, 2, 3])
    assert caught.value.faults == (Fault("calls_empty", "log.csv"),)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_a_lost_process_changes_nothing(pair: engine.Processes) -> None:
    for _ in range(2):
        assert pair.run(lost, [0, 1, 2, 3]) == [0, 10, 20, 30]


def lost_once(item: int, more: int, mark: Path) -> int:
    """Kill the process that comes first, and leave a mark that it was."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return item + more
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills")
def test_a_cluster_that_loses_all_its_workers_goes_on_with_new_ones(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        engine.of(cluster.scheduler_address, None, tmp_path / "shared") as workers,
    ):
        for round_ in range(2):
            found = workers.run(lost_once, [1, 2, 3], 10, tmp_path / f"mark{round_}")
            assert found == [11, 12, 13]


@pytest.mark.slow
def test_a_cluster_that_does_not_see_the_work_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed")
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(engine, "_put", lambda *_: elsewhere / "shared.pickle")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        engine.of(cluster.scheduler_address, None, tmp_path / "shared") as workers,
        pytest.raises(InputError) as caught,
    ):
        workers.run(added, [1], 2, {})
    (fault,) = caught.value.faults
    assert fault.key == "audit_not_shared"
    assert str(elsewhere) in fault.text("en")


WAITING = """
import os
from routing.audit import engine

def who(item):
    return os.getpid()

if __name__ == "__main__":
    with engine.processes(1) as pool:
        print(pool.run(who, [0])[0], flush=True)
        input()
"""
"""A program that starts a worker, tells its process id, and waits with the worker idle."""


def is_running(process: int) -> bool:
    """Return whether a process runs; one that ended and that nobody asked about does not."""
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_an_idle_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "waiting.py"
    program.write_text(WAITING, "utf-8")
    root = Path(__file__).parents[3]
    parent = subprocess.Popen(
        [sys.executable, str(program)], env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert worker != parent.pid
        assert is_running(worker)
        parent.kill()
    until = time.monotonic() + 60
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_running(worker)
