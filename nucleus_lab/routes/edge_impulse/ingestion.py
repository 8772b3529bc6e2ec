"""Routes that take files in as samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from nucleus_lab.engine import sample_ingest
from nucleus_lab.engine.sample_ingest import Wishes
from nucleus_lab.errors import InvalidInputError
from nucleus_lab.routes.edge_impulse.answers import api
from nucleus_lab.routes.table import Call
from nucleus_lab.wire import FilePart, decode

if TYPE_CHECKING:
    from nucleus_lab.engine import Engine

_LITERAL_SOURCE: Final = "EDGE_IMPULSE_PYTHON_SDK"
_OFF: Final = frozenset({"", "0", "false"})


class MissingHeaderError(InvalidInputError):
    """A request lacks a header that the protocol needs."""

    status_code = 421


@api("POST", "api/{category}/files")
def take_files(engine: Engine, call: Call[None], category: str) -> dict[str, Any]:
    """Store the files of a request as samples.

    Args:
        engine: The open workspace.
        call: Its files, each in a part named ``data``, and headers that hold for all of them.
        category: Where they belong; ``split`` decides by content.

    Returns:
        ``files``: for each the id of its sample, or what is wrong with it.

    Raises:
        InvalidInputError: A part has another name, or a header cannot be read.
    """
    for part in call.files:
        if part.field != "data":
            raise InvalidInputError(
                f"the file {part.filename} is in a part named {part.field!r}: name it data"
            )
    files = sample_ingest.ingest(engine, category, call.files, _wishes(call.headers))
    return {"success": True, "files": files}


@api("POST", "api/{category}/data", body=bytes)
def take_one(engine: Engine, call: Call[bytes], category: str) -> dict[str, Any]:
    """Store the body of a request as a sample, as devices send them.

    Args:
        engine: The open workspace.
        call: The file, and its name in ``x-file-name``.
        category: Where it belongs.

    Returns:
        The id of the sample.

    Raises:
        MissingHeaderError: There is no name.
        InvalidInputError: The file cannot be read.
    """
    name = _text(call.headers, "x-file-name")
    if not name:
        raise MissingHeaderError("Missing header x-file-name: it names the file in the body")
    part = FilePart("data", name, content=call.body)
    [answer] = sample_ingest.ingest(engine, category, [part], _wishes(call.headers))
    if not answer["success"]:
        raise InvalidInputError(answer["error"], path=name)
    return answer


def _wishes(headers: Mapping[str, str]) -> Wishes:
    from nucleus_lab.formats.samples import labels
    from nucleus_lab.formats.samples.recording import text_of

    wishes = Wishes(
        no_duplicates=_on(headers, "x-disallow-duplicates"), date_id=_on(headers, "x-add-date-id")
    )
    label = _text(headers, "x-label")
    if label:
        wishes.label = text_of(label, "x-label")
    elif _on(headers, "x-no-label"):
        wishes.label = ""
    metadata, boxes = (_json(headers, name) for name in ("x-metadata", "x-bounding-boxes"))
    if metadata is not None:
        wishes.metadata = labels.check_metadata(metadata, "x-metadata")
    if boxes is not None:
        wishes.bounding_boxes = labels.check_boxes(boxes, "x-bounding-boxes")
    return wishes


def _on(headers: Mapping[str, str], name: str) -> bool:
    return headers.get(name, "").strip().lower() not in _OFF


def _text(headers: Mapping[str, str], name: str) -> str:
    """Read a text. One published client writes it as it is, all others percent-encode it."""
    text = _unicode(headers.get(name, ""))
    return text if headers.get("x-upload-source") == _LITERAL_SOURCE else unquote(text)


def _unicode(text: str) -> str:
    """Undo what HTTP did to a header that was sent as UTF-8."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _json(headers: Mapping[str, str], name: str) -> Any:
    text = _unicode(headers.get(name, ""))
    if not text:
        return None
    try:
        return decode(text.encode("utf-8", "replace"))
    except InvalidInputError as fault:
        raise InvalidInputError(f"{name}: {fault.message}", path=name) from fault
