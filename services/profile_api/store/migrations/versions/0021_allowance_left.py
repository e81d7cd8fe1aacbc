"""What callers have left of their allowances, for all processes together; lost at a crash, which costs nothing."""

from alembic import op
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        text(
            "create unlogged table allowance_left ("
            " quota text not null, tenant_id bigint not null references tenant (id) on delete cascade,"
            " subject text not null, level double precision not null, per_minute double precision not null,"
            " told_at timestamptz not null, primary key (tenant_id, subject, quota))"
        )
    )


def downgrade() -> None:
    op.execute(text("drop table allowance_left"))
