/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t length)
{
    const unsigned char *in = bytes;
    char *text = xcalloc(length / 3 * 4 + 5, 1);
    char *out = text;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= left > 2 ? in[i + 2] : 0;
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    return text;
}

/* Value of each digit plus one, 0 for every other character. */
static void fill_values(unsigned char values[256])
{
    memset(values, 0, 256);
    for (unsigned char i = 0; i < 64; i++)
        values[(unsigned char)digits[i]] = i + 1;
}

unsigned char *base64_decode(const char *text, size_t *length)
{
    unsigned char values[256];
    fill_values(values);
    size_t count = strlen(text);
    size_t padding = count > 0 && text[count - 1] == '=' ? 1 : 0;
    padding += count > 1 && padding && text[count - 2] == '=' ? 1 : 0;
    if (count % 4)
        return NULL;
    unsigned char *bytes = xcalloc(count / 4 * 3 + 1, 1);
    size_t filled = 0;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t group = 0;
        for (size_t k = i; k < i + 4; k++) {
            unsigned char value = values[(unsigned char)text[k]];
            if (value == 0 && k < count - padding) {
                free(bytes);
                return NULL;
            }
            group = group << 6 | (value ? value - 1u : 0u);
        }
        bytes[filled++] = (unsigned char)(group >> 16);
        bytes[filled++] = (unsigned char)(group >> 8);
        bytes[filled++] = (unsigned char)group;
    }
    *length = filled - padding;
    bytes[*length] = 0;
    return bytes;
}
