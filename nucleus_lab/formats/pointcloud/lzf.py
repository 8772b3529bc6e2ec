"""Unpacking of LZF, the compression of binary PCD files.

Source: the format as Marc Lehmann's LibLZF describes it: a control byte below 32 announces that
many literal bytes and one more; any other one refers back, its upper three bits the length less
two (7: a further byte adds to it), its lower five and a further byte the distance less one.
"""

from __future__ import annotations


def unpack(packed: bytes, size: int) -> bytes:
    """Unpack a block.

    Args:
        packed: The packed bytes.
        size: Bytes of the result.

    Returns:
        Exactly ``size`` bytes.

    Raises:
        ValueError: The block is damaged, or of another size.
    """
    out = bytearray()
    at, end = 0, len(packed)
    try:
        while at < end:
            control = packed[at]
            at += 1
            if control < 32:
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[at]
                at += 1
            length += 2
            start = len(out) - ((control & 31) << 8) - packed[at] - 1
            at += 1
            if start < 0:
                raise ValueError("a reference points before the first byte")
            if start + length <= len(out):
                out += out[start : start + length]
            else:  # the copy reads what it writes: the last bytes repeat
                piece = bytes(out[start:])
                out += (piece * (length // len(piece) + 1))[:length]
            if len(out) > size:
                raise ValueError(f"it unpacks to more than the {size} bytes it announces")
    except IndexError as fault:
        raise ValueError("it ends inside a reference") from fault
    if len(out) != size:
        raise ValueError(f"it unpacks to {len(out)} bytes and announces {size}")
    return bytes(out)
