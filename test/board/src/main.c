// iap-board: a virtual STM32 board that runs the real firmware binary.
#include "session.h"

int main(int argc, char **argv) {
    struct session s;
    int code;
    if (!session_open(&s, argc, argv, &code)) {
        return code;
    }
    code = s.pipe ? run_pipe(&s) : run_live(&s);
    int closed = session_close(&s);
    return closed ? closed : code;
}
