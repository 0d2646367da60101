/* SPDX-License-Identifier: MIT */
#include "base/words.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/*
 * Takes one quoted or bare piece of a word from *at into `word`; false on an unclosed quote.
 * Within double quotes a backslash escapes only $ ` " \ and newline (POSIX shell, 2.2.3).
 */
static bool take_piece(const char **at, struct text *word)
{
    const char *p = *at;
    if (*p == '\'') {
        const char *end = strchr(p + 1, '\'');
        if (!end)
            return false;
        text_add_bytes(word, p + 1, (size_t)(end - p - 1));
        p = end + 1;
    } else if (*p == '"') {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1] && strchr("$`\"\\\n", p[1]))
                p++;
            text_add_bytes(word, p, 1);
        }
        if (!*p)
            return false;
        p++;
    } else {
        if (*p == '\\' && p[1])
            p++;
        text_add_bytes(word, p++, 1);
    }
    *at = p;
    return true;
}

char **words_split(const char *command, struct error *err)
{
    char **words = xcalloc(1, sizeof *words);
    size_t count = 0;
    const char *p = command + strspn(command, " \t\n");
    while (*p) {
        struct text word = {0};
        text_add_bytes(&word, "", 0);
        while (*p && !strchr(" \t\n", *p)) {
            if (!take_piece(&p, &word)) {
                error_set(err, ERROR_USAGE, "%s: a quote is not closed", command);
                text_free(&word);
                goto fail;
            }
        }
        words = xrealloc(words, count + 2, sizeof *words);
        words[count++] = text_take(&word);
        words[count] = NULL;
        p += strspn(p, " \t\n");
    }
    if (count > 0)
        return words;
    error_set(err, ERROR_USAGE, "a command is empty");
fail:
    words_free(words);
    return NULL;
}

void words_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
}
