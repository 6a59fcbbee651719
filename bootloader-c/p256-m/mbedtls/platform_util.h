// What p256-m wants of Mbed TLS, for a bootloader that only verifies: nothing here is secret.
#ifndef MBEDTLS_PLATFORM_UTIL_H
#define MBEDTLS_PLATFORM_UTIL_H

#define MBEDTLS_PSA_P256M_DRIVER_ENABLED
#define mbedtls_platform_zeroize(bytes, size) ((void)(bytes), (void)(size))

#endif
