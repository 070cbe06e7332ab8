"""Encryption at rest: what lies on the disk, what the API says, keys that turn, keys that are missing."""

import json
import re
import stat
import subprocess
import uuid
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from penstock_process import ACCOUNT, REGION, PenstockProcess, binary
from test_kinesis_fanout import Subscription, register
from test_rules import allow, fresh, make_role, make_rule, publish, stream_arn

SHARD = "shardId-000000000000"
KEY = "alias/aws/kinesis"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def make_stream(server, name: str = "s") -> str:
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    return name


def start(server, stream: str, key: str = KEY) -> None:
    server.client("kinesis").start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)


def stop(server, stream: str, key: str = KEY) -> None:
    server.client("kinesis").stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=key)


def put(server, stream: str, data: bytes, key: str = "k") -> str | None:
    return server.client("kinesis").put_record(StreamName=stream, PartitionKey=key, Data=data).get("EncryptionType")


def read(server, stream: str) -> list[dict]:
    kinesis = server.client("kinesis")
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return kinesis.get_records(ShardIterator=at)["Records"]


def data_and_types(records: list[dict]) -> list[tuple]:
    return [(record["Data"], record.get("EncryptionType")) for record in records]


def refused(call) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def files_with(directory: Path, marker: bytes) -> list[str]:
    return [str(path) for path in directory.rglob("*") if path.is_file() and marker in path.read_bytes()]


def marker() -> bytes:
    return f"plain-{uuid.uuid4().hex}".encode()


def test_the_disk_holds_no_plaintext_while_a_stream_is_encrypted(own_server):
    server, stream = own_server, make_stream(own_server)
    before, during, partition_key, after = (marker() for _ in range(4))
    assert put(server, stream, before) is None
    assert files_with(server.data, before), "records of a stream that is not encrypted lie there in the plain"
    start(server, stream)
    assert put(server, stream, during, partition_key.decode()) == "KMS"
    many = server.client("kinesis").put_records(StreamName=stream, Records=[{"Data": during, "PartitionKey": "k"}] * 20)
    assert many["EncryptionType"] == "KMS"
    stop(server, stream)
    assert put(server, stream, after) is None
    for restart in (False, True):
        if restart:
            server.kill()
            server.start()
        assert not files_with(server.data, during) and not files_with(server.data, partition_key)
        assert files_with(server.data, before) and files_with(server.data, after)
        assert data_and_types(read(server, stream)) == [(before, None), *[(during, "KMS")] * 21, (after, None)]
    assert during not in server.log_path.read_bytes()


def test_the_cli_starts_shows_and_stops_it(server):
    stream = make_stream(server, fresh("enc"))
    server.aws("kinesis", "start-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", KEY)
    shown = server.aws("kinesis", "describe-stream", "--stream-name", stream)["StreamDescription"]
    assert (shown["EncryptionType"], shown["KeyId"], shown["StreamStatus"]) == ("KMS", KEY, "ACTIVE")
    assert server.aws("kinesis", "put-record", "--stream-name", stream, "--partition-key", "k", "--data", "YQ==")["EncryptionType"] == "KMS"
    server.aws("kinesis", "start-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", KEY_ARN)
    shown = server.aws("kinesis", "describe-stream-summary", "--stream-name", stream)["StreamDescriptionSummary"]
    assert (shown["EncryptionType"], shown["KeyId"]) == ("KMS", KEY_ARN)
    server.aws("kinesis", "stop-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", KEY_ARN)
    shown = server.aws("kinesis", "describe-stream-summary", "--stream-name", stream)["StreamDescriptionSummary"]
    assert shown["EncryptionType"] == "NONE" and "KeyId" not in shown
    for key in ("nonsense", "arn:aws:kms:eu-west-1:000000000000:alias/a"):
        wrong = server.aws("kinesis", "start-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", key,
                           check=False)
        assert wrong.returncode != 0 and "KMSNotFoundException" in wrong.stderr


def test_enhanced_fan_out_and_rules_carry_it(server):
    stream = make_stream(server, fresh("enc"))
    start(server, stream)
    name, role = make_role(server, {})
    topic = fresh("topic")
    make_rule(server, f"SELECT * FROM '{topic}'", [{"kinesis": {"roleArn": role, "streamName": stream, "partitionKey": "k"}}])
    allow(server, name, {"kinesis:PutRecord": stream_arn(stream)})
    with Subscription(server, register(server, stream), Type="TRIM_HORIZON") as subscription:
        publish(server, topic, b'{"t": 1}')
        record, = subscription.next()["Records"]
        assert (json.loads(record["Data"]), record["EncryptionType"]) == ({"t": 1}, "KMS")
    server.client("kinesis").delete_stream(StreamName=stream, EnforceConsumerDeletion=True)


def test_the_streams_state_and_its_errors(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"kinesis": {"stream_updating_ms": 60_000}}))
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        stream = make_stream(server)
        assert refused(lambda: start(server, "none"))[0] == "ResourceNotFoundException"
        start(server, stream)
        shown = server.client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        assert (shown["StreamStatus"], shown["EncryptionType"]) == ("UPDATING", "KMS")
        assert put(server, stream, b"x") == "KMS"
        for call in (start, stop):
            code, message = refused(lambda call=call: call(server, stream))
            assert code == "ResourceInUseException" and "UPDATING" in message
    finally:
        server.stop()


def test_the_own_master_key_is_made_at_first_need_and_never_replaced(own_server):
    server, keys = own_server, own_server.data / "master-keys"
    stream, other = make_stream(server), make_stream(server, "other")
    assert not keys.exists()
    start(server, stream)
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    key_id, secret = keys.read_text().split()
    put(server, stream, b"x")
    kept = keys.read_text()
    server.stop()
    keys.unlink()
    server.start()
    for call in (lambda: put(server, stream, b"y"), lambda: read(server, stream), lambda: start(server, other)):
        code, message = refused(call)
        assert code == "KMSAccessDeniedException" and key_id in message
    assert put(server, other, b"z") is None, "other streams do not suffer"
    assert not keys.exists()
    server.stop()
    keys.write_text(kept)
    server.start()
    assert data_and_types(read(server, stream)) == [(b"x", "KMS")]
    log = server.log_path.read_text()
    assert key_id in log and secret not in log
    assert secret.encode() not in (server.data / "catalog.sqlite3").read_bytes()


def test_keys_from_a_named_file_turn_and_the_old_stays_readable(tmp_path):
    keys, config = tmp_path / "keys", tmp_path / "config.json"
    config.write_text(json.dumps({"kinesis": {"master_key_file": str(keys)}}))
    first, second = "k1 " + "1a" * 32 + "\n", "k2 " + "2b" * 32 + "\n"
    keys.write_text(first)
    keys.chmod(0o600)
    server = PenstockProcess(tmp_path, "--config", str(config)).start()
    try:
        stream = make_stream(server)
        start(server, stream)
        put(server, stream, b"one")
        assert not (server.data / "master-keys").exists()

        server.stop()
        keys.write_text("# the new one wraps, the old one opens\n" + second + first)
        server.start()
        put(server, stream, b"two")
        assert data_and_types(read(server, stream)) == [(b"one", "KMS"), (b"two", "KMS")]

        server.stop()
        keys.write_text(second)
        server.start()
        assert put(server, stream, b"three") == "KMS"
        code, message = refused(lambda: read(server, stream))
        assert code == "KMSAccessDeniedException" and "master key k1" in message

        server.stop()
        keys.write_text(second.replace("2b", "3c") + first)
        server.start()
        code, message = refused(lambda: put(server, stream, b"four"))
        assert code == "KMSAccessDeniedException" and "master key k2 does not open data key 2" in message
        assert data_and_types(read(server, stream)) == [(b"one", "KMS")], "what the lost key did not encrypt is read"

        server.stop()
        keys.write_text(second + first)
        server.start()
        assert [record["Data"] for record in read(server, stream)] == [b"one", b"two", b"three"]
        assert not re.search("1a1a|2b2b|3c3c", server.log_path.read_text())
    finally:
        server.stop()


@pytest.mark.parametrize(("text", "says"), [(None, "keys"), ("", "there is no key in it"), ("k1 1a1a", "line 1")])
def test_a_named_file_that_cannot_be_read_stops_the_start(tmp_path, text, says):
    keys, config = tmp_path / "keys", tmp_path / "config.json"
    config.write_text(json.dumps({"kinesis": {"master_key_file": str(keys)}}))
    if text is not None:
        keys.write_text(text)
    done = subprocess.run([binary(), "serve", "--data-dir", str(tmp_path / "data"), "--config", str(config), "--api", "127.0.0.1:0",
                           "--mqtt", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "kinesis.master_key_file" in done.stderr and says in done.stderr and "1a1a" not in done.stderr


def test_deleting_a_stream_drops_its_keys(own_server):
    server, stream = own_server, make_stream(own_server)
    start(server, stream)
    put(server, stream, b"x")
    server.client("kinesis").delete_stream(StreamName=stream)
    make_stream(server)
    assert put(server, stream, b"y") is None, "a stream made anew is not encrypted"
    assert data_and_types(read(server, stream)) == [(b"y", None)]
    server.stop()
    query = subprocess.run(["/usr/bin/python3", "-c", "import sqlite3, sys; print(list(sqlite3.connect(sys.argv[1]).iterdump()))",
                            str(server.data / "catalog.sqlite3")], capture_output=True, text=True, check=True)
    assert "stream-keys/" not in query.stdout
