"""Alembic's environment: the models' metadata, one connection, transactional DDL."""

from alembic import context
from sqlalchemy import create_engine, pool

from examples.sqlalchemy_shop.models import Base


def main() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()


main()
