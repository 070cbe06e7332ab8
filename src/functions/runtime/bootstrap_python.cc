#include "functions/runtime/bootstraps.h"

namespace penstock::functions::runtime {

// Source: AWS Lambda Developer Guide, "Building Lambda functions with Python" (context object, logging, exceptions).
const std::string_view kPythonBootstrap = R"python(# Runs a Python function against the Lambda Runtime API.
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

ROOT = "/2018-06-01/runtime/"
TASK = os.environ["LAMBDA_TASK_ROOT"]
LAYERS = os.environ.pop("PENSTOCK_LAYERS_ROOT", "/opt")
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
current_request_id = None


class Api:
    """HTTP/1.1 over one kept connection."""

    def __init__(self, address):
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.file = None

    def connect(self):
        self.socket = socket.create_connection((self.host, self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def call(self, method, path, body=b"", headers=()):
        lines = [f"{method} {ROOT}{path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += headers
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.file is None:
            self.connect()
        try:
            self.socket.sendall(head + body)
        except OSError:
            pass  # it may have answered (too large) before it had read everything
        status = self.file.readline().split(b" ", 2)
        if len(status) < 2:
            self.file = None
            raise ConnectionError("the Runtime API closed the connection")
        answer = {}
        while True:
            line = self.file.readline().strip()
            if not line:
                break
            name, _, value = line.decode("utf-8", "replace").partition(":")
            answer[name.strip().lower()] = value.strip()
        data = self.file.read(int(answer.get("content-length", "0")))
        if answer.get("connection", "").lower() == "close":
            self.socket.close()
            self.file = None
        return int(status[1]), answer, data


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]

    def __init__(self, facts):
        self.cognito_identity_id = facts.get("cognitoIdentityId")
        self.cognito_identity_pool_id = facts.get("cognitoIdentityPoolId")


class Client:
    def __init__(self, facts):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, facts.get(name))


class ClientContext:
    def __init__(self, facts):
        self.custom = facts.get("custom")
        self.env = facts.get("env")
        self.client = Client(facts.get("client") or {})


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id = None
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))
        identity = headers.get("lambda-runtime-cognito-identity")
        self.identity = CognitoIdentity(json.loads(identity) if identity else {})
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return f"LambdaContext([aws_request_id={self.aws_request_id},function_name={self.function_name}])"


def write_event(text):
    """One event of the log, whatever line ends it has: a carriage return stands for those within."""
    sys.stdout.flush()
    os.write(1, (text.rstrip("\n").replace("\n", "\r") + "\n").encode("utf-8", "replace"))


class RequestFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = current_request_id or ""
        return True


class TextFormatter(logging.Formatter):
    converter = time.gmtime

    def __init__(self):
        super().__init__("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
                         "%Y-%m-%dT%H:%M:%S")


class JsonFormatter(logging.Formatter):
    KNOWN = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        out = {"timestamp": when + "Z", "level": record.levelname, "message": record.getMessage(),
               "logger": record.name, "requestId": current_request_id}
        if record.exc_info:
            kind, error, trace = record.exc_info
            out.update(errorType=kind.__name__, errorMessage=str(error), stackTrace=traceback.format_tb(trace))
        out.update({k: v for k, v in vars(record).items() if k not in self.KNOWN})
        return json.dumps(out, default=str, ensure_ascii=False)


class LogHandler(logging.Handler):
    def emit(self, record):
        write_event(self.format(record))


def set_up_logging():
    handler = LogHandler()
    handler.addFilter(RequestFilter())
    handler.setFormatter(JsonFormatter() if JSON_LOGS else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL", "WARN": "WARNING"}.get(level, level)
    if JSON_LOGS and level:
        root.setLevel(level)


class Fault(Exception):
    """What is wrong with the function before it is called."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


def own_frames(trace):
    """All frames but this file's, without the marks below columns: as AWS's runtime tells them (recorded 2025-11)."""
    frames = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(trace) if f.filename != __file__]
    return traceback.format_list(frames)


def describe(error):
    if isinstance(error, Fault):
        return {"errorMessage": str(error), "errorType": error.kind, "requestId": current_request_id or "",
                "stackTrace": error.trace}
    return {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": current_request_id or "",
            "stackTrace": own_frames(error.__traceback__)}


def log_error(facts):
    if JSON_LOGS:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        write_event(json.dumps({"timestamp": when, "log_level": "ERROR", **facts}, ensure_ascii=False))
        return
    text = f"[ERROR] {facts['errorType']}: {facts['errorMessage']}"
    text += "\nTraceback (most recent call last):"
    for line in "".join(facts["stackTrace"]).splitlines():
        code = line.lstrip(" ")
        text += "\n" + "\u00a0" * (len(line) - len(code)) + code
    # AWS's runtime ends this event, alone of all, without a line end.
    write_event(text + "\x1e")


def find_handler():
    name = os.environ.get("_HANDLER", "")
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName",
                    f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text or ""}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace)
    handler = getattr(module, function_name, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    if not callable(handler):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' on module '{module_name}' cannot be called")
    return handler


def encode(value):
    import decimal
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def serve(api, handler):
    global current_request_id
    while True:
        status, headers, body = api.call("GET", "invocation/next")
        if status != 200:
            sys.exit(f"the Runtime API answered {status}")
        current_request_id = headers["lambda-runtime-aws-request-id"]
        if "lambda-runtime-trace-id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        path = f"invocation/{current_request_id}/"
        try:
            try:
                event = json.loads(body)
            except ValueError as error:
                raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}")
            result = handler(event, LambdaContext(headers))
            try:
                answer = json.dumps(result, ensure_ascii=False, default=encode).encode("utf-8", "surrogatepass")
            except Exception as error:
                raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")
        except Exception as error:
            facts = describe(error)
            log_error(facts)
            sys.stdout.flush()
            api.call("POST", path + "error", json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"),
                     [f"Lambda-Runtime-Function-Error-Type: {facts['errorType']}"])
        else:
            sys.stdout.flush()
            sys.stderr.flush()
            api.call("POST", path + "response", answer)


def main():
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if p not in ("", here)]
    sys.path[0:0] = [TASK, f"{LAYERS}/python/lib/{version}/site-packages", f"{LAYERS}/python", here]
    set_up_logging()
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = find_handler()
    except Exception as error:
        facts = describe(error)
        log_error(facts)
        api.call("POST", "init/error", json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"),
                 [f"Lambda-Runtime-Function-Error-Type: {facts['errorType']}"])
        sys.exit(1)
    serve(api, handler)


main()
)python";

}  // namespace penstock::functions::runtime
