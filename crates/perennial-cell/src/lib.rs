//! perennial-cell
