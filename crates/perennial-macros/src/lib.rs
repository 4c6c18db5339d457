//! `#[perennial::main]` and `#[perennial::test]`: sugar for `perennial::runtime::{run_main, run_test}`; and
//! `#[derive(GenServer)]`, for servers whose `init` would return its argument.
//!
//! The function is kept as it is, inside of one that is not async and runs it. So its types are what is written,
//! and an error in it is reported where it is.

mod derive;
mod expand;
mod options;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, ItemFn, parse_macro_input};

/// Runs an `async fn main` on a multi-thread tokio runtime with a node of its own.
///
/// It may return whatever a `main` may. When it has returned, what still runs is stopped in order. It is short
/// for `perennial::runtime::run_main`, and takes no options: who wants another runtime builds it, and calls
/// `Node::new` and `bind_to_runtime` there.
///
/// ```ignore
/// #[perennial::main]
/// async fn main() -> Result<(), perennial::exit_reason::ExitReason> {
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand::main(options.into(), &function).unwrap_or_else(Error::into_compile_error).into()
}

/// A test that is an `async fn`, on a tokio runtime and a node of its own.
///
/// | option | default | |
/// |---|---|---|
/// | `paused` | the clock is real | the clock stands still while anything moves, then goes to the next timer |
/// | `flavor = "multi_thread"` | `"current_thread"` | which runtime |
/// | `workers = 4` | 2 | how many threads a multi-thread runtime has |
///
/// When it has returned, what still runs is stopped. It is short for `perennial::runtime::run_test`.
///
/// ```ignore
/// #[perennial::test(paused, flavor = "multi_thread", workers = 2)]
/// async fn an_hour_passes_at_once() {
///     perennial::time::sleep(std::time::Duration::from_secs(3600)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand::test(options.into(), &function).unwrap_or_else(Error::into_compile_error).into()
}

/// Makes a server whose argument is the state that it begins with: `init` returns it, and that is all.
///
/// To be supervised the state must be `Clone + Sync` too: each start gets a clone. A server that does anything in
/// `init`, or has a `terminate`, a `start_link` or a `child_spec` of its own, implements the trait.
///
/// ```ignore
/// #[derive(Clone, GenServer)]
/// struct Counter(u64);
/// ```
#[proc_macro_derive(GenServer)]
pub fn gen_server(item: TokenStream) -> TokenStream {
    derive::gen_server(parse_macro_input!(item as DeriveInput)).into()
}
