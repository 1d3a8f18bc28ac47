"""Run the bank and print its books."""

import argparse
import asyncio

from .bank import run

parser = argparse.ArgumentParser(prog="python -m examples.asyncpg_bank")
parser.add_argument("url", nargs="?", default="postgresql://postgres@127.0.0.1:5432/postgres")
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--transfers", type=int, default=400)
parser.add_argument("--isolation", default="serializable")
options = vars(parser.parse_args())
print(asyncio.run(run(options.pop("url"), **options)))
