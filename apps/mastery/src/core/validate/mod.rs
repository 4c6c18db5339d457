//! From a draft to a quiz, or to every error in it.
//!
//! The draft is walked through in field order. A step that finds an error reports it and goes on with `None`, so
//! that nothing hides behind it; what depends on a broken part is not reported a second time.

mod check;
mod report;
mod sample;
mod template;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::report::{Path, Report};
use super::draft::{QuizDraft, TableDraft};
use super::field_error::{Code, FieldError};
use super::limits;
use super::pattern::is_name;
use super::quiz::{Quiz, Select, Template};
use super::slug::Slug;
use super::table::Table;

/// The tables by name; `None` for one that has errors.
type Tables = BTreeMap<String, Option<Arc<Table>>>;

/// The version of the format this program reads.
const FORMAT: i64 = 1;
const DEFAULT_MASTERY: i64 = 3;

/// See [`Quiz::build`].
pub(super) fn quiz(draft: QuizDraft) -> Result<Quiz, Vec<FieldError>> {
    let mut report = Report::default();
    let root = Path::default();
    let r = &mut report;

    format(r, &root, &draft);
    let title =
        r.need_text(&root.field("title"), &draft.title, limits::NAME).map(|title| title.trim().to_owned());
    let slug = slug(r, &root, &draft, title.as_deref());
    let description = r.may_text(&root.field("description"), &draft.description, limits::PROSE);
    let description = description.unwrap_or_default().to_owned();
    let mastery = r.number(&root.field("mastery"), &draft.mastery, (1, limits::MASTERY), DEFAULT_MASTERY);
    let select = select(r, &root, &draft);
    let tables = tables(r, &root, &draft);
    let templates = templates(r, &root, &draft, &tables);
    sample::samples(r, &root, &draft, &templates);
    r.unknown(&root, &draft.unknown, QuizDraft::FIELDS);

    match (title, slug, mastery) {
        (Some(title), Some(slug), Some(mastery)) if report.len() == 0 => Ok(Quiz {
            slug,
            title,
            description,
            mastery: u8::try_from(mastery).expect("limits::MASTERY fits"),
            select,
            templates,
            draft,
        }),
        _ => Err(report.into_errors()),
    }
}

fn format(r: &mut Report, root: &Path, draft: &QuizDraft) {
    let path = root.field("format");
    if r.need(&path, &draft.format).is_some_and(|format| *format != FORMAT) {
        r.error(&path, Code::OutOfRange, format!("this program reads format = {FORMAT}"));
    }
}

fn slug(r: &mut Report, root: &Path, draft: &QuizDraft, title: Option<&str>) -> Option<Slug> {
    let path = root.field("slug");
    let made = match (r.may(&path, &draft.slug), title) {
        (Some(slug), _) => Slug::parse(slug),
        (None, Some(title)) if draft.slug.is_missing() => Slug::from_title(title),
        // The title or the type of the slug is wrong, which has been reported.
        _ => return None,
    };
    made.map_err(|error| r.error(&path, Code::BadFormat, error.to_string())).ok()
}

fn select(r: &mut Report, root: &Path, draft: &QuizDraft) -> Select {
    let path = root.field("select");
    match r.may(&path, &draft.select).map(String::as_str) {
        None | Some("category") => Select::Category,
        Some("template") => Select::Template,
        Some(_) => {
            r.error(&path, Code::BadFormat, "this must be \"category\" or \"template\"");
            Select::Category
        }
    }
}

fn tables(r: &mut Report, root: &Path, draft: &QuizDraft) -> Tables {
    let path = root.field("table");
    let Some(drafts) = r.may(&path, &draft.table) else { return Tables::new() };
    if r.length(&path, drafts.len(), limits::TABLES, "tables").is_none() {
        return Tables::new();
    }
    let mut tables = Tables::new();
    for (name, table) in drafts {
        let path = path.field(name);
        if !is_name(name) {
            r.error(&path, Code::BadFormat, NAME_RULE);
        }
        let table = r.need(&path, table).and_then(|table| self::table(r, &path, table));
        tables.insert(name.clone(), table.map(Arc::new));
    }
    tables
}

/// What names of variables, tables and columns look like.
const NAME_RULE: &str = "a name has letters a-z, digits and _, begins with a letter, and has at most 40";

fn table(r: &mut Report, path: &Path, draft: &TableDraft) -> Option<Table> {
    let before = r.len();
    let columns_path = path.field("columns");
    r.require(&columns_path, &draft.columns);
    let columns = r.texts(&columns_path, &draft.columns, limits::COLUMNS);
    let mut seen = BTreeSet::new();
    for (index, column) in columns.iter().enumerate() {
        if !is_name(column) {
            r.error(&columns_path.index(index), Code::BadFormat, NAME_RULE);
        } else if !seen.insert(column) {
            r.error(
                &columns_path.index(index),
                Code::DuplicateName,
                format!("there is a second column {column}"),
            );
        }
    }
    let rows_path = path.field("rows");
    let mut rows = Vec::new();
    r.require(&rows_path, &draft.rows);
    for (path, row) in r.elements(&rows_path, &draft.rows, limits::ROWS) {
        let Some(row) = r.need(&path, row) else { continue };
        if r.len() == before && row.len() != columns.len() {
            let message = format!("this row has {} values for {} columns", row.len(), columns.len());
            r.error(&path, Code::BadFormat, message);
        }
        for (index, value) in row.iter().enumerate() {
            template::scalar(r, &path.index(index), value);
        }
        rows.push(row.clone());
    }
    if rows.is_empty() && r.len() == before {
        r.error(&rows_path, Code::Blank, "a table has at least one row");
    }
    r.unknown(path, &draft.unknown, TableDraft::FIELDS);
    (r.len() == before).then_some(Table { columns, rows })
}

/// The templates that have no errors, in order.
type Templates = Vec<Template>;

fn templates(r: &mut Report, root: &Path, draft: &QuizDraft, tables: &Tables) -> Templates {
    let mut templates = Templates::new();
    let mut names = BTreeSet::new();
    for (path, draft) in r.elements(&root.field("template"), &draft.template, limits::TEMPLATES) {
        let Some(draft) = r.need(&path, draft) else { continue };
        templates.extend(template::template(r, &path, draft, tables, &mut names));
    }
    templates
}
