"""IAM and STS answers as AWS was recorded to give them in February 2026: members, codes, statuses and messages to the letter."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from iam_documents import arn, document
from penstock_process import ACCOUNT

BUCKET = "arn:aws:s3:::example_bucket"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
FINE = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
ANY_CASE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
TAG_KEY = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"

SYNTAX = "Syntax errors in policy."
VERSION = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"
ACTIONS = "Policy statement must contain actions."
RESOURCES = "Policy statement must contain resources."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
COLON = "Actions/Condition can contain only one colon."


def policy(*statements, **top) -> str:
    """A document; members that are None are left out."""
    return json.dumps({key: value for key, value in {"Version": "2012-10-17", "Statement": list(statements), **top}.items()
                       if value is not None})


def but(**members) -> str:
    """The policy of one statement that is fine but for these members."""
    return policy({key: value for key, value in {**FINE, **members}.items() if value is not None})


def date(value, **members) -> dict:
    return {"Condition": {"DateGreaterThan": {"a": value}}, **members}


REFUSED = [
    ("This is not a json document", SYNTAX), (policy(), SYNTAX), (policy("afd"), SYNTAX), (policy(Statement=None), SYNTAX),
    (policy(FINE, Version=None), VERSION), (policy(FINE, Version="2008-10-17"), VERSION), (policy(FINE, Version="2013-10-17"), SYNTAX),
    (policy(FINE, Extra="value"), SYNTAX), (policy(FINE, Id=[]), SYNTAX), (but(Extra="value"), SYNTAX), (but(Effect="invalid"), SYNTAX),
    (but(Effect=None), SYNTAX), (but(Effect="denY"), LEGACY), (but(Sid={}), SYNTAX),
    (but(Action="invalid"), VENDOR), (but(Action=None, NotAction=""), VENDOR), (but(Action="a a:ListBucket"), "Vendor a a is not valid"),
    (but(Action="s3:List:Bucket"), COLON), (but(Action=None), ACTIONS), (but(Action=[]), ACTIONS), (but(Action=[[]]), SYNTAX),
    (but(NotAction="s3:L"), SYNTAX), (but(NotResource="*"), SYNTAX), (but(Resource=None), RESOURCES), (but(Resource=[]), RESOURCES),
    (but(Resource=["adf", {}]), SYNTAX), (but(Resource=["adf"]), 'Resource adf must be in ARN format or "*".'),
    (but(Resource=""), 'Resource  must be in ARN format or "*".'),
    (but(Resource="a:b:c"), 'Partition "b" is not valid for resource "arn:b:c:*:*:*".'),
    (but(Resource="aws:s3:::b"), 'Partition "s3" is not valid for resource "arn:s3:::b:*".'),
    (but(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (but(Resource="arn:aws::fdsasf"), LEGACY), (but(Resource="arn:aws::::b"), LEGACY), (but(Resource="arn:aws:s3::b"), LEGACY),
    (but(Resource="arn:aws:iam:us-east-1::b"), "IAM resource arn:aws:iam:us-east-1::b cannot contain region information."),
    (but(Resource="arn:aws:s3:us-east-1::b"), "Resource arn:aws:s3:us-east-1::b can not contain region information."),
    (but(Resource="arn:aws:iam:::b"), 'IAM resource path must either be "*", root, or start with user/, federated-user/, role/, group/, '
     "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."),
    (but(Condition=[]), SYNTAX), (but(Condition={"a": "b"}), SYNTAX), (but(Condition={"x": {"a": "1"}}), SYNTAX), (but(**date({})), SYNTAX),
    (but(**date("sdfdsf")), LEGACY), (but(**date("234-13")), LEGACY), (but(**date("2016-12-13t2:00:00.593194+1")), LEGACY),
    (but(**date("2016-12-13t2:00:00.1999999999+10:59")), LEGACY), (but(**date("9223372036854775808")), LEGACY),
    # Of several faults: syntax, then version, then what "legacy parsing" finds, then Sids, then statement by statement
    # actions and resources that are missing, resources, actions.
    (policy({**FINE, "Effect": "denY"}, Version=None), VERSION), (but(**date("sdfdsf", Resource="arn:error:s3:::b")), LEGACY),
    (but(**date("sdfdsf", Action=None, Resource=None)), LEGACY), (but(Effect="allow", Action=None), LEGACY),
    (policy({**FINE, "Sid": "s"}, {"Sid": "s", "Effect": "Allow"}), "Statement IDs (SID) in a single policy must be unique."),
    (policy({**FINE, "Sid": "s"}, {"Sid": "s", "Effect": "Allow"}, Version=None), VERSION), (policy({"Effect": "Deny"}, FINE), ACTIONS),
    (but(Action=None, Resource=None), ACTIONS), (but(Action="invalid", Resource=None), RESOURCES),
    (but(Action="s:3:L", Resource="sdfsadf"), 'Resource sdfsadf must be in ARN format or "*".'),
]
TAKEN = [
    but(Action="iam: asdf safdsf af "), but(Action="s3.s:L"), but(Resource=[BUCKET, "*"]), but(Resource="arn:aws:fdsasf"),
    but(Resource="arn:aws:iam:::user/b"), but(Resource="arn:aws:cloudwatch:us-east-1::b"), but(Resource="arn:aws:rds:region:*:*"),
    but(Resource="arn:aws:s3:us-west-2:123456789012:accesspoint/p"), but(Condition={}), but(Condition={"x": {}, "y": {}}), but(**date([])),
    but(**date("2016-12-13T21:20:37.593194+00:00")), but(**date("2016-12-13t2:00:00.593194+23")), but(**date("-292275054")),
    policy({**FINE, "Sid": ""}, {**FINE, "Sid": ""}), but(Condition={"ForAnyValue:StringEqualsIfExists": {"a": "asf"}}),
]


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", parameter_validation=False)


@pytest.fixture
def name():
    return "n" + uuid.uuid4().hex[:12]


def answer(call, **arguments):
    """What it answers, or (status, code, message)."""
    try:
        return call(**arguments)
    except ClientError as caught:
        error = caught.response["Error"]
        return caught.response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def no_such(message: str) -> tuple:
    return 404, "NoSuchEntity", message


def broken(what: str) -> tuple:
    return 400, "ValidationError", f"1 validation error detected: Value at {what}"


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_policies_that_are_refused(iam, name, text, message):
    assert answer(iam.create_policy, PolicyName=name, PolicyDocument=text) == (400, "MalformedPolicyDocument", message)


@pytest.mark.parametrize("text", TAKEN)
def test_policies_that_are_taken(iam, name, text):
    assert iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["PolicyName"] == name


def test_members_of_answers(iam, name):
    made = iam.create_policy(PolicyName=name, PolicyDocument=but(), Description="d")["Policy"]
    listed = {"PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId", "AttachmentCount", "PermissionsBoundaryUsageCount",
              "IsAttachable", "CreateDate", "UpdateDate"}
    assert set(made) == listed
    shown = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert set(shown) == listed | {"Description", "Tags"} and shown["Tags"] == []

    role = {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Description="d", MaxSessionDuration=7200)["Role"]
    assert set(created) == role
    assert set(iam.get_role(RoleName=name)["Role"]) == role | {"Description", "MaxSessionDuration", "RoleLastUsed"}
    assert set(iam.update_role_description(RoleName=name, Description="e")["Role"]) == role | {"Description"}
    iam.update_role(RoleName=name)
    assert iam.get_role(RoleName=name)["Role"]["Description"] == "e"
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=made["Arn"])
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": made["Arn"]}

    profile = {"Path", "InstanceProfileName", "InstanceProfileId", "Arn", "CreateDate", "Roles"}
    assert set(iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]) == profile
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    got = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert set(got) == profile | {"Tags"} and got["Tags"] == [] and set(got["Roles"][0]) == role
    assert set(iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"][0]) == profile


def test_keys_of_policies_tags_differ_by_case(iam, name):
    tags = [{"Key": "a", "Value": "l"}, {"Key": "A", "Value": "u"}]
    made = iam.create_policy(PolicyName=name, PolicyDocument=but(), Tags=tags)["Policy"]
    assert made["Tags"] == tags
    iam.untag_policy(PolicyArn=made["Arn"], TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=made["Arn"])["Tags"] == tags[1:]
    assert answer(iam.tag_policy, PolicyArn=made["Arn"], Tags=tags[:1] * 2) == (400, "InvalidInput", "Duplicate tag keys found.")
    assert answer(iam.create_role, RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=tags) == (400, "InvalidInput", ANY_CASE)


def test_refusals(server, iam, name):
    policy_arn = iam.create_policy(PolicyName=name, PolicyDocument=but())["Policy"]["Arn"]
    for role in (name, name + "2"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.create_user(UserName=name)
    of_role, of_policy, none = {"RoleName": name}, {"PolicyArn": policy_arn}, arn("policy/none")
    not_a_policy = arn("not_a_policy/invalid")
    keys = broken("'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to "
                  "128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "
                  f"{TAG_KEY}, Member must not be null]")
    cases = [
        (iam.update_assume_role_policy, {**of_role, "PolicyDocument": TRUST.replace("sts:AssumeRole", "sts:InvalidAction")},
         (400, "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions.")),
        (iam.attach_role_policy, {**of_role, "PolicyArn": "longpolicynamebutnoarn"},
         (400, "ValidationError", "ARN longpolicynamebutnoarn is not valid.")),
        (iam.put_role_permissions_boundary, {**of_role, "PermissionsBoundary": not_a_policy},
         (400, "InvalidInput", f"ARN {not_a_policy} is not valid.")),
        (iam.attach_role_policy, {**of_role, "PolicyArn": none}, no_such(f"Policy {none} does not exist or is not attachable.")),
        (iam.list_entities_for_policy, {"PolicyArn": none}, no_such(f"Policy {none} does not exist or is not attachable.")),
        (iam.get_policy_version, {"PolicyArn": none, "VersionId": "v1"},
         no_such(f"Policy {none} version v1 does not exist or is not attachable.")),
        (iam.set_default_policy_version, {"PolicyArn": none, "VersionId": "v1"},
         no_such(f"Policy {none} version v1 does not exist or is not attachable.")),
        (iam.set_default_policy_version, {**of_policy, "VersionId": "wrong"},
         broken("'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?")),
        (iam.remove_role_from_instance_profile, {"InstanceProfileName": name, "RoleName": name + "2"},
         no_such(f"Role {name}2 in Instance Profile {name} cannot be found.")),
        (iam.remove_role_from_instance_profile, {"InstanceProfileName": name, "RoleName": "none"},
         no_such("The role with name none cannot be found.")),
        (iam.remove_user_from_group, {"GroupName": "none", "UserName": "nobody"}, no_such("The user with name nobody cannot be found.")),
        (iam.remove_user_from_group, {"GroupName": "none", "UserName": name}, no_such("The group with name none cannot be found.")),
        (iam.get_access_key_last_used, {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
         (403, "AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: "
          "access key AKIAIOSFODNN7EXAMPLE")),
        (iam.untag_role, {**of_role, "TagKeys": ["k" * 129]}, keys), (iam.untag_policy, {**of_policy, "TagKeys": ["invalid!key"]}, keys),
        (iam.untag_role, {**of_role, "TagKeys": [str(n) for n in range(51)]},
         broken("'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50")),
    ]
    for call, more in ((iam.tag_role, of_role), (iam.tag_policy, of_policy)):
        for tags, what in (([{"Key": str(n), "Value": ""} for n in range(51)], "'tags' failed to satisfy constraint: Member must have length "
                            "less than or equal to 50"),
                           ([{"Key": "k" * 129, "Value": ""}], "'tags.1.member.key' failed to satisfy constraint: Member must have length less "
                            "than or equal to 128"),
                           ([{"Key": "k", "Value": "v" * 257}], "'tags.1.member.value' failed to satisfy constraint: Member must have length "
                            "less than or equal to 256"),
                           ([{"Key": "NO!", "Value": ""}], "'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular "
                            f"expression pattern: {TAG_KEY}")):
            cases.append((call, {**more, "Tags": tags}, broken(what)))
    sts = server.client("sts", parameter_validation=False)
    for text in ("nothing-valid-in-here", "arn::b:::something/test-role", "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"):
        cases.append((sts.assume_role, {"RoleArn": text, "RoleSessionName": "s1"}, (400, "ValidationError", f"{text} is invalid")))
    cases.append((sts.assume_role, {"RoleArn": arn("role/x"), "RoleSessionName": "Session1:2"}, (
        400, "ValidationError", "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: [\\w+=,.@-]*")))
    for call, arguments, expected in cases:
        assert answer(call, **arguments) == expected, arguments
