//! The shape of a quiz file, the same in TOML and in JSON.
//!
//! Reading a draft never fails on a field: what is missing, misspelled or of the wrong type is kept as such, so that the
//! validator can report every error at once and not only the first. A draft can be written back as it was read.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::Value;

/// A field as it was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field<T> {
    /// Not there, or `null`.
    #[default]
    Missing,
    /// There, and of the right type.
    Is(T),
    /// There, but of another type.
    Wrong(serde_json::Value),
}

/// The keys of a table that are no fields of it.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// A list whose elements may be wrong one by one.
pub type List<T> = Field<Vec<Field<T>>>;

/// A table whose keys the author chooses.
pub type Map<T> = Field<BTreeMap<String, Field<T>>>;

impl<T> Field<T> {
    /// The value, if it is there and of the right type.
    pub fn get(&self) -> Option<&T> {
        match self {
            Field::Is(value) => Some(value),
            Field::Missing | Field::Wrong(_) => None,
        }
    }

    /// Whether the field is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Field::Missing)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read as anything first, then as `T`: only so can a field fail alone.
        let raw = serde_json::Value::deserialize(deserializer)?;
        if raw.is_null() {
            return Ok(Field::Missing);
        }
        Ok(T::deserialize(&raw).map_or_else(|_| Field::Wrong(raw), Field::Is))
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Missing => serializer.serialize_none(),
            Field::Is(value) => value.serialize(serializer),
            Field::Wrong(raw) => raw.serialize(serializer),
        }
    }
}

/// Declares a table of the format: each field may be missing, and unknown keys are kept.
macro_rules! draft {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "Field::is_missing")] pub $field: $type,)*
            /// What else is there.
            #[serde(flatten)]
            pub unknown: Unknown,
        }

        impl $name {
            /// The fields' names, in order.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
        }
    };
}

draft! {
    /// A quiz.
    QuizDraft {
        /// The version of the format: 1.
        format: Field<i64>,
        /// The title for people.
        title: Field<String>,
        /// The name in addresses; made from the title if missing.
        slug: Field<String>,
        /// What the quiz is about.
        description: Field<String>,
        /// Right answers in a row that master a template; 3 if missing.
        mastery: Field<i64>,
        /// `"category"` (if missing) or `"template"`.
        select: Field<String>,
        /// Tables by name.
        table: Map<TableDraft>,
        /// The templates.
        template: List<TemplateDraft>,
        /// Tests of the quiz by its author.
        sample: List<SampleDraft>,
    }
}

draft! {
    /// A table.
    TableDraft {
        /// The columns' names.
        columns: List<String>,
        /// The rows, a value for each column.
        rows: List<Vec<Value>>,
    }
}

draft! {
    /// A template.
    TemplateDraft {
        /// The name, unique in the quiz.
        name: Field<String>,
        /// The category.
        category: Field<String>,
        /// What to do, if that is not obvious.
        instructions: Field<String>,
        /// The question with `{placeholders}`.
        question: Field<String>,
        /// The variables by name.
        var: Map<GeneratorDraft>,
        /// How answers are judged.
        check: Field<CheckDraft>,
    }
}

draft! {
    /// A generator: exactly one of these.
    GeneratorDraft {
        /// `[from, to]`.
        int: Field<Vec<i64>>,
        /// A decimal range.
        decimal: Field<DecimalDraft>,
        /// One of these.
        choice: List<Value>,
        /// A row of the table of this name.
        rows: Field<String>,
        /// Computed.
        expr: Field<String>,
    }
}

draft! {
    /// A decimal range.
    DecimalDraft {
        /// The smallest.
        from: Field<Value>,
        /// The largest.
        to: Field<Value>,
        /// The distance of two neighbors.
        step: Field<Value>,
    }
}

draft! {
    /// A check: exactly one of these.
    CheckDraft {
        /// A number.
        number: Field<NumberDraft>,
        /// A text.
        text: Field<TextDraft>,
        /// A choice.
        pick: Field<PickDraft>,
        /// A condition.
        expr: Field<ExprDraft>,
    }
}

draft! {
    /// `check.number`.
    NumberDraft {
        /// An expression, or a plain number.
        equals: Field<Value>,
        /// By how much the answer may differ; 0 if missing.
        tolerance: Field<Value>,
        /// Units that may follow.
        units: List<String>,
        /// Whether one must.
        unit_required: Field<bool>,
    }
}

draft! {
    /// `check.text`.
    TextDraft {
        /// The right texts, with placeholders.
        one_of: List<String>,
        /// Whether upper and lower case differ; no if missing.
        case: Field<bool>,
        /// Whether the number of spaces matters; no if missing.
        space: Field<bool>,
        /// Whether accents matter; yes if missing.
        accents: Field<bool>,
        /// Leading words that do not count.
        articles: List<String>,
        /// Forgiven typing errors; 0 if missing.
        max_typos: Field<i64>,
    }
}

draft! {
    /// `check.pick`.
    PickDraft {
        /// The right choice, with placeholders.
        right: Field<String>,
        /// Wrong choices, with placeholders.
        wrong: List<String>,
        /// `"table.column"`: more wrong ones.
        others: Field<String>,
        /// How many are shown; 4 if missing.
        choices: Field<i64>,
    }
}

draft! {
    /// `check.expr`.
    ExprDraft {
        /// A condition on `answer` (text) and `number`.
        accept: Field<String>,
        /// An expression that gives a right answer.
        example: Field<String>,
    }
}

draft! {
    /// A sample: with these values, this answer is right, or wrong.
    SampleDraft {
        /// The template's name.
        template: Field<String>,
        /// Values for all variables that are not computed; for a row, enough columns to find it.
        var: Map<Value>,
        /// The question's text, if it shall be compared.
        question: Field<String>,
        /// The answer.
        answer: Field<Value>,
        /// Whether the answer is right; yes if missing.
        correct: Field<bool>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_written_back_as_it_was_read() {
        for json in [
            r#"{"format":1,"title":"T","template":[{"name":"a","check":{"number":{"equals":"1"}}}]}"#,
            r#"{"title":3,"template":[7,{"var":{"x":{"decimal":{"from":0.1,"to":1}}}}],"colour":"red"}"#,
        ] {
            let draft: QuizDraft = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&draft).unwrap(), json);
        }
    }

    #[test]
    fn a_wrong_field_spoils_no_other() {
        let draft: QuizDraft =
            toml::from_str("title = 3\nmastery = 2\nwhen = 1979-05-27\n[[template]]\nname = true").unwrap();
        assert!(matches!(draft.title, Field::Wrong(_)));
        assert_eq!(draft.mastery.get(), Some(&2));
        assert_eq!(draft.unknown.keys().collect::<Vec<_>>(), ["when"]);
        assert!(matches!(draft.template.get().unwrap()[0].get().unwrap().name, Field::Wrong(_)));
    }
}
