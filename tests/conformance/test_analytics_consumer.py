"""A batch job that takes the consumer role, reads from TRIM_HORIZON in pages of 10,000 and checkpoints: docs/analytics.md.

The calls are those of a Spark Kinesis source.
"""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from iam_documents import allow, document
from penstock_process import ACCOUNT, REGION, Credentials

EXTERNAL_ID = "multispeq-analysis"
# As in terraform/modules/kinesis/consumer.tf.
READS = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
         "kinesis:ListShards", "kinesis:ListStreamConsumers", "kinesis:RegisterStreamConsumer"]


def trust(*principals: str) -> str:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)},
                     "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}})


@pytest.fixture
def stream(server):
    name = "analytics-" + uuid.uuid4().hex[:8]
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    yield name
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


@pytest.fixture
def role(server, stream):
    """A role as an external reader has it: its trust names the account, and the role itself."""
    name = stream + "-consumer"
    itself = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    iam = server.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:root", itself))
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document(
        allow(READS, arn), allow(["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"], [arn, arn + "/consumer/*"]),
        allow(["kinesis:DescribeLimits", "kinesis:ListStreams"])))
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def analyst(server) -> Credentials:
    """Whoever runs the job: roles may not be assumed by root."""
    iam = server.client("iam")
    name = "analyst-" + uuid.uuid4().hex[:8]
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(allow("sts:AssumeRole")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def take(server, role: str, who: Credentials, external_id: str | None = EXTERNAL_ID) -> Credentials:
    given = {"ExternalId": external_id} if external_id else {}
    answer = server.client("sts", who).assume_role(RoleArn=role, RoleSessionName="job", **given)["Credentials"]
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


class Job:
    """One run of the reader. `checkpoint` is all that it knows of earlier runs: the last sequence number of each shard."""

    def __init__(self, kinesis, stream: str, checkpoint: dict[str, str]):
        self.kinesis, self.stream, self.checkpoint = kinesis, stream, checkpoint

    def shards(self) -> list[dict]:
        shards, more = [], {"StreamName": self.stream, "MaxResults": 1}
        while True:
            page = self.kinesis.list_shards(**more)
            shards += page["Shards"]
            if "NextToken" not in page:
                return shards
            more = {"NextToken": page["NextToken"]}

    def pages(self, shard: str):
        last = self.checkpoint.get(shard)
        start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last} if last else {
            "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(StreamName=self.stream, ShardId=shard, **start)["ShardIterator"]
        while iterator:
            page = self.kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            yield page["Records"]
            iterator = page.get("NextShardIterator")
            if page["Records"]:
                self.checkpoint[shard] = page["Records"][-1]["SequenceNumber"]
            if page["MillisBehindLatest"] == 0:
                return

    def run(self, pages_max: int | None = None) -> list[dict]:
        """Everything that is new, parents before children; stops early, as if it was killed, after that many pages."""
        seen, left = [], pages_max
        for shard in sorted(self.shards(), key=lambda s: s["SequenceNumberRange"]["StartingSequenceNumber"]):
            for records in self.pages(shard["ShardId"]):
                seen += [json.loads(record["Data"]) | {"key": record["PartitionKey"]} for record in records]
                if left is not None and (left := left - 1) == 0:
                    if records:  # the page was handled and its checkpoint written before the end came
                        self.checkpoint[shard["ShardId"]] = records[-1]["SequenceNumber"]
                    return seen
        return seen


def put(server, stream: str, first: int, count: int) -> None:
    kinesis = server.client("kinesis")
    for start in range(first, first + count, 500):
        answer = kinesis.put_records(StreamName=stream, Records=[
            {"Data": json.dumps({"n": n}).encode(), "PartitionKey": f"device-{n % 7}"}
            for n in range(start, min(start + 500, first + count))])
        assert answer["FailedRecordCount"] == 0


def test_the_role_is_taken_with_its_external_id_only(server, role, analyst):
    assert take(server, role, analyst).token
    for wrong in (None, "another"):
        with pytest.raises(ClientError) as refused:
            take(server, role, analyst, wrong)
        assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_a_role_whose_trust_names_itself_may_take_itself(server, role, analyst):
    once = take(server, role, analyst)
    again = take(server, role, once)
    who = server.client("sts", again).get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/', 1)[1]}/job"


def test_the_role_reads_this_stream_and_writes_nothing(server, stream, role, analyst):
    reader = server.client("kinesis", take(server, role, analyst))
    assert reader.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    assert stream in reader.list_streams()["StreamNames"]
    with pytest.raises(ClientError) as refused:
        reader.put_record(StreamName=stream, PartitionKey="k", Data=b"x")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_job_goes_on_from_its_checkpoint_across_a_reshard_and_sees_every_record_once(server, stream, role, analyst):
    put(server, stream, 0, 11_000)
    checkpoint: dict[str, str] = {}
    seen = Job(server.client("kinesis", take(server, role, analyst)), stream, checkpoint).run(pages_max=1)
    assert 0 < len(seen) <= 10_000
    kinesis = server.client("kinesis")
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    put(server, stream, 11_000, 3_000)
    checkpoint = json.loads(json.dumps(checkpoint))  # all that outlives the first run
    seen += Job(server.client("kinesis", take(server, role, analyst)), stream, checkpoint).run()
    assert sorted(record["n"] for record in seen) == list(range(14_000))
    for device in range(7):
        numbers = [record["n"] for record in seen if record["key"] == f"device-{device}"]
        assert numbers == sorted(numbers), "the order of a partition key"
    put(server, stream, 14_000, 10)
    assert len(Job(server.client("kinesis", take(server, role, analyst)), stream, checkpoint).run()) == 10
    assert Job(server.client("kinesis", take(server, role, analyst)), stream, checkpoint).run() == []


def test_fan_out_with_the_role(server, stream, role, analyst):
    """consumerMode efo: the source registers a consumer and subscribes."""
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    put(server, stream, 0, 20)
    reader = server.client("kinesis", take(server, role, analyst))
    consumer = reader.register_stream_consumer(StreamARN=arn, ConsumerName="spark")["Consumer"]["ConsumerARN"]
    assert reader.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    got = []
    for shard in reader.list_shards(StreamName=stream)["Shards"]:
        events = reader.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard["ShardId"],
                                           StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]
        for event in events:
            got += event["SubscribeToShardEvent"]["Records"]
            if event["SubscribeToShardEvent"]["MillisBehindLatest"] == 0:
                break
        events.close()
    assert sorted(json.loads(record["Data"])["n"] for record in got) == list(range(20))
