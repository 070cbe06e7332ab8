#!/usr/bin/env python3
"""Makes a sample of today's data directory for tests/conformance/test_format_promise.py: docs/formats/README.md says when.

    PENSTOCK_BIN=build/release/penstock tests/formats/make_sample.py NAME

writes tests/formats/NAME/data.tar.xz and tests/formats/NAME/expected.json; with --backup instead of it a backup,
tests/formats/NAME/backup.tar.xz and tests/formats/NAME/expected-backup.json. A sample is never changed afterwards.
"""

import hashlib
import json
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lambda_zips import HELLO_PYTHON, lambda_role, zip_of  # noqa: E402
from penstock_process import PenstockProcess, binary  # noqa: E402

SEALS = 90  # records of 3,000 bytes: more than the first segment takes


def put(kinesis, stream: str, count: int, size: int) -> None:
    for i in range(count):
        kinesis.put_record(StreamName=stream, PartitionKey=f"key-{i}", Data=f"{stream} {i} ".encode() + b"." * size)


def read_everything(kinesis) -> dict:
    """stream -> shard -> [sequence number, partition key, bytes, SHA-256] of every record."""
    found = {}
    for stream in sorted(kinesis.list_streams()["StreamNames"]):
        shards = found[stream] = {}
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
            at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            records = []
            while at:
                page = kinesis.get_records(ShardIterator=at)
                records += [[r["SequenceNumber"], r["PartitionKey"], len(r["Data"]), hashlib.sha256(r["Data"]).hexdigest()[:16]]
                            for r in page["Records"]]
                at = page.get("NextShardIterator")
                if not page["Records"] and page["MillisBehindLatest"] == 0:
                    break
            shards[shard["ShardId"]] = records
    return found


def read_catalog(server) -> dict:
    """What the catalog's other documents say."""
    kinesis, iam, iot = (server.client(name) for name in ("kinesis", "iam", "iot"))
    arn = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]["StreamARN"]
    return {
        "consumers": [c["ConsumerName"] for c in kinesis.list_stream_consumers(StreamARN=arn)["Consumers"]],
        "tags": kinesis.list_tags_for_stream(StreamName="plain")["Tags"],
        "users": [u["UserName"] for u in iam.list_users()["Users"]],
        "roles": [r["RoleName"] for r in iam.list_roles()["Roles"]],
        "things": [t["thingName"] for t in iot.list_things()["things"]],
        "certificates": [[c["certificateId"], c["status"]] for c in iot.list_certificates()["certificates"]],
        "policies": [p["policyName"] for p in iot.list_policies()["policies"]],
        "rules": [r["ruleName"] for r in iot.list_topic_rules()["rules"]],
    }


def furnish(server) -> None:
    kinesis, iam, iot = (server.client(name) for name in ("kinesis", "iam", "iot"))
    for stream, shards in (("plain", 2), ("secret", 1), ("repaired", 1), ("empty", 3)):
        kinesis.create_stream(StreamName=stream, ShardCount=shards)
    kinesis.start_stream_encryption(StreamName="secret", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.add_tags_to_stream(StreamName="plain", Tags={"made-for": "formats"})
    arn = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")
    iam.create_user(UserName="ann")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="rule-role", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}]}
    iam.put_role_policy(RoleName="rule-role", PolicyName="may", PolicyDocument=json.dumps(allow))
    iot.create_keys_and_certificate(setAsActive=True)
    iot.create_thing(thingName="probe")
    connect = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]}
    iot.create_policy(policyName="devices", policyDocument=json.dumps(connect))
    iot.create_topic_rule(ruleName="keep", topicRulePayload={"sql": "SELECT * FROM 'field/#'", "actions": [
        {"kinesis": {"roleArn": role, "streamName": "plain", "partitionKey": "k"}}]})


def rot(data: Path, holding: bytes) -> None:
    for path in sorted((data / "streams").glob("*/0*")):
        contents = bytearray(path.read_bytes())
        at = contents.find(holding)
        if at >= 0:
            contents[at] ^= 0x10
            path.write_bytes(contents)
            return
    raise AssertionError(holding)


def keep_for_ever(data: Path) -> None:
    """A sample is read years later: no operation gives such a retention, so it is written into the documents."""
    with sqlite3.connect(data / "catalog.sqlite3") as catalog:
        changed = catalog.execute("UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"retention_hours\":24',"
                                  " '\"retention_hours\":876000') AS BLOB) WHERE key LIKE 'stream/%'").rowcount
    catalog.close()
    assert changed == 4


def make(folder: Path, sample: Path) -> None:
    server = PenstockProcess(folder).start()
    furnish(server)
    kinesis = server.client("kinesis")
    put(kinesis, "plain", SEALS, 3000)
    put(kinesis, "secret", 10, 100)
    put(kinesis, "repaired", 10, 100)
    half = str(2**127 // 2)
    kinesis.split_shard(StreamName="plain", ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    server.stop()
    rot(server.data, b"repaired 5 ")
    keep_for_ever(server.data)
    subprocess.run([binary(), "repair", "--data-dir", str(server.data)], check=True, capture_output=True)
    for damaged in server.data.glob("streams/*/*.damaged"):
        damaged.unlink()
    # The logs of what is restored leap over positions.
    for command in (["backup", folder / "backup", "--data-dir", server.data],
                    ["restore", folder / "backup", folder / "restored" / "data"]):
        subprocess.run([binary(), *map(str, command)], check=True, capture_output=True)
    server = PenstockProcess(folder / "restored").start()
    kinesis = server.client("kinesis")
    for stream in ("plain", "secret", "repaired"):
        put(kinesis, stream, 20, 100)
    kinesis.stop_stream_encryption(StreamName="secret", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    put(kinesis, "secret", 5, 100)
    expected = {"made_by": subprocess.run([binary(), "version"], check=True, capture_output=True, text=True).stdout.strip(),
                "records": read_everything(kinesis), **read_catalog(server)}
    server.kill()  # what is not sealed stays so
    for name in ("endpoints.json", "lock", "control"):
        (server.data / name).unlink(missing_ok=True)
    sample.mkdir()
    (sample / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    pack(server.data, "data", sample)


def pack(folder: Path, name: str, sample: Path) -> None:
    with tarfile.open(sample / f"{name}.tar.xz", "w:xz", preset=9) as archive:
        def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
            info.uid = info.gid = info.mtime = 0
            info.uname = info.gname = ""
            return info
        archive.add(folder, name, filter=plain)


def furnish_functions(server) -> None:
    functions, logs = server.client("lambda"), server.client("logs")
    code = zip_of({"app.py": HELLO_PYTHON})
    layer = functions.publish_layer_version(LayerName="words", Content={"ZipFile": zip_of({"python/words.py": "A = 1\n"})})
    functions.create_function(FunctionName="flag", Runtime="python3.11", Role=lambda_role(server, name="runs"),
                              Handler="app.handler", Layers=[layer["LayerVersionArn"]], Code={"ZipFile": code})
    logs.create_log_group(logGroupName="/field/notes")
    for stream in ("east", "west"):
        logs.create_log_stream(logGroupName="/field/notes", logStreamName=stream)
        events = [{"timestamp": int(time.time() * 1000) + i, "message": f"{stream} {i} " + "." * 200} for i in range(50)]
        logs.put_log_events(logGroupName="/field/notes", logStreamName=stream, logEvents=events)
    bucket = server.data / "buckets" / "told" / "a"
    bucket.mkdir(parents=True)
    (bucket / "record.json").write_text("{}")


def read_functions(server) -> dict:
    functions, logs = server.client("lambda"), server.client("logs")
    flag = functions.get_function(FunctionName="flag")["Configuration"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/field/notes")
    buckets = server.data / "buckets"
    return {"function": [flag["CodeSha256"], flag["CodeSize"], flag["Layers"]],
            "zips": sorted(path.name for path in (server.data / "functions" / "zips").iterdir()),
            "events": [[e["logStreamName"], e["timestamp"], e["message"], e["eventId"]] for page in pages for e in page["events"]],
            "objects": sorted(str(path.relative_to(buckets)) for path in buckets.rglob("*") if path.is_file())}


def make_backup(folder: Path, sample: Path) -> None:
    server = PenstockProcess(folder).start()
    furnish(server)
    furnish_functions(server)
    kinesis = server.client("kinesis")
    put(kinesis, "plain", SEALS, 3000)
    put(kinesis, "secret", 10, 100)
    expected = {"made_by": subprocess.run([binary(), "version"], check=True, capture_output=True, text=True).stdout.strip(),
                "records": read_everything(kinesis), **read_catalog(server), **read_functions(server)}
    server.stop()
    keep_for_ever(server.data)
    subprocess.run([binary(), "backup", str(folder / "backup"), "--data-dir", str(server.data)], check=True, capture_output=True)
    sample.mkdir()
    (sample / "expected-backup.json").write_text(json.dumps(expected, indent=1) + "\n")
    pack(folder / "backup", "backup", sample)


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--backup"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        (make if len(arguments) == len(sys.argv) - 1 else make_backup)(Path(folder), HERE / arguments[0])
