//! All keys that occur in a text, by an Aho-Corasick automaton over the sorted keys of a file.
//!
//!   bench-rust aho-corasick all|longest ROUNDS CORPUS TEXT
//!
//! Figures are those of bench/queries.h, and how long it takes to make the automaton and its size in memory.

use crate::common::{self, cpu};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub fn run(arguments: &[String]) {
    let (what, rounds, corpus, text) = match arguments {
        [what, rounds, corpus, text] => (what, rounds, corpus, text),
        _ => common::die("usage", "see aho_corasick_peer.rs"),
    };
    let longest = what == "longest";
    let mut keys = Vec::new();
    common::read_corpus(corpus, common::Values::None, |key, _, _| keys.push(key.to_vec()));
    let start = cpu();
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(if longest { MatchKind::LeftmostLongest } else { MatchKind::Standard })
        .build(&keys)
        .unwrap_or_else(|e| common::die("aho-corasick", &e.to_string()));
    let built = cpu() - start;
    let text = std::fs::read(text).unwrap_or_else(|e| common::die(text, &e.to_string()));
    let rounds = rounds.parse().unwrap_or_else(|_| common::die("find", "no number of rounds"));
    let (mut found, mut bytes) = (0u64, 0u64);
    let seconds = (0..rounds).map(|_: usize| {
        let start = cpu();
        (found, bytes) = (0, 0);
        let add = |m: aho_corasick::Match| {
            found += 1;
            bytes += m.len() as u64;
        };
        if longest {
            automaton.find_iter(&text).for_each(add);
        } else {
            automaton.find_overlapping_iter(&text).for_each(add);
        }
        cpu() - start
    });
    let seconds = common::median(seconds.collect());
    println!("{{\"found\": {}, \"key_bytes\": {}, \"text_bytes\": {}, \"cpu_s\": {:.6}, \"build_s\": {:.6}, \
              \"memory\": {}}}",
             found, bytes, text.len(), seconds, built, automaton.memory_usage());
}
