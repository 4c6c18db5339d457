//! Comma-separated values as spreadsheets read them (RFC 4180), without the formulas they would run.

/// Appends a row.
pub(super) fn row<'a>(out: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (n, field) in fields.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        push(out, field);
    }
    out.push_str("\r\n");
}

/// Appends a field, always in quotes. One that a spreadsheet could take for a formula gets an apostrophe, which is how
/// one types text there. Spaces before do not help who wants one run.
fn push(out: &mut String, field: &str) {
    out.push('"');
    let starts_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if field.trim_start_matches(' ').starts_with(starts_formula) {
        out.push('\'');
    }
    for c in field.chars() {
        match c {
            '"' => out.push_str("\"\""),
            // A zero byte ends the field, or the file, for some readers.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_and_quotes_are_doubled() {
        let cases = [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""),
            ("=1+1", "\"'=1+1\""),
            ("  =1", "\"'  =1\""),
            ("-3", "\"'-3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+49", "\"'+49\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
            ("1=1", "\"1=1\""),
        ];
        for (field, expected) in cases {
            let mut out = String::new();
            row(&mut out, [field, "x"]);
            assert_eq!(out, format!("{expected},\"x\"\r\n"));
        }
    }
}
