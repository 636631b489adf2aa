"""What an expression of a lifecycle file may consist of: functions, clauses, operators.

docs/expressions.md shows the same lists. A function is added here if it answers the same for the
same row on every engine, reads nothing but its arguments, and makes no cell large.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MATHEMATICS = """
    abs acos asin atan atan2 bit_count cbrt ceil ceiling cos degrees exp floor gcd greatest isfinite
    isinf isnan lcm least ln log log10 log2 mod pi pow power radians round sign sin sqrt tan trunc
    xor
"""
CHOICES = "coalesce if ifnull nullif"
TEXT = """
    ascii concat concat_ws contains damerau_levenshtein ends_with hash instr jaccard jaro_similarity
    jaro_winkler_similarity left length levenshtein lower lpad ltrim md5 position prefix
    regexp_extract regexp_full_match regexp_matches regexp_replace replace reverse right rpad rtrim
    sha256 split_part starts_with strip_accents strlen strpos substr substring suffix translate trim
    unicode upper
"""
TIMES = """
    age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc
    day dayname dayofmonth dayofweek dayofyear decade epoch epoch_ms epoch_ns epoch_us era hour
    isodow isoyear julian last_day make_date make_time make_timestamp microsecond millisecond minute
    month monthname quarter second strftime strptime time_bucket timezone to_days to_hours
    to_microseconds to_milliseconds to_minutes to_months to_seconds to_timestamp to_weeks to_years
    try_strptime week weekday weekofyear year yearweek
"""
NESTED = """
    array_extract array_length cardinality element_at json_array_length json_extract
    json_extract_string json_type json_valid json_value len list_contains list_extract list_position
    struct_extract
"""
WINDOWS = """
    any_value arg_max arg_min avg bool_and bool_or corr count count_if cume_dist dense_rank first
    first_value kurtosis lag last last_value lead max mean median min mode nth_value ntile
    percent_rank quantile_cont quantile_disc rank row_number skewness stddev stddev_pop stddev_samp
    sum var_pop var_samp variance
"""
"""Functions that need OVER (...): without it they would make one row of many."""
CHANGING = _words("""
    now today current_date current_time current_timestamp get_current_time
    get_current_timestamp localtime localtimestamp transaction_timestamp random setseed uuid
    gen_random_uuid
""")
"""Answers differ from run to run, while results are kept by content and training is repeatable."""

GROUPS: dict[str, frozenset[str]] = {
    "mathematics": _words(MATHEMATICS),
    "choices": _words(CHOICES),
    "text": _words(TEXT),
    "times": _words(TIMES),
    "JSON, lists, structs": _words(NESTED),
    "windows": _words(WINDOWS),
}
FUNCTIONS: frozenset[str] = frozenset().union(*GROUPS.values())
"""Every function that an expression may call, by DuckDB's name."""

SYNTAX = _words("""
    Column Identifier Literal RawString Boolean Null Paren Tuple Var Star Neg Not And Or Xor
    EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike SimilarTo RegexpLike
    Glob Escape Add Sub Mul Div IntDiv Mod Pow DPipe BitwiseAnd BitwiseOr BitwiseXor
    BitwiseNot BitwiseLeftShift BitwiseRightShift Case If Cast TryCast DataType DataTypeParam
    Interval AtTimeZone Extract Window WindowSpec Order Ordered Filter Where IgnoreNulls
    RespectNulls Distinct Bracket Slice Abs Concat JSONExtract JSONExtractScalar JSONPath
    JSONPathRoot JSONPathKey JSONPathSubscript
""")
"""Kinds of nodes of sqlglot's tree that are operators, values and clauses, not calls."""
CLAUSES = _words("""
    all and as between both by case cast else escape extract filter for from ignore ilike in
    interval is leading like not nulls or order over partition range respect rows similar then
    to trailing try_cast when where zone
""")
"""Words that may stand before a parenthesis without being a function."""
