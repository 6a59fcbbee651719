#include "session.h"
int run_live(struct session *s) { (void)s; return 0; }
