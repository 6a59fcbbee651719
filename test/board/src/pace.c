#include "pace.h"

#define SLICE_NS       (250 * NS_PER_US) // virtual time between two looks at the outside
#define IDLE_NS        (1 * NS_PER_MS)   // the same with nothing on the line
#define FAST_TAIL_NS   (1 * NS_PER_MS)   // an answer often follows the last byte closely
#define LAG_GIVE_UP_NS (250 * NS_PER_MS) // further behind is written off as lost
#define DRIVER_BYTES   4096u             // a serial driver's buffer, as Linux has it

void pace_start(struct pace *p, bool realtime, uint64_t wall_ns, uint64_t virt_ns) {
    *p = (struct pace){.realtime = realtime, .wall0_ns = wall_ns, .virt0_ns = virt_ns};
}

uint64_t pace_target(const struct pace *p, uint64_t wall_ns) {
    return p->virt0_ns + (wall_ns - p->wall0_ns);
}

static uint64_t behind(const struct pace *p, uint64_t wall_ns, uint64_t virt_ns) {
    uint64_t target = pace_target(p, wall_ns);
    return target > virt_ns ? target - virt_ns : 0;
}

uint64_t pace_run(struct pace *p, uint64_t wall_ns, uint64_t virt_ns, bool busy,
                  uint64_t *lost_ns) {
    uint64_t late = behind(p, wall_ns, virt_ns);
    uint64_t slice = busy ? SLICE_NS : IDLE_NS;
    *lost_ns = late > LAG_GIVE_UP_NS ? late : 0;
    if (*lost_ns) {
        p->lost_ns += *lost_ns;
        p->max_lag_ns = late > p->max_lag_ns ? late : p->max_lag_ns;
        p->wall0_ns = wall_ns;
        p->virt0_ns = virt_ns;
        late = slice;
    }
    if (!p->realtime && (busy || virt_ns < p->busy_until_ns)) {
        p->busy_until_ns = busy ? virt_ns + SLICE_NS + FAST_TAIL_NS : p->busy_until_ns;
        return SLICE_NS;
    }
    return late < slice ? late : slice;
}

uint64_t pace_wait(struct pace *p, uint64_t wall_ns, uint64_t virt_ns, bool busy) {
    if (!p->realtime && virt_ns > pace_target(p, wall_ns)) { // ahead: wall time goes on from here
        p->wall0_ns = wall_ns;
        p->virt0_ns = virt_ns;
    }
    p->lag_ns = behind(p, wall_ns, virt_ns);
    p->max_lag_ns = p->lag_ns > p->max_lag_ns ? p->lag_ns : p->max_lag_ns;
    p->reached_ns = wall_ns - p->lag_ns;
    if (p->lag_ns > SLICE_NS || (!p->realtime && (busy || virt_ns < p->busy_until_ns))) {
        return 0;
    }
    return busy ? SLICE_NS : IDLE_NS;
}

// A host must be pushed back as by a driver whose buffer is full. The line does not wait for a
// board that lags: what it would have taken by now has left the driver, and waits for the board's
// time.
size_t pace_room(const struct pace *p, uint32_t rate) {
    return DRIVER_BYTES + (size_t)(rate * p->lag_ns / (10 * 1000 * NS_PER_MS));
}
