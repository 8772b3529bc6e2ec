"""The gallery as Python sees it: lists, pages, queries, masks and the full picture."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from nucleus_lab import Dataset, Model
from nucleus_lab.errors import InvalidInputError, QueryError
from nucleus_lab.widgets import Gallery
from tests.widgets.conftest import COUNT, HOSTILE, Page


def shapes(row: dict[str, Any]) -> dict[tuple[str, bool], dict[str, Any]]:
    return {(shape["type"], shape["prediction"]): shape for shape in row["shapes"]}


def test_the_first_page_comes_with_the_widget(dataset: Dataset, model: Model) -> None:
    gallery = Gallery(dataset, model=model)

    listing = gallery._listing
    assert {
        key: listing[key] for key in ("epoch", "count", "total", "query", "slice", "model")
    } == {
        "epoch": 1,
        "count": COUNT,
        "total": None,
        "query": "",
        "slice": None,
        "model": True,
    }
    assert [row["reference_id"] for row in listing["rows"][:3]] == [HOSTILE, "item 1", "item 2"]
    assert len(listing["rows"]) == listing["page"] == 32
    assert len(gallery._pictures) == 32
    with Image.open(io.BytesIO(gallery._pictures[5])) as thumbnail:
        assert thumbnail.size == (80, 60)
    assert repr(gallery) == f"Gallery of {dataset.name!r}: {COUNT} items"


def test_labels_come_with_counts_and_a_colour_each_the_most_frequent_first(
    dataset: Dataset, model: Model
) -> None:
    labels = Gallery(dataset, model=model)._listing["labels"]

    assert (labels[0]["label"], labels[0]["predictions"]) == ("cup", 1)
    assert labels[0]["ground_truth"] >= 11
    assert len({one["colour"] for one in labels}) == len(labels) == 5


def test_a_large_dataset_shows_its_first_page_before_the_rest_is_counted(
    dataset: Dataset, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Gallery(dataset, "annotations.count >= 0", model=model)._listing
    monkeypatch.setattr("nucleus_lab.widgets.gallery.widget.LARGE", COUNT)
    monkeypatch.setattr(Dataset, "label_counts", None)

    gallery = Gallery(dataset, "annotations.count >= 0", model=model)

    first = gallery._listing
    assert (first["more"], first["count"], first["labels"]) == (True, 32, [])
    assert first["rows"] == whole["rows"]
    assert repr(gallery) == f"Gallery of {dataset.name!r}: at least 32 items"
    monkeypatch.undo()
    assert gallery.ids == dataset.item_ids()
    assert gallery._listing == {**whole, "epoch": 2}
    assert gallery.seconds > 0


def test_a_sample_is_read_once(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nucleus_lab.widgets.gallery.widget.LARGE", COUNT)

    listing = Gallery(dataset, "annotations.count >= 0 SAMPLE 5")._listing

    assert (listing["more"], listing["count"]) == (False, 5)


def test_the_page_completes_a_gallery_that_is_part_of_another_widget(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nucleus_lab.widgets.gallery.widget.LARGE", COUNT)
    gallery = Gallery(dataset)
    assert gallery._listing["more"]

    Page(gallery).ask("hello")

    assert (gallery._listing["more"], gallery._listing["count"]) == (False, COUNT)


def test_rows_carry_what_is_drawn_and_nothing_else(dataset: Dataset, model: Model) -> None:
    first = Gallery(dataset, model=model)._listing["rows"][0]

    found = shapes(first)
    assert set(first) == {"id", "reference_id", "width", "height", "shapes"}
    assert sorted(found) == [
        ("box", False),
        ("box", True),
        ("category", False),
        ("keypoints", False),
        ("line", False),
        ("mask", False),
        ("polygon", False),
    ]
    assert found["box", True]["confidence"] == 0.8
    assert found["box", False]["geometry"] == {"x": 10, "y": 10, "width": 20, "height": 20}
    assert "metadata" not in found["box", False]
    assert found["mask", False]["segments"] == [
        {"label": "cup", "index": 3},
        {"label": "leaf", "index": 7},
    ]


def test_a_page_answers_rows_and_their_thumbnails_in_one_message(dataset: Dataset) -> None:
    page = Page(Gallery(dataset))

    answer, pictures = page.ask("page", epoch=1, first=30, count=32, pixels=128)

    references = [row["reference_id"] for row in answer["body"]["rows"]]
    assert references == [f"item {number}" for number in range(30, COUNT)]
    assert len(pictures) == 10
    assert all(picture[:2] in {b"\xff\xd8", b"\x89P"} for picture in pictures)


def test_a_page_of_a_list_that_was_replaced_is_empty(dataset: Dataset) -> None:
    page = Page(Gallery(dataset))
    page.ask("query", query="annotations.count > 0")

    answer, pictures = page.ask("page", epoch=1, first=0, count=32, pixels=128)

    assert (answer["body"], pictures) == ({"rows": []}, [])


def test_a_query_of_the_page_changes_the_list(dataset: Dataset) -> None:
    gallery = Gallery(dataset)

    answer, _ = Page(gallery).ask("query", query=" metadata.number < 5 ")

    assert answer["body"] == {}
    listing = gallery._listing
    assert (listing["epoch"], listing["count"], listing["total"]) == (2, 5, COUNT)
    assert gallery.query == listing["query"] == "metadata.number < 5"


def test_a_query_that_cannot_be_read_leaves_the_list_and_points_at_the_place(
    dataset: Dataset,
) -> None:
    gallery = Gallery(dataset)

    answer, _ = Page(gallery).ask("query", query="metadata.number <")

    assert answer["error"]["code"] == "query_error"
    assert answer["error"]["details"]["position"] == len("metadata.number <")
    assert (gallery.query, gallery._listing["count"]) == ("", COUNT)


def test_a_wrong_query_in_python_raises(dataset: Dataset) -> None:
    gallery = Gallery(dataset)

    with pytest.raises(QueryError):
        gallery.query = "metadata.number <"
    with pytest.raises(QueryError):
        Gallery(dataset, query="metadata.number <")


def test_a_slice_is_shown_in_its_order(dataset: Dataset) -> None:
    two = dataset.get_slices(name="two")[0]

    rows = Gallery(dataset, slice=two)._listing["rows"]
    narrowed = Gallery(dataset, slice=two.id, query="metadata.number = 3")._listing

    assert [row["reference_id"] for row in rows] == ["item 7", "item 3"]
    assert (narrowed["count"], narrowed["total"]) == (1, 2)


def test_the_full_picture_comes_with_metadata(dataset: Dataset, model: Model) -> None:
    page = Page(Gallery(dataset, model=model))

    answer, (picture,) = page.ask("item", epoch=1, index=0)

    body = answer["body"]
    assert body["metadata"] == {"number": 0, "note": HOSTILE}
    assert shapes(body)["box", False]["metadata"] == {"n": HOSTILE}
    assert (body["media_type"], body["problem"]) == ("image/png", None)
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == (80, 60)


def test_the_full_picture_of_an_item_that_is_gone_is_refused_in_words(dataset: Dataset) -> None:
    answer, _ = Page(Gallery(dataset)).ask("item", epoch=1, index=COUNT)

    assert "no longer in the dataset" in answer["error"]["error"]


def test_masks_come_small_with_the_place_of_the_segment(dataset: Dataset) -> None:
    gallery = Gallery(dataset)
    mask = shapes(gallery._listing["rows"][0])["mask", False]

    question = [{"id": mask["id"], "indexes": [3, 7]}, {"id": "ann_0", "indexes": []}]
    _, (grey, missing) = Page(gallery).ask("masks", masks=question, pixels=40)

    assert missing == b""
    with Image.open(io.BytesIO(grey)) as opened:
        assert (opened.size, opened.mode) == ((40, 30), "L")
        assert (opened.getpixel((2, 2)), opened.getpixel((38, 2))) == (1, 2)


def test_refresh_sees_new_annotations(client: Any, tmp_path: Any) -> None:
    from nucleus_lab import BoxAnnotation, DatasetItem

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    fresh = client.create_dataset("fresh")
    fresh.append([DatasetItem(str(tmp_path / "a.png"), "a")])
    gallery = Gallery(fresh)
    fresh.annotate([BoxAnnotation("new", 1, 1, 2, 2, "a")])

    gallery.refresh()

    assert [one["label"] for one in gallery._listing["labels"]] == ["new"]
    assert len(gallery._listing["rows"][0]["shapes"]) == 1


def test_an_empty_dataset_is_shown_as_such(client: Any) -> None:
    gallery = Gallery(client.create_dataset("empty"))

    assert (gallery._listing["count"], gallery._pictures) == (0, [])
    assert "0 items" in gallery.snapshot()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thumb_size": 100}, "did you mean 'thumbnail_size'"),
        ({"zzz": 1}, "it takes dataset, query, slice"),
    ],
    ids=["near", "far"],
)
def test_unknown_keywords_are_refused_with_a_hint(
    dataset: Dataset, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        Gallery(dataset, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_confidence": 1.5}, "min_confidence=1.5 is not possible: use a number from 0 to 1"),
        ({"thumbnail_size": 5}, "thumbnail_size=5 .* 96 to 360"),
        ({"columns": 0}, "columns=0 .* 1 to 50"),
        ({"height": "tall"}, "height='tall' .* 260 to 2000"),
        ({"labels": [3]}, r"labels=\[3\] .* list of labels"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_values_out_of_range_are_refused(
    dataset: Dataset, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Gallery(dataset, **arguments)


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"pass client\.get_dataset"):
        Gallery("bccd")
