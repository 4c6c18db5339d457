//! perennial-macros
