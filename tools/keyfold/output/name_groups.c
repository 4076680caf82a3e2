#include "output/name_groups.h"

#include <stdlib.h>
#include <string.h>

/* Union by the lower position, with halved paths (Tarjan and van Leeuwen, 1984). */
static uint32_t root_of(kft_groups *groups, uint32_t at)
{
    uint32_t *parents = groups->parents;

    while (parents[at] != at)
        at = parents[at] = parents[parents[at]];
    return at;
}

int groups_open(kft_groups *groups, uint64_t count)
{
    memset(groups, 0, sizeof *groups);
    groups->count = count;
    groups->parents = malloc((count + 1) * sizeof *groups->parents);
    for (uint64_t i = 0; groups->parents != NULL && i < count; i++)
        groups->parents[i] = UINT32_MAX;
    return groups->parents != NULL;
}

static int has_room(void **memory, size_t *capacity, size_t wanted, size_t item)
{
    size_t grown = *capacity + *capacity / 2 > wanted ? *capacity + *capacity / 2 : wanted + 64;
    void *larger;

    if (wanted <= *capacity)
        return 1;
    larger = realloc(*memory, grown * item);
    if (larger == NULL)
        return 0;
    *memory = larger;
    *capacity = grown;
    return 1;
}

static int know(kft_groups *groups, const kf_name_hit *hit)
{
    size_t size = hit->id.size + hit->name.size;
    void *list = groups->list, *texts = groups->texts;
    int fits;

    if (groups->parents[hit->position] != UINT32_MAX)
        return 1;
    fits = has_room(&list, &groups->capacity, groups->used + 1, sizeof *groups->list)
           && has_room(&texts, &groups->texts_capacity, groups->texts_used + size, 1);
    groups->list = list;
    groups->texts = texts;
    if (!fits)
        return 0;
    groups->list[groups->used++] = (kft_grouped){ hit->position, 0, groups->texts_used, hit->id.size, hit->name.size };
    memcpy(groups->texts + groups->texts_used, hit->id.data, hit->id.size);
    memcpy(groups->texts + groups->texts_used + hit->id.size, hit->name.data, hit->name.size);
    groups->texts_used += size;
    groups->parents[hit->position] = (uint32_t)hit->position;
    return 1;
}

int groups_add(kft_groups *groups, const kf_name_hit *first, const kf_name_hit *second)
{
    uint32_t a, b;

    if (!know(groups, first) || !know(groups, second))
        return 0;
    a = root_of(groups, (uint32_t)first->position);
    b = root_of(groups, (uint32_t)second->position);
    groups->parents[a < b ? b : a] = a < b ? a : b;
    return 1;
}

static int compare(const void *left, const void *right)
{
    const kft_grouped *a = left, *b = right;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

static kf_bytes id_of(const kft_groups *groups, const kft_grouped *one)
{
    return (kf_bytes){ groups->texts + one->text, one->id_size };
}

static kf_bytes name_of(const kft_groups *groups, const kft_grouped *one)
{
    return (kf_bytes){ groups->texts + one->text + one->id_size, one->name_size };
}

static void print_json(const kft_groups *groups, kft_output *out, uint64_t number, size_t from, size_t to)
{
    output_text(out, "{\"group\":");
    output_u64(out, number);
    output_text(out, ",\"names\":[");
    for (size_t i = from; i < to; i++) {
        const kft_grouped *one = &groups->list[i];
        kf_name_hit hit = { .position = one->position, .id = id_of(groups, one), .name = name_of(groups, one) };

        output_text(out, i > from ? ",{" : "{");
        name_members_print(out, &hit);
        output_byte(out, '}');
    }
    output_text(out, "]}\n");
}

static void print_lines(const kft_groups *groups, const kft_name_printer *printer, kft_output *out, uint64_t number,
                        size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        output_u64(out, number);
        output_byte(out, '\t');
        name_column_print(printer, out, id_of(groups, &groups->list[i]));
        name_text_print(printer, out, name_of(groups, &groups->list[i]));
        output_byte(out, '\n');
    }
}

uint64_t groups_print(kft_groups *groups, const kft_name_printer *printer, kft_output *out)
{
    uint64_t number = 0;

    for (size_t i = 0; i < groups->used; i++)
        groups->list[i].group = root_of(groups, (uint32_t)groups->list[i].position);
    if (groups->used > 0)
        qsort(groups->list, groups->used, sizeof *groups->list, compare);
    for (size_t from = 0, to; from < groups->used; from = to) {
        for (to = from + 1; to < groups->used && groups->list[to].group == groups->list[from].group; to++)
            continue;
        number++;
        if (printer->json)
            print_json(groups, out, number, from, to);
        else
            print_lines(groups, printer, out, number, from, to);
    }
    return number;
}

void groups_close(kft_groups *groups)
{
    free(groups->parents);
    free(groups->list);
    free(groups->texts);
}
