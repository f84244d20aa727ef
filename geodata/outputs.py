"""Results reach the disk whole or not at all.

Every file of a run is first written to a staging folder inside the target and moved into place,
file by file, once all of them are complete; a run that fails or is killed leaves the target as it
was, and the next one clears what a killed run left in the staging folder.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
import tempfile
from pathlib import Path, PurePath
from types import TracebackType
from typing import BinaryIO

from geodata.errors import Cause, Fault, InputError

STAGING_PREFIX = ".island-response-"
RUN_RECORD = "run.json"
_LOCK = "lock"
# Left by file managers; a folder with nothing else counts as empty.
_JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_WINDOWS_TOO_LONG = (3, 111, 206)
_WINDOWS_PATH_LIMIT = 260


class OutputFolder:
    """A folder that a run fills, all or nothing.

    Args:
        path: target; made, with its parents, if missing. May be a link to a folder.
        overwrite: whether the target may hold files. Those of the same names are replaced, others
            are never touched.

    Raises:
        InputError: on entering, if the target is a file, not empty without `overwrite`, in use by
            another run, or cannot be written; on leaving, if a file in it cannot be replaced.

    Example:
        >>> with OutputFolder(Path("results")) as out:  # doctest: +SKIP
        ...     out.path("result.json").write_text("{}", encoding="utf-8")
    """

    def __init__(self, path: Path | str, *, overwrite: bool = False) -> None:
        self.target = Path(path)
        self.overwrite = overwrite
        self._made: list[Path] = []
        self._staging = Path()
        self._lock: BinaryIO | None = None

    def __enter__(self) -> OutputFolder:
        """Make the target and its staging folder."""
        try:
            self._enter()
        except BaseException as error:
            self._leave()
            if isinstance(error, (OSError, ValueError)):
                raise InputError(_fault_of(self.target, error)) from error
            raise
        return self

    def path(self, name: str) -> Path:
        """Return where to write the file `name`, for instance ``maps/coverage.html``.

        Raises:
            ValueError: if `name` leads out of the folder.
        """
        inner = PurePath(name)
        if inner.is_absolute() or ".." in inner.parts or not inner.parts:
            raise ValueError(f"{name!r} is no name inside the output folder")
        path = self._files / inner
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def names(self) -> list[str]:
        """Return the names of all files written so far, in order."""
        found = (p for p in self._files.rglob("*") if p.is_file())
        return sorted(p.relative_to(self._files).as_posix() for p in found)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Move every file into place, or after an error leave the target as it was."""
        try:
            if kind is None:
                self._move_into_place()
        except OSError as failure:
            raise InputError(_fault_of(self.target, failure)) from failure
        finally:
            self._leave()
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise InputError(_fault_of(self.target, error)) from error

    @property
    def _files(self) -> Path:
        return self._staging / "files"

    def _enter(self) -> None:
        if self.target.exists() and not self.target.is_dir():
            raise InputError(Fault("out_is_a_file", str(self.target)))
        self._make_target()
        self._clear_leftovers()
        if not self.overwrite and any(
            child.name.lower() not in _JUNK for child in self.target.iterdir()
        ):
            raise InputError(Fault("out_not_empty", str(self.target)))
        self._staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=self.target))
        self._lock = (self._staging / _LOCK).open("wb")
        _try_lock(self._lock)
        self._files.mkdir()

    def _make_target(self) -> None:
        missing = [p for p in (self.target, *self.target.parents) if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)

    def _clear_leftovers(self) -> None:
        """Remove staging folders of killed runs; one that is locked belongs to a run under way."""
        for left in sorted(self.target.glob(f"{STAGING_PREFIX}*")):
            if not left.is_dir() or left.is_symlink():
                continue
            if (left / _LOCK).exists():
                with (left / _LOCK).open("r+b") as lock:
                    if not _try_lock(lock):
                        raise InputError(Fault("out_busy", str(self.target)))
            shutil.rmtree(left, ignore_errors=True)

    def _move_into_place(self) -> None:
        names = self.names()
        self._refuse_what_cannot_be_replaced(names)
        # The run record goes last: a folder that has one is complete. That of an earlier run goes
        # first, lest it vouch for files of this one.
        names.sort(key=lambda name: name == RUN_RECORD)
        if RUN_RECORD in names:
            (self.target / RUN_RECORD).unlink(missing_ok=True)
        for name in names:
            (self.target / name).parent.mkdir(parents=True, exist_ok=True)
            (self._files / name).replace(self.target / name)
        self._made.clear()

    def _refuse_what_cannot_be_replaced(self, names: list[str]) -> None:
        """Look before the first move: a file that is open in Excel would stop a later one."""
        faults = []
        for name in names:
            existing = self.target / name
            above = [self.target / p for p in PurePath(name).parents]
            faults += [Fault("out_is_a_file", str(p)) for p in above if p.is_file()]
            if existing.is_dir():
                faults.append(Fault("out_name_taken", str(existing)))
            elif existing.exists() and not existing.is_symlink():
                try:
                    existing.open("r+b").close()
                except OSError:
                    faults.append(Fault("out_file_open", str(existing)))
        if faults:
            raise InputError(faults)

    def _leave(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._staging.name.startswith(STAGING_PREFIX):
            shutil.rmtree(self._staging, ignore_errors=True)
        for folder in reversed(self._made):
            # Folders made for this run go again while they are empty.
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._made.clear()


def _fault_of(target: Path, error: Exception) -> Fault:
    number = getattr(error, "errno", None)
    windows = getattr(error, "winerror", None)
    long = windows in _WINDOWS_TOO_LONG and len(str(target.absolute())) > _WINDOWS_PATH_LIMIT - 60
    if number == errno.ENAMETOOLONG or long:
        return Fault("out_path_too_long", str(target))
    name = getattr(error, "filename", None)
    return Fault("out_unusable", str(name or target), params={"reason": Cause.of(error)})


if sys.platform == "win32":

    def _try_lock(file: BinaryIO) -> bool:
        """Lock `file` as long as it stays open; False where another process holds it."""
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _try_lock(file: BinaryIO) -> bool:
        """Lock `file` as long as it stays open; False where another process holds it."""
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks cannot tell; taken as free
            return True
        return True
