// A HardFault handler that notes why, and steps over the instruction by `skip` bytes.
#ifndef TEST_FW_FAULTS_H
#define TEST_FW_FAULTS_H

#include "common.h"

static volatile uint32_t faults, saved_cfsr, saved_hfsr, saved_bfar, saved_pc, skip, resume;

static __attribute__((used)) void fault(uint32_t *frame) {
    saved_cfsr = SCB_CFSR;
    saved_hfsr = SCB_HFSR;
    saved_bfar = SCB_BFAR;
    saved_pc = frame[6];
    SCB_CFSR = saved_cfsr;
    SCB_HFSR = saved_hfsr;
    faults++;
    frame[6] += skip;
    if (resume) { // behind the call instead
        frame[6] = frame[5] & ~1u;
        frame[7] |= 1u << 24;
    }
}

__attribute__((naked)) void hardfault(void) {
    __asm volatile("tst lr, #4; ite eq; mrseq r0, msp; mrsne r0, psp; b fault");
}

static inline void report_fault(void) {
    put_hex(faults);
    put_hex(saved_cfsr);
    put_hex(saved_hfsr);
    put_hex(saved_bfar);
}

#endif
