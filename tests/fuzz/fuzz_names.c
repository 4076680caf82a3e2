/* Any bytes as an index of names: open, verify, search. The input is a section table and the sections' bytes; sizes,
 * offsets and checksums are put right, those of the dictionaries of tokens too.
 *
 *   0   1  0: the checksums of blocks as they come, else put right      1   1  zero
 *   2   2  zero        4   4  seed of the calls made
 *   8   the file */
#include "frame.h"

#include <keyfold/keyfold.h>

#define EXERCISE_MUST(condition, ...) FUZZ_MUST(condition, __VA_ARGS__)
#define EXERCISE_NAME "fuzz_names"
#include "exercise_names.h"
#include "random.h"
#include "names_shapes.h"

enum { PREFIX = 8, SEEDS = 16, SECTIONS = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kf_names *names;
    kf_error error;
    if (image_file < 0 && !image_begin()) return 0;
    if (size < PREFIX + KFI_HEADER_SIZE
        || !frame_image(data + PREFIX, size - PREFIX, SECTIONS, KFI_FEATURE_NAMES, data[0] != 0, frame_mend_names))
        return 0;
    exercise_random = kfi_load32(data + 4) + 1ull;
    kf_status status = kf_names_open(&names, image_path, NULL, &error);
    FUZZ_MUST(status != KF_IO && (!status || error.message[0]), "status %d", (int)status);
    if (status) return 0;
    exercise_names(names, (kf_bytes){ data, size });
    status = kf_names_verify(names, NULL, &error);
    FUZZ_MUST(status == KF_OK || status == KF_CORRUPT || status == KF_NO_MEMORY, "verify: %d", (int)status);
    FUZZ_MUST(!status || error.message[0], "no message");
    /* What was verified has no damage to be found later. */
    if (!status) exercise_whole_names(names, (kf_bytes){ data, size });
    kf_names_close(&names);
    return 0;
}

/* ---- seeds ---------------------------------------------------------------------------------------- */

static char *seed_name(unsigned n, unsigned i)
{
    char name[3000] = "";
    switch (n % 5) {
    case 0: return tiny_name(8, 6, 5);
    case 1: return firm_name();
    case 2: return real_name();
    case 3:
        for (unsigned t = 0; t < 1 + (i * 7) % 40; t++) strcat(name, t % 3 ? " a" : " bb");
        return strdup(name);
    default:
        snprintf(name, sizeof name, "%0*u %u", (int)(1 + i * 3 % 100), i, i % 7);
        return strdup(name);
    }
}

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    kf_names_build_options options = KF_NAMES_BUILD_OPTIONS_INIT;
    kf_names_builder *builder;
    kf_error error;
    char path[64];
    if (n >= SEEDS) return NULL;
    snprintf(path, sizeof path, "/tmp/keyfold-fuzz-seed-%d", (int)getpid());
    options.memory_limit = 16 << 20;
    if (n % 6 == 4) {
        options.processing = KF_NAMES_FOLD_CASE | KF_NAMES_NFKC | KF_NAMES_NO_ACCENTS | KF_NAMES_NO_PUNCTUATION
                             | KF_NAMES_SQUEEZE;
        options.separators = "-/";
        options.legal_forms = n % 4 ? KF_LEGAL_CANONICAL : KF_LEGAL_IGNORE;
        if (n > 6) options.legal_table = "ltd\tlimited\nkg\tgmbh & co. kg\n";
    }
    random_state = n;
    kf_status status = kf_names_builder_create(&builder, path, &options, &error);
    const unsigned count = n == 5 ? 0 : n == 6 ? 1 : 5 + n * n * 2;
    for (unsigned i = 0; i < count && !status; i++) {
        static const char *const texts[] = { "", "GB", "DE", "a longer text" };
        char id[32], *name = seed_name(n, i);
        kf_names_row row = KF_NAMES_ROW_INIT;
        const int length = snprintf(id, sizeof id, n % 3 ? "%u" : "id %u", i % 50);
        FUZZ_MUST(name && length > 0, "seed %u", n);
        row.id = (kf_bytes){ (const uint8_t *)id, (size_t)length };
        row.name = (kf_bytes){ (const uint8_t *)name, strlen(name) };
        if (n % 4 > 1) row.attribute = (kf_bytes){ (const uint8_t *)texts[i % 4], strlen(texts[i % 4]) };
        if (n % 2) row.payload = (kf_bytes){ (const uint8_t *)texts[i * i % 4], strlen(texts[i * i % 4]) };
        status = kf_names_builder_add_row(builder, &row, &error);
        free(name);
    }
    if (!status) status = kf_names_builder_finish(builder, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    kf_names_builder_destroy(&builder);
    uint8_t *data = frame_take(path, PREFIX, size);
    data[0] = 1;
    data[4] = (uint8_t)n;
    return data;
}
