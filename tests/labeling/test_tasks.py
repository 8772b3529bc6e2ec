"""Labeling projects and tasks through the SDK."""

from __future__ import annotations

from typing import Any

import pytest

from nucleus_lab import (
    BoxAnnotation,
    CategoryAnnotation,
    DatasetItem,
    MultiCategoryAnnotation,
    PolygonAnnotation,
)
from nucleus_lab.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

NAMES = ["a.jpg", "b/b.jpg", "c.jpg"]


@pytest.fixture
def dataset(client: Any) -> Any:
    made = client.create_dataset("street")
    made.append([
        DatasetItem(f"https://example.org/{name}", name, {"n": 1}, width=200, height=100)
        for name in NAMES
    ])
    return made


@pytest.fixture
def project(client: Any) -> Any:
    return client.create_labeling_project(
        "cars",
        labels=["car", "bus"],
        types=["box", "polygon", "category", "multicategory"],
        taxonomies={"weather": ["sun", "fog"], "many": {"type": "multicategory", "labels": ["x"]}},
        instructions="mark all",
    )


def send(dataset: Any, project: Any, names: list[str] = NAMES, batch: str = "first") -> Any:
    job = dataset.create_slice(batch, names).send_to_labeling(project.id)
    job.sleep_until_complete(verbose_std_out=False)
    return job


def box(label: str = "car", **more: Any) -> BoxAnnotation:
    return BoxAnnotation(label, 1, 2, 3, 4, "elsewhere", **more)


def at(dataset: Any, name: str) -> Any:
    return dataset.refloc(name)


def test_a_project_says_what_is_to_be_labeled(client: Any, project: Any) -> None:
    found = client.get_labeling_project(project.id)

    assert found == project == client.labeling_projects[0]
    assert (found.name, found.labels, found.types, found.instructions) == (
        "cars",
        ["car", "bus"],
        ["box", "polygon", "category", "multicategory"],
        "mark all",
    )
    assert found.taxonomies == {
        "weather": {"type": "category", "labels": ["sun", "fog"]},
        "many": {"type": "multicategory", "labels": ["x"]},
    }
    assert found.counts == {"pending": 0, "completed": 0, "accepted": 0, "rejected": 0}
    assert "cars" in repr(found)
    assert "<b>cars</b>" in found._repr_html_()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x", "types": ["cuboid"]}, "use one or more of box"),
        ({"name": "x", "types": []}, "use one or more of box"),
        ({"name": "x", "taxonomies": {"w": []}}, "taxonomy 'w'"),
        ({"name": "x", "taxonomies": {"w": {"type": "odd", "labels": ["a"]}}}, "taxonomy 'w'"),
    ],
)
def test_a_project_that_makes_no_sense_is_refused(
    client: Any, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        client.create_labeling_project(**given)
    assert client.labeling_projects == []


def test_a_name_is_taken_once(client: Any, project: Any) -> None:
    with pytest.raises(ConflictError, match=project.id):
        client.create_labeling_project("cars")


def test_a_slice_becomes_tasks_once(dataset: Any, project: Any) -> None:
    job = send(dataset, project, NAMES[:2])

    again = send(dataset, project, NAMES, "second")

    assert job.job_type == "sendToLabeling"
    assert job.status()["message"]["tasks_created"] == 2
    message = again.status()["message"]
    assert (message["tasks_created"], message["tasks_ignored"]) == (1, 2)
    assert [(t.reference_id, t.batch, t.status) for t in project.tasks()] == [
        ("a.jpg", "first", "pending"),
        ("b/b.jpg", "first", "pending"),
        ("c.jpg", "second", "pending"),
    ]
    assert (project.tasks()[0].width, project.tasks()[0].location) == (
        200,
        "https://example.org/a.jpg",
    )


def test_a_finished_task_appears_at_once(client: Any, dataset: Any, project: Any) -> None:
    send(dataset, project)
    task = project.tasks("pending")[1]

    task.complete([box(), box("bus", annotation_id="b1"), CategoryAnnotation("fog", "", "weather")])

    found = at(dataset, "b/b.jpg")
    assert [value.label for value in found["annotations"]["box"]] == ["car", "bus"]
    assert {value.reference_id for value in found["annotations"]["box"]} == {"b/b.jpg"}
    assert [value.label for value in found["annotations"]["category"]] == ["fog"]
    assert found["item"].metadata == {
        "n": 1,
        "scale_metadata": {
            "project_name": "cars",
            "task_id": task.id,
            "task_status": "completed",
            "audit_status": "pending",
            "created_at": task.created_at,
            "completed_at": task.completed_at,
        },
    }
    assert (task.status, client.get_labeling_task(task.id).status) == ("completed", "completed")
    assert [value.TYPE for value in task.annotations] == ["box", "box", "category"]


def test_the_queries_of_labeling_work(dataset: Any, project: Any) -> None:
    send(dataset, project)
    first, second, _ = project.tasks()
    first.complete([box()])
    first.accept("good")
    second.complete([])
    second.reject("the car is missing")

    def found(query: str) -> list[str]:
        return [item.reference_id for item in dataset.query_items(query)]

    assert found('scale_metadata.project_name = "cars"') == NAMES
    assert found('scale_metadata.task_status = "completed"') == ["a.jpg"]
    assert found('scale_metadata.task_status = "pending"') == ["b/b.jpg", "c.jpg"]
    assert found(f'scale_metadata.task_id = "{first.id}"') == ["a.jpg"]
    assert found("scale_metadata.completed_at > 2021-01-01") == ["a.jpg"]
    assert found("scale_metadata.created_at < 2021-03-15") == []
    assert found("scale_metadata.audit_status = rejected") == ["b/b.jpg"]
    assert found("scale_metadata.task_audit_status = accepted") == ["a.jpg"]
    query = "scale_metadata.audit_status = accepted AND scale_metadata.completed_at > 2021-06-01"
    assert found(query) == ["a.jpg"]


def test_a_rejected_task_is_open_again_and_its_annotations_are_gone(
    dataset: Any, project: Any
) -> None:
    dataset.annotate([BoxAnnotation("car", 50, 50, 5, 5, "a.jpg")])
    send(dataset, project)
    task = project.tasks()[0].complete([box()])

    task.reject("too large")

    assert (task.status, task.audit_status, task.comment, task.completed_at) == (
        "pending",
        "rejected",
        "too large",
        None,
    )
    assert [value.x for value in at(dataset, "a.jpg")["annotations"]["box"]] == [50]
    assert [value.x for value in task.annotations] == [1]
    assert [t.id for t in project.tasks("rejected")] == [task.id]
    task.complete(task.annotations)
    assert task.refresh().audit_status == "pending"
    assert len(at(dataset, "a.jpg")["annotations"]["box"]) == 2


def test_only_completed_tasks_are_audited(dataset: Any, project: Any) -> None:
    send(dataset, project)
    task = project.tasks()[0]

    for audit in (task.accept, lambda: task.reject("x")):
        with pytest.raises(ConflictError, match="only a completed one"):
            audit()


def test_a_completed_task_is_replaced_only_on_demand(dataset: Any, project: Any) -> None:
    send(dataset, project)
    task = project.tasks()[0].complete([box(annotation_id="one")])

    with pytest.raises(ConflictError, match="update=True"):
        task.complete([])
    task.complete([box("bus", annotation_id="two")], update=True)

    found = at(dataset, "a.jpg")["annotations"]["box"]
    assert [value.annotation_id for value in found] == ["two"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([box("tree")], "its label is 'tree': use 'car' or 'bus'"),
        ([box(), CategoryAnnotation("snow", "", "weather")], "its label is 'snow'"),
        ([CategoryAnnotation("sun", "", "colour")], "no category taxonomy 'colour'"),
        ([MultiCategoryAnnotation(["sun"], "", "weather")], "no multicategory taxonomy"),
        ([box(annotation_id="a"), box("bus", annotation_id="a")], "annotation id 'a'"),
    ],
)
def test_an_answer_that_does_not_fit_changes_nothing(
    dataset: Any, project: Any, values: list[Any], reason: str
) -> None:
    send(dataset, project)
    task = project.tasks()[0]

    with pytest.raises(InvalidInputError, match=reason):
        task.complete(values)

    assert at(dataset, "a.jpg")["annotations"] == {}
    assert project.counts["pending"] == 3


def test_a_type_that_was_not_asked_for_is_refused(client: Any, dataset: Any) -> None:
    project = client.create_labeling_project("only boxes", types=["box"])
    send(dataset, project)

    with pytest.raises(InvalidInputError, match="its type is polygon"):
        project.tasks()[0].complete([
            PolygonAnnotation("car", [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": 1}], "")
        ])


def test_tasks_are_assigned_and_filtered(dataset: Any, project: Any) -> None:
    send(dataset, project)
    task = project.tasks()[2].assign("ada")

    assert task.assignee == "ada"
    assert project.tasks(assignee="ada") == [task]
    assert task.assign(None).assignee is None
    with pytest.raises(InvalidInputError, match="use pending, completed, accepted or rejected"):
        project.tasks("done")


def test_tasks_are_told_about_by_item(client: Any, dataset: Any, project: Any) -> None:
    send(dataset, project, NAMES[:2])
    other = client.create_labeling_project("other")
    send(dataset, other, NAMES[:1], "again")
    task = project.tasks()[0].complete([box()])
    task.accept("fine")

    rows = dataset.export_scale_task_info()

    assert [row["item"].reference_id for row in rows] == ["a.jpg", "b/b.jpg"]
    assert rows[0]["scale_task_info"] == [
        {
            "task_id": task.id,
            "task_status": "completed",
            "task_audit_status": "accepted",
            "task_audit_review_comment": "fine",
            "project_name": "cars",
            "batch": "first",
            "created_at": task.created_at,
            "completed_at": task.completed_at,
        },
        {
            "task_id": other.tasks()[0].id,
            "task_status": "pending",
            "task_audit_status": "pending",
            "task_audit_review_comment": None,
            "project_name": "other",
            "batch": "again",
            "created_at": other.tasks()[0].created_at,
            "completed_at": None,
        },
    ]
    part = dataset.create_slice("part", ["b/b.jpg", "c.jpg"]).export_scale_task_info()
    assert [row["item"].reference_id for row in part] == ["b/b.jpg"]


def test_a_dataset_is_made_of_finished_tasks(client: Any, dataset: Any, project: Any) -> None:
    send(dataset, project)
    for task in project.tasks()[:2]:
        task.complete([box(), CategoryAnnotation("sun", "", "weather")])

    made = client.create_dataset_from_project(project.id)
    last = client.create_dataset_from_project(project.id, last_n_tasks=1, name="newest")

    assert (made.name, last.name) == ("cars", "newest")
    assert [item.reference_id for item in made.items] == NAMES[:2]
    assert [item.reference_id for item in last.items] == NAMES[1:2]
    found = at(made, "a.jpg")
    assert [value.label for value in found["annotations"]["box"]] == ["car"]
    assert [value.taxonomy_name for value in found["annotations"]["category"]] == ["weather"]
    assert found["item"].metadata["scale_metadata"]["task_status"] == "completed"
    project.tasks()[0].reject("again")
    assert at(made, "a.jpg")["annotations"] == {}
    with pytest.raises(InvalidInputError, match="last_n_tasks is 0"):
        client.create_dataset_from_project(project.id, last_n_tasks=0)
    with pytest.raises(NotFoundError, match="lbl_99"):
        client.create_dataset_from_project("lbl_99")


def test_finished_tasks_are_taken_into_another_dataset(
    client: Any, dataset: Any, project: Any
) -> None:
    send(dataset, project)
    ids = [task.id for task in project.tasks()]
    project.tasks()[0].complete([box()])
    other = client.create_dataset("other")
    other.append([DatasetItem("https://example.org/another.jpg", "a.jpg", width=9, height=9)])

    answer = other.ingest_tasks(ids)

    assert answer == {"ingested_tasks": 1, "ignored_tasks": 0, "pending_tasks": 2}
    assert [item.reference_id for item in other.items] == ["a.jpg", f"{ids[0]}/a.jpg"]
    assert len(at(other, f"{ids[0]}/a.jpg")["annotations"]["box"]) == 1
    again = {"ingested_tasks": 0, "ignored_tasks": 1, "pending_tasks": 2}
    assert other.ingest_tasks(ids) == again == dataset.ingest_tasks(ids)
    with pytest.raises(NotFoundError, match="task_zz"):
        other.ingest_tasks([ids[0], "task_zz"])


def test_slices_of_objects_and_unknown_projects_are_refused(client: Any, dataset: Any) -> None:
    with pytest.raises(NotFoundError, match="lbl_7"):
        dataset.create_slice("s", NAMES).send_to_labeling("lbl_7")


def test_deleting_a_project_leaves_the_annotations(client: Any, dataset: Any, project: Any) -> None:
    send(dataset, project)
    project.tasks()[0].complete([box()])

    assert project.delete() == {"project_id": project.id, "tasks_deleted": 3}

    found = at(dataset, "a.jpg")
    assert len(found["annotations"]["box"]) == 1
    assert found["item"].metadata == {"n": 1}
    assert dataset.export_scale_task_info() == []
    with pytest.raises(NotFoundError, match=project.id):
        project.tasks()


def test_an_upload_that_replaces_metadata_keeps_the_mark(dataset: Any, project: Any) -> None:
    send(dataset, project)

    dataset.append(
        [DatasetItem("https://example.org/a.jpg", "a.jpg", {"n": 2}, width=200, height=100)],
        update=True,
    )

    metadata = at(dataset, "a.jpg")["item"].metadata
    assert metadata["n"] == 2
    assert metadata["scale_metadata"]["task_status"] == "pending"


def test_tasks_go_with_their_items(client: Any, dataset: Any, project: Any) -> None:
    send(dataset, project)
    project.tasks()[0].complete([box()])
    copy = client.create_dataset_from_project(project.id)

    dataset.delete_item("c.jpg")
    assert project.counts["pending"] == 1
    client.delete_dataset(dataset.id)

    assert [task.dataset_id for task in project.tasks()] == [copy.id]
    client.delete_dataset(copy.id)
    assert project.tasks() == []


def test_one_bad_answer_of_many_loses_none_of_the_others(dataset: Any, project: Any) -> None:
    send(dataset, project)
    first, second, third = project.tasks()
    third.complete([])

    done = project.complete_many({
        first.id: [box().to_payload()],
        second.id: [box("tree").to_payload()],
        third.id: [],
    })

    assert (done["completed"], done["ignored"]) == ([first.id], [third.id])
    assert "its label is 'tree'" in done["errors"][second.id]
    assert project.counts["completed"] == 2


def test_ids_that_are_taken_by_the_item_are_replaced(dataset: Any, project: Any) -> None:
    dataset.annotate([BoxAnnotation("car", 9, 9, 9, 9, "a.jpg", annotation_id="one")])
    send(dataset, project)

    project.tasks()[0].complete([box(annotation_id="one")])

    assert [value.x for value in at(dataset, "a.jpg")["annotations"]["box"]] == [1]


def test_a_task_shows_itself_escaped(dataset: Any, project: Any) -> None:
    send(dataset, project)
    task = project.tasks()[0]
    task.reference_id = "<i>"

    assert "<i>" not in task._repr_html_()
    assert task.id in repr(task)
