//! Expressions of quiz authors: `small + gap`, `answer == "yes"`.
//!
//! Authors are not trusted. An expression is one line of at most [`EXPRESSION`](limits::EXPRESSION) characters; it has no
//! statements, loops, functions or modules, sees nothing but its variables, and every limit of the evaluator is
//! set. A hostile one is refused or fails; it neither hangs nor exhausts the stack, also in a small one.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rhai::packages::{ArithmeticPackage, LogicPackage, Package};
use rhai::{AST, Dynamic, Engine, EvalAltResult, OptimizationLevel, ParseErrorType, Scope};
use rust_decimal::Decimal;

use super::limits;
use super::value::{Bindings, Value};

/// An expression that has been read and whose variables are known. Cheap to clone.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    ast: Arc<AST>,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It names a variable that is not there.
    #[error("there is no variable {0} here")]
    UnknownVariable(String),
    /// It is too long, too deep, or not an expression.
    #[error("this is no expression: {0}")]
    Unreadable(String),
}

/// Operator symbols and keywords are all there is to call: words that reach further are no words at all.
const DISABLED: [&str; 34] = [
    "eval",
    "print",
    "debug",
    "import",
    "export",
    "as",
    "fn",
    "private",
    "Fn",
    "call",
    "curry",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "type_of",
    "this",
    "global",
    "let",
    "const",
    "if",
    "else",
    "switch",
    "do",
    "while",
    "until",
    "loop",
    "for",
    "continue",
    "break",
    "return",
    "throw",
    "try",
    "catch",
    "?",
];

/// The one evaluator. It is never changed after it was built, so sharing it shares nothing.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut engine = Engine::new_raw();
    engine
        .set_max_operations(2_000)
        .set_max_expr_depths(24, 1)
        .set_max_call_levels(1)
        .set_max_functions(0)
        .set_max_modules(0)
        .set_max_variables(limits::VARIABLES + 8)
        .set_max_string_size(2_048)
        .set_max_array_size(64)
        .set_max_map_size(limits::COLUMNS + 4)
        .set_strict_variables(true)
        // The optimizer would evaluate constants while reading, before the counters run.
        .set_optimization_level(OptimizationLevel::None);
    for word in DISABLED {
        engine.disable_symbol(word);
    }
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    register_functions(&mut engine);
    engine
});

impl Expression {
    /// Reads an expression that may use the variables of `names` (values are only looked at for their kind).
    ///
    /// # Errors
    ///
    /// [`ExpressionError`].
    pub fn parse(source: &str, names: &Bindings) -> Result<Self, ExpressionError> {
        if source.trim().is_empty() {
            return Err(ExpressionError::Unreadable("it is empty".to_owned()));
        }
        if source.chars().count() > limits::EXPRESSION {
            let why = format!("it has more than {} characters", limits::EXPRESSION);
            return Err(ExpressionError::Unreadable(why));
        }
        let ast =
            ENGINE.compile_expression_with_scope(&scope(names), source).map_err(|error| match *error.0 {
                ParseErrorType::VariableUndefined(name) => ExpressionError::UnknownVariable(name),
                other => ExpressionError::Unreadable(other.to_string()),
            })?;
        Ok(Self { source: source.into(), ast: Arc::new(ast) })
    }

    /// The value of the expression.
    ///
    /// # Errors
    ///
    /// A sentence: division by zero, overflow, a comparison where a value belongs, too much work.
    pub fn value(&self, bindings: &Bindings) -> Result<Value, String> {
        let result = self.run(bindings)?;
        from_dynamic(&result)
            .ok_or_else(|| format!("it gives a {}, not a number or a text", result.type_name()))
    }

    /// Whether the expression holds.
    ///
    /// # Errors
    ///
    /// A sentence, as for [`value`](Self::value); or the expression is not a comparison.
    pub fn holds(&self, bindings: &Bindings) -> Result<bool, String> {
        let result = self.run(bindings)?;
        result.as_bool().map_err(|kind| format!("it gives a {kind}, not true or false"))
    }

    /// The expression as the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn run(&self, bindings: &Bindings) -> Result<Dynamic, String> {
        let mut scope = scope(bindings);
        ENGINE.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

fn scope(bindings: &Bindings) -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, value) in bindings {
        scope.push_constant_dynamic(name.as_str(), to_dynamic(value));
    }
    scope
}

fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Int(n) => Dynamic::from(*n),
        Value::Decimal(d) => Dynamic::from(*d),
        Value::Text(text) => Dynamic::from(text.clone()),
        Value::Row(row) => {
            let columns = row.iter().map(|(name, value)| (name.as_str().into(), to_dynamic(value)));
            Dynamic::from_map(columns.collect())
        }
    }
}

fn from_dynamic(value: &Dynamic) -> Option<Value> {
    if let Ok(n) = value.as_int() {
        Some(Value::Int(n))
    } else if let Ok(d) = value.as_decimal() {
        Some(d.into())
    } else {
        value.clone().into_string().ok().map(Value::Text)
    }
}

/// What an author needs beyond operators. Written here and not taken from a package, so that each is known to be
/// total: checked, quick, and of bounded size.
fn register_functions(engine: &mut Engine) {
    type Outcome<T> = Result<T, Box<EvalAltResult>>;
    engine
        .register_fn("abs", |n: i64| -> Outcome<i64> {
            n.checked_abs().ok_or_else(|| "abs is too large".into())
        })
        .register_fn("abs", |d: Decimal| d.abs())
        .register_fn("min", |a: i64, b: i64| a.min(b))
        .register_fn("min", |a: Decimal, b: Decimal| a.min(b))
        .register_fn("max", |a: i64, b: i64| a.max(b))
        .register_fn("max", |a: Decimal, b: Decimal| a.max(b))
        .register_fn("gcd", |a: i64, b: i64| -> Outcome<i64> {
            let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            i64::try_from(a).map_err(|_| "gcd is too large".into())
        })
        .register_fn("decimal", |n: i64| Decimal::from(n))
        .register_fn("decimal", |d: Decimal| d)
        .register_fn("round", |d: Decimal, digits: i64| {
            d.round_dp_with_strategy(
                digits.clamp(0, 20) as u32,
                rust_decimal::RoundingStrategy::MidpointAwayFromZero,
            )
        })
        .register_fn("round", |n: i64, _digits: i64| n)
        .register_fn("floor", |d: Decimal| d.floor())
        .register_fn("ceil", |d: Decimal| d.ceil())
        .register_fn("text", |n: i64| n.to_string())
        .register_fn("text", |d: Decimal| d.normalize().to_string())
        .register_fn("upper", |text: &str| text.to_uppercase())
        .register_fn("lower", |text: &str| text.to_lowercase())
        .register_fn("length", |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests;
