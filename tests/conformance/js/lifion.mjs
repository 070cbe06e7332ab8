// The community client lifion-kinesis: puts records and reads them all, by polling or by fan-out. Usage: node lifion.mjs
// ENDPOINT STREAM COUNT FAN_OUT. It keeps its state in DynamoDB, for which dynalite stands.
import dns from "node:dns";
import Kinesis from "lifion-kinesis";
import dynalite from "dynalite";

// Its fan-out requests go to the endpoint's port, but to AWS's host name (aws4 derives it of service and region).
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => lookup(host.endsWith(".amazonaws.com") ? "127.0.0.1" : host, ...rest);

const [endpoint, stream, count, fanOut] = process.argv.slice(2);
const state = dynalite({ createTableMs: 0 });
state.listen(0, async () => {
  const dynamo = `http://127.0.0.1:${state.address().port}`;
  const client = new Kinesis({
    streamName: stream, endpoint, region: process.env.AWS_REGION, compression: undefined,
    useEnhancedFanOut: fanOut === "true", initialPositionInStream: "TRIM_HORIZON", noRecordsPollDelay: 250, pollDelay: 250,
    consumerGroup: "readers", dynamoDb: { endpoint: dynamo, region: process.env.AWS_REGION, tableName: "state" },
    logger: { debug() {}, warn: console.error, error: console.error },
  });
  const seen = [];
  client.on("data", ({ records }) => {
    for (const { data, partitionKey } of records) seen.push({ data, partitionKey });
    if (seen.length >= Number(count)) { console.log(JSON.stringify(seen)); process.exit(0); }
  });
  client.on("error", (error) => { console.error(error); process.exit(1); });
  await client.startConsumer();
  for (let i = 0; i < Number(count); ++i) await client.putRecord({ data: { n: i }, partitionKey: `key-${i}` });
});
