/* ---- names ------------------------------------------------------------------------------------ */

OPTIONS(kf_names_build_options, kfpy_names_build_options, KF_NAMES_BUILD_OPTIONS_INIT)
OPTIONS(kf_names_report, kfpy_names_report, KF_NAMES_REPORT_INIT)
OPTIONS(kf_names_stat, kfpy_names_stat, KF_NAMES_STAT_INIT)
OPTIONS(kf_names_row, kfpy_names_row, KF_NAMES_ROW_INIT)
OPTIONS(kf_matcher_options, kfpy_matcher_options, KF_MATCHER_OPTIONS_INIT)
OPTIONS(kf_names_many_options, kfpy_names_many_options, KF_NAMES_MANY_OPTIONS_INIT)

static void kfpy_names_free(kf_names *names)
{
    kf_names_close(&names);
}

static void kfpy_names_builder_free(kf_names_builder *builder)
{
    kf_names_builder_destroy(&builder);
}

/* `keep` is bound to the destructor in Python, so that an index outlives its matchers. */
static void kfpy_matcher_free(const void *keep, kf_matcher *matcher)
{
    (void)keep;
    kf_matcher_destroy(&matcher);
}

static void kfpy_names_iter_free(const void *keep, kf_names_iter *iter)
{
    (void)keep;
    kf_names_iter_destroy(&iter);
}

static void kfpy_explanation_free(kf_explanation *explanation)
{
    kf_explanation_free(&explanation);
}

/* ---- rows into a builder ---------------------------------------------------------------------- */

typedef struct kfpy_texts {
    const char *data;
    const uint64_t *sizes;
    const uint8_t *there;
} kfpy_texts;

typedef struct kfpy_name_rows {
    size_t count;
    uint64_t first;
    const uint64_t *numbers;
    int is_signed;
    kfpy_texts ids, names, attributes, payloads;
} kfpy_name_rows;

/* The text of the next row. */
static kf_bytes next_text(kfpy_texts *texts, size_t row)
{
    if (texts->sizes == NULL || (texts->there != NULL && !texts->there[row])) return (kf_bytes){ NULL, 0 };
    kf_bytes text = { (const uint8_t *)texts->data, (size_t)*texts->sizes++ };
    texts->data += text.size;
    return text;
}

enum { DECIMAL = 24 };

static kf_bytes in_decimal(char place[DECIMAL], uint64_t number, int is_signed)
{
    int is_negative = is_signed && number >> 63;
    char *at = place + DECIMAL;
    if (is_negative) number = 0 - number;
    do *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    if (is_negative) *--at = '-';
    return (kf_bytes){ (const uint8_t *)at, (size_t)(place + DECIMAL - at) };
}

static int kfpy_names_add(kf_names_builder *builder, const kfpy_name_rows *rows, size_t *row, kf_error *error)
{
    kfpy_texts ids = rows->ids, names = rows->names, attributes = rows->attributes, payloads = rows->payloads;
    for (size_t i = 0; i < rows->count; i++) {
        char digits[DECIMAL];
        kf_names_row one = KF_NAMES_ROW_INIT;
        one.id = rows->numbers != NULL ? in_decimal(digits, rows->numbers[i], rows->is_signed)
               : rows->ids.sizes != NULL ? next_text(&ids, i) : in_decimal(digits, rows->first + i, 0);
        one.name = next_text(&names, i);
        one.attribute = next_text(&attributes, i);
        one.payload = next_text(&payloads, i);
        kf_status status = kf_names_builder_add_row(builder, &one, error);
        *row = i;
        if (status != KF_OK) return (int)status;
    }
    return KF_OK;
}

static void kfpy_texts_split(const char *data, const uint64_t *sizes, size_t count, kf_bytes *out)
{
    kfpy_texts texts = { data, sizes, NULL };
    for (size_t i = 0; i < count; i++) out[i] = next_text(&texts, i);
}

/* ---- what searches find ----------------------------------------------------------------------- */

enum { KFPY_FOUND_ID, KFPY_FOUND_NAME, KFPY_FOUND_ATTRIBUTE, KFPY_FOUND_PAYLOAD, FOUND_TEXTS,
       KFPY_FOUND_SCORE = FOUND_TEXTS, KFPY_FOUND_GAP, KFPY_FOUND_POSITION, KFPY_FOUND_NUMBER };

typedef struct found_texts {
    char *data;
    size_t capacity;
    uint64_t *ends;
} found_texts;

typedef struct kfpy_note {
    uint64_t needle;
    uint64_t tied;
    int exact;
} kfpy_note;

typedef struct kfpy_found {
    size_t count;
    uint64_t *needles;
    size_t notes_count;
    kfpy_note *notes;
    size_t room, notes_room;      /* how many the arrays hold */
    uint64_t *positions;
    double *scores, *gaps;
    found_texts texts[FOUND_TEXTS];
} kfpy_found;

static kfpy_found *kfpy_found_new(void)
{
    return calloc(1, sizeof(kfpy_found));
}

static void kfpy_found_free(kfpy_found *found)
{
    if (found == NULL) return;
    for (int i = 0; i < FOUND_TEXTS; i++) {
        free(found->texts[i].data);
        free(found->texts[i].ends);
    }
    free(found->needles);
    free(found->notes);
    free(found->positions);
    free(found->scores);
    free(found->gaps);
    free(found);
}

static int found_room(kfpy_found *found, size_t more)
{
    if (more <= found->room - found->count) return 1;
    size_t wanted = found->count + more + found->count / 2 + 64;
    if (!widen(&found->needles, wanted, sizeof(uint64_t)) || !widen(&found->positions, wanted, sizeof(uint64_t)) ||
        !widen(&found->scores, wanted, sizeof(double)) || !widen(&found->gaps, wanted, sizeof(double)))
        return 0;
    for (int i = 0; i < FOUND_TEXTS; i++)
        if (!widen(&found->texts[i].ends, wanted, sizeof(uint64_t))) return 0;
    found->room = wanted;
    return 1;
}

static int found_row(kfpy_found *found, const kf_bytes row[FOUND_TEXTS])
{
    for (int i = 0; i < FOUND_TEXTS; i++) {
        found_texts *texts = &found->texts[i];
        size_t used = found->count > 0 ? (size_t)texts->ends[found->count - 1] : 0;
        if (!append(&texts->data, &texts->capacity, used, row[i])) return 0;
        texts->ends[found->count] = used + row[i].size;
    }
    return 1;
}

static int found_note(kfpy_found *found, size_t needle, const kf_name_hits *hits)
{
    if (hits->exact && hits->tied == 0) return 1;
    if (found->notes_count == found->notes_room) {
        size_t wanted = found->notes_room * 2 + 16;
        if (!widen(&found->notes, wanted, sizeof(kfpy_note))) return 0;
        found->notes_room = wanted;
    }
    found->notes[found->notes_count++] = (kfpy_note){ needle, hits->tied, hits->exact };
    return 1;
}

static kf_status kfpy_found_add(void *context, size_t needle, const kf_name_hits *hits, kf_error *error)
{
    kfpy_found *found = context;
    (void)error;
    if (!found_room(found, hits->count) || !found_note(found, needle, hits)) return KF_NO_MEMORY;
    for (size_t i = 0; i < hits->count; i++) {
        const kf_name_hit *hit = hits->hits[i];
        if (!found_row(found, (const kf_bytes[]){ hit->id, hit->name, hit->attribute, hit->payload }))
            return KF_NO_MEMORY;
        found->needles[found->count] = needle;
        found->positions[found->count] = hit->position;
        found->gaps[found->count] = hit->gap;
        found->scores[found->count++] = hit->score;
    }
    return KF_OK;
}

static void kfpy_found_renumber(kfpy_found *found, const uint64_t *places)
{
    for (size_t i = 0; i < found->count; i++) found->needles[i] = places[found->needles[i]];
    for (size_t i = 0; i < found->notes_count; i++) found->notes[i].needle = places[found->notes[i].needle];
}

static int kfpy_found_read(kfpy_found *found, kf_names_iter *iter, size_t rows, kf_error *error)
{
    found->count = 0;
    if (!found_room(found, rows)) return KF_NO_MEMORY;
    while (found->count < rows) {
        const kf_names_row *row;
        kf_status status = kf_names_iter_next(iter, &row, error);
        if (status != KF_OK) return (int)status;
        if (!found_row(found, (const kf_bytes[]){ row->id, row->name, row->attribute, row->payload }))
            return KF_NO_MEMORY;
        found->count++;
    }
    return KF_OK;
}

static kf_bytes text_of(const found_texts *texts, uint64_t place)
{
    uint64_t start = place > 0 ? texts->ends[place - 1] : 0;
    return (kf_bytes){ (const uint8_t *)texts->data + start, (size_t)(texts->ends[place] - start) };
}

static int column_texts(const found_texts *texts, const uint64_t *places, kfpy_lookup *column)
{
    size_t size = 0, used = 0;
    for (size_t i = 0; i < column->count; i++)
        if (places[i] != UINT64_MAX) size += text_of(texts, places[i]).size;
    free(column->value_data);
    column->value_data = NULL;
    if (!widen(&column->value_data, size + 1, 1) || !widen(&column->value_offsets, column->count + 1, sizeof(int64_t)))
        return KF_NO_MEMORY;
    for (size_t i = 0; i < column->count; i++) {
        kf_bytes text = places[i] != UINT64_MAX ? text_of(texts, places[i]) : (kf_bytes){ NULL, 0 };
        column->value_offsets[i] = (int64_t)used;
        if (text.size > 0) memcpy(column->value_data + used, text.data, text.size);
        used += text.size;
    }
    column->value_offsets[column->count] = (int64_t)used;
    return KF_OK;
}

/* An id in decimal. */
static int signed_number(kf_bytes id, uint64_t *number)
{
    size_t at = id.size > 0 && id.data[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + at, value = 0;
    int is_negative = at > 0;
    if (at == id.size) return KF_LIMIT;
    for (; at < id.size; at++) {
        unsigned digit = (unsigned)id.data[at] - '0';
        if (digit > 9 || value > (most - digit) / 10) return KF_LIMIT;
        value = value * 10 + digit;
    }
    *number = is_negative ? 0 - value : value;
    return KF_OK;
}

static int number_of(const kfpy_found *found, int what, uint64_t place, uint64_t *number)
{
    if (what == KFPY_FOUND_NUMBER) return signed_number(text_of(&found->texts[KFPY_FOUND_ID], place), number);
    if (what == KFPY_FOUND_SCORE) memcpy(number, &found->scores[place], sizeof(double));
    else if (what == KFPY_FOUND_GAP) memcpy(number, &found->gaps[place], sizeof(double));
    else *number = found->positions[place];
    return KF_OK;
}

static int kfpy_found_column(const kfpy_found *found, int what, const uint64_t *places, size_t count,
                             kfpy_lookup *column)
{
    if (!widen(&column->ordinals, count + 1, sizeof(uint64_t))) return KF_NO_MEMORY;
    column->count = count;
    column->found = 0;
    for (size_t i = 0; i < count; i++) {
        int none = places[i] == UINT64_MAX || ((what == KFPY_FOUND_ATTRIBUTE || what == KFPY_FOUND_PAYLOAD) &&
                                               text_of(&found->texts[what], places[i]).size == 0);
        column->ordinals[i] = none ? KF_ABSENT : places[i];
        column->found += !none;
    }
    if (what < FOUND_TEXTS) return column_texts(&found->texts[what], places, column);
    if (!widen(&column->numbers, count + 1, sizeof(uint64_t))) return KF_NO_MEMORY;
    column->width = sizeof(uint64_t);
    for (size_t i = 0; i < count; i++) {
        column->numbers[i] = 0;
        int status = places[i] == UINT64_MAX ? KF_OK : number_of(found, what, places[i], &column->numbers[i]);
        if (status != KF_OK) return status;
    }
    return KF_OK;
}
