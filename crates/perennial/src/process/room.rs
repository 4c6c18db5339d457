//! Room for casts in a mailbox that is bounded.
//!
//! There is a permit for each cast for which there is room. Who sends one takes it, and the process frees it when it handles
//! that. With one freed at a time, a sender that waits would be woken for each, and would wait again at once. So the process
//! keeps a few, until its turn is over or it has a [batch](Room::batch): no sender waits for a process that waits. One who
//! finds no permit takes those first, so a mailbox is full only when it is. But for a moment: between one who has taken
//! what is kept and the permits that it makes of that, another one who does not wait finds neither, and is told so.

use crate::sync::Line;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, TryAcquireError};

/// So many are kept at most.
const MOST: usize = 32;

/// So often one who does not wait looks for a permit. Each time but the last it has given back some, and others have taken them
/// all: their casts have filled the mailbox as often.
const TRIES: usize = 8;

pub(crate) struct Room {
    permits: Semaphore,
    /// What is kept. Away from what senders write.
    freed: Line<AtomicUsize>,
    /// So many are given back at once.
    batch: usize,
}

/// What a cast takes of the room in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: the mailbox is not bounded, or closed.
    Nothing,
    /// Room for one, until it is handled.
    One,
}

/// The mailbox is full.
pub(crate) struct NoRoom;

impl Room {
    pub(crate) fn new(limit: usize) -> Self {
        let batch = (limit / 4).clamp(1, MOST);
        Self { permits: Semaphore::new(limit), freed: Line(AtomicUsize::new(0)), batch }
    }

    pub(crate) fn try_take(&self) -> Result<Taken, NoRoom> {
        for _ in 0..TRIES {
            match self.permits.try_acquire() {
                Ok(one) => {
                    one.forget();
                    return Ok(Taken::One);
                }
                // The process has ended, and takes anything.
                Err(TryAcquireError::Closed) => return Ok(Taken::Nothing),
                Err(TryAcquireError::NoPermits) if !self.give_back() => break,
                // Race: what was given back just now is for those who wait, and for others who look at the same time.
                Err(TryAcquireError::NoPermits) => {}
            }
        }
        Err(NoRoom)
    }

    /// Waits for room. Who waits first gets it first.
    pub(crate) async fn take(&self) -> Taken {
        if self.permits.available_permits() == 0 {
            self.give_back();
        }
        // Race: what is freed from here on is given back by the end of the turn at the latest, to those who wait by then.
        match self.permits.acquire().await {
            Ok(one) => {
                one.forget();
                Taken::One
            }
            Err(_) => Taken::Nothing,
        }
    }

    /// A cast is handled. To be called in a turn, at whose end what is kept is [given back](Self::give_back).
    pub(crate) fn free(&self) {
        // Relaxed: only the number matters.
        if self.freed.0.fetch_add(1, Ordering::Relaxed) + 1 >= self.batch {
            self.give_back();
        }
    }

    /// Gives back what is kept. Returns whether that was something.
    pub(crate) fn give_back(&self) -> bool {
        // Relaxed, as above. Mostly there is nothing.
        let freed = match self.freed.0.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.freed.0.swap(0, Ordering::Relaxed),
        };
        if freed > 0 {
            self.permits.add_permits(freed);
        }
        freed > 0
    }

    /// Nobody waits any more.
    pub(crate) fn close(&self) {
        self.permits.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        sync::Arc,
        task::{Context, Wake, Waker},
    };

    fn take(room: &Room) -> usize {
        std::iter::from_fn(|| room.try_take().ok()).count()
    }

    #[test]
    fn there_is_as_much_room_as_was_freed() {
        for (limit, batch) in [(1, 1), (7, 1), (16, 4), (1_000, 32)] {
            let room = Room::new(limit);
            assert_eq!((room.batch, take(&room)), (batch, limit));
            for freed in 1..limit {
                (0..freed).for_each(|_| room.free());
                assert_eq!((take(&room), room.give_back()), (freed, false));
            }
        }
    }

    #[test]
    fn those_who_wait_get_a_batch_at_once() {
        let room = Room::new(16);
        assert_eq!(take(&room), 16);
        (0..3).for_each(|_| room.free());
        assert_eq!(room.permits.available_permits(), 0);
        room.free();
        assert_eq!(room.permits.available_permits(), 4);
        room.free();
        assert!(room.give_back() && !room.give_back());
        assert_eq!(room.permits.available_permits(), 5);
    }

    /// A cast is handled as soon as there is room for one who waits.
    struct Handles(Arc<Room>);

    impl Wake for Handles {
        fn wake(self: Arc<Self>) {
            self.0.free();
        }
    }

    #[test]
    fn one_who_does_not_wait_looks_a_few_times_and_gives_way_to_those_who_do() {
        for waiting in [0, 1, TRIES - 2, TRIES - 1, 2 * TRIES] {
            let room = Arc::new(Room::new(16));
            assert_eq!(take(&room), 16);
            let waker = Waker::from(Arc::new(Handles(room.clone())));
            let mut cx = Context::from_waker(&waker);
            let mut waits: Vec<_> = (0..waiting).map(|_| Box::pin(room.take())).collect();
            assert!(waits.iter_mut().all(|one| one.as_mut().poll(&mut cx).is_pending()));
            room.free();
            // What each look but the last gives back is for one who waits, or for the next look.
            assert_eq!(room.try_take().is_ok(), waiting + 2 <= TRIES, "{waiting} wait");
            let mut cx = Context::from_waker(Waker::noop());
            let got = waits.iter_mut().map(|one| one.as_mut().poll(&mut cx).is_ready());
            assert_eq!(got.filter(|got| *got).count(), waiting.min(TRIES));
        }
    }

    #[test]
    fn a_closed_mailbox_takes_anything() {
        let room = Room::new(1);
        assert!(matches!(room.try_take(), Ok(Taken::One)));
        assert!(room.try_take().is_err());
        room.close();
        assert!(matches!(room.try_take(), Ok(Taken::Nothing)));
    }
}
