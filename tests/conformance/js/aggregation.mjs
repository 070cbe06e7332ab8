// aws-kinesis-agg packs user records into few Kinesis records; what is read back must unpack to the same.
// Usage: node aggregation.mjs ENDPOINT STREAM COUNT
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand, PutRecordCommand } from "@aws-sdk/client-kinesis";
import aggregation from "aws-kinesis-agg";

const { aggregate, deaggregateSync } = aggregation;

async function main(endpoint, stream, count) {
  const kinesis = new KinesisClient({ endpoint, region: process.env.AWS_REGION });
  const sent = Array.from({ length: Number(count) }, (_, n) => (
    { partitionKey: `sensor-${n % 7}`, data: `measurement ${n}` }));
  const puts = [];
  await new Promise((resolve, reject) => aggregate(sent, (record, done) => {
    puts.push(kinesis.send(new PutRecordCommand({ StreamName: stream, Data: record.data, PartitionKey: record.partitionKey })));
    done();
  }, resolve, reject));
  await Promise.all(puts);

  const received = [];
  for (const { ShardId } of (await kinesis.send(new ListShardsCommand({ StreamName: stream }))).Shards) {
    const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(
      { StreamName: stream, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
    const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    for (const record of Records) {
      const old = { partitionKey: record.PartitionKey, sequenceNumber: record.SequenceNumber,
        data: Buffer.from(record.Data).toString("base64") };
      deaggregateSync(old, true, (error, users) => {
        if (error) throw error;
        for (const user of users) received.push(user);
      });
    }
  }
  console.log(JSON.stringify({ puts: puts.length, received: received.map(({ partitionKey, data }) => (
    { partitionKey, data: Buffer.from(data, "base64").toString() })) }));
}
await main(...process.argv.slice(2));
