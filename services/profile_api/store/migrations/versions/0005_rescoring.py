"""The freshness queue: which customers must be scored anew, and procrastinate's job tables in a schema of their own."""

from alembic import op
from procrastinate.schema import SchemaManager

from profile_api.store.migrations.scripts import run_script, run_script_beside

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema procrastinate")
    op.execute("set local search_path to procrastinate")
    run_script(SchemaManager.get_schema())
    op.execute("set local search_path to public")
    run_script_beside(__file__)


def downgrade() -> None:
    op.execute("drop function request_rescoring")
    op.execute("drop table rescoring_request")
    op.execute("drop schema procrastinate cascade")
