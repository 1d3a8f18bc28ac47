"""Settings that sessions begin with: given to the server, to a role, to the connection."""

import psycopg

from ..server_process import ServerProcess

SHOWN = "SELECT setting, source FROM pg_settings WHERE name = 'work_mem'"


def test_the_command_line_comes_before_roles_and_connections() -> None:
    with ServerProcess(None, 0, "--set", "work_mem=5MB", "--set", "timezone=Asia/Tokyo") as process:
        with psycopg.connect(process.url, autocommit=True) as connection:
            assert connection.execute(SHOWN).fetchone() == ("5120", "command line")
            assert connection.execute("SHOW timezone").fetchone() == ("Asia/Tokyo",)
            connection.execute("SET work_mem = '7MB'")
            connection.execute("RESET work_mem")
            assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
            connection.execute("ALTER ROLE postgres SET work_mem = '6MB'")
        with psycopg.connect(process.url) as connection:
            assert connection.execute(SHOWN).fetchone() == ("6144", "user")
        with psycopg.connect(process.url, options="-c work_mem=8MB") as connection:
            assert connection.execute(SHOWN).fetchone() == ("8192", "client")
