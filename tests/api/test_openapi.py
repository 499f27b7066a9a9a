from __future__ import annotations

import re

from api.app import create_app
from tests.api.desk import api_routes


def test_operation_ids_are_unique_pascal_case() -> None:
    ids = [operation for _, _, operation in api_routes(create_app())]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", each) for each in ids)


def test_every_operation_is_told_to_its_readers() -> None:
    schema = create_app().openapi()
    assert schema["openapi"].startswith("3.1")
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert operation["description"].endswith(".")
            assert "422" not in operation["responses"]


def test_every_reference_of_the_description_leads_somewhere() -> None:
    schema = create_app().openapi()
    for name in re.findall(r"#/components/schemas/(\w+)", str(schema)):
        assert name in schema["components"]["schemas"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
