// Another firmware: cryptography of BearSSL instead of newlib, so that an update from one to the
// other has nothing to copy. It is there to be sent, and computes nothing.
#include "bearssl.h"

#include "board_support.h"
#include "listen.h"

typedef void function(void);

#define FUNCTION(name) ((function *)(name))

static function *const volatile functions[] = {
    FUNCTION(br_aes_ct_cbcdec_run),
    FUNCTION(br_aes_ct64_ctrcbc_encrypt),
    FUNCTION(br_aes_small_ctr_run),
    FUNCTION(br_des_ct_cbcenc_run),
    FUNCTION(br_des_tab_cbcdec_run),
    FUNCTION(br_chacha20_ct_run),
    FUNCTION(br_poly1305_ctmul_run),
    FUNCTION(br_ghash_ctmul32),
    FUNCTION(br_sha512_update),
    FUNCTION(br_md5sha1_update),
    FUNCTION(br_sha1_update),
    FUNCTION(br_rsa_i31_private),
    FUNCTION(br_rsa_i15_public),
    FUNCTION(br_rsa_i31_pkcs1_sign),
    FUNCTION(br_ecdsa_i31_sign_asn1),
    FUNCTION(br_ecdsa_i15_vrfy_asn1),
    FUNCTION(br_ssl_client_init_full),
    FUNCTION(br_ssl_server_init_full_rsa),
    FUNCTION(br_aes_big_cbcdec_run),
    FUNCTION(br_aes_big_cbcenc_run),
    FUNCTION(br_rsa_i31_keygen),
    FUNCTION(br_rsa_i31_oaep_decrypt),
    FUNCTION(br_eax_reset),
    FUNCTION(br_ccm_reset),
};

int main(void) {
    board_start();
    // Never so; the compiler does not know.
    if (functions[0] == functions[1]) {
        functions[2]();
    }
    (void)br_ec_get_default();
    listen("other: running\r\n");
}
