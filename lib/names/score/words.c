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

uint32_t kfi_words(kf_bytes name, int once, kf_bytes words[KF_NAME_TOKENS])
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

void kfi_words_part(kfi_word_sets *s, const kf_bytes *a, uint32_t a_count, const kf_bytes *b, uint32_t b_count)
{
    uint32_t i = 0, j = 0;
    s->common_count = s->a_count = s->b_count = 0;
    while (i < a_count || j < b_count) {
        const int order = j == b_count ? -1 : i == a_count ? 1 : kfi_words_compare(a[i], b[j]);
        if (order < 0) s->a[s->a_count++] = a[i++];
        if (order > 0) s->b[s->b_count++] = b[j++];
        if (order) continue;
        s->common[s->common_count++] = a[i++];
        j++;
    }
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
