"""The lifecycle policy is read like any other table, so the second lock must open it, one tenant at a time."""

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(text("grant select on lifecycle_policy to parcours_service"))
    op.execute(text("alter table lifecycle_policy enable row level security"))
    op.execute(
        text(
            "create policy one_tenant on lifecycle_policy for select to parcours_service "
            r"using (tenant_id = current_setting('parcours.tenant')\:\:integer)"
        )
    )


def downgrade() -> None:
    op.execute(text("drop policy one_tenant on lifecycle_policy"))
    op.execute(text("alter table lifecycle_policy disable row level security"))
    op.execute(text("revoke select on lifecycle_policy from parcours_service"))
