"""The demonstration notebook: from pictures to the slice of the worst ones, in seven steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nucleus_lab.errors import InvalidInputError

_TITLE = """\
# From pictures to the worst mistakes

In a few minutes and without writing a line you will have

1. made a **dataset** of real pictures with ground truth,
2. looked at it in a **gallery** with boxes, polygons and keypoints drawn over the pictures,
3. found pictures with a **query**,
4. uploaded what a **detector** predicts,
5. computed its **metrics** in the background,
6. read the **precision-recall curves** and the **confusion matrix**,
7. kept the pictures with the most mistakes as a **slice**, and looked at them.

Run the cells from top to bottom (Shift+Enter). Running them again adds nothing twice."""

_DATASET = """\
## 1. A dataset

A dataset is made once and found by its name later. `import_from` recognises COCO, Pascal VOC and
YOLO folders and plain folders of pictures. The report says what came in and names every entry that
was left out."""

_DATASET_CODE = """\
source = Path(SOURCE) if SOURCE else demo.photographs()
name = f"Demo: {source.name}"

known = {dataset.name: dataset for dataset in client.datasets}
dataset = known.get(name) or client.create_dataset(name)
dataset.import_from(source)"""

_GALLERY = """\
## 2. A gallery

Scroll, click a picture to see it whole, switch labels on and off, and select pictures with
the tick in their corner: `gallery.selected` holds the reference ids of what you selected."""

_QUERY = """\
## 3. A query

Which labels are there, and how many of each? A query then finds the pictures that hold at least
three of the most frequent one. The same text works in the search field of the gallery."""

_QUERY_CODE = """\
counts = {row["label"]: row["count"] for row in dataset.label_counts()["ground_truth"]}
label = max(counts, key=counts.get)
query = f'annotations."{label}" >= 3'

found = list(dataset.query_items(query))
print(f"{len(counts)} labels; {query}: {len(found)} of {dataset.size} pictures")"""

_MODEL = """\
## 4. Predictions

A model is known by its reference id. Its predictions on a dataset are a model run. Where the folder
holds the detections of a real detector (a COCO results file), they are imported; otherwise a
simulated detector makes every kind of mistake: it misses, shifts, confuses, doubles, invents."""

_MODEL_CODE = """\
reference_id = f"detector on {name}"
models = {model.reference_id: model for model in client.models}
model = models.get(reference_id) or client.create_model("Detector", reference_id)

results = demo.detector_results(source)
if results:
    report = dataset.import_predictions_from(model, results)
else:
    report = dataset.upload_predictions(model, demo.detections(dataset, seed=7))
report"""

_METRICS = """\
## 5. Metrics

Every prediction is paired with the ground truth of its picture, the best overlap first. That is a
job: it runs in the background, survives a restart of this notebook, and shows how far it is."""

_PLOTS = """\
## 6. Where is it good, where is it wrong?

The first plot shows what each further detection costs in false alarms; the second shows which
classes are taken for which. Hover for the numbers."""

_SLICE = """\
## 7. The worst pictures

`report.worst` ranks the pictures by their mistakes. A slice keeps them, for a second look, for a
colleague, or for the labellers. Ground truth and predictions are drawn apart; move the confidence
slider to see what remains of the false alarms."""

_SLICE_CODE = """\
worst = report.worst(12, by="errors")
worst_slice = dataset.create_slice(f"Worst, {datetime.now():%Y-%m-%d %H:%M:%S}", worst)
worst_slice"""

_NEXT = """\
## What next

* `nucleus-lab demo FOLDER` opens this notebook on your own COCO, Pascal VOC or YOLO folder.
* `%nucleus help` lists what you can do without Python; `%%nucleus_query` makes a cell a query.
* `dataset.export_to("out.json")` writes the dataset back as COCO."""

_CHECK = """\
assert dataset.size > 0 and found
assert 0 < report.overall.ap < 1
assert len(worst_slice.items) == len(worst) > 0
print("all seven steps worked")"""


def cells(workspace: str, source: str | None) -> list[tuple[str, str]]:
    """Return the cells of the notebook.

    Args:
        workspace: Folder of the workspace.
        source: Dataset folder or annotation file; ``None`` for the built-in photographs.

    Returns:
        ``markdown`` or ``code``, and the text, of each cell.
    """
    parameters = (
        "# The folder that keeps everything, and the pictures to look at:\n"
        "# None stands for the photographs that come along.\n"
        f"WORKSPACE = {workspace!r}\nSOURCE = {source!r}"
    )
    start = (
        "from datetime import datetime\nfrom pathlib import Path\n\n"
        "from nucleus_lab import NucleusClient, demo\n"
        "from nucleus_lab.widgets import Gallery, confusion_matrix, precision_recall\n\n"
        "%load_ext nucleus_lab\n\n"
        "client = NucleusClient(workspace=WORKSPACE)\nclient"
    )
    job = "job = dataset.calculate_evaluation_metrics(model)\njob.sleep_until_complete()"
    return [
        ("markdown", _TITLE),
        ("code", parameters),
        ("code", start),
        ("markdown", _DATASET),
        ("code", _DATASET_CODE),
        ("markdown", _GALLERY),
        ("code", "gallery = Gallery(dataset)\ngallery"),
        ("markdown", _QUERY),
        ("code", _QUERY_CODE),
        ("code", "Gallery(dataset, query, height=400)"),
        ("markdown", _MODEL),
        ("code", _MODEL_CODE),
        ("markdown", _METRICS),
        ("code", job),
        ("code", "report = dataset.evaluation(model)\nreport"),
        ("markdown", _PLOTS),
        ("code", "precision_recall(report)"),
        ("code", "confusion_matrix(report)"),
        ("markdown", _SLICE),
        ("code", _SLICE_CODE),
        ("code", "Gallery(dataset, slice=worst_slice, model=model, min_confidence=0.2)"),
        ("markdown", _NEXT),
        ("code", _CHECK),
    ]


def notebook(workspace: str, source: str | None) -> dict[str, Any]:
    """Build the notebook.

    Args:
        workspace: Folder of the workspace.
        source: Dataset folder or annotation file; ``None`` for the built-in photographs.

    Returns:
        The JSON of a notebook, format 4.5, without outputs.
    """
    entries: list[dict[str, Any]] = []
    for number, (kind, text) in enumerate(cells(workspace, source)):
        entry: dict[str, Any] = {
            "cell_type": kind,
            "id": f"step-{number:02}",
            "metadata": {"tags": ["parameters"]} if text.startswith("# The folder that") else {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        entries.append(entry)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {
        "cells": entries,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write_notebook(
    folder: Path | str, workspace: Path | str, source: Path | str | None = None
) -> Path:
    """Write the notebook, and never over one that somebody changed.

    Args:
        folder: Where to.
        workspace: Folder of the workspace.
        source: Dataset folder or annotation file; ``None`` for the built-in photographs.

    Returns:
        The notebook: an existing one with the same cells, or a new file.

    Raises:
        InvalidInputError: The folder cannot be written.
    """
    target = Path(folder).absolute()
    given = None if source is None else str(Path(source).absolute())
    content = notebook(str(Path(workspace).absolute()), given)
    stem = "demo" if source is None else f"demo-{Path(source).absolute().stem}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            file = target / (f"{stem}.ipynb" if number == 1 else f"{stem}-{number}.ipynb")
            if not file.exists():
                file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
                return file
            if _same_cells(file, content):
                return file
            number += 1
    except OSError as fault:
        raise InvalidInputError(
            f"the demo notebook cannot be written to {target}: {fault.strerror}", path=str(target)
        ) from fault


def _same_cells(file: Path, content: dict[str, Any]) -> bool:
    try:
        known = json.loads(file.read_text("utf-8"))
        return ["".join(cell["source"]) for cell in known["cells"]] == [
            "".join(cell["source"]) for cell in content["cells"]
        ]
    except (ValueError, KeyError, TypeError):
        return False
