//! The rows of registries.

use super::world::Id;
use crate::scenario::Keys;
use crate::value::Value;

/// A registry.
#[derive(Clone, Debug)]
pub(super) struct Table {
    keys: Keys,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    key: Value,
    owner: Id,
    value: Value,
}

impl Table {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, rows: Vec::new() }
    }

    pub(super) fn is_unique(&self) -> bool {
        self.keys == Keys::Unique
    }

    /// Adds a row, or says who holds the key that may have only one.
    pub(super) fn register(&mut self, key: &Value, owner: Id, value: &Value) -> Result<(), Id> {
        if let Some(holder) = self.holder(key).filter(|_| self.is_unique()) {
            return Err(holder);
        }
        self.rows.push(Row { key: key.clone(), owner, value: value.clone() });
        Ok(())
    }

    /// Removes every row that the process has under the key.
    pub(super) fn unregister(&mut self, key: &Value, owner: Id) {
        self.rows.retain(|row| row.owner != owner || row.key != *key);
    }

    /// Removes the rows of a process that has ended.
    pub(super) fn forget(&mut self, owner: Id) {
        self.rows.retain(|row| row.owner != owner);
    }

    pub(super) fn holder(&self, key: &Value) -> Option<Id> {
        self.lookup(key).next().map(|(owner, _)| owner)
    }

    pub(super) fn lookup<'a>(&'a self, key: &'a Value) -> impl Iterator<Item = (Id, &'a Value)> {
        self.rows.iter().filter(move |row| row.key == *key).map(|row| (row.owner, &row.value))
    }

    pub(super) fn keys(&self, owner: Id) -> Vec<Value> {
        self.rows.iter().filter(|row| row.owner == owner).map(|row| row.key.clone()).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }
}
