"""Every error that the Kinesis API Reference documents for an operation, produced and looked at.

docs/kinesis-errors.md is the table: an operation a row, an error a column. What it calls "driven" is driven here, cell by
cell; the requests are raw and signed, because boto3 checks much itself and does not know the newest operations.
Wordings in detail: test_kinesis.py, test_kinesis_shards.py, src/services/kinesis/validation_test.cc.
"""

import http.client
import json
import re
import time
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from iam_documents import allow, document
from penstock_process import ACCOUNT, REGION, ROOT, Credentials, PenstockProcess

TABLE = ROOT / "docs" / "kinesis-errors.md"
OPERATIONS = ROOT / "docs" / "kinesis-operations.md"
SHARD_0, SHARD_1 = "shardId-000000000000", "shardId-000000000001"
AN_HOUR_MS = 3_600_000
STREAM_ID = "a" * 20 + "-abc"
ON_DEMAND = {"StreamMode": "ON_DEMAND"}


def arn(stream: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"


def send(server, operation: str, body: bytes, who: Credentials | None = None, signed: bool = True) -> tuple[int, bytes]:
    """The status and the body; of an event stream that began, nothing is read."""
    host, port = server.host_port("api")
    who = who or Credentials()
    request = AWSRequest("POST", f"http://{host}:{port}/", data=body, headers={
        "X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1"})
    if signed:
        SigV4Auth(Signer(who.key, who.secret, who.token), "kinesis", REGION).add_auth(request)
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("POST", "/", body, dict(request.headers))
        answer = connection.getresponse()
        if answer.headers["Content-Type"] == "application/vnd.amazon.eventstream":
            return answer.status, b""
        return answer.status, answer.read()
    finally:
        connection.close()


def ask(server, operation: str, who: Credentials | None = None, **body) -> tuple[int, dict]:
    status, answer = send(server, operation, json.dumps(body).encode(), who)
    return status, json.loads(answer) if answer else {}


def ok(server, operation: str, **body) -> dict:
    status, answer = ask(server, operation, **body)
    assert status == 200, (operation, answer)
    return answer


def code_of(answer: tuple[int, dict]) -> tuple[int, str | None]:
    """A status and the error's name without "Exception"; every error has a message."""
    status, body = answer
    if status == 200:
        return status, None
    assert body.get("message") or body.get("Message"), body
    return status, body["__type"].removesuffix("Exception")


class World:
    """A server, and a stream of two shards with a consumer on it."""

    def __init__(self, directory, **kinesis):
        self.directory = directory
        self.server = self.configured(**kinesis).start()
        self.use("s")

    def use(self, stream: str, consumer: str | None = None) -> "World":
        self.stream = stream
        self.consumer = consumer or f"{arn(stream)}/consumer/c:1700000000"
        return self

    def configured(self, **kinesis) -> PenstockProcess:
        settings = self.directory / "penstock.json"
        settings.write_text(json.dumps({"kinesis": kinesis}))
        return PenstockProcess(self.directory, "--config", str(settings))

    def restart(self, **kinesis) -> None:
        self.server.stop()
        self.server = self.configured(**kinesis).start()

    def create(self, name: str, **more) -> str:
        ok(self.server, "CreateStream", StreamName=name, **(more or {"ShardCount": 2}))
        return name

    def register(self, stream: str, name: str = "c") -> str:
        return ok(self.server, "RegisterStreamConsumer", StreamARN=arn(stream), ConsumerName=name)["Consumer"]["ConsumerARN"]

    def iterator(self, stream: str) -> str:
        return ok(self.server, "GetShardIterator", StreamName=stream, ShardId=SHARD_0, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"]


@pytest.fixture(scope="module")
def fine(tmp_path_factory):
    """Everything as it is by default; `nobody` is a user without any policy."""
    world = World(tmp_path_factory.mktemp("fine"))
    world.use(world.create("s"), world.register("s"))
    world.on_demand = world.create("od", StreamModeDetails=ON_DEMAND)
    world.create("gone")
    world.iterator_of_gone = world.iterator("gone")
    ok(world.server, "DeleteStream", StreamName="gone")
    iam = world.server.client("iam")
    iam.create_user(UserName="nobody")
    iam.put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument=document(allow("iot:*")))
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    world.nobody = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    yield world
    world.server.stop()


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """"slow" is CREATING and stays so; the consumer of "s" too."""
    world = World(tmp_path_factory.mktemp("busy"), consumer_creating_ms=AN_HOUR_MS)
    world.use(world.create("s"), world.register("s"))
    world.restart(consumer_creating_ms=AN_HOUR_MS, stream_creating_ms=AN_HOUR_MS)
    world.create("slow")
    world.create("slow-od", StreamModeDetails=ON_DEMAND)
    yield world
    world.server.stop()


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """One call a second of everything; a shard takes one record a second and is read once a second."""
    world = World(tmp_path_factory.mktemp("limited"))
    world.use(world.create("s"), world.register("s"))
    world.token = world.iterator("s")
    world.restart(limits={"control_calls": 1, "shard_write_records": 1, "shard_read_calls": 1})
    yield world
    world.server.stop()


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory):
    """Iterators and tokens live for a millisecond."""
    world = World(tmp_path_factory.mktemp("forgetful"), iterator_life_ms=1, next_token_life_ms=1)
    world.use(world.create("s"))
    world.register("s", "a"), world.register("s", "b")
    world.create("t")
    yield world
    world.server.stop()


# What the table calls driven -------------------------------------------------------------------------------------------

# A request that would succeed on w.stream (or be refused for the state of things only), for each operation.
VALID = {
    "AddTagsToStream": lambda w: {"StreamName": w.stream, "Tags": {"a": "b"}},
    "CreateStream": lambda w: {"StreamName": w.stream, "ShardCount": 1},
    "DecreaseStreamRetentionPeriod": lambda w: {"StreamName": w.stream, "RetentionPeriodHours": 24},
    "DeleteResourcePolicy": lambda w: {"ResourceARN": arn(w.stream)},
    "DeleteStream": lambda w: {"StreamName": w.stream, "EnforceConsumerDeletion": True},
    "DeregisterStreamConsumer": lambda w: {"ConsumerARN": w.consumer},
    "DescribeAccountSettings": lambda w: {},
    "DescribeLimits": lambda w: {},
    "DescribeStream": lambda w: {"StreamName": w.stream},
    "DescribeStreamConsumer": lambda w: {"ConsumerARN": w.consumer},
    "DescribeStreamSummary": lambda w: {"StreamName": w.stream},
    "DisableEnhancedMonitoring": lambda w: {"StreamName": w.stream, "ShardLevelMetrics": ["ALL"]},
    "EnableEnhancedMonitoring": lambda w: {"StreamName": w.stream, "ShardLevelMetrics": ["ALL"]},
    "GetRecords": lambda w: {"ShardIterator": w.iterator(w.stream)},
    "GetResourcePolicy": lambda w: {"ResourceARN": arn(w.stream)},
    "GetShardIterator": lambda w: {"StreamName": w.stream, "ShardId": SHARD_0, "ShardIteratorType": "LATEST"},
    "IncreaseStreamRetentionPeriod": lambda w: {"StreamName": w.stream, "RetentionPeriodHours": 48},
    "ListShards": lambda w: {"StreamName": w.stream},
    "ListStreamConsumers": lambda w: {"StreamARN": arn(w.stream)},
    "ListStreams": lambda w: {},
    "ListTagsForResource": lambda w: {"ResourceARN": arn(w.stream)},
    "ListTagsForStream": lambda w: {"StreamName": w.stream},
    "MergeShards": lambda w: {"StreamName": w.stream, "ShardToMerge": SHARD_0, "AdjacentShardToMerge": SHARD_1},
    "PutRecord": lambda w: {"StreamName": w.stream, "PartitionKey": "k", "Data": ""},
    "PutRecords": lambda w: {"StreamName": w.stream, "Records": [{"PartitionKey": "k", "Data": ""}]},
    "PutResourcePolicy": lambda w: {"ResourceARN": arn(w.stream), "Policy": document(
        allow("kinesis:GetRecords", arn(w.stream), Principal={"AWS": ACCOUNT}))},
    "RegisterStreamConsumer": lambda w: {"StreamARN": arn(w.stream), "ConsumerName": "new"},
    "RemoveTagsFromStream": lambda w: {"StreamName": w.stream, "TagKeys": ["a"]},
    "SplitShard": lambda w: {"StreamName": w.stream, "ShardToSplit": SHARD_0, "NewStartingHashKey": "12345"},
    "StartStreamEncryption": lambda w: {"StreamName": w.stream, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    "StopStreamEncryption": lambda w: {"StreamName": w.stream, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
    "SubscribeToShard": lambda w: {"ConsumerARN": w.consumer, "ShardId": SHARD_0, "StartingPosition": {"Type": "LATEST"}},
    "TagResource": lambda w: {"ResourceARN": arn(w.stream), "Tags": {"a": "b"}},
    "UntagResource": lambda w: {"ResourceARN": arn(w.stream), "TagKeys": ["a"]},
    "UpdateAccountSettings": lambda w: {"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}},
    "UpdateMaxRecordSize": lambda w: {"StreamARN": arn(w.stream), "MaxRecordSizeInKiB": 2048},
    "UpdateShardCount": lambda w: {"StreamName": w.stream, "TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING"},
    "UpdateStreamMode": lambda w: {"StreamARN": arn(w.stream), "StreamModeDetails": ON_DEMAND},
    "UpdateStreamWarmThroughput": lambda w: {"StreamARN": arn(w.stream), "WarmThroughputMiBps": 5},
}


class Reading:
    """The world, read while it may not be used for anything else: GetRecords needs an iterator, of whatever stream."""

    def __init__(self, world: World, stream: str, token: str):
        self.stream, self.token = stream, token
        self.consumer = f"{arn(stream)}/consumer/c:1700000000"

    def iterator(self, _stream: str) -> str:
        return self.token


# What is wrong with a valid request's arguments; where nothing stands, the reserved StreamId is given.
INVALID = {
    "AddTagsToStream": {"Tags": {"50%": "x"}},
    "CreateStream": {"StreamName": "never", "StreamModeDetails": ON_DEMAND},
    "DecreaseStreamRetentionPeriod": {"RetentionPeriodHours": 23},
    "GetRecords": {"ShardIterator": "made up"},
    "GetShardIterator": {"ShardIteratorType": "AT_SEQUENCE_NUMBER"},
    "IncreaseStreamRetentionPeriod": {"RetentionPeriodHours": 8761},
    "ListShards": {"NextToken": "made up"},
    "ListStreamConsumers": {"NextToken": "made up"},
    "ListStreams": {"NextToken": "made up"},
    "MergeShards": {"ShardToMerge": SHARD_1, "AdjacentShardToMerge": SHARD_0},
    "PutRecord": {"ExplicitHashKey": str(2**128)},
    "PutRecords": {"Records": [{"PartitionKey": "k", "Data": "", "ExplicitHashKey": str(2**128)}]},
    "PutResourcePolicy": {"Policy": "{}"},
    "RegisterStreamConsumer": {"Tags": {"50%": "x"}},
    "SplitShard": {"NewStartingHashKey": str(2**127 + 1)},
    "SubscribeToShard": {"StartingPosition": {"Type": "AT_TIMESTAMP", "Timestamp": time.time() + 3600}},
    "TagResource": {"Tags": {"aws:mine": "x"}},
    "UpdateStreamMode": {"StreamModeDetails": {"StreamMode": "PROVISIONED"}, "WarmThroughputMiBps": 5},
    "UpdateStreamWarmThroughput": {"StreamARN": arn("od")},  # the account has no commitment
}

# ValidationException: of the capacity mode, or (where the stream's mode does not matter) of a member's constraints.
VALIDATION = {
    "CreateStream": {"ShardCount": 0},
    "MergeShards": {"StreamName": "od"},
    "SplitShard": {"StreamName": "od"},
    "UpdateAccountSettings": {"MinimumThroughputBillingCommitment": {"Status": "MAYBE"}},
    "UpdateMaxRecordSize": {"MaxRecordSizeInKiB": 10_241},
    "UpdateShardCount": {"StreamName": "od"},
    "UpdateStreamMode": {"StreamModeDetails": {"StreamMode": "MAYBE"}},
    "UpdateStreamWarmThroughput": {},
}


def until_refused(call) -> tuple[int, str | None]:
    """One call a second is allowed: of some in a row, all but one come too early."""
    for _ in range(20):
        answer = code_of(call())
        if answer[1] in ("LimitExceeded", "ProvisionedThroughputExceeded"):
            break
    return answer


def access_denied(worlds, operation):
    world = worlds("fine")
    return code_of(ask(world.server, operation, world.nobody, **VALID[operation](world)))


def invalid_argument(worlds, operation):
    world = worlds("fine")
    return code_of(ask(world.server, operation, **VALID[operation](world) | INVALID.get(operation, {"StreamId": STREAM_ID})))


def limit_exceeded(worlds, operation):
    world = worlds("limited")
    # A stream that is not there would be refused too, but later: nothing is changed by these calls.
    there = operation in ("SubscribeToShard", "UpdateAccountSettings")
    body = VALID[operation](world if there else Reading(world, "none", world.token))
    return until_refused(lambda: ask(world.server, operation, **body))


def resource_in_use(worlds, operation):
    world = worlds("busy")
    if operation == "SubscribeToShard":
        return code_of(ask(world.server, operation, **VALID[operation](world)))
    slow = "slow-od" if operation == "UpdateStreamWarmThroughput" else "slow"
    return code_of(ask(world.server, operation, **VALID[operation](Reading(world, slow, ""))))


def resource_not_found(worlds, operation):
    world = worlds("fine")
    return code_of(ask(world.server, operation, **VALID[operation](Reading(world, "gone", world.iterator_of_gone))))


def validation(worlds, operation):
    world = worlds("fine")
    return code_of(ask(world.server, operation, **VALID[operation](world) | VALIDATION[operation]))


def dry_run(worlds, operation):
    world = worlds("fine")
    return code_of(ask(world.server, operation, **VALID[operation](world), DryRun=True))


def throughput_exceeded(worlds, operation):
    world = worlds("limited")
    body = VALID[operation](Reading(world, "s", world.token))
    if operation != "PutRecords":
        return until_refused(lambda: ask(world.server, operation, **body))
    for _ in range(20):  # a record each: the call itself succeeds
        record = ok(world.server, operation, **body)["Records"][0]
        if "ErrorCode" in record:
            return 400, record["ErrorCode"].removesuffix("Exception")
    return 200, None


def expired_iterator(worlds, operation):
    world = worlds("forgetful")
    token = world.iterator("s")
    return until_expired(world, operation, {"ShardIterator": token})


def expired_token(worlds, operation):
    world = worlds("forgetful")
    first = {"ListShards": {"StreamName": "s", "MaxResults": 1}, "ListStreams": {"Limit": 1},
             "ListStreamConsumers": {"StreamARN": arn("s"), "MaxResults": 1}}[operation]
    token = ok(world.server, operation, **first)["NextToken"]
    kept = {"StreamARN": arn("s")} if operation == "ListStreamConsumers" else {}
    return until_expired(world, operation, kept | {"NextToken": token})


def until_expired(world, operation, body):
    while (answer := code_of(ask(world.server, operation, **body)))[0] == 200:
        pass
    return answer


DRIVERS = {
    "AccessDenied": access_denied,
    "DryRunOperation": dry_run,
    "ExpiredIterator": expired_iterator,
    "ExpiredNextToken": expired_token,
    "InvalidArgument": invalid_argument,
    "LimitExceeded": limit_exceeded,
    "ProvisionedThroughputExceeded": throughput_exceeded,
    "ResourceInUse": resource_in_use,
    "ResourceNotFound": resource_not_found,
    "Validation": validation,
}


# The table --------------------------------------------------------------------------------------------------------------


def table() -> dict[str, dict[str, str]]:
    """{operation: {error: "driven" or the number of a note}}."""
    lines = TABLE.read_text().partition("| operation |")[2].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    head, rows = rows[0], rows[2:]
    found: dict[str, dict[str, str]] = {}
    for operation, *cells in rows:
        errors = {name: cell for name, cell in zip(head[:-1], cells[:-1], strict=True) if cell}
        for more in filter(None, cells[-1].split(", ")):
            name, _, how = more.partition(" ")
            errors[name] = how
        found[operation] = errors
    return found


def not_built() -> set[str]:
    return set(re.findall(r"^\| (\w+) \| not built \|", OPERATIONS.read_text(), re.MULTILINE))


DRIVEN = [(operation, error) for operation, errors in table().items() if operation not in not_built()
          for error, how in errors.items() if how == "driven"]


@pytest.fixture
def worlds(request):
    return request.getfixturevalue


@pytest.mark.parametrize("operation, error", DRIVEN)
def test_documented_error(worlds, operation, error):
    assert DRIVERS[error](worlds, operation) == (400, error)


def test_the_table_knows_every_operation_and_every_note():
    rows = table()
    assert set(rows) == set(re.findall(r"^\| ([A-Z]\w+) \|", OPERATIONS.read_text(), re.MULTILINE))
    notes = set(re.findall(r"^(\d+)\. ", TABLE.read_text(), re.MULTILINE))
    for operation, errors in rows.items():
        assert errors, operation
        for error, how in errors.items():
            assert how == "driven" or how.strip("()") in notes, (operation, error, how)


def test_what_is_not_built_says_so(fine):
    for operation in not_built():
        status, answer = ask(fine.server, operation, StreamName="s")
        assert (status, answer["__type"]) == (400, "NotImplementedException"), operation
        assert operation in answer["message"]


# The errors that every operation has ------------------------------------------------------------------------------------


def test_every_operation_needs_a_signature(fine):
    for operation in set(VALID) - not_built():
        status, answer = send(fine.server, operation, b"{}", signed=False)
        assert (status, json.loads(answer)["__type"]) == (400, "MissingAuthenticationTokenException"), operation


def test_every_operation_refuses_what_is_not_its_json(fine):
    for operation in set(VALID) - not_built():
        for body in (b"{", b"[1]", b'{"StreamName":', b'"text"'):
            status, answer = send(fine.server, operation, body)
            assert (status, json.loads(answer)["__type"]) == (400, "SerializationException"), (operation, body)


def test_unknown_operations_are_named(fine):
    for operation in ("Nothing", "putrecord", ""):
        status, answer = send(fine.server, operation, b"{}")
        assert (status, json.loads(answer)["__type"]) == (400, "UnknownOperationException"), operation


# Members that break a constraint each, and the constraint that AWS names.
BROKEN = {
    "StreamName": ("a b", r"Member must satisfy regular expression pattern: \[a-zA-Z0-9_.-\]\+"),
    "StreamARN": ("x", r"Member must satisfy regular expression pattern: arn:aws\.\*:kinesis:\.\*:\\d\{12\}:stream/\\S\+"),
    "ResourceARN": ("x", r"Member must satisfy regular expression pattern: arn:aws\.\*:kinesis:\.\*:\\d\{12\}:\.\*stream/\\S\+"),
    "ConsumerARN": ("x", r"Member must satisfy regular expression pattern: \(arn\):aws"),
    "StreamId": ("x", r"Member must satisfy regular expression pattern: \[a-z0-9\]\{20\}-\[a-z0-9\]\{3\}"),
    "ShardId": ("a b", r"Member must satisfy regular expression pattern: \[a-zA-Z0-9_.-\]\+"),
    "ConsumerName": ("", "Member must have length greater than or equal to 1"),
    "Limit": (0, "Member must have value greater than or equal to 1"),
    "MaxResults": (0, "Member must have value greater than or equal to 1"),
    "NextToken": ("", "Member must have length greater than or equal to 1"),
}


def test_every_broken_constraint_is_told_at_once_as_aws_words_it(fine):
    """All members of BROKEN that an operation has, in one request. Those that it has not are ignored, as by AWS."""
    told = 0
    for operation in set(VALID) - not_built() - {"DescribeLimits", "DescribeAccountSettings", "UpdateAccountSettings"}:
        body = VALID[operation](Reading(fine, "s", "x")) | {name: value for name, (value, _) in BROKEN.items()}
        status, answer = ask(fine.server, operation, **body)
        assert (status, answer["__type"]) == (400, "ValidationException"), (operation, answer)
        count = int(re.match(r"(\d+) validation errors? detected: ", answer["message"])[1])
        parts = answer["message"].partition(" detected: ")[2].split("; ")
        assert len(parts) == count, answer["message"]
        for part in parts:
            value, member, constraint = re.fullmatch(r"Value (.*) at '(\w+)' failed to satisfy constraint: (.*)", part).groups()
            given, wanted = next((broken for name, broken in BROKEN.items() if name.lower() == member.lower()), (None, ""))
            assert value == f"'{given}'", part
            assert re.match(wanted, constraint) or given == "", part
        told += count
    assert told > 60


def test_a_dry_run_changes_nothing_and_finds_what_the_call_would_find(fine):
    server = fine.server
    stream = fine.create(f"dry-{uuid.uuid4().hex[:8]}", ShardCount=1)
    consumer = fine.register(stream)
    dry = {"StreamName": stream, "PartitionKey": "k", "Data": "", "DryRun": True}
    assert code_of(ask(server, "PutRecord", **dry)) == (400, "DryRunOperation")
    assert code_of(ask(server, "PutRecords", StreamName=stream, Records=[{"PartitionKey": "k", "Data": ""}], DryRun=True)) == (
        400, "DryRunOperation")
    assert ok(server, "GetRecords", ShardIterator=fine.iterator(stream), DryRun=False)["Records"] == []
    assert code_of(ask(server, "PutRecord", fine.nobody, **dry)) == (400, "AccessDenied")
    assert code_of(ask(server, "PutRecord", **dry | {"StreamName": "gone"})) == (400, "ResourceNotFound")
    assert code_of(ask(server, "PutRecord", **dry | {"PartitionKey": ""})) == (400, "Validation")
    assert code_of(ask(server, "PutRecord", **dry | {"ExplicitHashKey": str(2**128)})) == (400, "InvalidArgument")
    assert code_of(ask(server, "PutRecord", **dry | {"Data": "A" * 2**21})) == (400, "InvalidArgument")
    subscribe = {"ConsumerARN": consumer, "ShardId": SHARD_0, "StartingPosition": {"Type": "LATEST"}}
    assert code_of(ask(server, "SubscribeToShard", **subscribe, DryRun=True)) == (400, "DryRunOperation")
    assert code_of(ask(server, "SubscribeToShard", **subscribe | {"ShardId": SHARD_1}, DryRun=True)) == (400, "ResourceNotFound")
    assert ask(server, "SubscribeToShard", **subscribe)[0] == 200, "the dry run was no subscription that would be in use"
