"""A minimal MQTT 3.1.1 publisher at QoS 1 that tells exactly which messages were acknowledged."""

import socket
import struct

from mqtt_wire import remaining_length, string


class MqttPublisher:
    def __init__(self, host: str, port: int, client_id: str):
        self.socket = socket.create_connection((host, port), timeout=30)
        body = string("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + string(client_id)
        self.socket.sendall(b"\x10" + remaining_length(len(body)) + body)
        answer = self._receive(4)
        if answer != b"\x20\x02\x00\x00":
            raise ConnectionError(f"CONNACK {answer.hex()}")

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the broker closed the connection")
            data += part
        return data

    def publish_all(self, topic: str, payloads: list[bytes], acknowledged) -> None:
        """Sends all payloads at QoS 1 at once, then calls acknowledged(index) for each PUBACK."""
        out = b""
        for index, payload in enumerate(payloads):
            body = string(topic) + struct.pack(">H", index + 1) + payload
            out += b"\x32" + remaining_length(len(body)) + body
        self.socket.sendall(out)
        for _ in payloads:
            answer = self._receive(4)
            if answer[:2] != b"\x40\x02":
                raise ConnectionError(f"expected PUBACK, got {answer.hex()}")
            acknowledged(struct.unpack(">H", answer[2:])[0] - 1)

    def close(self) -> None:
        self.socket.close()
