/* LMDB: a memory-mapped B+ tree, filled in key order with MDB_APPEND and no syncing, its best case.
 * Keys over 511 bytes do not fit Debian's build; they are left out and counted. */
#include <lmdb.h>

#include "../common.h"

typedef struct context {
    MDB_env *environment;
    MDB_txn *transaction;
    MDB_dbi database;
    MDB_cursor *cursor;
    enum bench_values values;
} context;

static void must(int result, const char *what)
{
    if (result != 0)
        bench_die(what, mdb_strerror(result));
}

static void open_environment(context *c, const char *path, unsigned flags, size_t map_size)
{
    must(mdb_env_create(&c->environment), "create");
    must(mdb_env_set_mapsize(c->environment, map_size), "map size");
    must(mdb_env_open(c->environment, path, MDB_NOSUBDIR | MDB_NOLOCK | flags, 0644), path);
    must(mdb_txn_begin(c->environment, NULL, flags & MDB_RDONLY, &c->transaction), "transaction");
    must(mdb_dbi_open(c->transaction, NULL, 0, &c->database), "database");
}

static int find(context *c, const char *key, size_t size, MDB_val *value)
{
    MDB_val k = {size, (void *)(uintptr_t)key};
    return size > 0 && size <= 511 && mdb_get(c->transaction, c->database, &k, value) == 0;
}

static uint64_t lookup(void *context_, const char *key, size_t size)
{
    MDB_val value;
    uint64_t number = BENCH_NOTHING;
    if (find(context_, key, size, &value))
        memcpy(&number, value.mv_data, sizeof number);
    return number;
}

static uint64_t lookup_text(void *context_, const char *key, size_t size)
{
    MDB_val value;
    return find(context_, key, size, &value) ? bench_hash(value.mv_data, value.mv_size) : BENCH_NOTHING;
}

static uint64_t touch_text(void *context_, const char *key, size_t size)
{
    MDB_val value;
    if (!find(context_, key, size, &value))
        return BENCH_NOTHING;
    return value.mv_size + (value.mv_size ? *(unsigned char *)value.mv_data : 0u);
}

static uint64_t list(void *context_, const char *prefix, size_t size)
{
    context *c = context_;
    MDB_val key = {size, (void *)(uintptr_t)prefix}, value;
    uint64_t n = 0;
    int result = mdb_cursor_get(c->cursor, &key, &value, MDB_SET_RANGE);
    while (result == 0 && n < BENCH_LISTED && key.mv_size >= size && memcmp(key.mv_data, prefix, size) == 0) {
        n++;
        result = mdb_cursor_get(c->cursor, &key, &value, MDB_NEXT);
    }
    return n;
}

static uint64_t enumerate(void *context_)
{
    context *c = context_;
    MDB_val key, value;
    uint64_t n = 0, bytes = 0;
    int result = mdb_cursor_get(c->cursor, &key, &value, MDB_FIRST);
    for (; result == 0; n++) {
        bytes += key.mv_size;
        result = mdb_cursor_get(c->cursor, &key, &value, MDB_NEXT);
    }
    return bytes ? n : 0;
}

static int open_and_close(const char *path)
{
    context c;
    open_environment(&c, path, MDB_RDONLY, (size_t)1 << 36);
    mdb_txn_abort(c.transaction);
    mdb_env_close(c.environment);
    return 1;
}

static void build(const bench_command *command)
{
    double cpu = bench_process_cpu(), wall = bench_wall();
    context c;
    bench_reader reader;
    uint64_t keys = 0, skipped = 0;
    remove(command->output);
    open_environment(&c, command->output, MDB_NOSYNC | MDB_WRITEMAP, (size_t)1 << 36);
    bench_reader_open(&reader, command->input, command->values);
    while (bench_reader_next(&reader)) {
        MDB_val key = {reader.key_size, (void *)(uintptr_t)reader.key};
        MDB_val value = {sizeof reader.number, &reader.number};
        if (command->values == BENCH_BYTES) {
            value.mv_size = reader.value_size;
            value.mv_data = (void *)(uintptr_t)reader.value;
        }
        if (key.mv_size > 511) {
            skipped++;
            continue;
        }
        must(mdb_put(c.transaction, c.database, &key, &value, MDB_APPEND), "put");
        keys++;
    }
    must(mdb_txn_commit(c.transaction), "commit");
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(c.environment, &info);
    mdb_env_stat(c.environment, &stat);
    /* With MDB_WRITEMAP the file is as long as the map, but sparse: what counts is the last page used. */
    bench_json_built(keys, (info.me_last_pgno + 1) * stat.ms_psize, cpu, wall);
    bench_json_count("skipped", skipped);
    mdb_env_close(c.environment);
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    bench_json_begin(command.variant);
    if (command.building) {
        build(&command);
    } else {
        bench_query_file queries;
        context c = {.values = command.values};
        bench_queries_load(&queries, command.input);
        bench_json_open(open_and_close, command.output);
        open_environment(&c, command.output, MDB_RDONLY, (size_t)1 << 36);
        must(mdb_cursor_open(c.transaction, c.database, &c.cursor), "cursor");
        if (command.values == BENCH_BYTES)
            bench_json_values(&queries, command.rounds, lookup_text, touch_text, &c);
        else
            bench_json_lookups(&queries, command.rounds, BENCH_EXACT, lookup, &c);
        bench_json_prefixes(&queries.hits, command.rounds, list, &c);
        bench_json_enumerate(enumerate, &c, queries.corpus_keys);
        mdb_cursor_close(c.cursor);
        mdb_txn_abort(c.transaction);
        mdb_env_close(c.environment);
    }
    bench_json_end();
    return 0;
}
