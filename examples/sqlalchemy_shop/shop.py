"""What the shop does, as functions of a session."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from .models import Customer, Line, Order, Product, Status, Tag


class OutOfStockError(Exception):
    """There are not enough of a product."""


def fill(session: Session) -> None:
    """A few customers and products."""
    fruit, red = Tag(name="fruit"), Tag(name="red")
    session.add_all(
        [
            Product(
                name="apple", price=Decimal("0.40"), stock=100, tags=[fruit, red], aliases=["pomme", "mela"]
            ),
            Product(name="banana", price=Decimal("0.25"), stock=50, tags=[fruit]),
            Product(name="brick", price=Decimal("1.10"), stock=3, tags=[red]),
            Customer(name="Ada", email="ada@example.com", preferences={"paper": False, "colours": ["red"]}),
            Customer(name="Bob", email="bob@example.com"),
        ]
    )


def place_order(session: Session, email: str, basket: dict[str, int]) -> Order:
    """Order products by name; takes them out of the stock or raises OutOfStockError."""
    customer = session.scalars(select(Customer).where(Customer.email == email)).one()
    order = Order(customer=customer)
    session.add(order)
    for name, quantity in basket.items():
        product = session.scalars(select(Product).where(Product.name == name).with_for_update()).one()
        if product.stock < quantity:
            raise OutOfStockError(f"only {product.stock} of {name}")
        product.stock -= quantity
        order.lines.append(Line(product=product, quantity=quantity, price=product.price))
    session.flush()
    return order


def pay(session: Session, order: Order) -> bool:
    """Pay an open order, once."""
    change = update(Order).where(Order.id == order.id, Order.status == Status.open).values(status=Status.paid)
    paid = session.scalars(change.returning(Order.id)).all()
    return bool(paid)


def turnover(session: Session) -> Sequence[tuple[str, int, Decimal]]:
    """Name, number of orders and sum of each customer who ordered, the best first."""
    total = func.sum(Line.quantity * Line.price)
    query = (
        select(Customer.name, func.count(Order.id.distinct()), total)
        .join(Customer.orders)
        .join(Order.lines)
        .group_by(Customer.id, Customer.name)
        .order_by(total.desc())
    )
    return [(name, count, amount) for name, count, amount in session.execute(query)]


def products_with_tag(session: Session, name: str) -> list[str]:
    """Their names, in order."""
    query = select(Product).where(Product.tags.any(Tag.name == name)).order_by(Product.name)
    return [product.name for product in session.scalars(query.options(selectinload(Product.tags)))]


def best_sellers(session: Session) -> list[tuple[str, int, int]]:
    """Rank, name and pieces sold, by a window function over a common table expression."""
    sold = (
        select(Line.product_id, func.sum(Line.quantity).label("pieces")).group_by(Line.product_id).cte("sold")
    )
    rank = func.rank().over(order_by=sold.c.pieces.desc())
    query = (
        select(rank, Product.name, sold.c.pieces).join(sold, sold.c.product_id == Product.id).order_by(rank)
    )
    return [(place, product, pieces) for place, product, pieces in session.execute(query)]


def customers_who_like(session: Session, colour: str) -> list[str]:
    """Found inside their preferences."""
    query = select(Customer.name).where(Customer.preferences["colours"].contains([colour]))
    return list(session.scalars(query))
