/* SPDX-License-Identifier: MIT */
#include "domain/point.h"

static const char *const status_names[POINT_STATUS_COUNT] = {
    [POINT_OK] = "ok",
    [POINT_DOES_NOT_FIT] = "does-not-fit",
    [POINT_COMPILE_FAILED] = "compile-failed",
    [POINT_WRONG_RESULT] = "wrong-result",
    [POINT_TIMED_OUT] = "timed-out",
    [POINT_FAULTED] = "faulted",
    [POINT_SUSPECT] = "suspect",
};

static const char *const source_names[CHOICE_SOURCE_COUNT] = {
    [CHOICE_RACE] = "race",
    [CHOICE_DEFAULT] = "default",
    [CHOICE_HAND] = "hand",
    [CHOICE_INCUMBENT] = "incumbent",
};

const char *point_status_name(enum point_status status)
{
    return status_names[status];
}

const char *choice_source_name(enum choice_source source)
{
    return source_names[source];
}
