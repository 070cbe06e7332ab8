"""A key may do only what its policies allow: users, groups, boundaries, roles, sessions."""

import uuid

import pytest
from botocore.exceptions import ClientError
from iam_documents import TRUST_IOT, allow, arn, deny, document, refused, stream_arn, trusts
from penstock_process import ACCOUNT, Credentials


@pytest.fixture
def name():
    return "n" + uuid.uuid4().hex[:12]


@pytest.fixture(scope="module")
def streams(server):
    """Two streams, one of which the tests' policies speak of."""
    kinesis = server.client("kinesis")
    for one in ("iam-mine", "iam-other"):
        kinesis.create_stream(StreamName=one, ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName=one, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    return "iam-mine", "iam-other"


class Person:
    def __init__(self, server, name: str):
        self.server, self.name, self.iam = server, name, server.client("iam")
        self.arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.who = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def may(self, *statements: dict) -> "Person":
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))
        return self

    def assume(self, role: str, **keywords):
        answer = self.server.client("sts", self.who).assume_role(
            **{"RoleArn": arn(f"role/{role}"), "RoleSessionName": "a-session"} | keywords)
        got = answer["Credentials"]
        return Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]), answer


@pytest.fixture
def person(server, name):
    return Person(server, name)


def put(server, who: Credentials, stream: str) -> None:
    server.client("kinesis", who).put_record(StreamName=stream, PartitionKey="k", Data=b"1")


def not_allowed(server, who: Credentials, stream: str) -> str:
    return refused(put, "AccessDeniedException", 400, server=server, who=who, stream=stream)


def test_a_user_may_do_what_its_policies_allow_and_nothing_else(server, person, streams):
    mine, other = streams
    said = not_allowed(server, person.who, mine)
    assert said == (f"User: {person.arn} is not authorized to perform: kinesis:PutRecord on resource: {stream_arn(mine)} "
                    "because no identity-based policy allows the kinesis:PutRecord action")
    person.may(allow("kinesis:PutRecord", stream_arn(mine)))
    put(server, person.who, mine)
    assert stream_arn(other) in not_allowed(server, person.who, other)
    refused(server.client("kinesis", person.who).delete_stream, "AccessDeniedException", 400, StreamName=mine)
    assert f"User: {person.arn} is not authorized to perform: iam:CreateUser" in refused(
        server.client("iam", person.who).create_user, "AccessDenied", 403, UserName="never")
    assert server.client("sts", person.who).get_caller_identity()["Arn"] == person.arn
    person.iam.delete_user_policy(UserName=person.name, PolicyName="p")
    not_allowed(server, person.who, mine)


def test_an_explicit_deny_wins_wherever_it_stands(server, person, streams):
    person.may(allow("*"))
    put(server, person.who, streams[0])
    person.iam.create_group(GroupName=person.name)
    person.iam.add_user_to_group(GroupName=person.name, UserName=person.name)
    person.iam.put_group_policy(GroupName=person.name, PolicyName="p", PolicyDocument=document(deny("kinesis:Put*", stream_arn("iam-m*"))))
    assert "with an explicit deny in an identity-based policy" in not_allowed(server, person.who, streams[0])
    put(server, person.who, streams[1])
    person.iam.remove_user_from_group(GroupName=person.name, UserName=person.name)
    put(server, person.who, streams[0])


def test_groups_and_policy_versions_allow(server, person, streams):
    policy = person.iam.create_policy(PolicyName=person.name, PolicyDocument=document(allow("kinesis:PutRecord", stream_arn(streams[0]))))
    policy = policy["Policy"]["Arn"]
    person.iam.create_group(GroupName=person.name)
    person.iam.attach_group_policy(GroupName=person.name, PolicyArn=policy)
    not_allowed(server, person.who, streams[0])
    person.iam.add_user_to_group(GroupName=person.name, UserName=person.name)
    put(server, person.who, streams[0])
    person.iam.create_policy_version(PolicyArn=policy, SetAsDefault=True,
                                     PolicyDocument=document(allow("kinesis:PutRecord", stream_arn(streams[1]))))
    not_allowed(server, person.who, streams[0])
    put(server, person.who, streams[1])
    person.iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    put(server, person.who, streams[0])


def test_a_permissions_boundary_limits_and_gives_nothing(server, person, streams):
    policy = person.iam.create_policy(PolicyName=person.name, PolicyDocument=document(allow("kinesis:PutRecord", stream_arn(streams[0]))))
    person.iam.put_user_permissions_boundary(UserName=person.name, PermissionsBoundary=policy["Policy"]["Arn"])
    not_allowed(server, person.who, streams[0])
    person.may(allow("kinesis:*"))
    put(server, person.who, streams[0])
    assert "because no permissions boundary allows the kinesis:PutRecord action" in not_allowed(server, person.who, streams[1])


def test_conditions_hold(server, person, streams):
    person.may(allow("kinesis:PutRecord", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    put(server, person.who, streams[0])
    person.may(allow("kinesis:PutRecord", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    not_allowed(server, person.who, streams[0])


def test_a_key_that_is_off_or_gone_opens_nothing(server, person, streams):
    person.may(allow("*"))
    put(server, person.who, streams[0])
    person.iam.update_access_key(UserName=person.name, AccessKeyId=person.who.key, Status="Inactive")
    refused(put, "UnrecognizedClientException", 400, server=server, who=person.who, stream=streams[0])
    refused(server.client("sts", person.who).get_caller_identity, "InvalidClientTokenId", 403)
    person.iam.update_access_key(UserName=person.name, AccessKeyId=person.who.key, Status="Active")
    put(server, person.who, streams[0])
    person.iam.delete_access_key(UserName=person.name, AccessKeyId=person.who.key)
    refused(put, "UnrecognizedClientException", 400, server=server, who=person.who, stream=streams[0])


def make_role(person: Person, trust: str, *statements: dict) -> str:
    role = "r" + uuid.uuid4().hex[:12]
    person.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    if statements:
        person.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(*statements))
    return role


def test_an_assumed_role_may_do_what_the_role_may(server, person, streams):
    person.may(allow("sts:AssumeRole"))
    role = make_role(person, trusts(person.arn), allow("kinesis:PutRecord", stream_arn(streams[0])))
    who, answer = person.assume(role)
    assert who.key.startswith("ASIA")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/a-session"
    assert answer["AssumedRoleUser"]["Arn"] == session
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":a-session")
    identity = server.client("sts", who).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (session, answer["AssumedRoleUser"]["AssumedRoleId"])
    put(server, who, streams[0])
    assert not_allowed(server, who, streams[1]).startswith(f"User: {session} is not authorized to perform: kinesis:PutRecord")
    not_allowed(server, person.who, streams[0])  # the session's right, not the user's
    # What is taken from the role is taken from its sessions.
    person.iam.put_role_policy(RoleName=role, PolicyName="q", PolicyDocument=document(deny("kinesis:*")))
    assert "explicit deny" in not_allowed(server, who, streams[0])


def test_a_session_policy_limits_and_gives_nothing(server, person, streams):
    person.may(allow("sts:AssumeRole"))
    role = make_role(person, trusts(person.arn), allow("kinesis:PutRecord", [stream_arn(one) for one in streams]))
    who, answer = person.assume(role, Policy=document(allow("kinesis:*", stream_arn(streams[0]))))
    assert answer["PackedPolicySize"] > 0
    put(server, who, streams[0])
    assert "because no session policy allows the kinesis:PutRecord action" in not_allowed(server, who, streams[1])
    refused(server.client("kinesis", who).delete_stream, "AccessDeniedException", 400, StreamName=streams[0])
    refused(person.assume, "MalformedPolicyDocument", 400, role=role, Policy='{"Statement": 1}')


def test_who_may_assume_a_role(server, person, streams):
    role = make_role(person, trusts(person.arn))
    person.may(deny("sts:AssumeRole"))
    said = refused(person.assume, "AccessDenied", 403, role=role)
    assert said.startswith(f"User: {person.arn} is not authorized to perform: sts:AssumeRole on resource: {arn('role/' + role)}")
    person.may(allow("sts:AssumeRole"))
    person.assume(role)
    person.iam.update_assume_role_policy(RoleName=role, PolicyDocument=TRUST_IOT)
    refused(person.assume, "AccessDenied", 403, role=role)
    assert refused(person.assume, "AccessDenied", 403, role="not-there")  # not told apart
    refused(server.client("sts").assume_role, "AccessDenied", 403, "root", RoleArn=arn(f"role/{role}"), RoleSessionName="aa")


def test_external_id_and_session_name(server, person):
    person.may(allow("sts:AssumeRole"))
    role = make_role(person, trusts(person.arn, StringEquals={"sts:ExternalId": "the-right-one"}))
    refused(person.assume, "AccessDenied", 403, role=role)
    refused(person.assume, "AccessDenied", 403, role=role, ExternalId="another")
    person.assume(role, ExternalId="the-right-one")
    named = make_role(person, trusts(person.arn, StringLike={"sts:RoleSessionName": "device-*"}))
    refused(person.assume, "AccessDenied", 403, role=named, RoleSessionName="somebody")
    person.assume(named, RoleSessionName="device-7")
    refused(person.assume, "ValidationError", 400, "roleSessionName", role=named, RoleSessionName="no spaces")
    refused(person.assume, "ValidationError", 400, "DurationSeconds", role=role, ExternalId="the-right-one", DurationSeconds=7200)


def test_session_tokens_that_are_not_ours(server, person, streams):
    person.may(allow("sts:AssumeRole"))
    role = make_role(person, trusts(person.arn), allow("kinesis:PutRecord"))
    who, _ = person.assume(role)
    other, _ = person.assume(role)
    put(server, who, streams[0])
    middle = len(who.token) // 2
    changed = who.token[:middle] + ("A" if who.token[middle] != "A" else "B") + who.token[middle + 1:]
    for token in (changed, who.token[:-8], "nonsense", other.token, None):
        with pytest.raises(ClientError) as caught:
            put(server, Credentials(who.key, who.secret, token), streams[0])
        assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException", token
    refused(server.client("sts", Credentials(who.key, who.secret, changed)).get_caller_identity, "InvalidClientTokenId", 403)
    put(server, who, streams[0])


def test_the_cli_assumes_a_role(server, person, streams):
    person.may(allow("sts:AssumeRole"))
    role = make_role(person, trusts(person.arn), allow("kinesis:PutRecord", stream_arn(streams[0])))
    got = server.aws("sts", "assume-role", "--role-arn", arn(f"role/{role}"), "--role-session-name", "cli",
                     credentials=person.who)["Credentials"]
    who = Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    record = ["kinesis", "put-record", "--partition-key", "k", "--data", "MQ==", "--stream-name"]
    assert server.aws(*record, streams[0], credentials=who)["SequenceNumber"]
    done = server.aws(*record, streams[1], credentials=who, check=False)
    assert done.returncode != 0  # 254 from version 2, 255 from version 1
    assert "(AccessDeniedException)" in done.stderr and "kinesis:PutRecord" in done.stderr


def test_identities_survive_a_kill(own_server, name):
    person = Person(own_server, name).may(allow("sts:AssumeRole"), allow("iam:GetUser", arn(f"user/{name}")))
    role = make_role(person, trusts(person.arn))
    session, _ = person.assume(role)
    own_server.kill()
    own_server.start()
    assert own_server.client("iam", person.who).get_user()["User"]["UserName"] == name
    refused(own_server.client("iam", person.who).list_users, "AccessDenied", 403)
    assert own_server.client("sts", session).get_caller_identity()["Arn"].endswith(f":assumed-role/{role}/a-session")
