// Stores to RAM in libunicorn 2.0.1 look for translated code to throw away, each one with a tree
// built and torn down: some 40 ns, more than all the rest of an instruction. The board keeps RAM
// that code was fetched from write-protected and does that itself (cpu.c), so the search is
// replaced by nothing. libunicorn calls these exported functions through the dynamic symbol
// table; a build of it that does not is only slower.
#include "internal.h"

#define EXPORTED __attribute__((visibility("default"), used))

struct uc_struct;
struct page_collection;

EXPORTED struct page_collection *page_collection_lock_arm(struct uc_struct *uc, unsigned long start,
                                                          unsigned long end);
EXPORTED void page_collection_unlock_arm(struct page_collection *pages);
EXPORTED void tb_invalidate_phys_page_fast_arm(struct uc_struct *uc, struct page_collection *pages,
                                               unsigned long start, int len,
                                               unsigned long return_address);

struct page_collection *page_collection_lock_arm(struct uc_struct *uc, unsigned long start,
                                                 unsigned long end) {
    (void)uc, (void)start, (void)end;
    return (struct page_collection *)0;
}

void page_collection_unlock_arm(struct page_collection *pages) {
    (void)pages;
}

void tb_invalidate_phys_page_fast_arm(struct uc_struct *uc, struct page_collection *pages,
                                      unsigned long start, int len, unsigned long return_address) {
    (void)uc, (void)pages, (void)start, (void)len, (void)return_address;
}

// Called so that the linker takes this file out of the library.
void cpu_use_fast_stores(void) {}
