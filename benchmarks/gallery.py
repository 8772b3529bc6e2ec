"""Seconds from running a cell to the first pictures of a gallery of 10,000 items.

Run ``python -m benchmarks.gallery [ITEMS]``; needs Chromium. JupyterLab runs headless, the kernel
has imported what the cells use, and each run is a new gallery of a dataset that was never shown
(no thumbnail is cached). It counts as painted when every tile in sight has its picture. The floor
is JupyterLab itself: a cell that prints one ready-made picture.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.jupyter import CHROMIUM, FLAGS, jupyterlab

RUNS = 3
LIMIT = 1.5

PREPARE = """
import io, base64
from pathlib import Path
import numpy as np
from PIL import Image
from nucleus_lab import BoxAnnotation, DatasetItem, NucleusClient
from nucleus_lab.widgets import Gallery
from IPython.display import HTML
from skimage import data

folder = Path({folder!r})
client = NucleusClient(workspace=folder / "workspace")
rng = np.random.default_rng(1)
photos = [data.astronaut(), data.coffee(), data.chelsea()]
files = []
for number in range(200):
    photo = photos[number % 3]
    top, left = rng.integers(0, photo.shape[0] - 280), rng.integers(0, photo.shape[1] - 380)
    files.append(str(folder / f"{{number}}.jpg"))
    Image.fromarray(photo[top:top + 280, left:left + 380]).resize((760, 560)).save(files[-1])
datasets = []
for run in range({runs}):
    dataset = client.create_dataset(f"run {{run}}")
    dataset.append([DatasetItem(files[n % 200], f"r{{n}}") for n in range({items})])
    dataset.annotate([
        BoxAnnotation("thing", 50 * k, 40 * k, 200, 150, f"r{{n}}")
        for n in range({items}) for k in range(5)
    ])
    datasets.append(dataset)
small = io.BytesIO()
Image.open(files[0]).resize((256, 188)).save(small, "JPEG")
ready = "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode()
"""
READY = "() => window.jupyterapp?.commands?.hasCommand('docmanager:open')"
OPEN = """async (path) => {
  const widget = await jupyterapp.commands.execute(
    'docmanager:open', { path, factory: 'Notebook' });
  await widget.context.ready;
  await widget.context.sessionContext.ready;
  await widget.revealed;
  window.__notebook = widget;
}"""
RUN = """(index) => {
  window.__notebook.content.activeCellIndex = index;
  window.__done = jupyterapp.commands.execute('notebook:run-cell');
}"""
DONE = "async () => { await window.__done; }"
PAINTED = """(index) => {
  const cell = window.__notebook.content.widgets[index].node;
  const pictures = [...cell.querySelectorAll('SELECTOR')];
  const seen = pictures.filter((one) => one.getBoundingClientRect().top < window.innerHeight);
  return seen.length > 0 && seen.every((one) => one.complete && one.naturalWidth > 0);
}"""


def paint(page: Any, index: int, selector: str) -> float:
    """Run a cell and wait until its pictures in sight are drawn."""
    page.evaluate("(i) => window.__notebook.content.scrollToItem(i, 'start')", index)
    start = time.perf_counter()
    page.evaluate(RUN, index)
    page.wait_for_function(PAINTED.replace("SELECTOR", selector), arg=index, polling=10)
    return time.perf_counter() - start


def main(items: int) -> int:
    """Print the figures; 1 when a limit is missed."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "notebooks"
        root.mkdir()
        code = PREPARE.format(folder=folder, runs=RUNS, items=items)
        (root / "prepared.py").write_text(code, encoding="utf-8")
        cells = ["from prepared import *"]
        for run in range(RUNS):
            cells += [
                "HTML(f'<img class=\\'ready\\' src=\\'{ready}\\'>')",
                f"Gallery(datasets[{run}])",
            ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        content.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(content, root / "gallery.ipynb")
        floor, spent = [], []
        with jupyterlab(root, {}) as lab, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(f"{lab.url}/lab?token={lab.token}&reset")
            page.wait_for_function(READY)
            page.evaluate("async () => { await jupyterapp.restored; }")
            page.evaluate(OPEN, "gallery.ipynb")
            page.evaluate(RUN, 0)
            page.evaluate(DONE)
            for run in range(RUNS):
                floor.append(paint(page, 1 + 2 * run, "img.ready"))
                spent.append(paint(page, 2 + 2 * run, ".nl-tile img[src]"))
            browser.close()
    middle, bare = statistics.median(spent), statistics.median(floor)
    print(f"first paint of a gallery of {items:,} items, seconds: {[round(s, 2) for s in spent]}")
    print(f"floor, a cell that prints a picture: {[round(s, 2) for s in floor]}")
    kept = "kept" if middle <= LIMIT else "MISSED"
    print(f"median {middle:.2f} s, {middle - bare:.2f} s above the floor   limit {LIMIT}: {kept}")
    return int(middle > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
