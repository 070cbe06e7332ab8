"""AWS IoT's control plane through boto3: things, certificates, policies, attachments, groups, tags, settings."""

import json
import uuid

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET

ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


@pytest.fixture
def iot(server):
    return server.client("iot")


@pytest.fixture
def name():
    return "t-" + uuid.uuid4().hex[:12]


def refused(call, *arguments, **keywords):
    """The error code and status of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call(*arguments, **keywords)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def message(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    return error.value.response["Error"]["Message"]


def raw(server, method, path, headers=None):
    """A signed call of what the installed SDK may be too old for: status and parsed body."""
    request = AWSRequest(method=method, url=server.endpoints["api"] + path, headers=headers or {})
    SigV4Auth(Credentials(ROOT_KEY, ROOT_SECRET), "iot", REGION).add_auth(request)
    answer = urllib3.PoolManager().request(method, request.url, headers=dict(request.headers))
    return answer.status, json.loads(answer.data or b"{}")


def arn(resource):
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{resource}"


def test_a_thing_lives_and_dies(iot, name):
    made = iot.create_thing(thingName=name, attributePayload={"attributes": {"site": "east", "unit": "7"}})
    assert made["thingArn"] == arn(f"thing/{name}")
    assert iot.create_thing(thingName=name, attributePayload={"attributes": {"site": "east", "unit": "7"}})["thingId"] == made["thingId"]
    assert refused(iot.create_thing, thingName=name) == ("ResourceAlreadyExistsException", 409)

    seen = iot.describe_thing(thingName=name)
    assert (seen["thingName"], seen["defaultClientId"], seen["version"]) == (name, name, 1)
    assert seen["attributes"] == {"site": "east", "unit": "7"}
    assert "thingTypeName" not in seen

    iot.update_thing(thingName=name, attributePayload={"attributes": {"unit": "8"}, "merge": True})
    assert iot.describe_thing(thingName=name)["attributes"] == {"site": "east", "unit": "8"}
    iot.update_thing(thingName=name, attributePayload={"attributes": {"unit": "9"}}, expectedVersion=2)
    assert iot.describe_thing(thingName=name)["attributes"] == {"unit": "9"}
    assert refused(iot.update_thing, thingName=name, expectedVersion=2) == ("VersionConflictException", 409)
    assert name in [t["thingName"] for t in iot.list_things(attributeName="unit", attributeValue="9")["things"]]

    iot.delete_thing(thingName=name)
    iot.delete_thing(thingName=name)  # AWS: no error
    assert refused(iot.describe_thing, thingName=name) == ("ResourceNotFoundException", 404)
    assert refused(iot.update_thing, thingName=name) == ("ResourceNotFoundException", 404)


def test_bad_names_are_named(iot):
    assert message(iot.create_thing, thingName="a b") == (
        "1 validation error detected: Value 'a b' at 'thingName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+")
    assert refused(iot.create_thing, thingName="a b") == ("InvalidRequestException", 400)
    assert refused(iot.create_thing, thingName="x" * 129) == ("InvalidRequestException", 400)
    assert refused(iot.create_thing, thingName="x", attributePayload={"attributes": {"a": "1", "b": "1", "c": "1", "d": "1"}}) == (
        "InvalidRequestException", 400)


def test_things_come_in_pages(iot, name):
    for i in range(5):
        iot.create_thing(thingName=f"{name}-{i}", attributePayload={"attributes": {"page": name}})
    pages = iot.get_paginator("list_things").paginate(attributeName="page", attributeValue=name, PaginationConfig={"PageSize": 2})
    found = [[t["thingName"] for t in page["things"]] for page in pages]
    assert sum(found, []) == [f"{name}-{i}" for i in range(5)]
    assert max(map(len, found)) == 2
    assert refused(iot.list_things, nextToken="!") == ("InvalidRequestException", 400)


def test_thing_types(iot, name):
    properties = {"thingTypeDescription": "a type", "searchableAttributes": ["site"]}
    made = iot.create_thing_type(thingTypeName=name, thingTypeProperties=properties, tags=[{"Key": "a", "Value": "b"}])
    assert made["thingTypeArn"] == arn(f"thingtype/{name}")
    seen = iot.describe_thing_type(thingTypeName=name)
    assert seen["thingTypeProperties"] == properties
    assert seen["thingTypeMetadata"]["deprecated"] is False
    assert iot.list_tags_for_resource(resourceArn=made["thingTypeArn"])["tags"] == [{"Key": "a", "Value": "b"}]
    iot.create_thing(thingName=name, thingTypeName=name, attributePayload={"attributes": {str(i): "x" for i in range(50)}})
    assert iot.describe_thing(thingName=name)["thingTypeName"] == name

    assert refused(iot.delete_thing_type, thingTypeName=name) == ("InvalidRequestException", 400)
    iot.deprecate_thing_type(thingTypeName=name)
    assert "deprecationDate" in iot.describe_thing_type(thingTypeName=name)["thingTypeMetadata"]
    assert refused(iot.create_thing, thingName=name + "2", thingTypeName=name) == ("InvalidRequestException", 400)
    assert refused(iot.delete_thing_type, thingTypeName=name) == ("InvalidRequestException", 400)  # in use
    iot.update_thing(thingName=name, removeThingType=True, attributePayload={"attributes": {}})
    iot.delete_thing_type(thingTypeName=name)
    assert refused(iot.describe_thing_type, thingTypeName=name) == ("ResourceNotFoundException", 404)
    assert refused(iot.create_thing, thingName=name + "2", thingTypeName=name) == ("ResourceNotFoundException", 404)


def test_thing_groups(iot, name):
    root = iot.create_thing_group(thingGroupName=name, thingGroupProperties={
        "thingGroupDescription": "root", "attributePayload": {"attributes": {"a": "1"}}})
    assert root["thingGroupArn"] == arn(f"thinggroup/{name}")
    iot.create_thing_group(thingGroupName=name + "-child", parentGroupName=name)
    child = iot.describe_thing_group(thingGroupName=name + "-child")
    assert child["thingGroupMetadata"]["parentGroupName"] == name
    assert child["thingGroupMetadata"]["rootToParentThingGroups"] == [{"groupName": name, "groupArn": root["thingGroupArn"]}]
    assert iot.update_thing_group(thingGroupName=name, thingGroupProperties={"thingGroupDescription": "new"}, expectedVersion=1)["version"] == 2
    assert refused(iot.update_thing_group, thingGroupName=name, thingGroupProperties={}, expectedVersion=1) == ("VersionConflictException", 409)

    iot.create_thing(thingName=name)
    iot.add_thing_to_thing_group(thingGroupName=name + "-child", thingName=name)
    assert refused(iot.add_thing_to_thing_group, thingGroupName=name, thingName=name) == ("InvalidRequestException", 400)  # one hierarchy
    assert [g["groupName"] for g in iot.list_thing_groups_for_thing(thingName=name)["thingGroups"]] == [name + "-child"]
    assert iot.list_things_in_thing_group(thingGroupName=name)["things"] == []
    assert iot.list_things_in_thing_group(thingGroupName=name, recursive=True)["things"] == [name]
    assert refused(iot.delete_thing_group, thingGroupName=name) == ("InvalidRequestException", 400)  # has a child
    iot.remove_thing_from_thing_group(thingGroupArn=arn(f"thinggroup/{name}-child"), thingArn=arn(f"thing/{name}"))
    assert iot.list_thing_groups_for_thing(thingName=name)["thingGroups"] == []
    iot.delete_thing_group(thingGroupName=name + "-child")
    iot.delete_thing_group(thingGroupName=name)
    assert refused(iot.describe_thing_group, thingGroupName=name) == ("ResourceNotFoundException", 404)


def test_policies_and_their_versions(iot, name):
    made = iot.create_policy(policyName=name, policyDocument=ALLOW_ALL, tags=[{"Key": "k", "Value": "v w"}])
    assert (made["policyArn"], made["policyVersionId"]) == (arn(f"policy/{name}"), "1")
    assert refused(iot.create_policy, policyName=name, policyDocument=ALLOW_ALL) == ("ResourceAlreadyExistsException", 409)
    seen = iot.get_policy(policyName=name)
    assert (seen["policyDocument"], seen["defaultVersionId"]) == (ALLOW_ALL, "1")
    for version in range(2, 6):
        made = iot.create_policy_version(policyName=name, policyDocument=ALLOW_ALL.replace("iot:*", f"iot:{version}"), setAsDefault=version == 3)
        assert (made["policyVersionId"], made["isDefaultVersion"]) == (str(version), version == 3)
    assert refused(iot.create_policy_version, policyName=name, policyDocument=ALLOW_ALL) == ("VersionsLimitExceededException", 409)
    versions = iot.list_policy_versions(policyName=name)["policyVersions"]
    assert {v["versionId"]: v["isDefaultVersion"] for v in versions} == {"1": False, "2": False, "3": True, "4": False, "5": False}
    assert "iot:3" in iot.get_policy(policyName=name)["policyDocument"]
    iot.set_default_policy_version(policyName=name, policyVersionId="5")
    assert iot.get_policy_version(policyName=name, policyVersionId="5")["isDefaultVersion"] is True
    assert refused(iot.delete_policy_version, policyName=name, policyVersionId="5") == ("DeleteConflictException", 409)
    assert refused(iot.delete_policy, policyName=name) == ("DeleteConflictException", 409)
    for version in "1234":
        iot.delete_policy_version(policyName=name, policyVersionId=version)
    assert iot.create_policy_version(policyName=name, policyDocument=ALLOW_ALL)["policyVersionId"] == "6"
    iot.delete_policy_version(policyName=name, policyVersionId="6")
    assert refused(iot.get_policy_version, policyName=name, policyVersionId="1") == ("ResourceNotFoundException", 404)
    iot.delete_policy(policyName=name)
    assert refused(iot.get_policy, policyName=name) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("document", ["", "{", "[]", '{"Version":"2012-10-17"}', '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}',
                                      json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*", "Sid": "x" * 2048}]})])
def test_malformed_policies(iot, name, document):
    assert refused(iot.create_policy, policyName=name, policyDocument=document) == ("MalformedPolicyException", 400)


def test_certificates_and_what_hangs_on_them(iot, name):
    made = iot.create_keys_and_certificate(setAsActive=True)
    identity, target = made["certificateId"], made["certificateArn"]
    assert target == arn(f"cert/{identity}") and len(identity) == 64
    assert made["certificatePem"].startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" in made["keyPair"]["PrivateKey"] and "PUBLIC KEY" in made["keyPair"]["PublicKey"]
    seen = iot.describe_certificate(certificateId=identity)["certificateDescription"]
    assert (seen["status"], seen["certificatePem"], seen["ownedBy"]) == ("ACTIVE", made["certificatePem"], ACCOUNT)
    assert seen["validity"]["notAfter"].year == 2049
    assert identity in [c["certificateId"] for c in iot.list_certificates(pageSize=250)["certificates"]]

    iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
    iot.create_thing(thingName=name)
    iot.attach_policy(policyName=name, target=target)
    iot.attach_policy(policyName=name, target=target)
    iot.attach_thing_principal(thingName=name, principal=target)
    assert [p["policyName"] for p in iot.list_attached_policies(target=target, pageSize=250)["policies"]] == [name]
    assert iot.list_targets_for_policy(policyName=name)["targets"] == [target]
    assert iot.list_thing_principals(thingName=name)["principals"] == [target]
    assert iot.list_principal_things(principal=target)["things"] == [name]
    assert [p["policyName"] for p in iot.list_principal_policies(principal=target)["policies"]] == [name]
    assert iot.list_policy_principals(policyName=name)["principals"] == [target]

    assert refused(iot.delete_policy, policyName=name) == ("DeleteConflictException", 409)
    assert refused(iot.delete_thing, thingName=name) == ("InvalidRequestException", 400)
    assert refused(iot.delete_certificate, certificateId=identity) == ("CertificateStateException", 406)
    iot.update_certificate(certificateId=identity, newStatus="INACTIVE")
    assert refused(iot.delete_certificate, certificateId=identity) == ("DeleteConflictException", 409)
    iot.detach_thing_principal(thingName=name, principal=target)
    assert refused(iot.delete_certificate, certificateId=identity) == ("DeleteConflictException", 409)
    iot.detach_policy(policyName=name, target=target)
    iot.detach_policy(policyName=name, target=target)
    iot.delete_certificate(certificateId=identity)
    assert refused(iot.describe_certificate, certificateId=identity) == ("ResourceNotFoundException", 404)
    assert refused(iot.attach_policy, policyName=name, target=target) == ("ResourceNotFoundException", 404)
    assert refused(iot.attach_policy, policyName=name, target="nonsense") == ("InvalidRequestException", 400)
    iot.delete_policy(policyName=name)
    iot.delete_thing(thingName=name)


def test_certificates_from_elsewhere(iot, tmp_path):
    import subprocess
    key, csr, pem = (tmp_path / part for part in ("key.pem", "csr.pem", "cert.pem"))
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=own/O=lab"],
                   check=True, capture_output=True)
    signed = iot.create_certificate_from_csr(certificateSigningRequest=csr.read_text(), setAsActive=False)
    assert iot.describe_certificate(certificateId=signed["certificateId"])["certificateDescription"]["status"] == "INACTIVE"
    again = iot.create_certificate_from_csr(certificateSigningRequest=csr.read_text())
    assert again["certificateId"] != signed["certificateId"]
    assert refused(iot.create_certificate_from_csr, certificateSigningRequest="nonsense") == ("InvalidRequestException", 400)

    subprocess.run(["openssl", "x509", "-req", "-in", csr, "-signkey", key, "-out", pem, "-days", "30"], check=True, capture_output=True)
    registered = iot.register_certificate_without_ca(certificatePem=pem.read_text(), status="ACTIVE")
    fingerprint = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True, text=True)
    assert registered["certificateId"] == fingerprint.stdout.split("=")[1].strip().replace(":", "").lower()
    assert iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]["certificateMode"] == "SNI_ONLY"
    assert refused(iot.register_certificate_without_ca, certificatePem=pem.read_text()) == ("ResourceAlreadyExistsException", 409)
    assert refused(iot.register_certificate_without_ca, certificatePem="nonsense") == ("CertificateValidationException", 400)


def test_policies_on_groups_and_identities(iot, name):
    iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
    iot.create_thing_group(thingGroupName=name)
    iot.create_thing_group(thingGroupName=name + "c", parentGroupName=name)
    for target in (arn(f"thinggroup/{name}"), f"{REGION}:{uuid.uuid4()}"):
        iot.attach_policy(policyName=name, target=target)
        assert [p["policyName"] for p in iot.list_attached_policies(target=target)["policies"]] == [name]
        assert target in iot.list_targets_for_policy(policyName=name)["targets"]
    below = arn(f"thinggroup/{name}c")
    assert iot.list_attached_policies(target=below)["policies"] == []
    assert [p["policyName"] for p in iot.list_attached_policies(target=below, recursive=True)["policies"]] == [name]


def test_exclusive_principals(server, iot, name):
    target = iot.create_keys_and_certificate()["certificateArn"]
    header = {"x-amzn-principal": target}
    for thing in (name, name + "2"):
        iot.create_thing(thingName=thing)
    assert raw(server, "PUT", f"/things/{name}/principals?thingPrincipalType=EXCLUSIVE_THING", header)[0] == 200
    assert refused(iot.attach_thing_principal, thingName=name + "2", principal=target) == ("InvalidRequestException", 400)
    assert raw(server, "PUT", f"/things/{name}/principals?thingPrincipalType=SOME_THING", header)[0] == 400
    exclusive = {"thingPrincipalType": "EXCLUSIVE_THING"}
    assert raw(server, "GET", "/principals/things-v2", header) == (200, {"principalThingObjects": [{"thingName": name} | exclusive]})
    assert raw(server, "GET", f"/things/{name}/principals-v2") == (200, {"thingPrincipalObjects": [{"principal": target} | exclusive]})
    assert raw(server, "GET", f"/things/{name}/principals-v2?thingPrincipalType=NON_EXCLUSIVE_THING") == (200, {"thingPrincipalObjects": []})


def test_tags(iot, name):
    resource = iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)["policyArn"]
    assert iot.list_tags_for_resource(resourceArn=resource)["tags"] == []
    iot.tag_resource(resourceArn=resource, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iot.tag_resource(resourceArn=resource, tags=[{"Key": "b", "Value": "3"}])
    iot.untag_resource(resourceArn=resource, tagKeys=["a", "no-such"])
    assert iot.list_tags_for_resource(resourceArn=resource)["tags"] == [{"Key": "b", "Value": "3"}]
    assert refused(iot.list_tags_for_resource, resourceArn=arn("policy/no-such-policy")) == ("ResourceNotFoundException", 404)
    assert refused(iot.tag_resource, resourceArn="nonsense", tags=[]) == ("InvalidRequestException", 400)


def test_account_settings(iot):
    indexing = iot.get_indexing_configuration()
    assert indexing["thingIndexingConfiguration"]["thingIndexingMode"] == "OFF"
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF", "namedShadowIndexingMode": "OFF"},
                                      thingGroupIndexingConfiguration={"thingGroupIndexingMode": "OFF"})
    assert refused(iot.update_indexing_configuration, thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"}) == ("InvalidRequestException", 400)
    iot.update_event_configurations(eventConfigurations={"THING": {}, "JOB": {"Enabled": False}})
    events = iot.describe_event_configurations()["eventConfigurations"]
    assert len(events) == 11 and not any(e.get("Enabled") for e in events.values())
    assert refused(iot.update_event_configurations, eventConfigurations={"THING": {"Enabled": True}}) == ("InvalidRequestException", 400)
    code = iot.get_registration_code()["registrationCode"]
    assert len(code) == 64 and iot.get_registration_code()["registrationCode"] == code
    iot.delete_registration_code()
    assert iot.get_registration_code()["registrationCode"] != code


def test_what_is_not_built_says_so(iot):
    code, _ = refused(iot.list_jobs)
    assert code == "NotImplementedException"
    assert "ListJobs" in message(iot.list_jobs)
    assert refused(iot.describe_endpoint, endpointType="iot:Jobs") == ("InvalidRequestException", 400)


def test_the_registry_survives_a_kill(own_server, name):
    iot = own_server.client("iot")
    certificate = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
    iot.create_thing(thingName=name, attributePayload={"attributes": {"a": "b"}})
    iot.attach_policy(policyName=name, target=certificate["certificateArn"])
    iot.attach_thing_principal(thingName=name, principal=certificate["certificateArn"])
    own_server.kill()
    iot = own_server.start().client("iot")
    assert iot.describe_thing(thingName=name)["attributes"] == {"a": "b"}
    assert iot.list_thing_principals(thingName=name)["principals"] == [certificate["certificateArn"]]
    assert [p["policyName"] for p in iot.list_attached_policies(target=certificate["certificateArn"])["policies"]] == [name]
    assert iot.describe_certificate(certificateId=certificate["certificateId"])["certificateDescription"]["status"] == "ACTIVE"


def test_the_cli_speaks_to_it(server, name):
    made = server.aws("iot", "create-thing", "--thing-name", name)
    assert made["thingArn"] == arn(f"thing/{name}")
    assert server.aws("iot", "describe-thing", "--thing-name", name)["thingName"] == name
    done = server.aws("iot", "describe-thing", "--thing-name", "no-such-thing", check=False)
    assert done.returncode != 0 and "ResourceNotFoundException" in done.stderr
