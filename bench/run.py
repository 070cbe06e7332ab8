#!/usr/bin/env python3
"""Measures Penstock beside its peers, in one run on one machine, and prints a table.

    bench/run.py [--rounds 3] [--seconds 4] [--only put_records]

Peers: kinesalite (in memory and on LevelDB) and kinesis-local from npm, installed below build/peers; mosquitto for MQTT;
and the disk itself (fdatasync, sequential write). Each scenario runs for every server in turn, round after round, so that
a drift of the machine's speed meets all of them; medians of the rounds are printed. Penstock's figures are durable:
every record is on disk before its answer. The peers do not sync before they answer.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import boto3

from servers import BUILD, REGION, Server, free_port, install_peers, median_of, scratch_directory

SCENARIOS = {
    "put_record 1 KiB, 1 connection": ["--scenario", "put_record", "--bytes", "1024", "--connections", "1"],
    "put_record 1 KiB, 64 connections": ["--scenario", "put_record", "--bytes", "1024", "--connections", "64"],
    "put_records 500 x 1 KiB, 4 connections": [
        "--scenario", "put_records", "--records", "500", "--bytes", "1024", "--connections", "4"],
    "put_records 500 x 100 B, 16 connections": [
        "--scenario", "put_records", "--records", "500", "--bytes", "100", "--connections", "16"],
}
DRAIN = "get_records drain, 1 KiB"


def disk_limits(directory: Path) -> list[tuple[str, str]]:
    """What this disk does at best: appends made durable one by one, and one long write with a single sync."""
    rows = []
    for size, count, name in ((4096, 300, "append 4 KiB + fdatasync"), (1 << 20, 40, "append 1 MiB + fdatasync")):
        block = os.urandom(size)
        fd = os.open(directory / "probe", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        times = []
        for _ in range(count):
            began = time.monotonic()
            os.write(fd, block)
            os.fdatasync(fd)
            times.append(time.monotonic() - began)
        os.close(fd)
        middle = statistics.median(times)
        rows.append((name, f"{1 / middle:,.0f}/s, {size / middle / 1e6:.0f} MB/s"))
    block = os.urandom(1 << 20)
    fd = os.open(directory / "probe", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    began = time.monotonic()
    for _ in range(512):
        os.write(fd, block)
    os.fdatasync(fd)
    rows.append(("sequential write, one sync", f"{512 * (1 << 20) / (time.monotonic() - began) / 1e6:.0f} MB/s"))
    os.close(fd)
    os.unlink(directory / "probe")
    return rows


def mqtt_row(penstock: Server, directory: Path, seconds: float) -> list[tuple[str, str]]:
    """MQTT QoS 1 publishes into a stream through a rule; beside it mosquitto, which stores nothing."""
    rows = []
    load = [str(BUILD / "penstock"), "simulate", "--load", "--devices", "8", "--payload-bytes", "100", "--in-flight", "125",
            "--seconds", str(seconds)]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": penstock.key, "AWS_SECRET_ACCESS_KEY": penstock.secret}
    for name, port in (("mosquitto (no stream, no disk)", None), ("penstock, rule -> stream on disk", penstock.mqtt_port)):
        broker = None
        if port is None:
            if shutil.which("mosquitto") is None:
                continue
            port = free_port()
            settings = directory / "mosquitto.conf"
            settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n")
            broker = subprocess.Popen([shutil.which("mosquitto"), "-c", str(settings)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            time.sleep(0.3)
        done = subprocess.run([*load, "--mqtt", f"127.0.0.1:{port}", "--json"], env=environment, capture_output=True, text=True)
        if broker:
            broker.terminate()
            broker.wait()
        try:
            result = json.loads(done.stdout.strip().splitlines()[-1])
            rows.append((name, f"{result['acknowledged_per_second']:,.0f}/s, p50 {result['p50_ms']:.2f} ms, "
                               f"p99 {result['p99_ms']:.2f} ms"))
        except (ValueError, KeyError, IndexError):
            rows.append((name, f"failed: {(done.stderr or done.stdout).strip()[:160]}"))
    return rows


def make_rule(penstock: Server) -> None:
    """A stream, a role that may write to it, and a rule that does."""
    common = dict(endpoint_url=penstock.url(), region_name=REGION, aws_access_key_id=penstock.key,
                  aws_secret_access_key=penstock.secret)
    penstock.create("mqtt")
    iam, iot = boto3.client("iam", **common), boto3.client("iot", **common)
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "iot.amazonaws.com"}}
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [statement]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="bench", PolicyName="write", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}))
    iot.create_topic_rule(ruleName="bench", topicRulePayload={
        "sql": "SELECT * FROM '#'", "awsIotSqlVersion": "2016-03-23",
        "actions": [{"kinesis": {"roleArn": role, "streamName": "mqtt", "partitionKey": "${newuuid()}"}}]})


def put_scenarios(servers: list[Server], options) -> dict[str, dict[str, list[dict]]]:
    results: dict[str, dict[str, list[dict]]] = {}
    for round_number in range(options.rounds):
        for scenario, arguments in SCENARIOS.items():
            if options.only and options.only not in scenario:
                continue
            for server in servers:
                stream = f"s{abs(hash((scenario, round_number))) % 10**9}"
                server.create(stream)
                found = server.load(*arguments, "--stream", stream, "--seconds", str(options.seconds))
                results.setdefault(scenario, {}).setdefault(server.name, []).append(found)
                print(f"  round {round_number + 1}: {scenario}: {server.name}: {json.dumps(found)}", file=sys.stderr)
                if "500 x 1 KiB" in scenario:
                    drained = server.load("--scenario", "get_records", "--bytes", "1024", "--stream", stream)
                    results.setdefault(DRAIN, {}).setdefault(server.name, []).append(drained)
                    print(f"  round {round_number + 1}: {DRAIN}: {server.name}: {json.dumps(drained)}", file=sys.stderr)
                server.delete(stream)
    return results


def start_ups(name: str, directory: Path, count: int) -> tuple[float, float]:
    first, resident = [], []
    for number in range(count):
        server = Server(name, directory / f"start-{name}-{number}")
        server.start()
        first.append(server.first_answer_ms)
        time.sleep(1)  # idle
        resident.append(server.resident_mib())
        server.stop()
    return statistics.median(first), statistics.median(resident)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="", help="part of a scenario's name")
    parser.add_argument("--peers", default="kinesalite,kinesalite-leveldb,kinesis-local")
    options = parser.parse_args()
    install_peers()
    names = ["penstock", *filter(None, options.peers.split(","))]
    directory = scratch_directory()
    servers = [Server(name, directory / name) for name in names]
    try:
        print("## The disk\n\n| what | measured |\n|---|---|")
        for name, text in disk_limits(directory):
            print(f"| {name} | {text} |")
        for server in servers:
            server.start()
        results = put_scenarios(servers, options)
        print("\n## Kinesis: records/s (p50 / p99 ms); in brackets Penstock's multiple\n")
        print("| scenario | " + " | ".join(names) + " |\n|---" + "|---" * len(names) + "|")
        for scenario, by_server in results.items():
            ours = median_of(by_server["penstock"], "records_per_second")
            cells = []
            for name in names:
                rate = median_of(by_server[name], "records_per_second")
                delay = "" if scenario == DRAIN else (
                    f" ({median_of(by_server[name], 'p50_ms'):.2f} / {median_of(by_server[name], 'p99_ms'):.2f})")
                cells.append(f"{rate:,.0f}{delay}" + ("" if name == "penstock" else f" [{ours / rate:.1f}x]"))
            print(f"| {scenario} | " + " | ".join(cells) + " |")
        if not options.only:
            make_rule(servers[0])
            print("\n## MQTT QoS 1, 100 B, 8 connections x 125 in flight\n\n| server | acknowledged |\n|---|---|")
            for name, text in mqtt_row(servers[0], directory, options.seconds):
                print(f"| {name} | {text} |")
    finally:
        for server in servers:
            server.stop()
    if not options.only:
        print("\n## Start and idle\n\n| server | first answered request, ms | resident when idle, MiB |\n|---|---|---|")
        for name in names:
            first, resident = start_ups(name, directory, 5)
            print(f"| {name} | {first:.0f} | {resident:.1f} |")
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
