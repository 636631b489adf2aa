"""Documents of the kinds that the JSON Parsing Test Suite and the YAML Test Suite have."""

JSON_VALID = [
    "[]", "{}", "null", "true", "false", "0", "-0", "1", "-1", "1.5", "1e2", "1E+2", "1e-2",
    "123456789012345678901234567890", "-9223372036854775809", '""', '" "', '"\\""', '"\\\\"',
    '"\\/"', '"\\b\\f\\n\\r\\t"', '"\\u0041"', '"\\u00e9"', '"\\u0000"', '"\\uFFFF"', '"\\u2028"',
    '"\\ud83d\\ude00"', '"\\uD834\\uDD1E"', '"\U0001f600"', '"\u2029"', '"null"', '"1"',
    '"#"', '": "', '"- a"', '"a: b"', '"{"', '"&a"', '"*a"', '"!!str a"', '"%"', '"@"', '"`"',
    '[[[[]]]]', '[1, "a", null, {"b": []}]', '{"": 1}', '{"a b": {"c": [1.0]}}', '[ 1 , 2 ]',
    "[\n1,\n2\n]", '{"a":\n1}', '"2024-01-01"', '"yes"', '"0x1F"', '"1_000"', '"<<"', '"="',
]  # fmt: skip

JSON_INVALID = [
    b"", b" ", b"{", b"}", b"[", b"]", b'{"a"', b'{"a":', b'{"a":1', b'{"a" 1}', b"{a:}", b"{,}",
    b'{"a":1,}', b"[1,,2]", b"[,]", b'["a', b'["\\x"]', b'["\\u12"]', b'["\\ud800"]', b"[1 2]",
    b"{'a':1}", b"nul", b"tru", b"NaN", b"-", b"+1", b"01", b"1.", b".1", b"1e", b"0x", b'"', b"'",
    b'{"a":1}{"b":2}', b'{"a":1} x', b'{"a":1,"a":2}', b"/* c */ {}", b"// c\n{}", b"\xff\xfe{\x00",
    b"\xef\xbb\xbf{}", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b'["\x00"]', b'["\x1f"]',
    b"[" * 200_000, b"{" * 200_000, b'{"a":' * 10_000, b"[" * 1_000 + b"]" * 1_000,
    b"\x00", b"\x07",
    b'["\x7f"]', b"9" * 10_000, b"1e999999", b'{"apiVersion": ' + b"9" * 5_000 + b"}",
]  # fmt: skip

YAML_ODD = [
    b"a: !!python/object/apply:os.system [id]", b"!!python/name:os.system", b"a: !foo bar",
    b"a: !!binary aGk=", b"a: !!binary *", b"a: !!set {x}", b"a: !!omap [x]", b"!!pairs [x]",
    b"a: !!bool x", b"a: !!int x", b"a: !!float x", b"a: !!timestamp x", b"a: !!null x",
    b"a: !!map x", b"a: !!seq x", b"a: !!str [1]", b"a: !!merge x", b"<<: 1", b"<<: [1]",
    b"<<: *a", b"a: *b", b"a: &", b"a: *", b"? [a]\n: b", b"? {a: b}\n: c", b"? &x [*x]\n: 1",
    b"%YAML 9.9\n---\na: 1", b"%TAG ! x\n---\na: !y 1", b"---\n---\n", b"a: 1\n---\nb: 2", b"...",
    b"a: 2024-13-45", b"a: 2024-02-30", b"a: 99999-01-01", b"a: 1:2:3", b"a: 0o99", b"a: .inf",
    b"a: .nan", b"a: =", b"=: 1", b"a: |9\n x", b"a: |-\n\tx", b"a: >\n\n\n", b"\ta: 1", b"a:\t- b",
    b"- a\n b: c", b"a: b: c", b"a: 'x", b'a: "\\q"', b'a: "\\xZZ"', b'a: "\\U99999999"', b"@a: 1",
    b"`a: 1", b"a: %b", b"#", b"- " * 100_000, b"a: " * 50, b"? " * 100_000, b"&a " * 50,
    b"! " * 50,
    b"a: [" + b"x, " * 50_000 + b"]", b"\n" * 100_000, b"x" * 100_000, b": " * 1_000,
]  # fmt: skip
