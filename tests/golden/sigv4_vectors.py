#!/usr/bin/env python3
"""Signs many requests with botocore and stores them as golden folders for src/sigv4/golden_test.cc.

    python3 tests/golden/sigv4_vectors.py [FOLDER]        (needs python3-botocore; default tests/golden/sigv4)

One folder a case: request.http (what is sent, with the signature), canonical_request.txt, string_to_sign.txt, token.txt
(when the key is a temporary one), and outcome.txt ("ok", or the code of the refusal). botocore's own signer makes each
stage, so the files are its word. All are signed at 2026-01-01T12:30:45Z with AWS's documented example key.
"""
import datetime
import pathlib
import shutil
import sys

import botocore.auth
import botocore.awsrequest
import botocore.credentials

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
NOW = datetime.datetime(2026, 1, 1, 12, 30, 45)
ARN = "arn:aws:iot:us-east-1:000000000000:rule/a rule"


class FrozenDatetime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW


if hasattr(botocore.auth, "get_current_datetime"):  # botocore 1.40 and later
    botocore.auth.get_current_datetime = lambda *args, **kwargs: NOW
else:
    botocore.auth.datetime.datetime = FrozenDatetime


def quoted(text):
    return botocore.auth.quote(text, safe="")


JSON = {"Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

# name: method, service, URL, headers, body and how to sign it
CASES = {
    "get_root": ("GET", "service", "https://example.amazonaws.com/", {}, b"", {}),
    "get_no_path": ("GET", "service", "https://example.amazonaws.com", {}, b"", {}),
    "get_unreserved_path": ("GET", "service", "https://example.amazonaws.com/-._~0aZ", {}, b"", {}),
    "get_dots": ("GET", "service", "https://example.amazonaws.com/a/./b/../c//d/", {}, b"", {}),
    "get_dots_to_root": ("GET", "service", "https://example.amazonaws.com/a/..", {}, b"", {}),
    "get_slashes": ("GET", "service", "https://example.amazonaws.com//", {}, b"", {}),
    "get_encoded_space": ("GET", "service", "https://example.amazonaws.com/a%20b", {}, b"", {}),
    "get_utf8_path": ("GET", "service", "https://example.amazonaws.com/%E1%88%B4", {}, b"", {}),
    "get_query_order": ("GET", "service", "https://example.amazonaws.com/?b=2&a=1&a=0&B=3&a%20c=4&ab=5", {}, b"", {}),
    "get_query_empty_value": ("GET", "service", "https://example.amazonaws.com/?a=&b=", {}, b"", {}),
    "get_query_encoded": ("GET", "service", "https://example.amazonaws.com/?p=%2B%2F%3D%26%25%E1%88%B4~-._", {}, b"", {}),
    "iot_tags_of_arn": ("GET", "iot", f"https://iot.us-east-1.amazonaws.com/tags?resourceArn={quoted(ARN)}", {}, b"", {}),
    "iot_untag": ("POST", "iot", f"https://iot.us-east-1.amazonaws.com/untag", JSON, b'{"tagKeys":["a"]}', {}),
    "iot_target_in_path": ("POST", "iot", f"https://iot.us-east-1.amazonaws.com/target-policies/{quoted(ARN)}", {},
                           b'{"target":"x"}', {}),
    "iot_publish_topic": ("POST", "iotdata", "https://data.iot.us-east-1.amazonaws.com/topics/a%2Fb%20c?qos=1", {},
                          b"\x00\xff payload", {}),
    "lambda_arn_and_qualifier": ("GET", "lambda",
                                 "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/"
                                 + quoted("arn:aws:lambda:us-east-1:000000000000:function:f") + "/policy?Qualifier=%24LATEST",
                                 {}, b"", {}),
    "lambda_untag_repeats": ("DELETE", "lambda",
                             "https://lambda.us-east-1.amazonaws.com/2017-03-31/tags/" + quoted(ARN)
                             + "?tagKeys=b&tagKeys=a&tagKeys=a%2Fb", {}, b"", {}),
    "kinesis_put_record": ("POST", "kinesis", "https://kinesis.us-east-1.amazonaws.com/",
                           {**JSON, "X-Amz-Target": "Kinesis_20131202.PutRecord"},
                           b'{"StreamName":"a","Data":"AAEC","PartitionKey":"p"}', {}),
    "kinesis_big_body": ("POST", "kinesis", "https://kinesis.us-east-1.amazonaws.com/",
                         {**JSON, "X-Amz-Target": "Kinesis_20131202.PutRecords"}, b'{"Records":[' + b" " * 20000 + b"]}", {}),
    "kinesis_session": ("POST", "kinesis", "http://127.0.0.1:4566/",
                        {**JSON, "X-Amz-Target": "Kinesis_20131202.ListStreams"}, b"{}", {"token": TOKEN}),
    # The JavaScript SDK over HTTP/2 signs ":authority" and sends no Host; others sign "host" and HTTP/2 drops it.
    "h2_authority_signed": ("POST", "kinesis", "http://127.0.0.1:4566/",
                            {**JSON, "X-Amz-Target": "Kinesis_20131202.ListStreams", "amz-sdk-invocation-id": "a-b",
                             "amz-sdk-request": "attempt=1; max=3"}, b"{}", {"h2": "authority"}),
    "h2_host_signed": ("POST", "kinesis", "http://127.0.0.1:4566/",
                       {**JSON, "X-Amz-Target": "Kinesis_20131202.ListStreams"}, b"{}", {"h2": "host"}),
    "iam_list_users": ("POST", "iam", "https://iam.amazonaws.com/", FORM, b"Action=ListUsers&Version=2010-05-08", {}),
    "sts_get": ("GET", "sts", "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", {}, b"",
                {"token": TOKEN}),
    "header_spaces": ("GET", "service", "https://example.amazonaws.com/",
                      {"My-Header1": "  a   b  c  ", "My-Header2": '"a   b"', "X-Amz-Empty": ""}, b"", {}),
    "header_repeated": ("GET", "service", "https://example.amazonaws.com/",
                        [("My-Header", "value2"), ("My-Header", " value1 "), ("my-header", "value3")], b"", {}),
    "header_order": ("GET", "service", "https://example.amazonaws.com/", {"Zz": "1", "A-b": "2", "A": "3", "a-B-c": "4"},
                     b"", {}),
    "payload_hash_header": ("PUT", "service", "https://example.amazonaws.com/x",
                            {"X-Amz-Content-SHA256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
                            b"hello", {}),
    "payload_unsigned": ("PUT", "service", "https://example.amazonaws.com/x", {}, b"anything", {"unsigned": True}),
    "date_header": ("GET", "service", "https://example.amazonaws.com/", {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, b"", {}),
    "odd_port": ("GET", "service", "http://localhost:4566/", {}, b"", {}),
    "s3_path_as_it_is": ("GET", "s3", "https://bucket.s3.amazonaws.com/a//b/../c%20d", {}, b"", {"s3": True}),
    "presigned": ("GET", "sts", "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", {},
                  b"", {"presign": 60}),
    "presigned_session": ("GET", "sts",
                          "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
                          {"x-k8s-aws-id": "cluster"}, b"", {"presign": 60, "token": TOKEN}),
    "presigned_a_week": ("GET", "lambda", "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/", {}, b"",
                         {"presign": 604800}),
    "presigned_websocket": ("GET", "iotdevicegateway", "https://data.iot.us-east-1.amazonaws.com/mqtt", {}, b"",
                            {"presign": 86400}),
    "presigned_websocket_token_added_after": ("GET", "iotdevicegateway", "https://data.iot.us-east-1.amazonaws.com/mqtt",
                                              {}, b"", {"presign": 86400, "late_token": TOKEN}),
}

# Changes after signing, each with the refusal it must meet.
BROKEN = {
    "broken_body": ("kinesis_put_record", lambda r: r.update(body=r["body"] + b" "), "SignatureDoesNotMatch"),
    "broken_path": ("get_unreserved_path", lambda r: r.update(target=r["target"] + "x"), "SignatureDoesNotMatch"),
    "broken_query": ("get_query_order", lambda r: r.update(target=r["target"].replace("a=1", "a=7")), "SignatureDoesNotMatch"),
    "broken_method": ("get_root", lambda r: r.update(method="DELETE"), "SignatureDoesNotMatch"),
    "broken_presigned_expires": ("presigned", lambda r: r.update(target=r["target"].replace("Expires=60", "Expires=61")),
                                 "SignatureDoesNotMatch"),
    "broken_presigned_too_long": ("presigned", lambda r: r.update(target=r["target"].replace("Expires=60", "Expires=604801")),
                                  "IncompleteSignature"),
    "broken_unsigned_amz_header": ("kinesis_put_record", lambda r: r["headers"].append(["X-Amz-Extra", "1"]),
                                   "SignatureDoesNotMatch"),
    "broken_h2_authority": ("h2_authority_signed", lambda r: r["headers"].__setitem__(0, [":authority", "127.0.0.1:4567"]),
                            "SignatureDoesNotMatch"),
    "broken_no_authorization": ("get_root",
                                lambda r: r.update(headers=[h for h in r["headers"] if h[0].lower() != "authorization"]),
                                "MissingAuthenticationToken"),
    "broken_token_dropped": ("kinesis_session",
                             lambda r: r.update(headers=[h for h in r["headers"] if h[0].lower() != "x-amz-security-token"]),
                             "InvalidClientTokenId"),
}


def signer_class(options):
    if options.get("presign"):
        return botocore.auth.SigV4QueryAuth
    return botocore.auth.S3SigV4Auth if options.get("s3") else botocore.auth.SigV4Auth


def sign(method, service, url, headers, body, options):
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body)
    for name, value in headers.items() if isinstance(headers, dict) else headers:
        request.headers.add_header(name, value)
    if options.get("unsigned"):
        request.context["payload_signing_enabled"] = False
    credentials = botocore.credentials.Credentials(KEY_ID, SECRET, options.get("token"))
    extra = [options["presign"]] if options.get("presign") else []
    signer = signer_class(options)(credentials, service, "us-east-1", *extra)
    if options.get("h2") == "authority":
        host_signed = signer.headers_to_sign

        def authority_signed(request):
            headers = host_signed(request)
            headers[":authority"] = headers["host"]
            del headers["host"]
            return headers

        signer.headers_to_sign = authority_signed
    stages = {}
    canonical, to_sign = signer.canonical_request, signer.string_to_sign
    signer.canonical_request = lambda r: stages.setdefault("canonical_request", canonical(r))
    signer.string_to_sign = lambda r, c: stages.setdefault("string_to_sign", to_sign(r, c))
    signer.add_auth(request)
    parts = botocore.auth.urlsplit(request.url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    if options.get("late_token"):
        target += "&X-Amz-Security-Token=" + quoted(options["late_token"])
    sent = [[":authority" if options.get("h2") else "Host", botocore.auth._host_from_url(url)]] + [[k, v] for k, v in request.headers.items()]
    token = options.get("token") or options.get("late_token")
    return {"method": method, "target": target, "headers": sent, "body": body, "token": token}, stages


def store(folder, request, stages, outcome):
    folder.mkdir(parents=True)
    head = f"{request['method']} {request['target']}\n" + "".join(f"{n}: {v}\n" for n, v in request["headers"])
    (folder / "request.http").write_bytes(head.encode() + b"\n" + request["body"])
    if request["token"]:
        (folder / "token.txt").write_text(request["token"])
    for name, text in stages.items():
        (folder / f"{name}.txt").write_text(text)
    (folder / "outcome.txt").write_text(outcome + "\n")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "sigv4")
    shutil.rmtree(root, ignore_errors=True)
    for name, case in CASES.items():
        store(root / name, *sign(*case), "ok")
    for name, (base, change, outcome) in BROKEN.items():
        request, _ = sign(*CASES[base])
        change(request)
        store(root / name, request, {}, outcome)
    print(f"{len(CASES) + len(BROKEN)} cases in {root}")


if __name__ == "__main__":
    main()
