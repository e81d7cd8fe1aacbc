"""Online Retail II: from the workbook to orders, with a cache that is checked."""

import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from profile_api.ingest.online_retail import DamagedCacheError, DownloadError, cached, convert, import_online_retail_ii
from tests.integration.ingest.reading import rows

_HEADER = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
_FIRST = [
    (489434, 85048, "BALL", 12, 40148.3229, 6.95, 13085, "United Kingdom"),
    ("C489449", "85048", "BALL", -2, 40156.4396, 6.95, 13085, "United Kingdom"),
    (536365, "85123A", "HEART", 6, 40513.3514, 2.55, 17850, "United Kingdom"),
]
_SECOND = [_FIRST[2], (536366, "22633", "WARMER", 6, 40513.3528, 1.85, None, "United Kingdom")]


def _sheet(lines: Sequence[tuple[object, ...]]) -> str:
    def cell(value: object, column: int) -> str:
        if value is None:
            return "<c/>"
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c{' s=' + chr(34) + '1' + chr(34) if column == 4 else ''}><v>{value}</v></c>"

    body = "".join(
        f"<row>{''.join(cell(value, n) for n, value in enumerate(line))}</row>" for line in [_HEADER, *lines]
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _relationships(**targets: str) -> str:
    links = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{name.rstrip("12")}" Target="{target}"/>'
        for name, target in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _workbook() -> bytes:
    """The smallest workbook of two sheets, with the dates of the real one as numbers in a date format."""
    names = ("Year 2009-2010", "Year 2010-2011")
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="worksheet{n}"/>' for n, name in enumerate(names, 1))
    formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
    parts = {
        "_rels/.rels": _relationships(officeDocument="xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": _relationships(
            worksheet1="worksheets/sheet1.xml", worksheet2="worksheets/sheet2.xml"
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{formats}</styleSheet>',
        "xl/worksheets/sheet1.xml": _sheet(_FIRST),
        "xl/worksheets/sheet2.xml": _sheet(_SECOND),
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


@contextmanager
def _served(content: bytes, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/retail.zip"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _zipped(workbook: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("online_retail_II.xlsx", workbook)
    return file.getvalue()


def test_both_sheets_become_one_file_with_repeated_lines_marked(tmp_path: Path) -> None:
    convert(_workbook(), tmp_path / "retail.parquet")
    table = pq.read_table(tmp_path / "retail.parquet").to_pylist()
    assert [(line["invoice"], line["stock_code"], line["customer_id"], line["overlap"]) for line in table] == [
        ("489434", "85048", 13085, False),
        ("C489449", "85048", 13085, False),
        ("536365", "85123A", 17850, True),
        ("536365", "85123A", 17850, False),
        ("536366", "22633", None, False),
    ]
    assert table[0]["invoice_ts"].replace(second=0, microsecond=0) == datetime(2009, 12, 1, 7, 44)  # noqa: DTZ001 local time


def test_a_local_copy_is_imported_without_a_network(database_url: str, tmp_path: Path) -> None:
    convert(_workbook(), tmp_path / "retail.parquet")
    now = datetime(2012, 1, 1, tzinfo=UTC)
    summary = import_online_retail_ii(database_url, path=tmp_path / "retail.parquet", cache=tmp_path, now=now)
    assert (summary.orders_inserted, summary.adjustments_inserted, summary.ignored) == (2, 1, 2)
    assert rows(database_url, "select currency, time_zone from tenant") == [("GBP", "Europe/London")]


def test_a_download_that_is_another_data_set_is_refused_and_not_kept(tmp_path: Path) -> None:
    with _served(_zipped(_workbook())) as url, pytest.raises(DownloadError, match="expected 36969 orders"):
        cached(tmp_path, url=url)
    assert {left.name for left in tmp_path.iterdir()} == {"online_retail_ii.lock"}


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [(b"", 404, "404"), (b"not a zip", 200, "not a zip archive"), (_zipped(b"")[:40], 200, "not a zip archive")],
)
def test_a_download_that_fails_says_why_and_what_to_do(tmp_path: Path, content: bytes, status: int, says: str) -> None:
    with _served(content, status) as url, pytest.raises(DownloadError, match=f"(?s){says}.*--path"):
        cached(tmp_path, url=url)


def test_without_a_network_the_way_out_is_named(tmp_path: Path) -> None:
    with _served(b"") as url:
        pass
    with pytest.raises(DownloadError, match="give the file with --path"):
        cached(tmp_path, url=url)


def test_a_cached_file_is_used_as_long_as_it_is_the_one_that_was_kept(tmp_path: Path) -> None:
    from hashlib import sha256

    file = tmp_path / "online_retail_ii.parquet"
    file.write_bytes(b"kept")
    file.with_suffix(".parquet.sha256").write_text(sha256(b"kept").hexdigest())
    assert cached(tmp_path, url="http://127.0.0.1:1/") == file
    file.write_bytes(b"altered")
    with pytest.raises(DamagedCacheError, match="delete it and try again"):
        cached(tmp_path, url="http://127.0.0.1:1/")
