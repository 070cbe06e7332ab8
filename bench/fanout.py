#!/usr/bin/env python3
"""Measures enhanced fan-out: how soon a record reaches its consumers, and what many consumers cost.

    bench/fanout.py [--rounds 3] [--puts 300] [--streams 50] [--consumers 20] [--only latency|subscribers]

Latency: one producer and one consumer, both the AWS SDK for JavaScript in one process, against Penstock and kinesis-local in
turn. kinesis-local's HTTP/2 breaks under this SDK, so both are measured over HTTP/1.1, and Penstock over HTTP/2 too.
Subscribers: streams x consumers SubscribeToShard calls at the same time on one Penstock server, over HTTP/1.1 (a connection
each) and HTTP/2 (shared connections); records are put at a rate over all streams in turn, and every consumer must receive
every record of its stream, once and in order. Memory is the server's resident set before and after the subscribing.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from servers import BUILD, PEERS, ROOT, Server, install_peers, median_of, scratch_directory


PROTOCOLS = {"h1": "HTTP/1.1", "h2": "HTTP/2", "h2-tls": "HTTP/2, TLS"}


def latency_run(server: Server, protocol: str, puts: int, stream: str) -> dict:
    server.create(stream, shards=1)
    url = server.url().replace("http:", "https:") if protocol == "h2-tls" else server.url()
    trust = {"NODE_EXTRA_CA_CERTS": str(server.directory / "data" / "tls" / "ca.pem")} if protocol == "h2-tls" else {}
    done = subprocess.run(["node", "fanout.mjs", url, stream, protocol, str(puts)], cwd=PEERS, env=server.environment() | trust,
                          capture_output=True, text=True, timeout=300)
    server.delete(stream)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1][:200]}
    found = json.loads(done.stdout)
    if found["missing"] or found["out_of_order"]:
        found["failed"] = f"{found['missing']} missing, {found['out_of_order']} out of order"
    return found


def latency(options, directory: Path) -> None:
    shutil.copy(ROOT / "bench" / "peers" / "fanout.mjs", PEERS / "fanout.mjs")
    subjects = [("penstock", "h1"), ("kinesis-local", "h1"), ("penstock", "h2"), ("penstock", "h2-tls")]
    servers = {name: Server(name, directory / name) for name, _ in subjects}
    results: dict[tuple[str, str], list[dict]] = {}
    try:
        for server in servers.values():
            server.start()
        for round_number in range(options.rounds):
            for name, protocol in subjects:
                found = latency_run(servers[name], protocol, options.puts, f"fanout-{protocol}-{round_number}")
                results.setdefault((name, protocol), []).append(found)
                print(f"  round {round_number + 1}: {name} {protocol}: {json.dumps(found)}", file=sys.stderr)
    finally:
        for server in servers.values():
            server.stop()
    print(f"\n## Fan-out latency, ms: 1 KiB records, one by one, one consumer; medians of {options.rounds} rounds of {options.puts} puts\n")
    print("| server, protocol | put acknowledged -> event, p50 / p99 | put sent -> event, p50 / p99 | put p50 |\n|---|---|---|---|")
    for (name, protocol), rounds in results.items():
        figures = {figure: median_of(rounds, figure) for figure in (
            "ack_to_event_p50_ms", "ack_to_event_p99_ms", "sent_to_event_p50_ms", "sent_to_event_p99_ms", "put_p50_ms")}
        ack50, ack99, sent50, sent99, put = figures.values()
        print(f"| {name}, {PROTOCOLS[protocol]} | {ack50:.2f} / {ack99:.2f} | {sent50:.2f} / {sent99:.2f} | {put:.2f} |")
    ours, theirs = results[("penstock", "h1")], results[("kinesis-local", "h1")]
    parts = [f"{part} {median_of(theirs, figure) / median_of(ours, figure):,.0f}x" for part, figure in (
        ("put acknowledged -> event p50", "ack_to_event_p50_ms"), ("p99", "ack_to_event_p99_ms"),
        ("put sent -> event p50", "sent_to_event_p50_ms"), ("p99", "sent_to_event_p99_ms"))]
    print(f"\nkinesis-local's latency as a multiple of Penstock's over HTTP/1.1: {', '.join(parts)}.")


def make_consumers(server: Server, streams: int, consumers: int) -> Path:
    """Every consumer's stream and ARN, one a line."""
    client = server.client()
    lines = []
    for s in range(streams):
        name = f"fan-{s}"
        server.create(name, shards=1)
        arn = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
        for c in range(consumers):
            made = client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{c}")["Consumer"]
            lines.append(f"{name} {made['ConsumerARN']}\n")
    path = server.directory / "consumers"
    path.write_text("".join(lines))
    return path


def subscribers_run(options, directory: Path, protocol: str) -> dict:
    """On a server of its own, so that memory is that of these subscribers alone."""
    server = Server("penstock", directory)
    try:
        server.start()
        consumers = make_consumers(server, options.streams, options.consumers)
        time.sleep(1)
        before = server.resident_mib()
        load = subprocess.Popen(
            [str(BUILD / "bench" / "fanout_load"), "--url", server.url(), "--consumers", str(consumers), "--protocol", protocol,
             "--connections", str(options.connections), "--rate", str(options.rate), "--seconds", str(options.seconds)],
            env=server.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        began = time.monotonic()
        subscribed = json.loads(load.stdout.readline())["subscribed"]
        subscribe_ms = (time.monotonic() - began) * 1000
        time.sleep(2)
        after = server.resident_mib()
        found = json.loads(load.communicate("go\n", timeout=options.seconds + 120)[0])
        found |= {"subscribe_ms": subscribe_ms, "resident_before_mib": before, "resident_after_mib": after,
                  "resident_loaded_mib": server.resident_mib(), "kib_per_subscriber": (after - before) * 1024 / subscribed}
        return found
    finally:
        server.stop()


def subscribers(options, directory: Path) -> None:
    results: dict[str, list[dict]] = {}
    for round_number in range(options.rounds):
        for protocol in ("h1", "h2"):
            found = subscribers_run(options, directory / f"{protocol}-{round_number}", protocol)
            results.setdefault(protocol, []).append(found)
            print(f"  round {round_number + 1}: {protocol}: {json.dumps(found)}", file=sys.stderr)
    print(f"\n## {options.streams * options.consumers:,} subscribers on one server: {options.streams} streams x {options.consumers} consumers, "
          f"{options.rate:g} puts of 1 KiB a second for {options.seconds:g} s; medians of {options.rounds} rounds\n")
    print("| | HTTP/1.1, a connection each | HTTP/2, " + str(options.connections) + " connections |\n|---|---|---|")
    rows = {
        "events received, of which missing / out of order": lambda r: (
            f"{statistics.median(x['events'] for x in r):,.0f}, {max(x['missing'] for x in r)} / {max(x['out_of_order'] for x in r)}"),
        "all subscribed within, ms": lambda r: f"{median_of(r, 'subscribe_ms'):.0f}",
        "put p50 / p99, ms": lambda r: f"{median_of(r, 'put_p50_ms'):.2f} / {median_of(r, 'put_p99_ms'):.2f}",
        "put acknowledged -> event, p50 / p99, ms": lambda r: (
            f"{median_of(r, 'ack_to_event_p50_ms'):.2f} / {median_of(r, 'ack_to_event_p99_ms'):.2f}"),
        "put acknowledged -> the last of its consumers, p50 / p99, ms": lambda r: (
            f"{median_of(r, 'ack_to_last_p50_ms'):.2f} / {median_of(r, 'ack_to_last_p99_ms'):.2f}"),
        "server's resident set before / subscribed / after the load, MiB": lambda r: (
            f"{median_of(r, 'resident_before_mib'):.1f} / {median_of(r, 'resident_after_mib'):.1f} / "
            f"{median_of(r, 'resident_loaded_mib'):.1f}"),
        "memory a subscriber, KiB": lambda r: f"{median_of(r, 'kib_per_subscriber'):.1f}",
    }
    for name, render in rows.items():
        print(f"| {name} | {render(results['h1'])} | {render(results['h2'])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--puts", type=int, default=300)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--consumers", type=int, default=20, help="of each stream; AWS allows 20")
    parser.add_argument("--connections", type=int, default=50, help="HTTP/2 connections that the subscribers share")
    parser.add_argument("--rate", type=float, default=50, help="puts a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", choices=("latency", "subscribers"))
    options = parser.parse_args()
    install_peers()
    directory = scratch_directory()
    try:
        if options.only != "subscribers":
            latency(options, directory)
        if options.only != "latency":
            subscribers(options, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
