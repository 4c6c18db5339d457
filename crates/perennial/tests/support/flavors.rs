//! Tests on both flavors of runtime, from one source.

/// Runs each function as two tests, both with a paused clock.
macro_rules! rules {
    ($($(#[$attribute:meta])* async fn $name:ident() $body:block)*) => {
        $($(#[$attribute])* async fn $name() $body)*

        mod current_thread {
            $(#[perennial::test(paused)]
            async fn $name() {
                super::$name().await;
            })*
        }

        mod multi_thread {
            $(#[perennial::test(paused, flavor = "multi_thread", workers = 2)]
            async fn $name() {
                super::$name().await;
            })*
        }
    };
}
