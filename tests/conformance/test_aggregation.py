"""Records that the Kinesis Producer Library aggregates: the service keeps their bytes, `penstock tail` shows what is in them.

Format: aggregation-format.md of github.com/awslabs/amazon-kinesis-producer: a mark, a protocol buffer, its MD5.
"""

import base64
import hashlib
import json
import subprocess
import uuid

import pytest
from penstock_process import binary

MARK = b"\xf3\x89\x9a\xc2"
SHARD = "shardId-000000000000"


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def part(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def aggregate(users: list[tuple[bytes, bytes]], hash_key: bytes | None = None) -> bytes:
    keys = sorted({key for key, _ in users})
    message = b"".join(part(1, key) for key in keys) + (part(2, hash_key) if hash_key else b"")
    for key, data in users:
        record = varint(1 << 3) + varint(keys.index(key)) + (b"\x10\x00" if hash_key else b"") + part(3, data)
        message += part(3, record)
    return MARK + message + hashlib.md5(message).digest()


@pytest.fixture
def stream(server):
    name = f"aggregated-{uuid.uuid4().hex[:8]}"
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    yield name
    server.client("kinesis").delete_stream(StreamName=name)


def tail(server, stream, count, *options):
    done = subprocess.run([binary(), "tail", "--data-dir", str(server.data), stream, "--from", "TRIM_HORIZON", "--count", str(count),
                           *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines] if "--json" in options else lines


def test_the_service_keeps_the_bytes(server, stream):
    kinesis = server.client("kinesis")
    users = [(b"sensor-%d" % (n % 5), b"measurement %d" % n) for n in range(1000)]
    data = aggregate(users)
    kinesis.put_record(StreamName=stream, PartitionKey="a", Data=data)
    kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "b", "Data": data[:-1]}, {"PartitionKey": "c", "Data": data}])
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=at)["Records"]] == [data, data[:-1], data]


def test_tail_shows_user_records(server, stream):
    kinesis = server.client("kinesis")
    users = [(b"sensor-%d" % (n % 5), b"measurement %d" % n) for n in range(500)]
    packed = kinesis.put_record(StreamName=stream, PartitionKey="a", Data=aggregate(users))
    plain = kinesis.put_record(StreamName=stream, PartitionKey="alone", Data=b"no aggregate")
    shown = tail(server, stream, 501, "--json")
    assert [(one["partitionKey"].encode(), one["data"].encode()) for one in shown] == [*users, (b"alone", b"no aggregate")]
    assert [one.get("subSequenceNumber") for one in shown] == [*range(500), None]
    assert {one["sequenceNumber"] for one in shown[:-1]} == {packed["SequenceNumber"]}
    assert shown[-1]["sequenceNumber"] == plain["SequenceNumber"]
    assert tail(server, stream, 3)[2].endswith(f"{SHARD}  sensor-2  measurement 2"), "the count is of what is shown"


def test_tail_shows_records_as_they_are_when_asked(server, stream):
    data = aggregate([(b"k", b"\x00\x01")], hash_key=b"12")
    server.client("kinesis").put_record(StreamName=stream, PartitionKey="outer", Data=data)
    [raw] = tail(server, stream, 1, "--json", "--raw")
    assert raw["partitionKey"] == "outer" and "subSequenceNumber" not in raw
    assert base64.b64decode(raw["dataBase64"]) == data
    [user] = tail(server, stream, 1, "--json")
    assert (user["partitionKey"], user["explicitHashKey"], user["data"]) == ("k", "12", "\x00\x01")


def test_what_is_no_aggregated_record_is_shown_as_it_is(server, stream):
    kinesis = server.client("kinesis")
    whole = aggregate([(b"k", b"data")])
    others = [MARK, MARK + b"x" * 40, whole[:-1], whole + b"x", aggregate([]), b"plain"]
    kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": str(n), "Data": data} for n, data in enumerate(others)])
    shown = tail(server, stream, len(others), "--json")
    assert [base64.b64decode(one["dataBase64"]) if "dataBase64" in one else one["data"].encode() for one in shown] == others
    assert [one["partitionKey"] for one in shown] == [str(n) for n in range(len(others))]


def test_nothing_in_a_record_moves_the_terminal(server, stream):
    kinesis = server.client("kinesis")
    kinesis.put_record(StreamName=stream, PartitionKey="\x1b[2J", Data=b"\x1b[H")
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=aggregate([(b"\x1b]0;owned\x07", "\x7f\x9bé".encode()), (b"\xff\xfe", b"y")]))
    lines = tail(server, stream, 3)
    assert [line.split("  ")[2:] for line in lines] == [["\\x1b[2J", "\\x1b[H"], ["\\x1b]0;owned\\x07", "\\x7f\\u009bé"], ["base64://4=", "y"]]
    assert tail(server, stream, 3, "--json")[2]["partitionKeyBase64"] == "//4="
