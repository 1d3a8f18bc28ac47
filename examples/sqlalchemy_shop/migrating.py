"""Alembic without an ini file."""

from pathlib import Path

from alembic.config import Config


def alembic_config(url: str) -> Config:
    """The migrations of this folder for the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
