"""Resource policies of streams are stored, checked and evaluated; conditions on tags hold.

Debian's boto3 is older than these operations: the requests are signed with its signer and sent as they are.
"""

import http.client
import json
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError
from iam_documents import TRUST_IOT, allow, deny, document, stream_arn
from penstock_process import ACCOUNT, REGION, Credentials


class Refused(Exception):
    def __init__(self, status: int, error: dict):
        super().__init__(error)
        self.status, self.code, self.message = status, error["__type"], error.get("message", "")


def call(server, operation: str, who: Credentials | None = None, **body):
    host, port = server.host_port("api")
    who = who or Credentials()
    text = json.dumps(body).encode()
    request = AWSRequest("POST", f"http://{host}:{port}/", data=text,
                         headers={"X-Amz-Target": f"Kinesis_20131202.{operation}",
                                  "Content-Type": "application/x-amz-json-1.1"})
    SigV4Auth(Signer(who.key, who.secret, who.token), "kinesis", REGION).add_auth(request)
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("POST", "/", text, dict(request.headers))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise Refused(answer.status, json.loads(content))
    return json.loads(content) if content else None


def granting(principal, action, resource, effect="Allow") -> str:
    return document({"Effect": effect, "Principal": principal, "Action": action, "Resource": resource})


@pytest.fixture
def stream(server):
    name = "rp-" + uuid.uuid4().hex[:10]
    server.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    yield name
    server.client("kinesis").delete_stream(StreamName=name)


@pytest.fixture
def person(server):
    """(its ARN, its key); it has no policy of its own."""
    iam, name = server.client("iam"), "p" + uuid.uuid4().hex[:10]
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def put(server, who, stream: str):
    return call(server, "PutRecord", who, StreamName=stream, PartitionKey="k", Data="MQ==")


def expect_denied(server, who, stream: str, reason: str):
    with pytest.raises(Refused) as caught:
        put(server, who, stream)
    assert caught.value.code == "AccessDeniedException" and caught.value.message.endswith(reason)


def test_a_policy_is_kept_replaced_and_deleted(own_server):
    call(own_server, "CreateStream", StreamName="s", ShardCount=1)
    arn = stream_arn("s")
    with pytest.raises(Refused) as caught:
        call(own_server, "GetResourcePolicy", ResourceARN=arn)
    assert caught.value.code == "ResourceNotFoundException"
    for action in ("kinesis:PutRecord", ["kinesis:GetRecords", "kinesis:ListShards"]):
        policy = granting({"AWS": "111122223333"}, action, arn)
        assert call(own_server, "PutResourcePolicy", ResourceARN=arn, Policy=policy) is None
        assert call(own_server, "GetResourcePolicy", ResourceARN=arn) == {"Policy": policy}
    own_server.kill()
    own_server.start()
    assert call(own_server, "GetResourcePolicy", ResourceARN=arn) == {"Policy": policy}
    assert call(own_server, "DeleteResourcePolicy", ResourceARN=arn) is None
    with pytest.raises(Refused) as caught:
        call(own_server, "DeleteResourcePolicy", ResourceARN=arn)
    assert caught.value.code == "ResourceNotFoundException"


def test_it_allows_whom_it_names(server, stream, person):
    arn, who = person
    expect_denied(server, who, stream, "because no identity-based policy allows the kinesis:PutRecord action")
    call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream),
         Policy=granting({"AWS": arn}, "kinesis:PutRecord", stream_arn(stream)))
    assert put(server, who, stream)["ShardId"] == "shardId-000000000000"
    with pytest.raises(Refused) as caught:
        call(server, "DescribeStreamSummary", who, StreamName=stream)
    assert caught.value.code == "AccessDeniedException", "only what the policy lists"
    call(server, "DeleteResourcePolicy", ResourceARN=stream_arn(stream))
    expect_denied(server, who, stream, "because no identity-based policy allows the kinesis:PutRecord action")


def test_its_deny_beats_every_allow(server, stream, person):
    arn, who = person
    iam = server.client("iam")
    iam.put_user_policy(UserName=arn.rpartition("/")[2], PolicyName="all", PolicyDocument=document(allow("kinesis:*")))
    put(server, who, stream)
    call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream),
         Policy=granting({"AWS": arn}, "kinesis:PutRecord", stream_arn(stream), "Deny"))
    expect_denied(server, who, stream, "with an explicit deny in a resource-based policy")
    put(server, None, stream)


def test_a_policy_for_another_account_lets_nobody_of_this_one_in(server, stream, person):
    _, who = person
    call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream),
         Policy=granting({"AWS": "arn:aws:iam::111122223333:root"}, "kinesis:PutRecord", stream_arn(stream)))
    expect_denied(server, who, stream, "because no identity-based policy allows the kinesis:PutRecord action")


def test_a_stream_of_another_account_needs_its_owners_policy(server, person):
    arn, who = person
    server.client("iam").put_user_policy(UserName=arn.rpartition("/")[2], PolicyName="all",
                                         PolicyDocument=document(allow("kinesis:*")))
    theirs = stream_arn("s").replace(ACCOUNT, "999999999999")
    with pytest.raises(Refused) as caught:
        call(server, "PutRecord", who, StreamARN=theirs, PartitionKey="k", Data="")
    assert caught.value.message.endswith("because no resource-based policy allows the kinesis:PutRecord action")


@pytest.mark.parametrize("policy", [
    "not json", "{}",
    document(allow("kinesis:PutRecord")),  # no principal
    granting({"AWS": "111122223333"}, "kinesis:DeleteStream", "*"),
    granting({"AWS": "111122223333"}, "s3:GetObject", "*"),
    granting({"AWS": "111122223333"}, "kinesis:PutRecord", stream_arn("another")),
    granting({"AWS": "who"}, "kinesis:PutRecord", "*"),
])
def test_what_is_no_policy_for_the_stream_is_refused(server, stream, policy):
    with pytest.raises(Refused) as caught:
        call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream), Policy=policy)
    assert caught.value.code == "InvalidArgumentException" and caught.value.message


def test_who_subscribes_needs_the_consumers_policy_and_not_the_streams(server, stream, person):
    """AWS's KCL page ("IAM permissions required for KCL consumer applications") allows SubscribeToShard on .../consumer/*
    alone; a consumer is shared by the policy that is put on it."""
    arn, who = person
    kinesis = server.client("kinesis", who)
    consumer = call(server, "RegisterStreamConsumer", StreamARN=stream_arn(stream), ConsumerName="c")["Consumer"]["ConsumerARN"]

    def subscribe():
        kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                   StartingPosition={"Type": "LATEST"})["EventStream"].close()

    def expect_refused(reason: str):
        with pytest.raises(ClientError) as caught:
            subscribe()
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        assert caught.value.response["Error"]["Message"].endswith(reason)

    unlisted = "because no identity-based policy allows the kinesis:SubscribeToShard action"
    expect_refused(unlisted)
    call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream),
         Policy=granting({"AWS": arn}, "kinesis:SubscribeToShard", stream_arn(stream)))
    expect_refused(unlisted)
    call(server, "PutResourcePolicy", ResourceARN=consumer,
         Policy=granting({"AWS": arn}, "kinesis:SubscribeToShard", consumer))
    subscribe()
    server.client("iam").put_user_policy(UserName=arn.rpartition("/")[2], PolicyName="all",
                                         PolicyDocument=document(allow("kinesis:*")))
    call(server, "PutResourcePolicy", ResourceARN=consumer,
         Policy=granting({"AWS": arn}, "kinesis:SubscribeToShard", consumer, "Deny"))
    expect_refused("with an explicit deny in a resource-based policy")
    call(server, "DeregisterStreamConsumer", ConsumerARN=consumer)


def test_a_rule_may_not_write_where_the_streams_policy_denies_its_role(server, stream):
    """The rule engine asks the stream's policy too."""
    iam, iot, suffix = server.client("iam"), server.client("iot"), uuid.uuid4().hex[:8]
    role = iam.create_role(RoleName=f"writer-{suffix}", AssumeRolePolicyDocument=TRUST_IOT)["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"writer-{suffix}", PolicyName="p",
                        PolicyDocument=document(allow("kinesis:PutRecord", stream_arn(stream))))
    rule = {"sql": f"SELECT * FROM 'rp/{suffix}'", "actions": [
        {"kinesis": {"roleArn": role, "streamName": stream, "partitionKey": "k"}}]}
    iot.create_topic_rule(ruleName=f"rp_{suffix}", topicRulePayload=rule)
    from mqtt_device import MqttDevice
    device = MqttDevice(server.host_port("mqtt"), f"rp-{suffix}")
    kinesis = server.client("kinesis")

    def records():
        start = kinesis.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
        return [r["Data"] for r in kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]]

    assert device.publish(f"rp/{suffix}", b'{"n":1}')
    assert records() == [b'{"n":1}']
    call(server, "PutResourcePolicy", ResourceARN=stream_arn(stream),
         Policy=granting({"AWS": role}, "kinesis:PutRecord", stream_arn(stream), "Deny"))
    device.publish(f"rp/{suffix}", b'{"n":2}')
    assert records() == [b'{"n":1}']


def test_conditions_on_tags(server, person):
    arn, who = person
    user = arn.rpartition("/")[2]
    red, blue = "rp-red-" + uuid.uuid4().hex[:8], "rp-blue-" + uuid.uuid4().hex[:8]
    call(server, "CreateStream", StreamName=red, ShardCount=1, Tags={"team": "red"})
    call(server, "CreateStream", StreamName=blue, ShardCount=1, Tags={"team": "blue"})
    server.client("iam").put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(
        allow("kinesis:PutRecord", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}),
        allow(["kinesis:TagResource", "kinesis:CreateStream"],
              Condition={"StringEquals": {"aws:RequestTag/team": "red"},
                         "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "note"]}})))
    put(server, who, red)
    expect_denied(server, who, blue, "because no identity-based policy allows the kinesis:PutRecord action")
    call(server, "TagResource", who, ResourceARN=stream_arn(red), Tags={"team": "red", "note": "x"})
    assert {t["Key"]: t["Value"] for t in call(server, "ListTagsForResource", ResourceARN=stream_arn(red))["Tags"]} == {
        "team": "red", "note": "x"}
    for tags in ({"team": "blue"}, {"team": "red", "other": "x"}, {"note": "x"}):
        with pytest.raises(Refused) as caught:
            call(server, "TagResource", who, ResourceARN=stream_arn(red), Tags=tags)
        assert caught.value.code == "AccessDeniedException", tags
    with pytest.raises(Refused) as caught:
        call(server, "CreateStream", who, StreamName="rp-never", ShardCount=1, Tags={"team": "red"})
    assert "kinesis:AddTagsToStream" in caught.value.message, "tags for a new stream are an action of their own"
    server.client("iam").put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(deny("kinesis:*")))
