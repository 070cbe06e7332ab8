"""Records that rot on the disk: found by `penstock check`, never served, and what is whole is kept by `penstock repair`."""

import subprocess

import pytest
from botocore.exceptions import ClientError
from penstock_process import binary

SHARD_0 = "shardId-000000000000"


def penstock(command: str, data, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), command, "--data-dir", str(data), *arguments], capture_output=True, text=True, timeout=60)


def first_segment(data, holding: bytes):
    """The file that holds these bytes, and where."""
    for path in sorted((data / "streams").glob("*/*.seg")):
        at = path.read_bytes().find(holding)
        if at >= 0:
            return path, at
    raise AssertionError(f"{holding} lies nowhere")


def flip(path, at: int) -> None:
    contents = bytearray(path.read_bytes())
    contents[at] ^= 0x10
    path.write_bytes(contents)


def read_all(kinesis, stream: str) -> list[bytes]:
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=SHARD_0, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    got = []
    while True:
        page = kinesis.get_records(ShardIterator=at)
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            return got
        got += [record["Data"] for record in page["Records"]]
        at = page["NextShardIterator"]


@pytest.fixture
def rotten(own_server):
    """A stopped server with two streams; a byte of record 5 of "rotten" is not what was put."""
    kinesis = own_server.client("kinesis")
    for stream in ("rotten", "sound"):
        kinesis.create_stream(StreamName=stream, ShardCount=1)
        for i in range(10):
            number = kinesis.put_record(StreamName=stream, PartitionKey="k", Data=f"record {i} of {stream}".encode())
            if i == 5 and stream == "rotten":
                own_server.lost = number["SequenceNumber"]
    own_server.stop()
    assert penstock("check", own_server.data).returncode == 0
    flip(*first_segment(own_server.data, b"record 5 of rotten"))
    return own_server


def test_check_names_stream_shard_and_sequence_numbers(rotten):
    done = penstock("check", rotten.data)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("rotten: ") and "1 damages, 1 frames lost" in line for line in lines), done.stdout
    assert any(line.startswith("sound: ") and line.endswith(": whole") for line in lines), done.stdout
    (detail,) = [line for line in lines if "frame checksum" in line]
    assert SHARD_0 in detail and f"sequence numbers {rotten.lost} to" in detail
    assert penstock("check", rotten.data, "sound").returncode == 0


def test_a_rotten_record_is_never_served_and_harms_no_other_stream(rotten):
    rotten.start()
    kinesis = rotten.client("kinesis")
    assert len(read_all(kinesis, "sound")) == 10
    at = kinesis.get_shard_iterator(StreamName="rotten", ShardId=SHARD_0, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    before = kinesis.get_records(ShardIterator=at)
    assert [record["Data"] for record in before["Records"]] == [f"record {i} of rotten".encode() for i in range(5)]
    with pytest.raises(ClientError) as refused:
        kinesis.get_records(ShardIterator=before["NextShardIterator"])
    assert refused.value.response["Error"]["Code"] == "InternalFailureException"
    assert str(rotten.data) not in refused.value.response["Error"]["Message"]
    assert ".seg is corrupt at offset" in rotten.log_tail()


def test_repair_keeps_what_is_whole(rotten):
    done = penstock("repair", rotten.data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 frames lost; repaired" in done.stdout
    again = penstock("check", rotten.data)
    assert again.returncode == 0 and "an earlier repair gave up 1 frames" in again.stdout
    rotten.start()
    kinesis = rotten.client("kinesis")
    assert read_all(kinesis, "rotten") == [f"record {i} of rotten".encode() for i in range(10) if i != 5]
    kinesis.put_record(StreamName="rotten", PartitionKey="k", Data=b"after")
    assert read_all(kinesis, "rotten")[-1] == b"after"


def test_check_and_repair_want_a_data_directory_that_nobody_uses(own_server, tmp_path):
    for command in ("check", "repair"):
        busy = penstock(command, own_server.data)
        assert busy.returncode == 1 and "another server runs" in busy.stderr
        absent = penstock(command, tmp_path / "absent")
        assert absent.returncode == 1 and not (tmp_path / "absent").exists()
