"""A statement that begins again leaves nothing behind of its first attempt."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from ..server_process import ServerProcess


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ServerProcess() as server:
        yield server.url


def test_no_cascade_of_what_was_not_deleted(url: str) -> None:
    """The DELETE has deleted parent 1 when it must wait for parent 2. When it begins again, parent 1 is no
    longer picked: so its child stays, too."""
    with (
        psycopg.connect(url) as one,
        psycopg.connect(url) as two,
        psycopg.connect(url, autocommit=True) as watch,
    ):
        watch.execute(
            """
            CREATE TABLE parent (id int PRIMARY KEY, n int);
            CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
            CREATE TABLE pick (parent int);
            INSERT INTO parent VALUES (1, 0), (2, 0);
            INSERT INTO child VALUES (10, 1), (20, 2);
            INSERT INTO pick VALUES (1), (2);
            """
        )
        one.execute("UPDATE parent SET n = 1 WHERE id = 2")
        one.execute("DELETE FROM pick WHERE parent = 1")
        text = "DELETE FROM parent WHERE EXISTS (SELECT FROM pick WHERE pick.parent = parent.id)"
        other = threading.Thread(target=two.execute, args=(text,))
        other.start()
        deadline = time.monotonic() + 10
        waits = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = {two.info.backend_pid}"
        while watch.execute(waits).fetchone() == (0,):
            assert time.monotonic() < deadline
        one.commit()
        other.join()
        two.commit()
        assert watch.execute("SELECT id FROM parent").fetchall() == [(1,)]
        assert watch.execute("SELECT id, parent FROM child").fetchall() == [(10, 1)]
