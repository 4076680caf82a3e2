/* The same input and options give the same bytes, whatever the processor, the system and the compiler: builds a fixed
 * set of files and compares a digest of each with the list.
 *
 *   digests [--update] LIST
 *
 * Blocks that zstd compressed depend on its version: the list has a digest for each version that it was made with, and
 * files with such blocks are only compared where it has one for the library that is used here. --update writes what is
 * found here into the list, beside what it has of other versions of zstd. */
#include "base/hash.h"

#include "random.h"

#include <keyfold/keyfold.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { NAME_SIZE = 32, LINES_MOST = 500, WORDS_MOST = 40, TEXT_MOST = 1 << 21 };

/* ---- what is built -------------------------------------------------------------------------------- */

enum content { SMALL_NUMBERS, ANY_NUMBERS, PHRASES, FEW_PHRASES, ANY_BYTES, TEXTS, LARGE_TEXTS };

struct recipe {
    const char *name;
    size_t pairs;
    enum content content;
    int has_zstd;
    kf_build_options options;
};

#define FOLDED(by, ...) { .struct_size = sizeof(kf_build_options), .duplicates = KF_DUPLICATES_##by, __VA_ARGS__ }
#define OPTIONS(...) FOLDED(LAST, __VA_ARGS__)
#define NUMBERS .value_type = KF_VALUES_U64
#define BYTES .value_type = KF_VALUES_BYTES
#define ENCODED(by) .value_encoding = KF_ENCODING_##by

static const struct recipe recipes[] = {
    { "keys", 40000, SMALL_NUMBERS, 0, FOLDED(LAST, .value_type = KF_VALUES_NONE) },
    { "no-keys", 0, SMALL_NUMBERS, 0, FOLDED(LAST, .value_type = KF_VALUES_NONE) },
    { "one-key", 1, PHRASES, 0, OPTIONS(BYTES) },
    { "similarity", 20000, SMALL_NUMBERS, 0, OPTIONS(.flags = KF_BUILD_SIMILARITY) },
    { "filter", 100000, SMALL_NUMBERS, 0, OPTIONS(.flags = KF_BUILD_FILTER) },
    { "u64-auto", 20000, SMALL_NUMBERS, 0, OPTIONS(NUMBERS) },
    { "u64-packed", 20000, ANY_NUMBERS, 0, OPTIONS(NUMBERS, ENCODED(PACKED)) },
    { "u64-distinct", 20000, SMALL_NUMBERS, 0, OPTIONS(NUMBERS, ENCODED(DISTINCT)) },
    { "bytes-auto", 20000, PHRASES, 0, OPTIONS(BYTES) },
    { "bytes-auto-few", 20000, FEW_PHRASES, 0, OPTIONS(BYTES) },
    { "bytes-auto-texts", 3000, TEXTS, 1, OPTIONS(BYTES) },
    { "bytes-distinct", 20000, FEW_PHRASES, 0, OPTIONS(BYTES, ENCODED(DISTINCT)) },
    { "bytes-raw", 10000, ANY_BYTES, 0, OPTIONS(BYTES, ENCODED(RAW)) },
    { "bytes-tokens", 20000, PHRASES, 0, OPTIONS(BYTES, ENCODED(TOKENS)) },
    { "bytes-zstd", 20000, PHRASES, 1, OPTIONS(BYTES, ENCODED(ZSTD)) },
    { "bytes-zstd-texts", 3000, TEXTS, 1, OPTIONS(BYTES, ENCODED(ZSTD)) },
    { "bytes-zstd-large", 60, LARGE_TEXTS, 1, OPTIONS(BYTES, ENCODED(ZSTD)) },
    { "weights-value", 20000, SMALL_NUMBERS, 0, OPTIONS(NUMBERS, .weights = KF_WEIGHTS_VALUE) },
    { "weights-given", 20000, PHRASES, 0, OPTIONS(BYTES, .weights = KF_WEIGHTS_GIVEN) },
    { "shards", 30000, PHRASES, 0, OPTIONS(BYTES, ENCODED(TOKENS), .shards = 4) },
    { "shards-threads", 30000, PHRASES, 0, OPTIONS(BYTES, ENCODED(TOKENS), .shards = 4, .threads = 3) },
    { "spilled", 250000, SMALL_NUMBERS, 0, OPTIONS(NUMBERS, .memory_limit = 16 << 20) },
    { "spilled-threads", 250000, SMALL_NUMBERS, 0, OPTIONS(NUMBERS, .memory_limit = 32 << 20, .threads = 2) },
    { "sum", 60000, SMALL_NUMBERS, 0, FOLDED(SUM, NUMBERS) },
    { "join", 20000, PHRASES, 0, FOLDED(JOIN, BYTES) },
    { "normalised", 20000, PHRASES, 0, OPTIONS(BYTES, .normalise = KF_NORMALISE_CASE | KF_NORMALISE_NFKC) },
    { "accents", 20000, PHRASES, 0, OPTIONS(BYTES, .normalise = KF_NORMALISE_CASE | KF_NORMALISE_ACCENTS) },
};

struct names_recipe {
    const char *name;
    size_t names;
    kf_names_build_options options;
};

#define NAMES_OPTIONS(...) { .struct_size = sizeof(kf_names_build_options), __VA_ARGS__ }

static const struct names_recipe names_recipes[] = {
    { "names", 20000, NAMES_OPTIONS(.threads = 2) },
    { "names-processed", 20000, NAMES_OPTIONS(.processing = KF_NAMES_FOLD_CASE | KF_NAMES_NFKC | KF_NAMES_NO_ACCENTS
          | KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE, .legal_forms = KF_LEGAL_CANONICAL) },
};

/* ---- texts that look like ones ---------------------------------------------------------------------- */

static size_t add_word(uint8_t *out, uint64_t seed)
{
    static const char *const syllables[] = { "ka", "lo", "mi", "ter", "an", "de", "s", "ing", "Ver", "ü", "\xc3\x89l",
        "so", "be", "\xe6\x97\xa5", "r", "t", "ou", "ne", "co", "\xef\xbd\x81", "1", "0", "e\xcc\x81", "Str" };
    size_t size = 0, syllable_count = 1 + seed % 4;
    for (size_t i = 0; i < syllable_count; i++) {
        const char *syllable = syllables[(seed = mix64(seed)) % (sizeof syllables / sizeof *syllables)];
        memcpy(out + size, syllable, strlen(syllable));
        size += strlen(syllable);
    }
    return size;
}

/* Words of a vocabulary of `vocabulary` until there are `wanted` bytes: at most 20 more. */
static size_t make_text(uint8_t *out, uint64_t seed, size_t wanted, uint64_t vocabulary)
{
    size_t size = 0;
    while (size < wanted) {
        seed = mix64(seed);
        size += add_word(out + size, mix64(seed % vocabulary * (seed >> 40 & 1)));
        out[size++] = ' ';
    }
    return size;
}

static size_t make_value(uint8_t *out, enum content content, uint64_t seed)
{
    switch (content) {
    case PHRASES: return make_text(out, seed, seed % 40, 500);
    case FEW_PHRASES: return make_text(out, seed % 90, 20, 50);
    case ANY_BYTES:
        for (size_t i = 0; i < seed % 60; i++) out[i] = (uint8_t)mix64(seed + i);
        return seed % 60;
    case TEXTS: return make_text(out, seed, 300 + seed % 1500, 3000);
    case LARGE_TEXTS: return make_text(out, seed, seed % 9 ? 5000 + seed % 150000 : 1200000, 30000);
    default: return 0;
    }
}

static uint64_t make_number(enum content content, uint64_t seed)
{
    return content == ANY_NUMBERS ? mix64(seed) >> seed % 64 : seed % 5000 ? seed % 300 : seed % 100000000;
}

/* ---- building ------------------------------------------------------------------------------------- */

static kf_status add(kf_builder *builder, const struct recipe *recipe, uint8_t *room, size_t i, kf_error *error)
{
    uint8_t key[256];
    const uint64_t seed = mix64(i);
    const size_t size = make_text(key, seed % 7 ? seed : seed % 1000, 4 + seed % 30, 20000);
    const uint64_t number = make_number(recipe->content, seed >> 3);
    if (recipe->options.value_type == KF_VALUES_U64) return kf_builder_add_u64(builder, key, size, number, error);
    const size_t value_size = recipe->options.value_type ? make_value(room, recipe->content, seed >> 3) : 0;
    return recipe->options.weights == KF_WEIGHTS_GIVEN
        ? kf_builder_add_weighted(builder, key, size, room, value_size, number, error)
        : kf_builder_add(builder, key, size, room, value_size, error);
}

static kf_status build(const struct recipe *recipe, const char *path, uint8_t *room, kf_error *error)
{
    kf_builder *builder;
    kf_build_options options = recipe->options;
    options.flags |= KF_BUILD_REPLACE_ANY;
    kf_status status = kf_builder_create(&builder, path, &options, error);
    for (size_t i = 0; i < recipe->pairs && !status; i++) status = add(builder, recipe, room, i, error);
    if (!status) status = kf_builder_finish(builder, NULL, error);
    kf_builder_destroy(&builder);
    return status;
}

static kf_status build_names(const struct names_recipe *recipe, const char *path, uint8_t *room, kf_error *error)
{
    static const char *const forms[] = { "Ltd", "GMBH & Co. KG", "s.a.", "Incorporated", "" };
    kf_names_builder *builder;
    kf_names_build_options options = recipe->options;
    options.flags |= KF_NAMES_REPLACE_ANY;
    kf_status status = kf_names_builder_create(&builder, path, &options, error);
    for (size_t i = 0; i < recipe->names && !status; i++) {
        char id[24];
        const uint64_t seed = mix64(i);
        size_t size = make_text(room, seed, 3 + seed % 40, 2000);
        const char *form = forms[seed % 5], *country = seed % 3 ? "NO" : "IS";
        memcpy(room + size, form, strlen(form));
        size += strlen(form);
        kf_names_row row = KF_NAMES_ROW_INIT;
        row.id = (kf_bytes){ (const uint8_t *)id, (size_t)snprintf(id, sizeof id, "%zu", 3 * i) };
        row.name = (kf_bytes){ room, size };
        row.attribute = (kf_bytes){ (const uint8_t *)country, 2 };
        row.payload = (kf_bytes){ room, seed % 4 };
        status = kf_names_builder_add_row(builder, &row, error);
    }
    if (!status) status = kf_names_builder_finish(builder, NULL, error);
    kf_names_builder_destroy(&builder);
    return status;
}

static int digest_file(const char *path, char out[33])
{
    static uint8_t part[1 << 16];
    FILE *file = fopen(path, "rb");
    XXH3_state_t *state = XXH3_createState();
    size_t n;
    int fine = file && state && XXH3_128bits_reset(state) == XXH_OK;
    while (fine && (n = fread(part, 1, sizeof part, file)) > 0) XXH3_128bits_update(state, part, n);
    if (fine) {
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
    }
    XXH3_freeState(state);
    return file && !fclose(file) && fine;
}

/* ---- the list ------------------------------------------------------------------------------------- */

struct line { char name[NAME_SIZE], digest[33], zstd[16]; };
struct list { struct line lines[LINES_MOST]; size_t count; };

static int read_list(struct list *list, const char *path)
{
    char text[200];
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (list->count < LINES_MOST && fgets(text, sizeof text, file)) {
        struct line *l = &list->lines[list->count];
        *l = (struct line){ 0 };
        if (text[0] != '#' && sscanf(text, "%31s %32s zstd %15s", l->name, l->digest, l->zstd) >= 2) list->count++;
    }
    return !fclose(file);
}

static struct line *find(struct list *list, const char *name, const char *zstd)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->lines[i].name, name) && !strcmp(list->lines[i].zstd, zstd)) return &list->lines[i];
    return NULL;
}

static int write_list(const struct list *list, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fprintf(file, "# XXH3 of each file that digests.c builds, and the version of zstd for those that depend on it. "
                  "Written by --update.\n");
    for (size_t i = 0; i < list->count; i++) {
        const struct line *l = &list->lines[i];
        fprintf(file, "%s %s%s%s\n", l->name, l->digest, *l->zstd ? " zstd " : "", l->zstd);
    }
    return !fclose(file);
}

/* ---- comparing ------------------------------------------------------------------------------------ */

struct job {
    struct list list;
    int update;
    unsigned passed, failed, skipped;
};

static void judge(struct job *job, const char *name, int has_zstd, const char *path, kf_status status,
                  const kf_error *error)
{
    char digest[33] = "";
    const char *zstd = has_zstd ? ZSTD_versionString() : "";
    if (status || !digest_file(path, digest)) {
        printf("%s: %s\n", name, status ? error->message : "the file can't be read");
        job->failed++;
        return;
    }
    struct line *known = find(&job->list, name, zstd);
    if (job->update) {
        if (!known && job->list.count < LINES_MOST) known = &job->list.lines[job->list.count++];
        if (!known) { job->failed++; return; }
        snprintf(known->name, sizeof known->name, "%s", name);
        snprintf(known->zstd, sizeof known->zstd, "%s", zstd);
        memcpy(known->digest, digest, sizeof digest);
    } else if (!known && has_zstd) {
        printf("%s: not compared: the list has no digest for zstd %s\n", name, zstd);
        job->skipped++;
        return;
    } else if (!known || strcmp(known->digest, digest) != 0) {
        printf("%s: %s here, %s in the list\n", name, digest, known ? known->digest : "nothing");
        job->failed++;
        return;
    }
    job->passed++;
}

int main(int count, char **arguments)
{
    static struct job job;
    static uint8_t room[TEXT_MOST];
    static const char path[] = "digests.kf";   /* in the working folder */
    job.update = count > 1 && !strcmp(arguments[1], "--update");
    const char *list = count == 2 + job.update ? arguments[count - 1] : NULL;
    if (!list || (!read_list(&job.list, list) && !job.update)) {
        fprintf(stderr, "usage: digests [--update] LIST\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        kf_error error = { 0 };
        kf_status status = build(&recipes[i], path, room, &error);
        judge(&job, recipes[i].name, recipes[i].has_zstd, path, status, &error);
    }
    for (size_t i = 0; i < sizeof names_recipes / sizeof *names_recipes; i++) {
        kf_error error = { 0 };
        kf_status status = build_names(&names_recipes[i], path, room, &error);
        judge(&job, names_recipes[i].name, 0, path, status, &error);
    }
    remove(path);
    if (job.update && !write_list(&job.list, list)) job.failed++;
    if (job.skipped) printf("%u not compared\n", job.skipped);
    printf("%u passed, %u failed\n", job.passed, job.failed);
    return job.failed != 0;
}
