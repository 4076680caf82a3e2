/* Any bytes as a dictionary file: open, look up, iterate, verify. The input is a section table and the
 * sections' bytes; sizes, offsets and checksums are put right, so that damage reaches the readers.
 *
 *   0   1  0: the checksums of blocks as they come, else put right      1   1  variant of the search
 *   2   2  zero        4   4  seed of the calls made
 *   8   the file */
#include "fuzz.h"

#include "read/dict.h"

#include <keyfold/keyfold.h>

#include "frame.h"

#define EXERCISE_MUST(condition, ...) FUZZ_MUST(condition, __VA_ARGS__)
#define EXERCISE_NAME "fuzz_dict"
#include "exercise.h"
#include "exercise_query.h"

enum { PREFIX = 8, SEEDS = 24 };

static void use(kf_dict *dict, const uint8_t *data, size_t size)
{
    enum { KEYS = 12 };
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes keys[KEYS], key;
    uint8_t own[KEYS][64];
    uint64_t count = kf_dict_count(dict);
    for (unsigned i = 0; i < KEYS; i++) {
        /* Keys that are in it, changed ones, and pieces of the file. */
        size_t at = exercise_below(size), length = exercise_below(size - at < 30 ? size - at : 30);
        keys[i] = (kf_bytes){ data + at, length };
        if (!count || i % 3 == 2 || kf_dict_key_at(dict, exercise_any() % count, &buffer, &key)) continue;
        length = key.size < sizeof own[i] ? key.size : sizeof own[i];
        if (length) memcpy(own[i], key.data, length);
        if (i % 3 == 1 && length) own[i][exercise_below(length)] ^= (uint8_t)(1 + exercise_below(255));
        keys[i] = (kf_bytes){ own[i], length };
    }
    for (unsigned i = 0; i < KEYS; i++) exercise_key(dict, keys[i], &buffer);
    exercise_many(dict, keys, KEYS);
    exercise_ordinals(dict, &buffer);
    exercise_iterator(dict, keys[0]);
    exercise_iterator(dict, keys[1]);
    exercise_weights(dict, keys[2]);
    for (unsigned n = 0; n < 3; n++) exercise_query(dict, keys[n]);
    exercise_text(dict, keys[0]);
    exercise_sets(dict, keys[1]);
    exercise_metadata(dict);
    kf_buffer_free(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kf_dict *dict;
    kf_error error;
    if (image_file < 0 && !image_begin()) return 0;
    if (size < PREFIX + KFI_HEADER_SIZE
        || !frame_image(data + PREFIX, size - PREFIX, 12, 0, data[0] != 0, NULL))
        return 0;
    exercise_random = kfi_load32(data + 4) + 1ull;
    kf_status status = kf_dict_open(&dict, image_path, NULL, &error);
    FUZZ_MUST(status != KF_IO && (!status || error.message[0]), "status %d", (int)status);
    if (status) return 0;
    if (data[1] % 3 == 0) dict->search = &kfi_search_portable;
#if defined(__x86_64__)
    if (data[1] % 3 == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        dict->search = &kfi_search_avx2;
#endif
    use(dict, data, size);
    status = kf_dict_verify(dict, NULL, &error);
    FUZZ_MUST(status == KF_OK || status == KF_CORRUPT || status == KF_NO_MEMORY, "verify: %d", (int)status);
    FUZZ_MUST(!status || error.message[0], "no message");
    kf_dict_close(&dict);
    return 0;
}

/* ---- seeds ---------------------------------------------------------------------------------------- */

static kf_status add_pairs(kf_builder *builder, unsigned n, kf_value_type type, int weighted, kf_error *error)
{
    static const char repeated[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    kf_status status = KF_OK;
    uint64_t random = n + 1;
    unsigned count = n % 6 == 0 ? n / 6 : 20 + 37 * n % 400;
    for (unsigned i = 0; i < count && !status; i++) {
        char key[64], value[64];
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned r = (unsigned)(random >> 33);
        int size;
        switch (n % 5) {
        case 0: size = snprintf(key, sizeof key, "%08x", r); break;
        case 1: size = snprintf(key, sizeof key, "%.*s", (int)(i % 50), repeated); break;
        case 2: size = snprintf(key, sizeof key, "%c%c%s", 'a' + i % 26, 'x' + r % 2, i % 3 ? "ing" : "ed");
            break;
        case 3: size = snprintf(key, sizeof key, "%c%ck", (int)(1 + r % 250), (int)(1 + (r >> 8) % 250));
            break;
        default: size = snprintf(key, sizeof key, "word %u of %u", i % 40, i / 40);
        }
        int length = snprintf(value, sizeof value, i % 3 ? "value %u" : "the same%.0u", r % 50);
        if (size < 0 || length < 0) return KF_INVALID;
        if (weighted)
            status = kf_builder_add_weighted(builder, key, (size_t)size, value, type ? (size_t)length : 0,
                                             r >> r % 32, error);
        else if (type == KF_VALUES_U64)
            status = kf_builder_add_u64(builder, key, (size_t)size, r % 3 ? r : i, error);
        else
            status = kf_builder_add(builder, key, (size_t)size, value, type ? (size_t)length : 0, error);
    }
    return status;
}

uint8_t *fuzz_seed(unsigned n, size_t *size)
{
    static const kf_encoding encodings[3][4] = { { KF_ENCODING_AUTO },
        { KF_ENCODING_PACKED, KF_ENCODING_DISTINCT },
        { KF_ENCODING_TOKENS, KF_ENCODING_RAW, KF_ENCODING_ZSTD, KF_ENCODING_DISTINCT } };
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_builder *builder;
    kf_error error;
    char path[64];
    if (n >= SEEDS) return NULL;
    snprintf(path, sizeof path, "/tmp/keyfold-fuzz-seed-%d", (int)getpid());
    options.value_type = (kf_value_type)(n % 3);
    options.value_encoding = encodings[n % 3][n / 3 % (n % 3 == 2 ? 4 : n % 3 == 1 ? 2 : 1)];
    options.duplicates = KF_DUPLICATES_FIRST;
    options.memory_limit = 16 << 20;
    if (n % 4 == 3) options.weights = options.value_type == KF_VALUES_U64 ? KF_WEIGHTS_VALUE : KF_WEIGHTS_GIVEN;
    kf_status status = kf_builder_create(&builder, path, &options, &error);
    if (!status && n % 2) status = kf_builder_set_metadata(builder, "entry 1", "content", 7, &error);
    if (!status) status = add_pairs(builder, n, options.value_type, options.weights == KF_WEIGHTS_GIVEN, &error);
    if (!status) status = kf_builder_finish(builder, NULL, &error);
    FUZZ_MUST(!status, "%s", error.message);
    kf_builder_destroy(&builder);
    uint8_t *data = frame_take(path, PREFIX, size);
    data[0] = 1;
    data[1] = (uint8_t)n;
    data[4] = (uint8_t)n;
    return data;
}
