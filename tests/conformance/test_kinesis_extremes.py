"""The largest and the smallest that Kinesis takes, in JSON and in CBOR: records of 10 MiB and of nothing, partition keys of
256 characters in any script. (A stream of 10,000 shards: test_kinesis_shards.py.)

What a character is: a Unicode scalar value, as Smithy (the language that the API is described in) counts the length of
strings: "The number of Unicode scalar values in a string"
(https://smithy.io/2.0/spec/constraint-traits.html#length-trait); the Developer Guide says "Unicode strings, with a maximum
length limit of 256 characters for each key". The record's size counts the key's UTF-8 bytes.
"""

import hashlib
import os
import uuid

import pytest
from test_kinesis_every_operation import Caller, Cbor

MIB = 1 << 20
SCRIPTS = {
    "Latin": "ä", "Greek": "λ", "Cyrillic": "ж", "Arabic": "ع", "Devanagari": "क", "Han": "漢", "Hangul": "한",
    "Emoji": "🌱", "Gothic": "𐍈", "zero": "\x00", "quote": '"', "line separator": "\u2028", "combining": "\u0301",
    "last": "\U0010fffd",
}


@pytest.fixture(scope="module")
def stream(server):
    name = f"extreme-{uuid.uuid4().hex[:8]}"
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    Caller(server)("UpdateMaxRecordSize", StreamARN=kinesis.describe_stream_summary(StreamName=name)[
        "StreamDescriptionSummary"]["StreamARN"], MaxRecordSizeInKiB=10_240)
    yield name
    kinesis.delete_stream(StreamName=name)


@pytest.fixture(params=[Caller, Cbor], ids=["JSON", "CBOR"])
def call(server, request):
    return request.param(server)


def shard_of(key: str) -> str:
    """MD5 of the UTF-8 text, over two shards."""
    return f"shardId-{hashlib.md5(key.encode()).digest()[0] >> 7:012}"


def read_back(call, name: str, put: dict) -> dict:
    start = call("GetShardIterator", StreamName=name, ShardId=put["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                 StartingSequenceNumber=put["SequenceNumber"])
    return call("GetRecords", ShardIterator=start["ShardIterator"], Limit=1)["Records"][0]


def refused(call, operation: str, **parameters) -> str:
    with pytest.raises(AssertionError) as caught:
        call(operation, **parameters)
    return str(caught.value)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_key_of_256_characters(call, stream, script):
    key = SCRIPTS[script] * 256
    put = call("PutRecord", StreamName=stream, PartitionKey=key, Data=b"x")
    assert put["ShardId"] == shard_of(key)
    assert read_back(call, stream, put)["PartitionKey"] == key
    many = call("PutRecords", StreamName=stream, Records=[{"PartitionKey": key, "Data": b"y"}])
    assert many["FailedRecordCount"] == 0
    assert read_back(call, stream, many["Records"][0])["PartitionKey"] == key
    for operation, parameters in (("PutRecord", {"PartitionKey": key + SCRIPTS[script], "Data": b"x"}),
                                  ("PutRecords", {"Records": [{"PartitionKey": key + SCRIPTS[script], "Data": b"x"}]})):
        said = refused(call, operation, StreamName=stream, **parameters)
        assert "ValidationException" in said and "Member must have length less than or equal to 256" in said


def test_a_record_of_10_mib(call, stream):
    """Data and key together."""
    key = "漢" * 256
    data = os.urandom(10 * MIB - len(key.encode()))
    put = call("PutRecord", StreamName=stream, PartitionKey=key, Data=data)
    record = read_back(call, stream, put)
    assert call.data(record["Data"]) == data and record["PartitionKey"] == key
    many = call("PutRecords", StreamName=stream, Records=[{"PartitionKey": key, "Data": data}])
    assert call.data(read_back(call, stream, many["Records"][0])["Data"]) == data
    assert "InvalidArgumentException" in refused(call, "PutRecord", StreamName=stream, PartitionKey=key, Data=data + b"x")
    assert "InvalidArgumentException" in refused(call, "PutRecords", StreamName=stream, Records=[
        {"PartitionKey": key, "Data": data + b"x"}])
    assert "ValidationException" in refused(call, "PutRecord", StreamName=stream, PartitionKey="k", Data=b"x" * (10 * MIB + 1))


def test_a_record_of_nothing(call, stream):
    put = call("PutRecord", StreamName=stream, PartitionKey="0", Data=b"")
    assert call.data(read_back(call, stream, put)["Data"]) == b""
    many = call("PutRecords", StreamName=stream, Records=[{"PartitionKey": "0", "Data": b""}] * 500)
    assert many["FailedRecordCount"] == 0
    start = call("GetShardIterator", StreamName=stream, ShardId=put["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                 StartingSequenceNumber=put["SequenceNumber"])
    page = call("GetRecords", ShardIterator=start["ShardIterator"])
    assert [call.data(record["Data"]) for record in page["Records"]] == [b""] * 501
    assert page["MillisBehindLatest"] == 0
