"""Every Kinesis operation in every protocol and with every stock client: JSON 1.1 and CBOR 1.1 over HTTP/1.1, JSON 1.1 over
HTTP/2, raw and signed; the AWS SDK for JavaScript over HTTP/2, plain and TLS; boto3; the AWS CLI.

One scenario walks through the life of a stream; docs/kinesis-operations.md lists what it covers, and a test holds the two
together.
"""

import base64
import datetime
import http.client
import json
import re
import shutil
import subprocess
import time
import uuid

import javascript
import pytest
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cbor_wire import Milliseconds, decode, encode
from penstock_process import ACCOUNT, REGION, ROOT, ROOT_KEY, ROOT_SECRET

TABLE = ROOT / "docs" / "kinesis-operations.md"


class Caller:
    """Calls operations in one protocol; bytes and times are bytes and seconds on this side."""

    content_type = "application/x-amz-json-1.1"
    newer = None  # in place of what the client is too old to read

    def __init__(self, server):
        self.host, self.port = server.host_port("api")
        self.called: set[str] = set()

    def __call__(self, operation: str, **parameters):
        body = self.encode(parameters)
        request = AWSRequest("POST", f"http://{self.host}:{self.port}/", data=body, headers={
            "X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": self.content_type})
        SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "kinesis", REGION).add_auth(request)
        status, answer = self.send(dict(request.headers), body)
        assert status == 200, (operation, answer)
        self.called.add(operation)
        return self.decode(answer) if answer else {}

    def send(self, headers: dict, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            assert answer.headers["Content-Type"] == self.content_type
            return answer.status, answer.read()
        finally:
            connection.close()

    def encode(self, parameters: dict) -> bytes:
        return json.dumps(parameters, default=lambda data: base64.b64encode(data).decode()).encode()

    def decode(self, answer: bytes):
        return json.loads(answer)

    def data(self, value) -> bytes:
        return base64.b64decode(value)

    def seconds(self, value) -> float:
        return value

    def moment(self, seconds: float):
        return seconds

    def close(self) -> None:
        pass


class Cbor(Caller):
    content_type = "application/x-amz-cbor-1.1"

    def encode(self, parameters: dict) -> bytes:
        return encode(parameters, True)

    def decode(self, answer: bytes):
        return decode(answer)

    def data(self, value) -> bytes:
        return value

    def seconds(self, value) -> float:
        assert isinstance(value, Milliseconds)
        return value / 1000

    def moment(self, seconds: float):
        return Milliseconds(int(seconds * 1000))


class Http2(Caller):
    """curl speaks HTTP/2 by prior knowledge."""

    def send(self, headers: dict, body: bytes) -> tuple[int, bytes]:
        given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{stderr}%{http_code} %{http_version}", *given,
                               "--data-binary", "@-", f"http://{self.host}:{self.port}/"], input=body, capture_output=True, timeout=60)
        status, version = done.stderr.decode().split()
        assert version == "2", done.stderr
        return int(status), done.stdout


class JavaScript(Caller):
    """The AWS SDK for JavaScript, which speaks HTTP/2 by prior knowledge."""

    door = "api"

    def __init__(self, server):
        super().__init__(server)
        self.sdk = javascript.Sdk(server, self.door)
        self.data, self.seconds, self.moment, self.close = self.sdk.data, self.sdk.seconds, self.sdk.moment, self.sdk.close

    def __call__(self, operation: str, **parameters):
        told = self.sdk.call("kinesis", operation, parameters)
        assert "error" not in told, (operation, told)
        assert told["protocol"] == "h2"
        self.called.add(operation)
        return told["answer"]


class JavaScriptTls(JavaScript):
    """The same; ALPN chooses HTTP/2."""

    door = "api_tls"


class Boto3(Caller):
    """The boto3 that is installed. What it is too old to know goes as JSON by hand."""

    newer = 2048

    def __init__(self, server):
        super().__init__(server)
        self.client = server.client("kinesis")

    def __call__(self, operation: str, **parameters):
        if not self.knows(operation, parameters):
            return super().__call__(operation, **parameters)
        answer = getattr(self.client, xform_name(operation))(**parameters)
        del answer["ResponseMetadata"]
        self.called.add(operation)
        return answer

    def knows(self, operation: str, parameters: dict) -> bool:
        service = self.client.meta.service_model
        if operation not in service.operation_names:
            return False
        shape = service.operation_model(operation).input_shape
        return set(parameters) <= set(shape.members if shape else {})

    def data(self, value) -> bytes:
        return value if isinstance(value, bytes) else base64.b64decode(value)

    def seconds(self, value) -> float:
        return value.timestamp() if isinstance(value, datetime.datetime) else value

    def moment(self, seconds: float):
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


class AwsCli(Caller):
    """Version 2 of the AWS CLI, a process for each call. What the installed one is too old to know goes as JSON by hand."""

    newer = 2048

    def __init__(self, server):
        super().__init__(server)
        self.server = server

    def __call__(self, operation: str, **parameters):
        done = self.server.aws("kinesis", xform_name(operation, "-"), "--no-paginate", "--cli-input-json",
                               self.encode(parameters).decode(), check=False)
        if done.returncode == 252 and ("Invalid choice" in done.stderr or "Unknown parameter" in done.stderr):
            return super().__call__(operation, **parameters)
        assert done.returncode == 0, (operation, done.stderr)
        self.called.add(operation)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def seconds(self, value) -> float:
        return datetime.datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


CALLERS = [Caller, Cbor, pytest.param(Http2, marks=pytest.mark.skipif(shutil.which("curl") is None, reason="NO curl HERE")),
           JavaScript, JavaScriptTls, Boto3, AwsCli]


def until_active(call, name: str) -> dict:
    deadline = time.monotonic() + 20
    while True:
        summary = call("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        assert time.monotonic() < deadline, summary


def every_operation(call, name: str) -> None:
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
    assert call("DescribeLimits")["ShardLimit"] > 0
    call("CreateStream", StreamName=name, ShardCount=1, Tags={"crop": "tomato"})
    assert until_active(call, name)["OpenShardCount"] == 1
    assert name in call("ListStreams", Limit=10_000)["StreamNames"]
    description = call("DescribeStream", StreamARN=arn)["StreamDescription"]
    assert abs(call.seconds(description["StreamCreationTimestamp"]) - time.time()) < 60
    tags(call, name, arn)
    retention(call, name)
    records(call, name)
    shards(call, name)
    policies(call, arn)
    consumers(call, arn)
    monitoring(call, name)
    settings(call, name, arn)
    encryption(call, name, arn)
    call("DeleteStream", StreamName=name, EnforceConsumerDeletion=True)


def tags(call, name: str, arn: str) -> None:
    call("AddTagsToStream", StreamName=name, Tags={"field": "north"})
    call("TagResource", ResourceARN=arn, Tags={"row": "7"})
    assert {tag["Key"]: tag["Value"] for tag in call("ListTagsForStream", StreamName=name)["Tags"]} == {
        "crop": "tomato", "field": "north", "row": "7"}
    call("RemoveTagsFromStream", StreamName=name, TagKeys=["field"])
    call("UntagResource", ResourceARN=arn, TagKeys=["row"])
    assert call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "crop", "Value": "tomato"}]


def retention(call, name: str) -> None:
    call("IncreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=48)
    assert until_active(call, name)["RetentionPeriodHours"] == 48
    call("DecreaseStreamRetentionPeriod", StreamName=name, RetentionPeriodHours=24)
    assert until_active(call, name)["RetentionPeriodHours"] == 24


def records(call, name: str) -> None:
    put = call("PutRecord", StreamName=name, PartitionKey="Schlüssel", Data=b"\x00one\xff")
    assert put["ShardId"] == "shardId-000000000000"
    many = call("PutRecords", StreamName=name, Records=[{"PartitionKey": str(i), "Data": b"%d" % i} for i in range(3)])
    assert many["FailedRecordCount"] == 0
    start = call("GetShardIterator", StreamName=name, ShardId=put["ShardId"], ShardIteratorType="AT_TIMESTAMP",
                 Timestamp=call.moment(time.time() - 3600))
    page = call("GetRecords", ShardIterator=start["ShardIterator"], Limit=100)
    assert [call.data(record["Data"]) for record in page["Records"]] == [b"\x00one\xff", b"0", b"1", b"2"]
    assert page["Records"][0]["PartitionKey"] == "Schlüssel"
    assert page["MillisBehindLatest"] == 0


def shards(call, name: str) -> None:
    call("SplitShard", StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    until_active(call, name)
    listed = call("ListShards", StreamName=name)["Shards"]
    assert [shard.get("ParentShardId") for shard in listed] == [None, "shardId-000000000000", "shardId-000000000000"]
    call("MergeShards", StreamName=name, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002")
    assert until_active(call, name)["OpenShardCount"] == 1
    assert call("UpdateShardCount", StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")["TargetShardCount"] == 2
    assert until_active(call, name)["OpenShardCount"] == 2


def policies(call, arn: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kinesis:GetRecords", "Resource": arn}]})
    call("PutResourcePolicy", ResourceARN=arn, Policy=policy)
    assert json.loads(call("GetResourcePolicy", ResourceARN=arn)["Policy"]) == json.loads(policy)
    call("DeleteResourcePolicy", ResourceARN=arn)


def consumers(call, arn: str) -> None:
    consumer = call("RegisterStreamConsumer", StreamARN=arn, ConsumerName="reader")["Consumer"]
    described = call("DescribeStreamConsumer", ConsumerARN=consumer["ConsumerARN"])["ConsumerDescription"]
    assert described["StreamARN"] == arn
    assert [one["ConsumerName"] for one in call("ListStreamConsumers", StreamARN=arn)["Consumers"]] == ["reader"]
    call("DeregisterStreamConsumer", ConsumerARN=consumer["ConsumerARN"])


def monitoring(call, name: str) -> None:
    on = call("EnableEnhancedMonitoring", StreamName=name, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
    assert (on["CurrentShardLevelMetrics"], on["DesiredShardLevelMetrics"]) == ([], ["IncomingBytes", "OutgoingBytes"])
    assert until_active(call, name)["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes", "OutgoingBytes"]}]
    off = call("DisableEnhancedMonitoring", StreamName=name, ShardLevelMetrics=["ALL"])
    assert (off["CurrentShardLevelMetrics"], off["DesiredShardLevelMetrics"]) == (["IncomingBytes", "OutgoingBytes"], [])
    until_active(call, name)


def settings(call, name: str, arn: str) -> None:
    call("UpdateMaxRecordSize", StreamARN=arn, MaxRecordSizeInKiB=2048)
    # Clients older than the field leave it out.
    assert until_active(call, name).get("MaxRecordSizeInKiB", call.newer) == 2048
    call("UpdateStreamMode", StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert until_active(call, name)["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"


def encryption(call, name: str, arn: str) -> None:
    call("StartStreamEncryption", StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = until_active(call, name)
    assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", "alias/aws/kinesis")
    put = call("PutRecord", StreamName=name, PartitionKey="k", Data=b"secret")
    many = call("PutRecords", StreamName=name, Records=[{"PartitionKey": "k", "Data": b"secret"}])
    assert put["EncryptionType"] == many["EncryptionType"] == "KMS"
    start = call("GetShardIterator", StreamName=name, ShardId=put["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                 StartingSequenceNumber=put["SequenceNumber"])
    page = call("GetRecords", ShardIterator=start["ShardIterator"])
    assert [(call.data(record["Data"]), record["EncryptionType"]) for record in page["Records"]] == [(b"secret", "KMS")] * 2
    call("StopStreamEncryption", StreamARN=arn, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert until_active(call, name)["EncryptionType"] == "NONE"
    assert "EncryptionType" not in call("PutRecord", StreamName=name, PartitionKey="k", Data=b"plain")


@pytest.mark.parametrize("protocol", CALLERS)
def test_every_operation(server, protocol):
    call = protocol(server)
    try:
        every_operation(call, f"every-{uuid.uuid4().hex[:8]}")
    finally:
        call.close()
    documented = set(re.findall(r"^\| (\w+) \| scenario \|", TABLE.read_text(), re.MULTILINE))
    assert call.called == documented, "docs/kinesis-operations.md names what this scenario covers"
