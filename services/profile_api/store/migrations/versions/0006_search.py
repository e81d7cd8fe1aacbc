"""Names can be searched with typing errors, and the models behind predictions listed."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("select 1")  # begins the migration's transaction, which the driver's script must run in
    driver = op.get_bind().connection.dbapi_connection
    script = Path(__file__).with_suffix(".sql").read_text()
    driver.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]


def downgrade() -> None:
    op.execute("drop index latest_prediction_model_set")
    op.execute("alter table customer drop column name_keys")
    op.execute("drop function name_keys")
    op.execute("drop function word_keys")
    op.execute("drop function name_words")
