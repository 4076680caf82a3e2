#include "names/score/words.h"

#include <stdlib.h>

int kfi_words_compare(kf_bytes a, kf_bytes b)
{
    const size_t size = a.size < b.size ? a.size : b.size;
    const int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare(const void *a, const void *b)
{
    const kf_bytes *left = a, *right = b;
    return kfi_words_compare(*left, *right);
}

uint32_t kfi_words(kf_bytes name, int once, kf_bytes *words)
{
    const uint32_t tokens = kfi_name_tokens(name, words);
    uint32_t filled = 0, count = 0;
    for (uint32_t i = 0; i < tokens; i++)
        if (words[i].size) words[filled++] = words[i];
    qsort(words, filled, sizeof *words, compare);
    if (!once) return filled;
    for (uint32_t i = 0; i < filled; i++)
        if (!i || kfi_words_compare(words[i], words[count - 1])) words[count++] = words[i];
    return count;
}

kf_status kfi_word_lists_set(kfi_word_lists *l, kf_bytes a, kf_bytes b, int once, kf_error *error)
{
    const size_t n = kfi_name_token_count(a), m = kfi_name_token_count(b), size = (3 * n + 2 * m) * sizeof *l->a;
    *l = (kfi_word_lists){ .a = malloc(size) };
    if (!l->a) return kfi_fail_memory(error, size);
    l->common = l->a + n;
    l->only_a = l->common + n;
    l->b = l->only_a + n;
    l->only_b = l->b + m;
    l->a_count = kfi_words(a, once, l->a);
    l->b_count = kfi_words(b, once, l->b);
    return KF_OK;
}

void kfi_word_lists_part(kfi_word_lists *l)
{
    uint32_t i = 0, j = 0;
    l->common_count = l->only_a_count = l->only_b_count = 0;
    while (i < l->a_count || j < l->b_count) {
        const int order = j == l->b_count ? -1 : i == l->a_count ? 1 : kfi_words_compare(l->a[i], l->b[j]);
        if (order < 0) l->only_a[l->only_a_count++] = l->a[i++];
        if (order > 0) l->only_b[l->only_b_count++] = l->b[j++];
        if (order) continue;
        l->common[l->common_count++] = l->a[i++];
        j++;
    }
}

void kfi_word_lists_free(kfi_word_lists *l)
{
    free(l->a);
}

kf_status kfi_words_join(const kf_bytes *words, uint32_t count, kfi_array *text, kf_error *error)
{
    kf_status status = KF_OK;
    text->size = 0;
    for (uint32_t i = 0; i < count && !status; i++) {
        if (i) status = kfi_array_append(text, " ", 1, error);
        if (!status) status = kfi_array_append(text, words[i].data, words[i].size, error);
    }
    return status;
}

uint32_t kfi_words_length(const kf_bytes *words, uint32_t count)
{
    uint32_t length = count ? count - 1 : 0;
    for (uint32_t i = 0; i < count; i++) length += kfi_name_length(words[i]);
    return length;
}
