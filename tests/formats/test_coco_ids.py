"""COCO numbers annotations: ids that are numbers are kept, others get numbers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from nucleus_lab import formats
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns

names = st.one_of(
    st.integers(-3, 12).map(str),
    st.sampled_from(["", "07", " 7", "7 ", "1.0", "1e2", "-0", "7,8", "a", "½", "٣", "null", '"']),
)


@given(ids=st.lists(names, max_size=5))
@example(["7", "7,8"])
@example(["7,8", ""])
@example(["10000000000000000000000"])
def test_ids_are_kept_where_each_is_a_number_of_its_own(ids: list[str]) -> None:
    count = len(ids)
    collection = Collection(
        ItemColumns(["a.png"], ["a.png"], [50], [50]),
        BoxColumns(
            item=[0] * count,
            label=["cat"] * count,
            annotation_id=ids,
            x=[1.0] * count,
            y=[2.0] * count,
            width=[3.0] * count,
            height=[4.0] * count,
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        (file,) = formats.write(collection, Path(folder) / "instances.json", "coco")
        written = [entry["id"] for entry in json.loads(file.read_text())["annotations"]]

    plain = len(set(ids)) == count and all(
        text.removeprefix("-").isascii() and text.lstrip("-").isdigit() and str(int(text)) == text
        for text in ids
    )
    assert written == ([int(text) for text in ids] if plain else list(range(1, count + 1)))
