"""LabelingTask: one picture to be labeled."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from nucleus_lab.annotation import Annotation
from nucleus_lab.transport.connection import Connection
from nucleus_lab.transport.handle import Handle, segment


class LabelingTask(Handle):
    """One picture to be labeled, and its answer.

    ::

        task = project.tasks("pending")[0]
        task.assign("ada")
        task.complete([BoxAnnotation("car", 4, 8, 32, 16, task.reference_id)])
        task.reject("the truck is missing")     # open again, its annotations are gone

    A completed task's annotations are annotations of its item from that moment on, and the item's
    metadata says so under ``scale_metadata``, which queries read.

    Args:
        payload: A row of an answer.
        client: The connection that asks.

    Attributes:
        id: Starts with ``task_``.
        status: ``pending`` or ``completed``, as it was when last asked.
        audit_status: ``pending``, ``accepted`` or ``rejected``.
        comment: What the reviewer said.
        assignee: Who is to do it.
        batch: Name of the slice that was sent.
        project_id: Its project.
        project_name: Name of its project.
        dataset_id: Dataset of its item.
        item_id: Its item.
        reference_id: The caller's id of its item.
        location: Path or URL of the picture, as it was uploaded.
        width: Pixels, where known.
        height: Pixels, where known.
        created_at: ISO time in UTC.
        completed_at: ISO time in UTC; ``None`` while it is pending.
    """

    def __init__(self, payload: dict[str, Any], client: Connection) -> None:
        super().__init__(payload["task_id"], client)
        self._keep(payload)

    def _keep(self, payload: dict[str, Any]) -> None:
        self.status: str = payload["status"]
        self.audit_status: str = payload["audit_status"]
        self.comment: str | None = payload["comment"]
        self.assignee: str | None = payload["assignee"]
        self.batch: str = payload["batch"]
        self.project_id: str = payload["project_id"]
        self.project_name: str = payload["project_name"]
        self.dataset_id: str = payload["dataset_id"]
        self.item_id: str = payload["item_id"]
        self.reference_id: str = payload["reference_id"]
        self.location: str = payload["location"]
        self.width: int | None = payload["width"]
        self.height: int | None = payload["height"]
        self.created_at: str = payload["created_at"]
        self.completed_at: str | None = payload["completed_at"]
        self._answer: list[dict[str, Any]] = payload["annotations"]

    @property
    def annotations(self) -> list[Any]:
        """The last answer; kept when the task is opened again, to begin from."""
        return [Annotation.from_json(payload) for payload in self._answer]

    def refresh(self) -> LabelingTask:
        """Ask how the task is now.

        Returns:
            This task.
        """
        return self._change(None, "", "GET")

    def assign(self, assignee: str | None) -> LabelingTask:
        """Say who is to do it.

        Args:
            assignee: Any name; ``None`` for nobody.

        Returns:
            This task.
        """
        return self._change({"assignee": assignee}, "assign")

    def complete(
        self, annotations: Iterable[Annotation] = (), *, update: bool = False
    ) -> LabelingTask:
        """Answer the task: its annotations appear on its item at once, all or none.

        An annotation whose id the item has already is replaced.

        Args:
            annotations: Annotations of the types and with the labels of the project; whatever
                their reference id, they belong to the item of this task. None for a picture with
                nothing on it.
            update: Replace the answer of a task that is completed.

        Returns:
            This task.

        Raises:
            InvalidInputError: An annotation does not fit the project; nothing was stored.
            ConflictError: The task is completed already.
        """
        payloads = [annotation.to_payload() for annotation in annotations]
        return self._change({"annotations": payloads, "update": update}, "complete")

    def reject(self, reason: str) -> LabelingTask:
        """Open a completed task again; its annotations are taken from its item.

        Args:
            reason: What has to be done better.

        Returns:
            This task.

        Raises:
            ConflictError: It is not completed.
        """
        return self._change({"comment": reason}, "reject")

    def accept(self, comment: str = "") -> LabelingTask:
        """Note that a completed task was looked at and found right.

        Args:
            comment: What there is to say.

        Returns:
            This task.

        Raises:
            ConflictError: It is not completed.
        """
        return self._change({"comment": comment}, "accept")

    def image_bytes(self) -> bytes:
        """Read the picture.

        Returns:
            The file as it was uploaded, or a PNG where browsers cannot show its format.
        """
        route = f"lab/dataset/{segment(self.dataset_id)}/image/{segment(self.item_id)}"
        picture: bytes = self._client.make_request(None, route, "GET")
        return picture

    def _change(self, payload: Any, route: str, method: str = "POST") -> LabelingTask:
        path = f"lab/labelingTask/{segment(self.id)}/{route}".rstrip("/")
        self._keep(self._client.make_request(payload, path, method))
        return self

    def __repr__(self) -> str:
        return (
            f"LabelingTask(id={self.id!r}, reference_id={self.reference_id!r}, "
            f"status={self.status!r}, audit_status={self.audit_status!r})"
        )

    def _repr_html_(self) -> str:
        return (
            f"<b>{escape(self.reference_id)}</b> {escape(self.status)} "
            f"(audit {escape(self.audit_status)}) <code>{escape(self.id)}</code> "
            f"of {escape(self.project_name)}"
        )
