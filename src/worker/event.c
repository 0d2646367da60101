/* SPDX-License-Identifier: MIT */
/* Events of the worker's protocol to lines and back. */
#include "worker/protocol.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *const op_names[EVENT_OP_COUNT] = {
    [EVENT_HELLO] = "hello",
    [EVENT_ERROR] = "error",
    [EVENT_READY] = "ready",
    [EVENT_LOADED] = "loaded",
    [EVENT_CHUNK] = "chunk",
    [EVENT_DONE] = "done",
    [EVENT_VERIFIED] = "verified",
};

static const char *const end_names[] = {
    [JOB_DONE] = "done",
    [JOB_CANCELLED] = "cancelled",
    [JOB_FAULT] = "fault",
    [JOB_HANG] = "hang",
    [JOB_ERROR] = "error",
};

#define END_COUNT (sizeof end_names / sizeof *end_names)

const char *job_end_name(enum job_end end)
{
    return end_names[end];
}

static void add_hello(struct json *line, const struct hello *hello)
{
    json_add_int(line, "protocol", hello->protocol);
    json_add_string(line, "version", hello->version);
    json_add_string(line, "backend", hello->backend);
    json_add_bool(line, "recorded", hello->recorded);
    json_add_string(line, "label", hello->label);
    device_add_json(json_add_object(line, "device"), &hello->device);
}

static void add_ready(struct json *line, const struct setup_report *ready)
{
    json_add_double(line, "granularity_us", ready->granularity_us);
    json_add_int(line, "bytes", ready->bytes);
    struct json *sentinel = json_add_array(line, "sentinel_us");
    json_add_double(sentinel, NULL, ready->sentinel_us[0]);
    json_add_double(sentinel, NULL, ready->sentinel_us[1]);
    json_add_int(line, "memory_used", ready->memory_used);
    json_add_int(line, "memory_total", ready->memory_total);
    json_add_bool(line, "memory_shared", ready->memory_shared);
    json_add_string(line, "note", ready->note);
}

static void add_chunk(struct json *line, const struct measure_chunk *chunk)
{
    json_add_int(line, "id", chunk->job);
    json_add_int(line, "number", chunk->number);
    struct json *items = json_add_array(line, "items");
    struct json *times = json_add_array(line, "us");
    for (int i = 0; i < chunk->sample_count; i++) {
        json_add_int(items, NULL, chunk->samples[i].item);
        json_add_double(times, NULL, chunk->samples[i].us);
    }
    json_add_double(line, "sentinel", chunk->sentinel);
    json_add_bool(line, "suspect", chunk->suspect);
    json_add_double(line, "clock_mhz", chunk->clock_mhz);
    json_add_double(line, "temperature_c", chunk->temperature_c);
    json_add_double(line, "power_w", chunk->power_w);
    json_add_double(line, "gpu_s", chunk->gpu_s);
    json_add_double(line, "wall_s", chunk->wall_s);
    json_add_int(line, "launches", chunk->launches);
}

static void add_end(struct json *line, const struct event *event)
{
    json_add_int(line, "id", event->id);
    json_add_string(line, "end", end_names[event->end]);
    json_add_int(line, "item", event->item);
    json_add_string(line, "text", event->text);
}

static void add_verify(struct json *line, const struct verify_report *verify)
{
    json_add_double(line, "relative_error", verify->relative_error);
    json_add_double(line, "worst", verify->worst);
    json_add_int(line, "nan_count", verify->nan_count);
    json_add_int(line, "unwritten", verify->unwritten);
    json_add_bool(line, "right", verify->right);
}

static void add_fields(struct json *line, const struct event *event)
{
    switch (event->op) {
    case EVENT_HELLO:
        add_hello(line, &event->hello);
        break;
    case EVENT_ERROR:
        json_add_int(line, "kind", event->kind);
        json_add_string(line, "text", event->text);
        break;
    case EVENT_READY:
        add_ready(line, &event->ready);
        break;
    case EVENT_LOADED:
        json_add_string(line, "hash", event->hash);
        json_add_bool(line, "ok", event->ok);
        json_add_string(line, "text", event->text);
        break;
    case EVENT_CHUNK:
        add_chunk(line, &event->chunk);
        break;
    case EVENT_DONE:
        add_end(line, event);
        break;
    case EVENT_VERIFIED:
        add_end(line, event);
        add_verify(line, &event->verify);
        break;
    case EVENT_OP_COUNT:
        break;
    }
}

char *event_print(const struct event *event)
{
    struct json *line = json_new_object();
    json_add_string(line, "op", op_names[event->op]);
    add_fields(line, event);
    char *text = json_print(line);
    json_free(line);
    return text;
}

/* The readers below leave a field as it is (zero) when its key is absent or of another type: a
 * number that is not known is not sent. Only what an event cannot do without is an error. */

static bool read_hello(const struct json *line, struct hello *hello)
{
    json_take_int(line, "protocol", &hello->protocol);
    json_take_text(line, "version", hello->version, sizeof hello->version);
    json_take_text(line, "backend", hello->backend, sizeof hello->backend);
    hello->recorded = json_true(json_get(line, "recorded"));
    json_take_text(line, "label", hello->label, sizeof hello->label);
    device_from_json(json_get(line, "device"), &hello->device);
    return hello->protocol > 0 && hello->device.arch > 0;
}

static bool read_ready(const struct json *line, struct setup_report *ready)
{
    const struct json *sentinel = json_get(line, "sentinel_us");
    json_double(json_get(line, "granularity_us"), &ready->granularity_us);
    json_int(json_get(line, "bytes"), &ready->bytes);
    json_double(json_at(sentinel, 0), &ready->sentinel_us[0]);
    json_double(json_at(sentinel, 1), &ready->sentinel_us[1]);
    json_int(json_get(line, "memory_used"), &ready->memory_used);
    json_int(json_get(line, "memory_total"), &ready->memory_total);
    ready->memory_shared = json_true(json_get(line, "memory_shared"));
    json_take_text(line, "note", ready->note, sizeof ready->note);
    return true;
}

static bool read_samples(const struct json *line, struct measure_chunk *chunk)
{
    const struct json *item = json_first(json_get(line, "items"));
    const struct json *us = json_first(json_get(line, "us"));
    for (; item && us; item = json_next(item), us = json_next(us)) {
        long long index;
        double time;
        if (chunk->sample_count == CHUNK_SAMPLES || !json_int(item, &index) ||
            !json_double(us, &time))
            return false;
        chunk->samples[chunk->sample_count].item = (int)index;
        chunk->samples[chunk->sample_count++].us = (float)time;
    }
    return item == NULL && us == NULL;
}

static bool read_chunk(const struct json *line, struct measure_chunk *chunk)
{
    json_take_int(line, "number", &chunk->number);
    json_double(json_get(line, "sentinel"), &chunk->sentinel);
    chunk->suspect = json_true(json_get(line, "suspect"));
    json_double(json_get(line, "clock_mhz"), &chunk->clock_mhz);
    json_double(json_get(line, "temperature_c"), &chunk->temperature_c);
    json_double(json_get(line, "power_w"), &chunk->power_w);
    json_double(json_get(line, "gpu_s"), &chunk->gpu_s);
    json_double(json_get(line, "wall_s"), &chunk->wall_s);
    json_take_int(line, "launches", &chunk->launches);
    return json_int(json_get(line, "id"), &chunk->job) && read_samples(line, chunk);
}

static bool read_end(const struct json *line, struct event *event)
{
    char name[16];
    json_take_text(line, "end", name, sizeof name);
    json_take_int(line, "item", &event->item);
    int end = text_index(end_names, END_COUNT, name);
    if (end < 0)
        return false;
    event->end = (enum job_end)end;
    return json_int(json_get(line, "id"), &event->id);
}

static void read_verify(const struct json *line, struct verify_report *verify)
{
    verify->relative_error = verify->worst = NAN; /* sent as null when they are that */
    json_double(json_get(line, "relative_error"), &verify->relative_error);
    json_double(json_get(line, "worst"), &verify->worst);
    json_int(json_get(line, "nan_count"), &verify->nan_count);
    json_int(json_get(line, "unwritten"), &verify->unwritten);
    verify->right = json_true(json_get(line, "right"));
}

static bool read_error(const struct json *line, struct event *event)
{
    int kind = ERROR_FAILED;
    json_take_int(line, "kind", &kind);
    bool known = kind >= ERROR_FAILED && kind <= ERROR_STOPPED;
    event->kind = known ? (enum error_kind)kind : ERROR_FAILED;
    return event->text[0] != 0;
}

static bool read_fields(const struct json *line, struct event *event)
{
    event->item = -1;
    json_take_text(line, "text", event->text, sizeof event->text);
    switch (event->op) {
    case EVENT_HELLO:
        return read_hello(line, &event->hello);
    case EVENT_ERROR:
        return read_error(line, event);
    case EVENT_READY:
        return read_ready(line, &event->ready);
    case EVENT_LOADED:
        json_take_text(line, "hash", event->hash, sizeof event->hash);
        event->ok = json_true(json_get(line, "ok"));
        return event->hash[0] != 0;
    case EVENT_CHUNK:
        return read_chunk(line, &event->chunk);
    case EVENT_DONE:
        return read_end(line, event);
    case EVENT_VERIFIED:
        read_verify(line, &event->verify);
        return read_end(line, event);
    case EVENT_OP_COUNT:
        break;
    }
    return false;
}

bool event_parse(const char *text, struct event *event, struct error *err)
{
    *event = (struct event){0};
    struct json *line = json_parse(text, strlen(text), err);
    if (line == NULL)
        return error_prefix(err, "event");
    int op = text_index(op_names, EVENT_OP_COUNT, json_string(json_get(line, "op")));
    event->op = op >= 0 ? (enum event_op)op : EVENT_OP_COUNT;
    bool ok = read_fields(line, event);
    json_free(line);
    return ok || error_set(err, ERROR_FAILED, "event: not understood: %.120s", text);
}
