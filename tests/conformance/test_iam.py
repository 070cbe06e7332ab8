"""IAM and STS: every operation that is built, AWS's error codes, and pages. What keys may do: test_iam_enforcement.py."""

import itertools
import json
import re
import subprocess
import uuid

import pytest
from iam_documents import TRUST_IOT, allow, arn, deny, document, refused, trusts
from penstock_process import ACCOUNT, ROOT


@pytest.fixture
def iam(server):
    return server.client("iam")


@pytest.fixture
def name():
    return "n" + uuid.uuid4().hex[:12]


def in_pages(client, operation: str, key: str, **keywords) -> tuple[list, int]:
    """All items in pages of two, and how many pages there were."""
    pages = list(client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **keywords))
    assert all(len(page[key]) <= 2 for page in pages)
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]
    return list(itertools.chain.from_iterable(page[key] for page in pages)), len(pages)


# Every operation, by the AWS CLI --------------------------------------------------------------------------------------

# One process for all the commands: the CLI takes most of a second to start.
CLI = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(json.loads(line))
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""


class Cli:
    def __init__(self, server):
        self.server = server
        self.seen: set[str] = set()
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", CLI], env=server.environment(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __call__(self, service: str, operation: str, **keywords):
        """cli("iam", "create-role", role_name="a"): the parsed answer, or None."""
        arguments = ["--endpoint-url", self.server.endpoints["api"], "--output", "json", service, operation]
        for option, value in keywords.items():
            arguments.append("--" + option.replace("_", "-"))
            if value is not True:
                arguments += value if isinstance(value, list) else [str(value)]
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        status, out, err = json.loads(self.process.stdout.readline())
        assert status == 0, f"{operation}: {err}"
        self.seen.add(operation)
        return json.loads(out) if out.strip() else None

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def built(service: str) -> set[str]:
    """The operations in the service's table, as the CLI writes them."""
    source = (ROOT / "src" / "services" / service / "service.cc").read_text()
    names = re.findall(r'operation<[^"]*"(\w+)"', source)
    assert names
    apart = (re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", one).lower() for one in names)
    return {one.replace("mfadevices", "mfa-devices").replace("sshpublic", "ssh-public") for one in apart}


@pytest.fixture
def cli(server):
    made = Cli(server)
    yield made
    made.end()


def permitted(cli: Cli, kind: str, name: str, policy: str) -> None:
    """Attached and inline policies of a role, user or group."""
    who = {f"{kind}_name": name}
    cli("iam", f"attach-{kind}-policy", **who, policy_arn=policy)
    attached = cli("iam", f"list-attached-{kind}-policies", **who)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [policy]
    used = cli("iam", "list-entities-for-policy", policy_arn=policy)[f"Policy{kind.title()}s"]
    assert [one[f"{kind.title()}Name"] for one in used] == [name]
    cli("iam", f"detach-{kind}-policy", **who, policy_arn=policy)
    assert cli("iam", f"list-attached-{kind}-policies", **who)["AttachedPolicies"] == []
    inline = document(allow("kinesis:Get*"))
    cli("iam", f"put-{kind}-policy", **who, policy_name="inline", policy_document=inline)
    assert cli("iam", f"list-{kind}-policies", **who)["PolicyNames"] == ["inline"]
    assert cli("iam", f"get-{kind}-policy", **who, policy_name="inline")["PolicyDocument"] == json.loads(inline)
    cli("iam", f"delete-{kind}-policy", **who, policy_name="inline")
    assert cli("iam", f"list-{kind}-policies", **who)["PolicyNames"] == []


def bounded(cli: Cli, kind: str, name: str, policy: str) -> None:
    who = {f"{kind}_name": name}
    cli("iam", f"put-{kind}-permissions-boundary", **who, permissions_boundary=policy)
    got = cli("iam", f"get-{kind}", **who)[kind.title()]["PermissionsBoundary"]
    assert got == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy}
    cli("iam", f"delete-{kind}-permissions-boundary", **who)
    assert "PermissionsBoundary" not in cli("iam", f"get-{kind}", **who)[kind.title()]


def tagged(cli: Cli, kind: str, who: dict) -> None:
    cli("iam", f"tag-{kind}", **who, tags=["Key=a,Value=1", "Key=b,Value="])
    assert cli("iam", f"list-{kind}-tags", **who)["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    cli("iam", f"untag-{kind}", **who, tag_keys=["a"])
    assert cli("iam", f"list-{kind}-tags", **who)["Tags"] == [{"Key": "b", "Value": ""}]


def test_the_cli_drives_every_operation(cli, name):
    made = cli("iam", "create-policy", policy_name=name, policy_document=document(allow("kinesis:Put*")), path="/a/",
               description="first")["Policy"]
    policy = made["Arn"]
    assert (policy, made["DefaultVersionId"]) == (arn(f"policy/a/{name}"), "v1")
    changed = document(allow("kinesis:Get*"))
    cli("iam", "create-policy-version", policy_arn=policy, policy_document=changed)
    versions = cli("iam", "list-policy-versions", policy_arn=policy)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [("v2", False), ("v1", True)]
    cli("iam", "set-default-policy-version", policy_arn=policy, version_id="v2")
    assert cli("iam", "get-policy", policy_arn=policy)["Policy"]["DefaultVersionId"] == "v2"
    version = cli("iam", "get-policy-version", policy_arn=policy, version_id="v2")["PolicyVersion"]
    assert version["Document"] == json.loads(changed)
    cli("iam", "delete-policy-version", policy_arn=policy, version_id="v1")
    assert policy in [one["Arn"] for one in cli("iam", "list-policies", scope="Local", path_prefix="/a/")["Policies"]]
    tagged(cli, "policy", {"policy_arn": policy})

    roles(cli, name, policy)
    users_and_groups(cli, name, policy)
    cli("iam", "delete-policy", policy_arn=policy)
    caller = cli("sts", "get-caller-identity")
    assert caller == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    assert cli("sts", "get-session-token")["Credentials"]["SessionToken"]
    # AssumeRole is what the root key may not do: see below.
    assert built("iam") - cli.seen == set()
    assert built("sts") - cli.seen == {"assume-role"}


def roles(cli: Cli, name: str, policy: str) -> None:
    who = {"role_name": name}
    role = cli("iam", "create-role", **who, assume_role_policy_document=TRUST_IOT, path="/a/", description="d",
               max_session_duration=7200)["Role"]
    assert (role["Arn"], role["AssumeRolePolicyDocument"]) == (arn(f"role/a/{name}"), json.loads(TRUST_IOT))
    assert role["RoleId"].startswith("AROA")
    assert cli("iam", "get-role", **who)["Role"]["MaxSessionDuration"] == 7200
    cli("iam", "update-role", **who, description="e", max_session_duration=3600)
    assert cli("iam", "get-role", **who)["Role"]["Description"] == "e"
    assert cli("iam", "update-role-description", **who, description="f")["Role"]["Description"] == "f"
    trust = trusts(f"arn:aws:iam::{ACCOUNT}:root")
    cli("iam", "update-assume-role-policy", **who, policy_document=trust)
    assert cli("iam", "get-role", **who)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust)
    assert name in [one["RoleName"] for one in cli("iam", "list-roles", path_prefix="/a/")["Roles"]]
    tagged(cli, "role", who)
    permitted(cli, "role", name, policy)
    bounded(cli, "role", name, policy)

    profile = {"instance_profile_name": name}
    assert cli("iam", "create-instance-profile", **profile)["InstanceProfile"]["Arn"] == arn(f"instance-profile/{name}")
    cli("iam", "add-role-to-instance-profile", **profile, **who)
    got = cli("iam", "get-instance-profile", **profile)["InstanceProfile"]
    assert [one["RoleName"] for one in got["Roles"]] == [name]
    profiles = cli("iam", "list-instance-profiles-for-role", **who)["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in profiles] == [name]
    assert name in [one["InstanceProfileName"] for one in cli("iam", "list-instance-profiles")["InstanceProfiles"]]
    tagged(cli, "instance-profile", profile)
    cli("iam", "remove-role-from-instance-profile", **profile, **who)
    cli("iam", "delete-instance-profile", **profile)
    cli("iam", "delete-role", **who)


def users_and_groups(cli: Cli, name: str, policy: str) -> None:
    who, group = {"user_name": name}, {"group_name": name}
    assert cli("iam", "create-user", user_name="old" + name)["User"]["Arn"] == arn(f"user/old{name}")
    cli("iam", "update-user", user_name="old" + name, new_user_name=name, new_path="/a/")
    assert cli("iam", "get-user", **who)["User"]["Arn"] == arn(f"user/a/{name}")
    assert name in [one["UserName"] for one in cli("iam", "list-users", path_prefix="/a/")["Users"]]
    tagged(cli, "user", who)
    permitted(cli, "user", name, policy)
    bounded(cli, "user", name, policy)
    key = cli("iam", "create-access-key", **who)["AccessKey"]
    assert (key["Status"], len(key["SecretAccessKey"])) == ("Active", 40)
    cli("iam", "update-access-key", **who, access_key_id=key["AccessKeyId"], status="Inactive")
    keys = cli("iam", "list-access-keys", **who)["AccessKeyMetadata"]
    assert [(one["AccessKeyId"], one["Status"]) for one in keys] == [(key["AccessKeyId"], "Inactive")]
    assert cli("iam", "get-access-key-last-used", access_key_id=key["AccessKeyId"])["UserName"] == name
    assert cli("sts", "get-access-key-info", access_key_id=key["AccessKeyId"])["Account"] == ACCOUNT
    cli("iam", "delete-access-key", **who, access_key_id=key["AccessKeyId"])

    assert cli("iam", "create-group", group_name="old" + name)["Group"]["GroupId"].startswith("AGPA")
    cli("iam", "update-group", group_name="old" + name, new_group_name=name)
    cli("iam", "add-user-to-group", **who, **group)
    assert [one["UserName"] for one in cli("iam", "get-group", **group)["Users"]] == [name]
    assert [one["GroupName"] for one in cli("iam", "list-groups-for-user", **who)["Groups"]] == [name]
    assert name in [one["GroupName"] for one in cli("iam", "list-groups")["Groups"]]
    permitted(cli, "group", name, policy)
    cli("iam", "remove-user-from-group", **who, **group)
    cli("iam", "delete-group", **group)

    # What Penstock has none of, and what Terraform asks for before it deletes a user.
    assert cli("iam", "list-mfa-devices", **who)["MFADevices"] == []
    assert cli("iam", "list-virtual-mfa-devices")["VirtualMFADevices"] == []
    assert cli("iam", "list-ssh-public-keys", **who)["SSHPublicKeys"] == []
    assert cli("iam", "list-signing-certificates", **who)["Certificates"] == []
    assert cli("iam", "list-service-specific-credentials", **who)["ServiceSpecificCredentials"] == []
    for operation in ("get-login-profile", "delete-login-profile"):
        with pytest.raises(AssertionError, match="NoSuchEntity"):
            cli("iam", operation, **who)
        cli.seen.add(operation)
    cli("iam", "delete-user", **who)


# Errors and pages -----------------------------------------------------------------------------------------------------


def test_what_does_not_exist(iam):
    nobody = {"UserName": "nobody", "RoleName": "nobody", "GroupName": "nobody", "InstanceProfileName": "nobody",
              "PolicyArn": arn("policy/nobody"), "PolicyName": "p", "VersionId": "v1", "AccessKeyId": "AKIAOFNOBODY00000000"}
    calls = ["get_role", "delete_role", "get_group", "delete_group", "get_user", "delete_user", "get_policy", "delete_policy",
             "get_instance_profile", "delete_instance_profile", "get_policy_version", "delete_policy_version",
             "set_default_policy_version", "list_policy_versions", "list_role_policies", "list_user_tags", "list_role_tags",
             "list_attached_group_policies", "get_role_policy", "delete_user_policy", "list_groups_for_user",
             "list_access_keys", "delete_access_key", "attach_role_policy", "detach_user_policy", "add_user_to_group",
             "delete_role_permissions_boundary", "remove_role_from_instance_profile", "list_entities_for_policy"]
    for call in calls:
        shape = iam.meta.service_model.operation_model(iam.meta.method_to_api_mapping[call]).input_shape
        message = refused(getattr(iam, call), "NoSuchEntity", 404, **{one: nobody[one] for one in shape.required_members}
                          | ({"UserName": "nobody"} if "UserName" in shape.members else {}))
        assert "nobody" in message
    assert refused(iam.get_role, "NoSuchEntity", 404, RoleName="nobody") == "The role with name nobody cannot be found."
    assert refused(iam.get_policy, "NoSuchEntity", 404, PolicyArn=nobody["PolicyArn"]) == \
        f"Policy {nobody['PolicyArn']} was not found."


def test_names_are_taken_once_whatever_their_case(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_IOT)
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.create_policy(PolicyName=name, PolicyDocument=document(allow("*")))
    for again in (name, name.upper()):
        assert refused(iam.create_role, "EntityAlreadyExists", 409, RoleName=again, AssumeRolePolicyDocument=TRUST_IOT) == \
            f"Role with name {again} already exists."
        refused(iam.create_user, "EntityAlreadyExists", 409, again, UserName=again)
        refused(iam.create_group, "EntityAlreadyExists", 409, again, GroupName=again)
        refused(iam.create_instance_profile, "EntityAlreadyExists", 409, again, InstanceProfileName=again)
        refused(iam.create_policy, "EntityAlreadyExists", 409, again, PolicyName=again, PolicyDocument=document(allow("*")))


def test_what_is_in_use_is_not_deleted(iam, name):
    policy = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("*")))["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_IOT)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)

    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    refused(iam.delete_policy, "DeleteConflict", 409, "attached", PolicyArn=policy)
    refused(iam.delete_role, "DeleteConflict", 409, "must detach all policies first", RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("*")))
    refused(iam.delete_role, "DeleteConflict", 409, "must delete policies first", RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.add_role_to_instance_profile(RoleName=name, InstanceProfileName=name)
    refused(iam.delete_role, "DeleteConflict", 409, "must remove roles from instance profile first", RoleName=name)
    refused(iam.delete_instance_profile, "DeleteConflict", 409, InstanceProfileName=name)
    iam.remove_role_from_instance_profile(RoleName=name, InstanceProfileName=name)

    iam.add_user_to_group(UserName=name, GroupName=name)
    refused(iam.delete_user, "DeleteConflict", 409, UserName=name)
    refused(iam.delete_group, "DeleteConflict", 409, GroupName=name)
    iam.remove_user_from_group(UserName=name, GroupName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    refused(iam.delete_user, "DeleteConflict", 409, "must delete access keys first", UserName=name)
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=policy)
    refused(iam.delete_policy, "DeleteConflict", 409, PolicyArn=policy)
    iam.delete_user_permissions_boundary(UserName=name)

    iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(deny("*")), SetAsDefault=True)
    refused(iam.delete_policy_version, "DeleteConflict", 409, PolicyArn=policy, VersionId="v2")
    refused(iam.delete_policy, "DeleteConflict", 409, "more than one version", PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    for call, keywords in ((iam.delete_policy, {"PolicyArn": policy}), (iam.delete_role, {"RoleName": name}),
                           (iam.delete_instance_profile, {"InstanceProfileName": name}),
                           (iam.delete_user, {"UserName": name}), (iam.delete_group, {"GroupName": name})):
        call(**keywords)
        refused(call, "NoSuchEntity", 404, **keywords)


def test_quotas(iam, name):
    iam.create_user(UserName=name)
    policies = [iam.create_policy(PolicyName=f"{name}-{n}", PolicyDocument=document(allow("*")))["Policy"]["Arn"] for n in range(11)]
    for policy in policies[:10]:
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    refused(iam.attach_user_policy, "LimitExceeded", 409, "10", UserName=name, PolicyArn=policies[10])
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policies[0], PolicyDocument=document(allow("*")))
    refused(iam.create_policy_version, "LimitExceeded", 409, "5 versions", PolicyArn=policies[0],
            PolicyDocument=document(allow("*")))
    iam.create_access_key(UserName=name)
    iam.create_access_key(UserName=name)
    refused(iam.create_access_key, "LimitExceeded", 409, "2", UserName=name)
    refused(iam.put_user_policy, "LimitExceeded", 409, "2048", UserName=name, PolicyName="p",
            PolicyDocument=document(allow("kinesis:*", ["arn:aws:kinesis:*:*:stream/" + "x" * 500 + str(n) for n in range(5)])))
    iam.tag_user(UserName=name, Tags=[{"Key": "one", "Value": "1"}])
    refused(iam.tag_user, "LimitExceeded", 409, "50", UserName=name, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])


@pytest.mark.parametrize("text", [
    "{", "[]", "{}", '{"Version":"2012-10-17"}', '{"Version":"1999-01-01","Statement":[]}',
    document({"Effect": "Maybe", "Action": "*", "Resource": "*"}), document({"Effect": "Allow", "Resource": "*"}),
    document({"Effect": "Allow", "Action": "*"}), document(allow("*", Principal={"AWS": "*"})),
    document(allow("putrecord")), document(allow("*", Condition={"StringAlmost": {"a": "b"}})), document(allow("*", "nonsense"))])
def test_malformed_policies(iam, name, text):
    refused(iam.create_policy, "MalformedPolicyDocument", 400, PolicyName=name, PolicyDocument=text)
    refused(iam.get_policy, "NoSuchEntity", 404, PolicyArn=arn(f"policy/{name}"))


def test_malformed_trust_policies(iam, name):
    for text in ("{", document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
                 document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Resource": "*"}),
                 trusts(arn("user/nobody-at-all"))):
        refused(iam.create_role, "MalformedPolicyDocument", 400, RoleName=name, AssumeRolePolicyDocument=text)
    refused(iam.get_role, "NoSuchEntity", 404, RoleName=name)


def test_values_that_break_the_rules(server, name):
    iam = server.client("iam", parameter_validation=False)
    said = refused(iam.create_role, "ValidationError", 400, RoleName="a" * 65, AssumeRolePolicyDocument=TRUST_IOT)
    assert "roleName" in said and "64" in said
    refused(iam.create_user, "ValidationError", 400, "userName", UserName="white space")
    refused(iam.create_role, "ValidationError", 400, "assumeRolePolicyDocument", RoleName=name)
    refused(iam.create_role, "ValidationError", 400, "maxSessionDuration", RoleName=name, MaxSessionDuration=60,
            AssumeRolePolicyDocument=TRUST_IOT)
    refused(iam.list_roles, "ValidationError", 400, "maxItems", MaxItems=1001)
    refused(iam.list_roles, "ValidationError", 400, Marker="not a marker")
    refused(iam.get_policy, "InvalidInput", 400, PolicyArn="arn:aws:s3:::a-bucket-with-a-long-name")


def test_lists_come_in_pages(iam, name):
    path = f"/{name}/"
    names = [f"{name}{n}" for n in range(5)]
    for one in names:
        iam.create_role(RoleName=one, AssumeRolePolicyDocument=TRUST_IOT, Path=path)
        iam.create_user(UserName=one, Path=path)
        iam.create_group(GroupName=one, Path=path)
        iam.create_instance_profile(InstanceProfileName=one, Path=path)
        policy = iam.create_policy(PolicyName=one, PolicyDocument=document(allow("*")), Path=path)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=names[0], PolicyArn=policy)
        iam.put_role_policy(RoleName=names[0], PolicyName=one, PolicyDocument=document(allow("*")))
    for operation, key, member in (("list_roles", "Roles", "RoleName"), ("list_users", "Users", "UserName"),
                                   ("list_groups", "Groups", "GroupName"), ("list_policies", "Policies", "PolicyName"),
                                   ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName")):
        items, pages = in_pages(iam, operation, key, PathPrefix=path)
        assert ([one[member] for one in items], pages) == (names, 3), operation
    attached, _ = in_pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=names[0])
    assert [one["PolicyName"] for one in attached] == names
    assert in_pages(iam, "list_role_policies", "PolicyNames", RoleName=names[0])[0] == names
