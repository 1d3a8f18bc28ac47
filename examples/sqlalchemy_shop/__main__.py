"""Run the shop once: migrate, fill, order, ask, migrate down and up."""

import sys

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from . import shop
from .migrating import alembic_config


def main(url: str = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres") -> None:
    config = alembic_config(url)
    command.upgrade(config, "head")
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        shop.fill(session)
    with Session(engine) as session, session.begin():
        order = shop.place_order(session, "ada@example.com", {"apple": 10, "brick": 2})
        shop.place_order(session, "bob@example.com", {"banana": 5})
        print("Ada pays", order.total, shop.pay(session, order))
    try:
        with Session(engine) as session, session.begin():
            shop.place_order(session, "bob@example.com", {"apple": 1, "brick": 5})
    except shop.OutOfStockError as error:
        print("rolled back:", error)
    with Session(engine) as session:
        print("turnover:", shop.turnover(session))
        print("red:", shop.products_with_tag(session, "red"))
        print("best sellers:", shop.best_sellers(session))
        print("like red:", shop.customers_who_like(session, "red"))
    engine.dispose()
    command.downgrade(config, "-1")
    command.upgrade(config, "head")
    command.check(config)  # the models and the migrations say the same
    command.downgrade(config, "base")


if __name__ == "__main__":
    main(*sys.argv[1:])
