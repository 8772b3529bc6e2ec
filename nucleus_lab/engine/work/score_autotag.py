"""The job that trains the model of an autotag and scores everything with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from nucleus_lab import identifiers
from nucleus_lab.engine import autotag_scores, autotags, datasets, embeddings, vector_set
from nucleus_lab.engine.vector_set import MEMBERS
from nucleus_lab.engine.work import Task, job_kind

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_AT_ONCE: Final = 65_536


@job_kind(autotags.JOB)
def run(engine: Engine, task: Task) -> dict[str, Any]:
    """Train on the examples, then score all that has an embedding; scores change all at once.

    Args:
        engine: The open workspace.
        task: Its payload holds ``autotag_id`` and ``refinement_id``.

    Returns:
        How many were scored, how many are tagged, and the quality.
    """
    import numpy as np

    from nucleus_lab.engine import autotag_training

    started = time.monotonic()
    autotag_training.check()
    public = identifiers.encode(identifiers.AUTOTAG, task.payload["autotag_id"])
    with engine.store.read() as connection:
        datasets.by_key(connection, task.dataset_id)
        row = autotags.get(connection, public)
        index = embeddings.needed(connection, row.dataset_id, row.level)
        chosen = autotags.examples(connection, row.id)
    loaded = vector_set.load(engine, index)
    live = loaded.live()
    place = {
        (MEMBERS[kind], key): line
        for kind, key, line in zip(
            loaded.members[live].tolist(), loaded.keys[live].tolist(), live.tolist(), strict=True
        )
    }
    lines = {
        wanted: np.array(
            [
                place[member]
                for member, flag in chosen.items()
                if flag is wanted and member in place
            ],
            np.int64,
        )
        for wanted in (True, False)
    }
    total = len(live)
    task.progress(0, max(total, 1))
    training = autotag_training.gather(loaded, lines[True], lines[False], seed=row.id)
    quality = autotag_training.quality(training)
    task.checkpoint()
    model = autotag_training.fit(training)
    scored: list[tuple[str, int, int, float]] = []
    for block in loaded.blocks(_AT_ONCE):
        values = autotag_training.scores(model, loaded.units(block))
        scored += zip(
            [MEMBERS[kind] for kind in loaded.members[block]],
            loaded.keys[block].tolist(),
            loaded.item_ids[block].tolist(),
            values.tolist(),
            strict=True,
        )
        task.progress(len(scored), max(total, 1))
    scored.sort()
    with engine.store.write(bulk=True) as connection:
        row = autotags.get(connection, public)
        datasets.lock(connection, row.dataset_id)
        autotag_scores.store(connection, row, scored)
        refinement = task.payload.get("refinement_id")
        if refinement is not None:
            taken = (time.monotonic() - started) * 1e3
            autotags.note(connection, refinement, taken, quality)
    tagged = sum(1 for score in scored if score[3] > 0)
    return {"autotag_id": row.public_id, "scored": len(scored), "tagged": tagged, **quality}
