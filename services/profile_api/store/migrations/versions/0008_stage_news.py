"""The index that finds the changes of stage since an instant, and the next one to come."""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A change is news when it takes effect, or when we learn of it, whichever is later.
    op.execute(
        text(
            "create index lifecycle_transition_news on lifecycle_transition "
            "(tenant_id, model, greatest(effective_at, recorded_at))"
        )
    )


def downgrade() -> None:
    op.execute(text("drop index lifecycle_transition_news"))
