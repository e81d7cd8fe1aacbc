"""The second lock: a role that reads one tenant at a time, whatever the statement says.

Row-level security for `parcours_service` only: migrations, imports and training connect as the owner and are not
concerned. A table that no policy opens is closed to the role, so a new table must be opened here or in its own
migration.
"""

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TENANT_COLUMN = {"tenant": "id"} | dict.fromkeys(
    (
        "customer", "source_record", "identity", "event", "customer_order", "order_line", "order_adjustment",
        "lifecycle_clock", "lifecycle_transition", "purchase_journey", "customer_metrics", "prediction",
        "latest_prediction", "consent", "gap_reference", "rescoring_request",
    ),
    "tenant_id",
)  # fmt: skip

# Roles belong to the server, not to the database: another database's migration may have made it, or an administrator
# where the migrating user may not create roles.
_CREATE_ROLE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'parcours_service') then
    create role parcours_service nologin;
    -- Whoever migrates usually serves, too; another login needs the same grant from an administrator.
    execute format('grant parcours_service to %I with inherit false, set true', current_user);
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise exception 'the role parcours_service does not exist and % may not create it; create it first', current_user;
end
$$
"""


def upgrade() -> None:
    op.execute(text(_CREATE_ROLE))
    op.execute(text("grant usage on schema public to parcours_service"))
    for table, column in _TENANT_COLUMN.items():
        op.execute(text(f"grant select on {table} to parcours_service"))
        op.execute(text(f"alter table {table} enable row level security"))
        op.execute(
            text(
                f"create policy one_tenant on {table} for select to parcours_service "
                f"using ({column} = current_setting('parcours.tenant')\\:\\:integer)"
            )
        )


def downgrade() -> None:
    for table in _TENANT_COLUMN:
        op.execute(text(f"drop policy one_tenant on {table}"))
        op.execute(text(f"alter table {table} disable row level security"))
        op.execute(text(f"revoke all on {table} from parcours_service"))
    op.execute(text("revoke usage on schema public from parcours_service"))
