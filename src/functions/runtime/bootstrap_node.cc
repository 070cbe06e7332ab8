#include "functions/runtime/bootstraps.h"

namespace penstock::functions::runtime {

// Source: AWS Lambda Developer Guide, "Building Lambda functions with Node.js" (handler, context object, logging).
const std::string_view kNodeBootstrap = R"node(// Runs a Node.js function against the Lambda Runtime API.
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { Writable } from "node:stream";

const ROOT = "/2018-06-01/runtime/";
const TASK = process.env.LAMBDA_TASK_ROOT;
delete process.env.PENSTOCK_LAYERS_ROOT;
const JSON_LOGS = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LEVEL_MIN = JSON_LOGS ? Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL ?? "INFO")) : 0;
const separator = process.env.AWS_LAMBDA_RUNTIME_API.lastIndexOf(":");
const HOST = process.env.AWS_LAMBDA_RUNTIME_API.slice(0, separator);
const PORT = Number(process.env.AWS_LAMBDA_RUNTIME_API.slice(separator + 1));
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;

// ---- The Runtime API. An idle kept connection does not keep the process's event loop alive.

function call(method, name, body = "", headers = {}) {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    if (method === "POST") {
      headers = { "Content-Type": "application/json", "Content-Length": bytes.length, ...headers };
    }
    const request = http.request({ host: HOST, port: PORT, agent, method, path: ROOT + name, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(method === "POST" ? bytes : undefined);
  });
}

// ---- Logs. A carriage return stands for a line end within one event.

function writeEvent(text) {
  fs.writeSync(1, text.replace(/\n/g, "\r") + "\n");
}

function writeLog(level, args) {
  if (LEVELS.indexOf(level) < LEVEL_MIN) return;
  const time = new Date().toISOString();
  if (!JSON_LOGS) {
    writeEvent(`${time}\t${requestId ?? "undefined"}\t${level}\t${util.format(...args)}`);
    return;
  }
  const line = { timestamp: time, level, requestId };
  const one = args.length === 1 ? args[0] : undefined;
  if (one instanceof Error) {
    Object.assign(line, { message: one.message, errorType: one.name, errorMessage: one.message,
                          stackTrace: String(one.stack).split("\n").slice(1).map((frame) => frame.trim()) });
  } else {
    line.message = one !== undefined && typeof one === "object" ? one : util.format(...args);
  }
  writeEvent(JSON.stringify(line));
}

const METHODS = { trace: "TRACE", debug: "DEBUG", info: "INFO", log: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
for (const [method, level] of Object.entries(METHODS)) console[method] = (...args) => writeLog(level, args);

// ---- Errors

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function describe(error) {
  if (error instanceof Error || util.types.isNativeError(error)) {
    return { errorType: String(error.name), errorMessage: String(error.message), trace: String(error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function logError(what, error) {
  const { errorType, errorMessage, trace } = describe(error);
  if (JSON_LOGS) {
    writeEvent(JSON.stringify({ timestamp: new Date().toISOString(), level: "ERROR", requestId,
                                message: { errorType, errorMessage, stackTrace: trace } }));
    return;
  }
  const own = error instanceof Error ? { ...error } : {};
  writeEvent(`${new Date().toISOString()}\t${requestId ?? "undefined"}\tERROR\t${what}\t` +
             JSON.stringify({ errorType, errorMessage, ...own, stack: trace }));
}

async function postError(error) {
  const facts = describe(error);
  const type = facts.errorType.replace(/[^\x20-\x7e]/g, "?");
  await call("POST", requestId === undefined ? "init/error" : `invocation/${requestId}/error`, JSON.stringify(facts),
             { "Lambda-Runtime-Function-Error-Type": type });
}

function dieOf(what, type) {
  return async (error) => {
    const facts = describe(error);
    const fault = new Fault(type, error instanceof Error ? `${facts.errorType}: ${facts.errorMessage}` : facts.errorMessage);
    if (error instanceof Error) fault.stack = `${type}: ${fault.message}\n` + String(error.stack);
    const told = type === "" ? error : fault;
    logError(what, told);
    try {
      await postError(told);
    } finally {
      process.exit(129);
    }
  };
}
process.on("uncaughtException", dieOf("Uncaught Exception ", ""));
process.on("unhandledRejection", dieOf("Unhandled Promise Rejection ", "Runtime.UnhandledPromiseRejection"));

// ---- The handler

/** A response stream's whole answer is collected: Penstock invokes functions with buffered answers. */
class ResponseStream extends Writable {
  parts = [];
  setContentType(type) {
    this.contentType = type;
  }
  _write(part, encoding, done) {
    this.parts.push(Buffer.from(part, encoding));
    done();
  }
}
const STREAMED = Symbol("streamed");
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMED]: true }),
  HttpResponseStream: { from: (stream, metadata) => Object.assign(stream, { metadata }) },
};

function isModule(file) {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const description = path.join(folder, "package.json");
    if (fs.existsSync(description)) return JSON.parse(fs.readFileSync(description, "utf8")).type === "module";
    if (folder === path.dirname(folder)) return false;
  }
}

async function load(name) {
  const require = createRequire(path.join(TASK, "index.js"));
  const base = path.resolve(TASK, name);
  try {
    for (const file of [base, base + ".js", base + ".mjs", base + ".cjs"]) {
      if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) continue;
      return isModule(file) ? await import(pathToFileURL(file)) : require(file);
    }
    return require(fs.existsSync(base) ? base : name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw new Fault("Runtime.ImportModuleError", `Error: ${error.message}`);
    }
    throw error;
  }
}

async function findHandler() {
  const name = process.env._HANDLER ?? "";
  const last = path.basename(name);
  const folder = name.slice(0, name.length - last.length);
  const dot = last.indexOf(".");
  if (name.includes("..") || dot <= 0 || dot === last.length - 1) {
    throw new Fault("Runtime.MalformedHandlerName", name.includes("..") ? `'${name}' is not a valid handler name. Use ` +
                    "absolute paths when specifying root directories in handler names." : "Bad handler");
  }
  const module = await load(folder + last.slice(0, dot));
  let found = module;
  let owner = module.default;
  for (const part of last.slice(dot + 1).split(".")) {
    found = found?.[part];
    owner = owner?.[part];
  }
  found ??= owner;
  if (found === undefined || found === null) {
    throw new Fault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (typeof found !== "function") throw new Fault("Runtime.HandlerNotFound", `${name} is not a function`);
  return found;
}

function makeContext(headers, settle) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parse = (text) => (text === undefined ? undefined : JSON.parse(text));
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done: (error, result) => settle(error, result, false),
    succeed: (result) => settle(null, result, false),
    fail: (error) => settle(error ?? "handled", undefined, false),
  };
}

/** What the handler gives: by its promise, by its callback (once the event loop is empty, unless told otherwise). */
function invoke(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let settled = false;
    let onEmpty;
    const end = (error, result) => {
      process.removeListener("beforeExit", onEmpty);
      if (error !== null && error !== undefined) reject(error);
      else resolve(result);
    };
    const settle = (error, result, mayWait) => {
      if (settled) return;
      settled = true;
      if (!mayWait || !context.callbackWaitsForEmptyEventLoop) return end(error, result);
      process.removeListener("beforeExit", onEmpty);
      onEmpty = () => end(error, result);
      process.once("beforeExit", onEmpty);
    };
    const context = makeContext(headers, settle);
    // Nothing is left that could ever answer.
    onEmpty = () => settle(null, null, false);
    process.once("beforeExit", onEmpty);
    if (handler[STREAMED]) {
      const stream = new ResponseStream();
      stream.on("finish", () => settle(null, streamedAnswer(stream), false));
      Promise.resolve(handler(event, stream, context)).catch((error) => settle(error ?? "undefined", undefined, false));
      return;
    }
    let result;
    try {
      result = handler(event, context, (error, value) => settle(error, value, true));
    } catch (error) {
      return settle(error ?? "undefined", undefined, false);
    }
    if (typeof result?.then === "function") {
      result.then((value) => settle(null, value, false), (error) => settle(error ?? "undefined", undefined, false));
    }
  });
}

function streamedAnswer(stream) {
  const text = Buffer.concat(stream.parts).toString("utf8");
  if (stream.metadata) return { ...stream.metadata, body: text };
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch (error) {
    throw new Fault("Runtime.MarshallError", `Unable to stringify response body as json: ${error.message}`);
  }
}

async function serve(handler) {
  for (;;) {
    const { status, headers, body } = await call("GET", "invocation/next");
    if (status !== 200) process.exit(1);
    requestId = headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    try {
      const answer = serialize(await invoke(handler, JSON.parse(body.toString("utf8")), headers));
      await call("POST", `invocation/${requestId}/response`, answer).catch((error) => {
        if (error.code !== "EPIPE" && error.code !== "ECONNRESET") throw error;  // it was too large
      });
    } catch (error) {
      logError("Invoke Error ", error);
      await postError(error);
    }
  }
}

let handler;
try {
  handler = await findHandler();
} catch (error) {
  logError("Uncaught Exception ", error);
  await postError(error);
  process.exit(129);
}
serve(handler);
)node";

}  // namespace penstock::functions::runtime
