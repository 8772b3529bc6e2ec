"""Label Studio, CVAT and Datumaro: what is written is read back; what others write is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import formats
from nucleus_lab.annotation import (
    BoxAnnotation,
    CategoryAnnotation,
    CuboidAnnotation,
    Keypoint,
    KeypointsAnnotation,
    LineAnnotation,
    MultiCategoryAnnotation,
    Point,
    Point3D,
    PolygonAnnotation,
)
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.sheets import sheets_of

TOOLS = {"label_studio": "tasks.json", "cvat": "annotations.xml", "datumaro": "default.json"}


def collection(others: list[Any], boxes: BoxColumns | None = None) -> Collection:
    names = ["a b.png", "sub/ä.png"]
    places = [f"https://example.org/{name}" for name in names]
    return Collection(
        ItemColumns(names, places, [64, 33], [48, 47], []), boxes or BoxColumns(), others
    )


def values(found: Collection) -> dict[str, list[Any]]:
    return {sheet.name: sheet.values for sheet, _ in sheets_of(found)}


def shapes(tool: str) -> list[Any]:
    points = [Keypoint(1.5, 2), Keypoint(7, 9, visible=False), Keypoint(visible=False)]
    skeleton = None if tool == "cvat" else [[0, 1], [1, 2]]
    number = iter(range(2, 20))
    given = [
        PolygonAnnotation(
            '<tree> & "bush"', [Point(0, 0), Point(10.25, 0.125), Point(3, 31)], "sub/ä.png"
        ),
        KeypointsAnnotation("cat", points, ["nose", "ear", "tail"], skeleton, "sub/ä.png"),
        CategoryAnnotation("fog", "sub/ä.png", "weather"),
        MultiCategoryAnnotation(["a", "b"], "sub/ä.png", "many"),
        CategoryAnnotation("plain", "sub/ä.png"),
    ]
    if tool != "label_studio":
        line = LineAnnotation("lane", [Point(1, 1), Point(20, 20)], "sub/ä.png")
        given.insert(1, line)
    for value in given:
        if "annotation_id" in type(value).__slots__ or hasattr(value, "annotation_id"):
            value.annotation_id = str(next(number))
    return given


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_written_is_read_back(tool: str, tmp_path: Path) -> None:
    boxes = BoxColumns(
        [1], ["Bäume"], ["1"], [0.1], [1 / 3], [7.7], [9], [], [{"occluded": True, "text": "x"}]
    )
    given = collection(shapes(tool), boxes)

    files = formats.write(given, tmp_path / TOOLS[tool], tool)
    assert formats.detect(files[0]).format == tool
    found = formats.read(files[0])

    assert found.problems == given.problems == []
    assert found.items.reference_id == given.items.reference_id
    assert (found.items.width, found.items.height) == ([64, 33], [48, 47])
    expected = values(given)["sub/ä.png"]
    got = values(found)["sub/ä.png"]
    assert [type(value) for value in got] == [type(value) for value in expected]
    for one, other in zip(got, expected, strict=True):
        if one.TYPE == "box":
            assert (one.x, one.y, one.width, one.height) == pytest.approx(
                (other.x, other.y, other.width, other.height), abs=1e-8
            )
            assert (one.label, one.annotation_id, one.metadata) == (
                other.label,
                other.annotation_id,
                other.metadata,
            )
        else:
            assert one == other
    assert values(found)["a b.png"] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_what_has_no_place_is_named(tool: str, tmp_path: Path) -> None:
    cuboid = CuboidAnnotation("car", Point3D(0, 0, 0), Point3D(1, 1, 1), 0, "a b.png")
    given = collection([cuboid])

    formats.write(given, tmp_path / TOOLS[tool], tool)

    assert len(given.problems) == 1
    assert "a b.png: an annotation of type cuboid has no place" in given.problems[0]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_gets_the_usual_file(tool: str, tmp_path: Path) -> None:
    (file,) = formats.write(collection([]), tmp_path / "out", tool)

    assert formats.read(file.parent if tool == "cvat" else file, tool).items.reference_id


def test_the_real_boxes_of_cvat_are_those_of_coco(shared_data: Path) -> None:
    real = shared_data / "voc100_formats" / "gts"
    found = formats.read(real / "cvat_format")
    coco = formats.read(real / "coco_format_v1" / "instances_default.json")

    def rows(one: Collection) -> list[tuple[Any, ...]]:
        names, boxes = one.items.reference_id, one.boxes
        return sorted(
            (names[at], *row)
            for at, *row in zip(
                boxes.item, boxes.label, boxes.x, boxes.y, boxes.width, boxes.height, strict=True
            )
        )

    assert (len(found.items), len(found.boxes), found.problems) == (100, 273, [])
    assert rows(found) == rows(coco)
    sizes = zip(found.items.reference_id, found.items.width, found.items.height, strict=True)
    assert sorted(sizes) == sorted(
        zip(coco.items.reference_id, coco.items.width, coco.items.height, strict=True)
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_the_real_boxes_survive_a_round_trip(tool: str, shared_data: Path, tmp_path: Path) -> None:
    given = formats.read(shared_data / "voc100_formats" / "gts" / "cvat_format")

    found = formats.read(formats.write(given, tmp_path / TOOLS[tool], tool)[0], tool)

    assert found.boxes == given.boxes
    assert found.items.reference_id == given.items.reference_id


def region(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "type": kind,
        "from_name": "label",
        "to_name": "image",
        "original_width": 200,
        "original_height": 100,
        "value": value,
        **more,
    }


def label_studio(tmp_path: Path, tasks: Any) -> Collection:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(tasks))
    return formats.read(file, "label_studio")


def task(*results: Any, image: str = "https://e.org/1.jpg", **more: Any) -> dict[str, Any]:
    return {
        "id": 5,
        "annotations": [{"id": 1, "result": list(results), "was_cancelled": False}],
        "data": {"image": image},
        **more,
    }


SQUARE = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["car"]}


def test_label_studio_counts_in_per_cent(tmp_path: Path) -> None:
    found = label_studio(tmp_path, [task(region("rectanglelabels", SQUARE))])

    assert values(found) == {"1.jpg": [BoxAnnotation("car", 20, 10, 40, 40, "1.jpg", "r1")]}
    assert (found.items.location, found.items.width) == (["https://e.org/1.jpg"], [200])
    assert found.finished == {"1.jpg"}


def test_a_turned_rectangle_becomes_a_polygon(tmp_path: Path) -> None:
    turned = {**SQUARE, "rotation": 90}

    found = label_studio(tmp_path, [task(region("rectanglelabels", turned))])

    corners = values(found)["1.jpg"][0].vertices
    assert [(point.x, point.y) for point in corners] == [(20, 10), (20, 50), (-20, 50), (-20, 10)]


def test_notes_of_a_region_become_its_metadata(tmp_path: Path) -> None:
    found = label_studio(
        tmp_path,
        [
            task(
                region("rectangle", {**SQUARE, "rectanglelabels": None}),
                region("labels", {"labels": ["bus"]}),
                region("choices", {"choices": ["red"]}, from_name="colour"),
                region("textarea", {"text": ["dirty"]}, from_name="note"),
                region("choices", {"choices": ["fog"]}, from_name="weather", id="other"),
            )
        ],
    )

    box, choice = values(found)["1.jpg"]
    assert (box.label, box.metadata) == ("bus", {"colour": "red", "note": "dirty"})
    assert choice == CategoryAnnotation("fog", "1.jpg", "weather")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/3/0a1b2c3d-photo%201.jpg", "photo 1.jpg"),
        ("/data/local-files/?d=street/1.jpg", "street/1.jpg"),
        ("s3://bucket/deep/1.jpg", "1.jpg"),
        ("street/1.jpg", "street/1.jpg"),
    ],
)
def test_the_name_of_a_picture_is_found(tmp_path: Path, image: str, name: str) -> None:
    assert label_studio(tmp_path, [task(image=image)]).items.reference_id == [name]


def test_the_last_annotation_that_counts_is_taken(tmp_path: Path) -> None:
    one = task()
    one["annotations"] = [
        {"result": [region("rectanglelabels", {**SQUARE, "rectanglelabels": ["first"]})]},
        {"result": [region("rectanglelabels", {**SQUARE, "rectanglelabels": ["second"]})]},
        {"result": [region("rectanglelabels", SQUARE)], "was_cancelled": True},
    ]
    cancelled = task(image="https://e.org/2.jpg")
    cancelled["annotations"][0]["was_cancelled"] = True

    found = label_studio(tmp_path, [one, cancelled])

    assert found.boxes.label == ["second"]
    assert found.finished == {"1.jpg"}


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (region("brushlabels", {"rle": [1]}), "'brushlabels' cannot be read"),
        (region("rectanglelabels", {**SQUARE, "rectanglelabels": []}), "it has no label"),
        (region("rectanglelabels", {**SQUARE, "x": "1"}), "'1' is no number"),
        (region("rectanglelabels", {**SQUARE, "width": 0}), "a box needs an area"),
        (region("rectanglelabels", SQUARE, original_width=None), "size of its picture"),
        (
            region("polygonlabels", {"points": [[1, 1]], "polygonlabels": ["a"]}),
            "needs three points",
        ),
    ],
)
def test_a_result_that_cannot_be_read_is_named(
    tmp_path: Path, result: dict[str, Any], reason: str
) -> None:
    found = label_studio(tmp_path, [task(result)])

    assert len(found.problems) == 1
    assert reason in found.problems[0]
    assert found.items.reference_id == ["1.jpg"]


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ({"a": 1}, "no list of tasks"),
        ([{"image": "x", "label": []}], "JSON_MIN"),
    ],
)
def test_what_is_no_label_studio_file_is_refused(tmp_path: Path, tasks: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        label_studio(tmp_path, tasks)


def test_a_name_outside_the_folder_is_left_out(tmp_path: Path) -> None:
    found = label_studio(tmp_path, [task(image="/data/local-files/?d=../../etc/x.jpg"), task()])

    assert found.items.reference_id == ["1.jpg"]
    assert "outside its folder" in found.problems[0]


def cvat(tmp_path: Path, inner: str) -> Collection:
    file = tmp_path / "annotations.xml"
    file.write_text(f"<annotations><version>1.1</version>{inner}</annotations>")
    return formats.read(file, "cvat")


def test_shapes_of_cvat_are_read(tmp_path: Path) -> None:
    found = cvat(
        tmp_path,
        """<image id="0" name="1.jpg" width="100" height="50">
        <box label="car" occluded="1" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90"
         z_order="2"/>
        <points label="head" points="1,2;3,4"/>
        <ellipse label="car" cx="1" cy="1" rx="1" ry="1"/>
        <box label="car" xtl="30" ytl="10" xbr="10" ybr="20"/>
        <box xtl="1" ytl="1" xbr="2" ybr="2"/>
        <tag label="day"/><tag label="rain"/>
        </image>""",
    )

    turned, points, tags = values(found)["1.jpg"]
    assert [(p.x, p.y) for p in turned.vertices] == [(25, 5), (25, 25), (15, 25), (15, 5)]
    assert turned.metadata == {"occluded": True, "z_order": 2}
    assert points.names == ["1", "2"]
    assert tags == MultiCategoryAnnotation(["day", "rain"], "1.jpg")
    assert [text.partition("shape ")[2][:10] for text in found.problems] == [
        "3 (ellipse",
        "4 (box, ca",
        "5 (box) ha",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotations><track/></annotations>", "CVAT for video"),
        ("<annotation/>", "<annotations> is expected"),
        ("<annotations>", "no valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "declares entities"),
    ],
)
def test_what_is_no_cvat_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text(text)

    with pytest.raises(InvalidInputError, match=reason):
        formats.read(file, "cvat")


def test_a_broken_entry_of_datumaro_loses_none_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "default.json"
    labels = {"labels": [{"name": "car"}, {"name": "left"}]}
    good = {"type": "bbox", "label_id": 0, "bbox": [1, 2, 3, 4]}
    skeleton = {
        "type": "skeleton",
        "label_id": 0,
        "elements": [{"type": "points", "label_id": 1, "points": [1, 2], "visibility": [1]}],
    }
    bad = [{**good, "label_id": 9}, {**good, "bbox": [1, 2]}, {**good, "type": "mask"}, 7]
    file.write_text(
        json.dumps({
            "categories": {"label": labels},
            "items": [
                {"id": "1", "image": {"path": "1.jpg"}, "annotations": [good, skeleton, *bad]},
                {"annotations": []},
            ],
        })
    )

    found = formats.read(file, "datumaro")

    box, joints = values(found)["1.jpg"]
    assert (box.label, box.x, joints.names) == ("car", 1, ["left"])
    assert joints.keypoints == [Keypoint(1, 2, visible=False)]
    assert len(found.problems) == 5


def test_a_picture_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    image = '<image id="0" name="1.jpg" width="9" height="9"/>'

    found = cvat(tmp_path, image * 2)

    assert found.items.reference_id == ["1.jpg"]
    assert "is there twice" in found.problems[0]


def test_the_pictures_beside_the_file_are_found(tmp_path: Path, picture: Any) -> None:
    picture(tmp_path / "images" / "1.png")

    found = cvat(tmp_path, '<image id="0" name="1.png"/><image id="1" name="2.png"/>')

    assert found.items.width == [40, None]
    assert found.missing == [str(tmp_path / "images" / "2.png")]
