"""Random messages and random SQL against a server in memory: it must neither fall, hang, leak nor say XX000.

python -m tests.fuzz --messages 100000 --statements 20000 --seed 1
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..server_process import ServerProcess
from .findings import Findings
from .protocol import fuzz_messages
from .statements import fuzz_statements
from .wire import Stuck

Fuzz = Callable[[str, int, int, int, Findings], dict[str, int]]
LONG = 10_000
QUIET_SECONDS = 25  # after long runs: the server collects its garbage when it is quiet
GROWTH_MAX = 200 << 20


class Report(NamedTuple):
    """What came of it."""

    findings: Findings
    states: dict[str, int]
    memory: list[int]
    places: Counter[str]

    @property
    def fine(self) -> bool:
        return not self.findings


def run(messages: int, statements: int, seed: int) -> Report:
    """Halves of each, then the other halves: memory may grow in the first, but hardly in the second."""
    findings, states, memory = Findings(), dict[str, int](), []
    with ServerProcess() as process:
        for part in range(2):
            for fuzz, count in ((fuzz_messages, messages // 2), (fuzz_statements, statements // 2)):
                found = unstuck(process, fuzz, count, seed * 10 + part, findings)
                for state, number in found.items():
                    states[state] = states.get(state, 0) + number
            if messages + statements > LONG:
                time.sleep(QUIET_SECONDS)
            memory.append(process.memory())
        if memory[1] - memory[0] > GROWTH_MAX:
            findings.add(f"memory grew from {memory[0] >> 20} to {memory[1] >> 20} MB", "")
        if not process.running:
            findings.add("the server is gone", "".join(process.log[-30:]))
        crashes = "".join(process.log).count("Fatal Python error")
        if crashes:
            findings.add("Fatal Python error", "".join(process.log[-30:]))
        places = Counter(tracebacks("".join(process.log)))
    return Report(findings, states, memory, places)


def unstuck(process: ServerProcess, fuzz: Fuzz, count: int, seed: int, findings: Findings) -> dict[str, int]:
    """Start a new server when one is stuck, and note where it was."""
    while True:
        try:
            return fuzz(process.host, process.port, count, seed, findings)
        except Stuck as stuck:
            where = ""
            if spy := shutil.which("py-spy", path=str(Path(sys.executable).parent)):
                command = [spy, "dump", "--nonblocking", "--pid", str(process.pid)]
                where = subprocess.run(command, capture_output=True, text=True).stdout[-3000:]
            findings.add(f"STUCK: {where}", stuck.text)
            process.kill9()
            process.start()
            count, seed = stuck.left, seed + 1000


def tracebacks(log: str) -> Iterator[str]:
    """The ends of the tracebacks that the server logged."""
    for part in log.split("Traceback (most recent call last):\n")[1:]:
        lines = part.splitlines()
        end = next((n for n, line in enumerate(lines) if not line.startswith(" ")), len(lines) - 1)
        yield "\n".join(lines[max(0, end - 6) : end + 1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    start = time.perf_counter()
    report = run(options.messages, options.statements, options.seed)
    print(report.findings)
    for place, count in report.places.most_common():
        print(f"{count} x in the log:\n{place}")
    print(dict(sorted(report.states.items(), key=lambda item: -item[1])))
    print(f"memory {[size >> 20 for size in report.memory]} MB, {time.perf_counter() - start:.0f} s")
    print(f"{len(report.findings)} findings")
    return not report.fine


if __name__ == "__main__":
    sys.exit(main())
