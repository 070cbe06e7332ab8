"""Enhanced fan-out: consumers with the AWS CLI, SubscribeToShard with boto3 over HTTP/1.1."""

import datetime
import json
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError, EventStreamError
from iam_documents import allow, document, stream_arn
from penstock_process import Credentials, PenstockProcess

SHARD = "shardId-000000000000"


@pytest.fixture
def stream(server):
    name = "fo-" + uuid.uuid4().hex[:10]
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    yield name
    server.client("kinesis").delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def register(server, stream: str, name: str = "c") -> str:
    return server.client("kinesis").register_stream_consumer(
        StreamARN=stream_arn(stream), ConsumerName=name)["Consumer"]["ConsumerARN"]


def put(server, stream: str, data: bytes) -> str:
    return server.client("kinesis").put_record(StreamName=stream, PartitionKey="k", Data=data)["SequenceNumber"]


class Subscription:
    """One SubscribeToShard; events are taken as the test asks for them."""

    def __init__(self, server, consumer: str, shard: str = SHARD, who: Credentials | None = None, **position):
        answer = server.client("kinesis", who).subscribe_to_shard(
            ConsumerARN=consumer, ShardId=shard, StartingPosition=position or {"Type": "LATEST"})
        self.stream = answer["EventStream"]
        self.events = iter(self.stream)

    def next(self) -> dict:
        return next(self.events)["SubscribeToShardEvent"]

    def data(self) -> list[bytes]:
        return [record["Data"] for record in self.next()["Records"]]

    def close(self):
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def test_consumers_with_the_cli(server, stream):
    arn = stream_arn(stream)
    made = server.aws("kinesis", "register-stream-consumer", "--stream-arn", arn, "--consumer-name", "first")["Consumer"]
    assert made["ConsumerName"] == "first" and made["ConsumerStatus"] == "CREATING"
    assert made["ConsumerARN"].startswith(f"{arn}/consumer/first:")
    for name in (["--consumer-arn", made["ConsumerARN"]], ["--stream-arn", arn, "--consumer-name", "first"]):
        shown = server.aws("kinesis", "describe-stream-consumer", *name)["ConsumerDescription"]
        assert shown["ConsumerStatus"] == "ACTIVE" and shown["StreamARN"] == arn
    again = server.aws("kinesis", "register-stream-consumer", "--stream-arn", arn, "--consumer-name", "first", check=False)
    assert again.returncode != 0 and "ResourceInUseException" in again.stderr
    server.aws("kinesis", "register-stream-consumer", "--stream-arn", arn, "--consumer-name", "second")
    listed = server.aws("kinesis", "list-stream-consumers", "--stream-arn", arn, "--page-size", "1")["Consumers"]
    assert [consumer["ConsumerName"] for consumer in listed] == ["first", "second"]
    summary = server.aws("kinesis", "describe-stream-summary", "--stream-name", stream)["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 2
    server.aws("kinesis", "deregister-stream-consumer", "--consumer-arn", made["ConsumerARN"])
    listed = server.aws("kinesis", "list-stream-consumers", "--stream-arn", arn)["Consumers"]
    assert [consumer["ConsumerName"] for consumer in listed] == ["second"]


def test_a_record_is_pushed_when_it_is_put(server, stream):
    with Subscription(server, register(server, stream)) as subscription:
        for data in (b"one", b"two"):
            number = put(server, stream, data)
            event = subscription.next()
            assert [record["Data"] for record in event["Records"]] == [data]
            assert event["ContinuationSequenceNumber"] == number and event["MillisBehindLatest"] == 0
            assert event["Records"][0]["PartitionKey"] == "k"


def test_every_starting_position(server, stream):
    first = put(server, stream, b"a")
    arrived = server.client("kinesis").get_records(ShardIterator=server.client("kinesis").get_shard_iterator(
        StreamName=stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"][0]
    next_millisecond = arrived["ApproximateArrivalTimestamp"] + datetime.timedelta(milliseconds=2)
    while datetime.datetime.now(datetime.timezone.utc) < next_millisecond:
        pass
    second = put(server, stream, b"b")
    expected = [
        ({"Type": "TRIM_HORIZON"}, [b"a", b"b"]),
        ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": first}, [b"a", b"b"]),
        ({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": first}, [b"b"]),
        ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": second}, [b"b"]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": arrived["ApproximateArrivalTimestamp"]}, [b"a", b"b"]),
    ]
    for number, (position, data) in enumerate(expected):
        with Subscription(server, register(server, stream, f"c{number}"), **position) as subscription:
            assert subscription.data() == data, position
    with Subscription(server, register(server, stream, "latest"), Type="LATEST") as subscription:
        put(server, stream, b"c")
        assert subscription.data() == [b"c"]


def test_a_closed_shard_ends_with_its_children(server, stream):
    consumer = register(server, stream)
    put(server, stream, b"last")
    with Subscription(server, consumer, Type="TRIM_HORIZON") as subscription:
        assert subscription.data() == [b"last"]
        server.client("kinesis").update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        end = subscription.next()
        assert end["Records"] == [] and "ContinuationSequenceNumber" not in end
        assert [child["ShardId"] for child in end["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
        assert all(child["ParentShards"] == [SHARD] for child in end["ChildShards"])
        with pytest.raises(StopIteration):
            subscription.next()


def with_settings(directory, **kinesis) -> PenstockProcess:
    settings = directory / "penstock.json"
    settings.write_text(json.dumps({"kinesis": kinesis}))
    return PenstockProcess(directory, "--config", str(settings)).start()


def test_who_subscribes_again_too_early_is_refused_and_later_takes_over(tmp_path):
    """"If you call SubscribeToShard again with the same ConsumerARN and ShardId within 5 seconds of a successful call,
    you'll get a ResourceInUseException. If you call it 5 seconds or more after, the second call takes over". Here the
    5 seconds are one (kinesis.subscription_takeover_ms); the default is in ShardSubscriptionTest."""
    server = with_settings(tmp_path, subscription_takeover_ms=1000)
    try:
        server.client("kinesis").create_stream(StreamName="s", ShardCount=1)
        consumer = register(server, "s")
        began = time.monotonic()
        first = Subscription(server, consumer)
        with pytest.raises(ClientError) as caught:
            Subscription(server, consumer)
        assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
        ended = []

        def drain():
            try:
                for _ in first.events:
                    pass
            except EventStreamError as error:
                ended.append(error.response["Error"]["Code"])

        reader = threading.Thread(target=drain)
        reader.start()
        second = None
        while second is None:
            try:
                second = Subscription(server, consumer)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ResourceInUseException"
                assert time.monotonic() < began + 30
        assert time.monotonic() >= began + 0.9
        reader.join(30)
        assert ended == ["ResourceInUseException"]
        put(server, "s", b"x")
        with second:
            assert subscription_data_until(second, 1) == [b"x"]
    finally:
        server.stop()


def test_a_subscription_ends_when_its_life_is_over(tmp_path):
    server = with_settings(tmp_path, subscription_life_ms=200, subscription_idle_ms=50, subscription_takeover_ms=0)
    try:
        server.client("kinesis").create_stream(StreamName="s", ShardCount=1)
        consumer = register(server, "s")
        with Subscription(server, consumer) as subscription:
            events = [event["SubscribeToShardEvent"] for event in subscription.events]
        assert events and all(event["Records"] == [] for event in events), "idle events, then the end"
        with Subscription(server, consumer, Type="AFTER_SEQUENCE_NUMBER",
                          SequenceNumber=events[-1]["ContinuationSequenceNumber"]) as again:
            put(server, "s", b"x")
            assert subscription_data_until(again, 1) == [b"x"]
    finally:
        server.stop()


def subscription_data_until(subscription: Subscription, count: int) -> list[bytes]:
    data: list[bytes] = []
    while len(data) < count:
        data += subscription.data()
    return data


def test_an_idle_shard_says_so(server, stream):
    with Subscription(server, register(server, stream)) as subscription:
        event = subscription.next()  # within the client's 60 s read timeout
        assert event["Records"] == [] and event["MillisBehindLatest"] == 0
        number = put(server, stream, b"x")
        assert subscription.next()["ContinuationSequenceNumber"] == number
        assert int(event["ContinuationSequenceNumber"]) < int(number)


def test_deregistering_ends_the_subscription(server, stream):
    consumer = register(server, stream)
    with Subscription(server, consumer) as subscription:
        server.client("kinesis").deregister_stream_consumer(ConsumerARN=consumer)
        with pytest.raises(EventStreamError) as caught:
            subscription.next()
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_it_is_authorised_on_the_consumer(server, stream):
    iam, user = server.client("iam"), "fo-" + uuid.uuid4().hex[:10]
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    who = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    mine, other = register(server, stream, "mine"), register(server, stream, "other")
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(allow("kinesis:SubscribeToShard", mine)))
    put(server, stream, b"x")
    with Subscription(server, mine, who=who, Type="TRIM_HORIZON") as subscription:
        assert subscription.data() == [b"x"]
    with pytest.raises(ClientError) as caught:
        Subscription(server, other, who=who)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_consumers_show_their_states_as_long_as_the_settings_say(tmp_path):
    server = with_settings(tmp_path, consumer_creating_ms=500, consumer_deleting_ms=500)
    try:
        kinesis = server.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        consumer = register(server, "s")

        def status() -> str:
            return kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"]

        assert status() == "CREATING"
        with pytest.raises(ClientError) as caught:
            Subscription(server, consumer)
        error = caught.value.response["Error"]
        assert error["Code"] == "ResourceInUseException" and error["Message"].endswith("is not in ACTIVE status.")
        while status() == "CREATING":
            pass
        assert status() == "ACTIVE"
        kinesis.deregister_stream_consumer(ConsumerARN=consumer)
        assert status() == "DELETING"
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
            while status() == "DELETING":
                pass
    finally:
        server.stop()


def test_consumers_and_their_subscriptions_survive_a_restart(own_server):
    own_server.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    consumer = register(own_server, "s")
    number = put(own_server, "s", b"a")
    own_server.kill()
    own_server.start()
    with Subscription(own_server, consumer, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=number) as subscription:
        put(own_server, "s", b"b")
        assert subscription.data() == [b"b"]
