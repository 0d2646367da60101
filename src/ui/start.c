/* SPDX-License-Identifier: MIT */
#include "ui/start.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL(c) ((c)-64)
#define PAGE_STEP 10

const struct start_key_entry start_keys[] = {
    {"arrows, j k", "move over the tunes, the models, the fields", {0}},
    {"PgUp PgDn", "ten rows at once; in a form, what it comes to", {0}},
    {"Enter", "go on with the tune; take the model; start the new tune",
        {"Enter go on", "Enter take", "Enter start"}},
    {"n", "a new tune", {"n new"}},
    {"Left, Right", "the field's next value; most can be typed too",
        {NULL, NULL, "Left/Right value"}},
    {"letters", "search the models, or write a path; type into a field",
        {NULL, "type to search, or a path", "type to edit"}},
    {"Esc", "back", {NULL, "Esc back", "Esc back", "Esc back"}},
    {"?", "this help", {"? help"}},
    {"Ctrl-L", "draw the screen anew", {0}},
    {"q, Ctrl-C", "leave", {"q quit"}},
};

const size_t start_key_count = sizeof start_keys / sizeof start_keys[0];

const char *const start_field_names[START_FIELDS] = {
    [START_MODEL] = "model",
    [START_TP] = "TP",
    [START_EP] = "EP",
    [START_ENGINE] = "engine",
    [START_DEVICE] = "device",
    [START_SIZES] = "batch sizes",
    [START_EFFORT] = "effort",
};

void start_add_model(struct start *start, const char *name, const char *from)
{
    start->models = xrealloc(start->models, start->model_count + 1, sizeof start->models[0]);
    struct start_model *model = &start->models[start->model_count++];
    snprintf(model->name, sizeof model->name, "%s", name);
    snprintf(model->from, sizeof model->from, "%s", from);
}

void start_add_choice(struct start *start, enum start_field field, const char *value)
{
    size_t count = start->choice_count[field]++;
    start->choices[field] = xrealloc(start->choices[field], count + 1, sizeof(char *));
    start->choices[field][count] = xstrdup(value);
}

static void drop_choices(struct start *start, enum start_field field)
{
    for (size_t i = 0; i < start->choice_count[field]; i++)
        free(start->choices[field][i]);
    free(start->choices[field]);
    start->choices[field] = NULL;
    start->choice_count[field] = 0;
}

void start_set(struct start *start, enum start_field field, const char *value)
{
    snprintf(start->values[field], START_TEXT, "%s", value);
    start->stale = true;
}

void start_take_tunes(struct start *start, struct start_tune *tunes, size_t count)
{
    long long id = start->tune_count > 0 ? start->tunes[start->row].id : 0;
    free(start->tunes);
    start->tunes = tunes;
    start->tune_count = count;
    start->row = 0;
    for (size_t i = 0; i < count; i++)
        if (tunes[i].id == id)
            start->row = (int)i;
}

static void open_new(struct start *start)
{
    start->page = *start->values[START_MODEL] ? START_FORM : START_PICK;
    start->scroll = 0;
}

void start_open(struct start *start)
{
    start->page = START_LIST;
    start->stale = true;
    if (start->tune_count == 0)
        open_new(start);
}

void start_close(struct start *start)
{
    for (int field = 0; field < START_FIELDS; field++)
        drop_choices(start, (enum start_field)field);
    free(start->tunes);
    free(start->models);
    *start = (struct start){0};
}

void start_take_look(struct start *start, const struct start_look *look)
{
    char number[16];
    start->look = *look;
    start->stale = false;
    if (look->tp_count == 0)
        return;
    drop_choices(start, START_TP);
    drop_choices(start, START_EP);
    for (int i = 0; i < look->tp_count; i++) {
        snprintf(number, sizeof number, "%d", look->tp[i]);
        start_add_choice(start, START_TP, number);
    }
    for (int i = 0; i < look->ep_count; i++) {
        snprintf(number, sizeof number, "%d", look->ep[i]);
        start_add_choice(start, START_EP, number);
    }
}

const struct start_model *start_match(const struct start *start, int at)
{
    for (size_t i = 0; i < start->model_count; i++)
        if (text_contains(start->models[i].name, start->filter) && at-- == 0)
            return &start->models[i];
    return NULL;
}

static int clamp(int value, int count)
{
    value = value >= count ? count - 1 : value;
    return value < 0 ? 0 : value;
}

/* How far a key moves in a list, 0: not at all. */
static int step_of(int key)
{
    switch (key) {
    case KEY_UPWARD:
        return -1;
    case KEY_DOWNWARD:
        return 1;
    case KEY_PAGE_UP:
        return -PAGE_STEP;
    case KEY_PAGE_DOWN:
        return PAGE_STEP;
    default:
        return 0;
    }
}

static enum start_effect list_key(struct start *start, int key)
{
    int by = key == 'k' ? -1 : key == 'j' ? 1 : step_of(key);
    start->row = clamp(start->row + by, (int)start->tune_count);
    if (key == 'q')
        return START_QUIT;
    if (key == 'n')
        open_new(start);
    if (key == '?') {
        start->page = START_HELP;
        start->scroll = 0;
    }
    return key == KEY_RETURN && start->tune_count > 0 ? START_RESUME : START_NOTHING;
}

/* Types into a text; false: no key for that. */
static bool type(char *text, int key)
{
    size_t length = strlen(text);
    if (key == KEY_ERASE || key == 8 || key == 127) {
        if (length > 0)
            text[length - 1] = '\0';
        return true;
    }
    if (key < ' ' || key > 255 || length + 1 >= START_TEXT)
        return false;
    text[length] = (char)key;
    text[length + 1] = '\0';
    return true;
}

static bool is_path(const char *text)
{
    return *text == '/' || *text == '.' || *text == '~';
}

static void take_model(struct start *start)
{
    const struct start_model *model = start_match(start, start->pick);
    if (model && !is_path(start->filter))
        start_set(start, START_MODEL, model->name);
    else if (*start->filter)
        start_set(start, START_MODEL, start->filter);
    else
        return;
    start->filter[0] = '\0';
    start->page = START_FORM;
    start->field = START_TP;
}

static void pick_key(struct start *start, int key)
{
    int count = 0;
    if (key == KEY_ESCAPE) {
        start->page = *start->values[START_MODEL] ? START_FORM : START_LIST;
        start->filter[0] = '\0';
    } else if (key == KEY_RETURN) {
        take_model(start);
    } else if (step_of(key)) {
        while (start_match(start, count))
            count++;
        start->pick = clamp(start->pick + step_of(key), count);
    } else if (type(start->filter, key)) {
        start->pick = 0;
    }
}

/* The value after or before the present one; from a typed one to the first. */
static void step_value(struct start *start, int by)
{
    enum start_field field = start->field;
    size_t count = start->choice_count[field], at = 0;
    while (at < count && strcmp(start->choices[field][at], start->values[field]) != 0)
        at++;
    if (count == 0)
        return;
    at = at == count ? 0 : (at + count + (size_t)(by + (int)count)) % count;
    start_set(start, field, start->choices[field][at]);
}

static void form_type(struct start *start, int key)
{
    bool erases = key == KEY_ERASE || key == 8 || key == 127;
    if (start->field == START_MODEL && !erases) {
        start->filter[0] = '\0';
        start->pick = 0;
        if (type(start->filter, key))
            start->page = START_PICK;
    } else if (start->field != START_EFFORT && type(start->values[start->field], key)) {
        start->stale = true;
    }
}

/* The view takes back what is too far. */
static void scroll(struct start *start, int by)
{
    start->scroll = start->scroll + by < 0 ? 0 : start->scroll + by;
}

static enum start_effect form_key(struct start *start, int key)
{
    int by = key == '\t' ? 1 : step_of(key);
    if (key == KEY_ESCAPE) {
        start->page = START_LIST;
    } else if (key == KEY_RETURN) {
        if (!start->stale && !*start->look.error)
            return START_NEW;
        snprintf(start->notice, sizeof start->notice, "not started: see the reason above");
    } else if (key == KEY_PAGE_UP || key == KEY_PAGE_DOWN) {
        scroll(start, by);
    } else if (by) {
        start->field = (enum start_field)clamp((int)start->field + by, START_FIELDS);
    } else if (key == KEY_LEFTWARD || key == KEY_RIGHTWARD) {
        step_value(start, key == KEY_LEFTWARD ? -1 : 1);
    } else {
        form_type(start, key);
    }
    return START_NOTHING;
}

enum start_effect start_key(struct start *start, int key)
{
    start->notice[0] = '\0';
    if (key == CONTROL('L'))
        return START_REDRAW;
    if (key == CONTROL('C'))
        return START_QUIT;
    if (start->page == START_LIST)
        return list_key(start, key);
    if (start->page == START_FORM)
        return form_key(start, key);
    if (start->page == START_PICK)
        pick_key(start, key);
    else if (step_of(key))
        scroll(start, step_of(key));
    else
        start->page = START_LIST;
    return START_NOTHING;
}

/* The option of each field, NULL where the value itself decides. */
static const char *const options[START_FIELDS] = {
    [START_TP] = "--tp",
    [START_EP] = "--ep",
    [START_ENGINE] = "--engine",
    [START_DEVICE] = "--device",
    [START_SIZES] = "--batch-sizes",
};

/* Whether a field says more than its option's absence does. */
static bool tells(const struct start *start, enum start_field field)
{
    const char *value = start->values[field];
    if (field == START_TP || field == START_EP)
        return strcmp(value, "1") != 0;
    /* A first choice in words ("the usual 18", "this machine's") stands for no option. */
    bool first = start->choice_count[field] > 0 && strcmp(value, start->choices[field][0]) == 0;
    return *value && !(first && strchr(value, ' '));
}

char **start_words(const struct start *start)
{
    char **words = xcalloc(2 * START_FIELDS + 1, sizeof *words);
    size_t count = 0;
    words[count++] = xstrdup(start->values[START_MODEL]);
    for (int field = 0; field < START_FIELDS; field++) {
        if (!options[field] || !tells(start, (enum start_field)field))
            continue;
        words[count++] = xstrdup(options[field]);
        words[count++] = xstrdup(start->values[field]);
    }
    if (strcmp(start->values[START_EFFORT], "full") != 0)
        words[count++] = xasprintf("--%s", start->values[START_EFFORT]);
    return words;
}
