//! The scenario files below some paths.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns `path` itself if it is a file, else every `.json` file below it, in order of their paths.
///
/// # Errors
///
/// The path is not there, or a directory cannot be read.
pub fn scenario_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(scenario_files(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "json") {
            files.push(entry);
        }
    }
    Ok(files)
}
