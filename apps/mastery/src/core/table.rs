//! Tables of a quiz: words with their translations, countries with their capitals.

use std::collections::BTreeMap;

use super::value::Value;

/// Named columns and at least one row; every row has a value for every column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns in the author's order, no two of one name.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The row at `index` with its columns' names.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, index: usize) -> BTreeMap<String, Value> {
        self.columns.iter().cloned().zip(self.rows[index].iter().cloned()).collect()
    }

    /// All values of a column; none if there is no such column.
    pub fn column<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Value> {
        let at = self.columns.iter().position(|column| column == name);
        self.rows.iter().filter_map(move |row| row.get(at?))
    }

    /// The first row in which all the given columns have the given values.
    pub fn find(&self, wanted: &BTreeMap<String, Value>) -> Option<BTreeMap<String, Value>> {
        let mut rows = (0..self.rows.len()).map(|index| self.row(index));
        rows.find(|row| wanted.iter().all(|(column, value)| row.get(column) == Some(value)))
    }
}
