"""Online Retail II (UCI 502): fetches the workbook once, keeps it as Parquet, and imports it as an order file."""

import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from customer.errors import ParcoursError
from customer.vocabulary import Channel
from machine.locked_file import locked
from profile_api.ingest.orders import import_orders
from profile_api.ingest.report import ImportSummary, Progress, silent

SOURCE = "online-retail-ii"
TIME_ZONE = "Europe/London"
URL = "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip"
_MOST_BYTES = 200_000_000
_FETCHED_WITHIN_S = 600.0
_COLUMNS = ("invoice", "stock_code", "description", "quantity", "invoice_ts", "price", "customer_id", "country")
_CLEAN_ORDERS, _CLEAN_CUSTOMERS = 36_969, 5_878


class DownloadError(ParcoursError):
    """The data set could not be fetched, or what came is not it."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(
            f"cannot fetch Online Retail II from {URL}: {problem}; "
            "download it elsewhere and give the file with --path, or try again"
        )


class DamagedCacheError(ParcoursError):
    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is not the file that was downloaded (its checksum differs); delete it and try again")


def import_online_retail_ii(
    database_url: str,
    *,
    path: Path | None = None,
    cache: Path,
    tenant: str = "default",
    now: datetime | None = None,
    rejects: Path | None = None,
    memory_mb: int = 1024,
    progress: Progress = silent,
) -> ImportSummary:
    """Imports `path`, or the workbook of the UCI repository, which is kept in `cache`.

    Not to be called from a running event loop. Errors: DownloadError, DamagedCacheError, OrderFileError.
    """
    file = path or cached(cache, progress=progress)
    return import_orders(
        database_url, file, tenant=tenant, source=SOURCE, now=now, time_zone=TIME_ZONE, channel=Channel.WEB,
        rejects=rejects, memory_mb=memory_mb, progress=progress,
    )  # fmt: skip


def cached(cache: Path, *, progress: Progress = silent, url: str = URL) -> Path:
    """The Parquet file in `cache`, fetched and converted when it is not there yet; its checksum is verified.

    Whoever wants it meanwhile waits. Errors: DownloadError, DamagedCacheError, HeldElsewhereError.
    """
    with locked(cache / "online_retail_ii.lock", within_s=_FETCHED_WITHIN_S):
        return _cached(cache, progress, url)


def _cached(cache: Path, progress: Progress, url: str) -> Path:
    file = cache / "online_retail_ii.parquet"
    checksum = file.with_suffix(".parquet.sha256")
    if file.exists() and checksum.exists():
        if checksum.read_text().strip() != _digest(file):
            raise DamagedCacheError(file)
        return file
    progress("downloading")
    workbook = _workbook(_download(url))
    progress("converting the workbook")
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        converted = Path(folder) / file.name
        convert(workbook, converted)
        _verify(converted)
        converted.replace(file)
    checksum.write_text(_digest(file))
    return file


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        digest = sha256()
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(url: str) -> bytes:
    received = bytearray()
    try:
        with httpx.stream("GET", url, timeout=httpx.Timeout(30, connect=10), follow_redirects=True) as response:
            response.raise_for_status()
            for block in response.iter_bytes():
                received += block
                if len(received) > _MOST_BYTES:
                    raise DownloadError(problem=f"it is larger than {_MOST_BYTES:,} bytes")
    except httpx.HTTPError as error:
        raise DownloadError(problem=str(error) or type(error).__name__) from error
    return bytes(received)


def _workbook(archive: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            name = next((name for name in opened.namelist() if name.endswith(".xlsx")), None)
            if name is None or opened.getinfo(name).file_size > _MOST_BYTES:
                raise DownloadError(problem="the archive holds no workbook of the expected size")
            return opened.read(name)
    except zipfile.BadZipFile as error:
        raise DownloadError(problem="what came is not a zip archive") from error


def convert(workbook: bytes, file: Path) -> None:
    """Writes both sheets as one Parquet file; lines of the first that the second repeats are marked as overlap."""
    from python_calamine import CalamineWorkbook

    sheets = CalamineWorkbook.from_filelike(BytesIO(workbook))
    tables = {name: _sheet(sheets.get_sheet_by_name(name).to_python()) for name in sheets.sheet_names}
    first, *later = sorted(tables)
    # The second sheet begins in December 2010, which the first holds, too, up to the ninth.
    times = tables[later[0]]["invoice_ts"].to_pylist() if later else []
    begins = min((at for at in times if at is not None), default=None)
    parts = []
    for name, table in tables.items():
        repeated = [
            name == first and begins is not None and at is not None and at >= begins
            for at in table["invoice_ts"].to_pylist()
        ]
        marked = table.append_column("sheet", pa.array([name] * len(table), pa.string()))
        parts.append(marked.append_column("overlap", pa.array(repeated, pa.bool_())))
    pq.write_table(pa.concat_tables(parts), file, compression="zstd")


def _sheet(rows: Sequence[Sequence[object]]) -> pa.Table:
    columns = list(zip(*rows[1:], strict=True)) if len(rows) > 1 else [()] * len(_COLUMNS)
    text = {name: [_text(value) for value in column] for name, column in zip(_COLUMNS, columns, strict=False)}
    return pa.table(
        {
            **{name: pa.array(text[name], pa.string()) for name in ("invoice", "stock_code", "description", "country")},
            "quantity": pa.array([int(value) if value else None for value in map(_number, columns[3])], pa.int64()),
            "invoice_ts": pa.array(
                [value if isinstance(value, datetime) else None for value in columns[4]], pa.timestamp("us")
            ),
            "price": pa.array([_number(value) for value in columns[5]], pa.float64()),
            "customer_id": pa.array([int(value) if value else None for value in map(_number, columns[6])], pa.int64()),
        }
    )


def _text(value: object) -> str | None:
    """A cell as text; whole numbers without their point, since invoices and stock codes are read as numbers."""
    if value is None or value == "":
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _verify(file: Path) -> None:
    """What was converted must be the data set as it is known: its clean orders and customers are counted."""
    with duckdb.connect() as duck:
        [(orders, customers)] = duck.execute(
            "select count(distinct invoice), count(distinct customer_id) from read_parquet($1) "
            "where not overlap and customer_id is not null and quantity > 0 and price > 0 "
            "and regexp_matches(invoice, '^[0-9]')",
            [str(file)],
        ).fetchall()
    if (orders, customers) != (_CLEAN_ORDERS, _CLEAN_CUSTOMERS):
        raise DownloadError(
            problem=f"expected {_CLEAN_ORDERS} orders of {_CLEAN_CUSTOMERS} customers, found {orders} of {customers}"
        )
