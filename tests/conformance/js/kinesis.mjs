// The AWS SDK for JavaScript as it comes: HTTP/2 where its Kinesis client wants it. Usage: node kinesis.mjs ENDPOINT STREAM
// Prints one JSON document that test_javascript.py judges.
import {
  CreateStreamCommand, DeleteStreamCommand, DescribeStreamSummaryCommand, GetRecordsCommand, GetShardIteratorCommand,
  KinesisClient, ListShardsCommand, PutRecordCommand, PutRecordsCommand, waitUntilStreamExists,
} from "@aws-sdk/client-kinesis";

const [endpoint, name] = process.argv.slice(2);
const client = new KinesisClient({ endpoint, region: process.env.AWS_REGION, maxAttempts: 1 });
const StreamName = name;

async function allRecords(ShardId) {
  let { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
  const records = [];
  while (ShardIterator) {
    const answer = await client.send(new GetRecordsCommand({ ShardIterator }));
    records.push(...answer.Records);
    if (answer.MillisBehindLatest === 0 && answer.Records.length === 0) break;
    ShardIterator = answer.NextShardIterator;
  }
  return records;
}

const batch = (count, bytes, first) => Array.from({ length: count }, (_, i) => (
  { PartitionKey: `key-${first + i}`, Data: Buffer.alloc(bytes, (first + i) % 251) }));

await client.send(new CreateStreamCommand({ StreamName, ShardCount: 16 }));
await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.2 }, { StreamName });

const out = { failed: 0 };
const small = await client.send(new PutRecordsCommand({ StreamName, Records: batch(200, 1000, 0) }));
const large = await client.send(new PutRecordsCommand({ StreamName, Records: batch(80, 100_000, 200) }));
out.failed += small.FailedRecordCount + large.FailedRecordCount;
out.protocol = client.config.requestHandler.metadata?.handlerProtocol;

const { Shards } = await client.send(new ListShardsCommand({ StreamName }));
const records = (await Promise.all(Shards.map(({ ShardId }) => allRecords(ShardId)))).flat();
out.records = records.length;
out.bytes = records.reduce((sum, record) => sum + record.Data.length, 0);
out.intact = records.every(({ PartitionKey, Data }) => Data.every((byte) => byte === Number(PartitionKey.slice(4)) % 251));

const numbers = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
  const put = await client.send(new PutRecordCommand({ StreamName, PartitionKey: `c${i}`, Data: Buffer.from(`${i}`) }));
  return put.SequenceNumber;
}));
out.concurrent = new Set(numbers).size;

out.missing = await client.send(new DescribeStreamSummaryCommand({ StreamName: "not-there" })).then(() => "found", (error) => error.name);
await client.send(new DeleteStreamCommand({ StreamName }));
client.destroy();
console.log(JSON.stringify(out));
