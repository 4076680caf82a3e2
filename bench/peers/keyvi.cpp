/* keyvi: a minimal automaton in a sparse array. Variants: keyvi-key (a set), keyvi-int (a number a key),
 * keyvi-string (string values, uncompressed in a value store shared by equal values).
 * Lookups walk the automaton directly, without the Match objects of the library's front door, which
 * would cost several allocations a query. */
#include <iostream>
#include <string>

#include <keyvi/dictionary/dictionary.h>
#include <keyvi/dictionary/dictionary_types.h>

#include "../common.h"

namespace kd = keyvi::dictionary;

struct context {
    kd::fsa::automata_t automaton;
    uint64_t start;
};

static uint64_t walk(const context *c, const char *key, size_t size)
{
    uint64_t state = c->start;
    for (size_t i = 0; state != 0 && i < size; i++)
        state = c->automaton->TryWalkTransition(state, static_cast<unsigned char>(key[i]));
    return state != 0 && c->automaton->IsFinalState(state) ? state : 0;
}

static uint64_t lookup_key(void *context_, const char *key, size_t size)
{
    const context *c = static_cast<const context *>(context_);
    uint64_t state = walk(c, key, size);
    return state ? state : BENCH_NOTHING;
}

static uint64_t lookup_number(void *context_, const char *key, size_t size)
{
    const context *c = static_cast<const context *>(context_);
    uint64_t state = walk(c, key, size);
    return state ? c->automaton->GetStateValue(state) : BENCH_NOTHING;
}

static uint64_t lookup_text(void *context_, const char *key, size_t size)
{
    const context *c = static_cast<const context *>(context_);
    uint64_t state = walk(c, key, size);
    if (state == 0)
        return BENCH_NOTHING;
    std::string text = c->automaton->GetValueAsString(c->automaton->GetStateValue(state));
    return bench_hash(text.data(), text.size());
}

static uint64_t touch_text(void *context_, const char *key, size_t size)
{
    const context *c = static_cast<const context *>(context_);
    uint64_t state = walk(c, key, size);
    if (state == 0)
        return BENCH_NOTHING;
    std::string text = c->automaton->GetValueAsString(c->automaton->GetStateValue(state));
    return text.size() + static_cast<unsigned char>(text[0]);
}

static uint64_t enumerate(void *context_)
{
    const context *c = static_cast<const context *>(context_);
    kd::Dictionary dictionary(c->automaton);
    uint64_t n = 0, bytes = 0;
    for (auto match : dictionary.GetAllItems()) {
        bytes += match->GetMatchedString().size();
        n++;
    }
    return bytes ? n : 0;
}

static int open_and_close(const char *path)
{
    kd::Dictionary dictionary(path);
    return dictionary.GetSize() > 0;
}

template <typename Compiler, typename Add>
static void build(const bench_command &command, Add add)
{
    double cpu = bench_process_cpu(), wall = bench_wall();
    keyvi::util::parameters_t parameters;
    if (command.memory)
        parameters["memory_limit"] = std::to_string(command.memory);
    Compiler compiler(parameters);
    bench_reader reader;
    bench_reader_open(&reader, command.input, command.values);
    while (bench_reader_next(&reader))
        add(&compiler, std::string(reader.key, reader.key_size), reader);
    compiler.Compile();
    compiler.WriteToFile(command.output);
    bench_json_built(reader.ordinal + 1, bench_file_size(command.output), cpu, wall);
}

int main(int argc, char **argv)
{
    bench_command command = bench_parse(argc, argv);
    std::string variant = command.variant;
    bench_json_begin(command.variant);
    if (command.building && variant == "keyvi-key") {
        build<kd::KeyOnlyDictionaryCompiler>(
            command, [](kd::KeyOnlyDictionaryCompiler *c, const std::string &key, const bench_reader &) {
                c->Add(key);
            });
    } else if (command.building && variant == "keyvi-int") {
        build<kd::IntDictionaryCompiler>(
            command, [](kd::IntDictionaryCompiler *c, const std::string &key, const bench_reader &r) {
                c->Add(key, r.number);
            });
    } else if (command.building) {
        build<kd::StringDictionaryCompiler>(
            command, [](kd::StringDictionaryCompiler *c, const std::string &key, const bench_reader &r) {
                c->Add(key, std::string(r.value, r.value_size));
            });
    } else {
        bench_query_file queries;
        bench_queries_load(&queries, command.input);
        bench_json_open(open_and_close, command.output);
        kd::Dictionary dictionary(command.output, kd::loading_strategy_types::populate);
        context c = {dictionary.GetFsa(), dictionary.GetFsa()->GetStartState()};
        if (variant == "keyvi-string")
            bench_json_values(&queries, command.rounds, lookup_text, touch_text, &c);
        else if (variant == "keyvi-int")
            bench_json_lookups(&queries, command.rounds, BENCH_EXACT, lookup_number, &c);
        else
            bench_json_lookups(&queries, command.rounds, BENCH_PRESENCE, lookup_key, &c);
        bench_json_enumerate(enumerate, &c, queries.corpus_keys);
    }
    bench_json_end();
    return 0;
}
