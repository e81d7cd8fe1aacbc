"""What was known of a person earlier: replaced source records are kept, past memberships open to reads."""

from profile_api.store.migrations.scripts import run_script, run_script_beside

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    run_script(
        "drop policy one_tenant on past_membership; alter table past_membership disable row level security; "
        "revoke all on past_membership, feature_member from parcours_service; "
        "alter table tenant drop column source_trust; "
        "drop trigger source_record_replaced on source_record; drop function record_past_source_record; "
        "drop table past_source_record"
    )
