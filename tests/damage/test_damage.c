/* Damaged files: whatever their bytes, every call returns, in bounded time, and reads the file only.
 *
 * The files lie between pages that may not be touched (image.h).
 *
 * KEYFOLD_TEST_SCALE=N makes N times as many files. */
#include "scratch.h"
#include "shapes.h"
#include "suite.h"
#include "model.h"
#include "image.h"

static char current[200];      /* which file; the way to repeat it */
#define EXERCISE_MUST(condition, ...) MUST(condition, __VA_ARGS__)
#define EXERCISE_NAME current
#include "exercise.h"
#include "exercise_query.h"

#include "seal.h"

#include <signal.h>

enum { BASES = 32, CLASSED = 16 };   /* one whose tokens have classes */

/* ---- what to say when it goes wrong --------------------------------------------------------------- */

#ifdef _WIN32
static void catch_signals(void) {}
#else
static void struck(int number)
{
    static const char hang[] = "\nno end: ", fault[] = "\na signal: ";
    ssize_t ignored = number == SIGALRM ? write(2, hang, sizeof hang - 1) : write(2, fault, sizeof fault - 1);
    ignored += write(2, current, strlen(current)) + write(2, "\n", 1);
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

static void catch_signals(void)
{
    static uint8_t stack[1 << 16];
    stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_handler = struck, .sa_flags = SA_ONSTACK | SA_NODEFER };
    sigaltstack(&other, NULL);
    if (!SANITIZED) sigaction(SIGSEGV, &action, NULL), sigaction(SIGBUS, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
}
#endif

static void prepare(void)
{
    scratch_open();
    ck_assert(image_begin());
    catch_signals();
}

static void finish(void)
{
    image_end();
    scratch_close();
}

/* ---- whole files to start from -------------------------------------------------------------------- */

typedef struct base_file {
    model m;
    uint8_t *data;
    size_t size;
    kfi_header header;
} base_file;

static base_file bases[BASES];

static void make_base(unsigned n)
{
    static const kf_encoding strings[] = { KF_ENCODING_DISTINCT, KF_ENCODING_RAW, KF_ENCODING_TOKENS,
                                           KF_ENCODING_ZSTD,
                                           KF_ENCODING_AUTO };
    base_file *b = &bases[n];
    kf_builder *builder;
    kf_build_options options = KF_BUILD_OPTIONS_INIT;
    kf_error error = { 0 };
    unsigned shape = n < SHAPES ? n : 4 + n % (SHAPES - 4);
    memset(b, 0, sizeof *b);
    /* Whether classes pay depends on the keys: those that must have them are the same for every seed. */
    set_make(&b->m.set, shape == 16 ? 5 : shape, n == CLASSED ? n : n + seed_or(0) * BASES, 1);
    if (n == CLASSED) {
        set_add_walks(&b->m.set, 2000, 60);
        set_sort(&b->m.set);
    }
    b->m.type = (kf_value_type)(n % 3);
    b->m.value_shape = n / 2;
    b->m.value_seed = n + seed_or(0) * BASES;
    if (b->m.type == KF_VALUES_U64) b->m.encoding = n & 8 ? KF_ENCODING_DISTINCT : KF_ENCODING_PACKED;
    if (b->m.type == KF_VALUES_BYTES) b->m.encoding = strings[n / 3 % 5];
    b->m.weighted = n % 4 == 1;
    snprintf(b->m.name, sizeof b->m.name, "base %u", n);
    if (b->m.weighted) options.weights = KF_WEIGHTS_GIVEN;
    else if (b->m.type == KF_VALUES_U64 && n % 2) options.weights = KF_WEIGHTS_VALUE;
    options.value_type = b->m.type;
    options.value_encoding = b->m.encoding;
    options.flags = (n % 3 == 2 ? KF_BUILD_SIMILARITY : 0) | (n % 5 == 1 ? KF_BUILD_FILTER : 0);
    ck_assert_int_eq(kf_builder_create(&builder, scratch_path("base.kf"), &options, &error), KF_OK);
    for (unsigned i = 0; i < n % 4; i++) {
        char name[20];
        snprintf(name, sizeof name, "entry %u", i);
        ck_assert_int_eq(kf_builder_set_metadata(builder, name, b->m.name, i * 9 % 8, &error), KF_OK);
    }
    ck_assert_int_eq(model_add_all(&b->m, builder, 1 + n, &error), KF_OK);
    ck_assert_int_eq(kf_builder_finish(builder, NULL, &error), KF_OK);
    kf_builder_destroy(&builder);
    b->data = scratch_read("base.kf", &b->size);
    ck_assert_uint_le(b->size, IMAGE_ROOM);
    ck_assert_int_eq(kfi_header_parse(&b->header, b->data, b->size, &error), KF_OK);
    if (n == CLASSED) {
        kfi_keys keys;
        ck_assert_int_eq(kfi_keys_open(&keys, b->data, &b->header, &error), KF_OK);
        ck_assert(keys.tokens.is_classed);
    }
}

static void make_bases(void) { for (unsigned n = 0; n < BASES; n++) make_base(n); }

static void free_bases(void)
{
    for (unsigned n = 0; n < BASES; n++) {
        set_free(&bases[n].m.set);
        free(bases[n].data);
    }
}

/* ---- damaging ------------------------------------------------------------------------------------- */

static uint64_t any(void) { return exercise_random = mix64(exercise_random); }
static size_t below(size_t n) { return n ? (size_t)(any() % n) : 0; }

/* A place worth hitting: any section with equal chance, its first bytes more often than the rest. */
static size_t target(const kfi_header *h, size_t *size)
{
    const kfi_section *s = &h->sections[below(h->section_count - 1)];
    for (unsigned i = 0; i < h->section_count && below(3) == 0; i++)
        if (h->sections[i].type == KFI_SECTION_TREE) s = &h->sections[i];
    size_t length = (size_t)s->size, at = 0;
    *size = length;
    if (!length) return (size_t)s->offset;
    switch (below(4)) {
    case 0: at = below(length < 64 ? length : 64); break;
    case 1: at = length - 1 - below(length < 200 ? length : 200); break;
    default: at = below(length);
    }
    *size = length - at;
    return (size_t)s->offset + at;
}

static void put_interesting(uint8_t *at, size_t room)
{
    static const uint64_t numbers[] = { 0, 1, 2, 7, 63, 64, 127, 128, 255, 256, 511, 512, 0xffff, 1 << 20,
                                        0x7fffffff,
        0x80000000, 0xffffffff, 1ull << 40, INT64_MAX, 1ull << 63, UINT64_MAX - 1, UINT64_MAX };
    uint64_t n = below(3) ? numbers[below(sizeof numbers / sizeof *numbers)] : image_size + below(129) - 64;
    size_t width = (size_t)1 << below(4);
    for (size_t i = 0; i < width && i < room; i++) at[i] = (uint8_t)(n >> 8 * i);
}

static void damage_content(const kfi_header *h)
{
    size_t size, at = target(h, &size), length;
    if (!size) return;
    switch (below(10)) {
    case 9:      /* a field of a header or table: they lie at multiples of their width */
        if (size < 16) return;
        at = (at + 7) & ~(size_t)7;
        put_interesting(image + at, 8);
        break;
    case 0: case 1: image[at] ^= (uint8_t)(1u << below(8)); break;
    case 2: image[at] = (uint8_t)any(); break;
    case 3: image[at] = (uint8_t)(image[at] + (below(2) ? 1 : -1)); break;
    case 4:
        for (length = below(64); length-- && length < size; ) image[at + length] = (uint8_t)any();
        break;
    case 5: put_interesting(image + at, size); break;
    case 6:
        length = below(2) ? below(600) : 1 + below(16);
        memset(image + at, below(2) ? 0 : 0xff, length < size ? length : size);
        break;
    default: {   /* bytes of somewhere else, of this file or of another one */
        const base_file *other = &bases[below(BASES)];
        const uint8_t *from = below(2) ? other->data : image;
        size_t limit = from == image ? image_size : other->size, begin = below(limit);
        length = below(2) ? below(20) : below(2000);
        if (length > size) length = size;
        if (length > limit - begin) length = limit - begin;
        memmove(image + at, from + begin, length);
    } }
}

/* Lies in the header itself; its checksum is put right. */
static void damage_header(kfi_header *h)
{
    kfi_section *s = &h->sections[below(h->section_count)];
    switch (below(9)) {
    case 0: h->keys = any(); break;
    case 1: h->keys += below(5) - 2; break;
    case 2: h->longest_key = (uint32_t)below(KFI_KEY_LIMIT + 10); break;
    case 3: h->longest_key = (uint32_t)below(20); break;
    case 4: h->value_type = (uint8_t)below(4); break;
    case 5: h->value_encoding = (uint8_t)below(8); break;
    case 6: s->size -= below((size_t)s->size + 1); break;
    case 7: s->type = (uint32_t)below(10); break;
    default: {
        kfi_section *other = &h->sections[below(h->section_count)];
        uint32_t type = s->type;
        s->type = other->type;
        other->type = type;
    }
    }
}

/* ---- calling everything --------------------------------------------------------------------------- */

static uint64_t files_opened;

static void call_everything(base_file *b, int verify)
{
    const kfi_search_variant *variants[3];
    size_t variant_count = model_variants(variants), n = 0;
    kf_bytes keys[32];
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_error error;
    kf_dict *dict;
    const int in_memory = below(2) != 0;
    kf_verify_options verifying = KF_VERIFY_OPTIONS_INIT;
    kf_status status = in_memory ? kf_dict_open_memory(&dict, image, image_size, NULL, &error)
                                 : kf_dict_open(&dict, image_path, NULL, &error);
    MUST(!status || status == KF_FORMAT || status == KF_CORRUPT || status == KF_UNSUPPORTED
         || status == KF_NO_MEMORY || (status == KF_INVALID && in_memory),
         "%s: status %d", current, (int)status);
    if (status) return;
    files_opened++;
    b->m.set.random = any() | 1;
    for (; n < 32; n++) keys[n] = model_draw(&b->m);
    for (size_t v = 0; v < variant_count; v++) {
        dict->search = variants[v];
        for (size_t i = v; i < 32; i += variant_count) exercise_key(dict, keys[i], &buffer);
        exercise_many(dict, keys, 32);
    }
    exercise_ordinals(dict, &buffer);
    exercise_iterator(dict, keys[below(32)]);
    exercise_weights(dict, keys[below(32)]);
    for (unsigned q = 0; q < 3; q++) exercise_query(dict, keys[below(32)]);
    exercise_text(dict, keys[below(32)]);
    exercise_sets(dict, keys[below(32)]);
    exercise_metadata(dict);
    if (verify) {
        verifying.threads = below(8) ? 1 : 3;
        status = kf_dict_verify(dict, &verifying, &error);
        MUST(!status || status == KF_CORRUPT || status == KF_NO_MEMORY, "%s: %d", current, (int)status);
    }
    while (n--) free((void *)(uintptr_t)keys[n].data);
    kf_buffer_free(&buffer);
    kf_dict_close(&dict);
}

/* ---- tests ---------------------------------------------------------------------------------------- */

#ifndef _WIN32   /* where each would end the process of all */
/* The guards must bite, or the other tests mean nothing. */
START_TEST(damage__guard_after_the_file)
{
    image_resize(4096 + 64);
    volatile const uint8_t *bytes = image;
    touched += bytes[image_size - 1];
    touched += bytes[image_size];
}
END_TEST

START_TEST(damage__guard_before_the_arena)
{
    volatile const uint8_t *bytes = arena;
    touched += bytes[0];
    touched += bytes[-1];
}
END_TEST
#endif

/* The library does get the guarded image: with all bytes whole, all answers are right. */
START_TEST(damage__whole_files)
{
    for (unsigned n = 0; n < BASES; n++) {
        kf_dict *dict;
        kf_error error;
        image_resize(bases[n].size);
        memcpy(image, bases[n].data, image_size);
        ck_assert_int_eq(kf_dict_open(&dict, image_path, NULL, &error), KF_OK);
        ck_assert_ptr_eq(dict->mapping.data, image);
        model_check_lookups(&bases[n].m, dict, 1000);
        model_check_values(&bases[n].m, dict, 1000);
        model_check_ranges(&bases[n].m, dict, 3);
        ck_assert_int_eq(kf_dict_verify(dict, NULL, &error), KF_OK);
        kf_dict_close(&dict);
        call_everything(&bases[n], 1);
    }
}
END_TEST

START_TEST(damage__mutated)
{
    static const char *const variants[] = { "portable", "avx2", "avx512" };   /* of the queries' walk */
    uint64_t files = (SANITIZED ? scaled(150, 150, 400) : scaled(600, 2500, 2500)) * scale_of_run();
    setenv("KEYFOLD_ISA", variants[_i % 3], 1);
    for (uint64_t file = 0; file < files; file++) {
        base_file *b = &bases[(file + (unsigned)_i) % BASES];
        kfi_header header = b->header;
        uint8_t bytes[KFI_HEADER_SIZE + (KFI_MAX_SECTIONS + 1) * KFI_SECTION_ENTRY_SIZE];
        exercise_random = mix64(mix64(seed_or(0)) + ((uint64_t)_i << 40 | file));
        snprintf(current, sizeof current, "damage__mutated %d, file %llu (%s)", _i, (unsigned long long)file,
                 b->m.name);
        alarm(60);
        image_resize(b->size);
        memcpy(image, b->data, image_size);
        size_t hits = below(2) ? 1 : 1 + below(12);
        while (hits--) damage_content(&b->header);
        int lie = below(5) == 0, verify = below(8) == 0;
        if (verify) seal_header(&header, image, 1);
        if (lie) damage_header(&header);
        if (lie || verify) {
            kfi_header_write(&header, bytes);
            memcpy(image, bytes, header.header_size);
        }
        call_everything(b, verify);
    }
    alarm(0);
    printf("damage__mutated %d: %llu files, %llu opened, %llu lookups\n", _i, (unsigned long long)files,
           (unsigned long long)files_opened, (unsigned long long)lookups);
    fflush(stdout);
    tally("files", files);
    tally("lookups", lookups);
    ck_assert_uint_gt(files_opened, files / 2);
}
END_TEST

/* Each place of a file once, its checksums put right: what is small, as heads of sections are, is hit as often as what
 * is large. */
START_TEST(damage__each_place)
{
    base_file *b = &bases[_i];
    const kfi_section *last = &b->header.sections[b->header.section_count - 1];
    const size_t step = 1 + (size_t)last->offset / scaled(50, 200, 20000);
    uint64_t files = 0;
    lookups = 0;
    for (size_t at = b->header.header_size; at < last->offset; files++) {
        kfi_header header = b->header;
        exercise_random = mix64(mix64(seed_or(0)) + ((uint64_t)_i << 40 | at));
        snprintf(current, sizeof current, "damage__each_place %d, byte %zu", _i, at);
        alarm(60);
        image_resize(b->size);
        memcpy(image, b->data, image_size);
        if (below(2)) image[at] ^= (uint8_t)(1u << below(8));
        else put_interesting(image + at, (size_t)last->offset - at);
        seal_header(&header, image, 1);
        call_everything(b, 1);
        at += 1 + below(2 * step - 1);
    }
    alarm(0);
    tally("files", files);
    tally("lookups", lookups);
}
END_TEST

/* Keys that are not in the normal form that the header names: verifying says so. */
START_TEST(damage__wrong_form)
{
    unsigned found = 0;
    for (unsigned n = 0; n < BASES; n++) {
        const base_file *b = &bases[n];
        kfi_header h = b->header;
        kf_error error = { 0 };
        kf_dict *dict;
        image_resize(b->size);
        memcpy(image, b->data, image_size);
        h.normalise = KF_NORMALISE_CASE;
        seal_header(&h, image, 1);
        MUST(!kf_dict_open(&dict, image_path, NULL, &error), "%s: %s", b->m.name, error.message);
        kf_status status = kf_dict_verify(dict, NULL, &error);
        MUST(!status || (status == KF_CORRUPT && strstr(error.message, "normal form")), "%s: %s", b->m.name,
             error.message);
        found += status != 0;
        kf_dict_close(&dict);
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

/* Cut anywhere, and grown by anything: refused, whether mapped or read. */
START_TEST(damage__cut_and_grown)
{
    base_file *b = &bases[2 + _i];
    uint8_t *copy = calloc(b->size + 9000, 1);
    kf_open_options in_memory = KF_OPEN_OPTIONS_INIT;
    in_memory.flags = KF_OPEN_IN_MEMORY;
    memcpy(copy, b->data, b->size);
    scratch_write("sized.kf", copy, b->size + 9000);
    for (size_t size = 0; size <= b->size + 9000; size += size > b->size + 300 ? 997 : 1) {
        kf_dict *dict = NULL;
        kf_error error = { 0 };
        snprintf(current, sizeof current, "size %zu instead of %zu", size, b->size);
        image_resize(size);
        memcpy(image, copy, size);
        kf_status status = kf_dict_open(&dict, image_path, NULL, &error);
        if (size == b->size) {
            MUST(status == KF_OK, "%s: refused", current);
            kf_dict_close(&dict);
            continue;
        }
        tally("lengths", 1);
        MUST(status == KF_FORMAT && !dict && error.status == KF_FORMAT, "%s: status %d", current,
             (int)status);
        if (size % 61) continue;
        MUST(truncate(scratch_path("sized.kf"), (off_t)size) == 0, "truncate");
        status = kf_dict_open(&dict, scratch_path("sized.kf"), &in_memory, &error);
        MUST(status == KF_FORMAT && !dict, "%s: status %d", current, (int)status);
    }
    free(copy);
}
END_TEST

/* A file of about the size asked for. */
static void make_sized(base_file *b, size_t size)
{
    for (size_t scale = 1; ; scale++) {
        *b = (base_file){ 0 };
        b->m.type = KF_VALUES_BYTES;
        b->m.encoding = KF_ENCODING_TOKENS;
        b->m.value_shape = 3;
        set_make(&b->m.set, 19, 3, scale);
        model_build(&b->m, "grown.kf", 0, 0, NULL);
        b->data = scratch_read("grown.kf", &b->size);
        if (b->size >= size) break;
        set_free(&b->m.set);
        free(b->data);
    }
    ck_assert_uint_lt(b->size, IMAGE_ROOM);
}

/* Each single bit of a file, turned over: opening refuses it or verifying finds it. */
START_TEST(damage__every_bit)
{
    base_file b;
    make_sized(&b, SANITIZED ? 8 << 10 : 64 << 10);
    image_resize(b.size);
    memcpy(image, b.data, b.size);
    kf_dict *dict;
    ck_assert_int_eq(kf_dict_open(&dict, image_path, NULL, NULL), KF_OK);
    ck_assert_int_eq(kf_dict_verify(dict, NULL, NULL), KF_OK);
    kf_dict_close(&dict);
    /* Every bit in a long run; else each of the first KiB and, spread by the seed, some of those behind. */
    size_t step = scaled(29, 5, 1);
    for (size_t bit = 0; bit < 8 * b.size; bit += bit < 8192 ? 1 : 1 + mix64(seed_or(0) + bit) % (2 * step - 1)) {
        kf_error error = { 0 };
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        kf_status status = kf_dict_open(&dict, image_path, NULL, &error);
        if (!status) {
            status = kf_dict_verify(dict, NULL, &error);
            kf_dict_close(&dict);
            MUST(status == KF_CORRUPT && error.status == KF_CORRUPT, "bit %zu of byte %zu of %zu: status %d",
                 bit % 8,
                 bit / 8, b.size, (int)status);
        }
        tally("bits", 1);
        MUST(error.message[0], "bit %zu of byte %zu: no message", bit % 8, bit / 8);
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    set_free(&b.m.set);
    free(b.data);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("damage");
    TCase *t = tcase_create("damage"), *lengths = tcase_create("lengths"), *bits = tcase_create("bits");
    TCase *with_bases[] = { t, lengths, bits };
#ifndef _WIN32
    TCase *guards = tcase_create("guards");
    tcase_add_unchecked_fixture(guards, prepare, finish);
    if (!SANITIZED) {   /* a sanitizer turns the signal into an exit of its own */
        tcase_add_test_raise_signal(guards, damage__guard_after_the_file, SIGSEGV);
        tcase_add_test_raise_signal(guards, damage__guard_before_the_arena, SIGSEGV);
    }
    suite_add_tcase(s, guards);
#endif
    for (unsigned i = 0; i < 3; i++) {
        tcase_add_unchecked_fixture(with_bases[i], prepare, finish);
        if (i < 2) tcase_add_unchecked_fixture(with_bases[i], make_bases, free_bases);
        tcase_set_timeout(with_bases[i], 0);
        suite_add_tcase(s, with_bases[i]);
    }
    tcase_add_test(t, damage__whole_files);
    suite_add_cases(t, damage__mutated, 0, 8);
    tcase_add_test(t, damage__wrong_form);
    suite_add_cases(t, damage__each_place, 0, BASES);
    suite_add_cases(lengths, damage__cut_and_grown, 0, 6);
    tcase_add_test(bits, damage__every_bit);
    return s;
}

int main(void) { return suite_run(suite()); }
