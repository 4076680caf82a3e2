/* std::unordered_map<std::string, uint64_t or std::string>: what a program does without a dictionary file.
 * Nothing is stored, so the output of `build` only names the corpus, and `query` fills the map again. */
#include <malloc.h>

#include <fstream>
#include <string>
#include <unordered_map>

#include "../common.h"

typedef std::unordered_map<std::string, uint64_t> number_map;
typedef std::unordered_map<std::string, std::string> text_map;

struct context {
    number_map numbers;
    text_map texts;
    std::string key;        /* reused, so that a query does not allocate */
};

static void fill(context *c, const char *corpus, enum bench_values values)
{
    bench_reader reader;
    bench_reader_open(&reader, corpus, values);
    while (bench_reader_next(&reader)) {
        std::string key(reader.key, reader.key_size);
        if (values == BENCH_BYTES)
            c->texts.emplace(std::move(key), std::string(reader.value, reader.value_size));
        else
            c->numbers.emplace(std::move(key), reader.number);
    }
}

static uint64_t lookup_number(void *context_, const char *key, size_t size)
{
    context *c = static_cast<context *>(context_);
    c->key.assign(key, size);
    number_map::const_iterator found = c->numbers.find(c->key);
    return found == c->numbers.end() ? BENCH_NOTHING : found->second;
}

static const std::string *find_text(void *context_, const char *key, size_t size)
{
    context *c = static_cast<context *>(context_);
    c->key.assign(key, size);
    text_map::const_iterator found = c->texts.find(c->key);
    return found == c->texts.end() ? NULL : &found->second;
}

static uint64_t lookup_text(void *context_, const char *key, size_t size)
{
    const std::string *text = find_text(context_, key, size);
    return text ? bench_hash(text->data(), text->size()) : BENCH_NOTHING;
}

static uint64_t touch_text(void *context_, const char *key, size_t size)
{
    const std::string *text = find_text(context_, key, size);
    return text ? text->size() + (unsigned char)(*text)[0] : BENCH_NOTHING;
}

static uint64_t enumerate(void *context_)
{
    context *c = static_cast<context *>(context_);
    uint64_t n = 0, bytes = 0;
    for (number_map::const_iterator i = c->numbers.begin(); i != c->numbers.end(); ++i, n++)
        bytes += i->first.size();
    return bytes ? n : 0;
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    context c;
    bench_json_begin(command.variant);
    if (command.building) {
        double cpu = bench_process_cpu(), wall = bench_wall();
        struct mallinfo2 before = mallinfo2();
        fill(&c, command.input, command.values);
        struct mallinfo2 after = mallinfo2();
        std::ofstream(command.output) << command.input;
        bench_json_built(c.numbers.size() + c.texts.size(),
                         after.uordblks + after.hblkhd - before.uordblks - before.hblkhd, cpu, wall);
    } else {
        bench_query_file queries;
        std::string corpus;
        std::getline(std::ifstream(command.output), corpus);
        fill(&c, corpus.c_str(), command.values);
        bench_queries_load(&queries, command.input);
        if (command.values == BENCH_BYTES) {
            bench_json_values(&queries, command.rounds, lookup_text, touch_text, &c);
        } else {
            bench_json_lookups(&queries, command.rounds, BENCH_EXACT, lookup_number, &c);
            bench_json_enumerate(enumerate, &c, queries.corpus_keys);
        }
    }
    bench_json_end();
    return 0;
}
