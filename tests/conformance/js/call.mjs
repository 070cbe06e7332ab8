// Calls Kinesis operations with the AWS SDK for JavaScript as it comes (HTTP/2). Usage: node call.mjs ENDPOINT
// A line of standard input is {"operation": "PutRecord", "parameters": {...}}; its answer is a line of standard output:
// {"answer": {...}} or {"error": "..."}. Bytes travel as {"$bytes": base64}, times as {"$time": seconds}.
import { createInterface } from "node:readline";
import * as kinesis from "@aws-sdk/client-kinesis";

const client = new kinesis.KinesisClient({ endpoint: process.argv[2], region: process.env.AWS_REGION, maxAttempts: 1 });

function inward(value) {
  if (Array.isArray(value)) return value.map(inward);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return Buffer.from(value.$bytes, "base64");
  if ("$time" in value) return new Date(value.$time * 1000);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inward(member)]));
}

function outward(value) {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $time: value.getTime() / 1000 };
  if (Array.isArray(value)) return value.map(outward);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== "$metadata").map(([key, member]) => [key, outward(member)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, parameters } = JSON.parse(line);
  let told;
  try {
    told = { answer: outward(await client.send(new kinesis[`${operation}Command`](inward(parameters)))) };
    told.protocol = client.config.requestHandler.metadata?.handlerProtocol;
  } catch (error) {
    told = { error: `${error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(told));
}
