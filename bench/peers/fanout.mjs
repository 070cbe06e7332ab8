// One consumer and one producer, both the AWS SDK for JavaScript: how long after a put was acknowledged does its record
// reach the consumer? Usage: node fanout.mjs ENDPOINT STREAM h1|h2|h2-tls PUTS; the stream exists and has one shard.
// h2 is what the SDK's Kinesis client does by itself; h1 is its other, public HTTP handler. Prints one JSON object.
import {
  DescribeStreamConsumerCommand, DescribeStreamSummaryCommand, KinesisClient, PutRecordCommand, RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const [endpoint, StreamName, protocol, puts] = process.argv.slice(2);
const WARM_UP = 20;
const count = Number(puts) + WARM_UP;
const settings = { endpoint, region: process.env.AWS_REGION, maxAttempts: 1 };
const client = new KinesisClient(protocol === "h1" ? { ...settings, requestHandler: new NodeHttpHandler() } : settings);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const { StreamDescriptionSummary: { StreamARN } } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
let { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: `fanout-${protocol}` }));
while (Consumer.ConsumerStatus !== "ACTIVE") {
  await pause(20);
  ({ ConsumerDescription: Consumer } = await client.send(new DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN })));
}
const subscription = await client.send(new SubscribeToShardCommand(
  { ConsumerARN: Consumer.ConsumerARN, ShardId: "shardId-000000000000", StartingPosition: { Type: "LATEST" } }));

const sent = [], acknowledged = [], received = [];
let outOfOrder = 0;
const consuming = (async () => {
  for await (const { SubscribeToShardEvent } of subscription.EventStream) {
    const now = performance.now();
    for (const record of SubscribeToShardEvent?.Records ?? []) {
      const number = Buffer.from(record.Data).readUInt32BE(0);
      if (number !== received.length) outOfOrder += 1;
      received[number] = now;
    }
    if (received.length === count) return;
  }
})();

const data = Buffer.alloc(1024, 120);
await pause(100);
for (let number = 0; number < count; number += 1) {
  data.writeUInt32BE(number);
  sent[number] = performance.now();
  await client.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: data }));
  acknowledged[number] = performance.now();
  await pause(5 + (number * 7) % 31);  // in no step with anybody's timer
}
const timeout = pause(15_000).then(() => "late");
const late = await Promise.race([consuming, timeout]);

const differences = (from) => from.map((at, i) => received[i] - at).slice(WARM_UP).filter((ms) => !Number.isNaN(ms)).sort((a, b) => a - b);
const quantile = (sorted, part) => sorted[Math.floor(part * (sorted.length - 1))];
const afterAck = differences(acknowledged), afterSent = differences(sent);
const put = acknowledged.map((at, i) => at - sent[i]).slice(WARM_UP).sort((a, b) => a - b);
console.log(JSON.stringify({
  ack_to_event_p50_ms: quantile(afterAck, 0.5), ack_to_event_p99_ms: quantile(afterAck, 0.99),
  sent_to_event_p50_ms: quantile(afterSent, 0.5), sent_to_event_p99_ms: quantile(afterSent, 0.99),
  put_p50_ms: quantile(put, 0.5), events: afterAck.length, missing: late ? count - received.filter(Boolean).length : 0,
  out_of_order: outOfOrder,
}));
process.exit(0);
