"""Lambda functions through boto3 and the AWS CLI: created, read, deleted; what comes back, and what is refused."""

import base64
import hashlib
import uuid

import pytest
from botocore.exceptions import ClientError
from lambda_zips import HELLO_PYTHON, lambda_role, zip_of
from penstock_process import ACCOUNT, REGION

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


def test_the_command_line_makes_a_function(server, role, name, tmp_path):
    (tmp_path / "code.zip").write_bytes(ZIP)
    made = server.aws("lambda", "create-function", "--function-name", name, "--runtime", "python3.9", "--role", role,
                      "--handler", "app.handler", "--zip-file", f"fileb://{tmp_path}/code.zip")
    assert made["FunctionArn"] == arn(name)
    assert server.aws("lambda", "get-function", "--function-name", name)["Configuration"]["CodeSize"] == len(ZIP)
    server.aws("lambda", "delete-function", "--function-name", name)


def test_functions_outlive_the_server(own_server, name):
    role = lambda_role(own_server)
    make(own_server.client("lambda"), name, role)
    code = next((own_server.data / "functions" / "code").glob("*/*"))
    assert (code / "app.py").read_text() == HELLO_PYTHON
    own_server.kill()
    own_server.start()
    functions = own_server.client("lambda")
    assert functions.get_function(FunctionName=name)["Configuration"]["CodeSize"] == len(ZIP)
    assert (code / "app.py").read_text() == HELLO_PYTHON
    functions.delete_function(FunctionName=name)
    own_server.kill()
    own_server.start()
    assert not list((own_server.data / "functions" / "zips").iterdir())
    assert not list((own_server.data / "functions" / "code").glob("*/*"))
