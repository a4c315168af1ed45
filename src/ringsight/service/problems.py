"""Errors as `application/problem+json` (RFC 9457): what is wrong, and what to do; never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ringsight.arrivals.errors import ChangedMeanwhileError, KnownCustomerError, LogError, RepeatedKeyError
from ringsight.errors import DataError, ModelError, RingsightError, SettingsError, StoreError

TYPE = "application/problem+json"
LOGGER = logging.getLogger("ringsight.service")


class AbsentError(DataError):
    """What is asked for by name is not there."""


@contextmanager
def found() -> Iterator[None]:
    """What is refused inside is not there: an error of the data becomes a 404."""
    try:
        yield
    except DataError as error:
        raise AbsentError(error.what, remedy=error.remedy) from error


def problem(status: int, title: str, remedy: str = "", **more: object) -> JSONResponse:
    """An answer that says what is wrong.

    Args:
        status: of HTTP.
        title: what is wrong.
        remedy: what to do about it.
        more: further members, as RFC 9457 allows.
    """
    content = {"type": "about:blank", "status": status, "title": title, "remedy": remedy, **more}
    headers = {"Retry-After": "5"} if status == 503 else {}
    return JSONResponse(content, status, headers, media_type=TYPE)


def add_problems(app: FastAPI) -> None:
    """Let every error of an application be answered as a problem."""
    app.add_exception_handler(RingsightError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RingsightError)  # noqa: S101 - by which it is registered
    match error:
        case LogError() | StoreError():
            status = 503
        case AbsentError():
            status = 404
        case RepeatedKeyError() | KnownCustomerError() | ChangedMeanwhileError():
            status = 409
        case DataError() | SettingsError():
            status = 422
        case ModelError():
            status = 500
        case _:
            status = 500
    return problem(status, error.what, error.remedy, **({"where": error.where} if error.where and status < 500 else {}))


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - by which it is registered
    errors = [
        {"where": ".".join(str(part) for part in each["loc"]), "what": str(each["msg"])[:300]}
        for each in error.errors()[:20]
    ]
    return problem(
        422, "the request cannot be read", "correct what is named in `errors`; /docs has examples", errors=errors
    )


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - by which it is registered
    answer = problem(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _failed(_: Request, error: Exception) -> JSONResponse:
    LOGGER.error("an error that nobody foresaw", exc_info=error)
    return problem(500, "the service failed at this request", "its log says why; send the request again later")
