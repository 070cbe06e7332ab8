// The community client lifion-kinesis: puts records and reads them all, by polling or by fan-out. Usage: node lifion.mjs
// ENDPOINT STREAM COUNT FAN_OUT. It keeps its state in DynamoDB, for which dynalite stands.
import dns from "node:dns";
import Kinesis from "lifion-kinesis";
import dynalite from "dynalite";

// Its fan-out requests go to the endpoint's port, but to AWS's host name (aws4 derives it of service and region).
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => lookup(host.endsWith(".amazonaws.com") ? "127.0.0.1" : host, ...rest);

const [endpoint, stream, count, fanOut] = process.argv.slice(2);
const SHARDS = 2;

// Its parser of event streams (lifion-aws-event-stream 1.0.7) loses its place when two messages reach it in one piece, which
// a busy machine makes likely: with fan-out each record is put when the one before it has arrived.
let changed = () => {};
let subscribed = 0;
const seen = [];
const until = async (done) => { while (!done()) await new Promise((resolve) => { changed = resolve; }); };
const state = dynalite({ createTableMs: 0 });
state.listen(0, async () => {
  const dynamo = `http://127.0.0.1:${state.address().port}`;
  const client = new Kinesis({
    streamName: stream, endpoint, region: process.env.AWS_REGION, compression: undefined,
    useEnhancedFanOut: fanOut === "true", initialPositionInStream: "TRIM_HORIZON", noRecordsPollDelay: 250, pollDelay: 250,
    consumerGroup: "readers", dynamoDb: { endpoint: dynamo, region: process.env.AWS_REGION, tableName: "state" },
    logger: { debug(text) { if (text.startsWith("Subscription to shard is successful")) { subscribed += 1; changed(); } }, warn: console.error, error: console.error },
  });
  client.on("data", ({ records }) => {
    for (const { data, partitionKey } of records) seen.push({ data, partitionKey });
    changed();
    if (seen.length >= Number(count)) { console.log(JSON.stringify(seen)); process.exit(0); }
  });
  client.on("error", (error) => { console.error(error); process.exit(1); });
  await client.startConsumer();
  if (fanOut === "true") await until(() => subscribed >= SHARDS);
  for (let i = 0; i < Number(count); ++i) {
    await client.putRecord({ data: { n: i }, partitionKey: `key-${i}` });
    if (fanOut === "true") await until(() => seen.length > i);
  }
});
