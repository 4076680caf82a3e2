/* Rows by position. The file tells the position of a slot, not the slot of a position: that is turned round for a
 * window of positions at a time. */
#include "base/array.h"
#include "names/index/index.h"

#include <stdlib.h>

#define NO_SLOT UINT32_MAX

enum { WINDOWS = 8, WINDOW_LEAST = 1 << 16 };

struct kf_names_iter {
    const kf_names *names;
    uint64_t next;                 /* position */
    uint32_t *slots;               /* of positions from `first` on; NO_SLOT: the file doesn't tell */
    uint64_t first, count, size;   /* the window, and how large it can be */
    kf_buffer buffer;
    kfi_array text;                /* of the row */
    kf_names_row row;
};

kf_status kf_names_iter_create(kf_names_iter **out, const kf_names *names, uint64_t first, kf_error *error)
{
    kf_names_iter *iter = *out = calloc(1, sizeof *iter);
    if (!iter) return kfi_fail_memory(error, sizeof *iter);
    iter->names = names;
    iter->next = first;
    iter->size = names->count / WINDOWS + WINDOW_LEAST;
    if (iter->size > names->count) iter->size = names->count;
    iter->slots = malloc((iter->size + 1) * sizeof *iter->slots);
    if (iter->slots) return KF_OK;
    const kf_status status = kfi_fail_memory(error, (iter->size + 1) * sizeof *iter->slots);
    kf_names_iter_destroy(out);
    return status;
}

/* Moves the window to the next position. */
static void move(kf_names_iter *iter)
{
    const uint64_t left = iter->names->count - iter->next;
    iter->first = iter->next;
    iter->count = left < iter->size ? left : iter->size;
    memset(iter->slots, 0xff, iter->count * sizeof *iter->slots);
    for (uint32_t slot = 0; slot < iter->names->count; slot++) {
        const uint64_t at = kfi_names_position(iter->names, slot) - iter->first;
        if (at < iter->count) iter->slots[at] = slot;
    }
}

kf_status kf_names_iter_next(kf_names_iter *iter, const kf_names_row **row, kf_error *error)
{
    *row = NULL;
    if (iter->next >= iter->names->count) return KF_END;
    if (iter->next - iter->first >= iter->count) move(iter);
    const uint32_t position = (uint32_t)iter->next, slot = iter->slots[position - iter->first];
    if (slot == NO_SLOT) return kfi_fail(error, KF_CORRUPT, "no name has position %u", (unsigned)position);
    iter->text.size = 0;
    iter->row = (kf_names_row)KF_NAMES_ROW_INIT;
    kf_bytes *const parts[] = { &iter->row.id, &iter->row.name, &iter->row.attribute, &iter->row.payload };
    kf_status status = kfi_names_row(iter->names, position, slot, &iter->buffer, &iter->text, parts, error);
    if (status) return status;
    kfi_names_row_link(parts, iter->text.data);
    iter->next++;
    *row = &iter->row;
    return KF_OK;
}

void kf_names_iter_destroy(kf_names_iter **iter)
{
    if (!iter || !*iter) return;
    free((*iter)->slots);
    kf_buffer_free(&(*iter)->buffer);
    kfi_array_free(&(*iter)->text);
    free(*iter);
    *iter = NULL;
}
