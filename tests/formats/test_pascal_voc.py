"""Pascal VOC folders are read and written, and their faults are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nucleus_lab import formats
from nucleus_lab.columns import BoxColumns, Collection, ItemColumns
from nucleus_lab.errors import InvalidInputError

Maker = Callable[..., Path]

OBJECT = """<object><name>cat</name><pose>Left</pose><truncated>1</truncated>
<difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>40</xmax><ymax>30</ymax></bndbox>
</object>"""


def _page(name: str = "a.png", objects: str = OBJECT) -> str:
    size = "<size><width>40</width><height>30</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>{size}{objects}</annotation>"


def _write(folder: Path, text: str, stem: str = "a") -> None:
    file = folder / "annotations" / f"{stem}.xml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def test_corners_count_pixels_from_one(tmp_path: Path, picture: Maker) -> None:
    location = picture(tmp_path / "images" / "a.png")
    _write(tmp_path, _page())
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "val.txt").write_text("a\n")
    (tmp_path / "splits" / "trainval.txt").write_text("a\n")

    found = formats.read(tmp_path)

    metadata = [{"truncated": True, "pose": "Left"}]
    assert found == Collection(
        ItemColumns(["a.png"], [str(location)], [40], [30], [{"split": "val"}]),
        BoxColumns([0], ["cat"], ["1"], [0], [1], [40], [29], [], metadata),
    )


def test_a_corner_of_zero_means_that_they_count_from_zero(tmp_path: Path, picture: Maker) -> None:
    picture(tmp_path / "images" / "a.png")
    _write(tmp_path, _page(objects=OBJECT.replace("<xmin>1<", "<xmin>0<")))

    boxes = formats.read(tmp_path).boxes

    assert (boxes.x, boxes.y, boxes.width, boxes.height) == ([0], [2], [40], [28])


def test_a_picture_is_found_by_the_name_of_the_file_when_its_own_is_wrong(
    tmp_path: Path, picture: Maker
) -> None:
    picture(tmp_path / "images" / "a.png")
    _write(tmp_path, _page("somewhere_else.jpg"))

    found = formats.read(tmp_path)

    assert (found.items.reference_id, found.missing) == (["a.png"], [])


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (OBJECT.replace("<name>cat</name>", ""), "there is no <name>"),
        (OBJECT.replace("<xmin>1<", "<xmin>left<"), "<xmin> is 'left'"),
        (OBJECT.replace("<xmin>1<", "<xmin>nan<"), "<xmin> is nan"),
        (OBJECT.replace("<xmin>1</xmin>", ""), "<xmin> is None"),
        (OBJECT.replace("<xmax>40<", "<xmax>0<"), "wrong way round"),
        (
            OBJECT.replace("<xmin>1<", "<xmin>42<").replace("<xmax>40<", "<xmax>44<"),
            "outside its picture",
        ),
    ],
)
def test_a_fault_of_one_object_is_named_and_the_others_are_kept(
    tmp_path: Path, picture: Maker, objects: str, words: str
) -> None:
    picture(tmp_path / "images" / "a.png")
    _write(tmp_path, _page(objects=OBJECT + objects))

    found = formats.read(tmp_path)

    assert len(found.boxes) == 1
    assert len(found.problems) == 1
    assert "a.xml: object 2" in found.problems[0]
    assert words in found.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "<annotation>",
        "no xml",
        "",
        "<annotations></annotations>",
        '<!DOCTYPE x [<!ENTITY y "z">]><annotation><filename>&y;</filename></annotation>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><annotation></annotation>',
        _page("../../b.png"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_its_picture_out(
    tmp_path: Path, picture: Maker, text: str
) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "b.png")
    _write(tmp_path, _page())
    _write(tmp_path, text, stem="b")

    found = formats.read(tmp_path, "pascal_voc")

    assert found.items.reference_id == ["a.png"]
    assert len(found.problems) == 1
    assert "b.xml" in found.problems[0]


def test_a_folder_without_one_readable_file_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "<annotation>")

    with pytest.raises(InvalidInputError, match=r"none of the 1 XML files.*a\.xml"):
        formats.read(tmp_path, "pascal_voc")


def test_two_files_for_one_picture_are_refused(tmp_path: Path, picture: Maker) -> None:
    picture(tmp_path / "images" / "a.png")
    _write(tmp_path, _page())
    _write(tmp_path, _page(), stem="b")

    with pytest.raises(InvalidInputError, match=r"'a\.png' is named by several"):
        formats.read(tmp_path)


@pytest.mark.shared_data
def test_blood_cells_agree_with_their_coco_form_box_by_box(shared_data: Path) -> None:
    folder = shared_data / "bccd"

    voc = formats.read(folder, "pascal_voc", formats.ReadOptions(one_based=False))
    coco = formats.read(folder / "predictions" / "gt_coco.json")

    assert (len(voc.items), len(voc.boxes), voc.missing) == (364, 4886, [])
    assert voc.items.reference_id == coco.items.reference_id
    # Two boxes of the COCO form have no size: one pixel in VOC, whose corners are inclusive.
    assert len(coco.problems) == 2
    assert len(voc.problems) == 2
    columns = ("item", "label", "x", "y", "width", "height")
    assert [getattr(voc.boxes, name) for name in columns] == [
        getattr(coco.boxes, name) for name in columns
    ]


@pytest.mark.shared_data
def test_blood_cells_have_their_published_counts(shared_data: Path) -> None:
    found = formats.read(shared_data / "bccd")

    splits = Counter(known["split"] for known in found.items.metadata if known)
    assert Counter(found.boxes.label) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert splits == {"train": 205, "val": 87, "test": 72}
    assert found.problems == []
    assert min(found.boxes.x) == 0
    right = [x + w for x, w in zip(found.boxes.x, found.boxes.width, strict=True)]
    assert max(right) == 640
