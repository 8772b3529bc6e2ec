"""The query language: text to a tree, a tree to SQL, and back to text.

The stages are separate modules, so that completion, highlighting and explanation can stop early:
:mod:`~nucleus_lab.query.tokens` → :mod:`~nucleus_lab.query.parse` →
:mod:`~nucleus_lab.query.resolve` → :mod:`~nucleus_lab.query.compile`.
"""
