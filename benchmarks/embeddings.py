"""Embedding pictures, and searching 100,000 vectors beside a plain numpy product in the same run.

``python benchmarks/embeddings.py`` prints CPU figures, medians of 7 runs where they are short. No
limit is fixed for the rate of embedding: it is what the built-in embedder costs on this machine. A
search may cost at most twice the plain product, with its sort.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One thread on both sides: what is compared is the work, not the number of cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from PIL import Image

from nucleus_lab.engine import Engine, datasets, embeddings, items, similarity, vector_set
from nucleus_lab.engine.items import ItemRow
from nucleus_lab.engine.sampling import spread
from nucleus_lab.engine.settings import Settings
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import FilePart, Request

VECTORS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
DIMENSION = 128
PICTURES = 400
RUNS = 7
LIMIT = 2.0


def median_ms(work: Callable[[], Any]) -> float:
    """CPU time of one call."""
    work()
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent) * 1e3


def embedding_rate(engine: Engine) -> float:
    """Pictures a second of CPU time, from stored files to kept vectors."""
    draw = np.random.default_rng(1)
    with engine.store.write() as connection:
        key = datasets.create(connection, "pictures")
        ds = datasets.by_key(connection, key).public_id
    for start in range(0, PICTURES, 100):
        payloads, files = [], []
        for number in range(start, start + 100):
            coarse = draw.integers(0, 256, (12, 16, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG")
            files.append(FilePart("image", f"{number}.jpg", "image/jpeg", buffer.getvalue()))
            payloads.append({"reference_id": f"p{number}", "image_url": f"{number}.jpg"})
        answer = dispatch(engine, Request("POST", f"dataset/{ds}/append", payloads, {}, files))
        assert answer.status == 200, answer.payload
    start_s = time.process_time()
    job = dispatch(engine, Request("POST", f"indexing/{ds}/internal/image"))
    spent_s = time.process_time() - start_s
    assert job.payload["job_last_known_status"] == "Completed", job.payload
    return PICTURES / spent_s


def fill(engine: Engine) -> tuple[embeddings.IndexRow, np.ndarray]:
    """Store vectors of items that stay at URLs."""
    draw = np.random.default_rng(2)
    vectors = draw.normal(size=(VECTORS, DIMENSION)).astype(np.float32)
    with engine.store.write(bulk=True) as connection:
        key = datasets.create(connection, "vectors")
        rows = [ItemRow(f"v{n:07}", "image", f"https://x/{n}.jpg") for n in range(VECTORS)]
        items.insert(connection, key, rows, update=False)
        query = "SELECT id FROM item WHERE dataset_id = ? ORDER BY id"
        ids = [row[0] for row in connection.exec_driver_sql(query, (key,))]
    members = [("item", item_id, item_id) for item_id in ids]
    start = time.process_time()
    embeddings.add(engine, key, ("image", "custom", embeddings.CUSTOM), members, vectors)
    print(f"store {VECTORS:,} vectors: {time.process_time() - start:.2f} s CPU")
    with engine.store.read() as connection:
        index = embeddings.needed(connection, key, "image")
    return index, vectors


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), settings=Settings(inline_jobs=True, media_threads=1))
        rate = embedding_rate(engine)
        print(f"embed 640 x 480 JPEGs: {rate:.0f} pictures/s of one core")

        index, vectors = fill(engine)
        start = time.process_time()
        loaded = vector_set.load(engine, index)
        print(f"load them once: {(time.process_time() - start) * 1e3:.0f} ms")

        unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
        query = vectors[7]

        def plain() -> Any:
            scores = unit @ (query / np.linalg.norm(query))
            best = np.argpartition(-scores, 10)[:10]
            return best[np.argsort(-scores[best])]

        ours = median_ms(lambda: similarity.nearest(engine, index, query, 10))
        product = median_ms(plain)
        same = [found.key for found in similarity.nearest(engine, index, query, 10)]
        assert same == loaded.keys[plain()].tolist()
        print(
            f"10 nearest of {VECTORS:,} x {DIMENSION}: {ours:.1f} ms; "
            f"plain numpy {product:.1f} ms; ratio {ours / product:.2f} (limit {LIMIT})"
        )
        start = time.process_time()
        spread(unit, 100)
        print(f"100 most unlike of them: {time.process_time() - start:.2f} s CPU")
        engine.close()
    return 0 if ours <= LIMIT * product else 1


if __name__ == "__main__":
    sys.exit(main())
