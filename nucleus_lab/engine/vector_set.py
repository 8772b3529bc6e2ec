"""The vectors of one index, loaded: arrays that searches, samples and models work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, select

from nucleus_lab.engine import embeddings
from nucleus_lab.engine.embedding_schema import embedding, embedding_segment
from nucleus_lab.engine.embeddings import IndexRow
from nucleus_lab.engine.statements import Statement
from nucleus_lab.errors import WorkspaceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nucleus_lab.engine import Engine

MEMBERS: Final = ("item", "annotation", "prediction")
"""What the codes in :attr:`VectorSet.members` stand for."""

_SEGMENTS: Final = Statement(
    lambda: (
        select(embedding_segment.c.id, embedding_segment.c.file, embedding_segment.c.count)
        .where(embedding_segment.c.embedding_index_id == bindparam("index"))
        .order_by(embedding_segment.c.id)
    )
)
_LINES: Final = Statement(
    lambda: select(
        embedding.c.member,
        embedding.c.member_id,
        embedding.c.item_id,
        embedding.c.segment_id,
        embedding.c.line,
    ).where(embedding.c.embedding_index_id == bindparam("index"))
)


@dataclass(slots=True)
class VectorSet:
    """The vectors of an index, one a line; lines of what was deleted are marked.

    Attributes:
        index: The index as it was when they were loaded.
        members: Shape ``(n,)``, index into :data:`MEMBERS`.
        keys: Shape ``(n,)``, primary keys of what the vectors are of; -1 marks a dead line.
        item_ids: Shape ``(n,)``, primary keys of the items.
        norms: Shape ``(n,)``, lengths of the vectors.
        parts: The mapped files in order.
        starts: First line of each file, and the number of all lines.
    """

    index: IndexRow
    members: NDArray[Any]
    keys: NDArray[Any]
    item_ids: NDArray[Any]
    norms: NDArray[Any]
    parts: list[NDArray[Any]]
    starts: NDArray[Any]
    _live: NDArray[Any] | None = field(default=None, repr=False)

    def live(self) -> NDArray[Any]:
        """Return the lines that count.

        Returns:
            Ascending indexes.
        """
        import numpy as np

        if self._live is None:
            self._live = np.flatnonzero(self.keys >= 0)
        return self._live

    def cosines(self, query: NDArray[Any]) -> NDArray[Any]:
        """Compare one vector with all.

        Args:
            query: Shape ``(dimension,)``, 32-bit floats.

        Returns:
            Shape ``(n,)``, -1 to 1 but for rounding; -inf on dead lines, 0 against zeros.
        """
        import numpy as np

        found = np.empty(len(self.keys), np.float32)
        length = float(np.linalg.norm(query))
        unit = query / length if length else query
        for start, part in zip(self.starts, self.parts, strict=False):
            np.dot(part, unit, out=found[start : start + len(part)])
        found /= self.norms
        if len(self.live()) < len(found):
            found[self.keys < 0] = -np.inf
        return found

    def take(self, lines: NDArray[Any]) -> NDArray[Any]:
        """Copy some vectors.

        Args:
            lines: Their lines.

        Returns:
            Shape ``(len(lines), dimension)``, as they were given.
        """
        import numpy as np

        copied = np.empty((len(lines), self.index.dimension), np.float32)
        part_of = np.searchsorted(self.starts, lines, side="right") - 1
        for place, part in enumerate(self.parts):
            chosen = np.flatnonzero(part_of == place)
            if len(chosen):
                copied[chosen] = part[lines[chosen] - self.starts[place]]
        return copied

    def units(self, lines: NDArray[Any]) -> NDArray[Any]:
        """Copy some vectors, each divided by its length.

        Args:
            lines: Their lines.

        Returns:
            Shape ``(len(lines), dimension)``.
        """
        made: NDArray[Any] = self.take(lines)
        made /= self.norms[lines][:, None]
        return made

    def blocks(self, size: int) -> Iterator[NDArray[Any]]:
        """Walk over the lines that count, some at a time.

        Args:
            size: Lines at most.

        Yields:
            Lines.
        """
        live = self.live()
        for start in range(0, len(live), size):
            yield live[start : start + size]


def load(engine: Engine, index: IndexRow) -> VectorSet:
    """Load the vectors of an index, or recall them where they have not changed.

    Args:
        engine: The workspace.
        index: The index, as read now or before.

    Returns:
        The vectors; of the state of the index now.

    Raises:
        WorkspaceError: A file is lost.
    """
    missing: FileNotFoundError | None = None
    for _attempt in range(3):  # files merge between the look into the database and theirs
        with engine.store.read() as connection:
            rows = embeddings.listing(connection, index.dataset_id)
            now = next((row for row in rows if row.id == index.id), None)
            if now is None:
                raise embeddings.unknown(index.dataset_id, index.level, index.kind)  # type: ignore[arg-type]
            kept = engine.vectors.recall(now.id, now.change_seq)
            if kept is not None:
                return kept
            segments, lines = _rows(connection, now)
        try:
            loaded = _assembled(engine, now, segments, lines)
        except FileNotFoundError as fault:
            missing = fault
            continue
        engine.vectors.keep(loaded)
        return loaded
    raise WorkspaceError(
        f"the vector file {missing.filename if missing else ''} is missing from the workspace: "
        "restore it from a backup, or delete the index and create it again"
    ) from missing


def _rows(
    connection: Connection, index: IndexRow
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return (
        list(_SEGMENTS.rows(connection, index=index.id)),
        list(_LINES.rows(connection, index=index.id)),
    )


def _assembled(
    engine: Engine,
    index: IndexRow,
    segments: list[tuple[Any, ...]],
    lines: list[tuple[Any, ...]],
) -> VectorSet:
    import numpy as np

    parts = [engine.vectors.open(file, count, index.dimension) for _, file, count in segments]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    total = int(starts[-1])
    members = np.zeros(total, np.uint8)
    keys = np.full(total, -1, np.int64)
    item_ids = np.full(total, -1, np.int64)
    if lines:
        kinds, ids, items, segment_ids, places = zip(*lines, strict=True)
        first = {segment[0]: int(start) for segment, start in zip(segments, starts, strict=False)}
        code = {kind: number for number, kind in enumerate(MEMBERS)}
        at = np.array([first[segment] for segment in segment_ids], np.int64)
        at += np.array(places, np.int64)
        keys[at] = ids
        item_ids[at] = items
        members[at] = [code[kind] for kind in kinds]
    norms = np.ones(total, np.float32)
    for start, part in zip(starts, parts, strict=False):
        norms[start : start + len(part)] = np.sqrt(np.einsum("ij,ij->i", part, part))
    norms[norms == 0] = 1.0
    return VectorSet(index, members, keys, item_ids, norms, parts, starts)
