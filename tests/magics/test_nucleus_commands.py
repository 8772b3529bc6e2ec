"""The commands of ``%nucleus`` for the whole daily loop, on real data."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from nucleus_lab import BoxPrediction, Dataset, NucleusClient
from nucleus_lab.magics.card import Card
from nucleus_lab.magics.review import Review


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A COCO file with one box on one of two pictures."""
    folder = tmp_path / "street"
    folder.mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(folder / f"{name}.png")
    images = [
        {"id": n, "file_name": f"{name}.png", "width": 9, "height": 8}
        for n, name in enumerate("ab")
    ]
    box = {"id": 1, "image_id": 0, "category_id": 1, "bbox": [1, 1, 3, 3], "area": 9, "iscrowd": 0}
    content = {"images": images, "annotations": [box], "categories": [{"id": 1, "name": "car"}]}
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


def test_info_is_a_card_of_what_a_dataset_holds(cells: Dataset, run: Any) -> None:
    cells.create_slice("few", ["0"])
    cells.add_tags(["blood"])

    card = run("info")

    assert isinstance(card, Card)
    assert (card["items"], card["slices"], card["tags"]) == (3, ["few"], ["blood"])
    assert card["classes"].rows == [("cell", 2)]
    assert card["metadata"].rows == [("n", "number, 100 % filled, such as 0")]
    assert all(word in repr(card) for word in ("cells", "cell", "few", "blood"))
    assert "<table>" in card._repr_html_()


def test_items_are_rows_and_objects(shell: InteractiveShell, cells: Dataset, run: Any) -> None:
    shell.push({"least": 1})

    found = run('items --query "metadata.n >= $least" --limit 1')

    assert [item.reference_id for item in found] == ["1"]
    assert "the first 1 of 2 items" in repr(found)
    assert [row[1:] for row in found.rows] == [("1", "", 2, 1)]


def test_items_of_a_slice_show_their_pictures(run: Any, coco: Path) -> None:
    run(f"import {coco} --create street")
    run("use street").create_slice("first", ["a.png"])

    found = run("items -s first")

    assert [item.reference_id for item in found] == ["a.png"]
    assert "data:image/" in found._repr_html_()
    assert "9 x 8" in found._repr_html_()


def test_import_makes_a_dataset_and_export_writes_it(run: Any, coco: Path, tmp_path: Path) -> None:
    report = run(f"import {coco} --create street")
    files = run(f"export {tmp_path / 'out.json'}")

    assert report.ok
    assert run("use street").count("annotations.car = 1") == 1
    assert list(files) == [tmp_path / "out.json"]
    written = json.loads((tmp_path / "out.json").read_text())
    assert [box["bbox"] for box in written["annotations"]] == [[1.0, 1.0, 3.0, 3.0]]


def test_an_import_that_fails_leaves_no_dataset(run: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")

    with pytest.raises(UsageError):
        run(f"import {tmp_path / 'broken.json'} --create street")

    assert len(run("datasets")) == 0


def test_import_into_a_taken_name_is_refused(cells: Dataset, run: Any, coco: Path) -> None:
    with pytest.raises(UsageError, match="there is a dataset 'cells' already"):
        run(f"import {coco} --create cells")


def test_a_path_that_is_not_there_suggests_the_nearest(run: Any, coco: Path) -> None:
    run("use street --create")

    with pytest.raises(UsageError, match=r"did you mean 'instances\.json'"):
        run(f"import {coco / 'instance.json'}")


def test_predict_uploads_and_evaluate_reports(
    shell: InteractiveShell, cells: Dataset, run: Any
) -> None:
    guess = [BoxPrediction("cell", x, 0, 5, 5, reference_id="1", confidence=0.9) for x in (0, 50)]
    shell.push({"fresh": guess})

    answer = run("predict $fresh --model second --create")
    report = run("evaluate --model second --iou 0.9")

    assert [model.name for model in run("models")] == ["finder", "second"]
    assert answer["predictions_processed"] == 2
    assert (report.overall.true_positives, report.overall.false_positives) == (1, 1)
    assert report.iou_threshold == 0.9
    assert run("evaluate --model second --last").overall == report.overall
    job = run("evaluate --model second --background")
    job.sleep_until_complete(verbose_std_out=False)
    assert [row[:2] for row in run("jobs -d cells").rows if row[0] == job.job_id]


def test_predict_without_a_source_runs_the_code_of_the_model(cells: Dataset, run: Any) -> None:
    with pytest.raises(UsageError, match="has no bundle"):
        run("predict --model finder")
    with pytest.raises(UsageError, match="leave the source out"):
        run("predict $guess --model finder --run one")


@pytest.mark.parametrize("share", ["1.5", "wide", "-0.1"])
def test_a_threshold_out_of_range_is_refused(cells: Dataset, run: Any, share: str) -> None:
    with pytest.raises(UsageError, match=r"no number from 0 to 1|expected one argument"):
        run(f"evaluate --model finder --iou {share}")


def test_models_are_made_and_listed(run: Any) -> None:
    made = run("models --create detector --reference-id det-1")

    assert [(model.id, model.reference_id) for model in run("models")] == [(made.id, "det-1")]
    with pytest.raises(UsageError, match="add --create NAME"):
        run("models --reference-id det-2")


def test_slices_are_made_filled_listed_and_deleted(
    shell: InteractiveShell, cells: Dataset, run: Any
) -> None:
    shell.push({"low": 1, "picked": ["0"], "first": cells.refloc("0")["item"]})

    made = run('slice late --query "metadata.n >= $low"')
    run("slice late $picked --append")
    shell.push({"answer": shell.run_line_magic("nucleus_query", "metadata.n = 2")})
    run("slice two $answer")
    run("slice one {items}")

    assert [item.reference_id for item in made.items] == ["1", "2", "0"]
    assert [row[:3] for row in run("slice").rows] == [
        ("late", "dataset_item", 3),
        ("two", "dataset_item", 1),
        ("one", "dataset_item", 3),
    ]
    assert run("slice late").id == made.id
    run("slice late --delete")
    assert [found.name for found in cells.slices] == ["two", "one"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("slice lat", "no slice 'lat': did you mean 'late'"),
        ("slice --append", "name the slice"),
        ("slice late $items --delete", "takes a name and nothing else"),
        ('slice new $items --query "metadata.n = 1"', "give one of them"),
        ("slice new $number", "is of type int: a result, a list of items"),
        ("slice new $odd", "holds 3, which is no reference id"),
        ('slice new --query "metadata.n >"', "Q011"),
    ],
)
def test_slices_refuse_what_makes_no_sense(
    shell: InteractiveShell, cells: Dataset, run: Any, line: str, words: str
) -> None:
    cells.create_slice("late", ["2"])
    shell.push({"number": 3, "odd": [3]})

    with pytest.raises(UsageError, match=words):
        run(line)

    assert [found.name for found in cells.slices] == ["late"]


def test_tags_of_datasets_slices_and_models(cells: Dataset, run: Any) -> None:
    cells.create_slice("few", ["0"])

    assert list(run("tag night outdoor")) == ["night", "outdoor"]
    assert list(run("tag night --remove")) == ["outdoor"]
    assert (list(run("tag")), cells.get_tags()) == (["outdoor"], ["outdoor"])
    assert list(run("tag frozen --slice few")) == ["frozen"]
    assert list(run("tag baseline --model finder")) == ["baseline"]
    assert list(run("tag --model finder")) == ["baseline"]
    with pytest.raises(UsageError, match="no tag 'outdor': did you mean 'outdoor'"):
        run("tag outdor --remove")


def test_jobs_are_found_by_variable(shell: InteractiveShell, cells: Dataset, run: Any) -> None:
    shell.push({"job": run("append items --update --background")})

    assert type(run("jobs $job")).__name__ == "JobProgress"
    with pytest.raises(UsageError, match="name the job to cancel"):
        run("jobs --cancel")


def test_connect_takes_a_client_and_config_shows_it(
    shell: InteractiveShell, run: Any, tmp_path: Path
) -> None:
    client = NucleusClient(workspace=tmp_path / "mine")
    client.create_dataset("here", is_scene=False)
    shell.push({"client": client, "number": 3})

    assert run("connect $client") is client
    card = run("config --dataset here --thumbnail-size 240 --page-size 3")

    assert dict(card) == {
        "workspace": str(tmp_path / "mine"),
        "dataset": "here",
        "thumbnail size": 240,
        "page size": 3,
        "server of its own": False,
    }
    assert run("gallery").thumbnail_size == 240
    with pytest.raises(UsageError, match="use 96 to 360"):
        run("config --thumbnail-size 5 --page-size 9")
    assert run("config")["page size"] == 3
    with pytest.raises(UsageError, match="is of type int: a folder, an address"):
        run("connect $number")


def test_config_changes_the_workspace(cells: Dataset, run: Any, tmp_path: Path) -> None:
    card = run(f"config --workspace {tmp_path / 'other'}")

    assert (card["workspace"], card["dataset"]) == (str(tmp_path / "other"), None)


def test_a_server_of_the_workspace_starts_answers_and_stops(cells: Dataset, run: Any) -> None:
    server = run("server start")
    try:
        with NucleusClient(endpoint=server.endpoint) as client:
            assert [dataset.name for dataset in client.datasets] == ["cells"]
        assert "nucleus-lab keys create" in repr(server)
        assert run("server") is server
        with pytest.raises(UsageError, match="is served already"):
            run("server start")
        endpoint = server.endpoint
    finally:
        run("server stop")
    assert not server.running
    assert "no server" in repr(run("server status"))
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(endpoint, timeout=5)


def test_a_server_that_cannot_start_says_why(cells: Dataset, run: Any) -> None:
    with pytest.raises(UsageError, match=r"did not start: .*has no key"):
        run("server start --host 0.0.0.0")
    with pytest.raises(UsageError, match="is no port"):
        run("server start --port 99999")


def test_a_review_writes_decisions_and_goes_on(cells: Dataset, run: Any) -> None:
    review = run('review --query "metadata.n >= 0"')

    assert isinstance(review, Review)
    review.gallery.selected = ["1"]
    assert review.reject() == 1
    assert review.accept(["0"]) == 1
    assert review.counts == {"open": 1, "accepted": 1, "rejected": 1}
    assert (repr(review.gallery), review.gallery.selected) == ("Gallery of 'cells': 1 item", [])
    assert cells.count('metadata.review_status = "rejected" AND metadata.n = 1') == 1
    assert review.accept_rest() == 1
    assert review.counts == {"open": 0, "accepted": 2, "rejected": 1}
    assert repr(run("review --all").gallery) == "Gallery of 'cells': 3 items"


def test_a_review_without_a_tick_is_refused(cells: Dataset, run: Any) -> None:
    review = run("review")

    with pytest.raises(ValueError, match="nothing is ticked"):
        review.accept()


def test_a_review_keeps_the_order_of_its_query(cells: Dataset, run: Any) -> None:
    review = run('review --query "ORDER BY metadata.n DESC LIMIT 2"')

    assert review.gallery.query == "metadata.review_status IS NULL ORDER BY metadata.n DESC LIMIT 2"
    assert review.accept_rest() == 2
    assert cells.count('metadata.review_status = "accepted" AND metadata.n = 0') == 0


def test_the_buttons_of_a_review_decide(cells: Dataset, run: Any) -> None:
    review = run("review")
    with capture_output():
        review._ipython_display_()
    accept, reject, rest, text = review._bar.children

    def offered() -> tuple[bool, bool, str | None]:
        return not accept.disabled, not reject.disabled, None if rest.disabled else rest.description

    assert offered() == (False, False, "Accept all")
    accept.click()  # as a page that has not heard yet
    assert "nothing is ticked" in text.value
    review.gallery.selected = ["2"]
    assert "<b>1</b> ticked" in text.value
    assert offered() == (True, True, "Reject ticked, accept the rest")
    reject.click()
    assert "<b>0</b> accepted · <b>1</b> rejected · <b>2</b> open" in text.value
    rest.click()

    assert "all reviewed: <b>2</b> accepted · <b>1</b> rejected · <b>0</b> open" in text.value
    assert offered() == (False, False, None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("use $nothing", "no variable 'nothing'"),
        ("use $items", "the variable [$]items is of type list: a Dataset"),
        ("gallery --model $items", "the variable [$]items is of type list: a Model"),
        ("gallery --slice $items", "the variable [$]items is of type list: a Slice"),
        ("items --limit $items", "no whole number"),
        ("tag $items", "text is wanted here"),
        ("append $items.nothing", "'items' is of type list and has no 'nothing'"),
        ("use cells --scenes", "add --create"),
    ],
)
def test_variables_of_a_wrong_kind_are_refused(
    cells: Dataset, run: Any, line: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        run(line)


def test_a_word_in_quotes_is_no_variable(cells: Dataset, run: Any) -> None:
    assert run("use '$items' --create").name == "$items"


def test_help_pages_are_laid_out_for_a_notebook(run: Any) -> None:
    page = run("gallery --help")._repr_html_()
    card = run("help")._repr_html_()

    assert "<code>-s, --slice SLICE</code>" in page
    assert "examples" in page
    assert "look and ask" in card
    assert "&lt;" not in repr(run("help"))


def test_the_lines_of_an_example_stand_below_each_other(run: Any) -> None:
    assert '  card = %nucleus info -d BCCD\n  card["items"]\n' in f"{run('info --help')}\n"
