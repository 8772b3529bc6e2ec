"""Tasks go to other labeling tools and come back finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nucleus_lab import BoxAnnotation, DatasetItem, formats
from nucleus_lab.errors import InvalidInputError

FILES = {"label_studio": "tasks.json", "cvat": "annotations.xml", "datumaro": "default.json"}


def project_of(client: Any, items: list[DatasetItem], **options: Any) -> tuple[Any, Any]:
    dataset = client.create_dataset("d")
    dataset.append(items)
    project = client.create_labeling_project("p", **options)
    names = [item.reference_id for item in items]
    job = dataset.create_slice("s", names).send_to_labeling(project.id)
    job.sleep_until_complete(verbose_std_out=False)
    return dataset, project


def remote(*names: str) -> list[DatasetItem]:
    return [
        DatasetItem(f"https://example.org/{name}", name, width=200, height=100) for name in names
    ]


def test_the_finished_boxes_of_cvat_appear(client: Any, shared_data: Path, tmp_path: Path) -> None:
    real = shared_data / "voc100_formats" / "gts" / "cvat_format"
    names = formats.read(real).items.reference_id
    dataset, project = project_of(client, remote(*names))
    assert len(project.export_tasks(tmp_path / "out.xml", "cvat")) == 1

    report = project.import_tasks(real)

    assert (report.format, report.completed, report.annotations) == ("cvat", 100, 273)
    assert report.ok
    assert "100 tasks completed with 273 annotations" in str(report)
    assert dataset.count("annotations.count > 0") == 100
    again = project.import_tasks(real)
    assert (again.completed, again.ignored) == (0, 100)


@pytest.mark.parametrize("tool", FILES)
def test_a_rejected_answer_goes_out_to_begin_from(client: Any, tool: str, tmp_path: Path) -> None:
    dataset, project = project_of(client, remote("a.jpg", "b.jpg"))
    task = project.tasks()[0].complete([BoxAnnotation("car", 1, 2, 30, 4, "", "one")])
    task.reject("wider")

    (file,) = project.export_tasks(tmp_path / FILES[tool], tool)

    if tool == "label_studio":
        exported = json.loads(file.read_text())
        assert [len(one.get("predictions", ())) for one in exported] == [1, 0]
        assert project.import_tasks(file).pending == 2
        exported[0]["annotations"] = exported[0].pop("predictions")
        exported[1]["annotations"] = [{"result": []}]
        file.write_text(json.dumps(exported))
        report = project.import_tasks(file)
        assert (report.completed, report.pending) == (2, 0)
    else:
        report = project.import_tasks(file)
        assert (report.completed, report.pending) == (1, 1)
        assert project.import_tasks(file, empty=True).completed == 1
    found = dataset.refloc("a.jpg")["annotations"]["box"]
    assert [(box.x, box.width) for box in found] == [(1, 30)]


def test_choices_find_their_taxonomy(client: Any, tmp_path: Path) -> None:
    taxonomies = {"weather": ["sun", "fog"], "parts": {"type": "multicategory", "labels": ["a"]}}
    dataset, project = project_of(
        client,
        remote("a.jpg"),
        labels=["car"],
        taxonomies=taxonomies,
        types=["category", "multicategory"],
    )
    file = tmp_path / "annotations.xml"
    file.write_text(
        '<annotations><image name="a.jpg" width="200" height="100"><tag label="fog"/></image>'
        "</annotations>"
    )

    assert project.import_tasks(file).completed == 1

    (chosen,) = dataset.refloc("a.jpg")["annotations"]["category"]
    assert (chosen.label, chosen.taxonomy_name) == ("fog", "weather")
    config = project.label_studio_config()
    assert '<Choices name="weather" toName="image" choice="single">' in config
    assert '<Choices name="parts" toName="image" choice="multiple">' in config


def test_what_fits_no_task_is_named(client: Any, tmp_path: Path) -> None:
    _, project = project_of(client, remote("a.jpg", "b.jpg"), labels=["car"])
    file = tmp_path / "annotations.xml"
    box = '<box label="{}" xtl="1" ytl="1" xbr="9" ybr="9"/>'
    image = '<image name="{}" width="200" height="100">{}</image>'
    pages = [("a.jpg", "tree"), ("b.jpg", "car"), ("zzz.jpg", "car")]
    inner = "".join(image.format(name, box.format(label)) for name, label in pages)
    file.write_text(f"<annotations>{inner}</annotations>")

    report = project.import_tasks(file)

    assert (report.completed, report.ok) == (1, False)
    assert len(report.problems) == 2
    assert "zzz.jpg: the project has no task" in report.problems[0]
    assert "its label is 'tree'" in report.problems[1]


def test_pictures_go_along(client: Any, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (20, 10)).save(tmp_path / "local.png")
    item = DatasetItem(str(tmp_path / "local.png"), "deep/local.png")
    _, project = project_of(client, [item])

    project.export_tasks(tmp_path / "t.json", pictures=tmp_path / "pictures")

    copied = (tmp_path / "pictures" / "deep" / "local.png").read_bytes()
    assert copied == (tmp_path / "local.png").read_bytes()
    place = json.loads((tmp_path / "t.json").read_text())[0]["data"]["image"]
    assert place == "/data/local-files/?d=deep/local.png"


def test_nothing_to_export_is_said(client: Any, tmp_path: Path) -> None:
    project = client.create_labeling_project("empty")

    with pytest.raises(InvalidInputError, match="has no such task"):
        project.export_tasks(tmp_path / "t.json")
    with pytest.raises(InvalidInputError, match="there is no format 'odd'"):
        project.export_tasks(tmp_path / "t.json", "odd")
    assert list(tmp_path.glob("*.json")) == []


def test_pictures_of_one_name_are_not_mixed_up(client: Any, tmp_path: Path) -> None:
    _, project = project_of(client, remote("a.jpg"))
    other = client.create_dataset("other")
    other.append(remote("a.jpg"))
    other.create_slice("s", ["a.jpg"]).send_to_labeling(project.id).sleep_until_complete(False)
    file = tmp_path / "annotations.xml"
    file.write_text('<annotations><image name="a.jpg" width="9" height="9"/></annotations>')

    with pytest.raises(InvalidInputError, match="cannot tell apart"):
        project.export_tasks(tmp_path / "t.json")
    report = project.import_tasks(file, empty=True)
    assert report.completed == 0
    assert "several datasets" in report.problems[0]
