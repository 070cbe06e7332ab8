"""CBOR as AWS's Java clients send it and as Kinesis answers: written for the tests, knows nothing of the server.

    encode({"Records": [{"Data": b"x"}]})        definite lengths
    encode(value, java=True)                     maps and lists of indefinite length, as Jackson makes them
    decode(body)                                 the value; trailing bytes are an error

A Milliseconds is a timestamp: tag 1 and a number of milliseconds.
"""

import struct


class Milliseconds(int):
    pass


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if argument < limit:
            return bytes([major << 5 | info]) + struct.pack(form, argument)
    raise ValueError(argument)


def encode(value, java: bool = False) -> bytes:
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case Milliseconds():
            return _head(6, 1) + encode(int(value))
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case bytes():
            return _head(2, len(value)) + value
        case list():
            items = b"".join(encode(item, java) for item in value)
            return b"\x9f" + items + b"\xff" if java else _head(4, len(value)) + items
        case dict():
            pairs = b"".join(encode(key) + encode(item, java) for key, item in value.items())
            return b"\xbf" + pairs + b"\xff" if java else _head(5, len(value)) + pairs
    raise TypeError(type(value))


class _Reader:
    def __init__(self, body: bytes):
        self.body, self.at = body, 0

    def take(self, size: int) -> bytes:
        assert self.at + size <= len(self.body), "cut short"
        self.at += size
        return self.body[self.at - size:self.at]

    def item(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            if info in (25, 26, 27):
                return struct.unpack({25: ">e", 26: ">f", 27: ">d"}[info], self.take(1 << info - 24))[0]
            return {20: False, 21: True, 22: None}[info]
        assert info < 28, "the server sends definite lengths"
        size = info if info < 24 else int.from_bytes(self.take(1 << info - 24), "big")
        match major:
            case 0:
                return size
            case 1:
                return -1 - size
            case 2:
                return self.take(size)
            case 3:
                return self.take(size).decode()
            case 4:
                return [self.item() for _ in range(size)]
            case 5:
                return {self.item(): self.item() for _ in range(size)}
        assert size == 1, f"tag {size}"
        return Milliseconds(self.item())


def decode(body: bytes):
    reader = _Reader(body)
    value = reader.item()
    assert reader.at == len(body), "bytes follow"
    return value
