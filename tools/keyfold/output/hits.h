/* How queries that answer needles print their hits. */
#ifndef TOOL_OUTPUT_HITS_H
#define TOOL_OUTPUT_HITS_H

#include <keyfold/keyfold.h>

#include "options/options.h"
#include "options/selection.h"
#include "output/crew.h"
#include "output/entry.h"

typedef struct kft_hit_options {
    int count;
    int keys_only;
    int no_values;
    int ordinal;
    int json;
} kft_hit_options;

#define HIT_OPTIONS(type, member) \
    { "count", 'c', OPTION_FLAG, offsetof(type, member.count), NULL, \
      "print how many hits there are instead of them", NULL }, \
    { "keys-only", 0, OPTION_FLAG, offsetof(type, member.keys_only), NULL, "print the keys alone", NULL }, \
    { "no-values", 0, OPTION_FLAG, offsetof(type, member.no_values), NULL, "print no values", NULL }, \
    { "ordinal", 0, OPTION_FLAG, offsetof(type, member.ordinal), NULL, \
      "print each key's ordinal (its rank) instead of the value", NULL }, \
    { "json", 'j', OPTION_FLAG, offsetof(type, member.json), NULL, "print a JSON object a line", NULL }

typedef struct kft_hits {
    const kft_hit_options *options;
    kft_printer printer;      /* without `out` */
    int with_needle;
    int with_distance, with_similarity;   /* JSON has both; a line has the similarity, or else the distance */
} kft_hits;

/* `with_needle`, `raw`: see needles.h. */
void hits_open(kft_hits *hits, const kft_hit_options *options, kf_value_type value_type, int with_needle,
               int raw);

/* Prints what the iterator yields, or counts it. `sieve` is that of the iterator's filter. */
kf_status hits_print(const kft_hits *hits, kf_bytes needle, kf_iter *iter, const kft_sieve *sieve,
                     kft_reply *reply);

#endif
