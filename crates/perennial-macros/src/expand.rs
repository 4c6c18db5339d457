//! What the attributes become.

use crate::options::Options;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Error, ItemFn};

pub(crate) fn main(options: Tokens, function: &ItemFn) -> syn::Result<Tokens> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "#[perennial::main] takes no options"));
    }
    let name = &function.sig.ident;
    wrap(function, &Tokens::new(), &quote!(::perennial::runtime::run_main(#name())))
}

pub(crate) fn test(options: Tokens, function: &ItemFn) -> syn::Result<Tokens> {
    let options = syn::parse2::<Options>(options)?;
    let name = &function.sig.ident;
    wrap(
        function,
        &quote!(#[::core::prelude::v1::test]),
        &quote!(::perennial::runtime::run_test(#options, #name())),
    )
}

/// `fn name() -> Output { async fn name() -> Output { .. } call }`
fn wrap(function: &ItemFn, attribute: &Tokens, call: &Tokens) -> syn::Result<Tokens> {
    let ItemFn { attrs, vis, modifiers, sig, block } = function;
    modifiers.require_empty()?;
    if sig.asyncness.is_none() {
        return Err(Error::new_spanned(&sig.ident, "this function is to be async"));
    }
    if let Some(input) = sig.inputs.first() {
        return Err(Error::new_spanned(input, "this function takes no arguments"));
    }
    if let Some(parameter) = sig.generics.params.first() {
        return Err(Error::new_spanned(parameter, "this function is not generic"));
    }
    let mut outer = sig.clone();
    outer.asyncness = None;
    Ok(quote! {
        #(#attrs)*
        #attribute
        #vis #outer {
            #sig #block
            #call
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{ItemFn, Tokens, main, quote};
    use syn::parse_quote;

    #[test]
    fn a_test_keeps_its_attributes_and_its_types() {
        let function = parse_quote! {
            #[should_panic]
            async fn waits() -> Result<(), Error> { Ok(()) }
        };
        let expanded = super::test(quote!(paused, flavor = "multi_thread"), &function).unwrap();
        let expected = quote! {
            #[should_panic]
            #[::core::prelude::v1::test]
            fn waits() -> Result<(), Error> {
                async fn waits() -> Result<(), Error> { Ok(()) }
                ::perennial::runtime::run_test(
                    ::perennial::runtime::TestOptions::default().paused().multi_thread(2usize),
                    waits()
                )
            }
        };
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        let refuse = |function: ItemFn| main(Tokens::new(), &function).unwrap_err().to_string();
        assert_eq!(
            refuse(parse_quote!(
                fn main() {}
            )),
            "this function is to be async"
        );
        assert_eq!(
            refuse(parse_quote!(
                async fn main(a: u8) {}
            )),
            "this function takes no arguments"
        );
        assert_eq!(
            refuse(parse_quote!(
                async fn main<T>() {}
            )),
            "this function is not generic"
        );
        let options = main(
            quote!(paused),
            &parse_quote!(
                async fn main() {}
            ),
        );
        assert_eq!(options.unwrap_err().to_string(), "#[perennial::main] takes no options");
    }
}
