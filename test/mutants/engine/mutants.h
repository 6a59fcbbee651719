// Included before each source that holds its mutants: which of them is in force.
#ifndef MUTANTS_H
#define MUTANTS_H

#include <stdbool.h>

#define MUTANTS_NONE (-1)
#define MUTANTS_SEEN (-2) // none in force; those that are reached are noted

extern int mutants_active;
extern unsigned char *mutants_reached;

// Whether a mutant is in force, where it would change something.
#define MUTANT(number) (mutants_reached[number] = 1, mutants_active == (number))

// Whether one of [first, last] may be, so that their function has to ask.
#define MUTANTS(first, last)                                                                       \
    (mutants_active == MUTANTS_SEEN || (mutants_active >= (first) && mutants_active <= (last)))

#endif
