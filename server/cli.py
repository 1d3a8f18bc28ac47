"""The command line: flags to a Config, and the wiring of the rooms."""

import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import click

from .config import Config, ConfigError

log = logging.getLogger("gaveldb.server")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="gaveldb")
def main() -> None:
    """A PostgreSQL-compatible server with the architecture of Aurora DSQL inside."""


@main.command()
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), default=Path("data"))
@click.option(
    "--host", "hosts", multiple=True, default=("127.0.0.1",), help="Address to listen on; repeatable."
)
@click.option("--port", type=click.IntRange(0, 65535), default=5432, help="0: any free port.")
@click.option(
    "--unix-socket-dir", type=click.Path(path_type=Path, file_okay=False, exists=True), default=None
)
@click.option("--in-memory", is_flag=True, help="Keep nothing on disk.")
@click.option("--dsql", is_flag=True, help="Behave as Aurora DSQL: optimistic, with its limits.")
@click.option(
    "--dsql-limit",
    "dsql_limits",
    multiple=True,
    help="NAME=SIZE: another limit than Aurora DSQL's; repeatable.",
)
@click.option(
    "--dsql-tokens",
    type=click.Choice(["trust", "any", "check"]),
    default="any",
    help="IAM tokens: not asked for; any accepted over TLS; or checked, and TLS and SNI are required.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    help="NAME=VALUE: a setting that sessions begin with, as in SET; repeatable.",
)
@click.option("--journals", type=click.IntRange(min=1), default=1, help="Number of journals.")
@click.option("--user", "superuser", default="postgres", help="The first superuser.")
@click.option("--password", envvar="GAVELDB_PASSWORD", help="The superuser's password; better in a file.")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), default=None)
@click.option("--tls", type=click.Choice(["off", "self-signed"]), default="off")
@click.option("--tls-cert", "tls_certificate", type=click.Path(path_type=Path, exists=True), default=None)
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True), default=None)
@click.option("--max-connections", type=click.IntRange(min=1), default=500)
@click.option("--max-prepared-transactions", type=click.IntRange(0, 262143), default=0, help="0: none.")
@click.option("--authentication-timeout", type=float, default=60.0, help="Seconds.")
@click.option("--shutdown-timeout", type=float, default=10.0, help="Seconds for running statements to end.")
@click.option(
    "--busy-poll",
    type=click.IntRange(0, 1000),
    default=50,
    help="Microseconds to stay awake for the next packet after a reply; 0: never.",
)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="warning")
def serve(password_file: Path | None, tls: str, **options: Any) -> None:
    """Serve until SIGTERM or SIGINT."""
    gc.disable()  # until the Collector starts
    if password_file is not None:
        options["password"] = password_file.read_text().rstrip("\r\n")
    if options["password"] == "":
        raise click.ClickException("the password is empty")
    try:
        config = Config(tls_self_signed=tls == "self-signed", **options)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    logging.basicConfig(
        level=config.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from gaveldb.journal.errors import JournalError
    from gaveldb.storage.errors import StorageError

    try:
        run(config)
    except (OSError, JournalError, StorageError) as error:
        raise click.ClickException(str(error)) from None


def run(config: Config) -> None:
    """Serve, on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(config))
        return
    uvloop.run(_serve(config))


async def _serve(config: Config) -> None:
    from gaveldb.engine.api import open_engine

    from .collector import Collector
    from .listener import Server

    try:
        engine = open_engine(config.for_engine())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    await engine.open()
    try:
        server = Server(engine, config)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await server.start()
        collector = Collector()
        collector.start()
        click.echo(f"GavelDB is ready: {server.url()}")
        await stop.wait()
        collector.stop()
        await server.stop()
    finally:
        await engine.close()
