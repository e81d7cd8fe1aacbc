"""Tensors of the Open Inference Protocol, JSON or binary, read into columns of values."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from customer.contracts.score import FeatureValue
from scoring.errors import RowsError, UnreadableBodyError

_NUMPY = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_LENGTH = struct.Struct("<I")


class Tensor(Struct, frozen=True, kw_only=True):
    """One named input: a column of `shape` [rows] or [rows, 1], row-major, flat or nested."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, str | float | bool] = {}


def columns_of(tensors: Sequence[Tensor], binary: memoryview) -> dict[str, list[FeatureValue]]:
    """The values of each tensor by name; `binary` holds, in order, the data of those that are not JSON."""
    columns: dict[str, list[FeatureValue]] = {}
    for tensor in tensors:
        rows = _rows(tensor)
        size = tensor.parameters.get("binary_data_size")
        if size is not None:
            length = _checked_size(tensor, size, len(binary))
            values, binary = _from_binary(tensor, binary[:length]), binary[length:]
        else:
            values = _from_json(tensor)
        if len(values) != rows:
            raise RowsError(f"input {tensor.name} has {len(values)} values, its shape {tensor.shape} needs {rows}")
        if tensor.name in columns:
            raise RowsError(f"input {tensor.name} is given twice")
        columns[tensor.name] = values
    if len(binary):
        raise UnreadableBodyError(f"{len(binary)} bytes of binary data belong to no input")
    if len({len(values) for values in columns.values()}) > 1:
        raise RowsError("the inputs have different numbers of rows")
    return columns


def _rows(tensor: Tensor) -> int:
    if tensor.datatype not in _NUMPY and tensor.datatype != "BYTES":
        raise RowsError(f"input {tensor.name} has datatype {tensor.datatype}, expected {', '.join(_NUMPY)} or BYTES")
    if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]) or tensor.shape[0] < 0:
        raise RowsError(f"input {tensor.name} has shape {tensor.shape}, expected [rows, 1]: one input per feature")
    return tensor.shape[0]


def _checked_size(tensor: Tensor, size: str | float | bool, available: int) -> int:
    if not isinstance(size, int | float) or isinstance(size, bool) or not 0 <= size <= available:
        raise UnreadableBodyError(f"input {tensor.name} claims {size!r} bytes of binary data, {available} are left")
    return int(size)


def _from_json(tensor: Tensor) -> list[FeatureValue]:
    if tensor.data is None:
        raise RowsError(f"input {tensor.name} has no data")
    flat = [one for value in tensor.data for one in (value if isinstance(value, list) else [value])]
    allowed: tuple[type, ...] = (str,) if tensor.datatype == "BYTES" else (int, float, bool)
    for value in flat:
        if value is not None and not isinstance(value, allowed):
            raise RowsError(f"input {tensor.name} is {tensor.datatype}, but holds a {type(value).__name__}")
    return flat


def _from_binary(tensor: Tensor, data: memoryview) -> list[FeatureValue]:
    if tensor.datatype == "BYTES":
        return _words(tensor, data)
    kind = np.dtype(_NUMPY[tensor.datatype])
    if len(data) % kind.itemsize:
        raise RowsError(f"input {tensor.name} has {len(data)} bytes, not a multiple of {kind.itemsize}")
    values = np.frombuffer(data, dtype=kind)
    if kind.kind == "f":
        return [None if np.isnan(value) else float(value) for value in values]
    return list(values.tolist())


def _words(tensor: Tensor, data: memoryview) -> list[FeatureValue]:
    words: list[FeatureValue] = []
    while len(data):
        try:
            (length,) = _LENGTH.unpack_from(data)
            words.append(bytes(data[_LENGTH.size : _LENGTH.size + length]).decode())
        except (struct.error, UnicodeDecodeError) as error:
            raise RowsError(f"input {tensor.name} holds bytes that are not UTF-8 words ({error})") from error
        if _LENGTH.size + length > len(data):
            raise RowsError(f"input {tensor.name} is cut short")
        data = data[_LENGTH.size + length :]
    return words
