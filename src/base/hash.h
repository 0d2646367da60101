/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_HASH_H
#define MOEBENCH_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_HEX_SIZE 65 /* 64 hex digits and the NUL */

/* SHA-256 (FIPS 180-4) of the bytes as lower-case hex. */
void hash_sha256(const void *bytes, size_t length, char hex[HASH_HEX_SIZE]);
/* 64-bit mixing (splitmix64 finaliser) for seeded, order-free choices; not for identity. */
uint64_t hash_mix(uint64_t value);

#endif
