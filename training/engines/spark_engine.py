"""Spark: it computes the features by the same SQL text; trees and scores stay with this machine's cores."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from customer.errors import ParcoursError
from training.data.engine import FeatureSource, LocalEngine
from training.data.pieces import Piece, pieces
from training.data.snapshot import Snapshot
from training.data.spark_features import write_spark_features
from training.data.spine import INSTANT
from training.engines.started_processes import log_file, words_to


class SparkFailedError(ParcoursError):
    """Spark could not be started, or did not finish."""

    def __init__(self, error: Exception, log: Path) -> None:
        said = str(error).strip().partition("\n")[0]
        super().__init__(f"Spark failed ({type(error).__name__}: {said}); what it said meanwhile is in {log}")


class SparkEngine(LocalEngine):
    """One session, which must be in UTC."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def sources(self, snapshot: Snapshot, spine: pa.Table) -> Iterable[FeatureSource]:
        """Spark has computed all of them before the first is read."""
        folder = Path(tempfile.mkdtemp(prefix="spark-features-", dir=snapshot.folder)) / "features"
        write_spark_features(self._session, snapshot, spine, folder)
        return (partial(_written, folder, piece) for piece in pieces(snapshot, spine))


def _written(folder: Path, piece: Piece) -> pa.Table:
    """What Spark wrote of the piece's rows, in their order."""
    found = pq.read_table(folder / f"bucket={piece.bucket}", partitioning=None)
    instant = found.column_names.index("as_of")
    found = found.set_column(instant, "as_of", found["as_of"].cast(INSTANT))  # Spark writes it without its zone
    keys = ["as_of", "customer_id"]
    return found.join(piece.rows.select(keys), keys=keys, join_type="inner").sort_by(
        [(key, "ascending") for key in keys]
    )


@contextmanager
def open_spark() -> Iterator[SparkEngine]:
    """Spark's own settings (spark-defaults.conf, SPARK_REMOTE, MASTER) say where it runs; if none does, here.

    What its machine says goes to a file, which stays when something went wrong. Errors: SparkFailedError.
    """
    with log_file("spark") as log:
        try:
            with words_to(log):
                session = (
                    SparkSession.builder.appName("parcours")
                    .config("spark.sql.session.timeZone", "UTC")
                    .config("spark.sql.ansi.enabled", "true")
                    .getOrCreate()
                )
            try:
                yield SparkEngine(session)
            finally:
                session.stop()
        except (PySparkException, Py4JError) as error:
            raise SparkFailedError(error, Path(log.name)) from error
