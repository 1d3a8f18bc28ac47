"""Load and report."""

import argparse

from .loader import load

parser = argparse.ArgumentParser(prog="python -m examples.psycopg_loader")
parser.add_argument("--url", default="postgresql://postgres@127.0.0.1:5432/postgres")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--binary", action="store_true")
options = parser.parse_args()
report = load(options.url, options.rows, binary=options.binary)
print(report, f"{report.rows_per_second:,.0f} rows/s")
