//! What is wrong with children, before anything is started.

use crate::{
    child_spec::{ChildSpec, Restart, SpecError},
    supervisor::{AutoShutdown, Options, Supervisor},
};
use std::collections::HashSet;

impl Supervisor {
    /// Checks what [`start_link`](Self::start_link) would refuse, and starts nothing.
    ///
    /// # Errors
    ///
    /// The first [`SpecError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::{child_spec::SpecError, prelude::*};
    /// let metrics = || ChildSpec::task("metrics", || std::future::pending::<()>());
    /// assert_eq!(Supervisor::check_childspecs(&[metrics()], Strategy::OneForOne), Ok(()));
    /// let twice = Supervisor::check_childspecs(&[metrics(), metrics()], Strategy::OneForOne);
    /// assert_eq!(twice, Err(SpecError::DuplicateId("metrics".into())));
    /// ```
    #[doc(alias = "supervisor:check_childspecs/2")]
    pub fn check_childspecs<'a>(
        children: impl IntoIterator<Item = &'a ChildSpec>,
        options: impl Into<Options>,
    ) -> Result<(), SpecError> {
        let auto_shutdown = options.into().auto_shutdown;
        let mut ids = HashSet::new();
        children.into_iter().try_for_each(|spec| {
            spec.check()?;
            if !ids.insert(&spec.id) {
                return Err(SpecError::DuplicateId(spec.id.clone()));
            }
            significant(spec, auto_shutdown)
        })
    }
}

/// Whether a child may be significant under this supervisor.
pub(super) fn significant(spec: &ChildSpec, auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
    match spec.significant {
        true if auto_shutdown == AutoShutdown::Never => {
            Err(SpecError::SignificantWithoutAutoShutdown(spec.id.clone()))
        }
        true if spec.restart == Restart::Permanent => Err(SpecError::SignificantPermanent(spec.id.clone())),
        _ => Ok(()),
    }
}
