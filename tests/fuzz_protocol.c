/* SPDX-License-Identifier: MIT */
/* A line of the worker's protocol, taken as a command and as an event. */
#include "tests/fuzz.h"

#include "base/text.h"
#include "worker/protocol.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = xstrndup((const char *)data, size);
    struct error err = {0};
    struct worker_command command = {0};
    if (command_parse(line, &command, &err)) {
        free(command_print(&command));
        command_free(&command);
    }
    struct event *event = xcalloc(1, sizeof *event);
    if (event_parse(line, event, &err))
        free(event_print(event));
    free(event);
    free(line);
    return 0;
}
