"""Histories from the command line.

python -m tests.histories --transactions 100000 --kills 20 [--seed 1] [--level serializable]
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from .run import LEVELS, run_level

parser = argparse.ArgumentParser(prog="python -m tests.histories")
parser.add_argument("--transactions", type=int, default=100_000)
parser.add_argument("--kills", type=int, default=20)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--level", choices=LEVELS)
options = parser.parse_args()
for level in [options.level] if options.level else LEVELS:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = run_level(level, Path(folder) / "data", options.transactions, options.kills, options.seed)
    outcomes = dict(Counter(entry.outcome for entry in run.history.entries))
    print(f"{level}: {outcomes}, {run.kills} kills, {time.perf_counter() - start:.0f} s: nothing wrong")
