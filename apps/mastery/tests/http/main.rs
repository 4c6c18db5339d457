//! The service over HTTP, as clients meet it: a real server on a port of its own for each test.
#![forbid(unsafe_code)]

mod abuse;
mod api;
mod description;
mod headers;
mod pages;
mod schema;
mod server;
mod support;
