"""Large work: COPY, a full scan, groups, a hash join; and small work beside large work."""

import threading
import time
from collections.abc import Callable

import psycopg

from .table import Figure, Place

JOINED = 100_000


def prepare(place: Place, rows: int) -> None:
    """A large table and a smaller one to join."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS big, small, copied")
        connection.execute("CREATE TABLE big (id int PRIMARY KEY, g int, v bigint, t text)")
        connection.execute("CREATE TABLE small (id int, name text)")
        connection.execute("CREATE TABLE copied (id int, g int, v bigint, t text)")
        _copy(connection, "big", rows)
        with connection.cursor().copy("COPY small FROM STDIN") as copy:
            for number in range(min(JOINED, rows)):
                copy.write(f"{number * 10}\tname {number}\n")
        connection.execute("ANALYZE big")
        connection.execute("ANALYZE small")


def _copy(connection: psycopg.Connection, table: str, rows: int) -> float:
    start = time.perf_counter()
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for first in range(0, rows, 1000):
            copy.write(
                "".join(f"{n}\t{n % 1000}\t{n * 7}\ttext {n % 97}\n" for n in range(first, first + 1000))
            )
    return time.perf_counter() - start


def _query(text: str) -> Callable[[Place], float]:
    """Milliseconds of the second of two runs."""

    def measure(place: Place) -> float:
        with psycopg.connect(place.url) as connection:
            connection.execute(text).fetchall()
            start = time.perf_counter()
            connection.execute(text).fetchall()
            return (time.perf_counter() - start) * 1000

    return measure


def _copy_rate(rows: int) -> Callable[[Place], float]:
    def measure(place: Place) -> float:
        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute("TRUNCATE copied")
            return rows / _copy(connection, "copied", rows)

    return measure


def _copy_out(rows: int) -> Callable[[Place], float]:
    def measure(place: Place) -> float:
        with psycopg.connect(place.url) as connection:
            start = time.perf_counter()
            with connection.cursor().copy("COPY big TO STDOUT") as copy:
                for _ in copy:
                    pass
            return rows / (time.perf_counter() - start)

    return measure


def _beside(quantile: float) -> Callable[[Place], float]:
    """Milliseconds of point SELECTs while another connection runs a long aggregate over and over."""

    def measure(place: Place) -> float:
        stop = threading.Event()
        long_text = "SELECT g, count(*), sum(v), max(t) FROM big GROUP BY g ORDER BY 3 DESC"

        def work() -> None:
            with psycopg.connect(place.url) as connection:
                while not stop.is_set():
                    connection.execute(long_text).fetchall()

        thread = threading.Thread(target=work)
        thread.start()
        times = []
        try:
            with psycopg.connect(place.url, autocommit=True) as connection:
                end = time.perf_counter() + 5
                number = 0
                while time.perf_counter() < end:
                    number += 7
                    start = time.perf_counter()
                    connection.execute(
                        "SELECT t FROM big WHERE id = %s", (number % JOINED,), prepare=True
                    ).fetchall()
                    times.append(time.perf_counter() - start)
        finally:
            stop.set()
            thread.join()
        times.sort()
        return times[int(len(times) * quantile)] * 1000

    return measure


def figures(rows: int) -> list[Figure]:
    """Named as --only takes them."""
    size = f"{rows // 1000}k"
    return [
        Figure(f"copy in {size} rows", "rows/s", _copy_rate(rows)),
        Figure(f"copy out {size} rows", "rows/s", _copy_out(rows)),
        Figure(f"scan sum {size}", "ms", _query("SELECT sum(v), count(*) FROM big WHERE g < 900")),
        Figure(f"group by {size}", "ms", _query("SELECT g, count(*), sum(v) FROM big GROUP BY g")),
        Figure(
            f"join {size} x {min(JOINED, rows) // 1000}k",
            "ms",
            _query("SELECT count(*), sum(big.v) FROM big JOIN small ON small.id = big.g * 10"),
        ),
        Figure(f"sort {size}", "ms", _query("SELECT t, v FROM big ORDER BY t, v DESC OFFSET 100 LIMIT 10")),
        Figure("select p50 beside an aggregate", "ms", _beside(0.50)),
        Figure("select p99 beside an aggregate", "ms", _beside(0.99)),
    ]
