"""The simulation from the command line.

python -m tests.simulation --seed 17            one seed, with what happened
python -m tests.simulation --seeds 0-10000      many
python -m tests.simulation --mutations          are bugs that were put in on purpose found?
"""

import argparse
import sys
import time
import traceback

from .mutations import MUTATIONS, find
from .run import Settings, run_seed
from .workloads import WORKLOADS


def one(seed: int, workload: str | None) -> int:
    """One seed, told in full."""
    print(Settings(seed, workload).describe())
    world = run_seed(seed, workload)
    for note in world.notes:
        print(note)
    if world.error is not None:
        traceback.print_exception(world.error)
    print(f"seed {seed}: {len(world.findings)} findings")
    return bool(world.findings)


def many(first: int, last: int, workload: str | None) -> int:
    """Many seeds; tells of those with findings."""
    start = time.perf_counter()
    failed = 0
    for seed in range(first, last):
        world = run_seed(seed, workload)
        if world.findings:
            failed += 1
            chosen = f" --workload {workload}" if workload else ""
            print(f"seed {seed}: {world.findings[0][:300]}")
            print(f"    again: python -m tests.simulation --seed {seed}{chosen}", flush=True)
    seconds = time.perf_counter() - start
    count = last - first
    print(f"{count} seeds, {failed} with findings, {count / seconds:.1f} seeds/s")
    return bool(failed)


def mutations(most: int) -> int:
    """Each bug until it is found."""
    missed = 0
    for name in MUTATIONS:
        found = find(name, iter(range(most)))
        if found is None:
            missed += 1
            print(f"{name}: NOT FOUND in {most} seeds", flush=True)
        else:
            print(f"{name}: seed {found[0]}: {found[1][:150]}", flush=True)
    return bool(missed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", help="first-last, the last one not included")
    parser.add_argument("--workload", choices=sorted(WORKLOADS))
    parser.add_argument("--mutations", action="store_true")
    parser.add_argument("--most", type=int, default=1000, help="seeds for each mutation")
    options = parser.parse_args()
    if options.mutations:
        return mutations(options.most)
    if options.seeds:
        first, _, last = options.seeds.partition("-")
        return many(int(first), int(last), options.workload)
    return one(options.seed or 0, options.workload)


if __name__ == "__main__":
    sys.exit(main())
