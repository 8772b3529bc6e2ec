"""Help with queries: explanation, completion, and saved queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nucleus_lab.dataset.base import DatasetBase
from nucleus_lab.model import Model
from nucleus_lab.query_help import Completion, QueryExplanation, SavedQuery


class QueryHelpMethods(DatasetBase):
    """Understand, complete and keep queries."""

    def explain(
        self,
        query: str,
        *,
        level: str = "items",
        model: Model | str | None = None,
        params: Mapping[str, Any] | None = None,
        match_type: str = "",
        iou_threshold: float | None = None,
    ) -> QueryExplanation:
        """Explain how a query is read, what it costs, and why it finds nothing.

        ::

            dataset.explain('metadata.weather = fgo AND annotations.car > 3').empty_because
            # "metadata.weather = fgo matches nothing; values: fog 99, sun 10"

        Args:
            query: The query.
            level: What it is about: ``items``, ``annotations``, ``predictions``, ``matches`` or
                ``scenes``.
            model: Model whose predictions and matches it speaks of.
            params: Values of ``{name}`` in the query.
            match_type: Of matches: ``iou``, ``false_positive`` or ``false_negative``.
            iou_threshold: Matches are read at it, as :meth:`query_objects` does.

        Returns:
            The explanation; shown in a notebook with the SQL folded.

        Raises:
            QueryError: The query cannot be read.
            InvalidInputError: There is no such level.
            NotFoundError: There is no such model.
        """
        body = {
            "query": query,
            "level": level,
            "model_id": model.id if isinstance(model, Model) else model,
            "params": dict(params) if params else None,
            "match_type": match_type,
            "iou_threshold": iou_threshold,
        }
        return QueryExplanation.from_json(self._ask_lab(body, "explain"))

    def complete_query(
        self,
        text: str,
        cursor: int | None = None,
        *,
        level: str = "items",
        model: Model | str | None = None,
    ) -> list[Completion]:
        """Suggest how a query may go on: fields, keys, classes, values with their counts.

        ::

            [each.text for each in dataset.complete_query("metadata.weather = ")]

        Args:
            text: The query so far; it need not be finished.
            cursor: Offset of the cursor; behind the text by default.
            level: What the query is about.
            model: Model whose predictions it speaks of.

        Returns:
            The suggestions, best first; each names the part of the text that it replaces.

        Raises:
            InvalidInputError: There is no such level.
            NotFoundError: There is no such model.
        """
        body = {
            "text": text,
            "cursor": cursor,
            "level": level,
            "model_id": model.id if isinstance(model, Model) else model,
        }
        return [Completion(**each) for each in self._ask_lab(body, "complete")["suggestions"]]

    def save_query(self, name: str, query: str, *, level: str = "items") -> SavedQuery:
        """Save a query under a name, for use as ``saved("name")`` in other queries.

        ::

            dataset.save_query("night rear", "metadata.camera = rear AND metadata.time = night")
            dataset.count('saved("night rear") AND annotations.truck > 0')

        Args:
            name: The name; a query of that name is replaced.
            query: The query.
            level: What it is about.

        Returns:
            The saved query.

        Raises:
            QueryError: The query cannot be read, or uses itself.
            InvalidInputError: The name is empty or too long, or there is no such level.
        """
        self._ask_lab({"name": name, "query": query, "level": level}, "savedQueries")
        return next(each for each in self.saved_queries() if each.name == name)

    def saved_queries(self) -> list[SavedQuery]:
        """List the saved queries.

        Returns:
            The queries by name.
        """
        found = self._ask_lab({}, "savedQueries", "GET")["saved_queries"]
        return [SavedQuery(**each) for each in found]

    def delete_saved_query(self, name: str) -> None:
        """Delete a saved query.

        Args:
            name: Its name.

        Raises:
            NotFoundError: There is none of that name.
        """
        self._ask_lab({"name": name}, "deleteSavedQuery")
