"""Every error a user can meet, in one tree.

::

    NucleusError
    ├── NoAPIKey                     a server endpoint was given without a key
    ├── DuplicateIDError             the same id twice in one call (ValueError)
    ├── JobError                     an AsyncJob ended with errors
    ├── ModelCreationError · ModelRunCreationError
    ├── DatasetItemRetrievalError
    └── NucleusAPIError              an answer with a status of 400 and above
        ├── InvalidInputError        400  wrong type, shape, range or combination (ValueError)
        │   ├── QueryError           400  the query text cannot be read, with its position
        │   └── MediaError           400  a file that is missing, not an image, truncated, too large
        ├── UnauthorizedError        401  no key, or an unknown or revoked one
        ├── ForbiddenError           403  a path outside its root, a URL the settings do not allow
        ├── NotFoundError            404  no such dataset, item, slice … (LookupError)
        ├── ConflictError            409  the state forbids it (name taken, evaluation running)
        ├── PayloadTooLargeError     413
        ├── WorkspaceError           500  the workspace cannot be opened or used
        │   └── WorkspaceTooNewError 500  written by a newer version
        ├── TransportError           503  the server cannot be reached (ConnectionError)
        └── StorageFullError         507  no space left on the disk

An error crosses the wire as data (:meth:`NucleusError.to_wire`) and comes back as the same class
(:func:`from_wire`), so code that catches one behaves alike in-process and over HTTP.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "ConflictError",
    "DatasetItemRetrievalError",
    "DuplicateIDError",
    "ForbiddenError",
    "InvalidInputError",
    "JobError",
    "MediaError",
    "ModelCreationError",
    "ModelRunCreationError",
    "NoAPIKey",
    "NotFoundError",
    "NucleusAPIError",
    "NucleusError",
    "PayloadTooLargeError",
    "QueryError",
    "StorageFullError",
    "TransportError",
    "UnauthorizedError",
    "WorkspaceError",
    "WorkspaceTooNewError",
    "from_wire",
]


class NucleusError(Exception):
    """Base of everything this package raises on purpose.

    Args:
        message: What was given, where, what is allowed and what to do.
        **details: Plain values (str, int, float, list, dict) that a program may want to read,
            such as ``reference_id`` or ``path``. They cross the wire with the message.

    Attributes:
        status_code: HTTP status that stands for this error.
        code: Stable name of the class on the wire.
        message: The text.
        details: The plain values.
    """

    status_code: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return self.message

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON body that an answer carries for this error.

        Returns:
            ``{"error": message, "code": code}`` and ``details`` when there are any.
        """
        body: dict[str, Any] = {"error": self.message, "code": self.code}
        if self.details:
            body["details"] = self.details
        return body


class NoAPIKey(NucleusError):
    """A server endpoint was given, and neither ``api_key=`` nor ``NUCLEUS_API_KEY``."""

    status_code = 401
    code = "no_api_key"


class DuplicateIDError(NucleusError, ValueError):
    """The same id appears twice in one call."""

    status_code = 400
    code = "duplicate_id"


class JobError(NucleusError):
    """An AsyncJob ended in one of the ``Errored`` states."""

    code = "job_failed"


class ModelCreationError(NucleusError):
    """A model could not be created."""

    status_code = 400
    code = "model_creation"


class ModelRunCreationError(NucleusError):
    """A model run could not be created."""

    status_code = 400
    code = "model_run_creation"


class DatasetItemRetrievalError(NucleusError):
    """Dataset items could not be read."""

    code = "dataset_item_retrieval"


class NucleusAPIError(NucleusError):
    """A request was refused: every answer with a status of 400 and above raises one."""

    code = "api_error"


class InvalidInputError(NucleusAPIError, ValueError):
    """A value of the wrong type, shape or range, or values that exclude each other."""

    status_code = 400
    code = "invalid_input"


class QueryError(InvalidInputError):
    """The query text cannot be read.

    The details hold ``query_code`` (such as ``Q012``), ``position`` (0-based character offset),
    ``line`` and ``column`` (1-based), ``length`` and ``hint``.
    """

    code = "query_error"


class MediaError(InvalidInputError):
    """A picture or mask that is missing, unreadable, truncated or too large."""

    code = "media_error"


class UnauthorizedError(NucleusAPIError):
    """No key was sent, or one that is unknown or revoked."""

    status_code = 401
    code = "unauthorized"


class ForbiddenError(NucleusAPIError, PermissionError):
    """The request is understood and not allowed."""

    status_code = 403
    code = "forbidden"


class NotFoundError(NucleusAPIError, LookupError):
    """The thing that an id or a name stands for does not exist."""

    status_code = 404
    code = "not_found"


class ConflictError(NucleusAPIError):
    """The present state forbids the request."""

    status_code = 409
    code = "conflict"


class PayloadTooLargeError(NucleusAPIError, ValueError):
    """The body, a file or a count exceeds its limit."""

    status_code = 413
    code = "payload_too_large"


class WorkspaceError(NucleusAPIError):
    """The workspace cannot be opened or used."""

    status_code = 500
    code = "workspace_error"


class WorkspaceTooNewError(WorkspaceError):
    """The workspace was written by a newer version; opening it could damage it."""

    code = "workspace_too_new"


class TransportError(NucleusAPIError, ConnectionError):
    """The server cannot be reached, or what answered is no Nucleus server."""

    status_code = 503
    code = "transport_error"


class StorageFullError(NucleusAPIError, OSError):
    """There is no space left where the workspace lives; nothing of the call was kept."""

    status_code = 507
    code = "storage_full"


def _tree(root: type[NucleusError]) -> dict[str, type[NucleusError]]:
    # A class without a code of its own is a name inside one layer: across the wire it is its kin.
    found = {root.code: root} if "code" in vars(root) else {}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


_BY_STATUS: dict[int, type[NucleusAPIError]] = {
    400: InvalidInputError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: PayloadTooLargeError,
    503: TransportError,
    507: StorageFullError,
}


def from_wire(status: int, body: Any) -> NucleusError:
    """Rebuild the error that an answer carries.

    Args:
        status: HTTP status of the answer, 400 and above.
        body: The decoded JSON body; any shape is accepted, since proxies answer too.

    Returns:
        An instance of the class that was raised on the other side; of the class that fits the
        status when the body names none.
    """
    if not isinstance(body, dict):
        return _BY_STATUS.get(status, NucleusAPIError)(f"status {status}: {body}")
    found = _tree(NucleusError).get(str(body.get("code")))
    kind = found or _BY_STATUS.get(status, NucleusAPIError)
    details = body.get("details")
    message = str(body.get("error", body))
    return kind(message, **details) if isinstance(details, dict) else kind(message)
