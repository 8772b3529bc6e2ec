"""Routes of datasets."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from nucleus_lab.errors import InvalidInputError, NotFoundError

from .conftest import box, item


def test_a_dataset_is_created_described_and_listed(ask):
    ds = ask("POST", "dataset/create", {"name": "Street", "is_scene": None})["dataset_id"]
    scenes = ask("POST", "dataset/create", {"name": "Drives", "is_scene": True})["dataset_id"]

    assert ask("GET", f"dataset/{ds}/name") == {"name": "Street"}
    assert ask("GET", f"dataset/{ds}/is_scene") == {"is_scene": False}
    assert ask("GET", f"dataset/{scenes}/is_scene") == {"is_scene": True}
    assert ask("GET", f"dataset/{ds}/use_privacy_mode") == {"use_privacy_mode": False}
    assert ask("GET", f"dataset/{ds}/size") == {"count": 0}
    rows = ask("GET", "dataset/details")
    assert [(row["id"], row["name"], row["is_public"]) for row in rows] == [
        (ds, "Street", False),
        (scenes, "Drives", False),
    ]


def test_info_names_runs_and_slices(ask, five, model):
    slc = ask("POST", f"dataset/{five}/create_slice", {"name": "few", "reference_ids": ["r1"]})
    run = ask("POST", f"dataset/{five}/model/{model}/uploadPredictions", {"annotations": []})
    schema = {"item_metadata_schema": {"number": {"type": "number"}}}
    other = ask("POST", "dataset/create", {"name": "typed", **schema})["dataset_id"]

    info = ask("GET", f"dataset/{five}/info")

    assert info.pop("created_at").endswith("Z")
    assert info.pop("change_seq") > 0
    assert info == {
        "dataset_id": five,
        "name": "Street",
        "length": 5,
        "is_scene": False,
        "use_privacy_mode": False,
        "model_run_ids": [run["model_run_id"]],
        "slice_ids": [slc["slice_id"]],
        "tags": [],
        "item_metadata_schema": None,
        "annotation_metadata_schema": None,
    }
    assert ask("GET", f"dataset/{five}/model_runs") == [run["model_run_id"]]
    info = ask("GET", f"dataset/{other}/info")
    assert info["item_metadata_schema"] == schema["item_metadata_schema"]


def test_deleting_a_dataset_leaves_nothing_of_it_and_all_of_the_others(ask, engine, five, model):
    from nucleus_lab.engine.whole_schema import metadata

    def fill(ds):
        ask("POST", f"dataset/{ds}/annotate", {"annotations": [box(0), box(1)]})
        ask("POST", f"dataset/{ds}/add_taxonomy", {"taxonomy_name": "t", "type": "category"})
        route = f"dataset/{ds}/model/{model}/uploadPredictions"
        ask("POST", route, {"annotations": [box(0, confidence=0.5)]})
        ask("POST", f"dataset/{ds}/create_slice", {"name": "s", "reference_ids": ["r1"]})

    def counts():
        with engine.store.read() as connection:
            return {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in metadata.sorted_tables
            }

    fill(five)
    before = counts()
    other = ask("POST", "dataset/create", {"name": "other"})["dataset_id"]
    ask("POST", f"dataset/{other}/append", {"items": [item(n) for n in range(5)]})
    fill(other)

    answer = ask("DELETE", f"dataset/{other}", {})

    assert answer == {"message": "Beginning dataset deletion..."}
    assert counts() == before
    with pytest.raises(NotFoundError, match=other):
        ask("GET", f"dataset/{other}/name")
    assert len(ask("GET", f"dataset/{five}/refloc/r0")["annotations"]["box"]) == 1


@pytest.mark.parametrize("name", ["", "   "])
def test_a_dataset_needs_a_name(ask, name):
    with pytest.raises(InvalidInputError, match="name"):
        ask("POST", "dataset/create", {"name": name})


@pytest.mark.parametrize("ds", ["ds_0000000000099", "slc_0000000000001", "nonsense"])
def test_an_unknown_dataset_is_named(ask, ds):
    with pytest.raises(NotFoundError, match=ds):
        ask("GET", f"dataset/{ds}/size")
