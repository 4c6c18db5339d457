use serde_json::{Value as Json, json};

use crate::core::field_error::Code::{self, *};
use crate::core::field_error::FieldError;
use crate::core::file::{Format, read_quiz};
use crate::core::quiz::Quiz;

fn errors(draft: Json) -> Vec<(String, Code)> {
    match Quiz::build(serde_json::from_value(draft).unwrap()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|FieldError { path, code, .. }| (path, code)).collect(),
    }
}

fn expect(draft: Json, expected: &[(&str, Code)]) {
    let expected: Vec<_> = expected.iter().map(|(path, code)| ((*path).to_owned(), *code)).collect();
    assert_eq!(errors(draft.clone()), expected, "{draft}");
}

/// A quiz with one good template, changed by `change`.
fn quiz(change: impl FnOnce(&mut Json)) -> Json {
    let mut draft = json!({
        "format": 1,
        "title": "Sums",
        "table": {"words": {"columns": ["de", "en"], "rows": [["Hund", "dog"], ["Katze", "cat"]]}},
        "template": [{
            "name": "sum", "category": "sums", "question": "{a} + {b}",
            "var": {"a": {"int": [0, 9]}, "b": {"int": [0, 9]}},
            "check": {"number": {"equals": "a + b"}},
        }],
    });
    change(&mut draft);
    draft
}

/// The same with only the template changed.
fn template(change: impl FnOnce(&mut Json)) -> Json {
    quiz(|draft| change(&mut draft["template"][0]))
}

#[test]
fn a_good_quiz_has_no_errors() {
    expect(quiz(|_| {}), &[]);
    expect(json!({"format": 1, "title": "No templates yet"}), &[]);
}

#[test]
fn every_error_is_reported_in_field_order() {
    // Defect 2 of the public copies: a good field must not make the errors before it forgotten.
    let draft = json!({
        "format": 2, "title": " ", "mastery": 0, "select": "any", "colour": "red",
        "template": [
            {"name": "x", "category": 3, "question": "{a", "var": {"a": {"int": [9, 0]}, "b": {}}},
            {"name": "X ", "category": "c", "question": "q", "check": {"number": {"equals": "1 +", "tolerance": -1}}},
        ],
        "sample": [{"template": "y", "answer": true}],
    });
    expect(
        draft,
        &[
            ("format", OutOfRange),
            ("title", Blank),
            ("mastery", OutOfRange),
            ("select", BadFormat),
            ("template[0].category", WrongType),
            ("template[0].question", BadFormat),
            ("template[0].var.a.int", OutOfRange),
            ("template[0].var.b", NotOne),
            ("template[0].check", Missing),
            ("template[1].name", DuplicateName),
            ("template[1].check.number.equals", BadExpression),
            ("template[1].check.number.tolerance", OutOfRange),
            ("sample[0].template", UnknownName),
            ("sample[0].answer", WrongType),
            ("colour", UnknownKey),
        ],
    );
}

#[test]
fn a_blank_title_with_a_good_mastery_is_refused() {
    expect(quiz(|q| q["title"] = json!("")), &[("title", Blank)]);
    expect(json!({"format": 1, "title": "", "mastery": 3}), &[("title", Blank)]);
}

#[test]
fn two_templates_of_one_name_are_refused() {
    // Defect 11: they would share a record.
    let draft = quiz(|q| {
        let mut second = q["template"][0].clone();
        second["category"] = json!("other");
        q["template"].as_array_mut().unwrap().push(second);
    });
    expect(draft, &[("template[1].name", DuplicateName)]);
}

#[test]
fn an_answer_limit_holds_for_right_answers_too() {
    // Defect 8: what is right must be accepted, so it must be short enough to be typed.
    let item = "x".repeat(200);
    let draft = template(|t| {
        t["var"] = json!({"a": {"choice": [item]}, "b": {"choice": [item]}});
        t["check"] = json!({"text": {"one_of": ["{a}{b}"]}});
    });
    expect(draft, &[("template[0].check", BadExpression)]);
}

#[test]
fn the_head_of_a_quiz_has_rules() {
    for (field, value, code) in [
        ("title", json!(3), WrongType),
        ("title", json!("x".repeat(121)), TooLong),
        ("title", json!("a\u{7}"), BadFormat),
        ("title", Json::Null, Missing),
        ("format", Json::Null, Missing),
        ("slug", json!("Not A Slug"), BadFormat),
        ("mastery", json!(21), OutOfRange),
        ("mastery", json!("3"), WrongType),
        ("mastery", json!(1.5), WrongType),
        ("table", json!([]), WrongType),
        ("template", json!({}), WrongType),
        ("template", json!((0..201).map(|_| json!({})).collect::<Vec<_>>()), TooLong),
    ] {
        let draft = json!({"format": 1, "title": "T"});
        let mut draft = draft.as_object().unwrap().clone();
        draft.insert(field.to_owned(), value);
        expect(draft.into(), &[(field, code)]);
    }
    expect(json!({"format": 1, "title": "日本"}), &[("slug", BadFormat)]);
}

#[test]
fn tables_have_rules() {
    for (table, path, code) in [
        (json!({"columns": ["a", "a"], "rows": [[1, 2]]}), "table.t.columns[1]", DuplicateName),
        (json!({"columns": ["a b"], "rows": [[1]]}), "table.t.columns[0]", BadFormat),
        (json!({"columns": ["a", "b"], "rows": [[1, 2], [1]]}), "table.t.rows[1]", BadFormat),
        (json!({"columns": ["a"], "rows": [[true]]}), "table.t.rows[0]", WrongType),
        (json!({"columns": ["a"], "rows": [[""]]}), "table.t.rows[0][0]", Blank),
        (json!({"columns": ["a"], "rows": []}), "table.t.rows", Blank),
        (json!({"columns": ["a"]}), "table.t.rows", Missing),
        (json!({"rows": [[1]]}), "table.t.columns", Missing),
        (json!({"columns": ["a"], "rows": [[1]], "x": 1}), "table.t.x", UnknownKey),
        (json!(3), "table.t", WrongType),
    ] {
        let found = errors(json!({"format": 1, "title": "T", "table": {"t": table}}));
        assert_eq!(found.first(), Some(&(path.to_owned(), code)), "{table}");
    }
}

#[test]
fn generators_have_rules() {
    for (generator, path, code) in [
        (json!({"int": [1]}), ".int", BadFormat),
        (json!({"int": [0, 2_000_000_000]}), ".int", OutOfRange),
        (json!({"int": "0-9"}), ".int", WrongType),
        (json!({"int": [0, 9], "choice": [1]}), "", NotOne),
        (json!({"choice": []}), ".choice", Blank),
        (json!({"choice": [1, true]}), ".choice[1]", WrongType),
        (json!({"decimal": {"from": 1, "to": 0, "step": 1}}), ".decimal", OutOfRange),
        (json!({"decimal": {"from": 0, "to": 1, "step": 0}}), ".decimal", OutOfRange),
        (json!({"decimal": {"from": 0, "to": 1, "step": 0.0000001}}), ".decimal", OutOfRange),
        (json!({"decimal": {"from": 0, "to": 1}}), ".decimal.step", Missing),
        (json!({"decimal": {"from": "x", "to": 1, "step": 1}}), ".decimal.from", OutOfRange),
        (json!({"rows": "nothing"}), ".rows", UnknownName),
        (json!({"expr": "b + nothing"}), ".expr", UnknownName),
        (json!({"expr": "loop {}"}), ".expr", BadExpression),
        (json!({"expr": "a + 1"}), ".expr", BadExpression),
        (json!({"expr": "b > 1"}), "", BadExpression),
        (json!({"expr": "1 / (b - b)"}), "", BadExpression),
        (json!({"int": [0, 9], "step": 2}), ".step", UnknownKey),
    ] {
        let draft = template(|t| t["var"]["a"] = generator.clone());
        expect(draft, &[(&format!("template[0].var.a{path}"), code)]);
    }
    for name in ["2x", "a b", "", "é", "answer", "number"] {
        let draft = template(|t| t["var"][name] = json!({"int": [0, 9]}));
        expect(draft, &[(&format!("template[0].var.{name}"), BadFormat)]);
    }
}

#[test]
fn variables_are_computed_in_the_order_they_need() {
    let chain = |t: &mut Json| {
        t["var"] = json!({"a": {"expr": "b + 1"}, "b": {"expr": "c * 2"}, "c": {"int": [3, 3]}});
        t["check"] = json!({"number": {"equals": "a + b"}});
    };
    let mut draft = template(chain);
    draft["sample"] = json!([{"template": "sum", "var": {"c": 5}, "question": "11 + 10", "answer": 21}]);
    expect(draft, &[]);
    let circle = template(|t| t["var"] = json!({"a": {"expr": "b"}, "b": {"expr": "a"}}));
    expect(circle, &[("template[0].var.a.expr", BadExpression), ("template[0].var.b.expr", BadExpression)]);
}

#[test]
fn placeholders_must_be_known() {
    for (question, code) in [
        ("{c}", Some(UnknownName)),
        ("{a.de}", Some(UnknownName)),
        ("{w}", Some(UnknownName)),
        ("{w.fr}", Some(UnknownName)),
        ("{w.de} {{c}}", None),
        ("{", Some(BadFormat)),
    ] {
        let draft = template(|t| {
            t["var"]["w"] = json!({"rows": "words"});
            t["question"] = json!(question);
        });
        let expected: Vec<_> = code.map(|code| ("template[0].question", code)).into_iter().collect();
        expect(draft, &expected);
    }
}

#[test]
fn checks_have_rules() {
    for (check, path, code) in [
        (json!({}), "", NotOne),
        (json!({"number": {"equals": "a"}, "text": {"one_of": ["b"]}}), "", NotOne),
        (json!({"nmuber": {}, "number": {"equals": "a"}}), ".nmuber", UnknownKey),
        (json!({"number": {}}), ".number.equals", Missing),
        (json!({"number": {"equals": "c"}}), ".number.equals", UnknownName),
        (json!({"number": {"equals": "\"x\""}}), "", BadExpression),
        (json!({"number": {"equals": "a", "units": ["m2"]}}), ".number.units[0]", BadFormat),
        (json!({"number": {"equals": "a", "unit_required": true}}), ".number.unit_required", Missing),
        (json!({"text": {"one_of": []}}), ".text.one_of", Blank),
        (json!({"text": {"one_of": [" "]}}), ".text.one_of[0]", Blank),
        (json!({"text": {"one_of": "a"}}), ".text.one_of", WrongType),
        (json!({"text": {"one_of": ["{c}"]}}), ".text.one_of[0]", UnknownName),
        (json!({"text": {"one_of": ["a"], "max_typos": 9}}), ".text.max_typos", OutOfRange),
        (json!({"text": {"one_of": ["a"], "case": "no"}}), ".text.case", WrongType),
        (json!({"pick": {"right": "a"}}), ".pick", Missing),
        (json!({"pick": {"right": "a", "wrong": ["a"]}}), "", BadExpression),
        (json!({"pick": {"right": "a", "others": "words.fr"}}), ".pick.others", UnknownName),
        (json!({"pick": {"right": "a", "wrong": ["b"], "choices": 1}}), ".pick.choices", OutOfRange),
        (json!({"expr": {"accept": "number > a"}}), ".expr.example", Missing),
        (json!({"expr": {"accept": "number > a", "example": "a"}}), "", BadExpression),
        (json!({"expr": {"accept": "number > c", "example": "a"}}), ".expr.accept", UnknownName),
    ] {
        let draft = template(|t| t["check"] = check.clone());
        expect(draft, &[(&format!("template[0].check{path}"), code)]);
    }
}

#[test]
fn samples_are_the_quiz_s_own_tests() {
    let good = json!({"template": "sum", "var": {"a": 1, "b": 2}, "question": "1 + 2", "answer": 3});
    for (change, path, code) in [
        (json!({}), "", None),
        (json!({"answer": 4}), ".answer", Some(SampleFailed)),
        (json!({"correct": false}), ".answer", Some(SampleFailed)),
        (json!({"answer": 4, "correct": false}), "", None),
        (json!({"question": "2 + 1"}), ".question", Some(SampleFailed)),
        (json!({"var": {"a": 1}}), ".var.b", Some(Missing)),
        (json!({"var": {"a": 1, "b": 2, "c": 3}}), ".var.c", Some(UnknownName)),
        (json!({"var": {"a": 1, "b": {"x": 2}}}), ".var.b", Some(WrongType)),
        (json!({"template": "none"}), ".template", Some(UnknownName)),
        (json!({"wrong": true}), ".wrong", Some(UnknownKey)),
    ] {
        let mut sample = good.as_object().unwrap().clone();
        sample.extend(change.as_object().unwrap().clone());
        let draft = quiz(|q| q["sample"] = json!([sample]));
        let path = format!("sample[0]{path}");
        expect(draft, &code.map(|code| (path.as_str(), code)).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_draft_of_nothing_but_errors_gets_a_bounded_report() {
    let many: Vec<_> = (0..200).map(|_| json!({"x": 1, "y": 2})).collect();
    let long = "k".repeat(100_000);
    let draft = json!({"template": many, long: 1});
    let found = errors(draft);
    assert!(found.len() <= 200 && found.iter().all(|(path, _)| path.len() <= 200));
}

#[test]
fn errors_of_a_file_have_lines() {
    let text = "format = 1\ntitle = 'T'\n\n[[template]]\nname = 'a'\ncategory = 'c'\nquestion = '{x}'\n";
    let places = |text: &str, format| -> Vec<(usize, String)> {
        let errors = read_quiz(text.as_bytes(), format).unwrap_err();
        errors.into_iter().map(|error| (error.line, error.error.path)).collect()
    };
    let expected = [(7, "template[0].question".to_owned()), (4, "template[0].check".to_owned())];
    assert_eq!(places(text, Format::Toml), expected);
    assert_eq!(places("title = 1\ntitle = 2", Format::Toml), [(2, String::new())]);
    assert_eq!(places("{\n\"title\":\n}", Format::Json), [(3, String::new())]);
    assert_eq!(places(&" ".repeat(300_000), Format::Toml), [(1, String::new())]);
    assert_eq!(read_quiz(b"a = 1\n\xff", Format::Toml).unwrap_err()[0].line, 2);
}

#[test]
fn toml_and_json_are_one_schema() {
    let text = include_str!("../../../../../quizzes/arithmetic.toml");
    let from_toml = read_quiz(text.as_bytes(), Format::Toml).unwrap();
    let json = serde_json::to_string(from_toml.draft()).unwrap();
    assert_eq!(read_quiz(json.as_bytes(), Format::Json).unwrap(), from_toml);
}

#[test]
fn the_shipped_quizzes_are_good() {
    for text in [
        include_str!("../../../../../quizzes/arithmetic.toml"),
        include_str!("../../../../../quizzes/vocabulary.toml"),
    ] {
        let quiz = read_quiz(text.as_bytes(), Format::Toml).unwrap_or_else(|errors| panic!("{errors:#?}"));
        assert!(quiz.templates().len() >= 4);
    }
}
