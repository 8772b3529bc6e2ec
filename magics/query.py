"""``%%nucleus_query``: a cell that holds a query."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

from nucleus_lab.magics.base import Magic
from nucleus_lab.magics.binding import parameters, query_text
from nucleus_lab.magics.query_options import Asked, parser, read
from nucleus_lab.magics.result import QueryResult

if TYPE_CHECKING:
    from nucleus_lab import Dataset, Model


class QueryMagic(Magic):
    """The cell magic ``%%nucleus_query [name <<] [options]``; its body is the query.

    ::

        %%nucleus_query crowded << --as items
        annotations.RBC > $least AND annotations.Platelets > 0
    """

    def register(self) -> None:
        """Register the cell magic and the line form."""

        def nucleus_query(line: str, cell: str | None = None) -> Any:
            return self.guarded(lambda: self.run(line, cell))

        nucleus_query.__doc__ = parser().format_help()
        # A variable is an object here, never text: IPython must not expand $x itself.
        as_it_stands: Any = no_var_expand
        self.session.shell.register_magic_function(
            as_it_stands(nucleus_query), "line_cell", "nucleus_query"
        )

    def run(self, line: str, cell: str | None) -> Any:
        """Ask the query.

        Args:
            line: Options; in the line form, options followed by the query.
            cell: The query; ``None`` in the line form.

        Returns:
            The result, or ``None`` when it went into a variable.
        """
        asked = read(line, cell, self.session.namespace)
        options = asked.options
        dataset = self.session.need_dataset(options.dataset)
        model = self.session.find_model(options.model) if options.model else None
        asked.query = query_text(asked.query)
        params = parameters(asked.query, self.session.namespace)
        if options.save:
            dataset.save_query(options.save, asked.query, level=asked.level)
        if options.explain:
            value: Any = dataset.explain(asked.query, level=asked.level, model=model, params=params)
        elif options.shape == "count" and asked.level == "items":
            value = dataset.count(
                asked.query, model=model, params=params, iou_threshold=options.iou
            )
        else:
            at_once = cell is not None and asked.target is None and options.output is None
            value = self._shaped(self._ask(asked, dataset, model, params, at_once), asked)
        for name in (asked.target, options.output):
            if name is not None:
                self.session.shell.user_ns[name] = value
        return value if asked.target is None or asked.shows else None

    def _ask(
        self,
        asked: Asked,
        dataset: Dataset,
        model: Model | None,
        params: dict[str, Any],
        at_once: bool,
    ) -> QueryResult:
        more: dict[str, Any] = {
            "level": asked.level,
            "params": params,
            "limit": asked.options.limit,
            "settings": self.session.settings,
            "iou": asked.options.iou,
        }
        how: dict[str, Any] = {"params": params, "iou_threshold": asked.options.iou}
        text, started = asked.query, time.perf_counter()
        if asked.level == "items":
            if at_once and self._is_slow(asked, dataset):
                return QueryResult(dataset, text, model, **more).begin()
            more["ids"] = dataset.item_ids(text, model=model, **how)
        elif asked.level == "scenes":
            more["objects"] = list(dataset.query_scenes(text, model=model, **how))
        else:
            run = model.id if model is not None else None
            kind = str(asked.query_type)
            more["query_type"] = kind
            more["objects"] = list(dataset.query_objects(text, kind, run, **how))
        result = QueryResult(dataset, text, model, **more)
        result.seconds = time.perf_counter() - started
        return result

    @staticmethod
    def _is_slow(asked: Asked, dataset: Dataset) -> bool:
        """Whether a gallery can show the first items long before all are found."""
        from nucleus_lab.widgets.gallery import LARGE

        plain = asked.options.limit is asked.options.iou is asked.options.slice is None
        shown = plain and asked.level == "items" and asked.options.shape == "gallery"
        return shown and dataset.size >= LARGE

    @staticmethod
    def _shaped(result: QueryResult, asked: Asked) -> Any:
        shape = "slice" if asked.options.slice else asked.options.shape
        if shape == "slice":
            return result.create_slice(asked.options.slice)
        if shape == "frame":
            return result.frame()
        if shape == "items":
            return result.items()
        if shape == "ids":
            return result.reference_ids
        if shape == "count":
            return len(result)
        return result
