"""Shards and capacity with boto3 and the AWS CLI: SplitShard, MergeShards, ShardFilter, on-demand mode, limits."""

import json
import time
import urllib.error
import urllib.request

import botocore.exceptions
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET, PenstockProcess

ON_DEMAND = {"StreamMode": "ON_DEMAND"}
HASH_KEYS = 2**128


def arn(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def shard_id(index: int) -> str:
    return f"shardId-{index:012}"


def refused(call, **arguments) -> tuple[str, str]:
    """(code, message) of a call that must fail."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def raw(server, operation: str, body: dict) -> tuple[int, dict]:
    """One signed call of what this boto3 may not know yet: (status, parsed answer)."""
    data = json.dumps(body).encode()
    request = AWSRequest("POST", server.endpoints["api"] + "/", data=data, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "kinesis", REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, data, dict(request.headers))) as answer:
            return answer.status, json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def serve(directory, **kinesis) -> PenstockProcess:
    """A server with settings of its own."""
    directory.mkdir(exist_ok=True)
    settings = directory / "penstock.json"
    settings.write_text(json.dumps({"kinesis": kinesis}))
    return PenstockProcess(directory, "--config", str(settings)).start()


@pytest.fixture
def kinesis(own_server):
    return own_server.client("kinesis", parameter_validation=False)


def listed(kinesis, stream: str, **more) -> list[str]:
    """The ids of all pages. (boto3's own paginator repeats StreamName beside NextToken, which AWS refuses.)"""
    page = kinesis.list_shards(StreamName=stream, **more)
    shards = page["Shards"]
    while "NextToken" in page:
        page = kinesis.list_shards(NextToken=page["NextToken"])
        shards += page["Shards"]
    return [shard["ShardId"] for shard in shards]


def read_closed(kinesis, stream: str, shard: str) -> tuple[list[bytes], list[dict]]:
    """The records of a closed shard, and the children that its end names."""
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        page = kinesis.get_records(ShardIterator=at)
        records += [record["Data"] for record in page["Records"]]
        at = page.get("NextShardIterator")
        if not at:
            return records, page["ChildShards"]


def test_a_shard_is_split_and_its_children_are_merged(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"before", PartitionKey="k")
    middle = HASH_KEYS // 2
    kinesis.split_shard(StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey=str(middle))
    parent, lower, upper = kinesis.list_shards(StreamName="s")["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert lower["ParentShardId"] == upper["ParentShardId"] == shard_id(0)
    assert lower["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(middle - 1)}
    assert upper["HashKeyRange"] == {"StartingHashKey": str(middle), "EndingHashKey": str(HASH_KEYS - 1)}
    assert int(lower["SequenceNumberRange"]["StartingSequenceNumber"]) > int(
        parent["SequenceNumberRange"]["EndingSequenceNumber"])
    low = kinesis.put_record(StreamName="s", Data=b"low", PartitionKey="k", ExplicitHashKey="0")
    high = kinesis.put_record(StreamName="s", Data=b"high", PartitionKey="k", ExplicitHashKey=str(middle))
    assert (low["ShardId"], high["ShardId"]) == (shard_id(1), shard_id(2))

    kinesis.merge_shards(StreamName="s", ShardToMerge=shard_id(1), AdjacentShardToMerge=shard_id(2))
    child = kinesis.list_shards(StreamName="s")["Shards"][-1]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard_id(1), shard_id(2))
    records, children = read_closed(kinesis, "s", shard_id(0))
    assert records == [b"before"] and [one["ShardId"] for one in children] == [shard_id(1), shard_id(2)]
    records, children = read_closed(kinesis, "s", shard_id(2))
    assert records == [b"high"] and [one["ShardId"] for one in children] == [shard_id(3)]
    assert children[0]["ParentShards"] == [shard_id(1), shard_id(2)]
    assert kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["OpenShardCount"] == 1


def test_splits_and_merges_that_aws_refuses(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=3)
    for key in ("0", "1", str(HASH_KEYS - 1)):
        code, message = refused(kinesis.split_shard, StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey=key)
        assert code == "InvalidArgumentException" and "is not both greater than one plus" in message, key
    assert refused(kinesis.split_shard, StreamName="s", ShardToSplit=shard_id(9), NewStartingHashKey="5") == (
        "ResourceNotFoundException", f"Could not find shard {shard_id(9)} in stream s under account {ACCOUNT}.")
    assert refused(kinesis.split_shard, StreamName="s", ShardToSplit=shard_id(0),
                   NewStartingHashKey="x")[0] == "ValidationException"
    code, message = refused(kinesis.merge_shards, StreamName="s", ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(2))
    assert code == "InvalidArgumentException" and "are not an adjacent pair of shards" in message
    kinesis.merge_shards(StreamName="s", ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1))
    code, message = refused(kinesis.split_shard, StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey="5")
    assert code == "InvalidArgumentException" and "has already been merged or split" in message
    assert refused(kinesis.merge_shards, StreamName="none", ShardToMerge=shard_id(0),
                   AdjacentShardToMerge=shard_id(1))[0] == "ResourceNotFoundException"


def test_every_shard_filter(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=2)
    before = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    time_then = before.timestamp() + 0.0005
    kinesis.split_shard(StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey="1000")
    kinesis.merge_shards(StreamName="s", ShardToMerge=shard_id(3), AdjacentShardToMerge=shard_id(1))
    everything = [shard_id(i) for i in range(5)]
    assert listed(kinesis, "s") == everything
    for kind, more, wanted in (
        ("AFTER_SHARD_ID", {"ShardId": shard_id(1)}, everything[2:]),
        ("AT_LATEST", {}, [shard_id(2), shard_id(4)]),
        ("AT_TRIM_HORIZON", {}, [shard_id(0), shard_id(1)]),
        ("FROM_TRIM_HORIZON", {}, everything),
        ("AT_TIMESTAMP", {"Timestamp": time_then}, [shard_id(0), shard_id(1)]),
        ("FROM_TIMESTAMP", {"Timestamp": time_then}, everything),
    ):
        assert listed(kinesis, "s", ShardFilter={"Type": kind, **more}) == wanted, kind
    first = kinesis.list_shards(StreamName="s", ShardFilter={"Type": "AT_LATEST"}, MaxResults=1)
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    assert [shard["ShardId"] for page in (first, rest) for shard in page["Shards"]] == [shard_id(2), shard_id(4)]
    for wrong in ({"Type": "AT_TIMESTAMP"}, {"Type": "AFTER_SHARD_ID"}, {"Type": "AT_LATEST", "ShardId": shard_id(0)}):
        assert refused(kinesis.list_shards, StreamName="s", ShardFilter=wrong)[0] == "InvalidArgumentException"
    assert refused(kinesis.list_shards, StreamName="s", ShardFilter={"Type": "SOME"})[0] == "ValidationException"


def test_the_aws_cli_splits_merges_and_switches_modes(own_server):
    aws = lambda *arguments, **more: own_server.aws("kinesis", *arguments, **more)  # noqa: E731
    aws("create-stream", "--stream-name", "s", "--shard-count", "1")
    aws("split-shard", "--stream-name", "s", "--shard-to-split", shard_id(0), "--new-starting-hash-key", "12345")
    aws("merge-shards", "--stream-name", "s", "--shard-to-merge", shard_id(1), "--adjacent-shard-to-merge", shard_id(2))
    at_latest = aws("list-shards", "--stream-name", "s", "--shard-filter", "Type=AT_LATEST")
    assert [shard["ShardId"] for shard in at_latest["Shards"]] == [shard_id(3)]
    aws("update-stream-mode", "--stream-arn", arn("s"), "--stream-mode-details", "StreamMode=ON_DEMAND")
    summary = aws("describe-stream-summary", "--stream-name", "s")["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == ON_DEMAND


def test_update_shard_count_gives_shards_of_equal_size_in_the_order_of_aws(kinesis):
    """src/stream/README.md, "UpdateShardCount"."""
    kinesis.create_stream(StreamName="s", ShardCount=4)
    kinesis.update_shard_count(StreamName="s", TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName="s")["Shards"]}
    parents = {i: (shards[shard_id(i)]["ParentShardId"], shards[shard_id(i)].get("AdjacentParentShardId")) for i in range(4, 11)}
    assert len(shards) == 11 and parents == {
        4: (shard_id(1), None), 5: (shard_id(1), None), 6: (shard_id(0), shard_id(4)), 7: (shard_id(2), None),
        8: (shard_id(2), None), 9: (shard_id(5), shard_id(7)), 10: (shard_id(8), shard_id(3))}
    opened = [shard for shard in shards.values() if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    assert [shard["ShardId"] for shard in opened] == [shard_id(6), shard_id(9), shard_id(10)]
    widths = [int(shard["HashKeyRange"]["EndingHashKey"]) - int(shard["HashKeyRange"]["StartingHashKey"]) for shard in opened]
    assert max(widths) - min(widths) <= 1


def test_update_shard_count_rules(kinesis):
    kinesis.create_stream(StreamName="s", ShardCount=4)
    scale = {"StreamName": "s", "ScalingType": "UNIFORM_SCALING"}
    assert refused(kinesis.update_shard_count, TargetShardCount=1, **scale) == (
        "LimitExceededException", "UpdateShardCount cannot scale down below half your current open shard count. Current "
        "open shard count: 4, Target shard count: 1")
    assert refused(kinesis.update_shard_count, TargetShardCount=9, **scale)[0] == "LimitExceededException"
    for i in range(10):
        kinesis.update_shard_count(TargetShardCount=4 + (i + 1) % 2, **scale)
    code, message = refused(kinesis.update_shard_count, TargetShardCount=5, **scale)
    assert code == "LimitExceededException" and "more than 10 times in a rolling 24-hour period" in message


def test_an_on_demand_stream_and_switching_modes(kinesis):
    kinesis.create_stream(StreamName="s", StreamModeDetails=ON_DEMAND)
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == ON_DEMAND and summary["OpenShardCount"] == 4
    limits = kinesis.describe_limits()
    assert (limits["OnDemandStreamCount"], limits["OnDemandStreamCountLimit"], limits["OpenShardCount"]) == (1, 50, 0)
    for call, more in ((kinesis.split_shard, {"ShardToSplit": shard_id(0), "NewStartingHashKey": "5"}),
                       (kinesis.merge_shards, {"ShardToMerge": shard_id(0), "AdjacentShardToMerge": shard_id(1)}),
                       (kinesis.update_shard_count, {"TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"})):
        code, message = refused(call, StreamName="s", **more)
        assert code == "ValidationException" and "only supported for data streams with the provisioned" in message
    provisioned = {"StreamMode": "PROVISIONED"}
    kinesis.update_stream_mode(StreamARN=arn("s"), StreamModeDetails=provisioned)
    assert kinesis.describe_limits()["OpenShardCount"] == 4
    kinesis.split_shard(StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey="5")
    kinesis.update_stream_mode(StreamARN=arn("s"), StreamModeDetails=ON_DEMAND)
    code, message = refused(kinesis.update_stream_mode, StreamARN=arn("s"), StreamModeDetails=provisioned)
    assert code == "LimitExceededException" and "cannot be switched more than 2 times" in message


def test_an_on_demand_stream_grows_with_its_traffic(tmp_path):
    server = serve(tmp_path, on_demand_window_ms=200)
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="s", StreamModeDetails=ON_DEMAND)
        records = [{"Data": b"x", "PartitionKey": str(i)} for i in range(500)]
        deadline = time.monotonic() + 60
        sent = 0
        while kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["OpenShardCount"] <= 4:
            assert time.monotonic() < deadline, "it does not grow"
            answer = kinesis.put_records(StreamName="s", Records=records)
            assert answer["FailedRecordCount"] == 0
            sent += len(records)
        got = 0
        for shard in listed(kinesis, "s"):
            at = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while at:
                page = kinesis.get_records(ShardIterator=at)
                got += len(page["Records"])
                at = page.get("NextShardIterator") if page["Records"] or page["MillisBehindLatest"] else None
        assert got == sent
    finally:
        server.stop()


def test_warm_throughput_needs_the_commitment_and_gives_capacity(own_server, kinesis):
    kinesis.create_stream(StreamName="s", StreamModeDetails=ON_DEMAND)
    assert raw(own_server, "DescribeAccountSettings", {}) == (
        200, {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}})
    warm = {"StreamARN": arn("s"), "WarmThroughputMiBps": 10}
    status, answer = raw(own_server, "UpdateStreamWarmThroughput", warm)
    assert (status, answer["__type"]) == (400, "InvalidArgumentException")
    enable = {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}
    status, answer = raw(own_server, "UpdateAccountSettings", enable)
    commitment = answer["MinimumThroughputBillingCommitment"]
    assert commitment["Status"] == "ENABLED"
    assert commitment["EarliestAllowedEndAt"] - commitment["StartedAt"] == 24 * 3600
    status, answer = raw(own_server, "UpdateStreamWarmThroughput", warm)
    assert status == 200 and answer["WarmThroughput"] == {"TargetMiBps": 10, "CurrentMiBps": 10}
    assert len(listed(kinesis, "s", ShardFilter={"Type": "AT_LATEST"})) == 10
    enable["MinimumThroughputBillingCommitment"]["Status"] = "DISABLED"
    status, answer = raw(own_server, "UpdateAccountSettings", enable)
    assert answer["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"


def test_limits_can_be_switched_on(tmp_path):
    server = serve(tmp_path, limits={"shard_write_records": 10, "shard_read_calls": "aws", "control_calls": 3,
                                     "open_shards": 2})
    try:
        kinesis = server.client("kinesis")
        assert kinesis.describe_limits()["ShardLimit"] == 2
        kinesis.create_stream(StreamName="s", ShardCount=2)
        code, message = refused(kinesis.create_stream, StreamName="t", ShardCount=1)
        assert code == "LimitExceededException" and "Limit: 2." in message
        answer = kinesis.put_records(StreamName="s", Records=[
            {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"} for _ in range(30)])
        assert answer["FailedRecordCount"] >= 10
        assert answer["Records"][29]["ErrorCode"] == "ProvisionedThroughputExceededException"
        assert "SequenceNumber" in answer["Records"][0]
        with pytest.raises(kinesis.exceptions.LimitExceededException):
            for _ in range(200):
                kinesis.list_streams()
        at = kinesis.get_shard_iterator(StreamName="s", ShardId=shard_id(0), ShardIteratorType="LATEST")["ShardIterator"]
        with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException):
            for _ in range(200):
                kinesis.get_records(ShardIterator=at)
    finally:
        server.stop()


def test_a_stream_with_ten_thousand_shards(kinesis, own_server):
    kinesis.create_stream(StreamName="big", ShardCount=10_000)
    assert listed(kinesis, "big") == [shard_id(i) for i in range(10_000)]
    put = kinesis.put_record(StreamName="big", Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEYS - 1))
    assert put["ShardId"] == shard_id(9_999)
    assert kinesis.put_record(StreamName="big", Data=b"x", PartitionKey="k", ExplicitHashKey="0")["ShardId"] == shard_id(0)
    kinesis.split_shard(StreamName="big", ShardToSplit=shard_id(0), NewStartingHashKey="7")
    own_server.stop()
    own_server.start()
    again = own_server.client("kinesis")
    assert again.describe_stream_summary(StreamName="big")["StreamDescriptionSummary"]["OpenShardCount"] == 10_001
    assert read_closed(again, "big", shard_id(0))[1][0]["ShardId"] == shard_id(10_000)


def test_a_stream_id_is_refused_by_name(kinesis, own_server):
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for operation in ("DescribeStreamSummary", "UpdateStreamMode", "PutRecord"):
        status, answer = raw(own_server, operation, {
            "StreamId": "a" * 20 + "-abc", "StreamARN": arn("s"), "StreamModeDetails": ON_DEMAND, "Data": "eA==",
            "PartitionKey": "k"})
        assert (status, answer["__type"]) == (400, "InvalidArgumentException"), operation
        assert "StreamId is not implemented" in answer["message"]
