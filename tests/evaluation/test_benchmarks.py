"""Benchmarks, presets and leaderboards through the routes, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from seeding import Seeded, box

from nucleus_lab import identifiers
from nucleus_lab.engine import model_versions
from nucleus_lab.routes import dispatch
from nucleus_lab.wire import Request

GROUPS = [{"class_name": "vehicle", "labels": ["car", "bus"]}]


pytestmark = pytest.mark.usefixtures("inline_jobs")


def built(of: Seeded, name: str = "b", **body: Any) -> str:
    made = of.ask("POST", "benchmarks", {"name": name, **body})
    return str(made["benchmark_id"])


def state(of: Seeded, bm: str) -> dict[str, Any]:
    return of.ask("GET", f"benchmarks/{bm}")


def items(of: Seeded, bm: str, query: dict[str, str] | None = None) -> list[str]:
    answer = dispatch(of.engine, Request("GET", f"benchmarks/{bm}/items", None, query or {}))
    names = {of.item(name): name for name in of.items}
    return [names[public] for public in answer.payload["item_ids"]]


def evaluated(of: Seeded, bm: str, **body: Any) -> str:
    made = of.ask("POST", f"benchmarks/{bm}/evaluationsV2", {"model_id": of.prj, **body})
    found = of.ask("GET", f"evaluationsV2/{made['evaluation_id']}")
    assert found["status"] == "succeeded", found
    return str(found["id"])


def test_a_benchmark_is_built_of_items_with_ground_truth(seeded: Seeded) -> None:
    made = seeded.ask(
        "POST",
        "benchmarks",
        {
            "name": "streets",
            "description": "all of them",
            "metadata": {"owner": "x"},
            "dataset_id": seeded.ds,
            "item_ids": [seeded.item("a.jpg")],
            "rollupGroups": GROUPS,
        },
    )

    bm = made["benchmark_id"]
    found = state(seeded, bm)
    assert found.pop("created_at").endswith("Z")
    assert found.pop("allowed_label_matches_id").startswith("alm_")
    assert made["job_id"].startswith("job_")
    assert found == {
        "benchmark_id": bm,
        "id": bm,
        "name": "streets",
        "description": "all of them",
        "metadata": {"owner": "x"},
        "created_by_user_id": None,
        "status": "ready",
        "item_count": 3,
        "dataset_count": 1,
        "skipped_items_without_ground_truth": 1,
        "parent_benchmark_id": None,
        "version_major": 1,
        "version_minor": 0,
        "version_label": None,
        "class_agnostic": None,
        "exclusion_rules": None,
    }
    assert items(seeded, bm) == ["a.jpg", "b.jpg", "c.jpg"]
    assert items(seeded, bm, {"limit": "1", "offset": "1"}) == ["b.jpg"]
    assert [entry["id"] for entry in seeded.ask("GET", "benchmarks")] == [bm]


def test_sources_of_every_kind_add_up(seeded: Seeded) -> None:
    made = seeded.ask(
        "POST", f"dataset/{seeded.ds}/create_slice", {"name": "s", "reference_ids": ["b.jpg"]}
    )

    bm = built(
        seeded,
        slice_id=made["slice_id"],
        items=[{"dataset_id": seeded.ds, "ref_id": "c.jpg"}],
        item_ids=[seeded.item("c.jpg")],
    )

    assert items(seeded, bm) == ["b.jpg", "c.jpg"]


def test_a_version_has_the_items_of_its_parent_more_and_fewer(seeded: Seeded) -> None:
    first = built(
        seeded, item_ids=[seeded.item("a.jpg"), seeded.item("b.jpg")], rollupGroups=GROUPS
    )

    second = built(
        seeded,
        parent_benchmark_id=first,
        item_ids=[seeded.item("c.jpg")],
        removed_item_ids=[seeded.item("a.jpg")],
        version_label="rc",
    )
    third = built(seeded, parent_benchmark_id=second, bump_type="major", class_agnostic=True)
    fourth = built(seeded, parent_benchmark_id=third, version_major=2, version_minor=7)

    assert (items(seeded, second), items(seeded, third)) == (["b.jpg", "c.jpg"],) * 2
    found = [state(seeded, bm) for bm in (first, second, third, fourth)]
    versions = [(entry["version_major"], entry["version_minor"]) for entry in found]
    assert versions == [(1, 0), (1, 1), (2, 0), (2, 7)]
    assert found[1]["allowed_label_matches_id"] == found[0]["allowed_label_matches_id"]
    assert (found[2]["allowed_label_matches_id"], found[2]["class_agnostic"]) == (None, True)
    assert (found[1]["parent_benchmark_id"], found[1]["version_label"]) == (first, "rc")
    status, text = seeded.refusal(
        "POST",
        "benchmarks",
        {"name": "x", "parent_benchmark_id": fourth, "version_major": 2, "version_minor": 7},
    )
    assert (status, "does not follow" in text) == (400, True)
    seeded.ask("DELETE", f"benchmarks/{first}")
    assert state(seeded, second)["parent_benchmark_id"] is None


def test_a_draft_changes_until_it_is_finalized(seeded: Seeded) -> None:
    bm = built(seeded, draft=True)
    assert state(seeded, bm)["status"] == "draft"
    assert seeded.refusal("POST", f"benchmarks/{bm}/finalize", {})[0] == 400
    body = {"model_id": seeded.prj}
    assert seeded.refusal("POST", f"benchmarks/{bm}/evaluationsV2", body)[0] == 409

    seeded.ask("POST", f"benchmarks/{bm}/items", {"dataset_ids": [seeded.ds]})
    seeded.ask("POST", f"benchmarks/{bm}/items", {"item_ids": [seeded.item("a.jpg")]})
    gone = {"item_ids": [seeded.item("b.jpg"), seeded.item("d.jpg")]}
    assert seeded.ask("DELETE", f"benchmarks/{bm}/items", gone)["items_removed"] == 1
    changed = seeded.ask("PATCH", f"benchmarks/{bm}", {"name": "n", "rollupGroups": GROUPS})
    assert (changed["name"], changed["item_count"]) == ("n", 2)
    cleared = seeded.ask("PATCH", f"benchmarks/{bm}", {"allowed_label_matches_id": None})
    assert cleared["allowed_label_matches_id"] is None

    assert seeded.ask("POST", f"benchmarks/{bm}/finalize", {})["status"] == "ready"

    for method, path, body in (
        ("POST", "items", {"item_ids": [seeded.item("b.jpg")]}),
        ("DELETE", "items", gone),
        ("POST", "finalize", {}),
    ):
        assert seeded.refusal(method, f"benchmarks/{bm}/{path}", body)[0] == 409
    assert seeded.refusal("PATCH", f"benchmarks/{bm}", {"class_agnostic": True})[0] == 409
    assert seeded.ask("PATCH", f"benchmarks/{bm}", {"description": "d"})["description"] == "d"


def test_a_benchmark_without_ground_truth_fails(seeded: Seeded) -> None:
    bm = built(seeded, item_ids=[seeded.item("d.jpg")])

    assert (state(seeded, bm)["status"], state(seeded, bm)["item_count"]) == ("failed", 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"item_ids": ["di_0000000ffffff"]},
        {"item_ids": ["x"]},
        {"dataset_id": "ds_0000000ffffff"},
        {"scene_ids": ["scn_0000000ffffff"]},
        {"removed_item_ids": []},
        {"draft": True, "class_agnostic": False, "rollupGroups": GROUPS},
        {"draft": True, "version_major": 1},
        {"draft": True, "name": " "},
    ],
)
def test_a_benchmark_that_means_nothing_is_refused(seeded: Seeded, body: dict[str, Any]) -> None:
    assert seeded.refusal("POST", "benchmarks", {"name": "b", **body})[0] in {400, 404}
    assert seeded.ask("GET", "benchmarks") == []


def test_items_that_are_deleted_leave_their_benchmarks(seeded: Seeded) -> None:
    bm = built(seeded, dataset_id=seeded.ds)

    seeded.ask("DELETE", f"dataset/{seeded.ds}/refloc/a.jpg")
    assert items(seeded, bm) == ["b.jpg", "c.jpg"]
    seeded.ask("DELETE", f"dataset/{seeded.ds}")

    assert state(seeded, bm)["item_count"] == 0


def test_what_a_model_says_nothing_about_is_missed(seeded: Seeded) -> None:
    bm = built(seeded, dataset_id=seeded.ds)
    other = seeded.ask("POST", "models/add", {"name": "n", "reference_id": "n"})["model_id"]

    ev = evaluated(seeded, bm, model_id=other)

    charts = seeded.ask("POST", f"evaluationsV2/{ev}/charts", {})
    assert charts["totalCounts"] == {"tp": 0, "fp": 0, "fn": 4, "predsWithConfidence": 0}
    assert charts["mapSummary"] == {"mapAt50": 0.0, "mapAt75": 0.0, "mapAt5095": 0.0}


def test_one_evaluation_covers_several_datasets(seeded: Seeded, make_seeded: Any) -> None:
    more = make_seeded("other")
    more.add_items(["z.jpg"])
    more.add("z.jpg", "car", **box(0, 0, 10, 10))
    more.run_id, more.model_id = more.run_id, seeded.model_id
    seeded.ask(
        "POST",
        f"model/{seeded.prj}/predictions",
        {"annotations": [{
            "type": "box", "label": "car", "reference_id": "z.jpg", "annotation_id": "p",
            "confidence": 0.5, "geometry": {"x": 0, "y": 0, "width": 10, "height": 10},
        }]},
    )  # fmt: skip
    bm = built(seeded, dataset_ids=[seeded.ds, more.ds])
    assert state(seeded, bm)["dataset_count"] == 2

    ev = evaluated(seeded, bm)

    charts = seeded.ask("POST", f"evaluationsV2/{ev}/charts", {})
    assert charts["totalCounts"] == {"tp": 2, "fp": 3, "fn": 3, "predsWithConfidence": 5}
    filters = {"query": 'reference_id = "z.jpg"'}
    (row,) = seeded.ask("POST", f"evaluationsV2/{ev}/examples", filters)["rows"]
    assert (row["reference_id"], row["match_type"]) == ("z.jpg", "TP")


# -- leaderboards ---------------------------------------------------------------------------------


def ranked(of: Seeded, metric: str, bm: str, **body: Any) -> list[tuple[Any, ...]]:
    given = {"metric_type": metric, "benchmark_ids": [bm], **body}
    answer = of.ask("POST", "leaderboard/ranking", given)
    return [(row["rank"], row["evaluation_id"], row["score"]) for row in answer]


def test_evaluations_are_ranked_by_each_number(seeded: Seeded) -> None:
    bm = built(seeded, dataset_id=seeded.ds)
    plain = evaluated(seeded, bm, name="plain")
    rolled = evaluated(seeded, bm, name="rolled", rollupGroups=GROUPS)
    other = seeded.ask("POST", "models/add", {"name": "n", "reference_id": "n"})["model_id"]
    empty = evaluated(seeded, bm, model_id=other)

    near = pytest.approx
    assert ranked(seeded, "MAP_50", bm) == [(1, rolled, near(67 / 202)), (2, empty, 0.0)]
    everything = {"collapse": "allEvaluations"}
    assert ranked(seeded, "MAP_50_95", bm, **everything) == [
        (1, rolled, near(67 / 202)), (2, plain, near(51 / 303)), (3, empty, 0.0),
    ]  # fmt: skip
    assert ranked(seeded, "AP_LARGE", bm) == []
    assert ranked(seeded, "PRECISION", bm) == [(1, rolled, 0.5), (2, empty, 0.0)]
    assert ranked(seeded, "PRECISION", bm, confidence_threshold=0.75)[0] == (1, rolled, 1.0)
    assert ranked(seeded, "RECALL", bm)[0] == (1, rolled, 0.5)
    # Between the stored thresholds: of the predictions at 0.9 and 0.8 both are right.
    assert ranked(seeded, "F1", bm, confidence_threshold=0.755)[0] == (1, rolled, near(2 / 3))
    assert ranked(seeded, "RECALL", bm, model_ids=[other]) == [(1, empty, 0.0)]
    assert len(ranked(seeded, "RECALL", bm, scope="mine")) == 2
    (first, second) = seeded.ask("POST", "leaderboard/f1Curve", {"benchmark_ids": [bm]})
    points = {point["confidence_threshold"]: point["score"] for point in first["points"]}
    assert (first["evaluation_id"], first["rank"], first["best_f1"]) == (rolled, 1, near(2 / 3))
    assert (points[0.0], points[0.8], points[0.95]) == (near(0.5), near(2 / 3), 0.0)
    assert (second["model_name"], second["best_f1"], len(points)) == ("n", 0.0, 101)
    assert seeded.refusal(
        "POST", "leaderboard/ranking", {"metric_type": "MAP_50", "benchmark_ids": ["bm_x"]}
    )[0] == 404  # fmt: skip
    seeded.ask("DELETE", f"benchmarks/{bm}")
    assert seeded.ask("GET", f"evaluationsV2/{plain}")["benchmark_id"] is None


def test_an_entry_says_which_version_of_a_model_it_is_of(seeded: Seeded) -> None:
    bm = built(seeded, dataset_id=seeded.ds)
    metadata = {"version": "2.1-rc1", "parent_model_id": seeded.prj}
    body = {"name": "n", "reference_id": "n", "metadata": metadata}
    later = seeded.ask("POST", "models/add", body)["model_id"]
    evaluated(seeded, bm)
    evaluated(seeded, bm, model_id=later)

    entries = seeded.ask(
        "POST", "leaderboard/ranking", {"metric_type": "RECALL", "benchmark_ids": [bm]}
    )

    names = "model_version_major model_version_minor model_version_label parent_model_project_id"
    assert [[entry[name] for name in names.split()] for entry in entries] == [
        [None, None, None, None], [2, 1, "rc1", seeded.prj],
    ]  # fmt: skip
    seeded.ask("POST", f"model/{later}/modelRun/create", {"name": "r"})
    lists = [
        dispatch(seeded.engine, Request("GET", f"model/{prj}/modelRun", None, query)).payload
        for prj in (seeded.prj, later)
        for query in ({}, {"family": "true"})
    ]
    assert len(lists[0]) == len(lists[2]) == 1
    assert lists[1] == lists[3] == lists[0] + lists[2]


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        (None, (None, None, None, None)),
        ({"version": "v3"}, (3, None, None, None)),
        ({"version": 2}, (2, None, None, None)),
        ({"version": 1.5}, (1, 5, None, None)),
        ({"version": "1.2.3"}, (1, 2, "3", None)),
        ({"version": "nightly"}, (None, None, "nightly", None)),
        ({"version": True, "version_major": -1}, (None, None, None, None)),
        ({"version": "1.2", "version_major": 4, "version_label": "x"}, (4, None, "x", None)),
        ({"version_major": 4, "version_minor": 2}, (4, 2, None, None)),
        ({"parent_model_project_id": "prj_1", "parent_model_id": 7}, (None, None, None, "prj_1")),
    ],
)
def test_a_version_is_read_from_the_metadata_of_a_model(metadata: Any, version: Any) -> None:
    assert tuple(model_versions.version_of(metadata).values()) == version


RULE = {"type": "labels", "scope": "annotation", "target": "groundTruth", "labels": ["dog"]}
MORE = {"type": "labels", "scope": "annotation", "target": "prediction", "labels": ["car"]}


def counts(of: Seeded, ev: str) -> tuple[int, int, int]:
    found = of.ask("POST", f"evaluationsV2/{ev}/charts", {})["totalCounts"]
    return found["tp"], found["fp"], found["fn"]


def test_what_a_benchmark_excludes_is_left_out_of_every_evaluation_on_it(seeded: Seeded) -> None:
    plain = built(seeded, dataset_id=seeded.ds)
    bm = built(seeded, dataset_id=seeded.ds, exclusionRules=[RULE])
    version = built(seeded, parent_benchmark_id=bm)
    free = built(seeded, parent_benchmark_id=bm, exclusionRules=[])

    assert [state(seeded, one)["exclusion_rules"] for one in (plain, bm, version, free)] == [
        None, [RULE], [RULE], None,
    ]  # fmt: skip
    evs = [evaluated(seeded, one) for one in (plain, bm, version, free)]
    assert [counts(seeded, ev) for ev in evs] == [(1, 3, 3), (1, 3, 2), (1, 3, 2), (1, 3, 3)]
    # An evaluation may leave out more, and compare by labels of its own.
    both = evaluated(seeded, bm, exclusionRules=[MORE, RULE], rollupGroups=GROUPS)
    assert seeded.ask("GET", f"evaluationsV2/{both}")["exclusion_rules"] == [MORE, RULE]
    assert counts(seeded, both) == (0, 0, 3)


def test_what_a_benchmark_excludes_changes_while_it_is_a_draft(seeded: Seeded) -> None:
    bm = built(seeded, draft=True, dataset_id=seeded.ds, exclusionRules=[RULE])

    changed = seeded.ask("PATCH", f"benchmarks/{bm}", {"exclusionRules": [MORE]})
    kept = seeded.ask("PATCH", f"benchmarks/{bm}", {"name": "other"})
    gone = seeded.ask("PATCH", f"benchmarks/{bm}", {"exclusionRules": None})
    seeded.ask("POST", f"benchmarks/{bm}/finalize", {})

    found = [entry["exclusion_rules"] for entry in (changed, kept, gone)]
    assert found == [[MORE], [MORE], None]
    status, text = seeded.refusal("PATCH", f"benchmarks/{bm}", {"exclusionRules": [RULE]})
    assert (status, "what it excludes cannot change" in text) == (409, True)
    status, text = seeded.refusal(
        "POST",
        "benchmarks",
        {"name": "x", "draft": True, "exclusionRules": [{**RULE, "labels": []}]},
    )
    assert (status, "exclusionRules[0]: it lists no labels" in text) == (400, True)


# -- presets --------------------------------------------------------------------------------------


def test_presets_belong_to_a_user_and_outlive_her_key(seeded: Seeded) -> None:
    def ask(method: str, path: str, body: Any, user: str, caller: str = "old key") -> Any:
        request = Request(method, path, body, caller=caller, user=user)
        answer = dispatch(seeded.engine, request)
        return answer.status, answer.payload

    rule = {"type": "boxArea", "scope": "item", "target": "prediction", "min": 4.0}
    body = {"name": "p", "rollupGroups": GROUPS, "exclusionRules": [rule]}
    status, made = ask("POST", "evaluationV2Presets", body, "ann")
    assert status == 200
    assert (made["id"][:5], made["rollup_groups"], made["exclusion_rules"]) == (
        "prev_", GROUPS, [rule],
    )  # fmt: skip
    assert ask("POST", "evaluationV2Presets", {"name": "p"}, "ann")[0] == 409
    assert ask("POST", "evaluationV2Presets", {"name": "p"}, "bob")[0] == 200
    assert ask("POST", "evaluationV2Presets", {"name": ""}, "ann")[0] == 400

    path = f"evaluationV2Presets/{made['id']}"
    assert ask("PATCH", path, {"name": "q"}, "bob")[0] == 404
    status, changed = ask("PATCH", path, {"name": "q", "rollupGroups": None}, "ann")
    assert (status, changed["name"], changed["rollup_groups"]) == (200, "q", None)
    assert changed["exclusion_rules"] == [rule]
    assert [row["name"] for row in ask("GET", "evaluationV2Presets", None, "ann")[1]] == ["q"]
    (kept,) = ask("GET", "evaluationV2Presets", None, "ann", "new key")[1]
    assert kept == changed
    assert ask("DELETE", path, {}, "bob")[0] == 404
    assert ask("DELETE", path, {}, "ann", "new key")[0] == 200
    assert ask("GET", "evaluationV2Presets", None, "ann")[1] == []


def test_presets_of_the_team_are_seen_by_all_of_its_keys(seeded: Seeded) -> None:
    def ask(method: str, path: str, body: Any, caller: str, user: str = "") -> Any:
        request = Request(method, path, body, caller=caller, user=user)
        return dispatch(seeded.engine, request)

    made = ask("POST", "evaluationV2Presets", {"name": "p"}, "laptop").payload

    assert ask("GET", "evaluationV2Presets", None, "server").payload == [made]
    assert ask("GET", "evaluationV2Presets", None, "").payload == [made]
    assert ask("GET", "evaluationV2Presets", None, "ann's", "ann").payload == [made]
    again = ask("POST", "evaluationV2Presets", {"name": "p"}, "server")
    assert (again.status, "there is a preset 'p'" in again.payload["error"]) == (409, True)


def test_an_id_of_another_kind_is_not_found(seeded: Seeded) -> None:
    wrong = identifiers.encode(identifiers.EVALUATION, 1)

    assert seeded.refusal("GET", f"evaluationsV2/{wrong}")[0] == 404
    assert seeded.refusal("GET", f"benchmarks/{wrong}")[0] == 404
