//! What is due and when, as functions of a run and the time.

use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt;

use crate::core::field_error::{Code, FieldError};
use crate::store::records::{Run, RunState};

/// What is to be done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Open it now.
    Open,
    /// End it now.
    End,
    /// Look again then.
    At(Timestamp),
    /// It has ended.
    Never,
}

/// What is to be done with this run at this time. One whose whole time is over was missed, and ends without having
/// been open.
pub fn due(run: &Run, now: Timestamp) -> Due {
    match run.state {
        RunState::Ended => Due::Never,
        _ if run.end_at <= now => Due::End,
        RunState::Scheduled if run.start_at <= now => Due::Open,
        RunState::Scheduled => Due::At(run.start_at),
        RunState::Open | RunState::Paused => Due::At(run.end_at),
    }
}

/// The time from `now` to `at`; none if that is past. No time is too long.
pub fn until(now: Timestamp, at: Timestamp) -> Duration {
    at.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}

/// What is wrong with the times of a run, in field order.
pub fn check(start_at: Timestamp, end_at: Timestamp, now: Timestamp) -> Vec<FieldError> {
    let error = |path: &str, message: &str| FieldError {
        path: path.to_owned(),
        code: Code::OutOfRange,
        message: message.to_owned(),
    };
    let mut errors = Vec::new();
    if start_at >= end_at {
        errors.push(error("start_at", "the start is before the end"));
    }
    if end_at <= now {
        errors.push(error("end_at", "the end is in the future"));
    }
    errors
}

/// A code to join a run with: easy to read aloud and to type, so no 0, O, 1, I, L and U.
pub fn code() -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut rng = rand::rng();
    (0..6).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::slug::Slug;
    use crate::store::records::RunId;

    #[test]
    fn a_run_opens_in_its_time_and_ends_after_it() {
        let time = |second| Timestamp::from_second(second).unwrap();
        let slug = Slug::parse("sums").unwrap();
        let run = |state| Run {
            id: RunId(1),
            slug: slug.clone(),
            version: 1,
            code: code(),
            start_at: time(10),
            end_at: time(20),
            state,
        };
        use Due::{At, End, Never, Open};
        for (state, expected) in [
            (RunState::Scheduled, [At(time(10)), Open, Open, End, End]),
            (RunState::Open, [At(time(20)), At(time(20)), At(time(20)), End, End]),
            (RunState::Paused, [At(time(20)), At(time(20)), At(time(20)), End, End]),
            (RunState::Ended, [Never; 5]),
        ] {
            let found = [9, 10, 19, 20, 99].map(|second| due(&run(state), time(second)));
            assert_eq!(found, expected, "{state:?}");
        }
    }

    #[test]
    fn no_time_is_too_long_or_too_short() {
        let far = until(Timestamp::MIN, Timestamp::MAX);
        assert!(far > Duration::from_secs(300_000_000_000));
        assert_eq!(until(Timestamp::MAX, Timestamp::MIN), Duration::ZERO);
    }

    #[test]
    fn all_errors_of_a_run_are_told_in_field_order() {
        let time = |second| Timestamp::from_second(second).unwrap();
        let paths = |start, end| {
            let errors = check(time(start), time(end), time(50));
            errors.into_iter().map(|error| error.path).collect::<Vec<_>>()
        };
        assert!(paths(10, 60).is_empty());
        assert_eq!(paths(70, 60), ["start_at"]);
        assert_eq!(paths(10, 40), ["end_at"]);
        assert_eq!(paths(40, 40), ["start_at", "end_at"]);
    }
}
