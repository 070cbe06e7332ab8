"""Topic rules end to end: boto3 makes the role, the stream and the rule; mosquitto publishes; the records are read back."""

import base64
import json
import subprocess
import uuid

import botocore.exceptions
import pytest
from penstock_process import ACCOUNT, REGION

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def fresh(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:10]}"


def make_stream(server) -> str:
    kinesis = server.client("kinesis")
    name = fresh("stream")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return name


def stream_arn(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def make_role(server, actions: dict[str, str], trust: str = TRUST) -> tuple[str, str]:
    """A role that IoT Core may take; `actions`: action -> resource that its inline policy allows. (name, ARN)"""
    iam = server.client("iam")
    name = fresh("role")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if actions:
        allow(server, name, actions)
    return name, arn


def allow(server, role: str, actions: dict[str, str]) -> None:
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in actions.items()]
    server.client("iam").put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": statements}))


def make_rule(server, sql: str, actions: list, error_action: dict | None = None) -> str:
    name = fresh("rule")
    payload = {"sql": sql, "actions": actions, "awsIotSqlVersion": "2016-03-23"}
    if error_action:
        payload["errorAction"] = error_action
    server.client("iot").create_topic_rule(ruleName=name, topicRulePayload=payload)
    return name


def publish(server, topic: str, payload: bytes, client_id: str = "", qos: int = 1) -> None:
    """At QoS 1 mosquitto_pub ends with status 0 only when the PUBACK has come."""
    host, port = server.host_port("mqtt")
    identity = ["-i", client_id] if client_id else []
    subprocess.run(["mosquitto_pub", "-h", host, "-p", str(port), *identity, "-t", topic, "-q", str(qos), "-s"],
                   input=payload, check=True, timeout=30, capture_output=True)


def records(server, stream: str) -> list[dict]:
    kinesis = server.client("kinesis")
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000",
                                          ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return kinesis.get_records(ShardIterator=iterator)["Records"]


def test_a_measurement_is_in_the_stream_when_its_puback_comes(server):
    stream = make_stream(server)
    _, role = make_role(server, {"kinesis:PutRecord": stream_arn(stream)})
    root = fresh("experiment")
    make_rule(server, f"SELECT topic() as topic, clientid() as client_id, * FROM '{root}/data_ingest/v1/+/+/+/+'",
              [{"kinesis": {"roleArn": role, "streamName": stream, "partitionKey": "${topic(7)}"}}])
    topic = f"{root}/data_ingest/v1/e1/multispeq/v2/s9"
    sent = {"device": "s9", "big": 12345678901234567890, "value": 0.1, "text": "é\n", "list": [1, 2.5, None]}
    publish(server, topic, json.dumps(sent).encode(), client_id="device-s9")
    got = records(server, stream)
    assert len(got) == 1
    assert got[0]["PartitionKey"] == "s9"
    assert json.loads(got[0]["Data"]) == {"topic": topic, "client_id": "device-s9", **sent}

    publish(server, f"{root}/data_ingest/v2/e1/multispeq/v2/s9", b"{}")
    assert len(records(server, stream)) == 1


def test_without_permission_the_error_action_runs_and_nothing_reaches_the_stream(server):
    stream, errors = make_stream(server), make_stream(server)
    denied_name, denied = make_role(server, {"kinesis:DescribeStream": "*"})
    _, fallback = make_role(server, {"kinesis:PutRecord": stream_arn(errors)})
    topic = fresh("topic")
    rule = make_rule(server, f"SELECT * FROM '{topic}'",
                     [{"kinesis": {"roleArn": denied, "streamName": stream, "partitionKey": "k"}}],
                     {"kinesis": {"roleArn": fallback, "streamName": errors, "partitionKey": "e"}})
    publish(server, topic, b"\x00not json\xff", client_id="device-1")
    assert records(server, stream) == []
    told = [json.loads(record["Data"]) for record in records(server, errors)]
    assert len(told) == 1
    assert told[0]["ruleName"] == rule
    assert told[0]["topic"] == topic
    assert told[0]["clientId"] == "device-1"
    assert base64.b64decode(told[0]["base64OriginalPayload"]) == b"\x00not json\xff"
    failure, = told[0]["failures"]
    assert failure["failedAction"] == "KinesisAction"
    assert failure["failedResource"] == stream
    assert "is not authorized to perform: kinesis:PutRecord" in failure["errorMessage"]

    # A permission that is given holds for the next message, and so does its end.
    allow(server, denied_name, {"kinesis:PutRecord": stream_arn(stream)})
    publish(server, topic, b"second")
    assert [record["Data"] for record in records(server, stream)] == [b"second"]
    server.client("iam").delete_role_policy(RoleName=denied_name, PolicyName="may")
    publish(server, topic, b"third")
    assert len(records(server, stream)) == 1
    assert len(records(server, errors)) == 2


def test_a_role_that_does_not_trust_iot_core_cannot_be_used(server):
    stream = make_stream(server)
    trust = TRUST.replace("iot.amazonaws.com", "lambda.amazonaws.com")
    _, role = make_role(server, {"kinesis:PutRecord": "*"}, trust)
    topic = fresh("topic")
    try:
        make_rule(server, f"SELECT * FROM '{topic}'",
                  [{"kinesis": {"roleArn": role, "streamName": stream, "partitionKey": "k"}}])
    except botocore.exceptions.ClientError as error:
        assert "sts:AssumeRole" in error.response["Error"]["Message"]
        return
    publish(server, topic, b"x")
    assert records(server, stream) == []


def test_where_disable_enable_replace_and_delete(server):
    iot = server.client("iot")
    stream = make_stream(server)
    _, role = make_role(server, {"kinesis:PutRecord": "*"})
    topic = fresh("topic")
    action = {"kinesis": {"roleArn": role, "streamName": stream, "partitionKey": "k"}}
    rule = make_rule(server, f"SELECT v FROM '{topic}' WHERE v > 10", [action])
    publish(server, topic, b'{"v": 10}')
    publish(server, topic, b'{"v": 11}')
    iot.disable_topic_rule(ruleName=rule)
    publish(server, topic, b'{"v": 12}')
    iot.enable_topic_rule(ruleName=rule)
    publish(server, topic, b'{"v": 13}')
    iot.replace_topic_rule(ruleName=rule, topicRulePayload={
        "sql": f"SELECT VALUE v * 2 FROM '{topic}'", "actions": [action], "awsIotSqlVersion": "2016-03-23"})
    publish(server, topic, b'{"v": 1}')
    iot.delete_topic_rule(ruleName=rule)
    publish(server, topic, b'{"v": 14}')
    assert [record["Data"] for record in records(server, stream)] == [b'{"v":11}', b'{"v":13}', b"2"]


def test_republish_reaches_subscribers_and_other_rules(server):
    stream = make_stream(server)
    _, role = make_role(server, {"kinesis:PutRecord": "*", "iot:Publish": "*"})
    topic = fresh("topic")
    make_rule(server, f"SELECT v + 1 AS v FROM '{topic}/in'",
              [{"republish": {"roleArn": role, "topic": f"{topic}/out/${{k}}", "qos": 1}}])
    make_rule(server, f"SELECT topic(3) AS k, v FROM '{topic}/out/+'",
              [{"kinesis": {"roleArn": role, "streamName": stream}}])
    host, port = server.host_port("mqtt")
    with subprocess.Popen(["mosquitto_sub", "-h", host, "-p", str(port), "-t", f"{topic}/out/#", "-q", "1", "-v",
                           "-C", "1", "-W", "30"], stdout=subprocess.PIPE, text=True) as subscriber:
        while subscriber.poll() is None:  # it may not have subscribed yet: again until it has one
            publish(server, f"{topic}/in", b'{"v": 1, "k": "x"}')
        assert subscriber.stdout.read() == f'{topic}/out/x {{"v":2}}\n'
    assert {record["Data"] for record in records(server, stream)} == {b'{"k":"x","v":2}'}


def test_rules_survive_a_restart(own_server):
    stream = make_stream(own_server)
    _, role = make_role(own_server, {"kinesis:PutRecord": "*"})
    make_rule(own_server, "SELECT * FROM 'kept'", [{"kinesis": {"roleArn": role, "streamName": stream}}])
    own_server.stop()
    own_server.start()
    publish(own_server, "kept", b"after")
    assert [record["Data"] for record in records(own_server, stream)] == [b"after"]


@pytest.mark.parametrize(("sql", "said"), [
    ("SELEKT * FROM 'a'", "line 1, column 1"),
    ("SELECT * FROM a", "single quotes"),
    ("SELECT md5(a) AS m FROM 'a'", "md5()"),
    ("SELECT a FROM 'a' WHERE a IN [1]", "IN"),
    ("SELECT *", "FROM is missing"),
])
def test_sql_that_is_not_supported_is_refused(server, sql, said):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        make_rule(server, sql, [])
    assert refused.value.response["Error"]["Code"] == "SqlParseException"
    assert said in refused.value.response["Error"]["Message"]


def test_actions_that_are_not_built_are_refused_by_name(server):
    actions = [{"lambda": {"functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}},
               {"s3": {"roleArn": "arn:aws:iam::1:role/r", "bucketName": "b", "key": "k"}},
               {"sqs": {"roleArn": "arn:aws:iam::1:role/r", "queueUrl": "http://q"}}]
    for action in actions:
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            make_rule(server, "SELECT * FROM 'a'", [action])
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
        assert f"action {next(iter(action))} is not implemented" in refused.value.response["Error"]["Message"]
