"""Queries through the SDK, over both transports, on hand-made and on real data."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from nucleus_lab import BoxAnnotation, BoxPrediction, DatasetItem
from nucleus_lab.dataset.queries import ObjectQueryType
from nucleus_lab.errors import InvalidInputError, NotFoundError, NucleusAPIError, QueryError
from nucleus_lab.evaluation_match import EvaluationMatch
from nucleus_lab.query_help import QueryWarning


@pytest.fixture
def dataset(client: Any) -> Any:
    """Six remote pictures with boxes and the predictions of one model."""
    made = client.create_dataset("queries")
    made.append([
        DatasetItem(
            f"https://example.test/{n}.jpg", f"{n}.jpg", metadata={"n": n, "odd": n % 2 == 1}
        )
        for n in range(6)
    ])
    boxes = [
        BoxAnnotation("car" if n % 2 else "bus", 10 * n, 5, 10, 20, f"{item}.jpg")
        for item in range(6)
        for n in range(item)
    ]
    made.annotate(boxes)
    model = client.create_model("detector", "detector-v1")
    made.upload_predictions(
        model,
        [
            BoxPrediction("car", 10 * n, 5, 10, 20, confidence=n / 10, reference_id=f"{item}.jpg")
            for item in range(6)
            for n in range(0, item, 2)
        ],
    )
    return made


def test_items_ids_and_counts_agree(dataset: Any) -> None:
    text = "annotations.count >= 2 AND metadata.odd = true"

    found = list(dataset.query_items(text))

    assert [item.reference_id for item in found] == ["3.jpg", "5.jpg"]
    assert found[0].metadata == {"n": 3, "odd": True}
    ids = dataset.item_ids(text)
    assert [dataset.loc(key)["item"].reference_id for key in ids] == ["3.jpg", "5.jpg"]
    assert dataset.count(text) == 2
    assert dataset.count() == len(dataset.item_ids()) == 6


def test_ids_of_a_slice_keep_its_order(dataset: Any) -> None:
    made = dataset.create_slice("some", ["4.jpg", "1.jpg", "3.jpg"])

    def names(*arguments: Any, **named: Any) -> list[str]:
        return [
            dataset.loc(key)["item"].reference_id for key in dataset.item_ids(*arguments, **named)
        ]

    assert names(slice_id=made.id) == ["4.jpg", "1.jpg", "3.jpg"]
    assert names("metadata.odd = true", slice_id=made.id) == ["1.jpg", "3.jpg"]
    assert names("slice = some") == ["1.jpg", "3.jpg", "4.jpg"]
    with pytest.raises(NotFoundError):
        dataset.item_ids(slice_id="slc_00000000000ff")


def test_parameters_travel_beside_the_query(dataset: Any) -> None:
    ids = ["1.jpg", 'quo"te.jpg', "5.jpg"]

    found = dataset.query_items(
        "ref_id IN {ids} AND metadata.n > :low", params={"ids": ids, "low": 1}
    )

    assert [item.reference_id for item in found] == ["5.jpg"]


def test_objects_are_annotations_predictions_or_matches(dataset: Any) -> None:
    truths = list(dataset.query_objects("label = car AND position.x > 20"))
    assert [(box.label, box.x, box.reference_id) for box in truths] == [
        ("car", 30, "4.jpg"),
        ("car", 30, "5.jpg"),
    ]
    found = list(dataset.query_objects("confidence >= 0.4", ObjectQueryType.PREDICTIONS_ONLY))
    assert [(box.confidence, box.reference_id) for box in found] == [(0.4, "5.jpg")]
    model = dataset.query_objects("", "predictions_only")
    assert len(list(model)) == 9
    with pytest.warns(QueryWarning, match="there is no evaluation of 'detector'"):
        assert list(dataset.query_objects("", ObjectQueryType.IOU)) == []
    with pytest.raises(InvalidInputError, match="query_type is 'everything'"):
        dataset.query_objects("", "everything")


def test_matches_after_an_evaluation(dataset: Any, client: Any) -> None:
    model = client.models[0]
    dataset.calculate_evaluation_metrics(model).sleep_until_complete(verbose_std_out=False)

    pairs = list(dataset.query_objects("iou > 0.9", ObjectQueryType.IOU, model.id))
    missed = list(dataset.query_objects("", ObjectQueryType.FALSE_NEGATIVE, model.id))

    assert {type(row) for row in pairs} == {EvaluationMatch}
    assert {row.confusion_category for row in pairs} == {"FP"}  # buses that were called cars
    assert {row.ground_truth_annotation_label for row in missed} == {"car"}
    assert dataset.count("matches.fn > 1", model=model) == 2
    assert dataset.count("matches[gt_label = bus AND pred_label = car]") == 5


def test_a_bad_query_is_refused_where_it_is_written(dataset: Any) -> None:
    with pytest.raises(NucleusAPIError, match="column 19") as refusal:
        dataset.query_items("annotations.count bad syntax")
    assert type(refusal.value) is QueryError
    assert refusal.value.details["query_code"] == "Q012"
    with pytest.raises(NotFoundError):
        dataset.count("predictions.count > 1", model="prj_00000000000ff")


def test_export_takes_a_query(dataset: Any) -> None:
    rows = list(dataset.items_and_annotation_generator("annotations.count > 3"))

    assert [row["item"].reference_id for row in rows] == ["4.jpg", "5.jpg"]
    assert [len(row["annotations"]["box"]) for row in rows] == [4, 5]


# -- Real blood cells -----------------------------------------------------------------------------


def cells(folder: Path) -> dict[str, Counter[str]]:
    """Boxes per class and picture, straight from the files."""
    found = {}
    for path in sorted((folder / "annotations").glob("*.xml")):
        root = ET.parse(path).getroot()
        found[path.stem] = Counter(node.findtext("name", "") for node in root.iter("object"))
    return found


@pytest.fixture(scope="module")
def blood(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The 364 pictures with their boxes, and the split as metadata."""
    from nucleus_lab import NucleusClient

    folder = shared_data / "bccd"
    splits = {
        name: path.stem
        for path in (folder / "splits").glob("*.txt")
        if path.stem in {"train", "val", "test"}
        for name in path.read_text().split()
    }
    with NucleusClient(workspace=tmp_path_factory.mktemp("blood")) as client:
        dataset = client.create_dataset("blood")
        dataset.append([
            DatasetItem(f"https://x.test/{name}.jpg", name, metadata={"split": splits.get(name)})
            for name in cells(folder)
        ])
        boxes = []
        for path in sorted((folder / "annotations").glob("*.xml")):
            for index, node in enumerate(ET.parse(path).getroot().iter("object")):
                edge = {side.tag: float(side.text or 0) for side in node.find("bndbox") or ()}
                boxes.append(
                    BoxAnnotation(
                        node.findtext("name", ""),
                        edge["xmin"] - 1,
                        edge["ymin"] - 1,
                        edge["xmax"] - edge["xmin"] + 1,
                        edge["ymax"] - edge["ymin"] + 1,
                        path.stem,
                        annotation_id=str(index),
                    )
                )
        dataset.annotate(boxes)
        yield dataset, cells(folder), splits, boxes


def test_counts_of_real_cells(blood: Any) -> None:
    dataset, truth, splits, _ = blood

    def names(text: str) -> list[str]:
        return [item.reference_id for item in dataset.query_items(text)]

    assert dataset.count() == len(truth) == 364
    assert names("annotations.RBC > 20") == [n for n, c in truth.items() if c["RBC"] > 20]
    assert names("annotations.WBC = 0") == [n for n, c in truth.items() if not c["WBC"]]
    assert names("annotations.WBC + annotations.Platelets >= 4 AND metadata.split = test") == [
        n for n, c in truth.items() if c["WBC"] + c["Platelets"] >= 4 and splits.get(n) == "test"
    ]
    assert names("annotations.count % 7 = 0") == [n for n, c in truth.items() if c.total() % 7 == 0]
    assert names("metadata.split IS NULL") == [n for n in truth if n not in splits]
    assert sum(c["RBC"] for c in truth.values()) == 4155


def test_small_platelets_in_real_pictures(blood: Any) -> None:
    dataset, _, _, boxes = blood
    small = [b for b in boxes if b.label == "Platelets" and b.width < 30 and b.height < 30]

    found = list(
        dataset.query_objects(
            "label = Platelets AND annotations.dimensions.x < 30 AND annotations.dimensions.y < 30"
        )
    )

    assert [(b.reference_id, b.x, b.y) for b in found] == [
        (b.reference_id, b.x, b.y) for b in small
    ]
    assert dataset.count("annotations[label = Platelets AND area < 900]") == len({
        b.reference_id for b in boxes if b.label == "Platelets" and b.width * b.height < 900
    })
    largest = next(iter(dataset.query_items("ORDER BY max(annotations.area) DESC LIMIT 1")))
    assert largest.reference_id == max(boxes, key=lambda b: b.width * b.height).reference_id


def test_the_table_of_the_source_agrees(blood: Any, shared_data: Path) -> None:
    dataset, *_ = blood
    with (shared_data / "bccd" / "test.csv").open() as lines:
        rows = [row for row in csv.reader(lines) if row and row[0].endswith(".jpg")]
    wide = {row[0].removesuffix(".jpg") for row in rows if int(row[3]) - int(row[2]) + 1 > 250}

    found = dataset.query_items(
        "annotations.dimensions.x > 250 AND ref_id IN {ids}",
        params={"ids": sorted({row[0].removesuffix(".jpg") for row in rows})},
    )

    assert {item.reference_id for item in found} == wide
    assert json.dumps(sorted(wide))
