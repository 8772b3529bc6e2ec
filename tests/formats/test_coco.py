"""COCO files are read as columns and values, and their faults are named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import formats
from nucleus_lab.annotation import Keypoint, KeypointsAnnotation, Point, PolygonAnnotation
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError

Maker = Callable[..., Path]


def test_boxes_come_as_columns_in_the_order_of_the_pictures(coco: Maker, tmp_path: Path) -> None:
    coco()

    found = formats.read(tmp_path)

    images = tmp_path / "images"
    assert found == Collection(
        ItemColumns(
            ["a.png", "b.png"],
            [str(images / "a.png"), str(images / "b.png")],
            [40, 40],
            [30, 30],
            [{"coco_image_id": 7}, {"coco_image_id": 8}],
        ),
        BoxColumns(
            [0, 1], ["cat", "dog"], ["12", "11"], [5.5, 1], [6, 2], [7, 3], [8, 4], [], [None, None]
        ),
    )


def test_crowds_areas_and_attributes_become_metadata(coco: Maker) -> None:
    file = coco(
        annotations=[
            {
                "id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4],
                "area": 9.5, "iscrowd": 1, "attributes": {"occluded": True},
            },
            {"id": 2, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12},
        ]
    )  # fmt: skip

    found = formats.read(file)

    assert found.boxes.metadata == [{"occluded": True, "iscrowd": 1, "area": 9.5}, None]


def test_polygons_and_keypoints_become_values_of_one_instance(coco: Maker) -> None:
    person = {"id": 1, "name": "person", "keypoints": ["nose", "tail", "paw"], "skeleton": [[1, 2]]}
    file = coco(
        categories=[person],
        annotations=[
            {
                "id": 5, "image_id": 7, "category_id": 1, "bbox": [1, 1, 9, 9],
                "segmentation": [[1, 1, 9, 1, 9, 9], [2, 2, 4, 2, 4, 4]],
                "keypoints": [3, 4, 2, 5, 6, 1, 0, 0, 0], "num_keypoints": 2,
            }
        ],
    )  # fmt: skip

    found = formats.read(file)

    assert found.others == [
        PolygonAnnotation("person", [Point(1, 1), Point(9, 1), Point(9, 9)], "a.png", "5/polygon"),
        PolygonAnnotation(
            "person", [Point(2, 2), Point(4, 2), Point(4, 4)], "a.png", "5/polygon/2"
        ),
        KeypointsAnnotation(
            "person",
            [Keypoint(3, 4), Keypoint(5, 6, visible=False), Keypoint(visible=False)],
            ["nose", "tail", "paw"],
            [[0, 1]],
            "a.png",
            "5/keypoints",
        ),
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"image_id": 99}, "image_id 99 is not among the images"),
        ({"category_id": 99}, "category_id 99 is not among the categories"),
        ({"bbox": [1, 1, 0, 4]}, "a box of 0 x 4 pixels"),
        ({"bbox": [1, 1, -2, 4]}, "a box of -2 x 4 pixels"),
        ({"bbox": [41, 1, 2, 4]}, "outside its picture of 40 x 30 pixels"),
        ({"bbox": [-9, 1, 2, 4]}, "outside its picture of 40 x 30 pixels"),
        ({"id": 2}, "occurs twice"),
        ({"segmentation": [[1, 2, 3, 4]]}, "a polygon of 4 numbers"),
        ({"segmentation": {"size": [30, 40], "counts": [7]}}, "runs cover 7 pixels"),
        ({"segmentation": {"size": [30, 40], "counts": "h"}}, "cut short"),
        ({"segmentation": {"size": [0, 40], "counts": [7]}}, "no size"),
        ({"keypoints": [1, 2, 2]}, "names no keypoints"),
    ],
)
def test_a_fault_of_one_entry_is_named_and_the_others_are_kept(
    coco: Maker, entry: dict[str, Any], words: str
) -> None:
    good = {"id": 2, "image_id": 7, "category_id": 1, "bbox": [1, 1, 2, 2]}
    bad = {"id": 3, "image_id": 7, "category_id": 1, "bbox": [1, 1, 2, 2], **entry}

    found = formats.read(coco(annotations=[good, bad]))

    assert len(found.problems) == 1
    assert words in found.problems[0]
    assert "annotations.json" in found.problems[0]
    assert "2" in found.boxes.annotation_id
    assert not found.others


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"images": [{"id": 1}]}, r"file_name.*images\[0\]"),
        ({"annotations": [{"image_id": 7, "bbox": [1, 2, 3]}]}, r"annotations\[0\].bbox"),
        ({"annotations": [{"image_id": 7, "bbox": ["x", 2, 3, 4]}]}, r"annotations\[0\].bbox\[0\]"),
        ({"images": [{"id": 1, "file_name": "a.png"}] * 2}, "image id 1 occurs more than once"),
        ({"categories": [{"id": 1, "name": "a"}] * 2}, "category id 1 occurs more than once"),
        ({"images": [{"id": 1, "file_name": "../x.png"}]}, "outside its folder"),
        ({"images": [{"id": 1, "file_name": "/etc/x.png"}]}, "outside its folder"),
        ({"images": [{"id": 1, "file_name": "..\\x.png"}]}, "outside its folder"),
        ({"images": [{"id": 1, "file_name": "C:\\x.png"}]}, "outside its folder"),
        ({"images": [{"id": 1, "file_name": "a/../../x.png"}]}, "outside its folder"),
        ({"images": [{"id": 1, "file_name": ""}]}, "outside its folder"),
        (
            {"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "a.png"}]},
            "'a.png' more than once",
        ),
        ({"images": [{"id": 1, "file_name": "a.png", "width": 0}]}, "0 x None pixels"),
    ],
)  # fmt: skip
def test_a_fault_of_the_whole_file_refuses_it(
    coco: Maker, parts: dict[str, Any], words: str
) -> None:
    file = coco(**parts)

    with pytest.raises(InvalidInputError, match=words) as fault:
        formats.read(file, "coco")

    assert str(file.parent) in str(fault.value)


@pytest.mark.parametrize("text", ["", "{", '{"images": [{"id": 1', '{"images": [NaN]}', "\xff"])
def test_broken_json_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(InvalidInputError, match=r"broken\.json"):
        formats.read(file, "coco")


def test_a_missing_picture_is_listed(coco: Maker, tmp_path: Path) -> None:
    file = coco()
    (tmp_path / "images" / "b.png").unlink()

    assert formats.read(file).missing == [str(tmp_path / "images" / "b.png")]


def test_a_link_out_of_the_folder_is_refused(
    coco: Maker, picture: Maker, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = coco()
    outside = picture(tmp_path_factory.mktemp("outside") / "b.png")
    (tmp_path / "images" / "b.png").unlink()
    (tmp_path / "images" / "b.png").symlink_to(outside)

    with pytest.raises(InvalidInputError, match="is a link to"):
        formats.read(file)


def test_splits_are_read_together(tmp_path: Path, picture: Maker) -> None:
    for split, name in (("train2017", "a.png"), ("val2017", "b.png")):
        picture(tmp_path / split / name)
        file = tmp_path / "annotations" / f"instances_{split}.json"
        file.parent.mkdir(exist_ok=True)
        data = {
            "images": [{"id": 1, "file_name": name}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1]}],
            "categories": [{"id": 3, "name": "cup"}],
        }
        file.write_text(json.dumps(data))

    found = formats.read(tmp_path)

    assert found.items.reference_id == ["train2017/a.png", "val2017/b.png"]
    assert [known["split"] for known in found.items.metadata] == ["train2017", "val2017"]
    assert found.boxes.item == [0, 1]
    assert not found.missing


def test_several_files_that_are_no_splits_are_refused(coco: Maker, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_bytes(coco().read_bytes())

    with pytest.raises(InvalidInputError, match=r"name one of annotations\.json, other\.json"):
        formats.read(tmp_path)


def test_addresses_stand_in_for_local_pictures_when_asked_for(coco: Maker) -> None:
    url = "https://example.org/a.jpg"
    file = coco(images=[{"id": 7, "file_name": "a.jpg", "coco_url": url}], annotations=[])

    found = formats.read(file, "coco", formats.ReadOptions(remote=True))

    assert (found.items.location, found.missing) == ([url], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"images": [], "annotations": [{"caption": "a cat", "image_id": 1}]}', "captions"),
        ('[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]', "predictions"),
    ],
)
def test_other_coco_files_are_told_apart(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(text)

    with pytest.raises(InvalidInputError, match=words):
        formats.read(file)


@pytest.mark.shared_data
def test_real_keypoints_and_polygons(shared_data: Path) -> None:
    folder = shared_data / "coco_keypoints4"

    found = formats.read(folder / "test_coco.json")

    kinds = Counter(type(value).__name__ for value in found.others)
    assert (len(found.items), len(found.boxes), len(found.missing)) == (4, 14, 0)
    assert kinds == {"PolygonAnnotation": 17, "KeypointsAnnotation": 14}
    assert not found.problems


@pytest.mark.shared_data
def test_real_masks_become_outlines_of_the_same_area(shared_data: Path) -> None:
    import shapely

    folder = shared_data / "coco40_panoptic_yolo"
    truth = json.loads((folder / "instances_rle.json").read_text())

    found = formats.read(folder)

    areas = {str(entry["id"]): 0.0 for entry in truth["annotations"]}
    for value in found.others:
        own, _, part = value.annotation_id.partition("/")
        ring = shapely.Polygon([(point.x, point.y) for point in value.vertices])
        areas[own] += ring.area - (value.metadata.get("hole_area", 0) if part == "polygon" else 0)
    assert (len(found.items), len(found.boxes), found.problems) == (40, 235, [])
    assert areas == {str(entry["id"]): entry["area"] for entry in truth["annotations"]}
