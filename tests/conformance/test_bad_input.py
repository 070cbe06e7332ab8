"""What clients do wrong gets its documented error, and touches neither the server nor anybody else."""

import contextlib
import json
import socket
import struct
import threading
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from cbor_wire import decode
from mqtt_device import MqttDevice
from penstock_process import REGION, ROOT_SECRET
from raw_request import signed, target

STREAM = "bad-input"


class Bystander(threading.Thread):
    """A client that puts records all the time over one connection of its own, and a device that stays connected."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.kinesis = server.client("kinesis")
        self.device = MqttDevice(server.host_port("mqtt"), "bystander-" + uuid.uuid4().hex[:8])
        self.ended = threading.Event()
        self.moved = threading.Condition()
        self.puts = 0
        self.failure: Exception | None = None

    def run(self):
        try:
            while not self.ended.wait(0.005):
                self.kinesis.put_record(StreamName=STREAM, PartitionKey="k", Data=b"fine")
                with self.moved:
                    self.puts += 1
                    self.moved.notify_all()
        except Exception as failure:  # told by unharmed()
            self.failure = failure
            with self.moved:
                self.moved.notify_all()

    def unharmed(self) -> None:
        """Two more puts were acknowledged from here on, and none failed since the start; the device still publishes."""
        with self.moved:
            wanted = self.puts + 2
            assert self.moved.wait_for(lambda: self.puts >= wanted or self.failure, 20), "puts have stopped"
        assert self.failure is None, self.failure
        assert self.device.publish("bystander/here")


@pytest.fixture(scope="module")
def bystander(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    one = Bystander(server)
    one.start()
    yield one
    one.ended.set()
    one.join(20)
    one.device.close()


@pytest.fixture(autouse=True)
def nobody_else_is_touched(server, bystander):
    pid = server.process.pid
    yield
    bystander.unharmed()
    assert server.process.poll() is None and server.process.pid == pid


# Requests written by hand ---------------------------------------------------------------------------------------------


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Wire:
    """A socket to the API, and the answers that come over it."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.host_port("api"), 20)
        self.answers = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self.answers.readline().split()[1])
        headers = {}
        while line := self.answers.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self.answers.read(int(headers["content-length"]))

    def closed(self) -> bool:
        try:
            return self.answers.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.answers.close()
        self.socket.close()


@pytest.fixture
def wire(server):
    one = Wire(server)
    yield one
    one.close()


def ask(wire: Wire, request: bytes) -> tuple[int, str, str]:
    """Status, error code and message; whatever the answer is, it carries a request id."""
    wire.send(request)
    status, headers, body = wire.answer()
    assert uuid.UUID(headers["x-amzn-requestid"])
    if headers["content-type"].startswith("text/xml"):
        text = body.decode()
        part = {tag: text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0] for tag in ("Code", "Message", "RequestId")}
        assert part["RequestId"] == headers["x-amzn-requestid"]
        return status, part["Code"], part["Message"]
    answer = json.loads(body)
    return status, answer.get("__type", headers.get("x-amzn-errortype", "")), answer.get("message", answer.get("Message", ""))


def put_body(**more) -> bytes:
    return json.dumps({"StreamName": STREAM, "PartitionKey": "k", "Data": "MQ=="} | more).encode()


@pytest.mark.parametrize("body", [
    b"", b"{", b"[1,2]", b"null", b'"text"', b'{"StreamName":"a",}', b'{"StreamName":"a"} tail', b"\xff\xfe{}", b'{"StreamName":"\xc3\x28"}',
    b'{"StreamName":"\\ud800"}', b"\xef\xbb\xbf{}x", b'{"StreamName":NaN}', b"[" * 100_000, b'{"a":' * 50_000, b"\x00" * 100])
def test_json_that_is_none(server, wire, body):
    status, code, _ = ask(wire, signed(server, body, target("PutRecord")))
    assert status == 400
    assert code in ("SerializationException", "ValidationException"), code
    assert ask(wire, signed(server, put_body(), target("PutRecord")))[0] == 200  # the same connection goes on


@pytest.mark.parametrize("members", [
    {"StreamName": 5}, {"StreamName": ["a"]}, {"StreamName": {"a": 1}}, {"Data": 1}, {"Data": "not base64!"}, {"Data": {}},
    {"PartitionKey": True}, {"ExplicitHashKey": 1.5}])
def test_values_of_the_wrong_type(server, wire, members):
    status, code, message = ask(wire, signed(server, put_body(**members), target("PutRecord")))
    assert (status, code) == (400, "SerializationException"), message


@pytest.mark.parametrize(("operation", "members"), [
    ("PutRecords", {"StreamName": STREAM, "Records": {"Data": "MQ=="}}), ("PutRecords", {"StreamName": STREAM, "Records": [1]}),
    ("GetRecords", {"ShardIterator": "a", "Limit": "many"}), ("GetRecords", {"ShardIterator": "a", "Limit": 1e300}),
    ("CreateStream", {"StreamName": "x", "ShardCount": 1 << 70}), ("CreateStream", {"StreamName": "x", "StreamModeDetails": []})])
def test_wrong_types_inside(server, wire, operation, members):
    status, code, message = ask(wire, signed(server, json.dumps(members).encode(), target(operation)))
    assert (status, code) == (400, "SerializationException"), message


def test_unknown_members_are_ignored(server, wire):
    assert ask(wire, signed(server, put_body(Colour="red", Nested={"a": [1, {"b": None}]}), target("PutRecord")))[0] == 200
    form = b"Action=GetCallerIdentity&Version=2011-06-15&Colour=red&Nested.member.1.X=2"
    assert ask_ok(wire, signed(server, form, FORM, service="sts")).startswith("<GetCallerIdentityResponse")


def ask_ok(wire: Wire, request: bytes) -> str:
    wire.send(request)
    status, headers, body = wire.answer()
    assert (status, bool(headers["x-amzn-requestid"])) == (200, True), body
    return body.decode()


@pytest.mark.parametrize(("form", "code"), [
    (b"", "MissingAction"), (b"Action=", "MissingAction"), (b"Action=Fly&Version=2010-05-08", "InvalidAction"),
    (b"Action=GetUser&Version=1999-01-01", "InvalidAction"), (b"Action=GetUser&Version=2010-05-08&UserName=%zz", "MalformedQueryString"),
    (b"Action=GetUser&Version=2010-05-08&UserName=%ff%fe", None), (b"Action=ListUsers&Version=2010-05-08&MaxItems=many", None),
    (b"Action=TagUser&Version=2010-05-08&UserName=a&Tags.member.999999999.Key=a", None),
    (b"Action=CreateUser&Version=2010-05-08&UserName=" + b"x" * 100_000, "ValidationError"), (b"&".join([b"a=b"] * 50_000), None)])
def test_forms_that_are_wrong(server, wire, form, code):
    status, got, message = ask(wire, signed(server, form, FORM, service="iam"))
    assert 400 <= status < 500, (status, got, message)
    assert got == code if code else got
    if b"Fly" in form:
        assert "Fly" in message


@pytest.mark.parametrize(("body", "code"), [(b"{", "SerializationException"), (b"[]", "SerializationException"),
                                            (b'{"thingTypeName":7}', "SerializationException"), (b'{"thingTypeName":"\xff"}', "SerializationException")])
def test_rest_bodies_that_are_wrong(server, wire, body, code):
    request = signed(server, body, {"Content-Type": "application/json"}, service="iot", path="/things/bad-input")
    status, got, message = ask(wire, request)
    assert (status, got.partition(":")[0]) in ((400, code), (400, "InvalidRequestException")), message


@pytest.mark.parametrize(("headers", "service", "names"), [
    ({"X-Amz-Target": "Kinesis_20131202.Fly"}, "kinesis", "Fly"), ({"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "dynamodb", "DynamoDB"),
    ({"X-Amz-Target": "nonsense"}, "kinesis", "nonsense"), ({}, "s3", "s3"), ({}, "kinesis", "X-Amz-Target"),
    ({}, "iot", "/"), ({"X-Amz-Target": "x" * 5000}, "kinesis", "x")])
def test_unknown_services_and_operations_are_named(server, wire, headers, service, names):
    status, code, message = ask(wire, signed(server, b"{}", headers, service=service))
    assert 400 <= status < 500 and code
    assert names in message and len(message) < 1000


# Signatures -----------------------------------------------------------------------------------------------------------


def hours(count: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(hours=count)


@pytest.mark.parametrize(("how", "code", "says"), [
    ({"secret": "x" * 40}, "InvalidSignatureException", "does not match"),
    ({"key": "AKIAOFNOBODY00000000"}, "UnrecognizedClientException", "security token"),
    ({"at": hours(-1)}, "InvalidSignatureException", "Signature expired"),
    ({"at": hours(1)}, "InvalidSignatureException", "Signature not yet current"),
    ({"service": "iam"}, "InvalidSignatureException", "kinesis"),
    ({"region": "eu-west-1"}, "InvalidSignatureException", REGION),
    ({"unsigned_headers": {"X-Amz-Security-Token": "t"}}, None, ""),
    ({"unsigned_headers": {"X-Amz-Content-Sha256": "0" * 64}}, None, ""),
])
def test_signatures_that_do_not_hold(server, wire, how, code, says):
    status, got, message = ask(wire, signed(server, put_body(), target("PutRecord"), **how))
    assert status in (400, 403)
    assert got == code if code else got.endswith("Exception")
    assert says in message
    assert ROOT_SECRET not in message


@pytest.mark.parametrize(("old", "new"), [
    (b'"Data": "MQ=="', b'"Data": "Mg=="'), (b"json-1.1\r\n", b"json-1.0\r\n"), (b"Kinesis_20131202.PutRecord", b"Kinesis_20131202.DeleteStream"),
    (b"POST / ", b"POST /?a=b "), (b"Signature=", b"Signature=0"), (b"SignedHeaders=content-type;", b"SignedHeaders="),
    (b"AWS4-HMAC-SHA256 Credential", b"AWS4-HMAC-SHA512 Credential"), (b"/aws4_request", b"/aws5_request"), (b", SignedHeaders", b", Nonsense"),
    (b"x-amz-date: 2", b"x-amz-date: 1"), (b"x-amz-date: 2", b"x-amz-date: never")])
def test_a_request_changed_on_its_way(server, wire, old, new):
    request = signed(server, put_body(), target("PutRecord"))
    assert old in request
    status, code, _ = ask(wire, request.replace(old, new, 1))
    assert status in (400, 403)
    assert code in ("InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException"), code
    assert ask(wire, request)[0] == 200


# HTTP -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("head", "status"), [
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFF\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505), (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\nB: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"B: c\r\n" * 300 + b"\r\n", 431)])
def test_bad_http_is_refused_and_the_connection_closed(wire, head, status):
    wire.send(head)
    got, headers, body = wire.answer()
    assert got == status, body
    assert headers["x-amzn-requestid"]
    assert json.loads(body)["message"]
    assert wire.closed()


@pytest.mark.parametrize("wrong", [b"", b"Host: a\x01b\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nContent-Length: x\r\n"])
def test_bad_http_is_refused_in_the_form_that_the_client_speaks(server, wrong):
    target = b"X-Amz-Target: Kinesis_20131202.ListStreams\r\n"
    for content_type, check in ((b"application/x-amz-json-1.1", lambda body: json.loads(body)),
                                (b"application/x-amz-cbor-1.1", decode)):
        wire = Wire(server)
        wire.send(b"POST / HTTP/1.1\r\n" + wrong + target + b"Content-Type: " + content_type + b"\r\n\r\n")
        status, headers, body = wire.answer()
        wire.close()
        assert status == 400 and headers["content-type"] == content_type.decode()
        error = check(body)
        assert error["__type"] == headers["x-amzn-errortype"] == "BadRequestException" and error["message"]


def test_requests_that_stop_halfway(server):
    whole = signed(server, put_body(), target("PutRecord"))
    for part in (1, 20, len(whole) // 2, len(whole) - 1):
        for abruptly in (False, True):
            half = Wire(server)
            half.send(whole[:part])
            if abruptly:
                half.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            half.close()


def test_a_request_in_single_bytes(server, wire):
    for byte in signed(server, put_body(), target("PutRecord")):
        wire.send(bytes([byte]))
    assert wire.answer()[0] == 200


def test_pipelined_answers_come_in_order_also_with_bad_ones_among_them(server, wire):
    good, bad = signed(server, put_body(), target("PutRecord")), signed(server, b"{", target("PutRecord"))
    wire.send(b"".join([good, bad] * 20))
    answers = [wire.answer() for _ in range(40)]
    assert [status for status, _, _ in answers] == [200, 400] * 20
    numbers = [int(json.loads(body)["SequenceNumber"]) for status, _, body in answers if status == 200]
    assert numbers == sorted(numbers)
    assert len({headers["x-amzn-requestid"] for _, headers, _ in answers}) == 40


def test_whoever_leaves_before_the_answer(server):
    request = signed(server, put_body(), target("PutRecord"))
    for _ in range(50):
        gone = Wire(server)
        gone.send(request * 3)
        gone.close()


# MQTT -----------------------------------------------------------------------------------------------------------------

CONNECT = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03bad"


@pytest.mark.parametrize("packets", [
    b"\x10\xff\xff\xff\xff\x01", b"\x10\xff\xff\xff\x7f", b"\x00\x00", b"\xf0\x00", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000,
    b"\x30\x05\x00\x01a12", b"\x10\x0f\x00\x04MQTX\x04\x02\x00\x3c\x00\x03bad", b"\x10\x0f\x00\x04MQTT\x04\x03\x00\x3c\x00\x03bad",
    b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x09bad", b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03\xff\xfe\xfd",
    b"\x10\x0f\x00\x04MQTT\x04\xc2\x00\x3c\x00\x03bad",
    CONNECT + CONNECT, CONNECT + b"\x32\x03\x00\x01a", CONNECT + b"\x32\x05\x00\x01a\x00\x00", CONNECT + b"\x36\x05\x00\x01a\x00\x01",
    CONNECT + b"\x30\x04\x00\x02\xc3\x28", CONNECT + b"\x30\x03\x00\x01#", CONNECT + b"\x30\x02\x00\x00", CONNECT + b"\x80\x06\x00\x01\x00\x01a\x00",
    CONNECT + b"\x82\x02\x00\x01", CONNECT + b"\x82\x06\x00\x01\x00\x01a\x03", CONNECT + b"\x82\x08\x00\x01\x00\x03a#b\x00", CONNECT + b"\xa2\x02\x00\x01",
    CONNECT + b"\xc0\x01\x00", CONNECT + b"\xe0\x01\x00", CONNECT + b"\x20\x02\x00\x00", CONNECT + b"\x30\x80\x80\x80\x80\x01"])
def test_bad_mqtt_closes_that_connection(server, packets):
    with socket.create_connection(server.host_port("mqtt"), 20) as device:
        device.sendall(packets)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := device.recv(1000):
                answer += part
    assert answer in (b"", b"\x20\x02\x00\x00", b"\x20\x02\x00\x01", b"\x20\x02\x00\x02") or answer.startswith(b"\x20\x02\x00\x00\x90")


@pytest.mark.parametrize("stop", [1, 5, 16])
def test_devices_that_leave_halfway(server, stop):
    with socket.create_connection(server.host_port("mqtt"), 20) as device:
        device.sendall((CONNECT + b"\x32\x07\x00\x01a\x00\x01ab")[:stop])


def test_no_tls_on_the_tls_port(server):
    with socket.create_connection(server.host_port("mqtts"), 20) as device:
        device.sendall(CONNECT + b"\x00" * 100)
        with contextlib.suppress(ConnectionResetError):
            while device.recv(1000):
                pass


# After all of it ------------------------------------------------------------------------------------------------------


def test_what_was_refused_left_nothing_behind(server):
    kinesis = server.client("kinesis")
    shard = kinesis.list_shards(StreamName=STREAM)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    seen = set()
    while True:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
        seen |= {record["Data"] for record in answer["Records"]}
        if answer["MillisBehindLatest"] == 0:
            break
        iterator = answer["NextShardIterator"]
    assert seen <= {b"fine", b"1"}
    with pytest.raises(ClientError) as caught:
        kinesis.describe_stream_summary(StreamName="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
