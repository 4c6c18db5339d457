//! What `#[derive(GenServer)]` becomes.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{DeriveInput, parse_quote};

pub(crate) fn gen_server(mut input: DeriveInput) -> Tokens {
    if !input.generics.params.is_empty() {
        // Without parameters the compiler checks the same by itself, and says it better.
        input
            .generics
            .make_where_clause()
            .predicates
            .push(parse_quote!(Self: ::core::marker::Send + 'static));
    }
    let name = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        impl #parameters ::perennial::gen_server::GenServer for #name #arguments #bounds {
            type Args = Self;
            async fn init(
                state: Self,
                _: &mut ::perennial::gen_server::Cx<Self>,
            ) -> ::core::result::Result<Self, ::perennial::gen_server::InitError> {
                ::core::result::Result::Ok(state)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{gen_server, quote};
    use syn::parse_quote;

    #[test]
    fn a_server_begins_with_its_argument() {
        let derived = gen_server(parse_quote!(
            struct Counter(u64);
        ));
        let expected = quote! {
            impl ::perennial::gen_server::GenServer for Counter {
                type Args = Self;
                async fn init(
                    state: Self,
                    _: &mut ::perennial::gen_server::Cx<Self>,
                ) -> ::core::result::Result<Self, ::perennial::gen_server::InitError> {
                    ::core::result::Result::Ok(state)
                }
            }
        };
        assert_eq!(derived.to_string(), expected.to_string());
    }

    #[test]
    fn parameters_and_bounds_are_kept() {
        let derived = gen_server(parse_quote!(
            struct Stack<T: Clone>
            where
                T: Send,
            {
                items: Vec<T>,
            }
        ));
        let head = quote! {
            impl<T: Clone> ::perennial::gen_server::GenServer for Stack<T>
            where T: Send, Self: ::core::marker::Send + 'static
        };
        assert!(derived.to_string().starts_with(&head.to_string()), "{derived}");
    }
}
