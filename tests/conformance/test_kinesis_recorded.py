"""Kinesis answers as AWS was recorded to give them: code and message to the letter, and what is looked at first."""

import pytest
from test_kinesis_errors import ACCOUNT, World, ask, ok

CANNOT_MERGE = "Shards shardId-000000000000 and shardId-000000000002 in stream t under account {} are not an adjacent pair of shards eligible for merging"
NOT_BETWEEN = ("NewStartingHashKey {} used in SplitShard() on shard shardId-000000000000 in stream t under account {} is not both greater "
               "than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 113427455640312821154458202477256070484.")
BAD_TAGS = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @ :."
A = ACCOUNT
SPLIT = {"StreamName": "t", "NewStartingHashKey": "1"}

CASES = [
    # A shard is named by the number behind a hyphen, whatever stands before it.
    ("GetShardIterator", {"StreamName": "none", "ShardId": "a-00002147483647", "ShardIteratorType": "LATEST"}, "ResourceNotFound",
     f"Shard shardId-002147483647 in stream none under account {A} does not exist"),
    ("MergeShards", {"StreamName": "t", "ShardToMerge": "x-0", "AdjacentShardToMerge": "y-2"}, "InvalidArgument", CANNOT_MERGE.format(A)),
    # What names no shard at all is told before a stream that does not exist.
    ("SplitShard", {"StreamName": "none", "ShardToSplit": "2.14E4", "NewStartingHashKey": "0"}, "ResourceNotFound",
     f"Could not find shard 2.14E4 in stream none under account {A}."),
    ("SplitShard", {"StreamName": "none", "ShardToSplit": "0", "NewStartingHashKey": "0"}, "ResourceNotFound",
     f"Stream none under account {A} not found."),
    ("MergeShards", {"StreamName": "none", "ShardToMerge": "shardId-0", "AdjacentShardToMerge": "shardId-002147483648"}, "ResourceNotFound",
     f"Could not find shard shardId-002147483648 in stream none under account {A}."),
    ("SplitShard", {**SPLIT, "ShardToSplit": "shard-0"}, "InvalidArgument", NOT_BETWEEN.format(1, A)),
    ("SplitShard", {**SPLIT, "ShardToSplit": "0", "NewStartingHashKey": "9" * 39}, "InvalidArgument", NOT_BETWEEN.format("9" * 39, A)),
    ("GetShardIterator", {"StreamName": "t", "ShardId": "0", "ShardIteratorType": "AT_TIMESTAMP"}, "InvalidArgument",
     "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."),
    ("GetShardIterator", {"StreamName": "t", "ShardId": "0", "ShardIteratorType": "X"}, "Validation",
     "1 validation error detected: Value 'X' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: "
     "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"),
    ("IncreaseStreamRetentionPeriod", {"StreamName": "t", "RetentionPeriodHours": 0}, "Validation",
     "1 validation error detected: Value '0' at 'retentionPeriodHours' failed to satisfy constraint: Member must have value greater than or "
     "equal to 1"),
    ("DecreaseStreamRetentionPeriod", {"StreamName": "t", "RetentionPeriodHours": 1}, "InvalidArgument",
     "Minimum allowed retention period is 24 hours. Requested retention period (1 hours) is too short."),
    ("RemoveTagsFromStream", {"StreamName": "none", "TagKeys": ["a;b"]}, "ResourceNotFound", f"Stream none under account {A} not found."),
    ("RemoveTagsFromStream", {"StreamName": "t", "TagKeys": ["fine", "a\tb"]}, "InvalidArgument", BAD_TAGS),
    ("RemoveTagsFromStream", {"StreamName": "t", "TagKeys": ["a%b"]}, "InvalidArgument",
     f"Failed to remove tags from stream t under account {A} because some tags contained illegal characters. The allowed characters are "
     "Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'."),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("recorded"))
    ok(world.server, "CreateStream", StreamName="t", ShardCount=3)
    yield world.server
    world.server.stop()


@pytest.mark.parametrize(("operation", "body", "code", "message"), CASES, ids=lambda value: str(value)[:40])
def test_recorded(server, operation, body, code, message):
    status, answer = ask(server, operation, **body)
    assert (status, answer) == (400, {"__type": code + "Exception", "message": message})


def test_a_stream_of_which_only_the_name_is_said_has_four_shards(server):
    ok(server, "CreateStream", StreamName="plain")
    assert len(ok(server, "DescribeStream", StreamName="plain")["StreamDescription"]["Shards"]) == 4


def test_an_iterator_may_come_in_quotation_marks(server):
    iterator = ok(server, "GetShardIterator", StreamName="t", ShardId="0", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert ok(server, "GetRecords", ShardIterator=f'"{iterator}"')["Records"] == []
