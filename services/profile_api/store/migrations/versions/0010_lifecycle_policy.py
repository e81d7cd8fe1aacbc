"""The lifecycle policies a tenant has had; the one activated last is in force, none means the shipped default."""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        text(
            "create table lifecycle_policy ("
            "tenant_id integer not null references tenant, "
            "version text not null, "
            "document jsonb not null, "
            "activated_at timestamptz not null, "
            "primary key (tenant_id, activated_at))"
        )
    )


def downgrade() -> None:
    op.execute(text("drop table lifecycle_policy"))
