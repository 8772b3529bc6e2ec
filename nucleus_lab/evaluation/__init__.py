"""Evaluation as pure functions: arrays of objects in, matches, metrics and a report out.

``objects`` holds what is compared, ``overlap`` says how much two objects overlap, ``match`` pairs
them, ``outcome`` applies an IoU threshold, ``curves``, ``confusion`` and ``coco`` count,
``summary`` puts the numbers together, and ``report`` is the value that a person reads. Only
``report`` can be imported without numpy.
"""
