#include "resets.h"
void resets_all(const struct product *product, struct tally *tally) {
    (void)product;
    (void)tally;
}
bool resets_run(const struct product *product, const char *name, bool verbose,
                struct tally *tally) {
    (void)product;
    (void)tally;
    (void)name;
    (void)verbose;
    return false;
}
