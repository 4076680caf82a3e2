/* marisa-trie: a static LOUDS trie that numbers keys in an order of its own. Variants marisa-1 .. marisa-16
 * set the number of nested tries (the library's own choice is 3; more is smaller and slower). */
#include <marisa.h>

#include "../common.h"

struct context {
    marisa::Trie trie;
    marisa::Agent agent;
    marisa::Agent lister;
};

static uint64_t lookup(void *context_, const char *key, size_t size)
{
    context *c = static_cast<context *>(context_);
    c->agent.set_query(key, size);
    return c->trie.lookup(c->agent) ? c->agent.key().id() : BENCH_NOTHING;
}

static uint64_t list(void *context_, const char *key, size_t size)
{
    context *c = static_cast<context *>(context_);
    uint64_t n = 0;
    c->lister.set_query(key, size);
    while (n < BENCH_LISTED && c->trie.predictive_search(c->lister))
        n++;
    return n;
}

static uint64_t enumerate(void *context_)
{
    context *c = static_cast<context *>(context_);
    uint64_t n = 0;
    marisa::Agent agent;
    agent.set_query("", std::size_t(0));
    while (c->trie.predictive_search(agent))
        n++;
    return n;
}

/* The median of three passes over random ids. */
static double time_keys_at(context *c, size_t count)
{
    uint64_t random = 0, bytes = 0;
    double samples[3];
    for (int r = 0; r < 3; r++) {
        double start = bench_cpu();
        for (size_t i = 0; i < count; i++) {
            c->agent.set_query(bench_random_below(&random, c->trie.size()));
            c->trie.reverse_lookup(c->agent);
            bytes += c->agent.key().length();
        }
        samples[r] = (bench_cpu() - start) * 1e9 / (double)(count ? count : 1);
    }
    return bytes ? bench_median(samples, 3) : 0;
}

static int open_and_close(const char *path)
{
    marisa::Trie trie;
    trie.mmap(path);
    return trie.size() > 0;
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    bench_json_begin(command.variant);
    if (command.building) {
        double cpu = bench_process_cpu(), wall = bench_wall();
        marisa::Keyset keys;
        marisa::Trie trie;
        bench_reader reader;
        bench_reader_open(&reader, command.input, command.values);
        while (bench_reader_next(&reader))
            keys.push_back(reader.key, reader.key_size);
        const char *dash = strchr(command.variant, '-');
        trie.build(keys, dash ? atoi(dash + 1) : MARISA_DEFAULT_NUM_TRIES);
        trie.save(command.output);
        bench_json_built(trie.size(), bench_file_size(command.output), cpu, wall);
    } else {
        bench_query_file queries;
        context c;
        bench_queries_load(&queries, command.input);
        bench_json_open(open_and_close, command.output);
        c.trie.mmap(command.output);
        bench_json_lookups(&queries, command.rounds, BENCH_PRESENCE, lookup, &c);
        bench_json_prefixes(&queries.hits, command.rounds, list, &c);
        bench_json_number("key_at_ns", time_keys_at(&c, queries.hits.count));
        bench_json_enumerate(enumerate, &c, queries.corpus_keys);
    }
    bench_json_end();
    return 0;
}
