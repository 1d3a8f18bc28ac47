"""A small shop on SQLAlchemy 2: models with relationships, queries, transactions, Alembic migrations.

    gaveldb serve --in-memory                     # in another terminal
    python -m examples.sqlalchemy_shop            # or with the database's URL as an argument

It creates its tables by migrations, fills them, asks questions, and moves the schema down and up again.
With `postgresql+asyncpg://` the models work the same way under `create_async_engine`.
"""
