"""Files of time-series samples: acquisitions in JSON and CBOR, CSV, WAV; each becomes a recording.

Bytes in, values out: nothing here opens a file. :mod:`nucleus_lab.formats.samples.reading` is the
door; the labels that stand beside a sample are :mod:`nucleus_lab.formats.samples.labels`.
"""
