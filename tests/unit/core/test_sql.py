"""Expressions: what is listed runs and means what DuckDB means by it; all else is refused."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from mdlc.core import sql
from mdlc.core.sql_functions import FUNCTIONS, GROUPS, SYNTAX
from tests.corpus import strings

COLUMNS = """
    SELECT 7 AS a, 3 AS b, 2.5 AS x, 'Ab c' AS s, TIMESTAMP '2024-02-29 13:14:15' AS t,
           TIMESTAMP '2023-12-31 23:59:59' AS u, true AS f, '{"k": [1, 2]}'::JSON AS j,
           [3, 1, 2] AS l, {'m': 5} AS r
"""
CALLS = {
    "age": "age(t, u)", "arg_max": "arg_max(s, a) OVER ()", "arg_min": "arg_min(s, a) OVER ()",
    "array_extract": "array_extract(l, 2)", "array_length": "array_length(l)",
    "ascii": "ascii(s)", "atan2": "atan2(a, b)", "bool_and": "bool_and(f) OVER ()",
    "acos": "acos(0.3)", "asin": "asin(0.3)",
    "bool_or": "bool_or(f) OVER ()", "cardinality": "cardinality(MAP([1], [2]))",
    "concat": "concat(s, a)", "concat_ws": "concat_ws('-', s, a)", "contains": "contains(s, 'b')",
    "coalesce": "coalesce(NULL, a)", "corr": "corr(a, b) OVER () IS NULL",
    "count": "count(*) OVER ()",
    "count_if": "count_if(f) OVER ()", "cume_dist": "cume_dist() OVER (ORDER BY a)",
    "damerau_levenshtein": "damerau_levenshtein(s, 'abc')",
    "date_add": "date_add(t, INTERVAL 3 DAY)", "date_diff": "date_diff('day', u, t)",
    "date_part": "date_part('year', t)", "date_sub": "date_sub('day', u, t)",
    "date_trunc": "date_trunc('hour', t)", "datediff": "datediff('month', u, t)",
    "datepart": "datepart('month', t)", "datesub": "datesub('hour', u, t)",
    "datetrunc": "datetrunc('day', t)", "dense_rank": "dense_rank() OVER (ORDER BY a)",
    "ends_with": "ends_with(s, 'c')", "element_at": "element_at(MAP([1], [2]), 1)",
    "epoch_ms": "epoch_ms(1700000000000)", "first": "first(a) OVER (ORDER BY b)",
    "first_value": "first_value(a) OVER (ORDER BY b)", "gcd": "gcd(a, b)",
    "greatest": "greatest(a, b)", "if": "if(f, a, b)", "ifnull": "ifnull(NULL, a)",
    "instr": "instr(s, 'c')", "jaccard": "jaccard(s, 'Abd')", "isfinite": "isfinite(x::DOUBLE)",
    "isinf": "isinf(x::DOUBLE)", "isnan": "isnan(x::DOUBLE)",
    "jaro_similarity": "jaro_similarity(s, 'Abd')",
    "jaro_winkler_similarity": "jaro_winkler_similarity(s, 'Abd')",
    "json_array_length": "json_array_length(j, 'k')", "json_extract": "json_extract(j, '$.k')",
    "json_extract_string": "json_extract_string(j, '$.k')", "json_type": "json_type(j)",
    "json_valid": "json_valid(s)", "json_value": "json_value(j, '$.k[0]')",
    "lag": "lag(a) OVER (ORDER BY b)", "last": "last(a) OVER (ORDER BY b)",
    "last_value": "last_value(a) OVER (ORDER BY b)", "lcm": "lcm(a, b)",
    "lead": "lead(a) OVER (ORDER BY b)", "least": "least(a, b)", "left": "left(s, 2)",
    "len": "len(l)", "length": "length(s)", "levenshtein": "levenshtein(s, 'abc')",
    "list_contains": "list_contains(l, 2)", "list_extract": "list_extract(l, 1)",
    "list_position": "list_position(l, 2)", "log": "log(a)", "lower": "lower(s)",
    "lpad": "lpad(s, 6, '0')", "ltrim": "ltrim(s, 'A')", "make_date": "make_date(2024, 2, 29)",
    "make_time": "make_time(1, 2, 3.5)", "make_timestamp": "make_timestamp(2024, 2, 29, 1, 2, 3.5)",
    "md5": "md5(s)", "mod": "mod(a, b)", "mode": "mode(a) OVER ()",
    "nth_value": "nth_value(a, 1) OVER (ORDER BY b)", "ntile": "ntile(2) OVER (ORDER BY a)",
    "nullif": "nullif(a, b)", "percent_rank": "percent_rank() OVER (ORDER BY a)", "pi": "pi()",
    "position": "position('c' IN s)", "pow": "pow(a, b)", "power": "power(a, b)",
    "prefix": "prefix(s, 'A')", "quantile_cont": "quantile_cont(a, 0.5) OVER ()",
    "quantile_disc": "quantile_disc(a, 0.5) OVER ()", "rank": "rank() OVER (ORDER BY a)",
    "regexp_extract": "regexp_extract(s, '[a-z]')",
    "regexp_full_match": "regexp_full_match(s, '.*')",
    "regexp_matches": "regexp_matches(s, 'b')",
    "regexp_replace": "regexp_replace(s, 'b', 'z')", "replace": "replace(s, 'b', 'z')",
    "reverse": "reverse(s)", "right": "right(s, 2)", "row_number": "row_number() OVER ()",
    "rpad": "rpad(s, 6, '0')", "rtrim": "rtrim(s, 'c')", "sha256": "sha256(s)",
    "split_part": "split_part(s, ' ', 2)", "starts_with": "starts_with(s, 'A')",
    "strip_accents": "strip_accents(s)", "strftime": "strftime(t, '%Y')", "strlen": "strlen(s)",
    "strpos": "strpos(s, 'c')", "strptime": "strptime('2024', '%Y')",
    "struct_extract": "struct_extract(r, 'm')", "substr": "substr(s, 2, 2)",
    "substring": "substring(s, 2, 2)", "suffix": "suffix(s, 'c')",
    "time_bucket": "time_bucket(INTERVAL 1 DAY, t)", "timezone": "timezone('UTC', t)",
    "to_timestamp": "to_timestamp(1700000000)", "translate": "translate(s, 'b', 'z')",
    "trim": "trim(s)", "try_strptime": "try_strptime('x', '%Y')", "trunc": "trunc(x)",
    "unicode": "unicode(s)", "upper": "upper(s)", "hash": "hash(s)", "xor": "xor(a, b)",
}  # fmt: skip
"""Calls of the listed functions; the others take one argument of their group's kind."""
BY_GROUP = {"mathematics": "a", "times": "t", "windows": "a"}


def call_of(name: str) -> str:
    if name in CALLS:
        return CALLS[name]
    group = next(group for group, names in GROUPS.items() if name in names)
    argument = "a" if name.startswith("to_") else BY_GROUP[group]
    return f"{name}({argument})" + (" OVER ()" if group == "windows" else "")


def answer(engine: duckdb.DuckDBPyConnection, text: str) -> object:
    """Return what DuckDB makes of a text: the value, or that it refuses it."""
    try:
        return engine.sql(f"SELECT {text} FROM ({COLUMNS})").fetchall()
    except duckdb.Error:
        return "refused"


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_listed_function_runs_and_means_what_duckdb_means(engine, name: str) -> None:
    text = call_of(name)
    if "MAP(" in text:  # nothing makes a map, but a source may have one
        assert engine.execute(f"SELECT {text} FROM ({COLUMNS})").fetchall()
        return
    rendered = sql.render(text)
    ours = engine.sql(f"SELECT {rendered} FROM ({COLUMNS})").fetchall()
    assert ours == engine.sql(f"SELECT {text} FROM ({COLUMNS})").fetchall()


@pytest.mark.parametrize(
    "text",
    [
        "(time_hour AT TIME ZONE 'UTC') + to_minutes(minute)",
        "scheduled - INTERVAL 2 HOUR",
        "CASE WHEN arr_delay > 15 THEN 'late' WHEN arr_delay IS NOT NULL THEN 'on_time' END",
        "count(*) OVER (PARTITION BY origin, date_trunc('hour', scheduled))",
        "avg(a) OVER (ORDER BY t ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)",
        "sum(a) FILTER (WHERE b > 1) OVER ()",
        "lag(a IGNORE NULLS) OVER (ORDER BY t)",
        "a::DECIMAL(9, 2) BETWEEN 1 AND 2",
        "s LIKE 'x%' OR s ~ '^y' OR s IN ('z', 'it''s')",
        "nested.field + list[1] + m['key']",
        "j->>'$.a.b[0]'",
        "TRY_CAST(s AS BIGINT)",
        "extract(year FROM t) // 10 % 7 ^ 2",
    ],
)
def test_what_the_docs_promise_is_taken(text: str) -> None:
    assert sql.checked(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("read_text('/proc/self/environ')", "may not use read_text"),
        ("READ_TEXT /* x */ ('/etc/passwd')", "may not use read_text"),
        ("\"read_text\"('/etc/passwd')", "may not use read_text"),
        ("system.main.read_text('/etc/passwd')", "may not use read_text"),
        ("s.read_text()", "may not use read_text"),
        ("'/etc/passwd'.read_text()", "may not use read_text"),
        ("read_csv('/etc/passwd')", "may not use read_csv"),
        ("glob('/*')", "may not use glob"),
        ("getenv('HOME')", "may not use getenv"),
        ("current_setting('secret_directory')", "may not use current_setting"),
        ("getvariable('x')", "may not use getvariable"),
        ("query('SELECT 1')", "may not use query"),
        ("nextval('s')", "may not use nextval"),
        ("error('x')", "may not use error"),
        ("repeat('x', 1000000000)", "did you mean replace?"),
        ("lowr(s)", "did you mean lower?"),
        ("range(1000000000)", "may not use"),
        ("unnest(l)", "may not use unnest"),
        ("list_transform(l, x -> x + 1)", "may not use list_transform"),
        ("[x FOR x IN l]", "may not use array"),
        ("format('{:1000000000}', a)", "may not use format"),
        ("(SELECT 1)", "no subqueries"),
        ("a IN (SELECT 1)", "no subqueries"),
        ("EXISTS (SELECT 1)", "no subqueries"),
        ("(WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT 1)", "no subqueries"),
        ("CASE WHEN (SELECT count(*) FROM range(9) a, range(9) b) > 1 THEN 1 END", "no subqueries"),
        ("sum(a) OVER (ORDER BY (SELECT 1))", "no subqueries"),
        ("a FROM read_text('x')", "may not use read_text"),
        ("a FROM '/etc/passwd'", "not one SQL expression"),
        ("a; DROP TABLE t", "not one SQL expression"),
        ("a UNION SELECT 2", "not one SQL expression"),
        ("a AS b", "not one SQL expression"),
        ("a, b", "not one SQL expression"),
        ("DISTINCT a", "not one SQL expression"),
        ("*", "not one SQL expression"),
        ("t.*", "stands for columns only"),
        ("COLUMNS('.*')", "may not use columns"),
        ("$1", "may not use placeholder"),
        ("now()", "answers otherwise"),
        ("CURRENT_DATE", "answers otherwise"),
        ("random() < 0.5", "answers otherwise"),
        ("age(t)", "give both times"),
        ("sum(a)", "OVER (...)"),
        ("count(*)", "OVER (...)"),
        ("sum(a) OVER w", "write the window itself"),
        ("sum(sum(a)) OVER ()", "OVER (...)"),
        ("lag(a) OVER (PARTITION BY sum(b))", "OVER (...)"),
        ("lpad(s, a)", "is a number"),
        ("rpad(s, 1000000000, 'x')", "at most"),
        ("CAST(a AS my_type)", "not a type of DuckDB's own"),
        ('a::"int), read_text(1"', ""),
        ("date_trunc('x; y', t)", "not a unit"),
        ("", "not one SQL expression"),
        ("t +", "is not SQL"),
        ("'open", "a quote is not closed"),
        ("a \x00", "cannot be written"),
        ("'\ud800'", "cannot be written"),
        ("x" * 10_001, "at most 10000"),
        ("(" * 5_000 + "1" + ")" * 4_999, "nested too deeply"),
        ("- " * 4_000 + "1", "nested too deeply"),
        (" OR ".join(["a = 1"] * 900), "x IN (...)"),
        ("a" + "::INT" * 900, "nested too deeply"),
    ],
)
def test_what_is_not_listed_is_refused_in_one_line(text: str, says: str) -> None:
    if not says:  # a quoted type's name never reaches the engine as it is
        assert "read_text" not in sql.render(text)
        return
    with pytest.raises(sql.SqlError) as caught:
        sql.checked(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("text", strings.NAUGHTY)
def test_any_text_is_the_same_text_in_the_engine(engine, text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    if "\x00" in text:
        return
    assert engine.execute(f"SELECT {sql.render(quoted)}").fetchall() == [(text,)]


@pytest.mark.parametrize("text", strings.SQL_ESCAPES)
def test_an_escape_that_is_taken_means_what_duckdb_means_by_it(engine, text: str) -> None:
    try:
        rendered = sql.render(text)
    except sql.SqlError:
        return
    meant = answer(engine, text)
    assert meant in (answer(engine, rendered), "refused")


@pytest.mark.parametrize("text", strings.NAUGHTY + strings.SQL_ESCAPES)
def test_any_text_as_an_expression_is_taken_or_refused(text: str) -> None:
    refused = ""
    try:
        sql.checked(text)
    except sql.SqlError as error:
        refused = str(error)
    assert "\n" not in refused


@pytest.mark.parametrize(
    "text", ["INT), (SELECT 1 FROM range(9) a, range(9) b", "foo", "", "BIGINT BIGINT", "NO_TYPE"]
)
def test_a_type_is_one_of_the_engines_own(text: str) -> None:
    with pytest.raises(sql.SqlError, match="is not a DuckDB type"):
        sql.checked_type(text)


@pytest.mark.parametrize("text", ["BIGINT", "DECIMAL(9,2)", "TIMESTAMP WITH TIME ZONE", "FLOAT[]"])
def test_the_engines_types_are_taken(text: str) -> None:
    assert sql.checked_type(text) == text


def test_every_kind_of_syntax_is_one_of_the_parsers() -> None:
    """A name that the parser no longer has would be a hole in what is taken, or a dead word."""
    assert [name for name in SYNTAX if not hasattr(exp, name)] == []
