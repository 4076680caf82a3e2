/* kf_names_verify: everything that a builder guarantees and a search relies on. */
#include "names/index/index.h"

#include "base/options.h"
#include "names/order.h"
#include "query/units.h"
#include "read/frame.h"

#include <stdlib.h>

KFI_STRUCT_KIND(names_verify_kind, kf_verify_options, KF_VERIFY_OPTIONS_INIT, progress_context, progress_context);

enum {
    STEP = 1 << 16,
    SUM_BLOCKS = 64                /* with checksums, between two reports */
};

typedef struct verifying {
    const kf_names *names;
    const kf_verify_options *options;
    kfi_progress progress;         /* within a stage; its total says in which units */
    uint64_t before, bytes;        /* of the stages before, of this one */
    uint64_t told, all;            /* bytes: as told last, of all stages */
    uint32_t *counts;              /* by token: names that have it, and that its postings have not named yet */
    uint8_t *positions;            /* a bit each: whether it was met */
    uint32_t last[KF_NAME_TOKENS]; /* the ids of the slot before, as they are stored */
    kf_error *error;
} verifying;

static kf_status bad(verifying *v, kfi_section_type type, const char *what)
{
    return kfi_fail_at(v->error, KF_CORRUPT, kfi_header_section(&v->names->header, type)->offset, "%s", what);
}

/* ---- progress ----------------------------------------------------------------------------------- */

/* A stage of several parts may begin again with each. */
static kf_status tell_bytes(verifying *v, uint64_t done, kf_error *error)
{
    if (done > v->told) v->told = done;
    const kf_progress progress = { KF_PHASE_VERIFY, v->told, v->all, 0, 0 };
    return kfi_progress_call(v->options->progress, v->options->progress_context, &progress, error);
}

static kf_status tell(void *context, kf_phase phase, uint64_t done, uint64_t total, kf_error *error)
{
    verifying *v = context;
    const double share = !total ? 0 : done < total ? (double)done / (double)total : 1;
    (void)phase;
    return tell_bytes(v, v->before + (uint64_t)(share * (double)v->bytes), error);
}

static uint64_t size_of(const kf_names *n, kfi_section_type type)
{
    const kfi_section *section = kfi_header_section(&n->header, type);
    return section ? section->size : 0;
}

/* The stage before is done. */
static kf_status begin(verifying *v, uint64_t bytes, uint64_t units)
{
    v->before += v->bytes;
    v->bytes = bytes;
    v->progress.total = units;
    return tell_bytes(v, v->before, v->error);
}

/* ---- checksums and tokens ----------------------------------------------------------------------- */

static kf_status verify_sums(verifying *v)
{
    const kf_names *n = v->names;
    const uint64_t blocks = kfi_checksum_blocks(kfi_frame_summed(&n->header));
    kf_status status = begin(v, kfi_frame_summed(&n->header), blocks);
    if (!status) status = kfi_frame_verify_id(&n->mapping, &n->header, v->error);
    for (uint64_t i = 0; i < blocks && !status; i += SUM_BLOCKS) {
        status = kfi_frame_verify_blocks(&n->mapping, &n->header, i, SUM_BLOCKS, v->error);
        if (!status) status = kfi_progress_report(&v->progress, i, v->error);
    }
    if (!status) status = kfi_frame_verify_pads(&n->mapping, &n->header, v->error);
    return status ? status : kfi_metadata_verify(&n->metadata, v->error);
}

static int tell_image(void *context, const kf_progress *progress)
{
    return tell(context, KF_PHASE_VERIFY, progress->done, progress->total, NULL) != KF_OK;
}

static kf_status verify_images(verifying *v)
{
    kf_verify_options options = KF_VERIFY_OPTIONS_INIT;
    kf_status status = KF_OK;
    options.threads = v->options->threads;
    options.progress = tell_image;
    options.progress_context = v;
    for (uint32_t i = 0; i < v->names->head.bands && !status; i++) {
        status = begin(v, v->names->bands[i].image_size, 0);
        if (!status) status = kf_dict_verify(v->names->images[i], &options, v->error);
    }
    return status;
}

/* ---- names -------------------------------------------------------------------------------------- */

/* Searches for a name by its tokens' ids rely on it. */
static int is_behind_last(const verifying *v, const kfi_group *g, uint32_t slot, const uint32_t *ids)
{
    if (slot == g->first) return 1;
    for (uint32_t i = 0; i < g->tokens; i++)
        if (ids[i] != v->last[i]) return ids[i] > v->last[i];
    return kfi_names_position(v->names, slot) > kfi_names_position(v->names, slot - 1);
}

static kf_status verify_name(verifying *v, const kfi_group *g, uint32_t slot)
{
    const kf_names *n = v->names;
    uint32_t ids[KF_NAME_TOKENS];
    const unsigned width = kfi_order_width(g->tokens);
    const uint32_t position = kfi_names_position(n, slot);
    kfi_names_ids(n, g, slot, ids);
    for (uint32_t i = 0; i < g->tokens; i++) {
        if (ids[i] >= n->head.tokens) return bad(v, KFI_SECTION_FORWARD, "the id of a token is out of range");
        if (i && g->tokens <= KFI_SORTED_TOKENS && ids[i] < ids[i - 1])
            return bad(v, KFI_SECTION_FORWARD, "the tokens of a name are not in order");
    }
    if (!is_behind_last(v, g, slot, ids)) return bad(v, KFI_SECTION_FORWARD, "the names of a group are not in order");
    memcpy(v->last, ids, g->tokens * sizeof *ids);
    const uint32_t rank = (uint32_t)kfi_load_bits(n->orders + g->orders, (uint64_t)(slot - g->first) * width, width);
    if (width && !kfi_order_restore(ids, g->tokens, rank)) return bad(v, KFI_SECTION_ORDERS, "an order is impossible");
    if (position >= n->count || v->positions[position / 8] >> (position % 8) & 1)
        return bad(v, KFI_SECTION_POSITIONS, "a position is out of range or there twice");
    v->positions[position / 8] |= (uint8_t)(1u << (position % 8));
    for (uint32_t i = 0; i < g->tokens; i++) {
        uint32_t before = 0;
        while (before < i && ids[before] != ids[i]) before++;
        if (before == i) v->counts[ids[i]]++;
    }
    return KF_OK;
}

static kf_status verify_names(verifying *v)
{
    const kf_names *n = v->names;
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < n->head.groups && !status; i++)
        for (uint32_t slot = n->groups[i].first; slot < n->groups[i + 1].first && !status; slot++) {
            status = verify_name(v, &n->groups[i], slot);
            if (!status && slot % STEP == 0) status = kfi_progress_report(&v->progress, slot, v->error);
        }
    return status;
}

/* ---- postings ----------------------------------------------------------------------------------- */

static int has_token(const kf_names *n, const kfi_group *g, uint32_t slot, uint32_t id)
{
    uint32_t ids[KF_NAME_TOKENS];
    kfi_names_ids(n, g, slot, ids);
    for (uint32_t i = 0; i < g->tokens; i++)
        if (ids[i] == id) return 1;
    return 0;
}

static kf_status verify_token(verifying *v, uint32_t id)
{
    const kf_names *n = v->names;
    kfi_postings postings;
    kfi_run run;
    uint32_t next = 0;
    if (kfi_names_frequency(n, id) != v->counts[id])
        return bad(v, KFI_SECTION_POSTINGS, "a token is in more or fewer names than is said");
    kf_status status = kfi_postings_begin(&postings, n, id);
    while (!status && !(status = kfi_postings_next(&postings, &run))) {
        if (run.first < next) status = KF_CORRUPT;
        next = run.first + run.count;
        for (uint32_t i = 0; i < run.count && !status; i++)
            if (!has_token(n, kfi_names_group(n, run.first + i), run.first + i, id)) status = KF_CORRUPT;
    }
    if (status == KF_END && postings.end && postings.at != postings.end) status = KF_CORRUPT;
    return status == KF_END ? KF_OK : bad(v, KFI_SECTION_POSTINGS, "the postings of a token are wrong");
}

static kf_status verify_postings(verifying *v)
{
    kf_status status = KF_OK;
    for (uint32_t id = 0; id < v->names->head.tokens && !status; id++) {
        status = verify_token(v, id);
        if (!status && id % STEP == 0) status = kfi_progress_report(&v->progress, id, v->error);
    }
    return status;
}

/* ---- blocks ------------------------------------------------------------------------------------- */

/* Counts are not needed any more: they mark tokens that were met. */
static kf_status meet(verifying *v, uint32_t id)
{
    if (id >= v->names->head.tokens || v->counts[id] == UINT32_MAX)
        return bad(v, KFI_SECTION_BLOCKS, "a token is out of range or there twice");
    v->counts[id] = UINT32_MAX;
    return KF_OK;
}

static kf_status verify_blocks(verifying *v, kf_buffer *buffer)
{
    const kf_names *n = v->names;
    const kfi_blocks *b = &n->blocks;
    kf_bytes text;
    kf_status status = KF_OK;
    for (uint32_t i = 0; i < b->group_count; i++)
        for (uint32_t t = 0; t < b->groups[i].tokens && !status; t++) {
            const uint32_t id = kfi_blocks_id(b, b->groups[i].first_token + t);
            status = meet(v, id);
            if (!status) status = kfi_names_token_text(n, id, buffer, &text, v->error);
            if (!status && !kfi_blocks_has(b, &b->groups[i], t, text))
                status = bad(v, KFI_SECTION_BLOCKS, "a block does not have the letters of its token");
            if (!status && t % STEP == 0)
                status = kfi_progress_report(&v->progress, b->groups[i].first_token + t, v->error);
        }
    for (uint32_t i = 0; i < b->longs && !status; i++) {
        const uint32_t id = kfi_blocks_long_id(b, i);
        uint32_t length = 0;
        status = meet(v, id);
        if (!status) status = kfi_names_token_text(n, id, buffer, &text, v->error);
        for (size_t at = 0; !status && at < text.size; at++) length += (text.data[at] & 0xc0) != 0x80;
        if (!status && (length != kfi_blocks_long_length(b, i) || length <= KFI_BLOCK_LENGTH))
            status = bad(v, KFI_SECTION_BLOCKS, "a token has another length");
    }
    if (!status && b->empty != UINT32_MAX) status = meet(v, b->empty);
    if (!status && b->empty != UINT32_MAX) status = kfi_names_token_text(n, b->empty, buffer, &text, v->error);
    if (!status && b->empty != UINT32_MAX && text.size)
        status = bad(v, KFI_SECTION_BLOCKS, "the empty token is not empty");
    return status;
}

/* ------------------------------------------------------------------------------------------------- */

/* The rest behind the names' own sections. */
static uint64_t extra_bytes(const kf_names *n)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n->header.section_count; i++)
        if (n->header.sections[i].type > KFI_SECTION_POSTINGS) bytes += n->header.sections[i].size;
    return bytes;
}

static kf_status verify_parts(verifying *v)
{
    const kf_names *n = v->names;
    const uint64_t forward = size_of(n, KFI_SECTION_FORWARD), postings = size_of(n, KFI_SECTION_POSTINGS),
        blocks = size_of(n, KFI_SECTION_BLOCKS), ids = size_of(n, KFI_SECTION_VALUES), extras = extra_bytes(n);
    kf_buffer buffer = KF_BUFFER_INIT;
    v->all = kfi_frame_summed(&n->header) + size_of(n, KFI_SECTION_VOCABULARY) + forward + postings + blocks + ids
             + extras;
    kf_status status = verify_sums(v);
    if (!status) status = verify_images(v);
    if (!status) status = begin(v, forward, n->count);
    if (!status) status = verify_names(v);
    if (!status) status = begin(v, postings, n->head.tokens);
    if (!status) status = verify_postings(v);
    if (!status) status = begin(v, blocks, n->head.tokens);
    if (!status) status = verify_blocks(v, &buffer);
    if (!status) status = begin(v, ids, ids);
    if (!status) status = kfi_column_verify(n->ids, &v->progress, v->error);
    if (!status) status = begin(v, extras, extras);
    if (!status) status = kfi_names_extras_verify(n, &v->progress, v->error);
    if (!status) status = kfi_letters_verify(n, &v->progress, v->error);
    if (!status) status = tell_bytes(v, v->all, v->error);
    kf_buffer_free(&buffer);
    return status;
}

kf_status kf_names_verify(const kf_names *n, const kf_verify_options *options, kf_error *error)
{
    kf_verify_options known;
    kf_status status = kfi_options_read(&known, options, &names_verify_kind, error);
    if (status) return status;
    verifying v = { .names = n, .options = &known, .error = error };
    v.progress = (kfi_progress){ tell, &v, KF_PHASE_VERIFY, 0, STEP, 0 };
    v.counts = calloc((size_t)n->head.tokens + 1, sizeof *v.counts);
    v.positions = calloc((size_t)n->count / 8 + 1, 1);
    status = v.counts && v.positions ? verify_parts(&v) : kfi_fail_memory(error, (size_t)n->head.tokens * 4);
    free(v.counts);
    free(v.positions);
    return status;
}
