"""Lambda functions through boto3 and the AWS CLI: created, read, deleted; what comes back, and what is refused."""

import base64
import hashlib
import json
import random
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError
from iam_documents import allow, document
from lambda_zips import HELLO_PYTHON, lambda_role, zip_of
from penstock_process import ACCOUNT, REGION, Credentials, PenstockProcess

ZIP = zip_of({"app.py": HELLO_PYTHON})


@pytest.fixture(scope="module")
def role(server):
    return lambda_role(server)


@pytest.fixture
def functions(server):
    return server.client("lambda")


@pytest.fixture
def name():
    return "f-" + uuid.uuid4().hex[:12]


def arn(resource):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource}"


def refused(call, **keywords):
    """Code, status and message of a call that must fail."""
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def make(functions, name, role, code=ZIP, **more):
    return functions.create_function(**{"FunctionName": name, "Runtime": "python3.11", "Role": role, "Handler": "app.handler",
                                        "Code": {"ZipFile": code}} | more)


def test_a_function_lives_and_dies(functions, role, name):
    made = make(functions, name, role, Description="says hello", Timeout=7, MemorySize=256, Tags={"team": "field"},
                Environment={"Variables": {"SITE": "east"}})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionArn"] == arn(name)
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(ZIP).digest()).decode()
    assert made["CodeSize"] == len(ZIP)
    assert (made["Runtime"], made["Handler"], made["Timeout"], made["MemorySize"]) == ("python3.11", "app.handler", 7, 256)
    assert made["Environment"] == {"Variables": {"SITE": "east"}}
    assert (made["Version"], made["PackageType"], made["Role"]) == ("$LATEST", "Zip", role)
    assert made["TracingConfig"] == {"Mode": "PassThrough"}
    assert made["EphemeralStorage"] == {"Size": 512}
    functions.get_waiter("function_active_v2").wait(FunctionName=name)

    seen = functions.get_function(FunctionName=name)
    assert seen["Configuration"]["RevisionId"] == made["RevisionId"]
    assert seen["Configuration"]["State"] == "Active"
    assert seen["Configuration"]["LastUpdateStatus"] == "Successful"
    assert seen["Code"]["RepositoryType"] == "S3"
    assert seen["Tags"] == {"team": "field"}
    assert refused(make, functions=functions, name=name, role=role)[:2] == ("ResourceConflictException", 409)

    assert functions.delete_function(FunctionName=name)["ResponseMetadata"]["HTTPStatusCode"] in (200, 204)
    code, status, message = refused(functions.get_function, FunctionName=name)
    assert (code, status, message) == ("ResourceNotFoundException", 404, f"Function not found: {arn(name)}")
    assert refused(functions.delete_function, FunctionName=name)[:2] == ("ResourceNotFoundException", 404)


def fetched(link, method="GET"):
    """Status and body of what the link gives to somebody without credentials."""
    try:
        with urllib.request.urlopen(urllib.request.Request(link, method=method), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def test_code_is_downloaded_by_its_link_alone(functions, role, name):
    make(functions, name, role)
    functions.publish_version(FunctionName=name)
    functions.update_function_code(FunctionName=name, ZipFile=zip_of({"app.py": HELLO_PYTHON + "# changed\n"}))
    link = functions.get_function(FunctionName=name, Qualifier="1")["Code"]["Location"]
    assert fetched(link) == (200, ZIP)
    assert fetched(functions.get_function(FunctionName=name)["Code"]["Location"])[1] != ZIP
    layer = functions.publish_layer_version(LayerName=name, Content={"ZipFile": ZIP})
    assert fetched(layer["Content"]["Location"]) == (200, ZIP)
    got = functions.get_layer_version(LayerName=name, VersionNumber=1)["Content"]["Location"]
    assert fetched(got) == (200, ZIP)
    status, told = fetched(link[:-1] + ("0" if link[-1] != "0" else "1"))
    assert (status, b"SignatureDoesNotMatch" in told) == (403, True)
    assert fetched(link.replace("expires=", "expires=9"))[0] == 403
    assert fetched(link, "POST")[0] == 403
    assert fetched(link.partition("?")[0])[0] == 403


def test_every_form_of_a_name_is_understood(functions, role, name):
    make(functions, name, role)
    forms = [name, arn(name), f"{ACCOUNT}:function:{name}", f"{arn(name)}:$LATEST", f"{name}:$LATEST"]
    for form in forms:
        assert functions.get_function_configuration(FunctionName=form)["FunctionName"] == name
    assert functions.get_function_configuration(FunctionName=f"{name}:$LATEST")["FunctionArn"] == arn(f"{name}:$LATEST")
    assert refused(functions.get_function, FunctionName=f"{name}:1", Qualifier="2")[0] == "InvalidParameterValueException"
    assert refused(functions.get_function, FunctionName=f"arn:aws:lambda:{REGION}:999999999999:function:{name}")[0] in (
        "ResourceNotFoundException", "AccessDeniedException")


@pytest.mark.parametrize("arguments, says", [
    ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VPC"),
    ({"FileSystemConfigs": [{"Arn": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0123456789abcdef0",
                             "LocalMountPath": "/mnt/x"}]}, "file systems"),
    ({"TracingConfig": {"Mode": "Active"}}, "X-Ray"),
    ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart"),
    ({"DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}}, "dead-letter"),
    ({"KMSKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}, "KMSKeyArn"),
    ({"PackageType": "Image"}, "image"),
    ({"Code": {"ImageUri": "repo:tag"}}, "image"),
    ({"Runtime": "java11"}, "java11"),
    ({"Architectures": ["arm64"]}, "arm64"),
])
def test_what_cannot_be_kept_here_is_refused_by_name(functions, role, name, arguments, says):
    code, status, message = refused(make, functions=functions, name=name, role=role, **arguments)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert says in message
    assert refused(functions.get_function, FunctionName=name)[0] == "ResourceNotFoundException"


def test_a_role_must_be_lambdas(server, functions, role, name):
    for wrong in (f"arn:aws:iam::{ACCOUNT}:role/not-there", lambda_role_of_iot(server)):
        code, status, message = refused(make, functions=functions, name=name, role=wrong)
        assert (code, status) == ("InvalidParameterValueException", 400)
        assert message == "The role defined for the function cannot be assumed by Lambda."


def lambda_role_of_iot(server):
    made = lambda_role(server)
    server.client("iam").update_assume_role_policy(
        RoleName=made.rpartition("/")[2],
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},'
                       '"Action":"sts:AssumeRole"}]}')
    return made


def test_updates_change_what_they_name_and_nothing_else(functions, role, name):
    made = make(functions, name, role, Description="first", Timeout=7, Environment={"Variables": {"A_1": "1"}})
    changed = functions.update_function_configuration(FunctionName=name, MemorySize=512, EphemeralStorage={"Size": 1024})
    assert (changed["MemorySize"], changed["Timeout"], changed["Description"]) == (512, 7, "first")
    assert changed["EphemeralStorage"] == {"Size": 1024}
    assert changed["Environment"] == {"Variables": {"A_1": "1"}}
    assert changed["RevisionId"] != made["RevisionId"]
    seen = functions.get_function_configuration(FunctionName=name)
    assert {key: seen[key] for key in changed if key != "ResponseMetadata"} == {
        key: changed[key] for key in changed if key != "ResponseMetadata"}

    cleared = functions.update_function_configuration(FunctionName=name, Environment={"Variables": {}}, Description="")
    assert cleared["Environment"] == {"Variables": {}}
    assert cleared["Description"] == ""
    code, status, _ = refused(functions.update_function_configuration, FunctionName=name, RevisionId=made["RevisionId"], Timeout=9)
    assert (code, status) == ("PreconditionFailedException", 412)

    other = zip_of({"app.py": HELLO_PYTHON + "# another\n"})
    dry = functions.update_function_code(FunctionName=name, ZipFile=other, DryRun=True)
    assert dry["CodeSize"] == len(other)
    assert functions.get_function(FunctionName=name)["Configuration"]["CodeSha256"] == made["CodeSha256"]
    updated = functions.update_function_code(FunctionName=name, ZipFile=other)
    assert updated["CodeSha256"] == base64.b64encode(hashlib.sha256(other).digest()).decode()
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def test_environment_variables_are_bounded_and_some_reserved(functions, role, name):
    code, _, message = refused(make, functions=functions, name=name, role=role, Environment={"Variables": {"AWS_REGION": "x"}})
    assert (code, "reserved keys" in message, "AWS_REGION" in message) == ("InvalidParameterValueException", True, True)
    code, _, message = refused(make, functions=functions, name=name, role=role, Environment={"Variables": {"BIG": "x" * 5000}})
    assert (code, "4KB" in message) == ("InvalidParameterValueException", True)
    assert "xxx" not in message


def test_versions_and_aliases(functions, role, name):
    make(functions, name, role)
    one = functions.publish_version(FunctionName=name, Description="one")
    assert (one["Version"], one["FunctionArn"], one["Description"]) == ("1", arn(f"{name}:1"), "one")
    assert functions.publish_version(FunctionName=name)["Version"] == "1"  # nothing has changed
    functions.update_function_configuration(FunctionName=name, Timeout=5)
    two = functions.publish_version(FunctionName=name)
    assert (two["Version"], two["Timeout"]) == ("2", 5)
    assert functions.get_function_configuration(FunctionName=name, Qualifier="1")["Timeout"] == 3
    listed = functions.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    assert listed[0]["FunctionArn"] == arn(f"{name}:$LATEST")

    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="what runs",
                                   RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    assert alias["AliasArn"] == arn(f"{name}:live")
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    seen = functions.get_function(FunctionName=name, Qualifier="live")["Configuration"]
    assert (seen["FunctionArn"], seen["Version"]) == (arn(f"{name}:live"), "1")
    assert refused(functions.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[:2] == ("ResourceConflictException", 409)
    assert refused(functions.create_alias, FunctionName=name, Name="next", FunctionVersion="9")[:2] == ("ResourceNotFoundException", 404)
    assert refused(functions.create_alias, FunctionName=name, Name="last", FunctionVersion="$LATEST",
                   RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})[0] == "InvalidParameterValueException"
    assert refused(functions.create_alias, FunctionName=name, Name="7", FunctionVersion="1")[0] == "ValidationException"
    assert refused(functions.delete_function, FunctionName=name, Qualifier="2")[:2] == ("ResourceConflictException", 409)
    moved = functions.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig={})
    assert "RoutingConfig" not in moved
    assert [a["Name"] for a in functions.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]] == ["live"]
    assert functions.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"] == []
    functions.delete_function(FunctionName=name, Qualifier="1")
    functions.delete_alias(FunctionName=name, Name="live")
    assert refused(functions.get_alias, FunctionName=name, Name="live")[:2] == ("ResourceNotFoundException", 404)
    functions.delete_function(FunctionName=name)
    make(functions, name, role)
    assert functions.publish_version(FunctionName=name)["Version"] == "3"  # numbers are not given twice


def test_functions_are_listed_in_pages(own_server):
    role = lambda_role(own_server)
    functions = own_server.client("lambda")
    names = sorted(f"page-{i}" for i in range(7))
    for one in names:
        make(functions, one, role)
    pages = list(functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    assert [f["FunctionName"] for page in pages for f in page["Functions"]] == names
    assert len(pages) == 3
    functions.publish_version(FunctionName=names[0])
    every = functions.list_functions(FunctionVersion="ALL")["Functions"]
    assert [f["Version"] for f in every if f["FunctionName"] == names[0]] == ["$LATEST", "1"]
    usage = functions.get_account_settings()
    assert usage["AccountUsage"] == {"TotalCodeSize": 8 * len(ZIP), "FunctionCount": 7}


def test_code_storage_is_bounded(tmp_path):
    (tmp_path / "penstock.json").write_text(json.dumps({"lambda": {"code_bytes_max": 3 * len(ZIP)}}))
    server = PenstockProcess(tmp_path, "--config", str(tmp_path / "penstock.json")).start()
    try:
        role = lambda_role(server)
        functions = server.client("lambda")
        full = ("CodeStorageExceededException", 400, "Code storage limit exceeded.")
        make(functions, "one", role, Publish=True)
        assert refused(make, functions=functions, name="two", role=role, Publish=True) == full
        functions.publish_layer_version(LayerName="words", Content={"ZipFile": ZIP})
        usage = functions.get_account_settings()
        assert usage["AccountLimit"]["TotalCodeSize"] == usage["AccountUsage"]["TotalCodeSize"] == 3 * len(ZIP)
        assert refused(make, functions=functions, name="two", role=role) == full
        assert refused(functions.publish_layer_version, LayerName="words", Content={"ZipFile": ZIP}) == full
        larger = zip_of({"app.py": HELLO_PYTHON + "# more\n"})
        assert refused(functions.update_function_code, FunctionName="one", ZipFile=larger) == full
        assert refused(functions.update_function_code, FunctionName="one", ZipFile=ZIP, Publish=True) == full
        functions.update_function_code(FunctionName="one", ZipFile=ZIP)  # no more than there was
        functions.update_function_configuration(FunctionName="one", Timeout=9)
        assert refused(functions.publish_version, FunctionName="one") == full
        functions.delete_layer_version(LayerName="words", VersionNumber=1)
        assert functions.publish_version(FunctionName="one")["Version"] == "2"
        functions.delete_function(FunctionName="one")
        make(functions, "two", role, Publish=True)
    finally:
        server.stop()


def test_permissions_make_the_resource_policy(functions, role, name):
    make(functions, name, role)
    assert refused(functions.get_policy, FunctionName=name)[:2] == ("ResourceNotFoundException", 404)
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"
    added = functions.add_permission(FunctionName=name, StatementId="events", Action="lambda:InvokeFunction",
                                     Principal="events.amazonaws.com", SourceArn=rule, SourceAccount=ACCOUNT)
    assert json.loads(added["Statement"]) == {
        "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": arn(name), "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}, "ArnLike": {"AWS:SourceArn": rule}}}
    functions.add_permission(FunctionName=name, StatementId="account", Action="lambda:GetFunction", Principal="111122223333")
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["events", "account"]
    assert policy["Statement"][1]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert refused(functions.add_permission, FunctionName=name, StatementId="events", Action="lambda:InvokeFunction",
                   Principal="*")[:2] == ("ResourceConflictException", 409)
    functions.remove_permission(FunctionName=name, StatementId="events")
    assert refused(functions.remove_permission, FunctionName=name, StatementId="events")[:2] == ("ResourceNotFoundException", 404)
    functions.remove_permission(FunctionName=name, StatementId="account")
    assert refused(functions.get_policy, FunctionName=name)[0] == "ResourceNotFoundException"

    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.add_permission(FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="*", Qualifier="live")
    policy = json.loads(functions.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"] == arn(f"{name}:live")


def test_tags(functions, role, name):
    make(functions, name, role, Tags={"a": "1"})
    functions.tag_resource(Resource=arn(name), Tags={"b": "2", "a": "3"})
    assert functions.list_tags(Resource=arn(name))["Tags"] == {"a": "3", "b": "2"}
    functions.untag_resource(Resource=arn(name), TagKeys=["a", "x"])
    assert functions.get_function(FunctionName=name)["Tags"] == {"b": "2"}
    assert refused(functions.tag_resource, Resource=arn(name), Tags={"aws:x": "1"})[0] == "InvalidParameterValueException"
    assert refused(functions.list_tags, Resource=arn("nobody"))[:2] == ("ResourceNotFoundException", 404)


def test_concurrency(functions, role, name):
    make(functions, name, role)
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=name)
    assert functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)["ReservedConcurrentExecutions"] == 5
    assert functions.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert refused(functions.put_function_concurrency, FunctionName=name,
                   ReservedConcurrentExecutions=100_000)[0] == "InvalidParameterValueException"
    functions.delete_function_concurrency(FunctionName=name)
    assert "Concurrency" not in functions.get_function(FunctionName=name)

    functions.publish_version(FunctionName=name)
    assert refused(functions.get_provisioned_concurrency_config, FunctionName=name, Qualifier="1")[:2] == (
        "ProvisionedConcurrencyConfigNotFoundException", 404)
    assert refused(functions.put_provisioned_concurrency_config, FunctionName=name, Qualifier="$LATEST",
                   ProvisionedConcurrentExecutions=1)[0] == "InvalidParameterValueException"
    put = functions.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2)
    assert put["RequestedProvisionedConcurrentExecutions"] == 2
    listed = functions.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert [config["FunctionArn"] for config in listed] == [arn(f"{name}:1")]
    functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")


def test_event_invoke_configs(functions, role, name):
    make(functions, name, role)
    assert refused(functions.get_function_event_invoke_config, FunctionName=name)[:2] == ("ResourceNotFoundException", 404)
    put = functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120)
    assert (put["FunctionArn"], put["MaximumRetryAttempts"]) == (arn(f"{name}:$LATEST"), 1)
    changed = functions.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (0, 120)
    replaced = functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
    assert "MaximumEventAgeInSeconds" not in replaced
    assert len(functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1
    functions.delete_function_event_invoke_config(FunctionName=name)
    assert functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []


def test_the_command_line_makes_a_function(server, role, name, tmp_path):
    (tmp_path / "code.zip").write_bytes(ZIP)
    made = server.aws("lambda", "create-function", "--function-name", name, "--runtime", "python3.9", "--role", role,
                      "--handler", "app.handler", "--zip-file", f"fileb://{tmp_path}/code.zip")
    assert made["FunctionArn"] == arn(name)
    assert server.aws("lambda", "get-function", "--function-name", name)["Configuration"]["CodeSize"] == len(ZIP)
    server.aws("lambda", "delete-function", "--function-name", name)


def test_large_zips_are_taken_and_too_large_ones_refused(functions, role, name):
    noise = random.Random(7).randbytes(20_000_000)
    large = zip_of({"app.py": HELLO_PYTHON, "noise": noise})
    assert make(functions, name, role, large)["CodeSize"] == len(large)
    code, status, _ = refused(functions.update_function_code, FunctionName=name, ZipFile=bytes(60_000_000))
    assert status == 413, code


def test_code_from_a_bucket_folder(own_server, name):
    role = lambda_role(own_server)
    functions = own_server.client("lambda")
    where = {"S3Bucket": "artifacts", "S3Key": "builds/app.zip"}
    code, _, message = refused(make, functions=functions, name=name, role=role, Code=where)
    assert (code, "NoSuchKey" in message) == ("InvalidParameterValueException", True)
    folder = own_server.data / "buckets" / "artifacts" / "builds"
    folder.mkdir(parents=True)
    (folder / "app.zip").write_bytes(ZIP)
    assert make(functions, name, role, Code=where)["CodeSize"] == len(ZIP)
    for key in ("../artifacts/builds/app.zip", "builds//app.zip", "../../identity.json", "builds"):
        assert refused(functions.update_function_code, FunctionName=name, S3Bucket="artifacts", S3Key=key)[0] in (
            "InvalidParameterValueException", "ServiceException"), key


@pytest.mark.parametrize("hostile, says", [
    ({"../../escaped": "x"}, "leads out"),
    ({"/etc/escaped": "x"}, "absolute"),
    ({"zeros": bytes(263_000_000)}, "Unzipped size must be smaller than 262144000 bytes"),
    ({}, "non-empty"),
])
def test_hostile_zips_are_refused(functions, role, name, hostile, says):
    code, status, message = refused(make, functions=functions, name=name, role=role, code=zip_of(hostile))
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert says in message
    assert refused(make, functions=functions, name=name, role=role, code=b"no zip at all")[2] == (
        "Could not unzip uploaded file. Please check your file, then try to upload again.")


def test_who_may_pass_a_role_and_use_functions(server, role, name):
    iam = server.client("iam")
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    mine = server.client("lambda", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    code, status, message = refused(make, functions=mine, name=name, role=role)
    assert (code, status) == ("AccessDeniedException", 403)
    assert "lambda:CreateFunction" in message

    def may(*statements):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))

    may(allow("lambda:*", arn(name)))
    code, status, message = refused(make, functions=mine, name=name, role=role)
    assert (code, status) == ("AccessDeniedException", 403)
    assert "iam:PassRole" in message
    may(allow("lambda:*", arn(name)), allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}))
    make(mine, name, role)
    assert refused(mine.get_function, FunctionName=f"{name}-other")[0] == "AccessDeniedException"
    assert refused(mine.list_functions)[0] == "AccessDeniedException"

    iam.delete_user_policy(UserName=name, PolicyName="p")  # from here on the resource policy alone decides
    assert refused(mine.get_function, FunctionName=name)[0] == "AccessDeniedException"
    server.client("lambda").add_permission(FunctionName=name, StatementId="user", Action="lambda:GetFunction", Principal=user["Arn"])
    assert mine.get_function(FunctionName=name)["Configuration"]["FunctionName"] == name
    assert refused(mine.delete_function, FunctionName=name)[0] == "AccessDeniedException"


def test_functions_outlive_the_server(own_server, name):
    role = lambda_role(own_server)
    make(own_server.client("lambda"), name, role)
    code = next((own_server.data / "functions" / "code").glob("*/*"))
    assert (code / "app.py").read_text() == HELLO_PYTHON
    own_server.kill()
    own_server.start()
    assert (code / "app.py").read_text() == HELLO_PYTHON
    own_server.stop()
    own_server.start()
    functions = own_server.client("lambda")
    assert functions.get_function(FunctionName=name)["Configuration"]["CodeSize"] == len(ZIP)
    assert (code / "app.py").read_text() == HELLO_PYTHON
    functions.delete_function(FunctionName=name)
    own_server.kill()
    own_server.start()
    assert not list((own_server.data / "functions" / "zips").iterdir())
    assert not list((own_server.data / "functions" / "code").glob("*/*"))
