/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_MODEL_QUANT_H
#define MOEBENCH_DOMAIN_MODEL_QUANT_H

#include "domain/model.h"

/*
 * Sets dtype, blocks, group_size and per_channel of a model whose `out` is known, from its
 * quantization_config (`where` is that key, for the sources), in any of the forms that checkpoints
 * come in. Fails where the experts' dtype cannot be told or is not the kernel's.
 */
bool model_read_quant(
    const struct json *quant, const char *where, struct model *model, struct error *err);
/* The same from the text of model_from_json. */
bool model_parse_dtype(const char *text, struct model *model, struct error *err);

#endif
