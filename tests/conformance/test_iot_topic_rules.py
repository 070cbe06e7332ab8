"""Topic rules as the control plane sees them: what goes in comes back, what cannot work is refused."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from penstock_process import ACCOUNT, REGION, Credentials

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def name():
    return "r_" + uuid.uuid4().hex[:12]


@pytest.fixture
def iot(server):
    return server.client("iot")


@pytest.fixture
def role(server, name):
    return server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


def refused(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"], error.value.response["Error"]["Message"]


def payload(role, **more):
    return {"sql": "SELECT topic() as topic, clientid() as client_id, * FROM 'data/+/v1/#'",
            "actions": [{"kinesis": {"roleArn": role, "streamName": "s"}}], "awsIotSqlVersion": "2016-03-23", **more}


def test_a_rule_comes_back_as_it_was_given(iot, role, name):
    given = {"sql": "SELECT  *, topic(2) AS d FROM 'data/+/v1/#' WHERE a.b > 3 -- no\n".replace(" -- no\n", ""),
             "description": "käse  ${x}",
             "awsIotSqlVersion": "2016-03-23",
             "ruleDisabled": False,
             "actions": [{"kinesis": {"roleArn": role, "streamName": "s", "partitionKey": "${newuuid()}"}},
                         {"kinesis": {"roleArn": role, "streamName": "t"}},
                         {"republish": {"roleArn": role, "topic": "$$aws/things/${topic(2)}/shadow/update", "qos": 0}}],
             "errorAction": {"republish": {"roleArn": role, "topic": "errors/${topic()}", "qos": 1}}}
    iot.create_topic_rule(ruleName=name, topicRulePayload=given, tags="team=plant science&empty=")
    seen = iot.get_topic_rule(ruleName=name)
    assert seen["ruleArn"] == f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/{name}"
    rule = seen["rule"]
    assert {key: rule[key] for key in given} == given
    assert rule["ruleName"] == name and "createdAt" in rule
    listed = [r for r in iot.list_topic_rules()["rules"] if r["ruleName"] == name]
    assert listed[0]["topicPattern"] == "data/+/v1/#" and listed[0]["ruleDisabled"] is False
    tags = {t["Key"]: t["Value"] for t in iot.list_tags_for_resource(resourceArn=seen["ruleArn"])["tags"]}
    assert tags == {"team": "plant science", "empty": ""}
    assert refused(iot.create_topic_rule, ruleName=name, topicRulePayload=given)[:2] == ("ResourceAlreadyExistsException", 409)


def test_a_rule_lives_and_dies(iot, role, name):
    iot.create_topic_rule(ruleName=name, topicRulePayload=payload(role))
    iot.disable_topic_rule(ruleName=name)
    assert iot.get_topic_rule(ruleName=name)["rule"]["ruleDisabled"] is True
    assert name in [r["ruleName"] for r in iot.list_topic_rules(ruleDisabled=True)["rules"]]
    assert name not in [r["ruleName"] for r in iot.list_topic_rules(ruleDisabled=False)["rules"]]
    iot.enable_topic_rule(ruleName=name)
    assert name in [r["ruleName"] for r in iot.list_topic_rules(topic="data/x/v1/y")["rules"]]
    assert name not in [r["ruleName"] for r in iot.list_topic_rules(topic="other")["rules"]]
    iot.replace_topic_rule(ruleName=name, topicRulePayload=payload(role, sql="SELECT * FROM 'b'", description="new"))
    rule = iot.get_topic_rule(ruleName=name)["rule"]
    assert (rule["sql"], rule["description"]) == ("SELECT * FROM 'b'", "new")
    iot.delete_topic_rule(ruleName=name)
    assert name not in [r["ruleName"] for r in iot.list_topic_rules()["rules"]]
    for call in (iot.get_topic_rule, iot.enable_topic_rule, iot.disable_topic_rule, iot.delete_topic_rule):
        assert refused(call, ruleName=name)[:2] == ("UnauthorizedException", 401)
    assert refused(iot.replace_topic_rule, ruleName=name, topicRulePayload=payload(role))[:2] == ("UnauthorizedException", 401)


@pytest.mark.parametrize("sql", ["", "SELECT", "SELECT * FROM", "SELECT * FROM x", "SELECT nosuch(1) FROM 'a'", "SELECT * FROM 'a' WHERE"])
def test_bad_sql_is_refused(iot, role, name, sql):
    assert refused(iot.create_topic_rule, ruleName=name, topicRulePayload=payload(role, sql=sql))[:2] == ("SqlParseException", 400)
    assert name not in [r["ruleName"] for r in iot.list_topic_rules()["rules"]]


def test_bad_rules_are_refused(iot, role, name):
    lambda_action = [{"lambda": {"functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}}]
    code, status, message = refused(iot.create_topic_rule, ruleName=name, topicRulePayload=payload(role, actions=lambda_action))
    assert (code, status) == ("InvalidRequestException", 400) and "lambda" in message
    assert refused(iot.create_topic_rule, ruleName="a-b", topicRulePayload=payload(role))[:2] == ("InvalidRequestException", 400)
    eleven = payload(role)["actions"] * 11
    assert refused(iot.create_topic_rule, ruleName=name, topicRulePayload=payload(role, actions=eleven))[0] == "InvalidRequestException"


def test_roles_must_exist_and_trust_the_service(server, iot, name):
    missing = f"arn:aws:iam::{ACCOUNT}:role/no-such-role"
    code, _, message = refused(iot.create_topic_rule, ruleName=name, topicRulePayload=payload(missing))
    assert code == "InvalidRequestException" and "sts:AssumeRole" in message
    other = json.loads(json.dumps(TRUST).replace("iot.amazonaws.com", "lambda.amazonaws.com"))
    stranger = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(other))["Role"]["Arn"]
    code, _, message = refused(iot.create_topic_rule, ruleName=name, topicRulePayload=payload(stranger))
    assert code == "InvalidRequestException" and "sts:AssumeRole" in message


def test_whoever_makes_a_rule_must_be_allowed_to_pass_its_role(server, role, name):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    mine = server.client("iot", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    code, status, message = refused(mine.create_topic_rule, ruleName=name, topicRulePayload=payload(role))
    assert (code, status) == ("AccessDeniedException", 403) and "iot:CreateTopicRule" in message

    def allow(*actions):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))

    allow("iot:CreateTopicRule")
    code, status, message = refused(mine.create_topic_rule, ruleName=name, topicRulePayload=payload(role))
    assert (code, status) == ("AccessDeniedException", 403) and "iam:PassRole" in message and role in message
    allow("iot:CreateTopicRule", "iam:PassRole")
    mine.create_topic_rule(ruleName=name, topicRulePayload=payload(role))


def test_a_name_that_is_a_path(iot):
    # Names with characters that a path would read as its own are checked as names, not as paths.
    assert refused(iot.get_topic_rule, ruleName="a/b")[:2] == ("InvalidRequestException", 400)
