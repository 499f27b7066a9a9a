"""Rows as CSV that spreadsheets open without running anything in it."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.requests import Request

MEDIA_TYPE = "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may take for a formula."""
RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
"""What an operation says of itself that also answers CSV."""
Pages = AsyncIterator[Sequence[BaseModel]]


def wanted(request: Request, chosen: str | None) -> bool:
    """Tell whether CSV is asked for: by the choice, else by the first type of `Accept`."""
    if chosen is not None:
        return chosen == "csv"
    first, _, _ = request.headers.get("accept", "").partition(",")
    return first.partition(";")[0].strip().lower() == MEDIA_TYPE


async def answer(name: str, columns: Sequence[str], pages: Pages) -> StreamingResponse:
    """Answer pages of rows as one file of that name, a page at a time.

    The first page is read before anything is sent, so that what is wrong is still told.
    """
    first = await anext(pages)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines(columns, first, pages), media_type=MEDIA_TYPE, headers=headers)


async def _lines(
    columns: Sequence[str], first: Sequence[BaseModel], rest: Pages
) -> AsyncIterator[str]:
    yield _written([columns])
    yield _written(_rows(columns, first))
    async for page in rest:
        yield _written(_rows(columns, page))


def _rows(columns: Sequence[str], page: Sequence[BaseModel]) -> Iterator[list[str]]:
    for row in page:
        cells = dict(_flat(row.model_dump(mode="json")))
        yield [cell(cells.get(column)) for column in columns]


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value


def cell(value: object) -> str:
    """Write one value; text that could be a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _written(rows: Sequence[Sequence[str]] | Iterator[list[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
