#!/usr/bin/env python3
"""Plays hostile years of the simulation in slices, for as long as there is time, and sums them up.

    tests/years/run.py --notes FILE [--years 10000] [--fleet-years 2000] [--hours 8] [--binary FILE]

FILE gets a line for each year and says where to go on: a night's run takes up where the last one ended. REPORT.md, beside this
script, is written anew after each run. `--binary` is a build of tests/all.rs to play; without it, one is built with
optimisation. A year that breaks a promise ends nothing: its seed is in the report, and replays.

For a nightly timer: nice -n 19 tests/years/run.py --notes /var/tmp/evercert-years.tsv
"""

import argparse
import collections
import datetime
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLEET = 3  # machines that order in turns, as in tests/simulation/mod.rs
COUNTS = ["orders", "calls", "peak", "crashes", "too late", "renewals", "alarms", "parked", "duplicates", "fewest hours"]
# What the config of a seed has beside five names, as in tests/simulation/mod.rs.
KINDS = ["plain", "installed in files", "proved at DNSPod", "bound to cloud resources"]
SLICE = 60  # years; of a hundred seeds of tests/simulation/mod.rs, sixty are hostile
FLEET_SLICE = 20


def build():
    command = ["cargo", "test", "--release", "--locked", "--test", "all", "--no-run"]
    made = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        sys.exit(made.stderr)
    return ROOT / made.stderr.rsplit("(", 1)[1].split(")")[0]


def read(notes):
    """Of each kind of run, the last line of each seed."""
    years = {1: {}, FLEET: {}}
    if notes.exists():
        for line in notes.read_text().splitlines():
            fields = line.split("\t")
            # A line that was being written as the machine went down is played anew.
            if len(fields) == len(COUNTS) + 4 and fields[0] == "Hostile":
                years[int(fields[1])][int(fields[2])] = fields[3:]
    return years


def next_seed(played):
    """The first that was not played: two threads take seeds by turns, so that some may be missing before the last."""
    seed = 1
    while seed in played:
        seed += 1
    return seed


def play(binary, notes, name, seed, variables):
    environment = {**os.environ, **variables, "EVERCERT_SEED": str(seed), "EVERCERT_YEARS": str(notes)}
    command = [binary, "--exact", f"simulation::{name}"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if ended.returncode not in (0, 101):
        sys.exit(f"{name} from seed {seed} on ended with {ended.returncode}")


def rows(years, kind_of):
    kinds = collections.defaultdict(list)
    for seed, fields in years.items():
        kinds[kind_of(seed)].append(fields)
    for kind, of_kind in sorted(kinds.items()):
        whole = [[int(count) for count in fields[:-1]] for fields in of_kind if fields[0]]
        broken = len(of_kind) - len(whole)
        columns = list(zip(*whole)) or [[0]] * len(COUNTS)
        how = {"peak": max, "fewest hours": min}
        sums = [how.get(name, sum)(column) for name, column in zip(COUNTS, columns)]
        yield [kind, len(of_kind), *sums, broken]


def report(notes, commit):
    years = read(notes)
    head = ["years of", "years", *COUNTS, "broken promises"]
    lines = [
        "# Hostile years",
        "",
        f"Written by `tests/years/run.py` on {datetime.date.today()}, with builds up to commit {commit}. A year has 365 days and five",
        "names, one of a fleet one to three names on three machines that order in turns and one that follows. \"Peak\" is the most",
        "requests in any second, \"too late\" counts applications that the service refused since their turn was over, \"duplicates\"",
        "what was said of two orders at once, \"fewest hours\" what any certificate had left at the least.",
        "",
        "| " + " | ".join(head) + " |",
        "| " + " | ".join(["---"] * len(head)) + " |",
    ]
    one = rows(years[1], lambda seed: "one machine, " + KINDS[seed % 4])
    fleet = rows(years[FLEET], lambda seed: f"a fleet, names: {seed % 3 + 1}")
    lines += ["| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |" for row in [*one, *fleet]]
    for machines, played in years.items():
        for seed, fields in sorted(played.items()):
            if not fields[0]:
                lines += ["", f"Seed {seed} ({'a fleet' if machines > 1 else 'one machine'}): {fields[-1]}"]
    (HERE / "REPORT.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=pathlib.Path, required=True)
    parser.add_argument("--years", type=int, default=10_000)
    parser.add_argument("--fleet-years", type=int, default=2_000)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--commit", help="of which the binary was built, by default the one that is checked out")
    asked = parser.parse_args()
    commit = asked.commit or subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True).strip()
    binary = asked.binary or build()
    notes = asked.notes.resolve()
    end = time.monotonic() + asked.hours * 3600
    while time.monotonic() < end:
        years = read(notes)
        left = {1: len(years[1]) < asked.years, FLEET: len(years[FLEET]) < asked.fleet_years}
        if not any(left.values()):
            break
        if left[1]:
            seeds = {"EVERCERT_SEEDS": str(SLICE * 100 // 60)}
            play(binary, notes, "a_hostile_year_breaks_no_promise", next_seed(years[1]), seeds)
        if left[FLEET]:
            seeds = {"EVERCERT_FLEET_YEARS": str(FLEET_SLICE)}
            play(binary, notes, "a_fleet_s_hostile_year_breaks_no_promise", next_seed(years[FLEET]), seeds)
    report(notes, commit)
    broken = [fields for played in read(notes).values() for fields in played.values() if not fields[0]]
    sys.exit(f"{len(broken)} years broke a promise" if broken else 0)


if __name__ == "__main__":
    main()
