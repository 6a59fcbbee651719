// Runs BearSSL's own tests, which compare with published vectors, print what they do and exit(1) at
// the first wrong result.
#include <stdio.h>

#include "board_support.h"

int testcrypto(int count, char *names[]); // main of BearSSL's test_crypto.c

int main(void) {
    // Those that take seconds on a Cortex-M3 at 8 MHz. All of them are linked.
    static char names[][16] = {"testcrypto", "SHA256",      "HKDF",
                               "HMAC_DRBG",  "ChaCha20_ct", "Poly1305_i15"};
    enum { COUNT = sizeof names / sizeof names[0] };
    char *arguments[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        arguments[i] = names[i];
    }
    board_start();
    setbuf(stdout, NULL);
    printf("crypto: end, %d\r\n", testcrypto(COUNT, arguments));
    for (;;) {
    }
}
