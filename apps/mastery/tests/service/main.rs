//! The processes of the service, through its facade.

mod defects;
mod recovery;
mod runs;
mod support;
