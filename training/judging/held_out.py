"""Splits the customers of a snapshot: one part to learn from, one the models have never seen."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from customer.features.relations import RELATIONS, create_table
from customer.order_file.source import literal
from training.data.freezing import Provenance, freeze
from training.data.snapshot import CUSTOMERS, Snapshot, bounded_connection, empty_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSnapshot:
    """No customer is in both."""

    learning: Snapshot
    held_out: Snapshot


def split_customers(snapshot: Snapshot, folder: Path, *, every: int = 5) -> SplitSnapshot:
    """One in `every` is held out, by a digest of their own key: the same ones whatever else the snapshot holds."""
    chosen = f"hash(customer_key) % {every:d} = 0"
    return SplitSnapshot(
        learning=_part(snapshot, folder / "learning", f"not {chosen}"),
        held_out=_part(snapshot, folder / "held_out", chosen),
    )


def _part(snapshot: Snapshot, folder: Path, condition: str) -> Snapshot:
    empty_folder(folder)
    with bounded_connection(spill=folder / "spill") as connection:
        customers = literal(f"{snapshot.folder}/{CUSTOMERS}/*.parquet")
        connection.execute(
            f"create table feature_customer as select * from read_parquet({customers}) "
            f"where {condition} and customer_id % {snapshot.bucket_count} < {len(snapshot.buckets)}"
        )
        for relation in RELATIONS:
            _open(connection, snapshot, relation)
        connection.execute(
            "create table feature_member as select whole.* from whole_feature_member whole "
            "semi join feature_customer using (customer_id)"
        )
        sources = {relation: f"whole_{relation}" for relation in RELATIONS} | {"feature_member": "feature_member"}
        provenance = Provenance(
            origin=f"a part of {snapshot.folder}", known_before=snapshot.known_before, time_zone=snapshot.time_zone,
            currency=snapshot.currency,
        )  # fmt: skip
        return freeze(connection, folder, sources.items(), provenance)


def _open(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, relation: str) -> None:
    """Makes the view `whole_<relation>`."""
    columns = RELATIONS[relation]
    if not any((snapshot.folder / relation).glob("bucket=*/*.parquet")):
        connection.execute(create_table(f"whole_{relation}", columns))
        return
    # A member that belonged to several customers has its facts in each of their buckets: they are read from the first.
    first = f"select member_id, min(bucket) as bucket from {_files(snapshot, 'feature_member')} group by member_id"
    once = "" if relation == "feature_member" else f"semi join ({first}) using (member_id, bucket)"
    connection.execute(
        f"create view whole_{relation} as select {', '.join(columns)} from {_files(snapshot, relation)} {once}"
    )


def _files(snapshot: Snapshot, relation: str) -> str:
    return f"read_parquet({literal(f'{snapshot.folder}/{relation}/*/*.parquet')}, hive_partitioning = true)"
