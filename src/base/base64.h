/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_BASE64_H
#define MOEBENCH_BASE_BASE64_H

#include <stddef.h>

/* RFC 4648 with padding, no line breaks. free() the result. */
char *base64_encode(const void *bytes, size_t length);
/* NULL when the text is not base64 as above. free() the result; *length without the NUL behind. */
unsigned char *base64_decode(const char *text, size_t *length);

#endif
