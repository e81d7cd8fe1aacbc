"""Order files: what may be in them, and how they become facts. Standard library only; DuckDB is passed in."""

from customer.order_file.errors import OrderFileError as OrderFileError
from customer.order_file.reader import OrderFileSummary as OrderFileSummary
from customer.order_file.reader import read_order_file as read_order_file
from customer.order_file.source import DuckDB as DuckDB
