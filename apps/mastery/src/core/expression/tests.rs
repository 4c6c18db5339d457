use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn bindings() -> Bindings {
    serde_json::from_str(r#"{"a": 7, "b": 2, "d": 0.1, "s": "Hund", "w": {"de": "Hund", "n": 3}}"#).unwrap()
}

fn value(source: &str) -> Result<String, String> {
    let expression = Expression::parse(source, &bindings()).map_err(|error| error.to_string())?;
    expression.value(&bindings()).map(|value| value.to_string())
}

#[test]
fn authors_can_compute() {
    for (source, result) in [
        ("a + b * 2", "11"),
        ("(a + b) * -1", "-9"),
        ("a / b", "3"),
        ("a / 2.0", "3.5"),
        ("decimal(a) / b", "3.5"),
        ("a % b", "1"),
        ("a ** b", "49"),
        ("d + 0.2", "0.3"),
        ("w.n + 1", "4"),
        ("s + \" und \" + w.de", "Hund und Hund"),
        ("gcd(12, 18)", "6"),
        ("max(a, b) - min(a, b)", "5"),
        ("abs(b - a)", "5"),
        ("round(2.345, 2)", "2.35"),
        ("upper(s)", "HUND"),
        ("text(a) + s", "7Hund"),
        ("length(s)", "4"),
    ] {
        assert_eq!(value(source).as_deref(), Ok(result), "{source}");
    }
}

#[test]
fn comparisons_hold_or_not() {
    let holds = |source| Expression::parse(source, &bindings()).unwrap().holds(&bindings());
    assert_eq!(holds("a > b && s == \"Hund\""), Ok(true));
    assert_eq!(holds("!(a == 7.0)"), Ok(false));
    assert!(holds("a + b").is_err());
}

#[test]
fn unknown_variables_are_named() {
    let error = Expression::parse("a + gap", &bindings()).unwrap_err();
    assert_eq!(error, ExpressionError::UnknownVariable("gap".to_owned()));
}

#[test]
fn what_fails_is_an_error_and_not_a_panic() {
    for source in [
        "a / 0",
        "a % 0",
        "a / 0.0",
        "9223372036854775807 + a",
        "9223372036854775807 * a",
        "-(-9223372036854775807 - 1)",
        "(-9223372036854775807 - 1) / -1",
        "(-9223372036854775807 - 1) % -1",
        "abs(-9223372036854775807 - 1)",
        "2 ** 64",
        "2 ** -1",
        "2 ** 9223372036854775807",
        "99999.9 ** 99999.9",
        "a > b",
        "w",
        "w.nothing",
        "s - 1 * s",
        "()",
        "[1]",
        "#{a: 1}",
    ] {
        assert!(value(source).is_err(), "{source} gave {:?}", value(source));
    }
}

/// Each within the length limit, each an attack that has brought down one evaluator or another.
fn hostile() -> Vec<String> {
    let mut sources: Vec<String> = [
        "loop {}",
        "while true {}",
        "for i in 0..9223372036854775807 {}",
        "{ let x = 1; loop { x += 1; } }",
        "if true { loop {} } else { 1 }",
        "switch 1 { 1 => { loop {} } }",
        "`${loop {}}`",
        "`${let x = \"a\"; loop { x += x; }}`",
        "fn f() { f() } f()",
        "(|| loop {})()",
        "|x| x",
        "Fn(\"f\").call()",
        "eval(\"loop {}\")",
        "import \"x\" as y",
        "print(1)",
        "debug(1)",
        "1..9223372036854775807",
        "99999999999999999999999999999999999999999",
        "9.9e999999999",
        "0x7fffffffffffffffffffff",
        "\"\\u{110000}\"",
        "\"unclosed",
        "`unclosed ${",
        "/* unclosed",
        "'",
        "9.9 ** 9.9 ** 9.9 ** 9.9 ** 9.9",
        "9 ** 9 ** 9 ** 9 ** 9 ** 9",
        "1.000000001 ** 99999999999999999999.9",
        "0.0000000000000000000000000001 ** -28.5",
        "-1.5 ** 0.5",
        "this.x",
        "global::x",
        "type_of(a)",
        "a?.b?.c",
        "#{}",
        "\0",
        "",
    ]
    .map(str::to_owned)
    .into();
    for unit in [
        "(", "[", "{", "-", "!", "- -", "#{a:", "`${", "w.", "w[", "a?.", "a??", "||", "|x|", "f(", "if a {",
        "(-", "[[",
    ] {
        sources.push(unit.repeat(200 / unit.len()));
        sources.push(format!("{}1", unit.repeat(199 / unit.len())));
    }
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{", "}"), ("abs(", ")"), ("!(", ")"), ("-(", ")"), ("`${", "}`")]
    {
        let depth = 199 / (open.len() + close.len());
        sources.push(format!("{}1{}", open.repeat(depth), close.repeat(depth)));
    }
    for link in ["+1", "**9", "*9", "<<9", "&&a", "==a", ".x", "[0]", "()", "+s", "??a", "..9"] {
        sources.push(format!("a{}", link.repeat(199 / link.len())));
    }
    sources
}

/// Debug builds have large frames; the service runs sessions on worker threads, so the test takes less than they have.
const SMALL_STACK: usize = 512 * 1024;

#[test]
fn a_hostile_expression_neither_hangs_nor_aborts() {
    let attack = || {
        for source in hostile() {
            let start = Instant::now();
            if let Ok(expression) = Expression::parse(&source, &bindings()) {
                let _ = expression.value(&bindings());
                let _ = expression.holds(&bindings());
            }
            assert!(start.elapsed() < Duration::from_secs(2), "{source} took {:?}", start.elapsed());
        }
    };
    std::thread::Builder::new().stack_size(SMALL_STACK).spawn(attack).unwrap().join().unwrap();
}

#[test]
fn statements_are_refused_when_read() {
    for source in hostile()
        .iter()
        .filter(|s| ["loop", "fn ", "let", "eval", "import", "print"].iter().any(|w| s.contains(w)))
    {
        assert!(Expression::parse(source, &bindings()).is_err(), "{source}");
    }
    assert!(Expression::parse(&"1+".repeat(5_000), &bindings()).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in "\\PC{0,255}") {
        let _ = value(&source);
    }

    #[test]
    fn any_arithmetic_gives_a_value_or_an_error(
        source in "(-?[0-9]{1,20}(\\.[0-9]{1,9})?|a|d|s|w\\.n)( ?(\\+|-|\\*|/|%|\\*\\*|<<|>>|&|\\||\\^|==|<) ?(-?[0-9]{1,20}(\\.[0-9]{1,9})?|a|d|s|w\\.n)){0,6}"
    ) {
        let _ = value(&source);
    }
}
