#!/usr/bin/env python3
"""Storage beside the machine's own limits, in one run: how much of what disk and processor allow reaches the client.

    bench/storage.py [--rounds 5] [--seconds 3] [--only put_records] [--require-quiet]

Beside Penstock run, in turn, round after round: one fdatasync at a time, a bare group-commit writer that writes the bytes
that the server wrote in groups as large as the server formed, a long sequential read (disk_load); kinesalite; and
JetStream's file store (nats-server, which does not sync). Printed are medians of the rounds, the median of each round's
ratio, and the target. Server processor time is user and system time of the server's process over all it did for a load,
warm-up included. "others" is what programs outside of the benchmark took of the processors meanwhile.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from servers import BUILD, SHARDS, Server, free_port, install_peers, scratch_directory

LOADS = BUILD / "bench"
TICK = os.sysconf("SC_CLK_TCK")
KIB = 1024
TIP_CALLS = 10  # of 500 records of 1 KiB: they fit into the server's cache (8 MiB)
QUIET_LOAD = 1.0


class Results:
    """Figures by name, one of each round."""

    def __init__(self):
        self.figures: dict[str, list[float]] = {}
        self.problems: list[str] = []

    def note(self, **figures: float) -> None:
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(float(value))
        print("  " + json.dumps({name: round(value, 4) for name, value in figures.items()}), file=sys.stderr)

    def median(self, name: str) -> float:
        return statistics.median(self.figures[name]) if self.figures.get(name) else math.nan

    def ratio(self, above: str, below: str) -> float:
        pairs = [a / b for a, b in zip(self.figures.get(above, []), self.figures.get(below, [])) if b]
        return statistics.median(pairs) if pairs else math.nan


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def machine_busy_seconds() -> float:
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICK  # without idle and waiting for the disk


def children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system + times.user + times.system


class Meter:
    """What the server took of the processor, and wrote, between two moments."""

    def __init__(self, server: Server):
        self.server = server
        self.processor = processor_seconds(server.process.pid)
        self.others = machine_busy_seconds() - self.processor - children_seconds()
        self.began = time.monotonic()
        self.log = self.log_counters()

    def log_counters(self) -> dict[str, float]:
        if self.server.name != "penstock":
            return {}
        text = urllib.request.urlopen(self.server.url() + "/metrics", timeout=10).read().decode()
        return {parts[0]: float(parts[1]) for parts in (line.split() for line in text.splitlines())
                if len(parts) == 2 and parts[0].startswith("penstock_log_") and parts[0].endswith("_total")}

    def processor_used(self) -> float:
        return processor_seconds(self.server.process.pid) - self.processor

    def others_percent(self) -> float:
        """Of all processors."""
        others = machine_busy_seconds() - processor_seconds(self.server.process.pid) - children_seconds() - self.others
        return max(0.0, 100 * others / (time.monotonic() - self.began) / (os.cpu_count() or 1))

    def written(self) -> tuple[float, float]:
        """Groups and bytes."""
        now = self.log_counters()
        return tuple(now[name] - self.log[name] for name in ("penstock_log_commits_total", "penstock_log_bytes_total"))


def run(*command) -> dict:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def settle() -> None:
    """What was written is on the disk before the next load begins."""
    os.sync()
    time.sleep(0.3)


class Bench:
    def __init__(self, options, directory: Path, results: Results):
        self.options = options
        self.directory = directory
        self.results = results
        self.penstock = Server("penstock", directory / "penstock")
        self.kinesalite = Server("kinesalite", directory / "kinesalite")
        self.streams = 0

    def put(self, server: Server, name: str, *arguments: str, keep: str = "") -> dict:
        """Loads a new stream. Gives the load's result with the server's processor time and groups."""
        self.streams += 1
        stream = keep or f"s{self.streams}"
        server.create(stream)
        settle()
        meter = Meter(server)
        found = server.load(*arguments, "--stream", stream, "--seconds", str(self.options.seconds))
        if "failed" in found:
            raise RuntimeError(f"{server.name}, {name}: {found['failed']}")
        self.results.note(**{f"{name}.others": meter.others_percent()})
        found["processor_us"] = meter.processor_used() * 1e6 / found["all_records"]
        if server.name == "penstock":
            groups, written = meter.written()
            found |= {"group_records": found["all_records"] / groups, "record_bytes": written / found["all_records"]}
        if not keep:
            server.delete(stream)
        settle()
        return found

    def put_record(self) -> None:
        """One at a time beside one fdatasync of the same bytes (before and after); 64 at a time beside one by one."""
        probes = [self.sync_one_by_one(KIB + 128)]
        one = self.put(self.penstock, "one", "--scenario", "put_record", "--bytes", str(KIB), "--connections", "1")
        probes.append(self.sync_one_by_one(round(one["record_bytes"]) + 64))
        disk = {name: statistics.mean(probe[name] for probe in probes) for name in probes[0]}
        answer = run(LOADS / "disk_load", "answer", "--file", self.directory / "probe", "--bytes",
                     round(one["record_bytes"]) + 64, "--seconds", self.options.seconds / 2)
        self.results.note(**{"one.rate": one["records_per_second"], "answer.p50": answer["p50_ms"], "one.p50": one["p50_ms"], "one.p99": one["p99_ms"],
                             "one.processor_us": one["processor_us"], "sync.rate": disk["per_second"],
                             "sync.p50": disk["p50_ms"], "sync.p99": disk["p99_ms"]})
        many = self.put(self.penstock, "many", "--scenario", "put_record", "--bytes", str(KIB), "--connections", "64")
        self.results.note(**{"many.rate": many["records_per_second"], "many.p50": many["p50_ms"],
                             "many.p99": many["p99_ms"], "many.processor_us": many["processor_us"],
                             "many.group": many["group_records"]})

    def sync_one_by_one(self, size: int) -> dict:
        return run(LOADS / "disk_load", "sync", "--file", self.directory / "probe", "--bytes", size,
                   "--seconds", self.options.seconds / 2)

    def put_records(self, name: str, size: int, connections: int, *more: str) -> None:
        found = self.put(self.penstock, name, "--scenario", "put_records", "--records", "500", "--bytes", str(size),
                         "--connections", str(connections), *more)
        bare = run(LOADS / "disk_load", "group", "--file", self.directory / "probe", "--record-bytes",
                   max(1, round(found["record_bytes"])), "--group-records", max(1.0, found["group_records"]),
                   "--seconds", self.options.seconds)
        settle()
        self.results.note(**{
            f"{name}.rate": found["records_per_second"], f"{name}.p50": found["p50_ms"], f"{name}.p99": found["p99_ms"],
            f"{name}.processor_us": found["processor_us"], f"{name}.group": found["group_records"],
            f"{name}.bare": bare["records_per_second"], f"{name}.bare_processor_us": bare["processor_us_per_record"]})

    def kinesalite_beside(self) -> None:
        found = self.put(self.kinesalite, "kinesalite", "--scenario", "put_records", "--records", "500", "--bytes", "100",
                         "--connections", "16")
        self.results.note(**{"kinesalite.rate": found["records_per_second"]})

    def read_tip(self) -> None:
        """The newest records, again and again."""
        self.penstock.create("tip")
        client, data = self.penstock.client(), os.urandom(KIB)
        for call in range(TIP_CALLS):
            client.put_records(StreamName="tip", Records=[
                {"Data": data, "PartitionKey": f"{call}-{record}"} for record in range(500)])
        reader = subprocess.Popen(
            [str(LOADS / "read_load"), "--url", self.penstock.url(), "--stream", "tip", "--shards", str(SHARDS), "--bytes",
             str(KIB), "--seconds", str(self.options.seconds)],
            env=self.penstock.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if reader.stdout.readline().strip() != "ready":
            raise RuntimeError("read_load did not start")
        meter = Meter(self.penstock)
        out, _ = reader.communicate("go\n", timeout=60)
        found = json.loads(out.strip().splitlines()[-1])
        self.results.note(**{"tip.mb_per_second": found["mb_per_second"],
                             "tip.mb_per_processor_second": found["payload_mb"] / max(meter.processor_used(), 1e-3)})
        self.penstock.delete("tip")

    def read_cold(self) -> None:
        """All that was put for some seconds, after a restart and out of the page cache; all shards at once."""
        found = self.put(self.penstock, "cold", "--scenario", "put_records", "--records", "500", "--bytes", str(KIB),
                         "--connections", "4", keep="cold")
        time.sleep(2)  # segments are sealed in the background
        for name, more in (("cold", []), ("cold_cbor", ["--cbor"])):
            self.penstock.halt()
            settle()
            self.drop_cache()
            self.penstock.start()
            meter = Meter(self.penstock)
            read = self.read_all("cold", *more)
            if read["records"] < found["all_records"]:
                raise RuntimeError(f"{found['all_records']} records were acknowledged and {read['records']} were read")
            self.results.note(**{f"{name}.mb_per_second": read["mb_per_second"],
                                 f"{name}.mb_per_processor_second": read["payload_mb"] / max(meter.processor_used(), 1e-3)})
        self.penstock.delete("cold")
        settle()
        disk = run(LOADS / "disk_load", "read", "--file", self.directory / "probe", "--megabytes",
                   max(1, round(read["payload_mb"])))
        settle()
        self.results.note(**{"disk.read_mb_per_second": disk["mb_per_second"]})

    def read_all(self, stream: str, *more: str) -> dict:
        done = subprocess.run(
            [str(LOADS / "read_load"), "--url", self.penstock.url(), "--stream", stream, "--shards", str(SHARDS),
             "--bytes", str(KIB), "--once", *more], env=self.penstock.environment(), capture_output=True, text=True, timeout=180)
        if done.returncode != 0:
            raise RuntimeError(f"read_load: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout)

    def drop_cache(self) -> None:
        for path in (self.directory / "penstock" / "data").rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def jetstream(self) -> None:
        nats = shutil.which("nats-server") or "/usr/sbin/nats-server"
        if not Path(nats).exists():
            raise RuntimeError("nats-server is not installed")
        for name, size in (("jetstream_1k", KIB), ("jetstream_100", 100)):
            port, store = free_port(), self.directory / "jetstream"
            store.mkdir()
            settings = store / "conf"
            settings.write_text(f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{store}", max_file_store: 50GB }}\n')
            with open(store / "log", "wb") as log:
                server = subprocess.Popen([nats, "-c", str(settings)], stdout=log, stderr=log)
            try:
                time.sleep(0.7)
                found = run(LOADS / "nats_load", "--url", f"http://127.0.0.1:{port}", "--connections", "4", "--window",
                            "500", "--bytes", size, "--seconds", self.options.seconds)
                if found["errors"]:
                    raise RuntimeError(f"JetStream answered {found['errors']} errors")
                self.results.note(**{f"{name}.rate": found["records_per_second"]})
            finally:
                server.terminate()
                server.wait()
                shutil.rmtree(store, ignore_errors=True)
                settle()

    def round(self) -> None:
        steps = {
            "put_record": self.put_record,
            "put_records 1 KiB": lambda: self.put_records("bulk", KIB, 4),
            "put_records 1 KiB CBOR": lambda: self.put_records("bulk_cbor", KIB, 4, "--cbor"),
            "jetstream": self.jetstream,
            "put_records 100 B": lambda: self.put_records("small", 100, 16),
            "kinesalite": self.kinesalite_beside,
            "tip": self.read_tip,
            "cold": self.read_cold,
        }
        for name, step in steps.items():
            if self.options.only and self.options.only not in name:
                continue
            try:
                step()
            except (RuntimeError, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
                self.results.problems.append(f"{name}: {problem}")
                print(f"  {name} failed: {problem}", file=sys.stderr)
                settle()


def verdict(value: float, target: float, is_at_most: bool = False) -> str:
    if math.isnan(value):
        return "not measured"
    return "reached" if (value <= target if is_at_most else value >= target) else "not reached"


def comparison_rows(r: Results) -> list[tuple[str, str, str, float, str, str]]:
    """What, measured, beside what, ratio or figure, target, verdict."""
    def rate(name):
        return f"{r.median(name):,.0f}"

    bare, per_second = r.ratio("bulk.rate", "bulk.bare"), 1e6 / r.median("small.processor_us")
    peers, one = r.ratio("small.rate", "kinesalite.rate"), r.ratio("one.p50", "sync.p50")
    many, tip = r.ratio("many.rate", "sync.rate"), r.median("tip.mb_per_processor_second")
    cold = r.ratio("cold.mb_per_second", "disk.read_mb_per_second")
    jet, jet_small = r.ratio("bulk.rate", "jetstream_1k.rate"), r.ratio("small.rate", "jetstream_100.rate")
    cold_cbor = r.ratio("cold_cbor.mb_per_second", "disk.read_mb_per_second")
    bare_cbor, least = r.ratio("bulk_cbor.rate", "bulk_cbor.bare"), r.ratio("one.p50", "answer.p50")
    small_bare = r.ratio("small.rate", "small.bare")
    return [
        ("(a) PutRecords 500 x 1 KiB, records/s", rate("bulk.rate"), f"bare group-commit writer {rate('bulk.bare')}",
         f"{bare:.2f}", "at least 0.80", verdict(bare, 0.8)),
        ("(a) the same in CBOR", rate("bulk_cbor.rate"), f"bare group-commit writer {rate('bulk_cbor.bare')}",
         f"{bare_cbor:.2f}", "at least 0.80", verdict(bare_cbor, 0.8)),
        ("(b) PutRecords 500 x 100 B, records/s", rate("small.rate"), f"kinesalite {rate('kinesalite.rate')}",
         f"{peers:.1f}", "at least 60", verdict(peers, 60)),
        ("(b) the same, records per second of server processor time", f"{per_second:,.0f}", "", f"{per_second / 1e6:.2f} M",
         "at least 1 M", verdict(per_second, 1e6)),
        ("the same beside the bare writer", rate("small.rate"), f"bare writer {rate('small.bare')}", f"{small_bare:.2f}", "",
         ""),
        ("(c) PutRecord 1 KiB one at a time, p50 ms", f"{r.median('one.p50'):.3f}",
         f"write + fdatasync {r.median('sync.p50'):.3f}", f"{one:.2f}", "at most 1.3", verdict(one, 1.3, True)),
        ("(c) the same beside the least of servers", f"{r.median('one.p50'):.3f}",
         f"TCP + write + fdatasync {r.median('answer.p50'):.3f}", f"{least:.2f}", "", ""),
        ("(c) PutRecord 1 KiB, 64 connections, records/s", rate("many.rate"), f"fdatasync one by one {rate('sync.rate')}",
         f"{many:.1f}", "at least 40", verdict(many, 40)),
        ("(d) GetRecords at the tip, MB of payload per second of server processor time", f"{tip:,.0f}", "",
         f"{tip / 1000:.2f} GB", "at least 1 GB", verdict(tip, 1000)),
        ("(d) GetRecords cold, MB/s", rate("cold.mb_per_second"), f"sequential read {rate('disk.read_mb_per_second')}",
         f"{cold:.2f}", "at least 0.70", verdict(cold, 0.7)),
        ("(d) the same in CBOR", rate("cold_cbor.mb_per_second"),
         f"sequential read {rate('disk.read_mb_per_second')}", f"{cold_cbor:.2f}", "at least 0.70", verdict(cold_cbor, 0.7)),
        ("(e) PutRecords 500 x 1 KiB, records/s", rate("bulk.rate"), f"JetStream {rate('jetstream_1k.rate')}", f"{jet:.2f}",
         "above 1", verdict(jet, 1)),
        ("(e) PutRecords 500 x 100 B, records/s", rate("small.rate"), f"JetStream {rate('jetstream_100.rate')}",
         f"{jet_small:.2f}", "above 1", verdict(jet_small, 1)),
    ]


def print_tables(r: Results) -> None:
    print("| what | measured | beside | ratio | target | |\n|---|---|---|---|---|---|")
    for row in comparison_rows(r):
        print("| " + " | ".join(row) + " |")
    print("\n| load | p50 / p99 ms | server processor us a record | records a group | others, % of the machine |")
    print("|---|---|---|---|---|")
    for title, name in (("PutRecord, 1 connection", "one"), ("PutRecord, 64 connections", "many"),
                        ("PutRecords 500 x 1 KiB, 4 connections", "bulk"),
                        ("PutRecords 500 x 1 KiB in CBOR, 4 connections", "bulk_cbor"),
                        ("PutRecords 500 x 100 B, 16 connections", "small")):
        group = r.median(f"{name}.group")
        print(f"| {title} | {r.median(name + '.p50'):.2f} / {r.median(name + '.p99'):.2f} | "
              f"{r.median(name + '.processor_us'):.2f} | {1 if math.isnan(group) else group:,.0f} | "
              f"{r.median(name + '.others'):.0f} |")
    print(f"\nThe bare writer took {r.median('bulk.bare_processor_us'):.2f} us of processor a record of 1 KiB and "
          f"{r.median('small.bare_processor_us'):.2f} us one of 100 B. write + fdatasync: p50 {r.median('sync.p50'):.2f} ms, "
          f"p99 {r.median('sync.p99'):.2f} ms. Reading at the tip: {r.median('tip.mb_per_second'):,.0f} MB/s.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="", help="part of a step's name: put_record, put_records, jetstream, tip, cold")
    parser.add_argument("--require-quiet", action="store_true", help="do not run while others use the machine")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if load > QUIET_LOAD:
        print(f"The load average is {load:.1f}: others use this machine, and the figures will say little.", file=sys.stderr)
        if options.require_quiet:
            return 2
    install_peers()
    directory, results = scratch_directory(), Results()
    bench = Bench(options, directory, results)
    try:
        bench.penstock.start()
        bench.kinesalite.start()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            bench.round()
    finally:
        bench.penstock.stop()
        bench.kinesalite.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"Medians of {options.rounds} rounds of {options.seconds:g} s; load average before the run {load:.1f}.\n")
    print_tables(results)
    for problem in results.problems:
        print(f"\nNot measured in one round: {problem}")
    return 1 if results.problems else 0


if __name__ == "__main__":
    sys.exit(main())
