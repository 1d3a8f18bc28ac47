"""The adjudicator alone: requests of three keys per second on one core.

python tests/bench/bench_adjudicator.py
"""

import random
import time

from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import CommitRequest
from gaveldb.journal.errors import SerializationFailure

REQUESTS = 300_000


def main() -> None:
    random_source = random.Random(1)
    for name, spread in (("spread keys", 10_000_000), ("contended keys", 20_000)):
        requests = [
            CommitRequest(max(0, n - 20), {b"%012d" % random_source.randrange(spread): b"" for _ in range(3)})
            for n in range(REQUESTS)
        ]
        adjudicator = Adjudicator()
        adjudicate = adjudicator.adjudicate
        refused = 0
        start = time.perf_counter()
        for now, request in enumerate(requests, 1):
            try:
                adjudicate(request, now)
            except SerializationFailure:
                refused += 1
        seconds = time.perf_counter() - start
        print(f"{name}: {REQUESTS / seconds:,.0f} requests/s, {refused} refused")


if __name__ == "__main__":
    main()
