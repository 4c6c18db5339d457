//! The options of `#[perennial::test]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, Ident, LitInt, LitStr, Token,
    parse::{Parse, ParseStream},
};

/// Threads of a multi-thread runtime, if not said otherwise.
const WORKERS: usize = 2;

/// What is written between the parentheses.
#[derive(Default)]
pub(crate) struct Options {
    paused: bool,
    multi_thread: Option<bool>,
    workers: Option<usize>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.option(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        match options {
            Self { workers: Some(_), multi_thread: None | Some(false), .. } => {
                Err(input.error("`workers` needs `flavor = \"multi_thread\"`"))
            }
            _ => Ok(options),
        }
    }
}

impl Options {
    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name: Ident = input.parse()?;
        let twice = match name.to_string().as_str() {
            "paused" => std::mem::replace(&mut self.paused, true),
            "flavor" => {
                input.parse::<Token![=]>()?;
                self.multi_thread.replace(flavor(&input.parse()?)?).is_some()
            }
            "workers" => {
                input.parse::<Token![=]>()?;
                self.workers.replace(workers(&input.parse()?)?).is_some()
            }
            _ => return Err(Error::new(name.span(), "the options are `paused`, `flavor` and `workers`")),
        };
        if twice {
            return Err(Error::new(name.span(), format!("`{name}` is given twice")));
        }
        Ok(())
    }
}

fn flavor(text: &LitStr) -> syn::Result<bool> {
    match text.value().as_str() {
        "multi_thread" => Ok(true),
        "current_thread" => Ok(false),
        _ => Err(Error::new(text.span(), "the flavors are \"current_thread\" and \"multi_thread\"")),
    }
}

fn workers(number: &LitInt) -> syn::Result<usize> {
    match number.base10_parse()? {
        0 => Err(Error::new(number.span(), "a runtime needs a worker")),
        workers => Ok(workers),
    }
}

/// The expression that makes them.
impl ToTokens for Options {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(quote!(::perennial::runtime::TestOptions::default()));
        if self.paused {
            tokens.extend(quote!(.paused()));
        }
        if self.multi_thread == Some(true) {
            let workers = self.workers.unwrap_or(WORKERS);
            tokens.extend(quote!(.multi_thread(#workers)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tokens: TokenStream) -> Result<String, String> {
        let options = syn::parse2::<Options>(tokens).map_err(|error| error.to_string())?;
        Ok(options.to_token_stream().to_string().rsplit_once("default ()").unwrap().1.trim().to_owned())
    }

    #[test]
    fn the_table_of_options() {
        let good = [
            (quote!(), ""),
            (quote!(paused), ". paused ()"),
            (quote!(flavor = "current_thread"), ""),
            (quote!(flavor = "multi_thread"), ". multi_thread (2usize)"),
            (quote!(workers = 4, flavor = "multi_thread", paused,), ". paused () . multi_thread (4usize)"),
        ];
        for (tokens, expected) in good {
            assert_eq!(read(tokens), Ok(expected.to_owned()));
        }
        let bad = [
            (quote!(pause), "the options are `paused`, `flavor` and `workers`"),
            (quote!(paused, paused), "`paused` is given twice"),
            (quote!(flavor = "many"), "the flavors are \"current_thread\" and \"multi_thread\""),
            (quote!(workers = 2), "`workers` needs `flavor = \"multi_thread\"`"),
            (quote!(flavor = "multi_thread", workers = 0), "a runtime needs a worker"),
        ];
        for (tokens, expected) in bad {
            let error = read(tokens).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
