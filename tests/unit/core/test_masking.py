"""Others' errors are told without the values that they quote; mdlc's own are left as they are."""

from __future__ import annotations

import pytest

from mdlc.core.errors import DataError, MdlcError
from mdlc.core.masking import described, trace
from mdlc.core.steps import explain


def test_a_library_that_quotes_a_value_is_told_without_it() -> None:
    error = ValueError("could not convert string to float: 'PII Ann'")
    assert "PII" not in str(explain(error, stage="training"))
    assert "could not convert string to float" in str(explain(error, stage="training"))


def test_a_trace_has_the_places_and_the_causes_but_no_values() -> None:
    def inner(value: str) -> None:
        raise ValueError(f"bad value '{value}'")

    def outer() -> None:
        try:
            inner(f"{'P'}II Ann")  # a trace shows the lines of the source, too
        except ValueError as error:
            raise DataError("column x: a value is wrong") from error

    with pytest.raises(DataError) as caught:
        outer()
    text = trace(caught.value)
    assert "PII" not in text
    assert "in inner" in text
    assert "column x: a value is wrong" in text
    assert text.count("Traceback") == 2


def test_an_error_without_words_says_so() -> None:
    assert described(KeyError()) == "KeyError: no message"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:SECRET@db/m",
        "postgresql://ann@db/m?password=SECRET&sslmode=require",
        "postgresql://db/m?sslmode=require&password=SECRET",
        "postgresql://db/m?sslpassword=SECRET",
        "https://ann:SE/CRET@host/hook",
        "https://host/hook?token=SECRET",
        "https://host/hook?a=1&api_key=SECRET",
        "host=db user=ann password=SECRET",
        "s3://bucket?aws_secret=SECRET",
    ],
)
def test_no_password_of_a_url_is_in_an_error(url: str) -> None:
    shown = str(MdlcError(f"{url} does not answer", hint=f"look at {url}"))
    assert "SECRET" not in shown
    assert "CRET" not in shown
    assert "does not answer" in shown


def test_an_error_is_one_short_line_whatever_it_quotes() -> None:
    shown = str(DataError("a\nb\x1b[31m\u2028" + "x" * 1_000_000 + "\ud800"))
    assert len(shown) < 3_000
    assert shown.isprintable()
    shown.encode()
