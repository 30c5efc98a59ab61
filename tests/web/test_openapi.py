"""The OpenAPI document says what is served, and what is served is as it says."""

from __future__ import annotations

import os
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case

from horarium.identity.account import Right
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.web.api.openapi import OPERATIONS, document
from horarium.web.api.operation import Operation
from horarium.web.application import ROUTES
from horarium.web.routing import Style
from tests.office import NOW
from tests.web.conftest import MICROSCOPE, declared
from tests.web.test_booking import OBJECTS
from tests.web.world import World

load_all_checks()
SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
# What is drawn as right may still contradict itself (an end before its begin) and is then refused.
LEFT_OUT = {"positive_data_acceptance", "ignored_auth"}


def test_it_is_openapi_3_1(world: World) -> None:
    for path in ("/api/openapi.json", "/api/v1/openapi.json"):
        said: Any = world.nobody().get(path).json
        assert said["openapi"].startswith("3.1.")
        assert said == document()


def test_every_route_of_the_interface_is_in_it() -> None:
    described = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()  # type: ignore[attr-defined]
        for method in methods
    }
    served = {(r.method, r.path) for r in ROUTES if r.style is Style.API}
    assert served - described == {
        ("GET", "/api/openapi.json"), ("GET", "/api/v1/openapi.json"),
    }  # fmt: skip
    assert described <= served


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for methods in document()["paths"].values()  # type: ignore[attr-defined]
        for operation in methods.values()
    ]
    assert len(names) == len(set(names)) == len(OPERATIONS)


def test_its_schemas_are_schemas() -> None:
    components: Any = document()["components"]
    for name, schema in components["schemas"].items():
        jsonschema_rs.validator_for({**schema, "components": components}), name


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with World(tmp_path_factory.mktemp("site"), **declared()) as world:
        world.invite("2026-11-24 09:00", "2026-11-24 10:00")
        world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
        path = tmp_path_factory.mktemp("objects") / "objects.toml"
        path.write_text(OBJECTS)
        apply_objects(world.store, read_objects([path]), NOW, prune=False, dry_run=False)
        yield world, world.program(*Right).token


# Where nothing is sent along nothing can be wrong.
ASKED = [
    pytest.param(operation, mode, id=f"{operation.method} {operation.path} {mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is not GenerationMode.NEGATIVE or operation.query or operation.body
]


@pytest.mark.parametrize(("operation", "mode"), ASKED)
def test_what_is_served_is_as_it_says(
    operation: Operation, mode: GenerationMode, live: tuple[World, str]
) -> None:
    world, token = live
    described = schemathesis.openapi.from_dict(document())[operation.path][operation.method]
    base, asked = f"http://{world.host}", 0
    left_out = [CHECKS.get_one(name) for name in LEFT_OUT]

    @settings(
        max_examples=10 * SCALE, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=described.as_strategy(generation_mode=mode))
    def each(case: Case) -> None:
        nonlocal asked
        asked += 1
        headers = {"Authorization": f"Bearer {token}", "Host": world.host}
        case.call_and_validate(base_url=base, headers=headers, excluded_checks=left_out)

    try:
        each()
    except (Failure, FailureGroup) as error:
        raise AssertionError(str(error)) from None
    assert asked
