/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_START_H
#define MOEBENCH_UI_START_H

#include "ui/canvas.h"
#include "ui/keys.h"

/*
 * What comes before the main screen: the database's tunes, or the form of a new one. Pure: keys
 * change it, view_start draws it. A new tune is a command line (start_words), so that whoever
 * knows the form knows the options.
 */

#define START_TEXT 256

struct start_tune {
    long long id;
    char model[128], device[128], engine[48], backend[16], state[16];
    char touched[24]; /* "2026-11-25 14:02", local time */
    int percent;
    char about[160]; /* what else tells it from others: "quick, M 1,8,64, 480 tiles" */
};

struct start_model {
    char name[START_TEXT]; /* what MODEL would be */
    char from[32];         /* "shipped", "downloaded", "recorded, TP4" */
};

enum start_field {
    START_MODEL,
    START_TP,
    START_EP,
    START_ENGINE,
    START_DEVICE,
    START_SIZES,
    START_EFFORT,
    START_FIELDS
};

#define START_FACTS 8
#define START_STEPS 24

/* What a command line would come to; error "" where nothing is wrong with it. */
struct start_look {
    struct {
        char label[12], text[400];
    } facts[START_FACTS];
    int fact_count;
    char error[1024];
    /* What divides the layer; as far as the model can be read. */
    int tp[START_STEPS], tp_count, ep[START_STEPS], ep_count;
};

enum start_page { START_LIST, START_PICK, START_FORM, START_HELP };

struct start {
    char db[START_TEXT]; /* for people */
    char driven[48];     /* "one driven by pid 123": by another process; or "" */
    char here[160];      /* what measures: "NVIDIA GB10", "no GPU: recorded on ..." */
    struct start_tune *tunes;
    size_t tune_count;
    struct start_model *models;
    size_t model_count;
    char **choices[START_FIELDS]; /* legal values in the order of the arrows; none: typed only */
    size_t choice_count[START_FIELDS];

    enum start_page page;
    int row;                 /* of the list */
    char filter[START_TEXT]; /* of the models, or a path */
    int scroll;              /* of the help, or of what the form comes to */
    int pick;                /* among the models that the filter lets through */
    char values[START_FIELDS][START_TEXT];
    enum start_field field;
    struct start_look look;
    bool stale; /* the look is of other values */
    char notice[START_TEXT];
};

enum start_effect { START_NOTHING, START_RESUME, START_NEW, START_REDRAW, START_QUIT };

/* A row of the list's keys, for the last line, the help and the man page. */
struct start_key_entry {
    const char *name, *help;
    const char *hints[START_HELP + 1]; /* by page, NULL: not there */
};

extern const struct start_key_entry start_keys[];
extern const size_t start_key_count;
extern const char *const start_field_names[START_FIELDS];

/* Both copy the text. */
void start_add_model(struct start *start, const char *name, const char *from);
void start_add_choice(struct start *start, enum start_field field, const char *value);
void start_set(struct start *start, enum start_field field, const char *value);
/* The database's tunes anew, owned from now on; the cursor stays with its tune. */
void start_take_tunes(struct start *start, struct start_tune *tunes, size_t count);
/* With the lists filled: the list of tunes, or where there are none the form. */
void start_open(struct start *start);
void start_close(struct start *start);
enum start_effect start_key(struct start *start, int key);
/* The look at the present values. */
void start_take_look(struct start *start, const struct start_look *look);
/* The at-th model that the filter lets through, NULL: there are not so many. */
const struct start_model *start_match(const struct start *start, int at);
/* The form as MODEL and options: NULL-terminated, owned; words_free. */
char **start_words(const struct start *start);

/* Takes back what was scrolled too far for the canvas. */
void view_start(struct canvas *canvas, struct start *start);

#endif
