"""Answers say who may read them, and nothing where nobody else may."""

from typing import Any

from pipeline.origins import EXPOSED, readable_from


def answered(origin: str) -> dict[str, Any]:
    @readable_from(origin)
    def handler(event: Any, _context: Any) -> dict[str, Any]:
        return {"statusCode": 404, "headers": {"Cache-Control": "no-store"}, "body": event}

    return handler("body", None)


def test_an_answer_names_the_origin_that_may_read_it() -> None:
    assert answered("https://a.example") == {
        "statusCode": 404,
        "headers": {
            "Cache-Control": "no-store",
            "Access-Control-Allow-Origin": "https://a.example",
            "Access-Control-Expose-Headers": ", ".join(EXPOSED),
        },
        "body": "body",
    }


def test_without_an_origin_an_answer_stays_as_it_is() -> None:
    assert answered("")["headers"] == {"Cache-Control": "no-store"}
