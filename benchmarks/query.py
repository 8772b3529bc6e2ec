"""Twenty queries over a million items and five million boxes, beside the best SQL by hand.

``python -m benchmarks.query [--items N] [--workspace DIR]`` prints CPU milliseconds, the median of
5 runs in turns, each line with its limit and whether it is kept. A folder that is given is filled
once and kept. Limits at 1,000,000 items: 1.3 times the best SQL by hand in the same run; a first
page of 100 items 50 ms; reading and compiling 1 ms, cold (a query that was never seen) and warm
(seen before, its names and indexes looked at again); the three counts as printed. Indexes of labels
are made first, as the first query has them made; those of metadata come later.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.query_by_hand import CONDITIONS, statements
from benchmarks.query_data import fill
from nucleus_lab.engine import Engine, column_indexes, indexes, queries, query_cache
from nucleus_lab.engine.query_run import prepare
from nucleus_lab.engine.statements import cursor_of

RUNS = 5
COMPILED = 25
PAGE = 100
RATIO = 1.3
FIRST_PAGE = 50.0
WITHIN = 0.035  # seconds, as the SDK asks its first page
COMPILE = 1.0
COUNTS = {
    "metadata.weather = fog": 10.0,
    "annotations.count > 3 AND metadata.weather = fog": 300.0,
    "predictions.label = car AND predictions.confidence > 0.9": 600.0,
}


def in_turns(works: list[Callable[[], Any]], runs: int = RUNS) -> list[float]:
    """CPU milliseconds of each, the runs of all taken in turns: other load hits all alike."""
    spent: list[list[float]] = [[] for _ in works]
    for turn in range(runs + 1):
        for work, times in zip(works, spent, strict=True):
            start = time.process_time()
            work()
            if turn:
                times.append(time.process_time() - start)
    return [statistics.median(times) * 1e3 for times in spent]


class Asked:
    """One query and the ways to answer it."""

    def __init__(self, engine: Engine, dataset_id: int, text: str) -> None:
        self.engine, self.dataset_id, self.text = engine, dataset_id, text

    def ids(self) -> list[int]:
        with self.engine.store.read() as connection:
            found = queries.select_rows(connection, self.dataset_id, self.text)
            return queries.keys_of(connection, found)

    def count(self) -> int:
        with self.engine.store.read() as connection:
            found = queries.select_rows(connection, self.dataset_id, self.text)
            return queries.count_of(connection, found)

    def page(self) -> Any:
        with self.engine.store.read() as connection:
            found = queries.select_rows(connection, self.dataset_id, self.text, paged=True)
            return queries.page_within(connection, found, None, PAGE, WITHIN)

    def compiling(self) -> tuple[float, float]:
        """CPU milliseconds from the text to the statement of the driver, cold and warm.

        What a query asks the data before it is compiled, such as whether few objects are that
        large, counts too.
        """
        with self.engine.store.read() as connection:

            def compiled() -> Any:
                found = queries.select_rows(connection, self.dataset_id, self.text)
                order = [*found.order, *found.sort]
                if "compiled" not in found.ready:
                    statement = queries.statement_of(found, f"{found.row}.id", order=order)
                    found.ready["compiled"] = prepare(connection, statement)
                return found.ready["compiled"]

            def cold() -> Any:
                query_cache.forget()
                return compiled()

            (unseen,) = in_turns([cold], COMPILED)
            (seen,) = in_turns([compiled], COMPILED)
        return unseen, seen

    def by_hand(self, sql: str) -> Callable[[], list[int]]:
        def run() -> list[int]:
            with self.engine.store.read() as connection:
                return [row[0] for row in cursor_of(connection).execute(sql).fetchall()]

        return run


@dataclass
class Line:
    """The figures of one query: CPU milliseconds."""

    ids: float
    hand: float
    page: float
    cold: float
    warm: float

    @property
    def ratio(self) -> float:
        """Ours to the best by hand."""
        return self.ids / self.hand

    def missed(self) -> list[str]:
        """Name the limits that are not kept."""
        tests = {
            f"ratio over {RATIO}": self.ratio > RATIO,
            f"first page over {FIRST_PAGE:.0f} ms": self.page > FIRST_PAGE,
            f"compiling over {COMPILE:.0f} ms": max(self.cold, self.warm) > COMPILE,
        }
        return [name for name, is_missed in tests.items() if is_missed]


def verdict(figure: float, limit: float) -> str:
    """Say whether a limit is kept."""
    return "kept" if figure <= limit else "MISSED"


def measure(engine: Engine, dataset_id: int, text: str, *, indexed: bool) -> Line:
    asked = Asked(engine, dataset_id, text)
    hands = [asked.by_hand(sql) for sql in statements(text, indexed=indexed, dataset_id=dataset_id)]
    ours = asked.ids()
    for hand in hands:
        assert hand() == ours, text
    spent = in_turns([asked.ids, asked.page, *hands])
    line = Line(spent[0], min(spent[2:]), spent[1], *asked.compiling())
    missed = line.missed()
    print(
        f"{text:57} {line.ids:8.1f} {line.hand:8.1f} {line.ratio:6.2f} {line.page:7.2f} "
        f"{line.cold:6.2f} {line.warm:6.2f} {len(ours):8}  "
        + (f"MISSED: {', '.join(missed)}" if missed else "kept"),
        flush=True,
    )
    return line


def table(engine: Engine, dataset_id: int, wanted: list[str], *, indexed: bool) -> list[Line]:
    print(
        f"\n{'with' if indexed else 'without'} indexes of metadata; CPU ms\n"
        f"{'':57} {'ids':>8} {'by hand':>8} {'ratio':>6} {'page':>7} {'cold':>6} {'warm':>6} "
        f"{'rows':>8}"
    )
    return [measure(engine, dataset_id, text, indexed=indexed) for text in wanted]


def summary(lines: list[Line], counts: dict[str, float]) -> bool:
    """Print each figure that is asked for with its limit; say whether all are kept."""
    rows = [
        ("worst ratio to the best SQL by hand", max(line.ratio for line in lines), RATIO, ""),
        ("slowest first page of 100", max(line.page for line in lines), FIRST_PAGE, " ms"),
    ]
    for name, times in (
        ("cold", [line.cold for line in lines]),
        ("warm", [line.warm for line in lines]),
    ):
        rows.append((f"reading and compiling, {name}, worst", max(times), COMPILE, " ms"))
        rows.append((
            f"reading and compiling, {name}, median",
            statistics.median(times),
            COMPILE,
            " ms",
        ))
    rows += [(f"count of {text}", counts[text], COUNTS[text], " ms") for text in counts]
    print()
    for name, figure, limit, unit in rows:
        shown = f"{figure:8.2f}{unit:3} (limit {limit:g}{unit})"
        print(f"{name:68} {shown:32} {verdict(figure, limit)}", flush=True)
    over = sum(line.ratio > RATIO for line in lines)
    print(f"{over} of {len(lines)} lines over the ratio of {RATIO}")
    return all(figure <= limit for _, figure, limit, _ in rows)


def main() -> int:
    """Print the figures; 1 when a limit is missed."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--items", type=int, default=1_000_000)
    reader.add_argument("--workspace", type=Path)
    reader.add_argument("--only", default="")
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.workspace or Path(temporary)
        engine = Engine(folder)
        with engine.store.read() as connection:
            names = cursor_of(connection).execute("SELECT id FROM dataset").fetchall()
        dataset_id = names[0][0] if names else fill(engine, given.items)
        start = time.process_time()
        with engine.store.write() as connection:
            indexes.drop(connection, dataset_id)
            for name in column_indexes.existing(connection):
                connection.exec_driver_sql(f"DROP INDEX {name}")
            for offer in column_indexes.LABELS.values():
                column_indexes.create(connection, offer)
        print(f"indexes of labels, as the first query makes: {time.process_time() - start:.1f} s")
        wanted = [text for text in CONDITIONS if given.only in text]
        print(f"{given.items:,} items; median of {RUNS} runs in turns")
        lines = table(engine, dataset_id, wanted, indexed=False)
        for key in ("weather", "speed"):
            start = time.process_time()
            indexes.ensure(engine.store, dataset_id, (key,))
            print(f"indexes of metadata.{key}: {time.process_time() - start:.1f} s")
        keyed = [text for text in wanted if "weather" in text or "speed" in text]
        lines += table(engine, dataset_id, keyed, indexed=True)
        counts = {}
        for text in COUNTS:
            (counts[text],) = in_turns([Asked(engine, dataset_id, text).count])
        kept = summary(lines, counts)
        engine.close()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
