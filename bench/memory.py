#!/usr/bin/env python3
"""What many stored records cost in memory: puts them into one stream of many shards, reads some back cold, starts again.

    bench/memory.py [--records 100000000] [--shards 1000] [--bytes 100]

Resident set of the server, MiB: before, while records are put (the most that was seen), when all are there, after one shard was
read from TRIM_HORIZON to its tip, and after a restart. 100 million records of 100 bytes take about 17 GB of disk.
"""

import argparse
import shutil
import sys
import threading
import time
from pathlib import Path

from servers import Server, scratch_directory

BOUND_MIB = 256


class Watch(threading.Thread):
    """The most that a server's resident set was."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server, self.most, self.ended = server, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.most = max(self.most, self.server.resident_mib())

    def stop(self) -> float:
        self.ended.set()
        self.join()
        return self.most


def fill(server: Server, records: int, size: int) -> tuple[int, float]:
    done, began = 0, time.monotonic()
    while done < records:
        result = server.load("--scenario", "put_records", "--stream", "large", "--connections", "8", "--records", "500",
                             "--bytes", str(size), "--seconds", "20", "--warmup-seconds", "0")
        if "failed" in result:
            sys.exit(f"the load failed: {result['failed']}")
        done += int(result["records_per_second"] * 20)
        print(f"  {done:,} records, {server.resident_mib():.0f} MiB", file=sys.stderr)
    return done, time.monotonic() - began


def read_shard(server: Server, shard: str) -> tuple[int, float]:
    kinesis, began, count = server.client(), time.monotonic(), 0
    at = kinesis.get_shard_iterator(StreamName="large", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while True:
        page = kinesis.get_records(ShardIterator=at, Limit=10_000)
        count += len(page["Records"])
        if page["MillisBehindLatest"] == 0:
            return count, time.monotonic() - began
        at = page["NextShardIterator"]


def disk_gib(directory: Path) -> float:
    return sum(file.stat().st_blocks * 512 for file in directory.rglob("*") if file.is_file()) / 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000_000)
    parser.add_argument("--shards", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=100)
    chosen = parser.parse_args()
    directory = scratch_directory()
    server = Server("penstock", directory / "penstock")
    try:
        server.start()
        server.create("large", chosen.shards)
        rows = [("before", server.resident_mib())]
        watch = Watch(server)
        watch.start()
        stored, seconds = fill(server, chosen.records, chosen.bytes)
        rows += [("while they were put, at most", watch.stop()), ("all are there", server.resident_mib())]
        read, read_seconds = read_shard(server, "shardId-000000000007")
        rows.append((f"one shard read from its beginning ({read:,} records in {read_seconds:.1f} s)", server.resident_mib()))
        size = disk_gib(directory)
        server.halt()
        server.start()
        time.sleep(1)
        rows.append((f"after a restart (first answer in {server.first_answer_ms:.0f} ms)", server.resident_mib()))
        read_shard(server, "shardId-000000000008")
        rows.append(("and another shard read", server.resident_mib()))
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{stored:,} records of {chosen.bytes} bytes in {chosen.shards:,} shards, {size:.1f} GiB of disk, put in {seconds:.0f} s\n")
    print("| resident set | MiB |\n|---|---|")
    for what, mib in rows:
        print(f"| {what} | {mib:.0f} |")
    most = max(mib for _, mib in rows)
    print(f"\nat most {most:.0f} MiB: {'within' if most <= BOUND_MIB else 'MORE THAN'} {BOUND_MIB} MiB")


if __name__ == "__main__":
    main()
