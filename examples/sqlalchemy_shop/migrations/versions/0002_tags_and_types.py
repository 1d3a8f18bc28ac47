"""Tags, preferences, prices with cents, a third status; data is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("name", name="uq_tag_name"),
    )
    op.create_table(
        "product_tag",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_product_tag_product_id_product", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_product_tag_tag_id_tag", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("product_id", "tag_id", name="pk_product_tag"),
    )
    op.alter_column("customer", "fullname", new_column_name="name", type_=sa.String(80))
    op.add_column(
        "customer", sa.Column("preferences", postgresql.JSONB(), server_default="{}", nullable=False)
    )
    op.add_column("product", sa.Column("aliases", postgresql.ARRAY(sa.String()), nullable=True))
    op.alter_column("product", "price", type_=sa.Numeric(10, 2), existing_type=sa.Integer())
    op.alter_column("product", "stock", server_default="0", existing_type=sa.Integer())
    op.drop_column("product", "obsolete")
    op.create_index("ix_product_name", "product", ["name"])
    op.create_check_constraint("ck_product_price_not_negative", "product", "price >= 0")
    op.create_table_comment("product", "What the shop sells")
    op.execute("UPDATE orders SET placed_at = now() WHERE placed_at IS NULL")
    op.alter_column("orders", "placed_at", nullable=False, existing_type=sa.DateTime(timezone=True))
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'shipped'")
    op.create_index(
        "ix_orders_open", "orders", ["customer_id"], postgresql_where=sa.text("status = 'open'::order_status")
    )


def downgrade() -> None:
    op.drop_index("ix_orders_open", table_name="orders")
    op.alter_column("orders", "placed_at", nullable=True, existing_type=sa.DateTime(timezone=True))
    op.drop_table_comment("product")
    op.drop_constraint("ck_product_price_not_negative", "product", type_="check")
    op.drop_index("ix_product_name", table_name="product")
    op.add_column("product", sa.Column("obsolete", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.alter_column("product", "stock", server_default=None, existing_type=sa.Integer())
    op.alter_column(
        "product",
        "price",
        type_=sa.Integer(),
        existing_type=sa.Numeric(10, 2),
        postgresql_using="ceil(price)::int",
    )
    op.drop_column("product", "aliases")
    op.drop_column("customer", "preferences")
    op.alter_column("customer", "name", new_column_name="fullname", type_=sa.String(40))
    op.drop_table("product_tag")
    op.drop_table("tag")
