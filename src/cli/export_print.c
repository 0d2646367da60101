/* SPDX-License-Identifier: MIT */
#include "cli/export_print.h"

#include <stdio.h>
#include <stdlib.h>

void export_print(
    const struct export_set *set, const char *out, const struct export_result *written)
{
    char *text = export_instructions(set, out, written), *summary = export_summary(written);

    for (int g = 0; g < GEMM_COUNT; g++)
        if (written->paths[g])
            printf("wrote %s (%d entries)\n", written->paths[g], written->entries);
    printf("%s\n%s%s", summary, written->notes.data ? written->notes.data : "", text);
    free(summary);
    free(text);
}

void export_add_json(struct json *object, const struct export_result *written)
{
    struct json *paths = json_add_array(object, "exported");

    for (int g = 0; g < GEMM_COUNT; g++)
        if (written->paths[g])
            json_add_string(paths, NULL, written->paths[g]);
    json_add_int(object, "exported_settled", written->entries - written->as_of_now);
    json_add_int(object, "exported_as_of_now", written->as_of_now);
    json_add_int(object, "left_out", written->left_out);
}
