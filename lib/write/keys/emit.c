#include "write/keys/emit.h"

#include "write/keys/bit_writer.h"
#include "write/keys/endings_writer.h"
#include "write/keys/node_writer.h"
#include "write/keys/top_writer.h"

#include <stdlib.h>

typedef struct place { uint64_t position; uint32_t size; } place;   /* size 0: in the TREE section */

typedef struct emitter {
    kfi_key_plan *plan;
    kfi_shared_table *shared;
    kfi_writer *writer;
    kfi_key_coder coder;
    kfi_array node, scratch;
    kfi_top_builder *top;
    kfi_endings_builder *endings;
    kfi_array containers;         /* of the SHARED section, in order of completion */
    kfi_array ends;               /* what follows them there */
    place *places;                /* by directory index */
    uint64_t stored;
} emitter;

/* The machine's jumps name shared states; the file's name directory indexes. */
static void resolve_jumps(emitter *e, const kfi_laid_state *state)
{
    for (uint32_t i = 0; i < state->entry_count; i++)
        if (state->entries[i].jump != KFI_NO_JUMP)
            state->entries[i].jump = e->shared->states[state->entries[i].jump].place;
}

static kf_status emit_node(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                           uint64_t *address, kf_error *error)
{
    emitter *e = context;
    *address = kfi_writer_position(e->writer);
    if (shared) e->places[shared->place] = (place){ *address, 0 };
    e->plan->parameters.root_kind = KFI_ROOT_CONTAINER;
    e->plan->parameters.root = *address;   /* the root comes last */
    resolve_jumps(e, state);
    e->node.size = 0;
    kf_status status = kfi_top_builder_add(e->top, state, *address, error);
    if (!status) status = kfi_node_encode(&e->coder, state, *address, &e->scratch, &e->node, error);
    return status ? status : kfi_writer_write(e->writer, e->node.data, e->node.size, error);
}

static kf_status emit_small(void *context, const kfi_laid_state *state, kfi_shared_state *shared,
                            kf_error *error)
{
    emitter *e = context;
    if (!shared->stored) return KF_OK;
    size_t begin = e->containers.size;
    e->scratch.size = 0;
    kf_status status = kfi_array_append(&e->scratch, state->entries,
                                        state->entry_count * sizeof *state->entries, error);
    if (status) return status;
    kfi_laid_state copy = *state;
    copy.entries = (kfi_bucket_entry *)(void *)e->scratch.data;
    resolve_jumps(e, &copy);
    status = kfi_endings_add(e->endings, &copy, shared->place, error);
    if (!status)
        status = kfi_bucket_encode(&e->coder, copy.entries, copy.entry_count, copy.text, copy.final,
                                   &e->containers, error);
    e->places[shared->place] = (place){ begin, (uint32_t)(e->containers.size - begin) };
    return status;
}

static kf_status emit_small_root(void *context, const kfi_laid_state *state, kf_error *error)
{
    emitter *e = context;
    kfi_keys_parameters *p = &e->plan->parameters;
    p->root_kind = KFI_ROOT_EMPTY_KEY;
    if (!state->entry_count) return KF_OK;
    p->root_kind = KFI_ROOT_CONTAINER;
    p->root = kfi_writer_position(e->writer);
    resolve_jumps(e, state);
    e->node.size = 0;
    kf_status status = kfi_bucket_encode(&e->coder, state->entries, state->entry_count, state->text,
                                         state->final, &e->node, error);
    return status ? status : kfi_writer_write(e->writer, e->node.data, e->node.size, error);
}

static kf_status write_tree(emitter *e, const kfi_automaton *automaton, kfi_progress *progress, kf_error *error)
{
    uint8_t parameters[KFI_KEYS_PARAMETERS] = { 0 };
    kf_status status = kfi_writer_begin(e->writer, KFI_SECTION_TREE, error);
    if (!status) status = kfi_writer_write(e->writer, parameters, sizeof parameters, error);
    kfi_layout_sink sink = { e, emit_node, emit_small, emit_small_root, progress };
    if (!status) status = kfi_layout_run(automaton, e->shared, &sink, error);
    return status;
}

/* They may take two percent of the keys' space. Keys coded by characters have few endings in common, and depths that
 * matter. */
static kf_status make_endings(emitter *e, kf_error *error)
{
    const uint64_t space = kfi_writer_position(e->writer) + e->containers.size;
    if (e->plan->parameters.character_bits) return KF_OK;
    return kfi_endings_write(e->endings, space / 50, &e->ends, error);
}

static void number_positions(emitter *e, uint64_t *directory_size, uint64_t *shared_size)
{
    kfi_keys_parameters *p = &e->plan->parameters;
    uint64_t width = 1, most;
    /* The directory's own size depends on the width of the positions in it. */
    for (;; width++) {
        *directory_size = e->stored ? (e->stored * width + 7) / 8 + 8 : 0;
        *shared_size = *directory_size + e->containers.size + e->ends.size;
        most = *shared_size;
        for (uint64_t i = 0; i < e->stored; i++)
            if (!e->places[i].size && e->places[i].position + *shared_size > most)
                most = e->places[i].position + *shared_size;
        if (kfi_bit_width(most) <= width) break;
    }
    p->directory_width = (uint8_t)width;
    p->directory_count = e->stored;
    p->shared_start = *directory_size;
    p->endings = e->ends.size ? *shared_size - e->ends.size : 0;
}

static kf_status write_shared(emitter *e, uint64_t directory_size, uint64_t shared_size, kf_error *error)
{
    kfi_array directory = { 0 };
    kf_status status = kfi_writer_begin(e->writer, KFI_SECTION_SHARED, error);
    if (!status) status = kfi_array_reserve(&directory, directory_size + 16, error);
    kfi_bit_writer w = { &directory, 0 };
    uint64_t at = directory_size;
    for (uint64_t i = 0; !status && i < e->stored; i++) {
        int in_tree = e->places[i].size == 0;
        kfi_bits_put(&w, in_tree ? shared_size + e->places[i].position : at,
                     e->plan->parameters.directory_width);
        at += e->places[i].size;
    }
    if (!status) {
        memset(directory.data + directory.size, 0, directory_size - directory.size);
        status = kfi_writer_write(e->writer, directory.data, directory_size, error);
    }
    for (uint64_t i = 0; !status && i < e->stored; i++)
        if (e->places[i].size)
            status = kfi_writer_write(e->writer, e->containers.data + e->places[i].position, e->places[i].size,
                                      error);
    if (!status) status = kfi_writer_write(e->writer, e->ends.data, e->ends.size, error);
    kfi_array_free(&directory);
    return status ? status : kfi_writer_end(e->writer, error);
}

/* The table may take half a percent of the keys' space, and 12 KiB, which small dictionaries are worth. */
static kf_status write_top(emitter *e, uint64_t keys_size, kf_error *error)
{
    kfi_array section = { 0 };
    const uint64_t most = keys_size / 200 + (keys_size < (1 << 18) ? keys_size / 20 : 12 << 10);
    kf_status status = kfi_top_builder_write(e->top, most, &section, error);
    if (!status) status = kfi_writer_begin(e->writer, KFI_SECTION_TOP, error);
    if (!status) status = kfi_writer_write(e->writer, section.data, section.size, error);
    if (!status) status = kfi_writer_end(e->writer, error);
    kfi_array_free(&section);
    return status;
}

static kf_status write_tokens(emitter *e, kf_error *error)
{
    kfi_array section = { 0 };
    kf_status status = kfi_writer_begin(e->writer, KFI_SECTION_TOKENS, error);
    if (!status && e->plan->tokens) status = kfi_token_encoder_write(e->plan->tokens, &section, error);
    if (!status) status = kfi_writer_write(e->writer, section.data, section.size, error);
    if (!status) status = kfi_writer_end(e->writer, error);
    kfi_array_free(&section);
    return status;
}

kf_status kfi_keys_emit(kfi_key_plan *plan, const kfi_automaton *automaton, kfi_shared_table *shared,
                        kfi_writer *writer, kfi_progress *progress, kf_error *error)
{
    emitter e = { .plan = plan, .shared = shared, .writer = writer };
    uint8_t parameters[KFI_KEYS_PARAMETERS];
    uint64_t directory_size, shared_size, keys_size = 0;
    e.coder.parameters = &plan->parameters;
    e.coder.tokens = plan->tokens;
    for (unsigned i = 16; i-- && plan->parameters.character_bits;)   /* unused table entries are 0 */
        e.coder.character_code[plan->parameters.character[i]] = (uint8_t)i;
    kf_status status = kfi_shared_table_rank(shared, &e.stored, error);
    if (!status && !(e.places = calloc(e.stored + 1, sizeof *e.places)))
        status = kfi_fail_memory(error, e.stored * sizeof *e.places);
    if (!status && !(e.endings = calloc(1, sizeof *e.endings)))
        status = kfi_fail_memory(error, sizeof *e.endings);
    if (!status) status = kfi_top_builder_create(&e.top, automaton->keys, error);
    if (!status) status = write_tokens(&e, error);
    if (!status) status = write_tree(&e, automaton, progress, error);
    if (!status) status = make_endings(&e, error);
    if (!status) {
        number_positions(&e, &directory_size, &shared_size);
        kfi_keys_parameters_write(&plan->parameters, parameters);
        status = kfi_writer_patch(writer, 0, parameters, sizeof parameters, error);
    }
    if (!status) {
        keys_size = kfi_writer_position(writer) + shared_size;
        status = kfi_writer_end(writer, error);
    }
    if (!status) status = write_shared(&e, directory_size, shared_size, error);
    if (!status) status = write_top(&e, keys_size, error);
    kfi_top_builder_destroy(&e.top);
    if (e.endings) kfi_endings_free(e.endings);
    free(e.endings);
    free(e.places);
    kfi_key_coder_free(&e.coder);
    kfi_array_free(&e.node);
    kfi_array_free(&e.scratch);
    kfi_array_free(&e.containers);
    kfi_array_free(&e.ends);
    return status;
}
