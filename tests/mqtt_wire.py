"""The two encodings of MQTT 3.1.1 that every packet of the tests' clients needs (specification 1.5.3 and 2.2.3)."""

import struct


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def remaining_length(count: int) -> bytes:
    out = b""
    while True:
        count, digit = divmod(count, 128)
        out += bytes([digit | (0x80 if count else 0)])
        if not count:
            return out
