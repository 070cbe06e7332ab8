"""Zips and roles for functions, as the Lambda tests need them."""

import io
import json
import stat
import uuid
import zipfile

TRUST_LAMBDA = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})

MAY_LOG = {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}

HELLO_PYTHON = "def handler(event, context):\n    return {'hello': event}\n"


def zip_of(files: dict[str, str | bytes], executable: tuple[str, ...] = ()) -> bytes:
    """A zip with these files; those named in `executable` may be run."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if name in executable else 0o644)) << 16
            archive.writestr(entry, content)
    return out.getvalue()


def lambda_role(server, *statements: dict, name: str | None = None, logs: bool = True) -> str:
    """The ARN of a role that Lambda may take, with these statements as its policy; its functions' output is logged."""
    iam = server.client("iam")
    role = name or "r-" + uuid.uuid4().hex[:12]
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST_LAMBDA)["Role"]["Arn"]
    statements = (*statements, MAY_LOG) if logs else statements
    if statements:
        iam.put_role_policy(RoleName=role, PolicyName="inline",
                            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return made
