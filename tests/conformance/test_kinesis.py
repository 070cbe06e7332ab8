"""Kinesis with boto3 and the AWS CLI: every operation, AWS's wording, pagination, iterators, resharding."""

import base64
import datetime
import json
import time
import urllib.error
import urllib.request
import uuid

import botocore.exceptions
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET

SHARD_0 = "shardId-000000000000"


def arn(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def raw(server, operation: str, body) -> tuple[int, dict]:
    """One signed call without a client's own checks: (status, parsed answer)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = AWSRequest("POST", server.endpoints["api"] + "/", data=data, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    SigV4Auth(BotoCredentials(ROOT_KEY, ROOT_SECRET), "kinesis", REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, data, dict(request.headers))) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def refused(call, **arguments) -> tuple[str, str]:
    """(code, message) of a call that must fail."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def kinesis(server):
    # The client's own validation would hide the server's.
    return server.client("kinesis", parameter_validation=False)


@pytest.fixture
def stream(kinesis):
    name = f"s-{uuid.uuid4()}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    yield name
    try:
        kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    except kinesis.exceptions.ResourceNotFoundException:
        pass


def iterator(kinesis, stream, shard=SHARD_0, kind="TRIM_HORIZON", **more):
    return kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read_all(kinesis, stream, shard=SHARD_0):
    records, at = [], iterator(kinesis, stream, shard)
    while at:
        page = kinesis.get_records(ShardIterator=at)
        records += page["Records"]
        at = page.get("NextShardIterator") if page["MillisBehindLatest"] else None
    return records


def test_a_stream_from_creation_to_deletion(kinesis, stream):
    kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert described["StreamARN"] == arn(stream)
    assert described["StreamStatus"] == "ACTIVE"
    assert described["RetentionPeriodHours"] == 24
    assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert described["EncryptionType"] == "NONE"
    assert described["HasMoreShards"] is False
    assert described["Shards"][0]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}
    age = datetime.datetime.now(datetime.timezone.utc) - described["StreamCreationTimestamp"]
    assert abs(age.total_seconds()) < 60
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["ConsumerCount"]) == (1, 0)
    kinesis.delete_stream(StreamName=stream)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=stream)
    assert refused(kinesis.describe_stream, StreamName=stream) == (
        "ResourceNotFoundException", f"Stream {stream} under account {ACCOUNT} not found.")


def test_create_stream_refusals(kinesis, stream):
    assert refused(kinesis.create_stream, StreamName=stream, ShardCount=1) == (
        "ResourceInUseException", f"Stream {stream} under account {ACCOUNT} already exists.")
    code, message = refused(kinesis.create_stream, StreamName="a b", ShardCount=0)
    assert code == "ValidationException" and message.startswith("2 validation errors detected: Value 'a b' at 'streamName'")
    code, message = refused(kinesis.create_stream, StreamName="x", ShardCount=1, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert code == "InvalidArgumentException" and "ShardCount must not be specified" in message
    assert refused(kinesis.create_stream, StreamName="x", ShardCount=99999)[0] == "LimitExceededException"


def test_put_and_get_with_boto3(kinesis, stream):
    one = kinesis.put_record(StreamName=stream, Data=b"\x00\xffone", PartitionKey="k")
    assert one["ShardId"] == SHARD_0 and len(one["SequenceNumber"]) == 56
    many = kinesis.put_records(StreamName=stream, Records=[
        {"Data": str(i).encode(), "PartitionKey": f"key {i} é"} for i in range(500)])
    assert many["FailedRecordCount"] == 0
    numbers = [one["SequenceNumber"]] + [record["SequenceNumber"] for record in many["Records"]]
    assert numbers == sorted(numbers) and len(set(numbers)) == 501
    records = read_all(kinesis, stream)
    assert [record["SequenceNumber"] for record in records] == numbers
    assert [record["Data"] for record in records] == [b"\x00\xffone"] + [str(i).encode() for i in range(500)]
    assert records[7]["PartitionKey"] == "key 6 é"
    age = datetime.datetime.now(datetime.timezone.utc) - records[0]["ApproximateArrivalTimestamp"]
    assert abs(age.total_seconds()) < 60


def test_put_and_get_with_the_aws_cli(server, stream, tmp_path):
    (tmp_path / "record").write_bytes(b"from the cli")  # versions 1 and 2 read bytes on the command line differently
    put = server.aws("kinesis", "put-record", "--stream-name", stream, "--partition-key", "k",
                     "--data", f"fileb://{tmp_path / 'record'}")
    assert put["ShardId"] == SHARD_0
    at = server.aws("kinesis", "get-shard-iterator", "--stream-name", stream, "--shard-id", SHARD_0,
                    "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    got = server.aws("kinesis", "get-records", "--shard-iterator", at)
    assert base64.b64decode(got["Records"][0]["Data"]) == b"from the cli"
    assert stream in server.aws("kinesis", "list-streams")["StreamNames"]
    done = server.aws("kinesis", "describe-stream", "--stream-name", "not-there", check=False)
    assert done.returncode != 0 and f"Stream not-there under account {ACCOUNT} not found." in done.stderr


def test_put_refusals(kinesis, stream):
    assert refused(kinesis.put_record, StreamName="none", Data=b"", PartitionKey="k") == (
        "ResourceNotFoundException", f"Stream none under account {ACCOUNT} not found.")
    assert refused(kinesis.put_record, StreamName=stream, Data=b"", PartitionKey="") == (
        "ValidationException", "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1")
    too_high = str(2**128)
    assert refused(kinesis.put_record, StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey=too_high) == (
        "InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {too_high}")
    code, message = refused(kinesis.put_records, StreamName=stream, Records=[{"Data": b"", "PartitionKey": "k"}] * 501)
    assert code == "ValidationException" and "Member must have length less than or equal to 500" in message
    code, _ = refused(kinesis.put_record, StreamName=stream, Data=b"x" * (2**20 + 1), PartitionKey="k")
    assert code == "InvalidArgumentException"
    assert refused(kinesis.put_record, StreamName=stream, Data=b"", PartitionKey="k", SequenceNumberForOrdering="7") == (
        "InvalidArgumentException", f"ExclusiveMinimumSequenceNumber 7 used in PutRecord on stream {stream} under account "
        f"{ACCOUNT} is invalid.")
    assert read_all(kinesis, stream) == []


def test_all_five_iterator_types(server, kinesis, stream):
    numbers = [kinesis.put_record(StreamName=stream, Data=b"a", PartitionKey="k")["SequenceNumber"]]
    first = read_all(kinesis, stream)[0]["ApproximateArrivalTimestamp"]
    while datetime.datetime.now(datetime.timezone.utc) <= first + datetime.timedelta(milliseconds=2):
        pass
    numbers += [kinesis.put_record(StreamName=stream, Data=b"b", PartitionKey="k")["SequenceNumber"]]
    later = first + datetime.timedelta(milliseconds=1)

    def texts(kind, **more):
        page = kinesis.get_records(ShardIterator=iterator(kinesis, stream, SHARD_0, kind, **more))
        return b"".join(record["Data"] for record in page["Records"])

    assert texts("TRIM_HORIZON") == b"ab"
    assert texts("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == b"b"
    assert texts("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0]) == b"b"
    assert texts("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == b""
    assert texts("AT_TIMESTAMP", Timestamp=first) == b"ab"
    # Debian's botocore sends whole seconds only.
    status, answer = raw(server, "GetShardIterator", {
        "StreamName": stream, "ShardId": SHARD_0, "ShardIteratorType": "AT_TIMESTAMP",
        "Timestamp": round(later.timestamp(), 3)})
    assert status == 200
    page = kinesis.get_records(ShardIterator=answer["ShardIterator"])
    assert [record["Data"] for record in page["Records"]] == [b"b"]
    latest = iterator(kinesis, stream, SHARD_0, "LATEST")
    kinesis.put_record(StreamName=stream, Data=b"c", PartitionKey="k")
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"c"]


def test_iterator_refusals(kinesis, stream):
    assert refused(kinesis.get_records, ShardIterator="made up") == ("InvalidArgumentException", "Invalid ShardIterator.")
    assert refused(iterator, kinesis=kinesis, stream=stream, shard="shardId-000000000009") == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in stream {stream} under account {ACCOUNT} does not exist")
    assert refused(iterator, kinesis=kinesis, stream=stream, kind="AT_SEQUENCE_NUMBER")[1].endswith(
        "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.")
    assert "Member must satisfy enum value set" in refused(iterator, kinesis=kinesis, stream=stream, kind="UP")[1]
    old = iterator(kinesis, stream)
    kinesis.delete_stream(StreamName=stream)
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    assert refused(kinesis.get_records, ShardIterator=old)[0] == "ResourceNotFoundException"


def test_get_records_limits(kinesis, stream):
    kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "k"}] * 10)
    page = kinesis.get_records(ShardIterator=iterator(kinesis, stream), Limit=4)
    assert len(page["Records"]) == 4 and page["MillisBehindLatest"] > 0
    page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert len(page["Records"]) == 6 and page["MillisBehindLatest"] == 0
    assert refused(kinesis.get_records, ShardIterator=page["NextShardIterator"], Limit=10001)[0] == "ValidationException"


def test_list_streams_pages(kinesis):
    prefix = f"page-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}-{i}" for i in range(3)]
    for name in names:
        kinesis.create_stream(StreamName=name, ShardCount=1)
    page = kinesis.list_streams(ExclusiveStartStreamName=prefix, Limit=2)
    assert page["StreamNames"] == names[:2] and page["HasMoreStreams"]
    assert kinesis.list_streams(ExclusiveStartStreamName=names[1], Limit=1)["StreamNames"] == names[2:]
    for name in names:
        kinesis.delete_stream(StreamName=name)


def test_list_shards_pages_and_filters(server, kinesis, stream):
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    page = kinesis.list_shards(StreamName=stream, MaxResults=2)
    assert [shard["ShardId"][-1] for shard in page["Shards"]] == ["0", "1"]
    page = kinesis.list_shards(NextToken=page["NextToken"])
    assert [shard["ShardId"][-1] for shard in page["Shards"]] == ["2"] and "NextToken" not in page
    latest = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"][-1] for shard in latest] == ["1", "2"]
    horizon = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_TRIM_HORIZON"})["Shards"]
    assert [shard["ShardId"][-1] for shard in horizon] == ["0"]
    assert "EndingSequenceNumber" in horizon[0]["SequenceNumberRange"]
    after = kinesis.list_shards(StreamName=stream, ExclusiveStartShardId="shardId-000000000001")["Shards"]
    assert [shard["ShardId"][-1] for shard in after] == ["2"]
    assert refused(kinesis.list_shards)[1] == "Either NextToken or StreamName should be provided."
    assert server.aws("kinesis", "list-shards", "--stream-name", stream)["Shards"][1]["ParentShardId"] == SHARD_0


def test_tags(server, kinesis, stream):
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"a": "1", "b": "2", "c": ""})
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["b"])
    page = kinesis.list_tags_for_stream(StreamName=stream, Limit=1)
    assert page["Tags"] == [{"Key": "a", "Value": "1"}] and page["HasMoreTags"]
    page = kinesis.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey="a")
    assert page["Tags"] == [{"Key": "c", "Value": ""}] and not page["HasMoreTags"]
    assert refused(kinesis.add_tags_to_stream, StreamName=stream, Tags={"*": "1"})[0] == "InvalidArgumentException"
    assert raw(server, "TagResource", {"ResourceARN": arn(stream), "Tags": {"d": "4"}})[0] == 200
    assert raw(server, "UntagResource", {"ResourceARN": arn(stream), "TagKeys": ["a", "c"]})[0] == 200
    assert raw(server, "ListTagsForResource", {"ResourceARN": arn(stream)})[1] == {"Tags": [{"Key": "d", "Value": "4"}]}


def test_tags_inside_create_stream(server, kinesis):
    assert raw(server, "CreateStream", {"StreamName": "tagged", "ShardCount": 1, "Tags": {"team": "plants"}})[0] == 200
    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == [{"Key": "team", "Value": "plants"}]
    kinesis.delete_stream(StreamName="tagged")


def test_retention(kinesis, stream):
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    assert kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["RetentionPeriodHours"] == 8760
    assert refused(kinesis.increase_stream_retention_period, StreamName=stream, RetentionPeriodHours=48) == (
        "InvalidArgumentException", f"Requested retention period (48 hours) for stream {stream} can not be shorter than "
        "existing retention period (8760 hours). Use DecreaseRetentionPeriod API.")
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert refused(kinesis.decrease_stream_retention_period, StreamName=stream, RetentionPeriodHours=23)[1].startswith(
        "Minimum allowed retention period is 24 hours.")


def test_describe_limits(kinesis, stream):
    limits = kinesis.describe_limits()
    assert limits["ShardLimit"] >= limits["OpenShardCount"] >= 1


def test_resharding_keeps_each_keys_order(kinesis, stream):
    keys = [f"key{i}" for i in range(5)]
    sent = 0
    for target in (2, 3, 2, 1):
        kinesis.put_records(StreamName=stream, Records=[
            {"Data": f"{sent + i:05}".encode(), "PartitionKey": keys[i % 5]} for i in range(50)])
        sent += 50
        answer = kinesis.update_shard_count(StreamName=stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        assert answer["TargetShardCount"] == target
    shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName=stream)["Shards"]}
    done, order = set(), []
    while len(done) < len(shards):
        for name, shard in shards.items():
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} - {None}
            if name in done or not parents <= done:
                continue
            at = iterator(kinesis, stream, name)
            while at:
                page = kinesis.get_records(ShardIterator=at)
                order += [(record["PartitionKey"], record["Data"]) for record in page["Records"]]
                at = page.get("NextShardIterator")
                if at and page["MillisBehindLatest"] == 0:
                    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
                    break
            else:
                assert page["ChildShards"]
            done.add(name)
    assert len(order) == sent
    for key in keys:
        of_key = [data for name, data in order if name == key]
        assert of_key == sorted(of_key)


def test_update_shard_count_refusals(kinesis, stream):
    assert refused(kinesis.update_shard_count, StreamName=stream, TargetShardCount=3, ScalingType="UNIFORM_SCALING") == (
        "LimitExceededException", "UpdateShardCount cannot scale up over double your current open shard count. Current "
        "open shard count: 1, Target shard count: 3")


def test_streams_are_named_by_arn_too(server, stream):
    status, answer = raw(server, "PutRecord", {"StreamARN": arn(stream), "Data": "eA==", "PartitionKey": "k"})
    assert status == 200 and answer["ShardId"] == SHARD_0
    status, answer = raw(server, "DescribeStreamSummary", {"StreamARN": arn("other"), "StreamName": stream})
    assert (status, answer["__type"]) == (400, "InvalidArgumentException")
    status, answer = raw(server, "UpdateMaxRecordSize", {"StreamARN": arn(stream), "MaxRecordSizeInKiB": 2048})
    assert status == 200
    large = base64.b64encode(b"x" * (2**20 + 1)).decode()
    assert raw(server, "PutRecord", {"StreamName": stream, "Data": large, "PartitionKey": "k"})[0] == 200


def test_bad_bodies_get_documented_errors(server, kinesis, stream):
    for body in (b"", b"{", b"[]", b'{"StreamName": 5}', b'{"StreamName": "\xff"}', b'{"StreamName":"s","Data":"!","PartitionKey":"k"}'):
        status, answer = raw(server, "PutRecord", body)
        assert status == 400 and answer["__type"] in ("SerializationException", "ValidationException"), body
    status, answer = raw(server, "PutRecord", {"StreamName": stream, "Data": "", "PartitionKey": "k", "Unknown": [1]})
    assert status == 200
    assert kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"] == 1


def test_operations_that_are_not_built_say_so(server, stream):
    for operation in ("CreateChannel", "UpdateStreamRecordDistributionStrategy"):
        status, answer = raw(server, operation, {"StreamName": stream})
        assert status >= 400 and operation in answer["message"] and "implement" in answer["message"], answer


def test_streams_and_records_survive_kill_and_restart(own_server):
    kinesis = own_server.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=2)
    put = kinesis.put_records(StreamName="kept", Records=[{"Data": str(i).encode(), "PartitionKey": str(i)} for i in range(100)])
    at = iterator(kinesis, "kept")
    own_server.kill()
    own_server.start()
    kinesis = own_server.client("kinesis")
    records = [record for shard in (SHARD_0, "shardId-000000000001") for record in read_all(kinesis, "kept", shard)]
    assert {r["SequenceNumber"] for r in records} == {r["SequenceNumber"] for r in put["Records"]}
    assert kinesis.get_records(ShardIterator=at)["Records"], "an iterator stays good over a restart"
    time_of_first = min(record["ApproximateArrivalTimestamp"] for record in records)
    assert abs(time.time() - time_of_first.timestamp()) < 60
