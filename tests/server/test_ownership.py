"""A key of a user opens what she made and what is shared: another user's things do not exist."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_server import serving
from requests_from_routes import Maker
from sqlalchemy import select
from worlds import World, ask, box, make, request_of, send

from nucleus_lab.engine import Engine, datasets, keys, ownership, work
from nucleus_lab.engine.settings import Settings
from nucleus_lab.engine.whole_schema import metadata as tables
from nucleus_lab.routes import TABLE, Route
from nucleus_lab.wire import Request, Response, encode

ANNA, BERT, SHARED = "hushanna", "hushbert", "openall"

# What reading may renew: numbers that follow from the rest.
DERIVED = {"position", "next_position", "positions_dense"}

# Routes that refuse even the team here: what they need is not a thing of this small workspace.
ELSEWHERE = {
    "POST model/run/{prj}/": 409,  # a bundle, which servers take where they are told to
    "POST lab/models/addBundle": 400,
    "POST evaluationsV2/{ev}/cancel": 409,  # one that runs
    "POST evaluationsV2/{ev}/retry": 409,  # one that failed
    "POST indexing/{ds}": 403,  # URLs that may be fetched
    "GET task/{task}/frame/{frame}": 400,  # point clouds
    "GET lab/dataset/{ds}/pointcloud/{di}": 400,
    "POST dataset/{ds}/model/{prj}/pointcloud/{ref:path}/uploadLSSPrediction": 400,
    "GET lab/dataset/{ds}/model/{prj}/pointcloud/{ref:path}/segmentation": 404,
}

_ID = re.compile(r"\b[a-z_0-9]+_[0-9a-f]{13}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\"milliseconds\":[\d.]+")
_UPLOAD = re.compile(r"\b[0-9a-f]{24}\b")
_NUMBERS = itertools.count(1)


@pytest.fixture
def engine(workspace: Path, database_url: str | None) -> Iterator[Engine]:
    """A workspace whose jobs run where they are submitted."""
    settings = Settings.load(workspace, serving=True).changed(inline_jobs=True)
    opened = Engine(workspace, database_url=database_url, settings=settings)
    yield opened
    opened.close()


@pytest.fixture
def anna(engine: Engine) -> World:
    """What Anna made."""
    return make(engine, "anna", ANNA)


def fresh() -> str:
    return f"new {next(_NUMBERS)}"


def content(engine: Engine) -> dict[str, dict[str, str]]:
    """All rows, by table and key."""
    found: dict[str, dict[str, str]] = {}
    with engine.store.read() as connection:
        for table in tables.sorted_tables:
            keys_of = list(table.primary_key)
            rest = [column for column in table.c if column.name not in DERIVED]
            rows = connection.execute(select(*(keys_of or rest), *rest))
            size = len(keys_of or rest)
            found[table.name] = {str(list(row[:size])): repr(row[size:]) for row in rows}
    return found


def private_routes() -> list[Route]:
    samples = ("api/", "v1/api/")  # of another protocol, whose things are numbered: see the end
    return [
        entry
        for entry in TABLE.routes
        if not entry.public and not entry.template.startswith(samples)
    ]


def name_of(entry: Route) -> str:
    return f"{entry.method} {entry.template}"


def names_things(request: Request, world: World) -> bool:
    """Whether a request names a thing of a world."""
    sent = json.dumps([request.path, request.payload, dict(request.query)], default=repr)
    return any(value in sent for name, value in world.items() if name != "word")


def test_every_route_refuses_another_user_and_changes_nothing(engine: Engine, anna: World) -> None:
    before = content(engine)
    named = []
    for entry in private_routes():
        request = request_of(entry.method, entry.template, anna, fresh())
        if not names_things(request, anna) or name_of(entry) == "POST models/add":
            continue  # a list, or something that anyone may make: see below
        answer = ask(engine, request, "bert")
        named.append(entry)

        assert 400 <= answer.status < 500, (name_of(entry), answer)
        assert set(answer.payload) <= {"error", "code", "details"}, name_of(entry)
        if entry.method != "GET":
            assert content(engine) == before, name_of(entry)
    assert content(engine) == before
    assert len(named) > 150


def test_the_team_is_answered_by_every_route_about_every_users_things(
    engine: Engine, anna: World
) -> None:
    refused = {}
    for entry in sorted(private_routes(), key=_destroying):
        answer = ask(engine, request_of(entry.method, entry.template, anna, fresh()), "")
        if answer.status >= 400:
            refused[name_of(entry)] = answer.status

    assert refused == ELSEWHERE


def _destroying(entry: Route) -> tuple[Any, ...]:
    """Rank what destroys, or closes, behind what it destroys is needed by."""
    name = name_of(entry)
    last = ["POST benchmarks/{bm}/finalize", "DELETE slice/{slc}", "DELETE model/{prj}"]
    last += ["DELETE dataset/{ds}"]
    rank = last.index(name) + 1 if name in last else 0
    return rank, entry.method == "DELETE", entry.template.endswith("reject"), -name.count("/")


def test_the_owner_herself_is_answered_like_the_team(engine: Engine, anna: World) -> None:
    refused = {}
    for entry in sorted(private_routes(), key=_destroying):
        request = request_of(entry.method, entry.template, anna, fresh())
        request.caller = "team"
        answer = ask(engine, request, "anna")
        if answer.status >= 400:
            refused[name_of(entry)] = answer.status

    assert refused == ELSEWHERE


def _twins(entry: Route, own: World, hidden: World) -> Iterator[tuple[str, Request, Request]]:
    """Requests that name one hidden thing among one's own, and the same with an unknown thing."""
    plain = request_of(entry.method, entry.template, own, "NEW")
    if isinstance(plain.payload, bytes):
        sent = json.dumps([plain.path, None, dict(plain.query)])
    else:
        sent = json.dumps([plain.path, plain.payload, dict(plain.query)])
    for name, value in own.items():
        other = hidden.get(name)
        if name == "word" or other is None or value not in sent:
            continue
        unknown = re.sub(r"[0-9a-f]{13}$", f"{0xFFFFFF:013x}", value)
        unknown = unknown if unknown != value else value.replace(BERT, "nobodyis")
        pair = []
        for given in (unknown, other):
            path, payload, query = json.loads(sent.replace(value, given).replace("NEW", fresh()))
            if isinstance(plain.payload, bytes):
                payload = plain.payload
            pair.append(Request(entry.method, path, payload, query))
        yield name, pair[0], pair[1]


def _blurred(answer: Response) -> str:
    """An answer without what tells one request from its twin."""
    payload = answer.payload
    text = repr(payload) if not isinstance(payload, dict | list) else encode(payload).decode()
    for pattern in (
        _ID,
        _TIME,
        _UPLOAD,
        re.compile(rf"{ANNA}|{BERT}|nobodyis"),
        re.compile(r"new.\d+"),
    ):
        text = pattern.sub("·", text)
    text = re.sub(r"; did you mean '· \w+'\?", "", text)  # one's own: only one twin is like it
    # Words that a model only keeps, known or not, pile up.
    return f"{answer.status} " + re.sub('("·",)+', "", text)


@pytest.mark.timeout(600)
def test_one_hidden_thing_among_ones_own_is_as_unknown_as_one_that_never_was(
    engine: Engine, anna: World
) -> None:
    before = content(engine)
    bert = make(engine, "bert", BERT)
    told, kept = [], {name: set(rows.values()) for name, rows in before.items()}
    for entry in private_routes():
        if entry.method == "DELETE":
            continue  # the own half of such a request would go
        for name, unknown, hidden in _twins(entry, bert, anna):
            expected = ask(engine, unknown, "bert")
            found = ask(engine, hidden, "bert")
            told.append((entry, name))

            assert _blurred(found) == _blurred(expected), (name_of(entry), name)
            assert found.status < 500, (name_of(entry), name)
    now = content(engine)
    for table, rows in kept.items():
        assert rows <= set(now[table].values()), table
    _assert_nothing_hangs_below(engine, before)
    assert len(told) > 200


def _assert_nothing_hangs_below(engine: Engine, before: Any) -> None:
    """No row that came later hangs below one that was there before."""
    with engine.store.read() as connection:
        for table in tables.sorted_tables:
            ours = [column for column in table.c if column.foreign_keys]
            for row in connection.execute(select(table)).mappings():
                if str([row[c.name] for c in table.primary_key]) in before[table.name]:
                    continue
                for column in ours:
                    (key,) = column.foreign_keys
                    above = key.column.table.name
                    assert str([row[column.name]]) not in before[above], (table.name, dict(row))


def test_lists_leave_out_what_other_users_made(engine: Engine) -> None:
    bert = make(engine, "bert", BERT)
    lists = [
        entry
        for entry in private_routes()
        if entry.method == "GET" and not names_things(request_of("GET", entry.template, bert), bert)
    ]
    before = [ask(engine, request_of("GET", entry.template, bert), "bert") for entry in lists]
    jobs = ask(engine, Request("POST", "jobs/", {"show_completed": True}), "bert")
    make(engine, "anna", ANNA)

    for entry, answer in zip(lists, before, strict=True):
        assert ask(engine, request_of("GET", entry.template, bert), "bert") == answer, entry
        everything = ask(engine, request_of("GET", entry.template, bert), "")
        if "Presets" not in entry.template:
            assert ANNA in repr(everything.payload), entry
    assert ask(engine, Request("POST", "jobs/", {"show_completed": True}), "bert") == jobs
    assert len(lists) >= 8


def test_what_the_team_and_programs_make_is_everyones(engine: Engine) -> None:
    shared = make(engine, "", SHARED)
    refused = {}
    for entry in sorted(private_routes(), key=_destroying):
        request = request_of(entry.method, entry.template, shared, fresh())
        answer = ask(engine, request, "anna")
        if answer.status >= 400:
            refused[name_of(entry)] = answer.status

    assert refused == ELSEWHERE


def test_everything_a_user_makes_is_hers(engine: Engine, anna: World) -> None:
    with engine.store.read() as connection:
        for table in tables.sorted_tables:
            if "owner" not in table.c or table.name == "sample_project":  # see below
                continue
            owners = set(connection.scalars(select(table.c.owner)))
            assert owners == {"anna"}, table.name


def test_what_hangs_on_a_shared_dataset_is_its_makers_and_goes_with_it(engine: Engine) -> None:
    shared = make(engine, "", SHARED)
    ds, ref = shared["ds"], shared["ref"]
    model = {"name": f"{ANNA} model", "reference_id": "one name"}
    mine = send(engine, "anna", "POST", "models/add", model)["model_id"]
    path = f"dataset/{ds}/model/{mine}/uploadPredictions"
    boxes = {"annotations": [box(ref, 9, label=ANNA, confidence=0.5)]}
    run = send(engine, "anna", "POST", path, boxes)["model_run_id"]
    send(engine, "anna", "POST", f"model/{mine}/evaluationsV2", {})

    def told(user: str, method: str, path: str, payload: Any = None) -> str:
        return repr(ask(engine, Request(method, path, payload), user).payload)

    for user, sees in (("anna", True), ("", True), ("bert", False)):
        assert (run in told(user, "GET", f"dataset/{ds}/info")) is sees
        assert (mine in told(user, "GET", "models/")) is sees
        query = {"query": "predictions.count > 0", "model_run_id": run}
        answer = ask(engine, Request("POST", f"dataset/{ds}/queryItemsPage", query), user)
        assert (answer.status == 200) is sees
    # A name that another user has taken is free.
    yours = send(engine, "bert", "POST", "models/add", model)["model_id"]
    assert yours != mine
    assert ask(engine, Request("POST", "models/add", model), "anna").status == 400

    send(engine, "bert", "DELETE", f"dataset/{ds}")

    with engine.store.read() as connection:
        left = {
            name: connection.execute(select(tables.tables[name])).all()
            for name in ("model_run", "prediction", "evaluation", "match", "slice_member")
        }
    assert left == {name: [] for name in left}
    assert {row["id"] for row in send(engine, "anna", "GET", "models/")["models"]} >= {mine}


def test_what_the_team_mixes_is_hidden_as_a_whole(engine: Engine, anna: World) -> None:
    mixed = send(engine, "", "POST", "benchmarks", {"name": "mixed", "dataset_id": anna["ds"]})
    project = send(engine, "", "POST", "lab/labelingProjects", {"name": "mixed"})["project_id"]
    send(engine, "anna", "POST", f"slice/{anna['slc']}/{project}/send_to_labeling")

    path = f"lab/labelingProject/{project}/tasks"
    for user, sees in (("anna", True), ("", True), ("bert", False)):
        benchmark = ask(engine, Request("GET", f"benchmarks/{mixed['benchmark_id']}"), user)
        assert (benchmark.status == 200) is sees
        tasks = ask(engine, Request("POST", path, {}), user).payload["tasks"]
        assert len(tasks) == (3 if sees else 0)


def test_a_job_sees_what_its_user_sees(engine: Engine, anna: World) -> None:
    counted: list[tuple[str, int]] = []

    @work.job_kind("countsDatasetsForTests")
    def count(seen: Engine, task: work.Task) -> None:
        with seen.store.read() as connection:
            counted.append((task.owner, len(datasets.listing(connection))))

    for user in ("anna", "bert", ""):
        engine.seen_by(user).jobs.submit("countsDatasetsForTests", {})

    assert counted == [("anna", 2), ("bert", 0), ("", 2)]
    assert anna


@pytest.mark.timeout(300)
def test_no_answer_to_almost_sound_requests_tells_what_another_user_has(
    engine: Engine, anna: World
) -> None:
    before = {name: set(rows.values()) for name, rows in content(engine).items()}
    bert = make(engine, "bert", BERT)
    ids = {name: [value] for name, value in anna.items() if ANNA not in value}
    for name, value in bert.items():
        ids.setdefault(name, []).append(value)
    pools = {"dataset_id": "ds", "model_id": "prj", "model_run_id": "run", "slice_id": "slc"}
    pools |= {"item_id": "di", "benchmark_id": "bm", "obj": "ann", "project": "lbl"}
    maker = Maker(7, ids | {name: ids[pool] for name, pool in pools.items()})
    answered = 0
    for entry in private_routes() * 4:
        request = maker.request(entry)
        answer = ask(engine, request, "bert")
        answered += answer.status < 400
        assert ANNA not in repr(answer.payload), request
        assert answer.status < 500, request
    now = content(engine)

    for table, rows in before.items():
        assert rows <= set(now[table].values()), table
    assert answered > 50


def test_every_table_is_restricted_or_a_part_of_one_that_is() -> None:
    free = {table.name for table in tables.sorted_tables if not ownership.is_restricted(table)}

    assert free == ownership.PARTS & set(tables.tables)
    for name in free - {"api_key"}:
        above = {key.column.table for key in tables.tables[name].foreign_keys}
        found = above | {tables.tables["item"]} if "item_id" in tables.tables[name].c else above
        assert any(
            ownership.is_restricted(table) or table.name in ownership.PARTS for table in found
        ), name


@pytest.fixture
def three(engine: Engine) -> Iterator[dict[str, httpx.Client]]:
    """HTTP clients with a key of the team and of two users."""
    made = {
        "team": keys.create(engine, "team"),
        "anna": keys.create(engine, "laptop", "anna"),
        "bert": keys.create(engine, "bert", "bert"),
    }
    made["anna again"] = keys.create(engine, "desk", "anna")
    options: dict[str, Any] = {name: {"auth": (key, "")} for name, key in made.items()}
    options["limited"] = {"headers": {"x-limited-access-key": made["anna"]}}
    with ExitStack() as stack:
        endpoint = stack.enter_context(serving(engine))
        yield {
            name: stack.enter_context(httpx.Client(base_url=f"{endpoint}/", timeout=30, **how))
            for name, how in options.items()
        }


def test_the_server_tells_users_apart_by_their_keys(three: dict[str, httpx.Client]) -> None:
    made = three["anna"].post("dataset/create", json={"name": "hers"}).json()["dataset_id"]
    shared = three["team"].post("dataset/create", json={"name": "ours"}).json()["dataset_id"]

    seen = {
        name: [row["id"] for row in client.get("dataset/details").json()]
        for name, client in three.items()
    }

    assert seen == {
        "team": [made, shared],
        "anna": [made, shared],
        "anna again": [made, shared],
        "limited": [made, shared],
        "bert": [shared],
    }
    hidden = three["bert"].get(f"dataset/{made}/info")
    unknown = three["bert"].get("dataset/ds_00000000fffff/info")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["error"] == unknown.json()["error"].replace("ds_00000000fffff", made)


def test_samples_of_another_user_do_not_exist(engine: Engine) -> None:
    def put(user: str) -> tuple[str, str]:
        rows = b"timestamp,x\n0,1\n10,2\n20,3\n"
        headers = {"x-file-name": f"{user or 'team'}.csv", "x-label": user or "team"}
        sent = {"payload": rows, "headers": headers}
        answer = ask(engine, Request("POST", "api/training/data", **sent), user)
        assert answer.status == 200, answer
        projects = ask(engine, Request("GET", "v1/api/projects"), user).payload["projects"]
        path = f"v1/api/{projects[0]['id']}/raw-data"
        query = {"category": "training"}
        listed = ask(engine, Request("GET", path, None, query), user).payload
        assert [row["label"] for row in listed["samples"]] == [user or "team"]
        return str(projects[0]["id"]), str(listed["samples"][0]["id"])

    made = {user: put(user) for user in ("anna", "bert", "")}
    project, sample = made["anna"]
    before = content(engine)

    assert len({key for key, _ in made.values()}) == 3
    told = [row["owner"] for row in _projects(engine, "bert")]
    assert told == ["bert", ""]
    assert [row["owner"] for row in _projects(engine, "")] == ["", "anna", "bert"]
    of_samples = [entry for entry in TABLE.routes if entry.template.startswith("v1/api/{project}")]
    for entry in of_samples:
        template = entry.template.replace("{category}", "training")
        for given in ({"project": project, "sample": sample}, {"project": made["bert"][0]}):
            places = {"sample": sample} | given
            pair = []
            for wanted in (places, places | {"sample": "999"} | _unknown_project(given, project)):
                path = template.format(**wanted)
                query = {"category": "training", "ids": f"[{wanted['sample']}]"}
                if "delete-all" in path and wanted["project"] == made["bert"][0]:
                    continue  # of one's own project, which names no sample
                answer = ask(engine, Request(entry.method, path, b"{}", query), "bert")
                text = repr(answer.payload)
                assert "anna" not in text
                pair.append((
                    answer.status,
                    re.sub(rf"\b({sample}|999|{project}|998)\b", "·", text),
                ))
            assert len(set(pair)) <= 1, (name_of(entry), pair)
        assert content(engine)["sample"] == before["sample"], name_of(entry)
    assert len(of_samples) > 20


def _projects(engine: Engine, user: str) -> list[dict[str, Any]]:
    answer = ask(engine, Request("GET", "v1/api/projects"), user)
    return list(answer.payload["projects"])


def _unknown_project(given: dict[str, str], project: str) -> dict[str, str]:
    return {"project": "998"} if given["project"] == project else {}
