"""A progress bar for work in stages; silent where standard error is no terminal."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

log = logging.getLogger(__name__)


class Stages:
    """Work in named stages, each as long as the next.

    Attributes:
        texts: key of each stage, in order, to the text that is shown.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        progress: Progress | None = None,
        task: TaskID | None = None,
    ) -> None:
        self.texts = dict(texts)
        self._progress, self._task = progress, task
        self._current = -1

    def next(self) -> None:
        """Begin the next stage; the one before is done."""
        self._show(self._current + 1)

    def begin(self, key: str) -> None:
        """Begin the stage `key`; those before it are done."""
        self._show(list(self.texts).index(key))

    def _show(self, stage: int) -> None:
        self._current = stage
        if stage < len(self.texts):
            text = list(self.texts.values())[stage]
            log.info("%d/%d %s", stage + 1, len(self.texts), text)
        self.advance(0.0)

    def advance(self, share: float) -> None:
        """Tell that `share` (0 to 1) of the current stage is done."""
        if self._progress is None or self._task is None:
            return
        shown = min(max(self._current, 0), len(self.texts) - 1)
        self._progress.update(
            self._task,
            completed=self._current + min(max(share, 0.0), 1.0),
            description=list(self.texts.values())[shown],
        )


@contextlib.contextmanager
def stages(texts: Mapping[str, str] | Sequence[str]) -> Iterator[Stages]:
    """Show a progress bar while work goes through stages.

    Args:
        texts: the stages in order, in the user's language: key to text, or texts alone.

    Example:
        >>> with stages({"load": "Loading", "compute": "Computing"}) as work:
        ...     work.begin("load")
        ...     work.begin("compute")
    """
    named = dict(texts) if isinstance(texts, Mapping) else {text: text for text in texts}
    if not named or not _is_terminal():
        yield Stages(named)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("", total=len(named))
        yield Stages(named, progress, task)
        progress.update(task, completed=len(named))


def _is_terminal() -> bool:
    return bool(getattr(sys.stderr, "isatty", lambda: False)())
