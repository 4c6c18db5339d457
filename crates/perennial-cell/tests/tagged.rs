//! The tests of the cell under an allocator that keeps a tag in the upper bits of addresses, as that of Android does.
//! The processor has to ignore these bits: 64-bit ARM.

#![cfg(all(perennial_tagged, target_arch = "aarch64"))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

mod lending;
mod mailbox;
mod turns;

const TAG: usize = 0xB4 << 56;

/// Smaller blocks go to the system without a tag: some of them are buffers, and a tagged address is nothing to the kernel
/// unless it is told so.
const SMALLEST: usize = 4096;

struct Tagging;

// SAFETY: the blocks are those of `System`, which gets back the addresses that it has handed out.
unsafe impl GlobalAlloc for Tagging {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the contract.
        let block = unsafe { System.alloc(layout) };
        if layout.size() < SMALLEST || block.is_null() {
            block
        } else {
            block.map_addr(|address| address | TAG)
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let is_tagged = block.addr() & TAG == TAG;
        assert_eq!(is_tagged, layout.size() >= SMALLEST, "an address lost its tag");
        // SAFETY: by the contract, with the address that `System` handed out.
        unsafe { System.dealloc(block.map_addr(|address| address & !TAG), layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Tagging = Tagging;

#[test]
fn a_letter_lies_at_an_address_with_a_tag() {
    let letter = Box::new([0_u8; SMALLEST]);
    assert_eq!(letter.as_ptr().addr() & TAG, TAG);
}
