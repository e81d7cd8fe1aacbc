"""When an order ceased to count, as far as that was known at an earlier instant.

`customer_order.invalid_at` says what is known now, and one instant of receipt cannot tell what was known before: of two
refunds the later one may have become known first. So looking back it is computed from the adjustments known by then, as
`store/sql` does from all of them.
"""

from alembic import op
from sqlalchemy import text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FUNCTION = """
create function order_invalid_at(placed_id bigint, known_before timestamptz) returns timestamptz
language sql stable parallel safe set search_path = public, pg_temp
begin atomic
  select case when placed.total_minor <= 0 then placed.ordered_at else min(emptied.occurred_at) end
  from customer_order placed
  cross join lateral (
    select sum(line.quantity) as quantity from order_line line
    where line.order_id = placed.id and placed.total_minor is null
  ) bought
  left join (
    select
      refund.kind, refund.occurred_at,
      sum(refund.amount_minor) over known as amount_minor,
      sum(refund.quantity) over known as quantity,
      count(*) over known as line_count
    from order_adjustment refund
    where refund.order_id = placed_id and refund.received_at < known_before
    window known as (
      order by refund.occurred_at, refund.adjustment_key rows between unbounded preceding and current row
    )
  ) emptied on emptied.kind = 'CANCELLATION' or case
    when placed.total_minor is not null then coalesce(emptied.amount_minor, 0) >= placed.total_minor
    when bought.quantity is not null then coalesce(emptied.quantity, 0) >= bought.quantity
    else emptied.line_count >= placed.line_count
  end
  where placed.id = placed_id
  group by placed.total_minor, placed.ordered_at;
end
"""


def upgrade() -> None:
    op.execute(text(_FUNCTION.replace(":", r"\:")))
    op.execute(text("revoke execute on function order_invalid_at from public"))
    op.execute(text("grant execute on function order_invalid_at to parcours_service"))


def downgrade() -> None:
    op.execute(text("drop function order_invalid_at"))
