"""LabWidget: what every widget shares.

The page asks, Python answers. A question is ``{"lab": "ask", "id", "subject", "body"}``; the method
marked :func:`answers` for its subject returns a body, and buffers beside it. What it raises is sent
instead and shown in the widget, since a print or a traceback in a handler would be seen nowhere.

JupyterLab runs the first message of a widget on the kernel's main thread and the later ones on a
*subshell* thread, also while a cell runs; other hosts run all of them on the main thread, after the
cell. One lock a widget makes handlers run one at a time either way.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import anywidget

from nucleus_lab.errors import InvalidInputError, NucleusError

_LOG: Final = logging.getLogger(__name__)

# In JupyterLab: the picture gives way to the live widget, and an output that holds no live widget
# ("model not found") gives way to the picture.
_SWITCH: Final = (
    ".nl-still{max-height:600px;overflow:auto}"
    ".jp-OutputArea-child:has(.nl-still):has(+.jp-OutputArea-child .nl),"
    ".jp-OutputArea-child:has(.nl-still)+.jp-OutputArea-child:not(:has(.nl)){display:none}"
)

Answer = dict[str, Any] | tuple[dict[str, Any], Sequence[bytes]]
Handler = TypeVar("Handler", bound=Callable[..., Answer])


def answers(subject: str) -> Callable[[Handler], Handler]:
    """Mark a method as the answer to the questions on one subject.

    Args:
        subject: What the page asks for, such as ``"page"``.

    Returns:
        A decorator. The method gets the body of the question, and returns a body of plain values,
        or that and a list of buffers.
    """

    def mark(method: Handler) -> Handler:
        method.__dict__["answers"] = subject
        return method

    return mark


def bundle(name: str) -> tuple[Path, Path]:
    """Find the script and the style sheet of a widget.

    Args:
        name: Name of the widget's folder.

    Returns:
        Both paths; those of the watching build while ``ANYWIDGET_HMR`` is set.

    Raises:
        FileNotFoundError: The front end was never built.
    """
    root = Path(__file__).parent
    folder = root / "static"
    if os.environ.get("ANYWIDGET_HMR") and (root / "static-dev").is_dir():
        folder = root / "static-dev"
    script, style = folder / f"{name}.js", folder / f"{name}.css"
    for path in (script, style):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: run `npm ci && npm run build` in {root / 'frontend'}, "
                "or install nucleus_lab again"
            )
    return script, style


class LabWidget(anywidget.AnyWidget):
    """A widget that answers the questions of its page and leaves a picture in the saved notebook.

    Subclasses set ``_esm`` and ``_css`` (see :func:`bundle`), mark methods with :func:`answers`,
    and write :meth:`snapshot` and ``__repr__``.
    """

    _handlers: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._handlers = {
            subject: name
            for kind in reversed(cls.__mro__)
            for name, value in vars(kind).items()
            if (subject := getattr(value, "__dict__", {}).get("answers")) is not None
        }

    def __init__(self, **traits: Any) -> None:
        self._handling = threading.RLock()
        self._display_id: str | None = None
        super().__init__(**traits)
        self.on_msg(self._receive)

    def snapshot(self) -> str:
        """Return what a reader sees where no kernel runs.

        Returns:
            Self-contained HTML, every text in it escaped.
        """
        return ""

    def tell(self, subject: str, body: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send news to every view of this widget.

        Args:
            subject: What it is about.
            body: Plain values.
            buffers: Bytes beside it.
        """
        self.send({"lab": "news", "subject": subject, "body": body}, list(buffers) or None)

    def open(self) -> None:
        """Open the connection to the page."""
        super().open()
        self._answer_on_any_thread()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers)
        self._answer_on_any_thread()

    def _answer_on_any_thread(self) -> None:
        """Let the page's messages go to the subshell that JupyterLab addresses.

        Since 7.4 ipykernel hands them to the thread that spoke last on the connection instead.
        That is the main thread after every cell that touched the widget, so that pages and a
        click on Cancel would wait for the running cell.
        """
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("lab") != "ask":
            return
        name = self._handlers.get(str(content.get("subject")), "_unknown")
        reply: dict[str, Any] = {"lab": "answer", "id": content.get("id")}
        buffers: Sequence[bytes] = ()
        try:
            with self._handling:
                answer = getattr(self, name)(content.get("body") or {})
            reply["body"], buffers = answer if isinstance(answer, tuple) else (answer, ())
        except NucleusError as fault:
            reply["error"] = fault.to_wire()
        except Exception as fault:  # noqa: BLE001 - the border to the page, which must get an answer
            _LOG.exception("%s failed on %r", type(self).__name__, content.get("subject"))
            reply["error"] = {"error": f"{type(fault).__name__}: {fault}", "code": "internal"}
        self.send(reply, list(buffers) or None)

    def _unknown(self, _body: dict[str, Any]) -> Answer:
        raise InvalidInputError("the page is of another version than the kernel: reload the page")

    @answers("hello")
    def _hello(self, _body: dict[str, Any]) -> Answer:
        return {}

    def renew_snapshot(self) -> None:
        """Put a new picture into the saved notebook, wherever this widget is displayed."""
        if self._display_id is not None:
            self._publish_snapshot(update=True)

    def _publish_snapshot(self, *, update: bool = False) -> None:
        from IPython.display import publish_display_data

        still = f'<style>{_SWITCH}</style><div class="nl-still">{self.snapshot()}</div>'
        publish_display_data(  # type: ignore[no-untyped-call]
            {"text/html": still, "text/plain": repr(self)},
            transient={"display_id": self._display_id},
            update=update,
        )

    def _ipython_display_(self) -> None:
        """Publish the picture and the widget as two outputs, of which one is seen.

        In one output, a notebook that is opened again beside a new kernel would show an error of
        ipywidgets instead of the picture: a trusted widget view comes before every other form.
        """
        from IPython import get_ipython
        from IPython.display import publish_display_data

        self._display_id = f"nucleus-lab-{self.model_id}"
        self._publish_snapshot()
        if hasattr(get_ipython(), "kernel"):
            data, metadata = super()._repr_mimebundle_() or ({}, {})
            # Without a text: where no widget can be shown, the picture alone is seen.
            live = {kind: value for kind, value in data.items() if kind != "text/plain"}
            publish_display_data(live, metadata)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # The widget for who has a kernel; the picture and a stable text for everybody else.
        return {**data, "text/plain": repr(self), "text/html": self.snapshot()}, metadata
