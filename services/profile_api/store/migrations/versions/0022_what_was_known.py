"""What was known of a person earlier: replaced source records are kept, past memberships open to reads."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _run(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    _run(
        "drop policy one_tenant on past_membership; alter table past_membership disable row level security; "
        "revoke all on past_membership, feature_member from parcours_service; "
        "alter table tenant drop column source_trust; "
        "drop trigger source_record_replaced on source_record; drop function record_past_source_record; "
        "drop table past_source_record"
    )


def _run(script: str) -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
