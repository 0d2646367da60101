/* SPDX-License-Identifier: MIT */
#include "cli/manual.h"

#include "base/text.h"
#include "cli/commands.h"
#include "ui/legend.h"
#include "ui/start.h"

#include <stdlib.h>
#include <string.h>

static const char head[] =
    ".\\\" SPDX-License-Identifier: MIT\n"
    ".\\\" Made by `moebench help --mdoc`; edit the tables, not this.\n"
    ".Dd November 25, 2026\n"
    ".Dt MOEBENCH 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm moebench\n"
    ".Nd find, prove and export launch configs of the Triton fused-MoE kernel\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Op Ar MODEL\n"
    ".Op Ar OPTION ...\n"
    ".Nm\n"
    ".Ar COMMAND\n"
    ".Op Ar ARGUMENT ...\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "times the fused-MoE kernel of SGLang and vLLM on the GPU that will serve,\n"
    "for every launch config that fits,\n"
    "and writes the config files that the engines load.\n"
    "Without a command it opens the workbench, a full screen;\n"
    "without\n"
    ".Ar MODEL\n"
    "the start screen lists the tunes and makes new ones.\n"
    ".Pp\n"
    ".Ar MODEL\n"
    "is a config.json, a folder that has one, a shipped name, or a model in the local\n"
    "Hugging Face cache.\n";

static const char tail[] = ".Sh ENVIRONMENT\n"
                           ".Bl -tag -width Ds\n"
                           ".It Ev MOEBENCH_DB\n"
                           "The database, instead of moebench.db in the XDG data folder.\n"
                           ".It Ev MOEBENCH_DATA\n"
                           "The folder of shipped files.\n"
                           ".It Ev NO_COLOR\n"
                           "Set and not empty: no colours.\n"
                           ".El\n"
                           ".Sh FILES\n"
                           ".Bl -tag -width Ds\n"
                           ".It Pa ~/.config/moebench/settings.json\n"
                           "Preferences, written only when asked for.\n"
                           ".It Pa ~/.local/share/moebench/moebench.db\n"
                           "All tunes and measurements.\n"
                           ".It Pa ~/.cache/moebench\n"
                           "Compiled kernels.\n"
                           ".El\n"
                           ".Sh EXIT STATUS\n"
                           "0 done, 1 failed, 2 wrong usage, 3 no usable device or back-end,\n"
                           "4 stopped with work left; all that was measured is stored.\n"
                           ".Cm ab\n"
                           "alone: 0 FASTER, 10 SLOWER, 11 SAME, 12 UNDECIDED.\n";

/* Text that mdoc shall not take for a macro or an escape. */
static void add_plain(struct text *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        text_add(out, "\\&");
    for (; *s; s++) {
        if (*s == '\\')
            text_add(out, "\\e");
        else if (*s == '"')
            text_add(out, "\\(dq");
        else
            text_add_bytes(out, s, 1);
    }
}

static void add_item(struct text *out, const char *macro, const char *name, const char *rest)
{
    text_add(out, ".It %s \"\\&", macro);
    add_plain(out, name);
    text_add(out, "\"%s%s\n", *rest ? " Ar " : "", rest);
}

static void add_paragraphs(struct text *out, const char *details)
{
    text_add(out, ".Bd -literal\n");
    for (const char *line = details; *line;) {
        size_t length = strcspn(line, "\n");
        char *copy = xstrndup(line, length);
        add_plain(out, copy);
        text_add(out, "\n");
        free(copy);
        line += length + (line[length] == '\n');
    }
    text_add(out, ".Ed\n");
}

static void add_command(struct text *out, const struct command *command)
{
    text_add(out, ".Ss %s%s%s%s\n", command->name, *command->operands ? " " : "", command->operands,
        *command->operands ? "\\&" : ""); /* no mark at the end that mdoc would set apart */
    add_plain(out, command->summary);
    text_add(out, "%s\n", text_ends_with(command->summary, "?") ? "" : ".");
    if (command->details)
        add_paragraphs(out, command->details);
    if (!command->options || !command->options[0].name)
        return;
    text_add(out, ".Bl -tag -width Ds\n");
    for (const struct option_spec *option = command->options; option->name; option++) {
        char *name = xasprintf("--%s", option->name);
        add_item(out, "Cm", name, option->argument ? option->argument : "");
        add_plain(out, option->help);
        text_add(out, "\n");
        free(name);
    }
    text_add(out, ".El\n");
}

static void add_keys(struct text *out, struct key_list list)
{
    if (list.title)
        text_add(out, ".Ss Keys %s\n", list.title);
    text_add(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < list.count; i++) {
        if (!list.entries[i].name)
            continue;
        add_item(out, "Ic", list.entries[i].name, "");
        add_plain(out, list.entries[i].help);
        text_add(out, "\n");
    }
    text_add(out, ".El\n");
}

static void add_legend(struct text *out)
{
    text_add(out, ".Ss Marks %s\n.Bl -tag -width Ds\n", legend_title);
    for (size_t i = 0; i < legend_count; i++) {
        add_item(out, "Ic", legend_rows[i].name, "");
        add_plain(out, legend_rows[i].meaning);
        text_add(out, "\n");
    }
    text_add(out, ".El\n");
}

char *manual_page(void)
{
    struct text out = {0};
    text_add(&out, "%s.Sh COMMANDS\n", head);
    for (const struct command *const *command = commands; *command; command++)
        if (!(*command)->hidden)
            add_command(&out, *command);
    text_add(&out, ".Sh KEYS\n");
    for (int place = 0; place < PLACE_COUNT; place++)
        add_keys(&out, key_list((enum key_place)place));
    add_legend(&out);
    text_add(&out, ".Ss On the start screen\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < start_key_count; i++) {
        add_item(&out, "Ic", start_keys[i].name, "");
        add_plain(&out, start_keys[i].help);
        text_add(&out, "\n");
    }
    text_add(&out, ".El\n%s", tail);
    return text_take(&out);
}

static void add_words(struct text *out, const char *pattern, const struct command *command)
{
    text_add(out, "    %s) words=\"%s", pattern, command == &cmd_help ? "$commands" : "");
    for (const struct option_spec *option = command->options; option->name; option++)
        text_add(out, " --%s", option->name);
    text_add(out, "\" ;;\n");
}

/* What is no command is a model: the workbench's options follow. */
char *manual_completion(void)
{
    struct text out = {0};
    text_add(&out, "# SPDX-License-Identifier: MIT\n"
                   "# Made by `moebench help --completion`; edit the tables, not this.\n"
                   "_moebench() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                   "    local commands=\"");
    for (const struct command *const *command = commands; *command; command++)
        if (!(*command)->hidden)
            text_add(&out, "%s%s", command == commands ? "" : " ", (*command)->name);
    text_add(&out, "\"\n    case ${COMP_WORDS[1]} in\n");
    for (const struct command *const *command = commands; *command; command++)
        if (!(*command)->hidden && (*command)->options && *command != &cmd_workbench)
            add_words(&out, (*command)->name, *command);
    add_words(&out, "*", &cmd_workbench);
    text_add(&out, "    esac\n"
                   "    [ \"$COMP_CWORD\" = 1 ] && words=\"$commands --version --help\"\n"
                   "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                   "    [ \"${word#-}\" = \"$word\" ] &&\n"
                   "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\")\n"
                   "}\n"
                   "complete -o filenames -F _moebench moebench\n");
    return text_take(&out);
}
