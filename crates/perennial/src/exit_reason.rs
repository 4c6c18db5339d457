//! Why a process ended.

mod await_error;
mod call_error;

pub use await_error::AwaitError;
pub use call_error::CallError;
use std::{
    any::Any,
    error::Error,
    fmt::{self, Debug, Display},
    ops::Deref,
    sync::Arc,
};

/// The reason with which a process ended, as links, monitors, callers and supervisors see it.
///
/// | reason | restarts a transient child | logged |
/// |---|---|---|
/// | [`Normal`](Self::Normal), [`Shutdown`](Self::Shutdown), [`ShutdownWith`](Self::ShutdownWith) | no | no |
/// | all others | yes | yes |
///
/// A reason is not a signal: [`kill`](crate::process::kill) is a signal that cannot be trapped, and what others
/// then see is the reason [`Killed`](Self::Killed). A *reason* `kill` is `ExitReason::other("kill")`.
///
/// Errors compare by identity: two clones of one reason are equal, two errors that look alike are not.
///
/// # OTP
///
/// The `Reason` of `exit/1`. `{Exception, Stacktrace}` is [`Panic`](Self::Panic) or [`Error`](Self::Error).
#[derive(Clone)]
#[non_exhaustive]
pub enum ExitReason {
    /// It had nothing more to do.
    Normal,
    /// Its supervisor asked it to stop, or it gave up in an orderly way.
    Shutdown,
    /// Like [`Shutdown`](Self::Shutdown), with something to tell: `{shutdown, Term}`.
    ShutdownWith(Payload),
    /// It was sent the signal [`kill`](crate::process::kill).
    Killed,
    /// There was no such process.
    NoProc,
    /// The connection to its node is lost.
    NoConnection,
    /// It took too long.
    Timeout,
    /// Its code panicked.
    Panic(PanicReport),
    /// A callback returned this error.
    Error(SharedError),
    /// Any other value.
    Other(Payload),
}

impl ExitReason {
    /// Any value as a reason.
    pub fn other(value: impl Debug + Eq + Send + Sync + 'static) -> Self {
        Self::Other(Payload::new(value))
    }

    /// `{shutdown, Value}`.
    pub fn shutdown_with(value: impl Debug + Eq + Send + Sync + 'static) -> Self {
        Self::ShutdownWith(Payload::new(value))
    }

    /// Whether this is exactly [`Normal`](Self::Normal).
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Normal)
    }

    /// Whether a process that ends so did what it should: normal, shutdown, or shutdown with a value. Anything
    /// else is logged, and restarts a transient child.
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown | Self::ShutdownWith(_))
    }
}

impl PartialEq for ExitReason {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Normal, Self::Normal)
            | (Self::Shutdown, Self::Shutdown)
            | (Self::Killed, Self::Killed)
            | (Self::NoProc, Self::NoProc)
            | (Self::NoConnection, Self::NoConnection)
            | (Self::Timeout, Self::Timeout) => true,
            (Self::ShutdownWith(a), Self::ShutdownWith(b)) | (Self::Other(a), Self::Other(b)) => a == b,
            (Self::Panic(a), Self::Panic(b)) => a == b,
            (Self::Error(a), Self::Error(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for ExitReason {}

impl Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::ShutdownWith(value) => write!(f, "shutdown: {value:?}"),
            Self::Killed => f.write_str("killed"),
            Self::NoProc => f.write_str("no such process"),
            Self::NoConnection => f.write_str("no connection"),
            Self::Timeout => f.write_str("timeout"),
            Self::Panic(report) => Display::fmt(report, f),
            Self::Error(error) => Display::fmt(error, f),
            Self::Other(value) => Debug::fmt(value, f),
        }
    }
}

impl Debug for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "Error({error:?})"),
            Self::Panic(report) => write!(f, "Panic({report})"),
            Self::ShutdownWith(value) => write!(f, "ShutdownWith({value:?})"),
            Self::Other(value) => write!(f, "Other({value:?})"),
            Self::Normal => f.write_str("Normal"),
            Self::Shutdown => f.write_str("Shutdown"),
            Self::Killed => f.write_str("Killed"),
            Self::NoProc => f.write_str("NoProc"),
            Self::NoConnection => f.write_str("NoConnection"),
            Self::Timeout => f.write_str("Timeout"),
        }
    }
}

/// `?` in a callback: the error becomes the reason with which the server stops, its `source()` kept.
///
/// Two errors are special: a [`CallError`] that says that the called server shut down makes the caller shut down
/// too, as in OTP, where the caller exits with `{shutdown, {gen_server, call, _}}`. So does an [`AwaitError`] of a
/// task that was shut down.
impl<E: Failure> From<E> for ExitReason {
    fn from(error: E) -> Self {
        let any = &error as &dyn Any;
        if let Some(CallError::Exit(Self::Shutdown | Self::ShutdownWith(_))) = any.downcast_ref() {
            return Self::shutdown_with("call failed");
        }
        if let Some(AwaitError::Exit(Self::Shutdown | Self::ShutdownWith(_))) = any.downcast_ref() {
            return Self::shutdown_with("await failed");
        }
        Self::Error(SharedError::new(error))
    }
}

/// An error that `?` makes an exit reason in a callback: every [`Error`] that is `Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "`?` does not make an exit reason of `{Self}`",
    label = "not a `std::error::Error` that is `Send + Sync + 'static`: for `anyhow::Error` or a boxed error write `.or_exit()?`"
)]
pub trait Failure: Error + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> Failure for E {}

/// For errors that are no [`Error`] themselves, as `anyhow::Error` and `Box<dyn Error + Send + Sync>`.
pub trait OrExit<T> {
    /// Turns the error into an exit reason: `fallible().or_exit()?`.
    ///
    /// # Errors
    ///
    /// The error of `self`, as an [`ExitReason::Error`].
    fn or_exit(self) -> Result<T, ExitReason>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> OrExit<T> for Result<T, E> {
    fn or_exit(self) -> Result<T, ExitReason> {
        self.map_err(|error| ExitReason::Error(SharedError::new(error)))
    }
}

// Behind a pointer of one word each, as is all that a reason has to tell: so a reason takes two words, and the result of a
// handler is returned in registers.

/// An error in an exit reason, which all who hear of that share. It is what it was: `downcast_ref` and `source` lead on.
///
/// # Examples
///
/// ```
/// use perennial::exit_reason::ExitReason;
/// use std::io;
/// let ExitReason::Error(error) = ExitReason::from(io::Error::other("disk")) else { panic!("an error") };
/// assert_eq!(error.to_string(), "disk");
/// assert!(error.downcast_ref::<io::Error>().is_some());
/// ```
#[derive(Clone)]
pub struct SharedError(Arc<Box<dyn Error + Send + Sync>>);

impl SharedError {
    /// Wraps an error, or what says what went wrong.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::new(error.into()))
    }
}

impl Deref for SharedError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &**self.0
    }
}

/// By identity: two clones are equal, two errors that look alike are not.
impl PartialEq for SharedError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedError {}

impl Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&**self, f)
    }
}

impl Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&**self, f)
    }
}

/// A value of any type in an exit reason.
#[derive(Clone)]
pub struct Payload(Arc<Box<dyn Value>>);

impl Payload {
    /// Wraps a value.
    pub fn new(value: impl Debug + Eq + Send + Sync + 'static) -> Self {
        Self(Arc::new(Box::new(value)))
    }

    /// The value, if it is a `T`.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl Eq for Payload {}

impl Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

trait Value: Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: Debug + Eq + Send + Sync + 'static> Value for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref().is_some_and(|other| self == other)
    }
}

/// What is known of a panic: its message and where it happened.
#[derive(Clone, PartialEq, Eq)]
pub struct PanicReport(Arc<(String, Option<String>)>);

impl PanicReport {
    pub(crate) fn new(message: String, location: Option<String>) -> Self {
        Self(Arc::new((message, location)))
    }

    /// The text of the panic.
    pub fn message(&self) -> &str {
        &self.0.0
    }

    /// `file:line:column`, if it is known.
    pub fn location(&self) -> Option<&str> {
        self.0.1.as_deref()
    }
}

impl Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(location) => write!(f, "panicked at {location}: {}", self.message()),
            None => write!(f, "panicked: {}", self.message()),
        }
    }
}

impl Debug for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normal_and_the_shutdowns_are_clean() {
        let clean = [ExitReason::Normal, ExitReason::Shutdown, ExitReason::shutdown_with(1)];
        assert!(clean.iter().all(ExitReason::is_clean));
        let unclean = [
            ExitReason::Killed,
            ExitReason::NoProc,
            ExitReason::Timeout,
            ExitReason::other("kill"),
            ExitReason::from(std::io::Error::other("disk")),
        ];
        assert!(!unclean.iter().any(ExitReason::is_clean));
    }

    #[test]
    fn a_reason_takes_two_words() {
        let word = size_of::<usize>();
        assert_eq!([size_of::<Result<(), ExitReason>>(), size_of::<CallError>()], [2 * word; 2]);
    }

    #[test]
    fn payloads_compare_by_type_and_value() {
        assert_eq!(ExitReason::other(1_u8), ExitReason::other(1_u8));
        assert_ne!(ExitReason::other(1_u8), ExitReason::other(1_u16));
        assert_ne!(ExitReason::other("a"), ExitReason::shutdown_with("a"));
    }

    #[test]
    fn errors_compare_by_identity_and_keep_their_source() {
        let reason = ExitReason::from(std::io::Error::other("disk"));
        assert_eq!(reason, reason.clone());
        assert_ne!(reason, ExitReason::from(std::io::Error::other("disk")));
        assert_eq!(reason.to_string(), "disk");
    }

    #[test]
    fn a_call_to_a_server_that_shut_down_is_a_shutdown() {
        let shut = |reason| ExitReason::from(CallError::Exit(reason));
        assert!(shut(ExitReason::Shutdown).is_clean());
        assert!(shut(ExitReason::shutdown_with("x")).is_clean());
        assert!(!shut(ExitReason::Normal).is_clean());
        assert!(!shut(ExitReason::Killed).is_clean());
        assert!(!ExitReason::from(CallError::NoProc).is_clean());
    }

    #[test]
    fn to_await_a_task_that_shut_down_is_a_shutdown() {
        let awaited = |reason| ExitReason::from(AwaitError::Exit(reason));
        assert!(awaited(ExitReason::Shutdown).is_clean());
        assert!(awaited(ExitReason::shutdown_with("x")).is_clean());
        assert!(!awaited(ExitReason::Normal).is_clean());
        assert!(!ExitReason::from(AwaitError::Timeout).is_clean());
    }

    #[test]
    fn boxed_errors_become_reasons() {
        let boxed: Result<(), Box<dyn Error + Send + Sync>> = Err("no".into());
        assert_eq!(boxed.or_exit().unwrap_err().to_string(), "no");
    }
}
