"""Chips of a dataset: its pictures cut into equal parts, with the boxes that fall on each."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nucleus_lab.dataset.base import DatasetBase, segment
from nucleus_lab.dataset.chip_tiles import check_sizes
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.slice.rows import paged

if TYPE_CHECKING:
    from concurrent.futures import Future

    from nucleus_lab.dataset.chip_files import Chip, Chipping, Files

ITEMS_A_PAGE = 1_000


class ChipMethods(DatasetBase):
    """Cut pictures into chips."""

    def items_and_annotation_chip_generator(
        self,
        chip_size: int,
        stride_size: int,
        cache_directory: str,
        query: str | None = None,
        num_processes: int = 0,
        *,
        upstream_tiling: bool = False,
    ) -> Iterator[dict[str, str | None]]:
        """Cut the pictures of all items into chips with the boxes that fall on them.

        Chips cover every pixel: none is further than ``stride_size`` from the next, and the first
        and the last touch the borders. A chip is a JPEG named after the item and its place,
        ``{reference_id}_{x0}_{y0}_{x1}_{y1}.jpeg``, and beside it, where at least one box falls on
        it, a JSON list of ``label``, ``type`` and ``geometry`` in pixels of the chip. Chips that
        are there already are given again as they are: use another folder when boxes changed::

            for chip in dataset.items_and_annotation_chip_generator(512, 256, "chips"):
                print(chip["image_location"], chip["annotation_location"])

        With processes, a script must start from ``if __name__ == "__main__":``.

        Args:
            chip_size: Side of a chip in pixels; a smaller picture gives a smaller chip.
            stride_size: Distance of two chips in pixels at most; half of ``chip_size`` makes them
                overlap by half.
            cache_directory: Folder, or a URL such as ``s3://bucket/folder``.
            query: Only items that match this query.
            num_processes: Processes that cut; 0 cuts in this one.
            upstream_tiling: Lay the chips exactly as the published client does. It leaves parts
                out: a picture no larger than the stride gives no chip, one of twice the chip size
                with a stride as large gives a single chip, and larger ones have gaps then.

        Returns:
            One mapping a chip: ``image_location``, and ``annotation_location`` or ``None``. Items
            without a picture, such as point clouds, give none.

        Raises:
            InvalidInputError: A size, the number of processes or the directory cannot be used.
        """
        from nucleus_lab.dataset.chip_files import Chipping, Files

        check_sizes(chip_size, stride_size)
        if isinstance(num_processes, bool) or not isinstance(num_processes, int):
            raise InvalidInputError(f"num_processes is {num_processes!r}: use a whole number")
        if num_processes < 0:
            raise InvalidInputError(f"num_processes is {num_processes}: use 0 or more")
        if not cache_directory or not isinstance(cache_directory, str | os.PathLike):
            raise InvalidInputError(
                f"cache_directory is {cache_directory!r}: give a folder or a URL",
                field="cache_directory",
            )
        place = os.fspath(cache_directory)
        if "://" not in place:
            place = os.path.expanduser(place)  # noqa: PTH111 - it may end in a slash on purpose
        chipping = Chipping(chip_size, stride_size, place, upstream_tiling)
        work = self._chip_work(chipping, Files(place), query)
        return _in_processes(work, num_processes) if num_processes else _here(work)

    def _chip_work(
        self, chipping: Chipping, files: Files, query: str | None
    ) -> Iterator[list[Chip] | tuple[Any, ...]]:
        """Say what to do for each item: nothing but to give its chips, or to cut them."""
        from nucleus_lab.dataset.chip_files import known_chips

        route = f"dataset/{segment(self.id)}/exportForTrainingPage"
        for page in paged(self._client, route, ITEMS_A_PAGE, rows="data", query=query):
            for row in page:
                item = row["item"]
                if "image_url" not in item:
                    continue
                name = item["reference_id"]
                if item.get("width") and item.get("height"):
                    known = known_chips(chipping, files, name, (item["width"], item["height"]))
                    if known is not None:
                        yield known
                        continue
                content = self._ask_lab(None, f"image/{segment(item['id'])}", "GET")
                boxes = [{"label": box["label"], "geometry": box["geometry"]} for box in row["box"]]
                yield chipping, name, content, boxes


def _here(work: Iterator[list[Chip] | tuple[Any, ...]]) -> Iterator[Chip]:
    from nucleus_lab.dataset.chip_files import cut

    for task in work:
        yield from task if isinstance(task, list) else cut(*task)


def _in_processes(work: Iterator[list[Chip] | tuple[Any, ...]], processes: int) -> Iterator[Chip]:
    """Cut several pictures at once, in order; only few wait in memory."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from nucleus_lab.dataset.chip_files import cut

    # A fork would share the connections of this process, and locks that its threads hold.
    context = multiprocessing.get_context("spawn")
    # A spawn reads this name, and IPython's `%reset` takes it away with the user's own.
    vars(sys.modules["__main__"]).setdefault("__spec__", None)
    pool = ProcessPoolExecutor(processes, mp_context=context)
    waiting: deque[list[Chip] | Future[list[Chip]]] = deque()
    try:
        for task in work:
            waiting.append(task if isinstance(task, list) else pool.submit(cut, *task))
            if len(waiting) > 2 * processes:
                yield from _ended(waiting.popleft())
        while waiting:
            yield from _ended(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _ended(task: list[Chip] | Future[list[Chip]]) -> list[Chip]:
    return task if isinstance(task, list) else task.result()
