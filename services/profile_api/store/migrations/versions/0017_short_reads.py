"""What most reads look at, kept where looking is cheap.

An answer of the models holds drivers and a curve, so PostgreSQL keeps it compressed and decompresses it for every
figure read from it. `figures` is the answer without them: short, never compressed. And the members of a person are read
from their index alone.
"""

from alembic import op
from sqlalchemy import text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_FUNCTION = """
create function prediction_figures(answer jsonb) returns jsonb
language sql immutable parallel safe
return answer #- '{churn,drivers}' #- '{next_purchase,drivers}' #- '{value,drivers}'
  #- '{next_purchase,days}' #- '{next_purchase,probability}'
"""


def upgrade() -> None:
    op.execute(text(_FUNCTION))
    op.execute(
        text(
            "alter table latest_prediction add column figures jsonb not null "
            "generated always as (prediction_figures(answer)) stored"
        )
    )
    op.execute(text("create index customer_members on customer (root_id) include (id, tenant_id)"))
    op.execute(text("drop index customer_root"))


def downgrade() -> None:
    op.execute(text("create index customer_root on customer (root_id)"))
    op.execute(text("drop index customer_members"))
    op.execute(text("alter table latest_prediction drop column figures"))
    op.execute(text("drop function prediction_figures"))
