/* Items of a store: values that are longer than the address space, or the data. */
#include "read/values/column_reader_parts.h"

#include "suite.h"

#include <stdlib.h>

/* On 32 bits: 2^28 + 1 tokens of 16 bytes, of which memory would get 16. On 64 bits it would only take time. */
START_TEST(store__beyond_memory)
{
    enum { CODES = (1 << 28) + 1 };
    static uint8_t dictionary[64], ends[24];
    kfi_column column = { .header = { .store = KFI_STORE_TOKENS, .items = 1 }, .data_size = CODES + 8 };
    kf_buffer buffer = KF_BUFFER_INIT;
    kf_bytes value;
    if (sizeof(size_t) > 4) return;
    uint8_t *data = calloc(CODES + 16, 1);
    if (!data) return;
    kfi_store32(dictionary, KFI_TOKEN_MAX);
    column.data = data;
    column.tokens = (kfi_tokens){
        .entries = dictionary, .pool = dictionary + 4, .count = 1, .pool_size = 16, .entry_limit = UINT32_MAX,
        .bits = 8 };
    kfi_store64(ends + 8, CODES);
    column.ends = (kfi_packed){
        .directory = ends, .payload = ends + 8, .payload_size = 8, .count = 1, .base_bytes = 8 };
    ck_assert_int_eq(kfi_store_item(&column, 0, &buffer, 0, &value), KF_NO_MEMORY);
    kf_buffer_free(&buffer);
    free(data);
}
END_TEST

/* An item whose end lies behind the data only when it is counted in codes of more bits than a byte has. */
START_TEST(store__many_with_an_end_behind_the_data)
{
    enum { CODES = 8 };
    static uint8_t ends[24], data[2 * CODES + 8];
    kfi_column column = {
        .header = { .value_type = KF_VALUES_BYTES, .store = KFI_STORE_TOKENS, .values = 1, .items = 1 },
        .kind = { .has_store = 1 }, .asked = 1, .data = data, .data_size = CODES, .tokens = { .bits = 12 } };
    kf_buffer buffer = KF_BUFFER_INIT;
    uint64_t ordinal = 0, end;
    kfi_store64(ends + 8, CODES);
    column.ends = (kfi_packed){
        .directory = ends, .payload = ends + 8, .payload_size = 8, .count = 1, .base_bytes = 8 };
    ck_assert_int_eq(kfi_column_bytes_many(&column, &ordinal, 1, &buffer, &end), KF_CORRUPT);
    kf_buffer_free(&buffer);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("store_reader");
    TCase *t = tcase_create("store_reader");
    tcase_add_test(t, store__beyond_memory);
    tcase_add_test(t, store__many_with_an_end_behind_the_data);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return suite_run(suite()); }
