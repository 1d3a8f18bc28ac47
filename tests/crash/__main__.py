"""kill -9 of a durable server under load, again and again.

python -m tests.crash --cycles 100 [--seed 1] [--keep DIR]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from .cycles import run_cycles


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="the data directory; kept afterwards")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.keep or Path(folder) / "data"
        total = asyncio.run(run_cycles(data_dir, options.cycles, options.seed, tell=print))
    print(f"{total} in {time.perf_counter() - start:.0f} s")
    return bool(total.wrong)


sys.exit(main())
