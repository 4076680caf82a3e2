/* The Hungarian algorithm with potentials (Kuhn 1955, Munkres 1957, in the form of Jonker and Volgenant 1987: a
 * shortest augmenting path a row), on costs that are what entries lack of the greatest possible one. */
#include "names/score/assignment.h"

#include "names/score/similarity.h"

/* By column, of which number 0 stands for "none" and is where the row to be added waits. */
typedef struct columns {
    int64_t *potential, *slack;
    uint32_t *row, *from;          /* that is assigned to it, 0: none; the column before it on the path */
    uint8_t *done;
} columns;

/* Whether all rows' maxima are in different columns. */
static int take_maxima(const uint64_t *matrix, uint32_t rows, uint32_t count, uint8_t *taken, uint64_t *sum,
                       uint32_t *chosen)
{
    memset(taken, 0, count);
    *sum = 0;
    for (uint32_t i = 0; i < rows; i++) {
        const uint64_t *row = matrix + (size_t)i * count;
        uint32_t best = 0;
        for (uint32_t j = 1; j < count; j++)
            if (row[j] > row[best] || (row[j] == row[best] && taken[best])) best = j;
        if (taken[best] && row[best]) return 0;
        taken[best] = 1;
        *sum += row[best];
        if (chosen) chosen[i] = best;
    }
    return 1;
}

/* Adds the row that column 0 has, along the shortest path to a column without one. */
static void augment(const uint64_t *matrix, uint32_t count, int64_t *row_potential, columns *c)
{
    uint32_t at = 0;
    for (uint32_t j = 0; j <= count; j++) {
        c->slack[j] = INT64_MAX;
        c->done[j] = 0;
    }
    do {
        const uint32_t i = c->row[at];
        const uint64_t *row = matrix + (size_t)(i - 1) * count;
        int64_t delta = INT64_MAX;
        uint32_t next = 0;
        c->done[at] = 1;
        for (uint32_t j = 1; j <= count; j++) {
            if (c->done[j]) continue;
            const int64_t cost = (int64_t)(KFI_SIMILARITY_ONE - row[j - 1]) - row_potential[i] - c->potential[j];
            if (cost < c->slack[j]) {
                c->slack[j] = cost;
                c->from[j] = at;
            }
            if (c->slack[j] < delta) {
                delta = c->slack[j];
                next = j;
            }
        }
        for (uint32_t j = 0; j <= count; j++) {
            if (c->done[j]) {
                row_potential[c->row[j]] += delta;
                c->potential[j] -= delta;
            } else if (j) {
                c->slack[j] -= delta;
            }
        }
        at = next;
    } while (c->row[at]);
    while (at) {
        c->row[at] = c->row[c->from[at]];
        at = c->from[at];
    }
}

kf_status kfi_assignment_pairs(const uint64_t *matrix, uint32_t rows, uint32_t count, kfi_array *work, uint64_t *sum,
                               uint32_t *chosen, kf_error *error)
{
    const size_t width = (size_t)count + 1, height = (size_t)rows + 1;
    work->size = 0;
    const size_t size = 8 * height + width * (8 + 8 + 4 + 4 + 1);
    kf_status status = kfi_array_reserve(work, size, error);
    if (status) return status;
    if (take_maxima(matrix, rows, count, work->data, sum, chosen)) return KF_OK;

    int64_t *row_potential = (int64_t *)(void *)work->data;
    columns c = { .potential = row_potential + height };
    c.slack = c.potential + width;
    c.row = (uint32_t *)(void *)(c.slack + width);
    c.from = c.row + width;
    c.done = (uint8_t *)(c.from + width);
    memset(work->data, 0, size);
    for (uint32_t i = 1; i <= rows; i++) {
        c.row[0] = i;
        augment(matrix, count, row_potential, &c);
    }
    *sum = 0;
    for (uint32_t j = 1; j <= count; j++) {
        if (!c.row[j]) continue;
        *sum += matrix[(size_t)(c.row[j] - 1) * count + j - 1];
        if (chosen) chosen[c.row[j] - 1] = j - 1;
    }
    return KF_OK;
}

kf_status kfi_assignment(const uint64_t *matrix, uint32_t rows, uint32_t count, kfi_array *work, uint64_t *sum,
                         kf_error *error)
{
    return kfi_assignment_pairs(matrix, rows, count, work, sum, NULL, error);
}
