"""Memberships of the past are kept, so that features of the past see who was known to be whom then."""

from profile_api.store.migrations.scripts import run_script, run_script_beside

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FEATURE_MEMBER_BEFORE = """
create or replace view feature_member with (security_invoker = true) as
select
  tenant_id,
  root_id as customer_id,
  id as member_id,
  timestamptz '1900-01-01 00:00:00+00' as known_at,
  timestamptz '9999-12-31 00:00:00+00' as until_at
from customer
"""


def upgrade() -> None:
    run_script_beside(__file__)


def downgrade() -> None:
    run_script(
        f"{_FEATURE_MEMBER_BEFORE}; drop trigger customer_root_moved on customer; "
        "drop function record_past_membership; drop table past_membership; alter table customer drop column root_since"
    )
