"""Kinesis in CBOR 1.1, as AWS's Java clients (SDK, KCL, KPL) speak it: raw requests, signed with Signature Version 4."""

import http.client
import time
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cbor_wire import Milliseconds, decode, encode
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET

CBOR = "application/x-amz-cbor-1.1"


def send(server, operation: str, body: bytes, content_type: str = CBOR, signed: bool = True):
    """(status, headers, body) of one request on a connection of its own."""
    host, port = server.host_port("api")
    request = AWSRequest("POST", f"http://{host}:{port}/", data=body,
                         headers={"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": content_type})
    if signed:
        SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "kinesis", REGION).add_auth(request)
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("POST", "/", body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def call(server, operation: str, value: dict, java: bool = True):
    status, headers, body = send(server, operation, encode(value, java))
    assert headers["Content-Type"] == CBOR
    assert headers["x-amzn-RequestId"]
    assert status == 200, decode(body)
    return decode(body) if body else None


def refused(server, operation: str, body: bytes) -> tuple[str, str]:
    status, headers, answer = send(server, operation, body)
    assert status == 400 and headers["Content-Type"] == CBOR, (status, answer)
    error = decode(answer)
    assert headers["x-amzn-ErrorType"] == error["__type"]
    return error["__type"], error["Message" if error["__type"] == "SerializationException" else "message"]


@pytest.fixture(scope="module")
def stream(server):
    name = f"cbor-{uuid.uuid4().hex[:8]}"
    assert call(server, "CreateStream", {"StreamName": name, "ShardCount": 2}) is None
    return name


def test_records_travel_both_ways(server, stream):
    blobs = [b"", b"\x00\xff", "é".encode(), b"x" * 70000]
    put = call(server, "PutRecords", {"StreamName": stream, "Records": [
        {"Data": blob, "PartitionKey": "k", "ExplicitHashKey": "0"} for blob in blobs]})
    assert put["FailedRecordCount"] == 0 and len(put["Records"]) == len(blobs)
    one = call(server, "PutRecord", {"PartitionKey": "schlüssel", "Data": b"last", "StreamName": stream,
                                     "ExplicitHashKey": "0"}, java=False)
    assert one["ShardId"] == "shardId-000000000000" and len(one["SequenceNumber"]) == 56
    start = call(server, "GetShardIterator", {"StreamName": stream, "ShardId": one["ShardId"],
                                              "ShardIteratorType": "TRIM_HORIZON"})
    page = call(server, "GetRecords", {"ShardIterator": start["ShardIterator"], "Limit": 100})
    assert [record["Data"] for record in page["Records"]] == [*blobs, b"last"]
    assert page["Records"][-1]["PartitionKey"] == "schlüssel"
    assert page["MillisBehindLatest"] == 0 and isinstance(page["NextShardIterator"], str)
    for record in page["Records"]:
        arrival = record["ApproximateArrivalTimestamp"]
        assert isinstance(arrival, Milliseconds) and abs(arrival - time.time() * 1000) < 60_000


def test_what_cbor_put_json_gets(server, stream):
    call(server, "PutRecord", {"StreamName": stream, "PartitionKey": "k", "Data": b"by cbor", "ExplicitHashKey": str(2**127)})
    kinesis = server.client("kinesis")
    start = kinesis.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000001", ShardIteratorType="TRIM_HORIZON")
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]] == [b"by cbor"]


@pytest.mark.parametrize("number", [Milliseconds, float], ids=["tag 1 integer", "untagged float"])
def test_timestamps_are_milliseconds(server, stream, number):
    before = number(int(time.time() * 1000) - 3_600_000)
    iterator = call(server, "GetShardIterator", {"StreamName": stream, "ShardId": "shardId-000000000000",
                                                 "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": before})
    page = call(server, "GetRecords", {"ShardIterator": iterator["ShardIterator"]})
    assert page["Records"], "an hour ago lies before every record"


def test_descriptions(server, stream):
    summary = call(server, "DescribeStreamSummary", {"StreamName": stream})["StreamDescriptionSummary"]
    assert summary["StreamARN"] == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    assert summary["OpenShardCount"] == 2 and summary["StreamStatus"] == "ACTIVE"
    assert isinstance(summary["StreamCreationTimestamp"], Milliseconds)
    shards = call(server, "ListShards", {"StreamName": stream})["Shards"]
    assert [shard["ShardId"] for shard in shards] == ["shardId-000000000000", "shardId-000000000001"]
    assert shards[1]["HashKeyRange"]["EndingHashKey"] == str(2**128 - 1)


def test_null_is_absent_and_unknown_members_are_ignored(server, stream):
    body = {"StreamName": stream, "StreamARN": None, "Later": {"x": [1, -2, 2.5, None, True, b"", {}]}}
    assert call(server, "DescribeStreamSummary", body)["StreamDescriptionSummary"]["StreamName"] == stream


@pytest.mark.parametrize("operation, body, code, message", [
    ("DescribeStream", encode({"StreamName": "not-there"}), "ResourceNotFoundException",
     f"Stream not-there under account {ACCOUNT} not found."),
    ("DescribeStream", encode({"StreamName": 5}), "SerializationException", "NUMBER_VALUE can not be converted to a String"),
    ("PutRecord", encode({"StreamName": "s", "PartitionKey": "k", "Data": "text"}), "SerializationException",
     "STRING_VALUE can not be converted to a Blob"),
    ("PutRecords", encode({"StreamName": "s", "Records": {}}), "SerializationException",
     "Start of structure or map found where not expected."),
    ("PutRecord", b"", "SerializationException", "it ends early"),
    ("PutRecord", encode({"StreamName": "s"})[:-1], "SerializationException", "it ends early"),
    ("PutRecord", encode({"StreamName": "s"}) + b"\x00", "SerializationException", "bytes follow it"),
    ("PutRecord", b"{}", "SerializationException", ""),
    ("PutRecord", b"\x81" * 100 + b"\x00", "SerializationException", ""),
    ("PutRecord", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "SerializationException", "it ends early"),
    ("PutRecord", encode({"StreamName": "s"}), "ValidationException", "2 validation errors detected: "),
    ("PutRecords", encode({"StreamName": "a b", "Records": [{"Data": b"", "PartitionKey": ""}]}), "ValidationException",
     "Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or "
     "equal to 1"),
    ("Nothing", encode({}), "UnknownOperationException", "Nothing"),
])
def test_errors_are_cbor_too(server, operation, body, code, message):
    got_code, got_message = refused(server, operation, body)
    assert got_code == code and message in got_message


def test_unsigned_requests_are_refused_in_cbor(server):
    status, headers, body = send(server, "ListStreams", encode({}), signed=False)
    assert status == 400 and headers["Content-Type"] == CBOR
    assert decode(body)["__type"] == "MissingAuthenticationTokenException"
