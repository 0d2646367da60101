/* SPDX-License-Identifier: MIT */
#include "cli/bench.h"
#include "cli/commands.h"

#include "domain/roofline.h"
#include "domain/routing.h"
#include "domain/smem.h"
#include "domain/stats.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const compile_names[] = {
    [COMPILE_OK] = "ok",
    [COMPILE_DOES_NOT_FIT] = "does-not-fit",
    [COMPILE_FAILED] = "compile-failed",
    [COMPILE_TIMED_OUT] = "timed-out",
    [COMPILE_STOPPED] = "stopped",
};

static void print_kernels(const struct bench *bench)
{
    char text[TILE_TEXT_SIZE];
    printf("\n%-4s %-28s %8s %5s %6s %8s\n", "gemm", "tile", "shared", "regs", "spill", "compile");
    for (size_t i = 0; i < bench->kernel_count; i++) {
        const struct bench_kernel *kernel = &bench->kernels[i];
        printf(
            "%-4s %-28s ", gemm_name(kernel->gemm), tile_format(&kernel->tile, text, sizeof text));
        if (kernel->kernel.cubin)
            printf("%8d %5d %6d %7.2fs", kernel->kernel.shared_bytes, kernel->kernel.registers,
                kernel->kernel.spill_bytes, kernel->kernel.seconds);
        printf("%s%s\n", kernel->status == COMPILE_OK ? "" : "  ", kernel->text);
    }
}

static struct roofline roofline_at(const struct bench *bench, const struct bench_row *row)
{
    const struct shape *shape = &bench->target.shape;
    struct roofline roofline;
    roofline_make(shape, row->kernel->gemm, row->m, routing_expected_experts(shape, row->m),
        &bench->target.device, &roofline);
    return roofline;
}

static void print_row(const struct bench *bench, const struct bench_row *row)
{
    char text[TILE_TEXT_SIZE], us[16];
    const struct kernel *kernel = &row->kernel->kernel;
    struct stats_interval median;
    struct roofline roofline = roofline_at(bench, row);
    printf("%-4s %5d %-28s ", gemm_name(row->kernel->gemm), row->m,
        tile_format(&row->kernel->tile, text, sizeof text));
    if (row->sample_count == 0) {
        printf("%s: %s\n", point_status_name(row->status),
            row->text[0] ? row->text : row->kernel->text);
        return;
    }
    stats_median_interval(row->samples, row->sample_count, 0.95, &median);
    snprintf(us, sizeof us, "%.2f", median.estimate);
    printf("%9s %8.2f %8.2f %7.0f %7.1f ", us, median.low, median.high,
        roofline.bytes / median.estimate * 1e-3, roofline.flops / median.estimate * 1e-6);
    if (roofline.us > 0)
        printf("%5.1f%%", 100 * roofline.us / median.estimate);
    else
        printf("%6s", "n/a");
    printf(" %5d %5d %7d/%d  %s%s\n", kernel->registers, kernel->spill_bytes, kernel->shared_bytes,
        bench->target.device.smem_limit,
        !row->verified      ? "not verified"
        : row->verify.right ? "right"
                            : "WRONG",
        row->suspect ? ", suspect" : "");
}

void bench_print(const struct bench *bench)
{
    const struct target *target = &bench->target;
    printf("%s, %s %s, Triton %s, ptxas %s, ", target->model.name, engine_name(&target->engine),
        target->engine.version, bench->toolchain.triton, bench->toolchain.ptxas_version);
    if (bench->compile_only) {
        printf("sm_%d\n", bench->hello.device.arch);
        print_kernels(bench);
        return;
    }
    printf("%s%s%s\n", bench->hello.device.name, bench->report.note[0] ? "; " : "",
        bench->report.note);
    printf("\n%-4s %5s %-28s %9s %8s %8s %7s %7s %6s %5s %5s %s\n", "gemm", "M", "tile", "us",
        "95% from", "to", "GB/s", "TFLOP/s", "roof", "regs", "spill", "shared/limit");
    for (size_t i = 0; i < bench->row_count; i++)
        print_row(bench, &bench->rows[i]);
}

static void add_kernel(
    struct json *object, const struct bench *bench, const struct bench_kernel *kernel)
{
    struct smem predicted = smem_estimate(
        &bench->target.engine, &bench->target.shape, bench->hello.device.arch, &kernel->tile);
    char text[TILE_TEXT_SIZE];
    json_add_string(object, "gemm", gemm_name(kernel->gemm));
    json_add_string(object, "tile", tile_format(&kernel->tile, text, sizeof text));
    json_add_string(object, "status", compile_names[kernel->status]);
    if (kernel->status != COMPILE_OK)
        json_add_string(object, "text", kernel->text);
    json_add_int(object, "predicted_bytes", predicted.bytes);
    json_add_bool(object, "predicted_exact", predicted.exact);
    if (kernel->kernel.cubin == NULL)
        return;
    json_add_int(object, "shared_bytes", kernel->kernel.shared_bytes);
    json_add_int(object, "registers", kernel->kernel.registers);
    json_add_int(object, "spill_bytes", kernel->kernel.spill_bytes);
    struct json *arguments = json_add_array(object, "arguments");
    for (int i = 0; i < kernel->kernel.argument_count; i++) {
        struct json *argument = json_add_object(arguments, NULL);
        json_add_string(argument, "name", kernel->kernel.arguments[i].name);
        json_add_string(argument, "type", kernel->kernel.arguments[i].type);
    }
    json_add_double(object, "compile_s", kernel->kernel.seconds);
    json_add_bool(object, "cached", kernel->kernel.cached);
    json_add_string(object, "cubin", kernel->kernel.hash);
}

static void add_figures(struct json *object, const struct bench *bench, const struct bench_row *row)
{
    struct stats_interval median;
    struct roofline roofline = roofline_at(bench, row);
    stats_median_interval(row->samples, row->sample_count, 0.95, &median);
    json_add_double(object, "median_us", median.estimate);
    struct json *interval = json_add_array(object, "ci_us");
    json_add_double(interval, NULL, median.low);
    json_add_double(interval, NULL, median.high);
    json_add_double(object, "gb_s", roofline.bytes / median.estimate * 1e-3);
    json_add_double(object, "tflop_s", roofline.flops / median.estimate * 1e-6);
    json_add_double(object, "roofline_us", roofline.us);
    json_add_bool(object, "suspect", row->suspect);
    json_add_bool(object, "verified", row->verified && row->verify.right);
    json_add_double(object, "relative_error", row->verify.relative_error);
    json_add_double(object, "worst", row->verify.worst);
    json_add_int(object, "nan_count", row->verify.nan_count);
    json_add_int(object, "unwritten", row->verify.unwritten);
    struct json *samples = json_add_array(object, "samples_us");
    for (size_t i = 0; i < row->sample_count; i++)
        json_add_double(samples, NULL, (double)row->samples[i]);
}

static void add_measured(struct json *object, const struct bench *bench)
{
    struct json *worker = json_add_object(object, "device");
    device_add_json(worker, &bench->hello.device);
    json_add_string(object, "backend", bench->hello.backend);
    json_add_string(object, "note", bench->report.note);
    json_add_double(object, "granularity_us", bench->report.granularity_us);
    json_add_double(object, "gpu_s", bench->gpu_s);
    json_add_double(object, "wall_s", bench->wall_s);
    json_add_int(object, "launches", bench->launches);
    struct json *rows = json_add_array(object, "measurements");
    for (size_t i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        struct json *one = json_add_object(rows, NULL);
        char text[TILE_TEXT_SIZE];
        json_add_string(one, "gemm", gemm_name(row->kernel->gemm));
        json_add_int(one, "m", row->m);
        json_add_string(one, "tile", tile_format(&row->kernel->tile, text, sizeof text));
        json_add_string(one, "status", point_status_name(row->status));
        if (row->text[0])
            json_add_string(one, "text", row->text);
        if (row->sample_count > 0)
            add_figures(one, bench, row);
    }
}

void bench_print_json(const struct bench *bench)
{
    struct json *object = json_new_object();
    char engine[ENGINE_TEXT_SIZE];
    json_add_string(object, "model", bench->target.model.name);
    json_add_string(object, "engine", engine_format(&bench->target.engine, engine, sizeof engine));
    json_add_string(object, "triton", bench->toolchain.triton);
    json_add_string(object, "ptxas", bench->toolchain.ptxas_version);
    json_add_string(object, "python", bench->toolchain.python);
    json_add_string(object, "kernel_file", bench->toolchain.kernel_file);
    json_add_string(object, "kernel_hash", bench->toolchain.kernel_hash);
    json_add_int(object, "arch", bench->hello.device.arch);
    shape_add_json(json_add_object(object, "shape"), &bench->target.shape);
    struct json *tiles = json_add_array(object, "tiles");
    for (size_t i = 0; i < bench->kernel_count; i++)
        add_kernel(json_add_object(tiles, NULL), bench, &bench->kernels[i]);
    if (!bench->compile_only)
        add_measured(object, bench);
    command_print_json_line(object);
}
