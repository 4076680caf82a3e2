/* Makes one dictionary of several files, whose keys are in ascending order: make_shards embed|manifest OUT FILE... */
#include "write/shards_writer.h"

#include <keyfold/keyfold.h>

#include <stdio.h>
#include <string.h>

static kf_status copy(const char *path, kfi_output *image, kf_error *error)
{
    static uint8_t part[1 << 16];
    kf_status status = KF_OK;
    FILE *file = fopen(path, "rb");
    if (!file) return kfi_fail(error, KF_IO, "cannot open '%s'", path);
    for (size_t n; !status && (n = fread(part, 1, sizeof part, file)) > 0; )
        status = kfi_output_write(image, part, n, error);
    fclose(file);
    return status ? status : kfi_output_finish(image, error);
}

static kf_status embed_file(kfi_bundle *bundle, const char *path, kf_weights *weights, kf_error *error)
{
    kf_dict *dict;
    kf_dict_stat stat = KF_DICT_STAT_INIT;
    kf_buffer first_buffer = KF_BUFFER_INIT, last_buffer = KF_BUFFER_INIT;
    kf_bytes first, last;
    kfi_output *image = NULL;
    kf_status status = kf_dict_open(&dict, path, NULL, error);
    if (status) return status;
    status = kf_dict_get_stat(dict, &stat);
    *weights = stat.weights;
    if (!status) status = kf_dict_key_at(dict, 0, &first_buffer, &first);
    if (!status) status = kf_dict_key_at(dict, stat.keys - 1, &last_buffer, &last);
    if (!status) status = kfi_output_create_nameless(&image, ".", NULL, error);
    if (!status) status = copy(path, image, error);
    if (!status) status = kfi_bundle_embed(bundle, image, first, last, error);
    kfi_output_destroy(&image);
    kf_buffer_free(&first_buffer);
    kf_buffer_free(&last_buffer);
    kf_dict_close(&dict);
    return status;
}

static kf_status embed(const char *out, char **files, int count, kf_error *error)
{
    kfi_bundle *bundle;
    kf_weights weights = KF_WEIGHTS_NONE;
    kf_status status = kfi_bundle_create(&bundle, out, 1, error);
    for (int i = 0; i < count && !status; i++) status = embed_file(bundle, files[i], &weights, error);
    if (!status) status = kfi_bundle_finish(bundle, NULL, weights, NULL, error);
    kfi_bundle_destroy(&bundle);
    return status;
}

int main(int count, char **arguments)
{
    kf_error error = { .message = "usage: make_shards embed|manifest OUT FILE..." };
    kf_status status = KF_INVALID;
    if (count > 3 && !strcmp(arguments[1], "embed")) status = embed(arguments[2], arguments + 3, count - 3, &error);
    if (count > 3 && !strcmp(arguments[1], "manifest"))
        status = kf_bundle_write(arguments[2], (const char *const *)arguments + 3, (size_t)count - 3, NULL, &error);
    if (status) fprintf(stderr, "%s\n", error.message);
    return status != KF_OK;
}
