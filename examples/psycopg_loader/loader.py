"""A table of measurements, made up and streamed into COPY."""

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
from psycopg import sql

Row = tuple[int, int, float, str | None]


class Report(NamedTuple):
    """What was loaded and how fast."""

    rows: int
    seconds: float
    sensors: int
    total: float
    exported: int

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


def measurements(count: int, seed: int = 1) -> Iterator[Row]:
    """(id, sensor, value, note), with some characters that COPY has to escape."""
    source = random.Random(seed)
    notes = (None, "ok", "a\ttab", "new\nline", "back\\slash", "Grüße")
    for number in range(count):
        yield number, source.randrange(100), source.randrange(1000) / 4, notes[number % len(notes)]


def load(url: str, rows: int, *, binary: bool = False) -> Report:
    """Load `rows` rows in one transaction, index them, sum them up, and read them back."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS measurement")
        cursor.execute(
            "CREATE TABLE measurement (id int, sensor int NOT NULL, value float8 NOT NULL, note text)"
        )
        start = time.perf_counter()
        options = sql.SQL("(FORMAT {})").format(sql.SQL("binary" if binary else "text"))
        command = sql.SQL("COPY measurement (id, sensor, value, note) FROM STDIN {}").format(options)
        with cursor.copy(command) as copy:
            copy.set_types(["int4", "int4", "float8", "text"])
            for row in measurements(rows):
                copy.write_row(row)
        connection.commit()
        seconds = time.perf_counter() - start
        cursor.execute("ALTER TABLE measurement ADD PRIMARY KEY (id)")
        cursor.execute("CREATE INDEX ON measurement (sensor)")
        cursor.execute("ANALYZE measurement")
        connection.commit()
        cursor.execute("SELECT count(DISTINCT sensor), sum(value), count(*) FROM measurement")
        found = cursor.fetchone()
        assert found is not None
        sensors, total, count = found
        assert count == rows
        exported = 0
        with cursor.copy(
            "COPY (SELECT id, note FROM measurement WHERE sensor < 10 ORDER BY id) TO STDOUT"
        ) as copy:
            copy.set_types(["int4", "text"])
            for _ in copy.rows():
                exported += 1
        return Report(rows, seconds, sensors, total, exported)
