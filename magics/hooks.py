"""Tab and Shift-Tab: where IPython and its kernel ask the magics.

IPython has a place for completers of others, which terminals use too. It would add names of Python
to a query where the query has none to offer, and for Shift-Tab there is no such place at all: so
in a kernel both requests are answered before they come to it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from nucleus_lab.magics.completion import Offers, offers_at
from nucleus_lab.magics.inspection import bundle_of, help_at

if TYPE_CHECKING:
    from nucleus_lab.magics.session import Session

_FIRST = 10_000
_MOST_LETTERS = 48


class Hooks:
    """The answers to Tab and Shift-Tab of one notebook.

    Args:
        session: The connection and the dataset in use.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._matcher: Any = None
        self._kernel = getattr(session.shell, "kernel", None)

    def set(self) -> None:
        """Begin to answer."""
        session = self._session

        @context_matcher(priority=_FIRST, identifier="nucleus_lab")  # type: ignore[untyped-decorator]
        def matcher(context: CompletionContext) -> SimpleMatcherResult:
            lines = context.full_text.split("\n")[: context.cursor_line]
            cursor = sum(len(line) + 1 for line in lines) + context.cursor_position
            found = offers_at(session, context.full_text, cursor)
            if found is None or not found.offers:
                return {"completions": []}
            return {
                "completions": [
                    SimpleCompletion(each.text, type=each.about) for each in found.offers
                ],
                "matched_fragment": found.fragment,
                "ordered": True,
                "suppress": True,
            }

        self._matcher = matcher
        shell: Any = session.shell
        shell.Completer.custom_matchers.append(matcher)
        if self._kernel is not None:
            self._answer_kernel(self._kernel)

    def _answer_kernel(self, kernel: Any) -> None:
        session = self._session
        complete, look = type(kernel).do_complete, type(kernel).do_inspect

        async def do_complete(code: str, cursor_pos: int | None) -> Any:
            cursor = len(code) if cursor_pos is None else cursor_pos
            found = offers_at(session, code, cursor)
            if found is not None:
                return completion_reply(found, cursor)
            answer = complete(kernel, code, cursor_pos)
            return await answer if inspect.isawaitable(answer) else answer

        async def do_inspect(code: str, cursor_pos: int, *more: Any, **others: Any) -> Any:
            page = help_at(session, code, cursor_pos)
            if page is not None:
                data = bundle_of(page)
                return {"status": "ok", "found": True, "data": data, "metadata": {}}
            answer = look(kernel, code, cursor_pos, *more, **others)
            return await answer if inspect.isawaitable(answer) else answer

        kernel.do_complete, kernel.do_inspect = do_complete, do_inspect

    def take_back(self) -> None:
        """Answer no longer."""
        shell: Any = self._session.shell
        if self._matcher in shell.Completer.custom_matchers:
            shell.Completer.custom_matchers.remove(self._matcher)
        if self._kernel is not None:
            for name in ("do_complete", "do_inspect"):
                vars(self._kernel).pop(name, None)


def completion_reply(found: Offers, cursor: int) -> dict[str, Any]:
    """Return the content of a ``complete_reply``.

    Args:
        found: The offers.
        cursor: Offset of the cursor.

    Returns:
        The content; each match carries what it is as its type, which front ends show beside it.
    """
    start = cursor - len(found.fragment)
    return {
        "status": "ok",
        "matches": [each.text for each in found.offers],
        "cursor_start": start,
        "cursor_end": cursor,
        "metadata": {
            "_jupyter_types_experimental": [
                {"start": start, "end": cursor, "text": each.text, "type": _one_line(each.about)}
                for each in found.offers
            ]
        },
    }


def _one_line(about: str) -> str:
    """Cut a text for the narrow column of JupyterLab, which would break it over others."""
    text = about if len(about) <= _MOST_LETTERS else f"{about[: _MOST_LETTERS - 1]}…"
    return text.replace(" ", "\N{NO-BREAK SPACE}")
