"""The isolation proofs, as commands.

python -m tests.isolation specs --source DIR --server URL --oracle URL [--only NAME] [--records DIR]
    DIR is src/test/isolation of PostgreSQL's source (or its specs' parent); nothing of it is kept here.
python -m tests.isolation record --oracle URL [--only NAME]
    PostgreSQL's answers to the specs of our own (scripts/*.spec), which the tests compare with.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from .specs.compare import SCRIPTS, compare, outputs, total


def _specs(options: argparse.Namespace) -> int:
    counts = compare(
        options.source, options.records, options.server, options.oracle, options.only,
        lambda line: print(line, flush=True),
    )  # fmt: skip
    print(total(counts))
    print(f"differences: {options.records}/*.diff")
    return 0 if counts else 1


def _record(options: argparse.Namespace) -> int:
    for path in sorted(SCRIPTS.glob("*.spec")):
        if options.only is None or options.only in path.stem:
            answers = outputs(path.read_text(), path.stem, options.oracle)
            path.with_suffix(".out").write_text("\n".join(answers))
            print(f"{path.stem}: {len(answers)} permutations")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.isolation")
    commands = parser.add_subparsers(required=True)
    specs = commands.add_parser("specs")
    specs.add_argument("--source", type=Path, required=True)
    specs.add_argument("--server", required=True)
    specs.add_argument("--oracle", required=True)
    specs.add_argument("--only")
    specs.add_argument("--records", type=Path, default=Path(tempfile.gettempdir()) / "isolation-records")
    specs.set_defaults(run=_specs)
    record = commands.add_parser("record")
    record.add_argument("--oracle", required=True)
    record.add_argument("--only")
    record.set_defaults(run=_record)
    options = parser.parse_args()
    result: int = options.run(options)
    return result


sys.exit(main())
