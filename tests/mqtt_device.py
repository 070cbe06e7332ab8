"""A small MQTT 3.1.1 device for tests that must know exactly what the broker answered."""

import socket
import ssl
import struct

from mqtt_wire import remaining_length, string


class MqttDevice:
    """`code` is the CONNACK's return code; None when the broker closed the connection without one."""

    def __init__(self, host_port, client_id, tls: ssl.SSLContext | None = None, username=None, password=None):
        self.socket = socket.create_connection(host_port, timeout=30)
        self.code = None
        self._identifier = 0
        self._messages = []
        flags = 2 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
        body = string("MQTT") + bytes([4, flags]) + struct.pack(">H", 60) + string(client_id)
        for part in (username, password):
            if part is not None:
                body += string(part)
        try:
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=host_port[0])
            self._send(0x10, body)
            kind, answer = self._packet()
            assert kind == 0x20, hex(kind)
            self.code = answer[1]
        except (ConnectionError, ssl.SSLError):
            self.close()

    def publish(self, topic: str, payload: bytes = b"{}", retain: bool = False) -> bool:
        """At QoS 1: whether the PUBACK came (else the broker closed the connection)."""
        self._identifier += 1
        try:
            self._send(0x32 | (1 if retain else 0), string(topic) + struct.pack(">H", self._identifier) + payload)
            while True:
                kind, body = self._packet()
                if kind == 0x40:
                    return struct.unpack(">H", body)[0] == self._identifier
                self._keep(kind, body)
        except (ConnectionError, ssl.SSLError):
            return False

    def subscribe(self, topic_filter: str) -> int | None:
        """The SUBACK's return code (0x80: refused); None when the broker closed the connection."""
        self._identifier += 1
        try:
            self._send(0x82, struct.pack(">H", self._identifier) + string(topic_filter) + b"\x00")
            while True:
                kind, body = self._packet()
                if kind == 0x90:
                    return body[2]
                self._keep(kind, body)
        except (ConnectionError, ssl.SSLError):
            return None

    def receive(self) -> tuple[str, bytes]:
        """The next message (QoS 0)."""
        while not self._messages:
            self._keep(*self._packet())
        return self._messages.pop(0)

    def close(self) -> None:
        self.socket.close()

    def _keep(self, kind: int, body: bytes) -> None:
        if kind & 0xF0 == 0x30:
            (size,) = struct.unpack(">H", body[:2])
            self._messages.append((body[2:2 + size].decode(), body[2 + size:]))

    def _send(self, kind: int, body: bytes) -> None:
        self.socket.sendall(bytes([kind]) + remaining_length(len(body)) + body)

    def _packet(self) -> tuple[int, bytes]:
        kind = self._take(1)[0]
        length, shift = 0, 0
        while True:
            digit = self._take(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return kind, self._take(length)

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the broker closed the connection")
            data += part
        return data
