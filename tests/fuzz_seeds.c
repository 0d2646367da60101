/* SPDX-License-Identifier: MIT */
#include "tests/fuzz.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fuzz target's main without a fuzzer: every test file, cut off at many places, and with a byte
 * changed there. */
static bool feed(const char *path, void *arg)
{
    size_t length, *count = arg;
    char *text = path_read(path, 16384, &length, NULL);
    for (size_t cut = 0; text != NULL && cut <= length; cut += 1 + length / 64) {
        /* A copy of just this size, so that a sanitizer sees every step past its end. */
        uint8_t *part = malloc(cut + 1);
        if (part == NULL)
            abort();
        memcpy(part, text, cut);
        LLVMFuzzerTestOneInput(part, cut);
        if (cut > 0) {
            part[cut / 2] ^= 0x55;
            LLVMFuzzerTestOneInput(part, cut);
        }
        free(part);
        *count += 2;
    }
    free(text);
    return true;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    size_t count = 0;
    if (!path_walk(argc > 1 ? argv[1] : TEST_DATA, feed, &count, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
