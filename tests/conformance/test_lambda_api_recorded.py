"""Lambda's control API against what AWS itself answered when it was recorded (2024-04 to 2024-10): codes, statuses,
messages and members, in tables."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from lambda_zips import HELLO_PYTHON, lambda_role, zip_of
from penstock_process import ACCOUNT, REGION

ZIP = zip_of({"app.py": HELLO_PYTHON})
LAYER = zip_of({"python/words.py": "WORDS = 1\n"})
NAME_PATTERN = (r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
                r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?")
DOTTED_PATTERN = NAME_PATTERN.replace("0-9-_]+)(:(", r"0-9-_\.]+)(:(", 1)
URL_QUALIFIER = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
MISMATCH = ("InvalidParameterValueException", 400,
            "The derived qualifier from the function name does not match the specified qualifier.")
NO_RESOURCE = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
STALE = ("PreconditionFailedException", 412, "The Revision Id provided does not match the latest Revision Id. Call the "
         "GetFunction/GetAlias API to retrieve the latest Revision Id")


def arn(resource):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource}"


def violation(value, member, constraint):
    return ("ValidationException", 400,
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}")


def invalid(message):
    return ("InvalidParameterValueException", 400, message)


def missing(message):
    return ("ResourceNotFoundException", 404, message)


def refused(call, **keywords):
    with pytest.raises(ClientError) as error:
        call(**keywords)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def body(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@pytest.fixture(scope="module")
def functions(server):
    return server.client("lambda", parameter_validation=False)


@pytest.fixture(scope="module")
def role(server):
    return lambda_role(server)


@pytest.fixture(scope="module")
def make(functions, role):
    def made(name, **more):
        return functions.create_function(**{"FunctionName": name, "Runtime": "python3.11", "Role": role, "Handler": "app.handler",
                                            "Code": {"ZipFile": ZIP}} | more)
    return made


@pytest.fixture(scope="module")
def one(functions, make):
    """A function with version 1, which the alias `live` points at. Nothing else may be bound to it."""
    name = "f-" + uuid.uuid4().hex[:12]
    make(name)
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


@pytest.fixture
def name():
    return "f-" + uuid.uuid4().hex[:12]


LONG = "a" * 65
ELSEWHERE = "eu-west-3" if REGION != "eu-west-3" else "eu-west-1"


@pytest.mark.parametrize("name, qualifier, answers", [
    ("my-function!", None, {}),
    ("*", None, {}),
    ("invalid-account:function:my-function", None, {}),
    (f"arn:aws:lambda:invalid-region:{ACCOUNT}:function:my-function", None, {}),
    (f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance:i-1234567890abcdef0", None, {}),
    (arn("my-function:1:2"), None, {}),
    ("function:my-function:$LATEST:extra", None, {}),
    (f"arn:aws:lambda::{ACCOUNT}:function:my-function", None, {}),
    (f"arn:aws:lambda:{REGION}::function:my-function", None, {}),
    (arn("my-function:$LATES"), None, {}),
    ("my-function", "invalid!", {"both": violation("invalid!", "qualifier", "Member must satisfy regular expression pattern: "
                                                   "(|[a-zA-Z0-9$_-]+)")}),
    ("my-function", "a" * 129, {"both": violation("a" * 129, "qualifier", "Member must have length less than or equal to 128")}),
    (arn("my-function:$LATEST"), "1", {"both": MISMATCH}),
    (LONG, None, {"both": missing(f"Function not found: {arn(LONG)}")}),
    (arn("function")[:-9], None, {"both": missing(f"Function not found: {arn('function')}")}),
    ("my-function", LONG, {"get": missing(f"Function not found: {arn('my-function:' + LONG)}"),
                           "delete": invalid("Deletion of aliases is not currently supported.")}),
    ("some-function:$LATEST", "$LATEST", {
        "get": missing(f"Function not found: {arn('some-function:$LATEST')}"),
        "delete": invalid("$LATEST version cannot be deleted without deleting the function.")}),
    (f"arn:aws:lambda:{ELSEWHERE}:{ACCOUNT}:function:f", None, {
        "both": missing(f"Functions from '{ELSEWHERE}' are not reachable in this region ('{REGION}')")}),
    ("with.dot", None, {"get": missing(f"Function not found: {arn('with.dot')}")}),
])
def test_names_and_qualifiers(functions, name, qualifier, answers):
    arguments = {"FunctionName": name} | ({} if qualifier is None else {"Qualifier": qualifier})
    pattern = "Member must satisfy regular expression pattern: "
    got = refused(functions.get_function, **arguments)
    assert got == answers.get("both", answers.get("get", violation(name, "functionName", pattern + DOTTED_PATTERN)))
    got = refused(functions.delete_function, **arguments)
    assert got == answers.get("both", answers.get("delete", violation(name, "functionName", pattern + NAME_PATTERN)))


def test_names_of_new_functions(make):
    assert refused(make, name=LONG) == invalid(
        f"1 validation error detected: Value '{LONG}' at 'functionName' failed to satisfy constraint: Member must have length "
        "less than or equal to 64")
    long_arn = arn("a" * (141 - len(arn(""))))
    assert refused(make, name=long_arn) == violation(long_arn, "functionName", "Member must have length less than or equal to 140")
    assert refused(make, name=f"arn:aws:lambda:{REGION}:999999999999:function:f")[:2] == ("AccessDeniedException", 403)


@pytest.mark.parametrize("arguments, answer", [
    ({"Role": "r1"}, violation("r1", "role", r"Member must satisfy regular expression pattern: "
                               r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")),
    ({"Architectures": ["x86_64", "arm64"]}, violation("[x86_64, arm64]", "architectures",
                                                       "Member must have length less than or equal to 1")),
    ({"Architectures": ["X86_64"]}, violation("[X86_64]", "architectures", "Member must satisfy constraint: [Member must "
                                              "satisfy enum value set: [x86_64, arm64], Member must not be null]")),
    ({"Code": {"ZipFile": b"no zip"}}, invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")),
    ({"Runtime": "python3.7"}, invalid("The runtime parameter of python3.7 is no longer supported for creating or updating AWS "
                                       "Lambda functions. We recommend you use the new runtime (python3.12) while creating or "
                                       "updating functions.")),
    ({"SnapStart": {"ApplyOn": "x"}}, violation("x", "snapStart.applyOn",
                                                "Member must satisfy enum value set: [PublishedVersions, None]")),
    ({"Tags": {f"{i}_key": "v" for i in range(51)}}, invalid("Number of tags exceeds resource tag limit.")),
])
def test_what_new_functions_may_not_have(make, name, arguments, answer):
    assert refused(make, name=name, **arguments) == answer


def test_runtimes_that_nobody_has(functions, make, one, name):
    for runtime in ("non-existent-runtime", "PYTHON3.9"):
        begin = f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
        for got in (refused(make, name=name, Runtime=runtime),
                    refused(functions.update_function_configuration, FunctionName=one, Runtime=runtime)):
            assert got[:2] == ("InvalidParameterValueException", 400)
            assert got[2].startswith(begin) and got[2].endswith("] or be a valid ARN")


def test_members_of_errors(server, functions):
    """Typed clients look for the member that the error's structure has."""
    with pytest.raises(ClientError) as error:
        functions.get_function(FunctionName="nobody")
    assert set(error.value.response) == {"Error", "ResponseMetadata", "Message", "Type"}
    with pytest.raises(ClientError) as error:
        functions.get_function(FunctionName="a:1", Qualifier="2")
    assert set(error.value.response) == {"Error", "ResponseMetadata", "message", "Type"}
    with pytest.raises(ClientError) as error:
        functions.get_function(FunctionName="*")
    assert "Type" not in error.value.response


def test_environments(make, functions, name):
    made = make(name, Environment={"Variables": {}})
    assert made["Environment"] == {"Variables": {}}
    assert functions.update_function_configuration(FunctionName=name, Description="x")["Environment"] == {"Variables": {}}
    fits = "x" * (4096 - len('{"LARGE_VAR":""}'))
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"LARGE_VAR": fits}})
    assert refused(functions.update_function_configuration, FunctionName=name,
                   Environment={"Variables": {"LARGE_VAR": fits + "x"}})[0] == "InvalidParameterValueException"


def test_a_zip_does_not_become_an_image(functions, one):
    assert refused(functions.update_function_code, FunctionName=one, ImageUri="repo:tag") == invalid(
        "Please don't provide ImageUri when updating a function with packageType Zip.")


def test_versions(functions, make, name):
    made = make(name, Publish=True)
    assert (made["Version"], made["FunctionArn"]) == ("1", arn(name))
    again = functions.publish_version(FunctionName=name, Description="not taken")
    assert (again["Version"], again["Description"], again["FunctionArn"]) == ("1", "", arn(f"{name}:1"))
    for _ in range(2):
        functions.delete_function(FunctionName=name, Qualifier="1233")  # fine, as often as one likes
    functions.delete_function(FunctionName=name)
    for arguments in ({}, {"Qualifier": "1233"}):
        assert refused(functions.delete_function, FunctionName=name, **arguments) == missing(f"Function not found: {arn(name)}")


def test_revisions(functions, make, name):
    def revision(**more):
        return functions.get_function_configuration(FunctionName=name, **more)["RevisionId"]

    make(name)
    seen = [revision()]

    def is_new():
        seen.append(revision())
        return len(set(seen)) == len(seen)

    permission = {"FunctionName": name, "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    assert refused(functions.publish_version, FunctionName=name, RevisionId="wrong") == STALE
    version = functions.publish_version(FunctionName=name, RevisionId=seen[-1])
    assert version["RevisionId"] == revision(Qualifier="1") not in seen
    assert is_new()
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert (revision(), revision(Qualifier="1")) == (seen[-1], version["RevisionId"])
    functions.tag_resource(Resource=arn(name), Tags={"a": "b"})
    assert is_new()

    assert refused(functions.add_permission, RevisionId="wrong", **permission) == STALE
    functions.add_permission(RevisionId=seen[-1], **permission)
    assert is_new()
    assert functions.get_policy(FunctionName=name)["RevisionId"] == seen[-1]
    assert refused(functions.remove_permission, FunctionName=name, StatementId="s3", RevisionId="wrong") == STALE
    functions.remove_permission(FunctionName=name, StatementId="s3", RevisionId=seen[-1])
    assert is_new()
    for qualifier in ("1", "live"):
        functions.add_permission(Qualifier=qualifier, **permission)
        policy = functions.get_policy(FunctionName=name, Qualifier=qualifier)
        assert json.loads(policy["Policy"])["Statement"][0]["Resource"] == arn(f"{name}:{qualifier}")
    assert functions.get_alias(FunctionName=name, Name="live")["RevisionId"] == policy["RevisionId"]
    assert revision(Qualifier="1") not in (version["RevisionId"], policy["RevisionId"])
    assert revision() == seen[-1]


@pytest.mark.parametrize("arguments, answer", [
    ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.8, "2": 0.2}}},
     invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")),
    ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 2}}}, violation(
        "{2=2.0}", "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than "
        "or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]")),
    ({"RoutingConfig": {"AdditionalVersionWeights": {"2": -1}}}, violation(
        "{2=-1.0}", "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than "
        "or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]")),
    ({"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}}}, violation(
        "{$LATEST=0.5}", "routingConfig.additionalVersionWeights", "Map keys must satisfy constraint: [Member must have length less "
        "than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression "
        "pattern: [0-9]+, Member must not be null]")),
    ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
     invalid("Invalid function version 1. Function version 1 is already included in routing configuration.")),
    ({"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
     invalid("$LATEST is not supported for an alias pointing to more than 1 version")),
    ({"FunctionVersion": "10"}, "not found: 10"),
    ({"RoutingConfig": {"AdditionalVersionWeights": {"10": 0.5}}}, "not found: 10"),
    ({"FunctionName": "nobody"}, missing(f"Function not found: {arn('nobody:1')}")),
    ({"Name": "2024"}, violation("2024", "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")),
    ({"Name": "live"}, "exists"),
])
def test_aliases_that_cannot_be(functions, one, arguments, answer):
    answer = {"not found: 10": missing(f"Function not found: {arn(one + ':10')}"),
              "exists": ("ResourceConflictException", 409, f"Alias already exists: {arn(one + ':live')}")}.get(str(answer), answer)
    got = refused(functions.create_alias, **{"FunctionName": one, "Name": "custom", "FunctionVersion": "1"} | arguments)
    assert got == answer


def test_alias_names_may_be_dates(functions, one):
    made = functions.create_alias(FunctionName=one, Name="2024-01-02", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {}})
    assert set(body(made)) == {"AliasArn", "Name", "FunctionVersion", "Description", "RevisionId"}
    functions.delete_alias(FunctionName=one, Name="2024-01-02")


def test_permissions_that_cannot_be(functions, one):
    asked = {"Action": "lambda:InvokeFunction", "StatementId": "s3", "Principal": "s3.amazonaws.com"}
    for arguments, answer in [
        ({"StatementId": "example.com"}, violation("example.com", "statementId", "Member must satisfy regular expression pattern: "
                                                   "([a-zA-Z0-9-_]+)")),
        ({"FunctionName": f"{one}:alias-not-42", "Qualifier": "42"}, MISMATCH),
        ({"Qualifier": "$LATEST"}, invalid("We currently do not support adding policies for $LATEST.")),
        ({"Principal": "invalid.nonaws.com"},
         invalid("The provided principal was invalid. Please check the principal and try again.")),
        ({"FunctionName": "nobody"}, missing(f"Function not found: {arn('nobody')}")),
        ({"FunctionName": f"{one}:alias-42"}, missing(f"Cannot find alias arn: {arn(one + ':alias-42')}")),
        ({"Qualifier": "42"}, missing(f"Function not found: {arn(one + ':42')}")),
        ({"Qualifier": "with-$-in-it"}, missing(f"Function not found: {arn(one + ':with-$-in-it')}")),
    ]:
        assert refused(functions.add_permission, **{"FunctionName": one} | asked | arguments) == answer
    for arguments, answer in [
        ({"FunctionName": "nobody"}, missing(f"No policy found for: {arn('nobody')}")),
        ({"Qualifier": "alias-42"}, missing(f"Cannot find alias arn: {arn(one + ':alias-42')}")),
        ({}, missing("No policy is associated with the given resource.")),
    ]:
        assert refused(functions.remove_permission, **{"FunctionName": one, "StatementId": "s3"} | arguments) == answer
    assert refused(functions.get_policy, FunctionName="nobody") == missing(f"Function not found: {arn('nobody')}")
    assert refused(functions.get_policy, FunctionName=one, Qualifier="77") == NO_RESOURCE


def test_a_statement_in_full(functions, make, name):
    make(name)
    added = functions.add_permission(
        FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", SourceArn="arn:aws:s3:::bucket",
        SourceAccount=ACCOUNT, PrincipalOrgID="o-1234567890", FunctionUrlAuthType="NONE")
    assert added["Statement"] == (
        '{"Sid":"url","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"%s","Condition":'
        '{"StringEquals":{"AWS:SourceAccount":"%s","lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1234567890"},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}' % (arn(name), ACCOUNT))


def test_event_invoke_configs(functions, one, make, name):
    put = functions.put_function_event_invoke_config
    for arguments, answer in [
        ({"FunctionName": "nobody", "MaximumRetryAttempts": 1}, missing("The function doesn't exist.")),
        ({"Qualifier": "nobody", "MaximumRetryAttempts": 1}, missing("The function doesn't exist.")),
        ({"FunctionName": "nobody"}, invalid("You must specify at least one of error handling or destination setting.")),
        ({"DestinationConfig": {"OnSuccess": {"Destination": arn("nobody")}}},
         invalid(f"The destination ARN {arn('nobody')} is invalid.")),
        ({"DestinationConfig": {"OnSuccess": {"Destination": arn(one)}}},
         invalid("You can't specify the function as a destination for itself.")),
        ({"DestinationConfig": {"OnSuccess": {"Destination": arn(one).replace(":lambda:", ":iam:")}}},
         invalid("The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
                 f"{arn(one).replace(':lambda:', ':iam:')}), onFailure=null) is invalid.")),
        ({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:_-/!lambda"}}}, violation(
            "arn:aws:_-/!lambda", "destinationConfig.onFailure.destination", "Member must satisfy regular expression pattern: "
            r"^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)")),
    ]:
        assert refused(put, **{"FunctionName": one} | arguments) == answer
    nothing = {"OnSuccess": {}, "OnFailure": {}}
    for arguments in ({"DestinationConfig": {"OnSuccess": {}}}, {"MaximumRetryAttempts": 0}, {"MaximumEventAgeInSeconds": 60}):
        answer = body(put(FunctionName=one, **arguments))
        del answer["LastModified"]
        assert answer == {"FunctionArn": arn(f"{one}:$LATEST"), "DestinationConfig": nothing} | arguments | {"DestinationConfig": nothing}
    functions.delete_function_event_invoke_config(FunctionName=one)
    for function in (one, "nobody"):
        for call in (functions.get_function_event_invoke_config, functions.delete_function_event_invoke_config):
            assert refused(call, FunctionName=function) == missing(
                f"The function {arn(function + ':$LATEST')} doesn't have an EventInvokeConfig")
    assert refused(functions.list_function_event_invoke_configs, FunctionName="nobody") == missing("The function doesn't exist.")


def test_concurrency(functions, one, make, name):
    assert refused(functions.put_function_concurrency, FunctionName="nobody", ReservedConcurrentExecutions=1) == missing(
        f"Function not found: {arn('nobody:$LATEST')}")
    assert refused(functions.put_function_concurrency, FunctionName=arn(one + ":$LATEST"), ReservedConcurrentExecutions=1) == invalid(
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify "
        "either a function name or an unqualified function ARN.")
    put, get, delete = (getattr(functions, f"{verb}_provisioned_concurrency_config") for verb in ("put", "get", "delete"))
    for call, more in ((put, {"ProvisionedConcurrentExecutions": 1}), (get, {}), (delete, {})):
        for function, qualifier, answer in [
            ("nobody", "noalias", missing(f"Cannot find alias arn: {arn('nobody:noalias')}")),
            ("nobody", "1", missing(f"Function not found: {arn('nobody:1')}")),
            (one, "noalias", missing(f"Cannot find alias arn: {arn(one + ':noalias')}")),
            (one, "10", missing(f"Function not found: {arn(one + ':10')}")),
            (one, "$LATEST", invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions." if more
                                     else "The function resource provided must be an alias or a published version.")),
        ]:
            assert refused(call, FunctionName=function, Qualifier=qualifier, **more) == answer
    assert refused(get, FunctionName=one, Qualifier="1") == (
        "ProvisionedConcurrencyConfigNotFoundException", 404, "No Provisioned Concurrency Config found for this function")
    delete(FunctionName=one, Qualifier="1")  # fine
    assert refused(put, FunctionName=one, Qualifier="1", ProvisionedConcurrentExecutions=0) == violation(
        "0", "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1")
    limit = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert refused(put, FunctionName=one, Qualifier="1", ProvisionedConcurrentExecutions=limit + 1) == invalid(
        f"Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{limit}].")
    assert refused(put, FunctionName=one, Qualifier="1", ProvisionedConcurrentExecutions=limit)[2].startswith(
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [")

    put(FunctionName=one, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert refused(put, FunctionName=one, Qualifier="live", ProvisionedConcurrentExecutions=1) == (
        "ResourceConflictException", 409,
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
    delete(FunctionName=one, Qualifier="1")
    put(FunctionName=one, Qualifier="live", ProvisionedConcurrentExecutions=1)
    assert refused(put, FunctionName=one, Qualifier="1", ProvisionedConcurrentExecutions=1) == (
        "ResourceConflictException", 409, "Version is pointed by a Provisioned Concurrency alias")
    delete(FunctionName=one, Qualifier="live")


def test_function_urls(functions, one):
    create, get, update, delete = (getattr(functions, f"{verb}_function_url_config") for verb in ("create", "get", "update", "delete"))
    no_function = missing("Function does not exist")
    for call, more, no_such in ((create, {"AuthType": "NONE"}, no_function), (get, {}, NO_RESOURCE),
                                (update, {"AuthType": "AWS_IAM"}, no_function), (delete, {}, NO_RESOURCE)):
        assert refused(call, FunctionName="nobody", **more) == no_such
        assert refused(call, FunctionName=one, Qualifier="v1", **more) == no_such
        for qualifier in ("1", "$LATEST"):
            assert refused(call, FunctionName=one, Qualifier=qualifier, **more) == violation(
                qualifier, "qualifier", f"Member must satisfy regular expression pattern: {URL_QUALIFIER}")
        assert refused(call, FunctionName=f"{one}:live-not", Qualifier="live", **more) == MISMATCH
        if call is not create:
            assert refused(call, FunctionName=one, **more) == NO_RESOURCE
    assert refused(functions.list_function_url_configs, FunctionName="nobody") == no_function
    made = body(create(FunctionName=one, AuthType="NONE"))
    assert set(made) == {"FunctionUrl", "FunctionArn", "AuthType", "CreationTime"}
    assert refused(create, FunctionName=one, AuthType="NONE") == (
        "ResourceConflictException", 409, f"Failed to create function url config for [functionArn = {arn(one)}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function")
    seen = body(get(FunctionName=one))
    assert set(seen) - {"InvokeMode"} == set(made) | {"LastModifiedTime"}
    assert seen.get("InvokeMode", "BUFFERED") == "BUFFERED"  # older clients do not know it
    assert set(body(update(FunctionName=one, AuthType="AWS_IAM"))) == set(made) | {"LastModifiedTime"}
    delete(FunctionName=one)


def test_tags(functions, one):
    pattern = (r"arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|"
               r"[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-"
               r"[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})")
    wrong = arn(one).replace(":function:", ":foobar:")
    assert refused(functions.list_tags, Resource=wrong) == violation(
        wrong, "resource", f"Member must satisfy regular expression pattern: {pattern}")
    for resource in (arn(one + ":live"), arn(one + ":$LATEST")):
        assert refused(functions.tag_resource, Resource=resource, Tags={"a": "b"}) == invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.")
    assert refused(functions.tag_resource, Resource=arn(one), Tags={}) == invalid(
        "An error occurred and the request cannot be processed.")
    assert refused(functions.untag_resource, Resource=arn(one), TagKeys=[]) == (
        "ValidationException", 400,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null")
    for call, more in ((functions.tag_resource, {"Tags": {"a": "b"}}), (functions.untag_resource, {"TagKeys": ["a"]}),
                       (functions.list_tags, {})):
        assert refused(call, Resource=arn("nobody"), **more) == missing(f"Function not found: {arn('nobody')}")
        for region in (REGION, ELSEWHERE):
            mapping = f"arn:aws:lambda:{region}:{ACCOUNT}:event-source-mapping:{uuid.uuid4()}"
            assert refused(call, Resource=mapping, **more) == missing(f"Event source mapping not found: {mapping}")


def test_no_function_has_code_signing(functions, one):
    assert body(functions.get_function_code_signing_config(FunctionName=one)) == {}
    assert refused(functions.get_function_code_signing_config, FunctionName="nobody") == missing(f"Function not found: {arn('nobody')}")


@pytest.fixture(scope="module")
def layers(functions):
    name = "l-" + uuid.uuid4().hex[:12]
    return [functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER})["LayerVersionArn"] for _ in range(2)]


def test_layers(functions, layers):
    layer, _, _ = layers[0].rpartition(":")
    name = layer.rpartition(":")[2]
    negative = invalid("Layer Version Cannot be less than 1")
    for arguments, answer in [({"LayerName": "nobody", "VersionNumber": 1}, NO_RESOURCE), ({"VersionNumber": 9}, NO_RESOURCE),
                              ({"VersionNumber": 0}, negative), ({"VersionNumber": -1}, negative)]:
        assert refused(functions.get_layer_version, **{"LayerName": name} | arguments) == answer
    assert refused(functions.delete_layer_version, LayerName=name, VersionNumber=-1) == negative
    functions.delete_layer_version(LayerName="nobody", VersionNumber=1)  # fine
    assert refused(functions.get_layer_version_by_arn, Arn=f"{layer}:9") == NO_RESOURCE
    assert refused(functions.get_layer_version_by_arn, Arn=layer) == violation(
        layer, "arn", r"Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-"
        r"[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+")
    assert functions.list_layer_versions(LayerName="nobody")["LayerVersions"] == []
    assert refused(functions.list_layers, CompatibleArchitecture="x")[2].endswith("enum value set: [x86_64, arm64]")
    code, _, message = refused(functions.publish_layer_version, LayerName="x", Content={"ZipFile": LAYER},
                               CompatibleRuntimes=["x", "nodejs20.x"], CompatibleArchitectures=["y", "x86_64"])
    assert code == "ValidationException"
    assert message.startswith("2 validation errors detected: Value '[x, nodejs20.x]' at 'compatibleRuntimes' failed to satisfy "
                              "constraint: Member must satisfy enum value set: [")
    assert message.endswith("]; Value '[y, x86_64]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy "
                            "constraint: [Member must satisfy enum value set: [x86_64, arm64]]")
    made = functions.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER}, CompatibleRuntimes=[], CompatibleArchitectures=[])
    assert (made["CompatibleRuntimes"], made["CompatibleArchitectures"], made["Description"]) == ([], [], "")


def test_layers_of_functions(functions, one, layers):
    first, second = layers
    layer = first.rpartition(":")[0]
    same = "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {} are versions " \
           "of the same layer."
    for given, answer in [
        ([first, second], invalid(same.format(first, second))),
        ([first, first], invalid(same.format(first, first))),
        ([f"{layer}:9"], invalid(f"Layer version {layer}:9 does not exist.")),
        ([first.replace(REGION, ELSEWHERE)],
         invalid(f"Layers are not in the same region as the function. Layers are expected to be in region {REGION}.")),
        ([f"{layer}:{i}" for i in range(6)], invalid("Cannot reference more than 5 layers.")),
        ([layer], violation(f"[{layer}]", "layers", "Member must satisfy constraint: [Member must have length less than or equal to "
                            "140, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "
                            r"(arn:[a-zA-Z0-9-]+:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
                            r"(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]")),
    ]:
        assert refused(functions.update_function_configuration, FunctionName=one, Layers=given) == answer


def test_policies_of_layers(functions, layers):
    name, version = layers[0].split(":")[-2:]
    at = {"LayerName": name, "VersionNumber": int(version)}
    statement = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    stale = ("PreconditionFailedException", 412, "The Revision Id provided does not match the latest Revision Id. Call the "
             "GetLayerPolicy API to retrieve the latest Revision Id")
    assert refused(functions.get_layer_version_policy, **at) == missing("No policy is associated with the given resource.")
    functions.add_layer_version_permission(**at, **statement)
    assert refused(functions.add_layer_version_permission, **at, **statement | {"StatementId": "s2"}, RevisionId="wrong") == stale
    assert refused(functions.remove_layer_version_permission, **at, StatementId="s1", RevisionId="wrong") == stale
    assert refused(functions.add_layer_version_permission, **at, **statement | {"Action": "*"}) == violation(
        "*", "action", "Member must satisfy regular expression pattern: lambda:GetLayerVersion")
    assert refused(functions.remove_layer_version_permission, **at, StatementId="nobody") == missing(
        "Statement nobody is not found in resource policy.")
