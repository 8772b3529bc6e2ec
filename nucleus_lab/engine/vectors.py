"""The files of vectors, beside the database: written whole, then read as mapped memory.

A segment is one ``.npy`` file of 32-bit floats, a line a vector. It is written under a temporary
name, forced to the disk and renamed before any row names it, and never changed afterwards. What no
row names is swept.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from nucleus_lab.engine.embedding_schema import embedding_segment
from nucleus_lab.engine.failures import storage_failures
from nucleus_lab.engine.free_space import free_bytes
from nucleus_lab.errors import WorkspaceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine
    from nucleus_lab.engine.vector_set import VectorSet
    from nucleus_lab.query.scores import Scores

_PART: Final = ".part"
_MOST_LOADED: Final = 4
_MOST_SCORES: Final = 4


class VectorFiles:
    """The vectors of one workspace.

    Args:
        engine: The open workspace.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._root = engine.workspace / "vectors"
        self._lock = Lock()
        self._loaded: OrderedDict[int, VectorSet] = OrderedDict()
        self._scores: OrderedDict[tuple[Any, ...], Scores] = OrderedDict()

    def write(self, vectors: NDArray[Any]) -> str:
        """Write a segment; no row names it yet.

        Args:
            vectors: Shape ``(n, dimension)``; kept as 32-bit floats.

        Returns:
            The name of the file.

        Raises:
            StorageFullError: No space is left; nothing was kept.
        """
        import numpy as np

        name = f"{secrets.token_hex(12)}.npy"
        path = self._root / name
        temporary = path.with_name(name + _PART)
        with storage_failures(str(self._root), lambda: free_bytes(self._root)):
            self._root.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    np.save(file, np.ascontiguousarray(vectors, np.float32))
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
        _sync(self._root)
        return name

    def open(self, name: str, count: int, dimension: int) -> NDArray[Any]:
        """Map a segment into memory.

        Args:
            name: Name of the file.
            count: Vectors that it holds.
            dimension: Numbers of each.

        Returns:
            Shape ``(count, dimension)``, read-only.

        Raises:
            FileNotFoundError: It is gone: replaced in this moment, or lost.
            WorkspaceError: It holds something else.
        """
        import numpy as np

        path = self._root / name
        try:
            found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as fault:
            raise self._damaged(path, str(fault)) from fault
        if found.shape != (count, dimension) or found.dtype != np.float32:
            raise self._damaged(path, f"it holds {found.shape} numbers of {found.dtype}")
        return found

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that no row names any more; a file in use goes with the next sweep.

        Args:
            names: Names of the files.
        """
        for name in names:
            with suppress(OSError):
                (self._root / name).unlink(missing_ok=True)

    def sweep(self, *, grace_s: float | None = None) -> int:
        """Remove files that no row names and that nobody is about to name.

        Args:
            grace_s: Keep files written within this many seconds; ``None`` for
                ``settings.sweep_grace_s``.

        Returns:
            How many were removed.
        """
        grace = self._engine.settings.sweep_grace_s if grace_s is None else grace_s
        oldest = time.time() - grace
        if not self._root.is_dir():
            return 0
        old: list[str] = []
        for path in self._root.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= oldest:
                    old.append(path.name)
        if not old:
            return 0
        with self._engine.store.read() as connection:
            named = set(connection.scalars(select(embedding_segment.c.file)))
        unnamed = [name for name in old if name not in named]
        self.remove(unnamed)
        return len(unnamed)

    def recall(self, index_id: int, change_seq: int) -> VectorSet | None:
        """Return what was loaded of an index.

        Args:
            index_id: Primary key of the index.
            change_seq: Its change counter now.

        Returns:
            The vectors; ``None`` when they are not loaded, or have changed since.
        """
        with self._lock:
            kept = self._loaded.get(index_id)
            if kept is None or kept.index.change_seq != change_seq:
                return None
            self._loaded.move_to_end(index_id)
            return kept

    def keep(self, loaded: VectorSet) -> None:
        """Keep what was loaded of an index for the next call.

        Args:
            loaded: The vectors.
        """
        with self._lock:
            self._loaded[loaded.index.id] = loaded
            self._loaded.move_to_end(loaded.index.id)
            while len(self._loaded) > _MOST_LOADED:
                self._loaded.popitem(last=False)

    def scores(self, key: tuple[Any, ...]) -> Scores | None:
        """Return scores that were computed before.

        Args:
            key: What they are of, with the change counter of the index.

        Returns:
            The scores, or ``None``.
        """
        with self._lock:
            return self._scores.get(key)

    def keep_scores(self, key: tuple[Any, ...], scores: Scores) -> None:
        """Keep scores for the next page of a query.

        Args:
            key: What they are of, with the change counter of the index.
            scores: The scores.
        """
        with self._lock:
            self._scores[key] = scores
            while len(self._scores) > _MOST_SCORES:
                self._scores.popitem(last=False)

    def _damaged(self, path: Path, reason: str) -> WorkspaceError:
        return WorkspaceError(
            f"the vector file {path} is damaged ({reason}): restore it from a backup, or delete "
            "the index and create it again",
            path=str(path),
        )


def _sync(folder: Path) -> None:
    """Force the new name to the disk: a rename alone may be lost with the power."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
