"""Time series, sounds, pictures and tables of one row.

The functions are those of ``edgeimpulse.data``::

    from nucleus_lab import samples

    samples.upload_directory("gestures", label="wave")
    infos = samples.get_sample_ids(labels="wave")
    samples.download_samples_by_ids([info.sample_id for info in infos])

The samples are in the workspace that ``NucleusClient()`` opens, and no key is needed. Name another
by :func:`connect`, by ``client=`` in any call, or as scripts for Edge Impulse do, by the attributes
``API_ENDPOINT``, ``INGESTION_ENDPOINT`` and ``API_KEY`` of this module or the variables
``EI_API_ENDPOINT``, ``EI_INGESTION_ENDPOINT`` and ``EI_API_KEY``; all are read anew for each call.

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nucleus_lab.samples.arrays import numpy_timeseries_to_sample, upload_numpy
    from nucleus_lab.samples.connection import connect, disconnect
    from nucleus_lab.samples.deleting import (
        delete_all_samples,
        delete_sample_by_id,
        delete_samples_by_filename,
    )
    from nucleus_lab.samples.directories import (
        upload_directory,
        upload_exported_dataset,
        upload_plain_directory,
    )
    from nucleus_lab.samples.downloading import (
        download_samples_by_ids,
        fetch_samples,
        stream_samples_by_ids,
    )
    from nucleus_lab.samples.frame_layouts import (
        upload_pandas_dataframe_wide,
        upload_pandas_dataframe_with_group,
    )
    from nucleus_lab.samples.frames import (
        pandas_dataframe_to_sample,
        upload_pandas_dataframe,
        upload_pandas_sample,
    )
    from nucleus_lab.samples.listing import get_filename_by_id, get_sample_ids
    from nucleus_lab.samples.naming import infer_category_and_label_from_filename
    from nucleus_lab.samples.sample_type import (
        DataAcquisition,
        GenericApiResponse,
        Payload,
        Protected,
        Sample,
        SampleInfo,
        SampleIngestionResponse,
        Sensor,
        UploadSamplesResponse,
    )
    from nucleus_lab.samples.tables import (
        add_labels_to_dataframe,
        convert_json_cbor_to_dataframe,
        convert_sample_to_dataframe,
        generate_labels_from_dataframe,
    )
    from nucleus_lab.samples.uploading import upload_samples

    infer_from_filename = infer_category_and_label_from_filename

API_KEY: str | None = None
API_ENDPOINT: str | None = None
INGESTION_ENDPOINT: str | None = None

# Where each public name lives; a test holds this against the imports above.
_HOMES = {
    "arrays": "numpy_timeseries_to_sample upload_numpy",
    "connection": "connect disconnect",
    "deleting": "delete_all_samples delete_sample_by_id delete_samples_by_filename",
    "directories": "upload_directory upload_exported_dataset upload_plain_directory",
    "downloading": "download_samples_by_ids fetch_samples stream_samples_by_ids",
    "frame_layouts": "upload_pandas_dataframe_wide upload_pandas_dataframe_with_group",
    "frames": "pandas_dataframe_to_sample upload_pandas_dataframe upload_pandas_sample",
    "listing": "get_filename_by_id get_sample_ids",
    "naming": "infer_category_and_label_from_filename",
    "sample_type": (
        "DataAcquisition GenericApiResponse Payload Protected Sample SampleInfo "
        "SampleIngestionResponse Sensor UploadSamplesResponse"
    ),
    "tables": (
        "add_labels_to_dataframe convert_json_cbor_to_dataframe convert_sample_to_dataframe "
        "generate_labels_from_dataframe"
    ),
    "uploading": "upload_samples",
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
_OTHER_NAMES = {"infer_from_filename": "infer_category_and_label_from_filename"}

__all__ = [
    "API_ENDPOINT",
    "API_KEY",
    "DataAcquisition",
    "GenericApiResponse",
    "INGESTION_ENDPOINT",
    "Payload",
    "Protected",
    "Sample",
    "SampleInfo",
    "SampleIngestionResponse",
    "Sensor",
    "UploadSamplesResponse",
    "add_labels_to_dataframe",
    "connect",
    "convert_json_cbor_to_dataframe",
    "convert_sample_to_dataframe",
    "delete_all_samples",
    "delete_sample_by_id",
    "delete_samples_by_filename",
    "disconnect",
    "download_samples_by_ids",
    "fetch_samples",
    "generate_labels_from_dataframe",
    "get_filename_by_id",
    "get_sample_ids",
    "infer_category_and_label_from_filename",
    "infer_from_filename",
    "numpy_timeseries_to_sample",
    "pandas_dataframe_to_sample",
    "stream_samples_by_ids",
    "upload_directory",
    "upload_exported_dataset",
    "upload_numpy",
    "upload_pandas_dataframe",
    "upload_pandas_dataframe_wide",
    "upload_pandas_dataframe_with_group",
    "upload_pandas_sample",
    "upload_plain_directory",
    "upload_samples",
]


def __getattr__(name: str) -> Any:
    known = _OTHER_NAMES.get(name, name)
    if known not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nucleus_lab.bulk import collector_paused

    with collector_paused():
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[known]}"), known)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
