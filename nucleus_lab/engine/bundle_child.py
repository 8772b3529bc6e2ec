"""The process that runs the code of a bundle; started as a script by ``bundle_process``.

It takes pictures from its standard input, each a length of eight bytes and the file, and answers
each with one line of JSON. What the code prints goes to the log. It imports nothing of the engine:
the code of a bundle has the process to itself.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import threading
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO


def _missing(requirements: list[str]) -> str | None:
    """Say which requirement this Python does not fulfil; of versions only ``==`` is held."""
    for text in requirements:
        match = re.match(
            r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*(?:==\s*([^\s;,]+))?", text
        )
        if match is None:
            continue
        name, version = match.groups()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            remedy = f"{sys.executable} -m pip install {text!r}"
            return f"the bundle needs {text!r}, which is not installed: {remedy}"
        if version and version != found:
            return f"the bundle needs {text!r} and {name} {found} is installed"
    return None


def _named(target: str) -> Any:
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _load(folder: Path, manifest: dict[str, Any]) -> Any:
    """Return the function that takes a picture and returns predictions."""
    if manifest.get("predict"):
        found = _named(manifest["predict"])
        return found() if isinstance(found, type) else found
    if manifest.get("model"):
        import pickle  # the caller's own model, stored by the embedded client only

        with (folder / "model.pkl").open("rb") as file:
            model = pickle.load(file)  # noqa: S301
    else:
        model = _named(manifest["load_model_fn"])()
    return _named(manifest["load_predict_fn"])(model)


def _reason(fault: BaseException, code: Path) -> str:
    """Describe an exception, with the last line of the bundle's own code."""
    text = f"{type(fault).__name__}: {fault}"
    ours = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if Path(frame.filename).is_relative_to(code)
    ]
    if ours:
        place = Path(ours[-1].filename).relative_to(code)
        text += f" ({place} line {ours[-1].lineno}, in {ours[-1].name})"
    return text


def _predictions(answer: Any) -> list[Any]:
    from nucleus_lab.wire import plain

    if not isinstance(answer, (list, tuple)):
        raise TypeError(
            f"the bundle returned {type(answer).__name__}: return a list of predictions"
        )
    found: list[Any] = plain([
        one.to_payload() if hasattr(one, "to_payload") else one for one in answer
    ])
    return found


def _end_with(parent: int) -> None:
    """End when the worker is gone, even while the bundle's code is busy."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _serve(pictures: BinaryIO, answers: BinaryIO, folder: Path) -> int:
    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value).encode() + b"\n")
        answers.flush()

    code = folder / "code"
    sys.path.insert(0, str(code))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    fault = _missing(manifest.get("requirements") or [])
    if fault:
        answer({"failed": fault})
        return 1
    try:
        predict = _load(folder, manifest)
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - the job says what it was
        traceback.print_exc()
        answer({"failed": _reason(failure, code)})
        return 1
    answer({"ready": True})
    while True:
        head = pictures.read(8)
        if len(head) < 8:
            return 0
        picture = pictures.read(int.from_bytes(head, "big"))
        try:
            answer({"predictions": _predictions(predict(picture))})
        except Exception as failure:  # noqa: BLE001 - one picture; the job goes on
            answer({"error": _reason(failure, code)})


def main() -> int:
    """Serve the bundle that the command line names.

    Returns:
        The exit status.
    """
    answers = os.fdopen(os.dup(1), "wb")
    pictures = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return _serve(pictures, answers, Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
