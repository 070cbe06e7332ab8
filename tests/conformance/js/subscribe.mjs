// SubscribeToShard with the AWS SDK for JavaScript as it comes (HTTP/2). Usage: node subscribe.mjs ENDPOINT STREAM
// Prints one JSON document that test_javascript.py judges.
import {
  CreateStreamCommand, DeregisterStreamConsumerCommand, DescribeStreamConsumerCommand, DescribeStreamSummaryCommand, KinesisClient,
  PutRecordsCommand, RegisterStreamConsumerCommand, SplitShardCommand, SubscribeToShardCommand, waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

const [endpoint, StreamName] = process.argv.slice(2);
const client = new KinesisClient({ endpoint, region: process.env.AWS_REGION, maxAttempts: 1 });
const PARENT = "shardId-000000000000", CHILD = "shardId-000000000001";

async function register(ConsumerName) {
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  let { ConsumerARN, ConsumerStatus } = Consumer;
  while (ConsumerStatus !== "ACTIVE") {
    await new Promise((done) => setTimeout(done, 50));
    const answer = await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
    ({ ConsumerStatus } = answer.ConsumerDescription);
  }
  return ConsumerARN;
}

const subscribe = (ConsumerARN, ShardId, StartingPosition) => (
  client.send(new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition })));

/** Reads events until `enough` of them says so, or the stream ends. */
async function read(iterator, enough) {
  const events = [];
  while (!enough(events)) {
    const { value, done } = await iterator.next();
    if (done) break;
    events.push(value.SubscribeToShardEvent);
  }
  return events;
}
const records = (events) => events.flatMap((event) => event.Records ?? []);
const numbers = (events) => records(events).map(({ Data }) => Buffer.from(Data).readUInt32BE(0));

async function put(first, count) {
  const batch = Array.from({ length: count }, (_, i) => {
    const Data = Buffer.alloc(10_000, 7);
    Data.writeUInt32BE(first + i);
    return { PartitionKey: `key-${i}`, Data };
  });
  return (await client.send(new PutRecordsCommand({ StreamName, Records: batch }))).FailedRecordCount;
}

await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.2 }, { StreamName });
const { StreamDescriptionSummary: { StreamARN } } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
const [first, second] = [await register("first"), await register("second")];

const out = { failed: 0 };
const subscription = await subscribe(first, PARENT, { Type: "LATEST" });
out.protocol = client.config.requestHandler.metadata?.handlerProtocol;
out.twice = await subscribe(first, PARENT, { Type: "LATEST" }).then(() => "subscribed", (error) => error.name);

const pushed = subscription.EventStream[Symbol.asyncIterator]();
out.failed += await put(0, 100);  // about 1 MB
out.failed += await put(100, 100);
const events = await read(pushed, (seen) => records(seen).length >= 200);
out.pushed = numbers(events);
const last = events.at(-1);
out.continues = last.ContinuationSequenceNumber === records(events).at(-1).SequenceNumber;
out.behind = last.MillisBehindLatest;
out.bytes = records(events).reduce((sum, { Data }) => sum + Data.length, 0);

await client.send(new SplitShardCommand({ StreamName, ShardToSplit: PARENT, NewStartingHashKey: "170141183460469231731687303715884105728" }));
const end = await read(pushed, () => false);
out.children = end.at(-1).ChildShards.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]);
out.end_without_continuation = end.at(-1).ContinuationSequenceNumber === undefined;

const after = await subscribe(second, PARENT, { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: records(events)[149].SequenceNumber });
out.after = numbers(await read(after.EventStream[Symbol.asyncIterator](), () => false));

// The end comes while the consumer is busy elsewhere.
const child = (await subscribe(second, CHILD, { Type: "TRIM_HORIZON" })).EventStream[Symbol.asyncIterator]();
await client.send(new DeregisterStreamConsumerCommand({ ConsumerARN: second }));
await client.send(new DescribeStreamSummaryCommand({ StreamName }));
out.deregistered = await read(child, () => false).then(() => "ended", (error) => error.name);

const missing = first.replace(/first.*/, "nobody:1");
out.missing = await subscribe(missing, PARENT, { Type: "LATEST" }).then(() => "found", (error) => error.name);
client.destroy();
console.log(JSON.stringify(out));
