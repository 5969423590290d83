"""The bus: a late joiner of a large table, and the latency of one row, beside bare ZeroMQ."""
import os
import statistics

from common import figure, sh

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
CHANGES = int(os.environ.get("BENCH_CHANGES", "2000"))


def ask(build, *words):
    out = sh(os.path.join(build, "bench", "bus"), *map(str, words), timeout=120).stdout
    return [float(x) for x in out.split()]


def run(build, rounds=3):
    got = {"rows": [], "raw-rows": [], "latency": [], "raw-latency": []}
    for _ in range(rounds):
        for what in got:
            got[what].append(ask(build, what, CHANGES if "latency" in what else ROWS))
    mid = {what: [statistics.median(column) for column in zip(*results)] for what, results in got.items()}
    return [
        figure(f"bus: {ROWS} rows to a late joiner", "rows/s", {"penult": ROWS / mid["rows"][0], "raw": ROWS / mid["raw-rows"][0]}, "more"),
        figure("bus: memory of the owner per row", "bytes", {"penult": mid["rows"][1]}),
        figure("bus: one row, median", "us", {"penult": mid["latency"][0], "raw": mid["raw-latency"][0]}),
        figure("bus: one row, 99th percentile", "us", {"penult": mid["latency"][1], "raw": mid["raw-latency"][1]}),
    ]
