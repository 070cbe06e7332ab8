"""Function URLs: who may call, what the function gets, what the client gets back."""

import base64
import http.client
import json
import urllib.parse
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from lambda_zips import lambda_role, zip_of
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET

CODE = """
def handler(event, context):
    what = event["rawPath"]
    if what == "/plain": return {"plain": True}
    if what == "/teapot":
        return {"statusCode": 418, "headers": {"X-Own": "1", "Content-Length": "9999", "Bad\\r\\nName": "x"},
                "cookies": ["a=1", "b=2"], "body": "short"}
    if what == "/bytes": return {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True, "body": "AAEC"}
    if what == "/fails": raise ValueError("no")
    if what == "/value": return eval(__import__("urllib.parse").parse.unquote(event["rawQueryString"]))
    if what == "/odd": return {"statusCode": "many"}
    return {"statusCode": 200, "body": __import__("json").dumps(event)}
"""


@pytest.fixture(scope="module")
def functions(server):
    return server.client("lambda")


@pytest.fixture(scope="module")
def name(server, functions):
    name = "u-" + uuid.uuid4().hex[:12]
    functions.create_function(FunctionName=name, Runtime="python3.11", Role=lambda_role(server), Handler="app.handler",
                              Code={"ZipFile": zip_of({"app.py": CODE})})
    return name


@pytest.fixture(scope="module")
def url(functions, name):
    return functions.create_function_url_config(FunctionName=name, AuthType="NONE", Cors={
        "AllowOrigins": ["https://app.example"], "AllowMethods": ["GET", "POST"], "MaxAge": 60})["FunctionUrl"]


@pytest.fixture(scope="module")
def open_url(functions, name, url):
    functions.add_permission(FunctionName=name, StatementId="everybody", Action="lambda:InvokeFunctionUrl", Principal="*",
                             FunctionUrlAuthType="NONE")
    return url


def ask(server, url, path="/", method="GET", body=None, headers=None):
    """The names of function URLs are not known to every resolver: the connection goes to the server itself."""
    host, port = server.host_port("api")
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request(method, path, body, {"Host": urllib.parse.urlsplit(url).netloc} | (headers or {}))
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_nobody_is_let_in_without_permission(server, functions):
    other = "u-" + uuid.uuid4().hex[:12]
    functions.create_function(FunctionName=other, Runtime="python3.11", Role=lambda_role(server), Handler="app.handler",
                              Code={"ZipFile": zip_of({"app.py": CODE})})
    closed = functions.create_function_url_config(FunctionName=other, AuthType="NONE")["FunctionUrl"]
    status, headers, body = ask(server, closed, "/plain")
    assert (status, headers["x-amzn-ErrorType"], headers["content-type"]) == (403, "AccessDeniedException", "application/json")
    assert json.loads(body) == {"Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
                                           "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}
    status, headers, body = ask(server, closed.replace("http://", "http://x"), "/plain")
    assert (status, body, headers["x-amzn-ErrorType"]) == (403, b'{"Message":null}', "AccessDeniedException")


def test_what_the_function_gets(server, name, open_url):
    assert urllib.parse.urlsplit(open_url).port == server.host_port("api")[1]
    status, headers, body = ask(server, open_url, "/a%20b/c?x=1&x=2&y=%C3%A4", "POST", b'{"k": 1}', {
        "Content-Type": "application/json", "Cookie": "one=1; two=2", "X-Custom": "v", "User-Agent": "tester",
        "Connection": "keep-alive", "X-Forwarded-For": "1.2.3.4"})
    event = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a%20b/c")
    assert event["rawQueryString"] == "x=1&x=2&y=%C3%A4"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "\u00e4"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    host = urllib.parse.urlsplit(open_url).netloc
    trace = event["headers"].pop("x-amzn-trace-id")
    assert trace.startswith("Root=1-")
    assert event["headers"] == {
        "accept-encoding": "identity", "content-length": "8", "content-type": "application/json", "host": host, "x-custom": "v",
        "user-agent": "tester", "x-forwarded-for": "127.0.0.1", "x-forwarded-port": host.split(":")[1], "x-forwarded-proto": "http"}
    context = event["requestContext"]
    assert (context["accountId"], context["stage"]) == ("anonymous", "$default")
    assert context["domainName"] == urllib.parse.urlsplit(open_url).hostname
    assert context["http"]["method"] == "POST"
    assert (context["http"]["sourceIp"], context["http"]["userAgent"]) == ("127.0.0.1", "tester")
    assert context["requestId"] == headers["x-amzn-RequestId"]
    event = json.loads(ask(server, open_url, "/", "PUT", b"\x00\xff", {"Content-Type": "application/octet-stream"})[2])
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)


def test_what_the_client_gets(server, open_url):
    status, headers, body = ask(server, open_url, "/plain")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"plain": True})
    status, headers, body = ask(server, open_url, "/teapot")
    assert (status, headers["x-own"], headers.get_all("set-cookie"), body) == (418, "1", ["a=1", "b=2"], b"short")
    status, headers, body = ask(server, open_url, "/bytes")
    assert (status, headers["content-type"], body) == (200, "image/png", b"\x00\x01\x02")
    for path in ("/fails", "/odd"):
        assert ask(server, open_url, path)[::2] == (502, b"Internal Server Error"), path


def test_answers_that_are_no_response_documents(server, open_url):
    for expression, body in (('{"hello": "w  \\" d"}', b'{"hello":"w  \\" d"}'), ('["hello", 3, True]', b'["hello",3,true]'),
                             ('"hello"', b"hello"), ("3", b"3"), ("3.1", b"3.1"), ("True", b"true"), ("None", b"null"),
                             ('{"statusCode": 200, "body": "{\\"a\\": 1}"}', b'{"a": 1}'), ('{"statusCode": "418"}', b"")):
        status, headers, got = ask(server, open_url, "/value?" + urllib.parse.quote(expression))
        assert (status, headers["content-type"], got) == (418 if "418" in expression else 200, "application/json", body), expression


def test_cors(server, open_url):
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    status, headers, _ = ask(server, open_url, "/", "OPTIONS", headers=asked)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    assert (headers["Access-Control-Allow-Methods"], headers["Access-Control-Max-Age"]) == ("GET,POST", "60")
    assert "Access-Control-Allow-Origin" not in ask(server, open_url, "/", "OPTIONS", headers=asked | {"Origin": "https://evil"})[1]
    assert ask(server, open_url, "/plain", headers=asked)[1]["Access-Control-Allow-Origin"] == "https://app.example"


def test_signed_calls(server, functions, name, open_url):
    functions.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert ask(server, open_url, "/plain")[0] == 403

    def signed(key, secret, token=None):
        request = AWSRequest("GET", open_url + "plain")
        SigV4Auth(BotoCredentials(key, secret, token), "lambda", REGION).add_auth(request)
        return ask(server, open_url, "/plain", headers=dict(request.headers))[0]

    assert signed(ROOT_KEY, ROOT_SECRET) == 200
    assert signed(ROOT_KEY, "wrong") == 403
    request = AWSRequest("GET", open_url + "who")
    SigV4Auth(BotoCredentials(ROOT_KEY, ROOT_SECRET), "lambda", REGION).add_auth(request)
    context = json.loads(ask(server, open_url, "/who", headers=dict(request.headers))[2])["requestContext"]
    assert context["authorizer"] == {"iam": {
        "accessKey": ROOT_KEY, "accountId": ACCOUNT, "callerId": ACCOUNT, "cognitoIdentity": None, "principalOrgId": None,
        "userArn": f"arn:aws:iam::{ACCOUNT}:root", "userId": ACCOUNT}}
    iam = server.client("iam")
    user = "u-" + uuid.uuid4().hex[:8]
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    assert signed(key["AccessKeyId"], key["SecretAccessKey"]) == 403
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
         "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}]}))
    assert signed(key["AccessKeyId"], key["SecretAccessKey"]) == 200
