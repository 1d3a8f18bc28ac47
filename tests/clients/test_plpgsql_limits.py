"""What PL/pgSQL does not have as yet says so, and is not passed over."""

import psycopg
import pytest
from psycopg import errors

from ..server_process import ServerProcess

REFUSED = (
    "do $$ declare t text collate \"de_DE\" := 'x'; begin end $$",
    "do $$ begin commit; end $$",
    "create procedure p() language plpgsql as $$ begin rollback; end $$",
)
TAKEN = (
    "do $$ declare t text collate \"C\" := 'x'; begin end $$",
    'do $$ declare t text collate pg_catalog."default"; begin end $$',
)


def test_what_is_missing_says_so() -> None:
    with (
        ServerProcess() as server,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        for text in REFUSED:
            with pytest.raises(errors.FeatureNotSupported):
                connection.execute(text)
        for text in TAKEN:
            connection.execute(text)
