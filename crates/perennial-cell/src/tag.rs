//! What the addresses of letters have above the 48 bits for which a [word](crate::word) has room.
//!
//! Mostly nothing. The allocator of Android puts a tag into the highest byte, the same one in all of a program, and wants to
//! see it again when memory is given back. It is kept here once for all letters.
//!
//! An allocator with several tags, as memory tagging and some sanitizers have them, is refused where a letter is written.

use std::sync::atomic::{AtomicU64, Ordering};

/// So much of an address fits into a word.
pub(crate) const ADDRESS: u64 = (1 << 48) - 1;

/// No other platform pays for it.
const IS_TAGGED: bool = cfg!(any(target_os = "android", perennial_tagged));

/// No tag: the lowest bit is not among its bits.
const UNKNOWN: u64 = 1;

static TAG: Tag = Tag::new();

/// Learns the tag of the first address that it sees.
struct Tag(AtomicU64);

impl Tag {
    const fn new() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }

    /// Whether an address has the tag that all have.
    fn is_of(&self, address: u64) -> bool {
        let tag = address & !ADDRESS;
        // Race: of two who come first with different tags, the later one is refused.
        let known = self.0.load(Ordering::Relaxed);
        known == tag
            || known == UNKNOWN
                && self
                    .0
                    .compare_exchange(UNKNOWN, tag, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|known| known == tag, |_| true)
    }

    fn restore(&self, address: u64) -> u64 {
        // Relaxed: who knows the address comes after the tag was learned, and it does not change.
        address | self.0.load(Ordering::Relaxed)
    }
}

/// Whether a letter can lie at this address.
pub(crate) fn admits(address: usize) -> bool {
    let address = address as u64;
    if IS_TAGGED { TAG.is_of(address) } else { address & !ADDRESS == 0 }
}

/// What a word keeps of an address that is [admitted](admits).
pub(crate) fn without(address: usize) -> usize {
    if IS_TAGGED { (address as u64 & ADDRESS) as usize } else { address }
}

/// The address of which a word has kept this.
pub(crate) fn with(address: usize) -> usize {
    if IS_TAGGED && address != 0 { TAG.restore(address as u64) as usize } else { address }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_have_the_tag_of_the_first() {
        for tag in [0, 0xB4 << 56] {
            let known = Tag::new();
            assert!(known.is_of(tag | 0x7f00_1234_5670) && known.is_of(tag | 0x10));
            assert!(!known.is_of(tag ^ (1 << 56) | 0x10));
            assert_eq!(known.restore(0x10), tag | 0x10);
        }
    }

    #[test]
    fn what_a_word_keeps_leads_to_the_address() {
        let letter = Box::new(0_u128);
        let address = std::ptr::from_ref(&*letter).addr();
        assert!(admits(address));
        assert_eq!(with(without(address)), address);
        assert_eq!(with(0), 0);
    }
}
