"""Whether other records may belong to a person: nearly always none do, and then reads need not look for them."""

from profile_api.store.migrations.scripts import run_script, run_script_beside

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    run_script(
        "drop trigger customer_absorbed on customer; drop function note_absorption; "
        "alter table customer drop column absorbs"
    )
