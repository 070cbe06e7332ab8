#!/usr/bin/env python3
"""Measures many shards on one Penstock server: making them, listing them, what they cost, and starting again with them.

    bench/shards.py [--rounds 3] [--shards 10000] [--streams 1000]

One stream of all the shards, and many streams of a few shards each. Memory is the server's resident set before and after
they were made (idle: no record was ever put), after a record was put into every shard, and after a restart. The restart is
a clean one: the time from the start of the process to its first answer.
"""

import argparse
import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import Server, median_of, scratch_directory


def timed(work) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000


def list_all(client, name: str) -> tuple[int, int]:
    """How many shards on how many pages."""
    page = client.list_shards(StreamName=name)
    shards, pages = len(page["Shards"]), 1
    while "NextToken" in page:
        page = client.list_shards(NextToken=page["NextToken"])
        shards, pages = shards + len(page["Shards"]), pages + 1
    return shards, pages


def put_everywhere(client, name: str, shards: int) -> None:
    """One record of 100 bytes into every shard, addressed by its hash key."""
    step = 2**128 // shards
    records = [{"Data": b"x" * 100, "PartitionKey": "k", "ExplicitHashKey": str(n * step + step // 2)} for n in range(shards)]
    for first in range(0, shards, 500):
        answer = client.put_records(StreamName=name, Records=records[first:first + 500])
        assert answer["FailedRecordCount"] == 0, answer


def settled_mib(server: Server) -> float:
    time.sleep(1)
    return server.resident_mib()


def restart(server: Server) -> tuple[float, float]:
    server.halt()
    server.start()
    return server.first_answer_ms, settled_mib(server)


def one_stream(directory: Path, shards: int) -> dict:
    server = Server("penstock", directory)
    try:
        server.start()
        client = server.client()
        found = {"first_start_ms": server.first_answer_ms, "resident_empty_mib": settled_mib(server)}
        found["create_ms"] = timed(lambda: server.create("big", shards))
        found["resident_idle_mib"] = settled_mib(server)
        began = time.monotonic()
        listed, found["pages"] = list_all(client, "big")
        found["list_ms"] = (time.monotonic() - began) * 1000
        assert listed == shards, listed
        found["restart_ms"], found["resident_restarted_mib"] = restart(server)
        found["split_ms"] = timed(lambda: client.split_shard(
            StreamName="big", ShardToSplit="shardId-000000000000", NewStartingHashKey="100"))
        found["put_ms"] = timed(lambda: put_everywhere(client, "big", shards))
        found["resident_used_mib"] = settled_mib(server)
        found["restart_used_ms"], found["resident_restarted_used_mib"] = restart(server)
        assert list_all(client, "big")[0] == shards + 2
        found["scale_ms"] = timed(lambda: client.update_shard_count(
            StreamName="big", TargetShardCount=shards // 2 + 1, ScalingType="UNIFORM_SCALING"))
        found["idle_kib_per_shard"] = (found["resident_idle_mib"] - found["resident_empty_mib"]) * 1024 / shards
        found["used_kib_per_shard"] = (found["resident_used_mib"] - found["resident_empty_mib"]) * 1024 / shards
        return found
    finally:
        server.stop()


def many_streams(directory: Path, streams: int, shards: int) -> dict:
    server = Server("penstock", directory)
    each = shards // streams
    try:
        server.start()
        found = {"resident_empty_mib": settled_mib(server)}
        with ThreadPoolExecutor(4) as pool:
            clients = [server.client() for _ in range(4)]
            found["create_ms"] = timed(lambda: list(pool.map(
                lambda n: clients[n % 4].create_stream(StreamName=f"s-{n}", ShardCount=each), range(streams))))
            found["resident_idle_mib"] = settled_mib(server)
            found["restart_ms"], found["resident_restarted_mib"] = restart(server)
            record = [{"Data": b"x" * 100, "PartitionKey": "k"}]
            found["put_ms"] = timed(lambda: list(pool.map(
                lambda n: clients[n % 4].put_records(StreamName=f"s-{n}", Records=record), range(streams))))
        found["resident_used_mib"] = settled_mib(server)
        found["disk_mib"] = sum(f.stat().st_blocks for f in (server.directory / "data").rglob("*")) / 2048
        found["restart_used_ms"], found["resident_restarted_used_mib"] = restart(server)
        found["idle_kib_per_stream"] = (found["resident_idle_mib"] - found["resident_empty_mib"]) * 1024 / streams
        found["used_kib_per_stream"] = (found["resident_used_mib"] - found["resident_empty_mib"]) * 1024 / streams
        return found
    finally:
        server.stop()


def show(title: str, rows: dict[str, str], rounds: list[dict]) -> None:
    print(f"\n## {title}; medians of {len(rounds)} rounds\n\n| what | measured |\n|---|---|")
    for name, template in rows.items():
        figures = {figure: median_of(rounds, figure) for figure in rounds[0]}
        print(f"| {name} | {template.format(**figures)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--streams", type=int, default=1000)
    options = parser.parse_args()
    directory = scratch_directory()
    big, many = [], []
    try:
        for number in range(options.rounds):
            big.append(one_stream(directory / f"big-{number}", options.shards))
            many.append(many_streams(directory / f"many-{number}", options.streams, options.shards))
            print(f"  round {number + 1}: {json.dumps([big[-1], many[-1]])}", file=sys.stderr)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    show(f"One stream of {options.shards:,} shards", {
        "created and ACTIVE": "{create_ms:.0f} ms",
        "all shards listed": "{list_ms:.0f} ms, {pages:.0f} pages",
        "SplitShard in that stream": "{split_ms:.0f} ms",
        "UpdateShardCount to half of them": "{scale_ms:.0f} ms",
        "a record put into every shard, 500 a call, one caller": "{put_ms:.0f} ms",
        "memory an idle shard": "{idle_kib_per_shard:.2f} KiB (resident {resident_empty_mib:.1f} -> {resident_idle_mib:.1f} MiB)",
        "memory a shard that has a record": "{used_kib_per_shard:.2f} KiB (-> {resident_used_mib:.1f} MiB)",
        "start to first answer: empty, with idle shards, with a record in each": "{first_start_ms:.0f}, {restart_ms:.0f}, {restart_used_ms:.0f} ms",
        "resident after such a restart: idle, with records": "{resident_restarted_mib:.1f}, {resident_restarted_used_mib:.1f} MiB",
    }, big)
    show(f"{options.streams:,} streams of {options.shards // options.streams} shards", {
        "created, four callers": "{create_ms:.0f} ms",
        "a record put into every stream, four callers": "{put_ms:.0f} ms",
        "memory an idle stream": "{idle_kib_per_stream:.1f} KiB (resident {resident_empty_mib:.1f} -> {resident_idle_mib:.1f} MiB)",
        "memory a stream that has a record": "{used_kib_per_stream:.1f} KiB (-> {resident_used_mib:.1f} MiB)",
        "disk": "{disk_mib:.0f} MiB",
        "start to first answer: idle streams, with a record in each": "{restart_ms:.0f}, {restart_used_ms:.0f} ms",
        "resident after such a restart: idle, with records": "{resident_restarted_mib:.1f}, {resident_restarted_used_mib:.1f} MiB",
    }, many)


if __name__ == "__main__":
    main()
