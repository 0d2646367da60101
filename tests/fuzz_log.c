/* SPDX-License-Identifier: MIT */
#include "tests/fuzz.h"

#include "base/text.h"
#include "domain/server_log.h"

#include <stdlib.h>
#include <string.h>

/* Every line of the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size), *rest = NULL;
    for (char *at = strtok_r(text, "\n", &rest); at != NULL; at = strtok_r(NULL, "\n", &rest)) {
        struct server_line line;
        struct text advice = {0};
        if (server_line_parse(at, &line)) {
            server_line_advice(&line, &advice);
            if (advice.length == 0)
                abort();
        }
        server_line_free(&line);
        text_free(&advice);
    }
    free(text);
    return 0;
}
