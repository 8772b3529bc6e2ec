"""WAV files, read chunk by chunk: PCM of 8 to 32 bits and IEEE floats, any number of channels."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nucleus_lab.errors import InvalidInputError
from nucleus_lab.formats.samples.recording import Recording, Sensor

AUDIO: Final = "audio"
UNITS: Final = "wav"
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES: Final = frozenset({0, 0xFFFFFFFF})  # of a file that was streamed
_MOST_CHANNELS: Final = 256


def read_wav(content: bytes) -> Recording:
    """Read a WAV file.

    Args:
        content: The file.

    Returns:
        The recording, with the numbers as the file has them.

    Raises:
        InvalidInputError: It is no WAV file that can be read; the message says why.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise InvalidInputError("not a WAV file: it does not begin with RIFF … WAVE")
    head, at = None, 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        body = content[at + 8 : at + 8 + size]
        if name == b"fmt ":
            head = _format(body)
        elif name == b"data":
            if head is None:
                raise InvalidInputError("a damaged WAV file: its data stand before their format")
            if size in _UNKNOWN_SIZES:
                body = content[at + 8 :]
            elif len(body) < size:
                raise InvalidInputError(
                    f"a WAV file that is cut off: its data should have {size:,} bytes and have "
                    f"{len(body):,}"
                )
            return _recording(head, body)
        at += 8 + size + size % 2
    raise InvalidInputError("a WAV file without sound: it has no chunk named data")


def _format(body: bytes) -> tuple[int, int, int, int]:
    """Return the format tag, the channels, the rate and the bits."""
    if len(body) < 16:
        raise InvalidInputError("a damaged WAV file: its format has fewer than 16 bytes")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if not 1 <= channels <= _MOST_CHANNELS or not rate:
        raise InvalidInputError(
            f"a WAV file of {channels} channels at {rate} Hz: 1 to {_MOST_CHANNELS} channels and a "
            "rate above 0 are possible"
        )
    return tag, channels, rate, bits


def _recording(head: tuple[int, int, int, int], data: bytes) -> Recording:
    tag, channels, rate, bits = head
    frame = channels * (bits // 8)
    values: NDArray[Any]
    if tag == _FLOAT and bits in {32, 64}:
        values = np.frombuffer(_whole(data, frame), f"<f{bits // 8}")
        if not np.isfinite(values).all():
            raise InvalidInputError("a WAV file with values that are no finite numbers")
    elif tag == _PCM and bits == 24:
        octets = np.frombuffer(_whole(data, frame), np.uint8).reshape(-1, 3).astype(np.int32)
        values = (octets[:, 0] | octets[:, 1] << 8 | octets[:, 2] << 16) << 8 >> 8
    elif tag == _PCM and bits in {8, 16, 32}:
        values = np.frombuffer(_whole(data, frame), "u1" if bits == 8 else f"<i{bits // 8}")
    else:
        raise InvalidInputError(
            f"a WAV file in format {tag} of {bits} bits: PCM of 8, 16, 24 or 32 bits and floats of "
            "32 or 64 are possible; convert it, for example by ffmpeg -i a.wav -c:a pcm_s16le b.wav"
        )
    if not len(values):
        raise InvalidInputError("a WAV file without sound: its data are empty")
    names = [AUDIO, *(f"{AUDIO} {at}" for at in range(2, channels + 1))]
    sensors = tuple(Sensor(name, UNITS) for name in names)
    return Recording(sensors, values.reshape(-1, channels), 1000 / rate)


def _whole(data: bytes, frame: int) -> bytes:
    """Leave out what is left of an unfinished reading."""
    return data[: len(data) - len(data) % frame]


def wav_of(values: NDArray[Any], rate: float) -> bytes:
    """Write one channel as a WAV file of 16 bits, which every player takes.

    Args:
        values: The readings. Whole numbers within 16 bits are kept as they are; floats up to 1 are
            full scale; anything else is scaled to fit.
        rate: Readings a second.

    Returns:
        The file.
    """
    numbers = np.nan_to_num(values.astype(np.float64))
    most = float(np.abs(numbers).max(initial=0))
    if values.dtype.kind == "f" and most <= 1:
        numbers *= 32767
    elif most > 32767:
        numbers *= 32767 / most
    data = np.rint(numbers).astype("<i2").tobytes()
    pace = max(round(rate), 1)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, pace, pace * 2, 2, 16)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body
