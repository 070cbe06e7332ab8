// Calls operations with the AWS SDK for JavaScript as it comes (Kinesis: HTTP/2). Usage: node call.mjs ENDPOINT
// A line of standard input is {"service": "kinesis", "operation": "PutRecord", "parameters": {...}}; its answer is a line of
// standard output: {"answer": {...}} or {"error": "..."}. Bytes travel as {"$bytes": base64}, times as {"$time": seconds}; an
// event stream is the list of its events.
import { createInterface } from "node:readline";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as lambda from "@aws-sdk/client-lambda";
import * as logs from "@aws-sdk/client-cloudwatch-logs";

const options = { endpoint: process.argv[2], region: process.env.AWS_REGION, maxAttempts: 1 };
const sdks = { kinesis, lambda, logs };
const clients = {
  kinesis: new kinesis.KinesisClient(options), lambda: new lambda.LambdaClient(options), logs: new logs.CloudWatchLogsClient(options),
};

function inward(value) {
  if (Array.isArray(value)) return value.map(inward);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return Buffer.from(value.$bytes, "base64");
  if ("$time" in value) return new Date(value.$time * 1000);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inward(member)]));
}

async function outward(value) {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $time: value.getTime() / 1000 };
  if (Array.isArray(value)) return Promise.all(value.map(outward));
  if (value === null || typeof value !== "object") return value;
  if (Symbol.asyncIterator in value) {
    const events = [];
    for await (const event of value) events.push(await outward(event));
    return events;
  }
  const members = Object.entries(value).filter(([key]) => key !== "$metadata");
  return Object.fromEntries(await Promise.all(members.map(async ([key, member]) => [key, await outward(member)])));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { service, operation, parameters } = JSON.parse(line);
  let told;
  try {
    const command = new sdks[service][`${operation}Command`](inward(parameters));
    told = { answer: await outward(await clients[service].send(command)) };
    told.protocol = clients[service].config.requestHandler.metadata?.handlerProtocol;
  } catch (error) {
    told = { error: `${error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(told));
}
