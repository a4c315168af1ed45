"""The service against its own description: whatever schemathesis makes of it, no answer is an error of the server."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from service_world import Service

from ringsight.arrivals.api_keys import KeyScope

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
EXAMPLES = 2
"""Requests for each route."""
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_every_route_withstands_what_fits_its_description_and_what_does_not(served: Service):
    client = served.client(*KeyScope)
    schema = schemathesis.openapi.from_asgi("/openapi.json", served.app)
    headers = {"Authorization": client.headers["Authorization"]}
    asked = []
    for operation in schema.exclude(path="/events").get_all_operations():
        assert isinstance(operation, Ok)

        @QUICK
        @given(case=operation.ok().as_strategy())
        def ask(case: "schemathesis.Case[Any]") -> None:
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=[not_a_server_error])
            asked.append(answer.status_code)

        ask()
    assert len(asked) > 8
    assert 500 not in asked
