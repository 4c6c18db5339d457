//! What processes show under their names, such as the table of a registry.
//!
//! A thread notes what it has found, so that it need not look for it again. What a name leads to is asked for at each use,
//! and seldom changes.
//!
//! # Invariants
//!
//! 1. A note says what a name led to when so many changes had been made to [`Names`](super::names::Names). While that number
//!    stands, the name leads there still.
//! 2. A note keeps what was shown until it is written over, or the thread ends; there are [`NOTES`] at most. So what is shown
//!    gives up all that others put into it when its process ends, and what is kept is a little memory. For that, who uses
//!    it counts no reference to it: threads that use one registry would hand each other the count at each use.

use crate::{
    process::{
        block::ProcRef,
        names::{Moment, Text},
        node::{Node, NodeInner},
    },
    sync::thread_local,
};
use std::{
    any::Any,
    cell::RefCell,
    mem::{self, ManuallyDrop},
    ptr,
    sync::Arc,
};

/// How many names a thread notes.
const NOTES: usize = 8;

type Notes = [Option<Note>; NOTES];

const NO_NOTES: Notes = [const { None }; NOTES];

struct Note {
    node: u32,
    moment: Moment,
    name: Arc<str>,
    /// The same, where who asked has it; if it is there for ever, so that no other text can be there later.
    asked: Option<&'static str>,
    shows: Arc<dyn Any + Send + Sync>,
}

/// Why nothing is found.
pub(crate) enum NotFound {
    /// Nobody has the name.
    Nobody,
    /// Who has the name shows nothing, or not yet.
    Nothing(ProcRef),
    /// What is shown is of another type.
    Other,
}

thread_local! {
    /// It is not dropped when the thread ends, so it is there whenever it is asked for, and nobody has to look whether it is:
    /// where a system has locals of threads itself, as most do.
    static SEEN: RefCell<ManuallyDrop<Notes>> = const { RefCell::new(ManuallyDrop::new(NO_NOTES)) };
    /// Drops the notes when the thread ends.
    static FORGETS: Forgets = const { Forgets };
}

struct Forgets;

impl Drop for Forgets {
    fn drop(&mut self) {
        // Kept for ever if one of them is used, as by a comparison of keys that exits the program; or if a checker, which knows
        // the one after the other, has dropped them without their contents.
        let take = |seen: &RefCell<ManuallyDrop<Notes>>| {
            Some(mem::replace(&mut **seen.try_borrow_mut().ok()?, NO_NOTES))
        };
        drop(SEEN.try_with(take));
    }
}

/// What the process of this name shows, on the current node.
pub(crate) fn find<T: Send + Sync + 'static>(name: &Text) -> Result<Arc<T>, NotFound> {
    match SEEN.with(|seen| recall(&seen.borrow(), None, name)?.clone().downcast().ok()) {
        Some(shows) => Ok(shows),
        None => look(None, name),
    }
}

/// Uses what the process of this name shows; on the current node, if it is not said on which.
pub(crate) fn with<T: Send + Sync + 'static, R>(
    node: Option<&NodeInner>,
    name: &Text,
    f: impl FnOnce(&T) -> R,
) -> Result<R, NotFound> {
    SEEN.with(|seen| {
        // Borrowed while it is used. Code of a user that runs meanwhile may use a registry too: it reads notes, and makes
        // none.
        let notes = seen.borrow();
        let found;
        let shows = match recall(&notes, node, name).and_then(|shows| shows.downcast_ref()) {
            Some(shows) => shows,
            None => {
                drop(notes);
                found = look(node, name)?;
                &*found
            }
        };
        Ok(f(shows))
    })
}

impl Note {
    fn is_of(&self, name: &str) -> bool {
        // Who asks again mostly has it in the same place, so it need not be read.
        self.asked.is_some_and(|asked| ptr::eq(asked, name)) || *self.name == *name
    }

    /// Unless one of the notes is used now, or the locals of the thread are being destroyed: nobody would drop it any more.
    fn keep_at(self, place: usize) {
        if FORGETS.try_with(|_| ()).is_ok() {
            let old = SEEN.with(|seen| seen.try_borrow_mut().ok().map(|mut seen| seen[place].replace(self)));
            drop(old);
        }
    }
}

/// None if it is not noted. A part of what asks: to call it would take as long as it does.
#[inline(always)]
fn recall<'a>(
    seen: &'a Notes,
    node: Option<&NodeInner>,
    name: &Text,
) -> Option<&'a Arc<dyn Any + Send + Sync>> {
    let name = name.as_str();
    let note = seen[place(name)].as_ref().filter(|note| note.is_of(name))?;
    let stands = on(node, |node| node.id == note.node && node.names.is_still(note.moment));
    stands.then_some(&note.shows)
}

fn look<T: Send + Sync + 'static>(node: Option<&NodeInner>, name: &Text) -> Result<Arc<T>, NotFound> {
    let asked = match name {
        Text::Static(name) => Some(*name),
        Text::Shared(_) => None,
    };
    let place = place(name.as_str());
    let (node, found) = on(node, |node| (node.id, node.names.find(name.as_str())));
    let (process, name, moment) = found.ok_or(NotFound::Nobody)?;
    let Some(public) = process.process().public().cloned() else { return Err(NotFound::Nothing(process)) };
    let public: Arc<dyn Any + Send + Sync> = public;
    let shows = public.downcast::<T>().map_err(|_| NotFound::Other)?;
    let note = Note { node, moment, name, asked, shows: shows.clone() };
    note.keep_at(place);
    Ok(shows)
}

/// Looks at a node, or else at the current one.
fn on<R>(node: Option<&NodeInner>, look: impl FnOnce(&NodeInner) -> R) -> R {
    match node {
        Some(node) => look(node),
        None => Node::with_current(|node| look(node)),
    }
}

/// Where a name is noted.
fn place(name: &str) -> usize {
    // By where it ends: who asks again mostly has it in the same place, and no two names of a program end there.
    name.as_bytes().as_ptr_range().end.addr() % NOTES
}

#[cfg(all(test, not(perennial_loom)))]
mod tests {
    use super::*;
    use std::{cell::Cell, thread};

    #[test]
    fn a_thread_that_ends_drops_its_notes_and_makes_no_more() {
        fn note(shows: &Arc<()>) {
            let (moment, shows) = (Moment::default(), shows.clone());
            Note { node: 0, moment, name: "name".into(), asked: None, shows }.keep_at(0);
        }
        struct Late(Arc<()>);
        impl Drop for Late {
            fn drop(&mut self) {
                note(&self.0);
            }
        }
        std::thread_local! {
            static BEFORE: Cell<Option<Late>> = const { Cell::new(None) };
            static AFTER: Cell<Option<Late>> = const { Cell::new(None) };
        }
        let shows = Arc::new(());
        let ends = thread::spawn({
            let shows = shows.clone();
            move || {
                // Destroyed in one order or the other: one is there before the notes are, one comes after them.
                BEFORE.set(None);
                note(&shows);
                assert_eq!(Arc::strong_count(&shows), 3);
                BEFORE.set(Some(Late(shows.clone())));
                AFTER.set(Some(Late(shows)));
            }
        });
        ends.join().unwrap();
        assert_eq!(Arc::strong_count(&shows), 1);
    }

    #[test]
    fn a_program_may_exit_while_a_note_is_used() {
        SEEN.with(|seen| {
            let _used = seen.borrow();
            drop(Forgets);
        });
    }

    #[test]
    fn a_note_knows_its_name_wherever_that_lies() {
        static NAME: &str = "name";
        for asked in [None, Some(NAME)] {
            let moment = Moment::default();
            let note = Note { node: 0, moment, name: NAME.into(), asked, shows: Arc::new(()) };
            let elsewhere = NAME.to_owned();
            assert!(note.is_of(NAME) && note.is_of(&elsewhere));
            assert!(!note.is_of("eman") && !note.is_of(&NAME[..3]) && !note.is_of(""));
        }
    }
}
