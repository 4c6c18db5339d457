//! Until when to wait.

use std::time::Duration;

/// Until when to wait for an answer: what `wait` and `receive` of [`RequestId`](super::RequestId) and
/// [`RequestIds`](super::RequestIds) take. A `Duration` is [`After`](Self::After); of an `Option`, none is
/// [`Never`](Self::Never).
///
/// # OTP
///
/// `timeout() | {abs, integer()}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// After so much time, from when the waiting begins.
    After(Duration),
    /// At this time of the [node's clock](crate::node::Node::now): the same however often one waits.
    At(Duration),
    /// Waits as long as it takes.
    Never,
}

impl Deadline {
    /// How long to wait, if it is `now`.
    pub(crate) fn left(self, now: Duration) -> Option<Duration> {
        match self {
            Self::After(time) => Some(time),
            Self::At(time) => Some(time.saturating_sub(now)),
            Self::Never => None,
        }
    }

    /// The same deadline, for one who waits several times; `now` it is.
    pub(crate) fn fixed(self, now: Duration) -> Self {
        self.left(now).map_or(Self::Never, |left| Self::At(now.saturating_add(left)))
    }
}

impl From<Duration> for Deadline {
    fn from(time: Duration) -> Self {
        Self::After(time)
    }
}

impl From<Option<Duration>> for Deadline {
    fn from(time: Option<Duration>) -> Self {
        time.map_or(Self::Never, Self::After)
    }
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use std::time::Duration;

    #[test]
    fn what_is_left_of_a_deadline() {
        let s = Duration::from_secs;
        let table = [
            (Deadline::After(s(3)), Some(s(3))),
            (Deadline::At(s(13)), Some(s(3))),
            (Deadline::At(s(10)), Some(s(0))),
            (Deadline::At(s(7)), Some(s(0))),
            (Deadline::Never, None),
            (s(3).into(), Some(s(3))),
            (Some(s(3)).into(), Some(s(3))),
            (None.into(), None),
        ];
        for (deadline, left) in table {
            assert_eq!(deadline.left(s(10)), left, "{deadline:?}");
            let later = left.map(|left| left.saturating_sub(s(2)));
            assert_eq!(deadline.fixed(s(10)).left(s(12)), later, "{deadline:?}");
        }
    }
}
