//! How often one may ask: a bound for each address and each session.
//!
//! The rule is GCRA: each key has the time at which it would be at rest, were all its requests evenly spaced. That is
//! one number for a key, and no timer refills anything.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A rate: `per_second` in the long run, and `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once, after a pause.
    pub burst: u32,
}

impl Rate {
    fn spacing(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.per_second.max(0.001))
    }

    /// Takes a request at `now` from one whose time of rest is `rest`: the new time of rest, or how long to wait.
    fn take(self, rest: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
        let spacing = self.spacing();
        let next = rest.map_or(now, |rest| rest.max(now)) + spacing;
        let ahead = next.saturating_duration_since(now);
        let allowed = spacing * self.burst.max(1);
        if ahead <= allowed { Ok(next) } else { Err(ahead - allowed) }
    }
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An address; of IPv6 its network, for one subscriber has a whole one.
    Address(IpAddr),
    /// A session.
    Session(i64),
    /// All those for whom the table has no room.
    Others,
}

impl Key {
    pub(super) fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Address(address),
            IpAddr::V6(address) => {
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)))
            }
        }
    }
}

const SHARDS: usize = 16;
/// Keys in one shard. Beyond it those at rest are forgotten; if all are busy, the newcomers share one key.
const ROOM: usize = 16 * 1024;
/// How long a full shard waits before it looks for such again: a flood of new keys must not cost a look each.
const SWEEP: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Shard {
    rests: HashMap<Key, Instant>,
    swept: Option<Instant>,
}

/// The times of rest of everybody who was here lately.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: Rate,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, hasher: RandomState::new(), shards: Default::default() }
    }

    /// Counts a request; or how long to wait before the next one.
    pub(super) fn take(&self, key: Key, now: Instant) -> Result<(), Duration> {
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let mut shard = shard.lock().expect("nothing panics under this lock");
        let Shard { rests, swept } = &mut *shard;
        let mut key = key;
        if rests.len() >= ROOM && !rests.contains_key(&key) {
            if swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
                rests.retain(|_, rest| *rest > now);
                *swept = Some(now);
            }
            if rests.len() >= ROOM {
                key = Key::Others;
            }
        }
        let next = self.rate.take(rests.get(&key).copied(), now)?;
        rests.insert(key, next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_for_each_spacing() {
        let limiter = Limiter::new(Rate { per_second: 2.0, burst: 3 });
        let start = Instant::now();
        let take = |key, ms| limiter.take(Key::Session(key), start + Duration::from_millis(ms));
        assert!((0..3).all(|_| take(1, 0).is_ok()));
        assert_eq!(take(1, 0), Err(Duration::from_millis(500)));
        assert!(take(2, 0).is_ok(), "others are not concerned");
        assert!(take(1, 500).is_ok());
        assert_eq!(take(1, 600), Err(Duration::from_millis(400)));
        assert!((0..3).all(|_| take(1, 60_000).is_ok()), "a pause gives back the burst, and no more");
        assert!(take(1, 60_000).is_err());
    }

    #[test]
    fn table_is_bounded_and_a_flood_of_addresses_shares_one_key() {
        let limiter = Limiter::new(Rate { per_second: 0.01, burst: 1 });
        let now = Instant::now();
        let flood = SHARDS * ROOM * 2;
        let passed = (0..flood as i64).filter(|n| limiter.take(Key::Session(*n), now).is_ok()).count();
        assert!(passed <= SHARDS * (ROOM + 1), "{passed}");
        let kept: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().rests.len()).sum();
        assert!(kept <= SHARDS * (ROOM + 1), "{kept}");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let key = |text: &str| Key::address(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }
}
