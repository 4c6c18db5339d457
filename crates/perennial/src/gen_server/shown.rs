//! The state of a server as text.

use crate::{gen_server::GenServer, process::panics};
use std::{
    any::type_name,
    fmt::{self, Display, Write},
};

/// As [`format_status`](GenServer::format_status) shows it. If that fails nothing is shown: half of a state may be
/// the half that was to be hidden.
pub(crate) fn shown<S: GenServer>(server: &S) -> String {
    struct Shown<'a, S>(&'a S);
    impl<S: GenServer> Display for Shown<'_, S> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.format_status(f)
        }
    }
    let text = panics::catch(|| {
        let mut text = String::new();
        write!(text, "{}", Shown(server)).map(|()| text)
    });
    match text {
        Ok(Ok(text)) => text,
        Ok(Err(_)) | Err(_) => format!("format_status of {} failed", type_name::<S>()),
    }
}
