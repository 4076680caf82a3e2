#include "output/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output/escape.h"
#include "output/message.h"

#define BATCH_NEEDLES 16
#define BATCH_TEXT ((size_t)64 << 10)
#define BATCHES_A_THREAD 4
/* Results of a batch that is not yet the first one in line. */
#define HELD_SIZE ((size_t)1 << 20)
#define SHOWN_SIZE 64   /* of a needle, in messages */
#define NAME_SIZE (4 * SHOWN_SIZE + 32)

typedef struct span {
    size_t begin, size;
    uint64_t line;
} span;

/* Some needles and what became of them. */
typedef struct batch {
    struct crew *crew;
    uint64_t number;
    int done;
    span needles[BATCH_NEEDLES];
    size_t count;
    uint8_t *text;           /* of the needles */
    size_t text_size, text_capacity;
    uint8_t *results;
    size_t results_size, results_capacity;
    kft_reply reply;
    size_t failed_at;        /* the needle that failed, if status is not KF_OK */
    kf_status status;
    kf_error error;
} batch;

/*  Batches by their numbers, which go round in a ring:
 *
 *      written <= ... done or being answered ... <= taken <= ... waiting ... <= filled <= written + ring_size
 *
 *  Batch `written` is the first in line: only its thread, or the main thread once it is done, uses `out`. */
typedef struct crew {
    const kft_job *job;
    kft_output *out;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    batch *ring;
    size_t ring_size;
    uint64_t filled, taken, written;
    int stop;
    pthread_t *threads;
    unsigned thread_count;   /* 0: the main thread answers */
    int found;
    uint64_t answered;       /* needles, in written batches */
} crew;

/* "needle 'NEEDLE'" for messages. */
static void name_needle(char to[NAME_SIZE], kf_bytes needle)
{
    char shown[4 * SHOWN_SIZE + 1];

    escape_for_terminal(shown, needle.data, needle.size < SHOWN_SIZE ? needle.size : SHOWN_SIZE);
    snprintf(to, NAME_SIZE, "needle '%s%s'", shown, needle.size > SHOWN_SIZE ? "..." : "");
}

void reply_note(kft_reply *reply, kf_bytes needle, const char *text)
{
    char name[NAME_SIZE];
    size_t room = sizeof name + strlen(text) + 4;
    char *grown = realloc(reply->notes, reply->notes_size + room);

    if (grown == NULL)
        return;   /* a remark, not a result */
    name_needle(name, needle);
    reply->notes = grown;
    reply->notes_size += (size_t)snprintf(grown + reply->notes_size, room, "%s: %s\n", name, text);
}

/* A thread's output goes to its batch, or to stdout when there is too much and its turn has come. */
static int deliver(void *context, const uint8_t *data, size_t size)
{
    batch *own = *(batch **)context;
    crew *all = own->crew;
    int stop;

    if (own->results_size + size <= HELD_SIZE) {
        if (own->results_size + size > own->results_capacity) {
            size_t capacity = 2 * (own->results_size + size);
            uint8_t *grown = realloc(own->results, capacity);

            if (grown == NULL)
                return ENOMEM;
            own->results = grown;
            own->results_capacity = capacity;
        }
        memcpy(own->results + own->results_size, data, size);
        own->results_size += size;
        return 0;
    }
    pthread_mutex_lock(&all->lock);
    while (!all->stop && all->written != own->number)
        pthread_cond_wait(&all->changed, &all->lock);
    stop = all->stop;
    pthread_mutex_unlock(&all->lock);
    if (stop)
        return ECANCELED;
    output_bytes(all->out, own->results, own->results_size);
    own->results_size = 0;
    output_bytes(all->out, data, size);
    return all->out->os_error;
}

static void answer_batch(batch *own)
{
    const kft_job *job = own->crew->job;

    for (size_t i = 0; i < own->count && own->reply.out->os_error == 0; i++) {
        size_t size = own->needles[i].size;
        /* Empty needles have no text, not even a place for it. */
        kf_bytes needle = { size > 0 ? own->text + own->needles[i].begin : NULL, size };

        own->status = job->answer(job->context, needle, &own->reply, &own->error);
        if (own->status != KF_OK) {
            own->failed_at = i;
            break;
        }
    }
}

static void *work(void *context)
{
    crew *all = context;
    batch *own = NULL;
    kft_output out;
    int has_output = output_open(&out);

    out.sink = deliver;
    out.sink_context = &own;
    pthread_mutex_lock(&all->lock);
    for (;;) {
        while (!all->stop && all->taken == all->filled)
            pthread_cond_wait(&all->changed, &all->lock);
        if (all->stop)
            break;
        own = &all->ring[all->taken++ % all->ring_size];
        pthread_mutex_unlock(&all->lock);
        if (has_output) {
            out.os_error = 0;
            own->reply.out = &out;
            answer_batch(own);
            output_flush(&out);
        }
        if (own->status == KF_OK && (!has_output || out.os_error == ENOMEM))
            own->status = KF_NO_MEMORY;
        pthread_mutex_lock(&all->lock);
        own->done = 1;
        pthread_cond_broadcast(&all->changed);
    }
    pthread_mutex_unlock(&all->lock);
    if (has_output)
        free(out.buffer);
    return NULL;
}

/* Says what failed; returns the exit code. */
static int failure(const batch *own, const kft_needles *needles)
{
    const span *needle = &own->needles[own->failed_at];
    char place[NAME_SIZE];
    int code;

    if (own->status != KF_INVALID && own->status != KF_LIMIT)
        return complain_error(own->crew->job->path, own->status, &own->error);
    if (needle->line > 0)
        snprintf(place, sizeof place, "%.200s:%llu", needles->stream.name, (unsigned long long)needle->line);
    else
        name_needle(place, (kf_bytes){ own->text + needle->begin, needle->size });
    code = complain_error(place, own->status, &own->error);
    return needle->line > 0 ? EXIT_TROUBLE : code;
}

/* Writes what came of the batch that is first in line, waiting for it. Returns 0 or an exit code. */
static int write_first(crew *all, const kft_needles *needles)
{
    batch *first = &all->ring[all->written % all->ring_size];
    int code = 0;

    pthread_mutex_lock(&all->lock);
    while (!first->done)
        pthread_cond_wait(&all->changed, &all->lock);
    pthread_mutex_unlock(&all->lock);
    output_bytes(all->out, first->results, first->results_size);
    if (first->reply.notes_size > 0 || first->status != KF_OK)
        output_flush(all->out);
    for (char *note = first->reply.notes, *end; note != NULL && *note != 0; note = end + 1) {
        end = strchr(note, '\n');
        message((kft_message){ MESSAGE_NOTE, KF_OK, NULL, 0 }, "%.*s", (int)(end - note), note);
    }
    all->found |= first->reply.found;
    if (all->out->os_error != 0)
        code = EXIT_TROUBLE;   /* output_finish says why */
    else if (first->status != KF_OK)
        code = failure(first, needles);
    all->answered += first->count;
    if (all->job->tell != NULL)
        all->job->tell(needles, all->answered);
    pthread_mutex_lock(&all->lock);
    all->written++;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    return code;
}

static int write_all(crew *all, const kft_needles *needles)
{
    int code = 0;

    while (all->written < all->filled && code == 0)
        code = write_first(all, needles);
    return code;
}

/* Hands the batch being filled to the threads, or answers it. */
static void submit(crew *all)
{
    batch *own = &all->ring[all->filled % all->ring_size];

    if (all->thread_count == 0) {
        own->reply.out = all->out;
        answer_batch(own);
        own->done = 1;
    }
    pthread_mutex_lock(&all->lock);
    all->filled++;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
}

static int add_needle(batch *own, const kft_needle *needle)
{
    if (own->text_size + needle->text.size > own->text_capacity) {
        size_t capacity = 2 * (own->text_size + needle->text.size);
        uint8_t *grown = realloc(own->text, capacity);

        if (grown == NULL) {
            complain("out of memory");
            return EXIT_TROUBLE;
        }
        own->text = grown;
        own->text_capacity = capacity;
    }
    if (needle->text.size > 0)
        memcpy(own->text + own->text_size, needle->text.data, needle->text.size);
    own->needles[own->count++] = (span){ own->text_size, needle->text.size, needle->line };
    own->text_size += needle->text.size;
    return 0;
}

/* The next batch to fill; it makes room for it in the ring first. */
static batch *begin_batch(crew *all, const kft_needles *needles, int *code)
{
    batch *own = &all->ring[all->filled % all->ring_size];

    *code = 0;
    if (all->filled - all->written == all->ring_size)
        *code = write_first(all, needles);
    own->number = all->filled;
    own->done = 0;
    own->count = 0;
    own->text_size = 0;
    own->results_size = 0;
    own->reply.found = 0;
    own->reply.notes_size = 0;
    if (own->reply.notes != NULL)
        own->reply.notes[0] = 0;
    own->status = KF_OK;
    return own;
}

static int feed(crew *all, kft_needles *needles)
{
    int code, found = STREAM_FOUND;
    batch *own = begin_batch(all, needles, &code);

    while (code == 0 && found == STREAM_FOUND) {
        int waits = !needles_ready(needles);
        kft_needle needle;

        if (own->count == BATCH_NEEDLES || own->text_size > BATCH_TEXT || (waits && own->count > 0)) {
            submit(all);
            own = begin_batch(all, needles, &code);
        }
        if (waits && code == 0) {
            code = write_all(all, needles);
            output_flush(all->out);
        }
        if (code != 0 || (waits && all->out->os_error != 0))
            return code;
        found = needles_next(needles, &needle);
        if (found == STREAM_FOUND)
            code = add_needle(own, &needle);
    }
    if (code == 0 && own->count > 0)
        submit(all);
    if (code == 0)
        code = write_all(all, needles);
    if (code == 0 && found == STREAM_FAILED) {
        output_flush(all->out);
        complain("%s", needles->problem);
        code = needles->code;
    }
    return code;
}

/* Fewer threads than asked for are enough. */
static int hire(crew *all, unsigned threads)
{
    all->ring_size = threads > 1 ? (size_t)threads * BATCHES_A_THREAD : 1;
    all->ring = calloc(all->ring_size, sizeof *all->ring);
    all->threads = calloc(threads, sizeof *all->threads);
    if (all->ring == NULL || all->threads == NULL) {
        complain("out of memory");
        return EXIT_TROUBLE;
    }
    for (size_t i = 0; i < all->ring_size; i++)
        all->ring[i].crew = all;
    while (threads > 1 && all->thread_count < threads &&
           pthread_create(&all->threads[all->thread_count], NULL, work, all) == 0)
        all->thread_count++;
    return 0;
}

static void dismiss(crew *all)
{
    pthread_mutex_lock(&all->lock);
    all->stop = 1;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < all->thread_count; i++)
        pthread_join(all->threads[i], NULL);
    for (size_t i = 0; all->ring != NULL && i < all->ring_size; i++) {
        free(all->ring[i].text);
        free(all->ring[i].results);
        free(all->ring[i].reply.notes);
    }
    free(all->ring);
    free(all->threads);
}

int crew_run(const kft_job *job, kft_needles *needles, kft_output *out)
{
    crew all = { .job = job, .out = out,
                 .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    int code = hire(&all, needles_threads(needles));

    if (code == 0)
        code = feed(&all, needles);
    dismiss(&all);
    return code != 0 ? code : all.found ? EXIT_FOUND : EXIT_NOT_FOUND;
}
