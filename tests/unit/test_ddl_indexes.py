"""Checks of existing rows while the command's own new index is still empty (answers: PostgreSQL 18)."""

import psycopg
import pytest

from ..server_process import ServerProcess as Server


def test_primary_key_on_a_column_with_nulls_is_refused(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE nulls (a int)")
        connection.execute("INSERT INTO nulls VALUES (1), (NULL)")
        with pytest.raises(
            psycopg.errors.NotNullViolation, match='column "a" of relation "nulls" contains null'
        ):
            connection.execute("ALTER TABLE nulls ADD PRIMARY KEY (a)")
