// The AWS SDK for JavaScript drives a function through its life. Usage: node lambda.mjs ENDPOINT NAME ROLE ZIP
// Prints one JSON document that test_lambda_clients.py judges.
import fs from "node:fs";
import {
  CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand, InvokeCommand, LambdaClient,
  UpdateFunctionConfigurationCommand, waitUntilFunctionActiveV2, waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";

const [endpoint, FunctionName, Role, zip] = process.argv.slice(2);
const client = new LambdaClient({ endpoint, region: process.env.AWS_REGION, maxAttempts: 1 });
const waiting = { client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.2 };
const text = (bytes) => Buffer.from(bytes).toString();

const made = await client.send(new CreateFunctionCommand({
  FunctionName, Role, Runtime: "nodejs20.x", Handler: "index.handler", Timeout: 10, Code: { ZipFile: fs.readFileSync(zip) },
  Environment: { Variables: { GREETING: "hello" } },
}));
await waitUntilFunctionActiveV2(waiting, { FunctionName });
const first = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ n: 1 }), LogType: "Tail" }));
await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { GREETING: "bye" } } }));
await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
const second = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ n: 2 }) }));
const dry = await client.send(new InvokeCommand({ FunctionName, InvocationType: "DryRun" }));
const failed = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ fail: true }) }));
await client.send(new DeleteFunctionCommand({ FunctionName }));
const gone = await client.send(new GetFunctionCommand({ FunctionName })).catch((error) => error.name);

console.log(JSON.stringify({
  state: made.State ?? "Active", first: JSON.parse(text(first.Payload)), status: first.StatusCode,
  version: first.ExecutedVersion, logged: text(Buffer.from(first.LogResult, "base64")).includes("\tINFO\tevent 1"),
  second: JSON.parse(text(second.Payload)), dry: dry.StatusCode, error: failed.FunctionError,
  errorType: JSON.parse(text(failed.Payload)).errorType, gone,
}));
